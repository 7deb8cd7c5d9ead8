"""Every kind of desk passes one suite: in memory, on SQLite, on PostgreSQL; threads and asyncio."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Dispatcher
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.journal import postgres
from ticketroute.testing import AsyncDeskContract, DeskContract, check

NUMBERS = count(1)


def forked(contract: DeskContract) -> None:
    """Close the connections of parents, which a child must not; here they are the same process."""
    while postgres._INHERITED:
        contract.wait(postgres._INHERITED.pop().close())


class Kept(DeskContract):
    """What desks in a database have in common; each contract has a database of its own."""

    address: str

    def open(self, **facts: Any) -> Desk:
        name = f"desk-{next(NUMBERS)}"
        return Desk.open(self.address, name, create=True, durability="normal", **facts)

    def another(self, desk: Any, **facts: Any) -> Any:
        return Desk.open(self.address, desk._place.desk, durability="normal", **facts)

    def fork(self, desk: Any) -> None:
        super().fork(desk)
        forked(self)

    def check(self, desk: Any, model: Dispatcher) -> None:
        super().check(desk, model)
        assert desk._memory.fold.dispatcher.same_state(model)
        check(desk._memory.fold.dispatcher)


class TestInMemory(DeskContract):
    def open(self, **facts: Any) -> Desk:
        return Desk(**facts)

    def check(self, desk: Any, model: Dispatcher) -> None:
        super().check(desk, model)
        assert desk._memory.fold.dispatcher.same_state(model)


class OnSqlite:
    address: str

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.address = str(tmp_path / "desk.db")


class OnPostgres:
    address: str

    @pytest.fixture(autouse=True)
    def _place(self, postgres: str) -> None:
        self.address = postgres


class TestOnSqlite(OnSqlite, Kept):
    def host(self, desk: Any, *, commits: bool) -> AbstractContextManager[Any]:
        return self._transaction(commits=commits)

    @contextmanager
    def _transaction(self, *, commits: bool) -> Iterator[Any]:
        with closing(sqlite3.connect(self.address, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT" if commits else "ROLLBACK")


@pytest.mark.external
class TestOnPostgres(OnPostgres, Kept):
    def host(self, desk: Any, *, commits: bool) -> AbstractContextManager[Any]:
        return self._transaction(commits=commits)

    @contextmanager
    def _transaction(self, *, commits: bool) -> Iterator[Any]:
        with closing(pytest.importorskip("psycopg").connect(self.address)) as connection:
            yield connection
            (connection.commit if commits else connection.rollback)()


class KeptInLoop(AsyncDeskContract):
    """The same for asyncio."""

    address: str

    @pytest.fixture(autouse=True)
    def _loop(self) -> Iterator[None]:
        self.loop = asyncio.new_event_loop()
        yield
        self.loop.close()

    def open(self, **facts: Any) -> AsyncDesk:
        return self._opened_as(f"desk-{next(NUMBERS)}", create=True, **facts)

    def another(self, desk: Any, **facts: Any) -> Any:
        return self._opened_as(desk._place.desk, **facts)

    def _opened_as(self, name: str, **facts: Any) -> AsyncDesk:
        opening = AsyncDesk.open(self.address, name, durability="normal", **facts)
        return self.loop.run_until_complete(opening)

    def fork(self, desk: Any) -> None:
        super().fork(desk)
        forked(self)

    def check(self, desk: Any, model: Dispatcher) -> None:
        super().check(desk, model)
        assert desk._memory.fold.dispatcher.same_state(model)
        check(desk._memory.fold.dispatcher)


class TestAsyncOnSqlite(OnSqlite, KeptInLoop):
    pass


@pytest.mark.external
class TestAsyncOnPostgres(OnPostgres, KeptInLoop):
    pass
