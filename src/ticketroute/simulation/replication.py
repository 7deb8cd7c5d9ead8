"""One replication: every scenario once, on the same tickets. A function of its arguments."""

from __future__ import annotations

import traceback
from collections.abc import Mapping

import numpy as np
from attrs import frozen

from ticketroute.simulation.engine import Run
from ticketroute.simulation.figures import Waits, figures_of
from ticketroute.simulation.profile import Profile, profile_of
from ticketroute.simulation.records import NEVER
from ticketroute.simulation.scenario import Scenario
from ticketroute.simulation.statistics import mser5
from ticketroute.strategies import registry
from ticketroute.strategies.registry import Factory


@frozen(kw_only=True)
class Task:
    """What a worker is sent: scenarios by name, and the number and seed of the replication."""

    number: int
    seed: str
    scenarios: Mapping[str, Scenario]
    own: Mapping[str, Factory]


@frozen(kw_only=True)
class Replication:
    """What a worker sends back: figures, never tickets.

    ``warm_up`` is the part left out at the start of every scenario, in milliseconds; ``unclear``
    says that MSER-5 found none, because the run is too short.
    """

    number: int
    seed: str
    warm_up: int
    unclear: bool
    figures: Mapping[str, Mapping[str, float]]
    profiles: Mapping[str, Profile]


@frozen(kw_only=True)
class Failure:
    """A replication that could not be run; ``error`` is the message, ``trace`` where it was."""

    number: int
    seed: str
    error: str
    trace: str

    def __str__(self) -> str:
        return f"replication {self.number} (seed {self.seed!r}) failed: {self.error}"


def replicate(task: Task) -> Replication | Failure:
    """Run every scenario of a task; whatever is raised comes back as text.

    An exception of somebody else's class may not survive the way back from a process, and breaks
    a whole pool then.
    """
    try:
        return _replicate(task)
    except Exception as fault:  # noqa: BLE001  it is not lost: it comes back as a Failure
        return Failure(
            number=task.number,
            seed=task.seed,
            error=f"{type(fault).__name__}: {fault}",
            trace=traceback.format_exc(),
        )


def _replicate(task: Task) -> Replication:
    for name, factory in task.own.items():
        registry.register(name, factory)
    cuts = [_known_warm_up(each) for each in task.scenarios.values()]
    known = None if None in cuts else max(each or 0 for each in cuts)
    found: dict[str, tuple[dict[str, float], Profile]] = {}
    runs: dict[str, Run] = {}
    for name, scenario in task.scenarios.items():
        if known is None:  # the largest cut of all is known when all have run
            runs[name] = Run(scenario, seed=task.seed).go()
        else:
            found[name] = _told(Run(scenario, seed=task.seed).go(), warm_up=known)
    warm_up, unclear = known or 0, False
    for run in runs.values():
        cut = warm_up_of(run)
        unclear = unclear or cut is None
        warm_up = max(warm_up, run.scenario.length // 2 if cut is None else cut)
    for name, run in runs.items():
        found[name] = _told(run, warm_up=warm_up)
    return Replication(
        number=task.number,
        seed=task.seed,
        warm_up=warm_up,
        unclear=unclear,
        figures={name: figures for name, (figures, _) in found.items()},
        profiles={name: profile for name, (_, profile) in found.items()},
    )


def _told(run: Run, *, warm_up: int) -> tuple[dict[str, float], Profile]:
    return figures_of(run, warm_up=warm_up), profile_of(run, warm_up=warm_up)


def _known_warm_up(scenario: Scenario) -> int | None:
    """Return the milliseconds to leave out where no run has to tell."""
    if scenario.warm_up is None and scenario.opens_and_closes:
        return 0
    return scenario.warm_up


def warm_up_of(run: Run) -> int | None:
    """Return the milliseconds to leave out at the start of a run; None if it is too short to tell.

    It is what the scenario says, or else the largest of what MSER-5 finds for the waits and the
    times to resolve, in the order of arrival. A desk that opens and closes has none.
    """
    scenario = run.scenario
    known = _known_warm_up(scenario)
    if known is not None:
        return known
    waits = Waits.of(run, scenario.start)
    arrived = np.frombuffer(run.records.arrived, dtype=np.int64) if len(run.records) else ()
    ended = np.frombuffer(run.records.ended, dtype=np.int64) if len(run.records) else ()
    spans = np.where(np.asarray(ended) != NEVER, np.asarray(ended) - np.asarray(arrived), np.nan)
    longest = 0
    for series in (waits.wait, spans):
        cut = mser5(series)
        if cut is None:
            return None
        if cut:
            longest = max(longest, int(arrived[cut]) - scenario.start)
    return longest
