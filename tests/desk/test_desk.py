"""What every desk owes: in memory, on SQLite, on PostgreSQL, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Delivery,
    Dispatcher,
    OfferPolicy,
    Queue,
    Ticket,
    commands,
    seconds,
)
from ticketroute.desk import AsyncDesk, Desk
from ticketroute.desk.commands import Commands
from ticketroute.errors import InvalidValueError, OfferGoneError, UnknownTicketError
from ticketroute.events import Event, OfferExpired, TicketAssigned, TicketOffered, TicketSubmitted
from ticketroute.journal import Entry
from ticketroute.journal.faults import (
    ClockError,
    DeskClosedError,
    KeyReusedError,
    NoSuchDeskError,
    NotAJournalError,
)
from ticketroute.journal.statements import SLICE
from ticketroute.testing import FrozenClock, check

NOON = 1_790_000_000_000


class InLoop:
    """An AsyncDesk, spoken to from a thread without an event loop."""

    def __init__(self, desk: AsyncDesk, loop: asyncio.AbstractEventLoop) -> None:
        self._desk, self._loop = desk, loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._desk, name)
        if not callable(found):
            return found

        def called(*given: Any, **named: Any) -> Any:
            answer = found(*given, **named)
            return self._loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer

        return called

    def events(self, after: int = 0) -> list[Entry]:
        async def listed() -> list[Entry]:
            return [entry async for entry in self._desk.events(after)]

        return self._loop.run_until_complete(listed())

    @contextmanager
    def together(self) -> Iterator[Any]:
        context = self._desk.together()
        several = self._loop.run_until_complete(context.__aenter__())
        try:
            yield InLoop(several, self._loop)  # type: ignore[arg-type]
        except BaseException as fault:
            self._loop.run_until_complete(
                context.__aexit__(type(fault), fault, fault.__traceback__)
            )
            raise
        self._loop.run_until_complete(context.__aexit__(None, None, None))


Open = Callable[..., Any]
KINDS = ["memory", "sqlite", "postgres", "async sqlite", "async postgres"]


def marked(kinds: list[str]) -> list[Any]:
    return [pytest.param(k, marks=[pytest.mark.external] if "gres" in k else []) for k in kinds]


@pytest.fixture(params=marked(KINDS))
def open_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Return what opens a desk of each kind: the same one each time, but for those in memory."""
    yield from opening(request, tmp_path)


@pytest.fixture(params=marked(KINDS[1:]))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Return the same for the kinds that can be opened again."""
    yield from opening(request, tmp_path)


def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    kind: str = request.param
    opened: list[Any] = []
    if kind == "memory":
        yield Desk
        return
    sqlite = str(tmp_path / "desk.db")
    address = sqlite if "sqlite" in kind else request.getfixturevalue("postgres")
    loop = asyncio.new_event_loop() if "async" in kind else None

    def made(**facts: Any) -> Any:
        if loop is None:
            desk: Any = Desk.open(address, **facts)
        else:
            desk = InLoop(loop.run_until_complete(AsyncDesk.open(address, **facts)), loop)
        opened.append(desk)
        return desk

    yield made
    for each in opened:
        each.close()
    if loop is not None:
        loop.close()


def staffed(desk: Any, *agents: str, capacity: int = 3, **facts: Any) -> Any:
    for name in agents:
        desk.add_agent(Agent(id=name, capacity=capacity), presence="available")
    desk.add_queue(Queue(id="mail", members=list(agents), **facts))
    return desk


def mail(number: int | str) -> Ticket:
    return Ticket(id=f"t{number}", queue="mail")


def names(events: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


def is_sound(desk: Any) -> None:
    """The memory is the fold of the events, and every index adds up."""
    desk.refresh()
    dispatcher = desk._memory.fold.dispatcher
    entries = list(desk.events())
    again = desk._memory.fresh()
    again.follow(entry.event for entry in entries)
    assert dispatcher.same_state(again)
    check(dispatcher)
    assert [entry.position for entry in entries] == list(range(1, desk.head + 1))


# --- commands ----------------------------------------------------------------------------------


def test_commands_are_those_of_a_dispatcher_with_a_key_and_without_an_instant() -> None:
    kinds = [each for each in vars(commands).values() if inspect.isclass(each)]
    kinds = [each for each in kinds if issubclass(each, commands.Command)]
    for kind in kinds:
        if kind in (commands.Command, commands.Advance):
            continue
        name = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
        core = inspect.signature(getattr(Dispatcher, name)).parameters
        ours = inspect.signature(getattr(Commands, {"close": "close_ticket"}.get(name, name)))
        given = {each.name: (each.kind, each.default) for each in ours.parameters.values()}
        assert given.pop("key") == (inspect.Parameter.KEYWORD_ONLY, None)
        wanted = {each.name: (each.kind, each.default) for each in core.values()}
        del wanted["at"]
        assert given == wanted, name


def test_a_command_returns_its_events_and_shows_in_every_question(open_desk: Open) -> None:
    desk = staffed(open_desk(), "ana")
    assert names(desk.submit(mail(1), by="web")) == ["TicketSubmitted", "TicketAssigned"]
    assert desk.ticket("t1").agent_id == desk.agents()[0].id == "ana"
    assert desk.submit(mail(2)).first(TicketAssigned).agent_id == "ana"
    desk.do(commands.Resolve("t1"))
    assert [queue.id for queue in desk.queues()] == ["mail"]
    assert desk.explain("t2").ticket_id == "t2"
    is_sound(desk)


def test_a_desk_that_is_opened_again_is_as_it_was(kept: Open) -> None:
    desk = staffed(kept(), "ana", capacity=1)
    desk.submit_many([mail(number) for number in range(3)])
    desk.resolve("t0")
    again = kept()
    assert again._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)
    assert again.ticket("t1").agent_id == "ana"
    is_sound(again)


def test_a_desk_opens_from_its_latest_snapshot(kept: Open) -> None:
    desk = staffed(kept(), "ana", "ben", capacity=2, strategy="round_robin")
    assert desk.save_snapshot() == desk.head
    desk.submit_many([mail(number) for number in range(6)])
    desk.resolve("t1")
    desk.reply("t2", Author.AGENT)
    assert desk.save_snapshot() == desk.head
    desk.submit(mail("late"))
    again = kept()
    assert again._memory.snapshot == desk.head - 2
    assert again._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)
    again.submit(mail("later"))
    is_sound(again)
    desk.refresh()
    assert again._memory.fold.dispatcher.same_state(desk._memory.fold.dispatcher)


def test_a_refused_command_changes_nothing(open_desk: Open) -> None:
    desk = staffed(open_desk(), "ana")
    before = desk.head
    with pytest.raises(UnknownTicketError):
        desk.resolve("nobody")
    with pytest.raises(InvalidValueError, match=r"one of ticketroute.commands"):
        desk.do("submit")
    assert desk.head == before
    is_sound(desk)


def test_what_time_did_before_a_refused_command_is_kept(open_desk: Open) -> None:
    time = FrozenClock(NOON)
    desk = staffed(open_desk(clock=time), "ana", delivery=Delivery.OFFER)
    told: list[Event] = []
    desk.subscribe(lambda entry: told.append(entry.event))
    desk.submit(mail(1))
    time.now += seconds(31)
    with pytest.raises(OfferGoneError):
        desk.accept("t1", "ana")
    assert names(tuple(told)) == [
        "TicketSubmitted",
        "TicketOffered",
        "OfferExpired",
        "TicketQueued",
    ]
    is_sound(desk)


def test_a_key_is_done_once(open_desk: Open) -> None:
    desk = staffed(open_desk(), "ana")
    first = desk.submit(mail(1), key="web-1")
    desk.resolve("t1")
    assert desk.submit(mail(1), key="web-1") == first
    with pytest.raises(KeyReusedError, match="key 'web-1' was used before, for another command"):
        desk.submit(mail(2), key="web-1")
    with pytest.raises(InvalidValueError, match="key is ''"):
        desk.submit(mail(2), key="")
    is_sound(desk)


def test_a_refusal_is_decided_again_under_its_key(open_desk: Open) -> None:
    desk = staffed(open_desk())
    with pytest.raises(UnknownTicketError):
        desk.resolve("t1", key="k")
    desk.submit(mail(1))
    assert names(desk.resolve("t1", key="k")) == ["TicketResolved"]


def test_a_key_holds_for_other_processes(kept: Open) -> None:
    desk, other = staffed(kept(), "ana"), kept()
    assert desk.submit(mail(1), key="k") == other.submit(mail(1), key="k")
    is_sound(other)


def test_several_commands_are_done_together_or_not_at_all(open_desk: Open) -> None:
    desk = staffed(open_desk(), "ana")
    told: list[str] = []
    desk.subscribe(lambda entry: told.append(type(entry.event).__name__))
    with desk.together() as several:
        several.submit(mail(1), key="one")
        several.submit(mail(1), key="one")
        several.submit(mail(2))
    assert told.count("TicketSubmitted") == 2
    with pytest.raises(UnknownTicketError):
        submit_and_fail(desk)
    assert told.count("TicketSubmitted") == 2
    assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2"]
    desk.submit(mail(4))
    is_sound(desk)


def submit_and_fail(desk: Any) -> None:
    with desk.together() as several:
        several.submit(mail(3))
        several.resolve("nobody")


def test_many_threads_use_one_desk(open_desk: Open) -> None:
    desk = staffed(open_desk(), "ana", capacity=1)
    if isinstance(desk, InLoop):
        real, loop = desk._desk, desk._loop

        async def crowd() -> None:
            await asyncio.gather(*(real.submit(mail(number)) for number in range(40)))

        loop.run_until_complete(crowd())
    else:
        threads = [
            threading.Thread(target=lambda n=n: [desk.submit(mail(f"{n}-{i}")) for i in range(10)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(desk.tickets()) == 40
    assert len(desk.waiting("mail")) == 39
    is_sound(desk)


# --- other processes -----------------------------------------------------------------------------


def test_two_desks_on_one_journal_are_one(kept: Open) -> None:
    desk = staffed(kept(), "ana", capacity=2)
    other = kept()
    told: list[int] = []
    other.subscribe(lambda entry: told.append(entry.position))
    for number in range(6):
        (desk, other)[number % 2].submit(mail(number))
    other.resolve("t0")
    assert told == list(range(4, other.head + 1))
    desk.refresh()
    assert desk._memory.fold.dispatcher.same_state(other._memory.fold.dispatcher)
    is_sound(desk)


def test_a_desk_that_slept_through_thousands_of_events_takes_in_all_of_them(kept: Open) -> None:
    desk = staffed(kept(), "ana")
    other, reader = kept(), kept()
    desk.submit_many([mail(number) for number in range(SLICE + 5)])
    assert desk.head > 2 * SLICE
    reader.refresh()
    assert reader.head == desk.head
    other.submit(mail("last"))
    assert len(other.tickets()) == SLICE + 6
    is_sound(other)


def test_desks_of_other_names_are_apart(kept: Open) -> None:
    main = staffed(kept(), "ana")
    with pytest.raises(NoSuchDeskError, match="no desk 'other'; the desks there are: 'main'"):
        kept(name="other")
    other = kept(name="other", create=True)
    assert other.head == 0
    other.add_queue(Queue(id="elsewhere"))
    main.refresh()
    assert [queue.id for queue in main.queues()] == ["mail"]
    assert [queue.id for queue in kept(name="other").queues()] == ["elsewhere"]


# --- time ----------------------------------------------------------------------------------------


def test_each_timer_fires_once_whoever_comes(kept: Open) -> None:
    time = FrozenClock(NOON)
    policy = OfferPolicy(timeout=seconds(10))
    desk = staffed(kept(clock=time), "ana", delivery=Delivery.OFFER, offer=policy)
    other = kept(clock=time)
    assert desk.submit(mail(1)).first(TicketOffered) is not None
    assert desk.next_deadline() == datetime.fromtimestamp(NOON / 1_000 + 10, UTC)
    time.now += seconds(11)
    assert len(desk.advance().of(OfferExpired)) == 1
    assert other.advance() == ()
    is_sound(other)


def test_a_clock_that_goes_back_a_little_stands_still_and_a_lot_is_refused(
    open_desk: Open,
) -> None:
    time = FrozenClock(NOON)
    desk = staffed(open_desk(clock=time), "ana")
    time.now -= seconds(1)
    assert desk.submit(mail(1))[0].at == NOON
    for back in (seconds(3601), NOON):
        time.now = NOON - back
        with pytest.raises(ClockError, match=f"before the desk's last instant {NOON}"):
            desk.submit(mail(2))
    time.now = NOON
    desk.submit(mail(2))
    is_sound(desk)


def test_a_desk_takes_its_time_from_the_database(kept: Open) -> None:
    desk = kept()
    event = desk.add_queue(Queue(id="mail"))[0]
    assert abs(event.at - datetime.now(UTC).timestamp() * 1_000) < 60_000  # noqa: TID251


def test_run_does_what_falls_due_until_it_is_stopped(open_desk: Open) -> None:
    policy = OfferPolicy(timeout=50)
    desk = staffed(open_desk(), "ana", delivery=Delivery.OFFER, offer=policy)
    expired = threading.Event()
    desk.subscribe(lambda e: expired.set() if isinstance(e.event, OfferExpired) else None)
    if isinstance(desk, InLoop):
        real, loop = desk._desk, desk._loop

        async def until_expired() -> None:
            stop, came = asyncio.Event(), asyncio.Event()
            desk.subscribe(lambda e: came.set() if isinstance(e.event, OfferExpired) else None)
            running = asyncio.ensure_future(real.run(stop=stop, poll=0.05))
            await real.submit(mail(1))
            await came.wait()
            stop.set()
            await running

        loop.run_until_complete(asyncio.wait_for(until_expired(), 30))
    else:
        stop = threading.Event()
        thread = threading.Thread(target=desk.run, kwargs={"stop": stop, "poll": 0.05})
        thread.start()
        desk.submit(mail(1))
        assert expired.wait(30)
        stop.set()
        thread.join()
    is_sound(desk)


# --- who is told ---------------------------------------------------------------------------------


def test_subscribers_are_told_in_order_and_their_faults_are_their_own(
    open_desk: Open, caplog: pytest.LogCaptureFixture
) -> None:
    desk = staffed(open_desk(), "ana")
    told: list[int] = []

    def fails(entry: Entry) -> None:
        raise RuntimeError("no screen")

    desk.subscribe(fails)
    end = desk.subscribe(lambda entry: told.append(entry.position))
    desk.submit(mail(1))
    assert told == [desk.head - 1, desk.head]
    assert "a subscriber failed at event" in caplog.text
    end()
    desk.submit(mail(2))
    assert len(told) == 2


def test_a_subscriber_may_use_the_desk(tmp_path: Path) -> None:
    with staffed(Desk.open(tmp_path / "desk.db"), "ana") as desk:
        told: list[str] = []

        def answer(entry: Entry) -> None:
            told.append(type(entry.event).__name__)
            if isinstance(entry.event, TicketSubmitted) and entry.event.ticket_id == "t1":
                desk.submit(mail(2))

        desk.subscribe(answer)
        desk.submit(mail(1))
        assert told == ["TicketSubmitted", "TicketAssigned"] * 2


# --- the rim -------------------------------------------------------------------------------------


def test_a_closed_desk_refuses_commands(open_desk: Open) -> None:
    desk = open_desk()
    desk.close()
    desk.close()
    with pytest.raises(DeskClosedError, match=r"open it again with Desk.open"):
        desk.add_queue(Queue(id="mail"))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"address": ""}, "address is ''; it must be a path of a file"),
        ({"address": "mysql://here"}, "address is 'mysql://here'; it must be a path of a file"),
        ({"address": 7}, "address is 7"),
        ({"name": ""}, "name is ''"),
        ({"wait": 0}, "wait is 0; it must be seconds, above 0"),
        ({"wait": True}, "wait is True"),
        ({"durability": "off"}, "durability is 'off'; it must be 'full' or 'normal'"),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(
    facts: dict[str, Any], says: str, tmp_path: Path
) -> None:
    given = {"address": str(tmp_path / "desk.db"), **facts}
    with pytest.raises(InvalidValueError) as caught:
        Desk.open(**given)
    assert says in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_desk_in_memory_has_no_part_in_transactions() -> None:
    with (
        pytest.raises(NotAJournalError, match="open it on a database"),
        Desk().inside(object()),
    ):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_process_uses_a_connection_of_its_own(address: str) -> None:
    with staffed(Desk.open(address), "ana") as desk:
        desk.submit(mail(1))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                parents = desk._line._connection
                desk.submit(mail(2))
                code = 1 if parents is not None else 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0
        desk.submit(mail(3))
        assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2", "t3"]
        is_sound(desk)


def test_a_caller_who_is_cancelled_leaves_the_desk_whole(address: str) -> None:
    async def whole() -> None:
        async with await AsyncDesk.open(address) as desk:
            await desk.add_queue(Queue(id="mail"))
            for number in range(20):
                task = asyncio.ensure_future(desk.submit(mail(number)))
                for _ in range(number):
                    await asyncio.sleep(0)
                task.cancel()
                with suppress(asyncio.CancelledError):  # where it was not done before
                    await task
                assert number or task.cancelled()
            await desk.submit(mail("last"))
            await desk.refresh()
            again = desk._memory.fresh()
            again.follow([entry.event async for entry in desk.events()])
            assert desk._memory.fold.dispatcher.same_state(again)

    asyncio.run(whole())
