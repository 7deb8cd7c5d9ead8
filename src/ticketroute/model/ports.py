"""What the host supplies to the core."""

from __future__ import annotations

from typing import Protocol

from ticketroute.model.ids import AgentId
from ticketroute.model.ticket import Ticket


class RandomSource(Protocol):
    """Where chance comes from; ``random.Random(seed)`` is one."""

    def random(self) -> float:
        """Return a number from 0.0, included, to 1.0, not included."""
        ...


class Permits(Protocol):
    """The host's own word on who may get what, asked after every other check.

    The answer must hang on the agent and the ticket alone, and stay the same while the ticket
    waits: the desk asks when it decides, and has no way to hear that an answer changed.
    The ticket is as the desk keeps it, without its attributes.
    """

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        """Say whether this agent may get this ticket."""
        ...
