"""Reports: named figures of what a ledger counted, broken down and put in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from attrs import fields, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import TicketPriority
from ticketroute.reporting.attainment import Attainment
from ticketroute.reporting.backlog import Run
from ticketroute.reporting.cells import (
    CLOCK_STATES,
    AgentCell,
    AgentKey,
    TicketCell,
    TicketKey,
)
from ticketroute.reporting.fairness import gini, jain
from ticketroute.reporting.periods import Periods
from ticketroute.reporting.spans import Distribution
from ticketroute.sla.policy import Metric

Key = tuple[str, ...]


def _counts(kind: type) -> frozenset[str]:
    """Return the names of the fields of a cell that are plain numbers."""
    return frozenset(each.name for each in fields(kind) if each.default == 0)


_TICKET_COUNTS, _AGENT_COUNTS = _counts(TicketCell), _counts(AgentCell)


class Facet(Enum):
    """By what the figures of tickets are broken down."""

    QUEUE = "queue"
    CHANNEL = "channel"
    PRIORITY = "priority"
    PERIOD = "period"  #: the one in which the ticket arrived


class ServiceLevel(Enum):
    """Which tickets the answers in time are divided by.

    For 48 arrivals a minute, 50 agents, a minute of work, a mean patience of 2 minutes and a target
    of 20 s the first is 94.3 % and the second 97.2 % (Erlang A).
    """

    OF_OFFERED = "of_offered"  #: all that came: who abandoned counts against it
    OF_NOT_ABANDONED_IN_TIME = "of_not_abandoned_in_time"  #: but those abandoned within the target
    OF_ANSWERED = "of_answered"  #: answered ones only: who abandoned does not count at all


def share(part: int, whole: int) -> float | None:
    """Return part over whole; None where there is no whole: nothing has no rate."""
    return part / whole if whole else None


@frozen
class TicketFigures:
    """The figures of some tickets; counts are of tickets, spans in milliseconds."""

    cells: tuple[TicketCell, ...]

    def __getattr__(self, name: str) -> int:
        """Return a count: any field of :class:`~ticketroute.reporting.cells.TicketCell`."""
        if name not in _TICKET_COUNTS:
            raise AttributeError(name)
        return sum(getattr(cell, name) for cell in self.cells)

    @property
    def unanswered(self) -> int:
        """Neither answered nor abandoned: still waiting, or done without an agent."""
        return int(self.offered - self.answered - self.abandoned)

    def service_level(self, variant: ServiceLevel = ServiceLevel.OF_OFFERED) -> float | None:
        """Return the share answered within the target, 0.0 to 1.0; None where there is none."""
        if variant is ServiceLevel.OF_OFFERED:
            return share(self.in_target, self.offered)
        if variant is ServiceLevel.OF_ANSWERED:
            return share(self.in_target, self.answered)
        return share(self.in_target, self.offered - self.left_in_target)

    @property
    def abandonment(self) -> float | None:
        """Abandoned over answered and abandoned; short ones are left out of both."""
        gone = self.abandoned - self.short
        return share(gone, self.answered + gone)

    @property
    def wait(self) -> Distribution:
        """Arrival to the first agent, of answered tickets; its mean is the speed of answer."""
        return Distribution.of(cell.waits for cell in self.cells)

    @property
    def asa(self) -> float | None:
        """The average speed of answer."""
        return self.wait.mean

    @property
    def patience(self) -> Distribution:
        """Arrival to abandoned, of tickets abandoned before any agent had them."""
        return Distribution.of(cell.patience for cell in self.cells)

    @property
    def first_response(self) -> Distribution:
        """Arrival to the first reply of an agent."""
        return Distribution.of(cell.response for cell in self.cells)

    @property
    def resolution(self) -> Distribution:
        """Arrival to resolved for the first time."""
        return Distribution.of(cell.resolution for cell in self.cells)

    @property
    def handle(self) -> Distribution:
        """Turns of work: acceptance to the end of wrap-up, holds left out, each turn by itself."""
        return Distribution.of(cell.handle for cell in self.cells)

    @property
    def satisfaction(self) -> float | None:
        """The mean of the scores, 0 to 100."""
        return share(self.scores, self.ratings)

    def attainment(self, metric: Metric | None = None) -> Attainment:
        """Return what became of the clocks of a metric, or of all; open ones are not counted."""
        counts: Counter[str] = Counter()
        for cell in self.cells:
            for (each, state), number in cell.clocks.items():
                if metric is None or each == id(metric):
                    counts[CLOCK_STATES[state]] += number
        return Attainment(**counts)


@frozen
class AgentFigures:
    """The figures of one agent or of several; counts are of tickets, spans in milliseconds."""

    cells: tuple[AgentCell, ...]

    def __getattr__(self, name: str) -> int:
        """Return a count: any field of :class:`~ticketroute.reporting.cells.AgentCell`."""
        if name not in _AGENT_COUNTS:
            raise AttributeError(name)
        return sum(getattr(cell, name) for cell in self.cells)

    @property
    def handle(self) -> Distribution:
        """Turns of work, as in the figures of tickets."""
        return Distribution.of(cell.handle for cell in self.cells)

    @property
    def occupancy(self) -> float | None:
        """Time at work over time available or at work, 0.0 to 1.0."""
        return share(self.busy, self.ready)

    @property
    def utilisation(self) -> float | None:
        """Time at work over time signed in, breaks included; work done while offline counts."""
        return share(self.busy, max(self.signed_in, self.busy))

    @property
    def satisfaction(self) -> float | None:
        """The mean of the scores of tickets they had last, 0 to 100."""
        return share(self.scores, self.ratings)


@frozen
class Ranked:
    """A place in an order: who, the figure, and how many tickets it comes from."""

    name: str
    value: float
    count: int


@frozen(kw_only=True)
class Report:
    """What a ledger counted."""

    tickets: Mapping[TicketKey, TicketCell]
    agents: Mapping[AgentKey, AgentCell]
    backlog: tuple[Run, ...]
    periods: Periods

    def total(self) -> TicketFigures:
        """Return the figures of all tickets."""
        return TicketFigures(tuple(self.tickets.values()))

    def by(self, *facets: Facet) -> dict[Key, TicketFigures]:
        """Return figures broken down by facets, the keys in order. O(cells).

        Raises:
            InvalidValueError: if one is no facet.
        """
        for facet in facets:
            if not isinstance(facet, Facet):
                raise InvalidValueError("by", facet, f"facets: {', '.join(map(str, Facet))}")
        grouped: dict[tuple[Any, ...], list[TicketCell]] = {}
        places = [list(Facet).index(facet) for facet in facets]
        for key, cell in self.tickets.items():
            grouped.setdefault(tuple(key[place] for place in places), []).append(cell)
        return {
            tuple(self._shown(facet, part) for facet, part in zip(facets, key, strict=True)): (
                TicketFigures(tuple(grouped[key]))
            )
            for key in sorted(grouped)
        }

    def agent(self, *, period: bool = False) -> dict[Key, AgentFigures]:
        """Return figures by agent, or by agent and period."""
        grouped: dict[tuple[Any, ...], list[AgentCell]] = {}
        for (name, start), cell in self.agents.items():
            grouped.setdefault((name, start) if period else (name,), []).append(cell)
        return {
            (key[0], *map(self.periods.label, key[1:])): AgentFigures(tuple(grouped[key]))
            for key in sorted(grouped)
        }

    def staff(self) -> AgentFigures:
        """Return the figures of all agents together."""
        return AgentFigures(tuple(self.agents.values()))

    def backlog_by_period(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return by queue and period how many tickets were open and waiting at its end."""
        found: dict[tuple[str, Instant], tuple[int, int]] = {}
        for run in self.backlog:
            start = run.first
            while start <= run.last:
                found[run.queue, self.periods.around(start)] = (run.open, run.waiting)
                start = self.periods.end
        return {
            (queue, self.periods.label(start)): found[queue, start]
            for queue, start in sorted(found)
        }

    def fairness(self, of: str = "assigned") -> tuple[float | None, float | None]:
        """Return Jain's index and the Gini coefficient of a count of agents who were signed in.

        ``of`` is a count of :class:`~ticketroute.reporting.cells.AgentCell`, or ``handle``.
        """
        shares = [
            figures.handle.total if of == "handle" else getattr(figures, of)
            for figures in self.agent().values()
            if figures.signed_in
        ]
        return jain(shares), gini(shares)

    def ranked_queues(self, figure: str = "asa", *, least: int = 1) -> list[Ranked]:
        """Return queues from the best to the worst by a figure, each with the number behind it.

        Those with fewer than ``least`` tickets behind it, or without the figure, are left out.
        """
        return _ranked(
            {key[0]: each for key, each in self.by(Facet.QUEUE).items()}, QUEUE_RANKS, figure, least
        )

    def ranked_agents(self, figure: str = "assigned", *, least: int = 1) -> list[Ranked]:
        """Return agents from the best to the worst by a figure, as ``ranked_queues`` does."""
        return _ranked(
            {key[0]: each for key, each in self.agent().items()}, AGENT_RANKS, figure, least
        )

    def _shown(self, facet: Facet, part: Any) -> str:
        if facet is Facet.PERIOD:
            return self.periods.label(part)
        return TicketPriority(part).name.lower() if facet is Facet.PRIORITY else str(part)


@frozen
class _Rank:
    value: Callable[[Any], float | None]
    behind: Callable[[Any], int]
    more_is_better: bool


QUEUE_RANKS: Mapping[str, _Rank] = {
    "asa": _Rank(lambda f: f.asa, lambda f: f.answered, more_is_better=False),
    "service_level": _Rank(lambda f: f.service_level(), lambda f: f.offered, more_is_better=True),
    "abandonment": _Rank(lambda f: f.abandonment, lambda f: f.offered, more_is_better=False),
    "first_response": _Rank(
        lambda f: f.first_response.mean, lambda f: f.first_response.count, more_is_better=False
    ),
    "resolution": _Rank(
        lambda f: f.resolution.mean, lambda f: f.resolution.count, more_is_better=False
    ),
    "attainment": _Rank(
        lambda f: f.attainment().share,
        lambda f: f.attainment().met + f.attainment().missed + f.attainment().overdue,
        more_is_better=True,
    ),
    "satisfaction": _Rank(lambda f: f.satisfaction, lambda f: f.ratings, more_is_better=True),
}
AGENT_RANKS: Mapping[str, _Rank] = {
    "assigned": _Rank(lambda f: f.assigned, lambda f: f.assigned, more_is_better=True),
    "resolved": _Rank(lambda f: f.resolved, lambda f: f.resolved, more_is_better=True),
    "handle": _Rank(lambda f: f.handle.mean, lambda f: f.handle.count, more_is_better=False),
    "missed": _Rank(lambda f: share(f.missed, f.offers), lambda f: f.offers, more_is_better=False),
    "occupancy": _Rank(lambda f: f.occupancy, lambda f: f.assigned, more_is_better=True),
    "satisfaction": _Rank(lambda f: f.satisfaction, lambda f: f.ratings, more_is_better=True),
}


def _ranked(
    figures: Mapping[str, Any], ranks: Mapping[str, _Rank], figure: str, least: int
) -> list[Ranked]:
    rank = ranks.get(figure)
    if rank is None:
        raise InvalidValueError("figure", figure, f"one of {', '.join(ranks)}")
    found = []
    for name, each in figures.items():
        value, behind = rank.value(each), rank.behind(each)
        if value is not None and behind >= least:
            found.append(Ranked(name, value, behind))
    sign = -1 if rank.more_is_better else 1
    return sorted(found, key=lambda one: (sign * one.value, one.name))
