"""All agents at once."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import ClassVar

from ticketroute.model.checks import LONGEST_SPAN, check_whole
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.ranked import Ranked


class RingAll(Ranked):
    """All agents with room at once; the first to accept gets the ticket.

    Every agent with room is selected exactly once. The order of the answer, which matters if fewer
    are wanted, is: longest since last assigned first, then by agent id.

    ``step`` is a ring interval: one more agent is rung every so many milliseconds; None rings all
    at once. The strategy only stores it for the desk, which waits; ``select`` returns all agents
    in both cases.

    Cost: ``select`` of all O(n log n), of a few O((k + most) log n); a change of load O(1).

    Source: the ring-all distribution of LiveAgent, the ``ringall`` strategy of Asterisk queues
    and ``ring-all`` of FreeSWITCH mod_callcenter; ``step`` is its ``ring-progressively``.

    >>> strategy = RingAll()
    >>> for name in ("ben", "ana"):
    ...     strategy.join(Member(agent_id=name))
    >>> strategy.select()
    ('ana', 'ben')
    """

    key_names: ClassVar[tuple[str, ...]] = ()
    rings_all: ClassVar[bool] = True

    def __init__(self, step: Span | None = None) -> None:
        if step is not None:
            check_whole("step", step, 1, LONGEST_SPAN)
        super().__init__()
        self.step = step

    def key(self, member: Member) -> Key:
        """Return an empty key, so that all tie."""
        return ()

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return all members, or the first ``most`` in the order of ties."""
        return super().select(excluding=excluding, most=len(self._living) if most is None else most)
