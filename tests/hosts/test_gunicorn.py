"""The Flask application of its page, served by gunicorn as its page has it: three workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from ticketroute import Agent, OfferPolicy, Queue, Ticket
from ticketroute.desk import Desk

pytest.importorskip("flask")
pytest.importorskip("gunicorn")
sqlalchemy = pytest.importorskip("sqlalchemy")
adapter = pytest.importorskip("ticketroute.sqlalchemy")

PLACES = ["sqlite", pytest.param("postgres", marks=pytest.mark.external)]
SOON = 20.0  # seconds, at most


@pytest.mark.parametrize("place", PLACES)
def test_three_workers_have_one_desk_and_keep_its_time(
    place: str, page: Callable[..., Any], at_once: Callable[..., list[Any]], request: Any
) -> None:
    app = page("flask")
    app.add("gunicorn")
    url = f"sqlite:///{app.folder}/app.db"
    if place == "postgres":
        url = request.getfixturevalue("postgres").replace("://", "+psycopg://")
    app.environment["DATABASE"] = url
    server, ask = app.serve("gunicorn", "-b", "fd://{}", "app:create_app()")
    assert ask("PUT", "/agents/ana/presence/available")[0] == 204

    def create(number: int) -> str:
        status, made = ask("POST", "/requests", {"subject": f"No. {number}"})
        assert status == 201
        if number % 2:
            assert ask("POST", f"/requests/{made['id']}/resolve")[0] == 204
        return str(made["id"])

    created = at_once(create, range(24))
    assert ask("POST", "/requests/999/resolve")[0] == 404

    engine = sqlalchemy.create_engine(url)
    with adapter.open_desk(engine, tables=adapter.JournalTables()) as desk:
        with engine.connect() as connection:
            rows = connection.scalars(sqlalchemy.text("SELECT id FROM request")).all()
        assert sorted(map(str, rows)) == sorted(created)
        assert sorted(ticket.id for ticket in desk.tickets()) == sorted(created)
        held = Counter(ticket.agent_id for ticket in desk.tickets() if ticket.state.value != "done")
        assert held["ana"] == 3
        assert held[None] == 9
        assert expires(desk)
    said = app.stop(server)
    assert server.returncode == 0, said
    engine.dispose()


def expires(desk: Desk) -> bool:
    """Return whether somebody else lets an offer of this desk expire."""
    desk.add_agent(Agent(id="cara"), presence="available")
    ring = OfferPolicy(timeout=100)
    desk.add_queue(Queue(id="ring", members=["cara"], delivery="offer", offer=ring))
    desk.submit(Ticket(id="rings", queue="ring"))
    after, end = desk.head, monotonic() + SOON
    while monotonic() < end:
        if any(type(entry.event).__name__ == "OfferExpired" for entry in desk.events(after)):
            return True
        sleep(0.05)
    return False
