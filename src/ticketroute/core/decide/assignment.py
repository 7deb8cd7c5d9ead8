"""Commands by which a person brings a ticket to an agent, or takes it from one."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.commands import Assign, Release, Take, Transfer
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import (
    check_free,
    check_not_done,
    check_transition,
    check_version,
    known_agent,
    known_queue,
    known_ticket,
)
from ticketroute.core.decide.hand_out import next_for
from ticketroute.core.gate import capacity_of, rate_full, wrap_ups
from ticketroute.core.records import AgentRecord
from ticketroute.core.state import State
from ticketroute.errors import NotEligibleError, TransitionError
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.reasons import Reason


def assign(state: State, command: Assign, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Give a ticket that nobody works to an agent, by a person's decision."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    agent = known_agent(state, command.agent_id)
    check_free(ticket)
    queue = moves.queue_for(state, ticket, agent)
    exceeded = moves.pass_gate(state, ticket, agent, queue, force=command.force)
    yield from moves.recall(ticket, ev.Cause.MANUAL, at=at)
    if ticket.state is RoutingState.PARKED:
        yield moves.release(ticket, ev.Cause.MANUAL, at=at, by=by)
    yield moves.assign(state, ticket, agent, ev.Cause.MANUAL, exceeded, queue=queue, at=at, by=by)


def take(state: State, command: Take, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Give an agent the ticket they ask for, or the most important one they may have."""
    cause, by = ev.Cause.TAKEN, by or command.agent_id
    if command.ticket_id is None:
        agent = known_agent(state, command.agent_id)
        found = next_for(state, agent)
        if found is None:
            _check_could_work(state, agent)
            return
        named, queue = found
        yield moves.assign(state, named, agent, cause, None, queue=queue, at=at, by=by)
        return
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    agent = known_agent(state, command.agent_id)
    if ticket.state is RoutingState.ASSIGNED and ticket.agent is agent:
        return
    check_free(ticket)
    rests = ticket.state is RoutingState.PARKED and ticket.agent is None
    if not rests:
        check_transition(ticket, ev.TicketAssigned)
    queue = moves.queue_for(state, ticket, agent)
    moves.pass_gate(state, ticket, agent, queue, force=False)
    yield from moves.recall(ticket, cause, at=at)
    if rests:
        yield moves.release(ticket, cause, at=at, by=by)
    yield moves.assign(state, ticket, agent, cause, None, queue=queue, at=at, by=by)


def transfer(state: State, command: Transfer, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Move a ticket to a queue, to an agent, or to an agent in a queue."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    queue = ticket.queue if command.to_queue is None else known_queue(state, command.to_queue)
    agent = None if command.to_agent is None else known_agent(state, command.to_agent)
    check_not_done(ticket)
    arrived, cause = at if command.fresh_place else ticket.arrived, ev.Cause.TRANSFERRED
    if agent is None:
        waits = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
        if queue is not ticket.queue or (command.fresh_place and waits):
            yield from moves.recall(ticket, cause, at=at)
            yield from moves.move(state, ticket, queue, arrived, cause, at=at, by=by)
        return
    stays = ticket.agent is agent and ticket.state is RoutingState.ASSIGNED
    if stays and queue is ticket.queue:
        return
    exceeded = moves.pass_gate(state, ticket, agent, queue, force=command.force)
    yield from moves.recall(ticket, cause, at=at)
    if not stays and ticket.agent is not None:
        yield moves.release(ticket, cause, at=at, by=by)
    if queue is not ticket.queue:
        yield moves.transferred(ticket, queue, arrived, cause, at=at, by=by)
    if not stays:
        if ticket.state is RoutingState.PARKED:
            yield moves.release(ticket, cause, at=at, by=by)
        yield moves.assign(state, ticket, agent, cause, exceeded, at=at, by=by)


def release(state: State, command: Release, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Take a ticket from its agent; it is routed again, or rests until somebody takes it."""
    ticket = known_ticket(state, command.ticket_id)
    check_version(ticket, command.expected_version)
    if command.avoid is not None:
        known_agent(state, command.avoid)
    check_not_done(ticket)
    check_transition(ticket, ev.TicketReleased)
    if ticket.state is RoutingState.OFFERED:
        raise TransitionError(ticket.id, ticket.state.value, ev.TicketReleased.__name__)
    retry = ticket.queue.terms.offer.retry_declined_after
    yield ev.TicketReleased(
        at=at,
        cause=ev.Cause.RELEASED,
        by=by,
        ticket_id=ticket.id,
        agent_id=None if ticket.agent is None else ticket.agent.id,
        avoided=command.avoid,
        retry_at=None if command.avoid is None or retry is None else at + retry,
    )
    if command.hold is not None:
        yield ev.TicketHeld(
            at=at, cause=ev.Cause.RELEASED, by=by, ticket_id=ticket.id, status=command.hold
        )


def _check_could_work(state: State, agent: AgentRecord) -> None:
    """Raise if the agent may get no ticket at all; an agent who may just found none."""
    if agent.first is None:
        raise NotEligibleError(agent.id, None, Reason.NOT_MEMBER.value)
    if agent.presence is not Presence.AVAILABLE:
        raise NotEligibleError(agent.id, None, agent.presence.value)
    if not agent.rare.on_shift:
        raise NotEligibleError(agent.id, None, Reason.OFF_SHIFT.value)
    if any(state.gate.is_open(member) for member in agent.members):
        return
    full = agent.load >= capacity_of(agent.terms, state.gate.defaults)
    reason = Reason.QUEUE_LIMIT
    if full and wrap_ups(agent):
        reason = Reason.WRAP_UP
    elif agent.rare.cooling_until is not None:
        reason = Reason.COOLING_DOWN
    elif full:
        reason = Reason.AGENT_LIMIT
    elif rate_full(agent, (), None):
        reason = Reason.RATE_LIMIT
    raise NotEligibleError(agent.id, None, reason.value)
