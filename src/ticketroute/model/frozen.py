"""Parts of frozen values: a mapping that cannot change, and a fast constructor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

import attrs
from attrs import NOTHING

from ticketroute.errors import InvalidValueError

K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")


class Word(Enum):
    """One of a fixed set of words, quick to look up in a table.

    Python's Enum computes the hash of a member's name in Python at every look-up. Each member is a
    single object, so hashing its identity gives the same answers and costs less.
    """

    __hash__ = object.__hash__


class FrozenMapping(dict[K, V]):
    """A dict that cannot change, and can therefore be shared, hashed and pickled.

    It is a dict, not a proxy around one, so that a look-up is as quick as in a dict.
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

    def __reduce__(self) -> tuple[Callable[..., FrozenMapping[K, V]], tuple[dict[K, V]]]:
        return read_only, (dict(self),)  # an empty one is the same object again


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
        if not isinstance(items, Mapping):
            items = list(items)
            if any(isinstance(each, str) for each in items):  # "fr" would be the pair of f and r
                raise TypeError("a text is no pair")
        return FrozenMapping(items) or EMPTY
    except (TypeError, ValueError) as fault:
        raise InvalidValueError(thing, items, "a mapping of names to values") from fault


def maker(kind: Callable[P, V]) -> Callable[P, V]:
    """Return a function that makes values of a frozen attrs class faster than the class does.

    A call of the class builds a dict of the arguments and sets each field through
    ``object.__setattr__``. The function sets the fields of a blank object with the same layout,
    which is not frozen yet, and then changes its class. Use it only for classes whose fields are
    neither converted nor validated and that are made hundreds of thousands of times a second.
    Pass fields by name; the function does not check this, because keyword-only defaults are slower.

    >>> from attrs import frozen
    >>> @frozen(kw_only=True, weakref_slot=False)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> maker(Point)(x=1)
    Point(x=1, y=0)
    """
    fields = attrs.fields(cast(type, kind))
    assert all(each.converter is None and each.validator is None for each in fields)
    scope = {f"default_{each.name}": each.default for each in fields}
    scope |= {"kind": kind, "blank": _thawed(kind)}
    needed = [each.name for each in fields if each.default is NOTHING]
    others = [each.name for each in fields if each.default is not NOTHING]
    given = (*needed, *(f"{name}=default_{name}" for name in others))
    lines = [
        f"def make({', '.join(given)}):",
        " made = blank()",
        *(f" made.{each.name} = {each.name}" for each in fields),
        " made.__class__ = kind",
        " return made",
    ]
    exec("\n".join(lines), scope)  # noqa: S102  of names in our own code, as attrs makes __init__
    return cast("Callable[P, V]", scope["make"])


def _thawed(kind: Any) -> type:
    """Return a subclass of the same layout, whose values come empty and can be changed."""
    thaw = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"_Blank{kind.__name__}", (kind,), {"__slots__": ()} | thaw)
