"""Explanations of a clock: every counted slice, every pause, the sum and the due instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import frozen

from ticketroute.model.ids import CalendarId, PolicyId, TicketId
from ticketroute.model.instants import Instant, Span, datetime_of
from ticketroute.model.lifecycle import Status
from ticketroute.sla.clock import Book, Clock, ClockState, counted
from ticketroute.sla.policy import Metric
from ticketroute.sla.windows import Timetable
from ticketroute.sla.zones import HORIZON, tzinfo_of


@frozen(kw_only=True)
class ClockView:
    """The state of a clock at the instant ``at``; all spans are calendar time in milliseconds.

    The ``state`` PENDING means that the clock has a target and has not started. ``within`` is the
    target and ``remaining`` what is left of it, negative once it is missed. ``due`` is the last
    instant at which a running clock is met. ``breached`` is when the breach was recorded.
    """

    ticket_id: TicketId
    metric: Metric
    cycle: int
    policy_id: PolicyId
    version: int
    calendar_id: CalendarId | None
    state: ClockState
    at: Instant
    within: Span
    elapsed: Span = 0
    started: Instant | None = None
    ended: Instant | None = None
    due: Instant | None = None
    breached: Instant | None = None

    @property
    def remaining(self) -> Span:
        """What is left of the target; negative when more than the target has counted."""
        return self.within - self.elapsed


@frozen
class Slice:
    """A part of an opening that counts: ``counted`` is its length, ``total`` the sum at its end."""

    start: Instant
    end: Instant
    total: Span

    @property
    def counted(self) -> Span:
        """The length of the slice."""
        return self.end - self.start


@frozen
class Pause:
    """A span in which the clock paused because of the ticket's status.

    ``spared`` is the open time within, which did not count. ``end`` None means it lasts.
    """

    start: Instant
    end: Instant | None
    status: Status
    spared: Span


@frozen(kw_only=True)
class ClockExplanation:
    """How the state of a clock came about; ``str()`` of it is for people.

    ``parts`` are the counted slices and the pauses in order, up to now or to the end of the clock.
    ``ahead`` are the slices still to come until the clock is due. For a running clock ``due`` is
    when it is due; for any other clock it is when its target was used up, or None.
    ``zone`` is the zone of the calendar.
    """

    clock: ClockView
    zone: str
    parts: tuple[Slice | Pause, ...]
    ahead: tuple[Slice, ...]
    due: Instant | None

    def __str__(self) -> str:
        clock = self.clock
        which = f"{clock.metric.value}, cycle {clock.cycle}"
        lines = [
            f"ticket {clock.ticket_id}: {which}: {clock.state.value}",
            f"  policy {clock.policy_id}, version {clock.version}: within {_length(clock.within)}",
            f"  calendar {clock.calendar_id or 'around the clock'} ({self.zone})",
        ]
        if clock.started is not None:
            lines.append(f"  started {self._moment(clock.started)}")
        lines += [self._line("counted", part) for part in self.parts]
        lines.append(f"  in all {_length(clock.elapsed)}, {self._verdict()}")
        lines += [self._line("to come", part) for part in self.ahead]
        if self.due is not None:
            lines.append(f"  due {self._moment(self.due)}")
        if clock.breached is not None:
            lines.append(f"  breached {self._moment(clock.breached)}")
        return "\n".join(lines)

    def _verdict(self) -> str:
        left = self.clock.remaining
        return f"{_length(left)} left" if left >= 0 else f"{_length(-left)} over"

    def _line(self, word: str, part: Slice | Pause) -> str:
        if isinstance(part, Slice):
            times = self._times(part.start, part.end)
            return f"  {word} {times}: {_length(part.counted)}, sum {_length(part.total)}"
        spared = f"{_length(part.spared)} not counted"
        times = self._times(part.start, part.end)
        return f"  paused  {times}: {part.status.value}, {spared}"

    def _times(self, start: Instant, end: Instant | None) -> str:
        """Return a stretch of time as text; the end has no date if it is on the same day."""
        if end is None:
            return f"{self._moment(start)} - now"
        same_day = self._local(start).date() == self._local(end).date()
        last = _clock_time(self._local(end)) if same_day else self._moment(end)
        return f"{self._moment(start)} - {last}"

    def _moment(self, instant: Instant) -> str:
        local = self._local(instant)
        return f"{local:%a %Y-%m-%d} {_clock_time(local)}"

    def _local(self, instant: Instant) -> datetime:
        return datetime_of(instant).astimezone(tzinfo_of(self.zone))


def view_of(
    ticket_id: TicketId, book: Book, clock: Clock, hours: Timetable, at: Instant
) -> ClockView:
    """Return the state of a clock at an instant. O(statuses of the ticket x log openings)."""
    return ClockView(
        ticket_id=ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        policy_id=clock.policy_id,
        version=clock.version,
        calendar_id=clock.calendar_id,
        state=clock.state,
        at=at,
        within=clock.within,
        elapsed=book.elapsed(clock, hours, at),
        started=clock.started,
        ended=clock.ended,
        due=clock.due,
        breached=clock.breached,
    )


def explain_clock(
    ticket_id: TicketId, book: Book, clock: Clock, hours: Timetable, *, zone: str, at: Instant
) -> ClockExplanation:
    """Explain a clock at an instant. O(statuses of the ticket + openings of its life)."""
    view = view_of(ticket_id, book, clock, hours, at)
    return ClockExplanation(
        clock=view,
        zone=zone,
        parts=tuple(_parts(book, clock, hours, at)),
        ahead=() if clock.due is None else tuple(_slices(hours, at, clock.due, view.elapsed)),
        due=book.reaches(clock, hours, clock.within),
    )


def _parts(book: Book, clock: Clock, hours: Timetable, at: Instant) -> Iterator[Slice | Pause]:
    total = 0
    for start, end, pause in book.stretches(clock):
        until = at if end is None else end
        if pause is not None:
            yield Pause(start, end, pause, counted(hours, start, until))
            continue
        for each in _slices(hours, start, until, total):
            total = each.total
            yield each


def _slices(hours: Timetable, start: Instant, end: Instant, total: Span) -> Iterator[Slice]:
    """Yield the openings of a stretch, with what has counted by the end of each."""
    if start >= min(end, HORIZON):
        return
    for opens, closes in hours.windows(start, min(end, HORIZON)):
        total += closes - opens
        yield Slice(opens, closes, total)


def _length(span: Span) -> str:
    """Return a span of calendar time as text, in hours, because days differ in open hours."""
    whole, milliseconds = divmod(span, 1_000)
    minutes, seconds = divmod(whole, 60)
    rest = f".{milliseconds:03}" if milliseconds else ""
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}{rest}"


def _clock_time(local: datetime) -> str:
    """Return a time of day with its offset from UTC, which distinguishes a repeated hour."""
    offset = local.utcoffset() or timedelta(0)
    sign = "-" if offset < timedelta(0) else "+"
    whole = abs(offset) // timedelta(minutes=1)
    rest = f".{local.microsecond // 1_000:03}" if local.microsecond else ""
    return f"{local:%H:%M:%S}{rest}{sign}{whole // 60:02}:{whole % 60:02}"
