"""The best skills for a ticket first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class BestMatch(Ranked):
    """The agent whose skills exceed the required levels most, on average.

    The surplus of a skill is the agent's level minus the required level; the mean over the
    required skills decides. Other skills are ignored, and if a ticket requires none, all tie.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(s + log n) for s required skills.

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
        """Return minus the sum of surpluses, which orders members of one index like the mean."""
        levels = member.skills
        return (sum(asked - levels.get(skill, 0) for skill, asked in self._asked.items()),)

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index for tickets that require these skills. O(s)."""
        twin = super().sibling(asked)
        twin._asked = read_only(asked)  # noqa: SLF001  a copy of the same class
        return twin
