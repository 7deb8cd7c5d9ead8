"""Today's figures, and those of the same time a week before."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from attrs import define, field

from ticketroute.desk.desk import Desk
from ticketroute.model.events import TicketEvent
from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Instant, Span, datetime_of, instant_of
from ticketroute.reporting.figures import Facet, TicketFigures
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.periods import Period, Periods

ROW = dict[str, int | float | None]
WEEK = timedelta(days=7)


@define(eq=False)
class _Day:
    """The tickets that arrived on one day, followed up to an instant."""

    desk: Desk
    start: Instant
    ledger: Ledger
    position: int = field(init=False)
    next_at: Instant = field(init=False, default=0)
    rows: dict[QueueId, ROW] = field(init=False, factory=dict)
    stale: bool = field(init=False, default=True)  # whether an event came since the rows were made

    def __attrs_post_init__(self) -> None:
        self.position = position_before(self.desk, self.start)

    def reach(self, until: Instant) -> None:
        """Count the events up to an instant. O(events since the last call)."""
        if self.next_at > until or self.position >= self.desk.head:
            return
        for entry in self.desk.events(self.position):
            if entry.event.at > until:
                self.next_at = entry.event.at
                return
            if isinstance(entry.event, TicketEvent):  # a ledger follows agents from their first day
                self.ledger.see(entry.event)
                self.stale = True
            self.position = entry.position


class Today:
    """Figures of the tickets that arrived since midnight, by queue, beside those of a week ago.

    ``zone`` decides when midnight is; ``target`` is the span of the service level in milliseconds.
    The first call of a day searches the journal for the two midnights, and reads on from there.
    """

    def __init__(self, desk: Desk, *, zone: str, target: Span) -> None:
        self._desk, self._zone, self._target = desk, zone, target
        self._periods = Periods(Period.DAY, zone)
        self._days: dict[str, _Day] = {}
        self._first: Instant | None = None  # when the journal begins

    def figures(self, now: Instant) -> dict[QueueId, tuple[ROW, ROW | None]]:
        """Return by queue today's figures, and those of a week before at the same time of the day.

        The second is None where the journal does not reach back so far.
        """
        local = datetime_of(now).astimezone(ZoneInfo(self._zone))
        then = instant_of(local - WEEK) if local.timestamp() > WEEK.total_seconds() else 0
        today = self._rows("today", now)
        if self._first is None:
            self._first = next((entry.event.at for entry in self._desk.events(0)), None)
        if self._first is None or self._first > then:
            return {queue: (row, None) for queue, row in today.items()}
        before = self._rows("before", then)
        return {
            queue: (today.get(queue, NOTHING), before.get(queue, NOTHING))
            for queue in dict.fromkeys([*today, *before])
        }

    def _rows(self, which: str, until: Instant) -> dict[QueueId, ROW]:
        start = self._periods.around(until)
        day = self._days.get(which)
        if day is None or day.start != start:
            ledger = Ledger(
                zone=self._zone,
                period=Period.ALL,
                target=self._target,
                since=start,
                until=self._periods.end,
            )
            day = self._days[which] = _Day(self._desk, start, ledger)
        day.reach(until)
        if day.stale:
            found = day.ledger.report().by(Facet.QUEUE)
            day.rows = {QueueId(queue): row_of(figures) for (queue,), figures in found.items()}
            day.stale = False
        return day.rows


def row_of(figures: TicketFigures) -> ROW:
    """Return the figures of a queue's day as plain values; waits in milliseconds."""
    return {
        "came": figures.offered,
        "answered": figures.answered,
        "abandoned": figures.abandoned,
        "resolved": figures.resolved,
        "service_level": figures.service_level(),
        "median_wait": figures.wait.percentile(50),
    }


NOTHING = row_of(TicketFigures(()))


def position_before(desk: Desk, at: Instant) -> int:
    """Return the position of the last event before an instant, or 0. O(log events) statements."""
    low, high = 0, desk.head  # the event at low is before, or there is none
    while low < high:
        middle = (low + high + 1) // 2
        entry = next(desk.events(middle - 1), None)
        if entry is not None and entry.event.at < at:
            low = middle
        else:
            high = middle - 1
    return low
