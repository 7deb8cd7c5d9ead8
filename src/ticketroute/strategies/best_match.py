"""The most skilled for what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class BestMatch(Ranked):
    """The agent whose skills exceed most, on average, what the ticket asks for.

    Surplus is a skill's level less the level asked for; its mean over the skills asked decides.
    Skills nobody asked for count for nothing, and where a ticket asks for none all agents tie.
    Ties: longest since last assigned, then agent id.

    Cost: O(s + log n) for s skills asked.

    Source: the scoring of workers by labels in Azure Communication Services Job Router and the
    best available skills of Genesys Cloud; the mean surplus as score is ours.

    >>> strategy = BestMatch().sibling({"german": 3})
    >>> strategy.join(Member(agent_id="ana", skills={"german": 4, "french": 9}))
    >>> strategy.join(Member(agent_id="ben", skills={"german": 6}))
    >>> strategy.select()
    ('ben',)
    """

    reads_demand: ClassVar[bool] = True
    key_names: ClassVar[tuple[str, ...]] = ("minus surplus, summed",)

    def __init__(self) -> None:
        super().__init__()
        self._asked: Mapping[str, int] = EMPTY

    def key(self, member: Member) -> Key:
        """Return minus the surplus, summed: an index compares like with like, so sum as mean."""
        levels = member.skills
        return (sum(asked - levels.get(skill, 0) for skill, asked in self._asked.items()),)

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index for tickets that ask for these skills. O(s)."""
        twin = super().sibling(asked)
        twin._asked = read_only(asked)  # noqa: SLF001  a copy of this very class
        return twin
