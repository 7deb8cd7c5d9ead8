"""The people of a run: what each agent works on, and for how long."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from ticketroute.model import AgentId, Instant, TicketId
from ticketroute.simulation.scenario import Kind, Worker


class Work:
    """A ticket as its work goes on; ``turn`` tells a planned end that it is out of date."""

    __slots__ = (
        "done",
        "holds",
        "hops",
        "kind",
        "left",
        "moved",
        "queue",
        "reopened",
        "rests_at",
        "row",
        "share",
        "since",
        "skills",
        "staff",
        "ticket_id",
        "todo",
        "turn",
        "whole",
    )

    def __init__(self, row: int, ticket_id: TicketId, kind: Kind, share: float) -> None:
        self.row, self.ticket_id, self.kind, self.share = row, ticket_id, kind, share
        self.queue = kind.queue
        self.skills: tuple[str, ...] = ()
        self.staff: Staff | None = None
        self.since: Instant | None = None  # None: nobody works on it now
        self.left: int | None = None  # None: not begun by the present agent
        self.turn = 0
        self.hops = self.reopened = self.holds = 0
        self.rests_at: int | None = None  # what is left of the work when it is put on hold
        self.whole = 0  # what was left when the present agent began or went on after a hold
        self.todo = 1.0  # share of the handling that is left for a next agent
        self.moved = self.done = False


class Staff:
    """An agent: on duty or not, the tickets they hold in order, those worked on now."""

    __slots__ = (
        "active",
        "busy_from",
        "busy_since",
        "busy_until",
        "hours",
        "id",
        "line",
        "number",
        "on_duty",
        "opens_and_closes",
        "pulls",
        "queues",
        "worker",
        "wraps",
    )

    def __init__(self, number: int, worker: Worker, hours: object) -> None:
        self.number, self.worker, self.id = number, worker, AgentId(worker.agent.id)
        self.hours = hours
        self.on_duty = True
        self.line: dict[Work, None] = {}
        self.active: dict[Work, None] = {}
        self.wraps = 0
        self.busy_since: Instant | None = None
        self.busy_from, self.busy_until = array("q"), array("q")
        self.pulls = False
        self.queues: frozenset[str] = frozenset()

    def free_for(self, work: Work) -> bool:
        """Return whether the agent begins this ticket now."""
        if self.worker.one_at_a_time and (self.active or self.wraps):
            return False
        return self.on_duty or (self.worker.overtime and not self.worker.one_at_a_time)

    def next_in_line(self) -> Work | None:
        """Return the first ticket that is held and not worked on."""
        return next((work for work in self.line if work not in self.active), None)

    def pace_for(self, work: Work) -> float:
        """Return what the handling time of a ticket is multiplied with."""
        pace, of = self.worker.pace, self.worker.pace_of
        if of:
            pace *= of.get(work.queue, 1.0)
            for skill in work.skills:
                pace *= of.get(skill, 1.0)
        return pace

    def busy(self, at: Instant) -> None:
        """Note that work begins, unless some went on."""
        if self.busy_since is None:
            self.busy_since = at

    def idle(self, at: Instant) -> None:
        """Note that work ends, unless some goes on."""
        if self.busy_since is not None and not self.active and not self.wraps:
            if at > self.busy_since:
                self.busy_from.append(self.busy_since)
                self.busy_until.append(at)
            self.busy_since = None


def duty(worker: Worker, start: Instant) -> tuple[bool, Iterator[tuple[Instant, bool]]]:
    """Return whether the agent is on duty at ``start``, and then when that changes, to what."""
    if worker.hours is None:
        return True, iter(())
    table = worker.hours.timetable
    return table.is_open(start), _changes(worker, start)


def _changes(worker: Worker, at: Instant) -> Iterator[tuple[Instant, bool]]:
    assert worker.hours is not None
    table = worker.hours.timetable
    while True:
        if table.is_open(at):
            close = table.next_close(at)
            if close is None:
                return
            at = close
            yield at, False
        else:
            opens = table.next_open(at)
            if opens is None:
                return
            at = opens
            yield at, True
