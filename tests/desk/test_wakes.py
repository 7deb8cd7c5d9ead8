"""Wake-ups on PostgreSQL: other processes hear of a commit at once, and nothing depends on it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ticketroute import Agent, Delivery, OfferPolicy, Queue, Ticket
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.errors import InvalidValueError
from ticketroute.events import OfferExpired, TicketSubmitted
from ticketroute.journal import Entry
from ticketroute.journal.statements import Statement, channel_of

pytestmark = pytest.mark.external

NEVER = 3_000.0  # seconds between two looks: only a wake-up comes earlier
LONG = 30.0  # seconds, for a machine that is busy


@contextmanager
def running(desk: Desk, poll: float = NEVER) -> Iterator[None]:
    """Have a desk run in a thread during a block."""
    stop = threading.Event()
    thread = threading.Thread(target=desk.run, kwargs={"stop": stop, "poll": poll})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LONG)
    assert not thread.is_alive()


def heard(desk: Any, kind: type, told: Callable[[], object]) -> None:
    """Call back for each event of a kind."""

    def tell(entry: Entry) -> None:
        if isinstance(entry.event, kind):
            told()

    desk.subscribe(tell)


def staffed(desk: Desk, **facts: Any) -> Desk:
    desk.add_agent(Agent(id="ana", capacity=9), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana"], **facts))
    return desk


def mail(number: int) -> Ticket:
    return Ticket(id=f"t{number}", queue="mail")


def listeners(server: Any, address: str) -> list[int]:
    """Return the backends that wait in LISTEN on the database of an address."""
    with server.connect() as admin:
        found = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LISTEN%%'",
            (address.split("/")[3].split("?", maxsplit=1)[0],),
        ).fetchall()
    return [pid for (pid,) in found]


def until(what: Callable[[], Any]) -> Any:
    """Wait until there is something."""
    for _ in range(int(LONG * 100)):
        found = what()
        if found:
            return found
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")


def test_a_desk_that_runs_hears_of_commits_without_looking(server: Any, postgres: str) -> None:
    with staffed(Desk.open(postgres)) as here, Desk.open(postgres) as there:
        came = threading.Event()
        heard(there, TicketSubmitted, came.set)
        with running(there):
            until(lambda: listeners(server, postgres))
            for number in range(3):
                came.clear()
                here.submit(mail(number))
                assert came.wait(LONG)
        assert not listeners(server, postgres)


def test_a_timer_that_another_process_started_fires(server: Any, postgres: str) -> None:
    policy = OfferPolicy(timeout=300)
    with (
        staffed(Desk.open(postgres), delivery=Delivery.OFFER, offer=policy) as here,
        Desk.open(postgres) as there,
    ):
        expired = threading.Event()
        heard(there, OfferExpired, expired.set)
        with running(there):
            until(lambda: listeners(server, postgres))
            here.submit(mail(1))
            assert expired.wait(LONG)


def test_a_listener_that_lost_its_connection_connects_again(
    server: Any, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketroute.desk.wakes.AGAIN", 0.05)
    with staffed(Desk.open(postgres)) as here, Desk.open(postgres) as there:
        came = threading.Event()
        heard(there, TicketSubmitted, came.set)
        with running(there):
            (first,) = until(lambda: listeners(server, postgres))
            with server.connect() as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (first,))
            until(lambda: set(listeners(server, postgres)) - {first})
            here.submit(mail(1))
            assert came.wait(LONG)


def test_a_task_hears_of_commits_and_ends_when_it_is_stopped(server: Any, postgres: str) -> None:
    async def main() -> None:
        with staffed(Desk.open(postgres)) as here:
            async with await AsyncDesk.open(postgres) as there:
                came, stop = asyncio.Event(), asyncio.Event()
                heard(there, TicketSubmitted, came.set)
                task = asyncio.ensure_future(there.run(stop=stop, poll=NEVER))
                await asyncio.to_thread(until, lambda: listeners(server, postgres))
                for number in range(3):
                    came.clear()
                    await asyncio.to_thread(here.submit, mail(number))
                    await came.wait()
                stop.set()
                await task

    asyncio.run(asyncio.wait_for(main(), LONG))
    until(lambda: not listeners(server, postgres))


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_a_commit_whose_wake_up_fails_is_a_commit(
    postgres: str, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "ticketroute.journal.statements.PostgresStatements.wake",
        lambda *_: Statement("SELECT pg_notify_of_no_database(1)"),
    )

    async def from_a_task() -> None:
        async with await AsyncDesk.open(postgres) as desk:
            await desk.add_queue(Queue(id="mail"))
            assert len(await desk.submit(mail(1))) == 2

    with caplog.at_level(logging.WARNING):
        if kind == "asyncio":
            asyncio.run(from_a_task())
        else:
            with Desk.open(postgres) as desk:
                desk.add_queue(Queue(id="mail"))
                assert len(desk.submit(mail(1))) == 2
    assert "was committed, and other processes could not be told at once" in caplog.text
    with Desk.open(postgres) as again:
        assert [ticket.id for ticket in again.tickets()] == ["t1"]


def test_no_wake_up_is_sent_or_heard_where_none_is_wanted(server: Any, postgres: str) -> None:
    with (
        Desk.open(postgres, listen=False) as desk,
        server.connect(postgres.split("/")[3].split("?", maxsplit=1)[0]) as connection,
    ):
        connection.execute(f"LISTEN {channel_of('main')}")
        staffed(desk)
        with running(desk, 0.05):
            assert list(connection.notifies(timeout=0.3)) == []
        with Desk.open(postgres) as other:
            other.submit(mail(1))
        assert len(list(connection.notifies(timeout=LONG, stop_after=1))) == 1


@pytest.mark.parametrize("wrong", ["desk.db", 7, None, ""])
def test_an_address_for_listening_is_one_of_postgresql(wrong: Any, tmp_path: Any) -> None:
    with pytest.raises(InvalidValueError):
        Desk.open(tmp_path / "desk.db", listen=wrong)


@pytest.mark.parametrize("wrong", [0, -1, True, "1", 1e9])
def test_a_pause_that_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match="poll is"):
        Desk().run(stop=threading.Event(), poll=wrong)
