"""Erasing a requester: nothing of the desk names them any more, and everything else stays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Agent, Dispatcher, Queue, Ticket
from ticketroute.commands import ChangeTicket, Submit
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.errors import DuplicateTicketError, InvalidValueError
from ticketroute.events import RequesterErased, TicketAssigned, TicketsForgotten
from ticketroute.journal.codec import checksum
from ticketroute.journal.faults import ClockError
from ticketroute.journal.statements import SLICE
from ticketroute.testing import FrozenClock, check

NOON = 1_790_000_000_000
MARK = "no 4711"  # digits alone may stand in a token by chance
KIM = f'kim\'s "card" {MARK} ö'
KEPT = ["sqlite", pytest.param("postgres", marks=pytest.mark.external)]


@pytest.fixture
def time() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture(params=["memory", *KEPT])
def desk(request: pytest.FixtureRequest, tmp_path: Path, time: FrozenClock) -> Iterator[Any]:
    """Yield a desk of each kind."""
    if request.param == "memory":
        opened = Desk(clock=time)
    else:
        sqlite = str(tmp_path / "desk.db")
        postgres = request.param == "postgres" and request.getfixturevalue("postgres")
        opened = Desk.open(postgres or sqlite, clock=time)
    yield filled(opened)
    opened.close()


@pytest.fixture(params=KEPT)
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, time: FrozenClock
) -> Iterator[Callable[..., Any]]:
    """Yield what opens one and the same desk again and again."""
    opened: list[Desk] = []
    postgres = request.param == "postgres" and request.getfixturevalue("postgres")

    def made() -> Desk:
        opened.append(Desk.open(postgres or str(tmp_path / "desk.db"), clock=time))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


def mail(name: str, requester: str | None = KIM, **facts: Any) -> Ticket:
    return Ticket(id=name, queue="mail", requester=requester, **facts)


def filled(desk: Any) -> Any:
    for name in ("ana", "ben"):
        desk.add_agent(Agent(id=name, capacity=2), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana", "ben"], keep_agent=True, wrap_up=1_000))
    desk.submit(mail("t1"))
    desk.submit(mail("t2", "lea"))
    desk.submit(mail("t3", "lea"), key="web-3")
    desk.do(ChangeTicket("t3", {"requester": KIM}))
    desk.resolve("t1")
    desk.submit_many([mail("t4"), mail("t5", None), mail("t6")], key="web-4")
    return desk


def aliases(events: Any) -> list[tuple[str, tuple[str, ...]]]:
    found = [event for event in events if isinstance(event, RequesterErased)]
    return [(event.alias, event.ticket_ids) for event in found]


def is_the_fold(desk: Any) -> None:
    """The memory is the fold of the events, and every index adds up."""
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    assert desk._memory.fold.dispatcher.same_state(again)
    check(desk._memory.fold.dispatcher)


def test_no_event_and_no_ticket_names_them_any_more(desk: Any) -> None:
    before = list(desk.events())
    assert MARK in repr(before)

    ((alias, tickets),) = aliases(desk.erase_requester(KIM, by="privacy desk"))

    assert alias.startswith("erased-")
    assert tickets == ("t1", "t3", "t4", "t6")
    assert {desk.ticket(each).ticket.requester for each in tickets} == {alias}
    assert desk.ticket("t2").ticket.requester == "lea"
    after = list(desk.events())
    assert MARK not in repr(after)
    assert MARK not in repr(desk._memory.fold.dispatcher.snapshot())
    assert after[-1].event.by == "privacy desk"
    assert [entry.id for entry in after[: len(before)]] == [entry.id for entry in before]
    same = [e for e in before if MARK not in repr(e)]
    assert [e for e in after if e in same] == same
    is_the_fold(desk)


def test_work_goes_on_and_the_same_agent_is_asked_for_the_alias(desk: Any) -> None:
    ((alias, _),) = aliases(desk.erase_requester(KIM))
    last = desk._memory.fold.dispatcher.snapshot()["last_agent_of"]
    assert last.keys() == {alias, "lea"}
    for name in ("ana", "ben"):
        for ticket_id in desk.agent(name).tickets:
            desk.resolve(ticket_id)
    for ticket in desk.tickets():
        if ticket.agent_id is not None:
            desk.resolve(ticket.id)
    for ticket in desk.tickets():
        desk.end_wrap_up(ticket.id)
    last = desk._memory.fold.dispatcher.snapshot()["last_agent_of"]
    assigned = desk.submit(mail("t7", alias)).first(TicketAssigned)
    assert (assigned.agent_id, assigned.cause.value) == (last[alias], "last_agent")
    is_the_fold(desk)


def test_who_is_not_known_is_nothing_to_erase(desk: Any) -> None:
    head = desk.head
    assert desk.erase_requester("nobody") == ()
    assert desk.erase_requester("t1") == ()  # a ticket's id, which every payload has
    assert desk.head == head
    desk.erase_requester(KIM)
    assert desk.erase_requester(KIM) == ()
    with pytest.raises(InvalidValueError, match="requester"):
        desk.erase_requester("")
    with pytest.raises(InvalidValueError, match="by is"):
        desk.erase_requester(KIM, by=5)


def test_what_is_due_by_then_happens_first(desk: Any, time: FrozenClock) -> None:
    time.now += 2_000
    kinds = [type(event).__name__ for event in desk.erase_requester(KIM)]
    assert kinds == ["WrapUpEnded", "RequesterErased"] or kinds[-1] == "RequesterErased"
    assert kinds[0] == "WrapUpEnded"
    is_the_fold(desk)


def test_a_clock_that_went_back_is_refused_and_nothing_is_erased(
    desk: Any, time: FrozenClock
) -> None:
    time.now -= 10_000_000
    with pytest.raises(ClockError):
        desk.erase_requester(KIM)
    assert desk.ticket("t1").ticket.requester == KIM
    time.now = NOON
    assert aliases(desk.erase_requester(KIM))


def test_a_key_of_a_command_that_named_them_is_gone(desk: Any) -> None:
    desk.erase_requester(KIM)
    with pytest.raises(DuplicateTicketError):  # it is decided again: the ticket is another one
        desk.submit_many([mail("t4"), mail("t5", None), mail("t6")], key="web-4")
    assert desk.submit(mail("t3", "lea"), key="web-3").first(TicketAssigned) is not None
    is_the_fold(desk)


def test_forgotten_tickets_are_renamed_in_the_journal(desk: Any, time: FrozenClock) -> None:
    time.now += 5_000
    assert desk.forget(before=NOON + 1).first(TicketsForgotten)
    ((_, tickets),) = aliases(desk.erase_requester(KIM))
    assert tickets[0] == "t1"
    assert MARK not in repr(list(desk.events()))
    is_the_fold(desk)


# --- where it is kept -----------------------------------------------------------------------------


def test_other_processes_make_their_memory_anew(kept: Any) -> None:
    one = filled(kept())
    two, three = kept(), kept()
    one.save_snapshot()
    told: list[Any] = []
    two.subscribe(told.append)
    ((alias, _),) = aliases(one.erase_requester(KIM))
    two.refresh()
    three.submit(mail("t7", "lea"))
    for each in (two, three, kept()):
        each.refresh()
        assert MARK not in repr(each._memory.fold.dispatcher.snapshot())
        assert each.ticket("t1").ticket.requester == alias
        is_the_fold(each)
    assert [type(entry.event).__name__ for entry in told].count("RequesterErased") == 1


def test_a_desk_opens_from_the_snapshot_that_names_the_alias(kept: Any) -> None:
    desk = filled(kept())
    desk.save_snapshot()
    desk.erase_requester(KIM)
    again = kept()
    assert again._memory.snapshot == desk.head
    is_the_fold(again)


def test_more_events_than_one_slice_are_rewritten(kept: Any) -> None:
    desk = filled(kept())
    desk.submit_many([mail(f"n{number}") for number in range(SLICE + 5)])
    ((_, tickets),) = aliases(desk.erase_requester(KIM))
    assert len(tickets) == SLICE + 9
    assert MARK not in repr(list(desk.events()))


def test_rows_keep_their_place_and_token_and_get_a_checksum(
    tmp_path: Path, time: FrozenClock
) -> None:
    import sqlite3  # noqa: PLC0415

    path = tmp_path / "desk.db"
    with Desk.open(path, clock=time) as desk:
        filled(desk)
        desk.save_snapshot()
        assert MARK.encode() in path.read_bytes() + Path(f"{path}-wal").read_bytes()
        desk.erase_requester(KIM)
        rows = sqlite3.connect(path).execute(
            "SELECT position, token, at, kind, version, payload, crc FROM ticketroute_event"
        )
        for *facts, crc in rows:
            assert checksum(*facts) == crc
    for file in tmp_path.iterdir():  # nothing is left in free pages or in the log of pages
        assert MARK.encode() not in file.read_bytes(), file


@pytest.mark.external
def test_a_lost_connection_erases_once(postgres: str, time: FrozenClock) -> None:
    import psycopg  # noqa: PLC0415

    with Desk.open(postgres, clock=time) as desk:
        filled(desk)
        with psycopg.connect(postgres, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert len(aliases(desk.erase_requester(KIM))) == 1
        assert len(aliases(entry.event for entry in desk.events())) == 1
        is_the_fold(desk)


def test_an_async_desk_erases_as_well(tmp_path: Path, time: FrozenClock) -> None:
    with Desk.open(tmp_path / "desk.db", clock=time) as desk:
        filled(desk)

    async def main() -> None:
        async with await AsyncDesk.open(tmp_path / "desk.db", clock=time) as desk:
            ((alias, _),) = aliases(await desk.erase_requester(KIM))
            assert desk.ticket("t1").ticket.requester == alias
            await desk.do(Submit(mail("t7", alias)))
            is_the_fold_of = [entry.event async for entry in desk.events()]
            again = Dispatcher.replay(is_the_fold_of)
            assert again.same_state(desk._memory.fold.dispatcher)

    asyncio.run(main())


def test_a_journal_of_the_hosts_own_may_keep_the_event_beside_the_old_ones() -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id="ana"), presence="available", at=0)
    desk.add_queue(Queue(id="mail", members=["ana"]), at=0)
    desk.submit(mail("t1"), at=1)
    desk.submit(mail("t2", None), at=1)
    desk.follow([RequesterErased(at=2, alias="erased-1", ticket_ids=("t1", "t2", "gone"))])
    assert desk.ticket("t1").ticket.requester == "erased-1"
    assert desk.ticket("t2").ticket.requester is None
    assert desk.snapshot()["last_agent_of"] == {"erased-1": "ana"}
    check(desk)
