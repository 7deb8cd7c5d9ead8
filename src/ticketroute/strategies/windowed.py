"""A base for strategies that read a sliding window."""

from __future__ import annotations

from ticketroute.model.checks import LONGEST_SPAN, check_whole
from ticketroute.model.instants import Span, hours
from ticketroute.strategies.ranked import Ranked

DAY: Span = hours(24)  # a working day and the night after it, so that yesterday's shift is out


class Windowed(Ranked):
    """A key from figures that the desk counts within the last ``window`` milliseconds."""

    def __init__(self, window: Span = DAY) -> None:
        check_whole("window", window, 1, LONGEST_SPAN)
        super().__init__()
        self._window = window

    @property
    def window(self) -> Span:
        """The length of the sliding window, in milliseconds."""
        return self._window
