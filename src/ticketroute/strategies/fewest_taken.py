"""Even out by tickets taken lately."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.windowed import Windowed


class FewestTaken(Windowed):
    """The agent who took the fewest tickets lately.

    ``window`` says how far back is lately, in milliseconds: the last 24 hours unless told. The
    span slides, so that no midnight sets everyone to zero, and a break resets nothing.
    Ties: longest since last assigned, then agent id.

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
        """Return the tickets taken within the window."""
        return (member.taken,)
