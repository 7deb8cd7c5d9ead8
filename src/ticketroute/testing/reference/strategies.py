"""Whom each strategy asks first, as one would say it: sort everybody by a key."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

from ticketroute.model.ids import AgentId
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.registry import create
from ticketroute.testing.reference.credit import minus_credit
from ticketroute.testing.reference.facts import QueueFacts
from ticketroute.testing.reference.spec import inside, window_of, wraps
from ticketroute.testing.reference.upkeep import Upkeep


def ordered(
    desk: Upkeep, queue: QueueFacts, asked: dict[str, int], agents: list[AgentId]
) -> list[AgentId]:
    """Return the agents in the order in which the queue's strategy asks them."""
    spec = queue.queue.strategy

    def key(agent_id: AgentId) -> Any:
        own = key_of(desk, queue, agent_id, asked, spec)
        return (own, desk.agents[agent_id].stamp, agent_id)

    return sorted(agents, key=key)


def key_of(  # noqa: C901  one case for each strategy
    desk: Upkeep,
    queue: QueueFacts,
    agent_id: AgentId,
    asked: dict[str, int],
    spec: StrategySpec,
) -> Any:
    """Return what the strategy's page in the docs sorts by."""
    known = desk.agents[agent_id]
    slots, capacity = desk.holdings(agent_id), desk.capacity(agent_id)
    load = sum(slot.cost for slot in slots)
    match spec.name:
        case "priority":
            return (desk.tier(queue, agent_id), key_of(desk, queue, agent_id, asked, inside(spec)))
        case "ring_all":
            return 0
        case "max_load":
            return -load
        case "average_load":
            return len(slots)
        case "load_ratio":
            return Fraction(load, capacity)
        case "headroom":
            return load - capacity
        case "round_robin":
            return desk.seats(queue, agent_id).turn(agent_id)
        case "longest_idle":
            return known.available_since if known.ended_at is None else known.ended_at
        case "longest_available":
            return max(known.available_since, known.ended_at or known.available_since)
        case "weighted_round_robin":
            return minus_credit(desk, queue, agent_id)
        case "fewest_taken" | "least_handle_time":
            span = window_of(spec)
            assert span is not None
            return desk.figures(span, agent_id)[spec.name == "least_handle_time"]
        case "top_down":
            return list(queue.members).index(agent_id)
        case "best_match":
            surplus = [known.agent.skills.get(skill, 0) - level for skill, level in asked.items()]
            then = key_of(desk, queue, agent_id, asked, inside(spec)) if wraps(spec) else ()
            return (-sum(surplus), then)
        case _:
            return asked_alone(desk, queue, agent_id, asked, spec).key_of(agent_id)


def key_shown(
    desk: Upkeep, queue: QueueFacts, agent_id: AgentId, asked: dict[str, int]
) -> tuple[int, ...]:
    """Return the numbers by which an event explains the choice of this agent."""
    spec = queue.queue.strategy
    tiers: tuple[int, ...] = ()
    while wraps(spec):
        tiers += (key_of(desk, queue, agent_id, asked, spec)[0],)
        spec = inside(spec)
    match spec.name:
        case "ring_all" | "random":
            return tiers
        case "weighted_random":
            return (*tiers, queue.members[agent_id].weight)
        case "power_of_two":
            return (*tiers, desk.load(agent_id))
        case "load_ratio":
            millionths = Fraction(desk.load(agent_id) * 1_000_000, desk.capacity(agent_id))
            return (*tiers, floor(millionths + Fraction(1, 2)))
        case "round_robin":
            seats = desk.seats(queue, agent_id)
            return (*tiers, (seats.of[agent_id] - seats.last - 1) % seats.given)
        case "top_down":
            return (*tiers, queue.position[agent_id])
        case "best_match":
            return (*tiers, key_of(desk, queue, agent_id, asked, spec)[0])
    key = key_of(desk, queue, agent_id, asked, spec)
    return (*tiers, *(key if isinstance(key, tuple) else (key,)))


def asked_alone(
    desk: Upkeep, queue: QueueFacts, agent_id: AgentId, asked: dict[str, int], spec: StrategySpec
) -> Strategy:
    """Return a strategy of a plug-in that has met nobody but this agent.

    Its key has to hang on the member alone, so that an index of one is as good as any.
    """
    known = desk.agents[agent_id]
    span = window_of(spec)
    taken, handled = (0, 0) if span is None else desk.figures(span, agent_id)
    alone = create(spec, source=NoChance()).sibling(asked)
    alone.join(
        Member(
            agent_id=agent_id,
            priority=desk.tier(queue, agent_id),
            capacity=desk.capacity(agent_id),
            load=desk.load(agent_id),
            count=len(desk.holdings(agent_id)),
            position=queue.position[agent_id],
            weight=queue.members[agent_id].weight,
            skills=known.agent.skills,
            last_assigned=known.stamp,
            idle_since=known.available_since if known.ended_at is None else known.ended_at,
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
