"""Who may get what: the list of reasons why not, asked of everybody, from everything known."""

from __future__ import annotations

from collections.abc import Sequence

from ticketroute.model.agent import Agent, Presence, RateLimit
from ticketroute.model.events import WaitReason
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing.reference.calendar import END, Hours
from ticketroute.testing.reference.facts import (
    Ask,
    Facts,
    Holding,
    Kind,
    OfferFacts,
    QueueFacts,
    TicketFacts,
)

AROUND_THE_CLOCK = Hours([])
NEAREST = ("nobody_free", "nobody_left", "nobody_available", "nobody_fits", "no_members")
NO_ROOM = ("channel_limit", "queue_limit", "interrupted", "room_held", "agent_limit")
BUSY = ("wrap_up", "cooling_down", "rate_limit", *NO_ROOM)  # there, and worth waiting for

# --- who has what -------------------------------------------------------------------------------


def serves(facts: Facts, who: str) -> list[QueueFacts]:
    """Return the queues that an agent is a member of."""
    return [queue for queue in facts.queues.values() if who in queue.members]


def slots(facts: Facts, who: str) -> list[TicketFacts]:
    """Return what counts towards an agent's load, offers aside."""
    return [each for each in facts.tickets.values() if each.agent == who and each.counts]


def open_tickets(
    facts: Facts, *, agent: str | None = None, queue: QueueFacts | None = None
) -> list[TicketFacts]:
    """Return what is not done, of an agent or a queue or all there is, by first arrival."""
    left = [each for each in facts.tickets.values() if each.state is not RoutingState.DONE]
    mine = [each for each in left if agent in (None, each.agent) and queue in (None, each.queue)]
    return sorted(mine, key=lambda ticket: (ticket.arrived, ticket.ordinal))


def offers(facts: Facts, who: str) -> list[OfferFacts]:
    """Return what an agent is asked and has not answered, the oldest first."""
    mine = (each.offers[who] for each in facts.tickets.values() if who in each.offers)
    return sorted(mine, key=lambda offer: offer.taken)


def holdings(facts: Facts, who: str) -> list[Holding]:
    """Return all that takes up an agent's capacity."""
    return [*slots(facts, who), *offers(facts, who)]


def is_soft(agent: Agent, channel: str) -> bool:
    """Return whether an agent's work on a channel may be interrupted."""
    return channel in agent.channels and agent.channels[channel].interruptible


def units(agent: Agent, mine: Sequence[Holding], *, soft: bool) -> int:
    """Return the units of work that may be interrupted, or of that which may not."""
    kind = (each for each in mine if is_soft(agent, each.ticket.channel) is soft)
    return sum(each.cost for each in kind)


def load(facts: Facts, who: str) -> int:
    """Return the units of firm work or, while there is none, of the work it may interrupt."""
    agent, mine = facts.agents[who].agent, holdings(facts, who)
    return units(agent, mine, soft=False) or units(agent, mine, soft=True)


def capacity(facts: Facts, who: str) -> int:
    """Return an agent's units of capacity, their own or the desk's."""
    return facts.agents[who].agent.capacity or facts.defaults.capacity


def tier(facts: Facts, queue: QueueFacts, who: str) -> int:
    """Return an agent's priority in a queue."""
    return queue.members[who].priority or facts.agents[who].agent.priority


def limit(facts: Facts, who: str, queue: QueueFacts) -> int:
    """Return the most tickets of a queue that a member may have."""
    limits = (queue.members[who].limit, queue.queue.limit_per_agent, facts.defaults.queue_limit)
    return next(limit for limit in limits if limit is not None)


def figures(facts: Facts, span: int, who: str) -> tuple[int, int]:
    """Return tickets taken and time handled within ``span``, since somebody asked for it."""
    mine = [w for w in facts.watched[span] if w.agent_id == who and w.at + span > facts.now]
    return sum(work.taken for work in mine), sum(work.handled for work in mine)


def rate_limit(facts: Facts, who: str) -> RateLimit | None:
    """Return an agent's rate limit, their own or the desk's."""
    return facts.agents[who].agent.rate_limit or facts.defaults.rate_limit


def rate_full(facts: Facts, who: str, *, without: str | None = None, at: int | None = None) -> bool:
    """Return whether the rate limit is used up, ``at`` an instant to come."""
    rate, recent = rate_limit(facts, who), facts.agents[who].recent
    if rate is None:
        return False
    used = sum(at is None or each + rate.span > at for each in recent)
    return used + sum(each.of.id != without for each in offers(facts, who)) >= rate.tickets


def rate_lifts_at(facts: Facts, who: str) -> int | None:
    """Return when time alone makes room, if time alone can: an open offer does not age."""
    rate, recent = rate_limit(facts, who), facts.agents[who].recent
    spare = 0 if rate is None else rate.tickets - len(offers(facts, who))  # recent ones may stay
    if rate is None or spare <= 0 or not rate_full(facts, who):
        return None
    return recent[-spare] + rate.span


# --- who is there -------------------------------------------------------------------------------


def hours(facts: Facts, calendar_id: str | None) -> Hours:
    """Return when a calendar is open; None stands for around the clock."""
    return AROUND_THE_CLOCK if calendar_id is None else Hours(facts.calendars[calendar_id])


def works_at(facts: Facts, who: str, at: int) -> bool:
    """Return whether an agent's shift calendar is open."""
    shift = facts.agents[who].agent.shift
    return shift is None or hours(facts, shift).is_open(at)


def shift_changes_at(facts: Facts, who: str) -> int | None:
    """Return when an agent's shift begins or ends next."""
    known = facts.agents[who]
    if known.agent.shift is None or facts.now >= END:
        return None
    shift = hours(facts, known.agent.shift)
    return shift.next_closed(facts.now) if known.on_shift else shift.next_open(facts.now)


def is_there(facts: Facts, who: str, queue: QueueFacts, channel: str) -> bool:
    """Return whether an agent serves a queue and is available on a channel."""
    if who not in queue.members:
        return False
    known = facts.agents[who]
    return known.presence is Presence.AVAILABLE and known.on_shift and channel not in known.off


# --- the gate -----------------------------------------------------------------------------------


def ask_of(facts: Facts, ticket: TicketFacts, queue: QueueFacts, *, by_hand: bool = False) -> Ask:
    """Return what a ticket asks; by hand, it may go to an agent who is asked for it already."""
    excluded = {who: tried.reason for who, tried in ticket.tried.items() if not tried.lifted}
    excluded |= {} if by_hand else dict.fromkeys(ticket.offers, "asked")
    bare = ticket.ticket
    asks = (queue, bare.channel, bare.weight, ticket.skills)
    permitted = None if facts.permits is None else bare
    return Ask(*asks, permitted, ticket.reach, excluded, ticket.reserved, ticket.id, by_hand)


def reasons(
    facts: Facts, who: str, ask: Ask, *, without: str | None = None, at: int | None = None
) -> list[str]:
    """Return every reason why not, in the order of asking; ``at`` looks ahead in time."""
    if who not in facts.agents or who not in ask.queue.members:
        return ["not_member" if who in facts.agents else "unknown_agent"]
    known, skills = facts.agents[who], facts.agents[who].agent.skills
    mine = [each for each in holdings(facts, who) if each.ticket.id != without]
    if at is not None:
        mine = [each for each in mine if (each.wrap_up_until or at + 1) > at]
    full = no_room(facts, who, ask, mine)
    works = [each for each in mine if each.wrap_up_until is None]
    cools = known.dues.get(Kind.COOL_DOWN)
    ticket = None if ask.of is None else facts.tickets[ask.of]
    tried = None if ticket is None else ticket.tried.get(who)
    waits = None if ticket is None else ticket.dues.get(Kind.RESERVE)
    excluded, permits = ask.excluded.get(who, ""), facts.permits
    found = {
        "by_hand_only": not (ask.queue.members[who].automatic or ask.by_hand),
        str(known.presence.value): known.presence is not Presence.AVAILABLE,
        "off_shift": not (known.on_shift if at is None else works_at(facts, who, at)),
        "channel_off": not has_channel(facts, who, ask) or ask.channel in known.off,
        "wrap_up": full and not no_room(facts, who, ask, works),
        "cooling_down": cools is not None and not comes(cools, at),
        "missing_skill": not ask.skills.keys() <= skills.keys(),
        "skill_level": any(skills.get(skill, 10) < least for skill, least in ask.skills.items()),
        "out_of_reach": not in_reach(facts, who, ask),
        **dict.fromkeys(full, True),
        "rate_limit": rate_full(facts, who, without=without, at=at),
        excluded: excluded and not comes(None if tried is None else tried.retry_at, at),
        "reserved": ask.reserved not in (None, who) and not comes(waits, at),
        "not_permitted": permits and ask.permitted and not permits.allows(who, ask.permitted),
    }
    return [reason for reason, holds in found.items() if holds]


def reason(
    facts: Facts, who: str, ask: Ask, *, without: str | None = None, at: int | None = None
) -> str | None:
    """Return the first reason why not, if there is any."""
    return next(iter(reasons(facts, who, ask, without=without, at=at)), None)


def by_hand(facts: Facts, ticket: TicketFacts, who: str, queue: QueueFacts) -> str | None:
    """Return why an agent may not have a ticket by hand, what they hold of it left out."""
    return reason(facts, who, ask_of(facts, ticket, queue, by_hand=True), without=ticket.id)


def eligible(facts: Facts, ask: Ask) -> list[str]:
    """Return all members who may get it, in the order of the list."""
    return [who for who in ask.queue.members if reason(facts, who, ask) is None]


def comes(instant: int | None, at: int | None) -> bool:
    """Return whether something will have ended by an instant to come."""
    return instant is not None and at is not None and instant <= at


def has_channel(facts: Facts, who: str, ask: Ask) -> bool:
    """Return whether an agent serves a channel at all."""
    channels = facts.agents[who].agent.channels
    return not channels or ask.channel in channels


def in_reach(facts: Facts, who: str, ask: Ask) -> bool:
    """Return whether the agent's priority lies where the ticket may go."""
    reach = ask.reach or ask.queue.queue.reach
    return reach.least <= tier(facts, ask.queue, who) <= reach.greatest


def cost(facts: Facts, who: str, ask: Ask) -> int:
    """Return what such a ticket takes of the agent's capacity."""
    limit = facts.agents[who].agent.channels.get(ask.channel)
    return ask.weight * (1 if limit is None else limit.cost)


def no_room(facts: Facts, who: str, ask: Ask, mine: Sequence[Holding]) -> list[str]:
    """Return which limits leave no room beside what an agent has: ``mine``."""
    agent, own = facts.agents[who].agent, None
    if ask.channel in agent.channels:
        own = agent.channels[ask.channel].most
    on_channel = sum(each.ticket.channel == ask.channel for each in mine)
    in_queue = sum(each.queue is ask.queue for each in mine)
    soft, firm = is_soft(agent, ask.channel), units(agent, mine, soft=False)
    used = units(agent, mine, soft=True) if soft else firm
    too_much = used + cost(facts, who, ask) > capacity(facts, who)
    found = {
        "channel_limit": on_channel >= (facts.defaults.channel_limit if own is None else own),
        "queue_limit": in_queue >= limit(facts, who, ask.queue),
        "interrupted": soft and firm > 0,
        "room_held": takes_held_room(facts, who, ask, mine),
        "agent_limit": too_much and not (soft and firm),
    }
    return [reason for reason in NO_ROOM if found[reason]]


def takes_held_room(facts: Facts, who: str, ask: Ask, mine: Sequence[Holding]) -> bool:
    """Return whether a ticket would take room that its agent holds for another."""
    waits = held_for(facts, who)
    if waits is None or waits.id == ask.of:
        return False
    others = [each for each in mine if each.ticket.id != waits.id]
    taken = sum(each.cost for each in others if each.taken > waits.room_by)
    needed = cost(facts, who, ask_of(facts, waits, waits.queue))
    return taken + cost(facts, who, ask) + needed > capacity(facts, who)


def held_for(facts: Facts, who: str) -> TicketFacts | None:
    """Return the ticket that an agent holds room for, if there is one."""
    return next((each for each in facts.tickets.values() if each.room_of == who), None)


def fits(facts: Facts, who: str, ask: Ask) -> bool:
    """Return whether this member could get such a ticket, being there and having nothing else."""
    agent = facts.agents[who].agent
    return (
        (ask.queue.members[who].automatic or ask.by_hand)
        and has_channel(facts, who, ask)
        and all(agent.skills.get(skill, 0) >= level for skill, level in ask.skills.items())
        and in_reach(facts, who, ask)
        and set(no_room(facts, who, ask, [])) <= {"room_held"}
    )


def could_get(facts: Facts, who: str, ticket: TicketFacts) -> bool:
    """Return whether it is worth waiting for an agent: a member who is there and fits."""
    there = is_there(facts, who, ticket.queue, ticket.ticket.channel)
    return there and fits(facts, who, ask_of(facts, ticket, ticket.queue))


def is_open(facts: Facts, who: str, queue: QueueFacts) -> bool:
    """Return whether a ticket of the queue could go to this member, if it asked for little."""
    known, most = facts.agents[who], capacity(facts, who)
    soft_ones = [each.interruptible for each in known.agent.channels.values()]
    mine = holdings(facts, who)
    firm, soft = (units(known.agent, mine, soft=each) for each in (False, True))
    takes_firm = firm < most and not (soft_ones and all(soft_ones))
    takes_soft = not firm and soft < most and any(soft_ones)
    return (
        known.presence is Presence.AVAILABLE
        and known.on_shift
        and (takes_firm or takes_soft)
        and sum(each.queue is queue for each in mine) < limit(facts, who, queue)
        and Kind.COOL_DOWN not in known.dues
        and not rate_full(facts, who)
    )


def members_with_room(facts: Facts, queue: QueueFacts) -> list[str]:
    """Return the members who might get some ticket of a queue by itself."""
    automatic = [who for who, terms in queue.members.items() if terms.automatic]
    return [who for who in automatic if is_open(facts, who, queue)]


def eligible_from(facts: Facts, who: str, ask: Ask, without: str) -> int | None:
    """Return from when time alone will let the agent have it, if ever."""
    known, ticket = facts.agents[who], facts.tickets[without]
    tried = ticket.tried.get(who)
    instants = {slot.wrap_up_until for slot in slots(facts, who)}
    instants |= {rate_lifts_at(facts, who), known.dues.get(Kind.COOL_DOWN)}
    instants |= {
        None if tried is None else tried.retry_at,
        facts.tickets[without].dues.get(Kind.RESERVE),
    }
    if not known.on_shift:
        instants.add(shift_changes_at(facts, who))
    if known.agent.shift is not None:
        shift = hours(facts, known.agent.shift)
        instants |= {shift.next_open(each) for each in instants if each is not None}
    for instant in sorted(instant for instant in instants if instant is not None):
        if reason(facts, who, ask, without=without, at=instant) is None:
            return instant
    return None


# --- why a ticket waits -------------------------------------------------------------------------


def nearest_reason(facts: Facts, ticket: TicketFacts) -> WaitReason:
    """Return why nobody may have a ticket: of all its queues, what will be over first."""
    found = {"no_members"}
    for queue in ticket.queues:
        ask = ask_of(facts, ticket, queue)
        fitting = [who for who in queue.members if fits(facts, who, ask)]
        left = [who for who in fitting if who not in ask.excluded]
        if any(is_there(facts, who, queue, ask.channel) for who in left):
            found.add("nobody_free")
        elif fitting:
            found.add("nobody_available" if left else "nobody_left")
        elif queue.members:
            found.add("nobody_fits")
    return WaitReason(next(reason for reason in NEAREST if reason in found))
