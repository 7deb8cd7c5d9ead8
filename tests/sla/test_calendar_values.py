"""Calendars are values that come from configuration and go back; invalid ones are refused."""

from __future__ import annotations

import json
import pickle
import sys
import tomllib
from collections.abc import Mapping
from copy import copy, deepcopy
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.sla import holiday
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.versions import Edition, Versions
from ticketroute.testing.promised import CHANGES, change_instant, plain_calendars

MONDAY = {"mon": [("09:00", "17:00")]}
FULL = Calendar(
    zone="Europe/Berlin",
    name="support",
    hours={"fri": [("22:00", "06:00"), ("09:00", "12:00:30")], "mon": [("09:00", "24:00")]},
    holidays=[PublicHolidays("DE", subdivision="BY"), PublicHolidays("FR"), "12-24", "2024-05-10"],
    shifts={"2024-12-28": [("10:00", "12:00")], "2024-12-27": []},
    breaks={date(2024, 1, 8): [("12:00", "13:00")]},
    within=[Calendar(zone="Asia/Tokyo", hours={"mon": [("00:00", "24:00")]})],
)


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [FULL, ALWAYS, Calendar(hours=MONDAY), Versions.of(FULL)])
def test_a_calendar_survives_copies_and_pickles_without_its_table(value: Any) -> None:
    value.timetable.is_open(10**12)
    again = pickle.loads(pickle.dumps(value))  # noqa: S301  our own bytes
    for other in (again, copy(value), deepcopy(value)):
        assert other == value
        assert hash(other) == hash(value)
        assert other.timetable.is_open(10**12) == value.timetable.is_open(10**12)
    assert len(pickle.dumps(value)) < 5_000


def test_calendars_are_equal_whatever_the_order_of_their_settings() -> None:
    one = Calendar(
        hours={"tue": [], "mon": [("13:00", "17:00"), ("9:00", "12:00:00")]},
        holidays=["12-25", date(2024, 5, 1), "2024-05-01"],
        shifts={"2024-01-02": [], "2024-01-01": []},
        breaks={"2024-01-01": []},
    )
    other = Calendar(
        hours={"mon": [[time(9), time(12)], ["13:00", "17:00"]]},
        holidays=("2024-05-01", "12-25"),
        shifts={date(2024, 1, 1): (), date(2024, 1, 2): ()},
    )
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert one != Calendar(hours=MONDAY)


def test_a_calendar_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        FULL.zone = "UTC"  # type: ignore[misc]
    with pytest.raises(TypeError):
        FULL.hours["tue"] = ()  # type: ignore[index]


# --- configuration ------------------------------------------------------------------------------


@pytest.mark.parametrize("calendar", [FULL, ALWAYS, FULL & ALWAYS])
def test_the_plain_form_makes_an_equal_calendar(calendar: Calendar) -> None:
    assert Calendar.from_plain(calendar.plain()) == calendar
    assert Calendar.from_plain(json.loads(json.dumps(calendar.plain()))) == calendar


@given(
    st.sampled_from(CHANGES).flatmap(lambda each: plain_calendars(each[0], change_instant(each[1])))
)
def test_the_plain_form_of_a_drawn_calendar_makes_an_equal_one(plain: dict[str, Any]) -> None:
    plain["hours"]["wed"] = plain["hours"]["fri"] = [["09:00", "17:00"]]
    plain.pop("within", None)
    calendar = Calendar.from_plain(plain)
    assert Calendar.from_plain(calendar.plain()) == calendar


def test_toml_may_write_dates_and_times_without_quotes() -> None:
    read = tomllib.loads("""
        zone = "Europe/Berlin"
        holidays = [2024-05-01, "12-25", {country = "DE", subdivision = "BY"}]
        [hours]
        mon = [[09:00:00, 17:00:00]]
        tue = [["09:00", "17:00"]]
        [shifts]
        2024-05-04 = [[10:00:00, 12:00:00]]
    """)
    assert Calendar.from_plain(read) == Calendar(
        zone="Europe/Berlin",
        hours={"mon": [("09:00", "17:00")], "tue": [("09:00", "17:00")]},
        holidays=["2024-05-01", "12-25", PublicHolidays("DE", subdivision="BY")],
        shifts={"2024-05-04": [("10:00", "12:00")]},
    )


# --- refusals -----------------------------------------------------------------------------------

EVERY_DATE = [f"{date(2024, 1, 1) + timedelta(days=each):%m-%d}" for each in range(366)]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"hours": {}}, "open at some time"),
    ({}, "open at some time"),
    ({"hours": {"mon": []}}, "open at some time"),
    ({"hours": MONDAY, "zone": "Berlin"}, "'Europe/Berlin'"),
    ({"hours": MONDAY, "zone": "europe/berlin"}, "'Europe/Berlin'"),
    ({"hours": MONDAY, "zone": "Europe/Berln"}, "'Europe/Berlin'"),
    ({"hours": MONDAY, "zone": "posix/Europe/Berlin"}, "tz database"),
    ({"hours": MONDAY, "zone": "../../etc/passwd"}, "tz database"),
    ({"hours": MONDAY, "zone": "x" * 1_000_000}, "tz database"),
    ({"hours": MONDAY, "zone": ""}, "tz database"),
    ({"hours": MONDAY, "zone": None}, "name of a time zone"),
    ({"hours": {"Mon": [("09:00", "17:00")]}}, "'mon', 'tue'"),
    ({"hours": {"holiday": []}}, "'mon', 'tue'"),
    ({"hours": [("mon", [])]}, "mapping"),
    ({"hours": {"mon": [("25:00", "26:00")]}}, "from '00:00'"),
    ({"hours": {"mon": [("09:60", "17:00")]}}, "from '00:00'"),
    ({"hours": {"mon": [("24:00", "02:00")]}}, "from '00:00' to '23:59:59'"),
    ({"hours": {"mon": [("09:00", "24:01")]}}, "from '00:00' to '24:00'"),
    ({"hours": {"mon": [("09:00", "17")]}}, "from '00:00'"),
    ({"hours": {"mon": [("09:00", "1\u0667:00")]}}, "from '00:00'"),
    ({"hours": {"mon": [("09:00", 17)]}}, "from '00:00'"),
    ({"hours": {"mon": [("09:00", "17:00\n")]}}, "from '00:00'"),
    ({"hours": {"mon": [(time(9, tzinfo=UTC), "17:00")]}}, "without a zone"),
    ({"hours": {"mon": [(time(9, 0, 0, 5), "17:00")]}}, "whole seconds"),
    ({"hours": {"mon": [("09:00", "09:00")]}}, "00:00 to 24:00 for a whole day"),
    ({"hours": {"mon": [("00:00", "00:00")]}}, "00:00 to 24:00 for a whole day"),
    ({"hours": {"mon": ("09:00", "17:00")}}, "a list of openings"),
    ({"hours": {"mon": ["09:00-17:00"]}}, "a list of openings"),
    ({"hours": {"mon": [("09:00", "12:00", "17:00")]}}, "a list of openings"),
    ({"hours": {"mon": "09:00-17:00"}}, "a list"),
    ({"hours": {"mon": None}}, "a list"),
    ({"hours": {"mon": [("09:00", "17:00")] * 25}}, "at most 24"),
    ({"hours": MONDAY, "holidays": ["2023-02-29"]}, "'YYYY-MM-DD'"),
    ({"hours": MONDAY, "holidays": ["02-30"]}, "'MM-DD'"),
    ({"hours": MONDAY, "holidays": ["13-01"]}, "'MM-DD'"),
    ({"hours": MONDAY, "holidays": ["1969-12-31"]}, "1970"),
    ({"hours": MONDAY, "holidays": ["2201-01-01"]}, "2200"),
    ({"hours": MONDAY, "holidays": ["20240101"]}, "'YYYY-MM-DD'"),
    ({"hours": MONDAY, "holidays": [datetime(2024, 1, 1, tzinfo=UTC)]}, "'YYYY-MM-DD'"),
    ({"hours": MONDAY, "holidays": [5]}, "'YYYY-MM-DD'"),
    ({"hours": MONDAY, "holidays": "12-25"}, "a list"),
    ({"hours": MONDAY, "holidays": {"country": "DE"}}, "a list"),
    ({"hours": MONDAY, "holidays": ["2024-01-01"] * 10_001}, "at most 10000"),
    ({"hours": MONDAY, "holidays": [{"country": "DE", "state": "BY"}]}, "'subdivision'"),
    ({"hours": MONDAY, "holidays": [{"country": "de"}]}, "'DE'"),
    ({"hours": MONDAY, "holidays": [{}]}, "one of"),
    ({"hours": MONDAY, "holidays": [{"country": "DE", "subdivision": "BYY"}]}, "'BY'"),
    ({"hours": MONDAY, "holidays": [{"country": "VA", "subdivision": "X"}]}, "none is known"),
    ({"hours": MONDAY, "holidays": [{"country": ["DE"]}]}, "one of"),
    ({"hours": MONDAY, "shifts": {"05-01": []}}, "'YYYY-MM-DD'"),
    ({"hours": MONDAY, "shifts": {"2024-05-01": [], date(2024, 5, 1): []}}, "two forms"),
    ({"hours": MONDAY, "shifts": ["2024-05-01"]}, "mapping"),
    ({"hours": MONDAY, "breaks": {"2024-05-01": [("12:00", "12:00")]}}, "two different times"),
    ({"hours": MONDAY, "within": [5]}, "Calendar"),
    ({"hours": MONDAY, "within": [ALWAYS] * 33}, "at most 32"),
    ({"hours": MONDAY, "name": 5}, "string"),
    ({"hours": MONDAY, "holidays": EVERY_DATE}, "open at some time"),
    (
        {"shifts": {"2024-05-01": [("09:00", "10:00")]}, "holidays": ["2024-05-01"]},
        "open at some time",
    ),
    (
        {"shifts": {"2024-03-31": [("02:00", "03:00")]}, "zone": "Europe/Berlin"},
        "open at some time",
    ),
    ({"shifts": {"2011-12-30": [("00:00", "24:00")]}, "zone": "Pacific/Apia"}, "open at some time"),
    (
        {"hours": MONDAY, "within": [Calendar(hours={"tue": [("09:00", "17:00")]})]},
        "open at some time",
    ),
]


@pytest.mark.parametrize(("given_", "way_out"), REFUSED, ids=range(len(REFUSED)))
def test_what_makes_no_sense_is_refused_with_a_way_out(given_: Any, way_out: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Calendar(**given_)
    assert way_out in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_an_intersection_that_is_never_open_is_refused() -> None:
    tuesday = Calendar(hours={"tue": [("09:00", "17:00")]})
    with pytest.raises(InvalidValueError, match="open at some time"):
        Calendar(hours=MONDAY) & tuesday
    with pytest.raises(TypeError):
        tuesday & 5  # type: ignore[operator]


def test_one_open_minute_in_a_century_is_enough() -> None:
    rare = Calendar(shifts={"2100-03-01": [("00:00", "00:01")]})
    assert rare.next_open(datetime(1970, 1, 1, tzinfo=UTC)) == datetime(2100, 3, 1, tzinfo=UTC)
    leap = Calendar(hours=MONDAY, within=[Calendar(shifts={"2052-07-01": [("09:00", "10:00")]})])
    assert leap.add_days(date(1970, 1, 1), 1) == date(2052, 7, 1)


def test_an_unknown_key_is_refused_and_the_fields_are_named() -> None:
    with pytest.raises(InvalidValueError, match=r"'tz'.*zone, hours, holidays, shifts, breaks"):
        Calendar.from_plain({"tz": "UTC"})
    nothing: list[Any] = [None, [], "UTC", 5]
    for wrong in nothing:
        with pytest.raises(InvalidValueError, match="mapping"):
            Calendar.from_plain(wrong)


def test_calendars_may_be_nested_only_so_deep() -> None:
    plain: Mapping[str, object] = {"hours": MONDAY}
    for _ in range(9):
        Calendar.from_plain(plain)
        plain = {"hours": MONDAY, "within": [plain]}
    with pytest.raises(InvalidValueError, match="at most 8"):
        Calendar.from_plain(plain)
    for _ in range(5_000):
        plain = {"hours": MONDAY, "within": [plain]}
    with pytest.raises(InvalidValueError, match="at most 8"):
        Calendar.from_plain(plain)


def test_too_many_dates_are_refused() -> None:
    days = [date.fromordinal(730_000 + each) for each in range(5_001)]
    with pytest.raises(InvalidValueError, match="10000"):
        Calendar(hours=MONDAY, holidays=days, shifts={day: [] for day in days})


def test_without_the_holidays_package_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holiday._subdivisions.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    monkeypatch.setitem(sys.modules, "holidays.utils", None)
    with pytest.raises(InvalidValueError, match=r"pip install 'ticketroute\[sla\]'"):
        PublicHolidays("DE")


def test_an_error_beyond_the_horizon_keeps_its_values_and_survives_a_pickle() -> None:
    error = BeyondHorizonError("support", 5, -7)
    assert "'support'" in str(error)
    assert "7 ms of open time back from start=5" in str(error)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (again.calendar, again.start, again.span) == ("support", 5, -7)


# --- advice -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "advice"),
    [
        ({"hours": {"mon": [("09:00", "23:59")]}}, "hours['mon'] ends at 23:59, a minute"),
        (
            {"shifts": {"2024-05-06": [("09:00", "23:59:59")]}},
            "['2024-05-06'] ends at 23:59:59, a s",
        ),
        (
            {"hours": {"mon": [("09:00", "13:00"), ("12:00", "17:00")]}},
            "09:00-13:00 and 12:00-17:00",
        ),
        ({"hours": {"sun": [("22:00", "06:00")], "mon": [("05:00", "9:00")]}}, "hours['sun'] has"),
        (
            {"hours": MONDAY, "breaks": {"2024-05-06": [("10:00", "12:00"), ("11:00", "13:00")]}},
            "ov",
        ),
        (
            {
                "hours": MONDAY,
                "holidays": ["05-06"],
                "shifts": {"2024-05-06": [("10:00", "12:00")]},
            },
            "holiday",
        ),
        (
            {"hours": MONDAY, "within": [Calendar(hours={"mon": [("09:00", "23:59")]})]},
            "within[0].hours",
        ),
    ],
)
def test_check_points_out_settings_that_are_rarely_intended(given_: Any, advice: str) -> None:
    (line,) = Calendar(**given_).check()
    assert advice in line


def test_openings_that_touch_or_end_at_midnight_need_no_advice() -> None:
    desk = Calendar(
        hours={"mon": [("09:00", "12:00"), ("12:00", "24:00")], "tue": [("00:00", "9:00")]}
    )
    assert desk.check() == ()


def test_overlapping_openings_count_once() -> None:
    desk = Calendar(hours={"mon": [("09:00", "13:00"), ("12:00", "17:00")]})
    monday = datetime(2024, 5, 6, tzinfo=UTC)
    assert desk.elapsed(monday, monday.replace(day=7)).total_seconds() == 8 * 3_600


def test_an_edition_needs_a_calendar() -> None:
    with pytest.raises(InvalidValueError, match="Calendar"):
        Edition(0, "UTC")  # type: ignore[arg-type]
