"""Connections that are cut after any byte of a command's conversation, once and twice in a row."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, product
from typing import Any

import pytest
from proxy import Proxy

from ticketroute import Agent, Author, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.events import TicketReplied
from ticketroute.journal.faults import JournalUnreachableError, OutcomeUnknownError

pytestmark = pytest.mark.external

CUTS = int(os.environ.get("DESK_CUTS", "60"))
"""How many cuts a test makes; DESK_CUTS=0 cuts after every byte of a conversation, in turn."""


@pytest.fixture
def proxy(server: Any) -> Iterator[Any]:
    made = Proxy(f"{server.folder}/.s.PGSQL.5432")
    yield made
    made.close()


@pytest.fixture
def desk(proxy: Any, postgres: str) -> Iterator[Desk]:
    name = postgres.split("/")[3].split("?", maxsplit=1)[0]
    with Desk.open(f"postgresql://desk@127.0.0.1:{proxy.port}/{name}?sslmode=disable") as opened:
        opened.add_agent(Agent(id="ana", capacity=2), presence="available")
        opened.add_queue(Queue(id="mail", members=["ana"]))
        yield opened


@pytest.fixture
def other(desk: Desk, postgres: str) -> Iterator[Desk]:
    """A desk of another process, whose connection nobody cuts."""
    with Desk.open(postgres) as opened:
        yield opened


def write(desk: Desk, who: str) -> None:
    """Give a command that does something each time: submitting a ticket twice does not."""
    (event,) = desk.reply("first", Author.REQUESTER, by=who)
    assert event.by == who


def conversation(desk: Desk, proxy: Any) -> dict[str, int]:
    """Return how many bytes one command sends each way."""
    desk.submit(Ticket(id="first", queue="mail"))
    write(desk, "measure-1")
    proxy.current().zero()
    write(desk, "measure-2")
    sizes: dict[str, int] = dict(proxy.current().bytes)
    return sizes


def places(sizes: dict[str, int]) -> list[tuple[str, int]]:
    """Return where to cut: after every byte, or evenly spread over both ways."""
    every = [(way, byte) for way in ("up", "down") for byte in range(1, sizes[way] + 1)]
    if not CUTS:
        return every
    step = max(1, len(every) // CUTS)
    return every[::step]


def judge(desk: Desk, expected: list[str]) -> None:
    """Every message is in the journal once, and the memory is the fold of the journal."""
    entries = list(desk.events())
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    came = Counter(entry.event.by for entry in entries if isinstance(entry.event, TicketReplied))
    assert came == Counter(expected)
    again = desk._memory.fresh()
    again.follow(entry.event for entry in entries)
    desk.refresh()
    assert desk._memory.fold.dispatcher.same_state(again)


def test_a_command_is_two_round_trips_whatever_the_number_of_events(desk: Desk, proxy: Any) -> None:
    desk.submit_many([Ticket(id=f"first-{number}", queue="mail") for number in range(3)])
    for tickets in (1, 50):
        proxy.current().zero()
        desk.submit_many([Ticket(id=f"{tickets}-{n}", queue="mail") for n in range(tickets)])
        assert proxy.current().trips == 2


def test_a_command_cut_anywhere_is_done_exactly_once(desk: Desk, other: Desk, proxy: Any) -> None:
    sizes, done = conversation(desk, proxy), ["measure-1", "measure-2"]
    for number, (way, byte) in enumerate(places(sizes)):
        name = f"t{number}"
        proxy.cut_after((way, byte))
        write(desk, name)
        done.append(name)
        if number % 7 == 0:  # somebody appends behind it
            write(other, f"other-{number}")
            done.append(f"other-{number}")
    judge(desk, done)
    other.refresh()
    assert other._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)


def test_a_command_whose_second_connection_is_cut_as_well_is_done_exactly_once(
    desk: Desk, other: Desk, proxy: Any
) -> None:
    sizes, done = conversation(desk, proxy), ["measure-1", "measure-2"]
    again = cycle([("up", 40), ("down", 200), ("up", 700), ("down", 700), ("up", 1200)])
    for number, (first, second) in enumerate(zip(places(sizes), again, strict=False)):
        proxy.cut_after(first, second)
        write(desk, f"t{number}")
        proxy.reset()
        done.append(f"t{number}")
    judge(desk, done)


def test_several_commands_in_one_transaction_are_done_once_or_not_at_all(
    desk: Desk, proxy: Any
) -> None:
    sizes, done = conversation(desk, proxy), ["measure-1", "measure-2"]
    lost = 0
    for number, (way, byte) in enumerate(places(sizes)[::3]):
        names = [f"t{number}", f"u{number}"]
        proxy.cut_after((way, byte))
        try:
            with desk.together() as several:
                for name in names:
                    several.reply("first", Author.REQUESTER, by=name)
        except JournalUnreachableError:
            lost += 1
            continue
        except OutcomeUnknownError:
            pytest.fail("the database could be asked")
        done += names
    assert lost
    judge(desk, done)


def test_a_key_is_done_once_over_all_cuts(desk: Desk, proxy: Any) -> None:
    done = ["measure-1", "measure-2", "measure-3"]
    conversation(desk, proxy)
    proxy.current().zero()
    desk.reply("first", Author.REQUESTER, by="measure-3", key="k")
    sizes = dict(proxy.current().bytes)
    for number, (way, byte) in enumerate(places(sizes)[::3]):
        proxy.cut_after((way, byte))
        given: dict[str, Any] = {"by": f"t{number}", "key": f"key-{number}"}
        first = desk.reply("first", Author.REQUESTER, **given)
        assert desk.reply("first", Author.REQUESTER, **given) == first
        done.append(f"t{number}")
    judge(desk, done)


@pytest.mark.parametrize("when", list(product(["BEGIN", "COMMIT"], [True, False])))
def test_a_killed_backend_is_replaced(
    desk: Desk, server: Any, when: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The administrator ends it before or after a trip that begins or commits."""
    desk.submit(Ticket(id="first", queue="mail"))
    line, (marked, before) = desk._line, when
    assert line is not None
    run, left = line.run, [1]

    def kill() -> None:
        with server.connect() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname ~ '^d[0-9]+$'"
            )

    def watched(trip: Any) -> Any:
        here = any(each.sql.startswith(marked) for each in trip.statements)
        if here and left and before:
            left.clear()
            kill()
        answer = run(trip)
        if here and left and not before:
            left.clear()
            kill()
        return answer

    monkeypatch.setattr(line, "run", watched)
    write(desk, "t1")
    assert not left
    write(desk, "t2")
    judge(desk, ["t1", "t2"])
