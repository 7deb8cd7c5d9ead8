"""Commands about queues: opening, changing and closing them, with all the tickets in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from ticketroute.commands import AddQueue, ChangeQueue, RemoveQueue
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import (
    changed_value,
    check_calendar,
    check_policy,
    known_queue,
)
from ticketroute.core.facts import held_by
from ticketroute.core.index.roster import memberships
from ticketroute.core.records import QueueRecord
from ticketroute.core.state import State
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
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry
from ticketroute.strategies.contract import Strategy


def add_queue(state: State, command: AddQueue, at: Instant, by: str | None) -> Iterator[ev.Event]:
    """Open a queue; its members are agents of the desk already."""
    queue = command.queue
    if queue.id in state.roster.queues:
        raise DuplicateQueueError(queue.id)
    _check_members(state, queue.members)
    strategy = _strategy_of(state, queue.id, queue.strategy)
    queue = _with_delivery(queue, strategy)
    _check_overflow(state, queue)
    check_calendar(state, queue.calendar)
    check_policy(state, queue.sla)
    yield ev.QueueAdded(at=at, by=by, queue=queue)


def change_queue(
    state: State, command: ChangeQueue, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Change a queue's strategy, members or other fields."""
    queue, changes = known_queue(state, command.queue_id), command.changes
    changed = changed_value("Queue", queue.terms, changes)
    members = changed.members if "members" in changes else None
    changed = evolve(changed, members=EMPTY)
    if members is not None:
        _check_members(state, members)
    changed = _with_delivery(changed, _strategy_of(state, queue.id, changed.strategy))
    if "relaxations" in changes:  # else they lead where they led, gone or not
        _check_overflow(state, changed)
    check_calendar(state, changed.calendar)
    check_policy(state, changed.sla)
    if members is not None:
        yield from _replace_members(queue, members, at=at, by=by)
    if changed != queue.terms:
        before = queue.terms
        yield ev.QueueChanged(at=at, by=by, queue=changed)
        if (changed.calendar, changed.sla) != (before.calendar, before.sla):
            yield from moves.retarget(state, moves.open_tickets(state, queue), at=at)
        if changed.delivery is not before.delivery:
            for ticket in moves.open_tickets(state, queue):
                yield from moves.recall(ticket, ev.Cause.COMMAND, at=at)


def remove_queue(
    state: State, command: RemoveQueue, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Close a queue and move its tickets that are not done to another."""
    queue, queue_id = known_queue(state, command.queue_id), command.queue_id
    target = None if command.move_to is None else known_queue(state, command.move_to)
    if queue_id == state.gate.defaults.queue:
        raise InvalidValueError(
            "queue_id",
            queue_id,
            "another queue than the desk's default; choose another default with change_defaults",
        )
    if target is queue:
        raise InvalidValueError("move_to", command.move_to, "another queue than the one removed")
    for agreement in state.agreements:
        if queue_id in agreement.policy.leads_to():
            raise InUseError("queue", queue_id, f"policy {agreement.policy.id!r}")
    if queue.open_tickets and target is None:
        raise QueueNotEmptyError(queue_id, queue.open_tickets)
    if target is not None:
        tickets = moves.open_tickets(state, queue)
        for ticket in tickets:
            if ticket.agent is not None:  # asks the host's permits before the first event
                moves.may_keep(state, ticket, target)
        for ticket in tickets:
            yield from moves.recall(ticket, ev.Cause.QUEUE_REMOVED, at=at)
            yield from moves.move(
                state, ticket, target, ticket.arrived, ev.Cause.QUEUE_REMOVED, at=at, by=by
            )
    yield from _end_overflow_into(state, queue, at=at)
    yield ev.QueueRemoved(at=at, by=by, queue_id=queue_id)


# --- parts ------------------------------------------------------------------------------------


def _replace_members(
    queue: QueueRecord,
    members: Mapping[AgentId, Membership],
    *,
    at: Instant,
    by: str | None,
) -> Iterator[ev.Event]:
    before = memberships(queue)
    for agent_id in before:
        if agent_id not in members:
            member = queue.members[agent_id]
            yield from moves.end_membership(member, held_by(member.record), at=at, by=by)
    for agent_id, membership in members.items():
        known = before.get(agent_id)
        if known is None:
            yield ev.MemberAdded(
                at=at, by=by, queue_id=queue.id, agent_id=agent_id, membership=membership
            )
        elif known != membership:
            yield ev.MemberChanged(
                at=at, by=by, queue_id=queue.id, agent_id=agent_id, membership=membership
            )
    order = tuple(members)
    if order != tuple(queue.members):
        yield ev.MembersOrdered(at=at, by=by, queue_id=queue.id, order=order)


def _end_overflow_into(state: State, queue: QueueRecord, *, at: Instant) -> Iterator[ev.Event]:
    """Take tickets of other queues out of this one's line. O(open tickets)."""
    cause = ev.Cause.QUEUE_REMOVED
    for ticket in state.open_in_order():
        if queue not in ticket.added:
            continue
        theirs = [
            offer.agent.id for offer in (ticket.offers or {}).values() if offer.queue is queue
        ]
        yield from moves.withdraw(ticket, theirs, cause, at=at)
        others = [each for each in ticket.added if each is not queue]
        yield moves.relaxed(ticket, cause, at=at, added=others)


# --- checks -----------------------------------------------------------------------------------


def _check_members(state: State, members: Mapping[AgentId, Membership]) -> None:
    for agent_id in members:
        if agent_id not in state.roster.agents:
            raise UnknownAgentError(agent_id)


def _check_overflow(state: State, queue: Queue) -> None:
    """Raise if relaxations lead to a queue that is not there, or back here."""
    leads_to = {record.id: overflow_of(record.terms) for record in state.roster.queues.values()}
    leads_to[queue.id] = overflow_of(queue)
    for queue_id in leads_to[queue.id]:
        if queue_id not in leads_to:
            raise UnknownQueueError(queue_id)
    circle = circle_through(queue.id, leads_to)
    if circle:
        raise OverflowCircleError(circle)


def _strategy_of(state: State, queue_id: QueueId, spec: StrategySpec) -> Strategy:
    """Return a strategy as the queue would have it; raises if it cannot be made."""
    strategy = registry.create(spec, source=state.chance)
    if getattr(strategy, "draws", False) and state.chance.source is None:
        raise NoRandomSourceError(queue_id, str(spec))
    return strategy


def _with_delivery(queue: Queue, strategy: Strategy) -> Queue:
    """Return the queue with its delivery: unless named, to offer if the strategy rings all."""
    rings = bool(getattr(strategy, "rings_all", False))
    if queue.delivery is None:
        return evolve(queue, delivery=Delivery.OFFER if rings else Delivery.ASSIGN)
    if rings and queue.delivery is not Delivery.OFFER:
        raise InvalidValueError(
            "Queue.delivery",
            queue.delivery.value,
            f"'offer' for the strategy {str(queue.strategy)!r}, which rings agents",
        )
    return queue


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
