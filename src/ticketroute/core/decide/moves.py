"""What a ticket goes through in more than one command, as generators that commands share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ticketroute.core.decide.checks import known_queue
from ticketroute.core.decide.clocks import follow_up
from ticketroute.core.decide.delivery import grant_wish, preask_wishes
from ticketroute.core.facts import by_age, holds_slot, skills_of
from ticketroute.core.gate import Holding, cost_of
from ticketroute.core.records import AgentRecord, MemberRecord, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.errors import NotEligibleError
from ticketroute.model import events as ev
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import ResumeRule
from ticketroute.model.reasons import Reason
from ticketroute.sla.follow import Occasion

_OFFERED = RoutingState.OFFERED


# --- the gate ---------------------------------------------------------------------------------


def gate_reason(
    state: State, ticket: TicketRecord, agent: AgentRecord, queue: QueueRecord
) -> Reason | None:
    """Return why an agent may not have a ticket in a queue, or None.

    What they hold of this very ticket does not stand in its way, and a person may give it to a
    member who takes by hand only.
    """
    member = queue.members.get(agent.id)
    if member is None:
        return Reason.NOT_MEMBER
    own: list[Holding] = [ticket] if holds_slot(agent, ticket) else []
    if ticket.offers and agent.id in ticket.offers:
        own.append(ticket.offers[agent.id])
    demand = state.demand_of(ticket, queue, asked=False)
    return state.gate.refusal(member, demand, without=own, by_hand=True)


def pass_gate(
    state: State, ticket: TicketRecord, agent: AgentRecord, queue: QueueRecord, *, force: bool
) -> Reason | None:
    """Return the reason that ``force`` overrules, if any; NotEligibleError without force."""
    reason = gate_reason(state, ticket, agent, queue)
    if reason is not None and not force:
        raise NotEligibleError(agent.id, ticket.id, reason.value)
    return reason


def queue_for(state: State, ticket: TicketRecord, agent: AgentRecord) -> QueueRecord:
    """Return through which of its queues an agent gets a ticket: one that admits them, if any."""
    serves = [queue for queue in (ticket.queue, *ticket.added) if agent.id in queue.members]
    admits = (queue for queue in serves if gate_reason(state, ticket, agent, queue) is None)
    return next(admits, serves[0] if serves else ticket.queue)


def may_keep(state: State, ticket: TicketRecord, target: QueueRecord) -> bool:
    """Return whether the agent of a ticket keeps it in the target queue.

    A ticket on hold needs no room, unless it begins to count there: to be a member is enough.
    """
    assert ticket.agent is not None
    begins_to_count = target.terms.parked_counts and not holds_slot(ticket.agent, ticket)
    if ticket.state is RoutingState.PARKED and not begins_to_count:
        return ticket.agent.id in target.members
    return gate_reason(state, ticket, ticket.agent, target) is None


# --- away from agents -------------------------------------------------------------------------


def release(
    ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
) -> ev.TicketReleased:
    """Return the event by which a ticket loses its agent and searches again."""
    agent_id = None if ticket.agent is None else ticket.agent.id
    return ev.TicketReleased(at=at, cause=cause, by=by, ticket_id=ticket.id, agent_id=agent_id)


def release_all(
    tickets: Iterable[TicketRecord], cause: ev.Cause, *, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Release tickets from their agents."""
    for ticket in list(tickets):
        yield release(ticket, cause, at=at, by=by)


def withdraw(
    ticket: TicketRecord, agent_ids: Iterable[AgentId], cause: ev.Cause, *, at: Instant
) -> Iterator[ev.Event]:
    """Withdraw open offers of a ticket."""
    for agent_id in list(agent_ids):
        yield ev.withdrawn(at=at, cause=cause, ticket_id=ticket.id, agent_id=agent_id)


def recall(ticket: TicketRecord, cause: ev.Cause, *, at: Instant) -> Iterator[ev.Event]:
    """Withdraw every offer of a ticket; it waits again."""
    if ticket.state is _OFFERED:
        yield from withdraw(ticket, ticket.offers or (), cause, at=at)
        yield release(ticket, cause, at=at, by=None)


def withdraw_from(
    state: State, agent: AgentRecord, *, at: Instant, cause: ev.Cause = ev.Cause.AWAY
) -> Iterator[ev.Event]:
    """Withdraw an agent's offers that they cannot have any more, and end reservations for them."""
    for offer in list(agent.rare.offers.values()):
        member = offer.queue.members.get(agent.id)
        if member is None or not state.gate.is_there(member, offer.terms.channel):
            yield from withdraw(offer.record, (agent.id,), cause, at=at)
    for ticket in list(agent.rare.reserved.values()):
        member = ticket.queue.members.get(agent.id)
        if member is None or not state.gate.is_there(member, ticket.terms.channel):
            yield ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id)


def part_with(
    agent: AgentRecord, queues: Iterable[QueueRecord], cause: ev.Cause, *, at: Instant
) -> Iterator[ev.Event]:
    """Withdraw an agent's open offers of queues, and end reservations for them there."""
    gone = set(queues)
    for offer in list(agent.rare.offers.values()):
        if offer.queue in gone:
            yield from withdraw(offer.record, (agent.id,), cause, at=at)
    for ticket in list(agent.rare.reserved.values()):
        if ticket.queue in gone:
            yield ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id)


def end_membership(
    member: MemberRecord, held: Iterable[TicketRecord], *, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """End a membership; the tickets ``held`` of the queue go to others."""
    cause = ev.Cause.MEMBERSHIP_ENDED
    theirs = [ticket for ticket in held if ticket.queue is member.queue]
    yield from part_with(member.record, (member.queue,), cause, at=at)
    yield from release_all(theirs, cause, at=at, by=by)
    yield ev.MemberRemoved(at=at, by=by, queue_id=member.queue.id, agent_id=member.agent_id)


# --- to agents and queues ---------------------------------------------------------------------


def assign(
    state: State,
    ticket: TicketRecord,
    agent: AgentRecord,
    cause: ev.Cause,
    exceeded: Reason | None,
    *,
    queue: QueueRecord | None = None,
    at: Instant,
    by: str | None,
) -> ev.TicketAssigned:
    """Return the event by which a named agent gets a ticket, through a queue; default, its own."""
    return ev.TicketAssigned(
        at=at,
        cause=cause,
        by=by,
        ticket_id=ticket.id,
        queue_id=(queue or ticket.queue).id,
        agent_id=agent.id,
        cost=cost_of(agent.terms, state.demand_of(ticket)),
        exceeded=None if exceeded is None else exceeded.value,
    )


def move(
    state: State,
    ticket: TicketRecord,
    target: QueueRecord,
    arrived: Instant,
    cause: ev.Cause,
    *,
    at: Instant,
    by: str | None,
) -> Iterator[ev.Event]:
    """Move a ticket to another queue; its agent keeps it if that queue admits them."""
    if ticket.agent is not None and not may_keep(state, ticket, target):
        yield release(ticket, cause, at=at, by=by)
    yield transferred(ticket, target, arrived, cause, at=at, by=by)


def transferred(
    ticket: TicketRecord,
    target: QueueRecord,
    arrived: Instant,
    cause: ev.Cause,
    *,
    at: Instant,
    by: str | None = None,
) -> ev.TicketTransferred:
    """Return the event by which a ticket belongs to another queue."""
    return ev.TicketTransferred(
        at=at,
        cause=cause,
        by=by,
        ticket_id=ticket.id,
        from_queue=ticket.queue.id,
        to_queue=target.id,
        arrived=arrived,
    )


# --- back to work -----------------------------------------------------------------------------


def may_resume(state: State, ticket: TicketRecord) -> bool:
    """Return whether a ticket on hold goes back to its agent, as its queue's rule says."""
    if ticket.agent is None:
        return False
    if ticket.queue.terms.resume is ResumeRule.STICKY:
        return True
    reason = gate_reason(state, ticket, ticket.agent, ticket.queue)
    return reason in (None, Reason.RATE_LIMIT)  # which is for new tickets: this one was theirs


def resume(
    state: State, ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
) -> ev.Event:
    """Return the event that ends a hold: back to the agent if possible, else to the line."""
    agent = ticket.agent
    if agent is None or not may_resume(state, ticket):
        return release(ticket, ev.Cause.RESUMED, at=at, by=by)
    return ev.TicketResumed(
        at=at,
        cause=cause,
        by=by,
        ticket_id=ticket.id,
        agent_id=agent.id,
        cost=cost_of(agent.terms, state.demand_of(ticket)),
    )


def preask_reopening(state: State, ticket: TicketRecord) -> None:
    """Ask the host's permits what ``reopen`` will ask, before its first event."""
    preask_wishes(state, ticket, (ticket.last_agent_id,))
    known_queue(state, ticket.queue.id)


def reopen(
    state: State, ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Make a resolved ticket work again, for its last agent if they may have it."""
    yield from end_wrap_up(ticket, ev.Cause.REOPENED, at=at, by=by)
    yield ev.TicketReopened(at=at, cause=cause, by=by, ticket_id=ticket.id)
    granted = grant_wish(state, ticket, at=at)
    if granted is not None:
        yield granted


def end_wrap_up(
    ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Free the slot that an agent keeps after a resolved ticket, if they do."""
    if ticket.wrap_up_until is not None and ticket.agent is not None:
        yield ev.WrapUpEnded(
            at=at, cause=cause, by=by, agent_id=ticket.agent.id, ticket_id=ticket.id
        )


# --- other -----------------------------------------------------------------------------------


def retarget(state: State, tickets: Iterable[TicketRecord], *, at: Instant) -> Iterator[ev.Event]:
    """Make the clocks of open tickets follow what is promised by now."""
    for ticket in list(tickets):
        yield from follow_up(state, ticket, Occasion.CHANGED, cause=ev.Cause.COMMAND, at=at)


def open_tickets(state: State, queue: QueueRecord) -> list[TicketRecord]:
    """Return a queue's tickets that are not done, by first arrival. O(open tickets)."""
    return sorted([ticket for ticket in state.open.values() if ticket.queue is queue], key=by_age)


def relaxed(
    ticket: TicketRecord,
    cause: ev.Cause,
    *,
    at: Instant,
    added: Iterable[QueueRecord] | None = None,
    skills: Mapping[str, int] | None = None,
) -> ev.TicketRelaxed:
    """Return the event by which a ticket waits in these queues and asks this; None: as before."""
    return ev.TicketRelaxed(
        at=at,
        cause=cause,
        ticket_id=ticket.id,
        step=ticket.past.relaxed,
        skills=skills_of(ticket) if skills is None else read_only(skills),
        reach=ticket.asks.reach,
        priority=ticket.priority,
        added=tuple([queue.id for queue in (ticket.added if added is None else added)]),
    )
