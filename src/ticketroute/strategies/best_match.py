"""The most skilled for what is asked."""

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
        """Return an empty key: all tie."""
        return ()


class BestMatch(Tiered):
    """The agent whose skills exceed most what the ticket asks.

    Surplus is a skill's level less the level asked for; its mean over the skills asked decides.
    Skills nobody asked for count for nothing, and where a ticket asks for none all agents match
    equally well.
    Among agents who match equally well ``then`` decides, ties included: a strategy, its class or
    a function that makes one, which asks one agent at a time. All tickets of the queue share its
    turns, whatever they ask for. Without ``then``: longest since last assigned, then agent id.

    Cost: O(s) for s skills asked, and that of ``then``; O(log n) without.

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
            raise InvalidValueError("then", inside, "a strategy that asks one agent at a time")

    @property
    def key_names(self) -> tuple[str, ...]:
        """Minus the surplus, and the names of the strategy inside."""
        return ("minus surplus, summed", *self._pattern.key_names)

    def join(self, member: Member) -> None:
        """Take in a member who has room. O(s), and as the strategy inside."""
        if self._tiers.main is None:
            self._tiers.main = self
        if self._tells_all:
            self._memory(0).join(member)
        super().join(member)

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. As the strategy inside."""
        super().leave(agent_id)
        if self._tells_all:
            self._memory(0).leave(agent_id)

    def changed(self, member: Member) -> None:
        """Tell the strategy inside, or move the member to where they match now."""
        if self._tells_all:
            self._memory(0).changed(member)
        super().changed(member)

    @property
    def _tells_all(self) -> bool:
        """Whether the shared memory is told of everybody with room, beside the tiers here.

        It has to know them, whatever their tier. Where nothing is asked for, the one tier that
        there is does that.
        """
        return self._tiers.main is self and bool(self._asked)

    def tier_of(self, member: Member) -> int:
        """Return minus the surplus, summed: an index compares like with like, so sum as mean."""
        levels = member.skills
        return sum(asked - levels.get(skill, 0) for skill, asked in self._asked.items())
