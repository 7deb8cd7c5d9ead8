"""Who gets a ticket: whom it wishes for, else whom the strategy asks; everybody is looked at."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo
from ticketroute.model.queue import Delivery
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import CALL
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.registry import create
from ticketroute.testing.reference.clocks import due_at
from ticketroute.testing.reference.facts import (
    Ask,
    Facts,
    QueueFacts,
    Seats,
    TicketFacts,
    draws,
    has_tiers,
    window_of,
    within,
)
from ticketroute.testing.reference.gate import (
    BUSY,
    ask_of,
    capacity,
    cost,
    eligible,
    figures,
    fits,
    holdings,
    load,
    members_with_room,
    reason,
    tier,
)

TICKET = 10**12
Handed = ev.TicketAssigned | ev.TicketOffered


# --- which ticket goes first --------------------------------------------------------------------


def place(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
    """Return where a ticket stands, from the words of each order and not from its code."""
    order, arrived = queue.queue.order, ticket.arrived
    if isinstance(order, Lifo):
        return (-arrived, -ticket.ordinal)
    if isinstance(order, Aged):
        return (arrived + ticket.priority * order.per_level, ticket.ordinal)
    by_priority = (ticket.priority, arrived, ticket.ordinal)
    if isinstance(order, EarliestDeadline):
        due = due_at(facts, ticket)
        return (LAST_INSTANT + 1 if due is None else due, *by_priority)
    return by_priority


def line(facts: Facts, queue: QueueFacts) -> list[TicketFacts]:
    """Return the tickets that stand in the queue's line, in order."""
    return [each for each in in_order(facts, queue) if each.in_line]


def in_order(facts: Facts, queue: QueueFacts) -> list[TicketFacts]:
    """Return the queue's tickets that want an agent, in line or loose, in the queue's order."""
    mine = [t for t in facts.tickets.values() if t.wants and queue in t.queues]
    return sorted(mine, key=lambda ticket: place(facts, ticket, queue))


def rank(ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
    """Return the order between queues: their weight, priority, arrival; its own queue first."""
    heavier = (-queue.queue.weight, ticket.priority, ticket.arrived, ticket.ordinal)
    return (*heavier, ticket.queues.index(queue))


# --- whom it wishes for -------------------------------------------------------------------------


def wishes(facts: Facts, ticket: TicketFacts) -> list[tuple[AgentId, ev.Cause]]:
    """Return whom a ticket asks before any strategy is asked, and why."""
    keeps = ticket.queue.queue.keep_agent and ticket.ticket.requester is not None
    kept = facts.last_agent_of.get(ticket.ticket.requester or "") if keeps else None
    wishes = (
        (ticket.came_from, ev.Cause.LAST_AGENT),
        (ticket.ticket.prefer, ev.Cause.PREFERRED),
        (kept, ev.Cause.LAST_AGENT),
    )
    return [(agent_id, cause) for agent_id, cause in wishes if agent_id is not None]


def wish(facts: Facts, ticket: TicketFacts, queue: QueueFacts) -> tuple[AgentId, ev.Cause] | None:
    """Return the first agent a ticket wishes for who may get it and has not missed it, and why."""
    asks = ask_of(facts, ticket, queue)
    for agent_id, cause in wishes(facts, ticket):
        if agent_id not in ticket.lifted and reason(facts, agent_id, asks) is None:
            return agent_id, cause
    return None


def waits_for(facts: Facts, ticket: TicketFacts) -> AgentId | None:
    """Return the agent, who is there and busy, for whom a loose ticket is to wait."""
    waits = ticket.state is RoutingState.WAITING and not (ticket.waited_for or ticket.in_line)
    if not ticket.queue.queue.affinity_wait or not waits:
        return None
    asks = ask_of(facts, ticket, ticket.queue)
    for agent_id, _ in wishes(facts, ticket):
        busy = agent_id not in ticket.tried and reason(facts, agent_id, asks) in BUSY
        if busy and fits(facts, agent_id, asks):
            return agent_id
    return None


# --- whom the strategy asks ---------------------------------------------------------------------


class Choice(NamedTuple):
    """Whom a ticket goes to, by which key, before whom, and by which numbers drawn."""

    agent_id: AgentId
    key: tuple[int, ...] = ()
    runner_up: AgentId | None = None
    draws: tuple[float, ...] = ()
    shown: bool = False  # whether the event says that a strategy chose


def choose(
    facts: Facts, ticket: TicketFacts, asks: Ask, besides: Collection[AgentId] = ()
) -> Choice | None:
    """Return whom the queue's strategy asks; agents who missed it before are asked last.

    A ticket from a line whom only one agent may have goes to that one, and no strategy is asked.
    """
    willing = [who for who in eligible(facts, asks) if who not in besides]
    fresh = not ticket.in_line
    if not willing:
        return None
    if asks.reserved is not None or (len(willing) == 1 and not fresh):
        return Choice(willing[0], shown=fresh)
    willing = [who for who in willing if who not in ticket.lifted] or willing
    if draws(asks.queue.queue.strategy):
        return drawn(facts, ticket, asks, willing)
    first, *others = ordered(facts, asks.queue, asks.skills, willing)
    key = key_shown(facts, asks.queue, first, asks.skills)
    return Choice(first, key, others[0] if others else None, shown=True)


def drawn(facts: Facts, ticket: TicketFacts, asks: Ask, willing: list[AgentId]) -> Choice:
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
            assert fair or (len(willing) == 1 and event.runner_up is None), event
            key = key_shown(facts, asks.queue, event.agent_id, asks.skills)
            return Choice(event.agent_id, key, event.runner_up, event.draws, shown=True)
    return Choice(min(first), shown=True)  # it is not the next after all, or the desks differ


def choose_all(facts: Facts, ticket: TicketFacts, asks: Ask) -> list[Choice]:
    """Return everybody who is rung beside those who ring; of tiers, the best that has anybody."""
    willing = eligible(facts, asks)
    ringing = [who for who, offer in ticket.offers.items() if offer.queue is asks.queue]
    members = [who for who in ringing if who in asks.queue.members]
    rung = first_group(facts, asks, willing, [*willing, *members])
    shown = not ticket.in_line or (len(willing) > 1 and asks.reserved is None)
    chosen = ordered(facts, asks.queue, asks.skills, rung)
    if not shown or asks.reserved is not None:
        return [Choice(who, shown=shown) for who in chosen]
    keys = [key_shown(facts, asks.queue, who, asks.skills) for who in chosen]
    return [Choice(who, key, shown=True) for who, key in zip(chosen, keys, strict=True)]


def first_group(
    facts: Facts, asks: Ask, agents: list[AgentId], among: list[AgentId]
) -> list[AgentId]:
    """Return those whom no tier or match puts behind any of ``among``."""

    def key(agent_id: AgentId) -> list[Any]:
        outer = within(asks.queue.queue.strategy)[:-1]
        return [key_of(facts, asks.queue, agent_id, asks.skills, spec) for spec in outer]

    return [who for who in agents if all(key(who) <= key(other) for other in among)]


def ordered(
    facts: Facts, queue: QueueFacts, skills: dict[str, int], agents: list[AgentId]
) -> list[AgentId]:
    """Return the agents in the order in which the queue's strategy asks them; ties by last turn."""
    specs = within(queue.queue.strategy)

    def key(agent_id: AgentId) -> Any:
        own = [key_of(facts, queue, agent_id, skills, spec) for spec in specs]
        return (own, facts.agents[agent_id].stamp, agent_id)

    return sorted(agents, key=key)


def key_of(  # noqa: C901  one case for each strategy
    facts: Facts, queue: QueueFacts, agent_id: AgentId, skills: dict[str, int], spec: StrategySpec
) -> Any:
    """Return what the strategy's page in the docs sorts by."""
    known = facts.agents[agent_id]
    match spec.name:
        case "priority":
            return tier(facts, queue, agent_id)
        case "ring_all" | "random" | "weighted_random" | "power_of_two":
            return 0
        case "max_load":
            return -load(facts, agent_id)
        case "average_load":
            return len(holdings(facts, agent_id))
        case "load_ratio":
            return Fraction(load(facts, agent_id), capacity(facts, agent_id))
        case "headroom":
            return load(facts, agent_id) - capacity(facts, agent_id)
        case "round_robin":
            seat = seats(facts, queue, agent_id)
            return (seat.of[agent_id] <= seat.last, seat.of[agent_id])
        case "longest_idle":
            return idle_since(facts, agent_id)
        case "longest_available":
            return max(known.available_since, known.ended_at or known.available_since)
        case "weighted_round_robin":
            return -owed_to(facts, queue, agent_id).get(agent_id, 0) - shares(
                facts, queue, agent_id
            ).get(agent_id, 0)
        case "fewest_taken" | "least_handle_time":
            span = window_of(spec)
            assert span is not None
            return figures(facts, span, agent_id)[spec.name == "least_handle_time"]
        case "top_down":
            return list(queue.members).index(agent_id)
        case "best_match":
            return -sum(known.agent.skills.get(skill, 0) - level for skill, level in skills.items())
    return asked_alone(facts, queue, agent_id, skills, spec).key_of(agent_id)


def key_shown(
    facts: Facts, queue: QueueFacts, agent_id: AgentId, skills: dict[str, int]
) -> tuple[int, ...]:
    """Return the numbers by which an event explains the choice of this agent."""
    shown: tuple[int, ...] = ()
    for spec in within(queue.queue.strategy):
        key = key_of(facts, queue, agent_id, skills, spec)
        match spec.name:
            case "ring_all" | "random":
                key = ()
            case "weighted_random":
                key = queue.members[agent_id].weight
            case "power_of_two":
                key = load(facts, agent_id)
            case "load_ratio":
                key = floor(key * 1_000_000 + Fraction(1, 2))
            case "round_robin":
                seat = seats(facts, queue, agent_id)
                key = (seat.of[agent_id] - seat.last - 1) % seat.given
            case "top_down":
                key = queue.position[agent_id]
        shown += key if isinstance(key, tuple) else (key,)
    return shown


def group(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> int:
    """Return the tier among whom an agent takes turns, 0 where there are none."""
    return tier(facts, queue, agent_id) if has_tiers(queue.queue.strategy) else 0


def owed_to(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> dict[AgentId, int]:
    """Return what those are owed among whom an agent takes turns."""
    return queue.credits.setdefault(group(facts, queue, agent_id), {})


def shares(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> dict[AgentId, int]:
    """Return what a selection brings each of those with room among whom an agent takes turns."""
    mine, free = group(facts, queue, agent_id), members_with_room(facts, queue)
    weights = {who: queue.members[who].weight for who in free if group(facts, queue, who) == mine}
    each = TICKET // sum(weights.values()) if weights else 0
    return {who: weight * each for who, weight in weights.items()}


def charge(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> None:
    """Give everybody with room their share of a ticket, and take the ticket from who was asked."""
    owed, brought = owed_to(facts, queue, agent_id), shares(facts, queue, agent_id)
    for who, share in brought.items():
        owed[who] = owed.get(who, 0) + share
    left = min(owed.get(agent_id, 0), 8 * TICKET) - sum(brought.values())
    owed[agent_id] = max(left, -TICKET)


def seats(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> Seats:
    """Return the seats of an agent's tier, or of the queue where it has no tiers."""
    return queue.seats.setdefault(group(facts, queue, agent_id), Seats())


def idle_since(facts: Facts, agent_id: AgentId) -> int:
    """Return since when an agent has nothing to do, work that overlaps aside."""
    known = facts.agents[agent_id]
    return known.available_since if known.ended_at is None else known.ended_at


def asked_alone(
    facts: Facts, queue: QueueFacts, agent_id: AgentId, skills: dict[str, int], spec: StrategySpec
) -> Strategy:
    """Return a strategy of a plug-in that has met nobody but this agent.

    Its key has to hang on the member alone, so that an index of one is as good as any.
    """
    known, span = facts.agents[agent_id], window_of(spec)
    taken, handled = (0, 0) if span is None else figures(facts, span, agent_id)
    alone = create(spec, source=NoChance()).sibling(skills)
    alone.join(
        Member(
            agent_id=agent_id,
            priority=tier(facts, queue, agent_id),
            capacity=capacity(facts, agent_id),
            load=load(facts, agent_id),
            count=len(holdings(facts, agent_id)),
            position=queue.position[agent_id],
            weight=queue.members[agent_id].weight,
            skills=known.agent.skills,
            last_assigned=known.stamp,
            idle_since=idle_since(facts, agent_id),
            available_since=known.available_since,
            taken=taken,
            handle_time=handled,
        )
    )
    return alone


class NoChance:
    """A random source for strategies that have to do without."""

    def random(self) -> float:
        """Refuse: a strategy that draws has no key to sort by."""
        raise AssertionError("the reference desk does not know strategies of plug-ins that draw")


# --- what the choice leads to -------------------------------------------------------------------


def hand_over(
    facts: Facts, ticket: TicketFacts, asks: Ask, choice: Choice, cause: ev.Cause, at: int
) -> Handed:
    """Return the event by which the ticket reaches whom it goes to."""
    queue, agent = asks.queue.queue, facts.agents[choice.agent_id].agent
    told: dict[str, Any] = {
        "at": at,
        "cause": cause,
        "ticket_id": ticket.id,
        "queue_id": queue.id,
        "agent_id": agent.id,
        "cost": cost(agent, asks),
        "key": choice.key,
        "runner_up": choice.runner_up,
        "draws": choice.draws,
        "strategy": queue.strategy if choice.shown else None,
    }
    if queue.delivery is not Delivery.OFFER:
        return ev.TicketAssigned(**told)
    points = agent.contact_points if ticket.ticket.channel == CALL else ()
    rings_for = sum(point.ring for point in points) if points else queue.offer.timeout
    return ev.TicketOffered(**told, until=at + rings_for, contact_points=points)


def offers_to_make(
    facts: Facts, ticket: TicketFacts, asks: Ask, cause: ev.Cause, at: int
) -> list[Handed]:
    """Return as many offers as the ticket wants, all of them chosen before the first is made."""
    choices = choose_all(facts, ticket, asks) if ticket.rings_everyone else []
    while not ticket.rings_everyone and len(choices) < ticket.wants:
        choice = choose(facts, ticket, asks, [each.agent_id for each in choices])
        if choice is None:
            break
        choices.append(choice)
    return [hand_over(facts, ticket, asks, choice, cause, at) for choice in choices]
