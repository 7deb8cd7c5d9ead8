"""The contract of journals finds mistakes; each journal here has exactly one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings

from ticketroute.errors import JournalConflictError
from ticketroute.journal import (
    Entry,
    Journal,
    MemoryJournal,
    Position,
    Snapshot,
    batch_of,
    check_position,
)
from ticketroute.model.events import Event
from ticketroute.testing import JournalContract, journal_contract


class LosesTheLastOfABatch(MemoryJournal):
    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        super().append(expected_head, batch[:-1] if len(batch) > 2 else batch)
        return expected_head + len(batch)


class IgnoresTheExpectedHead(MemoryJournal):
    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        return super().append(self.head(), batch)


class IgnoresTheHeadOfAnEmptyBatch(MemoryJournal):
    """It does not check the head for an empty batch."""

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        return super().append(expected_head, batch) if batch else self.head()


class WritesHalfOfARefusedBatch(MemoryJournal):
    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        if expected_head != self.head():
            super().append(self.head(), batch[: len(batch) // 2])
        return super().append(expected_head, batch)


class WritesEventByEvent(MemoryJournal):
    """It keeps the first events of a batch whose iterator raises."""

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        head = super().append(expected_head, ())
        for event in events if isinstance(events, Iterable) else batch_of(expected_head, events):
            head = super().append(head, [event])
        return head


class ReturnsTheWrongHead(MemoryJournal):
    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        if expected_head != self.head():
            raise JournalConflictError(self.head(), expected_head)
        return super().append(expected_head, batch)


class ReturnsAnEventTwice(MemoryJournal):
    """It reads page by page, and repeats the last entry of a page in the next."""

    def read(self, after: Position) -> Iterator[Entry]:
        entries = list(super().read(after))
        return iter([*entries[:5], *entries[4:]])


class NumbersFromTheStartOfTheReading(MemoryJournal):
    def read(self, after: Position) -> Iterator[Entry]:
        entries = super().read(after)
        return (Entry(number, entry.event) for number, entry in enumerate(entries, 1))


class SwapsEventsOfOneInstant(MemoryJournal):
    """It sorts by instant and then by the kind of event."""

    def read(self, after: Position) -> Iterator[Entry]:
        entries = list(super().read(0))
        events = sorted(
            (entry.event for entry in entries), key=lambda each: (each.at, type(each).__name__)
        )
        check_position("after", after)
        return iter([Entry(number, each) for number, each in enumerate(events, 1)][after:])


class ReadsFromThePositionItself(MemoryJournal):
    def read(self, after: Position) -> Iterator[Entry]:
        check_position("after", after)
        return super().read(max(0, after - 1))


class ChecksTooLate(MemoryJournal):
    """It is a generator, which checks nothing before its first entry is read."""

    def read(self, after: Position) -> Iterator[Entry]:
        yield from super().read(after)


class ShowsReadersLaterEvents(MemoryJournal):
    def read(self, after: Position) -> Iterator[Entry]:
        check_position("after", after)
        return self._on(after)

    def _on(self, after: Position) -> Iterator[Entry]:
        while after < self.head():
            yield self._entries[after]
            after += 1


class ReturnsItsOwnList(MemoryJournal):
    def read(self, after: Position) -> Any:
        return self._entries if after == 0 else super().read(after)


class KeepsTheCallersList(MemoryJournal):
    """It keeps the caller's list as its first batch."""

    first: Any = ()

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        events = list(events) if isinstance(events, Iterator) else events
        head = super().append(expected_head, events)
        self.first = self.first or events
        return head

    def read(self, after: Position) -> Iterator[Entry]:
        entries, first = list(super().read(0)), list(self.first)
        check_position("after", after)
        return iter(entries[after:] if first or not entries else [])


class RoundsInstants(MemoryJournal):
    """It stores instants as floats, which are equal and have another repr."""

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        batch = batch_of(expected_head, events)
        return super().append(expected_head, [_with_float(event) for event in batch])


def _with_float(event: Event) -> Event:
    changed = evolve(event)
    object.__setattr__(changed, "at", float(event.at))
    return changed


class IsOneForAllDesks(MemoryJournal):
    shared: list[Entry] = []  # noqa: RUF012  the mistake

    def __init__(self) -> None:
        super().__init__()
        self._entries = self.shared


class KeepsSnapshotsWithTheLastHead(MemoryJournal):
    def save_snapshot(self, snapshot: Snapshot) -> None:
        super().save_snapshot(snapshot)
        del self._snapshots[snapshot.head]
        self._snapshots[self.head()] = evolve(snapshot, head=self.head())


class ReturnsTheSnapshotSavedLast(MemoryJournal):
    last: Snapshot | None = None

    def save_snapshot(self, snapshot: Snapshot) -> None:
        super().save_snapshot(snapshot)
        self.last = self.latest_snapshot(snapshot.head)

    def latest_snapshot(self, until: Position) -> Snapshot | None:
        found = super().latest_snapshot(until)
        return found and (self.last or found)


class KeepsTheCallersSnapshot(MemoryJournal):
    def save_snapshot(self, snapshot: Snapshot) -> None:
        super().save_snapshot(snapshot)
        self._snapshots[snapshot.head] = snapshot


class ReturnsItsOwnSnapshot(MemoryJournal):
    def latest_snapshot(self, until: Position) -> Snapshot | None:
        found = super().latest_snapshot(until)
        return found and self._snapshots[found.head]


class KeepsSnapshotsBeyondTheHead(MemoryJournal):
    def save_snapshot(self, snapshot: Snapshot) -> None:
        if isinstance(snapshot, Snapshot) and snapshot.head > self.head():
            self._snapshots[snapshot.head] = snapshot
        else:
            super().save_snapshot(snapshot)


BROKEN = [
    each
    for each in vars().copy().values()
    if isinstance(each, type) and issubclass(each, MemoryJournal) and each is not MemoryJournal
]


@pytest.fixture(autouse=True)
def hunting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same examples every time, and shrink no failure."""
    go_by(monkeypatch, "hunt")


def go_by(monkeypatch: pytest.MonkeyPatch, profile: str) -> None:
    """Make the suite use a profile of Hypothesis."""
    chosen = settings(settings.get_profile(profile), report_multiple_bugs=False)
    monkeypatch.setattr(journal_contract, "one_failure", lambda: chosen)


def is_caught(suite: JournalContract) -> bool:
    """Return whether a suite fails, the quickest of its tests first."""
    names = [name for name in dir(suite) if name.startswith("test_")]
    for name in sorted(names, key="test_it_keeps_the_contract".__eq__):
        try:
            getattr(suite, name)()
        except Exception:  # noqa: BLE001  any error is a failed test
            return True
    return False


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_journal_is_caught(broken: type[MemoryJournal]) -> None:
    class Suite(JournalContract):
        def open(self) -> Journal:
            return broken()

    assert is_caught(Suite())


def forgetting(journal: MemoryJournal) -> MemoryJournal:
    """Lose the last event in a crash, because it was not on the disk yet."""
    found = MemoryJournal()
    found._entries = journal._entries[:-1]
    found._snapshots = journal._snapshots
    return found


def renumbering(journal: MemoryJournal) -> MemoryJournal:
    """Renumber the entries that are left after a crash, from 0."""
    found = MemoryJournal()
    found._entries = [evolve(each, position=each.position - 1) for each in journal._entries]
    return found


def without_snapshots(journal: MemoryJournal) -> MemoryJournal:
    """Keep snapshots only in memory."""
    found = MemoryJournal()
    found._entries = journal._entries
    return found


def writing_twice(journal: MemoryJournal) -> MemoryJournal:
    """Write the events from before a crash again after it."""
    found = without_snapshots(journal)
    if found._entries:
        last = found._entries[-1]
        found._entries = [*found._entries, evolve(last, position=last.position + 1)]
    return found


@pytest.mark.parametrize("crash", [forgetting, renumbering, without_snapshots, writing_twice])
def test_a_mistake_in_a_crash_is_caught(crash: Any) -> None:
    class Suite(JournalContract):
        def open(self) -> Journal:
            return MemoryJournal()

        def reopen(self, journal: Journal) -> Journal:
            found: Journal = crash(journal)
            return found

    assert is_caught(Suite())


def test_a_second_handle_of_another_journal_is_caught() -> None:
    class Suite(JournalContract):
        def open(self) -> Journal:
            return MemoryJournal()

        def another(self, journal: Journal) -> Journal:
            return MemoryJournal()

    assert is_caught(Suite())


def test_every_handle_is_closed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handle(MemoryJournal):
        """A second handle of a journal."""

        def __init__(self, journal: MemoryJournal | None = None) -> None:
            super().__init__()
            self.closed = 0
            opened.append(self)
            if journal is not None:
                self._entries, self._snapshots = journal._entries, journal._snapshots

    class Suite(JournalContract):
        def open(self) -> Journal:
            return Handle()

        def another(self, journal: Journal) -> Journal:
            assert isinstance(journal, Handle)
            return Handle(journal)

        def reopen(self, journal: Journal) -> Journal:
            return self.another(journal)

        def close(self, journal: Journal) -> None:
            assert isinstance(journal, Handle)
            journal.closed += 1

    opened: list[Handle] = []
    go_by(monkeypatch, "quick")
    assert not is_caught(Suite())
    assert {handle.closed for handle in opened} == {1}
    assert all(one is not other for one, other in pairwise(opened))


def test_a_suite_without_open_is_refused() -> None:
    class Suite(JournalContract):
        pass

    with pytest.raises(NotImplementedError, match=r"Suite\.open\(\) must return a new journal"):
        Suite().test_a_new_journal_is_empty()
