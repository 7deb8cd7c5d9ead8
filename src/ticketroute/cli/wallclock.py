"""Read the wall clock of a zone, and find the times that it skips or repeats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from attrs import frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import EPOCH, Instant, Span, datetime_of, instant_of
from ticketroute.sla.reading import day_of
from ticketroute.sla.zones import (
    DAY,
    FIRST_YEAR,
    HORIZON,
    LAST_YEAR,
    SECOND,
    stretches,
    tzinfo_of,
    year_of,
)

Stretch: TypeAlias = tuple[Instant, Instant, Span]  # start, end, and the offset in between

_YEARS = "a time of the years 1970 to 9999"
_MILLISECOND = timedelta(milliseconds=1)
_NEAR: Span = 2 * DAY  # no clock is moved by more


@frozen
class Change:
    """One change of a zone's offset: the wall clock skips a time, or shows it twice.

    ``start`` and ``end`` are that time, in milliseconds of the wall clock since its 1970.
    """

    start: int
    end: int
    skipped: bool

    def touches(self, day: date) -> bool:
        """Return whether any of the time belongs to a date."""
        midnight = midnight_of(day)
        return self.start < midnight + DAY and self.end > midnight

    def said_of(self, day: date) -> str:
        """Return in words what the clocks do on a date that the change touches."""
        midnight = midnight_of(day)
        start = clock_time(max(self.start - midnight, 0))
        end = clock_time(min(self.end - midnight, DAY))
        if self.skipped and (start, end) == ("00:00", "24:00"):
            return "the zone skips this date"
        return f"clocks skip {start}-{end}" if self.skipped else f"clocks repeat {start}-{end}"


def midnight_of(day: date) -> int:
    """Return the midnight that begins a date, in milliseconds of the wall clock."""
    return day_of(day) * DAY


def clock_time(since_midnight: Span) -> str:
    """Return a time of day, with seconds only where there are any.

    >>> clock_time(34_200_000), clock_time(86_400_000)
    ('09:30', '24:00')
    """
    minutes, seconds = divmod(since_midnight // SECOND, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def stretches_between(zone: str, start: Instant, end: Instant) -> list[Stretch]:
    """Return the stretches of one offset each that make up [start, end), clipped to it."""
    start, end = max(start, 0), min(end, HORIZON)
    found: list[Stretch] = []
    for year in range(year_of(start), year_of(end - 1) + 1):
        for since, until, offset in stretches(zone, year):
            since, until = max(since, start), min(until, end)
            if since >= until:
                continue
            if found and found[-1][2] == offset:  # a year ends, and the offset goes on
                since = found.pop()[0]
            found.append((since, until, offset))
    return found


def changes_between(zone: str, start: Instant, end: Instant) -> Iterator[Change]:
    """Yield the changes of a zone's offset in [start, end)."""
    for (_, at, before), (_, _, after) in pairwise(stretches_between(zone, start, end)):
        yield Change(at + min(before, after), at + max(before, after), skipped=after > before)


def here(instant: Instant, zone: str) -> datetime:
    """Return an instant on the wall clock of a zone."""
    return datetime_of(instant).astimezone(tzinfo_of(zone))


def read_moment(option: str, written: str, zone: str) -> tuple[Instant, str]:
    """Read a moment in ISO 8601; without an offset it is on the wall clock of ``zone``.

    Returns:
        The instant, and a notice if the wall clock shows the time twice, else an empty text. Then
        the first of the two is meant, as in the dates of a CSV file.

    Raises:
        InvalidValueError: if it cannot be read, lies before 1970, or is a time that the wall
            clock skips and so never shows.
    """
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as fault:
        raise InvalidValueError(
            option, written, "ISO 8601, such as 2026-03-02T09:30 or 2026-03-02T09:30+01:00"
        ) from fault
    notice = ""
    try:
        if moment.utcoffset() is None:
            moment = moment.replace(tzinfo=tzinfo_of(zone), fold=0)
            notice = _notice(option, written, moment, zone)
        moment = moment.astimezone(UTC)
    except OverflowError as fault:
        raise InvalidValueError(option, written, _YEARS) from fault
    if moment < EPOCH:
        raise InvalidValueError(option, written, _YEARS)
    return instant_of(moment), notice


def _offset_of(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes").removeprefix(f"{moment:%Y-%m-%dT%H:%M}")


def _notice(option: str, written: str, first: datetime, zone: str) -> str:
    """Return a notice about a time that comes twice; refuse one that is skipped."""
    before, after = first.utcoffset(), first.replace(fold=1).utcoffset()
    assert before is not None
    assert after is not None
    if before == after:
        return ""
    if before > after:
        one, two = (_offset_of(first.replace(fold=fold)) for fold in (0, 1))
        return (
            f"{option} {written} comes twice in {zone}, first at {one} and again at {two}; "
            "the first is meant. Write the offset to say which."
        )
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        return ""  # it is refused anyhow
    at = instant_of(first)
    shown = at + before // _MILLISECOND
    skipped = next(
        each
        for each in changes_between(zone, at - _NEAR, at + _NEAR)
        if each.skipped and each.start <= shown < each.end
    )
    earlier, later = (
        datetime_of(each).replace(tzinfo=None).isoformat(timespec="minutes")
        for each in (skipped.start, skipped.end)
    )
    raise InvalidValueError(
        option,
        written,
        f"a time that {zone} has: its clocks leap from {earlier} to {later}; write a time before "
        "or after, or the offset",
    )
