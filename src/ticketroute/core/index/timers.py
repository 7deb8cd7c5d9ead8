"""What is due when: one heap of instants for everything that time alone will change."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ticketroute.model.instants import LAST_INSTANT, Instant

NEVER: Instant = LAST_INSTANT + 1
_SPARE = 64  # dead entries that are never worth a sweep


class TimerKind(IntEnum):
    """What a timer is for; of one instant, the smaller goes first: room before work."""

    SHIFT = 0  # before all else: at the instant it ends, nobody gets anything any more
    WRAP_UP = 1
    RATE_LIMIT = 2
    COOL_DOWN = 3
    RETRY = 4
    OFFER = 5
    RING = 6
    RESERVE = 7
    RELAX = 8
    HOLD_ROOM = 9
    RESPOND = 10
    IDLE = 11
    GRACE = 12
    CLOCK = 13


class Timer(NamedTuple):
    """One thing that falls due: its kind, whom it concerns, and which of theirs."""

    kind: TimerKind
    subject: str
    detail: str = ""


class Timers:
    """A heap whose entries are lower bounds: what moved later or was cancelled is found out late.

    ``set``, ``cancel``: O(log n). ``next_due``, ``due``: O(1) when nothing is due, but for the
    dead entries on top, each of which is removed once. Memory stays within twice the living.
    """

    def __init__(self) -> None:
        self.earliest: Instant = NEVER  # nothing is due before
        self._due_of: dict[Timer, Instant] = {}
        self._heap: list[tuple[Instant, Timer]] = []

    def set(self, timer: Timer, due: Instant) -> None:
        """Make ``timer`` due at ``due``, whether it was set before or not."""
        before = self._due_of.get(timer)
        self._due_of[timer] = due
        if before is None or due < before:
            heappush(self._heap, (due, timer))
            if due < self.earliest:
                self.earliest = due
            if len(self._heap) > 2 * len(self._due_of) + _SPARE:
                self._sweep()

    def cancel(self, timer: Timer) -> None:
        """Forget ``timer``; one that is not set is no error."""
        if (
            self._due_of.pop(timer, None) is not None
            and len(self._heap) > 2 * len(self._due_of) + _SPARE
        ):
            self._sweep()

    def __contains__(self, timer: Timer) -> bool:
        return timer in self._due_of

    def due_of(self, timer: Timer) -> Instant | None:
        """Return when ``timer`` is due; None if it is not set. O(1)."""
        return self._due_of.get(timer)

    def next_due(self) -> Instant | None:
        """Return the earliest instant at which something is due, or None."""
        heap, due_of = self._heap, self._due_of
        while heap:
            noted, timer = heap[0]
            due = due_of.get(timer)
            if due == noted:
                self.earliest = min(noted, NEVER)  # time ends before what is due beyond its end
                return noted
            heappop(heap)
            if due is not None and due > noted:  # moved later; an earlier one has its own entry
                heappush(heap, (due, timer))
        self.earliest = NEVER
        return None

    def take(self, at: Instant) -> list[Timer]:
        """Return what is due at ``at`` and was not taken before; it stays set. O(log n) each."""
        taken = []
        while self.next_due() == at:
            taken.append(heappop(self._heap)[1])
        return taken

    def put_back(self, timers: Iterable[Timer]) -> None:
        """Take note again of timers that were taken and did not fire."""
        for timer in timers:
            due = self._due_of.get(timer)
            if due is not None:
                heappush(self._heap, (due, timer))
                self.earliest = min(self.earliest, due)

    def renew(self) -> None:
        """Take note of every timer that is set, whoever has taken it. O(n)."""
        self._sweep()
        self.next_due()

    def all(self) -> dict[Timer, Instant]:
        """Return every timer that is set and when it is due. O(n)."""
        return dict(self._due_of)

    def _sweep(self) -> None:
        self._heap = [(due, timer) for timer, due in self._due_of.items()]
        heapify(self._heap)
