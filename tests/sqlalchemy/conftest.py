"""Engines on databases of the tests' own, closed afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sqlalchemy = pytest.importorskip("sqlalchemy")
ROOT = Path(__file__).resolve().parents[2]


Engines = Callable[..., Any]
ON_POSTGRES = pytest.mark.external


@pytest.fixture(params=["sqlite", pytest.param("psycopg", marks=ON_POSTGRES)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, for an engine of threads."""
    return url_of(request, tmp_path, request.param)


@pytest.fixture(
    params=[
        "aiosqlite",
        pytest.param("psycopg", marks=ON_POSTGRES),
        pytest.param("asyncpg", marks=ON_POSTGRES),
    ]
)
def async_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, for an engine of asyncio."""
    return url_of(request, tmp_path, request.param)


def url_of(request: pytest.FixtureRequest, folder: Path, driver: str) -> str:
    """Return the URL of an empty database for a driver."""
    if driver == "sqlite":
        return f"sqlite:///{folder}/app.db"
    if driver == "aiosqlite":
        return f"sqlite+aiosqlite:///{folder}/app.db"
    pytest.importorskip(driver)
    address: str = request.getfixturevalue("postgres")
    return address.replace("postgresql://", f"postgresql+{driver}://")


def immediate(engine: Any) -> Any:
    """Begin each transaction of SQLite with its lock, as the how-to says."""
    if engine.dialect.name == "sqlite":
        sync = getattr(engine, "sync_engine", engine)
        sqlalchemy.event.listen(sync, "connect", _no_begin)
        sqlalchemy.event.listen(sync, "begin", _begin_immediate)
    return engine


def _no_begin(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous = OFF")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop of the test's own."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def engines(loop: asyncio.AbstractEventLoop) -> Iterator[Engines]:
    """Make engines, which are disposed of afterwards; with listeners unless ``plain``."""
    made: list[Any] = []

    def make(url: str, *, asynchronous: bool = False, plain: bool = False, **options: Any) -> Any:
        extension = pytest.importorskip("sqlalchemy.ext.asyncio")
        create = extension.create_async_engine if asynchronous else sqlalchemy.create_engine
        made.append(create(url, **options) if plain else immediate(create(url, **options)))
        return made[-1]

    yield make
    for engine in made:
        if hasattr(engine, "sync_engine"):
            loop.run_until_complete(engine.dispose())
        else:
            engine.dispose()
