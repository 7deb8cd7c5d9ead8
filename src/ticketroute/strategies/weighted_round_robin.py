"""Turns in proportion to weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from heapq import merge
from itertools import chain, islice
from typing import Any, ClassVar, Self

from attrs import Factory, define
from sortedcontainers import SortedList

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member

TICKET = 10**12  # the credit of one ticket; credits are whole numbers, so no share is rounded
MOST_CREDIT = 8 * TICKET  # the most that an agent is owed; fair shares alone stay below it
LEAST_CREDIT = -TICKET  # the most that an agent owes; fair shares alone stay above it

Entry = tuple[int, int, AgentId]  # minus credit, last assigned, id: the order including ties


@define(eq=False)
class _Credits:
    """The credit of each agent, shared by all siblings.

    Every selection adds their share of a ticket to each agent with room, which would be O(n). So
    a credit is kept in two parts: what each unit of weight has gained since the beginning, and
    what an agent has apart from that.
    """

    main: WeightedRoundRobin | None = None  # the index that knows all agents with room
    weight_of: dict[AgentId, int] = Factory(dict)  # of all agents with room
    total: int = 0  # the sum of these weights
    gained: int = 0  # by each unit of weight, since the beginning
    apart: dict[AgentId, int] = Factory(dict)  # credit minus what the weight has gained
    moves: int = 0
    moved: dict[AgentId, int] = Factory(dict)  # asked -> number of that move, the latest last

    @property
    def share(self) -> int:
        """What a selection adds for each unit of weight."""
        return TICKET // self.total if self.total else 0

    def credit(self, agent_id: AgentId) -> int:
        """Return an agent's credit: positive if they are owed tickets, negative if they owe."""
        return self.apart.get(agent_id, 0) + self.weight_of.get(agent_id, 0) * self.gained

    def enter(self, agent_id: AgentId, weight: int) -> None:
        """Note that an agent has room and gains from now on."""
        self.apart[agent_id] = self.apart.get(agent_id, 0) - weight * self.gained
        self.weight_of[agent_id] = weight
        self.total += weight

    def exit(self, agent_id: AgentId) -> None:
        """Note that an agent has no more room; their credit stays the same."""
        credit, weight = self.credit(agent_id), self.weight_of.pop(agent_id)
        self.total -= weight
        if credit:
            self.apart[agent_id] = credit
        else:
            del self.apart[agent_id]

    def ask(self, agent_id: AgentId) -> None:
        """Add their share of the ticket to all agents with room, and charge the selected one."""
        paid = self.total * self.share
        self.gained += self.share
        credit = self.credit(agent_id)
        left = max(min(credit, MOST_CREDIT) - paid, LEAST_CREDIT)
        self.apart[agent_id] = self.apart.get(agent_id, 0) + left - credit
        self.moves += 1
        self.moved.pop(agent_id, None)
        self.moved[agent_id] = self.moves

    def forget(self, agent_id: AgentId) -> None:
        """Drop all facts about an agent."""
        self.apart.pop(agent_id, None)
        self.moved.pop(agent_id, None)

    def place(self, agent_id: AgentId, weight: int, last_assigned: int) -> Entry:
        """Return the entry of a member among those of equal weight, which rarely changes."""
        apart = self.apart.get(agent_id, 0)
        if agent_id not in self.weight_of:
            apart -= weight * self.gained
        return (-apart, last_assigned, agent_id)


class WeightedRoundRobin:
    """The agent furthest behind their share, by weight in the queue; shares are exact.

    Each selection credits all agents with room with a part of a ticket in proportion to their
    weight, and charges the selected agent one ticket. The agent with the most credit ranks first.
    While the same agents have room, each gets exactly as many tickets as their weight in as many
    selections as the sum of the weights, spread out: weights 2, 2 and 1 give a, b, c, a, b.

    An agent without room keeps their credit and does not gain or pay until they have room again.
    A new agent starts with no credit. An agent is owed at most eight tickets and owes at most one,
    so tickets that an agent missed because they lack a skill are made up for only to that extent.
    Ties: longest since last assigned first, then by agent id.

    Siblings share credits, so that a ticket that requires skills counts for all tickets. Add a
    new member to the original first: the first index that gets a member is the one that knows all
    agents with room.

    Cost: O(log n) to join, leave and change; O(c + (k + most) log n) to select with k excluded
    and c different weights, at most 100.

    Source: the smooth weighted round robin of nginx, with each selection's weights scaled to one
    ticket, so that a credit means the same after other agents came or went.

    >>> strategy = WeightedRoundRobin()
    >>> for name, weight in (("ana", 2), ("ben", 1)):
    ...     strategy.join(Member(agent_id=name, weight=weight))
    >>> for _ in range(3):
    ...     (name,) = strategy.select()
    ...     strategy.offered(name)
    ...     print(name)
    ana
    ben
    ana
    """

    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ("minus credit, in trillionths of a ticket",)

    def __init__(self) -> None:
        self._credits = _Credits()
        self._empty()

    def _empty(self) -> None:
        self._seen = self._credits.moves  # the latest move that the entries show
        self._entry_of: dict[AgentId, tuple[int, Entry]] = {}  # with the weight
        self._entries: dict[int, SortedList[Entry]] = {}  # by weight

    @property
    def window(self) -> Span | None:
        """None, because only the credits are remembered."""
        return None

    def join(self, member: Member) -> None:
        """Add a member who has room, with the credit they had when they left. O(log n)."""
        credits_ = self._credits
        if credits_.main is None:
            credits_.main = self
        if credits_.main is self:
            credits_.enter(member.agent_id, member.weight)
        self._put(member.agent_id, member.weight, _place(credits_, member))

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member who has no more room; their credit stays. O(log n)."""
        self._take(agent_id)
        if self._credits.main is self:
            self._credits.exit(agent_id)

    def changed(self, member: Member) -> None:
        """Note a new weight and the order of ties; ignore any other change. O(log n)."""
        agent_id, credits_ = member.agent_id, self._credits
        if credits_.main is self and credits_.weight_of[agent_id] != member.weight:
            credits_.exit(agent_id)
            credits_.enter(agent_id, member.weight)
        entry = (member.weight, _place(credits_, member))
        if self._entry_of[agent_id] != entry:
            self._take(agent_id)
            self._put(agent_id, *entry)

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return the agent with the most credit, or the first ``most``. O(c + (k + most) log n)."""
        self._catch_up()
        wanted = 1 if most is None else max(0, most)
        return tuple(agent_id for _, _, agent_id in self._first(wanted, excluding))

    def offered(self, agent_id: AgentId) -> None:
        """Charge the selected agent, and add their share to all agents with room. O(1)."""
        self._credits.ask(agent_id)

    def forget(self, agent_id: AgentId) -> None:
        """Drop the agent's credit. O(1)."""
        self._credits.forget(agent_id)

    def key_of(self, agent_id: AgentId) -> Key:
        """Return minus the credit that the agent would have at the next selection. O(log n)."""
        self._catch_up()
        weight, entry = self._entry_of[agent_id]
        return (entry[0] - weight * self._ahead,)

    def turns(self) -> tuple[object, ...]:
        """Return the credits that are not 0, by agent id. O(n log n)."""
        credits_ = self._credits
        owed = ((agent_id, credits_.credit(agent_id)) for agent_id in sorted(credits_.apart))
        return tuple((agent_id, credit) for agent_id, credit in owed if credit)

    def resume(self, turns: tuple[Any, ...]) -> None:
        """Take back the credits that ``turns`` returned; before the first member joins. O(n)."""
        self._credits.apart = dict(turns)

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index with the same credits. O(1)."""
        twin = type(self)()
        twin._credits = self._credits  # noqa: SLF001  siblings share this
        twin._empty()  # noqa: SLF001
        return twin

    def fresh(self) -> Self:
        """Return an empty index with its own credits. O(1)."""
        return type(self)()

    @property
    def _ahead(self) -> int:
        """The gain of a unit of weight after the next selection."""
        return self._credits.gained + self._credits.share

    def _first(self, wanted: int, excluding: AbstractSet[AgentId]) -> Iterable[Entry]:
        """Return the first willing members in order, with minus their credit after that."""
        ahead, found = self._ahead, list[Iterator[Entry]]()
        for weight, entries in self._entries.items():
            willing = (entry for entry in entries if entry[2] not in excluding)
            found.append(_scored(islice(willing, wanted), weight * ahead))
        if wanted == 1:
            return sorted(chain.from_iterable(found))[:1]
        return islice(merge(*found), wanted)

    def _put(self, agent_id: AgentId, weight: int, entry: Entry) -> None:
        self._entry_of[agent_id] = (weight, entry)
        if weight not in self._entries:
            self._entries[weight] = SortedList()
        self._entries[weight].add(entry)

    def _take(self, agent_id: AgentId) -> None:
        weight, entry = self._entry_of.pop(agent_id)
        self._entries[weight].remove(entry)
        if not self._entries[weight]:
            del self._entries[weight]

    def _catch_up(self) -> None:
        """Move the members selected by any sibling since the last call.

        Amortised O(log n) for each selected agent.
        """
        credits_ = self._credits
        if self._seen == credits_.moves:
            return
        for agent_id in reversed(credits_.moved):
            if credits_.moved[agent_id] <= self._seen:
                break
            if agent_id in self._entry_of:
                weight, known = self._entry_of[agent_id]
                entry = credits_.place(agent_id, weight, known[1])
                if entry != known:
                    self._take(agent_id)
                    self._put(agent_id, weight, entry)
        self._seen = credits_.moves


def _place(credits_: _Credits, member: Member) -> Entry:
    return credits_.place(member.agent_id, member.weight, member.last_assigned)


def _scored(entries: Iterable[Entry], gained: int) -> Iterator[Entry]:
    """Yield entries of one weight with the gain of that weight."""
    for minus_apart, last_assigned, agent_id in entries:
        yield (minus_apart - gained, last_assigned, agent_id)
