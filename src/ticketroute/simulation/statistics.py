"""What can be said from a number of replications: intervals, comparisons, warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen

from ticketroute.errors import InvalidValueError

BATCH = 5  # observations that MSER-5 averages before it looks for the cut


@frozen
class Interval:
    """A mean of replications, and how far it may be off.

    ``half`` is nan below two replications: one run says nothing about its own uncertainty.
    """

    mean: float
    half: float
    count: int
    confidence: float

    @property
    def low(self) -> float:
        """The lower end."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """The upper end."""
        return self.mean + self.half

    @property
    def relative(self) -> float:
        """The half-width over the mean; nan where that is 0 and the half-width is not."""
        if self.half == 0:
            return 0.0
        return self.half / abs(self.mean) if self.mean else math.nan

    def contains(self, value: float) -> bool:
        """Return whether a value lies inside the interval."""
        return self.low <= value <= self.high


def interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Return the t interval of independent replications; nan values are left out.

    >>> round(interval([1.0, 2.0, 3.0]).half, 3)
    2.484
    """
    given = [value for value in values if not math.isnan(value)]
    count = len(given)
    if not count:
        return Interval(math.nan, math.nan, 0, confidence)
    mean = math.fsum(given) / count
    if count < 2:
        return Interval(mean, math.nan, count, confidence)
    return Interval(mean, _half(given, mean, confidence), count, confidence)


def _deviation(values: Sequence[float], mean: float) -> float:
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _half(values: Sequence[float], mean: float, confidence: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415  a worker needs no scipy: 60 MB less

    quantile = float(stdtrit(len(values) - 1, (1 + confidence) / 2))
    return quantile * _deviation(values, mean) / math.sqrt(len(values))


@frozen
class Difference:
    """A strategy less the baseline, replication by replication.

    ``p`` is the two-sided chance of a mean this far from 0 if there were no difference, from
    Student's t; ``adjusted`` the same after Holm, for all alternatives together. ``interval`` has
    the level that Holm's procedure compared it with, so it excludes 0 exactly where ``real``.
    """

    interval: Interval
    p: float
    adjusted: float
    real: bool


def p_of(differences: Sequence[float]) -> float:
    """Return the two-sided p value of the paired t test; nan below two pairs.

    Pairs that are all equal have no spread: 1.0 if they are 0, else 0.0.
    """
    given = [value for value in differences if not math.isnan(value)]
    if len(given) < 2:
        return math.nan
    mean = math.fsum(given) / len(given)
    spread = _deviation(given, mean)
    if spread == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr  # noqa: PLC0415  as above

    return float(2 * stdtr(len(given) - 1, -abs(mean) / (spread / math.sqrt(len(given)))))


def holm(pairs: Sequence[Sequence[float]], *, confidence: float = 0.95) -> tuple[Difference, ...]:
    """Compare several alternatives with one baseline at once.

    Args:
        pairs: for each alternative, its values less the baseline's, replication by replication.
        confidence: 1 less the chance of even one false claim among all of them.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
        Journal of Statistics 6 (1979).

    >>> [each.real for each in holm([[5.0, 5.1, 4.9], [0.1, -0.2, 0.1]])]
    [True, False]
    """
    values = [p_of(each) for each in pairs]
    tested = sorted((p, n) for n, p in enumerate(values) if not math.isnan(p))
    found: dict[int, Difference] = {}
    level = alpha = 1 - confidence
    adjusted, stopped = 0.0, False
    for place, (p, n) in enumerate(tested):
        left = len(tested) - place
        adjusted = max(adjusted, min(1.0, left * p))
        if not stopped:
            level = alpha / left
            stopped = p >= level
        between = interval(pairs[n], confidence=1 - level)
        found[n] = Difference(between, p, adjusted, real=not stopped)
    unknown = [n for n, p in enumerate(values) if math.isnan(p)]
    for n in unknown:
        between = interval(pairs[n], confidence=confidence)
        found[n] = Difference(between, math.nan, math.nan, real=False)
    return tuple(found[n] for n in range(len(pairs)))


def mser5(values: Any) -> int | None:
    """Return how many observations at the start to leave out, by MSER-5; None if that is unclear.

    The observations are averaged in batches of five. The cut is where the variance of the batch
    means after it, over the square of their number, is least. A cut in the second half says that
    the run is too short to tell: None. The answer does not depend on the unit. O(n).

    Source: K. P. White, M. J. Cobb, S. C. Spratt, "A comparison of five steady-state truncation
        heuristics for simulation", Winter Simulation Conference (2000).

    >>> mser5([100.0] * 10 + [1.0, 2.0] * 50)
    10
    """
    series = np.asarray(values, dtype=float)
    series = series[~np.isnan(series)]
    count = len(series) // BATCH
    if count < 4:
        return None
    means = series[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    means = means - means.mean()  # exact sums of squares far from 0 would lose digits
    rest = np.arange(count, 0, -1)
    sums = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means * means)[::-1])[::-1]
    spread = np.maximum(squares - sums * sums / rest, 0.0) / (rest.astype(float) ** 2)
    half = count // 2
    if spread[: half + 1].max() <= 1e-12 * max(1e-300, float((means * means).max())):
        return 0  # constant: nothing to leave out
    cut = int(np.argmin(spread[: count - 2]))  # the last two are low by their small number alone
    return None if cut > half else cut * BATCH


def needed(found: Interval, wanted: float) -> int:
    """Return about how many replications give the wanted relative half-width.

    Raises:
        InvalidValueError: if ``wanted`` is not above 0.
    """
    if not wanted > 0:
        raise InvalidValueError("half_width", wanted, "a share above 0, such as 0.05")
    if math.isnan(found.relative) or found.relative <= wanted:
        return found.count
    return math.ceil(found.count * (found.relative / wanted) ** 2)
