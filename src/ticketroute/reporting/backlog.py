"""How many tickets a queue had, period by period."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, frozen

from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Instant
from ticketroute.reporting.periods import Periods


@frozen
class Run:
    """The tickets of a queue at the end of each period that begins from ``first`` to ``last``.

    ``open`` are those not done, ``waiting`` those of them that no agent has.
    """

    queue: QueueId
    first: Instant
    last: Instant
    open: int
    waiting: int


@define(eq=False)
class _Gauge:
    start: Instant  # of the period in which the figures below are the latest
    end: Instant
    open: int = 0
    waiting: int = 0


class Backlog:
    """Two gauges for each queue, and what they showed at the end of every period.

    Periods in which nothing changed are one run, so memory grows with periods that had events.
    """

    def __init__(self, periods: Periods) -> None:
        self._periods = periods
        self._gauges: dict[QueueId, _Gauge] = {}
        self._runs: list[Run] = []

    def more_open(self, queue: QueueId, at: Instant) -> None:
        """Note a ticket that comes in and waits."""
        gauge = self._at(queue, at)
        gauge.open += 1
        gauge.waiting += 1

    def leaves(self, queue: QueueId, at: Instant, *, waiting: bool) -> None:
        """Note a ticket that is done, or goes to another queue."""
        gauge = self._at(queue, at)
        gauge.open -= 1
        if waiting:
            gauge.waiting -= 1

    def more_waiting(self, queue: QueueId, at: Instant) -> None:
        """Note a ticket that lost its agent."""
        self._at(queue, at).waiting += 1

    def less_waiting(self, queue: QueueId, at: Instant) -> None:
        """Note a ticket that waits no longer."""
        self._at(queue, at).waiting -= 1

    def moves(self, before: QueueId, after: QueueId, at: Instant, *, waiting: bool) -> None:
        """Note a ticket that goes to another queue."""
        self.leaves(before, at, waiting=waiting)
        if waiting:
            self.more_open(after, at)
        else:
            self._at(after, at).open += 1

    def runs(self, now: Instant) -> tuple[Run, ...]:
        """Return what every queue showed, the present period as it stands."""
        present = (self._run(queue, gauge, now) for queue, gauge in self._gauges.items())
        return (*self._runs, *present)

    def starts(self, run: Run) -> Iterator[Instant]:
        """Yield where each period of a run begins."""
        start = run.first
        while start <= run.last:
            yield self._periods.around(start)
            start = self._periods.end

    def _run(self, queue: QueueId, gauge: _Gauge, now: Instant) -> Run:
        last = self._periods.around(max(now, gauge.start))
        return Run(queue, gauge.start, last, gauge.open, gauge.waiting)

    def _at(self, queue: QueueId, at: Instant) -> _Gauge:
        gauge = self._gauges.get(queue)
        if gauge is None:
            start = self._periods.around(at)
            gauge = self._gauges[queue] = _Gauge(start, self._periods.end)
        elif at >= gauge.end:
            start, end = self._periods.around(at), self._periods.end
            self._runs.append(Run(queue, gauge.start, start - 1, gauge.open, gauge.waiting))
            gauge.start, gauge.end = start, end
        return gauge
