"""Sliding windows: how many tickets, and how much work, each agent had lately."""

from __future__ import annotations

from collections import deque

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant, Span

Entry = tuple[Instant, AgentId, int, Span]  # when, who, tickets taken, time handled


class Window:
    """The last ``span`` milliseconds: what was noted at t counts until just before t + span.

    Entries come in the order of time, so the oldest leave first: O(1) each, amortised.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self._entries: deque[Entry] = deque()
        self._sums: dict[AgentId, tuple[int, Span]] = {}

    def note(self, at: Instant, agent_id: AgentId, *, taken: int = 0, handled: Span = 0) -> None:
        """Count a ticket taken or a stretch of work that ended."""
        self._entries.append((at, agent_id, taken, handled))
        self._add(agent_id, taken, handled)

    def expire(self, at: Instant) -> list[Entry]:
        """Drop what lies ``span`` back or more, and return it, the oldest first."""
        entries, gone = self._entries, []
        while entries and entries[0][0] + self.span <= at:
            entry = entries.popleft()
            self._add(entry[1], -entry[2], -entry[3])
            gone.append(entry)
        return gone

    def restore(self, gone: list[Entry]) -> None:
        """Take back what ``expire`` has just let go of."""
        self._entries.extendleft(reversed(gone))
        for _, agent_id, taken, handled in gone:
            self._add(agent_id, taken, handled)

    def figures(self, agent_id: AgentId) -> tuple[int, Span]:
        """Return the tickets taken and the milliseconds handled within the window. O(1)."""
        return self._sums.get(agent_id, (0, 0))

    def forget(self, agent_id: AgentId) -> None:
        """Drop the figures of an agent who left the desk. O(entries)."""
        self._entries = deque(entry for entry in self._entries if entry[1] != agent_id)
        self._sums.pop(agent_id, None)

    def entries(self, at: Instant) -> tuple[Entry, ...]:
        """Return what counts at ``at``, the oldest first. O(entries)."""
        return tuple(entry for entry in self._entries if entry[0] + self.span > at)

    def _add(self, agent_id: AgentId, taken: int, handled: Span) -> None:
        before = self._sums.get(agent_id, (0, 0))
        after = (before[0] + taken, before[1] + handled)
        if after == (0, 0):
            self._sums.pop(agent_id, None)
        else:
            self._sums[agent_id] = after
