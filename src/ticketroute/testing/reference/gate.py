"""Who may get what: the list of reasons why not, asked of everybody, from everything known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticketroute.model.agent import Agent, Presence, RateLimit
from ticketroute.model.ids import AgentId, CalendarId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.testing.reference.calendar import END, Hours
from ticketroute.testing.reference.facts import (
    Ask,
    Facts,
    Holding,
    OfferFacts,
    QueueFacts,
    TicketFacts,
)

AROUND_THE_CLOCK = Hours([])
NEAREST = ("nobody_free", "nobody_left", "nobody_available", "nobody_fits", "no_members")
NO_ROOM = ("channel_limit", "queue_limit", "interrupted", "room_held", "agent_limit")
BUSY = ("wrap_up", "cooling_down", "rate_limit", *NO_ROOM)  # there, and worth waiting for


# --- who has what -------------------------------------------------------------------------------


def serves(facts: Facts, agent_id: AgentId) -> list[QueueFacts]:
    """Return the queues that an agent is a member of."""
    return [queue for queue in facts.queues.values() if agent_id in queue.members]


def slots(facts: Facts, agent_id: AgentId) -> list[TicketFacts]:
    """Return what counts towards an agent's load, offers aside."""
    return [each for each in facts.tickets.values() if each.agent == agent_id and each.counts]


def parked(facts: Facts, agent_id: AgentId) -> list[TicketFacts]:
    """Return what an agent has on hold without its counting."""
    return [each for each in facts.tickets.values() if each.agent == agent_id and not each.counts]


def held_by(facts: Facts, agent_id: AgentId) -> list[TicketFacts]:
    """Return the tickets that an agent works or has on hold, by first arrival."""
    mine = [each for each in facts.tickets.values() if each.agent == agent_id]
    return by_arrival(each for each in mine if each.state is not RoutingState.DONE)


def by_arrival(tickets: Iterator[TicketFacts]) -> list[TicketFacts]:
    """Return tickets in the order of their first arrival."""
    return sorted(tickets, key=lambda ticket: (ticket.arrived, ticket.ordinal))


def offers(facts: Facts, agent_id: AgentId) -> list[OfferFacts]:
    """Return what an agent is asked and has not answered, the oldest first."""
    mine = [each.offers[agent_id] for each in facts.tickets.values() if agent_id in each.offers]
    return sorted(mine, key=lambda offer: offer.number)


def holdings(facts: Facts, agent_id: AgentId) -> list[Holding]:
    """Return all that takes up an agent's capacity."""
    return [*slots(facts, agent_id), *offers(facts, agent_id)]


def ticket_of(holding: Holding) -> TicketFacts:
    """Return the ticket itself, worked or offered."""
    return holding.of if isinstance(holding, OfferFacts) else holding


def is_soft(agent: Agent, channel: str) -> bool:
    """Return whether an agent's work on a channel may be interrupted."""
    return channel in agent.channels and agent.channels[channel].interruptible


def units(agent: Agent, holdings: Sequence[Holding], *, soft: bool) -> int:
    """Return the units of work that may be interrupted, or of that which may not."""
    return sum(
        each.cost for each in holdings if is_soft(agent, ticket_of(each).ticket.channel) is soft
    )


def load(facts: Facts, agent_id: AgentId) -> int:
    """Return the units of firm work or, while there is none, of the work it may interrupt."""
    agent, mine = facts.agents[agent_id].agent, holdings(facts, agent_id)
    return units(agent, mine, soft=False) or units(agent, mine, soft=True)


def capacity(facts: Facts, agent_id: AgentId) -> int:
    """Return an agent's units of capacity, their own or the desk's."""
    return facts.agents[agent_id].agent.capacity or facts.defaults.capacity


def tier(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> int:
    """Return an agent's priority in a queue."""
    return queue.members[agent_id].priority or facts.agents[agent_id].agent.priority


def limit(facts: Facts, agent_id: AgentId, queue: QueueFacts) -> int:
    """Return the most tickets of a queue that a member may have."""
    for limit in (queue.members[agent_id].limit, queue.queue.limit_per_agent):
        if limit is not None:
            return limit
    return facts.defaults.queue_limit


def held(facts: Facts, agent_id: AgentId, queue: QueueFacts) -> int:
    """Return how many tickets of one queue count for an agent."""
    return sum(each.queue is queue for each in holdings(facts, agent_id))


def figures(facts: Facts, span: int, agent_id: AgentId) -> tuple[int, int]:
    """Return tickets taken and time handled within ``span``, since somebody asked for it."""
    noted = facts.watched[span]
    mine = [work for work in noted if work.agent_id == agent_id and work.at + span > facts.now]
    return sum(work.taken for work in mine), sum(work.handled for work in mine)


def rate_limit(facts: Facts, agent_id: AgentId) -> RateLimit | None:
    """Return an agent's rate limit, their own or the desk's."""
    return facts.agents[agent_id].agent.rate_limit or facts.defaults.rate_limit


def rate_full(
    facts: Facts, agent_id: AgentId, *, without: TicketId | None = None, at: int | None = None
) -> bool:
    """Return whether the rate limit is used up, ``at`` an instant to come."""
    rate, recent = rate_limit(facts, agent_id), facts.agents[agent_id].recent
    if rate is None:
        return False
    used = sum(at is None or each + rate.span > at for each in recent)
    return used + sum(each.of.id != without for each in offers(facts, agent_id)) >= rate.tickets


def rate_lifts_at(facts: Facts, agent_id: AgentId) -> int | None:
    """Return when time alone makes room, if time alone can: an open offer does not age."""
    rate, recent = rate_limit(facts, agent_id), facts.agents[agent_id].recent
    if rate is None or not rate_full(facts, agent_id):
        return None
    spare = rate.tickets - len(offers(facts, agent_id))  # how many of the recent may stay
    return None if spare <= 0 else recent[-spare] + rate.span


# --- who is there -------------------------------------------------------------------------------


def hours(facts: Facts, calendar_id: CalendarId | None) -> Hours:
    """Return when a calendar is open; None stands for around the clock."""
    return AROUND_THE_CLOCK if calendar_id is None else Hours(facts.calendars[calendar_id])


def works_at(facts: Facts, agent_id: AgentId, at: int) -> bool:
    """Return whether an agent's shift calendar is open."""
    shift = facts.agents[agent_id].agent.shift
    return shift is None or hours(facts, shift).is_open(at)


def shift_changes_at(facts: Facts, agent_id: AgentId) -> int | None:
    """Return when an agent's shift begins or ends next."""
    known = facts.agents[agent_id]
    if known.agent.shift is None or facts.now >= END:
        return None
    open_in = hours(facts, known.agent.shift)
    return open_in.next_closed(facts.now) if known.on_shift else open_in.next_open(facts.now)


def is_gone(facts: Facts, agent_id: AgentId) -> bool:
    """Return whether an agent is offline or off their shift."""
    known = facts.agents[agent_id]
    return known.presence is Presence.OFFLINE or not known.on_shift


def is_there(facts: Facts, agent_id: AgentId, queue: QueueFacts, channel: str) -> bool:
    """Return whether an agent serves a queue and is available on a channel."""
    if agent_id not in queue.members:
        return False
    known = facts.agents[agent_id]
    there = known.presence is Presence.AVAILABLE and known.on_shift
    return there and channel not in known.off


# --- the gate -----------------------------------------------------------------------------------


def ask_of(facts: Facts, ticket: TicketFacts, queue: QueueFacts, *, by_hand: bool = False) -> Ask:
    """Return what a ticket asks; by hand, it may go to an agent who is asked for it already."""
    excluded = {who: tried.reason for who, tried in ticket.tried.items() if not tried.lifted}
    if not by_hand:
        excluded |= dict.fromkeys(ticket.offers, "asked")
    return Ask(
        queue,
        ticket.ticket.channel,
        ticket.ticket.weight,
        ticket.skills,
        None if facts.permits is None else ticket.ticket,
        ticket.reach,
        excluded,
        ticket.reserved,
        ticket.id,
        by_hand,
    )


def reasons(  # noqa: C901  one gate is one list of checks, in their order
    facts: Facts,
    agent_id: AgentId,
    ask: Ask,
    *,
    without: TicketId | None = None,
    at: int | None = None,
) -> Iterator[str]:
    """Yield every reason why not, in the order of asking; ``at`` looks ahead in time."""
    if agent_id not in facts.agents:
        yield "unknown_agent"
        return
    if agent_id not in ask.queue.members:
        yield "not_member"
        return
    known = facts.agents[agent_id]
    if not (ask.queue.members[agent_id].automatic or ask.by_hand):
        yield "by_hand_only"
    if known.presence is not Presence.AVAILABLE:
        yield str(known.presence.value)
    if not (known.on_shift if at is None else works_at(facts, agent_id, at)):
        yield "off_shift"
    if not serves_channel(known.agent, ask) or ask.channel in known.off:
        yield "channel_off"
    mine = [each for each in holdings(facts, agent_id) if ticket_of(each).id != without]
    if at is not None:
        mine = [each for each in mine if (ends_at(each) or at + 1) > at]
    full = no_room(facts, agent_id, ask, mine)
    if full and not no_room(facts, agent_id, ask, [each for each in mine if not ends_at(each)]):
        yield "wrap_up"
    if known.cooling_until is not None and (at is None or at < known.cooling_until):
        yield "cooling_down"
    if any(skill not in known.agent.skills for skill in ask.skills):
        yield "missing_skill"
    if any(known.agent.skills.get(skill, 10) < level for skill, level in ask.skills.items()):
        yield "skill_level"
    if not in_reach(facts, agent_id, ask):
        yield "out_of_reach"
    yield from full
    if rate_full(facts, agent_id, without=without, at=at):
        yield "rate_limit"
    if agent_id in ask.excluded and (at is None or not may_retry(facts, agent_id, ask, at)):
        yield ask.excluded[agent_id]
    if ask.reserved is not None and ask.reserved != agent_id:
        yield "reserved"
    if not permits(facts, agent_id, ask):
        yield "not_permitted"


def reason(
    facts: Facts,
    agent_id: AgentId,
    ask: Ask,
    *,
    without: TicketId | None = None,
    at: int | None = None,
) -> str | None:
    """Return the first reason why not, if there is any."""
    return next(reasons(facts, agent_id, ask, without=without, at=at), None)


def eligible(facts: Facts, ask: Ask) -> list[AgentId]:
    """Return all members who may get it, in the order of the list."""
    return [who for who in ask.queue.members if reason(facts, who, ask) is None]


def permits(facts: Facts, agent_id: AgentId, ask: Ask) -> bool:
    """Return what the host's own predicate says, if there is one."""
    if facts.permits is None or ask.permitted is None:
        return True
    return facts.permits.allows(agent_id, ask.permitted)


def may_retry(facts: Facts, agent_id: AgentId, ask: Ask, at: int) -> bool:
    """Return whether an agent who declined or missed it may be asked again at an instant."""
    tried = None if ask.of is None else facts.tickets[ask.of].tried.get(agent_id)
    return tried is not None and tried.retry_at is not None and tried.retry_at <= at


def ends_at(holding: Holding) -> int | None:
    """Return when a wrap-up ends; None if it is none."""
    return holding.wrap_up_until if isinstance(holding, TicketFacts) else None


def serves_channel(agent: Agent, ask: Ask) -> bool:
    """Return whether an agent serves a channel at all."""
    return not agent.channels or ask.channel in agent.channels


def in_reach(facts: Facts, agent_id: AgentId, ask: Ask) -> bool:
    """Return whether the agent's priority lies where the ticket may go."""
    reach = ask.reach or ask.queue.queue.reach
    return reach.least <= tier(facts, ask.queue, agent_id) <= reach.greatest


def cost(agent: Agent, ask: Ask) -> int:
    """Return what such a ticket takes of the agent's capacity."""
    limit = agent.channels.get(ask.channel)
    return ask.weight * (1 if limit is None else limit.cost)


def no_room(facts: Facts, agent_id: AgentId, ask: Ask, mine: Sequence[Holding]) -> list[str]:
    """Return which limits leave no room beside what an agent has: ``mine``."""
    agent, most = facts.agents[agent_id].agent, capacity(facts, agent_id)
    own = agent.channels[ask.channel].most if ask.channel in agent.channels else None
    on_channel = sum(ticket_of(each).ticket.channel == ask.channel for each in mine)
    firm = units(agent, mine, soft=False)
    soft = is_soft(agent, ask.channel)
    here = units(agent, mine, soft=True) if soft else firm
    found = {
        "channel_limit": on_channel >= (facts.defaults.channel_limit if own is None else own),
        "queue_limit": sum(each.queue is ask.queue for each in mine)
        >= limit(facts, agent_id, ask.queue),
        "interrupted": soft and firm > 0,
        "room_held": takes_held_room(facts, agent_id, ask, mine),
        "agent_limit": not (soft and firm) and here + cost(agent, ask) > most,
    }
    return [reason for reason in NO_ROOM if found[reason]]


def takes_held_room(facts: Facts, agent_id: AgentId, ask: Ask, mine: Sequence[Holding]) -> bool:
    """Return whether a ticket would take room that its agent holds for another."""
    waits = held_for(facts, agent_id)
    if waits is None or waits.id == ask.of:
        return False
    agent = facts.agents[agent_id].agent
    since = [each for each in mine if number_of(each) > waits.room_by]
    taken = sum(each.cost for each in since if ticket_of(each) is not waits)
    needed = cost(agent, ask_of(facts, waits, waits.queue))
    return taken + cost(agent, ask) + needed > capacity(facts, agent_id)


def held_for(facts: Facts, agent_id: AgentId) -> TicketFacts | None:
    """Return the ticket that an agent holds room for, if there is one."""
    return next((each for each in facts.tickets.values() if each.room_of == agent_id), None)


def number_of(holding: Holding) -> int:
    """Return the number of the event that took this room."""
    return holding.number if isinstance(holding, OfferFacts) else holding.taken


def fits(facts: Facts, agent_id: AgentId, ask: Ask) -> bool:
    """Return whether this member could get such a ticket, being there and having nothing else."""
    agent = facts.agents[agent_id].agent
    return (
        (ask.queue.members[agent_id].automatic or ask.by_hand)
        and serves_channel(agent, ask)
        and all(agent.skills.get(skill, 0) >= level for skill, level in ask.skills.items())
        and in_reach(facts, agent_id, ask)
        and set(no_room(facts, agent_id, ask, [])) <= {"room_held"}
    )


def could_get(facts: Facts, agent_id: AgentId, ticket: TicketFacts) -> bool:
    """Return whether it is worth waiting for an agent: a member who is there and fits."""
    there = is_there(facts, agent_id, ticket.queue, ticket.ticket.channel)
    return there and fits(facts, agent_id, ask_of(facts, ticket, ticket.queue))


def is_open(facts: Facts, agent_id: AgentId, queue: QueueFacts) -> bool:
    """Return whether a ticket of the queue could go to this member, if it asked for little."""
    known, most = facts.agents[agent_id], capacity(facts, agent_id)
    mine, limits = holdings(facts, agent_id), known.agent.channels.values()
    firm, soft = (units(known.agent, mine, soft=each) for each in (False, True))
    takes_firm = firm < most and (not limits or not all(each.interruptible for each in limits))
    takes_soft = not firm and soft < most and any(each.interruptible for each in limits)
    return (
        known.presence is Presence.AVAILABLE
        and known.on_shift
        and (takes_firm or takes_soft)
        and held(facts, agent_id, queue) < limit(facts, agent_id, queue)
        and known.cooling_until is None
        and not rate_full(facts, agent_id)
    )


def members_with_room(facts: Facts, queue: QueueFacts) -> list[AgentId]:
    """Return the members who might get some ticket of a queue by itself."""
    automatic = [who for who, terms in queue.members.items() if terms.automatic]
    return [who for who in automatic if is_open(facts, who, queue)]


def eligible_from(facts: Facts, agent_id: AgentId, ask: Ask, without: TicketId) -> int | None:
    """Return from when time alone will let the agent have it, if ever."""
    known = facts.agents[agent_id]
    instants = {slot.wrap_up_until for slot in slots(facts, agent_id)}
    instants |= {rate_lifts_at(facts, agent_id), known.cooling_until}
    if agent_id in facts.tickets[without].tried:
        instants.add(facts.tickets[without].tried[agent_id].retry_at)
    if not known.on_shift:
        instants.add(shift_changes_at(facts, agent_id))
    if known.agent.shift is not None:
        shift = hours(facts, known.agent.shift)
        instants |= {shift.next_open(each) for each in instants if each is not None}
    for instant in sorted(instant for instant in instants if instant is not None):
        if reason(facts, agent_id, ask, without=without, at=instant) is None:
            return instant
    return None


# --- why a ticket waits -------------------------------------------------------------------------


def wait_reason(facts: Facts, ask: Ask) -> str:
    """Return in brief why nobody may have it."""
    if not ask.queue.members:
        return "no_members"
    fitting = [who for who in ask.queue.members if fits(facts, who, ask)]
    if not fitting:
        return "nobody_fits"
    left = [who for who in fitting if who not in ask.excluded]
    if not left:
        return "nobody_left"
    there = any(is_there(facts, who, ask.queue, ask.channel) for who in left)
    return "nobody_free" if there else "nobody_available"


def nearest_reason(facts: Facts, ticket: TicketFacts) -> str:
    """Return, of the reasons in all its queues, the one that will be over first."""
    if ticket.queue.queue.delivery is Delivery.PULL:
        return "awaits_pull"
    found = {wait_reason(facts, ask_of(facts, ticket, queue)) for queue in ticket.queues}
    return next(reason for reason in NEAREST if reason in found)
