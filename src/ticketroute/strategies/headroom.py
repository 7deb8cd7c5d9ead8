"""Most free capacity first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class Headroom(Ranked):
    """The agent with the most free capacity.

    It compares units, not shares: 6 free of 10 goes before 5 free of 5. An agent forced above
    capacity has a negative number of free units and comes last.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: Zendesk omnichannel routing's highest spare capacity and Salesforce Omni-Channel's
    most available.

    >>> strategy = Headroom()
    >>> strategy.join(Member(agent_id="ana", load=0, capacity=5))
    >>> strategy.join(Member(agent_id="ben", load=4, capacity=10))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("minus free units",)

    def key(self, member: Member) -> Key:
        """Return minus the number of free units of capacity."""
        return (member.load - member.capacity,)
