"""The port: what a desk asks of whoever keeps its events.

A journal keeps events, never commands: who reads them decides nothing anew, and a later version of
a strategy cannot rewrite what happened. One journal holds one desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_whole
from ticketroute.model.events import Event
from ticketroute.model.frozen import maker

LAST_POSITION = 2**63 - 1  # what a database's whole numbers hold

Position: TypeAlias = int  # of an event in its journal: 1 for the first; 0 is before all of them


def check_position(thing: str, value: object, *, last: Position = LAST_POSITION) -> None:
    """Refuse what is no position from 0 to ``last``; a bool is none. O(1).

    Raises:
        InvalidValueError: it names ``thing``.
    """
    check_whole(thing, value, 0, last)


def batch_of(expected_head: Position, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return what is to be appended, checked: every journal begins an append with it. O(k).

    Raises:
        InvalidValueError: if the head is no position, or something is no event.
    """
    check_position("expected_head", expected_head)
    if not isinstance(events, Iterable):
        raise InvalidValueError("events", events, "several events, as a command returns them")
    batch = tuple(events)
    for event in batch:
        if not isinstance(event, Event):
            raise InvalidValueError("one of events", event, "an Event")
    return batch


def _check_head(_: object, attribute: Attribute[Position], value: object) -> None:
    check_position(f"Snapshot.{attribute.name}", value)


def _check_state(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidValueError(
            f"Snapshot.{attribute.name}", value, "a mapping, as Dispatcher.snapshot() returns it"
        )


@frozen
class Entry:
    """An event, its position, and the random token of the command that it came of."""

    position: Position
    event: Event
    token: int = field(default=0, eq=False)

    @property
    def id(self) -> str:
        """The id of the event.

        After a failover that lost commits a position may come again with another event; an id
        never does.
        """
        return f"{self.position}-{self.token:x}"


new_entry = maker(Entry)


@frozen
class Snapshot:
    """What a desk knew after the first ``head`` events, as ``Dispatcher.snapshot()`` says it."""

    head: Position = field(validator=_check_head)
    state: Mapping[str, Any] = field(validator=_check_state)


class Journal(Protocol):
    """Keeps the events of one desk in order, for any number of handles at the same time.

    Positions are 1, 2, 3 and so on, without a gap. A call that raises has changed nothing, and
    what a call returned for is there for good. ``ticketroute.testing.JournalContract`` holds a
    journal to all of this.
    """

    def head(self) -> Position:
        """Return the position of the last event, 0 if there is none."""
        ...

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        """Add events after ``expected_head``, all of them or none; return the new head.

        No events are no change. The journal does not keep ``events`` itself, only what is in it.

        Raises:
            JournalConflictError: if the head is another, also where there is nothing to add:
                what was decided on an old state has to be decided anew.
            InvalidValueError: if the head is no position, or something is no event.
        """
        ...

    def read(self, after: Position) -> Iterable[Entry]:
        """Return the entries after a position in order, to the head there is at the call.

        What is appended while somebody reads does not show, and who stops early need not tell.
        Beyond the head there is nothing.

        Raises:
            InvalidValueError: if ``after`` is no position; at the call, not at the first entry.
        """
        ...

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; of two of the same head the later stands.

        The journal keeps what it says now, whatever becomes of the mappings and lists in it.

        Raises:
            InvalidValueError: if it is none, or its head lies beyond that of the journal.
        """
        ...

    def latest_snapshot(self, until: Position) -> Snapshot | None:
        """Return the snapshot with the greatest head up to ``until``, if there is one.

        The mappings and lists in it belong to the caller.

        Raises:
            InvalidValueError: if ``until`` is no position.
        """
        ...
