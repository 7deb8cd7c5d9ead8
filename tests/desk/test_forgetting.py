"""Desks that forget done tickets: by command, by themselves, in several processes, for good."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Agent, Queue, Ticket, hours
from ticketroute.commands import Forget, Submit
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.errors import DuplicateTicketError, InvalidValueError, UnknownTicketError
from ticketroute.events import TicketsForgotten
from ticketroute.testing import FrozenClock, check

NOON = 1_790_000_000_000
Open = Callable[..., Any]


def address_of(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    postgres: str = request.getfixturevalue("postgres") if kind == "postgres" else ""
    return postgres or str(tmp_path / "desk.db")


KEPT = ["sqlite", pytest.param("postgres", marks=pytest.mark.external)]


@pytest.fixture(params=["memory", *KEPT])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Yield a desk of each kind, with an agent, a queue and a clock of its own."""
    time = FrozenClock(NOON)
    if request.param == "memory":
        opened = Desk(clock=time)
    else:
        opened = Desk.open(address_of(request.param, request, tmp_path), clock=time)
    yield staffed(opened, time)
    opened.close()


@pytest.fixture(params=KEPT)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Yield what opens one and the same desk again and again."""
    opened: list[Desk] = []
    address = address_of(request.param, request, tmp_path)

    def made(**facts: Any) -> Desk:
        opened.append(Desk.open(address, **facts))
        return opened[-1]

    made.address = address  # type: ignore[attr-defined]
    yield made
    for each in opened:
        each.close()


def staffed(desk: Any, time: FrozenClock | None = None) -> Any:
    desk.time = time
    desk.add_agent(Agent(id="ana", capacity=1_000), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana"]))
    return desk


def mail(number: int | str, **facts: Any) -> Ticket:
    return Ticket(id=f"t{number}", queue="mail", **facts)


def served(desk: Any, *numbers: int | str) -> None:
    for number in numbers:
        desk.submit(mail(number))
        desk.resolve(f"t{number}")


def known(desk: Any) -> list[str]:
    return [ticket.id for ticket in desk.tickets()]


def forgotten(events: Any) -> list[int]:
    return [event.count for event in events if isinstance(event, TicketsForgotten)]


def is_the_fold(desk: Any) -> None:
    """The memory is the fold of the events, and every index adds up."""
    again = desk._memory.fresh()
    again.follow(entry.event for entry in desk.events())
    assert desk._memory.fold.dispatcher.same_state(again)
    check(desk._memory.fold.dispatcher)


# --- by command -----------------------------------------------------------------------------------


def test_done_tickets_leave_the_desk_and_stay_in_the_journal(desk: Any) -> None:
    served(desk, 1, 2)
    desk.submit(mail(3))
    desk.time.now += 10
    head = desk.head

    events = desk.forget(before=NOON + 1, by="ops")

    assert forgotten(events) == [2]
    assert known(desk) == ["t3"]
    with pytest.raises(UnknownTicketError):
        desk.ticket("t1")
    assert desk.head == head + 1
    assert sum(getattr(e.event, "ticket_id", "") == "t1" for e in desk.events()) == 3
    assert desk.forget(before=NOON + 1) == ()
    is_the_fold(desk)


def test_an_aware_datetime_says_before_when(desk: Any) -> None:
    served(desk, 1)
    noon = datetime.fromtimestamp(NOON / 1_000, UTC)
    assert desk.done_before(noon) == ()
    assert desk.done_before(noon + timedelta(milliseconds=1)) == ("t1",)
    assert forgotten(desk.forget(before=noon + timedelta(milliseconds=1))) == [1]
    with pytest.raises(InvalidValueError, match="an aware datetime"):
        desk.forget(before=noon.replace(tzinfo=None))


def test_an_id_that_the_journal_knows_is_not_given_again(desk: Any) -> None:
    served(desk, 1, "ö'\"")
    desk.forget(before=NOON + 1)
    for again in (mail(1), mail(1, priority="high"), mail("ö'\"")):
        with pytest.raises(DuplicateTicketError) as caught:
            desk.submit(again)
        assert caught.value.forgotten
    with pytest.raises(DuplicateTicketError, match="'t1' is done, and this desk has forgotten it"):
        desk.submit_many([mail(2), mail(1)])
    assert known(desk) == []
    desk.submit_many([mail(2), mail(3)])
    assert known(desk) == ["t2", "t3"]
    is_the_fold(desk)


def test_a_transaction_that_forgets_knows_what_it_forgot(desk: Any) -> None:
    served(desk, 1)
    with desk.together() as several:
        several.forget(before=NOON + 1)
        with pytest.raises(DuplicateTicketError):
            several.submit(mail(1))
        several.submit(mail(2))
    with desk.together() as several, pytest.raises(DuplicateTicketError):
        several.submit(mail(1))
    assert known(desk) == ["t2"]
    is_the_fold(desk)


def test_a_transaction_that_is_given_up_has_forgotten_nothing(desk: Any) -> None:
    served(desk, 1)
    with suppress(ZeroDivisionError), desk.together() as several:
        assert forgotten(several.forget(before=NOON + 1)) == [1]
        raise ZeroDivisionError
    assert known(desk) == ["t1"]
    assert desk.submit(mail(1)) == ()  # the same ticket, which is on the desk
    is_the_fold(desk)


def test_a_key_is_done_once(desk: Any) -> None:
    served(desk, 1)
    first = desk.forget(before=NOON + 1, key="nightly")
    served(desk, 2)
    assert desk.forget(before=NOON + 1, key="nightly") == first
    assert known(desk) == ["t2"]


# --- several processes ----------------------------------------------------------------------------


def test_other_desks_on_the_journal_forget_alike(kept: Open) -> None:
    time = FrozenClock(NOON)
    one, two = staffed(kept(clock=time)), kept(clock=time)
    served(one, 1, 2)
    two.refresh()
    one.forget(before=NOON + 1)
    two.submit(mail(3))
    assert known(two) == ["t3"]
    with pytest.raises(DuplicateTicketError):
        two.submit(mail(2))
    is_the_fold(two)
    one.refresh()
    is_the_fold(one)


def test_many_threads_forget_each_ticket_once(kept: Open) -> None:
    desks = [staffed(kept()), kept(), kept()]
    served(desks[0], *range(40))
    told: list[Any] = []

    def forget(desk: Desk) -> None:
        told.append(desk.forget(before=desk.now + timedelta(days=1)))

    threads = [threading.Thread(target=forget, args=(desk,)) for desk in desks for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sum(forgotten(events)) for events in told) == 40
    for desk in desks:
        desk.refresh()
        assert known(desk) == []
        is_the_fold(desk)


def test_a_snapshot_holds_what_is_left(kept: Open) -> None:
    time = FrozenClock(NOON)
    desk = staffed(kept(clock=time))
    served(desk, *range(50))
    desk.submit(mail("open"))
    desk.forget(before=NOON + 1)
    desk.save_snapshot()
    again = kept(clock=time)
    assert again._memory.snapshot == desk.head
    assert known(again) == ["topen"]
    assert again._memory.fold.dispatcher.count_forgotten() == 50
    with pytest.raises(DuplicateTicketError):
        again.submit(mail(7))
    is_the_fold(again)


@pytest.mark.external
def test_a_forgotten_id_is_refused_in_the_hosts_transaction(postgres: str) -> None:
    import psycopg  # noqa: PLC0415

    time = FrozenClock(NOON)
    with Desk.open(postgres, clock=time) as desk, psycopg.connect(postgres) as connection:
        staffed(desk, time)
        served(desk, 1, 2)
        with connection.transaction(), desk.inside(connection) as inside:
            inside.forget(before=NOON + 1)
            with pytest.raises(DuplicateTicketError):
                inside.submit(mail(1))
            inside.submit(mail(3))
        desk.refresh()
        assert known(desk) == ["t3"]
        is_the_fold(desk)


# --- by themselves --------------------------------------------------------------------------------


@pytest.mark.parametrize("retain", [hours(2), timedelta(hours=2)])
def test_a_desk_that_retains_forgets_as_it_advances(tmp_path: Path, retain: Any) -> None:
    time = FrozenClock(NOON)
    with Desk.open(tmp_path / "desk.db", clock=time, retain=retain) as desk:
        staffed(desk, time)
        served(desk, 1)
        time.now += hours(2)
        assert forgotten(desk.advance()) == []  # done for two hours, and no longer
        time.now += 1
        assert forgotten(desk.advance()) == []  # it looked an hour ago at most
        served(desk, 2)
        time.now += hours(1)
        assert forgotten(desk.advance()) == [1]
        assert known(desk) == ["t2"]
        is_the_fold(desk)


def test_a_running_desk_forgets_by_itself(desk: Any) -> None:
    stop = threading.Event()
    retaining = Desk(clock=desk.time, retain=1)
    staffed(retaining, desk.time)
    served(retaining, 1)
    retaining.submit(mail(2))
    desk.time.now += 2
    retaining.subscribe(lambda entry: stop.set())
    thread = threading.Thread(target=retaining.run, kwargs={"stop": stop, "poll": 0.01})
    thread.start()
    thread.join(30)
    stop.set()
    thread.join()
    assert known(retaining) == ["t2"]


@pytest.mark.parametrize("wrong", [0, -1, True, "a day", 1.5, timedelta(0), timedelta(days=-1)])
def test_a_wrong_time_to_retain_is_refused_before_anything_is_opened(
    tmp_path: Path, wrong: Any
) -> None:
    path = tmp_path / "desk.db"
    with pytest.raises(InvalidValueError, match="retain"):
        Desk.open(path, retain=wrong)
    with pytest.raises(InvalidValueError, match="retain"):
        asyncio.run(AsyncDesk.open(path, retain=wrong))
    assert not path.exists()


def test_an_async_desk_forgets_by_command_and_by_itself(kept: Any) -> None:
    time = FrozenClock(NOON)
    with kept(clock=time) as desk:
        staffed(desk, time)
        served(desk, 1)

    async def main() -> None:
        async with await AsyncDesk.open(kept.address, clock=time, retain=hours(1)) as desk:
            assert forgotten(await desk.do(Forget(NOON + 1))) == [1]
            with pytest.raises(DuplicateTicketError):
                await desk.do(Submit(mail(1)))
            await desk.submit(mail(2))
            await desk.resolve("t2")
            async with desk.together() as several:
                with pytest.raises(DuplicateTicketError):
                    await several.submit(mail(1))
            time.now += hours(1) + 1
            assert forgotten(await desk.advance()) == [1]
            assert known(desk) == []

    asyncio.run(main())


def test_a_memory_is_made_anew_of_a_snapshot_at_the_end_of_the_journal(kept: Open) -> None:
    desk = staffed(kept(clock=FrozenClock(NOON)))
    desk.save_snapshot()
    desk._memory.sound = False  # as after a transaction of the host's that was given up
    served(desk, 1)
    assert known(desk) == ["t1"]
    is_the_fold(desk)
