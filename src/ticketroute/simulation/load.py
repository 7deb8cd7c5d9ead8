"""How loaded a scenario is before it runs: the least share of everybody's time that suffices."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from ticketroute.errors import TicketRouteError
from ticketroute.model import QueueId
from ticketroute.simulation.scenario import Kind, Scenario, Worker
from ticketroute.simulation.units import HOUR

MOST_CELLS = 200_000  # demands times groups of agents: beyond, the figure is left out


class OverloadError(TicketRouteError):
    """More work comes in than the agents can do; waits would grow with the length of the run.

    ``load`` is the share of their time that the work takes, above 1.
    """

    def __init__(self, name: str, load: float) -> None:
        super().__init__(name, load)
        self.name, self.load = name, load

    def __str__(self) -> str:
        return (
            f"scenario {self.name!r} has a load of {self.load:.2f}: more work comes in than its "
            "agents can do, and waits grow with the length of the run; add agents, shorten the "
            "handling, or run it all the same with allow_overload=True (--allow-overload)"
        )


def load_of(scenario: Scenario) -> float:
    """Return the load: the least share of working time that does all the work, 0 for none.

    Work is divided among the agents who may have it in the best way there is; above 1 there is
    none. The hours on duty count, not when they lie. inf means that nobody may have some tickets,
    nan that the scenario is too large to tell.

    Source: the static planning problem of J. M. Harrison, "Brownian models of open processing
        networks", Annals of Applied Probability 10 (2000).
    """
    hours = {worker.agent.id: _time(scenario, worker) for worker in scenario.workers}
    works = _works(scenario)
    if not works:
        return 0.0
    members = {queue.id: queue.members for queue in scenario.queues}
    groups: dict[tuple[float, ...], float] = defaultdict(float)
    for worker in scenario.workers:
        spans = tuple(
            span * _pace(worker, queue, skills)
            if worker.agent.id in members[queue] and _can(worker, skills)
            else math.inf
            for (queue, skills), (_, span) in works.items()
        )
        groups[spans] += hours[worker.agent.id]
    if len(groups) * len(works) > MOST_CELLS:
        return math.nan
    return _least(np.array([rate for rate, _ in works.values()]), groups)


_Demand = tuple[QueueId, tuple[tuple[str, int], ...]]


def _works(scenario: Scenario) -> dict[_Demand, tuple[float, float]]:
    """Return tickets in the whole run and mean span of each demand: a queue and skills."""
    rates: defaultdict[_Demand, float] = defaultdict(float)
    time: defaultdict[_Demand, float] = defaultdict(float)
    for kind in scenario.kinds:
        tickets = kind.arrivals.per_hour(scenario.start, scenario.end) * scenario.length / HOUR
        for queue, share, factor in _visits(kind):
            mixes = kind.skills or (({}, 1.0),)
            whole = sum(size for _, size in mixes)
            for skills, size in mixes:
                demand = (queue, tuple(sorted(skills.items())))
                count = tickets * share * size / whole
                if count:
                    rates[demand] += count
                    time[demand] += count * kind.handling.mean * factor
    return {demand: (count, time[demand] / count) for demand, count in rates.items()}


def _visits(kind: Kind) -> Iterator[tuple[QueueId, float, float]]:
    """Yield the queues of a kind, the share of its tickets worked there, and the part of it."""
    again = 1.0
    if kind.reopening is not None:
        share = kind.reopening.share
        again += share / (1 - share) * kind.reopening.factor
    if kind.misrouting is None:
        yield kind.queue, 1.0, again
        return
    wrong = kind.misrouting
    yield kind.queue, 1.0, (1 - wrong.share) * again + wrong.share * wrong.noticed
    whole = sum(size for _, size in wrong.to)
    for queue, size in wrong.to:
        yield queue, wrong.share * size / whole, again


def _time(scenario: Scenario, worker: Worker) -> float:
    if worker.hours is None:
        time = scenario.length
    else:
        time = worker.hours.timetable.elapsed(scenario.start, scenario.end)
    capacity = worker.agent.capacity
    at_once = scenario.defaults.capacity if capacity is None else capacity
    return float(time) * (1 if worker.one_at_a_time else at_once)


def _can(worker: Worker, skills: tuple[tuple[str, int], ...]) -> bool:
    return all(worker.agent.skills.get(skill, 0) >= level for skill, level in skills)


def _pace(worker: Worker, queue: str, skills: tuple[tuple[str, int], ...]) -> float:
    pace = worker.pace * worker.pace_of.get(queue, 1.0)
    for skill, _ in skills:
        pace *= worker.pace_of.get(skill, 1.0)
    return pace


def _least(counts: np.ndarray, groups: Mapping[tuple[float, ...], float]) -> float:
    """Return the least load, by a linear programme: tickets of each demand done by each group."""
    cells = [
        (group, demand)
        for group, spans in enumerate(groups)
        for demand, span in enumerate(spans)
        if math.isfinite(span)
    ]
    if {demand for _, demand in cells} != set(range(len(counts))):
        return math.inf
    spans, time = list(groups), np.array(list(groups.values()))
    unit = max(1.0, float(time.max()))
    served = np.zeros((len(counts), len(cells) + 1))
    spent = np.zeros((len(groups), len(cells) + 1))
    for column, (group, demand) in enumerate(cells):
        served[demand, column] = 1.0
        spent[group, column] = spans[group][demand] * counts[demand] / unit
    spent[:, -1] = -time / unit
    cost = np.zeros(len(cells) + 1)
    cost[-1] = 1.0
    from scipy.optimize import linprog  # noqa: PLC0415  a worker needs no scipy: 60 MB less

    found = linprog(
        cost, A_ub=spent, b_ub=np.zeros(len(groups)), A_eq=served, b_eq=np.ones(len(counts))
    )
    return math.inf if found.fun is None else float(found.fun)
