"""Even out the number of tickets."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class AverageLoad(Ranked):
    """The agent with the fewest open tickets.

    It counts the tickets of all queues and ignores their costs and the agents' capacities. The
    numbers of tickets of agents who have room all the time never differ by more than one.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: LiveAgent's average utilisation, which gives a ticket to the least busy agent; the
    same as ``least busy`` in most help desks.

    >>> strategy = AverageLoad()
    >>> strategy.join(Member(agent_id="ana", count=1, last_assigned=7))
    >>> strategy.join(Member(agent_id="ben", count=1, last_assigned=4))
    >>> strategy.select()
    ('ben',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("tickets",)

    def key(self, member: Member) -> Key:
        """Return the number of tickets."""
        return (member.count,)
