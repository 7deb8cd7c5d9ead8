"""What a value of a configuration may be: how it is read, and its JSON Schema, in one place."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from attrs import define, evolve, field, frozen

from ticketroute.errors import (
    ConfigurationError,
    InvalidValueError,
    TicketRouteError,
    shown,
)
from ticketroute.model.checks import LONGEST_ID, LONGEST_SPAN, LONGEST_TEXT
from ticketroute.model.instants import Span

MOST_PROBLEMS = 100  # that are told: nobody reads on, and a file of garbage has millions
_UNITS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = re.compile(r"-?(?:\d{1,12}(?:ms|[smhd]))+", re.ASCII)
_PART = re.compile(r"(\d+)(ms|[smhd])", re.ASCII)
_BARE = re.compile(f"[A-Za-z0-9_-]{{1,{LONGEST_ID}}}", re.ASCII)  # a key without quotes
_SPAN_FORM = "a span with its units, such as '30s', '5m', '1h30m' or '2d'"


class Bad(Enum):
    """What a value becomes that cannot be read; the problem is noted where it was found."""

    BAD = "bad"


BAD: Final = Bad.BAD


@frozen
class Problem:
    """Something wrong in a configuration: in which file, at which key, and what would be right."""

    file: str
    path: str
    value: object = field(eq=False)
    allowed: str
    nearest: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.path}" if self.path else self.file
        hint = "" if self.nearest is None else f"; did you mean {self.nearest!r}?"
        return f"{where} is {shown(self.value)}; it must be {self.allowed}{hint}"


@define
class Problems:
    """All problems found so far."""

    found: list[Problem] = field(factory=list)
    more: int = 0  # that are not told

    def add(self, problem: Problem) -> None:
        """Note a problem; where there are too many already, count it."""
        if len(self.found) >= MOST_PROBLEMS:
            self.more += 1
        elif problem not in self.found:
            self.found.append(problem)

    def check(self) -> None:
        """Raise ConfigurationError if there is any."""
        if self.found:
            raise ConfigurationError(self.found, more=self.more)


@frozen
class Place:
    """Where in which file a value stands."""

    problems: Problems = field(repr=False)
    file: str
    path: str = ""

    def at(self, key: str | int) -> Place:
        """Return the place of a key or of a list's element inside this one."""
        if isinstance(key, int):
            return evolve(self, path=f"{self.path}[{key}]")
        short = key if len(key) <= LONGEST_ID else f"{key[:LONGEST_ID]}..."
        written = key if _BARE.fullmatch(key) else json.dumps(short, ensure_ascii=False)
        return evolve(self, path=f"{self.path}.{written}" if self.path else written)

    def bad(self, value: object, allowed: str, known: Iterable[str] = ()) -> Bad:
        """Note a problem here; ``known`` are names of which the nearest is proposed."""
        names = {each.lower(): each for each in known}
        near = (
            get_close_matches(value[:LONGEST_ID].lower(), names, 1)
            if isinstance(value, str)
            else []
        )
        nearest = names[near[0]] if near else None
        self.problems.add(Problem(self.file, self.path, value, allowed, nearest))
        return BAD

    def make(self, kind: Callable[..., Any], *values: Any, **named: Any) -> Any:
        """Return what ``kind`` makes of the values; a refusal is noted here."""
        try:
            return kind(*values, **named)
        except InvalidValueError as fault:
            return self.bad(fault.value, f"{fault.allowed} ({fault.thing})")
        except TicketRouteError as fault:
            return self.bad(named or values, f"what a desk takes: {fault}")


def length_of(span: Span) -> str:
    """Return a span as a configuration writes it.

    >>> length_of(90_000), length_of(86_400_000), length_of(1)
    ('1m30s', '1d', '1ms')
    """
    parts = []
    for unit, size in sorted(_UNITS.items(), key=lambda each: -each[1]):
        count, span = divmod(span, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


class Kind(ABC):
    """What a value may be."""

    @abstractmethod
    def read(self, value: object, place: Place) -> Any:
        """Return the value as the library has it, or BAD with a problem noted at ``place``."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the same."""


@frozen
class Text(Kind):
    """A text; ``is_id`` asks for one that can be a name."""

    is_id: bool = False

    def read(self, value: object, place: Place) -> Any:
        """Return the text."""
        most = LONGEST_ID if self.is_id else LONGEST_TEXT
        if not isinstance(value, str) or len(value) > most or (self.is_id and not value):
            return place.bad(value, f"a text of {1 if self.is_id else 0} to {most} characters")
        if self.is_id and (not value.isprintable() or value != value.strip(" ")):
            return place.bad(value, "printable characters with no blank at either end")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the schema of a text."""
        if self.is_id:
            return {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}
        return {"type": "string", "maxLength": LONGEST_TEXT}


@frozen
class Whole(Kind):
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int

    def read(self, value: object, place: Place) -> Any:
        """Return the number."""
        if type(value) is not int or not self.low <= value <= self.high:
            return place.bad(value, f"a whole number from {self.low} to {self.high}")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the schema of the number."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@frozen
class Flag(Kind):
    """True or false."""

    def read(self, value: object, place: Place) -> Any:
        """Return the flag."""
        return value if isinstance(value, bool) else place.bad(value, "true or false")

    def schema(self) -> dict[str, Any]:
        """Return the schema of a flag."""
        return {"type": "boolean"}


@frozen
class Length(Kind):
    """A span of time with its units, from ``low`` milliseconds to ten years."""

    low: Span = 0

    def read(self, value: object, place: Place) -> Any:
        """Return the span in milliseconds."""
        if not isinstance(value, str) or not _SPAN.fullmatch(value):
            return place.bad(value, _SPAN_FORM)
        span = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(value))
        span = -span if value.startswith("-") else span
        if not self.low <= span <= LONGEST_SPAN:
            least = "ten years back" if self.low < 0 else f"{self.low} ms"
            return place.bad(value, f"from {least} to ten years")
        return span

    def schema(self) -> dict[str, Any]:
        """Return the schema of a span."""
        sign = "-?" if self.low < 0 else ""
        return {"type": "string", "pattern": f"^{sign}([0-9]{{1,12}}(ms|s|m|h|d))+$"}


@frozen
class OneOf(Kind):
    """One of some words, each of which stands for a value."""

    words: Mapping[str, Any]

    @classmethod
    def enum(cls, kind: type[Enum]) -> OneOf:
        """Return the words of an enum: its values, or the names of numbered ones."""
        return cls({str(e.value) if isinstance(e.value, str) else e.name.lower(): e for e in kind})

    def read(self, value: object, place: Place) -> Any:
        """Return what the word stands for."""
        if not isinstance(value, str) or value not in self.words:
            return place.bad(value, f"one of {', '.join(map(repr, self.words))}", self.words)
        return self.words[value]

    def schema(self) -> dict[str, Any]:
        """Return the schema of the words."""
        return {"enum": list(self.words)}


@frozen
class ListOf(Kind):
    """A list of values of one kind; ``alone`` allows a single value in place of a list of one.

    In a ``unique`` one no value may be there twice.
    """

    kind: Kind
    least: int = 0
    alone: bool = False
    most: int = 10_000
    unique: bool = False

    def read(self, value: object, place: Place) -> Any:
        """Return the values."""
        if self.alone and not isinstance(value, list):
            value = [value]
        if not isinstance(value, list):
            return place.bad(value, "a list")
        if not self.least <= len(value) <= self.most:
            return place.bad(value, f"a list of {self.least} to {self.most} values")
        read = [self.kind.read(each, place.at(number)) for number, each in enumerate(value)]
        if self.unique and BAD not in read and len(set(read)) < len(read):
            for number, each in enumerate(read):
                if each in read[:number]:
                    read[number] = place.at(number).bad(each, "there once")
        return BAD if BAD in read else read

    def schema(self) -> dict[str, Any]:
        """Return the schema of a list."""
        inner = self.kind.schema()
        listed = {"type": "array", "items": inner, "minItems": self.least, "maxItems": self.most}
        if self.unique:
            listed["uniqueItems"] = True
        return {"anyOf": [inner, listed]} if self.alone else listed


@frozen
class MapOf(Kind):
    """A table whose keys are names and whose values are of one kind."""

    kind: Kind

    def read(self, value: object, place: Place) -> Any:
        """Return the table."""
        if not isinstance(value, dict):
            return place.bad(value, "a table of names to values")
        read = {}
        for key, each in value.items():
            name = Text(is_id=True).read(key, place.at(str(key)))
            read[name] = self.kind.read(each, place.at(str(key)))
        return BAD if BAD in read or BAD in read.values() else read

    def schema(self) -> dict[str, Any]:
        """Return the schema of a table of names."""
        names = {"minLength": 1, "maxLength": LONGEST_ID}
        return {
            "type": "object",
            "propertyNames": names,
            "additionalProperties": self.kind.schema(),
        }


@frozen
class Either(Kind):
    """One of several forms, told apart by the type that TOML gives them."""

    forms: tuple[tuple[type, Kind], ...]

    def read(self, value: object, place: Place) -> Any:
        """Return the value as its form is read."""
        for kind, form in self.forms:
            if type(value) is kind:
                return form.read(value, place)
        names = {dict: "a table", list: "a list", str: "a text", int: "a whole number"}
        return place.bad(value, " or ".join(names[kind] for kind, _ in self.forms))

    def schema(self) -> dict[str, Any]:
        """Return the schema of either form."""
        return {"anyOf": [form.schema() for _, form in self.forms]}


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class Table(Kind):
    """A table with these keys and no others; ``make`` makes its value of what they hold."""

    make: Callable[..., Any]
    keys: Mapping[str, Kind]
    needed: frozenset[str] = field(default=frozenset(), converter=_names)
    title: str = ""

    def read(self, value: object, place: Place, **given: Any) -> Any:
        """Return what the table makes; ``given`` are values that are not in it."""
        read = self.values(value, place)
        return BAD if read is BAD else place.make(self.make, **given, **read)

    def values(self, value: object, place: Place) -> Any:
        """Return the values of the keys that are there."""
        if not isinstance(value, dict):
            return place.bad(value, "a table")
        read: dict[str, Any] = {}
        for key, each in value.items():
            kind = self.keys.get(key)
            if kind is None:
                known = ", ".join(self.keys)
                read[key] = place.at(str(key)).bad(key, f"left out: keys are {known}", self.keys)
            else:
                read[key] = kind.read(each, place.at(key))
        for key in sorted(self.needed - value.keys()):
            read[key] = place.at(key).bad(None, "given")
        return BAD if BAD in read.values() else read

    def schema(self) -> dict[str, Any]:
        """Return the schema of the table."""
        made: dict[str, Any] = {
            "type": "object",
            "properties": {key: kind.schema() for key, kind in self.keys.items()},
            "additionalProperties": False,
        }
        if self.needed:
            made["required"] = sorted(self.needed)
        return made


@frozen
class Via(Kind):
    """Another kind whose value goes through a function."""

    kind: Kind
    make: Callable[[Any], Any]

    def read(self, value: object, place: Place) -> Any:
        """Return what the function makes of the value."""
        read = self.kind.read(value, place)
        return BAD if read is BAD else place.make(self.make, read)

    def schema(self) -> dict[str, Any]:
        """Return the schema of the other kind."""
        return self.kind.schema()


@frozen
class Later(Kind):
    """A kind that is named before it is there: conditions hold conditions."""

    kind: Callable[[], Kind]
    name: str

    def read(self, value: object, place: Place) -> Any:
        """Return the value as the kind reads it."""
        return self.kind().read(value, place)

    def schema(self) -> dict[str, Any]:
        """Return a reference to the kind's schema."""
        return {"$ref": f"#/$defs/{self.name}"}
