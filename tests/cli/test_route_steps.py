"""``route`` follows the steps of a log of events: holds, transfers, endings that were undone."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticketroute.cli.replay import Replay, Service
from ticketroute.cli.roster import derived_roster
from ticketroute.logs import Options, read_log
from ticketroute.model.events import (
    Event,
    TicketAssigned,
    TicketHeld,
    TicketReleased,
    TicketResolved,
    TicketResumed,
)
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.strategy_spec import StrategySpec

Run = Callable[..., Any]
Write = Callable[..., Path]
SHARED = Path(__file__).parents[3] / "shared" / "data" / "servicenow_incident_events.csv.gz"
HEADER = "case,activity,time,group,resource"


def at(row: str) -> str:
    """Put a day before the time of a row: ``a,Created,09:00,mail,``."""
    case, activity, time, rest = row.split(",", 3)
    return f"{case},{activity},2026-03-02T{time}Z,{rest}"


def decided(run: Run, path: Path, *options: str) -> tuple[dict[str, dict[str, str]], str]:
    out = path.with_name("decisions.csv")
    answer = run("route", "--events", path, "-o", out, *options)
    assert (answer.code, answer.err) == (0, "")
    rows = csv.DictReader(out.read_text().splitlines())
    return {row["ticket_id"]: row for row in rows}, " ".join(answer.out.split())


HELD = (
    HEADER,
    *map(
        at,
        (
            "a,Created,09:00,mail,", "a,Assigned,09:00,mail,ana", "a,On hold,09:10,mail,ana",
            "a,Resumed,09:40,mail,ana", "a,Resolved,10:00,mail,ana",
            "b,Created,09:20,mail,", "b,Resolved,09:30,mail,ana",
        ),
    ),
)  # fmt: skip


def test_a_ticket_on_hold_leaves_its_agent_free_for_another(run: Run, csv_file: Write) -> None:
    found, said = decided(run, csv_file(*HELD), "--capacity=1")

    assert (found["b"]["outcome"], found["b"]["waited_seconds"]) == ("assigned", "0")
    assert (found["a"]["agent"], found["a"]["ended_at"]) == ("ana", "2026-03-02T10:00:00Z")
    assert "Steps of the log that were followed: 1 hold." in said


def test_a_ticket_on_hold_may_count(run: Run, csv_file: Write) -> None:
    found, _ = decided(run, csv_file(*HELD), "--capacity=1", "--holds-count")

    assert found["b"]["outcome"] == "unserved"


def test_holds_may_be_ignored_by_their_activity(run: Run, csv_file: Write) -> None:
    found, said = decided(run, csv_file(*HELD), "--capacity=1", "--activity", "On hold=ignore")

    assert found["b"]["outcome"] == "unserved"
    assert "Steps" not in said


def test_a_ticket_on_hold_in_the_log_rests_as_soon_as_an_agent_has_it(
    run: Run, csv_file: Write
) -> None:
    rows = (
        "a,Created,09:00,mail,", "a,Assigned,09:00,mail,ana", "a,Resolved,09:30,mail,ana",
        "b,Created,09:05,mail,", "b,On hold,09:10,mail,ana", "b,Resumed,11:00,mail,ana",
        "b,Resolved,11:30,mail,ana",
        "c,Created,09:40,mail,", "c,Resolved,09:50,mail,ana",
    )  # fmt: skip
    found, _ = decided(run, csv_file(HEADER, *map(at, rows)), "--capacity=1")

    assert found["b"]["decided_at"] == "2026-03-02T09:30:00Z"
    assert found["c"]["decided_at"] == "2026-03-02T09:40:00Z"


MOVED = (
    HEADER,
    *map(
        at,
        (
            "a,Created,09:00,mail,", "a,Assigned,09:00,mail,ana", "a,Transferred,09:20,chat,ben",
            "a,Resolved,10:00,chat,ben",
            "b,Created,09:30,mail,", "b,Resolved,09:40,mail,ana",
        ),
    ),
)  # fmt: skip


def test_a_transferred_ticket_goes_to_the_agents_of_its_new_queue(
    run: Run, csv_file: Write
) -> None:
    found, said = decided(run, csv_file(*MOVED), "--capacity=1")

    assert (found["a"]["agent"], found["a"]["last_agent"]) == ("ana", "ben")
    assert (found["a"]["handovers"], found["a"]["waited_seconds"]) == ("1", "0")
    assert (found["b"]["agent"], found["b"]["handovers"]) == ("ana", "0")
    assert "Steps of the log that were followed: 1 transfer." in said


def test_a_transfer_to_a_queue_without_agents_is_left_out_and_said(
    run: Run, csv_file: Write
) -> None:
    rows = (
        "a,Created,09:00,mail,", "a,Assigned,09:00,mail,ana", "a,Queued,09:20,attic,",
        "a,Resolved,10:00,attic,",
    )  # fmt: skip
    found, said = decided(run, csv_file(HEADER, *map(at, rows)))

    assert found["a"]["handovers"] == "0"
    assert "followed: none. 1 transfer to queues without agents was left out." in said


def test_a_reopened_ticket_is_one_row_and_frees_its_agent_in_between(
    run: Run, csv_file: Write
) -> None:
    rows = (
        "a,Created,09:00,mail,", "a,Assigned,09:00,mail,ana", "a,Resolved,09:10,mail,ana",
        "a,Reopened,10:00,mail,ana", "a,Closed,10:30,mail,ana",
        "b,Created,09:20,mail,", "b,Resolved,09:30,mail,ana",
    )  # fmt: skip
    found, said = decided(run, csv_file(HEADER, *map(at, rows)), "--capacity=1")

    assert list(found) == ["a", "b"]
    assert found["a"]["ended_at"] == "2026-03-02T10:30:00Z"
    assert found["b"]["waited_seconds"] == "0"
    assert "1 reopening." in said


def test_with_the_same_span_steps_keep_their_distance_from_the_assignment(
    run: Run, csv_file: Write
) -> None:
    rows = (
        "x,Created,09:00,chat,ben", "x,Resolved,09:01,chat,ben",
        "a,Created,09:00,mail,ana", "a,Resolved,09:30,mail,ana",
        "b,Created,09:00,mail,", "b,Transferred,09:10,chat,", "b,Resolved,09:20,chat,ben",
    )  # fmt: skip
    found, _ = decided(run, csv_file(HEADER, *map(at, rows)), "--capacity=1", "--service=same-span")

    assert (found["b"]["agent"], found["b"]["last_agent"]) == ("ana", "ben")
    assert found["b"]["decided_at"] == "2026-03-02T09:30:00Z"
    assert found["b"]["ended_at"] == "2026-03-02T09:50:00Z"


def test_several_strategies_tell_their_steps_each(run: Run, csv_file: Write) -> None:
    answer = run("route", "--events", csv_file(*HELD), "-s", "random", "-s", "round_robin")

    assert "followed (random): 1 hold." in answer.out
    assert "followed (round_robin): 1 hold." in answer.out


@pytest.mark.skipif(not SHARED.is_file(), reason="the ServiceNow log is not beside the repository")
def test_the_steps_of_the_servicenow_log_are_followed(run: Run) -> None:
    answer = run("route", "--events", SHARED, "-s", "longest_idle")

    assert answer.code == 0
    said = " ".join(answer.out.split())
    assert "followed: 7,041 holds, 18,338 transfers, 325 reopenings. 11 transfers" in said


@define
class Seen:
    """Tells from events alone that a held ticket uses no capacity and an agent never has two."""

    capacity: int
    open: dict[TicketId, AgentId] = field(factory=dict)
    counts: dict[str, int] = field(factory=dict)

    def see(self, event: Event) -> None:
        self.counts[type(event).__name__] = self.counts.get(type(event).__name__, 0) + 1
        match event:
            case TicketAssigned():
                self.open[event.ticket_id] = event.agent_id
                assert list(self.open.values()).count(event.agent_id) <= self.capacity
            case TicketHeld() | TicketResolved() | TicketReleased():
                self.open.pop(event.ticket_id, None)
            case TicketResumed():
                self.open[event.ticket_id] = event.agent_id
                assert list(self.open.values()).count(event.agent_id) <= self.capacity
            case _:
                pass


WORDS = ("Assigned", "On hold", "Resumed", "Transferred", "Resolved", "Reopened")
DAYS = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from("abcdef"),
        st.sampled_from(WORDS),
        st.sampled_from(["mail", "chat"]),
        st.sampled_from(["ana", "ben", ""]),
    ),
    min_size=1,
    max_size=40,
)


@given(DAYS, st.sampled_from(list(Service)), st.sampled_from(["average_load", "ring_all"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_log_of_events_is_routed_to_its_end(
    csv_file: Write, day: list[Any], service: Service, strategy: str
) -> None:
    rows = [
        f"{case},{word},2026-03-02T09:{minute:02}Z,{queue},{agent}"
        for minute, case, word, queue, agent in day
    ]
    path = csv_file(HEADER, "a,Created,2026-03-02T09:00Z,mail,ana", *rows)
    seen = Seen(capacity=1)
    with read_log(str(path), Options(events=True)) as log:
        roster = derived_roster(log, capacity=1)
        replay = Replay(log, roster, StrategySpec.of(strategy), 1, service, 1, seen.see)
        replay.open()
        replay.run(done=lambda: None)
        open_at_the_end = {each.ticket.id for each in log if each.ended is None}

    assert seen.counts["TicketSubmitted"] == len(log)
    assert set(replay._open) >= open_at_the_end
    if service is Service.AS_LOGGED:
        assert set(replay._open) == open_at_the_end
    assert not replay._rests - set(replay._open)
    assert not replay._had - set(replay._open)
