"""Why an agent gets none of what waits, though they may have room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from attrs import frozen

from ticketroute.core.gate import capacity_of
from ticketroute.core.index.lone import all_heads
from ticketroute.core.records import AgentRecord, Demand, MemberRecord
from ticketroute.core.show.explain import Names, naming
from ticketroute.core.state import State
from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.queue import Delivery
from ticketroute.model.reasons import Reason

AWAITS_PULL = "awaits_pull"  # they may have it, and have to take it
ASKED_LATER = "asked_later"  # they may have it, and agents of a better tier are asked before


@frozen(kw_only=True)
class QueueReasons:
    """What keeps an agent from the tickets in one line.

    ``reasons`` counts the tickets by a word, the most frequent first: ``asked`` where the agent has
    an open offer, else the first reason of the gate; ``awaits_pull`` are those that the agent may
    take, and ``asked_later`` those for which agents of a better tier are asked now. ``waiting`` is
    the sum.
    """

    queue_id: QueueId
    waiting: int
    reasons: Mapping[str, int]


@frozen(kw_only=True)
class AgentExplanation:
    """Why an agent gets none of what waits; ``str()`` of it is for people.

    ``load`` of ``capacity`` units is taken. ``queues`` are those that they serve, in the order in
    which they joined them.
    """

    agent_id: AgentId
    load: int
    capacity: int
    queues: tuple[QueueReasons, ...]

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self, names: Names | None = None) -> str:
        """Return the explanation for people; ``names`` as in ``Explanation.to_text``."""
        name = naming(names)
        lines = [f"agent {name(self.agent_id)}: {self.load} of {self.capacity} units taken"]
        for queue in self.queues:
            counts = ", ".join(f"{count} {reason}" for reason, count in queue.reasons.items())
            lines.append(f"  queue {name(queue.queue_id)}: {counts or 'nothing waits'}")
        if not self.queues:
            lines.append("  serves no queue")
        return "\n".join(lines)


def explain_agent(state: State, agent: AgentRecord) -> AgentExplanation:
    """Explain what keeps an agent from the tickets in their lines. O(demands that wait)."""
    return AgentExplanation(
        agent_id=agent.id,
        load=agent.load,
        capacity=capacity_of(agent.terms, state.gate.defaults),
        queues=tuple([_reasons(state, member) for member in agent.members]),
    )


def _reasons(state: State, member: MemberRecord) -> QueueReasons:
    queue = member.queue
    pulls = queue.terms.delivery is Delivery.PULL
    counts: Counter[str] = Counter()
    for _, demand in all_heads(queue):
        reason = (
            Reason.ASKED
            if _is_asked(member, demand)
            else state.gate.refusal(member, demand, by_hand=pulls)
        )
        word = (AWAITS_PULL if pulls else ASKED_LATER) if reason is None else reason.value
        counts[word] += demand.waiting
    return QueueReasons(
        queue_id=queue.id,
        waiting=counts.total(),
        reasons=read_only(sorted(counts.items(), key=lambda each: (-each[1], each[0]))),
    )


def _is_asked(member: MemberRecord, demand: Demand) -> bool:
    """Return whether the agent has an open offer of the demand's tickets: that comes first."""
    if demand.own is not None:
        return member.agent_id in (demand.own.offers or EMPTY)
    return (demand.asks.excluded or EMPTY).get(member.agent_id) is Reason.ASKED
