"""Parsing of clock times, openings and dates into the one form in which they are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import TypeAlias, TypeVar

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import Span
from ticketroute.sla.zones import DAY, EPOCH_DAY, FIRST_YEAR, LAST_YEAR, SECOND

MOST_WINDOWS = 24  # openings of a day: one for every hour
MOST_DATES = 10_000  # of one calendar: more than one for every working day of its first 30 years

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Clock: TypeAlias = "str | time"
WrittenWindows: TypeAlias = Iterable[Sequence[Clock]]
WrittenDates: TypeAlias = (
    Mapping[date, WrittenWindows]
    | Mapping[str, WrittenWindows]
    | Mapping[date | str, WrittenWindows]
)
Windows: TypeAlias = tuple[tuple[str, str], ...]  # ("09:00", "17:00"), in order of their start

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_YEARLY = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_WHOLE_DAY = 86_400  # seconds
_LEAP_YEAR = 2_000  # for dates without a year, so that 29 February is valid

T = TypeVar("T")


def bounded(thing: str, values: Iterable[T], most: int) -> list[T]:
    """Return at most ``most`` values as a list; a single text is refused."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidValueError(thing, values, "a list")
    listed = list(islice(values, most + 1))
    if len(listed) > most:
        raise InvalidValueError(thing, values, f"at most {most} entries")
    return listed


def table(thing: str, mapping: object) -> Mapping[object, object]:
    """Return ``mapping``; InvalidValueError if it is not a mapping."""
    if not isinstance(mapping, Mapping):
        raise InvalidValueError(thing, mapping, "a mapping, such as {...}")
    return mapping


def _seconds(thing: str, clock: object, *, is_end: bool) -> int:
    """Return the second of the day that ``clock`` names; 24:00 is valid only as an end."""
    if isinstance(clock, time):
        if clock.tzinfo is not None or clock.microsecond:
            raise InvalidValueError(thing, clock, "a time of day in whole seconds, without a zone")
        return clock.hour * 3_600 + clock.minute * 60 + clock.second
    written = _CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if written:
        hour, minute, second = (int(part or 0) for part in written.groups())
        if hour < 24 and minute < 60 and second < 60:
            return hour * 3_600 + minute * 60 + second
        if is_end and (hour, minute, second) == (24, 0, 0):
            return _WHOLE_DAY
    latest = "24:00" if is_end else "23:59:59"
    raise InvalidValueError(thing, clock, f"a time from '00:00' to {latest!r}, such as '09:00'")


def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def read_windows(thing: str, windows: WrittenWindows) -> Windows:
    """Return openings in order of their starts, each time as HH:MM or HH:MM:SS.

    Raises:
        InvalidValueError: if a time is invalid, if there are more than 24 openings, or if an end
            equals its start, which could mean no time or the whole day.
    """
    read = set()
    for window in bounded(thing, windows, MOST_WINDOWS):
        if isinstance(window, str) or not isinstance(window, Sequence) or len(window) != 2:
            raise InvalidValueError(
                thing, window, "a list of openings, each a start and an end: [('09:00', '17:00')]"
            )
        start = _seconds(f"the start of an opening in {thing}", window[0], is_end=False)
        end = _seconds(f"the end of an opening in {thing}", window[1], is_end=True)
        if start == end:
            raise InvalidValueError(
                f"an opening in {thing}",
                (window[0], window[1]),
                "two different times: write 00:00 to 24:00 for a whole day, or leave it out",
            )
        read.add((start, end or _WHOLE_DAY))
    return tuple((_clock(start), _clock(end)) for start, end in sorted(read))


def spans(windows: Windows) -> tuple[tuple[Span, Span], ...]:
    """Return openings in milliseconds since the midnight at which their date begins.

    An opening that lasts into the next day has an end of more than 24 hours.
    """
    found = []
    for window in windows:
        start, end = (_seconds("an opening", clock, is_end=True) * SECOND for clock in window)
        found.append((start, end if end > start else end + DAY))
    return tuple(found)


def read_hours(hours: Mapping[str, WrittenWindows]) -> dict[str, Windows]:
    """Return weekly hours in order from Monday to Sunday, without the days that have none."""
    for day in table("Calendar.hours", hours):
        if day not in WEEKDAYS:
            allowed = ", ".join(map(repr, WEEKDAYS))
            raise InvalidValueError("a day of Calendar.hours", day, f"one of {allowed}")
    read = {
        day: read_windows(f"Calendar.hours[{day!r}]", hours[day])
        for day in WEEKDAYS
        if day in hours
    }
    return {day: windows for day, windows in read.items() if windows}


def day_of(day: date) -> int:
    """Return a date as the number of days since 1970-01-01."""
    return day.toordinal() - EPOCH_DAY


def read_date(thing: str, written: object) -> date:
    """Parse a date from 1970 to 2200, given as a date or as 'YYYY-MM-DD'."""
    found = None
    if isinstance(written, date) and not isinstance(written, datetime):
        found = written
    elif isinstance(written, str) and (match := _DATE.fullmatch(written)):
        found = _date(*map(int, match.groups()))
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise InvalidValueError(
            thing, written, f"a date from {FIRST_YEAR}-01-01 to {LAST_YEAR}-12-31, as 'YYYY-MM-DD'"
        )
    return found


def read_yearly(thing: str, written: str) -> str:
    """Parse a date of every year, given as 'MM-DD'; '02-29' is in leap years only."""
    match = _YEARLY.fullmatch(written)
    if match is None or _date(_LEAP_YEAR, *map(int, match.groups())) is None:
        raise InvalidValueError(thing, written, "a date as 'YYYY-MM-DD', or 'MM-DD' for every year")
    return written


def days_of_year(yearly: Iterable[str], year: int) -> set[int]:
    """Return the days of ``year`` on which yearly dates fall, as numbers since 1970-01-01."""
    found = (_date(year, int(written[:2]), int(written[3:])) for written in yearly)
    return {day_of(each) for each in found if each is not None}


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def read_dates(thing: str, entries: WrittenDates) -> dict[date, Windows]:
    """Return openings by date, in order of the dates.

    Raises:
        InvalidValueError: if a value is invalid, or a date is there both as text and as a date.
    """
    read: dict[date, Windows] = {}
    for written, windows in table(thing, entries).items():
        day = read_date(f"a date of {thing}", written)
        if day in read:
            raise InvalidValueError(f"a date of {thing}", written, "there once, not in two forms")
        read[day] = read_windows(f"{thing}[{day.isoformat()!r}]", windows)  # type: ignore[arg-type]
    return dict(sorted(read.items()))
