"""Hand-computed days: clock changes, midnight, holidays, and a skipped date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.holiday import PublicHolidays

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE = {day: [("09:00", "17:00")] for day in DAYS[:5]}
MINUTES = timedelta(minutes=1)
HOURS = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(zone: str, *windows: tuple[str, str]) -> Calendar:
    return Calendar(zone=zone, hours=dict.fromkeys(DAYS, windows))


# --- clock changes ------------------------------------------------------------------------------


def test_an_opening_inside_the_hour_skipped_in_spring_does_not_exist_that_day() -> None:
    night = daily("Europe/Berlin", ("02:15", "02:45"))  # on 2024-03-31, 02:00 is 03:00
    assert night.add(utc("2024-03-30 12:00"), 1 * MINUTES) == utc("2024-04-01 00:16")
    assert night.elapsed(utc("2024-03-30 12:00"), utc("2024-03-31 12:00")) == 0 * MINUTES


def test_an_opening_that_ends_inside_the_skipped_hour_is_shorter() -> None:
    night = daily("Europe/Berlin", ("01:30", "02:30"))
    assert night.elapsed(utc("2024-03-30 12:00"), utc("2024-03-31 12:00")) == 30 * MINUTES
    assert night.next_close(utc("2024-03-31 00:30")) == utc("2024-03-31 01:00")


def test_an_opening_across_the_skipped_hour_is_an_hour_shorter() -> None:
    night = daily("Europe/Berlin", ("00:00", "06:00"))
    assert night.elapsed(utc("2024-03-30 22:59"), utc("2024-03-31 12:00")) == 5 * HOURS


def test_an_opening_inside_the_hour_repeated_in_autumn_comes_twice() -> None:
    night = daily("Europe/Berlin", ("02:15", "02:45"))  # on 2024-10-27, 03:00 is 02:00 again
    seen = night.timetable.windows(
        *(int(utc(day).timestamp()) * 1_000 for day in ("2024-10-26 12:00", "2024-10-27 12:00"))
    )
    assert [(closes - opens) // 60_000 for opens, closes in seen] == [30, 30]
    assert night.add(utc("2024-10-27 00:00"), 30 * MINUTES) == utc("2024-10-27 00:45")
    assert night.add(utc("2024-10-27 00:00"), 31 * MINUTES) == utc("2024-10-27 01:16")
    assert night.subtract(utc("2024-10-27 01:20"), 10 * MINUTES) == utc("2024-10-27 00:40")


def test_an_opening_that_ends_inside_the_repeated_hour_opens_again() -> None:
    night = daily("Europe/Berlin", ("01:30", "02:30"))
    assert night.next_close(utc("2024-10-26 23:30")) == utc("2024-10-27 00:30")
    assert night.next_open(utc("2024-10-27 00:30")) == utc("2024-10-27 01:00")
    assert night.next_close(utc("2024-10-27 01:00")) == utc("2024-10-27 01:30")


def test_two_instants_with_the_same_wall_clock_have_their_own_answers() -> None:
    night = daily("Europe/Berlin", ("02:00", "03:00"))
    first = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=0)
    assert night.elapsed(first, first.replace(fold=1)) == 1 * HOURS
    assert night.elapsed(first.replace(fold=1), first) == -1 * HOURS


def test_lord_howe_changes_by_half_an_hour() -> None:
    island = daily("Australia/Lord_Howe", ("01:00", "03:00"))
    # 2024-04-07: 02:00 is 01:30 again. 2024-10-06: 02:00 is 02:30.
    assert island.elapsed(utc("2024-04-06 12:00"), utc("2024-04-07 12:00")) == 150 * MINUTES
    assert island.elapsed(utc("2024-10-05 12:00"), utc("2024-10-06 12:00")) == 90 * MINUTES
    short = daily("Australia/Lord_Howe", ("01:40", "01:50"))
    assert short.elapsed(utc("2024-04-06 12:00"), utc("2024-04-07 12:00")) == 20 * MINUTES


def test_the_date_that_apia_skipped_is_not_a_working_day() -> None:
    apia = daily(
        "Pacific/Apia", ("09:00", "17:00")
    )  # after Thursday the 29th came Saturday the 31st
    assert apia.add_days(date(2011, 12, 29), 1) == date(2011, 12, 31)
    assert apia.add_days(date(2011, 12, 31), -1) == date(2011, 12, 29)
    assert apia.add_days(date(2011, 12, 30), 0) == date(2011, 12, 31)
    start = datetime(2011, 12, 29, 16, tzinfo=ZoneInfo("Pacific/Apia"))
    due = apia.add(start, 2 * HOURS)
    assert due == datetime(2011, 12, 31, 10, tzinfo=ZoneInfo("Pacific/Apia"))
    assert due - start.astimezone(UTC) == 18 * HOURS
    nights = daily("Pacific/Apia", ("22:00", "06:00"))  # that of the 29th is cut off by the skip
    assert nights.elapsed(start, due) == 2 * HOURS + 6 * HOURS


# --- midnight -----------------------------------------------------------------------------------


def test_an_end_at_midnight_may_be_written_24_00_or_00_00() -> None:
    assert daily("UTC", ("18:00", "24:00")) == daily("UTC", ("18:00", "00:00"))
    late = daily("UTC", ("18:00", "24:00"))
    assert late.next_close(utc("2024-05-06 20:00")) == utc("2024-05-07 00:00")
    assert not late.is_open(utc("2024-05-07 00:00"))


def test_a_span_that_uses_up_an_opening_is_due_when_it_closes() -> None:
    desk = Calendar(hours=OFFICE)
    assert desk.add(utc("2024-05-03 09:00"), 8 * HOURS) == utc("2024-05-03 17:00")
    assert desk.add(utc("2024-05-03 17:00"), 0 * HOURS) == utc("2024-05-06 09:00")
    assert desk.subtract(utc("2024-05-06 17:00"), 8 * HOURS) == utc("2024-05-06 09:00")
    assert desk.subtract(utc("2024-05-06 09:00"), 0 * HOURS) == utc("2024-05-03 17:00")
    assert desk.subtract(utc("2024-05-06 17:00"), 0 * HOURS) == utc("2024-05-06 17:00")


def test_a_night_belongs_to_the_date_on_which_it_begins() -> None:
    nights = Calendar(hours={"fri": [("22:00", "06:00")]}, holidays=["2024-05-11"])
    assert nights.is_open(utc("2024-05-11 05:59"))  # Friday's night, on Saturday the holiday
    nights = Calendar(hours={"fri": [("22:00", "06:00")]}, holidays=["2024-05-10"])
    assert not nights.is_open(utc("2024-05-11 05:59"))


def test_seconds_count() -> None:
    desk = daily("UTC", ("09:00:30", "09:01"))
    assert desk.next_open(utc("2024-05-06 00:00")) == utc("2024-05-06 09:00:30")
    assert desk.elapsed(utc("2024-05-06 00:00"), utc("2024-05-07 00:00")) == timedelta(seconds=30)


# --- holidays, shifts, breaks -------------------------------------------------------------------


def test_a_holiday_beats_a_shift_and_a_shift_beats_the_week() -> None:
    desk = Calendar(
        hours=OFFICE,
        holidays=["2024-05-09"],
        shifts={"2024-05-09": [("10:00", "12:00")], "2024-05-11": [("10:00", "12:00")]},
    )
    assert desk.elapsed(utc("2024-05-09 00:00"), utc("2024-05-10 00:00")) == 0 * HOURS
    assert desk.elapsed(utc("2024-05-11 00:00"), utc("2024-05-12 00:00")) == 2 * HOURS


def test_a_shift_without_openings_closes_the_day() -> None:
    desk = Calendar(hours=OFFICE, shifts={date(2024, 12, 24): []})
    assert not desk.is_open(utc("2024-12-24 12:00"))


def test_a_break_closes_its_span_also_in_an_opening_from_the_day_before() -> None:
    nights = Calendar(
        hours={"mon": [("22:00", "06:00")]}, breaks={"2024-05-07": [("02:00", "03:00")]}
    )
    assert nights.elapsed(utc("2024-05-06 12:00"), utc("2024-05-07 12:00")) == 7 * HOURS
    over = Calendar(
        hours={"mon": [("22:00", "06:00")]}, breaks={"2024-05-06": [("23:00", "01:00")]}
    )
    assert over.elapsed(utc("2024-05-06 12:00"), utc("2024-05-07 12:00")) == 6 * HOURS


def test_a_leap_day_is_a_holiday_in_leap_years_only() -> None:
    desk = daily("UTC", ("09:00", "17:00"))
    leap = Calendar(hours=desk.hours, holidays=["02-29"])
    assert leap.add_days(date(2024, 2, 28), 1) == date(2024, 3, 1)
    assert leap.add_days(date(2023, 2, 28), 1) == date(2023, 3, 1)
    assert desk.add_days(date(2024, 2, 28), 1) == date(2024, 2, 29)


def test_epiphany_is_a_holiday_in_bavaria_and_not_in_berlin() -> None:
    bavaria = Calendar(
        zone="Europe/Berlin", hours=OFFICE, holidays=[PublicHolidays("DE", subdivision="BY")]
    )
    berlin = Calendar(
        zone="Europe/Berlin", hours=OFFICE, holidays=[PublicHolidays("DE", subdivision="BE")]
    )
    epiphany = utc("2025-01-06 12:00")
    assert (bavaria.is_open(epiphany), berlin.is_open(epiphany)) == (False, True)
    for desk in (bavaria, berlin):
        assert desk.next_open(utc("2024-12-31 18:00")) == utc("2025-01-02 08:00")


def test_working_days_are_those_of_the_zone() -> None:
    late = Calendar(zone="America/New_York", hours={"mon": [("20:00", "22:00")]})  # Tuesday in UTC
    assert late.add_days(date(2024, 5, 1), 1) == date(2024, 5, 6)
    nights = Calendar(hours={"mon": [("20:00", "02:00")]})
    assert nights.add_days(date(2024, 5, 6), 1) == date(2024, 5, 7)  # its last hours count


def test_working_days_cross_years_and_end_with_2200() -> None:
    mondays = Calendar(hours={"mon": [("09:00", "17:00")]}, name="mondays")
    assert mondays.add_days(date(2024, 1, 1), 521) == date(2024, 1, 1) + timedelta(weeks=521)
    assert mondays.add_days(date(2024, 1, 1), -521) == date(2024, 1, 1) - timedelta(weeks=521)
    assert mondays.add_days(date(2024, 1, 2), 0) == date(2024, 1, 8)
    for day, days in ((date(2200, 12, 1), 9), (date(1970, 1, 9), -9), (date(2200, 12, 31), 0)):
        with pytest.raises(BeyondHorizonError, match="mondays"):
            mondays.add_days(day, days)


# --- two calendars ------------------------------------------------------------------------------


def test_an_intersection_is_open_when_both_calendars_are() -> None:
    berlin = Calendar(zone="Europe/Berlin", hours=OFFICE, name="berlin")
    new_york = Calendar(zone="America/New_York", hours=OFFICE, name="new york")
    both = berlin & new_york
    assert both.name == "berlin & new york"
    # 09:00 in New York is 15:00 in Berlin, and 14:00 in the weeks between their changes.
    assert both.elapsed(utc("2024-03-08 00:00"), utc("2024-03-09 00:00")) == 2 * HOURS
    assert both.elapsed(utc("2024-03-13 00:00"), utc("2024-03-14 00:00")) == 3 * HOURS
    assert both.next_open(utc("2024-03-08 00:00")) == utc("2024-03-08 14:00")


def test_within_a_calendar_that_is_always_open_changes_nothing() -> None:
    desk = Calendar(zone="Europe/Berlin", hours=OFFICE)
    for each in (desk & ALWAYS, ALWAYS & desk):
        assert each.add(utc("2024-03-29 12:00"), 40 * HOURS) == desk.add(
            utc("2024-03-29 12:00"), 40 * HOURS
        )


# --- datetimes -----------------------------------------------------------------------------------


def test_datetimes_of_any_zone_are_accepted_and_utc_is_returned() -> None:
    desk = Calendar(zone="Europe/Berlin", hours=OFFICE)
    due = desk.add(datetime(2024, 5, 6, 17, tzinfo=ZoneInfo("Asia/Tokyo")), 1 * HOURS)
    assert due == utc("2024-05-06 09:00")
    assert due.tzinfo is UTC


def test_naive_datetimes_are_refused() -> None:
    naive = datetime(2024, 5, 6, 17)  # noqa: DTZ001  what is refused here
    for ask in (ALWAYS.is_open, ALWAYS.next_open, ALWAYS.next_close):
        with pytest.raises(InvalidValueError, match="aware"):
            ask(naive)
    with pytest.raises(InvalidValueError, match="aware"):
        ALWAYS.add(naive, 1 * HOURS)


def test_a_span_must_be_a_timedelta_and_not_negative() -> None:
    for wrong in (5, None, "5"):
        with pytest.raises(InvalidValueError, match="timedelta"):
            ALWAYS.add(utc("2024-05-06 00:00"), wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidValueError, match="subtract"):
        ALWAYS.add(utc("2024-05-06 00:00"), -1 * HOURS)


def test_add_days_takes_a_date_and_a_whole_number() -> None:
    with pytest.raises(InvalidValueError, match="date"):
        ALWAYS.add_days(utc("2024-05-06 00:00"), 1)
    for wrong in (1.0, True, 10**9):
        with pytest.raises(InvalidValueError, match="days"):
            ALWAYS.add_days(date(2024, 5, 6), wrong)  # type: ignore[arg-type]


def test_always_is_always_open() -> None:
    assert ALWAYS.next_close(utc("2024-05-06 00:00")) is None
    assert ALWAYS.next_open(utc("2024-05-06 00:00")) == utc("2024-05-06 00:00")
    assert ALWAYS.add_days(date(2024, 2, 28), 2) == date(2024, 3, 1)
    assert ALWAYS.check() == ()
