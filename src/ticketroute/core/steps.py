"""Checks and moves that several commands share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from attrs import evolve, fields_dict

from ticketroute.core.conductor import Conductor
from ticketroute.core.delivery import grant_wish
from ticketroute.core.gate import Holding, cost_of
from ticketroute.core.records import AgentRecord, Demand, MemberRecord, QueueRecord, TicketRecord
from ticketroute.core.store import holds_slot
from ticketroute.core.timekeeping import follow_up
from ticketroute.errors import (
    AlreadyAssignedError,
    AlreadyDoneError,
    ConflictError,
    InvalidValueError,
    NotEligibleError,
    TransitionError,
    UnknownCalendarError,
    UnknownPolicyError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent
from ticketroute.model.checks import LARGEST, check_whole
from ticketroute.model.ids import CalendarId, PolicyId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import ROUTING, RoutingState, Status
from ticketroute.model.queue import Queue, ResumeRule
from ticketroute.model.reasons import Reason
from ticketroute.sla.follow import Occasion

T = TypeVar("T", Agent, Queue)

_DONE = RoutingState.DONE


class Steps(Conductor):
    """What a ticket goes through in more than one command."""

    # --- checks -----------------------------------------------------------------------------

    def _check_version(self, ticket: TicketRecord, expected: int | None) -> None:
        if expected is not None:
            check_whole("expected_version", expected, 0, LARGEST)
        if expected is not None and expected != ticket.version:
            raise ConflictError(ticket.id, expected, ticket.version)

    def _check_open(self, ticket: TicketRecord, expected: int | None) -> None:
        """Refuse a ticket that has changed meanwhile, or that is done."""
        if expected is not None:
            self._check_version(ticket, expected)
        if ticket.state is _DONE:
            self._check_not_done(ticket)

    def _check_not_done(self, ticket: TicketRecord) -> None:
        if ticket.state is RoutingState.DONE:
            raise AlreadyDoneError(ticket.id)

    def _check_step(self, ticket: TicketRecord, step: type[ev.TicketEvent]) -> None:
        """Refuse what the life cycle has no step for."""
        if (ticket.state, step) not in ROUTING:
            raise TransitionError(ticket.id, ticket.state.value, step.__name__)

    def _check_free(self, ticket: TicketRecord, expected_version: int | None) -> None:
        """Refuse a ticket that somebody works, or that is done, or has changed meanwhile."""
        if ticket.state is RoutingState.ASSIGNED and ticket.agent is not None:
            raise AlreadyAssignedError(ticket.id, ticket.agent.id)
        self._check_not_done(ticket)
        self._check_version(ticket, expected_version)

    def _pass_gate(
        self,
        ticket: TicketRecord,
        record: AgentRecord,
        queue: QueueRecord,
        *,
        force: bool = False,
    ) -> Reason | None:
        """Ask the gate about a ticket and an agent; return what force overrules, if anything."""
        reason = self._gate_reason(ticket, record, queue)
        if reason is not None and not force:
            raise NotEligibleError(record.id, ticket.id, reason.value)
        return reason

    def _queue_for(self, ticket: TicketRecord, record: AgentRecord) -> QueueRecord:
        """Return through which of its queues an agent gets a ticket: one that lets them, if any."""
        serves = [queue for queue in (ticket.queue, *ticket.added) if record.id in queue.members]
        lets = (queue for queue in serves if self._gate_reason(ticket, record, queue) is None)
        return next(lets, serves[0] if serves else ticket.queue)

    def _gate_reason(
        self, ticket: TicketRecord, record: AgentRecord, queue: QueueRecord
    ) -> Reason | None:
        """Return why an agent may not have a ticket in a queue, if so.

        What they hold of this very ticket does not stand in its way.
        """
        member = queue.members.get(record.id)
        if member is None:
            return Reason.NOT_MEMBER
        own: list[Holding] = [ticket] if holds_slot(record, ticket) else []
        if ticket.offers and record.id in ticket.offers:
            own.append(ticket.offers[record.id])
        demand = self._state.demand_of(ticket, queue, asked=False)
        return self._state.gate.refusal(member, demand, without=own)

    def _check_calendar(self, calendar_id: CalendarId | None) -> None:
        if calendar_id is not None and calendar_id not in self._state.calendars:
            raise UnknownCalendarError(calendar_id)

    def _check_policy(self, policy_id: PolicyId | None) -> None:
        known = (agreement.policy.id for agreement in self._state.agreements)
        if policy_id is not None and policy_id not in known:
            raise UnknownPolicyError(policy_id)

    # --- moves ------------------------------------------------------------------------------

    def _assign(
        self,
        ticket: TicketRecord,
        record: AgentRecord,
        cause: ev.Cause,
        exceeded: Reason | None,
        *,
        queue: QueueRecord | None = None,
        at: Instant,
        by: str | None,
    ) -> None:
        """Give a ticket to an agent whom somebody named, through a queue; default, its own."""
        self._record(
            ev.TicketAssigned(
                at=at,
                cause=cause,
                by=by,
                ticket_id=ticket.id,
                queue_id=(queue or ticket.queue).id,
                agent_id=record.id,
                cost=cost_of(record.agent, self._demand(ticket)),
                exceeded=None if exceeded is None else exceeded.value,
            )
        )

    def _move(
        self,
        ticket: TicketRecord,
        target: QueueRecord,
        arrived: Instant,
        cause: ev.Cause,
        *,
        at: Instant,
        by: str | None,
    ) -> None:
        """Move a ticket to another queue; its agent keeps it if that queue lets them."""
        if ticket.agent is not None and not self._may_keep(ticket, target):
            self._let_go(ticket, cause=cause, at=at, by=by)
        self._record(
            ev.TicketTransferred(
                at=at,
                cause=cause,
                by=by,
                ticket_id=ticket.id,
                from_queue=ticket.queue.id,
                to_queue=target.id,
                arrived=arrived,
            )
        )
        if ticket.state is RoutingState.WAITING:
            self._fresh.append(ticket)

    def _may_keep(self, ticket: TicketRecord, target: QueueRecord) -> bool:
        """Say whether the agent of a ticket keeps it in the target queue.

        A ticket on hold asks for no room, unless it begins to count there: to be a member is
        enough.
        """
        assert ticket.agent is not None
        begins_to_count = target.queue.parked_counts and not holds_slot(ticket.agent, ticket)
        if ticket.state is RoutingState.PARKED and not begins_to_count:
            return ticket.agent.id in target.members
        return self._gate_reason(ticket, ticket.agent, target) is None

    def _end_membership(self, member: MemberRecord, *, at: Instant, by: str | None) -> None:
        theirs = [ticket for ticket in self._held_by(member.record) if ticket.queue is member.queue]
        cause = ev.Cause.MEMBERSHIP_ENDED
        self._part_with(member.record, (member.queue,), cause, at=at)
        self._release(theirs, cause=cause, at=at, by=by)
        self._record(
            ev.MemberRemoved(at=at, by=by, queue_id=member.queue.id, agent_id=member.agent_id)
        )

    def _part_with(
        self, record: AgentRecord, queues: Iterable[QueueRecord], cause: ev.Cause, *, at: Instant
    ) -> None:
        """Withdraw an agent's open offers of queues, and let no ticket there wait for them."""
        gone = set(queues)
        for offer in list(record.rare.offers.values()):
            if offer.queue in gone:
                self._withdraw(offer.record, (record.id,), cause, at=at)
                self._fresh.append(offer.record)
        for ticket in list(record.rare.reserved.values()):
            if ticket.queue in gone:
                self._record(ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id))
                self._fresh.append(ticket)

    def _resume(
        self, ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
    ) -> None:
        """Let a ticket come back from hold: to its agent if the rule lets it, else to its line."""
        record = ticket.agent
        if record is not None and self._may_resume(ticket, record):
            self._record(
                ev.TicketResumed(
                    at=at,
                    cause=cause,
                    by=by,
                    ticket_id=ticket.id,
                    agent_id=record.id,
                    cost=cost_of(record.agent, self._demand(ticket)),
                )
            )
            return
        self._let_go(ticket, cause=ev.Cause.RESUMED, at=at, by=by)
        self._fresh.append(ticket)

    def _may_resume(self, ticket: TicketRecord, record: AgentRecord) -> bool:
        if ticket.queue.queue.resume is ResumeRule.STICKY:
            return True
        reason = self._gate_reason(ticket, record, ticket.queue)
        return reason in (None, Reason.RATE_LIMIT)  # which is for new tickets: this one was theirs

    def _check_reopenable(self, ticket: TicketRecord) -> None:
        """Refuse what is not resolved, or belongs to a queue that is gone."""
        if ticket.status is not Status.RESOLVED:
            raise TransitionError(ticket.id, ticket.status.value, ev.TicketReopened.__name__)
        self._queue(ticket.queue.id)

    def _reopen(
        self, ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
    ) -> None:
        """Make a resolved ticket work again, for its last agent if they may have it.

        All that could refuse it has been checked.
        """
        self._end_wrap_up(ticket, ev.Cause.REOPENED, at=at, by=by)
        self._record(ev.TicketReopened(at=at, cause=cause, by=by, ticket_id=ticket.id))
        wished = grant_wish(self._state, ticket, at=at)
        if wished is not None:
            self._record(wished)
        self._fresh.append(ticket)  # after an offer as well: its queue may ask several at once

    def _end_wrap_up(
        self, ticket: TicketRecord, cause: ev.Cause, *, at: Instant, by: str | None
    ) -> None:
        if ticket.wrap_up_until is not None and ticket.agent is not None:
            self._record(
                ev.WrapUpEnded(
                    at=at, cause=cause, by=by, agent_id=ticket.agent.id, ticket_id=ticket.id
                )
            )

    def _retarget(self, tickets: Iterable[TicketRecord], *, at: Instant) -> None:
        """Let the clocks of tickets follow what is promised by now."""
        for ticket in list(tickets):
            if ticket.state is not RoutingState.DONE:
                for event in follow_up(
                    self._state, ticket, Occasion.CHANGED, cause=ev.Cause.COMMAND, at=at
                ):
                    self._record(event)

    def _demand(self, ticket: TicketRecord) -> Demand:
        return self._state.demand_of(ticket)


def changed_value(thing: str, value: T, changes: Mapping[str, Any]) -> T:
    """Return ``value`` with other fields; its id stays."""
    allowed = [name for name in fields_dict(type(value)) if name != "id"]
    for name in changes:
        if name not in allowed:
            raise InvalidValueError(f"a field of {thing}", name, f"one of {', '.join(allowed)}")
    return evolve(value, **changes)


def check_kind(thing: str, value: object, kind: type) -> None:
    """Refuse what is no instance of ``kind``; the error names ``thing``."""
    if not isinstance(value, kind):
        raise InvalidValueError(thing, value, f"of type {kind.__name__}")
