"""What time alone will change: setting it among many, and asking when nothing is due."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared, size_word
from benchmarks.world import SEED
from benchmarks.yardsticks import BareHeap
from ticketroute import Dispatcher
from ticketroute.core.index.timers import Timer, TimerKind, Timers

SET_MOVE_CANCEL = 3.0  # at most so many times bare
FLAT = 1.25  # what "the same" means, as for calendars
SMALL, LARGE = 10_000, 1_000_000  # timers between which it is promised
FAR = 1_000_000_000  # milliseconds: nothing of this falls due while we look


def fill(timers: Timers, n: int) -> None:
    """Set n timers that fall due after ``FAR``."""
    chance = Random(SEED)
    for number in range(n):
        timer = Timer(TimerKind.WRAP_UP, f"agent-{number}", f"ticket-{number}")
        timers.set(timer, FAR + chance.randrange(FAR))


class SetMoveCancel:
    """Sets a timer, moves it to an earlier instant, which is the dearer move, and cancels it."""

    def __init__(self, n: int) -> None:
        self.most = n
        self._timers = Timers()
        fill(self._timers, n)
        self._chance = Random(SEED)
        self._todo: list[tuple[Timer, int]] = []

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        dues = self._chance.choices(range(2 * FAR, 3 * FAR), k=count)
        self._todo = [
            (Timer(TimerKind.WRAP_UP, f"other-{number}"), due) for number, due in enumerate(dues)
        ]

    def run(self) -> None:
        """Set, move, cancel; as many as there are timers, so that the sweep has its share."""
        timers = self._timers
        for timer, due in self._todo:
            timers.set(timer, due)
            timers.set(timer, due - FAR)
            timers.cancel(timer)


class Advance:
    """Lets time pass on a desk where nothing falls due."""

    most = 1_000_000

    def __init__(self, n: int) -> None:
        self._desk = Dispatcher()
        # A million wrap-ups by command would take minutes, and set these very timers.
        fill(self._desk._state.timers, n)  # noqa: SLF001  see above
        self._at = 0
        self._count = 0

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        self._count = count

    def run(self) -> None:
        """Advance by a millisecond at a time."""
        advance = self._desk.advance
        for at in range(self._at, self._at + self._count):
            advance(at=at)
        self._at += self._count
        assert self._at < FAR


def rows(effort: Effort) -> Iterator[Row]:
    """Measure the heap of instants, then the desk around it."""
    least, n = effort.timers[0], effort.timers[-1]
    contenders: dict[str, Contender] = {"ticketroute": SetMoveCancel(n), "bare": BareHeap(n)}
    seconds = interleaved(contenders, effort, count=n)
    yield compared(
        "timers: set + move + cancel among n",
        n,
        seconds["ticketroute"],
        "bare",
        seconds["bare"],
        at_most=SET_MOVE_CANCEL if n == LARGE else None,
    )
    desks: dict[str, Contender] = {"few": Advance(least), "many": Advance(n)}
    seconds = interleaved(desks, effort)
    yield compared(
        "timers: advance with nothing due among n",
        n,
        seconds["many"],
        f"itself at {size_word(least)}",
        seconds["few"],
        at_most=FLAT if (least, n) == (SMALL, LARGE) else None,
    )
