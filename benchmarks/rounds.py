"""Timing: whoever is compared takes turns, round by round, so that a slow minute hits them all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import process_time
from typing import Protocol

from attrs import field, frozen

LEAST = 10  # operations in a round: fewer say little


class Contender(Protocol):
    """Something that does one kind of operation again and again."""

    @property
    def most(self) -> int:
        """The most operations of one round, beyond which it would no longer be the same work."""
        ...

    def prepare(self, count: int) -> None:
        """Make ready what ``count`` operations need; not timed."""
        ...

    def run(self) -> None:
        """Do the operations prepared; timed."""
        ...


@frozen(kw_only=True)
class Effort:
    """How much a run takes upon itself.

    ``sizes`` are numbers of agents, ``lines`` of waiting tickets, ``timers`` of things due,
    ``items`` what memory is divided by, and ``flood`` the tickets that ring everybody and are
    answered by nobody. ``seconds`` is the aim for one round of one contender;
    whoever would need more than ``patience`` seconds for ``LEAST`` operations is skipped.
    """

    sizes: Sequence[int]
    lines: Sequence[int]
    timers: Sequence[int]
    items: Sequence[int]
    flood: tuple[int, int] = (1_000, 10_000)
    rounds: int = 9
    seconds: float = field(default=0.2)
    patience: float = field(default=5.0)
    strategy: str = "average_load"


@frozen
class Ratio:
    """The middle of the rounds' ratios, and the least and the greatest of them."""

    middle: float
    low: float
    high: float


def ratio(subject: Sequence[float], yardstick: Sequence[float]) -> Ratio:
    """Divide round by round, then take the median: a slow round slows both sides of its division.

    >>> ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0])
    Ratio(middle=3.0, low=2.0, high=4.0)
    """
    ratios = [mine / theirs for mine, theirs in zip(subject, yardstick, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def interleaved(
    contenders: Mapping[str, Contender],
    effort: Effort,
    *,
    count: int | None = None,
    clock: Callable[[], float] = process_time,
) -> dict[str, list[float]]:
    """Return the seconds per operation of each contender in each round.

    Args:
        contenders: who takes turns; each round starts with another one.
        effort: how many rounds, and how long.
        count: operations a round; default, as many as fit ``effort.seconds``.
        clock: what tells the seconds. That of the process stands still while another program has
            the core, and while this one waits for another: a server needs the clock on the wall.

    Who is too slow is missing in the answer. No garbage is collected while the clock runs; it is
    between the rounds, where what was there before counts as permanent.
    """
    gc.collect()
    gc.freeze()
    try:
        counts = {}
        for name, contender in contenders.items():
            fitting = (
                fitting_count(contender, effort, clock)
                if count is None
                else min(count, contender.most)
            )
            if fitting:
                counts[name] = fitting
        seconds: dict[str, list[float]] = {name: [] for name in counts}
        names = list(counts)
        for _ in range(effort.rounds):
            for name in names:
                seconds[name].append(timed(contenders[name], counts[name], clock) / counts[name])
            names = names[1:] + names[:1]
    finally:
        gc.unfreeze()
    return seconds


def fitting_count(
    contender: Contender, effort: Effort, clock: Callable[[], float] = process_time
) -> int:
    """Find how many operations fit one round; 0 if too few do. It warms up the contender, too."""
    if timed(contender, 1, clock) * LEAST > effort.patience:
        return 0
    count = min(LEAST, contender.most)
    while True:
        elapsed = timed(contender, count, clock)
        if elapsed * LEAST / count > effort.patience:
            return 0
        if elapsed > effort.seconds / 4 or count == contender.most:
            return min(contender.most, max(LEAST, int(count * effort.seconds / elapsed)))
        count = min(contender.most, count * 4)


def timed(contender: Contender, count: int, clock: Callable[[], float] = process_time) -> float:
    """Return the seconds that ``count`` operations take; no garbage is collected meanwhile."""
    contender.prepare(count)
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        contender.run()
        return clock() - start
    finally:
        if was_on:
            gc.enable()
