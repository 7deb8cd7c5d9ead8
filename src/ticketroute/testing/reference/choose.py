"""Who gets a ticket: whom it wishes for, else whom the strategy asks; everybody is looked at."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo
from ticketroute.model.queue import Delivery
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import CALL
from ticketroute.strategies.contract import Member
from ticketroute.strategies.registry import create
from ticketroute.testing.reference import facts as of
from ticketroute.testing.reference import gate
from ticketroute.testing.reference.clocks import due_at
from ticketroute.testing.reference.facts import Ask, Facts, QueueFacts, TicketFacts

TICKET = 10**12  # what is owed is counted in so many parts of a ticket
MOST, LEAST = 8 * TICKET, -TICKET
Handed = ev.TicketAssigned | ev.TicketOffered

# --- which ticket goes first --------------------------------------------------------------------


def place(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
    """Return where a ticket stands, from the words of each order and not from its code."""
    order, arrived = queue.queue.order, ticket.arrived
    if isinstance(order, Lifo):
        return (-arrived, -ticket.ordinal)
    if isinstance(order, Aged):
        return (arrived + ticket.priority * order.per_level, ticket.ordinal)
    due = due_at(facts, ticket) if isinstance(order, EarliestDeadline) else 0
    by_due = LAST_INSTANT + 1 if due is None else due
    return (by_due, ticket.priority, arrived, ticket.ordinal)


def in_order(facts: Facts, queue: QueueFacts) -> list[TicketFacts]:
    """Return the queue's tickets that want an agent, in line or loose, in the queue's order."""
    mine = [each for each in facts.tickets.values() if each.wants and queue in each.queues]
    return sorted(mine, key=lambda ticket: place(facts, ticket, queue))


def line(facts: Facts, queue: QueueFacts) -> list[TicketFacts]:
    """Return the tickets that stand in the queue's line, in order."""
    return [ticket for ticket in in_order(facts, queue) if ticket.in_line]


def rank(ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
    """Return the order between queues: their weight, priority, arrival; its own queue first."""
    by_age = (ticket.priority, ticket.arrived, ticket.ordinal)
    return (-queue.queue.weight, *by_age, ticket.queues.index(queue))


# --- whom it wishes for -------------------------------------------------------------------------


def wishes(facts: Facts, ticket: TicketFacts) -> list[tuple[str, ev.Cause]]:
    """Return whom a ticket asks before any strategy is asked, and why."""
    requester = ticket.ticket.requester if ticket.queue.queue.keep_agent else None
    kept = None if requester is None else facts.last_agent_of.get(requester)
    agents = (ticket.came_from, ticket.ticket.prefer, kept)
    causes = (ev.Cause.LAST_AGENT, ev.Cause.PREFERRED, ev.Cause.LAST_AGENT)
    return [(who, cause) for who, cause in zip(agents, causes, strict=True) if who is not None]


def wished(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> dict[str, ev.Cause]:
    """Return the eligible agents a ticket has a wish for and who have not missed it, and why."""
    asks = gate.ask_of(facts, ticket, queue)
    found: dict[str, ev.Cause] = {}
    for who, cause in wishes(facts, ticket):
        if who not in ticket.lifted and gate.reason(facts, who, asks) is None:
            found.setdefault(who, cause)
    return found


def waits_for(facts: Facts, ticket: TicketFacts) -> str | None:
    """Return the agent, who is there and busy, for whom a loose ticket is to wait."""
    waits = ticket.state is RoutingState.WAITING and not (ticket.waited_for or ticket.in_line)
    if not ticket.queue.queue.affinity_wait or not waits:
        return None
    asks = gate.ask_of(facts, ticket, ticket.queue)
    for who, _ in wishes(facts, ticket):
        busy = who not in ticket.tried and gate.reason(facts, who, asks) in gate.BUSY
        if busy and gate.fits(facts, who, asks):
            return who
    return None


# --- whom the strategy asks ---------------------------------------------------------------------


class Choice(NamedTuple):
    """Whom a ticket goes to, by which key, before whom, and by which numbers drawn."""

    agent_id: str
    key: tuple[int, ...] = ()
    runner_up: str | None = None
    draws: tuple[float, ...] = ()
    shown: bool = False  # whether the event says that a strategy chose


def choose(
    facts: Facts, ticket: TicketFacts, asks: Ask, besides: Collection[str] = ()
) -> Choice | None:
    """Return whom the queue's strategy asks; agents who missed it before are asked last.

    A ticket from a line whom only one agent may have goes to that one, and no strategy is asked.
    """
    willing = [who for who in gate.eligible(facts, asks) if who not in besides]
    fresh = not ticket.in_line
    if not willing:
        return None
    if asks.reserved is not None or (len(willing) == 1 and not fresh):
        return Choice(willing[0], shown=fresh)
    willing = [who for who in willing if who not in ticket.lifted] or willing
    if of.draws(asks.queue.queue.strategy):
        return drawn(facts, ticket, asks, willing)
    first, *others = ordered(facts, asks.queue, asks.skills, willing)
    key = key_shown(facts, asks.queue, first, asks.skills)
    return Choice(first, key, others[0] if others else None, shown=True)


def drawn(facts: Facts, ticket: TicketFacts, asks: Ask, willing: list[str]) -> Choice:
    """Read off the other desk's events whom chance fell on, and whether it could have."""
    first = first_group(facts, asks, willing, willing)
    for event in facts.luck:
        if (
            isinstance(event, Handed)
            and (event.ticket_id, event.queue_id) == (ticket.id, asks.queue.queue.id)
            and event.cause in ev.BY_STRATEGY
            and event.agent_id in first
        ):
            fair = event.runner_up in willing and event.runner_up != event.agent_id
            if not fair and (len(willing) > 1 or event.runner_up is not None):
                continue  # it is that of a later hand-out, at the same instant
            key = key_shown(facts, asks.queue, event.agent_id, asks.skills)
            return Choice(event.agent_id, key, event.runner_up, event.draws, shown=True)
    return Choice(min(first), shown=True)  # it is not the next after all, or the desks differ


def choose_all(facts: Facts, ticket: TicketFacts, asks: Ask) -> list[Choice]:
    """Return everybody who is rung beside those who ring; of tiers, the best that has anybody."""
    willing, queue = gate.eligible(facts, asks), asks.queue
    ringing = [who for who, offer in ticket.offers.items() if offer.queue is queue]
    among = [*willing, *(who for who in ringing if who in queue.members)]
    rung = ordered(facts, queue, asks.skills, first_group(facts, asks, willing, among))
    fresh = not ticket.in_line
    if asks.reserved is not None or (len(willing) == 1 and not fresh):
        return [Choice(who, shown=fresh) for who in rung]
    return [Choice(who, key_shown(facts, queue, who, asks.skills), shown=True) for who in rung]


def first_group(facts: Facts, asks: Ask, agents: list[str], among: list[str]) -> list[str]:
    """Return those whom no tier or match puts behind any of ``among``."""
    outer = of.within(asks.queue.queue.strategy)[:-1]

    def key(who: str) -> list[Any]:
        return [key_of(facts, asks.queue, who, asks.skills, spec) for spec in outer]

    return [who for who in agents if all(key(who) <= key(other) for other in among)]


def ordered(
    facts: Facts, queue: QueueFacts, skills: dict[str, int], agents: list[str]
) -> list[str]:
    """Return the agents in the order in which the queue's strategy asks them; ties by last turn."""
    specs = of.within(queue.queue.strategy)

    def key(who: str) -> Any:
        own = [key_of(facts, queue, who, skills, spec) for spec in specs]
        return (own, facts.agents[who].stamp, who)

    return sorted(agents, key=key)


def key_of(  # noqa: C901  one case for each strategy
    facts: Facts, queue: QueueFacts, who: str, skills: dict[str, int], spec: StrategySpec
) -> Any:
    """Return what the strategy's page in the docs sorts by."""
    known = facts.agents[who]
    match spec.name:
        case "priority":
            return gate.tier(facts, queue, who)
        case "ring_all" | "random" | "weighted_random" | "power_of_two":
            return 0
        case "max_load":
            return -gate.load(facts, who)
        case "average_load":
            return len(gate.holdings(facts, who))
        case "load_ratio":
            return Fraction(gate.load(facts, who), gate.capacity(facts, who))
        case "headroom":
            return gate.load(facts, who) - gate.capacity(facts, who)
        case "round_robin":
            mine = turns(facts, queue, who)
            seat = mine.seats.get(who, mine.given)  # an agent who never had room has none: last
            return (seat <= mine.last or who not in mine.seats, seat)
        case "weighted_round_robin":
            owed = turns(facts, queue, who).owed.get(who, 0)
            return -owed - shares(facts, queue, who).get(who, 0)
        case "longest_idle":
            return idle_since(facts, who)
        case "longest_available":
            return max(known.available_since, known.ended_at or known.available_since)
        case "fewest_taken" | "least_handle_time":
            by_time = spec.name == "least_handle_time"
            return gate.figures(facts, of.window_of(spec) or of.DAY, who)[by_time]
        case "top_down":
            return list(queue.members).index(who)
        case "best_match":
            return -sum(known.agent.skills.get(skill, 0) - level for skill, level in skills.items())
    return key_alone(facts, queue, who, skills, spec)


def key_shown(facts: Facts, queue: QueueFacts, who: str, skills: dict[str, int]) -> tuple[int, ...]:
    """Return the numbers by which an event explains the choice of this agent."""
    shown: tuple[int, ...] = ()
    for spec in of.within(queue.queue.strategy):
        key = key_of(facts, queue, who, skills, spec)
        match spec.name:
            case "ring_all" | "random":
                key = ()
            case "weighted_random":
                key = queue.members[who].weight
            case "power_of_two":
                key = gate.load(facts, who)
            case "load_ratio":
                key = floor(key * 1_000_000 + Fraction(1, 2))
            case "round_robin":
                mine = turns(facts, queue, who)
                key = (mine.seats[who] - mine.last - 1) % mine.given
            case "top_down":
                key = queue.position[who]
        shown += key if isinstance(key, tuple) else (key,)
    return shown


def turns(facts: Facts, queue: QueueFacts, who: str) -> of.Turns:
    """Return the turns of those among whom an agent takes theirs: of a tier, if there are tiers."""
    tier = gate.tier(facts, queue, who) if of.has_tiers(queue.queue.strategy) else 0
    return queue.turns.setdefault(tier, of.Turns())


def shares(facts: Facts, queue: QueueFacts, who: str) -> dict[str, int]:
    """Return what a selection brings each of those with room among whom the agent takes turns."""
    free, mine = gate.members_with_room(facts, queue), turns(facts, queue, who)
    among = [each for each in free if turns(facts, queue, each) is mine]
    weights = {each: queue.members[each].weight for each in among}
    return {each: weight * (TICKET // sum(weights.values())) for each, weight in weights.items()}


def charge(facts: Facts, queue: QueueFacts, who: str) -> None:
    """Give everybody with room their share of a ticket, and take the ticket from who was asked."""
    owed, brought = turns(facts, queue, who).owed, shares(facts, queue, who)
    for each, share in brought.items():
        owed[each] = owed.get(each, 0) + share
    owed[who] = max(min(owed.get(who, 0), MOST) - sum(brought.values()), LEAST)


def idle_since(facts: Facts, who: str) -> int:
    """Return since when an agent has nothing to do, work that overlaps aside."""
    known = facts.agents[who]
    return known.available_since if known.ended_at is None else known.ended_at


def key_alone(
    facts: Facts, queue: QueueFacts, who: str, skills: dict[str, int], spec: StrategySpec
) -> Any:
    """Return the key that a strategy of a plug-in gives an agent when it has met nobody else.

    It has to hang on the member alone, so that an index of one is as good as any.
    """
    known, span = facts.agents[who], of.window_of(spec)
    taken, handled = (0, 0) if span is None else gate.figures(facts, span, who)
    member = Member(
        agent_id=who,
        priority=gate.tier(facts, queue, who),
        capacity=gate.capacity(facts, who),
        load=gate.load(facts, who),
        count=len(gate.holdings(facts, who)),
        position=queue.position[who],
        weight=queue.members[who].weight,
        skills=known.agent.skills,
        last_assigned=known.stamp,
        idle_since=idle_since(facts, who),
        available_since=known.available_since,
        taken=taken,
        handle_time=handled,
    )
    alone = create(spec, source=NoChance()).sibling(skills)
    alone.join(member)
    return alone.key_of(who)


class NoChance:
    """A random source for strategies that have to do without."""

    def random(self) -> float:
        """Refuse: a strategy that draws has no key to sort by."""
        raise AssertionError("the reference desk does not know strategies of plug-ins that draw")


# --- what the choice leads to -------------------------------------------------------------------


def hand_over(
    facts: Facts, ticket: TicketFacts, asks: Ask, choice: Choice, cause: ev.Cause
) -> Handed:
    """Return the event by which the ticket reaches whom it goes to."""
    queue, agent = asks.queue.queue, facts.agents[choice.agent_id].agent
    told: dict[str, Any] = {"at": facts.now, "cause": cause, "ticket_id": ticket.id}
    told |= {"queue_id": queue.id, "cost": gate.cost(facts, agent.id, asks), **choice._asdict()}
    told["strategy"] = queue.strategy if told.pop("shown") else None
    if queue.delivery is not Delivery.OFFER:
        return ev.TicketAssigned(**told)
    points = agent.contact_points if ticket.ticket.channel == CALL else ()
    rings_for = sum(point.ring for point in points) if points else queue.offer.timeout
    return ev.TicketOffered(**told, until=facts.now + rings_for, contact_points=points)


def offers_to_make(facts: Facts, ticket: TicketFacts, asks: Ask) -> list[ev.Event]:
    """Return as many offers as the ticket wants, all of them chosen before the first is made.

    Agents for whom it has a wish come first; if it rings everyone, only they are rung.
    """
    found = list(wished(facts, ticket, asks.queue).items())[: ticket.wants]
    made: list[ev.Event] = [
        hand_over(facts, ticket, asks, Choice(who), cause) for who, cause in found
    ]
    cause, everyone = by_strategy(ticket), ticket.rings_everyone
    choices = choose_all(facts, ticket, asks) if everyone and not found else []
    while not everyone and len(found) + len(choices) < ticket.wants:
        besides = [who for who, _ in found] + [each.agent_id for each in choices]
        choice = choose(facts, ticket, asks, besides)
        if choice is None:
            break
        choices.append(choice)
    return [*made, *(hand_over(facts, ticket, asks, choice, cause) for choice in choices)]


def by_strategy(ticket: TicketFacts) -> ev.Cause:
    """Return the cause for which the strategy gives a ticket to an agent."""
    return ev.Cause.FREED if ticket.in_line else ev.Cause.ROUTED
