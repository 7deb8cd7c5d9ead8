"""The plug-in point: what a strategy is told, and what it is asked.

A strategy orders the agents it was told of. It never filters: the desk tells it of those who have
room, and skips those a ticket may not go to. It never sees a ticket or the time.
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

Key = tuple[int, ...]  # the smaller is asked first


@define(eq=False, kw_only=True, weakref_slot=False)
class Member:
    """An agent as the strategy of one queue sees them; the desk keeps it up to date.

    A strategy reads it when it is told of it, and remembers what it needs: when anything here
    changes, ``changed`` is called, and not before.

    Units: ``capacity`` and ``load`` in units of capacity; ``count`` in tickets that count, of all
    queues; ``last_assigned`` in assignments of the whole desk, 0 for never, so that two agents
    tie only before their first ticket; ``idle_since`` the instant the last ticket ended, or of
    becoming available for an agent who never had one; ``available_since`` the instant at which the
    present or latest availability began, whatever tickets ended since; ``taken`` and
    ``handle_time`` in tickets and milliseconds within the strategy's ``window``.
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
    """An order of agents, kept in an index of those who have room.

    One strategy serves one queue. Tickets that only some members can serve may get a sibling: an
    index of its own over these members, with the same memory of whose turn it is.

    ``window``, ``reads_demand`` and ``key_names`` may be plain class attributes. A class that
    draws says ``draws = True``, and is then made with ``source=``, a
    :class:`~ticketroute.model.ports.RandomSource`. One that asks everyone at once says
    ``rings_all = True``, and may have a ``step``: the milliseconds after which one more is rung.
    One that compares a few drawn from all says ``samples = True``: the first of its answer who
    fits is then not whom it would ask among those who fit, and every demand gets an index.
    """

    @property
    def reads_demand(self) -> bool:
        """Whether the order hangs on the skills that a ticket asks for."""
        ...

    @property
    def key_names(self) -> tuple[str, ...]:
        """What the numbers of ``key_of`` are, for people; as many, in the same order."""
        ...

    @property
    def window(self) -> Span | None:
        """How far back ``taken`` and ``handle_time`` count; None where neither is read."""
        ...

    def join(self, member: Member) -> None:
        """Take in a member who has room. O(log n). They are not in the index yet."""
        ...

    def leave(self, agent_id: AgentId) -> None:
        """Let go of a member who has no more room. O(log n). They are in the index."""
        ...

    def changed(self, member: Member) -> None:
        """Put a member, whose facts changed, where they belong now. O(log n)."""
        ...

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return who is asked, the first first; changes nothing. O((k + most) log n).

        Args:
            excluding: k agents to step over.
            most: how many at most; None for as many as the strategy asks at a time.
        """
        ...

    def offered(self, agent_id: AgentId) -> None:
        """Hear that the agent selected was asked: the turn moves on. Called before ``changed``."""
        ...

    def forget(self, agent_id: AgentId) -> None:
        """Hear that the agent left the desk for good. They are not in the index."""
        ...

    def key_of(self, agent_id: AgentId) -> Key:
        """Return what orders this member of the index, for people to read; O(log n)."""
        ...

    def turns(self) -> tuple[object, ...]:
        """Return what the strategy remembers beside its index, such as whose turn it is.

        Two strategies of equal turns and equal members give equal answers, but for chance. They
        are texts, whole numbers and tuples of them. A strategy that has any takes them back by a
        method ``resume(turns)``, before its first member joins; without it, a desk cannot be
        restored from a snapshot, and is folded from its events.
        """
        ...

    def sibling(self, asked: Mapping[str, int]) -> Self:
        """Return an empty index that shares the turns, for tickets that ask for these skills."""
        ...
