"""A base for strategies with tiers: the best tier first, and another strategy within it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar, Self

from attrs import Factory, define

from ticketroute.errors import InvalidValueError
from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member, Strategy

Make = Callable[[], Strategy]


def maker_of(then: object) -> Make:
    """Return a function that makes inner strategies: a class or factory, or one that copies."""
    if isinstance(then, type) or not hasattr(then, "select"):
        if not callable(then):
            raise InvalidValueError("then", then, "a strategy, its class or a function making one")
        return then
    fresh = getattr(then, "fresh", None)
    if fresh is None:
        raise InvalidValueError(
            "then",
            then,
            "the strategy's class, or a function making one, because it cannot be copied",
        )
    return fresh  # type: ignore[no-any-return]  # getattr knows no types


@define(eq=False)
class _Tiers:
    """An empty strategy for each tier, which keeps the turns that all siblings share."""

    make: Make
    of: dict[int, Strategy] = Factory(dict)
    main: object = None  # the first index to get a member; it knows all members with room

    def tier(self, number: int) -> Strategy:
        """Return the strategy that keeps a tier's turns; make it at the first call."""
        if number not in self.of:
            self.of[number] = self.make()
        return self.of[number]


class Tiered(ABC):
    """The members of the smallest tier first; within a tier another strategy decides.

    A subclass assigns a tier to each member, and sets whether each tier has its own turns.
    """

    turns_by_tier: ClassVar[bool]  # False: all tiers share their turns

    def __init__(self, then: Strategy | Make) -> None:
        make = maker_of(then)
        self._pattern = make()
        self._tiers = _Tiers(make)
        self._empty(EMPTY)

    @abstractmethod
    def tier_of(self, member: Member) -> int:
        """Return the member's tier; the smallest ranks first."""

    def _empty(self, asked: Mapping[str, int]) -> None:
        self._asked = asked
        self._tier_of: dict[AgentId, int] = {}
        self._index_of: dict[int, Strategy] = {}
        self._members_in: dict[int, int] = {}
        self._in_use: list[int] = []  # tiers that have members, the best first

    @property
    def window(self) -> Span | None:
        """The window of the strategy inside, in milliseconds."""
        return self._pattern.window

    @property
    def reads_demand(self) -> bool:
        """Whether the strategy inside depends on the skills that a ticket requires."""
        return self._pattern.reads_demand

    @property
    def draws(self) -> bool:
        """Whether the strategy inside draws random numbers."""
        return bool(getattr(self._pattern, "draws", False))

    @property
    def rings_all(self) -> bool:
        """Whether the strategy inside rings everyone at once; then the best tier rings."""
        return bool(getattr(self._pattern, "rings_all", False))

    @property
    def step(self) -> Span | None:
        """The span after which the strategy inside rings one more agent, in milliseconds."""
        step: Span | None = getattr(self._pattern, "step", None)
        return step

    @property
    def samples(self) -> bool:
        """Whether the strategy inside compares a few members drawn from all."""
        return bool(getattr(self._pattern, "samples", False))

    @property
    @abstractmethod
    def key_names(self) -> tuple[str, ...]:
        """The name of the tier, followed by the names of the strategy inside."""

    def join(self, member: Member) -> None:
        """Add a member to their tier. Cost of the strategy inside, plus O(t) for t tiers."""
        tier = self.tier_of(member)
        if tier not in self._index_of:
            self._index_of[tier] = self._memory(tier).sibling(self._asked)
            self._members_in[tier] = 0
        if not self._members_in[tier]:
            insort(self._in_use, tier)
        self._members_in[tier] += 1
        self._tier_of[member.agent_id] = tier
        self._index_of[tier].join(member)

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member from their tier. Cost of the strategy inside, plus O(t) for t tiers."""
        tier = self._tier_of.pop(agent_id)
        self._index_of[tier].leave(agent_id)
        self._members_in[tier] -= 1
        if not self._members_in[tier]:
            self._in_use.remove(tier)

    def changed(self, member: Member) -> None:
        """Pass the change to the member's tier, or move the member to another tier."""
        tier = self._tier_of[member.agent_id]
        if tier == self.tier_of(member):
            self._index_of[tier].changed(member)
        else:
            self.leave(member.agent_id)
            self.join(member)

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return the members that the best tier selects, then those of the tiers below."""
        chosen: tuple[AgentId, ...] = ()
        for tier in self._in_use:
            left = None if most is None else most - len(chosen)
            chosen += self._index_of[tier].select(excluding=excluding, most=left)
            if len(chosen) >= (1 if most is None else most):
                break
        return chosen

    def offered(self, agent_id: AgentId) -> None:
        """Move the turn of the member's tier."""
        self._index_of[self._tier_of[agent_id]].offered(agent_id)

    def forget(self, agent_id: AgentId) -> None:
        """Make every tier forget the agent, who may have been in several."""
        for tier in self._tiers.of.values():
            tier.forget(agent_id)

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the number of the member's tier, followed by their key within it."""
        tier = self._tier_of[agent_id]
        return (tier, *self._index_of[tier].key_of(agent_id))

    def turns(self) -> tuple[object, ...]:
        """Return the turns of each tier that has turns, the best first, or the shared turns."""
        if not self.turns_by_tier:
            return self._memory(0).turns()
        turns = ((number, tier.turns()) for number, tier in sorted(self._tiers.of.items()))
        return tuple((number, turn) for number, turn in turns if turn)

    def resume(self, turns: tuple[Any, ...]) -> None:
        """Take back what ``turns`` returned, tier by tier; before the first member joins.

        Raises:
            InvalidValueError: if the strategy inside cannot take it back.
        """
        each_tier = turns if self.turns_by_tier else ((0, turns),)
        for number, turn in each_tier:
            resume = getattr(self._memory(number), "resume", None)
            if resume is None:
                raise InvalidValueError("turns", turn, "empty: the strategy inside has no resume()")
            resume(turn)

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that shares the turns. O(1)."""
        twin = self.fresh()
        twin._tiers = self._tiers  # noqa: SLF001  siblings share this
        twin._empty(read_only(asked))  # noqa: SLF001
        return twin

    def fresh(self) -> Self:
        """Return an empty index with its own turns and the same strategy inside. O(1)."""
        return type(self)(self._tiers.make)

    def _memory(self, tier: int) -> Strategy:
        """Return the strategy that keeps the turns of a tier."""
        return self._tiers.tier(tier if self.turns_by_tier else 0)
