"""A calendar that is slow and obvious: it looks at the wall clock, tick by tick.

It knows nothing of windows in UTC, offsets' stretches, tables or sums.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: Real changes of the offset: gaps, folds, half hours, two hours, quarters, and whole days.
CHANGES = [
    ("Australia/Lord_Howe", "2024-04-06T15:00:00"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00"),
    ("Asia/Tehran", "1977-10-20T19:30:00"),
    ("Asia/Tehran", "2022-03-21T20:30:00"),
    ("Asia/Tehran", "2022-09-21T19:30:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00"),
    ("America/Sao_Paulo", "2019-02-17T02:00:00"),
    ("Pacific/Apia", "2011-12-30T10:00:00"),
    ("Pacific/Apia", "2020-09-26T14:00:00"),
    ("Pacific/Apia", "2021-04-03T14:00:00"),
    ("Africa/Casablanca", "2024-03-10T02:00:00"),
    ("Africa/Casablanca", "2024-04-14T02:00:00"),
    ("Europe/Dublin", "2024-03-31T01:00:00"),
    ("Europe/Dublin", "2024-10-27T01:00:00"),
    ("America/Santiago", "2024-04-07T03:00:00"),
    ("America/Santiago", "2024-09-08T04:00:00"),
    ("America/New_York", "2024-03-10T07:00:00"),
    ("America/New_York", "2024-11-03T06:00:00"),
    ("Europe/Berlin", "2024-03-31T01:00:00"),
    ("Europe/Berlin", "2024-10-27T01:00:00"),
    ("America/St_Johns", "1988-04-03T03:31:00"),
    ("America/St_Johns", "1988-10-30T01:31:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00"),
    ("Africa/Cairo", "2024-10-31T21:00:00"),
    ("Asia/Gaza", "2024-10-25T23:00:00"),
    ("Pacific/Chatham", "2024-04-06T14:00:00"),
    ("Pacific/Chatham", "2024-09-28T14:00:00"),
    ("Antarctica/Troll", "2024-10-27T01:00:00"),
    ("America/Havana", "2024-11-03T05:00:00"),
    ("Asia/Pyongyang", "2015-08-14T15:00:00"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00"),
    ("America/Caracas", "2007-12-09T07:00:00"),
    ("Asia/Amman", "2021-10-28T22:00:00"),
    ("Pacific/Kwajalein", "1993-08-21T12:00:00"),
    ("Asia/Kolkata", "2024-01-01T00:00:00"),  # none, and the border of two years
    ("UTC", "2024-01-01T00:00:00"),
]

Plain = dict[str, Any]


def change_instant(written: str) -> int:
    """Return the second at which a change of the list above happens."""
    return int(datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp())


def _second(clock: str) -> int:
    hour, minute, *rest = map(int, clock.split(":"))
    return hour * 3_600 + minute * 60 + sum(rest)


class PlainCalendar:
    """The definition, read aloud: is this instant open?"""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self.zone = ZoneInfo(plain["zone"])
        self.seconds = {
            id(windows): [(_second(start), _second(end)) for start, end in windows]
            for mapping in (
                plain.get("hours", {}),
                plain.get("shifts", {}),
                plain.get("breaks", {}),
            )
            for windows in mapping.values()
        }
        self.within = [PlainCalendar(each) for each in plain.get("within", ())]

    def is_open(self, second: int) -> bool:
        wall = datetime.fromtimestamp(second, self.zone).replace(tzinfo=None)
        today, clock = wall.date(), wall.hour * 3_600 + wall.minute * 60 + wall.second
        yesterday = today - timedelta(days=1)
        shown = ((today, clock), (yesterday, clock + 86_400))
        return (
            any(self._lies_in(self._windows(day), at) for day, at in shown)
            and not any(self._lies_in(self._breaks(day), at) for day, at in shown)
            and all(each.is_open(second) for each in self.within)
        )

    def _lies_in(self, windows: list[list[str]], at: int) -> bool:
        if not windows:
            return False
        return any(
            start <= at < (end if end > start else end + 86_400)
            for start, end in self.seconds[id(windows)]
        )

    def _windows(self, day: date) -> list[list[str]]:
        written: list[list[str]] = []
        holidays = self.plain.get("holidays", ())
        if day.isoformat() in holidays or day.isoformat()[5:] in holidays:
            return written
        shifts = self.plain.get("shifts", {})
        if day.isoformat() in shifts:
            written = shifts[day.isoformat()]
        else:
            written = self.plain.get("hours", {}).get(DAYS[day.weekday()], [])
        return written

    def _breaks(self, day: date) -> list[list[str]]:
        found: list[list[str]] = self.plain.get("breaks", {}).get(day.isoformat(), [])
        return found


class Walk:
    """The open instants of a stretch, found by looking at every tick of it.

    A tick is so short that nothing changes within it: a second, or the greatest common divisor
    of all times and changes at hand.
    """

    def __init__(self, is_open: Any, start: int, end: int, *, tick: int) -> None:
        self.start, self.end, self.tick = start * 1_000, end * 1_000, tick * 1_000
        self.open = [is_open(second) for second in range(start, end, tick)]
        self.runs: list[tuple[int, int]] = []  # of open ticks
        number = 0
        for is_run, run in groupby(self.open):
            length = len(list(run))
            if is_run:
                since = self.start + number * self.tick
                self.runs.append((since, since + length * self.tick))
            number += length

    def is_open(self, at: int) -> bool:
        return bool(self.open[(at - self.start) // self.tick])

    def elapsed(self, start: int, end: int) -> int:
        if end < start:
            return -self.elapsed(end, start)
        return sum(until - since for since, until in self.windows(start, end))

    def add(self, start: int, span: int) -> int | None:
        """Return the least instant by which ``span`` is used up; None: beyond the walk."""
        left = span
        for since, until in self.runs:
            here = until - max(start, since)
            if here <= 0:
                continue
            if left <= here:
                return max(start, since) + left
            left -= here
        return None

    def subtract(self, start: int, span: int) -> int | None:
        """Return the greatest instant since which ``span`` is used up; None: before the walk."""
        left = span
        for since, until in reversed(self.runs):
            here = min(start, until) - since
            if here <= 0:
                continue
            if left <= here:
                return min(start, until) - left
            left -= here
        return None

    def next_open(self, at: int) -> int | None:
        return self.add(at, 0)

    def next_close(self, at: int) -> int | None:
        """Return the next closing; None: beyond the walk, whose own end closes nothing."""
        closes = (until for _, until in self.runs if at < until < self.end)
        return next(closes, None)

    def windows(self, start: int, end: int) -> list[tuple[int, int]]:
        inside = ((max(since, start), min(until, end)) for since, until in self.runs)
        return [(since, until) for since, until in inside if since < until]


def _clock(second: int) -> str:
    second %= 86_400
    text = f"{second // 3_600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


@st.composite
def windows(draw: st.DrawFn, near: int, tick: int, *, most: int = 4) -> list[list[str]]:
    """Draw windows of a day, many with an end near the ``near``-th second of the wall clock."""
    anywhere = st.integers(0, 86_400 // tick - 1).map(lambda each: each * tick)
    close = st.integers(-7_200 // tick, 7_200 // tick).map(lambda each: near + each * tick)
    bound = (anywhere | close).map(_clock)
    pairs = draw(st.lists(st.tuples(bound, bound), max_size=most))
    found = [[start, end] for start, end in pairs if start != end]
    if draw(st.integers(0, 9)) == 0:
        found.append(["00:00", "24:00"])
    return found


@st.composite
def calendars(
    draw: st.DrawFn, zone: str, change: int, *, tick: int = 300, within: bool = True
) -> Plain:
    """Draw a calendar in plain form, that is busy around the ``change``-th second."""
    wall = datetime.fromtimestamp(change, ZoneInfo(zone))
    near = (wall.hour * 3_600 + wall.minute * 60 + wall.second) // tick * tick
    day = windows(near, tick)
    dates = st.integers(-3, 3).map(lambda each: (wall.date() + timedelta(days=each)).isoformat())
    pattern = [[], *draw(st.tuples(day, day, day))]  # a week of other windows every day draws long
    kinds = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 0]), min_size=7, max_size=7))
    plain: Plain = {
        "zone": zone,
        "hours": {each: pattern[kind] for each, kind in zip(DAYS, kinds, strict=True)},
        "holidays": draw(st.lists(dates | dates.map(lambda each: each[5:]), max_size=2)),
        "shifts": draw(st.dictionaries(dates, day, max_size=2)),
        "breaks": draw(st.dictionaries(dates, day, max_size=2)),
    }
    if within and draw(st.integers(0, 3)) == 0:
        inner = draw(st.sampled_from(["UTC", "Asia/Kolkata", zone]))
        plain["within"] = [draw(calendars(inner, change, tick=tick, within=False))]
    return plain
