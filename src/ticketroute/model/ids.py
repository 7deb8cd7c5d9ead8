"""Names of things: opaque strings that the host chooses."""

from __future__ import annotations

from typing import TypeAlias

TicketId: TypeAlias = str
AgentId: TypeAlias = str
QueueId: TypeAlias = str
CalendarId: TypeAlias = str
PolicyId: TypeAlias = str
