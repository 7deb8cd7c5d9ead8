"""Each line of the fault table: what the caller sees, what is on disk, how the desk goes on."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Agent, Author, Queue, Ticket, TicketPriority
from ticketroute.desk import Desk, due_desks
from ticketroute.errors import ConflictError, UnknownTicketError
from ticketroute.journal.codec import FOLD, Row, checksum
from ticketroute.journal.faults import (
    DeskBusyError,
    JournalDamagedError,
    JournalSetBackError,
    JournalUnreachableError,
    JournalUnwritableError,
    NewerJournalError,
    NoSuchDeskError,
    NotAJournalError,
    OutcomeUnknownError,
)
from ticketroute.journal.lines import LostError
from ticketroute.strategies.round_robin import RoundRobin


def mail(number: int | str) -> Ticket:
    return Ticket(id=f"t{number}", queue="mail")


@pytest.fixture
def desk(address: str) -> Iterator[Desk]:
    with Desk.open(address, wait=0.5) as opened:
        opened.add_agent(Agent(id="ana", capacity=2), presence="available")
        opened.add_queue(Queue(id="mail", members=["ana"]))
        yield opened


def sql(address: str, statement: str, *values: Any) -> list[Any]:
    """Do something to the database behind the desk's back."""
    if address.startswith("postgresql"):
        psycopg = pytest.importorskip("psycopg")
        statement = statement.replace("?", "%s").replace("ticketroute_", "ticketroute.")
        with psycopg.connect(address) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(address, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


def equals_the_fold(desk: Desk) -> bool:
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    desk.refresh()
    return desk._memory.fold.dispatcher.same_state(again)


# --- refused, busy ------------------------------------------------------------------------------


def test_a_stale_version_is_refused_and_nothing_is_written(desk: Desk) -> None:
    desk.submit(mail(1))
    version, head = desk.ticket("t1").version, desk.head
    desk.change_priority("t1", TicketPriority.HIGH)
    with pytest.raises(ConflictError):
        desk.resolve("t1", expected_version=version)
    desk.refresh()
    assert desk.head == head + 1


def test_a_desk_that_is_locked_for_longer_than_wait_is_busy(desk: Desk, address: str) -> None:
    with (
        holding(address),
        pytest.raises(DeskBusyError, match=r"0.5 seconds; nothing was done: try again"),
    ):
        desk.submit(mail(1))
    desk.submit(mail(2))
    assert [ticket.id for ticket in desk.tickets()] == ["t2"]
    assert equals_the_fold(desk)


@contextmanager
def holding(address: str) -> Iterator[None]:
    """Hold the desk's lock, as a transaction that hangs does."""
    if address.startswith("postgresql"):
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(address) as connection:
            connection.execute("SELECT * FROM ticketroute.desk FOR UPDATE")
            yield
    else:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield


# --- connections that are lost ------------------------------------------------------------------


@pytest.mark.external
def test_a_database_that_is_down_is_unreachable_and_comes_back(own_server: Any) -> None:
    with Desk.open(own_server.address(), wait=1) as desk:
        desk.add_queue(Queue(id="mail"))
        own_server.stop()
        with pytest.raises(JournalUnreachableError, match="nothing was done: try again later"):
            desk.submit(mail(1))
        with pytest.raises(JournalUnreachableError):
            Desk.open(own_server.address(), wait=1)
        assert desk.tickets() == ()
        own_server.start()
        desk.submit(mail(2))
        assert [ticket.id for ticket in desk.tickets()] == ["t2"]
        assert equals_the_fold(desk)


def lose(desk: Desk, *, after_commit: bool, for_ever: bool) -> None:
    """Make the line of a desk fail at the next commit, before or after it."""
    line: Any = desk._line
    run, state = line.run, {"lost": False}

    def failing(trip: Any) -> Any:
        if state["lost"] and for_ever:
            raise LostError("no route to host")
        if trip.ends and not state["lost"]:
            state["lost"] = True
            if after_commit:
                run(trip)
            else:
                line.close()
            raise LostError("server closed the connection unexpectedly")
        return run(trip)

    line.run = failing
    line.heal = lambda: setattr(line, "run", run)


@pytest.mark.parametrize("after_commit", [True, False])
def test_a_lost_commit_is_looked_for_and_tried_again(desk: Desk, after_commit: bool) -> None:
    lose(desk, after_commit=after_commit, for_ever=False)
    assert len(desk.submit(mail(1))) == 2
    lose(desk, after_commit=after_commit, for_ever=False)
    desk.reply("t1", Author.REQUESTER)
    assert equals_the_fold(desk)
    assert replies(desk) == 1


@pytest.mark.parametrize("after_commit", [True, False])
def test_a_lost_commit_that_nobody_can_be_asked_about_is_unknown(
    desk: Desk, after_commit: bool
) -> None:
    desk.submit(mail(1))
    lose(desk, after_commit=after_commit, for_ever=True)
    with pytest.raises(OutcomeUnknownError, match=r"repeat it with the same key="):
        desk.reply("t1", Author.REQUESTER, key="k")
    line: Any = desk._line
    line.heal()
    desk.reply("t1", Author.REQUESTER, key="k")
    desk.submit(mail(2))
    assert equals_the_fold(desk)
    assert replies(desk) == 1


def test_a_lost_commit_is_found_although_others_appended_behind_it(
    desk: Desk, address: str
) -> None:
    line: Any = desk._line
    run = line.run
    lost: list[bool] = []

    def failing(trip: Any) -> Any:
        answer = run(trip)
        if trip.ends and not lost:
            lost.append(True)
            with Desk.open(address) as other:
                other.submit(mail("other"))
            raise LostError("server closed the connection unexpectedly")
        return answer

    line.run = failing
    desk.submit(mail(1))
    lost.clear()
    assert len(desk.reply("t1", Author.REQUESTER)) == 1
    assert replies(desk) == 1
    assert equals_the_fold(desk)


def replies(desk: Desk) -> int:
    return sum(type(entry.event).__name__ == "TicketReplied" for entry in desk.events())


def test_a_lost_commit_is_found_although_this_process_has_read_on(desk: Desk, address: str) -> None:
    """Another thread's transaction of the host has moved the memory on in between."""
    desk.submit(mail(1))
    line: Any = desk._line
    run = line.run
    lost: list[bool] = []

    def failing(trip: Any) -> Any:
        answer = run(trip)
        if trip.ends and not lost:
            lost.append(True)
            with host(address) as connection, desk.inside(connection) as inside:
                inside.submit(mail("other"))
            raise LostError("server closed the connection unexpectedly")
        return answer

    line.run = failing
    assert len(desk.reply("t1", Author.REQUESTER)) == 1
    assert replies(desk) == 1
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "tother"]
    assert equals_the_fold(desk)


@contextmanager
def host(address: str) -> Iterator[Any]:
    """Begin a transaction of a host's, and commit it."""
    if address.startswith("postgresql"):
        with pytest.importorskip("psycopg").connect(address) as connection:
            yield connection
    else:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.commit()


@pytest.mark.external
def test_a_transaction_that_idled_too_long_is_tried_again(postgres: str) -> None:
    with Desk.open(postgres) as desk:
        desk.add_queue(Queue(id="mail"))
        line: Any = desk._line
        run = line.run
        slept: list[bool] = []

        def slow(trip: Any) -> Any:
            if trip.ends and not slept:
                slept.append(True)
                line._connection.execute("SET idle_in_transaction_session_timeout = 20")
                threading.Event().wait(0.2)
            return run(trip)

        line.run = slow
        desk.submit(mail(1))
        assert slept
        assert equals_the_fold(desk)


# --- a database that is older than what was seen ------------------------------------------------


def test_a_journal_that_was_set_back_is_said_once_and_worked_on(
    desk: Desk, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.submit(mail(1))
    with desk.consume("mailer") as entries:
        assert len(list(entries)) == desk.head
    seen = desk.head
    restored(address, back_to=3)
    with caplog.at_level(logging.ERROR), pytest.raises(JournalSetBackError) as caught:
        desk.submit(mail(2))
    assert f"ends at 3 and does not hold the event at {seen}" in str(caught.value)
    assert "was set back to 3" in caplog.text
    told: list[int] = []
    desk.subscribe(lambda entry: told.append(entry.position))
    desk.submit(mail(2))
    assert told == [4, 5]
    assert [ticket.id for ticket in desk.tickets()] == ["t2"]
    assert equals_the_fold(desk)
    with (
        pytest.raises(JournalSetBackError, match="that consumer 'mailer' has seen"),
        desk.consume("mailer"),
    ):
        pass


def restored(address: str, *, back_to: int) -> None:
    """Bring a journal back to what it was, as a restored backup does."""
    sql(address, "DELETE FROM ticketroute_event WHERE position > ?", back_to)
    sql(address, "UPDATE ticketroute_desk SET head = ?", back_to)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ticketroute_snapshot SET payload = replace(payload, 'ana', 'ben') WHERE part = 0",
        "UPDATE ticketroute_snapshot SET format = 99",
        "DELETE FROM ticketroute_snapshot WHERE part = 1",
        "UPDATE ticketroute_desk SET snapshot = 2",
    ],
)
def test_a_snapshot_that_cannot_be_used_is_passed_over(
    desk: Desk, address: str, change: str
) -> None:
    desk.submit(mail(1))
    assert desk.save_snapshot() == desk.head
    sql(address, change)
    with Desk.open(address) as again:
        assert again._memory.snapshot == 0
        assert again._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)


def test_a_strategy_that_cannot_take_its_turns_back_opens_from_the_events(
    desk: Desk, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.change_queue("mail", strategy="round_robin")
    desk.submit(mail(1))
    desk.save_snapshot()
    monkeypatch.delattr(RoundRobin, "resume")
    with Desk.open(address) as again:
        assert again._memory.snapshot == 0
        assert again._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)


def test_a_snapshot_of_events_that_are_gone_is_passed_over(desk: Desk, address: str) -> None:
    desk.submit(mail(1))
    desk.save_snapshot()
    restored(address, back_to=3)
    with Desk.open(address) as again:
        assert again._memory.snapshot == 0
        assert again.tickets() == ()
        assert again.head == 3


# --- a disk that cannot be written --------------------------------------------------------------


def test_a_full_disk_is_said_and_the_memory_is_what_is_on_disk(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path) as (folder, fill, make_room),
        Desk.open(folder / "desk.db") as desk,
    ):
        desk.add_queue(Queue(id="mail"))
        fill()
        with pytest.raises(JournalUnwritableError, match="SQLITE_FULL"):
            fill_up(desk)
        done = len([e for e in desk.events() if type(e.event).__name__ == "TicketSubmitted"])
        assert done > 0
        assert len(desk.tickets()) == done
        assert not desk.tentative
        make_room()
        desk.submit(mail("last"))
        assert len(desk.tickets()) == done + 1
        assert equals_the_fold(desk)


def fill_up(desk: Desk) -> None:
    for number in range(10_000):
        desk.submit(mail(number))


@contextmanager
def small_disk(tmp_path: Path) -> Iterator[Any]:
    """Yield a folder on a disk of 2 MB, what fills it, and what makes room; skip where none is."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if not made or made.returncode:
        pytest.skip("no tmpfs can be mounted here")
    ballast = folder / "ballast"

    def fill() -> None:
        left = shutil.disk_usage(folder).free
        ballast.write_bytes(b"x" * max(0, left - 150_000))

    try:
        yield folder, fill, ballast.unlink
    finally:
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)


def test_a_file_that_may_only_be_read_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        desk.add_queue(Queue(id="mail"))
        line: Any = desk._line
        line._connection.execute("PRAGMA query_only = on")
        with pytest.raises(JournalUnwritableError, match="SQLITE_READONLY"):
            desk.submit(mail(1))
        assert [queue.id for queue in desk.queues()] == ["mail"]
        assert desk.tickets() == ()


# --- damage -------------------------------------------------------------------------------------


def test_a_changed_row_is_found_and_named(desk: Desk, address: str) -> None:
    desk.submit(mail(1))
    sql(
        address,
        "UPDATE ticketroute_event SET payload = replace(payload, 'mail', 'male') "
        "WHERE position = 4",
    )
    before = sql(address, "SELECT * FROM ticketroute_event ORDER BY position")
    with pytest.raises(JournalDamagedError) as caught:
        Desk.open(address)
    assert caught.value.position == 4
    assert "positions up to 3 are intact" in str(caught.value)
    assert sql(address, "SELECT * FROM ticketroute_event ORDER BY position") == before


def test_a_missing_row_is_found_and_named(desk: Desk, address: str) -> None:
    desk.submit(mail(1))
    sql(address, "DELETE FROM ticketroute_event WHERE position = 3")
    with pytest.raises(JournalDamagedError, match="at position 3: it is missing"):
        Desk.open(address)


def test_damage_behind_an_open_desk_stops_it(desk: Desk, address: str) -> None:
    with Desk.open(address) as other:
        other.submit(mail(1))
    sql(address, "UPDATE ticketroute_event SET crc = crc - 1 WHERE position = 4")
    for _ in range(2):
        with pytest.raises(JournalDamagedError, match="at position 4"):
            desk.submit(mail(2))
    with pytest.raises(UnknownTicketError):
        desk.ticket("t2")


def test_a_torn_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        desk.add_queue(Queue(id="mail"))
        desk.submit_many([mail(number) for number in range(500)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(JournalDamagedError, match="restore it from a backup"):
        Desk.open(path)
    assert path.read_bytes() == data[: len(data) // 2]


# --- what is newer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE ticketroute_desk SET format = 99", "events of fold 99, where this release has 1"),
        (
            "UPDATE ticketroute_schema_version SET version = 99",
            "has tables of version 99; upgrade ticketroute",
        ),
    ],
)
def test_what_a_newer_release_made_is_left_alone(address: str, change: str, says: str) -> None:
    with Desk.open(address) as desk:
        desk.add_queue(Queue(id="mail"))
        sql(address, change)
        before = sql(address, "SELECT * FROM ticketroute_event ORDER BY position")
        with pytest.raises((NewerJournalError, NotAJournalError)) as caught:
            Desk.open(address)
        assert says in str(caught.value)
        if "format" in change:
            with pytest.raises(NewerJournalError):
                desk.submit(mail(1))
        assert sql(address, "SELECT * FROM ticketroute_event ORDER BY position") == before
    assert FOLD == 1


def test_a_newer_event_stops_a_desk_before_it_decides(desk: Desk, address: str) -> None:
    found = sql(
        address,
        "SELECT position, token, at, kind, version, crc, payload FROM ticketroute_event "
        "WHERE position = 3",
    )
    row = Row(*found[0])
    crc = checksum(row.position, row.token, row.at, row.kind, 2, row.payload)
    sql(address, "UPDATE ticketroute_event SET version = 2, crc = ? WHERE position = 3", crc)
    with pytest.raises(NewerJournalError, match="version 2 of QueueAdded at position 3"):
        Desk.open(address)


# --- what is no desk ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.mkdir(), "is a directory; name a file in it"),
        (lambda path: path.write_text("dear diary\n" * 99), "is not an SQLite database"),
    ],
)
def test_what_is_no_database_is_refused_and_left_alone(
    make: Any, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "desk.db"
    make(path)
    with pytest.raises(NotAJournalError, match=says):
        Desk.open(path)
    with pytest.raises(NotAJournalError, match="which does not exist; create that folder"):
        Desk.open(tmp_path / "missing" / "desk.db")


def test_a_wrong_name_is_refused_with_the_names_there_are(desk: Desk, address: str) -> None:
    with pytest.raises(NoSuchDeskError, match="no desk 'mian'; the desks there are: 'main'"):
        Desk.open(address, "mian")
    with pytest.raises(NoSuchDeskError):
        Desk.open(address, "mian", create=False)
    sql(address, "DELETE FROM ticketroute_desk")
    with pytest.raises(NoSuchDeskError, match="the desks there are: none"):
        desk.submit(mail(1))


def test_a_file_that_does_not_exist_is_not_made_by_who_only_reads(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    for read in (lambda: Desk.open(path, create=False), lambda: due_desks(path)):
        with pytest.raises(NotAJournalError, match=r"does not exist; check the path"):
            read()
    assert not path.exists()


def test_a_database_without_desks_is_refused_by_who_only_reads(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (id text)")
    with pytest.raises(NotAJournalError, match=r"has no tables of ticketroute"):
        due_desks(path)


@pytest.mark.external
def test_a_database_that_is_not_there_is_refused(server: Any) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(NotAJournalError, match='database "nowhere" does not exist'):
        Desk.open(server.address("nowhere"), wait=1)


@pytest.mark.external
def test_a_role_that_may_not_create_tables_is_told_what_to_do(server: Any, postgres: str) -> None:
    with server.connect() as admin:
        admin.execute("DROP ROLE IF EXISTS guest")
        admin.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(NotAJournalError, match="ticketroute journal schema --sql"):
        Desk.open(postgres.replace("desk@", "guest@"))


# --- the host's own code ------------------------------------------------------------------------


class Moody:
    """Permits of a host, which fail once."""

    def __init__(self) -> None:
        self.fails = 0

    def allows(self, agent_id: str, ticket: Ticket) -> bool:
        if self.fails and ticket.id == "t2":
            self.fails -= 1
            raise RuntimeError("directory is down")
        return True


@pytest.mark.parametrize("kind", ["memory", "kept"])
def test_permits_that_fail_leave_the_desk_as_the_journal_has_it(address: str, kind: str) -> None:
    permits = Moody()
    with Desk.open(None if kind == "memory" else address, permits=permits) as desk:
        desk.add_agent(Agent(id="ana", capacity=9), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        desk.submit(mail(1))
        permits.fails = 1
        with pytest.raises(RuntimeError, match="directory is down"):
            desk.submit(mail(2))
        desk.submit(mail(3))
        assert [ticket.id for ticket in desk.tickets()] == ["t1", "t3"]
        assert equals_the_fold(desk)


def test_of_commands_in_one_transaction_only_the_one_that_failed_fails(address: str) -> None:
    permits = Moody()
    with Desk.open(address, permits=permits) as desk:
        desk.add_agent(Agent(id="ana", capacity=9), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        permits.fails = 1
        faults: list[str] = []

        def submit(number: int) -> None:
            try:
                desk.submit(mail(number))
            except RuntimeError as fault:
                faults.append(f"t{number} {fault}")

        threads = [threading.Thread(target=submit, args=(number,)) for number in range(6)]
        keeper: Any = desk._keeper
        with keeper._turn:  # they all wait, and are taken together
            for thread in threads:
                thread.start()
            while len(keeper._waiting) < len(threads):
                threading.Event().wait(0.001)
        for thread in threads:
            thread.join()
        assert faults == ["t2 directory is down"]
        assert len(desk.tickets()) == 5
        assert equals_the_fold(desk)


def test_a_signal_in_the_middle_of_a_command_leaves_the_desk_whole(address: str) -> None:
    with Desk.open(address) as desk:
        desk.add_queue(Queue(id="mail"))
        line: Any = desk._line
        run = line.run
        struck: list[bool] = []

        def interrupted(trip: Any) -> Any:
            if trip.ends and not struck:
                struck.append(True)
                os.kill(os.getpid(), signal.SIGINT)
                threading.Event().wait(0.01)
            return run(trip)

        line.run = interrupted
        with pytest.raises(KeyboardInterrupt):
            desk.submit(mail(1))
        desk.submit(mail(2))
        assert equals_the_fold(desk)
