"""Calendars in the form of configuration: mappings, lists and strings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from ticketroute.errors import InvalidValueError
from ticketroute.sla.holiday import Holiday, PublicHolidays
from ticketroute.sla.reading import Windows, bounded, table

DEEPEST = 8  # levels of calendars within calendars
MOST_WITHIN = 32  # calendars that one depends on, at any depth

T = TypeVar("T")


def read_plain(make: Callable[..., T], plain: object, names: Sequence[str]) -> T:
    """Return what ``make`` makes of a mapping with these keys, and of the ones in its ``within``.

    An error names which of the calendars within calendars it is about.
    """
    return _read(make, plain, names, ())


def listed(windows: Windows) -> list[list[str]]:
    """Return openings as lists, for JSON and TOML."""
    return [list(window) for window in windows]


def plain_holiday(holiday: Holiday) -> Any:
    """Return a holiday in the form of configuration."""
    if isinstance(holiday, PublicHolidays):
        return holiday.plain()
    return holiday if isinstance(holiday, str) else holiday.isoformat()


def _read(make: Callable[..., T], plain: object, names: Sequence[str], path: tuple[int, ...]) -> T:
    if isinstance(make, type) and isinstance(plain, make):
        return cast("T", plain)
    if len(path) > DEEPEST:
        raise InvalidValueError("the depth of Calendar.within", len(path), f"at most {DEEPEST}")
    with _inside(path):
        given = _fields_in(plain, names)
    if "within" in given:
        inner = enumerate(given["within"])
        given["within"] = [_read(make, each, names, (*path, number)) for number, each in inner]
    with _inside(path):
        return make(**given)


def _fields_in(plain: object, names: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for key, value in table("a calendar", plain).items():
        if key not in names:
            raise InvalidValueError("a key of a calendar", key, f"one of {', '.join(names)}")
        given[str(key)] = value
    if "within" in given:
        given["within"] = bounded("Calendar.within", given["within"], MOST_WITHIN)
    return given


@contextmanager
def _inside(path: tuple[int, ...]) -> Iterator[None]:
    """Add to an error which of the calendars within calendars it is about."""
    try:
        yield
    except InvalidValueError as fault:
        if not path:
            raise
        where = "".join(f".within[{number}]" for number in path)
        thing = f"{fault.thing} of Calendar{where}"
        raise InvalidValueError(thing, fault.value, fault.allowed) from fault
