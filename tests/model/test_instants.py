"""Instants: whole milliseconds, and no lost hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import datetime_of, hours, instant_of, minutes, seconds
from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import LAST_INSTANT

BERLIN = ZoneInfo("Europe/Berlin")


def test_spans_are_milliseconds() -> None:
    assert (seconds(1), minutes(1), hours(1)) == (1_000, 60_000, 3_600_000)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="tzinfo") as caught:
        instant_of(datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001  what is refused here
    assert caught.value.value == "2026-03-29T02:30:00"


@pytest.mark.parametrize("wrong", [None, 5, "2026-01-01", True, 1.5, datetime(2026, 1, 1).date()])  # noqa: DTZ001
def test_a_value_other_than_a_datetime_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match="datetime"):
        instant_of(wrong)


def test_the_hour_that_comes_twice_counts_twice() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert instant_of(second) - instant_of(first) == hours(1)
    before, after = (datetime(2026, 10, 25, hour, tzinfo=BERLIN) for hour in (1, 4))
    assert instant_of(after) - instant_of(before) == hours(4)


def test_the_hour_that_never_comes_does_not_count() -> None:
    before, after = (datetime(2026, 3, 29, hour, tzinfo=BERLIN) for hour in (1, 4))
    assert instant_of(after) - instant_of(before) == hours(2)


def test_fractions_of_a_millisecond_are_cut_off() -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 1_999, tzinfo=UTC)
    assert instant_of(moment) % 1_000 == 1


def test_the_first_and_the_last_instant_convert_to_datetimes() -> None:
    assert datetime_of(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert datetime_of(LAST_INSTANT).year == 9999
    assert instant_of(datetime_of(LAST_INSTANT)) == LAST_INSTANT


@given(st.integers(hours(24), LAST_INSTANT))
def test_an_instant_converts_to_a_datetime_and_back_unchanged(instant: int) -> None:
    moment = datetime_of(instant)
    assert instant_of(moment) == instant
    assert instant_of(moment.astimezone(timezone(timedelta(hours=-11)))) == instant


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9990, 1, 1)),  # noqa: DTZ001
    st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns")]),
    st.integers(0, 1),
)
def test_every_zone_agrees_on_the_instant(moment: datetime, zone: Any, fold: int) -> None:
    local = moment.replace(tzinfo=zone, fold=fold)
    assert instant_of(local) == instant_of(local.astimezone(UTC))


@pytest.mark.parametrize(
    "wrong", [10**30, -(10**30), float("nan"), "5", None, True, LAST_INSTANT + 1]
)
def test_datetime_of_refuses_a_value_that_is_not_an_instant(wrong: Any) -> None:
    with pytest.raises(InvalidValueError):
        datetime_of(wrong)


def test_a_datetime_before_1970_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        instant_of(datetime(1969, 12, 31, tzinfo=UTC))
