"""A desk through pgbouncer in transaction mode, and what such a pooler breaks."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import Any

import pytest

from ticketroute import Agent, Author, Delivery, OfferPolicy, Queue, Ticket
from ticketroute.desk import AsyncDesk, Desk, due_desks
from ticketroute.events import OfferExpired, TicketSubmitted
from ticketroute.testing import check

pytestmark = pytest.mark.external
LONG = 30.0  # seconds


def staffed(desk: Desk, **facts: Any) -> Desk:
    desk.add_agent(Agent(id="ana", capacity=3), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana"], **facts))
    return desk


def mail(number: int | str) -> Ticket:
    return Ticket(id=f"t{number}", queue="mail")


def is_sound(desk: Desk) -> None:
    desk.refresh()
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    assert desk._memory.fold.dispatcher.same_state(again)
    check(desk._memory.fold.dispatcher)


def direct(server: Any, pooled: str) -> str:
    """Return the address of the same database without the pooler."""
    address: str = server.address(pooled.rsplit("/", 1)[1])
    return address


def test_a_desk_does_everything_through_pgbouncer(server: Any, pgbouncer: str) -> None:
    with staffed(Desk.open(pgbouncer)) as desk, Desk.open(direct(server, pgbouncer)) as other:
        for number in range(20):  # more often than it takes a driver to prepare a statement
            (desk, other)[number % 2].submit(mail(number), key=f"k{number}")
        assert desk.submit(mail(3), key="k3").first(TicketSubmitted) is not None
        with desk.together() as several:
            several.resolve("t0")
            several.reply("t1", Author.REQUESTER)
        with desk.consume("mailer") as entries:
            seen = list(entries)
        assert [entry.id for entry in seen] == [entry.id for entry in desk.events()]
        assert desk.save_snapshot() == desk.head
        desk.resolve("t1")
        is_sound(desk)
        is_sound(other)
        with Desk.open(pgbouncer) as again:
            assert again._memory.snapshot == desk.head - 2
        assert due_desks(pgbouncer) == ()


def test_a_host_transaction_through_pgbouncer_commits_the_commands(pgbouncer: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with staffed(Desk.open(pgbouncer)) as desk:
        with (
            psycopg.connect(pgbouncer, prepare_threshold=None) as connection,
            desk.inside(connection) as inside,
        ):
            inside.submit(mail(1))
        with psycopg.connect(pgbouncer, prepare_threshold=None) as connection:
            with desk.inside(connection) as inside:
                inside.submit(mail(2))
            connection.rollback()
        desk.refresh()
        assert [ticket.id for ticket in desk.tickets()] == ["t1"]
        is_sound(desk)


def test_a_desk_of_asyncio_through_pgbouncer(pgbouncer: str) -> None:
    async def main() -> None:
        async with await AsyncDesk.open(pgbouncer) as desk:
            await desk.add_agent(Agent(id="ana", capacity=3), presence="available")
            await desk.add_queue(Queue(id="mail", members=["ana"]))
            await asyncio.gather(*(desk.submit(mail(number)) for number in range(20)))
            assert len(desk.waiting("mail")) == 17

    asyncio.run(main())


def test_processes_share_a_desk_through_pgbouncer(pgbouncer: str, workers: Any) -> None:
    with staffed(Desk.open(pgbouncer, wait=30)) as desk:
        started = workers.start(*(("submits", pgbouncer, f"p{n}", "7") for n in range(3)))
        assert [len(each.rest()) for each in started] == [7, 7, 7]
        desk.refresh()
        assert len(desk.agent("ana").tickets) == 3
        assert len(desk.waiting("mail")) == 18
        is_sound(desk)


@pytest.mark.parametrize("listens_directly", [True, False])
def test_wake_ups_need_a_direct_connection_and_the_look_needs_none(
    server: Any, pgbouncer: str, *, listens_directly: bool
) -> None:
    """Without one a commit is found at the next look, and so is what falls due."""
    listen, poll = (direct(server, pgbouncer), 3_000.0) if listens_directly else (True, 0.05)
    policy = OfferPolicy(timeout=200)
    with (
        staffed(Desk.open(pgbouncer), delivery=Delivery.OFFER, offer=policy) as desk,
        Desk.open(pgbouncer, listen=listen) as other,
    ):
        expired, stop = threading.Event(), threading.Event()
        other.subscribe(lambda e: expired.set() if isinstance(e.event, OfferExpired) else None)
        thread = threading.Thread(target=other.run, kwargs={"stop": stop, "poll": poll})
        thread.start()
        try:
            for number in range(100):  # until it listens
                desk.submit(mail(number))
                if expired.wait(0.3):
                    break
            assert expired.wait(LONG)
        finally:
            stop.set()
            thread.join(LONG)


# --- what such a pooler breaks, and a desk does without ------------------------------------------


def test_listen_is_accepted_and_hears_nothing(server: Any, pgbouncer: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with closing(psycopg.connect(pgbouncer, autocommit=True)) as pooled:
        pooled.execute("LISTEN news")
        with server.connect(pgbouncer.rsplit("/", 1)[1]) as other:
            other.execute("LISTEN news")
            other.execute("NOTIFY news")
            assert len(list(other.notifies(timeout=LONG, stop_after=1))) == 1
        assert list(pooled.notifies(timeout=0.3)) == []


def test_what_a_session_holds_is_handed_to_the_next_client(pgbouncer: str) -> None:
    """So a desk sets nothing for a session, and holds no lock of one."""
    psycopg = pytest.importorskip("psycopg")
    with closing(psycopg.connect(pgbouncer, autocommit=True)) as first:
        first.execute("SELECT pg_advisory_lock(7)")
        first.execute("SET statement_timeout = 77777")
    with closing(psycopg.connect(pgbouncer, autocommit=True)) as second:
        held = second.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert held.fetchone() == (1,)
        assert second.execute("SHOW statement_timeout").fetchone() == ("77777ms",)
        second.execute("RESET ALL")
        second.execute("SELECT pg_advisory_unlock_all()")


def test_a_desk_leaves_nothing_in_the_session(pgbouncer: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with staffed(Desk.open(pgbouncer)) as desk:
        for number in range(9):
            desk.submit(mail(number))
        with closing(psycopg.connect(pgbouncer, autocommit=True)) as second:
            for what in (
                "SELECT count(*) FROM pg_prepared_statements",
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
                "SELECT count(*) FROM pg_settings WHERE source = 'session' AND name ~ '_timeout'",
            ):
                assert second.execute(what, prepare=False).fetchone() == (0,), what
