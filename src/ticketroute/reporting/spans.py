"""Lengths of time of which percentiles are asked later: all of them, or counts by size."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol, Self

from attrs import define, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import Span

_FINE = 7  # bits kept of a long span: two spans of one count differ by less than 1 in 128


class Spans(Protocol):
    """Spans in milliseconds, one added at a time."""

    def add(self, span: Span, /) -> None:
        """Note a span. O(1)."""
        ...

    def counted(self) -> Counter[Span]:
        """Return how often each span came."""
        ...

    @property
    def total(self) -> Span:
        """All spans added up, exactly."""
        ...


class ExactSpans(array):  # type: ignore[type-arg]  # a generic array cannot be subclassed
    """Keeps every span, in 8 bytes each: percentiles are exact."""

    __slots__ = ()

    def __new__(cls, spans: Iterable[Span] = ()) -> Self:
        """Make spans, by default none."""
        made: Any = super().__new__(cls, "q", spans)
        found: Self = made
        return found

    add = array.append  #: notes a span; O(1)

    def counted(self) -> Counter[Span]:
        """Return how often each span came. O(n)."""
        return Counter(self)

    @property
    def total(self) -> Span:
        """All spans added up. O(n)."""
        return sum(self)


@define
class RoundedSpans:
    """Counts spans by size, in memory that does not grow with their number.

    A span is rounded down to its 7 leading bits, so a percentile is too small by less than
    1/128 of itself; below 128 ms it is exact. The sum stays exact.
    """

    counts: Counter[Span] = field(factory=Counter)
    total: Span = 0

    def add(self, span: Span) -> None:
        """Note a span. O(1)."""
        beyond = span.bit_length() - _FINE
        self.counts[span if beyond <= 0 else (span >> beyond) << beyond] += 1
        self.total += span

    def counted(self) -> Counter[Span]:
        """Return how often each rounded span came. O(sizes)."""
        return self.counts


@frozen
class Distribution:
    """Some spans put together; questions about them have no answer where there is none."""

    counts: Counter[Span] = field(repr=False)
    count: int
    total: Span

    @classmethod
    def of(cls, several: Iterable[Spans]) -> Distribution:
        """Put spans together. O(n)."""
        counts: Counter[Span] = Counter()
        total = 0
        for each in several:
            counts.update(each.counted())
            total += each.total
        return cls(counts, counts.total(), total)

    @property
    def mean(self) -> float | None:
        """The arithmetic mean in milliseconds."""
        return self.total / self.count if self.count else None

    def percentile(self, percent: int) -> Span | None:
        """Return the smallest span that at least ``percent`` of 100 do not exceed.

        That is the nearest rank: a span that came, and no value between two of them.

        Raises:
            InvalidValueError: if ``percent`` is not a whole number from 1 to 100.
        """
        if type(percent) is not int or not 1 <= percent <= 100:
            raise InvalidValueError("percent", percent, "a whole number from 1 to 100")
        rank = -(-self.count * percent // 100)
        for span in sorted(self.counts):
            rank -= self.counts[span]
            if rank <= 0:
                return span
        return None
