"""A thousand desks in one database, and one worker that serves them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta

import pytest

from ticketroute import Agent, Delivery, OfferPolicy, Queue, Ticket, seconds
from ticketroute.desk import Desk, due_desks, run_due
from ticketroute.events import OfferExpired
from ticketroute.journal.faults import JournalUnreachableError

DESKS = 1_000
SOON = OfferPolicy(timeout=50)
COLUMNS = {
    "desk": "head, format, next_due, snapshot",
    "event": "position, token, at, kind, version, crc, payload",
}
LATER = OfferPolicy(timeout=seconds(3_600))


def opened(address: str, name: str) -> Desk:
    return Desk.open(address, name, create=True, durability="normal", listen=False)


def name_of(number: int) -> str:
    return f"desk-{number:04}"


def fill(address: str, *desks: tuple[int, OfferPolicy]) -> None:
    """Make desks on each of which an offer is open."""
    for number, offer in desks:
        with opened(address, name_of(number)) as desk, desk.together() as several:
            several.add_agent(Agent(id="ana"), presence="available")
            several.add_queue(
                Queue(id="mail", members=["ana"], delivery=Delivery.OFFER, offer=offer)
            )
            several.submit(Ticket(id="t1", queue="mail"))


def copy(address: str, number: int, numbers: Iterable[int]) -> None:
    """Write desks that are as one of them."""
    rows = [(name_of(each), name_of(number)) for each in numbers]
    texts = [
        f"INSERT INTO ticketroute_{table} SELECT ?, {columns} FROM ticketroute_{table} "  # noqa: S608  names of ours
        "WHERE desk = ?"
        for table, columns in COLUMNS.items()
    ]
    if address.startswith("postgresql"):
        with pytest.importorskip("psycopg").connect(address) as connection:
            for text in texts:
                text = text.replace("?", "%s").replace("ticketroute_", "ticketroute.")
                connection.cursor().executemany(text, rows)
    else:
        with closing(sqlite3.connect(address)) as connection, connection:
            for text in texts:
                connection.executemany(text, rows)


def expired(address: str, name: str) -> int:
    with opened(address, name) as desk:
        return sum(isinstance(entry.event, OfferExpired) for entry in desk.events())


def test_one_worker_serves_the_due_ones_of_a_thousand_desks(address: str) -> None:
    due = {3, 500, DESKS - 1}
    fill(address, *((number, SOON) for number in due), (0, LATER))
    copy(address, 0, {*range(1, DESKS)} - due)
    with opened(address, name_of(0)) as desk:
        far = desk.now + timedelta(hours=2)
    served: list[str] = []
    stop = threading.Event()

    def counted(name: str) -> Desk:
        served.append(name)
        return opened(address, name)

    worker = threading.Thread(
        target=run_due, args=(address,), kwargs={"stop": stop, "poll": 0.02, "opened": counted}
    )
    worker.start()
    while {name_of(number) for number in due} - set(served) and worker.is_alive():
        stop.wait(0.01)
    stop.set()
    worker.join(30)
    assert set(served) == {name_of(number) for number in due}
    assert [expired(address, name_of(number)) for number in sorted(due)] == [1, 1, 1]
    assert expired(address, name_of(4)) == 0
    assert len(set(due_desks(address, at=far))) == DESKS
    assert due_desks(address) == ()


def test_a_desk_that_cannot_be_opened_does_not_keep_the_others_waiting(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    fill(address, *((number, SOON) for number in range(3)))
    stop = threading.Event()

    def moody(name: str) -> Desk:
        if name == name_of(0):
            raise JournalUnreachableError(address, "no permits today")
        if name == name_of(2):
            stop.set()
        return opened(address, name)

    threading.Event().wait(0.06)  # until the offers are over
    run_due(address, stop=stop, poll=0.02, opened=moody)
    assert "desk 'desk-0000' could not do what falls due" in caplog.text
    assert expired(address, name_of(2)) == 1


def test_the_desk_that_has_waited_longest_comes_first(address: str) -> None:
    fill(address, (0, LATER), (1, SOON), (2, LATER))
    with opened(address, name_of(0)) as desk:
        far = desk.now + timedelta(hours=2)
    assert due_desks(address, at=far)[0] == name_of(1)
