"""Who may have gained room by an event: asked before it happens."""

from __future__ import annotations

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla import events as sla
from ticketroute.testing.reference.calendar import Edition, Hours
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.fold import Fold

CONCERNING_ONE = (
    ev.OfferDeclined,
    ev.OfferExpired,
    ev.OfferWithdrawn,
    ev.WrapUpEnded,
    ev.MemberAdded,
    ev.MemberChanged,
)
IF_THEY_SERVE = (
    ev.PresenceChanged,
    ev.ChannelSwitched,
    ev.CoolDownEnded,
    ev.RateLimitLifted,
    sla.ShiftStarted,
    sla.ShiftEnded,
)


def gains_of(  # noqa: C901  one case for each sort of event
    desk: Fold, event: ev.Event
) -> list[AgentId]:
    """Return who is to be looked at after an event, in the order in which it concerns them."""
    if isinstance(event, CONCERNING_ONE):
        return [event.agent_id]
    if isinstance(event, IF_THEY_SERVE):
        return [event.agent_id] if desk.agents[event.agent_id].serves else []
    if isinstance(event, sla.CalendarSet):
        return _of_shift(desk, event)
    match event:
        case ev.TicketAssigned():
            return [event.agent_id] if event.cause is ev.Cause.ACCEPTED else []
        case ev.TicketEvent() if event.ticket_id in desk.tickets:
            return _of_ticket(desk.tickets[event.ticket_id], event)
        case ev.QueueAdded():
            return list(event.queue.members)
        case ev.QueueChanged():
            return _of_queue(desk, event)
        case ev.MembersOrdered():
            return list(event.order)
        case ev.DefaultsChanged():
            return [who for who, known in desk.agents.items() if known.serves]
        case ev.AgentChanged():
            return [event.agent.id] if desk.agents[event.agent.id].serves else []
    return []


def _of_ticket(ticket: TicketFacts, event: ev.TicketEvent) -> list[AgentId]:
    """Return the agent of a ticket, if the event frees what it takes, or moves it."""
    if ticket.agent is None:
        return []
    counts = ticket.counts
    match event:
        case ev.TicketReleased() | ev.TicketAbandoned() | ev.TicketMerged():
            gains = counts
        case ev.TicketResolved():
            gains = counts and event.wrap_up_until is None
        case ev.TicketHeld():
            gains = ticket.since is not None and not ticket.queue.queue.parked_counts
        case ev.TicketResumed():
            gains = counts and event.cost != ticket.cost
        case ev.TicketTransferred():
            gains = counts
        case _:
            gains = False
    return [ticket.agent] if gains else []


def _of_shift(desk: Fold, event: sla.CalendarSet) -> list[AgentId]:
    """Return whose shift begins or ends because the calendar is another now."""
    known = desk.calendars.get(event.calendar_id, [])
    kept = [edition for edition in known if edition.since < event.effective_from]
    hours = Hours([*kept, Edition(event.effective_from, event.calendar)])
    return [
        agent_id
        for agent_id, agent in desk.agents.items()
        if agent.agent.shift == event.calendar_id
        and agent.serves
        and hours.is_open(event.at) is not agent.on_shift
    ]


def _of_queue(desk: Fold, event: ev.QueueChanged) -> list[AgentId]:
    """Return a queue's members, and whose tickets on hold no longer count."""
    queue = desk.queues[event.queue.id]
    freed = []
    if queue.queue.parked_counts and not event.queue.parked_counts:
        freed = [
            ticket.agent
            for ticket in desk.tickets.values()
            if ticket.queue is queue
            and ticket.state is RoutingState.PARKED
            and ticket.agent is not None
        ]
    return [*queue.members, *freed]
