"""A desk on an engine: in the host's transactions, in its pool, and refused where it cannot be."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.errors import InvalidValueError
from ticketroute.journal.faults import (
    DeskBusyError,
    HostTransactionError,
    JournalUnreachableError,
    NotAJournalError,
)
from ticketroute.sqlalchemy import JournalTables, open_async_desk, open_desk

Engines = Callable[..., Any]


class TornError(Exception):
    """What makes a host give up."""


@pytest.fixture
def engine(url: str, engines: Engines) -> sa.Engine:
    made: sa.Engine = engines(url)
    with made.begin() as connection:
        connection.execute(sa.text("CREATE TABLE request (id text)"))
    return made


@pytest.fixture
def desk(engine: sa.Engine) -> Iterator[Desk]:
    with staffed(engine) as opened:
        yield opened


@contextmanager
def staffed(engine: sa.Engine, **options: Any) -> Iterator[Desk]:
    """Open a desk with an agent and a queue."""
    with open_desk(engine, **{"wait": 1, **options}) as desk:
        desk.add_agent(Agent(id="ana", capacity=100), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        yield desk


def mail(name: str) -> Ticket:
    return Ticket(id=name, queue="mail")


def insert(session: Any, name: str) -> None:
    session.execute(sa.text("INSERT INTO request VALUES (:name)"), {"name": name})


def rows(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(name for (name,) in connection.execute(sa.text("SELECT id FROM request")))


def tickets(desk: Desk) -> list[str]:
    desk.refresh()
    return sorted(ticket.id for ticket in desk.tickets())


def equals_the_fold(desk: Desk) -> bool:
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    desk.refresh()
    return desk._memory.fold.dispatcher.same_state(again)


def submit_and_give_up(desk: Desk, engine: sa.Engine) -> None:
    with orm.Session(engine) as session, session.begin():
        insert(session, "given-up")
        with desk.inside(session) as inside:
            inside.submit(mail("given-up"))
        raise TornError


def test_row_and_ticket_are_committed_together_or_not_at_all(desk: Desk, engine: sa.Engine) -> None:
    told: list[str] = []
    desk.subscribe(lambda entry: told.append(type(entry.event).__name__))
    with orm.Session(engine) as session, session.begin():
        insert(session, "t1")
        with desk.inside(session) as inside:
            inside.submit(mail("t1"))
        assert told == []
    with pytest.raises(TornError):
        submit_and_give_up(desk, engine)
    with orm.Session(engine) as session:  # closed without a commit, of which nobody is told
        insert(session, "closed")
        with desk.inside(session) as inside:
            inside.submit(mail("closed"))
    assert rows(engine) == tickets(desk) == ["t1"]
    assert told == ["TicketSubmitted", "TicketAssigned"]
    assert equals_the_fold(desk)


def test_a_savepoint_takes_its_commands_with_it(desk: Desk, engine: sa.Engine) -> None:
    with orm.Session(engine) as session, session.begin():
        for name in ("kept", "given-up", "also-kept"):
            with session.begin_nested() as savepoint:
                insert(session, name)
                with desk.inside(session) as inside:
                    inside.submit(mail(name))
                if name == "given-up":
                    savepoint.rollback()
    assert rows(engine) == tickets(desk) == ["also-kept", "kept"]
    assert equals_the_fold(desk)


def test_a_connection_and_a_scoped_session_will_do_as_well(desk: Desk, engine: sa.Engine) -> None:
    with engine.begin() as connection, desk.inside(connection) as inside:
        inside.submit(mail("t1"))
    scoped = orm.scoped_session(orm.sessionmaker(engine))
    with desk.inside(scoped, late=True) as inside:
        inside.submit(mail("t2"))
    scoped.commit()
    scoped.remove()
    with engine.begin() as connection:
        with desk.consume("mailer", connection=connection) as news:
            assert len(list(news)) == desk.head
        connection.rollback()
    with desk.consume("mailer") as news:
        assert len(list(news)) == desk.head
    assert tickets(desk) == ["t1", "t2"]


def test_a_session_of_several_databases_is_asked_for_the_table_of_the_desks(
    url: str, engines: Engines, tmp_path: Path
) -> None:
    other, engine, tables = engines(f"sqlite:///{tmp_path}/other.db"), engines(url), JournalTables()
    with staffed(engine, tables=tables) as desk:
        with orm.Session(other, binds={tables["desk"]: engine}) as session, session.begin():
            session.execute(sa.text("SELECT 1"))
            with desk.inside(session) as inside:
                inside.submit(mail("t1"))
        assert tickets(desk) == ["t1"]


def test_threads_each_in_a_transaction_of_their_own(desk: Desk, engine: sa.Engine) -> None:
    faults: list[Exception] = []
    there = threading.Barrier(3)

    def work(who: int) -> None:
        try:
            there.wait()
            for number in range(6):
                with orm.Session(engine) as session:
                    insert(session, f"{who}-{number}")
                    with desk.inside(session) as inside:
                        inside.submit(mail(f"{who}-{number}"))
                    if number % 3:
                        session.commit()
                desk.set_presence("ana", "away" if number % 2 else "available")
        except Exception as fault:  # noqa: BLE001  told to the test
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert rows(engine) == tickets(desk)
    assert len(desk.tickets()) == 12
    assert equals_the_fold(desk)


WORK = """
import sys
import sqlalchemy as sa
from sqlalchemy.orm import Session
from ticketroute import Ticket
from ticketroute.sqlalchemy import open_desk

engine = sa.create_engine(sys.argv[1])
with open_desk(engine) as desk:
    for number in range(10):
        name = f"{sys.argv[2]}-{number}"
        with Session(engine) as session:
            session.execute(sa.text("INSERT INTO request VALUES (:name)"), {"name": name})
            with desk.inside(session) as inside:
                inside.submit(Ticket(id=name, queue="mail"))
            if number % 4:
                session.commit()
engine.dispose()
"""


def test_processes_share_a_desk(desk: Desk, engine: sa.Engine, url: str) -> None:
    command = [sys.executable, "-c", WORK, url]
    workers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in ("a", "b")]
    for each in workers:
        _, said = each.communicate(timeout=60)
        assert each.returncode == 0, said.decode()
    assert rows(engine) == tickets(desk)
    assert len(desk.tickets()) == 14
    assert equals_the_fold(desk)


FORK = """
import os
import sys
import sqlalchemy as sa
from ticketroute import Ticket
from ticketroute.sqlalchemy import open_desk

engine = sa.create_engine(sys.argv[1])
ask = "SELECT pg_backend_pid()" if engine.dialect.name == "postgresql" else "SELECT 0"
held = engine.connect()
desk = open_desk(engine)
desk.submit(Ticket(id="parent-0", queue="mail"))  # its connection is in the pool now
child = os.fork()
if not child:
    desk.submit(Ticket(id="child", queue="mail"))
who = "parent" if child else "child"
if child:
    os.waitpid(child, 0)
    desk.submit(Ticket(id="parent-1", queue="mail"))
with engine.connect() as connection:
    print(who, connection.scalar(sa.text(ask)), flush=True)
if child:
    print("held", held.scalar(sa.text(ask)), flush=True)
    desk.close()
    held.close()
    engine.dispose()
else:
    os._exit(0)
"""


def test_a_child_process_leaves_the_connections_to_its_parent(
    desk: Desk, engine: sa.Engine, url: str
) -> None:
    command = [sys.executable, "-c", FORK, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    pids = dict(line.split() for line in done.stdout.splitlines())
    assert list(pids) == ["child", "parent", "held"]
    if engine.dialect.name == "postgresql":
        assert pids["child"] not in (pids["parent"], pids["held"])
    assert tickets(desk) == ["child", "parent-0", "parent-1"]


def test_desk_open_finds_the_same_desk(desk: Desk, url: str) -> None:
    desk.submit(mail("t1"))
    address = url.removeprefix("sqlite:///").replace("+psycopg", "")
    with Desk.open(address, create=False) as other:
        other.submit(mail("t2"))
    assert tickets(desk) == ["t1", "t2"]


def test_a_desk_in_tables_of_other_names_is_another_one(desk: Desk, engine: sa.Engine) -> None:
    with staffed(engine, tables=JournalTables(prefix="desk2_")) as other:
        other.submit(mail("t1"))
        assert tickets(other) == ["t1"]
    assert tickets(desk) == []


# --- the pool -------------------------------------------------------------------------------------


def test_connections_go_back_to_the_pool_as_they_came(
    url: str, engines: Engines, tmp_path: Path
) -> None:
    engine = engines(url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    with staffed(engine) as desk:
        assert engine.pool.checkedout() == 0
        with engine.connect() as connection:
            before = connection.get_isolation_level(), connection.connection.driver_connection
        desk.submit(mail("t1"))
        desk.refresh()
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert (connection.get_isolation_level(), driver) == before
            assert getattr(driver, "autocommit", False) is not True
            with pytest.raises(JournalUnreachableError, match="no connection is free: QueuePool"):
                desk.submit(mail("t2"))
        desk.submit(mail("t3"))
        assert tickets(desk) == ["t1", "t3"]


def test_a_host_that_holds_the_desk_is_waited_for(url: str, engines: Engines) -> None:
    options = {"connect_args": {"timeout": 0.5}} if url.startswith("sqlite") else {}
    engine = engines(url, **options)
    with staffed(engine, wait=0.5) as desk:
        with orm.Session(engine) as session:
            with desk.inside(session) as inside:
                inside.submit(mail("t1"))
            with pytest.raises(DeskBusyError, match=r"locked by somebody else for 0\.5 seconds"):
                desk.submit(mail("t2"))
            desk.refresh()  # a question waits for nobody
            session.commit()
        assert tickets(desk) == ["t1"]
        assert equals_the_fold(desk)


@pytest.mark.parametrize(
    "how", [{}, {"isolation_level": "AUTOCOMMIT"}], ids=["plain", "autocommit"]
)
def test_an_engine_without_listeners_or_in_autocommit_has_whole_commands(
    url: str, engines: Engines, how: dict[str, str]
) -> None:
    engine = engines(url, plain=True, **how)
    with staffed(engine) as desk:
        fail_together(desk)
        with desk.together() as several:
            several.submit(mail("t1"))
            several.submit(mail("t2"))
        assert tickets(desk) == ["t1", "t2"]
        assert equals_the_fold(desk)


def fail_together(desk: Desk) -> None:
    def block() -> None:
        with desk.together() as several:
            several.submit(mail("t0"))
            raise TornError

    with pytest.raises(TornError):
        block()


@pytest.mark.external
def test_a_server_that_ends_every_connection_is_connected_again(
    postgres: str, engines: Engines
) -> None:
    engine = engines(postgres.replace("://", "+psycopg://"), pool_size=5)
    other = engines(postgres.replace("://", "+psycopg://"))
    with staffed(engine) as desk:
        held = [engine.connect() for _ in range(5)]
        for each in held:
            each.close()
        with other.connect() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        desk.submit(mail("t1"))
        assert tickets(desk) == ["t1"]


@pytest.mark.external
def test_a_server_that_is_not_there_is_said_to_be(own_server: Any, engines: Engines) -> None:
    engine = engines(own_server.address().replace("://", "+psycopg://"))
    with staffed(engine) as desk:
        own_server.stop()
        with pytest.raises(JournalUnreachableError, match="nothing was done: try again later"):
            desk.submit(mail("t1"))
        own_server.start()
        desk.submit(mail("t2"))
        assert tickets(desk) == ["t2"]


@pytest.mark.external
def test_a_pooler_in_transaction_mode_may_stand_between(pgbouncer: str, engines: Engines) -> None:
    url = pgbouncer.replace("://", "+psycopg://")
    engine = engines(url, connect_args={"prepare_threshold": None})
    with staffed(engine) as desk:
        for number in range(8):  # psycopg would prepare at the sixth
            with orm.Session(engine) as session, session.begin(), desk.inside(session) as inside:
                inside.submit(mail(f"host-{number}"))
            desk.submit(mail(f"own-{number}"))
        assert len(tickets(desk)) == 16
        assert equals_the_fold(desk)


@pytest.mark.external
def test_a_commit_wakes_the_run_of_another_process(postgres: str, engines: Engines) -> None:
    engine = engines(postgres.replace("://", "+psycopg://"))
    with staffed(engine) as desk, Desk.open(postgres) as other:
        heard, stop = threading.Event(), threading.Event()
        desk.subscribe(lambda entry: heard.set())
        runner = threading.Thread(target=desk.run, kwargs={"stop": stop, "poll": 600})
        runner.start()
        try:
            for number in range(100):  # until the listener is there
                other.submit(mail(f"t{number}"))
                if heard.wait(0.1):
                    break
            assert heard.is_set()
        finally:
            stop.set()
            runner.join()


# --- refused --------------------------------------------------------------------------------------


def test_autocommit_is_refused(desk: Desk, engine: sa.Engine) -> None:
    automatic: sa.Engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    if engine.dialect.name == "sqlite":
        automatic = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
    head = desk.head
    with (
        orm.Session(automatic) as session,
        pytest.raises(HostTransactionError, match="is in no transaction"),
        desk.inside(session) as inside,
    ):
        inside.submit(mail("t1"))
    automatic.dispose()
    desk.refresh()
    assert desk.head == head


def test_another_engine_is_refused_unless_it_leads_to_the_same_database(
    desk: Desk, engine: sa.Engine, engines: Engines, tmp_path: Path
) -> None:
    other = engines(f"sqlite:///{tmp_path}/other.db")
    with staffed(other) as elsewhere:
        elsewhere.submit(mail("t0"))
        with (
            orm.Session(other) as session,
            pytest.raises(HostTransactionError, match="another"),
            desk.inside(session),
        ):
            pass
        assert len(elsewhere.tickets()) == 1
    again = engines(engine.url)
    with orm.Session(again) as session, session.begin(), desk.inside(session) as inside:
        inside.submit(mail("t1"))
    assert tickets(desk) == ["t1"]


def test_a_savepoint_that_would_commit_is_refused(tmp_path: Path, engines: Engines) -> None:
    engine = engines(f"sqlite:///{tmp_path}/app.db", plain=True)
    with (
        staffed(engine) as desk,
        orm.Session(engine) as session,
        session.begin_nested(),
        desk.inside(session) as inside,
        pytest.raises(HostTransactionError, match="listeners for 'connect' and 'begin'"),
    ):
        inside.submit(mail("t1"))


@pytest.mark.external
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_saw_an_older_desk_is_to_be_repeated(
    postgres: str, engines: Engines, level: str
) -> None:
    engine = engines(postgres.replace("://", "+psycopg://"), isolation_level=level)
    with staffed(engine) as desk:
        with orm.Session(engine) as session:
            session.execute(sa.text("SELECT 1 FROM ticketroute.desk"))
            desk.submit(mail("t1"))
            with (
                desk.inside(session) as inside,
                pytest.raises(HostTransactionError, match="repeat the whole transaction"),
            ):
                inside.submit(mail("t2"))
        assert tickets(desk) == ["t1"]
        assert equals_the_fold(desk)


def fail_and_go_on(session: orm.Session) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text("SELECT * FROM nowhere"))


@pytest.mark.external
def test_an_error_that_was_caught_loses_rows_and_tickets_and_refuses_commands(
    postgres: str, engines: Engines
) -> None:
    engine = engines(postgres.replace("://", "+psycopg://"))
    with staffed(engine) as desk:
        with orm.Session(engine) as session:
            with desk.inside(session) as inside:
                inside.submit(mail("lost"))
            fail_and_go_on(session)
            with (
                pytest.raises(HostTransactionError, match="have what may fail in a savepoint"),
                desk.inside(session) as inside,
            ):
                inside.submit(mail("refused"))
            session.commit()  # which is a rollback
        assert tickets(desk) == []
        with orm.Session(engine) as session:
            with session.begin_nested() as savepoint:
                fail_and_go_on(session)
                savepoint.rollback()
            with desk.inside(session) as inside:
                inside.submit(mail("kept"))
            session.commit()
        assert tickets(desk) == ["kept"]
        assert equals_the_fold(desk)


@pytest.mark.parametrize("name", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_in_memory_is_refused(name: str, engines: Engines) -> None:
    pool = {"poolclass": sa.StaticPool} if name == "sqlite://" else {}
    with pytest.raises(NotAJournalError, match=r"in memory.*use a file"):
        open_desk(engines(name, **pool))


def test_other_databases_and_other_things_are_refused(tmp_path: Path) -> None:
    mock = sa.create_engine("mysql+pymysql://me@localhost/app", module=FakeDriver)
    with pytest.raises(NotAJournalError, match=r"is of mysql.*use PostgreSQL or SQLite"):
        open_desk(mock)
    file = sa.create_engine(f"sqlite:///{tmp_path}/app.db")
    with pytest.raises(NotAJournalError, match="which has no schemas"):
        open_desk(file, tables=JournalTables(schema="desks"))
    wrong: Any
    for wrong in ("sqlite:///app.db", None, file.connect):
        with pytest.raises(InvalidValueError, match=r"engine is .* create_engine\(\) returns"):
            open_desk(wrong)
    with pytest.raises(InvalidValueError, match="there is open_desk"):
        open_async_desk(file).send(None)  # type: ignore[arg-type]
    for name in ("Desk", "desk;", "1desk", "d" * 41, 7):
        with pytest.raises(InvalidValueError, match="lower-case letters"):
            JournalTables(prefix=name)  # type: ignore[arg-type]
        with pytest.raises(InvalidValueError, match="lower-case letters"):
            JournalTables(schema=name)  # type: ignore[arg-type]
    file.dispose()


class FakeDriver:
    """A driver that nobody calls."""

    paramstyle = "format"
    __version__ = "1.0.0"
    Error = Exception
