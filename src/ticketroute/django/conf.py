"""The setting ``TICKETROUTE``: desks by alias, each with its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ticketroute.desk.desk import MAIN

SETTING: Final = "TICKETROUTE"
DEFAULT: Final = "default"


@frozen(kw_only=True)
class DeskSettings:
    """The settings of one desk.

    ``DATABASE`` is the alias of the database that keeps its journal, ``NAME`` its name there.
    ``BINDINGS`` are dotted paths of :class:`~ticketroute.django.Binding` classes. ``DEFAULTS``,
    ``RANDOM``, ``PERMITS`` and ``CLOCK`` are values, or dotted paths of them, as ``Desk.open``
    takes them. ``WAIT`` is said in the message when the desk stays locked; how long the database
    waits is its own setting. ``OVERDUE`` is after how many seconds a deadline that nobody carried
    out is worth a warning. ``BOARD`` is what else the board is given.
    """

    alias: str
    database: str = "default"
    name: str = MAIN
    bindings: tuple[Any, ...] = field(default=(), converter=tuple)
    defaults: Any = None
    random: Any = None
    permits: Any = None
    clock: Any = None
    wait: float = 10.0
    overdue: float = 120.0


def desk_settings() -> dict[str, DeskSettings]:
    """Return the settings of all desks.

    Raises:
        ImproperlyConfigured: it names the alias, the key and what is allowed.
    """
    given = getattr(settings, SETTING, None)
    if given is None:
        given = {DEFAULT: {}}
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(
            f"{SETTING} is {given!r}; it must be a dictionary from alias to the desk's settings"
        )
    return {alias: _one(alias, one) for alias, one in given.items()}


def _one(alias: str, given: Any) -> DeskSettings:
    allowed = [name for name in DeskSettings.__annotations__ if name != "alias"]
    if not isinstance(given, Mapping):
        raise ImproperlyConfigured(f"{SETTING}[{alias!r}] is {given!r}; it must be a dictionary")
    for key in given:
        if not isinstance(key, str) or key != key.upper() or key.lower() not in allowed:
            names = ", ".join(name.upper() for name in allowed)
            raise ImproperlyConfigured(
                f"{SETTING}[{alias!r}] has the key {key!r}; allowed are {names}"
            )
    values = {key.lower(): value for key, value in given.items()}
    for name in ("defaults", "random", "permits", "clock"):
        if isinstance(values.get(name), str):
            values[name] = import_string(values[name])
    bindings = values.get("bindings", ())
    if isinstance(bindings, str):
        raise ImproperlyConfigured(
            f"{SETTING}[{alias!r}]['BINDINGS'] is {bindings!r}; it must be a list of dotted paths"
        )
    return DeskSettings(alias=alias, **values)
