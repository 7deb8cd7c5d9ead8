"""Validators for the fields of model classes, which check every value that the host passes.

Each raises :class:`~ticketroute.errors.InvalidValueError`, which names the field, the value and
what is allowed. A bool is not a number here, a float is not a whole number, and every text has a
greatest length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Protocol, TypeVar

from attrs import Attribute

from ticketroute.errors import InvalidValueError
from ticketroute.model.frozen import read_only
from ticketroute.model.instants import LAST_INSTANT

LONGEST_ID = 200  # characters: room for a UUID, a URL of a ticket, an e-mail address (254 rarely)
LONGEST_TEXT = 1_000  # characters of a reason or a name: a sentence or two
LARGEST = 1_000_000  # of any count, capacity, cost or weight: keeps exact keys within 128 bits
LOWEST_LEVEL, HIGHEST_LEVEL = 1, 10  # of a skill
LONGEST_SPAN = 3_660 * 86_400_000  # ten years in milliseconds, longer than any wait


T = TypeVar("T")


class Check(Protocol):
    """A validator, with the signature that attrs calls."""

    def __call__(self, instance: Any, attribute: Attribute[Any], value: Any, /) -> None:
        """Raise InvalidValueError unless ``value`` is allowed."""
        ...


def check_id(thing: str, value: object) -> None:
    """Raise unless ``value`` is an id: 1 to 200 printable characters, no blank at an end. O(1)."""
    if not isinstance(value, str):
        raise InvalidValueError(thing, value, "a string")
    if not 1 <= len(value) <= LONGEST_ID:
        raise InvalidValueError(thing, value, f"1 to {LONGEST_ID} characters long")
    if not value.isprintable() or value[0] == " " or value[-1] == " ":
        raise InvalidValueError(thing, value, "printable characters with no blank at either end")


def check_ids(thing: str, values: Iterable[object]) -> None:
    """Raise unless every value is an id; the error names the first that is not."""
    for value in sorted(values, key=str):
        check_id(thing, value)


def check_text(thing: str, value: object, *, most: int = LONGEST_TEXT) -> None:
    """Raise unless ``value`` is a text of at most ``most`` encodable characters. O(most)."""
    if not isinstance(value, str):
        raise InvalidValueError(thing, value, "a string")
    if len(value) > most:
        raise InvalidValueError(thing, value, f"at most {most} characters long")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValueError(thing, value, "text without lone surrogates")


def several(thing: str, values: Iterable[T]) -> list[T]:
    """Return the hashable values as a list; a single text is refused, because it is one value.

    A set has another order in each run of Python; its values are returned in the order of names, so
    that the same program makes the same desk.
    """
    if isinstance(values, str | bytes):
        raise InvalidValueError(thing, values, "several values, such as a list")
    try:
        listed = list(values)
        hash(tuple(listed))
        if isinstance(values, set | frozenset):
            listed.sort(key=str)
    except TypeError as fault:
        raise InvalidValueError(thing, values, "several values, such as a list") from fault
    return listed


def check_whole(thing: str, value: object, low: int, high: int) -> None:
    """Raise unless ``value`` is a whole number from ``low`` to ``high``, and no bool. O(1)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(thing, value, f"a whole number from {low} to {high}")
    if not low <= value <= high:
        raise InvalidValueError(thing, value, f"from {low} to {high}")


def check_instant(thing: str, value: object) -> None:
    """Raise unless ``value`` is an instant: whole milliseconds from 1970 to 9999. O(1)."""
    if type(value) is not int:
        raise InvalidValueError(
            thing, value, "an instant in whole milliseconds UTC; instant_of() converts a datetime"
        )
    if not 0 <= value <= LAST_INSTANT:
        raise InvalidValueError(thing, value, f"an instant from 0 to {LAST_INSTANT} milliseconds")


def check_flag(thing: str, value: object) -> None:
    """Raise unless ``value`` is True or False."""
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
    """Return a check for whole numbers from ``low`` to ``high``."""

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            check_whole(_named(instance, attribute), value, low, high)

    return check


def span(low: int = 0) -> Check:
    """Return a check for spans from ``low`` milliseconds to ten years."""
    return whole(low, LONGEST_SPAN)


def one_of(kind: type) -> Check:
    """Return a check for instances of ``kind``, such as an enum."""

    def check(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if not isinstance(value, kind):
            allowed = f"of type {kind.__name__}"
            if issubclass(kind, Enum):
                allowed += f": one of {', '.join(f'{kind.__name__}.{each.name}' for each in kind)}"
            raise InvalidValueError(_named(instance, attribute), value, allowed)

    return check


def maybe(check: Check) -> Check:
    """Return a check that allows None and applies ``check`` to every other value."""

    def check_unless_none(instance: Any, attribute: Attribute[Any], value: Any) -> None:
        if value is not None:
            check(instance, attribute, value)

    return check_unless_none


def skill_levels(instance: Any, attribute: Attribute[Any], value: Any) -> None:
    """Check a field that maps skills to levels from 1 to 10."""
    name = _named(instance, attribute)
    for skill, level in value.items():
        check_id(f"a skill in {name}", skill)
        check_whole(f"{name}[{skill!r}]", level, LOWEST_LEVEL, HIGHEST_LEVEL)


def skill_mapping(skills: Any, thing: str) -> Mapping[str, int]:
    """Return skills and their levels as a mapping that cannot change.

    Raises:
        InvalidValueError: if ``skills`` is not a mapping, such as a list of names.
    """
    if not isinstance(skills, Mapping):
        raise InvalidValueError(
            thing, skills, "a mapping of each skill to its level, such as {'french': 3}"
        )
    return read_only(skills, thing)
