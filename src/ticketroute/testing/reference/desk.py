"""The reference desk: the commands of a desk, answered by looking at everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ticketroute.errors import (
    DuplicateQueueError,
    InUseError,
    InvalidValueError,
    OverflowCircleError,
    QueueNotEmptyError,
    UnknownAgentError,
    UnknownQueueError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Membership
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery, Queue
from ticketroute.testing.reference.agreements import Events
from ticketroute.testing.reference.facts import QueueFacts, TicketFacts
from ticketroute.testing.reference.staffing import Staffing


class ReferenceDesk(Staffing):
    """A desk with the commands and the events of a ``Dispatcher``, and none of its indexes.

    Whatever a dispatcher keeps up to date, this adds up anew; whom a dispatcher finds in an index,
    this finds by looking at everybody. It shares the values and the events with the core, and no
    line that routes. What chance decides it is told through ``luck``. It does not refuse values of
    a wrong type, and knows neither ``preview`` nor ``explain``.

    Cost: O(everything) for every question.

    >>> from ticketroute import Agent, Defaults, Queue, Ticket
    >>> desk = ReferenceDesk(Defaults())
    >>> _ = desk.add_agent(Agent(id="ana"), presence="available", at=0)
    >>> _ = desk.add_queue(Queue(id="mail", members=["ana"]), at=0)
    >>> [type(event).__name__ for event in desk.submit(Ticket(id="t1", queue="mail"), at=5)]
    ['TicketSubmitted', 'TicketAssigned']
    """

    def add_queue(self, queue: Queue, *, at: int, by: str | None = None) -> Events:
        """Open a queue."""
        if queue.id in self.queues:
            raise DuplicateQueueError(queue.id)
        self.check_members(queue.members)
        self.check_overflow(queue)
        self.check_calendar(queue.calendar)
        self.check_policy(queue.sla)
        self.begin(at)
        self.record(ev.QueueAdded(at=at, by=by, queue=queue))
        return self.finish(at)

    def change_queue(
        self, queue_id: QueueId, *, at: int, by: str | None = None, **changes: Any
    ) -> Events:
        """Let a queue work differently."""
        queue = self.known_queue(queue_id)
        before = evolve(queue.queue, members={})
        changed = evolve(before, **changes)
        members = changed.members if "members" in changes else None
        changed = evolve(changed, members={})
        self.check_members(members or {})
        if "relaxations" in changes:
            self.check_overflow(changed)
        self.check_calendar(changed.calendar)
        self.check_policy(changed.sla)
        self.begin(at)
        before = evolve(queue.queue, members={})
        if members is not None:
            self.replace_members(queue, members, at, by)
        if changed != before:
            self.record(ev.QueueChanged(at=at, by=by, queue=changed))
            if (changed.calendar, changed.sla) != (before.calendar, before.sla):
                self.promise_anew(self.open_tickets(queue), at)
            if changed.delivery is not before.delivery:
                self.recall_all(queue, at)
            elif changed.delivery is Delivery.OFFER and (
                (changed.offer, changed.strategy) != (before.offer, before.strategy)
            ):
                self.fresh.extend(self.open_tickets(queue))
        return self.finish(at)

    def remove_queue(
        self,
        queue_id: QueueId,
        *,
        move_to: QueueId | None = None,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Close a queue; its tickets move to another."""
        queue = self.known_queue(queue_id)
        target = None if move_to is None else self.known_queue(move_to)
        if queue_id == self.defaults.queue:
            raise InvalidValueError("queue_id", queue_id, "no default queue")
        if target is queue:
            raise InvalidValueError("move_to", move_to, "another queue than the one removed")
        promises = [each for agreed in self.agreements for each in agreed.policy.targets.values()]
        levels = [level for promise in promises for level in promise.escalations]
        if queue_id in [level.move_to for level in levels]:
            raise InUseError("queue", queue_id, "a policy")
        self.begin(at)
        left = self.open_tickets(queue)
        if left and target is None:
            raise QueueNotEmptyError(queue_id, len(left))
        cause = ev.Cause.QUEUE_REMOVED
        if target is not None:
            for ticket in left:
                self.recall(ticket, cause, at)
                self.move(ticket, target, ticket.arrived, cause, at, by)
        for ticket in list(self.tickets.values()):
            if queue in ticket.added:
                self.end_overflow(ticket, queue, at)
        self.record(ev.QueueRemoved(at=at, by=by, queue_id=queue_id))
        return self.finish(at)

    # --- steps ------------------------------------------------------------------------------

    def open_tickets(self, queue: QueueFacts) -> list[TicketFacts]:
        """Return a queue's tickets that are not done, by first arrival."""
        mine = [
            ticket
            for ticket in self.tickets.values()
            if ticket.queue is queue and ticket.state is not RoutingState.DONE
        ]
        return sorted(mine, key=lambda ticket: (ticket.arrived, ticket.ordinal))

    def recall_all(self, queue: QueueFacts, at: int) -> None:
        """Have back whatever a queue has put to agents."""
        for ticket in self.open_tickets(queue):
            if ticket.state is RoutingState.OFFERED:
                self.recall(ticket, ev.Cause.COMMAND, at)
                self.fresh.append(ticket)

    def end_overflow(self, ticket: TicketFacts, queue: QueueFacts, at: int) -> None:
        """Let a ticket no longer wait in a queue beside its own."""
        cause = ev.Cause.QUEUE_REMOVED
        asked = [who for who, offer in ticket.offers.items() if offer.queue is queue]
        self.withdraw(ticket, asked, cause, at)
        self.record(
            ev.TicketRelaxed(
                at=at,
                cause=cause,
                ticket_id=ticket.id,
                step=ticket.relaxed,
                skills=read_only(ticket.skills),
                reach=ticket.reach,
                priority=ticket.ticket.priority.__class__(ticket.priority),
                added=tuple(each.queue.id for each in ticket.added if each is not queue),
            )
        )
        self.fresh.append(ticket)

    def replace_members(
        self,
        queue: QueueFacts,
        members: Mapping[AgentId, Membership],
        at: int,
        by: str | None,
    ) -> None:
        """Let exactly these serve a queue, in this order."""
        queue_id = queue.queue.id
        for agent_id in list(queue.members):
            if agent_id not in members:
                self.end_membership(queue, agent_id, at, by)
        for agent_id, terms in members.items():
            kind = ev.MemberChanged if agent_id in queue.members else ev.MemberAdded
            if queue.members.get(agent_id) != terms:
                self.record(
                    kind(at=at, by=by, queue_id=queue_id, agent_id=agent_id, membership=terms)
                )
        if tuple(members) != tuple(queue.members):
            order = tuple(members)
            self.record(ev.MembersOrdered(at=at, by=by, queue_id=queue_id, order=order))

    def check_members(self, members: Mapping[AgentId, Membership]) -> None:
        """Refuse members whom nobody knows."""
        for agent_id in members:
            if agent_id not in self.agents:
                raise UnknownAgentError(agent_id)

    def check_overflow(self, queue: Queue) -> None:
        """Refuse relaxations to where nothing is, or in a circle."""
        ways = {each: leads_to(known.queue) for each, known in self.queues.items()}
        ways[queue.id] = leads_to(queue)
        for target in ways[queue.id]:
            if target not in ways:
                raise UnknownQueueError(target)
        reached = set(ways[queue.id])
        for _ in ways:  # as often as there are queues, so that nothing further can be reached
            reached |= {target for here in reached for target in ways.get(here, ())}
        if queue.id in reached:
            raise OverflowCircleError((queue.id, queue.id))


def leads_to(queue: Queue) -> list[QueueId]:
    """Return where a queue's relaxations lead."""
    targets = [target for step in queue.relaxations for target in (step.add_queue, step.move_to)]
    return [target for target in targets if target is not None]
