"""Commands about the end of a ticket, and what comes after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ticketroute.commands import (
    Abandon,
    Close,
    EndWrapUp,
    Forget,
    Merge,
    Rate,
    Reopen,
    Resolve,
)
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import (
    check_not_done,
    check_reopenable,
    check_transition,
    check_version,
    known_ticket,
)
from ticketroute.core.records import TicketRecord
from ticketroute.core.state import State, forgettable
from ticketroute.errors import AlreadyAssignedError, AlreadyDoneError
from ticketroute.model import events as ev
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status

_ASSIGNED, _DONE = RoutingState.ASSIGNED, RoutingState.DONE


def resolve(state: State, command: Resolve, at: Instant, by: str | None) -> Iterable[ev.Event]:
    """Finish a ticket; the hand-out gives its agent the next one."""
    ticket = known_ticket(state, command.ticket_id)
    if command.expected_version is not None:
        check_version(ticket, command.expected_version)
    if ticket.state is _DONE:
        raise AlreadyDoneError(ticket.id)
    if ticket.state is not _ASSIGNED:
        return _resolve_early(ticket, at, by)
    agent, wrap_up = ticket.agent, ticket.queue.terms.wrap_up
    return (
        ev.resolved(
            at=at,
            by=by,
            ticket_id=ticket.id,
            agent_id=None if agent is None else agent.id,
            wrap_up_until=at + wrap_up if wrap_up else None,
        ),
    )


def _resolve_early(ticket: TicketRecord, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Finish a ticket that nobody works."""
    yield from moves.recall(ticket, ev.Cause.COMMAND, at=at)
    agent = ticket.agent
    yield ev.TicketResolved(
        at=at, by=by, ticket_id=ticket.id, agent_id=None if agent is None else agent.id
    )


def end_wrap_up(
    state: State, command: EndWrapUp, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Free the slot that an agent keeps after a resolved ticket, before its time."""
    ticket = known_ticket(state, command.ticket_id)
    yield from moves.end_wrap_up(ticket, ev.Cause.COMMAND, at=at, by=by)


def close(state: State, command: Close, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Close a resolved ticket for good."""
    ticket = known_ticket(state, command.ticket_id)
    check_transition(ticket, ev.TicketClosed)
    if ticket.status is not Status.CLOSED:
        yield ev.TicketClosed(at=at, by=by, ticket_id=ticket.id)


def reopen(state: State, command: Reopen, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Make a resolved ticket work again."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    check_reopenable(state, ticket)
    moves.preask_reopening(state, ticket)
    yield from moves.reopen(state, ticket, ev.Cause.COMMAND, at=at, by=by)


def abandon(state: State, command: Abandon, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Note that the requester gave up before an agent had the ticket."""
    ticket = known_ticket(state, command.ticket_id)
    if ticket.agent is not None and ticket.state is not _DONE:
        raise AlreadyAssignedError(ticket.id, ticket.agent.id)
    check_not_done(ticket)
    yield from moves.recall(ticket, ev.Cause.COMMAND, at=at)
    yield ev.TicketAbandoned(at=at, by=by, ticket_id=ticket.id)


def merge(state: State, command: Merge, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Merge a ticket into another; the one that remains keeps the earlier arrival."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    other = known_ticket(state, command.into)
    check_not_done(ticket)
    check_not_done(other)
    yield from moves.recall(ticket, ev.Cause.MERGED, at=at)
    yield ev.TicketMerged(
        at=at,
        cause=ev.Cause.MERGED,
        by=by,
        ticket_id=ticket.id,
        into=other.id,
        arrived=min(ticket.arrived, other.arrived),
        agent_id=None if ticket.agent is None else ticket.agent.id,
    )


def rate(state: State, command: Rate, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Note how satisfied the requester is; a later score replaces it."""
    ticket = known_ticket(state, command.ticket_id)
    yield ev.TicketRated(
        at=at, by=by, ticket_id=ticket.id, score=command.score, agent_id=ticket.last_agent_id
    )


def forget(state: State, command: Forget, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Drop the tickets that were done before an instant."""
    count = len(forgettable(state, command.before))
    if count:
        yield ev.TicketsForgotten(at=at, by=by, before=command.before, count=count)
