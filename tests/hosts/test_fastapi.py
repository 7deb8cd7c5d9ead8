"""The application of the page on FastAPI, served by uvicorn with two workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

import pytest

from ticketroute.desk import Desk

pytest.importorskip("fastapi")
sqlalchemy = pytest.importorskip("sqlalchemy")
adapter = pytest.importorskip("ticketroute.sqlalchemy")

SOON = 20.0  # seconds, at most
MAKE_TABLES = """
import asyncio
from app import Base, engine

async def make():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()

asyncio.run(make())
"""
PLACES = ["sqlite", pytest.param("postgres", marks=pytest.mark.external)]


@pytest.mark.parametrize("place", PLACES)
def test_two_workers_have_one_desk(
    place: str, page: Callable[..., Any], at_once: Callable[..., list[Any]], request: Any
) -> None:
    app = page("fastapi")
    url = f"sqlite:///{app.folder}/app.db"
    if place == "postgres":
        address = request.getfixturevalue("postgres")
        url = address.replace("://", "+psycopg://")
        app.environment["DATABASE"] = address.replace("://", "+asyncpg://")
        app.run("python", "-c", MAKE_TABLES)
    server, ask = app.serve("uvicorn", "app:app", "--workers", "2", "--fd", "{}")
    assert ask("PUT", "/agents/ana/presence/available")[0] == 204

    def create(number: int) -> str:
        status, made = ask("POST", "/requests", {"subject": f"No. {number}"})
        assert status == 201
        if number % 2:
            assert ask("POST", f"/requests/{made['id']}/resolve")[0] == 204
        return str(made["id"])

    created = at_once(create, range(20))
    assert ask("POST", "/requests/999/resolve")[0] == 404
    app.stop(server)

    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        rows = connection.scalars(sqlalchemy.text("SELECT id FROM request")).all()
    with adapter.open_desk(engine, tables=adapter.JournalTables()) as desk:
        assert sorted(map(str, rows)) == sorted(created)
        assert sorted(ticket.id for ticket in desk.tickets()) == sorted(created)
        assert judged(desk) == (10, 3)
    engine.dispose()


def judged(desk: Desk) -> tuple[int, int]:
    """Return how many tickets are resolved, and what Ana holds, who has room for three."""
    tickets = desk.tickets()
    done = [ticket for ticket in tickets if ticket.state.value == "done"]
    held = [ticket for ticket in tickets if ticket not in done and ticket.agent_id == "ana"]
    return len(done), len(held)


def test_a_server_with_an_open_board_stops_when_it_is_told_to(page: Callable[..., Any]) -> None:
    app = page("fastapi")
    server, ask = app.serve("uvicorn", "with_board:app", "--fd", "{}")
    status, state = ask("GET", "/board/state.json")
    assert status == 200
    assert "mail" in str(state)
    address = f"{app.address}/board/events"
    with urlopen(address, timeout=SOON) as stream:  # noqa: S310  of http, on this machine
        assert stream.readline()
        said = app.stop(server)  # which waits for it for some seconds
    assert "Application shutdown complete." in said
