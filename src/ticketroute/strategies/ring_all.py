"""Everybody at once."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import ClassVar

from ticketroute.model.checks import LONGEST_SPAN, check_whole
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Span
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.ranked import Ranked


class RingAll(Ranked):
    """Everyone with room at once; the first to accept gets the ticket.

    Nobody with room is left out, and nobody is named twice. Where fewer are wanted, and in the
    order of the answer: longest since last assigned, then agent id.

    ``step`` is for ringing one more agent every so many milliseconds; None rings all at once.
    The strategy keeps it for the desk, which does the waiting: ``select`` names everyone either
    way.

    Cost: ``select`` of everyone O(n log n), of a few O((k + most) log n); a change of load O(1).

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
        """Return an empty key: all tie."""
        return ()

    def select(
        self, *, excluding: AbstractSet[AgentId] = NOBODY, most: int | None = None
    ) -> tuple[AgentId, ...]:
        """Return everyone, or the first ``most`` in the order of ties."""
        return super().select(excluding=excluding, most=len(self._living) if most is None else most)
