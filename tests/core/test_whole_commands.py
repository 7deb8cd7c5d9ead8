"""A command is whole, whatever the host's own code does: it raises, answers nonsense, calls again.

The same day runs on a desk whose host never fails, and on one whose host fails at one of its calls.
The second desk goes on where it was interrupted, and all in all tells the same events, in the same
order; or it could not apply an event whole, and says so at every later command.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from linecache import getline
from random import Random
from types import FrameType
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Defaults,
    Delivery,
    Dispatcher,
    Escalation,
    Membership,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    Relaxation,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    seconds,
)
from ticketroute import commands as do
from ticketroute.errors import BrokenDeskError, InvalidValueError, TicketRouteError
from ticketroute.events import Event
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.strategies import registry
from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.round_robin import RoundRobin
from ticketroute.testing import check

Q, OTHER = QueueId("q"), QueueId("other")
WAITING, OFFERED, ASSIGNED, PARKED, DONE = (
    RoutingState.WAITING,
    RoutingState.OFFERED,
    RoutingState.ASSIGNED,
    RoutingState.PARKED,
    RoutingState.DONE,
)
WORLDS = [
    ("top_down", Delivery.ASSIGN),
    ("random", Delivery.ASSIGN),
    ("average_load", Delivery.ASSIGN),
    ("round_robin", Delivery.ASSIGN),
    ("priority(then=weighted_random)", Delivery.OFFER),
    ("average_load", Delivery.OFFER),
    ("round_robin", Delivery.OFFER),
    ("ring_all", Delivery.OFFER),
    ("ring_all(step=4000)", Delivery.OFFER),
    ("round_robin", Delivery.PULL),
]
NUMBERS = (1.0, -0.1, math.nan)
ALL = os.environ.get("HOST_FAILURES") == "all"
FAILS = 10**9 if ALL else 25  # calls of a day at which the host fails, one after the other, at most
LAST = ("told", "_events.clear()", "_running = False", "_guarded = ")  # the command is over
LINES = 1_000 if ALL else 30  # lines of a day at which somebody presses Ctrl-C, at most


class DownError(OSError):
    """The host's directory does not answer."""


class Host:
    """Permits, chance and strategies of a host, which fails once, at one of its calls."""

    def __init__(self, fails_at: int = 0, how: object = DownError) -> None:
        self.calls, self.fails_at, self.how = 0, fails_at, how
        self.failed_in = ""
        self.desk: Dispatcher | None = None
        self._numbers = Random(5)  # noqa: S311  a seed, for the same draws each time

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        self.call("allows")
        return "secret" not in ticket.tags or agent_id != "a"

    def random(self) -> float:
        return number if (number := self.call("random")) is not None else self._numbers.random()

    def call(self, name: str) -> float | None:
        """Count a call; fail if it is this one's turn, or return nonsense where a number is due."""
        self.calls += 1
        if self.calls != self.fails_at:
            return None
        self.failed_in = name
        if isinstance(self.how, float) and name == "random":
            return self.how
        if self.how == "calls again":
            assert self.desk is not None
            self.desk.advance(at=self.desk.now)
        raise DownError if isinstance(self.how, float) else self.how  # type: ignore[misc]


class Mood:
    """The host of the strategies that run now."""

    host = Host()


class ByMood(AverageLoad):
    """Whoever has least in hand: ``average_load``, as a package of the host's would bring it."""

    def key(self, member: Member) -> Key:
        Mood.host.call("key")
        return super().key(member)


class InTurns(RoundRobin):
    """Whoever sits next: ``round_robin``, as a package of the host's would bring it."""

    def join(self, member: Member) -> None:
        Mood.host.call("join")
        super().join(member)

    def select(self, *, excluding: Any = NOBODY, most: int | None = None) -> tuple[AgentId, ...]:
        Mood.host.call("select")
        return super().select(excluding=excluding, most=most)

    def offered(self, agent_id: AgentId) -> None:
        Mood.host.call("offered")
        super().offered(agent_id)


@pytest.fixture(autouse=True)
def plug_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, factory in (("average_load", ByMood), ("round_robin", InTurns)):
        monkeypatch.setitem(registry.BUILT_IN, name, factory)
    yield
    Mood.host = Host()


# --- a day ----------------------------------------------------------------------------------------

Step = Callable[[Dispatcher], do.Command | None]  # None: there is no such ticket


def first(desk: Dispatcher, *states: RoutingState) -> TicketId | None:
    """Return the ticket that came first of those in such a state."""
    return next((each.id for each in desk.tickets() if each.state in states), None)


def of(*states: RoutingState) -> Callable[[Callable[..., do.Command]], Step]:
    """Make a step of a command for the first ticket in such a state, if there is one."""

    def step(command: Callable[..., do.Command]) -> Step:
        def given(desk: Dispatcher) -> do.Command | None:
            ticket_id = first(desk, *states)
            return None if ticket_id is None else command(ticket_id)

        return given

    return step


def answer(kind: Callable[..., do.Command]) -> Step:
    """Make a step of an answer to the first open offer."""

    def given(desk: Dispatcher) -> do.Command | None:
        ticket_id = first(desk, OFFERED)
        if ticket_id is None:
            return None
        return kind(ticket_id, desk.ticket(ticket_id).offered_to[0])

    return given


def always(command: do.Command) -> Step:
    return lambda desk: command


def ticket(name: str, **facts: Any) -> Ticket:
    return Ticket(id=TicketId(name), **{"queue": Q} | facts)


def opening(strategy: str, delivery: Delivery) -> list[Step]:
    """Return how the desk is set up."""
    agents = [Agent(id=AgentId(name), capacity=2, skills={"x": 3}) for name in "abcd"]
    level = Escalation(offset=seconds(1), move_to=OTHER, reassign=True)
    promised = Target(within=seconds(9), escalations=[level])
    first_queue = Queue(
        id=Q,
        strategy=strategy,
        delivery=delivery,
        members=["a", "b", "c"],
        wrap_up=seconds(2),
        respond_within=seconds(15),
        keep_agent=True,
        affinity_wait=seconds(6),
        offer=OfferPolicy(timeout=seconds(5), parallel=2, max_misses=2),
        relaxations=[
            Relaxation(after=seconds(3), drop=["x"]),
            Relaxation(after=seconds(30), add_queue=OTHER, skip_wait=True),
        ],
    )
    second = Queue(id=OTHER, strategy="round_robin", members=["c", "d"])
    return [
        *[always(do.AddAgent(agent, "available")) for agent in agents],
        always(do.AddQueue(second)),
        always(do.AddQueue(first_queue)),
        always(do.SetPolicies([Policy(id="p", targets={Metric.RESOLUTION: promised})])),
    ]


DAY: list[Step] = [
    always(do.Submit(ticket("t1", requester="r", skills={"x": 3}))),
    always(do.SubmitMany([ticket(f"t{n}", prefer=AgentId("b"), weight=1) for n in (2, 3, 4)])),
    always(do.Submit(ticket("t5", skills={"x": 9}, priority=TicketPriority.LOW))),
    of(WAITING)(lambda id_: do.Take(id_, AgentId("a"))),
    answer(do.Accept),
    answer(do.Decline),
    always(do.SubmitMany([ticket(f"t{n}", tags={"secret"}, requester="r") for n in (6, 7)])),
    of(ASSIGNED)(do.Release),
    always(do.SetPresence(AgentId("b"), "away")),
    answer(do.Accept),
    of(ASSIGNED)(do.Hold),
    always(do.SetPresence(AgentId("b"), "available")),
    of(PARKED)(lambda id_: do.Reply(id_, "requester")),
    of(ASSIGNED)(do.Hold),
    of(PARKED)(do.Resume),
    of(ASSIGNED)(do.Resolve),
    of(DONE)(do.EndWrapUp),
    of(DONE)(do.Reopen),
    of(WAITING, OFFERED)(lambda id_: do.Assign(id_, AgentId("c"), force=True)),
    of(ASSIGNED)(lambda id_: do.Transfer(id_, to_queue=OTHER)),
    of(ASSIGNED)(lambda id_: do.Transfer(id_, to_agent=AgentId("c"), force=True)),
    of(WAITING, OFFERED)(lambda id_: do.ChangePriority(id_, TicketPriority.URGENT)),
    of(WAITING, OFFERED)(lambda id_: do.ChangeTicket(id_, {"weight": 2, "tags": {"secret"}})),
    of(ASSIGNED)(lambda id_: do.ChangeTicket(id_, {"skills": {"x": 3}})),
    always(do.ChangeAgent(AgentId("a"), {"capacity": 3})),
    always(do.ChangeMember(Q, AgentId("a"), Membership(weight=7, priority=9))),
    always(do.Take(None, AgentId("a"))),
    always(do.RemoveMember(Q, AgentId("b"))),
    always(do.AddMember(Q, AgentId("b"))),
    always(do.AddMember(Q, AgentId("d"))),
    always(do.SubmitMany([ticket(f"t{n}", weight=2) for n in (8, 9)])),
    answer(do.Decline),
    always(do.SwitchChannel(AgentId("c"), "email", on=False)),
    always(do.SwitchChannel(AgentId("c"), "email", on=True)),
    always(do.ChangeQueue(Q, {"wrap_up": 0, "relaxations": []})),
    of(WAITING, OFFERED)(do.Abandon),
    of(ASSIGNED)(do.Resolve),
    of(DONE)(lambda id_: do.Rate(id_, 4)),
    always(do.Submit(ticket("t10"))),
    of(ASSIGNED)(lambda id_: do.Merge(id_, TicketId("t10"))),
    always(do.ChangeDefaults(Defaults(queue_limit=4))),
    always(do.RemoveAgent(AgentId("a"))),
    always(do.RemoveQueue(OTHER, Q)),
    always(do.SetPolicies([])),
    of(DONE)(do.Close),
    lambda desk: do.Forget(desk.now),
    always(do.Advance()),
]


class Day:
    """A desk on which all steps are done, and what it told."""

    def __init__(self, strategy: str, delivery: Delivery, host: Host) -> None:
        self.host = Mood.host = host
        self.desk = host.desk = Dispatcher(permits=host, random=host)
        self.steps = opening(strategy, delivery) + DAY
        self.told: list[Event] = []
        self.refused: list[type[Exception]] = []
        self.kinds: set[type[do.Command]] = set()
        self.interrupted = 0

    def run(self) -> Day:
        """Do all steps; one that was interrupted before it began is given again."""
        for number, step in enumerate(self.steps):
            at = 1_500 * max(0, number - 6)
            self.give(do.Advance(), at) or self.give(do.Advance(), at)
            command = step(self.desk)
            if command is not None:
                self.kinds.add(type(command))
                if not self.give(command, at) and not self.desk._events:
                    self.give(command, at)
        at = self.desk.now + seconds(60)
        self.give(do.Advance(), at) or self.give(do.Advance(), at)
        return self

    def give(self, command: do.Command, at: int) -> bool:
        """Give a command; return False if the host failed. Look at the desk after the next one."""
        try:
            self.told += self.desk.do(command, at=at)
        except BrokenDeskError:
            raise
        except (DownError, KeyboardInterrupt):
            self.interrupted = 1
            return False
        except (TicketRouteError, InvalidValueError) as refused:
            if self.host.failed_in and not self.interrupted:  # a number, or a call from inside
                self.interrupted = 1
                return False
            self.refused.append(type(refused))
        if self.interrupted == 1:
            self.interrupted = 2
            if self.told and not self.desk._events:
                self.look()
        return True

    def look(self) -> None:
        """Check that the desk is whole, that its events lead to it, and nothing is in limbo."""
        calls, fails_at = self.host.calls, self.host.fails_at
        self.host.fails_at = 0  # whoever looks asks the host, too
        check(self.desk)
        again = Dispatcher.replay(self.told, permits=self.host, random=self.host)
        assert again.same_state(self.desk)
        self.host.calls, self.host.fails_at = calls, fails_at
        searching = {each.id for each in self.desk.tickets() if each.state is WAITING}
        in_line = [self.desk.waiting(queue.id) for queue in self.desk.queues()]
        assert searching <= set().union(*in_line)


def broken(day: Day) -> bool:
    """Return whether the desk says that it is broken, at whatever command comes."""
    if day.desk._broken is None:
        return False
    for step in (do.Advance(), do.Submit(ticket("late")), do.Take(None, AgentId("c"))):
        with pytest.raises(BrokenDeskError, match="replay"):
            day.desk.do(step, at=day.desk.now)
    return True


def holds(day: Day, clean: Day) -> bool:
    """Run a day on which the host fails; return whether the desk went on, or else is broken."""
    try:
        day.run()
    except BrokenDeskError:
        assert broken(day)
        return False
    day.look()
    assert day.told == clean.told
    assert day.refused == clean.refused
    return True


EVERY = [(name, delivery) for name in registry.BUILT_IN for delivery in Delivery]
"""With HOST_FAILURES=all, each strategy with each delivery, and failures at each call."""


@pytest.mark.parametrize(("strategy", "delivery"), [*WORLDS, *(EVERY if ALL else [])])
@pytest.mark.parametrize("how", [DownError, "calls again", *NUMBERS], ids=str)
def test_a_command_is_whole_whatever_the_host_does(
    strategy: str, delivery: Delivery, how: object
) -> None:
    if isinstance(how, float) and "random" not in strategy:
        return  # no number is drawn
    clean = Day(strategy, delivery, Host()).run()
    clean.look()
    calls = clean.host.calls
    for call in range(1, calls + 1, max(1, calls // FAILS)):
        day = Day(strategy, delivery, Host(call, how))
        went_on = holds(day, clean)
        assert went_on or day.host.failed_in not in ("allows", "random"), call


def fates(day: Day) -> dict[TicketId, tuple[object, ...]]:
    """Return what became of each ticket."""
    return {
        each.id: (each.state, each.agent_id, each.queue_id, each.priority)
        for each in day.desk.tickets()
    }


def pressed(
    at_line: int, seen: dict[tuple[str, int], int] | None = None
) -> tuple[Callable[..., Any], list[int]]:
    """Return a trace function by which somebody presses Ctrl-C at a line of the core.

    ``seen`` is filled with the last time that each line of the source is reached.
    """
    lines = [0]

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        name = frame.f_code.co_filename
        if "ticketroute/core/" not in name:
            return None
        text = getline(name, frame.f_lineno)
        if event == "line" and not any(last in text for last in LAST):
            lines[0] += 1
            if seen is not None:
                seen[name, frame.f_lineno] = lines[0]
            if lines[0] == at_line:
                raise KeyboardInterrupt
        return trace

    return trace, lines


class Presses:
    """Days of one world on which somebody presses Ctrl-C at one line of the core."""

    def __init__(self, strategy: str, delivery: Delivery, patch: pytest.MonkeyPatch) -> None:
        self.world = strategy, delivery
        self.clean = Day(strategy, delivery, Host()).run()
        self.seen: dict[tuple[str, int], int] = {}
        self.trace, lines = pressed(0, self.seen)
        give = Day.give

        def traced(day: Day, command: do.Command, at: int) -> bool:
            sys.settrace(self.trace)
            try:
                return give(day, command, at)
            finally:
                sys.settrace(None)

        patch.setattr(Day, "give", traced)
        Day(*self.world, Host()).run()
        self.lines = lines[0]

    def at(self, line: int) -> None:
        self.trace, _ = pressed(line)
        day = Day(*self.world, Host())
        try:
            day.run()
        except BrokenDeskError:
            assert broken(day)
        else:  # of two that skip their wait the second may be looked at later
            day.look()
            assert fates(day) == fates(self.clean)


@pytest.mark.parametrize(("strategy", "delivery"), WORLDS[::4])
def test_ctrl_c_between_two_lines_leaves_a_whole_desk_or_one_that_says_so(
    strategy: str, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    presses = Presses(strategy, delivery, monkeypatch)
    for line in range(1, presses.lines, presses.lines // LINES):
        presses.at(line)


def test_ctrl_c_at_any_line_about_an_index_leaves_it_whole_or_drops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    presses = Presses("ring_all(step=4000)", Delivery.OFFER, monkeypatch)
    lines = [line for (name, _), line in presses.seen.items() if name.endswith("choosing.py")]
    assert len(lines) > 100
    for line in lines[:: 1 if ALL else 3]:
        presses.at(line)


def test_the_day_has_every_command_and_takes_every_road() -> None:
    days = [Day(strategy, delivery, Host()).run() for strategy, delivery in WORLDS]
    calendars = {do.SetCalendar, do.RemoveCalendar, do.RefreshCalendars}  # they ask nobody
    assert set().union(*[day.kinds for day in days]) >= set(registry_of_commands()) - calendars
    assert all(len(day.told) > 60 for day in days)


def registry_of_commands() -> list[type[do.Command]]:
    return [each for each in do.Command.__subclasses__() if each.__module__ == do.__name__]


@pytest.mark.parametrize("number", [*NUMBERS, math.inf, "0.5", None], ids=str)
def test_a_number_that_is_none_is_refused_by_its_source_and_value(number: Any) -> None:
    class Loaded:
        def random(self) -> Any:
            return number

    desk = Dispatcher(random=Loaded())
    desk.add_agent(Agent(id=AgentId("a")), presence="available", at=0)
    desk.add_queue(Queue(id=Q, members=["a"], strategy="random"), at=0)
    with pytest.raises(InvalidValueError, match=r"Loaded\.random\(\) returned is .*; it must be"):
        desk.submit(ticket("t1"), at=1)
