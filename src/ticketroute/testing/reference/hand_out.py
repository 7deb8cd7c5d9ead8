"""Who gets what next, and what time alone does: the rules of ``docs/explanation/waiting-lines.md``.

Every function here yields events. Each has to have happened before the next is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery, Departure
from ticketroute.model.relaxation import Relaxation
from ticketroute.model.ticket import LIVE_CHANNELS, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.policy import Escalation, Metric
from ticketroute.testing.reference import choose, clocks, gate
from ticketroute.testing.reference.facts import (
    SEARCHING,
    Ask,
    Due,
    Facts,
    Kind,
    OfferFacts,
    QueueFacts,
    TicketFacts,
    retry_after,
)

Events = Iterator[ev.Event]
TIME = ev.Cause.TIME


# --- the hand-out -------------------------------------------------------------------------------


def hand_out(facts: Facts, cause: ev.Cause, at: int) -> Events:
    """Give tickets to agents until nobody may get any more; of one instant, all at once.

    1. Tickets no longer wait for an agent who can no longer get them, and no room is held by one.
    2. While some ticket that searches finds an agent, the best of the first of all queues goes.
    3. An agent begins to hold room for the first ticket of a line that has waited too long.
    4. Loose tickets that found nobody stand in line.
    5. Tickets for which nobody is there take their next step, if it skips the wait.
    Then from the beginning, until nothing happens.
    """
    before = -1
    while before != facts.events:
        before = facts.events
        yield from end_waiting(facts, cause, at)
        while (best := first_of_all(facts)) is not None:
            yield from give(facts, best, at)
        yield from hold_room(facts, at)
        yield from stand_in_line(facts, at)
        yield from skip_waits(facts, at)
    facts.loose.clear()


def end_waiting(facts: Facts, cause: ev.Cause, at: int) -> Events:
    """End reservations and held room of agents who can no longer get the ticket."""
    told: dict[str, Any] = {"at": at, "cause": cause}
    reserved = [each for each in facts.tickets.values() if each.reserved is not None]
    for ticket in sorted(reserved, key=lambda ticket: ticket.reserved_by):
        if ticket.reserved is not None and not gate.could_get(facts, ticket.reserved, ticket):
            yield ev.ReserveEnded(**told, ticket_id=ticket.id)
    holding = [each for each in facts.tickets.values() if each.room_of is not None]
    for ticket in sorted(holding, key=lambda ticket: ticket.room_by):
        if ticket.room_of is not None and not gate.could_get(facts, ticket.room_of, ticket):
            yield ev.RoomReleased(**told, ticket_id=ticket.id, agent_id=ticket.room_of)


class Found(NamedTuple):
    """A ticket that finds an agent in a queue."""

    rank: tuple[int, ...]
    ticket: TicketFacts
    ask: Ask
    wish: tuple[AgentId, ev.Cause] | None


def first_of_all(facts: Facts) -> Found | None:
    """Return the best of the first tickets of all queues; a queue that is pulled hands out none."""
    handing = [q for q in facts.queues.values() if q.queue.delivery is not Delivery.PULL]
    firsts = [first_of(facts, queue) for queue in handing]
    found = [each for each in firsts if each is not None]
    return min(found, key=lambda each: each.rank, default=None)


def first_of(facts: Facts, queue: QueueFacts) -> Found | None:
    """Return the first ticket of a queue, in line or loose, that finds an agent there."""
    for ticket in choose.in_order(facts, queue):
        ask, wish = gate.ask_of(facts, ticket, queue), choose.wish(facts, ticket, queue)
        if wish is None and choose.waits_for(facts, ticket) is not None:
            continue
        whole_ring = ticket.rings_everyone and queue.queue.delivery is Delivery.OFFER
        some = choose.choose_all(facts, ticket, ask) if whole_ring else gate.eligible(facts, ask)
        if some:
            return Found(choose.rank(ticket, queue), ticket, ask, wish)
    return None


def give(facts: Facts, found: Found, at: int) -> Events:
    """Give a ticket to whom it wishes, else to whom the strategy asks: to one, or as it wants."""
    _, ticket, ask, wish = found
    by_strategy = ev.Cause.FREED if ticket.in_line else ev.Cause.ROUTED
    if wish is not None:
        given = choose.hand_over(facts, ticket, ask, choose.Choice(wish[0]), wish[1], at)
        planned: list[ev.Event] = [given]
    elif ask.queue.queue.delivery is Delivery.OFFER:
        planned = [*choose.offers_to_make(facts, ticket, ask, by_strategy, at)]
    else:
        choice = choose.choose(facts, ticket, ask)
        assert choice is not None
        planned = [choose.hand_over(facts, ticket, ask, choice, by_strategy, at)]
    if ask.queue.queue.delivery is not Delivery.OFFER:
        yield from withdraw(ticket, ticket.offers, ev.Cause.ANSWERED, at)
    yield from planned


def hold_room(facts: Facts, at: int) -> Events:
    """Hold room for the first ticket of each line that has waited for it too long."""
    for queue in facts.queues.values():
        own = [each for each in choose.in_order(facts, queue) if each.queue is queue]
        waits = [each for each in own if each.state is RoutingState.WAITING]
        held = queue.queue.hold_room_after is not None and queue.queue.delivery is not Delivery.PULL
        if held and waits and waits[0].room_wanted and waits[0].room_of is None:
            agent_id = least_to_free(facts, waits[0], queue)
            if agent_id is not None:
                cause = ev.Cause.ROUTED
                yield ev.RoomHeld(at=at, cause=cause, ticket_id=waits[0].id, agent_id=agent_id)


def least_to_free(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> AgentId | None:
    """Return the agent who would have to finish least to get a ticket, of those only too full."""
    ask = gate.ask_of(facts, ticket, queue)

    def is_only_full(agent_id: AgentId) -> bool:
        why = set(gate.reasons(facts, agent_id, ask))
        heavy = gate.cost(facts.agents[agent_id].agent, ask) > 1  # else the first unit is its own
        return heavy and "agent_limit" in why and why <= {"agent_limit", "wrap_up"}

    def to_free(agent_id: AgentId) -> int:
        costs = gate.cost(facts.agents[agent_id].agent, ask)
        return gate.load(facts, agent_id) + costs - gate.capacity(facts, agent_id)

    full = [who for who in queue.members if gate.could_get(facts, who, ticket)]
    full = [who for who in full if is_only_full(who) and gate.held_for(facts, who) is None]
    return min(choose.ordered(facts, queue, ask.skills, full), key=to_free, default=None)


def stand_in_line(facts: Facts, at: int) -> Events:
    """Put loose tickets that found nobody in line: queue by queue, each at the last of its own."""
    waiting = [each for each in facts.loose if each.wants and not each.in_line]
    queues = list(dict.fromkeys(queue for each in waiting for queue in each.queues))
    for queue in queues:
        here = [t for t in waiting if max(t.queues, key=queues.index) is queue]
        for ticket in sorted(here, key=lambda ticket: choose.place(facts, ticket, queue)):
            told: dict[str, Any] = {"at": at, "ticket_id": ticket.id}
            if ticket.offers:
                asked = len(ticket.offers)
                told |= {"cause": ev.Cause.ROUTED, "open": asked, "wanted": ticket.wants + asked}
                yield ev.OfferShort(**told)
                continue
            handing = any(q.queue.delivery is not Delivery.PULL for q in ticket.queues)
            agent_id = choose.waits_for(facts, ticket)
            if handing and agent_id is not None:
                until = at + ticket.queue.queue.affinity_wait
                told["cause"] = ev.Cause.PREFERRED
                yield ev.TicketReserved(**told, agent_id=agent_id, until=until)
            told |= {"cause": ev.Cause.ROUTED, "queue_id": ticket.queue.queue.id}
            reason = gate.nearest_reason(facts, ticket)
            yield ev.TicketQueued(**told, reason=ev.WaitReason(reason))


def skip_waits(facts: Facts, at: int) -> Events:
    """Take the next step of all tickets for which nobody is there, where it skips the wait."""
    waiting = [t for t in facts.tickets.values() if t.state is RoutingState.WAITING and t.in_line]
    for ticket in waiting:
        step = next_step(ticket)
        reason = ev.WaitReason(gate.nearest_reason(facts, ticket))
        if step is not None and step.skip_wait and reason in ev.NOBODY_THERE:
            yield from relax(facts, ticket, at)


# --- moves of a ticket --------------------------------------------------------------------------


def withdraw(ticket: TicketFacts, agents: Iterable[AgentId], cause: ev.Cause, at: int) -> Events:
    """End offers of a ticket without the agents' doing."""
    for agent_id in list(agents):
        yield ev.OfferWithdrawn(at=at, cause=cause, ticket_id=ticket.id, agent_id=agent_id)


def let_go(ticket: TicketFacts, cause: ev.Cause, at: int, by: str | None = None) -> Events:
    """Take a ticket from its agent, if it has one; it searches anew."""
    yield ev.TicketReleased(at=at, cause=cause, by=by, ticket_id=ticket.id, agent_id=ticket.agent)


def recall(ticket: TicketFacts, cause: ev.Cause, at: int) -> Events:
    """Withdraw all offers of a ticket that is offered; it waits again."""
    if ticket.state is RoutingState.OFFERED:
        yield from withdraw(ticket, ticket.offers, cause, at)
        yield from let_go(ticket, cause, at)


def transferred(
    ticket: TicketFacts, target: QueueFacts, arrived: int, cause: ev.Cause, at: int, by: str | None
) -> ev.Event:
    """Return the event by which a ticket moves to another queue."""
    return ev.TicketTransferred(
        at=at,
        cause=cause,
        by=by,
        ticket_id=ticket.id,
        from_queue=ticket.queue.queue.id,
        to_queue=target.queue.id,
        arrived=arrived,
    )


def move(
    facts: Facts,
    ticket: TicketFacts,
    target: QueueFacts,
    arrived: int,
    cause: ev.Cause,
    at: int,
    by: str | None = None,
) -> Events:
    """Move a ticket to another queue; its agent keeps it if that queue lets them."""
    yield from recall(ticket, cause, at)
    if ticket.agent is not None and not may_keep(facts, ticket, ticket.agent, target):
        yield from let_go(ticket, cause, at, by)
    yield transferred(ticket, target, arrived, cause, at, by)


def may_keep(facts: Facts, ticket: TicketFacts, agent_id: AgentId, target: QueueFacts) -> bool:
    """Return whether the agent of a ticket keeps it in another queue."""
    begins_to_count = target.queue.parked_counts and not ticket.counts
    if ticket.state is RoutingState.PARKED and not begins_to_count:
        return agent_id in target.members
    return why_not(facts, ticket, agent_id, target) is None


def why_not(facts: Facts, ticket: TicketFacts, agent_id: AgentId, queue: QueueFacts) -> str | None:
    """Return why an agent may not have a ticket by hand, what they hold of it left out."""
    ask = gate.ask_of(facts, ticket, queue, by_hand=True)
    return gate.reason(facts, agent_id, ask, without=ticket.id)


def part(
    facts: Facts, agent_id: AgentId, queues: Iterable[QueueFacts], cause: ev.Cause, at: int
) -> Events:
    """End the offers to an agent, and the waiting for them, in queues that they leave."""
    left = list(queues)
    for offer in gate.offers(facts, agent_id):
        if offer.queue in left:
            yield from withdraw(offer.of, [agent_id], cause, at)
    for ticket in reserved_for(facts, agent_id):
        if ticket.queue in left:
            yield ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id)


def withdraw_from(facts: Facts, agent_id: AgentId, at: int) -> Events:
    """End the offers to an agent, and the waiting for them, where they are no longer there."""
    for offer in gate.offers(facts, agent_id):
        if not gate.is_there(facts, agent_id, offer.queue, offer.of.ticket.channel):
            yield from withdraw(offer.of, [agent_id], ev.Cause.AWAY, at)
    for ticket in reserved_for(facts, agent_id):
        if not gate.is_there(facts, agent_id, ticket.queue, ticket.ticket.channel):
            yield ev.ReserveEnded(at=at, cause=ev.Cause.AWAY, ticket_id=ticket.id)


def reserved_for(facts: Facts, agent_id: AgentId) -> list[TicketFacts]:
    """Return the tickets that wait for an agent only, in the order in which they began to."""
    waiting = [ticket for ticket in facts.tickets.values() if ticket.reserved == agent_id]
    return sorted(waiting, key=lambda ticket: ticket.reserved_by)


def next_step(ticket: TicketFacts) -> Relaxation | None:
    """Return the next step of a ticket's schedule, if it searches and there is one."""
    steps = ticket.queue.queue.relaxations[ticket.relaxed :]
    return steps[0] if steps and ticket.waiting_since is not None else None


def relax(facts: Facts, ticket: TicketFacts, at: int) -> Events:
    """Take the next step of a ticket's schedule."""
    step = next_step(ticket)
    assert step is not None
    added = [queue.queue.id for queue in ticket.added]
    if step.add_queue in facts.queues and step.add_queue not in [*added, ticket.queue.queue.id]:
        added.append(step.add_queue)
    urgent = ticket.priority if step.priority is None else min(ticket.priority, step.priority)
    yield ev.TicketRelaxed(
        at=at,
        cause=TIME,
        ticket_id=ticket.id,
        step=ticket.relaxed + 1,
        skills=read_only(asked_less(ticket, step)),
        reach=step.reach or ticket.reach,
        priority=TicketPriority(urgent),
        added=tuple(added),
    )
    if step.move_to in facts.queues:
        yield from recall(ticket, ev.Cause.WIDENED, at)
        target = facts.queues[step.move_to]
        yield transferred(ticket, target, ticket.arrived, ev.Cause.WIDENED, at, None)


def asked_less(ticket: TicketFacts, step: Relaxation | Escalation) -> dict[str, int]:
    """Return the skills a ticket asks after a step that drops some and lowers others."""
    kept = {skill: level for skill, level in ticket.skills.items() if skill not in step.drop}
    return {skill: min(level, step.lower.get(skill, level)) for skill, level in kept.items()}


# --- time ---------------------------------------------------------------------------------------


def due_of(facts: Facts) -> list[Due]:
    """Return all that is due, the first first."""
    due: list[tuple[int | None, Kind, int, str, str]] = []
    for agent_id, known in facts.agents.items():
        due += [
            (gate.shift_changes_at(facts, agent_id), Kind.SHIFT, 0, agent_id, ""),
            (known.grace_until, Kind.GRACE, 0, agent_id, ""),
            (gate.rate_lifts_at(facts, agent_id), Kind.RATE_LIMIT, 0, agent_id, ""),
            (known.cooling_until, Kind.COOL_DOWN, 0, agent_id, ""),
        ]
    for ticket in facts.tickets.values():
        mine: list[tuple[int | None, Kind, str]] = [
            (ticket.ring_at, Kind.RING, ""),
            (ticket.reserve_until, Kind.RESERVE, ""),
            (ticket.relax_at, Kind.RELAX, ""),
            (ticket.hold_at, Kind.HOLD_ROOM, ""),
            (ticket.respond_by, Kind.RESPOND, ""),
            (ticket.idle_at, Kind.IDLE, ""),
            *((offer.event.until, Kind.OFFER, who) for who, offer in ticket.offers.items()),
            *((tried.retry_at, Kind.RETRY, who) for who, tried in ticket.tried.items()),
        ]
        if ticket.book is not None:
            for clock in ticket.book.latest:
                mark = clocks.mark_due(facts, ticket.book, clock)
                mine.append((mark, Kind.CLOCK, clock.metric.value))
        due += [(at, kind, ticket.ordinal, ticket.id, detail) for at, kind, detail in mine]
        if ticket.agent is not None:
            ends = ticket.wrap_up_until
            due.append((ends, Kind.WRAP_UP, ticket.ordinal, ticket.agent, ticket.id))
    return sorted(Due(each[0], *each[1:]) for each in due if each[0] is not None)


def fire(facts: Facts, due: Due, until: int) -> Events:
    """Yield what one thing that falls due brings; time goes on to ``until`` in this call."""
    told: dict[str, Any] = {"at": due.at, "cause": TIME}
    match due.kind:
        case Kind.SHIFT:
            yield from change_shift(facts, AgentId(due.subject), due.at)
        case Kind.WRAP_UP:
            told["ticket_id"] = TicketId(due.detail)
            yield ev.WrapUpEnded(**told, agent_id=AgentId(due.subject))
        case Kind.RATE_LIMIT:
            yield ev.RateLimitLifted(**told, agent_id=AgentId(due.subject))
        case Kind.COOL_DOWN:
            yield ev.CoolDownEnded(**told, agent_id=AgentId(due.subject))
        case Kind.GRACE:
            yield ev.GraceEnded(**told, agent_id=AgentId(due.subject))
            for ticket in gate.held_by(facts, AgentId(due.subject)):
                if ticket.state is RoutingState.ASSIGNED and departs(ticket):
                    yield from let_go(ticket, ev.Cause.DEPARTED, due.at)
        case _:
            yield from wake(facts, facts.tickets[TicketId(due.subject)], due, until)


def wake(  # noqa: C901  one case for each kind
    facts: Facts, ticket: TicketFacts, due: Due, until: int
) -> Events:
    """Yield what a ticket goes on to do whose time has come."""
    told: dict[str, Any] = {"at": due.at, "cause": TIME, "ticket_id": ticket.id}
    silent = {**told, "cause": ev.Cause.SILENT}
    match due.kind:
        case Kind.RETRY:
            yield ev.RetryAllowed(**told, agent_id=AgentId(due.detail))
        case Kind.OFFER:
            yield expired(facts, ticket, AgentId(due.detail), due.at)
        case Kind.RING:
            yield ev.RingWidened(**told, wanted=ticket.wanted + 1)
        case Kind.RESERVE:
            yield ev.ReserveEnded(**told)
        case Kind.RELAX:
            yield from relax(facts, ticket, due.at)
        case Kind.HOLD_ROOM:
            yield ev.RoomWanted(**told)
        case Kind.RESPOND if ticket.hops < ticket.queue.queue.max_hops:
            yield from let_go(ticket, ev.Cause.SILENT, due.at)
        case Kind.RESPOND:
            yield ev.TicketEscalated(**silent, hops=ticket.hops)
        case Kind.IDLE:
            yield ev.TicketHeld(**silent, status=ev.HoldStatus.PENDING)
        case Kind.CLOCK:
            yield from strike(facts, ticket, Metric(due.detail), due.at, until - due.at)


def departs(ticket: TicketFacts) -> bool:
    """Return whether a ticket leaves an agent who stays away."""
    policy = ticket.queue.queue.departure
    if policy is None:
        return ticket.ticket.channel in LIVE_CHANNELS
    return policy is Departure.REQUEUE


def expired(facts: Facts, ticket: TicketFacts, agent_id: AgentId, at: int) -> ev.Event:
    """Return the end of an offer; it is a new miss if it was made after the last one counted."""
    known, offer = facts.agents[agent_id], ticket.offers[agent_id]
    cool = offer.queue.queue.offer.cool_down.get("missed")
    is_new = known.missed_at is None or offer.event.at >= known.missed_at
    return ev.OfferExpired(
        at=at,
        cause=TIME,
        ticket_id=ticket.id,
        agent_id=agent_id,
        misses=known.misses + is_new,
        retry_at=at + retry_after(offer.queue.queue),
        cool_until=None if cool is None else at + cool,
    )


def offer_of(facts: Facts, due: Due) -> OfferFacts | None:
    """Return the offer that is due to expire, if it is one."""
    if due.kind is not Kind.OFFER:
        return None
    return facts.tickets[TicketId(due.subject)].offers[AgentId(due.detail)]


def misses_too_many(facts: Facts, offer: OfferFacts) -> bool:
    """Return whether an offer that expired is one too many in a row."""
    return facts.agents[offer.event.agent_id].misses >= offer.queue.queue.offer.max_misses


def give_up(facts: Facts, agent_id: AgentId, at: int) -> Events:
    """Take an agent for away who missed too many offers in a row."""
    told: dict[str, Any] = {"at": at, "cause": ev.Cause.MISSED, "agent_id": agent_id}
    yield ev.PresenceChanged(**told, presence=Presence.AWAY, reason="missed_offers")
    yield from withdraw_from(facts, agent_id, at)


def change_shift(facts: Facts, agent_id: AgentId, at: int) -> Events:
    """Begin or end a shift; an agent who leaves is asked nothing any more."""
    if facts.agents[agent_id].on_shift:
        yield sla.ShiftEnded(at=at, cause=TIME, agent_id=agent_id)
        yield from withdraw_from(facts, agent_id, at)
    else:
        yield sla.ShiftStarted(at=at, cause=TIME, agent_id=agent_id)


def strike(facts: Facts, ticket: TicketFacts, metric: Metric, at: int, late_by: int) -> Events:
    """Yield that a clock came to its next mark, and what a level of escalation does."""
    assert ticket.book is not None
    clock = ticket.book.clocks[metric][-1]
    mark = clocks.next_mark(clock)
    assert mark is not None
    told: dict[str, Any] = {"at": at, "cause": TIME, "ticket_id": ticket.id, "metric": metric}
    due = clocks.clock_due(facts, ticket.book, clock)
    told |= {"cycle": clock.cycle, "due": due, "late_by": late_by}
    if mark.kind == clocks.WARNING:
        yield sla.ClockWarned(**told, share=mark.number)
    elif mark.kind == clocks.BREACH:
        yield sla.ClockBreached(**told, within=clock.within)
    else:
        level = clock.target.escalations[mark.number]
        told |= {"level": mark.number, "policy_id": clock.policy_id, "version": clock.version}
        yield sla.ClockEscalated(**told, notify=level.notify)
        yield from escalate(facts, ticket, level, at)


def escalate(facts: Facts, ticket: TicketFacts, level: Escalation, at: int) -> Events:
    """Do what a level says, in the order in which its fields stand."""
    told: dict[str, Any] = {"at": at, "cause": ev.Cause.ESCALATED, "ticket_id": ticket.id}
    if level.priority is not None and level.priority < ticket.priority:
        yield ev.TicketPriorityChanged(**told, priority=level.priority)
    assert ticket.book is not None
    seen = {ticket.queue.queue.id, *ticket.book.escalated_from}
    if level.move_to is not None and level.move_to not in seen:
        target = facts.queues[level.move_to]
        yield from move(facts, ticket, target, ticket.arrived, ev.Cause.ESCALATED, at)
    if level.reassign and ticket.state is RoutingState.ASSIGNED:
        yield from let_go(ticket, ev.Cause.ESCALATED, at)
    if ticket.state in SEARCHING and asked_less(ticket, level) != ticket.skills:
        yield asks_otherwise(ticket, told, asked_less(ticket, level), ticket.added)


def asks_otherwise(
    ticket: TicketFacts, told: dict[str, Any], skills: dict[str, int], added: list[QueueFacts]
) -> ev.Event:
    """Return the event by which a ticket asks other skills, or in other queues."""
    return ev.TicketRelaxed(
        **told,
        step=ticket.relaxed,
        skills=read_only(skills),
        reach=ticket.reach,
        priority=TicketPriority(ticket.priority),
        added=tuple(queue.queue.id for queue in added),
    )
