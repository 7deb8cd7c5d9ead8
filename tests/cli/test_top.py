"""``ticketroute top``, ``explain``, ``report`` and ``apply`` on a desk that is kept."""

from __future__ import annotations

import csv
import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from rich.console import Console

from ticketroute import (
    Agent,
    Delivery,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    Target,
    Ticket,
    hours,
    seconds,
)
from ticketroute.cli.live import View
from ticketroute.cli.picture import Picture, picture_of
from ticketroute.cli.trial import Trial
from ticketroute.desk import Desk, ReadOnlyDesk
from ticketroute.desk.config import Config
from ticketroute.journal import Entry
from ticketroute.journal.faults import JournalUnreachableError
from ticketroute.reporting.figures import Facet
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.rows import ticket_rows

Run = Callable[..., Any]
START = 1_772_442_000_000  # 2026-03-02T09:00Z
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "desk" / "desk.toml")
an_agent: Any = Agent
a_queue: Any = Queue
a_ticket: Any = Ticket
a_policy: Any = Policy


def filled(path: Path) -> None:
    """Keep a desk: a call rings at ana, t2 waits behind t1 in a queue called [mail]."""
    now = [START]
    with Desk.open(path, clock=lambda: now[0]) as desk:
        desk.add_agent(an_agent(id="ana", capacity=1), presence="available")
        desk.add_agent(an_agent(id="ben", capacity=4), presence="available")
        desk.add_agent(an_agent(id="gone", capacity=4))
        ring = OfferPolicy(timeout=seconds(30))
        desk.add_queue(a_queue(id="calls", members=["ben"], delivery=Delivery.OFFER, offer=ring))
        desk.add_queue(a_queue(id="[mail]", members=["ana"]))
        desk.set_policies([a_policy(id="p", targets={Metric.RESOLUTION: Target(within=hours(1))})])
        desk.submit(a_ticket(id="t1", queue="[mail]"))
        now[0] += 60_000
        desk.submit(a_ticket(id="t2", queue="[mail]"))
        desk.submit(a_ticket(id="c1", queue="calls", channel="call"))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = tmp_path_factory.mktemp("top") / "desk.db"
    filled(made)
    return str(made)


@pytest.fixture
def picture(path: str) -> Iterator[Picture]:
    with ReadOnlyDesk(path) as desk:
        yield picture_of(desk, START + 61_000)


# --- what is shown ----------------------------------------------------------------------------


def test_a_picture_counts_queues_agents_offers_and_deadlines(picture: Picture) -> None:
    calls, mail = sorted(picture.queues, key=lambda each: each.queue, reverse=True)
    assert (calls.queue, calls.open, calls.waiting, calls.ringing) == ("calls", 1, 1, 1)
    assert (mail.open, mail.waiting, mail.ringing, mail.oldest_ms) == (2, 1, 0, 1_000)
    assert [(each.agent, each.load, each.capacity) for each in picture.agents] == [
        ("ana", 1, 1),
        ("ben", 1, 4),
    ]
    (ringing,) = picture.offers
    assert (ringing.ticket, ringing.agents, ringing.left_ms) == ("c1", ("ben",), 29_000)
    assert [(each.ticket, each.left_ms) for each in picture.deadlines] == [
        ("t1", hours(1) - 61_000),
        ("c1", hours(1) - 1_000),
        ("t2", hours(1) - 1_000),
    ]


def test_a_filter_keeps_what_has_a_name_with_the_text(picture: Picture) -> None:
    only = picture.only("CALL")
    assert [each.queue for each in only.queues] == ["calls"]
    assert [each.agent for each in only.agents] == ["ben"]
    assert only.tickets == ("c1",)
    assert picture.only("").tickets == picture.tickets == ("c1", "t1", "t2")


def lines_of(view: View, width: int, height: int) -> list[str]:
    screen = Console(width=width, height=height, file=io.StringIO(), legacy_windows=False)
    screen.print(view.drawn(height))
    text: str = screen.file.getvalue()  # type: ignore[attr-defined]
    return text.rstrip("\n").split("\n")


@pytest.mark.parametrize("height", [24, 30, 60])
def test_the_view_of_a_large_desk_with_long_names_fits_a_small_terminal(height: int) -> None:
    trial = Trial(Config.load(EXAMPLE), 1)
    trial.play(START + hours(4))
    long = "x" * 190
    trial.desk.add_queue(a_queue(id=long), at=trial.desk.now)
    trial.desk.submit(a_ticket(id=f"t{long}", queue=long), at=trial.desk.now)
    view = View(lambda: picture_of(trial.desk, trial.desk.now), str, "UTC")
    view.refresh()
    shown = lines_of(view, 80, height)
    assert len(shown) <= height
    assert max(map(len, shown)) <= 80
    for title in ("Queues", "Agents", "Offers that ring", "Nearest deadlines"):
        assert any(line.startswith(title) for line in shown)
    view.press("/")
    for key in "xxx":
        view.press(key)
    view.press("enter")
    assert any("xxx" in line for line in lines_of(view, 80, height))


def test_keys_choose_a_ticket_and_explain_it(picture: Picture) -> None:
    view = View(lambda: picture, lambda ticket: f"why {ticket}\n" + "more\n" * 50, "UTC")
    view.refresh()
    view.press("enter")
    assert view.explained is None, "nothing is chosen yet"
    for key in ("down", "down", "down", "down", "up"):
        view.press(key)
    assert view.chosen == "t1"
    view.press("enter")
    assert lines_of(view, 80, 24)[0].rstrip() == "why t1"
    assert len(lines_of(view, 80, 24)) <= 24
    view.press("down")
    assert lines_of(view, 80, 24)[0].rstrip() == "more"
    view.press("q")
    assert view.explained is None
    assert not view.over
    view.press("q")
    assert view.over


def test_letters_of_a_filter_are_no_commands(picture: Picture) -> None:
    view = View(lambda: picture, str, "UTC")
    view.refresh()
    for key in ("/", "q", "x", "back", "enter"):
        view.press(key)
    assert (view.filter, view.over, view.typing) == ("q", False, False)
    view.press("escape")
    assert view.filter == ""


def test_a_database_that_does_not_answer_is_told_and_asked_again(picture: Picture) -> None:
    answers: list[Any] = [picture, JournalUnreachableError("the database", "no route"), picture]

    def look() -> Picture:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: Picture = answer
        return found

    view = View(look, str, "UTC")
    view.refresh()
    view.refresh()
    assert any("cannot be reached" in line for line in lines_of(view, 80, 24))
    assert any("calls" in line for line in lines_of(view, 80, 24)), "the last picture stays"
    view.refresh()
    assert not any("cannot be reached" in line for line in lines_of(view, 80, 24))


# --- the commands -----------------------------------------------------------------------------


def test_top_without_a_terminal_prints_once(run: Run, path: str) -> None:
    answer = run("top", path, "--zone", "UTC")
    assert answer.code == 0
    assert "3 tickets open" in answer.out
    assert "[mail]" in answer.out
    found = json.loads(run("top", path, "--json").out)
    assert found["open"] == 3
    assert found["offers"][0]["agents"] == ["ben"]


def test_explain_looks_back(run: Run, path: str) -> None:
    assert "ticket t2 in queue [mail]: waiting" in run("explain", path, "t2").out
    before = run("explain", path, "t2", "--at", "2026-03-02T09:00:30Z")
    assert (before.code, "no ticket 't2'" in before.err) == (1, True)
    assert "ana" in run("explain", path, "t1", "--at", "2026-03-02T10:00:00+01:00").out


def test_a_report_of_a_journal_equals_the_ledger_of_its_events(run: Run, tmp_path: Path) -> None:
    made = tmp_path / "desk.db"
    trial = Trial(Config.load(EXAMPLE), 2)
    happened = list(trial.events())
    with Desk.open(made, clock=lambda: happened[-1].at):
        pass
    keep(str(made), happened)
    answer = run("report", str(made), "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    report = Ledger(zone="Europe/Berlin").see_all(happened).report()
    wanted = ticket_rows(report, Facet.QUEUE, Facet.PERIOD)
    assert [row["queue"] for row in rows] == [row["queue"] for row in wanted]
    assert [row["offered"] for row in rows] == [str(row["offered"]) for row in wanted]
    assert sum(int(row["answered"]) for row in rows) > 100
    part = run("report", str(made), "--csv", "--from", "2026-03-02T12:00", "--to", "2026-03-03")
    offered = sum(int(row["offered"]) for row in csv.DictReader(io.StringIO(part.out)))
    assert 0 < offered < sum(int(row["offered"]) for row in rows)
    page = tmp_path / "day.html"
    assert run("report", str(made), "--html", str(page)).out == ""
    assert '<th scope="row">technical</th>' in page.read_text(encoding="utf-8")


def keep(path: str, events: list[Any]) -> None:
    """Write events into the journal of an empty desk, as a desk does."""
    from ticketroute.desk.addresses import line_to  # noqa: PLC0415
    from ticketroute.journal.codec import FOLD, encode  # noqa: PLC0415
    from ticketroute.journal.statements import Trip  # noqa: PLC0415

    line = line_to(path, wait=10)
    says = line.statements
    rows = [encode(event).row(position, 7) for position, event in enumerate(events, 1)]
    move = says.move("main", len(rows), None, FOLD)
    line.run(Trip([*says.begin(10)], begins=True))
    line.run(Trip([says.append("main", rows), move, says.commit()], ends=True))
    line.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["top"], "name a kept desk"),
        (["top", "no such file.db"], "does not exist"),
        (["report", "desk.toml"], "write --config desk.toml"),
        (["explain", "desk.toml", "t1"], "write --config desk.toml"),
        (["report", "x.db", "--config", "y.toml"], "not both"),
        (["explain", "a", "b", "c"], "not 3"),
        (["explain", "{path}", "t1", "--at", "09:00"], "is not an instant with its offset"),
        (["explain", "{path}", "nobody"], "no ticket 'nobody'"),
        (["report", "{path}", "--desk", "other"], "'main'"),
        (["top", "{path}", "--at", "09:00"], "--at is for a made-up day"),
        (["report", "mysql://x"], "postgresql://"),
        (["apply", "{toml}", "no such file.db"], "or give --create"),
        (["apply", "no such file.toml", "{path}"], "a file that can be read"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_way_out(
    run: Run, path: str, arguments: list[str], message: str
) -> None:
    told = [each.format(path=path, toml=EXAMPLE) for each in arguments]
    answer = run(*told)
    assert answer.code in (1, 2)
    assert answer.out == ""
    assert message in answer.err
    assert not Path("no such file.db").exists()


# --- apply ------------------------------------------------------------------------------------


def test_apply_shows_then_does_and_then_has_nothing_to_do(run: Run, tmp_path: Path) -> None:
    toml, kept = tmp_path / "desk.toml", str(tmp_path / "desk.db")
    toml.write_text("agents.ana = {}\nqueues.mail.members = ['ana']\n")
    dry = run("apply", str(toml), kept, "--create", "--dry-run")
    assert dry.out == "add agent 'ana'\nadd queue 'mail'\ndry run: nothing was changed\n"
    assert not Path(kept).exists()
    done = run("apply", str(toml), kept, "--create", "--by", "ops")
    assert done.out.splitlines()[:2] == ["add agent 'ana'", "add queue 'mail'"]
    assert done.out.splitlines()[2].startswith("applied: 3 events, the last at position 3")
    assert run("apply", str(toml), kept).out == "nothing to change\n"
    assert run("apply", str(toml), kept, "--dry-run").out == "nothing to change\n"
    with Desk.open(kept) as desk:
        assert [entry.event.by for entry in desk.events(after=1)] == ["ops", "ops"]
        desk.submit(a_ticket(id="t1", queue="mail"))
        head = desk.head
    toml.write_text("queues.sales = {}\n")
    for more in ([], ["--dry-run"]):
        refused = run("apply", str(toml), kept, *more)
        assert (refused.code, refused.out) == (2, "")
        assert "moved.mail is None" in refused.err
    toml.write_text("queues.sales = {}\nmoved.mail = 'sales'\n")
    shown = run("apply", str(toml), kept, "--dry-run").out
    assert "remove queue 'mail', its tickets go to 'sales'" in shown
    with Desk.open(kept) as desk:
        assert desk.head == head


def test_apply_creates_a_second_desk_only_when_told(run: Run, tmp_path: Path) -> None:
    toml, kept = tmp_path / "desk.toml", str(tmp_path / "desk.db")
    toml.write_text("agents.ana = {}\n")
    run("apply", str(toml), kept, "--create")
    refused = run("apply", str(toml), kept, "--desk", "night")
    assert refused.code == 1
    assert "'main'" in refused.err
    dry = run("apply", str(toml), kept, "--desk", "night", "--create", "--dry-run")
    assert dry.out.startswith("add agent 'ana'")
    assert run("apply", str(toml), kept, "--desk", "night", "--create").code == 0


# --- in a real terminal -----------------------------------------------------------------------


class Screen:
    """The program in a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        pty = pytest.importorskip("pty", reason="there are no such terminals here")
        self.near, far = pty.openpty()
        self.before = self.mode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ticketroute.cli", *arguments],
            stdin=far, stdout=far, stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
        )  # fmt: skip
        os.close(far)
        self.shown = ""

    def mode(self) -> Any:
        termios = pytest.importorskip("termios")
        return termios.tcgetattr(self.near)

    def wait_for(self, text: str) -> None:
        end = monotonic() + 60
        while text not in self.shown:
            assert monotonic() < end, self.shown
            self.read(0.2)

    def read(self, wait: float) -> None:
        if select.select([self.near], [], [], wait)[0]:
            with suppress(OSError):
                self.shown += os.read(self.near, 65_536).decode()

    def press(self, keys: str) -> None:
        os.write(self.near, keys.encode())

    def ended(self) -> int:
        end = monotonic() + 60
        while self.process.poll() is None and monotonic() < end:
            self.read(0.1)
        self.read(0.1)
        assert self.process.communicate(timeout=10)[1] == b""
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self.near)


@pytest.mark.skipif(sys.platform == "win32", reason="keys are read by termios")
@pytest.mark.parametrize("way", ["q", "ctrl-c", "terminate"])
def test_top_shows_what_another_process_does_and_gives_the_terminal_back(
    tmp_path: Path, way: str
) -> None:
    path = tmp_path / "desk.db"
    filled(path)
    with closing(Screen("top", str(path))) as screen:
        watch_and_end(screen, path, way)


def watch_and_end(screen: Screen, path: Path, way: str) -> None:
    screen.wait_for("3 tickets open")
    with Desk.open(path) as desk:
        desk.submit(a_ticket(id="t9", queue="[mail]"))
        head = desk.head
    screen.wait_for("4 tickets open")
    if way == "q":
        screen.press("q")
    else:
        screen.process.send_signal(signal.SIGTERM if way == "terminate" else signal.SIGINT)
    assert screen.ended() == 0
    assert screen.mode() == screen.before
    assert "\x1b[?1049h" in screen.shown
    assert screen.shown.rindex("\x1b[?1049l") > screen.shown.rindex("tickets open")
    assert screen.shown.rindex("\x1b[?25h") > screen.shown.rindex("\x1b[?25l")
    told: list[Entry] = []
    with Desk.open(path) as desk:
        told += desk.events(after=head)
    assert told == [], "top writes nothing"
