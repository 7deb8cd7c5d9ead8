"""Commands about queues: opening, changing and closing them, with all the tickets in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ticketroute.core.records import QueueRecord, TicketRecord
from ticketroute.core.roster import draws, memberships
from ticketroute.core.steps import Steps, changed_value, check_kind
from ticketroute.core.store import skills_of
from ticketroute.errors import (
    DuplicateQueueError,
    InUseError,
    InvalidValueError,
    NoRandomSourceError,
    OverflowCircleError,
    QueueNotEmptyError,
    UnknownAgentError,
    UnknownQueueError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Membership
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry


class Departments(Steps):
    """What a supervisor does with queues: no ticket is lost in any of it."""

    def add_queue(
        self, queue: Queue, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Open a queue. Its members are agents of the desk already. O(members log members).

        Raises:
            DuplicateQueueError: if the id is taken.
            UnknownAgentError: if a member is not on the desk.
            UnknownStrategyError: if the strategy cannot be made.
            UnknownCalendarError, UnknownPolicyError: if it names one that the desk does not have.
            InvalidValueError: if the strategy cannot be made.
        """
        check_kind("queue", queue, Queue)
        if queue.id in self._state.roster.queues:
            raise DuplicateQueueError(queue.id)
        self._check_members(queue.members)
        self._check_strategy(queue.id, queue.strategy)
        self._check_overflow(queue)
        self._check_calendar(queue.calendar)
        self._check_policy(queue.sla)
        self._begin(at, by)
        self._record(ev.QueueAdded(at=at, by=by, queue=queue))
        return self._finish(at)

    def change_queue(
        self, queue_id: QueueId, *, at: Instant, by: str | None = None, **changes: Any
    ) -> tuple[ev.Event, ...]:
        """Let a queue work differently: ``changes`` are fields of ``Queue`` with new values.

        A new strategy takes over at once and knows nothing of the old one's turns. New
        ``members`` replace the old: who is no longer among them leaves as in ``remove_member``.
        O(members log members), and O(waiting log waiting) for another order of the line.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            UnknownStrategyError: if there is no such strategy.
            UnknownCalendarError, UnknownPolicyError: if it names one that the desk does not have.
            InvalidValueError: if a value is outside what its field allows.
        """
        queue = self._queue(queue_id)
        changed = changed_value("Queue", queue.queue, changes)
        members = changed.members if "members" in changes else None
        changed = evolve(changed, members=EMPTY)
        if members is not None:
            self._check_members(members)
        self._check_strategy(queue_id, changed.strategy)
        if "relaxations" in changes:  # else they lead where they led, gone or not
            self._check_overflow(changed)
        self._check_calendar(changed.calendar)
        self._check_policy(changed.sla)
        self._begin(at, by)
        if members is not None:
            self._replace_members(queue, members, at=at, by=by)
        if changed != queue.queue:
            before = queue.queue
            redelivers = changed.delivery is not before.delivery
            asks_more = (changed.offer, changed.strategy) != (before.offer, before.strategy)
            self._record(ev.QueueChanged(at=at, by=by, queue=changed))
            if (changed.calendar, changed.sla) != (before.calendar, before.sla):
                self._retarget(self._open_tickets(queue), at=at)
            if redelivers:
                self._recall_all(queue, at=at)
            elif asks_more and changed.delivery is Delivery.OFFER:
                self._fresh.extend(self._open_tickets(queue))  # who is asked may not be enough now
        return self._finish(at)

    def remove_queue(
        self,
        queue_id: QueueId,
        *,
        move_to: QueueId | None = None,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Close a queue, and move its tickets that are not done to another.

        They keep their place by first arrival; who works one keeps it if the other queue lets
        them. O(tickets of the desk).

        Raises:
            UnknownQueueError: if either queue is not on the desk.
            QueueNotEmptyError: if there are such tickets and no queue is named for them.
            InUseError: if an escalation level moves tickets there.
        """
        queue = self._queue(queue_id)
        target = None if move_to is None else self._queue(move_to)
        if queue_id == self._state.gate.defaults.queue:
            raise InvalidValueError(
                "queue_id", queue_id, "no default queue: name another with change_defaults first"
            )
        if target is queue:
            raise InvalidValueError("move_to", move_to, "another queue than the one removed")
        for agreement in self._state.agreements:
            if queue_id in agreement.policy.leads_to():
                raise InUseError("queue", queue_id, f"policy {agreement.policy.id!r}")
        self._begin(at, by)
        if queue.open_tickets and target is None:
            raise QueueNotEmptyError(queue_id, queue.open_tickets)
        if target is not None:
            for ticket in self._open_tickets(queue):
                self._recall(ticket, ev.Cause.QUEUE_REMOVED, at=at)
                self._move(ticket, target, ticket.arrived, ev.Cause.QUEUE_REMOVED, at=at, by=by)
        self._end_overflow_into(queue, at=at)
        self._record(ev.QueueRemoved(at=at, by=by, queue_id=queue_id))
        return self._finish(at)

    # --- steps ------------------------------------------------------------------------------

    def _replace_members(
        self,
        queue: QueueRecord,
        members: Mapping[AgentId, Membership],
        *,
        at: Instant,
        by: str | None,
    ) -> None:
        before = memberships(queue)
        for agent_id in before:
            if agent_id not in members:
                self._end_membership(queue.members[agent_id], at=at, by=by)
        for agent_id, membership in members.items():
            known = before.get(agent_id)
            if known is None:
                event: ev.Event = ev.MemberAdded(
                    at=at, by=by, queue_id=queue.id, agent_id=agent_id, membership=membership
                )
            elif known != membership:
                event = ev.MemberChanged(
                    at=at, by=by, queue_id=queue.id, agent_id=agent_id, membership=membership
                )
            else:
                continue
            self._record(event)
        order = tuple(members)
        if order != tuple(queue.members):
            self._record(ev.MembersOrdered(at=at, by=by, queue_id=queue.id, order=order))

    def _recall_all(self, queue: QueueRecord, *, at: Instant) -> None:
        """Have back what a queue has put to agents: it delivers in another way from now on."""
        for ticket in self._open_tickets(queue):
            if ticket.state is RoutingState.OFFERED:
                self._recall(ticket, ev.Cause.COMMAND, at=at)
                self._fresh.append(ticket)

    def _end_overflow_into(self, queue: QueueRecord, *, at: Instant) -> None:
        """Let tickets of other queues no longer wait in this one. O(tickets of the desk)."""
        cause = ev.Cause.QUEUE_REMOVED
        for ticket in self._state.tickets.values():
            if queue not in ticket.added:
                continue
            for offer in list((ticket.offers or {}).values()):
                if offer.queue is queue:
                    self._withdraw(ticket, (offer.agent.id,), cause, at=at)
            self._record(
                ev.TicketRelaxed(
                    at=at,
                    cause=cause,
                    ticket_id=ticket.id,
                    step=ticket.past.relaxed,
                    skills=skills_of(ticket),
                    reach=ticket.asks.reach,
                    priority=ticket.priority,
                    added=tuple(each.id for each in ticket.added if each is not queue),
                )
            )
            self._fresh.append(ticket)

    def _open_tickets(self, queue: QueueRecord) -> list[TicketRecord]:
        """Return a queue's tickets that are not done, by first arrival. O(tickets of the desk)."""
        mine = [
            ticket
            for ticket in self._state.tickets.values()
            if ticket.queue is queue and ticket.state is not RoutingState.DONE
        ]
        return sorted(mine, key=lambda ticket: (ticket.arrived, ticket.ordinal))

    def _check_members(self, members: Mapping[AgentId, Membership]) -> None:
        for agent_id in members:
            if agent_id not in self._state.roster.agents:
                raise UnknownAgentError(agent_id)

    def _check_overflow(self, queue: Queue) -> None:
        """Refuse relaxations into a queue that is not there, or that leads back here."""
        leads_to = {
            record.id: overflow_of(record.queue) for record in self._state.roster.queues.values()
        }
        leads_to[queue.id] = overflow_of(queue)
        for queue_id in leads_to[queue.id]:
            if queue_id not in leads_to:
                raise UnknownQueueError(queue_id)
        circle = circle_through(queue.id, leads_to)
        if circle:
            raise OverflowCircleError(circle)

    def _check_strategy(self, queue_id: QueueId, spec: StrategySpec) -> None:
        strategy = registry.create(spec, source=self._state.chance)
        if draws(strategy) and self._state.chance.source is None:
            raise NoRandomSourceError(queue_id, str(spec))


def overflow_of(queue: Queue) -> tuple[QueueId, ...]:
    """Return the queues that a queue's relaxations lead to."""
    targets = (target for step in queue.relaxations for target in (step.add_queue, step.move_to))
    return tuple(dict.fromkeys(target for target in targets if target is not None))


def circle_through(
    start: QueueId, leads_to: Mapping[QueueId, tuple[QueueId, ...]]
) -> tuple[QueueId, ...]:
    """Return a way from ``start`` back to it, or nothing. O(queues + ways)."""
    came_by: dict[QueueId, QueueId] = {}
    ahead = [start]
    while ahead:
        here = ahead.pop()
        for target in leads_to.get(here, ()):
            if target == start:
                way = [start, here]
                while way[-1] != start:
                    way.append(came_by[way[-1]])
                return tuple(reversed(way))
            if target not in came_by:
                came_by[target] = here
                ahead.append(target)
    return ()
