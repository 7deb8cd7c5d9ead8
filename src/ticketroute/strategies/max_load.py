"""Fill the busiest first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class MaxLoad(Ranked):
    """The agent with the highest load who still has room.

    It fills one agent to capacity before the next gets a ticket, so that as many agents as
    possible stay free. Load is in units of capacity and includes open offers and wrap-up.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: LiveAgent's maximum utilisation, which gives a ticket to the busiest agent below
    their limit.

    >>> strategy = MaxLoad()
    >>> strategy.join(Member(agent_id="ana", load=1, capacity=5))
    >>> strategy.join(Member(agent_id="ben", load=3, capacity=5))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("minus load",)

    def key(self, member: Member) -> Key:
        """Return minus the load."""
        return (-member.load,)
