"""How long done tickets stay on a desk that forgets them by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from attrs import define

from ticketroute.commands import Forget
from ticketroute.desk.memory import Memory
from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import LONGEST_SPAN
from ticketroute.model.instants import Instant, Span, hours

OFTEN = hours(1)  # how often a desk looks for tickets to forget, at most


def as_span(retain: Span | timedelta | None) -> Span | None:
    """Return a time in milliseconds, above 0, or None.

    Raises:
        InvalidValueError: if it is neither a span nor a timedelta, or not above 0.
    """
    span = retain // timedelta(milliseconds=1) if isinstance(retain, timedelta) else retain
    if span is None:
        return None
    if not isinstance(span, int) or isinstance(span, bool) or not 0 < span <= LONGEST_SPAN:
        allowed = f"a timedelta or a span in milliseconds, from 1 to {LONGEST_SPAN}, or None"
        raise InvalidValueError("retain", retain, allowed)
    return span


@define
class Retention:
    """For how long done tickets are kept; ``span`` None is for ever."""

    span: Span | None
    looks_at: Instant = 0  # when to look again

    def command(self, memory: Memory, clock: Callable[[], Instant]) -> Forget | None:
        """Return the command that forgets what is due, if it is time to look and anything is.

        O(tickets) once an hour, or once in the span if that is shorter; O(1) in between.
        """
        if self.span is None:
            return None
        now = clock()
        if now < self.looks_at:
            return None
        self.looks_at = now + min(OFTEN, self.span)
        before = now - self.span
        if before <= 0:
            return None
        with memory.lock:
            done = memory.fold.dispatcher.done_before(before)
        return Forget(before) if done else None
