"""Which strategy is right, and how sure are we: several scenarios on the same tickets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from importlib import import_module
from typing import Any

from attrs import define, evolve, field, frozen

from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.model import StrategySpec
from ticketroute.model.checks import check_whole
from ticketroute.simulation.executors import Found, team
from ticketroute.simulation.figures import CATALOGUE
from ticketroute.simulation.laws import check_number
from ticketroute.simulation.load import OverloadError, load_of
from ticketroute.simulation.profile import Profile, together
from ticketroute.simulation.replication import Failure, Replication, Task
from ticketroute.simulation.scenario import Scenario
from ticketroute.simulation.statistics import Difference, Interval, holm, interval, needed
from ticketroute.strategies import registry
from ticketroute.strategies.registry import Factory

MOST_REPLICATIONS = 1_000_000
FEWEST = 2  # replications: one says nothing about its own uncertainty
FEW = 5  # below, an interval rests on too little to lean on

Progress = Callable[[int, int], None]


class AllFailedError(TicketRouteError):
    """No replication could be run; ``failures`` say why."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        super().__init__(failures)
        self.failures = failures

    def __str__(self) -> str:
        return f"none of {len(self.failures)} replications could be run; {self.failures[0]}"


@frozen(kw_only=True)
class Comparison:
    """What several scenarios gave on the same tickets, replication by replication.

    ``scenarios`` are by name, ``baseline`` is the name that the others are compared with, and
    ``figure`` the name of the figure that the answer goes by. ``interrupted`` says that somebody
    stopped it early: what is there counts, with its wider interval.
    """

    scenarios: Mapping[str, Scenario]
    baseline: str
    figure: str
    confidence: float
    replications: tuple[Replication, ...]
    failures: tuple[Failure, ...] = ()
    half_width: float | None = None
    loads: Mapping[str, float] = field(factory=dict)
    seed: str = "1"
    interrupted: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the scenarios, in the order given."""
        return tuple(self.scenarios)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """All names but the baseline's."""
        return tuple(name for name in self.scenarios if name != self.baseline)

    def values(self, name: str, figure: str) -> list[float]:
        """Return a figure of a scenario, one value a replication."""
        return [each.figures[name][figure] for each in self.replications]

    def interval(self, name: str, figure: str | None = None) -> Interval:
        """Return the mean of a figure over the replications, with its t interval."""
        return interval(self.values(name, figure or self.figure), confidence=self.confidence)

    def differences(self, figure: str | None = None) -> dict[str, Difference]:
        """Return each alternative less the baseline, with Holm over the alternatives."""
        figure = figure or self.figure
        base = self.values(self.baseline, figure)
        pairs = [
            [other - own for other, own in zip(self.values(name, figure), base, strict=True)]
            for name in self.alternatives
        ]
        found = holm(pairs, confidence=self.confidence)
        return dict(zip(self.alternatives, found, strict=True))

    def profile(self, name: str) -> Profile:
        """Return the waits, the load over the day and the attainment of all replications."""
        return together(each.profiles[name] for each in self.replications)

    @property
    def unclear(self) -> int:
        """In how many replications no warm-up was found, so that half of the run was left out."""
        return sum(each.unclear for each in self.replications)

    @property
    def known_figures(self) -> tuple[str, ...]:
        """The figures that could be told, in the order of the catalogue."""
        return tuple(
            name
            for name in CATALOGUE
            if any(not math.isnan(self.interval(each, name).mean) for each in self.names)
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield tidy rows: replication, scenario, figure, value."""
        for each in self.replications:
            for name, figures in each.figures.items():
                for figure, value in figures.items():
                    yield {
                        "replication": each.number,
                        "scenario": name,
                        "figure": figure,
                        "value": value,
                    }

    def to_pandas(self) -> Any:
        """Return ``rows`` as a pandas DataFrame; ModuleNotFoundError without pandas."""
        pandas: Any = import_module("pandas")  # only where it is asked for
        return pandas.DataFrame(list(self.rows()))

    def more_needed(self) -> int:
        """Return about how many replications the wanted half-width needs; 0 if there are enough."""
        if self.half_width is None:
            return 0
        most = max(needed(self.interval(name), self.half_width) for name in self.names)
        return most if most > len(self.replications) else 0


def compare(
    scenarios: Scenario | Mapping[str, Scenario],
    strategies: Iterable[str | StrategySpec] = (),
    *,
    baseline: str | None = None,
    figure: str = "wait",
    replications: int = 10,
    most: int | None = None,
    half_width: float | None = None,
    confidence: float = 0.95,
    seed: str | int = 1,
    executor: Executor | None = None,
    workers: int | None = None,
    allow_overload: bool = False,
    own: Mapping[str, Factory] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run scenarios on the same tickets and compare their figures.

    Args:
        scenarios: one scenario, which is run with each of ``strategies``, or scenarios by name.
        strategies: names such as ``"round_robin"``.
        baseline: the name that the others are compared with; None means the first.
        figure: the name of the figure that the answer goes by, one of ``CATALOGUE``.
        replications: how many to run, 1 or more; with ``half_width``, how many at a time.
        most: with ``half_width``, the most to run; None means 50 times ``replications``.
        half_width: run until each scenario's interval of ``figure`` is within this share of its
            mean, such as 0.05.
        confidence: of intervals, and of all comparisons of one figure together.
        seed: a text or a number; the same one gives the same result on any executor.
        executor: any ``concurrent.futures.Executor``, which is left open; None means processes of
            this machine.
        workers: how many processes where there is no executor; 1 runs everything here.
        allow_overload: run although more work comes in than the agents can do.
        own: strategies of one's own by name, as classes or functions that can be imported.
        progress: is called with the number of replications done and planned.

    Returns:
        A comparison. Replications that failed are in its ``failures``, the others count.

    Raises:
        OverloadError: if a scenario's load is above 1, unless ``allow_overload``.
        UnknownStrategyError: if there is no such strategy.
        InvalidValueError: if an argument makes no sense.
        AllFailedError: if no replication could be run.
    """
    for name, factory in (own or {}).items():
        registry.register(name, factory)
    named = _named(scenarios, strategies)
    study = Study(
        scenarios=named,
        baseline=baseline if baseline is not None else next(iter(named)),
        figure=figure,
        confidence=confidence,
        half_width=half_width,
        seed=str(seed),
        own=dict(own or {}),
    )
    check_whole("replications", replications, 1, MOST_REPLICATIONS)
    most = 50 * replications if most is None else most
    check_whole("most", most, 1, MOST_REPLICATIONS)
    if half_width is not None:
        check_number("half_width", half_width, 0, 1, above=True)
    study.check(allow_overload=allow_overload)
    with team(executor, workers) as members:
        return study.run(members, batch=replications, most=most, progress=progress)


def _named(
    scenarios: Scenario | Mapping[str, Scenario], strategies: Iterable[str | StrategySpec]
) -> dict[str, Scenario]:
    specs = [StrategySpec.of(each) for each in strategies]
    if isinstance(scenarios, Scenario):
        if not specs:
            return {scenarios.name: scenarios}
        return {str(spec): scenarios.with_strategy(spec) for spec in specs}
    if not scenarios:
        raise InvalidValueError("scenarios", {}, "one scenario at least")
    named = dict(scenarios)
    if specs:
        raise InvalidValueError(
            "strategies", [str(spec) for spec in specs], "left out where scenarios have names"
        )
    return named


@define(kw_only=True)
class Study:
    """A comparison as it is planned."""

    scenarios: Mapping[str, Scenario]
    baseline: str
    figure: str
    confidence: float
    half_width: float | None
    seed: str
    own: Mapping[str, Factory]
    loads: dict[str, float] = field(factory=dict)

    def check(self, *, allow_overload: bool) -> None:
        """Raise before the run what would spoil it."""
        if self.baseline not in self.scenarios:
            raise InvalidValueError(
                "baseline", self.baseline, f"one of {', '.join(self.scenarios)}"
            )
        if self.figure not in CATALOGUE:
            raise InvalidValueError("figure", self.figure, f"one of {', '.join(CATALOGUE)}")
        check_number("confidence", self.confidence, 0.5, 0.9999)
        for name, scenario in self.scenarios.items():
            for queue in scenario.queues:
                registry.create(queue.strategy, source=_NoSource())
            self.loads[name] = load_of(scenario)
            if self.loads[name] > 1 and not allow_overload:
                raise OverloadError(name, self.loads[name])

    def run(self, members: Any, *, batch: int, most: int, progress: Progress | None) -> Comparison:
        """Run batches of replications until the intervals are narrow enough."""
        found: Found = {}
        planned = 0
        comparison = self._comparison(found)
        try:
            while True:
                upto = min(most, planned + batch)
                tasks = [self._task(number) for number in range(planned, upto)]
                planned = upto
                members.run(tasks, found=found, done=partial(_tell, progress, found, upto))
                comparison = self._comparison(found)
                if planned >= most or self.half_width is None or self._enough(comparison):
                    break
        except KeyboardInterrupt:
            members.close(cancel=True)
            comparison = evolve(self._comparison(found), interrupted=True)
            if not comparison.replications:
                raise
        if not comparison.replications:
            raise AllFailedError(comparison.failures)
        return comparison

    def _task(self, number: int) -> Task:
        # The number is in the seed: equal calls are one run on some clusters.
        return Task(
            number=number, seed=f"{self.seed}/{number}", scenarios=self.scenarios, own=self.own
        )

    def _enough(self, comparison: Comparison) -> bool:
        if len(comparison.replications) < FEWEST:
            return bool(comparison.failures)
        return not comparison.more_needed()

    def _comparison(self, found: Found) -> Comparison:
        ordered = [found[number] for number in sorted(found)]
        return Comparison(
            scenarios=self.scenarios,
            baseline=self.baseline,
            figure=self.figure,
            confidence=self.confidence,
            half_width=self.half_width,
            loads=self.loads,
            seed=self.seed,
            replications=tuple(each for each in ordered if isinstance(each, Replication)),
            failures=tuple(each for each in ordered if isinstance(each, Failure)),
        )


def _tell(progress: Progress | None, found: Found, planned: int) -> None:
    if progress is not None:
        progress(len(found), planned)


class _NoSource:
    """For strategies that are only made to see whether they can be."""

    def random(self) -> float:
        return 0.0
