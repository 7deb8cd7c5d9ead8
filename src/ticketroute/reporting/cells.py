"""Counters: one for each queue, channel, priority and period, and one for each agent and period."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from ticketroute.model.instants import Instant, Span
from ticketroute.reporting.spans import ExactSpans, RoundedSpans, Spans
from ticketroute.sla.clock import ClockState

TicketKey = tuple[str, str, int, Instant]  # queue, channel, priority, start of the period
AgentKey = tuple[str, Instant]
OVERDUE = 0  # the state of a clock that is open and breached, beside the identities of the others
CLOCK_STATES = {OVERDUE: "overdue"} | {id(state): state.value for state in ClockState}


@define(eq=False)
class TicketCell:
    """What happened to tickets of one queue, channel and priority that arrived in one period.

    ``answered`` and ``abandoned`` are those without and with an agent before; a ticket is answered
    once. ``short`` are abandoned before a stated span, ``in_target`` answered and
    ``left_in_target`` abandoned within the target of the service level. ``clocks`` counts clocks
    that ended or are overdue, by the identities of their metric and of
    what became of them: see ``CLOCK_STATES``.
    """

    spans: Callable[[], Spans] = field(repr=False)
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0
    in_target: int = 0
    left_in_target: int = 0
    gave_up_later: int = 0
    offers: int = 0
    declined: int = 0
    missed: int = 0
    transfers: int = 0
    reassigned: int = 0
    resolved: int = 0
    reopened: int = 0
    merged: int = 0
    ratings: int = 0
    scores: int = 0
    wrap_up: Span = 0
    clocks: dict[tuple[int, int], int] = field(factory=dict)
    waits: Spans = field(init=False)
    patience: Spans = field(init=False)
    response: Spans = field(init=False)
    resolution: Spans = field(init=False)
    handle: Spans = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.waits, self.patience, self.response = self.spans(), self.spans(), self.spans()
        self.resolution, self.handle = self.spans(), self.spans()


@define(eq=False)
class AgentCell:
    """What one agent did in one period; spans in milliseconds.

    ``signed_in`` is the time available or away, ``ready`` the time available on shift or at work,
    ``busy`` the time with at least one ticket at work or in wrap-up.
    """

    spans: Callable[[], Spans] = field(repr=False)
    signed_in: Span = 0
    ready: Span = 0
    busy: Span = 0
    wrap_up: Span = 0
    offers: int = 0
    declined: int = 0
    missed: int = 0
    assigned: int = 0
    reassigned: int = 0
    released: int = 0
    resolved: int = 0
    reopened: int = 0
    replies: int = 0
    ratings: int = 0
    scores: int = 0
    handle: Spans = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.handle = self.spans()


def spans_kind(*, exact: bool) -> Callable[[], Spans]:
    """Return what makes empty spans: exact ones, or those of bounded memory."""
    return ExactSpans if exact else RoundedSpans
