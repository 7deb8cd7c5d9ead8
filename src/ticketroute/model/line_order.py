"""In which order the tickets of a line go: each order is a key that does not move with time."""

from __future__ import annotations

from abc import ABC, abstractmethod

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import span
from ticketroute.model.instants import LAST_INSTANT, Instant, Span, minutes
from ticketroute.model.ticket import TicketPriority

Place = tuple[int, ...]  # the smaller goes first


class LineOrder(ABC):
    """The order of a waiting line.

    ``ordinal`` counts the tickets of the desk as they were submitted; every place ends with it,
    so no two tickets stand in one place.
    """

    @abstractmethod
    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return where a ticket stands in the line; O(1), and the same at any instant."""


@frozen
class PriorityThenAge(LineOrder):
    """The higher ticket priority first, then the earlier arrival."""

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (priority, arrival, ordinal)."""
        return (int(priority), arrived, ordinal)


@frozen
class EarliestDeadline(LineOrder):
    """The earlier deadline first; tickets without one last, by priority and arrival."""

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (deadline, priority, arrival, ordinal)."""
        return (LAST_INSTANT + 1 if due is None else due, int(priority), arrived, ordinal)


@frozen(kw_only=True)
class Aged(LineOrder):
    """Waiting raises a ticket: each ``per_level`` milliseconds are worth one priority level.

    A LOW ticket goes before a NORMAL one that arrived ``per_level`` later. Linear in time, so
    that two tickets never change their order while they wait.
    """

    per_level: Span = field(default=minutes(60), validator=span(1))

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (arrival put off by one span for each level below URGENT, ordinal)."""
        return (arrived + int(priority) * self.per_level, ordinal)


@frozen
class Lifo(LineOrder):
    """The latest arrival first."""

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (minus arrival, minus ordinal)."""
        return (-arrived, -ordinal)


_BY_WORD: dict[str, LineOrder] = {
    "priority_then_age": PriorityThenAge(),
    "earliest_deadline": EarliestDeadline(),
    "lifo": Lifo(),
}


def line_order(order: LineOrder | str) -> LineOrder:
    """Return the order that a word names, or the order itself.

    Raises:
        InvalidValueError: if it is neither. ``Aged`` has no word: it needs a number.
    """
    if isinstance(order, LineOrder):
        return order
    known = _BY_WORD.get(order) if isinstance(order, str) else None
    if known is None:
        listed = ", ".join(map(repr, _BY_WORD))
        raise InvalidValueError("Queue.order", order, f"a LineOrder, or one of {listed}")
    return known
