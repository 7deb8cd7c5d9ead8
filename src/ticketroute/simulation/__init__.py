"""Simulation: which strategy is right for a desk, and how sure that is.

Tickets come by chance, people work, and the production ``Dispatcher`` decides. There is no second
implementation of any strategy. Needs the extra ``sim``.
"""

from __future__ import annotations

from ticketroute.simulation.arrivals import (
    Arrivals,
    Batches,
    During,
    Poisson,
    Recorded,
    Resampled,
    Weekly,
)
from ticketroute.simulation.chance import Chance
from ticketroute.simulation.compare import AllFailedError, Comparison, compare
from ticketroute.simulation.engine import Run
from ticketroute.simulation.figures import CATALOGUE, Figure, figures_of, jain
from ticketroute.simulation.laws import (
    Exponential,
    Fixed,
    Gamma,
    Law,
    LogNormal,
    Observed,
    Pareto,
    Scaled,
    Uniform,
    law_from,
)
from ticketroute.simulation.load import OverloadError, load_of
from ticketroute.simulation.records import Outcome, Records
from ticketroute.simulation.replication import Failure, Replication
from ticketroute.simulation.scenario import (
    Answers,
    Holding,
    Kind,
    Misrouting,
    Reopening,
    Scenario,
    Worker,
)
from ticketroute.simulation.statistics import Difference, Interval, holm, interval, mser5

__all__ = [
    "CATALOGUE",
    "AllFailedError",
    "Answers",
    "Arrivals",
    "Batches",
    "Chance",
    "Comparison",
    "Difference",
    "During",
    "Exponential",
    "Failure",
    "Figure",
    "Fixed",
    "Gamma",
    "Holding",
    "Interval",
    "Kind",
    "Law",
    "LogNormal",
    "Misrouting",
    "Observed",
    "Outcome",
    "OverloadError",
    "Pareto",
    "Poisson",
    "Recorded",
    "Records",
    "Reopening",
    "Replication",
    "Resampled",
    "Run",
    "Scaled",
    "Scenario",
    "Uniform",
    "Weekly",
    "Worker",
    "compare",
    "figures_of",
    "holm",
    "interval",
    "jain",
    "law_from",
    "load_of",
    "mser5",
]
