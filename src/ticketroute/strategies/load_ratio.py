"""Even out the load in proportion to capacity."""

from __future__ import annotations

from typing import ClassVar

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked

# Two different fractions a/b and c/d differ by at least 1/bd. Capacities are at most 10**6
# (LARGEST in model.checks), so they differ by 10**-12 or more. Multiplied by 2**40 that is more
# than 1, so the whole parts of (a/b) * 2**40 and (c/d) * 2**40 differ, in the same order. Equal
# fractions have equal whole parts, so ties stay ties. Loads need no bound; only capacities do.
_BITS = 40
_HALF = 1 << (_BITS - 1)
_MILLION = 1_000_000


class LoadRatio(Ranked):
    """The agent with the smallest share of capacity in use.

    It compares load / capacity as exact fractions: 1 of 3 and 2 of 6 tie, and an agent forced
    above capacity comes after every agent who is full.
    Ties: longest since last assigned first, then by agent id.

    Cost: O(log n). ``key_of`` shows the share in millionths, rounded.

    Source: the default of Azure Communication Services Job Router's best worker mode, the ratio
    of used to total capacity; the fractions are kept exact here.

    >>> strategy = LoadRatio()
    >>> strategy.join(Member(agent_id="ana", load=1, capacity=2))
    >>> strategy.join(Member(agent_id="ben", load=4, capacity=10))
    >>> strategy.select()
    ('ben',)
    >>> strategy.key_of("ana")
    (500000,)
    """

    key_names: ClassVar[tuple[str, ...]] = ("millionths of capacity in use",)

    def key(self, member: Member) -> Key:
        """Return load / capacity, scaled to a whole number in the same order."""
        return ((member.load << _BITS) // member.capacity,)

    def key_of(self, agent_id: AgentId) -> Key:
        """Return the share of capacity in use, in millionths. O(1)."""
        (scaled,) = super().key_of(agent_id)
        return ((scaled * _MILLION + _HALF) >> _BITS,)
