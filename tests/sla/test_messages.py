"""Every error message of calendars, word for word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from ticketroute.errors import InvalidValueError, shown
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.versions import Edition, Versions

DAYS = [date(2000, 1, 1) + timedelta(days=each) for each in range(10_001)]
LUNCH = (("12:00", "13:00"),)
MONDAY: dict[str, Any] = {"mon": [("09:00", "17:00")]}
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused
RARE = Calendar(name="rare", shifts={"2024-05-01": [("09:00", "17:00")]})

# Ends of messages that several cases share.
A_DATE = "it must be a date from 1970-01-01 to 2200-12-31, as 'YYYY-MM-DD'"
ANY_DATE = "it must be a date as 'YYYY-MM-DD', or 'MM-DD' for every year"
DIFFERENT = "it must be two different times: write 00:00 to 24:00 for a whole day, or leave it out"
FIELDS = "it must be one of zone, hours, holidays, shifts, breaks, within, name, zone_data"
INSTANT = "it must be an instant in whole milliseconds UTC; instant_of() converts a datetime"
LAST_CLOCK = "it must be a time from '00:00' to '24:00', such as '09:00'"
FIRST_CLOCK = "it must be a time from '00:00' to '23:59:59', such as '09:00'"
OPEN = (
    "it must be open at some time before 2201; holidays, breaks and within close all of its "
    "hours and shifts"
)
ORDER = "it must be in force one after the other, the first from 0 on"
SECONDS = "it must be a time of day in whole seconds, without a zone"
WINDOWS = "it must be a list of openings, each a start and an end: [('09:00', '17:00')]"

# Called the way a host without a type checker would.
country: Any = PublicHolidays
edition: Any = Edition
versions: Any = Versions


def calendar(**facts: Any) -> Calendar:
    return Calendar(**({"hours": MONDAY} | facts))


def read(**plain: Any) -> Calendar:
    return Calendar.from_plain(plain)


def within(depth: int) -> Calendar:
    """Return a calendar that is nested ``depth`` levels deep."""
    inner = calendar()
    for _ in range(depth):
        inner = calendar(within=[inner])
    return inner


def nonsense(value: object) -> Any:
    return value


REFUSED: list[tuple[str, Callable[[], object]]] = [
    (
        "Calendar.zone is 5; it must be the name of a time zone, such as 'Europe/Berlin'",
        lambda: calendar(zone=5),
    ),
    (
        (
            "Calendar.zone is 'Berlin'; it must be a zone of the tz database, such as "
            "'Europe/Berlin', 'Europe/Dublin', 'America/Belize'"
        ),
        lambda: calendar(zone="Berlin"),
    ),
    (
        (
            "Calendar.zone is '../etc'; it must be a zone of the tz database, such as 'UTC', "
            "'Europe/Berlin'"
        ),
        lambda: calendar(zone="../etc"),
    ),
    (
        (
            "Calendar.zone is 'new york'; it must be a zone of the tz database, such as "
            "'America/New_York'"
        ),
        lambda: calendar(zone="new york"),
    ),
    ("Calendar.name is 5; it must be a string", lambda: calendar(name=5)),
    (
        "Calendar.hours is ['mon']; it must be a mapping, such as {...}",
        lambda: calendar(hours=["mon"]),
    ),
    (
        (
            "a day of Calendar.hours is 'Mon'; it must be one of 'mon', 'tue', 'wed', 'thu', "
            "'fri', 'sat', 'sun'"
        ),
        lambda: calendar(hours={"Mon": []}),
    ),
    (
        "Calendar.hours['mon'] is '09:00-17:00'; it must be a list",
        lambda: calendar(hours={"mon": "09:00-17:00"}),
    ),
    ("Calendar.hours['mon'] is 5; it must be a list", lambda: calendar(hours={"mon": 5})),
    (
        "Calendar.hours['mon'] is {'09:00': '17:00'}; it must be a list",
        lambda: calendar(hours={"mon": {"09:00": "17:00"}}),
    ),
    (
        (
            "Calendar.hours['mon'] is [('09:00', '17:00'), ('09:00', '17:00'), ('09:00', '17:00'), "
            "('09:00', '17:00'),... (500 characters); it must be at most 24 entries"
        ),
        lambda: calendar(hours={"mon": [("09:00", "17:00")] * 25}),
    ),
    (f"Calendar.hours['mon'] is 'ab'; {WINDOWS}", lambda: calendar(hours={"mon": ["ab"]})),
    (f"Calendar.hours['mon'] is 5; {WINDOWS}", lambda: calendar(hours={"mon": [5]})),
    (
        f"Calendar.hours['mon'] is ('09:00',); {WINDOWS}",
        lambda: calendar(hours={"mon": [("09:00",)]}),
    ),
    (
        f"the start of an opening in Calendar.hours['mon'] is '24:00'; {FIRST_CLOCK}",
        lambda: calendar(hours={"mon": [("24:00", "25:00")]}),
    ),
    (
        f"the end of an opening in Calendar.hours['mon'] is '24:00:01'; {LAST_CLOCK}",
        lambda: calendar(hours={"mon": [("09:00", "24:00:01")]}),
    ),
    (
        f"the end of an opening in Calendar.hours['mon'] is 17; {LAST_CLOCK}",
        lambda: calendar(hours={"mon": [("09:00", 17)]}),
    ),
    (
        (
            "the start of an opening in Calendar.hours['mon'] is "
            f"datetime.time(9, 0, tzinfo=datetime.timezone.utc); {SECONDS}"
        ),
        lambda: calendar(hours={"mon": [(time(9, tzinfo=UTC), "17:00")]}),
    ),
    (
        f"the end of an opening in Calendar.hours['mon'] is datetime.time(17, 0, 0, 5); {SECONDS}",
        lambda: calendar(hours={"mon": [("09:00", time(17, 0, 0, 5))]}),
    ),
    (
        f"an opening in Calendar.hours['mon'] is ('09:00', '9:00:00'); {DIFFERENT}",
        lambda: calendar(hours={"mon": [("09:00", "9:00:00")]}),
    ),
    ("Calendar.holidays is '12-25'; it must be a list", lambda: calendar(holidays="12-25")),
    (f"one of Calendar.holidays is '12-32'; {ANY_DATE}", lambda: calendar(holidays=["12-32"])),
    (f"one of Calendar.holidays is 'ab-cd'; {ANY_DATE}", lambda: calendar(holidays=["ab-cd"])),
    (
        f"one of Calendar.holidays is '1969-12-31'; {A_DATE}",
        lambda: calendar(holidays=["1969-12-31"]),
    ),
    (
        f"one of Calendar.holidays is '2023-02-29'; {A_DATE}",
        lambda: calendar(holidays=["2023-02-29"]),
    ),
    (
        f"one of Calendar.holidays is datetime.date(2201, 1, 1); {A_DATE}",
        lambda: calendar(holidays=[date(2201, 1, 1)]),
    ),
    (
        (
            "one of Calendar.holidays is "
            f"datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc); {A_DATE}"
        ),
        lambda: calendar(holidays=[datetime(2024, 1, 1, tzinfo=UTC)]),
    ),
    (f"one of Calendar.holidays is 5; {A_DATE}", lambda: calendar(holidays=[5])),
    (
        (
            "a key of one of Calendar.holidays is 'state'; it must be 'country', 'subdivision', "
            "'categories', 'language', 'worked_weekends' or 'known'"
        ),
        lambda: calendar(holidays=[{"country": "DE", "state": "BY"}]),
    ),
    (
        "PublicHolidays.subdivision of VA is 'BY'; it must be left out, because none is known",
        lambda: country("VA", subdivision="BY"),
    ),
    (
        "Calendar.shifts is ['2024-05-01']; it must be a mapping, such as {...}",
        lambda: calendar(shifts=["2024-05-01"]),
    ),
    (f"a date of Calendar.shifts is '05-01'; {A_DATE}", lambda: calendar(shifts={"05-01": []})),
    (
        (
            "a date of Calendar.shifts is datetime.date(2024, 5, 1); it must be there once, not "
            "in two forms"
        ),
        lambda: calendar(shifts={"2024-05-01": [], date(2024, 5, 1): []}),
    ),
    (
        "Calendar.shifts['2024-05-01'] is 5; it must be a list",
        lambda: calendar(shifts={"2024-05-01": 5}),
    ),
    (
        "Calendar.breaks is ['2024-05-01']; it must be a mapping, such as {...}",
        lambda: calendar(breaks=["2024-05-01"]),
    ),
    (f"a date of Calendar.breaks is '05-01'; {A_DATE}", lambda: calendar(breaks={"05-01": []})),
    (
        f"an opening in Calendar.breaks['2024-05-01'] is ('12:00', '12:00'); {DIFFERENT}",
        lambda: calendar(breaks={"2024-05-01": [("12:00", "12:00")]}),
    ),
    ("Calendar.within is 5; it must be a list", lambda: calendar(within=5)),
    ("one of Calendar.within is 5; it must be a Calendar", lambda: calendar(within=[5])),
    (
        (
            "Calendar.within is [Calendar(zone='UTC', hours={}, holidays=(), "
            "shifts={datetime.date(2024, 5, 1): ... (4587 characters); it must be at most 32 "
            "entries"
        ),
        lambda: calendar(within=[RARE] * 33),
    ),
    (
        "the depth of Calendar.within is 9; it must be at most 8",
        lambda: calendar(within=[within(8)]),
    ),
    (
        "the number of calendars in Calendar.within is 34; it must be at most 32",
        lambda: calendar(within=[calendar(within=[ALWAYS] * 16)] * 2),
    ),
    (
        (
            "Calendar.holidays is [datetime.date(2000, 1, 1), datetime.date(2000, 1, 2), "
            "datetime.date(2000, 1, 3)... (279551 characters); it must be at most 10000 entries"
        ),
        lambda: calendar(holidays=DAYS),
    ),
    (
        "the number of holidays, shifts and breaks in Calendar is 10001; it must be at most 10000",
        lambda: calendar(
            holidays=DAYS[:4_001],
            shifts=dict.fromkeys(DAYS[:3_000], ()),
            breaks=dict.fromkeys(DAYS[:3_000], LUNCH),
        ),
    ),
    (f"Calendar is {{'zone': 'UTC'}}; {OPEN}", lambda: calendar(hours={})),
    (
        f"Calendar 'office' is {{'name': 'office', 'zone': 'UTC'}}; {OPEN}",
        lambda: calendar(hours={}, name="office"),
    ),
    (
        f"day is datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc); {A_DATE}",
        lambda: ALWAYS.add_days(nonsense(NEW_YEAR), 1),
    ),
    (
        "days is 1.5; it must be a whole number from -84546 to 84546",
        lambda: ALWAYS.add_days(date(2024, 1, 1), nonsense(1.5)),
    ),
    (
        "days is 84547; it must be from -84546 to 84546",
        lambda: ALWAYS.add_days(date(2024, 1, 1), 84_547),
    ),
    (
        "days is -84547; it must be from -84546 to 84546",
        lambda: ALWAYS.add_days(date(2024, 1, 1), -84_547),
    ),
    (
        (
            "moment is '2026-01-01T00:00:00'; it must be an aware datetime: give it a tzinfo, such "
            "as UTC"
        ),
        lambda: ALWAYS.add(NAIVE, timedelta(0)),
    ),
    ("span is 5; it must be a timedelta", lambda: ALWAYS.add(NEW_YEAR, nonsense(5))),
    (
        "span is -1; it must be 0 or more milliseconds; subtract() counts back",
        lambda: ALWAYS.add(NEW_YEAR, timedelta(milliseconds=-1)),
    ),
    (
        "span is -1; it must be 0 or more milliseconds; add() counts forwards",
        lambda: ALWAYS.subtract(NEW_YEAR, timedelta(milliseconds=-1)),
    ),
    (
        "instant is -1; it must be an instant from 0 to 253402300799999 milliseconds",
        lambda: ALWAYS.timetable.is_open(-1),
    ),
    (
        "a calendar is ['UTC']; it must be a mapping, such as {...}",
        lambda: Calendar.from_plain(nonsense(["UTC"])),
    ),
    (f"a key of a calendar is 'tz'; {FIELDS}", lambda: read(tz="UTC")),
    (
        (
            "Calendar.within is [{'name': 'always', 'zone': 'UTC', 'hours': {'mon': [['00:00', "
            "'24:00']], 'tue':... (8217 characters); it must be at most 32 entries"
        ),
        lambda: read(hours=MONDAY, within=[ALWAYS.plain()] * 33),
    ),
    (
        "a calendar of Calendar.within[1] is 5; it must be a mapping, such as {...}",
        lambda: read(hours=MONDAY, within=[ALWAYS, 5]),
    ),
    (
        f"a key of a calendar of Calendar.within[0] is 'tz'; {FIELDS}",
        lambda: read(hours=MONDAY, within=[{"tz": "UTC"}]),
    ),
    (
        "Calendar.within of Calendar.within[0] is 5; it must be a list",
        lambda: read(hours=MONDAY, within=[{"hours": MONDAY, "within": 5}]),
    ),
    (
        (
            "the start of an opening in Calendar.hours['mon'] of Calendar.within[1].within[0] is "
            f"'9'; {FIRST_CLOCK}"
        ),
        lambda: read(
            hours=MONDAY,
            within=[ALWAYS, {"hours": MONDAY, "within": [{"hours": {"mon": [["9", "17:00"]]}}]}],
        ),
    ),
    (
        f"Calendar of Calendar.within[0] is {{'zone': 'UTC'}}; {OPEN}",
        lambda: read(hours=MONDAY, within=[{}]),
    ),
    (
        "the depth of Calendar.within is 9; it must be at most 8",
        lambda: read(hours=MONDAY, within=[within(8).plain()]),
    ),
    (f"Edition.effective_from is 'noon'; {INSTANT}", lambda: edition(nonsense("noon"), ALWAYS)),
    ("Edition.calendar is 'office'; it must be of type Calendar", lambda: edition(0, "office")),
    (
        "Versions.editions is 'office'; it must be several values, such as a list",
        lambda: versions("office"),
    ),
    ("one of Versions.editions is 5; it must be an Edition", lambda: versions([5])),
    (f"Versions.editions is []; {ORDER}", lambda: versions([])),
    (f"Versions.editions is [1]; {ORDER}", lambda: versions([Edition(1, ALWAYS)])),
    (
        f"Versions.editions is [0, 5, 5]; {ORDER}",
        lambda: versions([Edition(0, ALWAYS), Edition(5, ALWAYS), Edition(5, ALWAYS)]),
    ),
    (
        f"effective_from is 'noon'; {INSTANT}",
        lambda: Versions.of(ALWAYS).adopt(ALWAYS, nonsense("noon")),
    ),
]


@pytest.mark.parametrize(
    ("text", "wrong"), REFUSED, ids=[text.partition(" is ")[0] for text, _ in REFUSED]
)
def test_an_invalid_value_is_refused_with_this_message(
    text: str, wrong: Callable[[], object]
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong()
    fault = caught.value
    assert str(fault) == text
    assert text == f"{fault.thing} is {shown(fault.value)}; it must be {fault.allowed}"
