"""Commands inside a transaction of the host's: both commit, or both are given up, without hooks."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import pytest

from ticketroute import Agent, OfferPolicy, Queue, Ticket, hours, seconds
from ticketroute.desk import AsyncDesk, Desk, conversation, due_desks
from ticketroute.desk.addresses import now
from ticketroute.errors import InvalidValueError, UnknownTicketError
from ticketroute.journal.faults import DeskBusyError, HostTransactionError

Begin = Callable[[], AbstractContextManager[Any]]


class TornError(Exception):
    """What makes a host give up."""


@pytest.fixture
def desk(address: str) -> Iterator[Desk]:
    with Desk.open(address, wait=1) as opened:
        opened.add_agent(Agent(id="ana", capacity=50), presence="available")
        opened.add_queue(Queue(id="mail", members=["ana"]))
        yield opened


def sqlalchemy_url(address: str, driver: str = "psycopg") -> str:
    if not address.startswith("postgresql"):
        return f"sqlite:///{address}"
    return address.replace("postgresql://", f"postgresql+{driver}://")


def drivers(address: str) -> Begin:
    """Return what begins a transaction with the driver alone; it ends as the block does."""

    @contextmanager
    def begin() -> Iterator[Any]:
        if address.startswith("postgresql"):
            psycopg = pytest.importorskip("psycopg")
            with psycopg.connect(address) as connection:
                yield connection
        else:
            with closing(sqlite3.connect(address, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()

    return begin


def sqlalchemys(address: str) -> Begin:
    """Return what begins a Session of SQLAlchemy."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")

    @contextmanager
    def begin() -> Iterator[Any]:
        engine = sqlalchemy.create_engine(sqlalchemy_url(address))
        if engine.dialect.name == "sqlite":
            # As SQLAlchemy's page on SQLite advises, so that transactions are real.
            sqlalchemy.event.listen(engine, "connect", _no_begin)
            sqlalchemy.event.listen(engine, "begin", _begin_immediate)
        try:
            with orm.Session(engine) as session, session.begin():
                yield session
        finally:
            engine.dispose()

    return begin


def _no_begin(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def djangos(address: str) -> Begin:
    """Return what begins an atomic block of Django."""
    django_settings = pytest.importorskip("django.conf").settings
    database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": address}
    database["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
    if address.startswith("postgresql"):
        name, host = address.split("/", 3)[3].split("?host=")
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": name}
        database |= {"HOST": host, "USER": "desk"}
    if not django_settings.configured:
        django_settings.configure(DATABASES={"default": database}, USE_TZ=True)
    if not pytest.importorskip("django.apps").apps.ready:
        pytest.importorskip("django").setup()
    handlers = pytest.importorskip("django.db.utils")
    transaction = pytest.importorskip("django.db.transaction")

    @contextmanager
    def begin() -> Iterator[Any]:
        connections = handlers.ConnectionHandler({"default": database})
        connection = connections["default"]
        before, transaction.get_connection = transaction.get_connection, lambda using: connection
        try:
            with transaction.atomic():
                yield connection
        finally:
            transaction.get_connection = before
            connection.close()

    return begin


@pytest.fixture(params=[drivers, sqlalchemys, djangos], ids=["driver", "sqlalchemy", "django"])
def begin(request: pytest.FixtureRequest, address: str) -> Begin:
    made: Begin = request.param(address)
    return made


def equals_the_fold(desk: Desk) -> bool:
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    desk.refresh()
    return desk._memory.fold.dispatcher.same_state(again)


def test_a_commit_of_the_host_commits_the_commands(desk: Desk, begin: Begin, address: str) -> None:
    told: list[int] = []
    desk.subscribe(lambda entry: told.append(entry.position))
    before = desk.head
    with begin() as connection, desk.inside(connection) as inside:
        inside.submit(Ticket(id="t1", queue="mail"))
        inside.resolve("t1")
        assert desk.tentative
        assert told == []
    desk.refresh()
    assert told == [*range(before + 1, desk.head + 1)]
    assert not desk.tentative
    with Desk.open(address) as other:
        assert str(other.ticket("t1").state) == "RoutingState.DONE"
    assert equals_the_fold(desk)


def submit_and_give_up(desk: Desk, begin: Begin) -> None:
    with begin() as connection:
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))
            inside.resolve("t1")  # which sees what the transaction itself has written
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t0", queue="mail"))
        raise TornError


def test_a_rollback_of_the_host_needs_no_hook(desk: Desk, begin: Begin) -> None:
    told: list[int] = []
    desk.subscribe(lambda entry: told.append(entry.position))
    before = desk.head
    with pytest.raises(TornError):
        submit_and_give_up(desk, begin)
    assert told == []
    events = desk.submit(Ticket(id="t2", queue="mail"))
    with pytest.raises(UnknownTicketError):
        desk.ticket("t1")
    assert told == [*range(before + 1, before + 1 + len(events))]
    assert equals_the_fold(desk)


def test_after_a_rollback_others_may_have_written_at_the_same_positions(
    desk: Desk, begin: Begin, address: str
) -> None:
    with pytest.raises(TornError):
        submit_and_give_up(desk, begin)
    with Desk.open(address) as other:
        other.submit_many([Ticket(id=f"o{number}", queue="mail") for number in range(3)])
    desk.submit(Ticket(id="t2", queue="mail"))
    assert [ticket.id for ticket in desk.tickets()] == ["o0", "o1", "o2", "t2"]
    assert equals_the_fold(desk)


def test_a_savepoint_that_is_given_up_takes_its_commands_with_it(desk: Desk, begin: Begin) -> None:
    with begin() as connection:
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))
        execute(connection, "SAVEPOINT here")
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t2", queue="mail"))
        execute(connection, "ROLLBACK TO SAVEPOINT here")
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t3", queue="mail"))
    desk.refresh()
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "t3"]
    assert equals_the_fold(desk)


def execute(connection: Any, sql: str) -> None:
    if hasattr(connection, "cursor") and not hasattr(connection, "vendor"):
        connection.execute(sql)
    elif hasattr(connection, "vendor"):
        with connection.cursor() as cursor:
            cursor.execute(sql)
    else:
        connection.connection().exec_driver_sql(sql)


def test_a_refused_command_leaves_the_transaction_usable(desk: Desk, begin: Begin) -> None:
    with begin() as connection, desk.inside(connection) as inside:
        with pytest.raises(UnknownTicketError):
            inside.resolve("nobody")
        inside.submit(Ticket(id="t1", queue="mail"), key="k")
        again = inside.submit(Ticket(id="t1", queue="mail"), key="k")
        assert [type(event).__name__ for event in again] == ["TicketSubmitted", "TicketAssigned"]
    assert equals_the_fold(desk)


def test_a_desk_in_between_reads_what_is_committed_when_it_refreshes(
    desk: Desk, begin: Begin
) -> None:
    with begin() as connection:
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))
        desk.refresh()
        assert not desk.tentative
        with pytest.raises(UnknownTicketError):
            desk.ticket("t1")
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t2", queue="mail"))
    desk.refresh()
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2"]
    assert equals_the_fold(desk)


@pytest.mark.parametrize("begin", [drivers, sqlalchemys], indirect=True)
def test_two_threads_each_in_a_transaction_of_their_own_do_not_block_each_other_for_good(
    desk: Desk, begin: Begin
) -> None:
    patient = desk
    there, faults = threading.Barrier(2), []

    def work(name: str) -> None:
        try:
            there.wait()
            for number in range(4):
                with begin() as connection:
                    with patient.inside(connection) as inside:
                        inside.submit(Ticket(id=f"{name}-{number}", queue="mail"))
                    with patient.inside(connection) as inside:
                        inside.resolve(f"{name}-{number}")
        except Exception as fault:  # noqa: BLE001  told to the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert equals_the_fold(desk)
    assert len(desk.tickets()) == 8


def test_what_a_host_decides_right_after_another_commit_is_not_taken_for_committed(
    desk: Desk, begin: Begin
) -> None:
    told: list[str] = []
    desk.subscribe(lambda entry: told.append(entry.id))
    line, there = desk._line, [True]
    assert line is not None
    run = line.run

    def run_and_let_a_host_in(trip: Any) -> Any:
        answer = run(trip)
        if trip.ends and there:
            there.clear()
            with pytest.raises(TornError):
                submit_and_give_up(desk, begin)
        return answer

    desk._line.run = run_and_let_a_host_in  # type: ignore[union-attr, method-assign]
    for block in (desk.submit, lambda ticket: submit_together(desk, ticket)):
        there[:] = [True]
        block(Ticket(id=f"mine-{len(told)}", queue="mail"))
        desk.refresh()
    assert told == [entry.id for entry in desk.events(after=3)]
    assert [ticket.id for ticket in desk.tickets()] == ["mine-0", "mine-2"]
    assert equals_the_fold(desk)


def test_a_question_in_between_does_not_lose_what_falls_due(
    desk: Desk, begin: Begin, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = OfferPolicy(timeout=seconds(60))
    desk.add_queue(Queue(id="ring", members=["ana"], delivery="offer", offer=ring))
    later = now() + hours(1)
    assert due_desks(address, at=later) == ()
    written = conversation.writing

    def written_late(*given: Any) -> Any:
        desk.refresh()  # another thread does, before the decision is written
        return written(*given)

    monkeypatch.setattr(conversation, "writing", written_late)
    with begin() as connection, desk.inside(connection) as inside:
        inside.submit(Ticket(id="t1", queue="ring"))
    assert due_desks(address, at=later) == ("main",)


def submit_together(desk: Desk, ticket: Ticket) -> None:
    with desk.together() as several:
        several.submit(ticket)


def test_others_wait_for_the_host_and_then_are_refused(desk: Desk, begin: Begin) -> None:
    with begin() as connection:
        with desk.inside(connection) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))
        with pytest.raises(DeskBusyError, match="locked by somebody else for 1 seconds"):
            desk.submit(Ticket(id="t2", queue="mail"))
    desk.submit(Ticket(id="t2", queue="mail"))
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2"]
    assert equals_the_fold(desk)


@pytest.mark.external
def test_a_transaction_of_repeatable_read_that_came_late_is_refused(
    postgres: str,
) -> None:
    psycopg = pytest.importorskip("psycopg")
    with Desk.open(postgres) as desk, psycopg.connect(postgres) as connection:
        desk.add_queue(Queue(id="mail"))
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SELECT 1 FROM ticketroute.desk")
        desk.submit(Ticket(id="t1", queue="mail"))
        with (
            desk.inside(connection) as inside,
            pytest.raises(HostTransactionError, match="repeat the whole transaction"),
        ):
            inside.submit(Ticket(id="t2", queue="mail"))
        connection.rollback()
        assert equals_the_fold(desk)


def test_a_connection_in_autocommit_is_refused_at_once(desk: Desk, address: str) -> None:
    if address.startswith("postgresql"):
        psycopg = pytest.importorskip("psycopg")
        made = psycopg.connect(address, autocommit=True)
    else:
        made = sqlite3.connect(address)
    with (
        closing(made) as connection,
        pytest.raises(HostTransactionError, match="is in no transaction"),
        desk.inside(connection),
    ):
        pass
    for wrong in (None, "desk.db", 7):
        with (
            pytest.raises(InvalidValueError, match="a connection of psycopg or sqlite3"),
            desk.inside(wrong),
        ):
            pass


def test_a_connection_to_another_database_is_refused(desk: Desk, tmp_path: Any) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(HostTransactionError), desk.inside(connection) as inside:
            inside.submit(Ticket(id="t1", queue="mail"))


def test_sqlite_that_read_before_it_locked_is_refused_in_words(tmp_path: Any) -> None:
    path = str(tmp_path / "desk.db")
    with Desk.open(path) as desk, closing(sqlite3.connect(path, isolation_level=None)) as late:
        desk.add_queue(Queue(id="mail"))
        late.execute("BEGIN")
        late.execute("SELECT * FROM ticketroute_desk").fetchall()
        desk.submit(Ticket(id="t1", queue="mail"))
        with desk.inside(late) as inside, pytest.raises(HostTransactionError, match="IMMEDIATE"):
            inside.submit(Ticket(id="t2", queue="mail"))
        late.rollback()


async def inside_async(address: str, session: Any) -> None:
    """Commit, give up and commit again, in sessions of SQLAlchemy's asyncio."""
    desk = await AsyncDesk.open(address)
    await desk.add_queue(Queue(id="mail"))
    async with session() as one, one.begin(), desk.inside(one) as inside:
        await inside.submit(Ticket(id="t1", queue="mail"))
    with pytest.raises(TornError):
        await submit_and_give_up_async(desk, session)
    async with session() as one, one.begin(), desk.inside(one) as inside:
        await inside.submit(Ticket(id="t3", queue="mail"))
    async with session() as one, one.begin(), desk.inside(one, late=True) as late:
        assert await late.submit(Ticket(id="t4", queue="mail")) == ()
        assert [ticket.id for ticket in desk.tickets()] == ["t1", "t3"]
    await desk.refresh()
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "t3", "t4"]
    await desk.close()


async def submit_and_give_up_async(desk: AsyncDesk, session: Any) -> None:
    async with session() as one, one.begin():
        async with desk.inside(one) as inside:
            await inside.submit(Ticket(id="t2", queue="mail"))
        raise TornError


def test_sessions_of_sqlalchemys_asyncio(address: str) -> None:
    pytest.importorskip("aiosqlite")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    extension = pytest.importorskip("sqlalchemy.ext.asyncio")
    url = sqlalchemy_url(address).replace("sqlite://", "sqlite+aiosqlite://")

    async def whole() -> None:
        engine = extension.create_async_engine(url)
        if engine.dialect.name == "sqlite":
            sqlalchemy.event.listen(engine.sync_engine, "connect", _no_begin)
            sqlalchemy.event.listen(engine.sync_engine, "begin", _begin_immediate)
        try:
            await inside_async(address, extension.async_sessionmaker(engine))
        finally:
            await engine.dispose()

    asyncio.run(whole())


@pytest.mark.external
def test_a_connection_of_psycopgs_asyncio(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")

    async def whole() -> None:
        async with await AsyncDesk.open(postgres) as desk:
            await desk.add_queue(Queue(id="mail"))
            async with await psycopg.AsyncConnection.connect(postgres) as connection:
                async with desk.inside(connection) as inside:
                    await inside.submit(Ticket(id="t1", queue="mail"))
                await connection.rollback()
                async with desk.inside(connection) as inside:
                    await inside.submit(Ticket(id="t2", queue="mail"))
            await desk.refresh()
            assert [ticket.id for ticket in desk.tickets()] == ["t2"]

    asyncio.run(whole())


def test_late_commands_are_decided_at_the_end_of_the_block_under_one_lock(
    desk: Desk, begin: Begin, address: str
) -> None:
    with begin() as connection:
        with desk.inside(connection, late=True) as inside:
            assert inside.submit(Ticket(id="t1", queue="mail")) == ()
            assert inside.resolve("t1") == ()
            assert not desk.tentative
        assert desk.ticket("t1").state.value == "done"
    with Desk.open(address) as other:
        assert other.ticket("t1").state.value == "done"
    assert equals_the_fold(desk)


def test_a_late_command_that_is_refused_raises_at_the_end_of_the_block(
    desk: Desk, begin: Begin
) -> None:
    with pytest.raises(UnknownTicketError):
        refuse_late(desk, begin)
    desk.refresh()
    assert desk.tickets() == ()
    assert equals_the_fold(desk)


def refuse_late(desk: Desk, begin: Begin) -> None:
    with begin() as connection, desk.inside(connection, late=True) as inside:
        inside.submit(Ticket(id="t1", queue="mail"))
        inside.resolve("nobody")


def test_a_block_that_fails_gives_none_of_its_late_commands(desk: Desk, begin: Begin) -> None:
    with begin() as connection:
        with pytest.raises(TornError):
            fail_late(desk, connection)
        desk.refresh()
        assert desk.tickets() == ()


def fail_late(desk: Desk, connection: Any) -> None:
    with desk.inside(connection, late=True) as inside:
        inside.submit(Ticket(id="t1", queue="mail"))
        raise TornError
