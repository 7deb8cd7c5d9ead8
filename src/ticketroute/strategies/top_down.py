"""The same order for every ticket."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class TopDown(Ranked):
    """The first agent in the queue's list of members who has room.

    It begins at the top for every ticket: an agent further down gets one only while all agents
    above are full or not eligible.
    Ties, if two share a position: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: Asterisk's ``linear`` strategy and FreeSWITCH mod_callcenter's ``top-down``.

    >>> strategy = TopDown()
    >>> strategy.join(Member(agent_id="ana", position=1))
    >>> strategy.join(Member(agent_id="ben", position=0))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("position",)

    def key(self, member: Member) -> Key:
        """Return the position in the list of members."""
        return (member.position,)
