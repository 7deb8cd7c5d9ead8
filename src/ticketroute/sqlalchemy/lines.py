"""Connections of a host's engine as lines of a desk: one for each transaction, out of its pool.

On PostgreSQL the connection is in autocommit and the desk says BEGIN and COMMIT, as over a line of
its own. On SQLite it talks to the driver: SQLAlchemy would call the host's ``begin`` listeners,
which take the lock of the file for a question as well.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ticketroute.desk.hosts import pipelined, pipelined_async, run_alchemy
from ticketroute.journal import postgres, sqlite
from ticketroute.journal.faults import JournalUnreachableError, NotAJournalError
from ticketroute.journal.lines import LostError
from ticketroute.journal.statements import Answer, Found, Statement, Trip
from ticketroute.sqlalchemy.tables import JournalTables

BEGIN: Final = Statement("BEGIN")
COMMIT: Final = Statement("COMMIT")
ROLLBACK: Final = Statement("ROLLBACK")
IN_MEMORY: Final = "keeps SQLite in memory, where transactions are not kept apart"
ON_A_FILE: Final = "use a file, in tests one in a temporary folder; or a desk in memory, Desk()"


class _OnEngine:
    """An engine, and what is done with a Connection of it, for threads and for asyncio.

    ``path`` is the file of SQLite, and ``address`` is where psycopg listens. Each is known from
    the first trip on, and None where there is no such thing.
    """

    def __init__(self, engine: sa.Engine, tables: JournalTables, wait: float) -> None:
        self.engine, self.wait = engine, wait
        self.where = f"the engine {engine.url.render_as_string(hide_password=True)}"
        self.statements = tables.statements(engine.dialect.name, self.where)
        self.table = tables["desk"]
        self.path: str | None = None
        self.address: str | None = None
        self._in_sqlite = engine.dialect.name == "sqlite"
        self._in_psycopg = engine.dialect.driver in ("psycopg", "psycopg_async")
        self._known = False
        self._begun = False  # whether a transaction is open

    def _ready(self, connection: sa.Connection, trip: Trip) -> None:
        """Make a connection ready that came out of the pool."""
        if not self._in_sqlite:
            connection.execution_options(isolation_level="AUTOCOMMIT")
        if not self._known:
            self._know(connection)
        if trip.begins and self._in_sqlite and _is_begun(connection):
            _run_raw(connection, COMMIT)  # of the driver, which begins by itself

    def _know(self, connection: sa.Connection) -> None:
        if self._in_sqlite:
            files = _run_raw(connection, Statement("PRAGMA database_list"))
            self.path = next((each[2] for each in files if each[1] == "main"), None)
            if not self.path:
                raise NotAJournalError(self.where, IN_MEMORY, ON_A_FILE)
            self.path = str(Path(self.path).absolute())
            ((milliseconds,),) = _run_raw(connection, Statement("PRAGMA busy_timeout"))
            self.wait = milliseconds / 1_000
        elif self._in_psycopg:
            found: Any = connection.connection.driver_connection
            conninfo = postgres.psycopg().conninfo
            self.address = conninfo.make_conninfo(
                found.info.dsn, password=found.info.password or None
            )
        self._known = True

    def _talk(self, connection: sa.Connection, trip: Trip) -> Answer:
        """Run the statements of a trip: with psycopg in one pipeline, else one by one."""
        if self._in_psycopg:
            return pipelined(connection.connection.driver_connection, trip)
        run = _run_raw if self._in_sqlite else run_alchemy
        return [run(connection, each) for each in trip.statements]

    def _wake(self, connection: sa.Connection, trip: Trip) -> None:
        """Wake others after a commit. That it fails is no fault of the trip."""
        if trip.wakes is not None:
            try:
                run_alchemy(connection, trip.wakes)
            except sa.exc.DBAPIError as fault:
                postgres.warn_of_wakes(fault)

    def _leave(self, connection: sa.Connection) -> None:
        """Make a connection ready for the host's next use of it."""
        if self._in_sqlite and _is_begun(connection):
            _run_raw(connection, COMMIT)  # what the driver began for a statement on its own
        self._as_it_came(connection)

    def _undo(self, connection: sa.Connection) -> None:
        """Give up what was not committed. A connection that cannot do it is thrown away."""
        self._begun = False
        if connection.invalidated:
            return
        try:
            if not self._in_sqlite:
                run_alchemy(connection, ROLLBACK)
            elif _is_begun(connection):
                _run_raw(connection, ROLLBACK)
            self._as_it_came(connection)
        except Exception:  # noqa: BLE001  whatever it is, the pool must not have it back
            connection.invalidate()

    def _as_it_came(self, connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if self._in_sqlite and getattr(driver, "autocommit", None) is False:
            _run_raw(connection, BEGIN)  # such a driver is always in a transaction

    def _said(self, fault: Exception, connection: sa.Connection | None) -> Exception:
        """Return what a fault of SQLAlchemy or of a driver means for a desk."""
        if isinstance(fault, PoolTimeoutError):
            return JournalUnreachableError(self.where, f"no connection is free: {fault}")
        inner: Any = getattr(fault, "orig", None) or fault
        lost = connection is None or _is_lost(connection)
        if isinstance(inner, sqlite3.Error):
            return sqlite.translated(inner, self.where, self.wait)
        if hasattr(inner, "sqlstate"):
            return postgres.translated(inner, self.where, self.wait, fresh=lost)
        return LostError(str(fault)) if isinstance(inner, OSError) else fault

    def _inherit(self, connection: object) -> None:
        """Keep what belongs to the parent process from being used or collected here."""
        _INHERITED.append((connection, self.engine.pool))
        self.engine.dispose(close=False)
        self._begun = False


_INHERITED: list[object] = []


def _is_lost(connection: sa.Connection) -> bool:
    """Return whether SQLAlchemy or psycopg knows that a connection is gone."""
    if connection.invalidated:
        return True
    return bool(getattr(connection.connection.driver_connection, "closed", False))


def _is_begun(connection: sa.Connection) -> bool:
    """Return whether SQLite is in a transaction."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.in_transaction)


def _run_raw(connection: sa.Connection, statement: Statement) -> list[Found]:
    """Run one statement on the driver's connection and return what it found."""
    cursor = connection.connection.cursor()
    try:
        if statement.rows is not None:
            cursor.executemany(statement.sql, statement.rows)
            return []
        cursor.execute(statement.sql, statement.values)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    finally:
        cursor.close()


class EngineLine(_OnEngine):
    """An Engine as a line. ``wait`` is how many seconds PostgreSQL waits for a lock."""

    def __init__(self, engine: sa.Engine, tables: JournalTables, wait: float) -> None:
        super().__init__(engine, tables, wait)
        self._connection: sa.Connection | None = None

    def run(self, trip: Trip) -> Answer:
        """Run a trip, on the connection of its transaction or on one for itself."""
        if trip.gives_up:
            self.close()
            return []
        try:
            if self._connection is None:
                self._connection = self.engine.connect()
                self._ready(self._connection, trip)
            self._begun = self._begun or trip.begins
            answer = self._talk(self._connection, trip)
            self._begun = self._begun and not trip.ends
            if not self._begun:
                self._wake(self._connection, trip)
                self._leave(self._connection)
                self._connection.close()
                self._connection = None
        except Exception as fault:
            said = self._said(fault, self._connection)
            self.close()
            raise said from fault
        except BaseException:
            self.close()
            raise
        return answer

    def close(self) -> None:
        """Give the connection back to the pool; what was not committed is given up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._undo(connection)
            connection.close()

    def forget(self) -> None:
        """Leave the connection, and those of the pool, to the parent process."""
        connection, self._connection = self._connection, None
        self._inherit(connection)


class AsyncEngineLine(_OnEngine):
    """An AsyncEngine as a line."""

    def __init__(self, engine: AsyncEngine, tables: JournalTables, wait: float) -> None:
        super().__init__(engine.sync_engine, tables, wait)
        self._async_engine = engine
        self._connection: AsyncConnection | None = None

    async def run(self, trip: Trip) -> Answer:
        """Run a trip, on the connection of its transaction or on one for itself."""
        if trip.gives_up:
            await self.close()
            return []
        try:
            if self._connection is None:
                self._connection = await self._async_engine.connect()
                await self._connection.run_sync(self._ready, trip)
            self._begun = self._begun or trip.begins
            answer = await self._answer(self._connection, trip)
            self._begun = self._begun and not trip.ends
            if not self._begun:
                await self._connection.run_sync(self._wake, trip)
                await self._connection.run_sync(self._leave)
                await self._connection.close()
                self._connection = None
        except Exception as fault:
            connection = self._connection
            said = self._said(fault, None if connection is None else connection.sync_connection)
            await self.close()
            raise said from fault
        except BaseException:
            await self.close()
            raise
        return answer

    async def _answer(self, connection: AsyncConnection, trip: Trip) -> Answer:
        if not self._in_psycopg:
            return await connection.run_sync(self._talk, trip)
        raw = await connection.get_raw_connection()
        return await pipelined_async(raw.driver_connection, trip)

    async def close(self) -> None:
        """Give the connection back to the pool; what was not committed is given up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.run_sync(self._undo)
            await connection.close()

    def forget(self) -> None:
        """Leave the connection, and those of the pool, to the parent process."""
        connection, self._connection = self._connection, None
        self._inherit(connection)
