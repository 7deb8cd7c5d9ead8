"""A desk on an engine of asyncio: with psycopg, asyncpg and aiosqlite."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_scoped_session
from sqlalchemy.ext.asyncio import async_sessionmaker as sessions

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.journal.faults import HostTransactionError, JournalUnreachableError
from ticketroute.sqlalchemy import open_async_desk

Run = Callable[[Coroutine[Any, Any, Any]], Any]


class TornError(Exception):
    """What makes a host give up."""


@pytest.fixture
def run(loop: asyncio.AbstractEventLoop) -> Run:
    return loop.run_until_complete


@pytest.fixture
def engine(async_url: str, engines: Callable[..., Any]) -> AsyncEngine:
    options: dict[str, Any] = {"connect_args": {"timeout": 20}} if "sqlite" in async_url else {}
    made: AsyncEngine = engines(async_url, asynchronous=True, **options)
    return made


@asynccontextmanager
async def staffed(engine: AsyncEngine) -> AsyncIterator[AsyncDesk]:
    """Open a desk with an agent and a queue, beside a table of the host's."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE request (id text)"))
    async with await open_async_desk(engine) as desk:
        await desk.add_agent(Agent(id="ana", capacity=100), presence="available")
        await desk.add_queue(Queue(id="mail", members=["ana"]))
        yield desk


async def insert(session: AsyncSession | async_scoped_session[Any], name: str) -> None:
    await session.execute(sa.text("INSERT INTO request VALUES (:name)"), {"name": name})


async def rows(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return sorted(await connection.scalars(sa.text("SELECT id FROM request")))


async def tickets(desk: AsyncDesk) -> list[str]:
    """Return the ids of all tickets; the memory has to be what the journal leads to."""
    await desk.refresh()
    again = desk._memory.fresh()
    again.follow([entry.event async for entry in desk.events()])
    assert desk._memory.fold.dispatcher.same_state(again)
    return sorted(ticket.id for ticket in desk.tickets())


def test_many_at_once_of_which_some_are_given_up(engine: AsyncEngine, run: Run) -> None:
    async def one(desk: AsyncDesk, number: int) -> str | None:
        name = f"t{number:03}"
        async with AsyncSession(engine) as session:
            await insert(session, name)
            async with desk.inside(session) as inside:
                await inside.submit(Ticket(id=name, queue="mail"))
            if number % 4 == 3:
                return None  # closed without a commit
            if number % 4 == 2:
                await session.rollback()
                return None
            await session.commit()
            return name

    async def whole() -> None:
        async with staffed(engine) as desk:
            done = await asyncio.gather(*(one(desk, number) for number in range(200)))
            expected = sorted(name for name in done if name is not None)
            assert len(expected) == 100
            assert await tickets(desk) == await rows(engine) == expected

    run(whole())


def test_a_savepoint_takes_its_commands_with_it(engine: AsyncEngine, run: Run) -> None:
    async def whole() -> None:
        async with staffed(engine) as desk:
            async with AsyncSession(engine) as session, session.begin():
                for name in ("kept", "given-up", "also-kept"):
                    savepoint = await session.begin_nested()
                    await insert(session, name)
                    async with desk.inside(session) as inside:
                        await inside.submit(Ticket(id=name, queue="mail"))
                    await (savepoint.rollback if name == "given-up" else savepoint.commit)()
            assert await tickets(desk) == await rows(engine) == ["also-kept", "kept"]

    run(whole())


def test_a_caller_that_is_cancelled_leaves_row_and_ticket_together(
    engine: AsyncEngine, run: Run
) -> None:
    async def one(desk: AsyncDesk, name: str) -> None:
        async with AsyncSession(engine) as session, session.begin():
            await insert(session, name)
            async with desk.inside(session) as inside:
                await inside.submit(Ticket(id=name, queue="mail"))

    async def whole() -> None:
        async with staffed(engine) as desk:
            for number in range(12):
                task = asyncio.ensure_future(one(desk, f"t{number:02}"))
                for _ in range(3 * number):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
                del task
                gc.collect()  # until then a SELECT that was cancelled keeps SQLite locked
                await desk.submit(Ticket(id=f"own-{number:02}", queue="mail"))
            found = await tickets(desk)
            assert [name for name in found if name.startswith("t")] == await rows(engine)
            assert [name for name in found if name.startswith("own")] == [
                f"own-{number:02}" for number in range(12)
            ]

    run(whole())


async def fail_together(desk: AsyncDesk) -> None:
    async with desk.together() as several:
        await several.submit(Ticket(id="t1", queue="mail"))
        raise TornError


def test_a_block_that_failed_leaves_no_lock_behind(
    engine: AsyncEngine, run: Run, engines: Callable[..., Any]
) -> None:
    other_pool = engines(engine.url, asynchronous=True)

    async def whole() -> None:
        async with staffed(engine) as desk, await open_async_desk(other_pool, wait=2) as other:
            with pytest.raises(TornError):
                await fail_together(desk)
            await other.submit(Ticket(id="t2", queue="mail"))
            assert await tickets(desk) == ["t2"]

    run(whole())


def test_a_scoped_session_and_a_connection_will_do_as_well(engine: AsyncEngine, run: Run) -> None:
    async def whole() -> None:
        async with staffed(engine) as desk:
            scoped = async_scoped_session(sessions(engine), scopefunc=asyncio.current_task)
            async with desk.inside(scoped, late=True) as inside:
                await inside.submit(Ticket(id="t1", queue="mail"))
            await scoped.commit()
            await scoped.remove()
            async with engine.begin() as connection, desk.inside(connection) as inside:
                await inside.submit(Ticket(id="t2", queue="mail"))
            async with desk.consume("mailer") as news:
                assert len(list(news)) == desk.head
            assert await tickets(desk) == ["t1", "t2"]

    run(whole())


def test_autocommit_and_other_databases_are_refused(
    engine: AsyncEngine, run: Run, engines: Callable[..., Any], tmp_path: Any
) -> None:
    async def whole() -> None:
        async with staffed(engine) as desk:
            head = desk.head
            automatic = engines(
                engine.url, asynchronous=True, plain=True, isolation_level="AUTOCOMMIT"
            )
            other = engines(f"sqlite+aiosqlite:///{tmp_path}/other.db", asynchronous=True)
            for wrong, said in ((automatic, "is in no transaction"), (other, "another|no desk")):
                async with AsyncSession(wrong) as session:
                    with pytest.raises(HostTransactionError, match=said):
                        await submit_in(desk, session)
            await desk.refresh()
            assert desk.head == head

    async def submit_in(desk: AsyncDesk, session: AsyncSession) -> None:
        async with desk.inside(session) as inside:
            await inside.submit(Ticket(id="t1", queue="mail"))

    run(whole())


@pytest.mark.external
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_connections_that_are_lost_are_replaced(
    own_server: Any, engines: Callable[..., Any], run: Run, driver: str
) -> None:
    pytest.importorskip(driver)
    url = own_server.address().replace("://", f"+{driver}://")
    engine = engines(url, asynchronous=True)

    async def whole() -> None:
        async with staffed(engine) as desk:
            own_server.stop()
            with pytest.raises(JournalUnreachableError, match="nothing was done: try again later"):
                await desk.submit(Ticket(id="t1", queue="mail"))
            own_server.start()
            await desk.submit(Ticket(id="t2", queue="mail"))
            assert await tickets(desk) == ["t2"]

    run(whole())


@pytest.mark.external
@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_commit_wakes_others_and_with_psycopg_others_wake_this_one(
    postgres: str, engines: Callable[..., Any], run: Run, driver: str
) -> None:
    pytest.importorskip(driver)
    engine = engines(postgres.replace("://", f"+{driver}://"), asynchronous=True)

    async def whole() -> None:
        stop, heard = asyncio.Event(), asyncio.Event()
        async with staffed(engine) as desk, await AsyncDesk.open(postgres) as other:
            hearing, telling = (other, desk) if driver == "asyncpg" else (desk, other)
            hearing.subscribe(lambda entry: heard.set())
            running = asyncio.ensure_future(hearing.run(stop=stop, poll=600))
            for number in range(100):  # until the listener is there
                await telling.submit(Ticket(id=f"t{number}", queue="mail"))
                await asyncio.sleep(0.05)
                if heard.is_set():
                    break
            assert heard.is_set()
            stop.set()
            await running

    run(whole())


@pytest.mark.external
def test_a_desk_of_threads_and_one_of_asyncio_are_one(
    postgres: str, engines: Callable[..., Any], run: Run
) -> None:
    pytest.importorskip("asyncpg")
    engine = engines(postgres.replace("://", "+asyncpg://"), asynchronous=True)

    async def whole() -> None:
        async with staffed(engine) as desk:
            await desk.submit(Ticket(id="t1", queue="mail"), key="once")
            with Desk.open(postgres) as other:
                assert other.submit(Ticket(id="t1", queue="mail"), key="once")
                other.resolve("t1")
            assert await tickets(desk) == ["t1"]
            assert desk.ticket("t1").state.value == "done"

    run(whole())
