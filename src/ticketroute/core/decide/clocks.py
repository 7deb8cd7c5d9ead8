"""Which clock events follow what happened to a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.core.records import TicketRecord
from ticketroute.core.state import State, agreement_of
from ticketroute.model import events as ev
from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla.events import ClockEvent
from ticketroute.sla.follow import Occasion, follow
from ticketroute.sla.present import Present

_OCCASIONS: dict[type[ev.Event], Occasion] = {
    ev.TicketSubmitted: Occasion.SUBMITTED,
    ev.TicketAssigned: Occasion.ASSIGNED,
    ev.TicketResolved: Occasion.RESOLVED,
    ev.TicketReopened: Occasion.REOPENED,
    ev.TicketAbandoned: Occasion.GONE,
    ev.TicketMerged: Occasion.GONE,
    ev.TicketTransferred: Occasion.MOVED,
    ev.TicketPriorityChanged: Occasion.CHANGED,
    ev.TicketRelaxed: Occasion.CHANGED,
    ev.TicketChanged: Occasion.CHANGED,
    ev.TicketHeld: Occasion.NOTHING,
    ev.TicketResumed: Occasion.NOTHING,
    ev.TicketReleased: Occasion.NOTHING,
}
_WRITTEN = {ev.Author.AGENT: Occasion.ANSWERED, ev.Author.REQUESTER: Occasion.ASKED}


def clocks_after(state: State, event: ev.TicketEvent) -> Iterator[ClockEvent]:
    """Yield the clock events that follow an event that was applied, each to be applied at once."""
    ticket = state.tickets[event.ticket_id]
    occasion = _occasion(event, ticket)
    if occasion is None:
        return iter(())
    left = event.from_queue if isinstance(event, ev.TicketTransferred) else None
    return follow_up(state, ticket, occasion, cause=event.cause, at=event.at, left=left)


def follow_up(
    state: State,
    ticket: TicketRecord,
    occasion: Occasion,
    *,
    cause: ev.Cause,
    at: Instant,
    left: QueueId | None = None,
) -> Iterator[ClockEvent]:
    """Yield the clock events that follow an occasion of a ticket, each to be applied at once.

    ``left`` is the queue that the ticket has just been moved from.
    """
    if ticket.book is None:
        return iter(())
    now = Present(
        ticket_id=ticket.id,
        at=at,
        cause=cause,
        status=ticket.status,
        priority=ticket.priority,
        held=ticket.agent is not None,
        agreement=agreement_of(state, ticket),
        calendar_id=ticket.queue.terms.calendar,
        queue_id=ticket.queue.id,
        left_queue_id=left,
        hours=state.hours,
    )
    return follow(ticket.book, occasion, now)


def _occasion(event: ev.TicketEvent, ticket: TicketRecord) -> Occasion | None:
    if isinstance(event, ev.TicketTransferred) and event.from_queue == event.to_queue:
        return None  # a fresh place in the same line
    if not isinstance(event, ev.TicketReplied):
        return _OCCASIONS.get(type(event))
    if event.author is ev.Author.REQUESTER and ticket.state is RoutingState.DONE:
        return None  # it is reopened by the same message, and that is the occasion
    return _WRITTEN.get(event.author)
