"""Many spans, of which a table shows a few figures."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate

from attrs import define, field

from ticketroute.model.instants import Span

MOST_LENGTHS = 20_000  # different lengths that are kept exactly
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000


def as_shown(span: Span) -> Span:
    """Return a span without what a table leaves out of it: two units are shown.

    >>> as_shown(3_661_500)
    3660000
    """
    if span < _SECOND:
        return span
    unit = _SECOND if span < _HOUR else _MINUTE if span < _DAY else _HOUR
    return span - span % unit


@define
class Spans:
    """A group of spans in milliseconds, counted by their length.

    Figures are exact up to 20,000 different lengths. With more, each span counts without the part
    that a table leaves out of it, so that memory does not grow; the longest stays exact.
    """

    longest: Span | None = None
    _counts: Counter[Span] = field(factory=Counter)
    _is_rough: bool = False

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, span: Span, count: int = 1) -> None:
        """Take in a span, ``count`` times. Amortised O(1)."""
        if self.longest is None or span > self.longest:
            self.longest = span
        self._counts[as_shown(span) if self._is_rough else span] += count
        if not self._is_rough and len(self._counts) > MOST_LENGTHS:
            self._is_rough = True
            rough = Counter[Span]()
            for length, times in self._counts.items():
                rough[as_shown(length)] += times
            self._counts = rough

    def merge(self, other: Spans) -> None:
        """Take in the spans of another group."""
        for span, count in other._counts.items():
            self.add(span, count)
        if other.longest is not None:
            self.longest = max(other.longest, self.longest or 0)

    @property
    def zero(self) -> int:
        """How many spans have no length."""
        return self._counts[0]

    @property
    def median(self) -> float | None:
        """The median, None without spans; of two in the middle their mean."""
        count = len(self)
        return (self._at((count - 1) // 2) + self._at(count // 2)) / 2 if count else None

    @property
    def ninetieth(self) -> Span | None:
        """The span that nine of ten do not exceed, by nearest rank."""
        count = len(self)
        return self._at(-(-count * 9 // 10) - 1) if count else None

    def within(self, limit: Span) -> int:
        """Return how many spans are at most ``limit``."""
        return sum(count for span, count in self._counts.items() if span <= limit)

    def _at(self, place: int) -> Span:
        found = sorted(self._counts.items())
        sums = list(accumulate(count for _, count in found))
        return found[bisect_left(sums, place + 1)][0]
