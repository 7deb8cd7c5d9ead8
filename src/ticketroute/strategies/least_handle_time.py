"""Even out the time worked lately."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.windowed import Windowed


class LeastHandleTime(Windowed):
    """The agent with the shortest handle time lately.

    ``window`` is the length of the sliding window in milliseconds; the default is 24 hours.
    Handle time is from acceptance to the end of wrap-up, so that one long ticket counts as much
    as several short ones.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: FreeSWITCH mod_callcenter's ``agent-with-least-talk-time``, with handle time for
    talk time and a sliding span for the time since a restart.

    >>> strategy = LeastHandleTime()
    >>> strategy.join(Member(agent_id="ana", handle_time=900_000))
    >>> strategy.join(Member(agent_id="ben", handle_time=600_000))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("handle time, ms",)

    def key(self, member: Member) -> Key:
        """Return the handle time within the sliding window."""
        return (member.handle_time,)
