"""What two revisions are compared on: each workload is one contender, made in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from attrs import frozen

from benchmarks import filters, histories, replay, world
from benchmarks.calendar import FAR, moments
from benchmarks.calendar_peers import Questions, office
from benchmarks.cycle import DeskCycle
from benchmarks.rounds import Contender, Effort
from benchmarks.simulation import SIZES, Ours
from ticketroute import hours
from ticketroute.model.instants import instant_of


@frozen
class Workload:
    """One line of the comparison.

    ``size`` is the number of agents, events or open hours. One operation of the contender does
    ``parts`` things, and the time of one of them is shown.
    """

    title: str
    size: int
    make: Callable[[int, str], Contender]  # from the size and the name of a strategy
    parts: int = 1


def workloads(effort: Effort) -> Iterator[Workload]:
    """Yield the workloads, with no more agents than an effort's largest size."""
    small, large = (min(n, max(effort.sizes)) for n in (1_000, 100_000))
    for skilled, asking in ((False, "everyone fits"), (True, f"{world.DEMANDS} demands")):
        for n in sorted({small, large}):
            title = f"cycle: submit + resolve, {asking}"
            yield Workload(title, n, partial(_cycle, skilled=skilled))
    for scenario in filters.scenarios():
        yield Workload(f"filters: {scenario.name}", large, partial(_filtered, scenario))
    yield Workload("calendar: add n open hours", FAR, _added)
    yield Workload("calendar: elapsed over n open hours", FAR, _elapsed)
    events = min(large, max(effort.lines))
    for name, history in replay.HISTORIES.items():
        title = f"replay: {name} of n events, for each event"
        yield Workload(title, events, partial(_replayed, history), parts=events)
    for n in SIZES:
        yield Workload("simulation: a ticket of M/M/c, load 0.9", n, _simulated)


def _cycle(n: int, strategy: str, *, skilled: bool) -> Contender:
    everyone, work = world.agents(n, skilled=skilled), world.Work(skilled=skilled)
    return DeskCycle(everyone, work, strategy=strategy)


def _filtered(scenario: filters.Scenario, n: int, strategy: str) -> Contender:
    desk = filters.FilterDesk(filters.Crowd(scenario, n), strategy=strategy)
    desk.prepare(filters.WARM)
    desk.run()
    return desk


def _added(n: int, _: str) -> Contender:
    table = office().timetable
    return Questions([partial(table.add, instant_of(each), hours(n)) for each in moments()])


def _elapsed(n: int, _: str) -> Contender:
    calendar = office()
    spans = [(each, calendar.add(each, timedelta(hours=n))) for each in moments()]
    ask = calendar.timetable.elapsed
    return Questions([partial(ask, instant_of(start), instant_of(end)) for start, end in spans])


def _replayed(make: histories.Make, n: int, strategy: str) -> Contender:
    history = make(n, strategy)
    return replay.Led(partial(replay.folded, history), most=100)


def _simulated(n: int, _: str) -> Contender:
    return Ours(n)
