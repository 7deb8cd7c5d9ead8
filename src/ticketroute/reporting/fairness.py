"""How evenly something is shared: two indexes of fairness."""

from __future__ import annotations

from collections.abc import Iterable


def jain(shares: Iterable[float]) -> float | None:
    """Return Jain's index of fairness: 1.0 where all have the same, 1/n where one has it all.

    Returns None where there is nobody, or nothing to share. Shares are not negative. O(n).

    Source: Jain, Chiu and Hawe, "A quantitative measure of fairness and discrimination for
        resource allocation in shared computer systems" (1984): the squared sum over n times the
        sum of squares.

    >>> jain([5, 5, 5, 5]), jain([20, 0, 0, 0])
    (1.0, 0.25)
    """
    listed = list(shares)
    squares = sum(each * each for each in listed)
    return sum(listed) ** 2 / (len(listed) * squares) if squares else None


def gini(shares: Iterable[float]) -> float | None:
    """Return the Gini coefficient: 0.0 where all have the same, near 1.0 where one has it all.

    Returns None where there is nobody, or nothing to share. Shares are not negative. O(n log n).

    Source: Gini (1912), as half the relative mean absolute difference over all pairs, without the
        correction for small samples: one of n that has it all gives (n - 1) / n.

    >>> gini([5, 5, 5, 5]), gini([20, 0, 0, 0])
    (0.0, 0.75)
    """
    ordered = sorted(shares)
    total, n = sum(ordered), len(ordered)
    if not total:
        return None
    ranked = sum(rank * each for rank, each in enumerate(ordered, start=1))
    return 2 * ranked / (n * total) - (n + 1) / n
