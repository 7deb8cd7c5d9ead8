"""What strategies over a sliding span have in common."""

from __future__ import annotations

from ticketroute.model.checks import LONGEST_SPAN, check_whole
from ticketroute.model.instants import Span, hours
from ticketroute.strategies.ranked import Ranked

DAY: Span = hours(24)  # one working day and the night after it: yesterday's shift has dropped out


class Windowed(Ranked):
    """A key over what happened within ``window`` milliseconds, counted by the desk."""

    def __init__(self, window: Span = DAY) -> None:
        check_whole("window", window, 1, LONGEST_SPAN)
        super().__init__()
        self._window = window

    @property
    def window(self) -> Span:
        """How far back the desk counts, in milliseconds."""
        return self._window
