"""Drawing agents without replacement."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from sortedcontainers import SortedList

from ticketroute.model.ids import AgentId


class Urn:
    """Agent ids to draw for one answer, numbered from 0 to ``left`` - 1.

    The numbers depend on the ids alone and not on the order in which they came. The same ids,
    exclusions and random numbers give the same answer, on a replayed desk as well.
    Taking a uniform number leaves a uniform rest: it is a Fisher-Yates shuffle that stores only
    the items it moved.

    Cost: O(k log n) to make, with k excluded; O(log n) for each draw.
    """

    def __init__(self, ids: SortedList[AgentId], excluding: Iterable[AgentId]) -> None:
        places = sorted(ids.index(agent_id) for agent_id in excluding if agent_id in ids)
        # the number of ids that are not excluded before each excluded one
        self._free_before = [place - number for number, place in enumerate(places)]
        self._ids = ids
        self._taken = 0
        self._moved: dict[int, int] = {}
        self.left = len(ids) - len(places)

    def at(self, number: int) -> AgentId:
        """Return the id with that number. O(log n)."""
        free = self._moved.get(self._taken + number, self._taken + number)
        return self._ids[free + bisect_right(self._free_before, free)]

    def take(self, number: int) -> AgentId:
        """Remove and return the id with that number, and renumber the others. O(log n)."""
        agent_id = self.at(number)
        self._moved[self._taken + number] = self._moved.pop(self._taken, self._taken)
        self._taken += 1
        self.left -= 1
        return agent_id
