"""Longest available without a break first."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked


class LongestAvailable(Ranked):
    """The agent who has been ready longest since they became available or ended a ticket.

    The later of the two counts. A break starts the count again, which it does not for
    ``longest_idle``. For an agent who holds tickets and has room for more, the last ticket that
    ended counts, not the open ones.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n).

    Source: the routing of Amazon Connect to the agent who has been available longest; "longest
    available" of Webex Contact Center and Cisco Unified Contact Center Express.

    >>> strategy = LongestAvailable()
    >>> strategy.join(Member(agent_id="joe", available_since=1_000, idle_since=5_000))
    >>> strategy.join(Member(agent_id="mary", available_since=6_000, idle_since=2_000))
    >>> strategy.select()
    ('joe',)
    """

    key_names: ClassVar[tuple[str, ...]] = ("available since",)

    def key(self, member: Member) -> Key:
        """Return the instant since which the member is ready."""
        return (max(member.available_since, member.idle_since),)
