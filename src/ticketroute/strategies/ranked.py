"""A base for strategies that are a key; it adds the index and the ties."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from copy import copy
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, ClassVar, Self, final

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member

Entry = tuple[Any, ...]  # the key's numbers, last assigned, id: the order including ties

SLACK = 64  # dead entries that are not worth a sweep, however few are live


class Ranked(ABC):
    """A strategy that ranks the smallest key first.

    A subclass defines only the key. Ties: longest since last assigned first, then by agent id.

    Cost: ``select`` and every change O(log n), amortised over the sweeps; O(n) memory, however
    often the same few members change. ``key`` is called once for each ``join`` and ``changed``.

    A subclass with options takes them in ``__init__`` and calls ``super().__init__()``.

    >>> class LightestFirst(Ranked):
    ...     key_names = ("weight",)
    ...
    ...     def key(self, member: Member) -> Key:
    ...         return (member.weight,)
    >>> strategy = LightestFirst()
    >>> strategy.join(Member(agent_id="ana", weight=7))
    >>> strategy.join(Member(agent_id="ben", weight=3))
    >>> strategy.select()
    ('ben',)
    """

    draws: ClassVar[bool] = False
    samples: ClassVar[bool] = False
    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ("key",)

    def __init__(self) -> None:
        # The old entry of a member who changed or left stays in the heap as a dead entry until it
        # is at the top or is swept. An entry is live only if it is the same object as in _living,
        # because an equal entry may be dead.
        self._heap: list[Entry] = []
        self._living: dict[AgentId, Entry] = {}
        self._rests = False  # then there is no heap

    @abstractmethod
    def key(self, member: Member) -> Key:
        """Return this member's key: whole numbers, of which the smaller ranks first.

        It has as many numbers for each member as ``key_names`` has names.
        """

    @property
    def window(self) -> Span | None:
        """None, because neither ``taken`` nor ``handle_time`` is read."""
        return None

    @final
    def join(self, member: Member) -> None:
        """Add a member who has room. O(log n)."""
        self.put(self.entry(member))

    @final
    def changed(self, member: Member) -> None:
        """Move a member to the rank of their new key; O(log n), O(1) if it is the same."""
        self.put(self.entry(member))

    def entry(self, member: Member) -> Entry:
        """Return this member's entry: their key, and the facts that decide ties."""
        return (*self.key(member), member.last_assigned, member.agent_id)

    def put(self, entry: Entry) -> None:
        """Add or move a member to the rank of this entry.

        It serves ``join`` and ``changed`` for many siblings at once, because a member has the same
        entry in all of them unless ``reads_demand``. O(log n), O(1) if the entry is the same.
        """
        heap, living = self._heap, self._living
        agent_id = entry[-1]
        old = living.get(agent_id)
        if old == entry:
            return
        living[agent_id] = entry
        if self._rests:
            return
        if heap and heap[0] is old:  # who was just asked: replaced in place, nothing dead is left
            heapreplace(heap, entry)
            return
        heappush(heap, entry)
        if len(heap) > 2 * len(living) + SLACK:
            self._sweep()

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room. O(log n)."""
        heap = self._heap
        gone = self._living.pop(agent_id)
        if heap and heap[0] is gone:
            heappop(heap)
        if len(heap) > 2 * len(self._living) + SLACK:
            self._sweep()

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return the members with the smallest keys; a single one if ``most`` is None.

        O((k + most) log n) for k excluded; O(1) for the first two if no dead entry is near.
        """
        heap, living = self._heap, self._living
        while True:
            if not heap:
                if not self._rests:
                    return ()
                self._sweep()
                return self.select(excluding=excluding, most=most)
            first = heap[0]
            first_id = first[-1]
            if living.get(first_id) is first:
                break
            heappop(heap)
        if first_id not in excluding:
            if most is None or most == 1:
                return (first_id,)
            if most == 2 and len(heap) > 1:
                # The second is the better child of the root. If that entry is dead, the second may
                # be below it, and only a walk finds it.
                second = heap[1]
                if len(heap) > 2 and heap[2] < second:
                    second = heap[2]
                second_id = second[-1]
                if living.get(second_id) is second and second_id not in excluding:
                    return (first_id, second_id)
        return self._walk(excluding, 1 if most is None else most)

    def rest(self) -> None:
        """Stop keeping the order until the next ``select``, which rebuilds it. O(1), then O(n).

        It is for a caller with another index of the same members. ``key_of`` still answers.
        """
        self._heap, self._rests = [], True

    def offered(self, agent_id: AgentId) -> None:  # noqa: B027  most subclasses ignore it too
        """Do nothing: a key has no turns. O(1)."""

    def forget(self, agent_id: AgentId) -> None:  # noqa: B027  most subclasses ignore it too
        """Do nothing: only members of the index are remembered. O(1)."""

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the key of a member of the index. O(1)."""
        key: Key = self._living[agent_id][:-2]
        return key

    def turns(self) -> tuple[object, ...]:
        """Return an empty tuple, because a key has no turns."""
        return ()

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return a copy with the same options and an empty index. O(1)."""
        twin = copy(self)
        Ranked.__init__(twin)
        return twin

    def fresh(self) -> Self:
        """Return a copy with the same options and an empty index. O(1)."""
        return self.sibling({})

    def _walk(self, excluding: AbstractSet[AgentId], most: int) -> tuple[AgentId, ...]:
        heap, living = self._heap, self._living
        if most >= len(living):
            return tuple(
                entry[-1] for entry in sorted(living.values()) if entry[-1] not in excluding
            )
        chosen: list[AgentId] = []
        passed: list[Entry] = []
        while heap and len(chosen) < most:
            entry = heappop(heap)
            if living.get(entry[-1]) is entry:
                passed.append(entry)
                if entry[-1] not in excluding:
                    chosen.append(entry[-1])
        for entry in passed:
            heappush(heap, entry)
        return tuple(chosen)

    def _sweep(self) -> None:
        """Drop dead entries: O(n), after at least n / 2 changes, or after rest()."""
        self._rests = False
        self._heap = list(self._living.values())
        heapify(self._heap)
