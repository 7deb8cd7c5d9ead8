"""What refuses a command before its first event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import evolve, fields_dict

from ticketroute.core.records import AgentRecord, MemberRecord, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.errors import (
    AlreadyAssignedError,
    AlreadyDoneError,
    ConflictError,
    InvalidValueError,
    NoRandomSourceError,
    NotMemberError,
    TimeBackwardsError,
    TransitionError,
    UnknownAgentError,
    UnknownCalendarError,
    UnknownPolicyError,
    UnknownQueueError,
    UnknownTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent
from ticketroute.model.checks import LARGEST, check_id, check_instant, check_whole
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import ROUTING, RoutingState, Status
from ticketroute.model.queue import Queue

T = TypeVar("T", Agent, Queue)

_DONE, _ASSIGNED = RoutingState.DONE, RoutingState.ASSIGNED


def check_call(at: Instant, by: str | None, now: Instant, undrawn: QueueRecord | None) -> None:
    """Raise unless a command may be given at ``at`` in the name of ``by``."""
    check_instant("at", at)
    if by is not None:
        check_id("by", by)
    if at < now:
        raise TimeBackwardsError(at, now)
    if undrawn is not None:
        raise NoRandomSourceError(undrawn.id, str(undrawn.terms.strategy))


# --- is it on the desk ------------------------------------------------------------------------


def known_agent(state: State, agent_id: AgentId) -> AgentRecord:
    """Return an agent of the desk; UnknownAgentError if there is none of this id."""
    if not isinstance(agent_id, str):
        check_id("agent_id", agent_id)
    agent = state.roster.agents.get(agent_id)
    if agent is None:
        raise UnknownAgentError(agent_id)
    return agent


def known_queue(state: State, queue_id: QueueId) -> QueueRecord:
    """Return a queue of the desk; UnknownQueueError if there is none of this id."""
    if not isinstance(queue_id, str):
        check_id("queue_id", queue_id)
    queue = state.roster.queues.get(queue_id)
    if queue is None:
        raise UnknownQueueError(queue_id)
    return queue


def known_ticket(state: State, ticket_id: TicketId) -> TicketRecord:
    """Return a ticket of the desk; UnknownTicketError if there is none of this id."""
    if not isinstance(ticket_id, str):
        check_id("ticket_id", ticket_id)
    ticket = state.tickets.get(ticket_id)
    if ticket is None:
        raise UnknownTicketError(ticket_id)
    return ticket


def known_member(state: State, queue_id: QueueId, agent_id: AgentId) -> MemberRecord:
    """Return an agent's membership of a queue; NotMemberError if there is none."""
    queue = known_queue(state, queue_id)
    known_agent(state, agent_id)
    member = queue.members.get(agent_id)
    if member is None:
        raise NotMemberError(queue_id, agent_id)
    return member


def check_calendar(state: State, calendar_id: CalendarId | None) -> None:
    """Raise UnknownCalendarError unless the desk has the calendar; None passes."""
    if calendar_id is not None and calendar_id not in state.calendars:
        raise UnknownCalendarError(calendar_id)


def check_policy(state: State, policy_id: PolicyId | None) -> None:
    """Raise UnknownPolicyError unless the desk has the policy; None passes."""
    known = (agreement.policy.id for agreement in state.agreements)
    if policy_id is not None and policy_id not in known:
        raise UnknownPolicyError(policy_id)


# --- is the ticket as expected ----------------------------------------------------------------


def check_version(ticket: TicketRecord, expected: int | None) -> None:
    """Raise ConflictError unless the ticket is at the version that the decision was made on."""
    if expected is None:
        return
    check_whole("expected_version", expected, 0, LARGEST)
    if expected != ticket.version:
        raise ConflictError(ticket.id, expected, ticket.version)


def check_not_done(ticket: TicketRecord) -> None:
    """Raise AlreadyDoneError if the ticket is done."""
    if ticket.state is _DONE:
        raise AlreadyDoneError(ticket.id)


def check_transition(ticket: TicketRecord, event: type[ev.TicketEvent]) -> None:
    """Raise TransitionError unless the life cycle allows such an event now."""
    if (ticket.state, event) not in ROUTING:
        raise TransitionError(ticket.id, ticket.state.value, event.__name__)


def check_free(ticket: TicketRecord) -> None:
    """Raise if an agent works the ticket, or if it is done."""
    if ticket.state is _ASSIGNED and ticket.agent is not None:
        raise AlreadyAssignedError(ticket.id, ticket.agent.id)
    check_not_done(ticket)


def check_reopenable(state: State, ticket: TicketRecord) -> None:
    """Raise unless the ticket is resolved and its queue still on the desk."""
    if ticket.status is not Status.RESOLVED:
        raise TransitionError(ticket.id, ticket.status.value, ev.TicketReopened.__name__)
    known_queue(state, ticket.queue.id)


# --- values -----------------------------------------------------------------------------------


def changed_value(thing: str, value: T, changes: Mapping[str, Any]) -> T:
    """Return ``value`` with other fields; InvalidValueError for a field it does not have."""
    allowed = [name for name in fields_dict(type(value)) if name != "id"]
    for name in changes:
        if name not in allowed:
            raise InvalidValueError(f"a field of {thing}", name, f"one of {', '.join(allowed)}")
    return evolve(value, **changes)
