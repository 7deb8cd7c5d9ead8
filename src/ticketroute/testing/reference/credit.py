"""What members of a queue of ``weighted_round_robin`` are owed, by the words of its page."""

from __future__ import annotations

from ticketroute.model.ids import AgentId
from ticketroute.testing.reference.facts import QueueFacts
from ticketroute.testing.reference.spec import has_tiers
from ticketroute.testing.reference.upkeep import Upkeep

TICKET = 10**12
MOST, LEAST = 8 * TICKET, -TICKET


def group(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> int:
    """Return the number of those among whom an agent takes turns."""
    return desk.tier(queue, agent_id) if has_tiers(queue.queue.strategy) else 0


def credits_with(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> dict[AgentId, int]:
    """Return the credits of those among whom an agent takes turns."""
    return queue.credits.setdefault(group(desk, queue, agent_id), {})


def shares(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> dict[AgentId, int]:
    """Return what a selection brings each of those with room among whom the agent takes turns."""
    mine = group(desk, queue, agent_id)
    weights = {
        who: queue.members[who].weight
        for who in desk.members_with_room(queue)
        if group(desk, queue, who) == mine
    }
    each = TICKET // sum(weights.values()) if weights else 0
    return {who: weight * each for who, weight in weights.items()}


def minus_credit(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> int:
    """Return what orders the agents: minus the credit after the share of one more ticket."""
    credit = credits_with(desk, queue, agent_id).get(agent_id, 0)
    return -credit - shares(desk, queue, agent_id)[agent_id]


def charge(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> None:
    """Give everybody with room their share of a ticket, and take the ticket from who was asked."""
    credit, brought = credits_with(desk, queue, agent_id), shares(desk, queue, agent_id)
    for who, share in brought.items():
        credit[who] = credit.get(who, 0) + share
    left = min(credit.get(agent_id, 0), MOST) - sum(brought.values())
    credit[agent_id] = max(left, LEAST)
