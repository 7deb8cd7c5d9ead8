"""Tickets that stand in a line by themselves: those that ring everyone, and those room is held for.

Each has a demand of its own, because whom it leaves out changes while it stands there: agents who
are asked already or have answered. Of those that ask the same, it is counted how many leave out an
agent. If all do, none of them is in question for the agent, however many ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import merge

from sortedcontainers import SortedList

from ticketroute.core.facts import excluded_by
from ticketroute.core.gate import Gate
from ticketroute.core.records import AgentRecord, Demand, Head, LoneHeads, QueueRecord, TicketRecord
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId
from ticketroute.model.line_order import Place


def stands_alone(ticket: TicketRecord) -> bool:
    """Return whether a ticket is in its lines by itself."""
    return bool(ticket.entries) and ticket.entries[0].demand.own is ticket


def show(demand: Demand, head: Place | None) -> None:
    """List the only ticket of a demand under its place, or no more. O(log n + agents left out)."""
    ticket, lone = demand.own, demand.queue.index.lone
    assert ticket is not None
    group = lone.get(demand.plain)
    if group is None:
        group = lone[demand.plain] = LoneHeads()
    if demand.head is not None:
        group.heads.remove((demand.head, demand))
    if head is not None:
        group.heads.add((head, demand))
    step = (head is not None) - (demand.head is not None)
    if step:
        for agent_id in excluded_by(ticket, asked=True) or EMPTY:
            _count(group, agent_id, step)
    if not group.heads:
        del lone[demand.plain]


def recount(ticket: TicketRecord, agent_id: AgentId, step: int) -> None:
    """Note that a ticket that stands alone leaves an agent out by now, or no more. O(queues)."""
    for entry in ticket.entries:
        _count(entry.demand.queue.index.lone[entry.demand.plain], agent_id, step)


def _count(group: LoneHeads, agent_id: AgentId, step: int) -> None:
    left = group.left_out.get(agent_id, 0) + step
    if left:
        group.left_out[agent_id] = left
    else:
        del group.left_out[agent_id]


def lone_heads(
    queue: QueueRecord, agents: Iterable[AgentRecord], gate: Gate
) -> list[SortedList[Head]]:
    """Return the heads of which some may go to one of these agents. O(groups x agents)."""
    return [
        group.heads
        for plain, group in queue.index.lone.items()
        if any(_may_get(agent, group, plain, gate) for agent in agents)
    ]


def _may_get(agent: AgentRecord, group: LoneHeads, plain: Demand, gate: Gate) -> bool:
    if group.left_out.get(agent.id, 0) >= len(group.heads):
        return False
    member = plain.queue.members.get(agent.id)
    # Room may be held for one of them, which the demand that they share does not know.
    return member is not None and (
        agent.rare.room is not None or gate.refusal(member, plain) is None
    )


def all_heads(queue: QueueRecord) -> Iterator[Head]:
    """Yield all heads of a queue in order, those of lone tickets included. O(n log groups)."""
    return merge(queue.index.heads, *[group.heads for group in queue.index.lone.values()])
