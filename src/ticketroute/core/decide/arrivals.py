"""Commands that bring a ticket to the desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from ticketroute.commands import Submit, SubmitMany
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import known_agent
from ticketroute.core.decide.delivery import has_wish
from ticketroute.core.decide.hand_out import place
from ticketroute.core.facts import asks_of
from ticketroute.core.records import Asks, QueueIndex, QueueRecord, TicketRecord, new_ticket
from ticketroute.core.state import State
from ticketroute.errors import (
    DeadlinePassedError,
    DuplicateTicketError,
    InvalidValueError,
    UnknownQueueError,
    UnroutedTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Delivery
from ticketroute.model.ticket import Ticket

_NOTHING: Mapping[TicketId, Ticket] = {}
_ROUTED = ev.Cause.ROUTED


def submit(state: State, command: Submit, at: Instant, by: str | None) -> Iterable[ev.Event]:
    """Take in a ticket; the hand-out finds its agent or puts it in line."""
    if command.assigned_to is not None:
        return adopted(state, command.ticket, command.assigned_to, at, by)
    ticket = admissible(state, command.ticket, at)
    return () if ticket is None else (submitted(state, ticket, at, by),)


def adopted(
    state: State, ticket: Ticket, agent_id: AgentId, at: Instant, by: str | None
) -> tuple[ev.Event, ...]:
    """Take in a ticket together with the agent who has it, whatever the gate says of them."""
    agent = known_agent(state, agent_id)
    bare = admissible(state, ticket, at)
    if bare is None:
        return ()
    arrival = submitted(state, bare, at, by)
    record = arriving(state, arrival)
    exceeded = moves.gate_reason(state, record, agent, record.queue)
    cause = ev.Cause.ADOPTED
    return (arrival, moves.assign(state, record, agent, cause, exceeded, at=at, by=by))


def submit_many(
    state: State, command: SubmitMany, at: Instant, by: str | None
) -> Iterator[ev.Event | None]:
    """Take in several tickets, one after the other, each with its own hand-out; or none."""
    roster, timers = state.roster, state.timers
    index: QueueIndex | None = None  # of the queue of the ticket before
    asks: Asks | None = None
    reason: ev.WaitReason | None = None  # why tickets of its demand wait, since the last hand-out
    for new in _new_ones(state, command.tickets, at).values():
        yield submitted(state, new, at, by)
        record = state.tickets[new.id]
        queue = record.queue
        if index is not queue.index or index is None or not _waits(state, record, index):
            yield None
            index, reason = queue.index, None
            continue
        # fast: who waits already proves that nobody is eligible for the same demand
        if reason is None or asks is not record.asks:
            reason, asks = state.wait_reason(record), record.asks
        yield ev.queued(at=at, cause=_ROUTED, ticket_id=record.id, queue_id=queue.id, reason=reason)
        if at >= timers.earliest or roster.special or roster.gained:
            yield None
            index = reason = None


def _new_ones(state: State, tickets: Iterable[Ticket], at: Instant) -> dict[TicketId, Ticket]:
    """Return the tickets that are not on the desk, as the desk keeps them; all, or an error."""
    new: dict[TicketId, Ticket] = {}
    known, queues = state.tickets, state.roster.queues
    for ticket in tickets:
        if (
            type(ticket) is Ticket
            and ticket.queue in queues
            and ticket.arrived is None
            and not ticket.attributes
            and ticket.id not in known
            and ticket.id not in new
        ):
            new[ticket.id] = ticket  # fast: ``admissible`` would say the same
            continue
        bare = admissible(state, ticket, at, before=new)
        if bare is not None:
            new[ticket.id] = bare
    return new


def _waits(state: State, ticket: TicketRecord, index: QueueIndex) -> bool:
    """Return whether ``place`` would queue a ticket like one that waits, and nobody gained room."""
    queue, demand = ticket.queue, index.recent
    return (
        demand is not None
        and demand.waiting > 0
        and len(state.loose) == 1
        and not (queue.skips or state.roster.special or state.roster.gained or state.permits)
        and queue.terms.delivery is not Delivery.PULL
        and queue.ring_step is None
        and not has_wish(ticket)
    )


def admissible(
    state: State, ticket: Ticket, at: Instant, *, before: Mapping[TicketId, Ticket] = _NOTHING
) -> Ticket | None:
    """Return a ticket as the desk keeps it, or None if it is on the desk or comes ``before``."""
    if not isinstance(ticket, Ticket):
        raise InvalidValueError("ticket", ticket, "a Ticket")
    bare = evolve(ticket, attributes=EMPTY) if ticket.attributes else ticket
    record = state.tickets.get(ticket.id)
    known = before.get(ticket.id) if record is None else record.terms
    if known is not None:
        if known != bare:
            raise DuplicateTicketError(ticket.id)
        return None
    if ticket.arrived is not None and ticket.arrived > at:
        raise InvalidValueError("Ticket.arrived", ticket.arrived, f"no later than at={at}")
    if ticket.queue not in state.roster.queues:
        _queue_of(state, ticket)
    return bare


def submitted(state: State, ticket: Ticket, at: Instant, by: str | None) -> ev.TicketSubmitted:
    """Return the event of an admissible ticket's arrival."""
    return ev.submitted(
        at=at,
        by=by,
        ticket_id=ticket.id,
        ticket=ticket,
        queue_id=ticket.queue or _queue_of(state, ticket).id,
        arrived=at if ticket.arrived is None else ticket.arrived,
    )


def preview(state: State, ticket: Ticket, at: Instant, by: str | None) -> tuple[ev.Event, ...]:
    """Return what ``submit`` would return at this instant, and change nothing."""
    bare = admissible(state, ticket, at)
    due = state.timers.next_due()
    if due is not None and due <= at:
        raise DeadlinePassedError(at, due)
    if bare is None:
        return ()
    with state.roster.seen_at(at):
        arrival = submitted(state, bare, at, by)
        return (arrival, *place(state, arriving(state, arrival), at=at))


def arriving(state: State, arrival: ev.TicketSubmitted) -> TicketRecord:
    """Return the record that a ticket would have, to ask about it before it is there."""
    ticket = arrival.ticket
    return new_ticket(
        id=ticket.id,
        terms=ticket,
        queue=_queue_of(state, ticket),
        arrived=arrival.arrived,
        ordinal=state.submitted + 1,
        priority=ticket.priority,
        asks=asks_of(ticket),
    )


def _queue_of(state: State, ticket: Ticket) -> QueueRecord:
    queue_id = ticket.queue or state.gate.defaults.queue
    if queue_id is None:
        raise UnroutedTicketError(ticket.id)
    queue = state.roster.queues.get(queue_id)
    if queue is None:
        raise UnknownQueueError(queue_id)
    return queue
