"""The openings of a calendar in one UTC year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import TypeAlias

from ticketroute.model.instants import Instant, Span
from ticketroute.sla.holiday import Holiday, PublicHolidays
from ticketroute.sla.reading import WEEKDAYS, Windows, day_of, days_of_year, spans
from ticketroute.sla.windows import Window, clipped, common, merged, without
from ticketroute.sla.zones import DAY, FIRST_YEAR, LAST_YEAR, year_of

_THURSDAY = 3  # the weekday of 1970-01-01

# From 1970 to 2200 there are 12,000 of every weekday. If 180 days of the year are yearly holidays
# and 60 are a country's, 126 are left. Each of these is at least 30 times on any one weekday, so
# that 1,000 dates cannot close a calendar that has weekly hours.
_FEW_DATES, _FEW_YEARLY = 1_000, 180
_USUAL_YEAR = 2_024  # where a search for an open instant begins

# For a year in UTC, the stretches of equal offset: start, end, offset.
Stretches: TypeAlias = Callable[[int], Sequence[tuple[Instant, Instant, Span]]]
DaySpans: TypeAlias = tuple[tuple[Span, Span], ...]  # since midnight; the end is up to 48 hours


class Openings:
    """The openings of a calendar, year by year; a Timetable is built from them."""

    __slots__ = (
        "_breaks",
        "_dates",
        "_instead",
        "_public",
        "_shifts",
        "_stretches",
        "_week",
        "_within",
        "_yearly",
    )

    def __init__(
        self,
        *,
        stretches: Stretches,
        hours: Mapping[str, Windows],
        holidays: Iterable[Holiday],
        shifts: Mapping[date, Windows],
        breaks: Mapping[date, Windows],
        within: Sequence[Openings],
    ) -> None:
        self._stretches = stretches
        self._week = [spans(hours.get(day, ())) for day in WEEKDAYS]
        # of each weekday, were it worked: its own hours, or those of the last weekday that has any
        back = [[self._week[day - ago] for ago in range(7)] for day in range(7)]
        self._instead = [next((each for each in found if each), ()) for found in back]
        listed = tuple(holidays)
        self._public = [each for each in listed if isinstance(each, PublicHolidays)]
        self._yearly = [each for each in listed if isinstance(each, str)]
        self._dates = frozenset(day_of(each) for each in listed if isinstance(each, date))
        self._shifts = {day_of(day): spans(windows) for day, windows in shifts.items()}
        self._breaks = {day_of(day): spans(windows) for day, windows in breaks.items()}
        self._within = tuple(within)

    def year(self, year: int) -> list[Window]:
        """Return the merged openings of a UTC year, clipped to it.

        Openings on the wall clock are cut at every change of the offset, and each piece is
        converted to UTC. Converting only the two ends would be wrong: an opening that ends in a
        repeated hour is open twice, and one across a skipped hour is shorter.
        """
        found: list[Window] = []
        for start, end, offset in self._stretches(year):
            found.extend(
                (opens - offset, closes - offset)
                for opens, closes in self._wall(start + offset, end + offset)
            )
        windows = merged(found)
        for other in self._within:
            if not windows:
                break
            windows = common(windows, other.year(year))
        return windows

    def always(self) -> bool:
        """Return whether every instant of every year is open."""
        if self._public or self._yearly or self._dates or self._shifts or self._breaks:
            return False
        fortnight = (_moved(each, day) for day, each in enumerate(self._week * 2))
        whole = merged(window for windows in fortnight for window in windows)
        covered = any(opens <= DAY and closes >= 8 * DAY for opens, closes in whole)
        return covered and all(each.always() for each in self._within)

    def ever(self) -> bool:
        """Return whether any instant is open. O(1) for most calendars, else a search by years."""
        dated = len(self._dates) + len(self._shifts) + len(self._breaks)
        weekly = any(self._week)
        if weekly and not self._within and dated <= _FEW_DATES and len(self._yearly) <= _FEW_YEARLY:
            return True
        years: Iterable[int] = chain(
            range(_USUAL_YEAR, LAST_YEAR + 1), range(FIRST_YEAR, _USUAL_YEAR)
        )
        if not weekly:  # a shift may cross the border of a UTC year
            near = {year_of(max(day + off, 0) * DAY) for day in self._shifts for off in (-1, 0, 2)}
            years = sorted(year for year in near if year <= LAST_YEAR)
        return any(self.year(year) for year in years)

    def _wall(self, start: int, end: int) -> list[Window]:
        """Return openings in [start, end) in milliseconds of the wall clock since 1970."""
        first, last = start // DAY - 1, (end - 1) // DAY  # an opening may cross one midnight
        closed, worked = self._closed(first, last), self._worked(first, last)
        week, shifts, instead = self._week, self._shifts, self._instead
        windows = merged(
            (day * DAY + opens, day * DAY + closes)
            for day in range(first, last + 1)
            if day not in closed
            for opens, closes in (
                shifts[day]
                if day in shifts
                else (instead if day in worked else week)[(day + _THURSDAY) % 7]
            )
        )
        if self._breaks:
            days = [day for day in range(first, last + 1) if day in self._breaks]
            cuts = (each for day in days for each in _moved(self._breaks[day], day))
            windows = without(windows, merged(cuts))
        return clipped(windows, start, end)

    def _closed(self, first: int, last: int) -> set[int]:
        closed = set(self._dates)
        for year in range(_year_of_day(first), _year_of_day(last) + 1):
            closed |= days_of_year(self._yearly, year)
            for country in self._public:
                closed |= country.days(year)
        return closed

    def _worked(self, first: int, last: int) -> set[int]:
        """Return the weekend days on which a country works."""
        years = range(_year_of_day(first), _year_of_day(last) + 1) if self._public else ()
        return {day for year in years for each in self._public for day in each.worked(year)}


def _moved(windows: DaySpans, day: int) -> list[Window]:
    return [(day * DAY + opens, day * DAY + closes) for opens, closes in windows]


def _year_of_day(day: int) -> int:
    return year_of(day * DAY)
