"""A desk on an engine of SQLAlchemy keeps the contract of every kept desk, with each driver."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import pytest

from ticketroute import Dispatcher
from ticketroute.sqlalchemy import open_async_desk, open_desk
from ticketroute.testing import AsyncDeskContract, DeskContract, check

NUMBERS = count(1)


class OnAnEngine(DeskContract):
    """What both have in common; each contract has a database of its own."""

    lives = 10  # the talk is that of tests/desk; what differs is who carries it
    engine: Any

    def check(self, desk: Any, model: Dispatcher) -> None:
        super().check(desk, model)
        assert desk._memory.fold.dispatcher.same_state(model)
        check(desk._memory.fold.dispatcher)

    def host(self, desk: Any, *, commits: bool) -> AbstractContextManager[Any] | None:
        return self._transaction(commits=commits)

    def _transaction(self, *, commits: bool) -> AbstractContextManager[Any]:
        raise NotImplementedError


class TestEngine(OnAnEngine):
    @pytest.fixture(autouse=True)
    def _place(self, url: str, engines: Any) -> None:
        self.engine = engines(url)

    def open(self, **facts: Any) -> Any:
        return open_desk(self.engine, f"desk-{next(NUMBERS)}", create=True, **facts)

    def another(self, desk: Any, **facts: Any) -> Any:
        return open_desk(self.engine, desk._place.desk, **facts)

    def fork(self, desk: Any) -> None:
        self.engine.pool.dispose()  # here the parent is the same process, and keeps nothing open
        super().fork(desk)

    @contextmanager
    def _transaction(self, *, commits: bool) -> Iterator[Any]:
        orm = pytest.importorskip("sqlalchemy.orm")
        with orm.Session(self.engine) as session:
            yield session
            (session.commit if commits else session.rollback)()


class TestAsyncEngine(OnAnEngine, AsyncDeskContract):
    @pytest.fixture(autouse=True)
    def _place(self, async_url: str, engines: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.engine = engines(async_url, asynchronous=True)
        self.loop = loop

    def open(self, **facts: Any) -> Any:
        return self._opened_as(f"desk-{next(NUMBERS)}", create=True, **facts)

    def another(self, desk: Any, **facts: Any) -> Any:
        return self._opened_as(desk._place.desk, **facts)

    def _opened_as(self, name: str, **facts: Any) -> Any:
        return self.loop.run_until_complete(open_async_desk(self.engine, name, **facts))

    def fork(self, desk: Any) -> None:
        self.loop.run_until_complete(self.engine.dispose())
        super().fork(desk)

    @contextmanager
    def _transaction(self, *, commits: bool) -> Iterator[Any]:
        session = pytest.importorskip("sqlalchemy.ext.asyncio").AsyncSession(self.engine)
        yield session
        self.wait((session.commit if commits else session.rollback)())
        self.wait(session.close())
