"""A calendar that is slow and obvious: it looks at the wall clock.

It knows nothing of tables, sums or stretches of one offset: whether a second is open is read off
the clock on the wall, and windows are found by asking that of every second at which it may change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.zones import tzinfo_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY, LAST_DAY = 86_400, 84_371  # seconds; the day after 2200-12-31, from where nothing is known
END = LAST_DAY * DAY * 1_000
FOR_EVER = 1 << 62

Plain = dict[str, Any]


@lru_cache(maxsize=4_096)
def _seconds(opens: str, closes: str) -> tuple[int, int]:
    """Return when a window opens and closes, counted from the midnight before it opens."""
    clocks = [[int(part) for part in clock.split(":")] for clock in (opens, closes)]
    start, end = (hour * 3_600 + minute * 60 + sum(rest) for hour, minute, *rest in clocks)
    return start, end if end > start else end + DAY


def _lies_in(at: int, windows: list[list[str]]) -> bool:
    return any(start <= at < end for start, end in (_seconds(*window) for window in windows))


def _number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


class PlainCalendar:
    """The definition, read aloud: is this instant open?"""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.zone = tzinfo_of(plain["zone"])
        written = plain.get("zone_data")
        self.changes = None if written is None else written["changes"]
        holidays = plain.get("holidays", ())
        self.countries = [
            PublicHolidays.from_plain(each) for each in holidays if isinstance(each, Mapping)
        ]
        self.within = [PlainCalendar(each) for each in plain.get("within", ())]
        self.seen: dict[int, list[tuple[int, int]]] = {}

    def is_open(self, second: int) -> bool:
        """Return whether the wall clock of a second since 1970 shows a time in a window."""
        wall = datetime(1970, 1, 1) + timedelta(seconds=second + self._offset(second))  # noqa: DTZ001
        today, clock = wall.date(), wall.hour * 3_600 + wall.minute * 60 + wall.second
        yesterday = today - timedelta(days=1)
        shown = ((today, clock), (yesterday, clock + DAY))
        breaks = self.plain.get("breaks", {})
        return (
            any(_lies_in(at, self._windows(day)) for day, at in shown)
            and not any(_lies_in(at, breaks.get(day.isoformat(), [])) for day, at in shown)
            and all(each.is_open(second) for each in self.within)
        )

    def _windows(self, day: date) -> list[list[str]]:
        written: list[list[str]] = []
        if self._is_holiday(day):
            return written
        shifts = self.plain.get("shifts", {})
        if day.isoformat() in shifts:
            written = shifts[day.isoformat()]
        else:
            hours = self.plain.get("hours", {})
            written = hours.get(DAYS[day.weekday()], [])
            if not written and any(
                _number(day) in each.worked(day.year) for each in self.countries
            ):
                before = [hours.get(DAYS[day.weekday() - ago], []) for ago in range(1, 7)]
                written = next((windows for windows in before if windows), [])
        return written

    def _is_holiday(self, day: date) -> bool:
        written = self.plain.get("holidays", ())
        if day.isoformat() in written or day.isoformat()[5:] in written:
            return True
        return any(_number(day) in country.days(day.year) for country in self.countries)

    # --- windows, found by asking ---------------------------------------------------------------

    def windows_of(self, day: int) -> list[tuple[int, int]]:
        """Return the open stretches of a day of UTC, counted from 1970, in milliseconds."""
        if day not in self.seen:
            found: list[tuple[int, int]] = []
            for start, end in pairwise(sorted(self.edges(day))):
                if not self.is_open(start):
                    continue
                if found and found[-1][1] == start * 1_000:
                    found[-1] = (found[-1][0], end * 1_000)
                else:
                    found.append((start * 1_000, end * 1_000))
            self.seen[day] = found
        return self.seen[day]

    def edges(self, day: int) -> set[int]:
        """Return the seconds of a day of UTC at which it may open or close."""
        first, last = day * DAY, (day + 1) * DAY
        offsets, edges = {self._offset(first), self._offset(last - 1)}, {first, last}
        if len(offsets) > 1:
            before, after = first, last - 1
            while after - before > 1:
                middle = (before + after) // 2
                if self._offset(middle) == self._offset(first):
                    before = middle
                else:
                    after = middle
            edges.add(after)
        written = [self.plain.get(each, {}) for each in ("hours", "shifts", "breaks")]
        lists = [windows for mapping in written for windows in mapping.values()]
        for shown in {at for windows in lists for window in windows for at in _seconds(*window)}:
            for each in range(day - 3, day + 4):
                edges |= {each * DAY + shown - offset for offset in offsets}
        for inner in self.within:
            edges |= inner.edges(day)
        return {edge for edge in edges if first <= edge <= last}

    def _offset(self, second: int) -> int:
        if self.changes is not None:
            return int(self.changes[bisect_right(self.changes, [second, FOR_EVER]) - 1][1])
        offset = datetime.fromtimestamp(second, self.zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def is_always_open(self) -> bool:
        """Return whether it is plain to see that it never closes: every day from 0 to 24."""
        dated = any(self.plain.get(each) for each in ("holidays", "shifts", "breaks", "within"))
        hours = self.plain.get("hours", {})
        return not dated and all(["00:00", "24:00"] in hours.get(day, ()) for day in DAYS)

    def last_day(self) -> int:
        """Return a day of UTC after which it is never open."""
        if self.plain.get("hours"):
            return LAST_DAY
        dates = [date.fromisoformat(each) for each in self.plain.get("shifts", {})]
        return max(each.toordinal() for each in dates) - date(1970, 1, 1).toordinal() + 4


@lru_cache(maxsize=256)
def _read(calendar: Calendar, _: object) -> PlainCalendar:
    return PlainCalendar(calendar.plain())


def read(calendar: Calendar) -> PlainCalendar:
    """Return the same calendar without zone data, in which alone two may differ."""
    return _read(calendar, calendar.zone_data)


class Edition(NamedTuple):
    """A calendar, and from when on it counts."""

    since: int
    calendar: Calendar


class Hours:
    """The editions of a calendar, each open in its own stretch; none at all: around the clock."""

    def __init__(self, editions: list[Edition]) -> None:
        self.editions = editions

    def windows(self, at: int) -> Iterator[tuple[int, int]]:
        """Yield what is open from an instant on, day by day, to the end of what is known."""
        if not self.editions:
            yield at, END
            return
        stretches = pairwise([*self.editions, Edition(END, self.editions[-1].calendar)])
        for (since, calendar), (until, _) in stretches:
            plain = read(calendar)
            if plain.is_always_open():
                if max(since, at) < until:
                    yield max(since, at), until
                continue
            first, last = (
                max(since, at) // (DAY * 1_000),
                min(plain.last_day(), until // (DAY * 1_000)),
            )
            for day in range(first, last + 1):
                for opens, closes in plain.windows_of(day) if day < LAST_DAY else ():
                    if max(opens, since, at) < min(closes, until):
                        yield max(opens, since, at), min(closes, until)

    def is_open(self, at: int) -> bool:
        """Return whether it is open at an instant."""
        return next(self.windows(at), (END, END))[0] == at < END

    def elapsed(self, start: int, end: int) -> int:
        """Add up what is open between two instants."""
        total = 0
        for opens, closes in self.windows(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def add(self, start: int, span: int) -> int | None:
        """Return the first instant by which so much is used up, if it ever is."""
        left = span
        for opens, closes in self.windows(start):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        return None

    def next_open(self, at: int) -> int | None:
        """Return the first open instant from then on, if there is one."""
        opens = next(self.windows(at), (END, END))[0]
        return opens if opens < END else None

    def next_closed(self, at: int) -> int | None:
        """Return the first closed instant from then on, if there is one."""
        closed = at
        for opens, closes in self.windows(at):
            if opens > closed:
                break
            closed = closes
        return closed if closed < END else None
