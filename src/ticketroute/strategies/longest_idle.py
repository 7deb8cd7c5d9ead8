"""Longest without a ticket first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class LongestIdle(Ranked):
    """The agent who has been idle longest, since their last ticket ended.

    An agent who never had a ticket is idle since they became available. A break changes nothing;
    ``longest_available`` counts from the end of the break. For an agent who holds tickets and has
    room for more, the last ticket that ended counts, not the open ones.
    Ties: longest since last assigned first, then by agent id.

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
        """Return the instant since which the member is idle."""
        return (member.idle_since,)
