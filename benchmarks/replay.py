"""Replay: what folding a history costs for each event, beside deciding what it tells of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from random import Random

from attrs import evolve

from benchmarks import world
from benchmarks.histories import MIXED, History, Make, empty, mixed, plain
from benchmarks.rounds import Effort, interleaved
from benchmarks.table import Row, compared, size_word
from ticketroute import Dispatcher

DECIDED = 1.0  # at most so many times deciding: a replay decides nothing
ROUNDS = 3  # of histories, the longest of which take half a minute to decide
PACE = 500_000  # events a second, so about that: how many make a round
VARIED = 10_000  # events from which on a mixed history has some of every sort

HISTORIES: Mapping[str, Make] = {
    "submit and resolve": plain,
    "a mixed history": mixed,
}


class Led:
    """Leads an empty desk through a history, as often as makes a round, and keeps the last one."""

    def __init__(self, lead: Callable[[], Dispatcher], *, most: int) -> None:
        self._lead = lead
        self.most = most
        self._count = 0
        self.desk: Dispatcher | None = None

    def prepare(self, count: int) -> None:
        """Forget the desk of the round before: another one beside it would slow the first."""
        self._count, self.desk = count, None

    def run(self) -> None:
        """Lead desk after desk."""
        for _ in range(self._count):
            self.desk = self._lead()


def folded(history: History) -> Dispatcher:
    """Return a desk that the events of a history were replayed to."""
    return Dispatcher.replay(history.events, random=Random(world.SEED))


def decided(history: History) -> Dispatcher:
    """Return a desk that was given the commands of a history, and decided them anew."""
    desk = empty()
    for command in history.commands:
        command.give(desk)
    return desk


def rows(effort: Effort) -> Iterator[Row]:
    """Measure a history of two commands, then one of all sorts."""
    few = evolve(effort, rounds=min(effort.rounds, ROUNDS))
    for name, make in HISTORIES.items():
        yield from _rows(name, make, few)


def _rows(name: str, make: Make, effort: Effort) -> Iterator[Row]:
    title = f"replay: {name} of n events, for each event"
    first = effort.lines[0]
    shortest = make(first, effort.strategy)
    for n in effort.lines:
        history = shortest if n == first else make(n, effort.strategy)
        ways = {
            "fold": _led(folded, history, effort),
            "decide": _led(decided, history, effort),
            "short": _led(folded, shortest, effort),
        }
        spent = interleaved(ways, effort, count=max(way.most for way in ways.values()))
        for way in ("fold", "decide"):
            check(history, ways[way].desk, varied=make is mixed and n >= VARIED)
        each = [second / len(history.events) for second in spent["fold"]]
        other = [second / len(history.events) for second in spent["decide"]]
        yield compared(title, n, each, "deciding them", other, at_most=DECIDED)
        if n != first:
            short = [second / len(shortest.events) for second in spent["short"]]
            yield compared(title, n, each, f"itself at {size_word(first)}", short)


def _led(way: Callable[[History], Dispatcher], history: History, effort: Effort) -> Led:
    most = max(1, int(effort.seconds * PACE / len(history.events)))
    return Led(partial(way, history), most=most)


def check(history: History, desk: Dispatcher | None, *, varied: bool) -> None:
    """See that a desk was led where the history led, and through what it says."""
    assert desk is not None
    assert desk.same_state(history.desk), "what was measured led elsewhere"
    missing = MIXED.difference(map(type, history.events)) if varied else ()
    assert not missing, f"nothing of {missing} in a mixed history"
