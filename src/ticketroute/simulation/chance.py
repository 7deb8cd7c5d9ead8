"""Random numbers that depend on what they are for, and on nothing else.

A number is a function of the seed, a purpose and a name: ``draw("handling", "mail-17")`` is the
same whichever strategy routes the ticket, and however many other numbers were drawn before. So two
strategies are compared on the same tickets: common random numbers.

Source of the method: A. M. Law, "Simulation Modeling and Analysis", 5th edition, section 11.2.
"""

from __future__ import annotations

from hashlib import blake2b

_BITS = 53  # of a float's mantissa: every number is a multiple of 2**-53
_SCALE = 2.0**-_BITS


class Chance:
    """Draws numbers by seed, purpose and name.

    The seed is a text: integers lose their sign as seeds of ``random.Random``. The numbers are the
    same in every process, on every machine and in every version of Python: they are the first 53
    bits of the BLAKE2b digest of ``seed/purpose/name``.

    >>> Chance("1/0").draw("handling", "mail-1") == Chance("1/0").draw("handling", "mail-1")
    True
    >>> Chance("1/0").draw("handling", "mail-1") == Chance("1/1").draw("handling", "mail-1")
    False
    """

    __slots__ = ("seed",)

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def draw(self, purpose: str, name: str) -> float:
        """Return a number from 0.0, included, to 1.0, not included. O(1)."""
        digest = blake2b(f"{self.seed}/{purpose}/{name}".encode(), digest_size=8).digest()
        return (int.from_bytes(digest) >> 11) * _SCALE

    def source(self, purpose: str) -> Source:
        """Return a sequence of numbers for one purpose, for a strategy that draws."""
        return Source(self, purpose)


class Source:
    """A ``RandomSource``: the first, second, third ... number of one purpose."""

    def __init__(self, chance: Chance, purpose: str) -> None:
        self._chance, self._purpose, self._drawn = chance, purpose, 0

    def random(self) -> float:
        """Return the next number from 0.0, included, to 1.0, not included."""
        self._drawn += 1
        return self._chance.draw(self._purpose, str(self._drawn))
