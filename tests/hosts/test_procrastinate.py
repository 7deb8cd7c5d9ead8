"""The tasks of the page on procrastinate, with a worker on a PostgreSQL of the tests' own."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import Desk

pytest.importorskip("procrastinate")

pytestmark = pytest.mark.external
SOON = 20.0  # seconds, at most

TWICE = """
import procrastinate
import psycopg
from ticketroute import Ticket
from ticketroute.desk import Desk
from tasks import DATABASE, app, keep_time

desk = Desk.open(DATABASE)

with app.open():
    keep_time.defer(timestamp=0)
    for name, savepoint in (("lost", False), ("kept", True)):
        with psycopg.connect(DATABASE) as connection:
            with desk.inside(connection) as inside:
                inside.submit(Ticket(id=name, queue="mail"))
            job = keep_time.configure(connection=connection)
            try:
                if savepoint:
                    with connection.transaction():
                        job.defer(timestamp=1)
                else:
                    job.defer(timestamp=1)
            except procrastinate.exceptions.AlreadyEnqueued:
                pass
desk.close()
"""


def test_each_assignment_is_told_once(page: Callable[..., Any], postgres: str) -> None:
    tasks = page("procrastinate")
    tasks.environment["DATABASE"] = postgres
    tasks.run("procrastinate", "--app=tasks.app", "schema", "--apply")
    tasks.run("python", "intake.py")
    with Desk.open(postgres) as desk:
        worker = tasks.start("procrastinate", "--app=tasks.app", "worker", "--concurrency", "4")
        end = monotonic() + SOON
        while len(told(desk)) < 2 and worker.poll() is None and monotonic() < end:
            sleep(0.05)
        said = tasks.stop(worker)
        assert worker.returncode == 0, said
        assert [line for line in said.splitlines() if line.startswith("mail to")] == [
            "mail to ana: t1 is yours",
            "mail to ana: t2 is yours",
        ], said
        desk.refresh()
        assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2"]


def told(desk: Desk) -> list[str]:
    """Return the tickets of which a worker has told the agent."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(desk._line.address) as connection:  # type: ignore[union-attr]
        found = connection.execute(
            "SELECT args->>'ticket_id' FROM procrastinate_jobs "
            "WHERE task_name = 'tasks.tell' AND status = 'succeeded'"
        )
        return [name for (name,) in found]


def test_a_job_that_is_refused_needs_a_savepoint(page: Callable[..., Any], postgres: str) -> None:
    tasks = page("procrastinate")
    tasks.environment["DATABASE"] = postgres
    tasks.run("procrastinate", "--app=tasks.app", "schema", "--apply")
    with Desk.open(postgres) as desk:
        desk.add_agent(Agent(id="ana", capacity=5), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        tasks.run("python", "-c", TWICE)
        desk.submit(Ticket(id="later", queue="mail"))
        assert [ticket.id for ticket in desk.tickets()] == ["kept", "later"]
