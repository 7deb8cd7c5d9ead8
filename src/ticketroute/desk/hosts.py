"""The host's own connection, whatever library it is of, as a line of which the host ends the trips.

Nothing is imported for it: a connection is known by the module that its class comes from.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ticketroute.errors import InvalidValueError
from ticketroute.journal import postgres, sqlite
from ticketroute.journal.faults import (
    DeskBusyError,
    HostTransactionError,
    JournalError,
    NotAJournalError,
)
from ticketroute.journal.lines import AsyncLine, Line, LostError
from ticketroute.journal.statements import (
    POSTGRES,
    SQLITE,
    Answer,
    Statement,
    Statements,
    Trip,
)

KNOWN: Final = (
    "a connection of psycopg or sqlite3, a Session or Connection of SQLAlchemy, "
    "or a connection of Django"
)
AUTOCOMMIT: Final = (
    "the connection is in no transaction, so that each statement would be on its own"
)
BEGIN: Final = {
    "psycopg": "use it inside 'with connection.transaction():', or without autocommit",
    "sqlite3": "execute 'BEGIN IMMEDIATE' first",
    "django": "use it inside 'with transaction.atomic():'",
    "sqlalchemy": "use a connection without the isolation level AUTOCOMMIT",
}
OTHER_ENGINE: Final = "the connection is of another engine than the desk, to another database"
NO_DESK: Final = "the connection leads to a database in which there is no desk"
OPEN_THERE: Final = "open the desk on the database that the connection is to"
REPEAT: Final = (
    "repeat the whole transaction, at the isolation level READ COMMITTED if it happens often"
)
FAILED: Final = (
    "an earlier statement of the transaction failed, so that PostgreSQL refuses the rest"
)
ROLL_BACK: Final = "roll it back; have what may fail in a savepoint, whose rollback ends the error"
_REFUSALS: Final = {  # SQLSTATE -> what it means, and the way out
    "25P02": (FAILED, ROLL_BACK),
    "40001": ("the transaction saw an older state of the desk", REPEAT),
    "40P01": ("the transaction saw an older state of the desk", REPEAT),
    "42P01": (NO_DESK, OPEN_THERE),
}
BEGIN_IMMEDIATE: Final = (
    "begin the transaction with BEGIN IMMEDIATE (in Django: OPTIONS "
    '{"transaction_mode": "IMMEDIATE"}) and repeat it'
)
SAVEPOINT_COMMITS: Final = (
    "the driver of SQLite begins no transaction for a savepoint, so that its end may commit"
)
BEGIN_EARLY: Final = (
    "have the engine begin by itself, with the listeners for 'connect' and 'begin' that SQLAlchemy "
    "documents for SQLite"
)
_MARKS: Final = {"qmark": "?", "format": "%s", "pyformat": "%s"}


class HostLine:
    """Runs trips on the host's connection, and never ends its transaction."""

    def __init__(self, statements: Statements, where: str, wait: float) -> None:
        self.statements, self.where, self.wait = statements, where, wait

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip, one by one; faults are the host's own or ours."""
        if trip.gives_up:
            return []
        try:
            return [self._run(each) for each in trip.statements]
        except Exception as fault:
            raise in_our_words(fault, self.where, self.wait) from fault

    def _run(self, statement: Statement) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def close(self) -> None:
        """Leave the connection to the host."""

    def forget(self) -> None:
        """Leave the connection to the host."""


class PsycopgHost(HostLine):
    """A connection of psycopg 3."""

    def __init__(self, connection: Any, wait: float) -> None:
        super().__init__(POSTGRES, "the host's PostgreSQL", wait)
        if connection.autocommit and connection.info.transaction_status.name == "IDLE":
            raise HostTransactionError(AUTOCOMMIT, BEGIN["psycopg"])
        self._connection = connection

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip in one pipeline."""
        if trip.gives_up:
            return []
        try:
            return pipelined(self._connection, trip)
        except Exception as fault:
            raise in_our_words(fault, self.where, self.wait) from fault


def pipelined(connection: Any, trip: Trip) -> Answer:
    """Run the statements of a trip on a connection of psycopg, in one pipeline."""
    with connection.pipeline():
        cursors = [
            connection.cursor(row_factory=_tuples).execute(
                postgres.formatted(each.sql), each.values or None
            )
            for each in trip.statements
        ]
    return [each.fetchall() if each.description else [] for each in cursors]


async def pipelined_async(connection: Any, trip: Trip) -> Answer:
    """Do the same on an AsyncConnection of psycopg."""
    async with connection.pipeline():
        cursors = [
            await connection.cursor(row_factory=_tuples).execute(
                postgres.formatted(each.sql), each.values or None
            )
            for each in trip.statements
        ]
    return [await each.fetchall() if each.description else [] for each in cursors]


def _tuples(_: Any) -> Any:
    """Make rows tuples, whatever the host's connection makes of them."""
    return tuple


class Sqlite3Host(HostLine):
    """A connection of Python's own sqlite3."""

    def __init__(self, connection: sqlite3.Connection, path: str | None, wait: float) -> None:
        super().__init__(SQLITE, "the host's SQLite file", wait)
        if not connection.in_transaction:
            raise HostTransactionError(AUTOCOMMIT, BEGIN["sqlite3"])
        files = [each[2] for each in connection.execute("PRAGMA database_list") if each[2]]
        if path is not None and not any(Path(each).samefile(path) for each in files):
            raise HostTransactionError(NO_DESK, OPEN_THERE)
        self._connection = connection

    def _run(self, statement: Statement) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return sqlite.run_statement(cursor, statement)


class DjangoHost(HostLine):
    """A connection of Django, such as ``django.db.connection``."""

    def __init__(self, connection: Any, wait: float) -> None:
        says = {"postgresql": POSTGRES, "sqlite": SQLITE}.get(connection.vendor)
        if says is None:
            raise HostTransactionError(
                f"the connection is to {connection.vendor}", "a desk needs PostgreSQL or SQLite"
            )
        super().__init__(says, f"Django's database {connection.alias!r}", wait)
        if not connection.in_atomic_block:
            raise HostTransactionError(AUTOCOMMIT, BEGIN["django"])
        self._connection = connection

    def _run(self, statement: Statement) -> list[tuple[Any, ...]]:
        return run_in_django(self._connection, statement)


def run_in_django(connection: Any, statement: Statement) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of Django and return what it found."""
    sql = postgres.formatted(statement.sql)
    with connection.cursor() as cursor:
        if statement.rows is not None:
            cursor.executemany(sql, statement.rows)
            return []
        cursor.execute(sql, statement.values or None)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


class SqlAlchemyHost(HostLine):
    """A Connection or a Session of SQLAlchemy 2.

    Of a Session with several databases it is the connection for the table of the desks.
    """

    def __init__(self, owner: Any, own: Line, wait: float) -> None:
        connection = owner.connection(bind_arguments=_bound(own)) if _is_session(owner) else owner
        says = _says(connection.dialect.name)
        super().__init__(says, f"the host's {connection.dialect.name}", wait)
        _refuse_other(says, own.statements)
        _check_alchemy(connection, own)
        self._connection = connection

    def _run(self, statement: Statement) -> list[tuple[Any, ...]]:
        return _run_alchemy_inside(self._connection, statement)


class AsyncSqlAlchemyHost:
    """An AsyncConnection or an AsyncSession of SQLAlchemy 2, with any driver."""

    def __init__(self, owner: Any, own: AsyncLine, wait: float) -> None:
        self._owner, self._own, self.wait = owner, own, wait
        self._connection: Any = None
        engine = owner.get_bind(**_bound(own)) if _is_session(owner) else owner
        self.statements = _says(engine.dialect.name)
        self.where = f"the host's {engine.dialect.name}"

    async def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip, one by one."""
        if trip.gives_up:
            return []
        if self._connection is None:
            owner, own = self._owner, self._own
            if _is_session(owner):
                owner = await owner.connection(bind_arguments=_bound(own))
            await owner.run_sync(_check_alchemy, own)
            self._connection = owner
        run = self._connection.run_sync
        try:
            return [await run(_run_alchemy_inside, each) for each in trip.statements]
        except Exception as fault:
            raise in_our_words(fault, self.where, self.wait) from fault

    async def close(self) -> None:
        """Leave the connection to the host."""

    def forget(self) -> None:
        """Leave the connection to the host."""


class AsyncPsycopgHost:
    """An AsyncConnection of psycopg 3."""

    def __init__(self, connection: Any, wait: float) -> None:
        self.statements: Statements = POSTGRES
        self.where, self.wait = "the host's PostgreSQL", wait
        if connection.autocommit and connection.info.transaction_status.name == "IDLE":
            raise HostTransactionError(AUTOCOMMIT, BEGIN["psycopg"])
        self._connection = connection

    async def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip in one pipeline."""
        if trip.gives_up:
            return []
        try:
            return await pipelined_async(self._connection, trip)
        except Exception as fault:
            raise in_our_words(fault, self.where, self.wait) from fault

    async def close(self) -> None:
        """Leave the connection to the host."""

    def forget(self) -> None:
        """Leave the connection to the host."""


def host_line(connection: Any, own: Line, wait: float) -> Line:
    """Return the host's connection as a line to the database that ``own`` leads to.

    Raises:
        HostTransactionError: in autocommit, or if it leads to another kind of database.
        InvalidValueError: if it is no connection that we know.
    """
    home = _home(connection)
    line: Line
    if home == "psycopg":
        line = PsycopgHost(connection, wait)
    elif isinstance(connection, sqlite3.Connection):
        line = Sqlite3Host(connection, getattr(own, "path", None), wait)
    elif home == "django":
        line = DjangoHost(connection, wait)
    elif home == "sqlalchemy":
        line = SqlAlchemyHost(connection, own, wait)
    else:
        raise InvalidValueError("connection", connection, KNOWN)
    _refuse_other(line.statements, own.statements)
    return line


def async_host_line(connection: Any, own: AsyncLine, wait: float) -> AsyncLine:
    """Return the host's connection of asyncio as a line; raises as ``host_line`` does."""
    home = _home(connection)
    line: AsyncLine
    if home == "psycopg":
        line = AsyncPsycopgHost(connection, wait)
    elif home == "sqlalchemy":
        line = AsyncSqlAlchemyHost(connection, own, wait)
    else:
        raise InvalidValueError("connection", connection, KNOWN.replace("sqlite3, ", ""))
    _refuse_other(line.statements, own.statements)
    return line


def _home(connection: object) -> str:
    """Return the package that a connection is of."""
    packages = [each.__module__.split(".")[0] for each in type(connection).__mro__]
    known = [each for each in packages if each in ("psycopg", "django", "sqlalchemy")]
    if not known and hasattr(connection, "_connections"):  # django.db.connection, by its alias
        return "django"
    return known[0] if known else packages[0]


def _refuse_other(host: Statements, own: Statements) -> None:
    if host.database != own.database:
        raise HostTransactionError(
            "the connection leads to another kind of database than the desk", OPEN_THERE
        )


def _says(dialect: str) -> Statements:
    says = {"postgresql": POSTGRES, "sqlite": SQLITE}.get(dialect)
    if says is None:
        raise HostTransactionError(
            f"the connection is to {dialect}", "a desk needs PostgreSQL or SQLite"
        )
    return says


def _is_session(owner: Any) -> bool:
    """Return whether it is a Session of SQLAlchemy, of any sort, and no Connection."""
    return callable(getattr(owner, "get_bind", None))


def _bound(own: Line | AsyncLine) -> dict[str, Any]:
    """Return what tells a session of several databases which one is meant."""
    table = getattr(own, "table", None)
    return {} if table is None else {"clause": table}


def _check_alchemy(connection: Any, own: Line | AsyncLine) -> None:
    """Refuse a connection in autocommit, or to another database than the desk's.

    In autocommit ``get_isolation_level`` names the isolation level that the database reports, so
    that it is of no use here.
    """
    if getattr(connection.connection.dbapi_connection, "autocommit", None) is True:
        raise HostTransactionError(AUTOCOMMIT, BEGIN["sqlalchemy"])
    engine, path = getattr(own, "engine", None), getattr(own, "path", None)
    if engine is not None and not _is_same(connection.engine, engine):
        raise HostTransactionError(OTHER_ENGINE, OPEN_THERE)
    if path is not None:
        found = connection.exec_driver_sql("PRAGMA database_list").fetchall()
        if not any(each[2] and Path(each[2]).samefile(path) for each in found):
            raise HostTransactionError(NO_DESK, OPEN_THERE)


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two engines lead to one database, by their pool or their address."""
    if one.pool is other.pool:
        return True
    name = [
        (each.url.host, each.url.port, each.url.database, each.url.query) for each in (one, other)
    ]
    return name[0] == name[1]


def _run_alchemy_inside(connection: Any, statement: Statement) -> list[tuple[Any, ...]]:
    """Run one statement in a transaction that is open; refuse SQLite's autocommit.

    The driver of SQLite begins at the first statement that writes, if nobody did before; the first
    one of a desk does.
    """
    found = run_alchemy(connection, statement)
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        if not driver.in_transaction:
            raise HostTransactionError(AUTOCOMMIT, BEGIN["sqlalchemy"])
        begins_late = driver.isolation_level is not None
        if begins_late and connection.in_nested_transaction() and _is_legacy(driver):
            raise HostTransactionError(SAVEPOINT_COMMITS, BEGIN_EARLY)
    return found


def _is_legacy(driver: Any) -> bool:
    """Return whether a driver of SQLite begins by itself, and only for what writes."""
    return getattr(driver, "autocommit", None) is not False


def run_alchemy(connection: Any, statement: Statement) -> list[tuple[Any, ...]]:
    """Run one statement on a Connection of SQLAlchemy and return what it found."""
    sql = marked(statement.sql, connection.dialect.paramstyle)
    rows, values = statement.rows, statement.values
    given: Any = [tuple(each) for each in rows] if rows else tuple(values)
    found = connection.exec_driver_sql(sql, given or None)
    return [tuple(row) for row in found] if found.returns_rows else []


@lru_cache(maxsize=256)
def marked(sql: str, style: str) -> str:
    """Return a statement with the marks that a driver wants."""
    if style in _MARKS:
        return sql.replace("?", _MARKS[style])
    for number in range(sql.count("?")):  # numbered, as asyncpg has it
        sql = sql.replace("?", f"${number + 1}", 1)
    return sql


def in_our_words(fault: Exception, where: str, wait: float) -> Exception:
    """Return a fault in the host's transaction in our words where they help, else as it is."""
    if isinstance(fault, JournalError | LostError):
        return fault
    inner: Any = fault
    while inner is not None and not hasattr(inner, "sqlstate") and not _is_sqlite(inner):
        inner = getattr(inner, "orig", None) or inner.__cause__
    if inner is None:
        return fault
    if _is_sqlite(inner):
        said = sqlite.translated(inner, where, wait)
        stale = "SNAPSHOT" in (getattr(inner, "sqlite_errorname", "") or "")
        if "no such table" in str(inner):
            return HostTransactionError(NO_DESK, OPEN_THERE)
        if stale:
            return HostTransactionError("the transaction read before it locked", BEGIN_IMMEDIATE)
        return said if isinstance(said, DeskBusyError | NotAJournalError) else fault
    if inner.sqlstate in _REFUSALS:
        return HostTransactionError(*_REFUSALS[inner.sqlstate])
    if inner.sqlstate == "55P03":
        return DeskBusyError(where, wait)
    return fault


def _is_sqlite(fault: object) -> bool:
    return isinstance(fault, sqlite3.Error)
