"""A calendar walked through tick by tick, beside which tests put whatever calculates."""

from __future__ import annotations

from itertools import groupby
from typing import Any


class Walk:
    """The open instants of a stretch, found by looking at every tick of it.

    A tick is so short that nothing changes within it: a second, or the greatest common divisor
    of all times and changes at hand.
    """

    def __init__(self, is_open: Any, start: int, end: int, *, tick: int) -> None:
        self.start, self.end, self.tick = start * 1_000, end * 1_000, tick * 1_000
        self.open = [is_open(second) for second in range(start, end, tick)]
        self.runs: list[tuple[int, int]] = []  # of open ticks
        number = 0
        for is_run, run in groupby(self.open):
            length = len(list(run))
            if is_run:
                since = self.start + number * self.tick
                self.runs.append((since, since + length * self.tick))
            number += length

    def is_open(self, at: int) -> bool:
        """Return whether it was open at an instant of the walk."""
        return bool(self.open[(at - self.start) // self.tick])

    def elapsed(self, start: int, end: int) -> int:
        """Count the open steps from one instant to another."""
        if end < start:
            return -self.elapsed(end, start)
        return sum(until - since for since, until in self.windows(start, end))

    def add(self, start: int, span: int) -> int | None:
        """Return the least instant by which ``span`` is used up; None: beyond the walk."""
        left = span
        for since, until in self.runs:
            here = until - max(start, since)
            if here <= 0:
                continue
            if left <= here:
                return max(start, since) + left
            left -= here
        return None

    def subtract(self, start: int, span: int) -> int | None:
        """Return the greatest instant since which ``span`` is used up; None: before the walk."""
        left = span
        for since, until in reversed(self.runs):
            here = min(start, until) - since
            if here <= 0:
                continue
            if left <= here:
                return min(start, until) - left
            left -= here
        return None

    def next_open(self, at: int) -> int | None:
        """Walk on to the next open instant."""
        return self.add(at, 0)

    def next_close(self, at: int) -> int | None:
        """Return the next closing; None: beyond the walk, whose own end closes nothing."""
        closes = (until for _, until in self.runs if at < until < self.end)
        return next(closes, None)

    def windows(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the open runs between two instants."""
        inside = ((max(since, start), min(until, end)) for since, until in self.runs)
        return [(since, until) for since, until in inside if since < until]
