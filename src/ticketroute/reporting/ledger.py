"""Counts events as they happen; what it counted becomes a report at any moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import LONGEST_SPAN, check_instant, check_whole
from ticketroute.model.events import Event
from ticketroute.model.instants import LAST_INSTANT, Instant, Span
from ticketroute.reporting.backlog import Backlog
from ticketroute.reporting.cells import spans_kind
from ticketroute.reporting.counting import Counting
from ticketroute.reporting.figures import Report
from ticketroute.reporting.periods import Period, Periods
from ticketroute.reporting.staff import Staff

USUAL_TARGET: Span = 20_000  # 80 % within 20 s is what most call centres promise
KEPT_DONE: Span = 30 * 86_400_000  # a month: later, a done ticket is neither reopened nor rated


class Ledger:
    """The figures of a desk, kept up to date event by event.

    Feed it every event of a desk, from the first on. A ticket counts in the period in which it
    arrived, under its queue and priority at the time; an agent's time counts in the periods in
    which it lies.

    Args:
        zone: the name of the zone in whose days, weeks and months figures are broken down.
        period: how long one stretch is.
        target: the span within which an answer counts for the service level, in milliseconds.
        short: abandoned before this span, in milliseconds, counts as a mistake; 0 means none does.
        since, until: only what arrived or was worked from ``since`` up to before ``until`` counts.
        exact: whether percentiles are exact, for 8 bytes a span; otherwise they are too small by
            less than 1/128, and memory does not grow with the number of tickets.
        keep_done: how long a done ticket is remembered, to be reopened or rated, in milliseconds.

    O(1) an event, and O(periods) for an agent whose presence lasted over several. Memory grows with
    tickets that are open or were done within ``keep_done``.

    >>> from ticketroute import *
    >>> desk, ledger = Dispatcher(), Ledger()
    >>> for event in desk.add_queue(Queue(id="mail"), at=0):
    ...     ledger.see(event)
    >>> ledger.see_all(desk.submit(Ticket(id="t1", queue="mail"), at=0)).report().total().offered
    1
    """

    def __init__(
        self,
        *,
        zone: str = "UTC",
        period: Period = Period.DAY,
        target: Span = USUAL_TARGET,
        short: Span = 0,
        since: Instant = 0,
        until: Instant = LAST_INSTANT,
        exact: bool = True,
        keep_done: Span = KEPT_DONE,
    ) -> None:
        check_whole("target", target, 0, LONGEST_SPAN)
        check_whole("short", short, 0, LONGEST_SPAN)
        check_whole("keep_done", keep_done, 0, LONGEST_SPAN)
        check_instant("since", since)
        check_instant("until", until)
        if until < since:
            raise InvalidValueError("until", until, f"no earlier than since={since}")
        self._periods = Periods(period, zone)
        spans = spans_kind(exact=exact)
        self._count = Counting(
            periods=self._periods,
            staff=Staff(self._periods.beside(), spans, first=since, last=until),
            backlog=Backlog(self._periods.beside()),
            spans=spans,
            target=target,
            short=short,
            since=since,
            until=until,
            keep_done=keep_done,
        )
        self._now: Instant = 0
        self._handlers = self._count.table()

    @property
    def target(self) -> Span:
        """The span within which an answer counts for the service level, in milliseconds."""
        return self._count.target

    def see(self, event: Event) -> None:
        """Count one event; those that say nothing of figures are passed over. O(1)."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        self._now = event.at

    def see_all(self, events: Iterable[Event]) -> Self:
        """Count events in their order, and return the ledger."""
        handlers = self._handlers
        event = None
        try:
            for event in events:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        finally:  # also where the source of the events fails
            if event is not None:
                self._now = event.at
        return self

    def report(self, *, at: Instant | None = None) -> Report:
        """Return the figures up to ``at``, default the last event; counting goes on after it.

        O(cells + agents). The report shows the ledger as it is when a figure is asked.
        """
        now = self._now if at is None else at
        check_instant("at", now)
        if now < self._now:
            raise InvalidValueError("at", now, f"no earlier than the last event, at {self._now}")
        self._count.staff.reach(now)
        return Report(
            tickets=self._count.cells,
            agents=self._count.staff.cells,
            backlog=self._count.backlog.runs(now),
            periods=self._periods,
        )
