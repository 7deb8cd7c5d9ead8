"""The journal in memory: the contract of every journal, and what only it says."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest

from ticketroute import Dispatcher, Queue
from ticketroute.errors import InvalidValueError, JournalConflictError
from ticketroute.journal import Journal, MemoryJournal, Snapshot
from ticketroute.model import QueueId
from ticketroute.model.events import Event
from ticketroute.testing import JournalContract


class TestMemoryJournal(JournalContract):
    def open(self) -> Journal:
        return MemoryJournal()


def events_of(*names: str) -> tuple[Event, ...]:
    desk = Dispatcher()
    return tuple(e for name in names for e in desk.add_queue(Queue(id=QueueId(name)), at=5))


def test_a_conflict_names_both_heads_and_the_way_out() -> None:
    journal = MemoryJournal()
    journal.append(0, events_of("q", "r"))
    with pytest.raises(JournalConflictError) as refused:
        journal.append(1, events_of("s"))
    error = refused.value
    assert (error.expected, error.actual) == (1, 3)
    assert str(error) == (
        "the journal is at 3, not 1; "
        "read the events added since, decide again, and append at its new head"
    )
    assert str(copy(error)) == str(error)


def test_nothing_to_append_is_no_change_but_a_decision_all_the_same() -> None:
    journal = MemoryJournal()
    assert journal.append(0, ()) == journal.head() == 0
    journal.append(0, events_of("q"))
    with pytest.raises(JournalConflictError):
        journal.append(0, ())


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda j: j.append(-1, ()), "expected_head is -1; it must be from 0 to"),
        (lambda j: j.append(True, ()), "expected_head is True; it must be a whole number"),
        (lambda j: j.append(0, ["event"]), "one of events is 'event'; it must be an Event"),
        (lambda j: j.append(0, 7), "events is 7; it must be several events"),
        (lambda j: j.read(-1), "after is -1; it must be from 0 to"),
        (lambda j: j.latest_snapshot(2.0), "until is 2.0; it must be a whole number"),
        (lambda j: j.save_snapshot({}), "snapshot is {}; it must be a Snapshot"),
        (lambda j: j.save_snapshot(Snapshot(3, {})), "Snapshot.head is 3; it must be from 0 to 2"),
        (lambda _: Snapshot(-1, {}), "Snapshot.head is -1; it must be from 0 to"),
        (lambda _: Snapshot(0, []), r"Snapshot.state is \[\]; it must be a mapping"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_refused_with_what_is_right(call: Any, says: str) -> None:
    journal = MemoryJournal()
    journal.append(0, events_of("q"))
    with pytest.raises(InvalidValueError, match=says):
        call(journal)
    assert journal.head() == len(list(journal.read(0))) == 2


def test_of_two_snapshots_of_a_head_the_later_stands() -> None:
    journal = MemoryJournal()
    journal.append(0, events_of("q"))
    for version in (1, 2):
        journal.save_snapshot(Snapshot(2, {"version": version}))
    assert journal.latest_snapshot(5) == Snapshot(2, {"version": 2})
    assert journal.latest_snapshot(1) is None


def test_a_snapshot_is_kept_as_it_was_and_given_as_it_was_kept() -> None:
    journal = MemoryJournal()
    state: dict[str, Any] = {"agents": {"ana": {"slots": [1], "tried": {2}}}, "line": [([3], "t")]}
    journal.save_snapshot(Snapshot(0, state))
    for _ in range(2):
        state["agents"]["ana"]["slots"].append(9)
        state["agents"]["ana"]["tried"].add(9)
        state["line"][0][0].append(9)
        found = journal.latest_snapshot(0)
        assert found is not None
        state = dict(found.state)
        assert state == {
            "agents": {"ana": {"slots": [1], "tried": {2}}},
            "line": [([3], "t")],
        }


def test_an_earlier_state_is_what_its_events_lead_to() -> None:
    desk, journal = Dispatcher(), MemoryJournal()
    for name in ("q", "r", "s"):
        journal.append(journal.head(), desk.add_queue(Queue(id=QueueId(name)), at=5))
        if name == "r":
            journal.save_snapshot(Snapshot(journal.head(), desk.snapshot()))
    kept = journal.latest_snapshot(journal.head())
    assert kept is not None
    before = [entry.event for entry in journal.read(0) if entry.position <= kept.head]
    assert Dispatcher.replay(before).snapshot() == kept.state != desk.snapshot()
