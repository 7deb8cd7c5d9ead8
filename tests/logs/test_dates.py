from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.errors import InvalidValueError
from ticketroute.logs import LogError, Options, read_log
from ticketroute.logs.dates import Dates, Oddity, check_format, written, zone_named
from ticketroute.logs.written import Order

NINE = "2026-03-02T09:00:00Z"


def read(cell: str, **how: object) -> str:
    dates = Dates(**how)  # type: ignore[arg-type]
    return written(dates.instant("column 'a'", cell))


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-02T09:00",
        "2026-03-02 09:00:00.000",
        "2026-03-02T10:00:00+01:00",
        "2026-03-02 10:00:00 +0100",
        "2026-03-02 09:00:00 UTC",
        "2026/03/02 09:00:00.000",
        "2026-3-2 9:00",
        "20260302T0900",
        "202603020900",
        "20260302090000",
        "1772442000",
        "1772442000.000",
        "1772442000000",
        "1772442000000000",
        "02/Mar/26 9:00 AM",
        "2-Mar-2026 9:00 am",
        "2 March 2026 09:00",
        "Mon, 02 Mar 2026 09:00:00 +0000",
        "Mar 2, 2026 9:00 a.m.",
        "March 2, 2026 at 9:00 AM",
        "Monday, March 2nd, 2026, 9:00 AM",
        "02.03.2026 09:00",
    ],
)
def test_a_date_is_read_in_the_forms_of_exports(cell: str) -> None:
    assert read(cell) == NINE


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("02/Mar/26 12:15 AM", "2026-03-02T00:15:00Z"),
        ("02/Mar/26 12:15 PM", "2026-03-02T12:15:00Z"),
        ("14/3/2026 9:05", "2026-03-14T09:05:00Z"),
        ("3/14/26, 9:05 AM", "2026-03-14T09:05:00Z"),
        ("3/3/2026", "2026-03-03T00:00:00Z"),
        ("2026-03-02T24:00", "2026-03-03T00:00:00Z"),
        ("2026-12-31 24:00:00.000+01:00", "2026-12-31T23:00:00Z"),
        ("31.12.2026 24:00", "2027-01-01T00:00:00Z"),
        ("2026-03-02T09:15:00.123456789Z", "2026-03-02T09:15:00.123Z"),
    ],
)
def test_a_date_is_read_for_what_it_is(cell: str, instant: str) -> None:
    assert read(cell) == instant


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("2026030209", "--date-format '%Y%m%d%H', or Unix time, --date-format unix"),
        ("02/03/2026 9:00", "--date-format '%d/%m/%Y %H:%M' or --date-format '%m/%d/%Y %H:%M'"),
        ("02-03-2026 9:00 PM", "'%d-%m-%Y %I:%M %p'"),
        ("26/03/02", "'%y/%m/%d'"),
        ("2 Mär 2026 9:00", "'Mär' is not an English month name"),
        ("02/mars/26 8:55", "'mars' is not an English month name"),
        ("2 de marzo de 2026", "'marzo' is not an English month name"),
        ("46083.37", "the day number of a spreadsheet"),
        ("2026-03-02 09:00 CET", "name the zone with --tz"),
        ("2026-13-02", "must be a date"),
        ("31/31/2026", "must be a date"),
        ("2026-03-02 25:00", "must be a date"),
        ("2/Mar/26 13:00 PM", "must be a date"),
        ("2026-03-02T24:30", "must be a date"),
        ("123456789", "must be a date"),
        ("yesterday", "--empty"),
    ],
)
def test_a_date_that_cannot_be_told_is_refused_with_the_way_out(cell: str, says: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read(cell)
    assert says in str(caught.value)


def test_ten_digits_that_cannot_be_a_date_are_unix_time() -> None:
    assert read("2026139999") == "2034-03-16T16:39:59Z"
    assert read("2026030209", format="unix") == "2034-03-15T10:10:09Z"
    assert read("2026030209", format="%Y%m%d%H") == NINE


def test_another_row_tells_whether_days_or_months_come_first(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,opened\n1,02/03/2026 9:00\n2,14/03/2026 9:00\n", encoding="utf-8")
    with read_log(str(path)) as log:
        first, _ = log
    assert written(first.arrived) == NINE

    path.write_text("id,opened\n1,03/02/2026 9:00\n2,03/14/2026 9:00\n", encoding="utf-8")
    with read_log(str(path)) as log:
        first, _ = log
    assert written(first.arrived) == NINE


def test_a_two_digit_year_does_not_prove_that_days_come_first() -> None:
    dates = Dates()
    dates.settle("26/03/02")
    assert dates.order is None
    dates.settle("26/03/99")
    assert dates.order is Order.DAY


def test_a_time_that_the_clocks_skip_or_repeat_is_told_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{number},2026-10-25 02:{number:02}" for number in range(5)]
    path.write_text(
        "\n".join(["id,opened", "a,2026-03-29 02:30", "b,2026-03-29 03:30", *rows]),
        encoding="utf-8",
    )
    with read_log(str(path), Options(zone="Europe/Berlin")) as log:
        tickets = {str(each.ticket.id): written(each.arrived) for each in log}
        told = "\n".join(log.understood.warnings())

    assert tickets["a"] == "2026-03-29T01:30:00Z"
    assert tickets["0"] == "2026-10-25T00:00:00Z"
    assert "the clocks of Europe/Berlin skip 1 time" in told
    assert "row 2, column 'opened': 2026-03-29 02:30" in told
    assert "repeat 5 times" in told
    assert "row 6, column 'opened'" in told
    assert "row 8, column 'opened'" not in told


def test_a_time_with_its_offset_is_never_odd() -> None:
    dates = Dates(zone_named("Europe/Berlin"))
    dates.instant("a", "2026-10-25T02:30+01:00", row=2)
    assert dates.told == {}
    dates.instant("a", "2026-10-25T02:30", row=2)
    assert list(dates.told) == [Oddity.REPEATED]


@pytest.mark.parametrize("form", ["%Q", "%", "%d/%m", "abc", "", "%H:%M", "%d/%m/%Y %I:%M", "%s"])
def test_a_date_format_that_cannot_be_is_blamed_itself(form: str) -> None:
    with pytest.raises(LogError, match="--date-format is"):
        check_format(form)


@given(
    at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    form=st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%d/%b/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%B %d, %Y %I:%M:%S %p"]
    ),
)
def test_what_a_form_writes_is_read_back_with_and_without_the_format(
    at: datetime, form: str
) -> None:
    cell = at.strftime(form)
    expected = written(int(at.replace(microsecond=0).timestamp()) * 1_000)
    assert read(cell) == read(cell, format=form) == expected


@given(st.text("0123456789/-.: apmMarZT+", max_size=24))
def test_any_text_like_a_date_is_an_instant_or_a_clear_error(cell: str) -> None:
    dates = Dates()
    dates.settle(cell)
    try:
        at = dates.instant("column 'a'", cell)
    except InvalidValueError as fault:
        message = str(fault)
    else:
        message = "column 'a'"
        assert at >= 0
    assert "column 'a'" in message
