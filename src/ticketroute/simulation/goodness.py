"""How near a log that is run as it was recorded comes to the log."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

import numpy as np
from attrs import frozen

from ticketroute.model import Instant
from ticketroute.simulation.engine import Run
from ticketroute.simulation.history import Fitted, in_turn
from ticketroute.simulation.records import Outcome
from ticketroute.simulation.units import HOUR, spoken


@frozen(kw_only=True)
class Quality:
    """How far the log, run as it was recorded, is from the log.

    ``waits`` is the Kolmogorov-Smirnov distance between the times to resolve: 0 is the same
    distribution, 1 has nothing in common. ``load`` is half the sum of differences between the
    shares of endings in each hour of the week: the share that lies in a wrong hour.
    ``handovers`` are agents after the first for each ticket, simulated and in the log.
    """

    waits: float
    load: float
    handovers: tuple[float, float]
    median: tuple[float, float]

    def lines(self) -> tuple[str, ...]:
        """Return the same in words."""
        ours, theirs = (spoken(span) for span in self.median)
        waits = (
            f"fit, waits: the simulated times to resolve are {self.waits:.2f} from the recorded "
            f"ones (Kolmogorov-Smirnov, 0 is equal); medians {ours} and {theirs}"
        )
        handovers = (
            f"fit, hand-overs: {self.handovers[0]:.2f} a ticket simulated, "
            f"{self.handovers[1]:.2f} in the log"
        )
        load = f"fit, load: {100 * self.load:.0f} % of endings lie in another hour of the week"
        return (waits, load, handovers)


def quality(fitted: Fitted, *, seed: str = "fit") -> Quality:
    """Run the log as it was recorded, and return how far that is from the log."""
    records = Run(fitted.recorded, seed=seed).go().records
    simulated = [
        (records.ended[row], records.ended[row] - records.arrived[row])
        for row in range(len(records))
        if records.outcome[row] == Outcome.RESOLVED
    ]
    logged = [
        (ticket.ended, ticket.ended - ticket.arrived)
        for ticket in fitted.past
        if ticket.ended is not None and ticket.agents
    ]
    ours, theirs = sorted(span for _, span in simulated), sorted(span for _, span in logged)
    turns = [len(in_turn(ticket)) - 1 for ticket in fitted.past if ticket.agents]
    return Quality(
        waits=_distance(ours, theirs),
        load=_misplaced([at for at, _ in simulated], [at for at, _ in logged]),
        handovers=(fmean(records.handovers), fmean(turns)),
        median=(float(np.median(ours)), float(np.median(theirs))),
    )


def _distance(ours: list[int], theirs: list[int]) -> float:
    return max(
        abs(bisect_left(ours, at) / len(ours) - bisect_left(theirs, at) / len(theirs))
        for at in {*ours, *theirs}
    )


def _misplaced(ours: Sequence[Instant], theirs: Sequence[Instant]) -> float:
    counts = [Counter(at // HOUR % 168 for at in each) for each in (ours, theirs)]
    return 0.5 * math.fsum(
        abs(counts[0][hour] / len(ours) - counts[1][hour] / len(theirs)) for hour in range(168)
    )
