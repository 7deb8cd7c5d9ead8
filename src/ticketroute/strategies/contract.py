"""The plug-in point: what the desk tells a strategy, and what it asks it.

A strategy orders the agents that the desk adds to it. It never filters: the desk adds those who
have room, and skips those who may not get a ticket. It never sees a ticket or the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol, Self

from attrs import define

from ticketroute.model.agent import USUAL_PRIORITY
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant, Span

NOBODY: frozenset[AgentId] = frozenset()

Key = tuple[int, ...]  # the smaller ranks first


@define(eq=False, kw_only=True, weakref_slot=False)
class Member:
    """An agent as the strategy of one queue sees them; the desk keeps these facts up to date.

    A strategy reads a member when the desk passes it, and keeps what it needs. Whenever a fact
    here changes, the desk calls ``changed``.

    ``capacity`` and ``load`` are in units of capacity. ``count`` is the number of tickets of all
    queues that count towards the load. ``last_assigned`` is the number of the desk's assignment,
    from 1; 0 means never, so two agents tie only before their first ticket. ``idle_since`` is the
    instant at which the last ticket ended, or the agent became available if they never had one.
    ``available_since`` is the instant at which the present or latest availability began, whatever
    tickets ended since. ``taken`` and ``handle_time`` are tickets and milliseconds within the
    strategy's ``window``.
    """

    agent_id: AgentId
    priority: int = USUAL_PRIORITY
    capacity: int = 1
    load: int = 0
    count: int = 0
    position: int = 0
    weight: int = 1
    skills: Mapping[str, int] = EMPTY
    last_assigned: int = 0
    idle_since: Instant = 0
    available_since: Instant = 0
    taken: int = 0
    handle_time: Span = 0


class Strategy(Protocol):
    """An order of agents, kept as an index of those who have room.

    One strategy serves one queue. Tickets that only some members can serve may get a sibling,
    which is a separate index of these members that shares the memory of whose turn it is.

    ``window``, ``reads_demand`` and ``key_names`` may be plain class attributes.

    A class that draws random numbers sets ``draws = True``, and is then made with ``source=``, a
    :class:`~ticketroute.model.ports.RandomSource`. A class that offers a ticket to everyone at
    once sets ``rings_all = True``, and may have a ``step``: the milliseconds after which one more
    agent is rung. A class that compares a few members drawn from all sets ``samples = True``. The
    first eligible member in its answer is then not the one it would select among the eligible
    members alone, so every set of required skills gets an index.
    """

    @property
    def reads_demand(self) -> bool:
        """Whether the order depends on the skills that a ticket requires."""
        ...

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the numbers in ``key_of``, for people, in the same order."""
        ...

    @property
    def window(self) -> Span | None:
        """How far back ``taken`` and ``handle_time`` count, in ms; None if it reads neither."""
        ...

    def join(self, member: Member) -> None:
        """Add a member who has room and is not in the index yet. O(log n)."""
        ...

    def leave(self, agent_id: AgentId) -> None:
        """Remove a member of the index who has no more room. O(log n)."""
        ...

    def changed(self, member: Member) -> None:
        """Move a member whose facts have changed to their new rank. O(log n)."""
        ...

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return the ids of the first members in order; change nothing. O((k + most) log n).

        Args:
            excluding: k agents to skip.
            most: how many at most; None means as many as the strategy selects at a time.
        """
        ...

    def offered(self, agent_id: AgentId) -> None:
        """Note that the selected agent got the offer, so the turn moves on; before ``changed``."""
        ...

    def forget(self, agent_id: AgentId) -> None:
        """Forget an agent who was removed from the desk and is not in the index."""
        ...

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the key that ranks this member of the index, for people to read; O(log n)."""
        ...

    def turns(self) -> tuple[object, ...]:
        """Return what the strategy remembers besides its index, such as whose turn it is.

        Two strategies with equal turns and equal members give equal answers, except for draws.
        Turns are texts, whole numbers and tuples of them. A strategy that has any takes them back
        by a method ``resume(turns)``, before its first member joins; without it, a desk cannot be
        restored from a snapshot, and is folded from its events.
        """
        ...

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that shares the turns, for tickets that require these skills."""
        ...
