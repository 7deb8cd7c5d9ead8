"""The best skills for a ticket first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.errors import InvalidValueError
from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Key, Member, Strategy
from ticketroute.strategies.ranked import Ranked
from ticketroute.strategies.tiers import Make, Tiered


class _Usual(Ranked):
    """The usual order of ties."""

    key_names: ClassVar[tuple[str, ...]] = ()

    def key(self, member: Member) -> Key:
        """Return an empty key, so that all tie."""
        return ()


class BestMatch(Tiered):
    """The agent whose skills exceed the required levels most, on average.

    The surplus of a skill is the agent's level minus the required level; the mean over the
    required skills decides. Other skills are ignored, and if a ticket requires none, all agents
    match equally well.
    Among agents who match equally well ``then`` decides, including ties: a strategy that selects
    one agent at a time, its class or a function that makes one. All tickets of the queue share its
    turns, whatever skills they require. Without ``then``: longest since last assigned first, then
    by agent id.

    Cost: O(s) for s required skills, plus that of ``then``, which is O(log n) by default.

    Source: the scoring of workers by labels in Azure Communication Services Job Router and the
    best available skills of Genesys Cloud; the mean surplus as score is ours.

    >>> strategy = BestMatch().sibling({"german": 3})
    >>> strategy.join(Member(agent_id="ana", skills={"german": 4, "french": 9}))
    >>> strategy.join(Member(agent_id="ben", skills={"german": 6}))
    >>> strategy.select()
    ('ben',)
    """

    turns_by_tier: ClassVar[bool] = False
    reads_demand: ClassVar[bool] = True

    def __init__(self, then: Strategy | Make = _Usual) -> None:
        super().__init__(then)
        if self.rings_all:
            inside = type(self._pattern).__name__
            raise InvalidValueError("then", inside, "a strategy that selects one agent at a time")

    @property
    def key_names(self) -> tuple[str, ...]:
        """Minus the surplus, followed by the names of the strategy inside."""
        return ("minus surplus, summed", *self._pattern.key_names)

    def join(self, member: Member) -> None:
        """Add a member who has room. O(s), plus the cost of the strategy inside."""
        if self._tiers.main is None:
            self._tiers.main = self
        if self._tells_all:
            self._memory(0).join(member)
        super().join(member)

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. Cost of the strategy inside."""
        super().leave(agent_id)
        if self._tells_all:
            self._memory(0).leave(agent_id)

    def changed(self, member: Member) -> None:
        """Pass the change to the strategy inside, or move the member to their new match."""
        if self._tells_all:
            self._memory(0).changed(member)
        super().changed(member)

    @property
    def _tells_all(self) -> bool:
        """Whether this index adds all members with room to the shared memory, besides its tiers.

        The memory has to know them, whatever their tier. If no skill is required, there is only
        one tier, which does this.
        """
        return self._tiers.main is self and bool(self._asked)

    def tier_of(self, member: Member) -> int:
        """Return minus the sum of surpluses, which orders members of one index like the mean."""
        levels = member.skills
        return sum(asked - levels.get(skill, 0) for skill, asked in self._asked.items())
