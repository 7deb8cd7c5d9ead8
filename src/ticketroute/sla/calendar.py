"""Business calendars: weekly hours on the wall clock of a zone, holidays, shifts and breaks.

An instant is open if the wall clock of the zone shows a time within an opening of the calendar.
When the clocks go forward in spring, the skipped part of an opening does not exist; when they go
back in autumn, a repeated hour counts twice. Spans are real seconds.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from attrs import Attribute, evolve, field, fields, frozen

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.checks import a_text, check_whole
from ticketroute.model.frozen import FrozenMapping, read_only
from ticketroute.model.instants import EPOCH, MILLISECOND, Instant, Span, instant_of, span_of
from ticketroute.sla.advice import advice
from ticketroute.sla.holiday import Holiday, PublicHolidays, read_holidays
from ticketroute.sla.known import ZoneData, zone_data_of
from ticketroute.sla.openings import Openings
from ticketroute.sla.plain import DEEPEST, MOST_WITHIN, listed, plain_holiday, read_plain
from ticketroute.sla.reading import (
    MOST_DATES,
    WEEKDAYS,
    Windows,
    WrittenDates,
    WrittenWindows,
    bounded,
    day_of,
    read_date,
    read_dates,
    read_hours,
)
from ticketroute.sla.windows import Timetable
from ticketroute.sla.zones import (
    DAY,
    EPOCH_DAY,
    FIRST_YEAR,
    LAST_YEAR,
    check_zone,
    stretches,
)

MOST_DAYS = (LAST_YEAR - FIRST_YEAR + 1) * 366


def _hours(written: Mapping[str, WrittenWindows]) -> FrozenMapping[str, Windows]:
    return read_only(read_hours(written))


def _shifts(written: WrittenDates) -> FrozenMapping[date, Windows]:
    return read_only(read_dates("Calendar.shifts", written))


def _breaks(written: WrittenDates) -> FrozenMapping[date, Windows]:
    read = read_dates("Calendar.breaks", written)
    return read_only({day: windows for day, windows in read.items() if windows})


def _within(written: Iterable[Calendar]) -> tuple[Calendar, ...]:
    inner = bounded("Calendar.within", written, MOST_WITHIN)
    for each in inner:
        if not isinstance(each, Calendar):
            raise InvalidValueError("one of Calendar.within", each, "a Calendar")
    return tuple(inner)


def _zone_data(written: ZoneData | Mapping[str, Any] | None) -> ZoneData | None:
    if written is None or isinstance(written, ZoneData):
        return written
    if isinstance(written, Mapping):
        return ZoneData.from_plain(written)
    raise InvalidValueError("Calendar.zone_data", written, "ZoneData, or left out")


def _check_zone(_: object, __: Attribute[str], zone: object) -> None:
    check_zone("Calendar.zone", zone)


@frozen(kw_only=True)
class Calendar:
    """The working hours of a person, a team or a desk, as an immutable value.

    ``zone`` is a name of the tz database.
    ``hours`` maps ``"mon"`` to ``"sun"`` to openings, such as ``("09:00", "17:00")``. An opening
    includes its start and excludes its end. ``"24:00"`` is the midnight that ends a day, and an
    end before its start is on the next day. Overlapping openings count once.
    ``holidays`` are dates, yearly dates such as ``"12-25"``, and :class:`PublicHolidays`. No
    opening begins on a holiday; one that began the day before still lasts to its end.
    ``shifts`` maps dates to openings that replace their weekly hours, or to an empty list. On a
    holiday the shift is ignored.
    ``breaks`` maps dates to spans of the wall clock that are closed on that date, also in an
    opening that began the day before.
    ``within`` holds calendars; this one is closed whenever one of them is.
    ``name`` is how errors refer to it.
    ``zone_data`` are the changes of the zone in one release of the tz database; they are ignored
    when two calendars are compared. Without it, the changes are those of the system's database or
    of the ``tzdata`` package, whichever is newer. resolved() fills it in.

    A calendar that is never open is refused. Calendars cover 1970 to the end of 2200, and a
    question beyond raises BeyondHorizonError. The first question about a year costs about a
    millisecond; after that every answer is O(log n) in the openings of the years asked about,
    whatever the distance.

    >>> from datetime import UTC
    >>> desk = Calendar(zone="Europe/Berlin", hours={"fri": [("09:00", "17:00")]})
    >>> desk.add(datetime(2026, 3, 27, 15, tzinfo=UTC), timedelta(hours=3)).isoformat()
    '2026-04-03T09:00:00+00:00'
    """

    zone: str = field(default="UTC", validator=_check_zone)
    hours: Mapping[str, Windows] = field(factory=dict, converter=_hours)
    holidays: tuple[Holiday, ...] = field(default=(), converter=read_holidays)
    shifts: Mapping[date, Windows] = field(factory=dict, converter=_shifts)
    breaks: Mapping[date, Windows] = field(factory=dict, converter=_breaks)
    within: tuple[Calendar, ...] = field(default=(), converter=_within)
    name: str = field(default="", validator=a_text)
    zone_data: ZoneData | None = field(default=None, converter=_zone_data, eq=False, repr=False)
    _openings: Openings = field(init=False, eq=False, repr=False)
    _timetable: Timetable = field(init=False, eq=False, repr=False)
    _worked: dict[int, list[int]] = field(init=False, eq=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        dated = len(self.holidays) + len(self.shifts) + len(self.breaks)
        if dated > MOST_DATES:
            raise InvalidValueError(
                "the number of holidays, shifts and breaks in Calendar",
                dated,
                f"at most {MOST_DATES}",
            )
        depth, count = _depth_and_count(self)
        if depth > DEEPEST:
            raise InvalidValueError("the depth of Calendar.within", depth, f"at most {DEEPEST}")
        if count > MOST_WITHIN:
            raise InvalidValueError(
                "the number of calendars in Calendar.within", count, f"at most {MOST_WITHIN}"
            )
        openings = Openings(
            stretches=self.stretches,
            hours=self.hours,
            holidays=self.holidays,
            shifts=self.shifts,
            breaks=self.breaks,
            within=[each._openings for each in self.within],  # noqa: SLF001  of the same class
        )
        if not openings.ever():
            raise InvalidValueError(
                f"Calendar {self.name!r}" if self.name else "Calendar",
                self.plain(),
                "open at some time before 2201; holidays, breaks and within close all of its "
                "hours and shifts",
            )
        always = openings.always()
        timetable = Timetable(None if always else openings.year, name=self.name)
        object.__setattr__(self, "_openings", openings)
        object.__setattr__(self, "_timetable", timetable)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by content, so that the copy is checked and builds its own table."""
        return _restored, ({each.name: getattr(self, each.name) for each in _FIELDS},)

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> Calendar:
        """Return the calendar that a configuration describes, as read by ``tomllib`` or ``json``.

        Keys are the fields of the class. In ``holidays`` a country is
        ``{"country": "DE", "subdivision": "BY"}``; ``within`` holds calendars in the same form.
        Dates and times of TOML serve as well as texts.

        Raises:
            InvalidValueError: if a value is invalid or a key is not a field.

        >>> Calendar.from_plain({"hours": {"mon": [["09:00", "17:00"]]}}).hours["mon"]
        (('09:00', '17:00'),)
        """
        return read_plain(cls, plain, [each.name for each in _FIELDS])

    def plain(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML, from which from_plain() makes an equal calendar."""
        plain: dict[str, Any] = {"name": self.name} if self.name else {}
        plain["zone"] = self.zone
        if self.hours:
            plain["hours"] = {day: listed(windows) for day, windows in self.hours.items()}
        if self.holidays:
            plain["holidays"] = [plain_holiday(each) for each in self.holidays]
        for key, dated in (("shifts", self.shifts), ("breaks", self.breaks)):
            if dated:
                plain[key] = {day.isoformat(): listed(each) for day, each in dated.items()}
        if self.within:
            plain["within"] = [each.plain() for each in self.within]
        if self.zone_data is not None:
            plain["zone_data"] = self.zone_data.plain()
        return plain

    def resolved(self) -> Calendar:
        """Return the same calendar with everything it takes from libraries written into it.

        These are the dates of its :class:`PublicHolidays` from 1970 to 2100 and the changes of
        its zone to 2200, of calendars within as well, each with the release it is from. The
        result asks no library for anything, here or in another process. Itself, if nothing is to
        be added. 20 to 200 ms for a new country or zone, once for each process.
        """
        holidays = [
            each.resolved() if isinstance(each, PublicHolidays) else each for each in self.holidays
        ]
        within = [each.resolved() for each in self.within]
        zone_data = self.zone_data
        if zone_data is None and self.zone != "UTC":
            zone_data = zone_data_of(self.zone)
        added = any(map(operator.is_not, [*holidays, *within], [*self.holidays, *self.within]))
        if not added and zone_data is self.zone_data:
            return self
        return evolve(self, holidays=holidays, within=within, zone_data=zone_data)

    def unresolved(self) -> Calendar:
        """Return the same calendar as its author wrote it, without what resolved() adds.

        Raises:
            InvalidValueError: if the installed ``holidays`` does not know a country any more.
        """
        return evolve(
            self,
            holidays=[
                each.unresolved() if isinstance(each, PublicHolidays) else each
                for each in self.holidays
            ],
            within=[each.unresolved() for each in self.within],
            zone_data=None,
        )

    def stretches(self, year: int) -> Sequence[tuple[Instant, Instant, Span]]:
        """Return the stretches of a UTC year in which the zone's offset stays the same.

        Each is a start, an end and an offset in milliseconds; together they are the year.
        """
        if self.zone_data is None:
            return stretches(self.zone, year)
        return self.zone_data.stretches(year)

    def __and__(self, other: Calendar) -> Calendar:
        """Return a calendar that is open while both are; it has the left one's zone and dates."""
        if not isinstance(other, Calendar):
            return NotImplemented
        names = [each.name for each in (self, other) if each.name]
        return evolve(self, within=(*self.within, other), name=" & ".join(names))

    @property
    def timetable(self) -> Timetable:
        """The same calendar in instants instead of datetimes; it is built as far as it is used."""
        return self._timetable

    def add(self, start: datetime, span: timedelta) -> datetime:
        """Return the datetime in UTC at which ``span`` of open time from ``start`` is used up.

        If an opening is used up exactly, that is the instant at which it closes. For a span of 0
        it is ``start`` if that is open, otherwise the start of the next opening.

        Raises:
            BeyondHorizonError: unless the answer is before the end of 2200.
            InvalidValueError: if ``start`` is naive or ``span`` is negative.
        """
        return _moment(self._timetable.add(instant_of(start), span_of(span)))

    def subtract(self, start: datetime, span: timedelta) -> datetime:
        """Return the datetime in UTC from which ``span`` of open time is used up at ``start``.

        It mirrors add(): if an opening is used up exactly, the answer is the instant at which it
        opens. For a span of 0 it is ``start`` if that is in an opening or at its end, otherwise
        the end of the opening before.

        Raises:
            BeyondHorizonError: if the answer is before 1970.
            InvalidValueError: if ``start`` is naive or ``span`` is negative.
        """
        return _moment(self._timetable.subtract(instant_of(start), span_of(span)))

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time from ``start`` to ``end``; negative if ``end`` is earlier."""
        return self._timetable.elapsed(instant_of(start), instant_of(end)) * MILLISECOND

    def is_open(self, at: datetime) -> bool:
        """Return whether ``at`` is in an opening, which includes its start and excludes its end."""
        return self._timetable.is_open(instant_of(at))

    def next_open(self, at: datetime) -> datetime | None:
        """Return ``at`` if it is open, else the start of the next opening, in UTC, or None."""
        found = self._timetable.next_open(instant_of(at))
        return None if found is None else _moment(found)

    def next_close(self, at: datetime) -> datetime | None:
        """Return when the opening at ``at``, or else the next one, closes, in UTC.

        None means that it does not close before 2201, or that there is no next one.
        """
        found = self._timetable.next_close(instant_of(at))
        return None if found is None else _moment(found)

    def add_days(self, day: date, days: int) -> date:
        """Return the date that is ``days`` working days after ``day``, or before it if negative.

        A date of the calendar's zone is a working day if any instant of it is open. For 0 the
        answer is ``day`` if it is a working day, otherwise the next one. O(log n) per year passed.

        Raises:
            BeyondHorizonError: if the answer is before 1970 or after 2200.
        """
        day = read_date("day", day)
        check_whole("days", days, -MOST_DAYS, MOST_DAYS)
        year, number = day.year, day_of(day)
        worked = self._worked_days(year)
        if days > 0:
            index = bisect_right(worked, number) + days - 1
        else:
            index = bisect_left(worked, number) + days
        while index >= len(worked) and year < LAST_YEAR:
            index -= len(worked)
            year += 1
            worked = self._worked_days(year)
        while index < 0 and year > FIRST_YEAR:
            year -= 1
            worked = self._worked_days(year)
            index += len(worked)
        if not 0 <= index < len(worked):
            raise BeyondHorizonError(self.name, number * DAY, days * DAY)
        return date.fromordinal(EPOCH_DAY + worked[index])

    def check(self) -> tuple[str, ...]:
        """Return advice about settings that are valid and rarely intended; empty if there are none.

        >>> Calendar(hours={"mon": [("09:00", "23:59")]}).check()
        ("hours['mon'] ends at 23:59, a minute before midnight; write 24:00 if that is meant",)
        """
        own = advice(self.hours, self.holidays, self.shifts, self.breaks)
        inner = (
            f"within[{number}].{line}"
            for number, each in enumerate(self.within)
            for line in each.check()
        )
        return (*own, *inner)

    def _worked_days(self, year: int) -> list[int]:
        """Return the working days of a year in the zone, as days since 1970-01-01, in order."""
        if year not in self._worked:
            found: set[int] = set()
            for utc_year in range(max(year - 1, FIRST_YEAR), min(year + 1, LAST_YEAR) + 1):
                for start, end, offset in self.stretches(utc_year):
                    for opens, closes in self._timetable.windows(start, end):
                        found.update(
                            range((opens + offset) // DAY, (closes + offset - 1) // DAY + 1)
                        )
            first, last = day_of(date(year, 1, 1)), day_of(date(year, 12, 31))
            self._worked[year] = sorted(each for each in found if first <= each <= last)
        return self._worked[year]


_FIELDS = [each for each in fields(Calendar) if each.init]


def _restored(values: dict[str, Any]) -> Calendar:
    return Calendar(**values)


def _depth_and_count(calendar: Calendar) -> tuple[int, int]:
    inner = [_depth_and_count(each) for each in calendar.within]
    depth = max((depth + 1 for depth, _ in inner), default=0)
    return depth, sum(count + 1 for _, count in inner)


def _moment(instant: Instant) -> datetime:
    """Return an instant of the timetable as a datetime in UTC; the timetable has checked it."""
    return EPOCH + instant * MILLISECOND


ALWAYS = Calendar(
    name="always",
    hours={day: [("00:00", "24:00")] for day in WEEKDAYS},
)
