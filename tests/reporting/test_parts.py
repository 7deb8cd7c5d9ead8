"""Spans, periods and indexes of fairness, each by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticketroute import datetime_of, hours, instant_of, minutes
from ticketroute.errors import InvalidValueError
from ticketroute.reporting.fairness import gini, jain
from ticketroute.reporting.periods import Period, Periods
from ticketroute.reporting.spans import Distribution, ExactSpans, RoundedSpans

some_spans = st.lists(st.integers(0, 10**11), max_size=40)


def filled(kind: Callable[[], Any], spans: list[int]) -> Distribution:
    each = kind()
    for span in spans:
        each.add(span)
    return Distribution.of([each])


@given(some_spans, st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank(spans: list[int], percent: int) -> None:
    found = filled(ExactSpans, spans).percentile(percent)
    if not spans:
        assert found is None
        return
    assert found in spans
    assert 100 * sum(each <= found for each in spans) >= percent * len(spans)
    assert 100 * sum(each < found for each in spans) < percent * len(spans)


@given(some_spans, st.integers(1, 100))
def test_a_rounded_percentile_is_too_small_by_less_than_one_in_128(
    spans: list[int], percent: int
) -> None:
    exact, rounded = filled(ExactSpans, spans), filled(RoundedSpans, spans)
    assert (rounded.count, rounded.total, rounded.mean) == (exact.count, exact.total, exact.mean)
    right, near = exact.percentile(percent), rounded.percentile(percent)
    if right is None or near is None:
        assert right is near
        return
    assert near <= right
    assert (right - near) * 64 < right or right == near
    assert right >= 128 or near == right


def test_rounded_spans_take_no_more_room_for_more_spans() -> None:
    rounded = RoundedSpans()
    for span in range(0, 10**8, 977):
        rounded.add(span)
    assert len(rounded.counts) < 64 * 28


@pytest.mark.parametrize("percent", [0, 101, 50.0, True, "50"])
def test_a_percentile_that_is_none_is_refused(percent: Any) -> None:
    with pytest.raises(InvalidValueError, match="percent is"):
        filled(ExactSpans, [1]).percentile(percent)


# --- periods ----------------------------------------------------------------------------------

zones = st.sampled_from(
    [
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Africa/Cairo", "America/Havana",
        "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Asuncion", "Asia/Gaza",
    ]
)  # fmt: skip
instants = st.integers(0, instant_of(datetime(2040, 1, 1, tzinfo=UTC)))
SAMOA = instant_of(datetime(2011, 12, 30, 10, tzinfo=UTC))  # the day that was left out


@given(st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH]), zones, instants)
@example(Period.DAY, "Pacific/Apia", SAMOA)
@example(Period.DAY, "Pacific/Apia", SAMOA - 1)
def test_every_instant_lies_in_one_period(kind: Period, zone: str, at: int) -> None:
    periods = Periods(kind, zone)
    start = periods.around(at)
    end = periods.end
    assert start <= at < end
    others = Periods(kind, zone)
    assert others.around(end - 1) == start
    assert others.around(end) == end
    if start > 0:
        others.around(start - 1)
        assert others.end == start


@given(zones, instants)
def test_a_day_holds_the_instants_of_one_date(zone: str, at: int) -> None:
    periods = Periods(Period.DAY, zone)
    start = periods.around(at)

    def date(instant: int) -> str:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
        return moment.astimezone(ZoneInfo(zone)).date().isoformat()

    assert date(at) == date(start) == date(periods.end - 1) == periods.label(start)
    assert date(periods.end) > date(at)


@pytest.mark.parametrize(
    ("moment", "length"),
    [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 10, 26), 24)],
)
def test_the_day_of_a_change_has_23_or_25_hours(moment: tuple[int, int, int], length: int) -> None:
    periods = Periods(Period.DAY, "Europe/Berlin")
    start = periods.around(instant_of(datetime(*moment, 12, tzinfo=UTC)))
    assert periods.end - start == hours(length)


@given(zones, instants)
def test_an_hour_holds_its_instant(zone: str, at: int) -> None:
    periods = Periods(Period.HOUR, zone)
    start = periods.around(at)
    assert start <= at < periods.end == start + hours(1)
    assert (at - start) // minutes(1) == datetime_of(at).astimezone(ZoneInfo(zone)).minute


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (Period.HOUR, "2026-03-05T13:00+0100"),
        (Period.DAY, "2026-03-05"),
        (Period.WEEK, "2026-03-02"),
        (Period.MONTH, "2026-03"),
        (Period.ALL, "all"),
    ],
)
def test_a_period_is_called_by_its_first_day(kind: Period, label: str) -> None:
    periods = Periods(kind, "Europe/Berlin")
    at = instant_of(datetime(2026, 3, 5, 12, 30, tzinfo=UTC))
    assert periods.label(periods.around(at)) == label


def test_the_last_month_of_the_calendar_has_an_end() -> None:
    last = instant_of(datetime(9999, 12, 31, 23, tzinfo=UTC))
    for kind in Period:
        periods = Periods(kind, "Asia/Tokyo")
        assert periods.around(last - hours(72)) <= last - hours(72) < periods.end


@pytest.mark.parametrize(("kind", "zone"), [("day", "UTC"), (Period.DAY, "Berlin")])
def test_a_period_that_makes_no_sense_is_refused(kind: Any, zone: str) -> None:
    with pytest.raises(InvalidValueError):
        Periods(kind, zone)


# --- fairness ---------------------------------------------------------------------------------

shares = st.lists(st.integers(0, 1_000), min_size=1, max_size=12)


@given(shares)
def test_gini_is_half_the_relative_difference_of_all_pairs(listed: list[int]) -> None:
    found = gini(listed)
    if not sum(listed):
        assert found is None
        return
    pairs = sum(abs(one - two) for one in listed for two in listed)
    assert found == pytest.approx(pairs / (2 * len(listed) * sum(listed)), abs=1e-12)


@given(shares, st.integers(2, 9))
def test_fairness_does_not_depend_on_the_unit(listed: list[int], factor: int) -> None:
    for index in (jain, gini):
        once, scaled = index(listed), index([each * factor for each in listed])
        assert once == pytest.approx(scaled, abs=1e-12)


@given(shares)
def test_jain_is_one_only_where_all_have_the_same(listed: list[int]) -> None:
    found = jain(listed)
    if found is None:
        assert not any(listed)
        return
    assert 1 / len(listed) - 1e-12 <= found <= 1 + 1e-12
    assert (found > 1 - 1e-12) == (len(set(listed)) == 1)


def test_nobody_has_no_fairness() -> None:
    assert jain([]) is None
    assert gini([]) is None


@given(
    st.lists(st.integers(0, 4_000 * 3_600_000), min_size=1, max_size=12),
    st.sampled_from([each for each in Period if each is not Period.ALL]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Asia/Gaza", "Australia/Lord_Howe"]),
)
def test_which_period_an_instant_is_in_does_not_depend_on_what_was_asked_before(
    offsets: list[int], kind: Period, zone: str
) -> None:
    """Also at the very first and last instant of a period, and beside another one's questions."""
    asked = Periods(kind, zone)
    beside = asked.beside()
    for offset in offsets:
        at = 1_771_000_000_000 + offset
        fresh = Periods(kind, zone)
        start = fresh.around(at)
        for each in (at, start, fresh.end - 1, fresh.end):
            other = Periods(kind, zone)
            expected = other.around(each), other.end
            assert expected[0] <= each < expected[1]
            for periods in (asked, beside):
                assert (periods.around(each), periods.end) == expected
