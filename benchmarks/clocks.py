"""Clocks of a desk: all of them after their calendar was edited, and one that is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from statistics import median

from attrs import evolve

from benchmarks import timers
from benchmarks.calendar_peers import CLOSES, office
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared
from benchmarks.yardsticks import BareHeap
from ticketroute import Agent, Calendar, Dispatcher, Metric, Policy, Queue, Target, Ticket, hours
from ticketroute.core.index.timers import Timers
from ticketroute.model import AgentId, CalendarId, Instant, PolicyId, QueueId, Span, TicketId
from ticketroute.model.instants import instant_of

MANY, SECONDS = 1_000_000, 10.0  # open clocks, and how long an edit of their calendar may take
EACH = 2  # clocks of a ticket: its first response, and its resolution
LEAST = 100_000  # open clocks below which the fixed part of a command would blur the promise
WARNINGS = (25, 50, 75)  # percent of the target
STEP: Span = 1_000  # open time between two arrivals, and so between two warnings
ROUNDS = 3  # of edits, each of which takes seconds
_OFFICE, _LINE = CalendarId("office"), QueueId("line")
_MONDAY: Instant = instant_of(datetime(2024, 1, 8, 8, tzinfo=UTC))  # nine o'clock in Berlin


def _desk(targets: dict[Metric, Target]) -> Dispatcher:
    """Return a desk where every ticket waits: what is measured is its clocks."""
    desk = Dispatcher()
    desk.set_calendar(_OFFICE, office(), at=0)
    desk.add_agent(Agent(id=AgentId("ana"), capacity=1), at=0)
    desk.add_queue(Queue(id=_LINE, members=[AgentId("ana")]), at=0)
    desk.set_policies([Policy(id=PolicyId("p"), targets=targets, calendar=_OFFICE)], at=0)
    return desk


class Edit:
    """Lets the office close at another time from today on; every open clock follows."""

    most = 1

    def __init__(self, clocks: int) -> None:
        self._desk = _desk(
            {
                Metric.FIRST_RESPONSE: Target(within=hours(16), warnings=[75]),
                Metric.RESOLUTION: Target(within=hours(80), warnings=[75]),
            }
        )
        tickets = max(1, clocks // EACH)
        for number in range(tickets):
            self._desk.submit(
                Ticket(id=TicketId(f"ticket-{number}"), queue=_LINE), at=_MONDAY + number
            )
        self._at = _MONDAY + tickets
        self._last = TicketId(f"ticket-{tickets - 1}")
        self._next: list[Calendar] = [office(closes=time(18)), office(closes=CLOSES)]
        self.clocks = tickets * EACH

    def prepare(self, count: int) -> None:
        """Nothing: the next edit is the one before the last."""

    def run(self) -> None:
        """Edit, and see that a clock followed."""
        before = self._desk.clock(self._last, Metric.RESOLUTION).due
        calendar = self._next.pop(0)
        self._next.append(calendar)
        assert len(self._desk.set_calendar(_OFFICE, calendar, at=self._at)) == 1
        assert self._desk.clock(self._last, Metric.RESOLUTION).due != before


class Warned:
    """Lets open time pass in which as many warnings fall due as are asked for.

    Tickets arrived ``STEP`` apart, and a quarter of the target is as long as all of them took: the
    k-th warning comes k steps after the first. Each costs a pop of the desk's timers, the lookup
    of ticket and clock, an event, its fold, the due instant of the target and that of the next
    mark, both counted in the calendar, and the timer set anew.
    """

    def __init__(self, n: int, rounds: int) -> None:
        self._table = office().timetable
        quarter = n * STEP
        self._desk = _desk({Metric.RESOLUTION: Target(within=4 * quarter, warnings=WARNINGS)})
        for number in range(n):
            self._desk.submit(
                Ticket(id=TicketId(f"ticket-{number}"), queue=_LINE),
                at=self._table.add(_MONDAY, number * STEP),
            )
        self._passed = (n - 1) * STEP
        self.most = n * len(WARNINGS) // (rounds + 4)  # every round fits, and the warming up
        self._count, self._at = 0, 0

    def prepare(self, count: int) -> None:
        """Find the instant by which ``count`` more are due."""
        self._count = count
        self._passed += count * STEP
        self._at = self._table.add(_MONDAY, self._passed)

    def run(self) -> None:
        """Pass the time at which they fall due."""
        assert len(self._desk.advance(at=self._at)) == self._count


class FallDue:
    """Takes the timer that is due first, and sets it anew behind all others: no desk, no clock."""

    most = 1_000_000

    def __init__(self, n: int) -> None:
        self._timers = Timers()
        timers.fill(self._timers, n)
        self._count = 0

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        self._count = count

    def run(self) -> None:
        """Pass the times at which one after another falls due."""
        due, take, again = self._timers.next_due, self._timers.take, self._timers.set
        for _ in range(self._count):
            instant = due()
            assert instant is not None
            taken = take(instant)
            for timer in taken:
                again(timer, instant + timers.FAR)
            self._timers.put_back(taken)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure the edit, then the timers of clocks, alone and with what they set off."""
    n = effort.timers[-1]
    edit = Edit(n)
    few = evolve(effort, rounds=min(effort.rounds, ROUNDS))
    seconds = interleaved({"edit": edit}, few, count=1)["edit"]
    yield Row(
        title=f"calendar: follow an edit, n open clocks ({SECONDS:g} s for 1e6, here its share)",
        size=edit.clocks,
        value=median(seconds),
        unit="s",
        at_most=SECONDS * n / MANY if n >= LEAST else None,
    )
    del edit
    n = min(n, LEAST)
    contenders: dict[str, Contender] = {"ticketroute": FallDue(n), "bare": BareHeap(n)}
    spent = interleaved(contenders, effort)
    yield compared(
        "calendar: a timer among n falls due and is set anew",
        n,
        spent["ticketroute"],
        "bare",
        spent["bare"],
    )
    contenders = {"ticketroute": Warned(n, effort.rounds), "bare": BareHeap(n)}
    spent = interleaved(contenders, effort)
    yield compared(
        "calendar: a warning of one of n clocks: timer, event, fold, two sums of open hours",
        n,
        spent["ticketroute"],
        "bare",
        spent["bare"],
    )
