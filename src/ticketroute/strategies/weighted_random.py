"""Chances in proportion to weights."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import accumulate
from typing import ClassVar, Self

from sortedcontainers import SortedList

from ticketroute.model.agent import HEAVIEST_WEIGHT
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.urn import Urn


class WeightedRandom:
    """Any agent with room, with a chance in proportion to their weight in the queue.

    An agent with weight 30 is selected three times as often as one with weight 10. Several agents
    are drawn one after the other, each in proportion among those not drawn yet. There are no ties.
    The answer depends only on the members of the index and their weights, the excluded ones and
    the random numbers, one for each selected agent; the order in which members joined has no
    effect.

    Cost: O(log n) to join, leave and change; O(w + k log n) to select one, with k excluded and w
    the greatest possible weight, 100.

    Not Asterisk's ``wrandom``, where each agent draws below (1 + penalty) x 1,000 and the
    smallest draw wins: penalties 0 and 1 give 75 and 25 in 100 there. Of two agents with
    penalties p <= q the shares are 2(1 + q) - (1 + p) to 1 + p, which are the weights to give:
    3 and 1 for penalties 0 and 1, 19 and 1 for 0 and 9.

    Source: drawing in proportion to a weight, as by ``random.choices``; for the comparison,
    ``calc_metric`` in Asterisk's app_queue.c.

    >>> class Low:
    ...     def random(self) -> float:
    ...         return 0.2
    >>> strategy = WeightedRandom(Low())
    >>> strategy.join(Member(agent_id="ana", weight=90))
    >>> strategy.join(Member(agent_id="ben", weight=10))
    >>> strategy.select()
    ('ana',)
    """

    draws: ClassVar[bool] = True
    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(self, source: RandomSource) -> None:
        self._source = source
        self._weight_of: dict[AgentId, int] = {}
        self._ids_of: dict[int, SortedList[AgentId]] = {}
        # The total weight of the members of each weight. It is a plain list, because select adds
        # it up twenty times as fast as it walks one sorted structure of lists.
        self._shares = [0] * (HEAVIEST_WEIGHT + 1)

    @property
    def window(self) -> Span | None:
        """None, because the strategy reads no past."""
        return None

    def join(self, member: Member) -> None:
        """Add a member who has room. O(log n)."""
        weight = member.weight
        self._weight_of[member.agent_id] = weight
        if weight not in self._ids_of:
            self._ids_of[weight] = SortedList()
        self._ids_of[weight].add(member.agent_id)
        self._shares[weight] += weight

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. O(log n)."""
        weight = self._weight_of.pop(agent_id)
        self._ids_of[weight].remove(agent_id)
        self._shares[weight] -= weight

    def changed(self, member: Member) -> None:
        """Note a new weight; ignore any other change. O(log n)."""
        if self._weight_of[member.agent_id] != member.weight:
            self.leave(member.agent_id)
            self.join(member)

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Draw one member, or up to ``most``. O(k log n + most (w + log n))."""
        weight_of = self._weight_of
        out = [agent_id for agent_id in excluding if agent_id in weight_of]
        wanted = min(1 if most is None else most, len(weight_of) - len(out))
        shares = self._shares.copy()
        for agent_id in out:
            shares[weight_of[agent_id]] -= weight_of[agent_id]
        urns: dict[int, Urn] = {}
        chosen: list[AgentId] = []
        for _ in range(wanted):
            ends = list(accumulate(shares))
            mark = int(self._source.random() * ends[-1])
            weight = bisect_right(ends, mark)  # the first whose end is beyond the mark
            if weight not in urns:
                same = [agent_id for agent_id in out if weight_of[agent_id] == weight]
                urns[weight] = Urn(self._ids_of[weight], same)
            chosen.append(urns[weight].take((mark - ends[weight - 1]) // weight))
            shares[weight] -= weight
        return tuple(chosen)

    def offered(self, agent_id: AgentId) -> None:
        """Do nothing: a draw has no memory. O(1)."""

    def forget(self, agent_id: AgentId) -> None:
        """Do nothing: only members of the index are remembered. O(1)."""

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the weight of a member of the index. O(1)."""
        return (self._weight_of[agent_id],)

    def turns(self) -> tuple[object, ...]:
        """Return an empty tuple, because a draw has no memory."""
        return ()

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)

    def fresh(self) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)
