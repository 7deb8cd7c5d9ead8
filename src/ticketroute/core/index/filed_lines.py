"""The heads of a line that an agent may have: found by what they ask, not asked one by one.

The first few are looked at in the order of all, for one of them nearly always fits. Where a walk
grows long, the line is filed: demands of one kind differ in skills and exclusions alone, and each
stands under one skill that it asks, at its level. An agent without that skill cannot have it, so
nobody is held against more heads than stand under their own skills, of kinds they may have at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from attrs import define, field
from sortedcontainers import SortedList

from ticketroute.core.gate import Gate
from ticketroute.core.index.lone import lone_heads
from ticketroute.core.records import AgentRecord, Asks, Demand, Head, MemberRecord, QueueRecord
from ticketroute.model.line_order import Place

LONG = 64  # heads that a walk comes by before the line is filed; a line of no more never is
# Heads that are looked at in the order of all where the line is filed already; at most LONG.
FEW = 16
_NO_SKILL: Mapping[str, int] = {"": 0}  # what demands without skills stand under: no name is empty


def heads_for(queue: QueueRecord, agents: Sequence[AgentRecord], gate: Gate) -> Iterable[Head]:
    """Return the heads of a queue in order, without most of those that none of the agents may have.

    The line may not change until they are looked at. The first come unseen, ``LONG`` at most; of
    the others, each kind is held against each agent, O(kinds + skills x levels), and what stands
    under their skills comes in O(log n) a head. To file n heads is O(n log n); they stay so until
    as many changes have passed without a walk that came by ``FEW``. Tickets that stand alone come
    in groups, see ``lone``.
    """
    index = queue.index
    heads, filed = index.heads, index.filed
    if filed is not None and max(filed.idle, LONG) >= len(heads):
        index.filed = None
    shared = heads if len(heads) <= LONG else _in_question(queue, agents, gate)
    lone = lone_heads(queue, agents, gate) if index.lone else ()
    return merge(shared, *lone) if lone else shared


def _in_question(queue: QueueRecord, agents: Sequence[AgentRecord], gate: Gate) -> Iterator[Head]:
    index = queue.index
    unseen = LONG if index.filed is None else FEW
    yield from islice(index.heads, unseen)
    last, _ = index.heads[unseen - 1]
    filed = index.filed
    if filed is None:
        filed = index.filed = FiledHeads(queue)
    assert isinstance(filed, FiledHeads)
    members = [queue.members[record.id] for record in agents if record.id in queue.members]
    for head in merge(*filed.lists_for(members, gate)):
        if head[0] > last:
            yield head


@define(eq=False)
class _Kind:
    """Heads of demands that ask the same but for skills and exclusions."""

    bare: Demand  # without either: who is refused for it is refused for all of them
    lists: dict[str, dict[int, SortedList[Head]]] = field(factory=dict)  # by skill, by level

    def under(self, skill: str, level: int) -> int:
        """Return how many stand under a skill at a level. O(1)."""
        return len(self.lists.get(skill, {}).get(level, ()))


class FiledHeads:
    """All heads of a queue, each in one list: that of its kind, of one skill, of its level.

    ``idle`` is how many of them changed since somebody last asked for some.
    """

    def __init__(self, queue: QueueRecord) -> None:
        self.idle = 0
        self._queue = queue
        self._kinds: dict[Asks, _Kind] = {}
        self._filed: dict[Demand, tuple[_Kind, str, int]] = {}  # under which skill, at which level
        for head in queue.index.heads:
            self._list_for(head[1]).add(head)

    def change(self, demand: Demand, head: Place | None) -> None:
        """Follow a demand whose head is to be in another place, or in none. O(skills + log n)."""
        self.idle += 1
        heads = self._list_for(demand)
        if demand.head is not None:
            heads.remove((demand.head, demand))
        if head is not None:
            heads.add((head, demand))
            return
        kind, skill, level = self._filed.pop(demand)
        if not heads:
            del kind.lists[skill][level]
        if not kind.lists[skill]:
            del kind.lists[skill]
        if not kind.lists:
            del self._kinds[kind.bare.asks]

    def lists_for(self, members: Iterable[MemberRecord], gate: Gate) -> list[SortedList[Head]]:
        """Return the lists outside of which there is nothing for any of these members."""
        self.idle = 0
        members, found = list(members), []
        for kind in self._kinds.values():
            best: dict[str, int] = {}
            for member in members:
                if gate.refusal(member, kind.bare) is None:
                    best |= _NO_SKILL
                    for skill, level in member.record.terms.skills.items():
                        best[skill] = max(level, best.get(skill, 0))
            for skill in best.keys() & kind.lists.keys():
                levels = kind.lists[skill]
                found += [heads for level, heads in levels.items() if level <= best[skill]]
        return found

    def _list_for(self, demand: Demand) -> SortedList[Head]:
        """Return where a demand is filed: under that of its skills which has the fewest by then."""
        if demand not in self._filed:
            kind, skills = self._kind_of(demand), demand.asks.skills or _NO_SKILL
            skill = min(skills, key=lambda each: kind.under(each, skills[each]))
            self._filed[demand] = kind, skill, skills[skill]
        kind, skill, level = self._filed[demand]
        levels = kind.lists.setdefault(skill, {})
        if level not in levels:
            levels[level] = SortedList()
        return levels[level]

    def _kind_of(self, demand: Demand) -> _Kind:
        asks = demand.asks._replace(skills=None, excluded=None)
        if asks not in self._kinds:
            plain = None  # of a reservation, as every demand that has one
            if asks.reserved is not None:
                plain = Demand(self._queue, asks._replace(reserved=None), None)
            self._kinds[asks] = _Kind(Demand(self._queue, asks, None, plain))
        return self._kinds[asks]
