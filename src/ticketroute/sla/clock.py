"""One clock of a ticket, and the book of all its clocks.

No elapsed time is stored. What a clock has counted is computed from its start, the log of the
ticket's statuses, its target and its calendar, and is the same for every caller.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum, IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from attrs import define, field

from ticketroute.errors import BeyondHorizonError
from ticketroute.model.events import Author
from ticketroute.model.ids import CalendarId, PolicyId, QueueId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import Status
from ticketroute.sla.policy import ENDED, SHARE_OF_ALL, USUAL_PAUSES, Metric, Target
from ticketroute.sla.versions import Versions
from ticketroute.sla.zones import HORIZON

MARKS_KEPT = 4_096  # targets whose marks are cached


class Hours(Protocol):
    """Open hours in whole milliseconds: a timetable, or the versions of a calendar."""

    def add(self, start: Instant, span: Span, /) -> Instant:
        """Return the instant at which ``span`` of open time from ``start`` is used up."""
        ...

    def elapsed(self, start: Instant, end: Instant, /) -> Span:
        """Return the open time between two instants."""
        ...


class ClockState(Enum):
    """The state of a clock."""

    PENDING = "pending"  #: it has a target and has not started yet
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"  #: ended within its target
    MISSED = "missed"  #: ended after its target
    LAPSED = "lapsed"  #: ended within its target, without the reply or change it waits for
    CANCELLED = "cancelled"  #: ended because it has no target any more


OPEN = frozenset({ClockState.RUNNING, ClockState.PAUSED})


class MarkKind(IntEnum):
    """What to do when a clock passes a mark; of marks at one moment the smaller goes first."""

    WARNING = 1
    BREACH = 2
    LEVEL = 3


class Mark(NamedTuple):
    """A point at ``after`` of calendar time; ``number`` is the percent or the level."""

    after: Span
    kind: MarkKind
    number: int = 0


class Fired(NamedTuple):
    """A mark that has fired and does not fire again under its policy's version.

    A breach does not fire again under any version.
    """

    kind: MarkKind
    number: int
    policy_id: PolicyId | None
    version: int


class Stretch(NamedTuple):
    """A part of a clock's life: counted, or paused by a status. ``end`` None means it lasts."""

    start: Instant
    end: Instant | None
    pause: Status | None


@lru_cache(maxsize=MARKS_KEPT)
def marks_of(target: Target, within: Span, promised: Span) -> tuple[Mark, ...]:
    """Return the marks on the way to a target and after it, in order.

    Where a change granted the whole of ``promised`` again, ``within`` is more than ``promised``;
    the shares of warnings are counted from that change. A target is still met at its due instant.
    The first millisecond that counts after it is the breach, and the levels from offset 0 on
    follow it in the same way. O(levels log levels), once for each target.
    """
    whole = min(within, promised)
    marks = [
        Mark(within - whole * (SHARE_OF_ALL - share) // SHARE_OF_ALL, MarkKind.WARNING, share)
        for share in target.warnings
    ]
    marks.append(Mark(within + 1, MarkKind.BREACH))
    for number, level in enumerate(target.escalations):
        after = within + level.offset + (level.offset >= 0)
        marks.append(Mark(max(1, after), MarkKind.LEVEL, number))
    return tuple(sorted(marks))


@define(eq=False, kw_only=True)
class Clock:
    """The clock of one metric of a ticket in one cycle: its target and what became of it.

    ``promised`` is the policy's target, ``within`` the target in force after a change.
    """

    metric: Metric
    cycle: int
    policy_id: PolicyId
    version: int
    target: Target
    calendar_id: CalendarId | None
    promised: Span
    within: Span
    started: Instant
    state: ClockState = ClockState.RUNNING
    ended: Instant | None = None
    kept: Versions | None = None  # the versions of its calendar when it ended
    left_behind: bool = False  # it counted for one queue, and ended when the ticket left that queue
    breached: Instant | None = None  # when the breach was recorded
    fired: frozenset[Fired] = frozenset()
    due: Instant | None = None  # None unless it runs

    @property
    def is_open(self) -> bool:
        """Whether the clock can still be met."""
        return self.state in OPEN

    def paused_by(self, status: Status) -> bool:
        """Return whether the clock pauses while its ticket has a status."""
        pauses = self.target.pauses
        if pauses is None:
            pauses = USUAL_PAUSES[self.metric]
        return status in pauses or status in ENDED

    def next_mark(self) -> Mark | None:
        """Return the first mark that the clock has not passed. O(marks)."""
        for mark in marks_of(self.target, self.within, self.promised):
            if self.fired_as(mark.kind, mark.number) not in self.fired:
                return mark
        return None

    def fired_as(self, kind: MarkKind, number: int) -> Fired:
        """Return the key under which a mark of the present target is remembered."""
        if kind is MarkKind.BREACH:
            return Fired(kind, number, None, 0)
        return Fired(kind, number, self.policy_id, self.version)


@define(eq=False, kw_only=True)
class Book:
    """The clocks of one ticket and the facts they are computed from.

    ``log`` holds the statuses of the ticket with the instant each began, the first at its arrival.
    ``clocks`` holds the latest cycle of each metric, ``past`` the earlier cycles, which have ended.
    """

    log: list[tuple[Instant, Status]]
    queued: Instant  # when the ticket entered its queue
    clocks: dict[Metric, Clock] = field(factory=dict)
    past: list[Clock] = field(factory=list)
    policy_id: PolicyId | None = None
    answered: bool = False  # by an agent, at least once
    handed: bool = False  # to an agent, at least once
    unanswered: Instant | None = None  # the oldest message after the opening or the last answer
    contacts: dict[Author, Instant] = field(factory=dict)  # the last message of each side
    escalated_from: frozenset[QueueId] = frozenset()  # queues to which no level moves it back

    @property
    def arrived(self) -> Instant:
        """When the ticket arrived."""
        return self.log[0][0]

    def note_status(self, status: Status, at: Instant) -> None:
        """Note the ticket's status from an instant on, which is not before the last one noted."""
        self.log.append((max(at, self.log[-1][0]), status))

    def resolved_at(self) -> Instant | None:
        """Return when the ticket was last resolved, or None. O(statuses)."""
        for index in range(len(self.log) - 1, 0, -1):
            if self.log[index][1] in ENDED and self.log[index - 1][1] not in ENDED:
                return self.log[index][0]
        return None

    def note_message(self, author: Author, at: Instant) -> None:
        """Note that the agent or the requester wrote a message."""
        self.contacts[author] = at
        if author is Author.AGENT:
            self.answered, self.unanswered = True, None
        elif self.unanswered is None:
            self.unanswered = at

    def cycles(self, metric: Metric) -> list[Clock]:
        """Return the clocks of a metric in the order of their cycles. O(cycles of the ticket)."""
        found = [clock for clock in self.past if clock.metric is metric]
        if metric in self.clocks:
            found.append(self.clocks[metric])
        return found

    def stretches(self, clock: Clock) -> Iterator[Stretch]:
        """Yield the counted and the paused parts of a clock's life. O(statuses of the ticket).

        The last part of an open clock has no end.
        """
        log, last = self.log, clock.ended
        index = max(0, bisect_right(log, clock.started, key=_instant) - 1)
        start, pause = clock.started, _pause(clock, log[index][1])
        for at, status in log[index + 1 :]:
            if last is not None and at >= last:
                break
            turn = _pause(clock, status)
            if turn is pause:
                continue
            if at > start:
                yield Stretch(start, at, pause)
            start, pause = at, turn
        if last is None or last > start:
            yield Stretch(start, last, pause)

    def elapsed(self, clock: Clock, hours: Hours, at: Instant) -> Span:
        """Return what a clock has counted by an instant. O(statuses x log openings)."""
        return sum(
            counted(hours, start, at if end is None else min(end, at))
            for start, end, pause in self.stretches(clock)
            if pause is None and start < at
        )

    def reaches(self, clock: Clock, hours: Hours, amount: Span) -> Instant | None:
        """Return when a clock will have counted ``amount``, above 0, if its status stays the same.

        None if it pauses or ends before, or the calendar ends. O(statuses x log openings).
        """
        since, status = self.log[-1]
        if clock.ended is None and clock.started >= since:  # one stretch, as most clocks have
            return None if clock.paused_by(status) else _used_up(hours, clock.started, amount)
        left = amount
        for start, end, pause in self.stretches(clock):
            if pause is not None:
                continue
            if end is not None:
                open_time = counted(hours, start, end)
                if open_time < left:
                    left -= open_time
                    continue
            return _used_up(hours, start, left)
        return None


def counted(hours: Hours, start: Instant, end: Instant) -> Span:
    """Return the open time between two instants; there is none after the end of 2200."""
    return hours.elapsed(min(start, HORIZON), min(end, HORIZON))


def _used_up(hours: Hours, start: Instant, span: Span) -> Instant | None:
    try:
        return hours.add(start, span)
    except BeyondHorizonError:
        return None  # calendars end before it: nothing falls due


def _instant(entry: tuple[Instant, Status]) -> Instant:
    return entry[0]


def _pause(clock: Clock, status: Status) -> Status | None:
    return status if clock.paused_by(status) else None
