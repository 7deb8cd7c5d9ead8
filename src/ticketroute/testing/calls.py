"""Commands of a desk as data: the method and its arguments, shown as source code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

import attrs
from attrs import frozen

from ticketroute import commands
from ticketroute.commands import Command
from ticketroute.model.events import Event
from ticketroute.model.frozen import read_only
from ticketroute.model.strategy_spec import StrategySpec


class Desk(Protocol):
    """An object that takes commands: a dispatcher, a reference desk, or your own desk."""

    def do(self, command: Command, *, at: int, by: str | None = None) -> tuple[Event, ...]:
        """Do a command."""
        ...


@frozen
class Call:
    """A command for a desk: its class, its arguments, its instant, and who gives it.

    The command is made when it is given, so that a value it refuses is a refusal like any other.

    >>> print(call(commands.Resolve, "t1", at=5))
    desk.resolve('t1', at=5)
    """

    kind: type[Command]
    values: tuple[Any, ...]
    facts: Mapping[str, Any]
    at: int
    by: str | None = None

    def give(self, desk: Desk) -> tuple[Event, ...]:
        """Give the command to a desk and return its events; a refused command raises."""
        return desk.do(self.kind(*self.values, **self.facts), at=self.at, by=self.by)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001  of a protocol
        """Show the command as source code when Hypothesis prints it."""
        printer.text(str(self))

    def __str__(self) -> str:
        told = [written(value) for value in self.values]
        facts = dict(self.facts)
        if self.kind in (commands.ChangeAgent, commands.ChangeQueue):
            facts |= self.values[1]
            told.pop()
        facts["at"] = self.at
        if self.by is not None:
            facts["by"] = self.by
        told += [f"{name}={written(value)}" for name, value in facts.items()]
        return f"desk.{method_of(self.kind)}({', '.join(told)})"


def call(kind: type[Command], *values: Any, at: int, by: str | None = None, **facts: Any) -> Call:
    """Return a command to be given: its class, then what its method takes."""
    return Call(kind, values, read_only(facts), at, by)


def call_of(command: Command, at: int, by: str | None) -> Call:
    """Return the call of a command that was made already."""
    facts = {field.name: getattr(command, field.name) for field in attrs.fields(type(command))}
    if "changes" not in facts:
        return Call(type(command), (), read_only(facts), at, by)
    return Call(type(command), tuple(facts.values()), read_only({}), at, by)


def method_of(kind: type[Command]) -> str:
    """Return the name of the method that is the face of a command.

    >>> method_of(commands.SubmitMany)
    'submit_many'
    """
    return re.sub(r"(?<=.)(?=[A-Z])", "_", kind.__name__).lower()


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
