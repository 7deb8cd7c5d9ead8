"""Equal chances."""

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


class Random:
    """Any agent with room, each with the same chance.

    Several agents are drawn one after the other, each uniformly from those not drawn yet. There
    are no ties. The answer depends only on the members of the index, the excluded ones and the
    random numbers, one for each selected agent; the order in which members joined has no effect.

    Cost: O(log n) to join and leave, O((k + most) log n) to select with k excluded.

    Source: LiveAgent's random assignment; Asterisk's ``random``.

    >>> class Half:
    ...     def random(self) -> float:
    ...         return 0.5
    >>> strategy = Random(Half())
    >>> for name in ("cleo", "ana", "ben"):
    ...     strategy.join(Member(agent_id=name))
    >>> strategy.select()
    ('ben',)
    """

    draws: ClassVar[bool] = True
    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, source: RandomSource) -> None:
        self._source = source
        self._ids: SortedList[AgentId] = SortedList()

    @property
    def window(self) -> Span | None:
        """None, because the strategy reads no past."""
        return None

    def join(self, member: Member) -> None:
        """Add a member who has room. O(log n)."""
        self._ids.add(member.agent_id)

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. O(log n)."""
        self._ids.remove(agent_id)

    def changed(self, member: Member) -> None:
        """Do nothing: a draw reads no facts. O(1)."""

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Draw one member, or up to ``most``. O((k + most) log n)."""
        urn = Urn(self._ids, excluding)
        wanted = min(1 if most is None else most, urn.left)
        return tuple(urn.take(int(self._source.random() * urn.left)) for _ in range(wanted))

    def offered(self, agent_id: AgentId) -> None:
        """Do nothing: a draw has no memory. O(1)."""

    def forget(self, agent_id: AgentId) -> None:
        """Do nothing: only members of the index are remembered. O(1)."""

    def key_of(self, agent_id: AgentId) -> Key:
        """Return an empty key, because members have no order."""
        return ()

    def turns(self) -> tuple[object, ...]:
        """Return an empty tuple, because a draw has no memory."""
        return ()

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)

    def fresh(self) -> Self:
        """Return an empty index that draws from the same source. O(1)."""
        return type(self)(self._source)
