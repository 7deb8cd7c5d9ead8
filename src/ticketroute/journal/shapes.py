"""Writers and readers of values, generated from the fields of their classes.

Plain data goes in and out: what ``json`` writes and reads. Keys are fields in their order, fields
at their default are left out, sets are sorted, words of a closed set are written as such. Reading
does not validate: what was valid when it was written can still be read by a stricter release.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import date
from enum import Enum, IntEnum
from functools import cache
from typing import Any, TypeVar, Union

import attrs
from attrs import NOTHING

from ticketroute.model.frozen import read_only
from ticketroute.model.line_order import LineOrder
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.sla.calendar import Calendar

Write = Callable[[Any], Any]
Read = Callable[[Any], Any]
_AS_IS = (str, int, float, bool, object)


class UnknownFieldError(Exception):
    """Plain data has a field that its class does not have."""


class _Shape:
    """What is needed to write and to read one type, as source text over names in a scope."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope

    def name(self, value: object) -> str:
        name = f"x{len(self.scope)}"
        self.scope[name] = value
        return name

    def writing(self, kind: Any, value: str) -> str:
        """Return an expression that makes plain data of ``value``."""
        kind = getattr(kind, "__supertype__", kind)  # of a NewType
        one = _unless_none(kind)
        if one is not None:
            written = self.writing(one, value)
            return value if written == value else f"(None if {value} is None else {written})"
        if kind in _AS_IS:
            return value
        if typing.get_origin(kind) is not None:
            return self._writing_several(kind, value)
        if _is_named(kind):
            each = [self.writing(k, f"{value}[{n}]") for n, k in enumerate(_hints(kind))]
            return f"[{', '.join(each)}]"
        if isinstance(kind, type) and issubclass(kind, Enum):
            return f"{self.name(_words(kind))}[{value}]"
        return f"{self.name(writer(kind))}({value})"

    def _writing_several(self, kind: Any, value: str) -> str:
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin is frozenset:
            return f"sorted({self._each(inside[0], value)})"
        if origin is tuple and inside[-1] is Ellipsis:
            return self._each(inside[0], value)
        if origin is tuple:
            each = [self.writing(k, f"{value}[{n}]") for n, k in enumerate(inside)]
            return f"[{', '.join(each)}]"
        name, one = self.writing(inside[0], "k"), self.writing(inside[1], "v")
        if (name, one) == ("k", "v"):
            return f"dict({value})"
        return f"{{{name}: {one} for k, v in {value}.items()}}"

    def reading(self, kind: Any, plain: str) -> str:
        """Return an expression that makes a value of plain data."""
        kind = getattr(kind, "__supertype__", kind)
        one = _unless_none(kind)
        if one is not None:
            read = self.reading(one, plain)
            return plain if read == plain else f"(None if {plain} is None else {read})"
        if kind is object:
            return f"{self.name(_tuples)}({plain})"
        if kind in _AS_IS:
            return plain
        if typing.get_origin(kind) is not None:
            return self._reading_several(kind, plain)
        if _is_named(kind):
            each = [self.reading(k, f"{plain}[{n}]") for n, k in enumerate(_hints(kind))]
            return f"{self.name(kind)}({', '.join(each)})"
        if isinstance(kind, type) and issubclass(kind, Enum):
            return f"{self.name({word: each for each, word in _words(kind).items()})}[{plain}]"
        return f"{self.name(reader(kind))}({plain})"

    def _reading_several(self, kind: Any, plain: str) -> str:
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin is frozenset:
            return f"frozenset({self._each(inside[0], plain, self.reading)})"
        if origin is tuple and inside[-1] is Ellipsis:
            return f"tuple({self._each(inside[0], plain, self.reading)})"
        if origin is tuple:
            each = [self.reading(k, f"{plain}[{n}]") for n, k in enumerate(inside)]
            return f"({', '.join(each)},)"
        made = self.name(read_only)
        name, one = self.reading(inside[0], "k"), self.reading(inside[1], "v")
        if (name, one) == ("k", "v"):
            return f"{made}({plain})"
        return f"{made}({{{name}: {one} for k, v in {plain}.items()}})"

    def _each(self, kind: Any, value: str, way: Callable[[Any, str], str] | None = None) -> str:
        one = (way or self.writing)(kind, "e")
        return f"list({value})" if one == "e" else f"[{one} for e in {value}]"


def _unless_none(kind: Any) -> Any:
    """Return the type beside None in a union of the two; None if it is no union."""
    if typing.get_origin(kind) not in (Union, types.UnionType):
        return None
    (one,) = (each for each in typing.get_args(kind) if each is not type(None))
    return one


def _is_named(kind: Any) -> bool:
    """Return whether a type is a NamedTuple."""
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _hints(kind: Any) -> list[Any]:
    return list(typing.get_type_hints(kind).values())


def _tuples(plain: Any) -> Any:
    """Return plain data in which lists stand for tuples."""
    return tuple(map(_tuples, plain)) if isinstance(plain, list) else plain


def _words(kind: type[Enum]) -> dict[Any, str]:
    """Return how the members of an enum are written: numbers by their names."""
    if issubclass(kind, IntEnum):
        return {each: each.name for each in kind}
    return {each: str(each.value) for each in kind}


def writer(kind: Any, *, without: tuple[str, ...] = ()) -> Write:
    """Return a function that makes plain data of a value of an attrs class."""
    return _writer(kind, without)


@cache
def _writer(kind: Any, without: tuple[str, ...]) -> Write:
    if kind in _BY_HAND:
        return _BY_HAND[kind][0]
    shape = _Shape({})
    hints = typing.get_type_hints(kind)
    lines = ["def write(value):", " plain = {}"]
    for each in _fields(kind, without):
        written = shape.writing(hints[each.name], "f")
        lines.append(f" f = value.{each.name}")
        if each.default is NOTHING:
            lines.append(f" plain[{each.name!r}] = {written}")
        else:
            default = shape.name(_default(each))
            lines.append(f" if f is not {default} and f != {default}:")
            lines.append(f"  plain[{each.name!r}] = {written}")
    return _made("write", [*lines, " return plain"], shape.scope)


def reader(kind: Any, *, without: tuple[str, ...] = ()) -> Read:
    """Return a function that makes a value of an attrs class of plain data.

    The function takes the values of the fields ``without`` by name.

    Raises:
        UnknownFieldError: from the function, for a field that the class does not have.
        KeyError: from the function, for a field or a word that is not there.
    """
    return _reader(kind, without)


@cache
def _reader(kind: Any, without: tuple[str, ...]) -> Read:
    if kind in _BY_HAND:
        return _BY_HAND[kind][1]
    shape = _Shape({"kind": kind, "new": object.__new__, "Unknown": UnknownFieldError})
    hints, fields = typing.get_type_hints(kind), _fields(kind, ())
    direct = _is_plain(kind)
    lines = [
        f"def read(plain{''.join(f', {name}' for name in without)}):",
        " made = new(kind)" if direct else " values = {}",
        " count = 0",
    ]
    for each in fields:
        put = shape.name(getattr(kind, each.name).__set__) if direct else ""
        target = f"{put}(made, {{}})" if direct else f"values[{each.name!r}] = {{}}"
        if each.name in without:
            lines.append(f" {target.format(each.name)}")
            continue
        read = shape.reading(hints[each.name], f"plain[{each.name!r}]")
        if each.default is NOTHING:
            lines += [f" {target.format(read)}", " count += 1"]
            continue
        default = shape.name(_default(each))
        lines += [
            f" if {each.name!r} in plain:",
            f"  {target.format(read)}",
            "  count += 1",
            " else:",
            f"  {target.format(default)}",
        ]
    known = shape.name({each.name for each in fields})
    lines += [
        " if count != len(plain):",
        f"  raise Unknown(sorted(plain.keys() - {known}))",
        " return made" if direct else " return kind(**values)",
    ]
    return _made("read", lines, shape.scope)


def _fields(kind: type[Any], without: tuple[str, ...]) -> list[attrs.Attribute[Any]]:
    return [each for each in attrs.fields(kind) if each.init and each.name not in without]


def _default(each: attrs.Attribute[Any]) -> Any:
    """Return a default as a value of the class holds it: converted."""
    default: Any = each.default
    if hasattr(default, "factory"):
        default = default.factory()
    return default if each.converter is None else _converted(each, default)


T = TypeVar("T")


def _converted(each: attrs.Attribute[Any], value: T) -> T:
    convert: Any = each.converter
    made: T = convert(value)
    return made


def _is_plain(kind: type[Any]) -> bool:
    """Return whether values of a class hold their fields and nothing else."""
    slots = {name for each in kind.__mro__ for name in getattr(each, "__slots__", ())}
    return slots - {"__weakref__"} == {each.name for each in attrs.fields(kind) if each.init}


def _made(name: str, lines: list[str], scope: dict[str, Any]) -> Callable[[Any], Any]:
    exec("\n".join(lines), scope)  # noqa: S102  of names in our own code, as attrs makes __init__
    made: Callable[[Any], Any] = scope[name]
    return made


# --- classes whose form is their own -------------------------------------------------------------


def _write_strategy(spec: StrategySpec) -> Any:
    if not spec.options:
        return spec.name
    options = {
        name: _write_strategy(value) if isinstance(value, StrategySpec) else value
        for name, value in spec.options.items()
    }
    return {"name": spec.name, "options": options}


def _read_strategy(plain: Any) -> StrategySpec:
    if isinstance(plain, str):
        return _bare_strategy(plain)
    options = {
        name: value if type(value) is int else _read_strategy(value)
        for name, value in plain["options"].items()
    }
    return StrategySpec(plain["name"], options)


@cache
def _bare_strategy(name: str) -> StrategySpec:
    return StrategySpec(name)


def _orders() -> dict[str, type[LineOrder]]:
    return {each.__name__: each for each in LineOrder.__subclasses__()}


def _write_order(order: LineOrder) -> dict[str, Any]:
    name = type(order).__name__
    if _orders().get(name) is not type(order) or not attrs.has(type(order)):
        raise TypeError(f"a line order {name} of the host's own cannot be written to a journal")
    return {"order": name, **writer(type(order))(order)}


def _read_order(plain: dict[str, Any]) -> Any:
    kind = _orders()[plain["order"]]
    return reader(kind)({name: each for name, each in plain.items() if name != "order"})


_BY_HAND: dict[Any, tuple[Write, Read]] = {
    StrategySpec: (_write_strategy, _read_strategy),
    LineOrder: (_write_order, _read_order),
    Calendar: (Calendar.plain, Calendar.from_plain),
    date: (date.isoformat, date.fromisoformat),
}
