"""A clock that stands until somebody moves it."""

from __future__ import annotations

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.instants import Instant, Span


class FrozenClock:
    """The present, in milliseconds, which passes only when told to.

    Called, it says what time it is: so it serves wherever a function is wanted that tells it.

    >>> clock = FrozenClock(1_000)
    >>> clock.pass_by(500)
    1500
    >>> clock()
    1500
    """

    def __init__(self, now: Instant = 0) -> None:
        self.now = now

    def __call__(self) -> Instant:
        """Return what time it is."""
        return self.now

    def pass_by(self, span: Span) -> Instant:
        """Let a span pass; return what time it is then."""
        return self.reach(self.now + span)

    def reach(self, at: Instant) -> Instant:
        """Let time pass up to an instant.

        Raises:
            ValueError: if it lies in the past.
        """
        if at < self.now:
            raise ValueError(f"it is {self.now} already, and no clock goes back to {at}")
        self.now = at
        return at

    def reach_deadline(self, desk: Dispatcher) -> Instant:
        """Let time pass up to what is due next on a desk; stay where nothing is."""
        deadline = desk.next_deadline()
        return self.reach(self.now if deadline is None else max(self.now, deadline))
