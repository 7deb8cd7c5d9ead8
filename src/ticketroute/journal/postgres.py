"""Connections to PostgreSQL by psycopg: one trip is one pipeline, its faults in our words."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import Any, Final

from ticketroute.journal.faults import (
    DeskBusyError,
    JournalDamagedError,
    JournalUnreachableError,
    JournalUnwritableError,
    NoTablesError,
    NotAJournalError,
)
from ticketroute.journal.lines import LostError
from ticketroute.journal.statements import POSTGRES, Answer, Statement, Statements, Trip

log = logging.getLogger("ticketroute.desk")

_LOST: Final = ("08", "57P", "25P", "40001", "40P01", "25006")
_BUSY: Final = ("55P03",)
_UNWRITABLE: Final = ("53100", "53200", "42501", "53")
_DAMAGED: Final = ("XX001", "XX002", "58")
_REFUSED: Final = ("3D000", "28P01", "28000")  # while connecting there is the text alone
_REFUSALS: Final = re.compile(r'FATAL: .*(database|role) "|FATAL: .*(password|authentication)')
CONNECT_TIMEOUT: Final = 10  # seconds, where the address names none


def psycopg() -> Any:
    """Return the module psycopg, which is an extra.

    Raises:
        NotAJournalError: where it is not installed.
    """
    try:
        import psycopg  # noqa: PLC0415  an extra
    except ImportError:
        raise NotAJournalError(
            "PostgreSQL", "needs psycopg 3", "pip install 'ticketroute[postgres]'"
        ) from None
    return psycopg


@lru_cache(maxsize=256)
def formatted(sql: str) -> str:
    """Return a statement with the marks that psycopg wants."""
    return sql.replace("?", "%s")


class _Postgres:
    """What is known of a database of PostgreSQL, and the one connection to it."""

    statements: Statements = POSTGRES

    def __init__(self, address: str, *, wait: float = 10.0) -> None:
        self._psycopg = psycopg()
        self.address, self.wait = address, wait
        self.where = f"PostgreSQL at {_shown(self._psycopg, address)}"
        self._connection: Any = None

    def forget(self) -> None:
        """Forget the parent's connection: closing it here would end the parent's."""
        if self._connection is not None:
            _INHERITED.append(self._connection)
        self._connection = None


class PostgresLine(_Postgres):
    """A database of PostgreSQL. ``wait`` is how many seconds a lock is waited for.

    No statement is prepared at the server, so that a pooler in transaction mode may stand between.
    """

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip in one pipeline."""
        if trip.gives_up:
            self._give_up()
            return []
        cursors: list[Any] = []
        try:
            if self._connection is None:
                self._connection = self._psycopg.connect(**options(self.address, self.wait))
            connection = self._connection
            if len(trip.statements) == 1:
                return [_found(_execute(connection, trip.statements[0]))]
            with connection.pipeline():
                cursors = [_execute(connection, each) for each in trip.statements]
                if trip.wakes is not None:
                    _execute(connection, trip.wakes)
            return [_found(each) for each in cursors]
        except self._psycopg.Error as fault:
            self._give_up()
            if _is_committed(trip, cursors, fault):
                return [[] for _ in cursors]
            raise translated(
                fault, self.where, self.wait, fresh=self._connection is None
            ) from fault
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, which gives up what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _give_up(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            connection.execute("ROLLBACK")
        except self._psycopg.Error:
            self.close()


_INHERITED: list[Any] = []


class AsyncPostgresLine(_Postgres):
    """A database of PostgreSQL for asyncio."""

    async def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip in one pipeline."""
        if trip.gives_up:
            await self._give_up()
            return []
        cursors: list[Any] = []
        try:
            if self._connection is None:
                connecting = self._psycopg.AsyncConnection.connect
                self._connection = await connecting(**options(self.address, self.wait))
            connection = self._connection
            async with connection.pipeline():
                cursors = [await _execute(connection, each) for each in trip.statements]
                if trip.wakes is not None:
                    await _execute(connection, trip.wakes)
            return [await _found_async(each) for each in cursors]
        except self._psycopg.Error as fault:
            await self._give_up()
            if _is_committed(trip, cursors, fault):
                return [[] for _ in cursors]
            raise translated(
                fault, self.where, self.wait, fresh=self._connection is None
            ) from fault
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection, which gives up what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _give_up(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            await connection.execute("ROLLBACK")
        except self._psycopg.Error:
            await self.close()


def options(address: str, wait: float) -> dict[str, Any]:
    """Return how to connect: in autocommit, nothing prepared, with a time limit."""
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": None}
    if "connect_timeout" not in address:
        options["connect_timeout"] = max(2, min(CONNECT_TIMEOUT, round(wait)))
    return {"conninfo": address, **options}


def _shown(driver: Any, address: str) -> str:
    """Return an address without what is secret in it."""
    try:
        known = driver.conninfo.conninfo_to_dict(address)
    except driver.Error as fault:
        raise NotAJournalError(
            "the address",
            f"is not one of PostgreSQL: {fault}".strip(),
            "write postgresql://host/database",
        ) from None
    shown = {name: value for name, value in known.items() if name in ("host", "port", "dbname")}
    return " ".join(f"{name}={value}" for name, value in shown.items()) or "its default address"


def _execute(connection: Any, statement: Statement) -> Any:
    return connection.execute(formatted(statement.sql), statement.values or None)


def _is_committed(trip: Trip, cursors: list[Any], fault: Any) -> bool:
    """Return whether a trip was committed, and only what wakes others failed."""
    if trip.wakes is None or not cursors or cursors[-1].statusmessage != "COMMIT":
        return False
    warn_of_wakes(fault)
    return True


def warn_of_wakes(fault: Exception) -> None:
    """Log that only what wakes other processes failed."""
    log.warning("a change was committed, and other processes could not be told at once: %s", fault)


def _found(cursor: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
    return found


async def _found_async(cursor: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = await cursor.fetchall() if cursor.description else []
    return found


def translated(fault: Any, where: str, wait: float, *, fresh: bool) -> Exception:
    """Return what an error of psycopg means for a desk; ``fresh``: there is no connection now."""
    state = fault.sqlstate or ""
    what = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
    if state in ("42P01", "3F000"):
        return NoTablesError(where)
    if state in _BUSY:
        return DeskBusyError(where, wait)
    if state in _REFUSED or (fresh and not state and _REFUSALS.search(what)):
        return NotAJournalError(where, f"cannot be opened: {what}", "check the address")
    if state.startswith(_LOST) or (fresh and not state):
        return LostError(what)
    if state.startswith(_UNWRITABLE):
        return JournalUnwritableError(where, f"{state}: {what}")
    if state.startswith(_DAMAGED):
        return JournalDamagedError(where, None, f"{state}: {what}")
    if fresh:
        return JournalUnreachableError(where, what)
    return fault if isinstance(fault, Exception) else LostError(what)
