"""From the address of a desk to connections."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ticketroute.errors import InvalidValueError
from ticketroute.journal.faults import NotAJournalError
from ticketroute.journal.lines import AsyncLine, Line
from ticketroute.journal.postgres import AsyncPostgresLine, PostgresLine
from ticketroute.journal.sqlite import AsyncSqliteLine, Durability, SqliteLine
from ticketroute.model.instants import Instant, instant_of

Address = str | os.PathLike[str]
Clock = Callable[[], "Instant | datetime"]

POSTGRES_SCHEMES = ("postgresql://", "postgres://")
ELSEWHERE: dict[str, Callable[[str, float], Line]] = {}  # scheme -> line, for addresses of hosts
FORMS = "a path of a file, such as 'desk.db', or 'postgresql://host/database'"


def now() -> Instant:
    """Return the present by the clock of this machine."""
    return time.time_ns() // 1_000_000  # noqa: TID251  the one real clock of a desk


def ticking(clock: Clock | None) -> Callable[[], Instant]:
    """Return a clock that gives instants."""
    if clock is None:
        return now

    def tick() -> Instant:
        moment = clock()
        return instant_of(moment) if isinstance(moment, datetime) else moment

    return tick


def is_postgres(address: Address) -> bool:
    """Return whether an address is one of PostgreSQL, by URL or by keywords."""
    if not isinstance(address, str | os.PathLike) or not os.fspath(address):
        raise InvalidValueError("address", address, FORMS)
    text = os.fspath(address)
    if "://" in text and not text.startswith(POSTGRES_SCHEMES):
        raise InvalidValueError("address", text, FORMS)
    return text.startswith(POSTGRES_SCHEMES)


def of_a_host(address: Address) -> Callable[[str, float], Line] | None:
    """Return what leads to an address whose scheme a host has added to ``ELSEWHERE``, or None."""
    scheme = address.partition("://")[0] if isinstance(address, str) else ""
    return ELSEWHERE.get(scheme)


def refuse_missing(address: Address) -> None:
    """Refuse a file that does not exist, which connecting would create.

    Raises:
        NotAJournalError: it names the file.
    """
    if of_a_host(address) is not None:
        return
    if not is_postgres(address) and not Path(address).exists():
        where = f"SQLite file {Path(address).absolute()}"
        raise NotAJournalError(where, "does not exist", "check the path")


def line_to(
    address: Address, *, wait: float, durability: Durability = "full", read_only: bool = False
) -> Line:
    """Return a connection for threads; it connects at its first trip.

    ``read_only`` is for those who only select. SQLite then refuses everything else.
    """
    elsewhere = of_a_host(address)
    if elsewhere is not None:
        return elsewhere(os.fspath(address), wait)
    if is_postgres(address):
        return PostgresLine(os.fspath(address), wait=wait)
    path = str(Path(address))
    return SqliteLine(path, wait=wait, durability=durability, read_only=read_only)


def async_line_to(address: Address, *, wait: float, durability: Durability) -> AsyncLine:
    """Return a connection for asyncio; it connects at its first trip."""
    if is_postgres(address):
        return AsyncPostgresLine(os.fspath(address), wait=wait)
    return AsyncSqliteLine(SqliteLine(str(Path(address)), wait=wait, durability=durability))
