"""One week of a calendar, day by day, as its wall clock shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from attrs import frozen

from ticketroute.cli.wallclock import (
    Stretch,
    changes_between,
    clock_time,
    midnight_of,
    stretches_between,
)
from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import Instant, Span
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.zones import DAY, FIRST_YEAR, HORIZON, LAST_YEAR

WEEK = 7  # days
_ALLOWED = (
    f"a week from {FIRST_YEAR}-W02 to {LAST_YEAR}-W52 or a date in one, "
    "such as 2026-W10 or 2026-03-02"
)


@frozen
class Day:
    """A date in the calendar's zone: its windows on the wall clock, and notes on exceptions."""

    date: date
    windows: tuple[str, ...]
    open: Span
    notes: tuple[str, ...]


@frozen
class Week:
    """Seven dates from Monday on; ``end`` is the instant at which the last of them is over."""

    name: str
    days: tuple[Day, ...]
    end: Instant

    @property
    def open(self) -> Span:
        """The time for which the week is open."""
        return sum(day.open for day in self.days)


def monday_of(option: str, written: str) -> date:
    """Return the Monday of a week, which is named as ``2024-W13`` or by one of its dates.

    Raises:
        InvalidValueError: if there is no such week, or calendars do not reach it.
    """
    try:
        named = date.fromisoformat(written)
        monday = named - timedelta(days=named.weekday())
    except (ValueError, OverflowError) as fault:
        raise InvalidValueError(option, written, _ALLOWED) from fault
    if monday.year < FIRST_YEAR or (monday + timedelta(days=WEEK - 1)).year > LAST_YEAR:
        raise InvalidValueError(option, written, _ALLOWED)
    return monday


def week_of(calendar: Calendar, monday: date) -> Week:
    """Return the week that begins on a Monday."""
    dates = [monday + timedelta(days=number) for number in range(WEEK)]
    # The wall clock is at most a day ahead of UTC or behind it.
    near = stretches_between(
        calendar.zone, midnight_of(monday) - DAY, midnight_of(monday) + (WEEK + 1) * DAY
    )
    days = tuple(_day(calendar, each, near) for each in dates)
    end = max((until for each in dates for _, until, _ in _pieces(each, near)), default=HORIZON)
    year, number, _ = monday.isocalendar()
    return Week(f"{year}-W{number:02}", days, end)


def _day(calendar: Calendar, day: date, near: list[Stretch]) -> Day:
    """Return one date; it is looked up in pieces, because its offset may change."""
    midnight = midnight_of(day)
    found: list[tuple[Instant, Instant, str, str]] = []
    for start, end, offset in _pieces(day, near):
        for opens, closes in calendar.timetable.windows(start, end):
            first, last = (clock_time(at + offset - midnight) for at in (opens, closes))
            if found and found[-1][1] == opens:  # cut only where the offset changed
                opens, _, first, _ = found.pop()
            found.append((opens, closes, first, last))
    changes = changes_between(calendar.zone, near[0][0], near[-1][1])
    return Day(
        day,
        tuple(f"{first}-{last}" for _, _, first, last in found),
        sum(closes - opens for opens, closes, _, _ in found),
        (
            *_notes(calendar, day),
            *(each.said_of(day) for each in changes if each.touches(day)),
        ),
    )


def _pieces(day: date, near: list[Stretch]) -> Iterator[Stretch]:
    """Yield the stretches of instants at which the wall clock shows a date."""
    midnight = midnight_of(day)
    for start, end, offset in near:
        since, until = max(start, midnight - offset), min(end, midnight + DAY - offset)
        if since < until:
            yield since, until, offset


def _notes(calendar: Calendar, day: date) -> Iterator[str]:
    """Yield what makes a date differ from its weekday, with the calendar that it comes from."""
    holidays = list(_holidays(calendar, day))
    yield from holidays
    if day in calendar.shifts:
        shift = "shift" if calendar.shifts[day] else "shift: closed"
        yield f"{shift}, which the holiday beats" if holidays else shift
    if windows := calendar.breaks.get(day):
        yield "break " + ", ".join("-".join(window) for window in windows)
    for number, inner in enumerate(calendar.within):
        for note in _notes(inner, day):
            yield f"{inner.name or f'within[{number}]'}: {note}"


def _holidays(calendar: Calendar, day: date) -> Iterator[str]:
    for holiday in calendar.holidays:
        if isinstance(holiday, PublicHolidays):
            name = holiday.name_of(day)
            if name:
                parts = (holiday.country, holiday.subdivision)
                yield f"holiday: {name} ({'-'.join(part for part in parts if part)})"
        elif holiday == day:
            yield "holiday: this date"
        elif holiday == f"{day:%m-%d}":
            yield f"holiday: {holiday} of every year"
