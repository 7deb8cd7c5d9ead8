"""What is known of a clock, and how it counts: anew each time, from its ticket's statuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ticketroute.model.events import Author
from ticketroute.model.ids import CalendarId, PolicyId
from ticketroute.model.lifecycle import Status
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Metric, Policy, Target
from ticketroute.testing.reference.calendar import Hours

ON_HOLD = {Status.PENDING, Status.POSTPONED}
PAUSES = {
    Metric.RESOLUTION: ON_HOLD,
    Metric.AGENT_WORK: ON_HOLD | {Status.ANSWERED},
    Metric.REQUESTER_WAIT: {Status.PENDING, Status.ANSWERED},
}
OVER = (Status.RESOLVED, Status.CLOSED)
OPEN = (ClockState.RUNNING, ClockState.PAUSED)


class Agreed(NamedTuple):
    """A policy, and the how-manieth of its name it is."""

    policy: Policy
    version: int


class Mark(NamedTuple):
    """What there is to do once so much has counted: sorted, the first comes first."""

    after: int
    kind: int
    number: int
    name: tuple[object, ...]  # as what it is remembered when it was done


WARNING, BREACH, LEVEL = 1, 2, 3


@dataclass(eq=False)
class ClockFacts:
    """One cycle of a metric of a ticket, and what the events said of it."""

    metric: Metric
    cycle: int
    policy_id: PolicyId
    version: int
    target: Target
    calendar_id: CalendarId | None
    promised: int
    within: int
    started: int
    state: ClockState
    ended: int | None = None
    kept: Hours | None = None  # its hours as they were when it ended
    breached: int | None = None
    done: set[tuple[object, ...]] = field(default_factory=set)  # the names of marks
    of_a_queue_left: bool = False  # the ticket's moving on was its end

    @property
    def is_open(self) -> bool:
        """Whether it can still be met."""
        return self.state in OPEN

    def stands_still(self, status: Status) -> bool:
        """Say whether nothing counts while its ticket has a status."""
        pauses = self.target.pauses
        if pauses is None:
            pauses = frozenset(PAUSES.get(self.metric, ()))
        return status in pauses or status in OVER

    def marks(self) -> list[Mark]:
        """Return all there is to do on its way, in order."""
        agreed = (self.policy_id, self.version)
        marks = [Mark(self.within + 1, BREACH, 0, ("breach",))]
        granted = min(self.within, self.promised)  # of what a change granted anew, if one did
        for share in self.target.warnings:
            whole, rest = divmod(granted * share, 100)
            name = ("warning", share, *agreed)
            after = self.within - granted + whole + (rest > 0)
            marks.append(Mark(after, WARNING, share, name))
        for number, level in enumerate(self.target.escalations):
            after = self.within + level.offset
            if level.offset >= 0:  # what follows a breach comes with it
                after += 1
            marks.append(Mark(max(1, after), LEVEL, number, ("level", number, *agreed)))
        return sorted(marks)

    def next_mark(self) -> Mark | None:
        """Return what is to be done first of all that was not done."""
        return next((mark for mark in self.marks() if mark.name not in self.done), None)


@dataclass(eq=False)
class BookFacts:
    """What the clocks of a ticket are worked out from; the first status is from its arrival on."""

    statuses: list[tuple[int, Status]]
    queued: int  # when it came to its queue
    answered: bool  # by an agent, ever
    handed: bool  # to an agent, ever
    unanswered: int | None = None  # oldest message since the opening one or an answer
    wrote: dict[Author, int] = field(default_factory=dict)  # the last message of each
    clocks: dict[Metric, list[ClockFacts]] = field(default_factory=dict)  # the cycles of each
    escalated_from: set[str] = field(default_factory=set)  # queues no level moves it back to

    @property
    def resolved(self) -> int:
        """When the ticket was resolved last."""
        over = [at for at, status in self.statuses if status is Status.RESOLVED]
        return over[-1]

    @property
    def latest(self) -> list[ClockFacts]:
        """The last cycle of each metric, in the order in which the metrics began."""
        return [cycles[-1] for cycles in self.clocks.values()]

    def last(self, metric: Metric) -> ClockFacts | None:
        """Return the last cycle of a metric, if there is any."""
        return self.clocks[metric][-1] if metric in self.clocks else None

    def is_open(self, metric: Metric) -> bool:
        """Say whether a metric has a clock that can still be met."""
        known = self.last(metric)
        return known is not None and known.is_open

    def counting(self, clock: ClockFacts) -> Iterator[tuple[int, int | None]]:
        """Yield the stretches in which a clock counts; the last may have no end."""
        ends: list[int | None] = [since for since, _ in self.statuses[1:]]
        for number, (since, status) in enumerate(self.statuses):
            start = max(since, clock.started) if number else clock.started
            end = [*ends, None][number]
            if clock.ended is not None:
                end = clock.ended if end is None else min(end, clock.ended)
            if not clock.stands_still(status) and (end is None or start < end):
                yield start, end

    def elapsed(self, clock: ClockFacts, hours: Hours, at: int) -> int:
        """Return what has counted by an instant."""
        return sum(
            hours.elapsed(start, at if end is None else min(at, end))
            for start, end in self.counting(clock)
            if start < at
        )

    def reaches(self, clock: ClockFacts, hours: Hours, amount: int) -> int | None:
        """Return when so much will have counted, if things stay as they are."""
        left = amount
        for start, end in self.counting(clock):
            here = None if end is None else hours.elapsed(start, end)
            if here is None or here >= left:
                return hours.add(start, left)
            left -= here
        return None
