"""A ticket at one moment, as far as its clocks go: what applies to it, and which hours count."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ticketroute.model.events import Cause
from ticketroute.model.ids import CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla.clock import Hours
from ticketroute.sla.policy import Policy


@frozen
class Agreement:
    """A policy, in the version in which it holds."""

    policy: Policy
    version: int


@frozen(kw_only=True)
class Present:
    """A ticket at the moment after something happened to it.

    ``held`` is whether an agent has it. ``agreement`` is the policy that applies to it now,
    ``calendar_id`` its queue's calendar. ``left_queue_id`` is the one it has just
    been moved from.
    ``hours`` gives the open hours of a calendar; None stands for around the clock.
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
