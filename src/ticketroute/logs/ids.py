"""Finding an id that comes twice, in eight bytes for each id."""

from __future__ import annotations

from array import array
from collections import Counter

_PARTS = 256  # so that one part of ten million is small


class Ids:
    """Collects the hashes of ids; ``twice`` are those of ids that may have come twice.

    Eight bytes of memory for each id. Two ids may share a hash: compare the ids themselves.
    """

    def __init__(self) -> None:
        self._parts = tuple(array("q") for _ in range(_PARTS))

    def add(self, id_: str) -> None:
        """Take in an id. O(1)."""
        number = hash(id_)
        self._parts[number % _PARTS].append(number)

    def twice(self) -> frozenset[int]:
        """Return the hashes that came more than once. O(n)."""
        found: set[int] = set()
        for part in self._parts:
            if len(set(part)) != len(part):
                found.update(number for number, count in Counter(part).items() if count > 1)
        return frozenset(found)
