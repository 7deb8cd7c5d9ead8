"""The table agrees with a walk over the wall clock, and obeys the laws of time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from sys import getsizeof
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from walk import Walk

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.instants import instant_of
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.windows import Timetable
from ticketroute.sla.zones import HORIZON
from ticketroute.testing.promised import CHANGES, change_instant, plain_calendars
from ticketroute.testing.reference.calendar import DAYS, Plain, PlainCalendar

HOUR, DAY = 3_600_000, 86_400_000


def made(plain: Plain) -> Calendar:
    try:
        return Calendar.from_plain(plain)
    except InvalidValueError as fault:
        assume("open at some time" not in str(fault))
        raise


@st.composite
def scenes(draw: st.DrawFn, *, tick: int = 300, reach: int = 2 * 86_400) -> Any:
    """Draw a calendar, the walk around a change of its zone, and two instants in it."""
    zone, written = draw(st.sampled_from(CHANGES))
    change = change_instant(written)
    if change % tick:  # St. John's changes at a minute past
        tick = 60
    plain = draw(plain_calendars(zone, change, tick=tick))
    start = change - reach
    walk = Walk(PlainCalendar(plain).is_open, start, change + reach, tick=tick)
    close = st.integers(-3 * HOUR, 3 * HOUR).map(lambda each: change * 1_000 + each)
    edges = [edge for window in walk.windows(walk.start, walk.end) for edge in window]
    instant = st.integers(walk.start, walk.end - 1) | close
    if edges:
        instant |= st.sampled_from(edges).flatmap(lambda edge: st.integers(edge - 1, edge + 1))
    instant = instant.map(lambda each: min(max(each, walk.start), walk.end - 1))
    return made(plain).timetable, walk, draw(instant), draw(instant)


def enough(plain: Plain) -> Plain:
    """Return the calendar with two full days a week added, so that every span ends in it."""
    more = {day: [*plain["hours"][day], ["09:00", "17:00"]] for day in ("wed", "thu")}
    return {**plain, "hours": {**plain["hours"], **more}}


@st.composite
def tables(draw: st.DrawFn) -> Any:
    """Draw a table and three instants around a change of its zone, unsorted."""
    zone, written = draw(st.sampled_from(CHANGES))
    change = change_instant(written)
    near = st.integers(-2 * DAY, 2 * DAY) | st.integers(-3 * HOUR, 3 * HOUR)
    near = near.map(lambda each: change * 1_000 + each)
    plain = draw(plain_calendars(zone, change, within=False))
    return made(enough(plain)).timetable, draw(near), draw(near), draw(near)


def compare(table: Timetable, walk: Walk, at: int, other: int, span: int) -> None:
    """Compare the answers of the table and the walk; the walk has none beyond its ends."""
    assert table.is_open(at) == walk.is_open(at)
    for opens, closes in walk.runs:
        assert table.is_open(opens)
        assert closes == walk.end or not table.is_open(closes)
    assert table.elapsed(at, other) == walk.elapsed(at, other)
    low, high = sorted((at, other))
    assert list(table.windows(low, high)) == walk.windows(low, high)
    for ask in (table.add, table.subtract):
        for length in {span, 0, abs(walk.elapsed(at, other))}:
            answer = getattr(walk, ask.__name__)(at, length)
            if answer is not None:
                assert ask(at, length) == answer
    for follow in (table.next_open, table.next_close):
        answer = getattr(walk, follow.__name__)(at)
        if answer is not None:
            assert follow(at) == answer


@given(scenes(), st.integers(1, 30 * HOUR))
def test_the_table_agrees_with_the_wall_clock(scene: Any, span: int) -> None:
    table, walk, at, other = scene
    compare(table, walk, at, other, span)


@settings(max_examples=30)
@given(scenes(tick=1, reach=2_400), st.integers(1, HOUR))
def test_the_table_agrees_with_the_wall_clock_at_every_second(scene: Any, span: int) -> None:
    table, walk, at, other = scene
    compare(table, walk, at, other, span)


@pytest.mark.parametrize(("zone", "written"), CHANGES)
def test_openings_with_every_bound_near_a_change_are_cut_there(zone: str, written: str) -> None:
    change = change_instant(written)
    tick = 60 if change % 300 else 300
    plain: Plain = {"zone": zone, "hours": {day: [] for day in DAYS}}
    wall = PlainCalendar(plain).zone
    for minutes in (-90, -30, -15, 0, 15, 30, 60, 90):  # one short opening at each
        moment = datetime.fromtimestamp(change + minutes * 60, wall)
        for length in (15, 45, 120):
            end = moment.replace(tzinfo=None) + timedelta(minutes=length)
            window = [f"{moment:%H:%M}", f"{end:%H:%M}"]
            plain["hours"] = {day: [window] for day in DAYS}
            walk = Walk(PlainCalendar(plain).is_open, change - 86_400, change + 86_400, tick=tick)
            table = Calendar.from_plain(plain).timetable
            found = list(table.windows(walk.start, walk.end))
            assert found == walk.windows(walk.start, walk.end), window


@given(tables(), st.integers(0, 9 * HOUR), st.integers(0, 9 * HOUR))
def test_a_span_added_in_two_parts_is_due_when_the_whole_is(
    scene: Any, first: int, second: int
) -> None:
    table, at, _, _ = scene
    assume(first > 0 < second)
    assert table.add(table.add(at, first), second) == table.add(at, first + second)
    assert table.subtract(table.subtract(at, first), second) == table.subtract(at, first + second)


@given(tables(), st.integers(0, 400 * HOUR))
def test_elapsed_reverses_add_and_subtract(scene: Any, span: int) -> None:
    table, at, _, _ = scene
    due, since = table.add(at, span), table.subtract(at, span)
    assert table.elapsed(at, due) == span == table.elapsed(since, at)
    if span:
        assert table.elapsed(at, due - 1) == span - 1 == table.elapsed(since + 1, at)


@given(tables(), st.integers(0, 40 * HOUR), st.integers(0, 40 * HOUR))
def test_later_starts_and_longer_spans_are_never_due_earlier(
    scene: Any, span: int, more: int
) -> None:
    table, at, other, _ = scene
    early, late = sorted((at, other))
    assert table.add(early, span) <= table.add(late, span)
    assert table.subtract(early, span) <= table.subtract(late, span)
    assert table.add(at, span) <= table.add(at, span + more)
    assert table.subtract(at, span) >= table.subtract(at, span + more)


@given(tables())
def test_open_time_of_two_stretches_is_the_sum_of_both(scene: Any) -> None:
    table, a, b, c = scene
    assert table.elapsed(a, b) + table.elapsed(b, c) == table.elapsed(a, c)
    assert table.elapsed(a, b) == -table.elapsed(b, a)
    assert abs(table.elapsed(a, b)) <= abs(a - b)


@st.composite
def plain_and_date(draw: st.DrawFn) -> tuple[Plain, int]:
    zone, written = draw(st.sampled_from(CHANGES))
    change = change_instant(written)
    return draw(plain_calendars(zone, change)), change * 1_000


@given(plain_and_date(), st.integers(-3, 3), st.integers(0, 60 * HOUR))
def test_another_holiday_never_makes_anything_due_earlier(
    drawn: tuple[Plain, int], offset: int, span: int
) -> None:
    plain, at = drawn
    plain = enough({**plain, "within": ()})
    day = date.fromtimestamp(0) + timedelta(days=at // DAY + offset)  # noqa: DTZ012
    more = {**plain, "holidays": [*plain["holidays"], day.isoformat()]}
    before, after = made(plain).timetable, made(more).timetable
    start = at - 2 * DAY
    assert after.add(start, span) >= before.add(start, span)
    assert after.elapsed(start, at + 4 * DAY) <= before.elapsed(start, at + 4 * DAY)


@given(plain_and_date(), plain_and_date())
def test_an_intersection_is_the_same_in_either_order(
    one: tuple[Plain, int], other: tuple[Plain, int]
) -> None:
    left, right = made(enough(one[0])), made(enough(other[0]))
    try:
        both = left & right
    except InvalidValueError:
        with pytest.raises(InvalidValueError, match="open at some time"):
            right & left
        return
    start, end = one[1] - 9 * DAY, one[1] + 9 * DAY
    shared = list(both.timetable.windows(start, end))
    assert shared == list((right & left).timetable.windows(start, end))
    for opens, closes in shared:
        for each in (left, right):
            assert each.timetable.elapsed(opens, closes) == closes - opens


SHIFTED: Plain = {
    "zone": "Europe/Berlin",
    "hours": {day: [["22:00", "06:00"], ["09:00", "17:00"]] for day in DAYS},
    "holidays": ["12-25", "01-01"],
}


@pytest.mark.parametrize("plain", [SHIFTED, {"hours": {day: [["00:00", "24:00"]] for day in DAYS}}])
@pytest.mark.parametrize("order", [[2030, 1990], [1990, 2030], [2010, 2030, 1990, 2011]])
def test_answers_do_not_depend_on_the_order_in_which_years_are_built(
    plain: Plain, order: list[int]
) -> None:
    table = Calendar.from_plain({**plain, "holidays": ["2000-02-29"]}).timetable
    starts = {year: instant_of(datetime(year, 12, 31, 22, 30, tzinfo=UTC)) for year in order}
    for year in order:
        table.is_open(starts[year])
    straight = Calendar.from_plain({**plain, "holidays": ["2000-02-29"]}).timetable
    straight.elapsed(0, HORIZON)
    for at in starts.values():
        for span in (1, HOUR, 2 * HOUR, 9 * DAY, 900 * DAY):
            assert table.add(at, span) == straight.add(at, span)
            assert table.subtract(at, span) == straight.subtract(at, span)
            assert table.elapsed(at, at + span) == straight.elapsed(at, at + span)
        assert table.next_close(at) == straight.next_close(at)
        assert table.subtract(at + HOUR, 0) == straight.subtract(at + HOUR, 0)
        found = list(table.windows(at - 9 * DAY, at + 9 * DAY))
        assert found == list(straight.windows(at - 9 * DAY, at + 9 * DAY))


@given(st.lists(st.integers(0, 25 * 365 * DAY), min_size=1, max_size=6), st.integers(0, 30 * DAY))
@example([0, 24 * 365 * DAY, 12 * 365 * DAY], 0)
def test_a_grown_table_equals_the_table_of_all_years(instants: list[int], span: int) -> None:
    base = instant_of(datetime(2000, 1, 1, tzinfo=UTC))
    grown, fresh = Calendar.from_plain(SHIFTED).timetable, Calendar.from_plain(SHIFTED).timetable
    for at in instants:
        grown.add(base + at, span)
    fresh.elapsed(base, base + 26 * 365 * DAY)
    for at in instants:
        assert grown.add(base + at, span) == fresh.add(base + at, span)
        assert grown.subtract(base + at, span) == fresh.subtract(base + at, span)
        assert grown.elapsed(base, base + at) == fresh.elapsed(base, base + at)


def test_an_opening_across_new_year_is_one_opening() -> None:
    table = Calendar.from_plain({"hours": {day: [["22:00", "06:00"]] for day in DAYS}}).timetable
    eve = instant_of(datetime(2023, 12, 31, 22, tzinfo=UTC))
    assert table.next_close(eve) == eve + 8 * HOUR
    assert table.subtract(eve + 8 * HOUR, 8 * HOUR) == eve
    assert table.subtract(eve + 2 * HOUR, 0) == eve + 2 * HOUR
    midnight = Calendar.from_plain({"hours": {day: [["22:00", "06:00"]] for day in DAYS}}).timetable
    assert midnight.subtract(eve + 2 * HOUR, 0) == eve + 2 * HOUR
    assert list(midnight.windows(eve - HOUR, eve + 9 * HOUR)) == [(eve, eve + 8 * HOUR)]


# --- the ends of the table ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def mondays() -> Timetable:
    return Calendar(hours={"mon": [("09:00", "17:00")]}, name="mondays").timetable


def test_a_span_beyond_2200_is_refused_and_named(mondays: Timetable) -> None:
    start = HORIZON - 30 * DAY
    with pytest.raises(BeyondHorizonError, match=f"'mondays'.*{60 * HOUR} ms.*start={start}") as it:
        mondays.add(start, 60 * HOUR)
    assert (it.value.calendar, it.value.start, it.value.span) == ("mondays", start, 60 * HOUR)
    with pytest.raises(BeyondHorizonError):
        mondays.add(0, 10**30)


def test_a_span_before_1970_is_refused_and_named(mondays: Timetable) -> None:
    with pytest.raises(BeyondHorizonError, match="back from start") as caught:
        mondays.subtract(9 * DAY, 60 * HOUR)
    assert caught.value.span == -60 * HOUR
    with pytest.raises(BeyondHorizonError):
        mondays.subtract(9 * DAY, 10**30)
    with pytest.raises(BeyondHorizonError):
        mondays.subtract(HOUR, 0)


def test_the_last_instants_of_2200_are_answered_and_later_ones_refused(mondays: Timetable) -> None:
    last = mondays.subtract(HORIZON, 0)
    assert last == instant_of(datetime(2200, 12, 29, 17, tzinfo=UTC))
    assert mondays.next_open(last) is None
    assert mondays.next_close(last) is None
    assert mondays.add(last - HOUR, HOUR) == last
    assert not mondays.is_open(HORIZON)
    assert mondays.elapsed(last - HOUR, HORIZON) == HOUR
    with pytest.raises(BeyondHorizonError):
        mondays.add(last, 0)
    for ask in (mondays.is_open, mondays.next_open, mondays.next_close):
        with pytest.raises(BeyondHorizonError, match="2200"):
            ask(HORIZON + 1)
    with pytest.raises(BeyondHorizonError):
        mondays.windows(0, HORIZON + 1)
    with pytest.raises(BeyondHorizonError):
        mondays.elapsed(0, HORIZON + 1)


@pytest.mark.parametrize("wrong", [-1, 0.5 - 9, float("nan"), float("inf"), "0", None])
def test_a_value_that_is_not_an_instant_is_refused(mondays: Timetable, wrong: Any) -> None:
    with pytest.raises((InvalidValueError, TypeError)):
        mondays.is_open(wrong)


@pytest.mark.parametrize("wrong", [-1, float("nan"), -(10**30)])
def test_a_negative_span_is_refused_and_the_error_names_the_other_method(
    mondays: Timetable, wrong: Any
) -> None:
    with pytest.raises(InvalidValueError, match="subtract"):
        mondays.add(0, wrong)
    with pytest.raises(InvalidValueError, match=r"add\(\)"):
        mondays.subtract(0, wrong)


def test_a_calendar_that_never_opens_again_raises_and_does_not_loop() -> None:
    once = Calendar(shifts={"2024-05-06": [("09:00", "10:00")]}, name="once").timetable
    opens = instant_of(datetime(2024, 5, 6, 9, tzinfo=UTC))
    assert once.next_open(0) == opens
    assert once.add(0, HOUR) == opens + HOUR
    assert once.next_open(opens + HOUR) is None
    with pytest.raises(BeyondHorizonError, match="once"):
        once.add(opens, HOUR + 1)
    with pytest.raises(BeyondHorizonError, match="once"):
        once.subtract(opens + HOUR, HOUR + 1)


# --- always -------------------------------------------------------------------------------------


def test_always_is_one_opening_and_builds_no_table() -> None:
    table = ALWAYS.timetable
    for at in (0, 12 * DAY + 1, HORIZON - 1):
        assert table.is_open(at)
        assert table.next_open(at) == at
        assert table.next_close(at) is None
    assert table.add(5, 100 * 365 * DAY) == 5 + 100 * 365 * DAY
    assert table.subtract(HORIZON, HORIZON) == 0
    assert table.subtract(HORIZON - 1, 0) == HORIZON - 1
    assert table.elapsed(7, HORIZON) == HORIZON - 7
    assert list(table.windows(3, 9)) == [(3, 9)]
    assert len(table._table.opens) == 2
    with pytest.raises(BeyondHorizonError):
        table.add(1, HORIZON)


def test_a_calendar_open_around_the_clock_is_recognised_without_building_years() -> None:
    nights = {
        day: [["12:00", "12:00:01"], ["12:00:01", "00:00"], ["22:00", "12:00"]] for day in DAYS
    }
    table = Calendar.from_plain({"zone": "Europe/Berlin", "hours": nights}).timetable
    assert table._year is None
    assert Calendar.from_plain({"hours": nights, "holidays": ["02-29"]}).timetable._year is not None
    assert (ALWAYS & ALWAYS).timetable._year is None


def test_a_table_of_twelve_years_stays_small() -> None:
    table = Calendar(
        zone="Europe/Berlin", hours={day: [("08:00", "12:00"), ("13:00", "17:00")] for day in DAYS}
    ).timetable
    start = instant_of(datetime(2020, 1, 1, tzinfo=UTC))
    table.elapsed(start, start + 12 * 365 * DAY)
    _, _, opens, closes, sums = table._table
    numbers = sum(map(getsizeof, (*opens, *sums)))  # an array has none of its own
    assert sum(map(getsizeof, (opens, closes, sums))) + numbers < 2**20
