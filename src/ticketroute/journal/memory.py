"""A journal in memory, for tests and simulations, and as the reference for other journals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from sortedcontainers import SortedDict

from ticketroute.errors import InvalidValueError, JournalConflictError
from ticketroute.journal.contract import Entry, Position, Snapshot, batch_of, check_position
from ticketroute.model.events import Event


class MemoryJournal:
    """Keeps events in a list; each desk that has it uses it as a handle.

    Like a dispatcher it may be shared between threads only with a lock.

    >>> from ticketroute import Dispatcher, Queue
    >>> desk, journal = Dispatcher(), MemoryJournal()
    >>> journal.append(0, desk.add_queue(Queue(id="billing"), at=0))
    2
    >>> [(entry.position, type(entry.event).__name__) for entry in journal.read(0)]
    [(1, 'DeskOpened'), (2, 'QueueAdded')]
    >>> again = Dispatcher.replay(entry.event for entry in journal.read(0))
    >>> again.same_state(desk)
    True
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._snapshots: SortedDict[Position, Snapshot] = SortedDict()

    def head(self) -> Position:
        """Return the position of the last event, or 0 if there is none. O(1)."""
        return len(self._entries)

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        """Add events after ``expected_head``, all of them or none. O(k) for k events.

        Raises:
            JournalConflictError: if the journal has another head.
            InvalidValueError: if the head is not a position, or an item is not an event.
        """
        batch = batch_of(expected_head, events)
        if expected_head != self.head():
            raise JournalConflictError(expected_head, self.head())
        self._entries.extend(map(Entry, count(expected_head + 1), batch))
        return self.head()

    def read(self, after: Position) -> Iterator[Entry]:
        """Return the entries after a position in order. O(1), and O(1) for each entry read.

        Raises:
            InvalidValueError: if ``after`` is not a position.
        """
        check_position("after", after)
        return (self._entries[number] for number in range(after, self.head()))

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; it replaces an earlier one with the same head. O(its size).

        Raises:
            InvalidValueError: if it is not a Snapshot, or its head is after that of the journal.
        """
        if not isinstance(snapshot, Snapshot):
            raise InvalidValueError("snapshot", snapshot, "a Snapshot")
        check_position("Snapshot.head", snapshot.head, last=self.head())
        self._snapshots[snapshot.head] = _copy(snapshot)

    def latest_snapshot(self, until: Position) -> Snapshot | None:
        """Return the snapshot with the greatest head up to ``until``. O(log n + its size).

        Raises:
            InvalidValueError: if ``until`` is not a position.
        """
        check_position("until", until)
        head = next(self._snapshots.irange(maximum=until, reverse=True), None)
        return None if head is None else _copy(self._snapshots[head])


def _copy(snapshot: Snapshot) -> Snapshot:
    return Snapshot(snapshot.head, {key: _copied(each) for key, each in snapshot.state.items()})


def _copied(value: Any) -> Any:
    """Return a deep copy that shares the values of the model, because these cannot change."""
    kind = type(value)
    if kind is dict:
        return {key: _copied(each) for key, each in value.items()}
    if kind in (list, tuple, set):
        return kind(map(_copied, value))
    return value
