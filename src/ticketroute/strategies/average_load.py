"""Even out by number of tickets."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class AverageLoad(Ranked):
    """The agent with the fewest tickets at hand.

    Counts tickets, of all queues, whatever they cost and whatever the agent's capacity is: the
    numbers of tickets of agents who are free all along never drift apart by more than one.
    Ties: longest since last assigned, then agent id.

    Cost: O(log n).

    Source: LiveAgent's average utilisation, which hands a ticket to the least busy agent; the
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
