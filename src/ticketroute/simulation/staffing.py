"""The fewest agents with whom a target is met."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from attrs import frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_whole
from ticketroute.simulation.compare import compare
from ticketroute.simulation.load import load_of
from ticketroute.simulation.scenario import Scenario
from ticketroute.simulation.statistics import Interval

MOST_AGENTS = 100_000


@frozen(kw_only=True)
class Staff:
    """The fewest agents, None if the most tried are too few; ``tried`` maps counts to intervals."""

    count: int | None
    tried: Mapping[int, Interval]


def smallest_staff(
    scenario_of: Callable[[int], Scenario],
    *,
    figure: str = "service_level",
    at_least: float | None = None,
    at_most: float | None = None,
    most: int = 100,
    replications: int = 10,
    confidence: float = 0.95,
    seed: str = "1",
    executor: Executor | None = None,
    workers: int | None = None,
) -> Staff:
    """Return the fewest agents with whom the whole interval of a figure is within a target.

    ``scenario_of`` returns the scenario with so many agents. More agents are taken to be no worse,
    so counts are tried by halving: O(log most) comparisons. Counts whose load is above 1 are too
    few without a run, unless requesters give up.

    Raises:
        InvalidValueError: unless exactly one of ``at_least`` and ``at_most`` is given.
    """
    if (at_least is None) == (at_most is None):
        raise InvalidValueError("the target", (at_least, at_most), "either at_least or at_most")
    check_whole("most", most, 1, MOST_AGENTS)
    tried: dict[int, Interval] = {}

    def enough(count: int) -> bool:
        scenario = scenario_of(count)
        leave = all(kind.patience is not None for kind in scenario.kinds)
        if not leave and load_of(scenario) >= 1:
            return False
        comparison = compare(
            scenario, figure=figure, replications=replications, confidence=confidence, seed=seed,
            executor=executor, workers=workers, allow_overload=True,
        )  # fmt: skip
        found = comparison.interval(scenario.name)
        tried[count] = found
        if math.isnan(found.half):
            return False
        if at_least is not None:
            return found.low >= at_least
        assert at_most is not None
        return found.high <= at_most

    if not enough(most):
        return Staff(count=None, tried=tried)
    few, many = 0, most
    while many - few > 1:
        middle = (few + many) // 2
        if enough(middle):
            many = middle
        else:
            few = middle
    return Staff(count=many, tried=tried)
