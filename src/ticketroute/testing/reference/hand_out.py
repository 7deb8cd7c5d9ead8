"""Who gets what next, and what time alone does: the rules of ``docs/explanation/waiting-lines.md``.

Functions yield events. Each has to have happened before the next is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import read_only
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery, Departure
from ticketroute.model.relaxation import Relaxation
from ticketroute.model.ticket import LIVE_CHANNELS, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.policy import Escalation, Metric
from ticketroute.testing.reference import choose, clocks, gate
from ticketroute.testing.reference import facts as of
from ticketroute.testing.reference.facts import Ask, Due, Facts, Kind, QueueFacts, TicketFacts

Events = Iterator[ev.Event]
WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
TIME, ROUTED = ev.Cause.TIME, ev.Cause.ROUTED


def told(facts: Facts, cause: ev.Cause, ticket: TicketFacts, **more: Any) -> dict[str, Any]:
    """Return what every event of a ticket says, and more."""
    return {"at": facts.now, "cause": cause, "ticket_id": ticket.id, **more}


# --- the hand-out -------------------------------------------------------------------------------


def hand_out(facts: Facts, cause: ev.Cause) -> Events:
    """Give tickets to agents until nobody may get any more; of one instant, all at once.

    1. Tickets no longer wait for an agent who can no longer get them, and no room is held by one.
    2. While some ticket that searches finds an agent, the best of the first of all queues goes.
    3. Loose tickets that found no agent go into line.
    4. An agent begins to hold room for the first ticket of a line that has waited too long.
    5. Tickets for which nobody is there take their next step, if it skips the wait.
    Then from the beginning, until nothing happens.
    """
    before = -1
    while before != facts.events:
        before = facts.events
        yield from end_waiting(facts, cause)
        while (best := first_of_all(facts)) is not None:
            yield from give(facts, best)
        yield from stand_in_line(facts)
        yield from hold_room(facts)
        yield from skip_waits(facts)
    facts.loose.clear()


def end_waiting(facts: Facts, cause: ev.Cause) -> Events:
    """End reservations and held room of agents who can no longer get the ticket."""
    tickets = list(facts.tickets.values())
    for ticket in sorted(tickets, key=lambda ticket: ticket.reserved_by):
        if ticket.reserved is not None and not gate.could_get(facts, ticket.reserved, ticket):
            yield ev.ReserveEnded(**told(facts, cause, ticket))
    for ticket in sorted(tickets, key=lambda ticket: ticket.room_by):
        if ticket.room_of is not None and not gate.could_get(facts, ticket.room_of, ticket):
            yield ev.RoomReleased(**told(facts, cause, ticket, agent_id=ticket.room_of))


class Found(NamedTuple):
    """A ticket that finds an agent in a queue."""

    rank: tuple[int, ...]
    ticket: TicketFacts
    ask: Ask


def first_of_all(facts: Facts) -> Found | None:
    """Return the best of the first tickets of all queues."""
    firsts = [first_of(facts, queue) for queue in facts.queues.values()]
    found = [each for each in firsts if each is not None]
    return min(found, key=lambda each: each.rank, default=None)


def first_of(facts: Facts, queue: QueueFacts) -> Found | None:
    """Return the first ticket of a queue, in line or loose, that finds an agent there.

    A queue that is pulled hands out nothing by itself.
    """
    for ticket in choose.in_order(facts, queue) if hands_out(queue) else ():
        ask, wished = gate.ask_of(facts, ticket, queue), choose.wished(facts, ticket, queue)
        if not wished and choose.waits_for(facts, ticket) is not None:
            continue
        whole_ring = ticket.rings_everyone and queue.queue.delivery is Delivery.OFFER
        others = choose.choose_all(facts, ticket, ask) if whole_ring else gate.eligible(facts, ask)
        if wished or others:
            return Found(choose.rank(ticket, queue), ticket, ask)
    return None


def hands_out(queue: QueueFacts) -> bool:
    """Return whether a queue hands out by itself."""
    return queue.queue.delivery is not Delivery.PULL


def give(facts: Facts, found: Found) -> Events:
    """Give a ticket to whom it wishes, else to whom the strategy asks: to one, or as it wants."""
    _, ticket, ask = found
    if ask.queue.queue.delivery is Delivery.OFFER:
        yield from choose.offers_to_make(facts, ticket, ask)
        return
    choice, cause = choose.choose(facts, ticket, ask), choose.by_strategy(ticket)
    for who, why in list(choose.wished(facts, ticket, ask.queue).items())[:1]:
        choice, cause = choose.Choice(who), why
    assert choice is not None
    given = choose.hand_over(facts, ticket, ask, choice, cause)
    yield from withdraw(facts, ticket, ticket.offers, ev.Cause.ANSWERED)
    yield given


def hold_room(facts: Facts) -> Events:
    """Hold room for the first ticket of each line that has waited for it too long."""
    for queue in facts.queues.values():
        own = [each for each in choose.line(facts, queue) if each.queue is queue]
        first = next((each for each in own if each.state is WAITING), None)
        holds = queue.queue.hold_room_after is not None and hands_out(queue)
        if holds and first is not None and first.room_wanted and first.room_of is None:
            who = least_to_free(facts, first, queue)
            if who is not None:
                yield ev.RoomHeld(**told(facts, ROUTED, first, agent_id=who))


def least_to_free(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> str | None:
    """Return the agent who would have to finish least to get a ticket, of those only too full."""
    ask, full = gate.ask_of(facts, ticket, queue), []
    for who in queue.members:
        why = set(gate.reasons(facts, who, ask))
        only_full = "agent_limit" in why and why <= {"agent_limit", "wrap_up"}
        heavy = gate.cost(facts, who, ask) > 1  # else the first unit that is free will do
        fits = heavy and gate.could_get(facts, who, ticket)
        if only_full and fits and gate.held_for(facts, who) is None:
            full.append(who)

    def to_free(who: str) -> int:
        return gate.load(facts, who) + gate.cost(facts, who, ask) - gate.capacity(facts, who)

    return min(choose.ordered(facts, queue, ask.skills, full), key=to_free, default=None)


def stand_in_line(facts: Facts) -> Events:
    """Put loose tickets that found nobody in line: queue by queue, each at the last of its own."""
    waiting = [each for each in facts.loose if each.wants and not each.in_line]
    queues = list(dict.fromkeys(queue for each in waiting for queue in each.queues))
    for queue in queues:
        here = [each for each in waiting if max(each.queues, key=queues.index) is queue]
        for ticket in sorted(here, key=lambda ticket: choose.place(facts, ticket, queue)):
            asked, awaited = len(ticket.offers), choose.waits_for(facts, ticket)
            if asked:
                wanted = ticket.wants + asked
                yield ev.OfferShort(**told(facts, ROUTED, ticket, open=asked, wanted=wanted))
                continue
            if awaited is not None and any(hands_out(each) for each in ticket.queues):
                until = facts.now + ticket.queue.queue.affinity_wait
                reserved = told(facts, ev.Cause.PREFERRED, ticket, agent_id=awaited, until=until)
                yield ev.TicketReserved(**reserved)
            reason = queued_because(facts, ticket)
            queue_id = ticket.queue.queue.id
            yield ev.TicketQueued(**told(facts, ROUTED, ticket, queue_id=queue_id, reason=reason))


def queued_because(facts: Facts, ticket: TicketFacts) -> ev.WaitReason:
    """Return why a ticket is in line: agents must pull it, or no agent is eligible."""
    pulled = not hands_out(ticket.queue)
    return ev.WaitReason.AWAITS_PULL if pulled else gate.nearest_reason(facts, ticket)


def skip_waits(facts: Facts) -> Events:
    """Take the next step of all tickets for which nobody is there, where it skips the wait."""
    for ticket in [each for each in facts.tickets.values() if each.in_line]:
        step = next_step(ticket)
        reason = queued_because(facts, ticket)
        skips = step is not None and step.skip_wait and reason in ev.NOBODY_THERE
        if skips and ticket.state is WAITING:
            yield from relax(facts, ticket)


# --- moves of a ticket --------------------------------------------------------------------------


def withdraw(facts: Facts, ticket: TicketFacts, agents: Iterable[str], cause: ev.Cause) -> Events:
    """End offers of a ticket without the agents' doing."""
    for who in list(agents):
        yield ev.OfferWithdrawn(**told(facts, cause, ticket, agent_id=who))


def let_go(facts: Facts, ticket: TicketFacts, cause: ev.Cause) -> Events:
    """Take a ticket from its agent, if it has one; it searches anew."""
    yield ev.TicketReleased(**told(facts, cause, ticket, by=facts.by, agent_id=ticket.agent))


def recall(facts: Facts, ticket: TicketFacts, cause: ev.Cause) -> Events:
    """Withdraw all offers of a ticket that is offered; it waits again."""
    if ticket.state is OFFERED:
        yield from withdraw(facts, ticket, ticket.offers, cause)
        yield ev.TicketReleased(**told(facts, cause, ticket))


def transferred(
    facts: Facts, ticket: TicketFacts, queue: QueueFacts, cause: ev.Cause, *, fresh: bool = False
) -> ev.Event:
    """Return the event by which a ticket moves to another queue; it keeps its place by default."""
    ways = {"from_queue": ticket.queue.queue.id, "to_queue": queue.queue.id}
    since = facts.now if fresh else ticket.arrived
    return ev.TicketTransferred(**told(facts, cause, ticket, by=facts.by, arrived=since, **ways))


def move(
    facts: Facts, ticket: TicketFacts, queue: QueueFacts, cause: ev.Cause, *, fresh: bool = False
) -> Events:
    """Move a ticket to another queue; its agent keeps it if that queue lets them."""
    yield from recall(facts, ticket, cause)
    if ticket.agent is not None:
        rests = ticket.state is PARKED and (ticket.counts or not queue.queue.parked_counts)
        keeps = ticket.agent in queue.members if rests else None
        if keeps is None:
            keeps = gate.by_hand(facts, ticket, ticket.agent, queue) is None
        if not keeps:
            yield from let_go(facts, ticket, cause)
    yield transferred(facts, ticket, queue, cause, fresh=fresh)


def part(
    facts: Facts, who: str, cause: ev.Cause, left: Iterable[QueueFacts] | None = None
) -> Events:
    """End the offers to an agent, and the waiting for them: in queues they leave, or are away."""
    gone = None if left is None else list(left)

    def ends(queue: QueueFacts, channel: str) -> bool:
        return not gate.is_there(facts, who, queue, channel) if gone is None else queue in gone

    for offer in gate.offers(facts, who):
        if ends(offer.queue, offer.of.ticket.channel):
            yield from withdraw(facts, offer.of, [who], cause)
    waiting = [ticket for ticket in facts.tickets.values() if ticket.reserved == who]
    for ticket in sorted(waiting, key=lambda ticket: ticket.reserved_by):
        if ends(ticket.queue, ticket.ticket.channel):
            yield ev.ReserveEnded(**told(facts, cause, ticket))


def next_step(ticket: TicketFacts) -> Relaxation | None:
    """Return the next step of a ticket's schedule, if it searches and there is one."""
    steps = ticket.queue.queue.relaxations[ticket.relaxed :]
    return steps[0] if steps and ticket.waiting_since is not None else None


def relax(facts: Facts, ticket: TicketFacts) -> Events:
    """Take the next step of a ticket's schedule."""
    step, added = next_step(ticket), list(ticket.added)
    assert step is not None
    target = facts.queues.get(step.add_queue or "")
    if target is not None and target not in ticket.queues:
        added.append(target)
    skills, reach = asked_less(ticket, step), step.reach or ticket.reach
    urgent = ticket.priority if step.priority is None else min(ticket.priority, step.priority)
    asks = {"skills": skills, "reach": reach, "priority": urgent, "added": added}
    yield relaxed(facts, ticket, TIME, step=ticket.relaxed + 1, **asks)
    target = facts.queues.get(step.move_to or "")
    if target is not None:
        yield from recall(facts, ticket, ev.Cause.WIDENED)
        yield transferred(facts, ticket, target, ev.Cause.WIDENED)


def relaxed(facts: Facts, ticket: TicketFacts, cause: ev.Cause, **changed: Any) -> ev.Event:
    """Return the event by which a ticket asks less, or elsewhere; what is not named stays."""
    names = ("skills", "reach", "priority", "added")
    asks = {"step": ticket.relaxed, **{name: getattr(ticket, name) for name in names}, **changed}
    asks["added"] = tuple(queue.queue.id for queue in asks["added"])
    asks["skills"], asks["priority"] = read_only(asks["skills"]), TicketPriority(asks["priority"])
    return ev.TicketRelaxed(**told(facts, cause, ticket, **asks))


def asked_less(ticket: TicketFacts, step: Relaxation | Escalation) -> dict[str, int]:
    """Return the skills a ticket asks after a step that drops some and lowers others."""
    kept = {skill: level for skill, level in ticket.skills.items() if skill not in step.drop}
    return {skill: min(level, step.lower.get(skill, level)) for skill, level in kept.items()}


# --- time ---------------------------------------------------------------------------------------


def due_of(facts: Facts) -> list[Due]:
    """Return all that is due, the first first."""
    due: list[tuple[int | None, Kind, int, str, str]] = []
    for who, known in facts.agents.items():
        due += [(at, kind, 0, who, "") for kind, at in known.dues.items()]
        due.append((gate.shift_changes_at(facts, who), Kind.SHIFT, 0, who, ""))
        due.append((gate.rate_lifts_at(facts, who), Kind.RATE_LIMIT, 0, who, ""))
        if known.too_many is not None:
            due.append((facts.now, Kind.GIVE_UP, known.too_many, who, ""))
    for ticket in facts.tickets.values():
        mine: list[tuple[int | None, Kind, str]] = [
            *((at, kind, "") for kind, at in ticket.dues.items()),
            *((offer.event.until, Kind.OFFER, who) for who, offer in ticket.offers.items()),
            *((tried.retry_at, Kind.RETRY, who) for who, tried in ticket.tried.items()),
            (of.relaxes_at(ticket, facts.now), Kind.RELAX, ""),
        ]
        marked = [] if ticket.book is None else ticket.book.latest
        mine += [(clocks.mark_due(facts, ticket, c), Kind.CLOCK, c.metric.value) for c in marked]
        due += [(at, kind, ticket.ordinal, ticket.id, detail) for at, kind, detail in mine]
        if ticket.agent is not None:
            ends = ticket.wrap_up_until
            due.append((ends, Kind.WRAP_UP, ticket.ordinal, ticket.agent, ticket.id))
    return sorted(Due(each[0], *each[1:]) for each in due if each[0] is not None)


def fire(facts: Facts, due: Due, until: int) -> Events:
    """Yield what one thing that is due now brings; time goes on to ``until`` in this call."""
    who, ticket = due.subject, facts.tickets.get(due.subject)
    of_agent: dict[str, Any] = {"at": facts.now, "cause": TIME, "agent_id": who}
    match due.kind:
        case Kind.SHIFT:
            ends = facts.agents[who].on_shift
            yield (sla.ShiftEnded if ends else sla.ShiftStarted)(**of_agent)
            yield from part(facts, who, ev.Cause.AWAY)
        case Kind.WRAP_UP:
            yield ev.WrapUpEnded(**of_agent, ticket_id=due.detail)
        case Kind.RATE_LIMIT | Kind.COOL_DOWN:
            lifts = due.kind is Kind.RATE_LIMIT
            yield (ev.RateLimitLifted if lifts else ev.CoolDownEnded)(**of_agent)
        case Kind.GIVE_UP:
            missed = of_agent | {"cause": ev.Cause.MISSED, "reason": "missed_offers"}
            yield ev.PresenceChanged(**missed, presence=Presence.AWAY)
            yield from part(facts, who, ev.Cause.AWAY)
        case Kind.GRACE:
            yield ev.GraceEnded(**of_agent)
            for mine in gate.open_tickets(facts, agent=who):
                if mine.state is ASSIGNED and departs(mine):
                    yield from let_go(facts, mine, ev.Cause.DEPARTED)
        case Kind.CLOCK if ticket is not None:
            yield from strike(facts, ticket, Metric(due.detail), until)
        case _ if ticket is not None:
            yield from wake(facts, ticket, due)


def wake(facts: Facts, ticket: TicketFacts, due: Due) -> Events:
    """Yield what a ticket does next when its time has come."""
    by_time, silent = told(facts, TIME, ticket), told(facts, ev.Cause.SILENT, ticket)
    match due.kind:
        case Kind.RETRY:
            yield ev.RetryAllowed(**by_time, agent_id=due.detail)
        case Kind.OFFER:
            yield expired(facts, ticket, due.detail)
        case Kind.RING:
            yield ev.RingWidened(**by_time, wanted=ticket.wanted + 1)
        case Kind.RESERVE:
            yield ev.ReserveEnded(**by_time)
        case Kind.RELAX:
            yield from relax(facts, ticket)
        case Kind.HOLD_ROOM:
            yield ev.RoomWanted(**by_time)
        case Kind.RESPOND if ticket.hops < ticket.queue.queue.max_hops:
            yield from let_go(facts, ticket, ev.Cause.SILENT)
        case Kind.RESPOND:
            yield ev.TicketEscalated(**silent, hops=ticket.hops)
        case Kind.IDLE:
            yield ev.TicketHeld(**silent, status=ev.HoldStatus.PENDING)


def departs(ticket: TicketFacts) -> bool:
    """Return whether a ticket leaves an agent who stays away."""
    policy, live = ticket.queue.queue.departure, ticket.ticket.channel in LIVE_CHANNELS
    return live if policy is None else policy is Departure.REQUEUE


def expired(facts: Facts, ticket: TicketFacts, who: str) -> ev.Event:
    """Return the end of an offer; it is a new miss if it was made after the last one counted."""
    known, offer = facts.agents[who], ticket.offers[who]
    cool = offer.queue.queue.offer.cool_down.get("missed")
    is_new = known.missed_at is None or offer.event.at >= known.missed_at
    return ev.OfferExpired(
        **told(facts, TIME, ticket, agent_id=who, misses=known.misses + is_new),
        retry_at=facts.now + of.retry_after(offer.queue.queue),
        cool_until=None if cool is None else facts.now + cool,
    )


def strike(facts: Facts, ticket: TicketFacts, metric: Metric, until: int) -> Events:
    """Yield that a clock came to its next mark, and what a level of escalation does."""
    assert ticket.book is not None
    clock = ticket.book.clocks[metric][-1]
    mark = clocks.next_mark(clock)
    assert mark is not None
    hit = told(facts, TIME, ticket, metric=metric, cycle=clock.cycle, late_by=until - facts.now)
    hit["due"] = clocks.clock_due(facts, ticket, clock)
    if mark.kind == clocks.WARNING:
        yield sla.ClockWarned(**hit, share=mark.number)
    elif mark.kind == clocks.BREACH:
        yield sla.ClockBreached(**hit, within=clock.within)
    else:
        level = clock.target.escalations[mark.number]
        hit |= {"level": mark.number, "policy_id": clock.policy_id, "version": clock.version}
        yield sla.ClockEscalated(**hit, notify=level.notify)
        yield from escalate(facts, ticket, level, ticket.book.escalated_from)


def escalate(facts: Facts, ticket: TicketFacts, level: Escalation, left: set[str]) -> Events:
    """Do what a level says, in the order in which its fields stand."""
    cause = ev.Cause.ESCALATED
    if level.priority is not None and level.priority < ticket.priority:
        yield ev.TicketPriorityChanged(**told(facts, cause, ticket, priority=level.priority))
    if level.move_to is not None and level.move_to not in {ticket.queue.queue.id, *left}:
        yield from move(facts, ticket, facts.queues[level.move_to], cause)
    if level.reassign and ticket.state is ASSIGNED:
        yield from let_go(facts, ticket, cause)
    skills = asked_less(ticket, level)
    if ticket.state in of.SEARCHING and skills != ticket.skills:
        yield relaxed(facts, ticket, cause, skills=skills)
