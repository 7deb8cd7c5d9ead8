"""A mapping that nobody can change, for the fields of frozen classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from ticketroute.errors import InvalidValueError

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(dict[K, V]):
    """A dict that refuses to change, and can therefore be shared, hashed and pickled.

    It is a dict, and not a proxy around one, so that looking up costs what it costs in a dict.
    """

    __slots__ = ("_hash",)
    _hash: int

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this mapping is part of a frozen value; make a new value with evolve()")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        try:
            return self._hash
        except AttributeError:
            self._hash = hash(frozenset(self.items()))
            return self._hash

    def __reduce__(self) -> tuple[type[FrozenMapping[K, V]], tuple[dict[K, V]]]:
        return FrozenMapping, (dict(self),)


EMPTY: FrozenMapping[Any, Any] = FrozenMapping()


def read_only(
    items: Mapping[K, V] | Iterable[tuple[K, V]], thing: str = "mapping"
) -> FrozenMapping[K, V]:
    """Return ``items`` as a mapping that cannot change; an empty one is always the same object.

    Raises:
        InvalidValueError: if ``items`` is neither a mapping nor pairs; it names ``thing``.
    """
    if isinstance(items, FrozenMapping):
        return items
    try:
        return FrozenMapping(items) or EMPTY
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(thing, items, "a mapping of names to values") from fault
