"""Open hours counted by the millisecond, at every edge and one millisecond to either side."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ticketroute import Calendar
from ticketroute.errors import BeyondHorizonError
from ticketroute.sla.windows import Timetable

DAY = 86_400_000
# Open for a second, closed for one, open for two, every day; the year's end is in the middle.
HOURS = [("00:00:01", "00:00:02"), ("00:00:03", "00:00:05")]
WINDOWS = [(1_000, 2_000), (3_000, 5_000)]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEW_YEAR = 365 * DAY  # 1971
PLAIN = [(day * DAY + a, day * DAY + b) for day in range(370) for a, b in WINDOWS]
EDGES = [day * DAY + each for day in (0, 1, 364, 365) for window in WINDOWS for each in window]
NEAR = sorted({max(0, edge + step) for edge in [0, NEW_YEAR, *EDGES] for step in (-2, -1, 0, 1, 2)})
SPANS = (1, 2, 999, 1_000, 1_001, 2_000, 2_001, 2_999, 3_000, 3_001, 6_001)


@pytest.fixture(params=["built from the start", "built from the end"])
def table(request: pytest.FixtureRequest) -> Timetable:
    """A timetable that builds its first year first, or its second."""
    table = Calendar(hours=dict.fromkeys(DAYS, HOURS)).timetable
    table.is_open(0 if request.param == "built from the start" else NEW_YEAR + 5)
    return table


def counted(start: int, end: int) -> int:
    """Return the open milliseconds of [start, end)."""
    return sum(max(0, min(b, end) - max(a, start)) for a, b in PLAIN)


def after(start: int, span: int) -> int:
    """Return when ``span`` open ms have passed; the end of an opening that is used up."""
    for a, b in PLAIN:
        begin = max(a, start)
        if b > begin:
            if b - begin >= span:
                return begin + span
            span -= b - begin
    raise AssertionError("the plain openings end too early")


def before(start: int, span: int) -> int | None:
    """Return since when ``span`` open ms have passed; the start of an opening that is used up."""
    for a, b in reversed(PLAIN):
        end = min(b, start)
        if end > a:
            if end - a >= span:
                return end - span
            span -= end - a
    return None


def test_a_span_is_added_and_subtracted_to_the_millisecond(table: Timetable) -> None:
    for start in NEAR:
        for span in SPANS:
            assert table.add(start, span) == after(start, span)
            since = before(start, span)
            if since is None:
                with pytest.raises(BeyondHorizonError):
                    table.subtract(start, span)
            else:
                assert table.subtract(start, span) == since


def test_elapsed_time_is_counted_to_the_millisecond(table: Timetable) -> None:
    for start in NEAR[::3]:
        for end in NEAR:
            signed = counted(start, end) if start <= end else -counted(end, start)
            assert table.elapsed(start, end) == signed


def test_openings_start_and_end_at_their_exact_milliseconds(table: Timetable) -> None:
    for at in NEAR:
        is_open = any(a <= at < b for a, b in PLAIN)
        assert table.is_open(at) == is_open
        opening = min(a for a, _ in PLAIN if a >= at)
        assert table.next_open(at) == (at if is_open else opening)
        assert table.next_close(at) == min(b for _, b in PLAIN if b > at)


def test_openings_are_clipped_to_the_stretch_asked_for(table: Timetable) -> None:
    for start, end in pairwise(NEAR[::2]):
        clipped = [(max(a, start), min(b, end)) for a, b in PLAIN if a < end and b > start]
        assert list(table.windows(start, end)) == clipped
