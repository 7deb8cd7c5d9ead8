"""Always in the same order."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class TopDown(Ranked):
    """The first of the membership list that has room.

    Begins at the top for every ticket: whoever stands lower gets one only while all above are
    full or out of the question.
    Ties, where two share a position: longest since last assigned, then agent id.

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
        """Return the place in the membership list."""
        return (member.position,)
