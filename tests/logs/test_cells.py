from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.errors import InvalidValueError
from ticketroute.logs import LogError, cells
from ticketroute.logs.dates import Dates, written, zone_named
from ticketroute.model.instants import instant_of


def at(*parts: int) -> int:
    return instant_of(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2016-02-29T01:16", at(2016, 2, 29, 1, 16)),
        ("2016-02-29 01:16:30", at(2016, 2, 29, 1, 16, 30)),
        ("2016-02-29", at(2016, 2, 29)),
        ("20160229", at(2016, 2, 29)),
        ("2016-02-29T01:16Z", at(2016, 2, 29, 1, 16)),
        ("2016-02-29T01:16+02:00", at(2016, 2, 28, 23, 16)),
        ("1456708560", at(2016, 2, 29, 1, 16)),
        ("1456708560123", at(2016, 2, 29, 1, 16) + 123),
    ],
)
def test_a_date_is_read_in_the_usual_forms(cell: str, instant: int) -> None:
    assert Dates().instant("column 'a'", cell) == instant


def test_a_zone_moves_only_dates_without_an_offset() -> None:
    dates = Dates(zone_named("Europe/Berlin"))
    assert dates.instant("a", "2016-07-01T12:00") == at(2016, 7, 1, 10)
    assert dates.instant("a", "2016-07-01T12:00Z") == at(2016, 7, 1, 12)
    assert dates.instant("a", "2016-10-30T02:30") == at(2016, 10, 30, 0, 30), "the first of two"


def test_a_date_format_replaces_the_usual_forms() -> None:
    dates = Dates(format="%d/%m/%Y %H:%M")
    assert dates.instant("a", "29/2/2016 01:16") == at(2016, 2, 29, 1, 16)
    with pytest.raises(InvalidValueError, match="--date-format"):
        dates.instant("a", "2016-02-29T01:16")


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_a_clear_error(text: str) -> None:
    for meaning in (Dates().instant, Dates(timezone(timedelta(hours=-12))).instant):
        try:
            instant = meaning("column 'a'", text)
        except InvalidValueError as fault:
            instant, message = 0, str(fault)
        else:
            message = "column 'a'"
        assert instant >= 0
        assert "column 'a'" in message


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_written_is_read_back(instant: int) -> None:
    assert Dates().instant("a", written(instant)) == instant


@pytest.mark.parametrize("cell", ["0001-01-01", "9999-12-31T23:59-12:00", "1969-12-31"])
def test_a_date_out_of_range_is_refused(cell: str) -> None:
    with pytest.raises(InvalidValueError):
        Dates().instant("a", cell)


def test_skills_have_levels_and_the_highest_counts() -> None:
    assert cells.skills("a", "spanish:5; billing, spanish: 3 |") == {"spanish": 5, "billing": 1}
    assert cells.skills("a", "") == {}


@pytest.mark.parametrize("cell", ["spanish:0", "spanish:11", "spanish:x", "spanish:"])
def test_a_level_out_of_range_is_refused(cell: str) -> None:
    with pytest.raises(InvalidValueError, match="spanish"):
        cells.skills("column 'a'", cell)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(LogError, match="Europe/Berlin"):
        zone_named(name)
