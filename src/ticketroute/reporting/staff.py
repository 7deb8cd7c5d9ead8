"""The time of agents: signed in, ready, busy, each split over the periods it lies in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import define

from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId, CalendarId
from ticketroute.model.instants import Instant, Span
from ticketroute.reporting.cells import AgentCell, AgentKey
from ticketroute.reporting.periods import Periods
from ticketroute.reporting.spans import Spans
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.versions import Versions


@define(eq=False)
class _Meter:
    presence: Presence
    shift: CalendarId | None
    on_shift: bool
    since: Instant
    at_work: int = 0  # tickets in hand that are not on hold, and slots in wrap-up
    cell: AgentCell | None = None
    start: Instant = 0  # of the period of the cell
    end: Instant = 0


class Staff:
    """Follows what agents do; ``first`` and ``last`` bound what counts, in milliseconds."""

    def __init__(
        self, periods: Periods, spans: Callable[[], Spans], *, first: Instant, last: Instant
    ) -> None:
        self.cells: dict[AgentKey, AgentCell] = {}
        self._periods, self._spans = periods, spans
        self._first, self._last = first, last
        self._outside = AgentCell(spans)
        self._meters: dict[AgentId, _Meter] = {}
        self._calendars: dict[CalendarId, Versions] = {}

    # --- who is there -----------------------------------------------------------------------

    def join(
        self, agent_id: AgentId, presence: Presence, shift: CalendarId | None, at: Instant
    ) -> None:
        """Begin to follow an agent."""
        self._meters[agent_id] = _Meter(presence, shift, self._is_open(shift, at), at)

    def leave(self, agent_id: AgentId, at: Instant) -> None:
        """End it; what they did stays."""
        self._account(agent_id, self._meters[agent_id], at)
        del self._meters[agent_id]

    def presence(self, agent_id: AgentId, presence: Presence, at: Instant) -> None:
        """Note another presence."""
        meter = self._meters[agent_id]
        self._account(agent_id, meter, at)
        meter.presence = presence

    def shift(self, agent_id: AgentId, at: Instant, *, on: bool) -> None:
        """Note that a shift started or ended."""
        meter = self._meters[agent_id]
        self._account(agent_id, meter, at)
        meter.on_shift = on

    def change_shift(self, agent_id: AgentId, shift: CalendarId | None, at: Instant) -> None:
        """Note which calendar an agent works by."""
        meter = self._meters[agent_id]
        if shift != meter.shift:
            meter.shift = shift
            self.shift(agent_id, at, on=self._is_open(shift, at))

    def set_calendar(
        self, calendar_id: CalendarId, calendar: Calendar, effective_from: Instant, at: Instant
    ) -> None:
        """Note a calendar; agents whose shift it is follow at once."""
        known = self._calendars.get(calendar_id)
        self._calendars[calendar_id] = (
            Versions.of(calendar) if known is None else known.adopt(calendar, effective_from)
        )
        for agent_id, meter in self._meters.items():
            if meter.shift == calendar_id:
                self.shift(agent_id, at, on=self._is_open(calendar_id, at))

    def _is_open(self, shift: CalendarId | None, at: Instant) -> bool:
        calendar = None if shift is None else self._calendars.get(shift)
        return calendar is None or calendar.is_open(at)

    # --- what they do -----------------------------------------------------------------------

    def cell(self, agent_id: AgentId, at: Instant) -> AgentCell:
        """Return the counters of an agent at an instant. O(1) within a period."""
        meter = self._meters.get(agent_id)
        if meter is None:  # gone: a rating that comes after
            return self._cell_at(agent_id, at)[0]
        if meter.cell is None or not meter.start <= at < meter.end:
            meter.cell, meter.start, meter.end = self._cell_at(agent_id, at)
        return meter.cell

    def works(self, agent_id: AgentId, at: Instant, change: int) -> AgentCell:
        """Note that an agent has one more thing at work, or one less; return their counters."""
        meter = self._meters.get(agent_id)
        if meter is None:
            return self._cell_at(agent_id, at)[0]
        if meter.since != at:
            self._account(agent_id, meter, at)
        meter.at_work += change
        if meter.cell is not None and meter.start <= at < meter.end:
            return meter.cell
        return self.cell(agent_id, at)

    def reach(self, at: Instant) -> None:
        """Account the time of everybody up to ``at``. O(agents)."""
        for agent_id, meter in self._meters.items():
            self._account(agent_id, meter, at)

    def _account(self, agent_id: AgentId, meter: _Meter, at: Instant) -> None:
        start = meter.since
        if start == at:
            return
        meter.since = at
        busy = meter.at_work > 0
        signed_in = meter.presence is not Presence.OFFLINE
        ready = busy or (meter.presence is Presence.AVAILABLE and meter.on_shift)
        if not signed_in and not ready:
            return
        known = meter.cell
        if known is not None and meter.start <= start and at <= meter.end:
            _note(known, at - start, signed_in=signed_in, ready=ready, busy=busy)
            return
        while start < at:
            cell = self.cell(agent_id, start)
            length = min(at, meter.end) - start
            _note(cell, length, signed_in=signed_in, ready=ready, busy=busy)
            start += length

    def _cell_at(self, agent_id: AgentId, at: Instant) -> tuple[AgentCell, Instant, Instant]:
        """Return the counters for an instant, and from when to when they are the same."""
        start = self._periods.around(at)
        end = self._periods.end
        if at < self._first:
            return self._outside, start, min(end, self._first)
        if at >= self._last:
            return self._outside, max(start, self._last), end
        found = self.cells.get((agent_id, start))
        if found is None:
            found = self.cells[agent_id, start] = AgentCell(self._spans)
        return found, max(start, self._first), min(end, self._last)

    def names(self) -> Iterator[AgentId]:
        """Yield the agents who are followed now."""
        return iter(self._meters)


def _note(cell: AgentCell, length: Span, *, signed_in: bool, ready: bool, busy: bool) -> None:
    if signed_in:
        cell.signed_in += length
    if ready:
        cell.ready += length
    if busy:
        cell.busy += length
