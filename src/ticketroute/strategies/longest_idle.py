"""Longest without a ticket first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class LongestIdle(Ranked):
    """The agent whose last ticket ended longest ago.

    An agent who never had a ticket is idle since becoming available. A break changes nothing:
    ``longest_available`` counts from the end of the break. An agent who holds tickets and has
    room for more is judged by the last one that ended, not by those at hand.
    Ties: longest since last assigned, then agent id.

    Cost: O(log n).

    Source: FreeSWITCH mod_callcenter's ``longest-idle-agent``.

    >>> strategy = LongestIdle()
    >>> strategy.join(Member(agent_id="ana", idle_since=9_000))
    >>> strategy.join(Member(agent_id="ben", idle_since=4_000))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("idle since",)

    def key(self, member: Member) -> Key:
        """Return the instant since when the member is idle."""
        return (member.idle_since,)
