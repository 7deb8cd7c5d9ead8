"""The facts about a ticket at one moment that its clocks need: its policy and its open hours."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ticketroute.model.events import Cause
from ticketroute.model.ids import CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla.clock import Hours
from ticketroute.sla.policy import Metric, Policy, Target


@frozen
class Agreement:
    """A policy in one version."""

    policy: Policy
    version: int

    def promise(self, metric: Metric, priority: TicketPriority) -> tuple[Target, Span] | None:
        """Return the target of a metric and its span for a ticket priority, or None."""
        target = self.policy.targets.get(metric)
        span = None if target is None else target.within.get(priority)
        return None if target is None or span is None else (target, span)

    def calendar_of(self, target: Target, queue_calendar: CalendarId | None) -> CalendarId | None:
        """Return the id of the calendar in which a target counts; None means around the clock."""
        return target.calendar or self.policy.calendar or queue_calendar


@frozen(kw_only=True)
class Present:
    """A ticket at the moment after an event.

    ``held`` is whether an agent has it. ``agreement`` is the policy that applies to it now, and
    ``calendar_id`` is its queue's calendar. ``left_queue_id`` is the queue that it has just left.
    ``hours`` returns the open hours of a calendar; None means around the clock.
    """

    ticket_id: TicketId
    at: Instant
    cause: Cause
    status: Status
    priority: TicketPriority
    held: bool
    agreement: Agreement | None
    calendar_id: CalendarId | None
    queue_id: QueueId
    left_queue_id: QueueId | None
    hours: Callable[[CalendarId | None], Hours]
