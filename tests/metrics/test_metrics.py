"""Metrics: their names, their values against the journal, restarts, several processes, floods."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from ticketroute import Agent, Queue, Ticket
from ticketroute import events as ev
from ticketroute.cli.program import run
from ticketroute.desk import Desk
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.journal.faults import JournalUnreachableError
from ticketroute.metrics import DeskCollector, alert_rules, dashboard
from ticketroute.metrics.collector import OTHER
from ticketroute.model.agent import Presence
from ticketroute.testing.clock import FrozenClock
from ticketroute.testing.history import History, Tape, histories
from ticketroute.testing.world import World

UNPACKED = Path(__file__).parents[2] / "build" / "prometheus" / "usr" / "bin" / "promtool"
Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def registry_of(desk: Any, **options: Any) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(DeskCollector(desk, **options))
    return registry


def values(text: str) -> Values:
    """Read what a scrape printed as Prometheus does."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(desk: Any, **options: Any) -> Values:
    return values(generate_latest(registry_of(desk, **options)).decode())


def value(found: Values, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted({"desk": "main", **labels}.items()))))


def total(found: Values, name: str, **labels: str) -> float:
    asked = set(labels.items())
    return sum(each for (key, has), each in found.items() if key == name and asked <= set(has))


def promtool() -> str:
    found = shutil.which("promtool") or (str(UNPACKED) if UNPACKED.exists() else None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not there, and CI has to have it")
        pytest.skip("promtool is not there: bash .ci/run unpacks it")
    return found


# --- values -----------------------------------------------------------------------------------


def test_gauges_show_the_present(desk: Desk, clock: Any) -> None:
    found = scraped(desk, clock=clock)
    assert value(found, "ticketroute_up") == 1
    assert value(found, "ticketroute_tickets", queue="mail", state="assigned") == 2
    assert value(found, "ticketroute_tickets", queue="mail", state="waiting") == 1
    assert value(found, "ticketroute_waiting_tickets", queue="mail", reason="nobody_free") == 1
    waits = desk.wait_reason("c2")
    assert waits is not None
    assert value(found, "ticketroute_waiting_tickets", queue="calls", reason=waits.value) == 1
    assert value(found, "ticketroute_oldest_waiting_seconds", queue="calls") == 30 * 60 + 10
    assert value(found, "ticketroute_agents", queue="mail", presence="away") == 1
    assert value(found, "ticketroute_capacity_units", queue="mail") == 2
    assert value(found, "ticketroute_load_units", queue="mail") == 2
    assert desk.agent("ben").presence is Presence.AWAY  # who missed three calls
    assert value(found, "ticketroute_free_units", queue="calls") == 0
    desk.set_presence("ben", "available")
    desk.set_presence("cleo", "available")
    found = scraped(desk, clock=clock)
    assert value(found, "ticketroute_free_units", queue="mail") == 3
    assert value(found, "ticketroute_sla_open_clocks", metric="resolution", state="breached") == 5
    assert value(found, "ticketroute_journal_position") == desk.head


def test_counters_show_what_happened(desk: Desk, clock: Any) -> None:
    found = scraped(desk, clock=clock)
    mail = {"queue": "mail", "channel": "email"}
    assert value(found, "ticketroute_tickets_submitted_total", **mail) == 4
    assert value(found, "ticketroute_tickets_resolved_total", **mail) == 2
    assert value(found, "ticketroute_tickets_reopened_total", **mail) == 1
    assert total(found, "ticketroute_tickets_abandoned_total", queue="calls") == 1
    assert total(found, "ticketroute_assignments_total", queue="mail", cause="routed") == 2
    assert total(found, "ticketroute_assignments_total", queue="mail", cause="freed") >= 1
    offers = {
        outcome: total(found, "ticketroute_offers_total", queue="calls", outcome=outcome)
        for outcome in ("accepted", "declined", "missed", "withdrawn")
    }
    missed = sum(isinstance(entry.event, ev.OfferExpired) for entry in desk.events())
    assert missed > 0
    assert offers == {"accepted": 1, "declined": 1, "missed": missed, "withdrawn": 0}
    assert total(found, "ticketroute_sla_clocks_total", outcome="met") == 2
    assert value(found, "ticketroute_wait_seconds_count", queue="mail") == 4
    assert value(found, "ticketroute_wait_seconds_bucket", queue="mail", le="5.0") == 2
    assert value(found, "ticketroute_wait_seconds_bucket", queue="mail", le="+Inf") == 4
    assert value(found, "ticketroute_handle_seconds_sum", queue="mail") == (13 + 13) * 60


def test_late_timers_are_seen(desk: Desk, clock: Any) -> None:
    desk.submit(Ticket(id="late", queue="mail"))
    assert value(scraped(desk, clock=clock), "ticketroute_overdue_deadline_seconds") == 0
    due = desk.next_deadline()
    assert due is not None
    clock.now = int(due.timestamp() * 1_000) + 90_000
    assert value(scraped(desk, clock=clock), "ticketroute_overdue_deadline_seconds") == 90


COUNTS = {
    "ticketroute_tickets_submitted_total": ev.TicketSubmitted,
    "ticketroute_tickets_resolved_total": ev.TicketResolved,
    "ticketroute_tickets_reopened_total": ev.TicketReopened,
    "ticketroute_tickets_escalated_total": ev.TicketEscalated,
    "ticketroute_assignments_total": ev.TicketAssigned,
    "ticketroute_sla_clocks_total": ev.ClockEnded,
}

OUTCOMES = {
    "declined": ev.OfferDeclined,
    "missed": ev.OfferExpired,
    "withdrawn": ev.OfferWithdrawn,
}


@given(
    history=st.one_of(
        histories(min_size=20, max_size=40),
        histories(World(service_levels=True), min_size=20, max_size=40),
    ),
    every=st.integers(1, 6),
)
def test_counters_equal_the_journal_never_fall_and_are_the_same_after_a_restart(
    history: History, every: int
) -> None:
    clock = FrozenClock()
    desk = Desk(
        clock=clock, defaults=history.defaults, random=Tape(history.seed), permits=history.permits
    )
    registry = registry_of(desk, clock=clock)
    before: Values = {}
    for number, call in enumerate(history.calls(desk._dispatcher)):
        clock.now = call.at
        with suppress(TicketRouteError, InvalidValueError):
            desk.do(call.kind(*call.values, **call.facts), by=call.by)
        if number % every == 0:
            found = values(generate_latest(registry).decode())
            for (name, labels), count in before.items():
                if re.search("_(total|count|sum|bucket)$", name):
                    assert found[name, labels] >= count, (name, labels)
            before = found
    after = values(generate_latest(registry).decode())
    happened = Counter(type(entry.event) for entry in desk.events())
    for outcome, kind in OUTCOMES.items():
        assert total(after, "ticketroute_offers_total", outcome=outcome) == happened[kind], outcome
    for name, kind in COUNTS.items():
        assert total(after, name) == happened[kind], name
    again = scraped(desk, clock=clock)  # a process that begins now has no series that fell to 0
    assert {each: count for each, count in again.items() if count} == {
        each: count for each, count in after.items() if count
    }


# --- names ------------------------------------------------------------------------------------


def test_promtool_finds_nothing_wrong_with_a_scrape(desk: Desk, clock: Any) -> None:
    text = generate_latest(registry_of(desk, clock=clock))
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=text, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_no_agent_and_no_ticket_is_a_label(desk: Desk, clock: Any) -> None:
    found = scraped(desk, clock=clock)
    names = {label for _, labels in found for label, _ in labels}
    assert names == {
        "desk", "queue", "channel", "state", "reason", "presence", "cause", "outcome", "metric",
        "le",
    }  # fmt: skip
    shown = {each for _, labels in found for _, each in labels}
    assert shown.isdisjoint({"ana", "ben", "cleo", "m0", "m1", "c0"})


@pytest.mark.parametrize("name", ['<b>"x"</b>', "back\\slash", "x" * 200, "\u05d0\u05d1"])
def test_any_name_is_a_label(clock: Any, name: str) -> None:
    desk = Desk(clock=clock)
    desk.add_queue(Queue(id=name))
    desk.submit(Ticket(id="t1", queue=name))
    assert value(scraped(desk, clock=clock), "ticketroute_tickets", queue=name, state="waiting")


# --- several desks, registries, faults --------------------------------------------------------


def test_several_desks_are_one_collector(desk: Desk, clock: Any) -> None:
    other = Desk(clock=clock)
    found = scraped({"main": desk, "south": other}, clock=clock)
    assert found["ticketroute_up", (("desk", "south"),)] == 1
    assert value(found, "ticketroute_journal_position") == desk.head


class Unreachable(Desk):
    def refresh(self) -> None:
        raise JournalUnreachableError("PostgreSQL", "gone")


def test_registering_asks_no_database_and_a_lost_one_is_told(desk: Desk, clock: Any) -> None:
    desk.__class__ = Unreachable
    collector = DeskCollector({"main": desk, "south": Desk(clock=clock)}, clock=clock)
    REGISTRY.register(collector)  # the one that collects from whoever does not describe itself
    REGISTRY.unregister(collector)
    registry = CollectorRegistry()
    registry.register(collector)
    found = values(generate_latest(registry).decode())
    assert value(found, "ticketroute_up") == 0
    assert found["ticketroute_up", (("desk", "south"),)] == 1
    assert value(found, "ticketroute_journal_position") is None
    desk.__class__ = Desk
    found = values(generate_latest(registry).decode())
    assert value(found, "ticketroute_journal_position") == desk.head


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"most_queues": -1}, "most_queues"),
        ({"most_channels": 1.5}, "most_channels"),
        ({"desks": {}}, "desks"),
        ({"desks": {"": None}}, "name of a desk"),
    ],
)
def test_bad_options_are_refused_by_name(desk: Desk, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValueError, match=said):
        DeskCollector(**{"desks": desk, **options})


def test_something_else_than_a_desk_is_refused() -> None:
    wrong: Any = object()
    with pytest.raises(TypeError, match="Desk, not object"):
        DeskCollector(wrong)


# --- floods -----------------------------------------------------------------------------------


def test_a_thousand_queues_and_channels_stay_below_a_megabyte(clock: Any) -> None:
    desk = Desk(clock=clock)
    desk.add_agent(Agent(id="ana", capacity=2_000), presence="available")
    for number in range(1_000):
        desk.add_queue(Queue(id=f"queue-number-{number}", members=["ana"]))
        desk.submit(Ticket(id=f"t{number}", queue=f"queue-number-{number}", channel=f"c{number}"))
    text = generate_latest(registry_of(desk, clock=clock))
    assert len(text) < 1_000_000
    found = values(text.decode())
    assert total(found, "ticketroute_tickets_submitted_total") == 1_000
    assert total(found, "ticketroute_tickets") == 1_000
    assert value(found, "ticketroute_tickets", queue=OTHER, state="assigned") == 900
    assert total(found, "ticketroute_tickets_submitted_total", channel=OTHER) == 980


def test_the_oldest_of_the_queues_put_together_is_shown(clock: Any) -> None:
    desk = Desk(clock=clock)
    for number in range(3):
        desk.add_queue(Queue(id=f"q{number}"))
    desk.submit(Ticket(id="t1", queue="q2"))
    clock.now += 5_000
    desk.submit(Ticket(id="t2", queue="q1"))
    found = scraped(desk, clock=clock, most_queues=1)
    assert value(found, "ticketroute_oldest_waiting_seconds", queue=OTHER) == 5


# --- files ------------------------------------------------------------------------------------


def named_in(text: str) -> set[str]:
    return set(re.findall(r"ticketroute_\w+", text))


def exported(clock: Any) -> set[str]:
    collector = DeskCollector(Desk(clock=clock))
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    return {
        family.name + suffix for family in collector.describe() for suffix in suffixes[family.type]
    }


def test_dashboard_and_alerts_name_metrics_that_there_are(clock: Any) -> None:
    assert named_in(dashboard()) <= exported(clock)
    assert named_in(alert_rules()) <= exported(clock)
    assert len(named_in(dashboard())) > 12


def test_the_dashboard_is_whole_and_its_panels_do_not_overlap() -> None:
    told = json.loads(dashboard())
    taken: set[tuple[int, int]] = set()
    for panel in told["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert taken.isdisjoint(cells), panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])


def test_promtool_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    lines = ["groups:", "  - name: dashboard", "    rules:"]
    for panel in json.loads(dashboard())["panels"]:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", "5m")
            asked = asked.replace("$desk", ".*").replace("$queue", ".*")
            name = f"panel_{panel['id']}_{target['refId']}"
            lines += [f"      - record: {name}", f"        expr: {json.dumps(asked)}"]
    path = tmp_path / "dashboard.yml"
    path.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [promtool(), "check", "rules", str(path)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"19 rules found" in done.stdout


def test_the_alerts_ring_when_they_should(tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yml"
    rules.write_text(alert_rules())
    tests = Path(__file__).with_name("alerts_test.yml").read_text(encoding="utf-8")
    path = tmp_path / "test.yml"
    path.write_text(tests.replace("{rules}", str(rules)))
    done = subprocess.run(
        [promtool(), "test", "rules", str(path)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    names = re.findall(r"alert: (\w+)", alert_rules())
    assert all(f"alertname: {name}" in tests for name in names)


# --- servers ----------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path, clock: Any, play: Any) -> Path:
    found = tmp_path / "desk.db"
    with Desk.open(found, clock=clock) as desk:
        play(desk)
    return found


def test_the_command_prints_a_scrape(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metrics", str(path)]) == 0
    found = values(capsys.readouterr().out)
    assert total(found, "ticketroute_tickets_submitted_total") == 7


def test_bad_input_is_one_message(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        assert run(["metrics", *arguments]) != 0
        return capsys.readouterr().err

    assert "must be HOST:PORT" in said(str(path), "--listen", "9414")
    assert "must be HOST:PORT" in said(str(path), "--listen", "here:99999")
    assert "Missing argument" in said()
    assert "'none'" in said(str(path), "--desk", "none")
    assert "does not exist" in said(str(path.with_name("none.db")))


def test_files_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metrics", "--alerts"]) == 0
    assert capsys.readouterr().out == alert_rules()
    assert run(["metrics", "--dashboard"]) == 0
    assert capsys.readouterr().out == dashboard()


APP = """
from prometheus_client import CollectorRegistry, make_wsgi_app
from ticketroute.desk import Desk
from ticketroute.metrics import DeskCollector

registry = CollectorRegistry()
registry.register(DeskCollector(Desk.open({path!r})))
show = make_wsgi_app(registry)


def app(environ, start_response):
    import os
    return show(environ, lambda status, headers: start_response(
        status, [*headers, ("X-Pid", str(os.getpid()))]))
"""


def test_every_worker_of_gunicorn_shows_the_same(path: Path, tmp_path: Path) -> None:
    """Also with the folder of the multiprocess mode, which a collector has no use for."""
    (tmp_path / "app.py").write_text(APP.format(path=str(path)))
    (tmp_path / "shared").mkdir()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-w", "3", "-b", f"127.0.0.1:{port}", "app:app"]
    process = subprocess.Popen(
        [*command, "--preload", "--log-level", "warning"],
        cwd=tmp_path,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "shared")},
    )
    try:
        with Desk.open(path) as desk:
            pids, last = set(), 0.0
            end = monotonic() + 60
            for turn in range(1_000):
                assert monotonic() < end
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
                        pids.add(reply.headers["X-Pid"])
                        found = values(reply.read().decode())
                except OSError:
                    sleep(0.05)
                    continue
                head, submitted = desk.head, total(found, "ticketroute_tickets_submitted_total")
                assert value(found, "ticketroute_journal_position") == head
                assert submitted >= last
                last = submitted
                if len(pids) == 3 and turn > 30:
                    break
                desk.submit(Ticket(id=f"new-{turn}", queue="mail"))
            assert len(pids) == 3
    finally:
        process.terminate()
        process.wait(30)


def test_the_command_serves_scrapes_until_it_is_stopped(path: Path) -> None:
    command = [sys.executable, "-m", "ticketroute.cli", "metrics", str(path)]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        port = re.search(r"http://127.0.0.1:(\d+)/metrics ", said)
        assert port is not None, said
        with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=20) as reply:
            found = values(reply.read().decode())
        assert total(found, "ticketroute_tickets_submitted_total") == 7
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


def test_a_wait_as_long_as_a_bound_is_within_it(clock: Any) -> None:
    desk = Desk(clock=clock)
    desk.add_agent(Agent(id="ana", capacity=1))
    desk.add_queue(Queue(id="mail", members=["ana"]))
    desk.submit(Ticket(id="t1", queue="mail"))
    clock.now += 5_000
    desk.assign("t1", "ana", force=True)
    found = scraped(desk, clock=clock)
    # A span counts rounded down to its seven leading bits, so that the bound itself may be below.
    assert value(found, "ticketroute_wait_seconds_bucket", queue="mail", le="5.0") == 1
    assert value(found, "ticketroute_wait_seconds_sum", queue="mail") == 5
