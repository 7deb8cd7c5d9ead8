"""What a comparison says, in words: the answer first, then what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ticketroute.model.instants import datetime_of
from ticketroute.simulation.compare import FEW, FEWEST, Comparison
from ticketroute.simulation.figures import CATALOGUE, Figure
from ticketroute.simulation.scenario import Kind, Scenario
from ticketroute.simulation.statistics import Difference, Interval
from ticketroute.simulation.units import spoken

UNKNOWN = "-"
SHOWN_KINDS = 8  # the most frequent ones
OPEN = "tickets that are open then are worked to their end"
ONE_INSTANT = (
    "agents go off duty, work ends, offers are answered, agents come, patience ends, tickets come "
    "in: in this order, ties by the order of arrival, none by chance"
)
FROM_A_LOG = (
    "The baseline is a log, which does not say how long anybody worked, or when a ticket waited "
    "for its requester. Differences between strategies are more to be trusted than those from the "
    "log."
)
FROM_EVENTS = (
    "The baseline is a log, which does not say how long anybody worked. Differences between "
    "strategies are more to be trusted than those from the log."
)
STAFFED = (
    "time with a ticket or in wrap-up over staffed time; staffed time is the hours on duty and the "
    "overtime in which work was finished"
)


def value(figure: Figure, number: float, *, signed: bool = False) -> str:
    """Return a value of a figure as people read it.

    >>> value(CATALOGUE["wait"], 90_000), value(CATALOGUE["abandoned"], 0.0421)
    ('1.5 min', '4.2 %')
    """
    if math.isnan(number):
        return UNKNOWN
    sign = "+" if signed and number > 0 else ""
    if figure.unit == "span":
        return sign + spoken(number)
    if figure.unit == "share":
        return f"{sign}{100 * number:.1f} %" if not signed else f"{sign}{100 * number:.2f} points"
    return f"{sign}{number:.3g}"


def with_half(figure: Figure, found: Interval) -> str:
    """Return a mean with its half-width: ``1.5 min +- 6 s``."""
    if math.isnan(found.half):
        return value(figure, found.mean)
    return f"{value(figure, found.mean)} \u00b1 {value(figure, found.half)}"


def span_of(figure: Figure, found: Interval) -> str:
    """Return an interval of differences: ``-8 s to -2 s``, ``-1.20 to +0.30 points``."""
    if figure.unit == "share" and not math.isnan(found.half):
        return f"{100 * found.low:+.2f} to {100 * found.high:+.2f} points"
    return f"{value(figure, found.low, signed=True)} to {value(figure, found.high, signed=True)}"


def is_better(figure: Figure, difference: Difference) -> bool | None:
    """Return whether a real difference is for the better; None where neither is, or none is."""
    if not difference.real or not figure.better:
        return None
    return (difference.interval.mean < 0) == (figure.better == "low")


def best(comparison: Comparison) -> str | None:
    """Return the alternative that is better for sure, by the most; None if no one is."""
    figure = CATALOGUE[comparison.figure]
    found = [
        (difference.interval.mean if figure.better == "low" else -difference.interval.mean, name)
        for name, difference in comparison.differences().items()
        if is_better(figure, difference)
    ]
    return min(found)[1] if found else None


def answer(comparison: Comparison) -> str:
    """Return the question's answer in one sentence, with its uncertainty."""
    figure = CATALOGUE[comparison.figure]
    title = figure.title.lower()
    percent = f"{100 * comparison.confidence:g} %"
    count = len(comparison.replications)
    base = comparison.interval(comparison.baseline)
    if not comparison.alternatives:
        return (
            f"With {comparison.baseline}, {title} is {with_half(figure, base)} "
            f"({percent} interval, {_replications(count)})."
        )
    if count < FEWEST:
        return f"One replication says nothing about its uncertainty: run {FEW} or more."
    winner = best(comparison)
    differences = comparison.differences()
    if winner is not None:
        between = differences[winner].interval
        rivals = _rivals(comparison, winner)
        also = f" {rivals}" if rivals else ""
        return (
            f"Take {winner}: {title} is {value(figure, comparison.interval(winner).mean)} in place "
            f"of {value(figure, base.mean)} with {comparison.baseline}, a difference of "
            f"{span_of(figure, between)} ({percent} for all comparisons together, "
            f"{_replications(count)}).{also}"
        )
    if figure.better and all(is_better(figure, each) is False for each in differences.values()):
        return (
            f"Keep {comparison.baseline}: {title} is {value(figure, base.mean)}, and every "
            f"alternative is worse ({percent} for all comparisons together, "
            f"{_replications(count)})."
        )
    widest = max(differences.values(), key=lambda each: each.interval.half).interval.half
    return (
        f"No alternative is better than {comparison.baseline} for sure: {title} is "
        f"{with_half(figure, base)}, and a difference of more than about "
        f"{value(figure, widest)} would have shown ({percent} for all comparisons together, "
        f"{_replications(count)})."
    )


def _rivals(comparison: Comparison, winner: str) -> str:
    """Name the alternatives that are nearly as good: within the winner's own interval."""
    low, high = (
        comparison.differences()[winner].interval.low,
        comparison.differences()[winner].interval.high,
    )
    near = [
        name
        for name, each in comparison.differences().items()
        if name != winner and low <= each.interval.mean <= high
    ]
    return f"About as good: {', '.join(near)}." if near else ""


def _replications(count: int) -> str:
    return "1 replication" if count == 1 else f"{count} replications"


def cautions(comparison: Comparison) -> Iterator[str]:
    """Yield what a reader has to know before they lean on the answer."""
    count = len(comparison.replications)
    if comparison.interrupted:
        yield f"The run was stopped after {_replications(count)}; the intervals are wider for it."
    more = comparison.more_needed()
    if more and comparison.half_width is not None:
        yield (
            f"Too few replications for the wanted half-width of "
            f"{100 * comparison.half_width:g} %: about {more} are needed."
        )
    elif count < FEW:
        yield f"{_replications(count)} are few; with fewer than {FEW}, intervals are a rough guess."
    if comparison.unclear:
        yield (
            f"In {comparison.unclear} of {_replications(count)} no end of the warm-up was found, "
            "and half of the run was left out: make the run longer, or say the warm-up."
        )
    if comparison.scenarios[comparison.baseline].recorded:
        tells_holds = any(kind.holding for kind in comparison.scenarios[comparison.baseline].kinds)
        yield FROM_EVENTS if tells_holds else FROM_A_LOG
    yield from _of_scenarios(comparison)
    for failure in comparison.failures:
        yield f"Left out: {failure}."


def _of_scenarios(comparison: Comparison) -> Iterator[str]:
    for name, load in comparison.loads.items():
        if load > 1:
            yield (
                f"The load of {name} is {load:.2f}: more work than its agents can do. "
                "Its figures depend on the length of the run."
            )
        elif math.isnan(load):
            yield f"The load of {name} was not worked out: it has too many agents and skills."
    for name in comparison.names:
        left = comparison.interval(name, "left").mean
        if left > 0.01:
            yield f"With {name}, {100 * left:.1f} % of the tickets were open at the end of the run."


def assumptions(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Yield everything that the answer rests on, as pairs of subject and statement."""
    scenario = comparison.scenarios[comparison.baseline]
    yield "Decisions", "made by ticketroute's own dispatcher, the one that routes in production"
    yield (
        "Common random numbers",
        f"every scenario sees the same tickets; seed {comparison.seed!r}, replications "
        f"{', '.join(str(each.number) for each in comparison.replications[:5])}"
        + (" ..." if len(comparison.replications) > 5 else ""),
    )
    yield (
        "Time",
        f"{datetime_of(scenario.start):%Y-%m-%d %H:%M} UTC, {spoken(scenario.length)} on; {OPEN}",
    )
    cuts = [each.warm_up for each in comparison.replications]
    yield "Left out at the start", f"{_range(cuts)} ({_rule(scenario)})"
    yield (
        "One instant",
        ONE_INSTANT,
    )
    yield (
        "Occupancy",
        STAFFED,
    )
    yield "Service level", f"answered means that work began, within {spoken(scenario.target)}"
    yield "Agents", _agents(scenario)
    kinds = sorted(
        scenario.kinds,
        key=lambda kind: -kind.arrivals.per_hour(scenario.start, scenario.end),
    )
    for kind in kinds[:SHOWN_KINDS]:
        yield f"Tickets: {kind.name}", _kind(kind, scenario)
    if len(kinds) > SHOWN_KINDS:
        yield "Tickets", f"and {len(kinds) - SHOWN_KINDS} more kinds, which are rarer"
    for text in scenario.assumptions:
        yield "From the log", text
    loads = ", ".join(f"{name} {load:.2f}" for name, load in comparison.loads.items())
    yield "Load", f"least share of working time that does all the work: {loads}"


def _range(spans: list[int]) -> str:
    low, high = min(spans), max(spans)
    return spoken(low) if low == high else f"{spoken(low)} to {spoken(high)}"


def _rule(scenario: Scenario) -> str:
    if scenario.warm_up is not None:
        return "as the scenario says"
    if scenario.opens_and_closes:
        return "the desk opens and closes, so there is no warm-up"
    return "MSER-5 of waits and of times to resolve, the largest, in each replication"


def _agents(scenario: Scenario) -> str:
    serial = sum(worker.one_at_a_time for worker in scenario.workers)
    hours = sum(worker.hours is not None for worker in scenario.workers)
    overtime = sum(worker.overtime for worker in scenario.workers)
    return (
        f"{len(scenario.workers)}, of whom {hours} keep hours, {serial} work one ticket at a time, "
        f"and {overtime} finish in overtime what they began"
    )


def _kind(kind: Kind, scenario: Scenario) -> str:
    rate = kind.arrivals.per_hour(scenario.start, scenario.end)
    parts = [
        f"{rate:.3g} an hour into {kind.queue} ({type(kind.arrivals).__name__})",
        f"handling {spoken(kind.handling.mean)} in the mean ({type(kind.handling).__name__})",
    ]
    if kind.patience is not None:
        parts.append(f"patience {spoken(kind.patience.mean)} in the mean")
    if kind.misrouting is not None:
        parts.append(f"{100 * kind.misrouting.share:.3g} % belong to another queue")
    if kind.reopening is not None:
        parts.append(f"{100 * kind.reopening.share:.3g} % are reopened")
    if kind.holding is not None:
        parts.append(f"{100 * kind.holding.share:.3g} % are put on hold")
    return ", ".join(parts)
