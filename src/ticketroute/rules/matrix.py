"""Priority by urgency and impact, as a ready set of rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ticketroute.model.ticket import TicketPriority
from ticketroute.rules.actions import SetPriority
from ticketroute.rules.conditions import AttributeIs
from ticketroute.rules.ruleset import Ruleset
from ticketroute.rules.ruleset_values import Rule

_LEVELS = ("high", "medium", "low")
_FIVE_LEVELS: Final[Mapping[int, TicketPriority]] = {
    1: TicketPriority.URGENT,
    2: TicketPriority.HIGH,
    3: TicketPriority.NORMAL,
    4: TicketPriority.LOW,
    5: TicketPriority.LOW,
}


def urgency_and_impact(*, urgency: str = "urgency", impact: str = "impact") -> Ruleset:
    """Return rules that set the priority from two attributes, each ``high``, ``medium`` or ``low``.

    ``urgency`` and ``impact`` are the names of the attributes. A ticket that lacks one keeps its
    priority. The five levels of the source become four: its fourth and fifth are both LOW.

    Source: ITIL v3, Service Operation, "Simple priority coding system": the level is 1 where both
    are high, and one more for each step down of either.

    >>> from ticketroute import Ticket
    >>> outcome = urgency_and_impact().apply(
    ...     Ticket(id="t1", attributes={"urgency": "high", "impact": "medium"}), at=0
    ... )
    >>> outcome.ticket.priority.name
    'HIGH'
    """
    return Ruleset(
        [
            Rule(
                name=f"{urgent} urgency, {wide} impact",
                when=AttributeIs(urgency, urgent) & AttributeIs(impact, wide),
                then=[SetPriority(_FIVE_LEVELS[1 + down + narrow])],
            )
            for down, urgent in enumerate(_LEVELS)
            for narrow, wide in enumerate(_LEVELS)
        ]
    )
