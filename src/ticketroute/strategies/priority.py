"""Tiers of agent priority, each with a strategy of its own."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.tiers import Make, Tiered


class Priority(Tiered):
    """The agents of the best priority, 1 before 100; within a tier another strategy decides.

    An agent is selected only if no agent of a smaller number has room or all of those are
    excluded. Within a tier ``then`` decides, including ties: a strategy, its class or a function
    that makes one. Each tier has its own turns, which siblings share. A member whose priority
    changes moves to the new tier at once.
    With ``RingAll`` as ``then``, only the best tier rings.

    Cost: that of ``then``, plus one look-up for each tier whose members are all excluded.

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
        """Agent priority, followed by the names of the strategy inside."""
        return ("agent priority", *self._pattern.key_names)

    def tier_of(self, member: Member) -> int:
        """Return the member's agent priority."""
        return member.priority
