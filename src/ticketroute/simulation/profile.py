"""What pictures of a run need, small enough to send: waits, load over the day, attainment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen

from ticketroute.model.instants import datetime_of
from ticketroute.simulation.engine import Run
from ticketroute.simulation.figures import LOST, MADE, Waits
from ticketroute.simulation.units import DAY, HOUR

LEAST_WAIT, MOST_WAIT = 1_000, 30 * DAY
EDGES: tuple[int, ...] = tuple(
    round(edge) for edge in np.geomspace(LEAST_WAIT, MOST_WAIT, 61)
)  # of waits, ten a decade or so
HOURS_OF_A_DAY = 24


@frozen(eq=False)
class Profile:
    """Sums over tickets and hours; sums of several replications are added up.

    ``waits`` counts the tickets that waited less than each edge of ``EDGES``, of ``tickets``.
    ``busy`` are the milliseconds that each agent was busy in each hour of the day, ``span`` the
    milliseconds of the day's hours in the run. ``clocks`` maps metric and priority to how many
    clocks were met, of how many decided.
    """

    tickets: int
    waits: tuple[int, ...]
    busy: tuple[tuple[int, ...], ...]
    span: int
    clocks: Mapping[tuple[str, str], tuple[int, int]]


def profile_of(run: Run, *, warm_up: int) -> Profile:
    """Return the profile of a run. O(tickets log tickets)."""
    scenario = run.scenario
    cut = scenario.start + warm_up
    wait = np.sort(Waits.of(run, cut).wait)
    hours = [
        _by_hour(staff.busy_from, staff.busy_until, cut, scenario.end, _zone(scenario))
        for staff in run.staff.values()
    ]
    clocks: dict[tuple[str, str], tuple[int, int]] = {}
    for (metric, priority, outcome), count in sorted(run.clocks.items()):
        met, decided = clocks.get((metric, priority), (0, 0))
        met += count if outcome == MADE else 0
        decided += count if outcome == MADE or outcome in LOST else 0
        clocks[metric, priority] = (met, decided)
    return Profile(
        tickets=len(wait),
        waits=tuple(int(each) for each in np.searchsorted(wait, EDGES)),
        busy=tuple(hours),
        span=(scenario.end - cut) // HOURS_OF_A_DAY,
        clocks=clocks,
    )


def together(profiles: Iterable[Profile]) -> Profile:
    """Add up the profiles of several replications of one scenario."""
    listed = list(profiles)
    clocks: dict[tuple[str, str], tuple[int, int]] = {}
    for each in listed:
        for key, (met, decided) in each.clocks.items():
            before = clocks.get(key, (0, 0))
            clocks[key] = (before[0] + met, before[1] + decided)
    busy = np.sum([np.array(each.busy, dtype=np.int64) for each in listed], axis=0)
    waits = np.sum([np.array(each.waits, dtype=np.int64) for each in listed], axis=0)
    return Profile(
        tickets=sum(each.tickets for each in listed),
        waits=tuple(int(each) for each in waits),
        busy=tuple(tuple(int(cell) for cell in row) for row in busy),
        span=sum(each.span for each in listed),
        clocks=clocks,
    )


def _zone(scenario: Any) -> ZoneInfo:
    hours = [worker.hours.zone for worker in scenario.workers if worker.hours is not None]
    return ZoneInfo(hours[0] if hours else "UTC")


def _by_hour(since: Any, until: Any, cut: int, end: int, zone: ZoneInfo) -> tuple[int, ...]:
    """Divide spans among the hours of the day, by the zone's offset at the start of the run."""
    offset = datetime_of(cut).astimezone(zone).utcoffset()
    moved = 0 if offset is None else round(offset.total_seconds() * 1_000)
    starts = np.clip(np.array(since, dtype=np.int64), cut, end) + moved
    ends = np.clip(np.array(until, dtype=np.int64), cut, end) + moved
    busy = []
    for hour in range(HOURS_OF_A_DAY):
        first, last = hour * HOUR, (hour + 1) * HOUR
        busy.append(int((_until(ends, first, last) - _until(starts, first, last)).sum()))
    return tuple(busy)


def _until(at: Any, first: int, last: int) -> Any:
    """Return how much of one hour of the day there was from the epoch up to an instant."""
    return at // DAY * (last - first) + np.clip(at % DAY - first, 0, last - first)
