"""Even out the number of tickets taken lately."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.windowed import Windowed


class FewestTaken(Windowed):
    """The agent who has taken the fewest tickets lately.

    ``window`` is the length of the sliding window in milliseconds; the default is 24 hours. As it
    slides, nothing sets the numbers back to zero, neither midnight nor a break.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: Asterisk's ``fewestcalls`` and FreeSWITCH mod_callcenter's
    ``agent-with-fewest-calls``; both count since a restart, the sliding span is ours.

    >>> strategy = FewestTaken(window=3_600_000)
    >>> strategy.join(Member(agent_id="ana", taken=3))
    >>> strategy.join(Member(agent_id="ben", taken=2))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("tickets taken",)

    def key(self, member: Member) -> Key:
        """Return the number of tickets taken within the sliding window."""
        return (member.taken,)
