"""The orders of a waiting line; each is a key that does not change while a ticket waits."""

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

    ``ordinal`` numbers the tickets of the desk as they are submitted. Every key ends with it, so
    no two tickets have the same key.
    """

    @abstractmethod
    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return the ticket's key in the line, the same at any instant; O(1)."""


@frozen
class PriorityThenAge(LineOrder):
    """Serve the higher ticket priority first, then the earlier arrival."""

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (priority, arrival, ordinal)."""
        return (int(priority), arrived, ordinal)


@frozen
class EarliestDeadline(LineOrder):
    """Serve the earlier deadline first; tickets without one last, by priority and arrival."""

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (deadline, priority, arrival, ordinal)."""
        return (LAST_INSTANT + 1 if due is None else due, int(priority), arrived, ordinal)


@frozen(kw_only=True)
class Aged(LineOrder):
    """Raise a ticket while it waits: each ``per_level`` milliseconds count as one priority level.

    A LOW ticket goes before a NORMAL one that arrived ``per_level`` later. The gain is linear in
    time, so two waiting tickets never change their order.
    """

    per_level: Span = field(default=minutes(60), validator=span(1))

    def place(
        self, *, priority: TicketPriority, arrived: Instant, due: Instant | None, ordinal: int
    ) -> Place:
        """Return (arrival plus one span for each level below URGENT, ordinal)."""
        return (arrived + int(priority) * self.per_level, ordinal)


@frozen
class Lifo(LineOrder):
    """Serve the latest arrival first."""

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
