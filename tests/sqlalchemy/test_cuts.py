"""A connection that is cut in the middle of a command: the command is done, and done once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from proxy import Proxy

from ticketroute import Queue, Ticket
from ticketroute.sqlalchemy import open_async_desk, open_desk

PLACES = 12  # in the conversation of a command, in each direction

pytestmark = pytest.mark.external


@pytest.fixture
def proxy(server: Any) -> Iterator[Any]:
    made = Proxy(f"{server.folder}/.s.PGSQL.5432")
    yield made
    made.close()


def url_through(proxy: Any, address: str, driver: str) -> str:
    pytest.importorskip(driver)
    name = address.split("/")[3].split("?", maxsplit=1)[0]
    query = "sslmode=disable" if driver == "psycopg" else "ssl=disable"
    return f"postgresql+{driver}://desk@127.0.0.1:{proxy.port}/{name}?{query}"


def plans(proxy: Any) -> Iterator[tuple[str, int]]:
    """Yield where to cut: as many places in each direction of what was just said."""
    for way in ("up", "down"):
        size = proxy.current().bytes[way]
        yield from [(way, place * size // PLACES) for place in range(PLACES)]


def test_over_an_engine_of_threads(proxy: Any, postgres: str, engines: Callable[..., Any]) -> None:
    engine = engines(url_through(proxy, postgres, "psycopg"))
    with open_desk(engine, listen=False) as desk:
        desk.add_queue(Queue(id="mail"))
        proxy.current().zero()
        desk.submit(Ticket(id="first", queue="mail"))
        for number, plan in enumerate([*plans(proxy)]):
            proxy.cut_after(plan)
            events = desk.submit(Ticket(id=f"t{number}", queue="mail"))
            assert [type(each).__name__ for each in events] == ["TicketSubmitted", "TicketQueued"]
        assert len([*desk.events()]) == desk.head == 2 + 2 * (1 + 2 * PLACES)


def test_a_command_is_two_round_trips_with_psycopg(
    proxy: Any, postgres: str, engines: Callable[..., Any], loop: asyncio.AbstractEventLoop
) -> None:
    url = url_through(proxy, postgres, "psycopg")
    with open_desk(engines(url), listen=False) as desk:
        desk.add_queue(Queue(id="mail"))
        proxy.current().zero()
        desk.submit(Ticket(id="t1", queue="mail"))
        assert proxy.current().trips == 2
    engine = engines(url, asynchronous=True)

    async def whole() -> None:
        async with await open_async_desk(engine, listen=False) as desk:
            await desk.submit(Ticket(id="t2", queue="mail"))
            proxy.current().zero()
            await desk.submit(Ticket(id="t3", queue="mail"))
            assert proxy.current().trips == 2

    loop.run_until_complete(whole())


def test_over_an_engine_of_asyncio(
    proxy: Any,
    postgres: str,
    engines: Callable[..., Any],
    loop: asyncio.AbstractEventLoop,
) -> None:
    engine = engines(url_through(proxy, postgres, "asyncpg"), asynchronous=True)

    async def whole() -> None:
        async with await open_async_desk(engine, listen=False) as desk:
            await desk.add_queue(Queue(id="mail"))
            await desk.submit(Ticket(id="zeroth", queue="mail"))  # asyncpg prepares what is new
            proxy.current().zero()
            await desk.submit(Ticket(id="first", queue="mail"))
            for number, plan in enumerate([*plans(proxy)]):
                proxy.cut_after(plan)
                events = await desk.submit(Ticket(id=f"t{number}", queue="mail"))
                assert len(events) == 2
            found = [entry async for entry in desk.events()]
            assert len(found) == desk.head == 2 + 2 * (2 + 2 * PLACES)

    loop.run_until_complete(whole())
