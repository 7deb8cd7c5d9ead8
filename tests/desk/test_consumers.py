"""Named consumers: each event is handled, in order, by one process at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from typing import Any

import pytest

from ticketroute import Queue
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.errors import InvalidValueError
from ticketroute.journal import Entry
from ticketroute.journal.faults import (
    HostTransactionError,
    JournalUnreachableError,
    NotAJournalError,
)

KINDS = ["memory", "kept", "asyncio"]


class FromTasks:
    """An AsyncDesk whose consumers are spoken to from a thread."""

    def __init__(self, address: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.desk = self.loop.run_until_complete(AsyncDesk.open(address))

    @contextmanager
    def consume(self, name: str, **facts: Any) -> Iterator[Iterator[Entry]]:
        context = self.desk.consume(name, **facts)
        entries = self.loop.run_until_complete(context.__aenter__())
        try:
            yield entries
        except BaseException as fault:
            self.loop.run_until_complete(context.__aexit__(type(fault), fault, fault.__traceback__))
            raise
        self.loop.run_until_complete(context.__aexit__(None, None, None))

    def close(self) -> None:
        self.loop.run_until_complete(self.desk.close())
        self.loop.close()


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, address: str) -> Iterator[Any]:
    """A desk of ten events; what consumes is of the kind."""
    with Desk.open(None if request.param == "memory" else address) as filled:
        for number in range(9):
            filled.add_queue(Queue(id=f"q{number}"))
        if request.param != "asyncio":
            yield filled
            return
        tasks = FromTasks(address)
        yield tasks
        tasks.close()


def positions(desk: Any, name: str = "mailer", **facts: Any) -> list[int]:
    with desk.consume(name, **facts) as entries:
        return [entry.position for entry in entries]


class BrokenError(Exception):
    """An effect that fails."""


def fail_at(desk: Any, position: int, **facts: Any) -> list[int]:
    """Handle events up to one that fails; return those that were given."""
    given: list[int] = []
    with suppress(BrokenError), desk.consume("mailer", **facts) as entries:
        for entry in entries:
            given.append(entry.position)
            if entry.position == position:
                raise BrokenError
    return given


def test_each_event_is_given_once_and_in_order(desk: Any) -> None:
    assert positions(desk, most=4) == [1, 2, 3, 4]
    assert positions(desk) == [5, 6, 7, 8, 9, 10]
    assert positions(desk) == []
    assert positions(desk, "other") == list(range(1, 11))


def test_an_event_whose_effect_failed_comes_again(desk: Any) -> None:
    assert fail_at(desk, 1) == [1]
    assert fail_at(desk, 4) == [1, 2, 3, 4]
    assert positions(desk) == [4, 5, 6, 7, 8, 9, 10]


def test_what_was_not_asked_for_is_not_handled(desk: Any) -> None:
    with desk.consume("mailer") as entries:
        assert next(entries).position == 1
        assert next(entries).position == 2
    assert positions(desk)[0] == 3
    with desk.consume("idle"):
        pass
    assert positions(desk, "idle")[0] == 1


def test_while_one_consumes_another_finds_nothing(desk: Any) -> None:
    with desk.consume("mailer") as entries:
        assert positions(desk) == []
        assert positions(desk, "other") == list(range(1, 11))
        assert len(list(entries)) == 10


def test_a_consumer_can_be_set_back_and_forward(desk: Any) -> None:
    assert positions(desk) == list(range(1, 11))
    assert positions(desk, at=7, most=1) == [8]
    assert positions(desk) == [9, 10]
    assert positions(desk, at=10) == []
    assert positions(desk, at=0) == list(range(1, 11))
    with pytest.raises(InvalidValueError, match="at is 11; it must be a position of the journal"):
        positions(desk, at=11)
    assert positions(desk) == []


@pytest.mark.parametrize(
    "facts", [{"at": -1}, {"at": True}, {"most": 0}, {"most": 10_001}, {"name": ""}]
)
def test_bad_input_is_refused(desk: Any, facts: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        positions(desk, **{"name": "mailer", **facts})


def test_processes_consume_under_one_name_one_after_the_other(address: str) -> None:
    with Desk.open(address) as desk, Desk.open(address) as other:
        for number in range(60):
            desk.add_queue(Queue(id=f"q{number}"))
        handled: list[int] = []

        def work(of: Desk) -> None:
            while len(handled) < 61:
                with of.consume("mailer", most=3) as entries:
                    handled.extend(entry.position for entry in entries)

        threads = [threading.Thread(target=work, args=(each,)) for each in (desk, other, desk)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert handled == list(range(1, 62))


# --- in the host's transaction --------------------------------------------------------------------


@contextmanager
def transaction(address: str, *, commits: bool) -> Iterator[Any]:
    """Begin a transaction of a host's, and end it."""
    if address.startswith("postgresql"):
        with closing(pytest.importorskip("psycopg").connect(address)) as connection:
            yield connection
            (connection.commit if commits else connection.rollback)()
    else:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT" if commits else "ROLLBACK")


def test_the_place_is_part_of_the_hosts_transaction(address: str) -> None:
    with Desk.open(address) as desk:
        desk.add_queue(Queue(id="mail"))
        for commits, found in ((False, [1, 2]), (True, [1, 2]), (True, [])):
            with transaction(address, commits=commits) as connection:
                assert positions(desk, connection=connection) == found
        with transaction(address, commits=True) as connection:
            assert positions(desk, connection=connection, at=1) == [2]
            assert fail_at(desk, 2, connection=connection, at=0) == [1, 2]
        assert positions(desk) == [1, 2]  # a block that failed has handled nothing of at=0


def test_a_connection_in_autocommit_is_refused(address: str) -> None:
    with (
        Desk.open(address) as desk,
        host(address) as connection,
        pytest.raises(HostTransactionError),
    ):
        positions(desk, connection=connection)
    with pytest.raises(NotAJournalError, match="open it on a database"):
        positions(Desk(), connection=object())


@contextmanager
def host(address: str) -> Iterator[Any]:
    if address.startswith("postgresql"):
        psycopg = pytest.importorskip("psycopg")
        with closing(psycopg.connect(address, autocommit=True)) as connection:
            yield connection
    else:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            yield connection


@pytest.mark.external
def test_a_task_consumes_in_a_transaction_of_psycopgs_asyncio(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")

    @asynccontextmanager
    async def connected() -> Any:
        connection = await psycopg.AsyncConnection.connect(postgres)
        try:
            yield connection
        finally:
            await connection.close()

    async def main() -> None:
        async with await AsyncDesk.open(postgres) as desk:
            await desk.add_queue(Queue(id="mail"))
            for commits, found in ((False, 2), (True, 2), (True, 0)):
                async with connected() as connection:
                    async with desk.consume("mailer", connection=connection) as entries:
                        assert len(list(entries)) == found
                    await (connection.commit() if commits else connection.rollback())

    asyncio.run(main())


@pytest.mark.external
def test_a_consumer_whose_connection_is_lost_handles_its_events_again(
    server: Any, postgres: str
) -> None:
    with Desk.open(postgres) as desk:
        desk.add_queue(Queue(id="mail"))
        with pytest.raises(JournalUnreachableError), desk.consume("mailer") as entries:
            end_transactions(server, list(entries))
        assert positions(desk) == [1, 2]


def end_transactions(server: Any, handled: list[Entry]) -> None:
    """End the backends in whose transactions events were handled."""
    assert handled
    with server.connect() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
        )
