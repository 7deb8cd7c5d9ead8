"""The better of two random agents."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import ClassVar, Self

from sortedcontainers import SortedList

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.urn import Urn


class PowerOfTwo:
    """The agent with the lower load of two drawn at random.

    Two different agents are drawn, each pair with the same chance. If only one is left, it is
    selected without a draw. Load is in units of capacity. Several agents are selected one after
    the other, each from a new pair of those not selected yet, so the other of a pair may be drawn
    again.
    Ties within a pair: longest since last assigned first, then by agent id.
    The answer does not depend on the order in which members joined.

    Cost: O(log n) to join and leave, O(1) for a change, O((k + most) log n) to select with k
    excluded.

    Source: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (1996),
    where the queue's length is the load; here it is what the agent holds.

    >>> class Half:
    ...     def random(self) -> float:
    ...         return 0.5
    >>> strategy = PowerOfTwo(Half())
    >>> strategy.join(Member(agent_id="ana", load=2, capacity=5))
    >>> strategy.join(Member(agent_id="ben", load=1, capacity=5))
    >>> strategy.select()
    ('ben',)
    """

    draws: ClassVar[bool] = True
    samples: ClassVar[bool] = True
    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ("load",)

    def __init__(self, source: RandomSource) -> None:
        self._source = source
        self._ids: SortedList[AgentId] = SortedList()
        self._standing: dict[AgentId, tuple[int, int, AgentId]] = {}

    @property
    def window(self) -> Span | None:
        """None, because the strategy reads no past."""
        return None

    def join(self, member: Member) -> None:
        """Add a member who has room. O(log n)."""
        self._ids.add(member.agent_id)
        self.changed(member)

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. O(log n)."""
        self._ids.remove(agent_id)
        del self._standing[agent_id]

    def changed(self, member: Member) -> None:
        """Note the load and the last assignment. O(1)."""
        self._standing[member.agent_id] = (member.load, member.last_assigned, member.agent_id)

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Draw pairs and return the better of each. O((k + most) log n)."""
        urn = Urn(self._ids, excluding)
        wanted = min(1 if most is None else most, urn.left)
        return tuple(urn.take(self._draw(urn)) for _ in range(wanted))

    def offered(self, agent_id: AgentId) -> None:
        """Do nothing: a draw has no memory. O(1)."""

    def forget(self, agent_id: AgentId) -> None:
        """Do nothing: only members of the index are remembered. O(1)."""

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the load of a member of the index. O(1)."""
        return (self._standing[agent_id][0],)

    def turns(self) -> tuple[object, ...]:
        """Return an empty tuple, because a draw has no memory."""
        return ()

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)

    def fresh(self) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)

    def _draw(self, urn: Urn) -> int:
        """Draw two agents and return the number of the better one in the urn."""
        if urn.left == 1:
            return 0
        one = int(self._source.random() * urn.left)
        other = int(self._source.random() * (urn.left - 1))
        if other >= one:  # any number but the first
            other += 1
        return min(one, other, key=lambda number: self._standing[urn.at(number)])
