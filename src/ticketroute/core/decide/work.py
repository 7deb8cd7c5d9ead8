"""Commands about a ticket at work: replies, holds, and what it is."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from ticketroute.commands import ChangePriority, ChangeTicket, Hold, Reply, Resume, TicketChanges
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import (
    check_not_done,
    check_reopenable,
    check_transition,
    check_version,
    known_agent,
    known_ticket,
)
from ticketroute.core.records import TicketRecord
from ticketroute.core.state import State
from ticketroute.errors import AlreadyAssignedError, InvalidValueError
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Delivery


def reply(state: State, command: Reply, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Note that somebody wrote; a requester's message resumes or reopens a ticket."""
    ticket, author = known_ticket(state, command.ticket_id), command.author
    if command.agent_id is not None:
        known_agent(state, command.agent_id)
        if author is ev.Author.AGENT:
            _check_opener(ticket, command.agent_id)
    written = ev.TicketReplied(
        at=at, by=by, ticket_id=ticket.id, author=author, agent_id=command.agent_id
    )
    if author is ev.Author.REQUESTER and ticket.state is RoutingState.DONE:
        check_reopenable(state, ticket)
        moves.preask_reopening(state, ticket)
        yield written
        yield from moves.reopen(state, ticket, ev.Cause.REPLIED, at=at, by=by)
    elif author is ev.Author.REQUESTER and ticket.state is RoutingState.PARKED:
        moves.may_resume(state, ticket)  # asks the host's permits before the first event
        yield written
        yield moves.resume(state, ticket, ev.Cause.REPLIED, at=at, by=by)
    else:
        yield written


def hold(state: State, command: Hold, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Stop work on a ticket for a while."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    check_not_done(ticket)
    if ticket.status is not Status(command.status.value):
        yield from moves.recall(ticket, ev.Cause.COMMAND, at=at)
        yield ev.TicketHeld(at=at, by=by, ticket_id=ticket.id, status=command.status)


def resume(state: State, command: Resume, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Go on with a ticket that is on hold."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    check_not_done(ticket)
    check_transition(ticket, ev.TicketResumed)
    yield moves.resume(state, ticket, ev.Cause.COMMAND, at=at, by=by)


def change_priority(
    state: State, command: ChangePriority, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Make a ticket more or less urgent; if it waits, it moves in its line."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    check_not_done(ticket)
    if ticket.priority is not command.priority:
        yield ev.TicketPriorityChanged(at=at, by=by, ticket_id=ticket.id, priority=command.priority)


def change_ticket(
    state: State, command: ChangeTicket, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Change what a ticket asks; open offers that were made on other terms are withdrawn."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    check_not_done(ticket)
    allowed = TicketChanges.__annotations__
    for name in command.changes:
        if name not in allowed:
            raise InvalidValueError("a field of Ticket", name, f"one of {', '.join(allowed)}")
    new, agent = evolve(ticket.terms, **command.changes), ticket.agent
    changed = tuple([name for name in allowed if getattr(new, name) != getattr(ticket.terms, name)])
    if not changed:
        return
    if agent is not None:  # asks the host's permits before the first event
        state.gate.is_permitted(agent.id, new)
    cost = None
    if agent is not None:
        limit = agent.terms.channels.get(new.channel)
        cost = new.weight if limit is None else new.weight * limit.cost
    if not {"channel", "skills", "weight"}.isdisjoint(changed):
        yield from moves.recall(ticket, ev.Cause.COMMAND, at=at)
    yield ev.TicketChanged(
        at=at, by=by, ticket_id=ticket.id, ticket=new, changed=changed, cost=cost
    )
    works = agent is not None and ticket.state is RoutingState.ASSIGNED
    if command.release and works and not moves.may_keep(state, ticket, ticket.queue):
        yield moves.release(ticket, ev.Cause.RELEASED, at=at, by=by)


def _check_opener(ticket: TicketRecord, agent_id: AgentId) -> None:
    """Raise if another agent has opened the ticket of a PULL queue."""
    pulled = ticket.queue.terms.delivery is Delivery.PULL
    if ticket.state is RoutingState.DONE:
        return
    if pulled and ticket.agent is not None and ticket.agent.id != agent_id:
        raise AlreadyAssignedError(ticket.id, ticket.agent.id)
