"""Whom each strategy asks first, as one would say it: sort everybody by a key."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from plain_desk import PlainDesk, PlainQueue, inner, window_of

from ticketroute.model.ids import AgentId
from ticketroute.model.strategy_spec import StrategySpec

DRAWN = ("random", "weighted_random", "power_of_two")


def draws(spec: StrategySpec) -> bool:
    """Say whether chance has a part in the order."""
    return inner(spec).name in DRAWN


def ordered(
    desk: PlainDesk, queue: PlainQueue, asked: dict[str, int], agents: list[AgentId]
) -> list[AgentId]:
    """Return the agents in the order in which the queue's strategy asks them."""
    spec = queue.queue.strategy

    def key(agent_id: AgentId) -> Any:
        tier = desk.tier(queue, agent_id) if spec.name == "priority" else 0
        own = key_of(desk, queue, agent_id, asked, inner(spec))
        return (tier, own, desk.agents[agent_id].stamp, agent_id)

    return sorted(agents, key=key)


def key_of(  # noqa: C901  one case for each strategy
    desk: PlainDesk,
    queue: PlainQueue,
    agent_id: AgentId,
    asked: dict[str, int],
    spec: StrategySpec,
) -> Any:
    """Return what the strategy's page in the docs sorts by."""
    known = desk.agents[agent_id]
    slots, capacity = desk.holdings(agent_id), desk.capacity(agent_id)
    load = sum(slot.cost for slot in slots)
    match spec.name:
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
        case "fewest_taken" | "least_handle_time":
            span = window_of(spec)
            assert span is not None
            return desk.figures(span, agent_id)[spec.name == "least_handle_time"]
        case "top_down":
            return list(queue.members).index(agent_id)
        case "best_match":
            return -sum(known.agent.skills.get(skill, 0) - level for skill, level in asked.items())
        case name:
            raise AssertionError(name)
