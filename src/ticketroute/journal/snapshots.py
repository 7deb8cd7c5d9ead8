"""Snapshots as rows of text: a desk in part 0, and its tickets in parts of a thousand."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

from ticketroute.core.show.saved import Saved, SavedDesk, SavedTicket
from ticketroute.journal.codec import FOLD
from ticketroute.journal.shapes import UnknownFieldError, reader, writer

TICKETS: Final = 1_000  # of one part

log = logging.getLogger("ticketroute.desk")
_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_write_desk, _read_desk = writer(SavedDesk), reader(SavedDesk)
_write_ticket, _read_ticket = writer(SavedTicket), reader(SavedTicket)


class Part(NamedTuple):
    """One row of a snapshot."""

    part: int
    format: int
    crc: int
    payload: str


def parts_of(saved: Saved, token: int) -> Iterator[Part]:
    """Yield a saved desk as rows; ``token`` is that of the last event it knows. O(n)."""
    yield _part(0, {"token": token, "tickets": len(saved.tickets), "desk": _write_desk(saved.desk)})
    for number, first in enumerate(range(0, len(saved.tickets), TICKETS), 1):
        yield _part(
            number, [_write_ticket(each) for each in saved.tickets[first : first + TICKETS]]
        )


def read_parts(rows: Sequence[Sequence[Any]]) -> tuple[Saved, int] | None:
    """Return what was saved, and the token of the last event it knows. O(n).

    None if it is of another format or damaged: then the events say it.
    """
    parts = [Part(*row) for row in rows]
    if not parts or any(each.format != FOLD for each in parts):
        return None
    if any(each.crc != _crc(each.payload) for each in parts):
        log.warning("a snapshot is damaged; the desk is folded from its events")
        return None
    try:
        head, *more = [json.loads(each.payload) for each in parts]
        tickets = tuple(_read_ticket(each) for part in more for each in part)
        if len(tickets) != head["tickets"]:
            return None
        return Saved(_read_desk(head["desk"]), tickets), head["token"]
    except (UnknownFieldError, KeyError, TypeError, ValueError):
        log.warning("a snapshot cannot be read; the desk is folded from its events")
        return None


def _part(number: int, plain: Any) -> Part:
    payload = _dumps(plain)
    return Part(number, FOLD, _crc(payload), payload)


def _crc(payload: str) -> int:
    crc = crc32(payload.encode())
    return crc - (1 << 32) if crc >> 31 else crc
