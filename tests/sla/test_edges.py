"""Values and instants at the edges, where only a small mistake would show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.events import Author
from ticketroute.model.ids import PolicyId
from ticketroute.model.instants import span_of
from ticketroute.model.lifecycle import Status
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.clock import Book, Clock, Stretch
from ticketroute.sla.explanation import _clock_time
from ticketroute.sla.holiday import Holiday, PublicHolidays
from ticketroute.sla.policy import Metric, Target
from ticketroute.sla.windows import Timetable, clipped, common, merged, without
from ticketroute.sla.zones import HORIZON, LAST_YEAR, nearest, tzinfo_of, year_start

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 86_400_000
SECOND, HOUR = 1_000, 3_600_000
NINE_TO_FIVE = dict.fromkeys(DAYS, (("09:00", "17:00"),))
WHOLE_DAYS = dict.fromkeys(DAYS, (("00:00", "24:00"),))


# --- openings -----------------------------------------------------------------------------------


def test_openings_that_touch_are_joined_and_empty_ones_dropped() -> None:
    assert merged([(0, 5), (5, 9), (9, 9), (12, 12), (20, 30), (22, 30)]) == [(0, 9), (20, 30)]


def test_common_time_ends_at_an_edge_that_both_lists_share() -> None:
    assert common([(0, 5), (5, 9), (10, 20)], [(0, 5), (7, 20)]) == [(0, 5), (7, 9), (10, 20)]
    assert without([(0, 10), (20, 30)], [(0, 2), (10, 20), (29, 40)]) == [(2, 10), (20, 29)]


@pytest.mark.parametrize("span", [1, DAY, HORIZON])
def test_only_openings_inside_a_stretch_are_clipped_to_it(span: int) -> None:
    windows = [(0, 5), (5, 10), (10, 20), (20, 30)]
    assert clipped(windows, 5, 10) == [(5, 10)]
    assert clipped(windows, 7, 20 + span) == [(7, 10), (10, 20), (20, min(30, 20 + span))]


@pytest.mark.parametrize("span", [1, DAY, HORIZON])
def test_a_calendar_that_never_closes_counts_every_millisecond_to_the_horizon(span: int) -> None:
    assert ALWAYS.timetable.add(HORIZON - span, span) == HORIZON
    assert ALWAYS.timetable.subtract(HORIZON, span) == HORIZON - span
    assert ALWAYS.timetable.elapsed(HORIZON - span, HORIZON) == span
    with pytest.raises(BeyondHorizonError):
        ALWAYS.timetable.add(HORIZON - span, span + 1)


def test_the_first_opening_after_1970_and_the_last_before_the_horizon_count_whole() -> None:
    table = Calendar(hours=NINE_TO_FIVE).timetable
    last = HORIZON - 7 * HOUR
    assert table.add(last - 8 * HOUR, 8 * HOUR) == last
    assert table.subtract(HORIZON, 8 * HOUR) == last - 8 * HOUR
    assert table.subtract(17 * HOUR, 8 * HOUR) == 9 * HOUR
    assert table.subtract(2 * DAY, 16 * HOUR) == 9 * HOUR
    assert list(table.windows(HORIZON - DAY, HORIZON)) == [(last - 8 * HOUR, last)]
    assert table.next_open(last - 1) == last - 1
    assert table.next_open(last) is None
    with pytest.raises(BeyondHorizonError):
        table.subtract(2 * DAY, 16 * HOUR + 1)
    with pytest.raises(BeyondHorizonError):
        table.subtract(9 * HOUR, 0)


def test_the_error_beyond_the_horizon_has_the_span_asked_for() -> None:
    table = Calendar(name="office", hours=NINE_TO_FIVE).timetable
    with pytest.raises(BeyondHorizonError) as none_left:
        table.add(HORIZON - HOUR, 0)
    with pytest.raises(BeyondHorizonError) as none_before:
        table.subtract(HOUR, 0)
    for caught, start in ((none_left, HORIZON - HOUR), (none_before, HOUR)):
        assert caught.value.args[-2:] == (start, 0)


@pytest.mark.parametrize("year", [1970, 2023, LAST_YEAR])
def test_a_table_of_one_year_starts_and_ends_with_that_year(year: int) -> None:
    start, end = year_start(year), year_start(year + 1)
    for first, then in ((start, end - 1), (end - 1, start)):
        table = Calendar(hours=NINE_TO_FIVE).timetable
        table.is_open(first)
        assert table.is_open(start + 9 * HOUR)
        assert not table.is_open(start)
        assert table.elapsed(first, then) == (then > first or -1) * 8 * HOUR * (
            (end - start) // DAY
        )
        assert table.add(start, 1) == start + 9 * HOUR + 1
        assert list(table.windows(start, start + DAY)) == [(start + 9 * HOUR, start + 17 * HOUR)]
        assert list(table.windows(start, start)) == []


def test_a_calendar_that_is_always_open_is_open_from_the_first_instant() -> None:
    always = ALWAYS.timetable
    assert always.is_open(0)
    assert always.next_open(0) == 0
    assert (always.elapsed(0, 5), always.subtract(5, 5)) == (5, 0)
    assert list(always.windows(0, 5)) == [(0, 5)]


@pytest.mark.parametrize("hours", [NINE_TO_FIVE, WHOLE_DAYS])
@pytest.mark.parametrize("after", [0, 12 * HOUR])
def test_all_open_time_since_1970_can_be_subtracted(
    hours: Mapping[str, Sequence[tuple[str, str]]], after: int
) -> None:
    calendar = Calendar(hours=hours, holidays=["1972-02-01"])  # otherwise no table would be built
    first = calendar.timetable.next_open(0)
    for year in (1970, 1971, 1972):
        start = year_start(year) + 3 * DAY + after
        past = calendar.timetable.elapsed(0, start)
        assert _known_at(calendar, start).subtract(start, past) == first
        with pytest.raises(BeyondHorizonError):
            _known_at(calendar, start).subtract(start, past + 1)


@pytest.mark.parametrize("hours", [NINE_TO_FIVE, WHOLE_DAYS])
@pytest.mark.parametrize("after", [0, 12 * HOUR])
def test_all_open_time_before_2201_can_be_used_up(
    hours: Mapping[str, Sequence[tuple[str, str]]], after: int
) -> None:
    calendar = Calendar(hours=hours, holidays=["2198-02-01"])
    last = calendar.timetable.subtract(HORIZON, 0)
    for year in (LAST_YEAR - 2, LAST_YEAR - 1, LAST_YEAR):
        start = year_start(year) + 300 * DAY + after
        rest = calendar.timetable.elapsed(start, HORIZON)
        assert _known_at(calendar, start).add(start, rest) == last
        with pytest.raises(BeyondHorizonError):
            _known_at(calendar, start).add(start, rest + 1)


@pytest.mark.parametrize("first", [2022, 2023, 2024, 2026])
def test_an_opening_across_new_year_is_open_on_both_sides(first: int) -> None:
    nights = Calendar(hours=dict.fromkeys(DAYS, (("23:30", "00:30"),)))
    new_year = year_start(2024)
    for start, end in ((-5, 1), (-1, 1), (0, 1), (-5, 5), (-5, 0), (0, HOUR)):
        table = _known_at(nights, year_start(first) + 5)
        window = (new_year + start, min(new_year + end, new_year + HOUR // 2))
        assert list(table.windows(new_year + start, new_year + end)) == [window]


def _known_at(calendar: Calendar, at: int) -> Timetable:
    """Return a timetable of the same hours that has built only the year of an instant."""
    fresh = Timetable(calendar._openings.year, name=calendar.name)
    fresh.is_open(at)
    return fresh


# --- calendars ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "closed",
    [
        {"holidays": ["2026-05-04"]},
        {"holidays": ["05-04"]},
        {"holidays": [PublicHolidays("DE")]},
        {"shifts": {"2026-05-04": [("10:00", "11:00")]}},
        {"breaks": {"2026-05-04": [("10:00", "11:00")]}},
        {"shifts": {"2026-05-04": []}, "breaks": {"2026-05-05": [("10:00", "11:00")]}},
    ],
)
def test_a_week_that_never_closes_is_closed_by_a_holiday_a_shift_or_a_break(
    closed: dict[str, Any],
) -> None:
    calendar = Calendar(hours=WHOLE_DAYS, **closed)
    closes = calendar.next_close(datetime(2026, 4, 1, tzinfo=UTC))
    assert closes is not None
    assert closes.year == 2026


def test_a_calendar_within_a_disjoint_one_is_refused() -> None:
    tuesdays = Calendar(hours={"tue": [("09:00", "17:00")]})
    with pytest.raises(InvalidValueError, match="open at some time before 2201"):
        Calendar(hours={"mon": [("09:00", "17:00")]}, within=[tuesdays])


def test_a_shift_may_be_open_only_in_the_year_of_its_end() -> None:
    new_year = Calendar(shifts={"2026-01-01": [("00:00", "12:00")]})
    night = {"2025-12-30": [("23:00", "22:59")]}  # in UTC, up to 09:59 of New Year
    both = Calendar(zone="Pacific/Pago_Pago", shifts=night, within=[new_year])
    assert both.next_open(datetime(1970, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert both.next_close(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2026, 1, 1, 9, 59, tzinfo=UTC
    )


def test_an_opening_that_ends_at_midnight_makes_no_working_day_of_the_next() -> None:
    fridays = Calendar(hours={"fri": [("09:00", "24:00")]})
    friday = date(2026, 5, 1)
    assert fridays.add_days(friday, 1) == date(2026, 5, 8)
    assert fridays.add_days(date(2026, 5, 2), 0) == date(2026, 5, 8)
    nights = Calendar(hours={"fri": [("22:00", "00:00:01")]})
    assert nights.add_days(friday, 1) == date(2026, 5, 2)


@pytest.mark.parametrize(
    ("zone", "last", "days"),
    [("Pacific/Kiritimati", "2200-12-31", 1), ("Pacific/Pago_Pago", "1970-01-01", -1)],
)
def test_working_days_end_where_the_years_of_the_zone_end(zone: str, last: str, days: int) -> None:
    calendar = Calendar(zone=zone, hours=WHOLE_DAYS)
    day = date.fromisoformat(last)
    assert calendar.add_days(day, 0) == day
    assert calendar.add_days(day, -days) == day - timedelta(days=days)
    with pytest.raises(BeyondHorizonError):
        calendar.add_days(day, days)


def test_times_of_day_count_every_minute_and_second() -> None:
    odd = Calendar(hours={"mon": [(time(9, 31, 7), time(17, 2, 59))]})
    assert odd.hours == {"mon": (("09:31:07", "17:02:59"),)}


def test_an_opening_that_is_not_a_pair_is_refused() -> None:
    for wrong in ("09", ("09:00", "12:00", "13:00"), 5, {"09:00", "17:00"}):
        with pytest.raises(InvalidValueError, match="a list of openings, each a start and an end"):
            Calendar(hours={"mon": [wrong]})  # type: ignore[list-item]


def test_an_empty_opening_is_shown_as_it_was_written() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Calendar(hours={"mon": [("9:00", time(9))]})
    assert caught.value.args[1] == ("9:00", time(9))


def test_a_week_never_closes_only_if_every_day_is_open_until_the_next() -> None:
    whole = {day: [("00:00", "24:00")] for day in DAYS}
    for day in DAYS:
        assert Calendar(hours=whole).next_close(datetime(2026, 1, 1, tzinfo=UTC)) is None
        short = whole | {day: [("00:00", "23:59:59")]}
        assert Calendar(hours=short).next_close(datetime(2026, 1, 1, tzinfo=UTC)) is not None


@pytest.mark.parametrize("day", ["1970-01-01", "1970-12-31", "2199-12-31", "2200-12-31"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_calendar_of_one_shift_is_open_at_the_edge_of_a_year(day: str, zone: str) -> None:
    once = Calendar(zone=zone, shifts={day: [("12:00", "13:00")]})
    noon = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=tzinfo_of(zone))
    assert once.is_open(noon)
    assert once.add_days(date.fromisoformat("1970-01-01"), 0) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("zone", "day", "window"),
    [
        ("Pacific/Kiritimati", "2026-01-01", ("01:00", "02:00")),  # of 2025 in UTC
        ("Pacific/Pago_Pago", "2025-12-31", ("20:00", "22:00")),  # of 2026
        ("UTC", "2025-12-31", ("23:00", "01:00")),
    ],
)
def test_a_calendar_of_one_shift_is_open_also_in_another_year_of_utc(
    zone: str, day: str, window: tuple[str, str]
) -> None:
    once = Calendar(zone=zone, shifts={day: [window]})
    opens = datetime.fromisoformat(f"{day} {window[0]}").replace(tzinfo=tzinfo_of(zone))
    assert once.next_open(datetime(1970, 1, 1, tzinfo=UTC)) == opens


@pytest.mark.parametrize("year", [1970, 1999, 2024, LAST_YEAR])
def test_a_calendar_may_be_open_in_a_single_year(year: int) -> None:
    once = Calendar(shifts={f"{year}-05-05": [("10:00", "12:00")]})
    both = Calendar(hours=NINE_TO_FIVE, within=[once])
    assert both.next_open(datetime(1970, 1, 1, tzinfo=UTC)) == datetime(year, 5, 5, 10, tzinfo=UTC)


def test_check_names_overlapping_breaks_and_shifts_alike() -> None:
    twice = [("12:00", "13:00"), ("12:30", "14:00")]
    told = [
        f"{kind}['2026-05-05'] has openings that overlap, 12:00-13:00 and 12:30-14:00; they count "
        "once"
        for kind in ("shifts", "breaks")
    ]
    both = Calendar(hours=NINE_TO_FIVE, shifts={"2026-05-05": twice}, breaks={"2026-05-05": twice})
    assert [line for line in both.check() if "overlap" in line] == told


def test_a_calendar_whose_shifts_are_all_closed_is_refused() -> None:
    for day in ("1970-01-01", "2200-12-31", "2024-02-29"):
        with pytest.raises(InvalidValueError, match="open at some time before 2201"):
            Calendar(shifts={day: [("09:00", "10:00")]}, holidays=[day])


def test_check_names_an_overlap_with_the_next_day_by_both_openings() -> None:
    night = {"mon": [("22:00", "06:00")], "tue": [("05:30", "07:15")], "wed": [("06:00", "07:00")]}
    assert Calendar(hours=night).check() == (
        "hours['mon'] has openings that overlap, 22:00-06:00 and next 05:30-07:15; they count once",
    )


def test_a_public_holiday_has_a_name_on_its_day_in_its_subdivision() -> None:
    epiphany = date(2026, 1, 6)
    assert PublicHolidays("DE", subdivision="BY").name_of(epiphany) is not None
    assert PublicHolidays("DE").name_of(epiphany) is None
    assert PublicHolidays("DE").name_of(date(2026, 10, 3)) is not None
    assert PublicHolidays("DE").name_of(date(2026, 10, 4)) is None


def test_an_unknown_zone_gets_the_three_most_similar_names() -> None:
    assert tzinfo_of("UTC") is UTC
    alike = [f"America/New_Yor{end}" for end in "klmn"]
    near = nearest("america/new york", [*alike, "Asia/Tokyo"])
    assert (near[0], len(near), {*near} < {*alike}) == ("America/New_York", 3, True)


def test_holidays_are_ordered_as_dates_then_yearly_dates_then_countries() -> None:
    mixed: list[Holiday] = [
        PublicHolidays("DE", subdivision="BY"),
        PublicHolidays("DE"),
        "12-25",
        "2025-05-01",
        PublicHolidays("AT"),
        "01-01",
    ]
    countries = ("AT", None), ("DE", None), ("DE", "BY")
    expected = (
        *(date(2025, 5, 1), "01-01", "12-25"),
        *(PublicHolidays(country, subdivision=part) for country, part in countries),
    )
    assert Calendar(hours=NINE_TO_FIVE, holidays=mixed).holidays == expected


# --- clocks -------------------------------------------------------------------------------------


def _clock(started: int, *pauses: Status) -> Clock:
    target = Target(within=HOUR, pauses=pauses)
    return Clock(
        metric=Metric.RESOLUTION,
        cycle=1,
        policy_id=PolicyId("gold"),
        version=1,
        target=target,
        calendar_id=None,
        promised=HOUR,
        within=HOUR,
        started=started,
    )


def test_resolved_at_is_the_start_of_the_last_time_the_ticket_was_done() -> None:
    book = Book(log=[(0, Status.NEW)], queued=0)
    assert book.resolved_at() is None
    for at, status in (
        (10, Status.RESOLVED),
        (20, Status.OPEN),
        (30, Status.RESOLVED),
        (40, Status.CLOSED),
    ):
        book.note_status(status, at)
    assert book.resolved_at() == 30


def test_a_pause_from_the_start_leaves_no_empty_stretch() -> None:
    log = [(0, Status.NEW), (5, Status.PENDING), (9, Status.OPEN), (9, Status.PENDING)]
    book = Book(log=log, queued=0)
    clock = _clock(5, Status.PENDING)
    paused = [Stretch(5, 9, Status.PENDING), Stretch(9, None, Status.PENDING)]
    assert list(book.stretches(clock)) == paused  # and none from 9 to 9
    clock.ended = 9
    assert list(book.stretches(clock)) == [Stretch(5, 9, Status.PENDING)]
    clock.ended = 5
    assert list(book.stretches(clock)) == []


def test_unanswered_time_counts_from_the_oldest_message_without_an_answer() -> None:
    book = Book(log=[(0, Status.NEW)], queued=0)
    book.note_message(Author.REQUESTER, 1)
    assert book.cycles(Metric.NEXT_RESPONSE) == []
    book.note_message(Author.AGENT, 2)
    book.note_message(Author.REQUESTER, 3)
    book.note_message(Author.REQUESTER, 4)
    assert (book.unanswered, book.contacts) == (3, {Author.REQUESTER: 4, Author.AGENT: 2})


# --- spans and times of day ---------------------------------------------------------------------


def test_a_shown_span_has_whole_milliseconds() -> None:
    assert span_of(timedelta(days=1, seconds=2, microseconds=3_999)) == DAY + 2 * SECOND + 3


def test_a_shown_time_of_day_has_a_signed_offset_from_utc() -> None:
    at = datetime(2026, 1, 5, 15, tzinfo=UTC)
    told = {
        zone: _clock_time(at.astimezone(tzinfo_of(zone)))
        for zone in ("America/St_Johns", "Asia/Kolkata", "UTC")
    }
    assert told == {
        "America/St_Johns": "11:30:00-03:30",
        "Asia/Kolkata": "20:30:00+05:30",
        "UTC": "15:00:00+00:00",
    }
