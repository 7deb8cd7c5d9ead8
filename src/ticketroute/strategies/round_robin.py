"""Agents in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, ClassVar, Self

from attrs import Factory, define
from sortedcontainers import SortedList

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member


@define(eq=False)
class _Turns:
    """The seats of agents and the seat served last, shared by all siblings."""

    seat_of: dict[AgentId, int] = Factory(dict)  # kept when agents leave, because most come back
    agent_at: dict[int, AgentId] = Factory(dict)
    seats: int = 0  # the number ever given; a seat is never given twice
    last_seat: int = -1

    def seat(self, agent_id: AgentId) -> int:
        """Return the agent's seat: the one they had before, or a new one after all others."""
        seat = self.seat_of.setdefault(agent_id, self.seats)
        if seat == self.seats:
            self.agent_at[seat] = agent_id
            self.seats += 1
        return seat

    def forget(self, agent_id: AgentId) -> None:
        """Give up the agent's seat, if they have one; the other seats stay."""
        seat = self.seat_of.pop(agent_id, None)
        if seat is not None:
            del self.agent_at[seat]


class RoundRobin:
    """The agent whose seat follows the seat that was served last.

    The turn is a seat number, not a list position, and an agent keeps their seat while they are
    full, away or gone for the day. No agent gets a second offer before every agent who had room
    all the time got one. An agent gets a seat when they first join; only ``forget`` frees it. An
    agent who was forgotten and comes back counts as new and gets the last seat.
    There are no ties, because no two agents share a seat.

    Siblings share seats and turn, so that a ticket that requires skills takes its agent's turn for
    all tickets. Add a new member to the original first, because seats follow that order.

    Cost: O(log n) to join and leave, O(log n + k + most) to select with k excluded.

    Source: LiveAgent's round robin and Azure Communication Services Job Router's round robin
    mode; seats that survive absence follow Asterisk's ``rrmemory``.

    >>> strategy = RoundRobin()
    >>> for name in ("ana", "ben"):
    ...     strategy.join(Member(agent_id=name))
    >>> strategy.offered("ana")
    >>> strategy.select(most=2)
    ('ben', 'ana')
    """

    reads_demand: ClassVar[bool] = False
    key_names: ClassVar[tuple[str, ...]] = ("seats after the turn",)

    def __init__(self) -> None:
        self._turns = _Turns()
        self._seats: SortedList[int] = SortedList()  # of the members of the index

    @property
    def window(self) -> Span | None:
        """None, because only the turn is remembered."""
        return None

    def join(self, member: Member) -> None:
        """Add a member who has room, in their old seat or in a new last one. O(log n)."""
        self._seats.add(self._turns.seat(member.agent_id))

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member from their seat; the turn stays the same. O(log n)."""
        self._seats.remove(self._turns.seat_of[agent_id])

    def changed(self, member: Member) -> None:
        """Do nothing: turns depend on no fact that changes. O(1)."""

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return the agent whose turn it is, and those who follow. O(log n + k + most)."""
        return tuple(islice(self._following(excluding), 1 if most is None else max(0, most)))

    def offered(self, agent_id: AgentId) -> None:
        """Move the turn past the agent who got the offer. O(1)."""
        self._turns.last_seat = self._turns.seat_of[agent_id]

    def forget(self, agent_id: AgentId) -> None:
        """Free the agent's seat for ever; the turn and the other seats stay the same. O(1)."""
        self._turns.forget(agent_id)

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the number of seats, including empty ones, from the turn to theirs. O(1)."""
        turns = self._turns
        return ((turns.seat_of[agent_id] - turns.last_seat - 1) % turns.seats,)

    def turns(self) -> tuple[object, ...]:
        """Return the last seat served, the number of seats given, and each agent's seat. O(n)."""
        return (self._turns.last_seat, self._turns.seats, tuple(self._turns.agent_at.items()))

    def resume(self, turns: tuple[Any, ...]) -> None:
        """Take back what ``turns`` returned; before the first member joins. O(n)."""
        self._turns.last_seat, self._turns.seats, seats = turns
        self._turns.agent_at = dict(seats)
        self._turns.seat_of = {agent_id: seat for seat, agent_id in seats}

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index with the same seats and the same turn. O(1)."""
        twin = type(self)()
        twin._turns = self._turns  # noqa: SLF001  siblings share this
        return twin

    def fresh(self) -> Self:
        """Return an empty index with its own seats and turn. O(1)."""
        return type(self)()

    def _following(self, excluding: AbstractSet[AgentId]) -> Iterator[AgentId]:
        """Yield members in the order of seats, once round, from the seat after the last served."""
        last, agent_at = self._turns.last_seat, self._turns.agent_at
        for seat in self._seats.irange(last, inclusive=(False, True)):
            if agent_at[seat] not in excluding:
                yield agent_at[seat]
        for seat in self._seats.irange(maximum=last):
            if agent_at[seat] not in excluding:
                yield agent_at[seat]
