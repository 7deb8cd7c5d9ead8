"""Desks that are kept in a host's engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ticketroute.desk import AsyncDesk, Desk
from ticketroute.errors import InvalidValueError
from ticketroute.sqlalchemy.lines import AsyncEngineLine, EngineLine
from ticketroute.sqlalchemy.tables import JournalTables

if TYPE_CHECKING:
    from ticketroute.desk.configured import DeskOptions

ENGINE = "an Engine, as create_engine() returns; for an AsyncEngine there is open_async_desk()"
ASYNC_ENGINE = (
    "an AsyncEngine, as create_async_engine() returns; for an Engine there is open_desk()"
)


def open_desk(
    engine: sa.Engine,
    name: str = "main",
    *,
    tables: JournalTables | None = None,
    create: bool | None = None,
    wait: float = 10.0,
    listen: bool | str = True,
    **options: Unpack[DeskOptions],
) -> Desk:
    """Open a desk whose journal is in the database of an engine, and create what is missing.

    A command on the desk takes a connection out of the engine's pool for one transaction of its
    own. ``desk.inside(session)`` gives commands in the transaction of a Session, Connection or
    scoped session of the same engine. A child process forgets the connections of the engine's pool.

    Args:
        engine: of PostgreSQL with any driver, or of SQLite on a file.
        name: which desk of the database.
        tables: the tables of the journal; by default those that ``Desk.open`` uses, so that the
            commands of the shell find them.
        create: as ``Desk.open``. Tables that are missing are created, too.
        wait: how many seconds PostgreSQL waits for a lock; on SQLite the engine's ``timeout`` says.
        listen: whether processes on PostgreSQL wake one another after a commit. To hear it needs
            the driver psycopg, or the address of a direct connection for psycopg; with other
            drivers ``run`` looks once in each ``poll``.
        options: ``clock``, ``defaults``, ``random``, ``permits`` and ``retain``, as ``Desk.open``.

    Raises:
        InvalidValueError: if it is no Engine.
        NotAJournalError: for SQLite in memory, or another kind of database.
        JournalError: as ``Desk.open``.
    """
    if not isinstance(engine, sa.Engine):
        raise InvalidValueError("engine", engine, ENGINE)
    at = JournalTables.of(engine.dialect.name) if tables is None else tables
    return Desk.open_over(
        lambda: EngineLine(engine, at, wait),
        name,
        create=create,
        wait=wait,
        listen=listen,
        **options,
    )


async def open_async_desk(
    engine: AsyncEngine,
    name: str = "main",
    *,
    tables: JournalTables | None = None,
    create: bool | None = None,
    wait: float = 10.0,
    listen: bool | str = True,
    **options: Unpack[DeskOptions],
) -> AsyncDesk:
    """Open a desk for asyncio, as ``open_desk`` does; tested with psycopg, asyncpg and aiosqlite.

    ``desk.inside(session)`` takes an AsyncSession or AsyncConnection.
    """
    if not isinstance(engine, AsyncEngine):
        raise InvalidValueError("engine", engine, ASYNC_ENGINE)
    at = JournalTables.of(engine.dialect.name) if tables is None else tables
    return await AsyncDesk.open_over(
        lambda: AsyncEngineLine(engine, at, wait),
        name,
        create=create,
        wait=wait,
        listen=listen,
        **options,
    )
