"""What the host supplies to the core."""

from __future__ import annotations

from typing import Protocol

from ticketroute.model.ids import AgentId
from ticketroute.model.ticket import Ticket


class RandomSource(Protocol):
    """A source of random numbers, such as ``random.Random(seed)``."""

    def random(self) -> float:
        """Return a number of at least 0.0 and less than 1.0."""
        ...


class Permits(Protocol):
    """The host's own rule about who may get which ticket, asked after every other check.

    The answer must depend on the agent and the ticket alone, and must stay the same while the
    ticket waits: the desk asks when it decides, and cannot know that an answer has changed.
    The ticket comes as the desk keeps it, without its attributes.
    """

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        """Return whether this agent may get this ticket."""
        ...
