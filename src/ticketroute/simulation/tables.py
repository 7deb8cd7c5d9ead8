"""Tables of a TOML file, read key by key: a key that nobody asked for is an error."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from ticketroute.errors import InvalidValueError

E = TypeVar("E", bound=Enum)


class Table:
    """A table, its place in the file, and which of its keys were read."""

    def __init__(self, written: object, place: str) -> None:
        if not isinstance(written, Mapping):
            raise InvalidValueError(place, written, "a table")
        self._written, self._place = dict(written), place
        self._read: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._read.add(key)
        return key in self._written

    def place(self, key: str) -> str:
        """Return where a key is in the file; an empty one is the table itself."""
        return ".".join(part for part in (self._place, key) if part)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or the default."""
        self._read.add(key)
        return self._written.get(key, default)

    def needed(self, key: str) -> Any:
        """Return the value of a key that has to be there."""
        self._read.add(key)
        if key not in self._written:
            raise InvalidValueError(self.place(key), None, "given")
        return self._written[key]

    def picked(self, *keys: str) -> dict[str, Any]:
        """Return those of the keys that are there, with their values."""
        self._read.update(keys)
        return {key: self._written[key] for key in keys if key in self._written}

    def listed(self, key: str) -> list[Any]:
        """Return a list; empty if it is not there."""
        found = self.get(key, [])
        if not isinstance(found, list):
            raise InvalidValueError(self.place(key), found, "a list")
        return found

    def part(self, key: str) -> Table:
        """Return a table within this one; empty if it is not there."""
        return Table(self.get(key, {}), self.place(key))

    def parts(self, key: str) -> list[Table]:
        """Return a list of tables within this one."""
        return [
            Table(each, f"{self.place(key)}[{number}]")
            for number, each in enumerate(self.listed(key))
        ]

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """Return a word as a member of an enum."""
        word = self.get(key, default.value)
        try:
            return kind(word)
        except ValueError:
            allowed = f"one of {', '.join(str(each.value) for each in kind)}"
            raise InvalidValueError(self.place(key), word, allowed) from None

    def rest(self) -> dict[str, Any]:
        """Return everything: for tables whose keys are names."""
        self._read.update(self._written)
        return self._written

    def done(self) -> None:
        """Raise InvalidValueError if a key was never asked for."""
        for key, value in self._written.items():
            if key not in self._read:
                known = ", ".join(sorted(self._read))
                raise InvalidValueError(self.place(key), value, f"left out; there are {known}")
