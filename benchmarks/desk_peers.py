"""What a host would use in place of a desk on PostgreSQL: a job queue, a query, an event store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

from benchmarks.calendar_peers import found
from benchmarks.table import ABSENT

AGENTS = 100
Do = Callable[[int], object]
NUMBERS = count(1)

PICK = """
SELECT id FROM bench_agent WHERE load < 1000000 ORDER BY load, last_at LIMIT 1
FOR UPDATE SKIP LOCKED
"""


def peers(connection: Any, stack: ExitStack) -> Iterator[tuple[str, Do | None, str]]:
    """Yield name, what does it so many times, and why it is missing if it is."""
    yield "SKIP LOCKED", by_hand(connection), ""
    for name, make in (
        ("procrastinate", deferring),
        ("eventsourcing", appending),
    ):
        package = found(name)
        if package is None:
            yield name, None, ABSENT
        else:
            yield name, make(connection, stack), ""


def by_hand(connection: Any) -> Do:
    """Pick the least busy agent by a query that skips locked rows, and write both rows."""
    connection.execute(
        "CREATE TABLE bench_agent (id text PRIMARY KEY, load int NOT NULL, last_at timestamptz)"
    )
    connection.execute(
        "CREATE TABLE bench_ticket (id text PRIMARY KEY, agent text, at timestamptz)"
    )
    connection.execute("CREATE INDEX ON bench_agent (load, last_at)")
    connection.execute(
        "INSERT INTO bench_agent SELECT 'a' || n, 0, now() FROM generate_series(1, %s) AS n",
        (AGENTS,),
    )

    def pick(times: int) -> None:
        for number, _ in zip(NUMBERS, range(times), strict=False):
            with connection.transaction():
                ((agent,),) = connection.execute(PICK).fetchall()
                connection.execute(
                    "UPDATE bench_agent SET load = load + 1, last_at = now() WHERE id = %s",
                    (agent,),
                )
                connection.execute(
                    "INSERT INTO bench_ticket VALUES (%s, %s, now())", (f"t{number}", agent)
                )

    return pick


def deferring(connection: Any, stack: ExitStack) -> Do:
    """Defer a job of procrastinate."""
    procrastinate: Any = found("procrastinate")
    info = connection.info
    connector = procrastinate.SyncPsycopgConnector(
        kwargs={"host": info.host, "user": info.user, "dbname": info.dbname}
    )
    app = stack.enter_context(procrastinate.App(connector=connector).open())
    app.schema_manager.apply_schema()

    @app.task(name="route")  # type: ignore[untyped-decorator, unused-ignore]
    def route(ticket: str) -> None:
        """Never run here."""

    def defer(times: int) -> None:
        for number, _ in zip(NUMBERS, range(times), strict=False):
            route.defer(ticket=f"t{number}")

    return defer


def appending(connection: Any, stack: ExitStack) -> Do:
    """Append an event to an aggregate of eventsourcing."""
    domain: Any = found("eventsourcing.domain")
    application: Any = found("eventsourcing.application")
    info = connection.info

    class Ticket(domain.Aggregate):  # type: ignore[misc]
        """A ticket that is given to an agent."""

        @domain.event("Assigned")  # type: ignore[untyped-decorator]
        def assign(self, agent: str) -> None:
            """Note who has it."""
            self.agent = agent

    app = application.Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": info.dbname,
            "POSTGRES_HOST": info.host,
            "POSTGRES_PORT": str(info.port),
            "POSTGRES_USER": info.user,
            "POSTGRES_PASSWORD": "",
        }
    )
    stack.callback(app.close)

    def append(times: int) -> None:
        for number, _ in zip(NUMBERS, range(times), strict=False):
            ticket = Ticket()
            ticket.assign(f"a{number % AGENTS}")
            app.save(ticket)

    return append
