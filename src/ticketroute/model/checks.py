"""Validators for the fields of model classes: what comes from outside is checked at the rim.

Each raises :class:`~ticketroute.errors.InvalidValueError`, which names field, value and way out.
A bool is not a number here, a float never stands for a whole one, and no text is unbounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Protocol, TypeVar

from attrs import Attribute

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import LAST_INSTANT

LONGEST_ID = 200  # characters: room for a UUID, a URL of a ticket, an e-mail address (254 rarely)
LONGEST_TEXT = 1_000  # characters of a reason or a name: a sentence or two
LARGEST = 1_000_000  # of any count, capacity, cost or weight: keeps exact keys within 128 bits
LOWEST_LEVEL, HIGHEST_LEVEL = 1, 10  # of a skill
LONGEST_SPAN = 3_660 * 86_400_000  # ten years in milliseconds: nobody waits longer on purpose


T = TypeVar("T")


class Check(Protocol):
    """A validator as attrs calls it."""

    def __call__(self, instance: Any, attribute: Attribute[Any], value: Any, /) -> None:
        """Raise InvalidValueError unless ``value`` is allowed."""
        ...


def check_id(thing: str, value: object) -> None:
    """Refuse what is no id: 1 to 200 printable characters, no blanks at the ends. O(1)."""
    if not isinstance(value, str):
        raise InvalidValueError(thing, value, "a string")
    if not 1 <= len(value) <= LONGEST_ID:
        raise InvalidValueError(thing, value, f"1 to {LONGEST_ID} characters long")
    if not value.isprintable() or value[0] == " " or value[-1] == " ":
        raise InvalidValueError(thing, value, "printable characters with no blank at either end")


def check_ids(thing: str, values: Iterable[object]) -> None:
    """Refuse values of which one is no id; of several it names the first in their order."""
    for value in sorted(values, key=str):
        check_id(thing, value)


def check_text(thing: str, value: object, *, most: int = LONGEST_TEXT) -> None:
    """Refuse what is no short text: up to ``most`` characters that can be encoded. O(most)."""
    if not isinstance(value, str):
        raise InvalidValueError(thing, value, "a string")
    if len(value) > most:
        raise InvalidValueError(thing, value, f"at most {most} characters long")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValueError(thing, value, "text without lone surrogates")


def several(thing: str, values: Iterable[T]) -> list[T]:
    """Return hashable values as a list; a text is one value and not several."""
    if isinstance(values, str | bytes):
        raise InvalidValueError(thing, values, "several values, such as a list")
    try:
        listed = list(values)
        hash(tuple(listed))
    except TypeError as fault:
        raise InvalidValueError(thing, values, "several values, such as a list") from fault
    return listed


def check_whole(thing: str, value: object, low: int, high: int) -> None:
    """Refuse what is no whole number from ``low`` to ``high``; a bool is none. O(1)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(thing, value, f"a whole number from {low} to {high}")
    if not low <= value <= high:
        raise InvalidValueError(thing, value, f"from {low} to {high}")


def check_instant(thing: str, value: object) -> None:
    """Refuse what is no instant: whole milliseconds from 1970 to 9999. O(1)."""
    if type(value) is not int:
        raise InvalidValueError(
            thing, value, "an instant in whole milliseconds UTC; instant_of() converts a datetime"
        )
    if not 0 <= value <= LAST_INSTANT:
        raise InvalidValueError(thing, value, f"an instant from 0 to {LAST_INSTANT} milliseconds")


def check_flag(thing: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise InvalidValueError(thing, value, "True or False")


def _named(instance: object, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}.{attribute.name}"


def an_id(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a field that holds an id."""
    check_id(_named(instance, attribute), value)


def a_text(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a field that holds a short text."""
    check_text(_named(instance, attribute), value)


def an_instant(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a field that holds an instant."""
    check_instant(_named(instance, attribute), value)


def a_flag(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a field that is True or False."""
    check_flag(_named(instance, attribute), value)


def whole(low: int, high: int = LARGEST) -> Check:
    """Make a check for whole numbers from ``low`` to ``high``."""

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            check_whole(_named(instance, attribute), value, low, high)

    return check


def span(low: int = 0) -> Check:
    """Make a check for spans from ``low`` milliseconds to ten years."""
    return whole(low, LONGEST_SPAN)


def one_of(kind: type) -> Check:
    """Make a check for instances of ``kind``, such as an enum."""

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, kind):
            allowed = f"of type {kind.__name__}"
            if issubclass(kind, Enum):
                allowed += f": one of {', '.join(f'{kind.__name__}.{each.name}' for each in kind)}"
            raise InvalidValueError(_named(instance, attribute), value, allowed)

    return check


def maybe(check: Check) -> Check:
    """Make a check that lets None pass and asks ``check`` about everything else."""

    def check_unless_none(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None:
            check(instance, attribute, value)

    return check_unless_none


def skill_levels(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a mapping of skill to level 1..10."""
    name = _named(instance, attribute)
    for skill, level in value.items():
        check_id(f"a skill in {name}", skill)
        check_whole(f"{name}[{skill!r}]", level, LOWEST_LEVEL, HIGHEST_LEVEL)
