"""Commands of a desk as data: the method and its arguments, shown as source code."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import attrs
from attrs import frozen

from ticketroute.model.events import Event
from ticketroute.model.frozen import EMPTY, read_only
from ticketroute.model.strategy_spec import StrategySpec


class Desk(Protocol):
    """An object that takes commands: a dispatcher, a reference desk, or your own desk."""

    def advance(self, *, at: int) -> tuple[Event, ...]:
        """Pass time; the other commands are looked up by name."""
        ...


def _facts(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return read_only(facts)


@frozen
class Call:
    """One command: the name of a method of a desk, and its arguments.

    >>> print(Call("submit", ("t1",), {"at": 5}))
    desk.submit('t1', at=5)
    """

    name: str
    values: tuple[Any, ...] = ()
    facts: Mapping[str, Any] = attrs.field(default=EMPTY, converter=_facts)

    def give(self, desk: Desk) -> tuple[Event, ...]:
        """Give the command to a desk and return its events; a refused command raises."""
        events: tuple[Event, ...] = getattr(desk, self.name)(*self.values, **self.facts)
        return events

    @property
    def at(self) -> int:
        """The instant of the command."""
        at: int = self.facts["at"]
        return at

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001  of a protocol
        """Show the command as source code when Hypothesis prints it."""
        printer.text(str(self))

    def __str__(self) -> str:
        told = [written(value) for value in self.values]
        told += [f"{name}={written(value)}" for name, value in self.facts.items()]
        return f"desk.{self.name}({', '.join(told)})"


def written(value: object) -> str:
    """Return a value as source code, without the fields that have their defaults.

    >>> from ticketroute import Agent, Delivery
    >>> written(Agent(id="ana", capacity=2))
    "Agent(id='ana', capacity=2)"
    >>> written([Delivery.OFFER])
    '[Delivery.OFFER]'
    """
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, StrategySpec):
        return repr(str(value))
    kind: type[Any] = type(value)
    if attrs.has(kind):
        fields = [
            f"{field.name}={written(getattr(value, field.name))}"
            for field in attrs.fields(kind)
            if field.init and getattr(value, field.name) != _default_of(field)
        ]
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{written(each)}, ' for each in value).rstrip()})"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(written, value)))}}}" if value else "set()"
    return repr(value)


def _default_of(field: attrs.Attribute[Any]) -> object:
    default: Any = field.default
    return default.factory() if hasattr(default, "factory") else default
