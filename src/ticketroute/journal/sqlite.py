"""A connection to SQLite: durable by default, in fair turns, its faults in our words."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

from ticketroute.journal.faults import (
    DeskBusyError,
    JournalDamagedError,
    JournalUnwritableError,
    NoTablesError,
    NotAJournalError,
)
from ticketroute.journal.lines import LostError
from ticketroute.journal.statements import SQLITE, Answer, Statement, Statements, Trip
from ticketroute.journal.turns import Turn

Durability = Literal["full", "normal"]

_UNWRITABLE: Final = ("FULL", "READONLY", "IOERR", "PERM", "NOLFS", "AUTH")
_DAMAGED: Final = ("CORRUPT", "FORMAT")
_BUSY: Final = ("BUSY", "LOCKED")
_OLDEST: Final = (3, 35)  # UPSERT with a named target, and JSON built in


class SqliteLine:
    """A file of SQLite. ``wait`` is how many seconds a lock is waited for.

    ``durability`` "full" survives a loss of power; "normal" survives the end of the process, and
    may lose the last commits, never part of one, with the power. A line that is ``read_only`` asks
    SQLite to write nothing, and takes a file as it is.
    """

    statements: Statements = SQLITE

    def __init__(
        self,
        path: str,
        *,
        wait: float = 10.0,
        durability: Durability = "full",
        read_only: bool = False,
    ) -> None:
        self.path = str(Path(path).absolute())
        self._read_only = read_only
        self.where = f"SQLite file {self.path}"
        self.wait, self.durability = wait, durability
        self._turn = Turn(f"{self.path}-turn")
        self._connection: sqlite3.Connection | None = None

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip."""
        if trip.gives_up:
            self._give_up()
            return []
        connection = self._connection or self._connect()
        try:
            if trip.begins and not self._turn.take(self.wait):
                raise DeskBusyError(self.where, self.wait)
            answer = [run_statement(connection, each) for each in trip.statements]
        except sqlite3.Error as fault:
            self._give_up()
            raise translated(fault, self.where, self.wait) from fault
        except BaseException:
            self._give_up()
            raise
        if trip.ends:
            self._turn.give()
        return answer

    def close(self) -> None:
        """Close the connection, which gives up what was not committed."""
        connection, self._connection = self._connection, None
        self._turn.give()
        if connection is not None:
            connection.close()

    def forget(self) -> None:
        """Forget the parent's connection: closing it here would free the parent's locks."""
        if self._connection is not None:
            _INHERITED.append(self._connection)  # kept, as being collected would close it
        self._connection = None
        self._turn.give()

    def _give_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.in_transaction:
            try:
                connection.rollback()
            except sqlite3.Error:
                self._connection = None
                connection.close()
        self._turn.give()

    def _connect(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise NotAJournalError(
                self.where, f"needs SQLite 3.35, and this is {sqlite3.sqlite_version}", "upgrade it"
            )
        path = Path(self.path)
        if path.is_dir():
            raise NotAJournalError(self.where, "is a directory", "name a file in it")
        if not path.parent.is_dir():
            raise NotAJournalError(
                self.where, f"lies in {path.parent}, which does not exist", "create that folder"
            )
        address = f"{path.as_uri()}?mode=ro" if self._read_only else self.path
        try:
            connection = sqlite3.connect(
                address,
                timeout=self.wait,
                isolation_level=None,
                check_same_thread=False,
                uri=self._read_only,
            )
            if self._read_only:
                self._connection = connection
                return connection
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute(f"PRAGMA synchronous = {self.durability.upper()}")
        except sqlite3.Error as fault:
            raise translated(fault, self.where, self.wait) from fault
        if mode != "wal":
            connection.close()
            raise NotAJournalError(
                self.where,
                f"cannot have a write-ahead log, only {mode!r}",
                "use a file on a disk of this machine; network file systems cannot lock rightly",
            )
        self._connection = connection
        return connection


_INHERITED: list[sqlite3.Connection] = []


def run_statement(connection: Any, statement: Statement) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of ``sqlite3`` and return what it found."""
    if statement.rows is not None:
        connection.executemany(statement.sql, statement.rows)
        return []
    found: list[tuple[Any, ...]] = connection.execute(statement.sql, statement.values).fetchall()
    return found


def translated(fault: sqlite3.Error, where: str, wait: float) -> Exception:
    """Return what an error of SQLite means for a desk."""
    name = getattr(fault, "sqlite_errorname", "") or ""
    kind = name.removeprefix("SQLITE_").split("_")[0]
    what = f"{name or type(fault).__name__}: {fault}"
    if "no such table" in str(fault):
        return NoTablesError(where)
    if kind in _BUSY:
        return DeskBusyError(where, wait)
    if kind in _UNWRITABLE:
        return JournalUnwritableError(where, what)
    if kind in _DAMAGED:
        return JournalDamagedError(where, None, what)
    if kind == "NOTADB":
        return NotAJournalError(where, "is not an SQLite database", "name another file")
    if kind == "CANTOPEN":
        return NotAJournalError(
            where, f"cannot be opened: {what}", "check the path and its permissions"
        )
    if isinstance(fault, sqlite3.ProgrammingError) and "closed" in str(fault):
        return LostError(what)
    return fault


class AsyncSqliteLine:
    """A file of SQLite for asyncio: every call waits in a thread of its own."""

    statements: Statements = SQLITE

    def __init__(self, line: SqliteLine) -> None:
        self._line = line
        self.where, self.path = line.where, line.path
        self._thread = ThreadPoolExecutor(1, "ticketroute-sqlite")

    async def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._line.run, trip)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._line.close)
        self._thread.shutdown(wait=True)

    def forget(self) -> None:
        """Forget the parent's connection and thread."""
        self._line.forget()
        self._thread = ThreadPoolExecutor(1, "ticketroute-sqlite")
