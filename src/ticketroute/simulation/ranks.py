"""The order of what happens within one instant; see :mod:`ticketroute.simulation.engine`."""

from __future__ import annotations

from typing import Final

GOES: Final = 0  # an agent goes off duty
ENDS: Final = 1  # work ends
ANSWERS: Final = 2  # an offer is answered
COMES: Final = 3  # an agent comes on duty, or looks for a ticket
LEAVES: Final = 4  # a requester runs out of patience; arrivals come after that
