"""Tiers of agent priority."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.tiers import Make, Tiered


class Priority(Tiered):
    """The agents of the best priority, 1 before 100; inside a tier by another strategy.

    Nobody is asked while someone of a smaller number has room and is not excluded. Inside a tier
    ``then`` decides, ties included: a strategy, its class or a function that makes one. Each
    tier has turns of its own; siblings share them tier by tier. A member whose priority changes
    moves to the new tier at once.
    With ``RingAll`` inside, the best tier rings, not everyone.

    Cost: that of ``then``; each tier that has members and is wholly excluded adds a look.

    Source: agent priorities in LiveAgent's departments; Asterisk's penalties and FreeSWITCH
    mod_callcenter's tier levels work alike.

    >>> strategy = Priority()
    >>> strategy.join(Member(agent_id="ana", priority=2, count=0))
    >>> strategy.join(Member(agent_id="ben", priority=1, count=4))
    >>> strategy.select(most=2)
    ('ben', 'ana')
    """

    turns_by_tier: ClassVar[bool] = True

    def __init__(self, then: Strategy | Make = AverageLoad) -> None:
        super().__init__(then)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Agent priority, and the names of the strategy inside."""
        return ("agent priority", *self._pattern.key_names)

    def tier_of(self, member: Member) -> int:
        """Return the member's agent priority."""
        return member.priority
