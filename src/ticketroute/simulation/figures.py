"""The figures of one run, from its records: the one module to swap for ``ticketroute.reporting``.

Figures count the tickets that came in from the end of the warm-up to the end of the scenario, and
for figures over time the span between the two. A figure that nothing could be said about is nan.
Spans are in milliseconds, shares from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from ticketroute.simulation.engine import Run
from ticketroute.simulation.people import Staff
from ticketroute.simulation.records import AT_ONCE, NEVER, Outcome, Records

Column = npt.NDArray[Any]
MADE, LOST = "met", ("missed", "overdue")


@frozen
class Figure:
    """What a figure is called, how it is written, and which direction is better."""

    name: str
    title: str
    unit: str  # "span", "share", "count" or "index"
    better: str  # "low", "high" or "": neither
    says: str


CATALOGUE: Mapping[str, Figure] = {
    each.name: each
    for each in (
        Figure("wait", "Mean wait", "span", "low", "arrival to the start of work, answered tickets (average speed of answer)"),
        Figure("wait_all", "Mean wait, all", "span", "low", "arrival to the start of work or to giving up"),
        Figure("wait_median", "Median wait", "span", "low", "half of the answered tickets waited no longer"),
        Figure("wait_p90", "90 % of waits", "span", "low", "nine of ten answered tickets waited no longer"),
        Figure("waited", "Had to wait", "share", "low", "tickets that were not worked on at once"),
        Figure("service_level", "Service level", "share", "high", "answered within the target, of all but those given up within it"),
        Figure("service_level_all", "Service level, of all", "share", "high", "answered within the target, of all tickets"),
        Figure("service_level_answered", "Service level, of answered", "share", "high", "answered within the target, of answered tickets"),
        Figure("abandoned", "Abandonment", "share", "low", "requesters who gave up before an agent had the ticket"),
        Figure("resolution", "Mean time to resolve", "span", "low", "arrival to resolved"),
        Figure("handle", "Mean handle time", "span", "", "time worked on a ticket, over all its agents"),
        Figure("handovers", "Hand-overs", "count", "low", "agents after the first, for each ticket"),
        Figure("occupancy", "Occupancy", "share", "", "time with a ticket or in wrap-up, over staffed time: hours on duty, and overtime"),
        Figure("fairness", "Fairness of load", "index", "high", "Jain's index of the agents' busy share; 1 is even"),
        Figure("queue_length", "Mean queue", "count", "low", "tickets that wait, on average over time"),
        Figure("attainment", "SLA attainment", "share", "high", "clocks that met their target, of those decided"),
        Figure("left", "Not resolved", "share", "low", "tickets still open at the end of the run"),
    )
}  # fmt: skip


def figures_of(run: Run, *, warm_up: int) -> dict[str, float]:
    """Return the figures of a run whose first ``warm_up`` milliseconds are left out.

    Raises nothing: an empty interval has no wait, which is nan. O(tickets log tickets).

    Source: service level, speed of answer and abandonment as in the Amazon Connect administrator
        guide; variants of the service level as in N. Gans, G. Koole, A. Mandelbaum, "Telephone
        call centers", M&SOM 5 (2003). R. Jain, D. Chiu, W. Hawe, DEC-TR-301 (1984), for the index.
    """
    scenario = run.scenario
    cut, end = scenario.start + warm_up, scenario.end
    waits = Waits.of(run, cut)
    within = waits.wait <= scenario.target
    answered, gave_up = waits.answered, waits.gave_up
    in_time, early = (answered & within).sum(), (gave_up & within).sum()
    count = len(waits.wait)
    busy, staffed = busy_shares(run, cut, end)
    length = max(1, end - cut)
    return {
        "tickets": float(count),
        "wait": _mean(waits.wait[answered]),
        "wait_all": _mean(waits.wait),
        "wait_median": _quantile(waits.wait[answered], 0.5),
        "wait_p90": _quantile(waits.wait[answered], 0.9),
        "waited": _share((waits.wait > 0).sum(), count),
        "service_level": _share(in_time, count - early),
        "service_level_all": _share(in_time, count),
        "service_level_answered": _share(in_time, answered.sum()),
        "abandoned": _share(gave_up.sum(), count),
        "resolution": _mean(waits.resolution),
        "handle": _mean(waits.handled),
        "handovers": _mean(waits.handovers),
        "occupancy": _share(busy.sum(), staffed.sum()),
        "fairness": jain(np.divide(busy, staffed, out=np.zeros_like(busy), where=staffed > 0)),
        "queue_length": _queue(run, cut, end) / length,
        "attainment": attainment(run),
        "left": _share(waits.open.sum(), count),
    }


@frozen(eq=False)
class Waits:
    """The tickets that came in from ``cut`` on, as columns; ``first`` is the row of the first."""

    wait: Column
    answered: Column
    gave_up: Column
    open: Column
    resolved: Column
    first: int
    records: Records

    @classmethod
    def of(cls, run: Run, cut: int) -> Waits:
        """Return the columns of the tickets that came in from ``cut`` on."""
        records = run.records
        arrived = _column(records.arrived)
        first = int(np.searchsorted(arrived, cut))
        outcome = _column(records.outcome)[first:]
        wait = _answered_by(run, first, len(records))
        wait -= arrived[first:]
        return cls(
            wait=wait,
            answered=_column(records.started)[first:] != NEVER,
            gave_up=outcome == Outcome.ABANDONED,
            open=outcome == Outcome.OPEN,
            resolved=outcome == Outcome.RESOLVED,
            first=first,
            records=records,
        )

    # Made when asked for: each takes eight bytes a ticket, and a run may have millions.

    @property
    def resolution(self) -> Column:
        """Arrival to the last ending of the resolved tickets."""
        ended = _column(self.records.ended)[self.first :][self.resolved]
        ended -= _column(self.records.arrived)[self.first :][self.resolved]
        return ended

    @property
    def handled(self) -> Column:
        """The time worked on each resolved ticket."""
        return _column(self.records.handled)[self.first :][self.resolved]

    @property
    def handovers(self) -> Column:
        """The agents after the first of each ticket."""
        return _column(self.records.handovers)[self.first :]


def _answered_by(run: Run, first: int, last: int) -> Column:
    """Return when the wait of each ticket of some rows ended."""
    records = run.records
    started = _column(records.started)[first:last]
    until = np.where(started != NEVER, started, run.finished)
    gave_up = (_column(records.outcome)[first:last] == Outcome.ABANDONED) & (started == NEVER)
    until[gave_up] = _column(records.ended)[first:last][gave_up]
    return until


def busy_shares(run: Run, cut: int, end: int) -> tuple[Column, Column]:
    """Return the busy and the staffed milliseconds of each agent between two instants.

    An agent is staffed while on duty, and while they hold work outside of it: the overtime of a
    finished shift is in both sides of the division, so that no occupancy is above 1.
    """
    busy = np.zeros(len(run.staff))
    staffed = np.zeros(len(run.staff))
    for staff in run.staff.values():
        since, until = _column(staff.busy_from), _column(staff.busy_until)
        since, until = np.clip(since, cut, end), np.clip(until, cut, end)
        busy[staff.number] = (until - since).sum()
        staffed[staff.number] = _staffed(staff, since, until, cut, end)
    return busy, staffed


def _staffed(staff: Staff, since: Column, until: Column, cut: int, end: int) -> float:
    if staff.worker.hours is None:
        return end - cut
    opened, closed = _hours(staff, cut, end)
    on_duty = float((closed - opened).sum())
    # Overtime: busy time less the part of it on duty, from running sums of the hours.
    sums = np.concatenate(([0], np.cumsum(closed - opened)))

    def worked_by(at: Column) -> Column:
        place = np.searchsorted(opened, at, side="right")
        into = np.where(place > 0, closed[np.maximum(place - 1, 0)] - at, 0) if len(opened) else 0
        return sums[place] - np.maximum(into, 0)

    overlap = (worked_by(until) - worked_by(since)).sum() if len(since) else 0
    return float(on_duty + (until - since).sum() - overlap)


def _hours(staff: Staff, cut: int, end: int) -> tuple[Column, Column]:
    assert staff.worker.hours is not None
    windows = list(staff.worker.hours.timetable.windows(cut, end))
    opened = np.clip(np.array([window[0] for window in windows], dtype=np.int64), cut, end)
    closed = np.clip(np.array([window[1] for window in windows], dtype=np.int64), cut, end)
    return opened, closed


def jain(shares: Sequence[float] | Column) -> float:
    """Return Jain's fairness index: 1 for equal shares, 1/n where one agent has all.

    >>> jain([4, 0, 0, 0])
    0.25
    """
    values = np.asarray(shares, dtype=float)
    squares = len(values) * (values * values).sum()
    return float(values.sum() ** 2 / squares) if squares else math.nan


def attainment(run: Run, *, metric: str | None = None, priority: str | None = None) -> float:
    """Return the share of decided clocks that met their target, over the whole run."""
    met = decided = 0
    for (its_metric, its_priority, outcome), count in run.clocks.items():
        if metric not in (None, its_metric) or priority not in (None, its_priority):
            continue
        met += count if outcome == MADE else 0
        decided += count if outcome == MADE or outcome in LOST else 0
    return _share(met, decided)


def _queue(run: Run, cut: int, end: int) -> float:
    """Return the time spent waiting between two instants, over all tickets."""
    since, total = _column(run.records.arrived), 0.0
    for first in range(0, len(since), AT_ONCE):
        last = first + AT_ONCE
        until = np.clip(_answered_by(run, first, last), cut, end)
        total += float((until - np.clip(since[first:last], cut, end)).sum())
    return total


def _column(values: Any) -> Column:
    return np.frombuffer(values, dtype=values.typecode) if len(values) else np.zeros(0, np.int64)


def _mean(values: Column) -> float:
    return float(values.mean()) if len(values) else math.nan


def _quantile(values: Column, share: float) -> float:
    """Return the nearest-rank quantile: the least value that ``share`` of all do not exceed."""
    if not len(values):
        return math.nan
    rank = max(0, math.ceil(share * len(values)) - 1)
    return float(np.partition(values, rank)[rank])


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else math.nan
