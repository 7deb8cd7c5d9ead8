"""Intervals, comparisons and warm-up, beside scipy and by hand."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ticketroute.simulation import holm, interval, jain, mser5
from ticketroute.simulation.statistics import needed, p_of

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@given(SAMPLES)
def test_the_interval_is_that_of_scipy(values: list[float]) -> None:
    found = interval(values, confidence=0.9)
    spread = float(np.std(values, ddof=1))
    if spread < 1e-6:
        return
    low, high = stats.t.interval(
        0.9, len(values) - 1, loc=float(np.mean(values)), scale=stats.sem(values)
    )

    assert found.low == pytest.approx(low, rel=1e-6, abs=1e-6)
    assert found.high == pytest.approx(high, rel=1e-6, abs=1e-6)


def test_one_replication_has_no_interval() -> None:
    assert math.isnan(interval([3.0]).half)
    assert math.isnan(interval([]).mean)
    assert math.isnan(p_of([3.0]))


def test_a_figure_that_could_not_be_told_is_left_out() -> None:
    assert interval([1.0, math.nan, 3.0]).count == 2


def test_p_is_that_of_the_paired_t_test_of_scipy() -> None:
    draw = np.random.default_rng(1)
    one = [float(draw.normal(5, 1)) for _ in range(12)]
    two = [value + float(draw.normal(0.4, 0.5)) for value in one]
    expected = stats.ttest_rel(two, one).pvalue

    assert p_of([b - a for a, b in zip(one, two, strict=True)]) == pytest.approx(expected)


def test_differences_without_any_spread() -> None:
    same, shifted = holm([[0.0] * 5, [2.0] * 5])

    assert (same.p, same.real) == (1.0, False)
    assert (shifted.p, shifted.real) == (0.0, True)


def test_holm_steps_down_and_stops() -> None:
    draw = np.random.default_rng(3)
    pairs = [[float(draw.normal(mean, 1)) for _ in range(10)] for mean in (3.0, 1.2, 0.3, 0.0)]
    values = [p_of(each) for each in pairs]
    order = sorted(range(4), key=values.__getitem__)
    expected, worst = {}, 0.0
    for place, n in enumerate(order):
        worst = max(worst, min(1.0, (4 - place) * values[n]))
        expected[n] = worst

    found = holm(pairs)

    assert [each.adjusted for each in found] == pytest.approx([expected[n] for n in range(4)])
    assert [each.real for each in found] == [each.adjusted < 0.05 for each in found]


@given(st.lists(st.lists(st.floats(-100, 100), min_size=6, max_size=6), min_size=1, max_size=5))
def test_an_interval_excludes_zero_exactly_where_the_difference_is_real(pairs: Any) -> None:
    for each in holm(pairs):
        if math.isclose(abs(each.interval.mean), each.interval.half, rel_tol=1e-9):
            continue
        assert each.real == (not each.interval.contains(0.0))


def test_mser_cuts_a_start_that_is_unlike_the_rest() -> None:
    draw = np.random.default_rng(1)
    series = [50 - n + draw.random() for n in range(50)] + [draw.random() for _ in range(950)]

    cut = mser5(series)

    assert cut is not None
    assert 40 <= cut <= 60


@given(st.floats(1e-3, 1e6))
def test_mser_does_not_depend_on_the_unit(unit: float) -> None:
    draw = np.random.default_rng(7)
    series = [draw.exponential() + (20 if n < 30 else 0) for n in range(600)]

    assert mser5([value * unit for value in series]) == mser5(series)


def test_mser_says_where_the_run_is_too_short() -> None:
    assert mser5([float(n) for n in range(1_000)]) is None  # grows for ever
    assert mser5([1.0] * 10) is None
    assert mser5([1.0] * 1_000) == 0


def test_needed_grows_with_the_square() -> None:
    found = interval([9.0, 11.0] * 5)

    assert needed(found, found.relative / 2) == pytest.approx(40, abs=1)
    assert needed(found, 1.0) == 10


@pytest.mark.parametrize(("shares", "index"), [([4, 0, 0, 0], 0.25), ([2, 2], 1.0)])
def test_jain(shares: list[float], index: float) -> None:
    assert jain(shares) == index
    assert math.isnan(jain([0.0, 0.0]))
