"""A log of events as the simulation takes it: who had a ticket when, and when it rested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ticketroute.cli import main
from ticketroute.cli.past import MET, past_of, read_past
from ticketroute.logs import Options, read_log
from ticketroute.logs.dates import written
from ticketroute.simulation import Run
from ticketroute.simulation.history import Past, fit
from ticketroute.simulation.units import HOUR

Write = Callable[..., Path]
HEADER = "case,state,time,group,resource,made_sla"


def clock(at: int | None) -> str | None:
    return None if at is None else written(at)[11:16]


@pytest.fixture
def csv_file(tmp_path: Path) -> Write:
    def write(*rows: str) -> Path:
        path = tmp_path / "events.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path

    return write


def past(path: Path) -> Past:
    with read_log(str(path), Options(events=True)) as log:
        [logged] = log
        return past_of(logged)


def test_holds_turns_and_endings_that_were_undone_are_taken_over(csv_file: Write) -> None:
    day = "2026-03-02T"
    found = past(
        csv_file(
            HEADER,
            f"1,New,{day}09:00Z,mail,,",
            f"1,Active,{day}09:10Z,mail,ana,",
            f"1,Awaiting user,{day}09:20Z,mail,ana,",
            f"1,Active,{day}09:50Z,chat,ana,",
            f"1,Active,{day}09:55Z,mail,ben,",
            f"1,Resolved,{day}10:00Z,mail,ben,",
            f"1,Active,{day}11:00Z,mail,ana,",
            f"1,Awaiting vendor,{day}11:10Z,mail,ana,",
            f"1,Resolved,{day}12:00Z,mail,carl,",
            f"1,Closed,{day}13:00Z,mail,dora,",
        )
    )

    assert found.agents == (
        ("ana", "mail"), ("ana", "chat"), ("ben", "mail"), ("ana", "mail"), ("carl", "mail"),
    )  # fmt: skip
    assert clock(found.since) == "12:00"
    assert [tuple(map(clock, each)) for each in found.holds] == [
        ("09:20", "09:50"), ("11:10", "12:00"),
    ]  # fmt: skip
    assert [tuple(map(clock, each)) for each in found.over] == [("10:00", "11:00")]
    assert clock(found.ended) == "12:00"


def test_the_last_agent_has_it_since_they_got_it_in_any_queue(csv_file: Write) -> None:
    day = "2026-03-02T"
    found = past(
        csv_file(
            HEADER,
            f"1,Active,{day}09:00Z,mail,ana,",
            f"1,Active,{day}09:10Z,mail,ben,",
            f"1,Active,{day}09:20Z,chat,ben,",
            f"1,Resolved,{day}10:00Z,chat,ben,",
        )
    )

    assert clock(found.since) == "09:10"
    assert found.agents[-1] == ("ben", "chat")


def weeks(count: int = 60) -> list[str]:
    """Return the events of tickets that rest four hours of the six until they are resolved."""
    rows = [HEADER]
    for n in range(count):
        day, agent = f"2026-03-{2 + n // 4 % 5:02}", "ana" if n % 2 else "ben"
        rows += [
            f"{n},New,{day}T09:0{n % 4}Z,mail,,1",
            f"{n},Active,{day}T10:0{n % 4}Z,mail,{agent},1",
            f"{n},Awaiting user,{day}T11:00Z,mail,{agent},1",
            f"{n},Active,{day}T15:00Z,mail,{agent},0",
            f"{n},Resolved,{day}T1{6 + n % 2}:0{n % 4}Z,mail,{agent},{n % 2}",
        ]
    return rows


def test_time_on_hold_is_no_handling_time(csv_file: Write) -> None:
    tickets = read_past(str(csv_file(*weeks())), Options(events=True, more=(MET,)))
    fitted = fit(tickets)
    (kind,) = fitted.scenario.kinds

    assert {ticket.met for ticket in tickets} == {True, False}
    assert kind.handling.mean < 3 * HOUR
    assert kind.holding is not None
    assert kind.holding.share == pytest.approx(0.5)  # one each, when half go on hold again
    assert kind.holding.span.mean == 4 * HOUR
    assert any("on hold uses none of" in line for line in fitted.scenario.assumptions)
    assert Run(fitted.recorded, seed="1").go().finished > 0


def test_a_log_of_events_is_replayed(csv_file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(csv_file(*weeks()))
    code = main(
        ["replay", path, "--events", "-s", "random", "-n", "2", "-w", "1", "--holds-count",
         "--allow-overload"]
    )  # fmt: skip
    out = " ".join(capsys.readouterr().out.split())

    assert code == 0
    assert "60 tickets from 2026-03-02 to 2026-03-06, 2 agents" in out
    assert "without the time on hold" in out
    assert "a ticket on hold uses its agent's capacity" in out
