"""What the program says about the journal of a kept desk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ticketroute import Agent, Queue, Ticket
from ticketroute.cli.program import run
from ticketroute.desk import Desk

START = 1_772_442_000_000  # 2026-03-02T09:00Z


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A desk on which t1 went to ana at nine, and t2 waits since a minute later."""
    made, now = tmp_path / "desk.db", [START]
    with Desk.open(made, clock=lambda: now[0]) as desk:
        desk.add_agent(Agent(id="ana", capacity=1), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        desk.submit(Ticket(id="t1", queue="mail"))
        now[0] += 60_000
        desk.submit(Ticket(id="t2", queue="mail"))
        now[0] += 60_000
        desk.resolve("t1")
    return str(made)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def test_show_prints_each_event(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "journal", "show", path)
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 9
    assert lines[3].startswith("4 2026-03-02T09:00:00.000+00:00 TicketSubmitted {")
    _, out, _ = said(capsys, "journal", "show", path, "--ticket", "t2", "--after", "7")
    assert [line.split()[2] for line in out.splitlines()] == ["TicketAssigned"]


def test_verify_says_what_is_intact_and_names_what_is_not(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "journal", "verify", path) == (
        0,
        "9 events from 2026-03-02T09:00:00+00:00 to 2026-03-02T09:02:00+00:00 are intact\n",
        "",
    )
    for statement, says in (
        ("UPDATE ticketroute_event SET at = at + 1 WHERE position = 5", "at position 5: its check"),
        ("DELETE FROM ticketroute_event WHERE position = 5", "at position 5: it is missing"),
        ("DELETE FROM ticketroute_event WHERE position > 4", "at position 5: it is missing"),
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)
        code, out, err = said(capsys, "journal", "verify", path)
        assert (code, out) == (1, "")
        assert says in err


def test_replay_counts_the_tickets_of_an_instant(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, "journal", "replay", path)
    assert out == "agents 1, queues 1, tickets 2\n  assigned 1\n  done 1\n"
    _, out, _ = said(capsys, "journal", "replay", path, "--at", "2026-03-02T10:01:30+01:00")
    assert out == "agents 1, queues 1, tickets 2\n  assigned 1\n  waiting 1\n"


def test_explain_says_what_the_desk_knew_then(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, "explain", path, "t2", "--at", "2026-03-02T09:01Z")
    assert "ticket t2 in queue mail: waiting" in out
    _, out, _ = said(capsys, "explain", path, "t2")
    assert "ticket t2 in queue mail: assigned" in out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ("explain", "{}", "t2", "--at", "nine"),
            2,
            "is not an instant with its offset",
        ),
        (("explain", "{}", "t2", "--at", "2026-03-02T09:00"), 2, "is not an instant"),
        (("explain", "{}", "t9"), 1, "t9"),
        (("journal", "verify", "{}", "--desk", "x"), 1, "the desks there are: 'main'"),
        (("journal", "verify", "{}x"), 1, "does not exist; check the path"),
        (("journal", "show", "mysql://x"), 2, "address is 'mysql://x'"),
    ],
)
def test_what_cannot_be_is_said(
    path: str,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    found, out, err = said(capsys, *(each.format(path) for each in arguments))
    assert (found, out) == (code, "")
    assert says in err


def test_the_schema_makes_the_tables_of_a_desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = said(capsys, "journal", "schema", "--sql", "--kind", "sqlite")
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(out)
    with Desk.open(path) as desk:
        desk.add_queue(Queue(id="mail"))
    _, out, _ = said(capsys, "journal", "schema", "--sql")
    assert out.startswith("CREATE SCHEMA IF NOT EXISTS ticketroute;\n")
