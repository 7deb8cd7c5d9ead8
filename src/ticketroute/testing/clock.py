"""A clock that moves only when a test moves it."""

from __future__ import annotations

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.instants import Instant, Span


class FrozenClock:
    """The present instant, in milliseconds, which changes only through its methods.

    A call returns the instant, so that the clock can be passed as a function for the time.

    >>> clock = FrozenClock(1_000)
    >>> clock.pass_by(500)
    1500
    >>> clock()
    1500
    """

    def __init__(self, now: Instant = 0) -> None:
        self.now = now

    def __call__(self) -> Instant:
        """Return the present instant."""
        return self.now

    def pass_by(self, span: Span) -> Instant:
        """Move forward by a span, and return the new instant."""
        return self.reach(self.now + span)

    def reach(self, at: Instant) -> Instant:
        """Move forward to an instant.

        Raises:
            ValueError: if the instant is in the past.
        """
        if at < self.now:
            raise ValueError(f"the clock is at {self.now} already and cannot go back to {at}")
        self.now = at
        return at

    def reach_deadline(self, desk: Dispatcher) -> Instant:
        """Move forward to the next deadline of a desk; do nothing if it has none."""
        deadline = desk.next_deadline()
        return self.reach(self.now if deadline is None else max(self.now, deadline))
