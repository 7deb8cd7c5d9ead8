"""When something happened, as the cells of a log write it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import define, field

from ticketroute.errors import InvalidValueError
from ticketroute.logs.faults import LogError
from ticketroute.logs.written import Order, Written, parsed
from ticketroute.model.checks import check_instant
from ticketroute.model.instants import Instant, datetime_of, instant_of

UNIX = "unix"  # as a date format: seconds, milliseconds or microseconds since 1970
_SECONDS, _MILLISECONDS, _MICROSECONDS = 10, 13, 16  # digits: the years 2001 to 2286
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # digits of a date
_FRACTION = re.compile(r"(\d{9,10})\.(\d{1,9})", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_MIDNIGHT = re.compile(r"(.*[T ])24:00(:00(?:[.,]0+)?)?(.*)", re.ASCII)
_REFERENCE = datetime(2033, 11, 27, 15, 48, 39)  # noqa: DTZ001  no two parts alike, all above 12
_YEARS = "a time of the years 1970 to 9999"
_USUAL = (
    "a date such as 2026-03-02T09:30, 2026-03-02 09:30:00+01:00 or 2 Mar 2026 9:30 AM, or Unix "
    "time; name another form with --date-format, or a word for nothing with --empty"
)
_TOLD = 3  # rows of a kind that are told one by one


class Oddity(Enum):
    """Why the wall clock of a zone does not name one instant."""

    SKIPPED = "skip"
    REPEATED = "repeat"


@define
class Told:
    """Times of one oddity: how many, and the first of them with their rows."""

    count: int = 0
    first: list[str] = field(factory=list)


@define
class Dates:
    """Reads the dates of one log.

    ``zone`` is that of times without an offset; of a time that it repeats the first is meant, and
    a time that it skips is as long after the change as it would have been without one. Both are
    kept in ``told``. ``format`` is for strptime, or ``unix``; None means that each cell says by
    itself what it is. ``order`` is that of day and month in dates of numbers, as soon as a cell
    told.
    """

    zone: tzinfo = UTC
    format: str | None = None
    order: Order | None = None
    told: dict[Oddity, Told] = field(factory=dict)
    with_offset: int = 0  # times read that named their own offset
    without_offset: int = 0  # times read on the wall clock of the zone

    def __attrs_post_init__(self) -> None:
        if self.format not in (None, UNIX):
            check_format(self.format or "")

    def instant(self, thing: str, cell: str, *, row: int = 0) -> Instant:
        """Return the instant that ``cell`` names. O(length).

        Raises:
            InvalidValueError: if ``cell`` cannot be read, could be two dates, or lies before 1970.
        """
        moment = self._unix(thing, cell) if self.format in (None, UNIX) else None
        if moment is None:
            moment = self._on_the_wall(thing, cell, self._moment(thing, cell), row)
        else:
            self.with_offset += 1
        check_instant(thing, moment)
        return moment

    def settle(self, cell: str) -> None:
        """Learn the order of day and month from a cell, if it tells. O(length)."""
        if self.order is None and self.format is None:
            try:
                found = parsed(cell, None)
            except ValueError:
                return  # it is told with its row, when that is read
            if isinstance(found, Written):
                self.order = found.order

    def _unix(self, thing: str, cell: str) -> Instant | None:
        """Return Unix time, or None if the cell is something else."""
        if not cell.isdigit() or not cell.isascii():
            fraction = _FRACTION.fullmatch(cell)
            return (
                None if fraction is None else int(fraction[1]) * 1_000 + _thousandths(fraction[2])
            )
        digits = len(cell)
        if digits == _SECONDS or (self.format == UNIX and digits < _SECONDS):
            if self.format != UNIX and _date_with_hour(cell):
                raise InvalidValueError(
                    thing,
                    cell,
                    "clear: it could be a date with its hour, --date-format '%Y%m%d%H', or Unix "
                    f"time, --date-format {UNIX}",
                )
            return int(cell) * 1_000
        if digits == _MILLISECONDS:
            return int(cell)
        return int(cell) // 1_000 if digits == _MICROSECONDS else None

    def _moment(self, thing: str, cell: str) -> datetime:
        """Return what the cell writes, naive where it names no offset."""
        if self.format is not None:
            try:
                # Naive until the next step gives it the zone of the log.
                return datetime.strptime(cell, self.format)  # noqa: DTZ007
            except ValueError as fault:
                written = "Unix time" if self.format == UNIX else f"written as {self.format}"
                raise InvalidValueError(thing, cell, f"{written}, the --date-format") from fault
        try:
            # A week date and a bare number have forms of ISO 8601 that nobody exports.
            plain = cell[4:5] == "-" or cell[8:9] == "T"
            if len(cell) >= 10 and plain and "W" not in cell and "24:00" not in cell:
                return datetime.fromisoformat(cell)
        except ValueError:
            pass
        return self._other_form(thing, cell)

    def _other_form(self, thing: str, cell: str) -> datetime:
        later = timedelta(0)
        midnight = _MIDNIGHT.fullmatch(cell) if "24:00" in cell else None
        if midnight is not None:
            cell, later = f"{midnight[1]}00:00{midnight[2] or ''}{midnight[3]}", timedelta(days=1)
        try:
            if cell.isascii() and cell.isdigit() and len(cell) in _COMPACT:
                return datetime.strptime(cell, _COMPACT[len(cell)])  # noqa: DTZ007
            found = parsed(cell, self.order)
            if isinstance(found, Written):
                self.order = self.order or found.order
                return found.moment + later
        except (ValueError, OverflowError) as fault:
            raise InvalidValueError(thing, cell, _USUAL) from fault
        if isinstance(found, str):
            raise InvalidValueError(thing, cell, found)
        if _SERIAL.fullmatch(cell):
            raise InvalidValueError(
                thing,
                cell,
                "a date, and looks like the day number of a spreadsheet: format the column as a "
                "date and export it again",
            )
        raise InvalidValueError(thing, cell, _USUAL)

    def _on_the_wall(self, thing: str, cell: str, moment: datetime, row: int) -> Instant:
        try:
            if moment.tzinfo is not None:
                self.with_offset += 1
                return instant_of(moment)
            self.without_offset += 1
            local = moment.replace(tzinfo=self.zone)
            if self.zone is not UTC:
                self._look_at(thing, cell, local, row)
            return instant_of(local.astimezone(UTC))
        except (OverflowError, ValueError) as fault:
            raise InvalidValueError(thing, cell, _YEARS) from fault

    def _look_at(self, thing: str, cell: str, local: datetime, row: int) -> None:
        before, after = local.utcoffset(), local.replace(fold=1).utcoffset()
        if before == after or before is None or after is None:
            return
        kind = Oddity.SKIPPED if before < after else Oddity.REPEATED
        told = self.told.setdefault(kind, Told())
        told.count += 1
        if len(told.first) < _TOLD:
            told.first.append(f"row {row}, {thing}: {cell}")

    def said(self) -> list[str]:
        """Return a sentence for each oddity that was met."""
        meant = {
            Oddity.SKIPPED: "read as if the clocks had not changed yet",
            Oddity.REPEATED: "the first of the two is meant",
        }
        return [
            f"the clocks of {self.zone} {kind.value} {told.count:,} "
            f"{'time' if told.count == 1 else 'times'} of the log, {meant[kind]}: "
            + "; ".join(told.first)
            + ("; ..." if told.count > len(told.first) else "")
            for kind, told in self.told.items()
        ]


def check_format(written: str) -> None:
    """Refuse a date format that cannot name one instant.

    Raises:
        LogError: if strptime does not know a part of it, or it leaves out the year, the month, the
            day, or the half of the day.
    """
    way_out = "write it as for strptime, such as '%d/%m/%Y %H:%M', or `unix`"
    shapes: list[Callable[[datetime], datetime]] = [
        lambda at: datetime.strptime(at.strftime(written), written)  # noqa: DTZ007
    ]
    try:
        read = shapes[0](_REFERENCE)
    except (ValueError, re.error, OverflowError) as fault:
        raise LogError(
            f"--date-format is {written!r}, which cannot be: {fault}; {way_out}"
        ) from fault
    if read.replace(tzinfo=None).date() != _REFERENCE.date():
        raise LogError(
            f"--date-format is {written!r}, which does not name year, month and day; {way_out}"
        )
    if "%I" in written and read.hour != _REFERENCE.hour:
        raise LogError(
            f"--date-format is {written!r}, which has the hour %I of half a day without %p; add "
            "%p, or write %H"
        )


def zone_named(name: str) -> tzinfo:
    """Return the time zone called ``name``.

    Raises:
        LogError: if there is none.
    """
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise LogError(
            f"--tz is {name!r}, which is not the name of a time zone; "
            "write it as the tz database does, such as Europe/Berlin or UTC"
        ) from fault


@lru_cache(maxsize=1_024)  # a ticket has the same instant in several columns
def written(instant: Instant, zone: tzinfo = UTC) -> str:
    """Return an instant as ISO 8601, in UTC or in a zone with its offset.

    Milliseconds are written only where there are any.

    >>> written(60_000)
    '1970-01-01T00:01:00Z'
    >>> written(60_000, zone_named("Europe/Berlin"))
    '1970-01-01T01:01:00+01:00'
    """
    kind = "milliseconds" if instant % 1_000 else "seconds"
    moment = datetime_of(instant)
    if zone is UTC:
        return moment.replace(tzinfo=None).isoformat(timespec=kind) + "Z"
    return moment.astimezone(zone).isoformat(timespec=kind)


def _thousandths(digits: str) -> int:
    return int(digits[:3].ljust(3, "0"))


def _date_with_hour(cell: str) -> bool:
    """Return whether ten digits are a date of our time with its hour, such as 2026030209."""
    try:
        year = datetime.strptime(cell, "%Y%m%d%H").year  # noqa: DTZ007
    except ValueError:
        return False
    return 1970 <= year < 2100
