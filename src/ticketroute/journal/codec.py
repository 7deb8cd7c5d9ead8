"""Events as rows of text, and rows of text as events again.

A row is a kind, a version of that kind, an instant, a JSON text and a checksum; the page
"Journal format" of the reference states all of it. A field with a default may be added to an event
without a new version. Every other change raises the version of its kind, with an upgrade in
``UPGRADES``; whoever changes what an event *does* raises ``FOLD``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Any, Final, NamedTuple
from zlib import crc32

import attrs

from ticketroute.events import KINDS
from ticketroute.journal.faults import JournalDamagedError, NewerJournalError
from ticketroute.journal.shapes import UnknownFieldError, reader, writer
from ticketroute.model.events import Event
from ticketroute.model.instants import Instant

FOLD: Final = 1  # the version of what events do to a desk; on the desk's row

Plain = dict[str, Any]
Upgrade = Callable[[Plain], tuple[str, int, Plain]]

VERSIONS: Final[Mapping[str, int]] = {}  # of kinds that are beyond version 1

UPGRADES: Final[Mapping[tuple[str, int], Upgrade]] = {}
"""What leads from an old kind and version to the next: its kind, its version, its plain data."""

_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_loads = json.JSONDecoder().decode
_APART = ("at",)  # in a column of its own


class Row(NamedTuple):
    """One event as it is kept."""

    position: int
    token: int
    at: Instant
    kind: str
    version: int
    crc: int
    payload: str


class Written(NamedTuple):
    """An event as text, before it has its place."""

    at: Instant
    kind: str
    version: int
    payload: str

    def row(self, position: int, token: int) -> Row:
        """Return the row of this event at a position, with its checksum."""
        at, kind, version, payload = self
        crc = checksum(position, token, at, kind, version, payload)
        return Row(position, token, at, kind, version, crc, payload)


def checksum(position: int, token: int, at: int, kind: str, version: int, payload: str) -> int:
    """Return the CRC-32 of a row, as a signed number of 32 bits.

    It is that of ``position token at kind version payload``, with a blank between each, in UTF-8.
    """
    crc = crc32(f"{position} {token} {at} {kind} {version} {payload}".encode())
    return crc - (1 << 32) if crc >> 31 else crc


_WRITERS = {kind: writer(kind, without=_APART) for kind in KINDS.values()}
_READERS = {name: reader(kind, without=_APART) for name, kind in KINDS.items()}
_CURRENT = {name: VERSIONS.get(name, 1) for name in KINDS}


def encode(event: Event) -> Written:
    """Return an event as text. O(size of it)."""
    kind = type(event)
    name = kind.__name__
    return Written(event.at, name, _CURRENT[name], _dumps(_WRITERS[kind](event)))


def decode(row: Row, where: str = "the journal") -> Event:
    """Return the event of a row, upgraded to the present version of its kind. O(size of it).

    Raises:
        JournalDamagedError: if the checksum or the text is wrong; it names the position.
        NewerJournalError: for a kind, a version, a field or a word of a later release.
    """
    position, token, at, kind, version, crc, payload = row
    if crc != checksum(position, token, at, kind, version, payload):
        raise JournalDamagedError(where, position, "its checksum is wrong")
    try:
        plain = _loads(payload)
    except ValueError:
        raise JournalDamagedError(where, position, "its payload is not JSON") from None
    if version == _CURRENT.get(kind):
        return _read(kind, plain, at, position, where)
    while version < _CURRENT.get(kind, 0) or kind not in KINDS:
        upgrade = UPGRADES.get((kind, version))
        if upgrade is None:
            raise NewerJournalError(f"version {version} of {kind}", position)
        kind, version, plain = upgrade(plain)
    if version > _CURRENT[kind]:
        raise NewerJournalError(f"version {version} of {kind}", position)
    return _read(kind, plain, at, position, where)


def _read(kind: str, plain: Plain, at: Instant, position: int, where: str) -> Event:
    read: Any = _READERS[kind]
    try:
        event: Event = read(plain, at)
    except UnknownFieldError as fault:
        raise NewerJournalError(f"{kind} with {', '.join(fault.args[0])}", position) from None
    except KeyError as fault:
        raise NewerJournalError(f"{kind} with or without {fault.args[0]!r}", position) from None
    except (TypeError, ValueError, AttributeError) as fault:
        raise JournalDamagedError(where, position, f"it is not a {kind}: {fault}") from None
    return event


def digest_of(command: Any) -> bytes:
    """Return what two commands have in common if, and only if, they ask for the same. O(size)."""
    return sha256(_dumps(_plain(command)).encode()).digest()


def _plain(value: Any) -> Any:
    """Return any value of a command as plain data, by what it is and not by what it may be."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return [[_plain(name), _plain(each)] for name, each in value.items()]
    if isinstance(value, frozenset | set):
        return sorted(_dumps(_plain(each)) for each in value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if attrs.has(type(value)):
        fields = [each.name for each in attrs.fields(type(value)) if each.init]
        return {type(value).__name__: [_plain(getattr(value, name)) for name in fields]}
    return value.isoformat() if isinstance(value, date) else value
