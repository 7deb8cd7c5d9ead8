"""The desk's one tap of random numbers: looked at as often as one likes, used up once."""

from __future__ import annotations

from ticketroute.errors import InvalidValueError
from ticketroute.model.ports import RandomSource


class Chance:
    """Keeps the numbers drawn for a decision until the decision is made.

    A preview draws the very numbers that the command after it uses. What was used stands in the
    event; what was only looked at stays in line.
    """

    def __init__(self, source: RandomSource | None) -> None:
        self.source = source
        self._ahead: list[float] = []
        self._start = self._next = 0

    def random(self) -> float:
        """Return the next number from 0.0, included, to 1.0, not included.

        Raises:
            InvalidValueError: if the source returns anything else; it is asked again next time.
        """
        if self._next == len(self._ahead):
            assert self.source is not None  # no command runs without one where a queue draws
            number = self.source.random()
            if not (isinstance(number, float | int) and 0 <= number < 1):
                thing = f"the number that {type(self.source).__name__}.random() returned"
                raise InvalidValueError(thing, number, "from 0.0 up to, but not including, 1.0")
            self._ahead.append(number)
        self._next += 1
        return self._ahead[self._next - 1]

    def rewind(self, spent: int = 0) -> None:
        """Start a decision anew with the same numbers as before, but the first ``spent``."""
        self._start = self._next = spent

    def used(self) -> tuple[float, ...]:
        """Return the numbers looked at since the start of the decision."""
        return tuple(self._ahead[self._start : self._next])

    def spend(self, count: int) -> None:
        """Use up the first ``count`` numbers: a decision that drew them was made."""
        del self._ahead[:count]
        self._start = self._next = 0
