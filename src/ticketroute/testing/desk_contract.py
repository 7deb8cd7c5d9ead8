"""The contract of every kept desk: one test suite, whatever keeps it, for threads and asyncio."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from inspect import isawaitable
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ticketroute.commands import Submit, SubmitMany
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, UnknownTicketError
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import DeskClosedError, KeyReusedError
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.events import Event, TicketSubmitted
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, datetime_of, seconds
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.ticket import Ticket
from ticketroute.testing.calls import Call
from ticketroute.testing.clock import FrozenClock
from ticketroute.testing.contract import one_failure
from ticketroute.testing.history import REFUSALS, History, Tape, give, histories
from ticketroute.testing.journal_contract import LIVED, LIVES

NOON: Instant = 1_790_000_000_000
MOST_DESKS = 3
MAIL, ANA = QueueId("mail"), AgentId("ana")

desks = st.integers(0, MOST_DESKS - 1)
few = st.integers(1, 3)


class DeskContract:
    """Tests for a kind of desk: subclass it, define how one is opened, and pytest collects them.

    Every method that opens one takes the arguments of ``Desk.open`` that are given here: ``clock``,
    ``defaults``, ``random`` and ``permits``.

    >>> from ticketroute.desk import Desk
    >>> class TestDeskInMemory(DeskContract):
    ...     def open(self, **facts):
    ...         return Desk(**facts)
    """

    lives: ClassVar[int] = 25  # stories that the desks live through

    # --- what a subclass defines ------------------------------------------------------------

    def open(self, **facts: Any) -> Any:
        """Return a desk without events, in a place of its own."""
        raise NotImplementedError(f"{type(self).__name__}.open() must return a new desk")

    def another(self, desk: Any, **facts: Any) -> Any:
        """Return the desk once more, as another process has it; None if that cannot be."""
        return None

    def close(self, desk: Any) -> None:
        """Close a desk."""
        desk.close()

    def host(self, desk: Any, *, commits: bool) -> AbstractContextManager[Any] | None:
        """Return a context with a connection in a transaction, ended at its end; None: no such."""
        return None

    def fork(self, desk: Any) -> None:
        """Have a desk go on as it does in a child process."""
        desk.after_fork()

    def check(self, desk: Any, model: Dispatcher) -> None:
        """Check that a desk that took in all events is what a dispatcher is after the same."""
        assert tuple(desk.tickets()) == tuple(model.tickets())
        assert tuple(desk.agents()) == tuple(model.agents())
        assert tuple(desk.queues()) == tuple(model.queues())
        due = model.next_deadline()
        assert desk.next_deadline() == (None if due is None else datetime_of(due))

    # --- for threads; AsyncDeskContract has the same for asyncio --------------------------------

    def wait(self, answer: Any) -> Any:
        """Return what a method of the desk returned, when it is there."""
        return answer

    @contextmanager
    def within(self, context: Any) -> Iterator[Any]:
        """Enter a context of the desk: ``together``, ``inside``, ``consume``."""
        with context as entered:
            yield entered

    def entries(self, desk: Any, after: int = 0) -> list[Entry]:
        """Return the events of the desk after a position."""
        return list(desk.events(after))

    # --- the contract -----------------------------------------------------------------------

    def test_it_keeps_the_contract(self) -> None:
        """Desks on one journal do what one dispatcher does, through restarts and rollbacks."""
        contract = self

        class Kept(KeptMachine):
            checked = contract

        lived()  # drawn first, and not within the draws of the machine
        run_state_machine_as_test(
            Kept, settings=settings(one_failure(), max_examples=self.lives, stateful_step_count=25)
        )

    def test_the_events_of_a_command_share_a_token(self) -> None:
        """Tokens are above 0, and no two commands share one."""
        with self._staffed() as (desk, _):
            for number in range(3):
                self.wait(desk.submit(mail(number)))
            tokens = [entry.token for entry in self.entries(desk)]
            assert min(tokens) > 0
            assert tokens[0] == tokens[1]  # the desk was opened with its first agent
            assert len(set(tokens)) == 5
            assert [entry.id for entry in self.entries(desk)] == [
                f"{position}-{token:x}" for position, token in enumerate(tokens, 1)
            ]

    def test_a_key_is_done_once(self) -> None:
        """The same command returns what it did then; another command is refused."""
        with self._staffed() as (desk, _):
            first = self.wait(desk.submit(mail(1), key="k"))
            self.wait(desk.resolve("t1"))
            again = self._again(desk)
            for each in [desk, *again]:
                assert self.wait(each.submit(mail(1), key="k")) == first
                self._refused(KeyReusedError, each.submit, mail(2), key="k")
                self._refused(InvalidValueError, each.submit, mail(2), key="")
            self._are_one(desk, *again)

    def test_a_refused_command_changes_nothing_and_leaves_its_key_free(self) -> None:
        """The command is decided again when it is given again."""
        with self._staffed() as (desk, _):
            before = self.entries(desk)
            self._refused(UnknownTicketError, desk.resolve, "t1", key="k")
            assert self.entries(desk) == before
            self.wait(desk.submit(mail(1)))
            assert len(self.wait(desk.resolve("t1", key="k"))) == 1

    def test_a_block_is_done_whole_or_not_at_all(self) -> None:
        """Subscribers are told of a block that succeeded, and of no other."""
        with self._staffed() as (desk, _):
            told: list[int] = []
            desk.subscribe(lambda entry: told.append(entry.position))
            with self.within(desk.together()) as several:
                self.wait(several.submit(mail(1)))
                self.wait(several.submit(mail(2)))
            there = self.entries(desk)
            try:
                with self.within(desk.together()) as several:
                    self.wait(several.submit(mail(3)))
                    raise FailedError
            except FailedError:
                pass
            assert self.entries(desk) == there
            assert told == list(range(4, len(there) + 1))
            self.wait(desk.submit(mail(4)))
            assert [ticket.id for ticket in desk.tickets()] == ["t1", "t2", "t4"]
            self._are_one(desk, *self._again(desk))

    def test_each_timer_fires_once_whoever_comes(self) -> None:
        """An offer that nobody answers expires at its instant, by one of the desks."""
        ring = OfferPolicy(timeout=seconds(10))
        with self._staffed(delivery=Delivery.OFFER, offer=ring) as (desk, moment):
            self.wait(desk.submit(mail(1)))
            again = self._again(desk, clock=moment)
            due = moment.now + seconds(10)
            assert desk.next_deadline() == datetime_of(due)
            moment.now += seconds(25)
            fired = [event for each in [desk, *again] for event in self.wait(each.advance())]
            assert [type(event).__name__ for event in fired].count("OfferExpired") == 1
            assert fired[0].at == due
            self._are_one(desk, *again)

    def test_a_consumer_gets_each_event_once(self) -> None:
        """What failed comes again; while one consumes, nobody else does under its name."""
        with self._staffed() as (desk, _):
            there = self.entries(desk)
            (other,) = self._again(desk) or (desk,)
            try:
                with self.within(desk.consume("mailer")) as news:
                    assert next(news).id == there[0].id
                    assert next(news).id == there[1].id
                    with self.within(other.consume("mailer")) as taken:
                        assert list(taken) == []
                    raise FailedError
            except FailedError:
                pass
            with self.within(other.consume("mailer")) as news:
                assert [entry.id for entry in news] == [entry.id for entry in there[1:]]
            with self.within(desk.consume("mailer")) as news:
                assert list(news) == []
            with self.within(desk.consume("mailer", at=2)) as news:
                assert [entry.position for entry in news] == [entry.position for entry in there[2:]]

    def test_a_closed_desk_is_refused_and_can_be_opened_again(self) -> None:
        """Another handle has all that was done."""
        with self._staffed() as (desk, _):
            self.wait(desk.submit(mail(1)))
            again = self._again(desk)
            self.close(desk)
            self._refused(DeskClosedError, desk.submit, mail(2))
            for each in again:
                assert each.ticket("t1").agent_id == "ana"

    # --- what the tests share ---------------------------------------------------------------

    @contextmanager
    def _staffed(self, **facts: Any) -> Iterator[tuple[Any, FrozenClock]]:
        moment = FrozenClock(NOON)
        self._opened: list[Any] = []
        desk = self.open(clock=moment)
        try:
            self.wait(desk.add_agent(Agent(id=ANA, capacity=2), presence=Presence.AVAILABLE))
            self.wait(desk.add_queue(Queue(id=MAIL, members=[ANA], **facts)))
            yield desk, moment
        finally:
            for each in (*self._opened, desk):
                self.close(each)

    def _again(self, desk: Any, **facts: Any) -> list[Any]:
        found = self.another(desk, **{"clock": FrozenClock(NOON), **facts})
        self._opened += [] if found is None else [found]
        return [] if found is None else [found]

    def _refused(
        self, kind: type[Exception], call: Callable[..., Any], *given: Any, **named: Any
    ) -> None:
        try:
            self.wait(call(*given, **named))
        except kind:
            return
        raise AssertionError(f"a command had to be refused with {kind.__name__}")

    def _are_one(self, *several: Any) -> None:
        """Check that each desk is what its events lead to, and all have the same."""
        there = self.entries(several[0])
        assert [entry.position for entry in there] == list(range(1, len(there) + 1))
        model = Dispatcher.replay(entry.event for entry in there)
        for each in several:
            self.wait(each.refresh())
            assert self.entries(each) == there
            self.check(each, model)


class AsyncDeskContract(DeskContract):
    """The same tests for a desk of asyncio; ``loop`` is the event loop that it lives in."""

    loop: AbstractEventLoop

    def close(self, desk: Any) -> None:
        """Close a desk."""
        self.wait(desk.close())

    def wait(self, answer: Any) -> Any:
        """Return what a method of the desk returned, when it is there."""
        return self.loop.run_until_complete(answer) if isawaitable(answer) else answer

    @contextmanager
    def within(self, context: Any) -> Iterator[Any]:
        """Enter a context of the desk: ``together``, ``inside``, ``consume``."""
        entered = self.wait(context.__aenter__())
        try:
            yield entered
        except BaseException as fault:
            self.wait(context.__aexit__(type(fault), fault, fault.__traceback__))
            raise
        self.wait(context.__aexit__(None, None, None))

    def entries(self, desk: Any, after: int = 0) -> list[Entry]:
        """Return the events of the desk after a position."""

        async def listed() -> list[Entry]:
            return [entry async for entry in desk.events(after)]

        found: list[Entry] = self.loop.run_until_complete(listed())
        return found


class FailedError(Exception):
    """Raised by a block of the tests."""


def mail(number: int) -> Ticket:
    """Return a ticket for the queue of the tests."""
    return Ticket(id=TicketId(f"t{number}"), queue=MAIL)


class KeptMachine(RuleBasedStateMachine):
    """Desks on one journal, and a dispatcher that is given the same commands.

    ``written`` holds the events that happened, and ``ids`` the ids under which they were read.
    """

    checked: ClassVar[DeskContract]

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Any] = []
        self.written: list[Event] = []
        self.ids: list[str] = []
        self.told: list[str] = []
        self.gone = self.keys = 0

    @initialize(life=st.integers(0, LIVES - 1))
    def begin(self, life: int) -> None:
        """Open the desk, and the dispatcher; both run one of the drawn histories."""
        lives = lived()
        self.history = lives[life % len(lives)]
        self.model = self.history.desk()
        self.calls: Iterator[Call] = self.history.calls(self.model)
        self.moment = FrozenClock(0)
        self.desks = [self.checked.open(**self.facts())]
        self.desks[0].subscribe(lambda entry: self.told.append(entry.id))
        self.command(0, 4)

    def facts(self) -> dict[str, Any]:
        """Return how each desk is opened."""
        history = self.history
        return {"clock": self.moment, "defaults": history.defaults, "permits": history.permits}

    # --- commands ---------------------------------------------------------------------------

    @rule(number=desks, many=few)
    def command(self, number: int, many: int) -> None:
        """Give the next commands to one desk and to the dispatcher, which do or refuse the same."""
        desk = self.desk(number)
        for call in self.next_calls(many):
            self.compare(call, desk)

    @rule(number=desks, other=desks)
    def repeat(self, number: int, other: int) -> None:
        """Give a command under a key, and again through another desk."""
        for call in self.next_calls(1):
            self.keys += 1
            key = f"key-{self.keys}"
            first = self.compare(call, Keyed(self.desk(number), key))
            if first is not None:
                assert self.given(call, Keyed(self.desk(other), key)) == first

    @rule(number=desks, many=few)
    def together(self, number: int, many: int) -> None:
        """Give the next commands in one block."""
        with self.checked.within(self.desk(number).together()) as several:
            for call in self.next_calls(many):
                self.compare(call, several)

    @rule(number=desks, many=few)
    def together_and_fail(self, number: int, many: int) -> None:
        """Give commands in a block that fails; nothing has happened."""
        try:
            with self.checked.within(self.desk(number).together()) as several:
                self.submit_to(several, many)
                raise FailedError
        except FailedError:
            pass

    @rule(number=desks, many=few, commits=st.booleans())
    def inside(self, number: int, many: int, *, commits: bool) -> None:
        """Give commands in a transaction of a host's, which commits them or gives them up."""
        desk = self.desk(number)
        context = self.checked.host(desk, commits=commits)
        if context is None:
            return
        with context as connection, self.checked.within(desk.inside(connection)) as inside:
            if not commits:
                self.submit_to(inside, many)
            for call in self.next_calls(many) if commits else ():
                self.compare(call, inside)

    # --- processes --------------------------------------------------------------------------

    @precondition(lambda self: len(self.desks) < MOST_DESKS)
    @rule()
    def open_another(self) -> None:
        """Another process opens the desk."""
        found = self.checked.another(self.desks[0], **self.facts())
        if found is not None:
            self.desks.append(found)

    @rule(number=desks)
    def restart(self, number: int) -> None:
        """A process ends, and another one opens the desk."""
        place = 1 + number % MOST_DESKS
        if place < len(self.desks):
            self.checked.close(self.desks[place])
            self.desks[place] = self.checked.another(self.desks[0], **self.facts())

    @rule(number=desks)
    def fork(self, number: int) -> None:
        """Go on as a child process does."""
        self.checked.fork(self.desk(number))

    @rule(number=desks)
    def save_snapshot(self, number: int) -> None:
        """Save a snapshot, from which desks are opened later."""
        desk = self.desk(number)
        assert self.checked.wait(desk.save_snapshot()) in (0, desk.head)

    # --- what holds -------------------------------------------------------------------------

    @rule(number=desks, after=st.integers(0, 30))
    def read(self, number: int, after: int) -> None:
        """Read from any position: the events that happened, under the ids that they had."""
        found = self.checked.entries(self.desk(number), after)
        assert [entry.event for entry in found] == self.written[after:]
        assert [entry.position for entry in found] == list(range(after + 1, after + 1 + len(found)))

    @invariant()
    def every_desk_is_the_dispatcher(self) -> None:
        """Every desk has the events, each with its id, and is what they lead to."""
        for desk in self.desks:
            self.checked.wait(desk.refresh())
            assert desk.head == len(self.written), (
                "the head is not that of the events that happened"
            )
            self.checked.check(desk, self.model)
        if self.desks:
            ids = [entry.id for entry in self.checked.entries(self.desks[0])]
            assert ids[: len(self.ids)] == self.ids, "the id of an event has changed"
            self.ids = ids
            assert self.told == ids, "subscribers were not told each event once, in order"

    def teardown(self) -> None:
        """Close every desk."""
        for desk in reversed(self.desks):
            self.checked.close(desk)

    # --- words ------------------------------------------------------------------------------

    def desk(self, number: int) -> Any:
        """Return one of the desks."""
        return self.desks[number % len(self.desks)]

    def next_calls(self, many: int) -> Iterator[Call]:
        """Yield the next commands whose instant is one, and not before the last."""
        for call, _ in zip(self.calls, range(many), strict=False):
            if type(call.at) is not int or self._is_forgotten(call):
                continue
            if self.model.now <= call.at < self.model.now + seconds(10**9):
                self.moment.now = call.at
                yield call

    def _is_forgotten(self, call: Call) -> bool:
        """Return whether a forgotten ticket comes again: a dispatcher takes it, a desk does not."""
        if call.kind not in (Submit, SubmitMany):
            return False
        told = call.values[0] if call.values else next(iter(call.facts.values()))
        tickets = [told] if call.kind is Submit else told
        known = {ticket.id for ticket in self.model.tickets()}
        gone = {e.ticket_id for e in self.written if isinstance(e, TicketSubmitted)} - known
        return any(ticket.id in gone for ticket in tickets)

    def given(self, call: Call, desk: Any) -> Any:
        """Give a command to a desk, which has its own clock."""
        command = call.kind(*call.values, **call.facts)
        return self.checked.wait(desk.do(command, by=call.by))

    def compare(self, call: Call, desk: Any) -> Any:
        """Give a command to the dispatcher and a desk, and compare them; None if refused."""
        turn = give(call, self.model)
        if turn.refused is None:
            self.written += turn.events
            events = self.given(call, desk)
            assert tuple(events) == tuple(turn.events), str(turn)
            return events
        self.written += self.model.advance(at=self.model.now)  # what time did before the refusal
        kind: type[Exception] | None = None
        try:
            self.given(call, desk)
        except REFUSALS as refused:
            kind = type(refused)
        assert kind is type(turn.refused), f"the desk: {kind}; a dispatcher: {turn}"
        return None

    def submit_to(self, desk: Any, many: int) -> None:
        """Submit tickets that will never have been there."""
        for _ in range(many):
            self.gone += 1
            try:
                self.checked.wait(desk.submit(Ticket(id=TicketId(f"gone-{self.gone}"))))
            except REFUSALS:
                continue


class Keyed:
    """Gives commands to a desk under one key."""

    def __init__(self, desk: Any, key: str) -> None:
        self._desk, self._key = desk, key

    def do(self, command: Any, *, by: str | None = None) -> Any:
        """Do a command."""
        return self._desk.do(command, key=self._key, by=by)


@cache
def lived() -> tuple[History, ...]:
    """Return drawn histories in which nothing is left to chance, the simplest first.

    Two desks draw different numbers, so that a dispatcher beside them would differ.
    """
    found: list[History] = []

    @settings(LIVED, max_examples=3 * LIVES)
    @given(histories(max_size=25))
    def draw(history: History) -> None:
        class Unused(Tape):
            drawn = False

            def random(self) -> float:
                self.drawn = True
                return super().random()

        tape = Unused(history.seed)
        history.run(Dispatcher(defaults=history.defaults, random=tape, permits=history.permits))
        if not tape.drawn:
            found.append(history)

    draw()
    return tuple(found[:LIVES])
