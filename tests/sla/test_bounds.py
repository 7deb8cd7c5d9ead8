"""Calendars and policies accept values up to every bound, and name what is beyond it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from holidays.utils import list_supported_countries

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.events import Author
from ticketroute.model.instants import instant_of
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import holiday
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.policy import Escalation, Target
from ticketroute.sla.versions import Edition, Versions
from ticketroute.sla.zones import HORIZON

TEN_YEARS = 3_660 * 86_400_000
ALL_DAYS = 231 * 366  # more than the dates from 1970 to 2200
DAYS = [date(2000, 1, 1) + timedelta(days=each) for each in range(10_000)]
MONDAY: dict[str, Any] = {"mon": [("09:00", "17:00")]}
country: Any = PublicHolidays  # as a host without a type checker calls it


def calendar(**facts: Any) -> Calendar:
    return Calendar(**({"hours": MONDAY} | facts))


def within(depth: int) -> Calendar:
    """Return a calendar that is nested ``depth`` levels deep."""
    inner = calendar()
    for _ in range(depth):
        inner = calendar(within=[inner])
    return inner


def rare() -> Calendar:
    return Calendar(name="rare", shifts={"2024-05-01": [("09:00", "17:00")]})


def rare_on_monday() -> Calendar:
    return Calendar(name="once", shifts={"2024-04-29": [("09:00", "17:00")]})


def target(**facts: Any) -> Target:
    return Target(**({"within": 60_000} | facts))


# --- numbers --------------------------------------------------------------------------------------

RANGES: list[tuple[str, Callable[[Any], object], int, int]] = [
    ("Escalation.offset", lambda number: Escalation(offset=number), -TEN_YEARS, TEN_YEARS),
    ("Escalation.lower['sql']", lambda number: Escalation(lower={"sql": number}), 1, 10),
    ("Target.within[URGENT]", lambda number: target(within=number), 1, TEN_YEARS),
    (
        "Target.within[LOW]",
        lambda number: target(within={TicketPriority.LOW: number}),
        1,
        TEN_YEARS,
    ),
    ("a share in Target.warnings", lambda number: target(warnings=[number]), 1, 100),
]


@pytest.mark.parametrize(
    ("thing", "make", "least", "most"), RANGES, ids=[each[0] for each in RANGES]
)
def test_a_number_is_accepted_up_to_its_bounds_and_not_beyond(
    keeps_bounds: Callable[..., None],
    thing: str,
    make: Callable[[Any], object],
    least: int,
    most: int,
) -> None:
    keeps_bounds(thing, make, least, most)


def test_up_to_a_hundred_levels_from_the_start_of_the_shortest_target_are_accepted() -> None:
    assert len(target(escalations=[Escalation()] * 100).escalations) == 100
    shares = {TicketPriority.LOW: 90_000, TicketPriority.HIGH: 5_000}
    levels = [Escalation(offset=-5_000), Escalation(offset=-5_000), Escalation()]
    assert target(within=shares, escalations=levels).escalations == tuple(levels)
    assert target(contacts=[Author.REQUESTER, Author.AGENT]).contacts >= {Author.AGENT}
    with pytest.raises(InvalidValueError) as caught:
        target(within=shares, escalations=[Escalation(offset=-5_001), Escalation()])
    assert str(caught.value) == (
        "Escalation.offset is -5001; it must be at least -5000, which is the start of the "
        "shortest target"
    )


# --- calendars ------------------------------------------------------------------------------------


def test_a_calendar_is_accepted_up_to_its_bounds() -> None:
    hourly = [(f"{hour:02}:00", f"{hour:02}:30") for hour in range(24)]
    assert len(calendar(hours={"mon": hourly}).hours["mon"]) == 24
    assert len(calendar(within=[ALWAYS] * 32).within) == 32
    assert within(8).plain() == Calendar.from_plain(within(8).plain()).plain()
    dates = calendar(holidays=DAYS[:4_000], shifts=dict.fromkeys(DAYS[4_000:], ()))
    assert len(dates.holidays) + len(dates.shifts) == 10_000
    assert len(calendar(holidays=DAYS).holidays) == 10_000


def test_an_endless_list_is_read_to_one_item_beyond_the_bound() -> None:
    numbers = count()
    with pytest.raises(InvalidValueError, match="at most 10000 entries"):
        calendar(holidays=("12-25" for _ in numbers))
    assert next(numbers) == 10_001


def test_editions_follow_each_other_and_errors_use_the_newest_name() -> None:
    versions = Versions([Edition(0, ALWAYS), Edition(5, calendar()), Edition(6, rare())])
    assert [each.effective_from for each in versions.editions] == [0, 5, 6]
    with pytest.raises(BeyondHorizonError, match=r"^calendar 'rare' covers"):
        versions.add(5, 10**12)
    both = calendar(name="desk") & rare_on_monday()
    with pytest.raises(BeyondHorizonError, match=r"^calendar 'desk & once' covers"):
        both.timetable.add(5, 10**12)


def test_a_time_of_day_is_accepted_up_to_its_bounds() -> None:
    latest = [("0:00", "23:59:59"), (time(23, 59, 59), "24:00:00"), ("00:00:01", "00:00")]
    assert calendar(hours={"mon": latest}).hours["mon"] == (
        ("00:00", "23:59:59"),
        ("00:00:01", "24:00"),
        ("23:59:59", "24:00"),
    )
    for beyond in ("24:00", "23:60", "22:59:60", "24:00:01", "24:01"):
        with pytest.raises(InvalidValueError):
            calendar(hours={"mon": [(beyond, "12:00")]})
    for beyond in ("24:00:01", "24:01", "25:00", "23:60", "22:59:60"):
        with pytest.raises(InvalidValueError):
            calendar(hours={"mon": [("12:00", beyond)]})


def test_a_date_is_accepted_from_1970_to_2200() -> None:
    days = ("02-29", "1970-01-01", date(2200, 12, 31))
    assert len(calendar(holidays=days).holidays) == 3
    for beyond in (date(1969, 12, 31), "1969-12-31", date(2201, 1, 1), "2201-01-01"):
        with pytest.raises(InvalidValueError):
            calendar(holidays=[beyond])


def test_working_days_are_counted_from_1970_to_2200_and_not_beyond() -> None:
    first, last = date(1970, 1, 1), date(2200, 12, 31)
    assert ALWAYS.add_days(first, (last - first).days) == last
    assert ALWAYS.add_days(last, (first - last).days) == first
    for day, days in ((last, 1), (first, -1)):
        with pytest.raises(BeyondHorizonError):
            ALWAYS.add_days(day, days)
    for days in (ALL_DAYS, -ALL_DAYS):
        with pytest.raises(BeyondHorizonError):
            ALWAYS.add_days(first, days)
        with pytest.raises(InvalidValueError):
            ALWAYS.add_days(first, 2 * days)


# --- what the holidays package knows, which grows with every release ------------------------------

KNOWN = list_supported_countries(include_aliases=False)
TWENTY = ", ".join(map(repr, sorted(KNOWN)[:20]))
GERMAN = ", ".join(map(repr, sorted(KNOWN["DE"])))
ONE_OF_ALL = f"it must be one of the {len(KNOWN)} known, such as"
ONE_OF_GERMAN = f"it must be one of the {len(KNOWN['DE'])} known, such as"


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            lambda: country("de"),
            f"PublicHolidays.country is 'de'; {ONE_OF_ALL} 'DE'",
        ),
        (
            lambda: country(5),
            f"PublicHolidays.country is 5; {ONE_OF_ALL} {TWENTY}",
        ),
        (
            lambda: calendar(holidays=[{"subdivision": "BY"}]),
            f"PublicHolidays.country is ''; {ONE_OF_ALL} {TWENTY}",
        ),
        (
            lambda: country("DE", subdivision="by"),
            f"PublicHolidays.subdivision of DE is 'by'; {ONE_OF_GERMAN} 'BY'",
        ),
        (
            lambda: country("DE", subdivision=5),
            f"PublicHolidays.subdivision of DE is 5; {ONE_OF_GERMAN} {GERMAN}",
        ),
    ],
)
def test_the_error_for_an_unknown_country_names_similar_ones_or_the_first(
    wrong: Callable[[], object], text: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong()
    assert str(caught.value) == text


def test_without_the_holidays_package_the_message_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holiday._subdivisions.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays.utils", None)
    with pytest.raises(InvalidValueError) as caught:
        PublicHolidays("DE")
    assert str(caught.value) == (
        "PublicHolidays.country is 'DE'; it must be known from the holidays package, which is "
        "not installed: pip install 'ticketroute[sla]'"
    )


# --- beyond the horizon ---------------------------------------------------------------------------

REACH = "covers 1970 to the end of 2200, and"
WAY_OUT = "is outside; give a time within, or a calendar that opens again"
LATE = HORIZON + 1


@pytest.mark.parametrize(
    ("beyond", "asked"),
    [
        (lambda: rare().timetable.add(LATE, 5), f"start={LATE}"),
        (
            lambda: rare().timetable.add(HORIZON - 1, 0),
            f"0 ms of open time from start={HORIZON - 1}",
        ),
        (lambda: rare().timetable.add(7, 10**12), "1000000000000 ms of open time from start=7"),
        (lambda: rare().timetable.add(7, 10**15), "1000000000000000 ms of open time from start=7"),
        (lambda: rare().timetable.subtract(7, 0), "0 ms of open time from start=7"),
        (lambda: rare().timetable.subtract(7, 5), "5 ms of open time back from start=7"),
        (lambda: rare().timetable.subtract(7, 8), "8 ms of open time back from start=7"),
        (lambda: rare().timetable.windows(0, LATE), f"start={LATE}"),
        (lambda: rare().timetable.is_open(LATE), f"start={LATE}"),
        (
            lambda: rare().add_days(date(2024, 5, 2), 3),
            "259200000 ms of open time from start=1714608000000",
        ),
        (
            lambda: rare().add_days(date(1970, 1, 2), -3),
            "259200000 ms of open time back from start=86400000",
        ),
    ],
)
def test_the_error_beyond_the_horizon_names_the_question(
    beyond: Callable[[], object], asked: str
) -> None:
    with pytest.raises(BeyondHorizonError) as caught:
        beyond()
    fault = caught.value
    assert str(fault) == f"calendar 'rare' {REACH} {asked} {WAY_OUT}"
    assert fault.calendar == "rare"


def test_the_horizon_itself_is_covered() -> None:
    table = rare().timetable
    opened = instant_of(datetime(2024, 5, 1, 9, tzinfo=UTC))
    assert not table.is_open(HORIZON)
    assert list(table.windows(0, HORIZON)) == [(opened, opened + 8 * 3_600_000)]
    assert table.add(opened, 8 * 3_600_000) == opened + 8 * 3_600_000
    assert ALWAYS.timetable.add(0, HORIZON) == HORIZON
    assert ALWAYS.timetable.subtract(HORIZON, HORIZON) == 0
    for span in (HORIZON + 1, 2 * HORIZON):
        with pytest.raises(BeyondHorizonError):
            ALWAYS.timetable.add(0, span)
        with pytest.raises(BeyondHorizonError):
            ALWAYS.timetable.subtract(HORIZON, span)
