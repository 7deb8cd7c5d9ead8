"""Names of things: opaque strings that the host chooses."""

from __future__ import annotations

from typing import NewType

TicketId = NewType("TicketId", str)
AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
CalendarId = NewType("CalendarId", str)
PolicyId = NewType("PolicyId", str)
