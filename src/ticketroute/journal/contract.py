"""The port for anything that keeps the events of a desk.

A journal keeps events and not commands, so that a replay makes no decision again, and a later
version of a strategy cannot change what happened. One journal holds the events of one desk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_whole
from ticketroute.model.events import Event
from ticketroute.model.frozen import maker

LAST_POSITION = 2**63 - 1  # the largest integer of a database

Position: TypeAlias = int  # of an event in its journal: 1 is the first, 0 is before all events


def check_position(thing: str, value: object, *, last: Position = LAST_POSITION) -> None:
    """Raise unless ``value`` is a position from 0 to ``last``, and no bool. O(1).

    Raises:
        InvalidValueError: the error names ``thing``.
    """
    check_whole(thing, value, 0, last)


def batch_of(expected_head: Position, events: Iterable[Event]) -> tuple[Event, ...]:
    """Check the arguments of an append and return the events; every journal uses it. O(k).

    Raises:
        InvalidValueError: if the head is not a position, or an item is not an event.
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
    """The state of a desk after the first ``head`` events, as ``Dispatcher.snapshot()`` returns."""

    head: Position = field(validator=_check_head)
    state: Mapping[str, Any] = field(validator=_check_state)


class Journal(Protocol):
    """Keeps the events of one desk in order, for any number of handles at once.

    Positions are 1, 2, 3 and so on, without a gap. A call that raises has changed nothing. After a
    call has returned, its events are kept for ever. ``ticketroute.testing.JournalContract`` tests
    all of this.
    """

    def head(self) -> Position:
        """Return the position of the last event, or 0 if there is none."""
        ...

    def append(self, expected_head: Position, events: Iterable[Event]) -> Position:
        """Add events after ``expected_head``, all of them or none, and return the new head.

        An empty batch changes nothing. The journal does not keep the list ``events`` itself.

        Raises:
            JournalConflictError: if the journal has another head, also for an empty batch. The
                decision was made on an old state and has to be made again.
            InvalidValueError: if the head is not a position, or an item is not an event.
        """
        ...

    def read(self, after: Position) -> Iterable[Entry]:
        """Return the entries after a position in order, up to the head at the time of the call.

        Events appended while a caller reads are not returned. A caller may stop at any entry.
        After the head there are no entries.

        Raises:
            InvalidValueError: if ``after`` is not a position; at the call, not at the first entry.
        """
        ...

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; it replaces an earlier one with the same head.

        The journal keeps a copy, so that later changes of the mappings and lists have no effect.

        Raises:
            InvalidValueError: if it is not a Snapshot, or its head is after that of the journal.
        """
        ...

    def latest_snapshot(self, until: Position) -> Snapshot | None:
        """Return the snapshot with the greatest head up to ``until``, or None.

        The caller may change the mappings and lists in it.

        Raises:
            InvalidValueError: if ``until`` is not a position.
        """
        ...
