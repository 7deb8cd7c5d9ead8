"""Bad input: a clear error or a clear event each, and an unchanged desk."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    Author,
    ChannelLimit,
    Defaults,
    Delivery,
    Dispatcher,
    Membership,
    Queue,
    RateLimit,
    RoutingState,
    Ticket,
    TicketPriority,
    instant_of,
)
from ticketroute import errors as err
from ticketroute.commands import ChangeAgent, ChangeQueue
from ticketroute.events import Event, WaitReason
from ticketroute.model import AgentId, QueueId, StrategySpec, TicketId
from ticketroute.model import events as ev
from ticketroute.testing.beside import DeskBesideReference

LONG = "x" * 1_000_000
NAN = float("nan")
ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2 = TicketId("t1"), TicketId("t2")
WRONG_NUMBERS = [True, False, 1.0, NAN, float("inf"), "1", None, -1, 10**30, []]
WRONG_IDS = [
    "",
    " ",
    " ana",
    "ana ",
    "a\nb",
    "a\x00b",
    "\ud800",
    "\u202eana",
    LONG,
    5,
    None,
    True,
    NAN,
    b"ana",
    ["ana"],
]


def _named(value: object) -> str:
    """Return a short name of a value for the name of a test; also of one too long to print."""
    if isinstance(value, int) and not -(10**40) < value < 10**40:
        return "huge"
    return f"{type(value).__name__} {value!r}"[:24] if not callable(value) else ""


def _desk() -> Dispatcher:
    desk = DeskBesideReference()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_agent(Agent(id=BEN, capacity=2), at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA, BEN]), at=0)
    desk.add_queue(Queue(id=SALES), at=0)
    desk.submit(Ticket(id=T1, queue=MAIL), at=10)
    desk.submit(Ticket(id=T2, queue=MAIL), at=10)
    return desk


def _is_clear(fault: Exception, *words: object) -> None:
    """Check that the message can be read: it names things, is short, and tells the way out."""
    text = str(fault)
    assert 20 < len(text) < 600
    assert ";" in text  # what is wrong; what to do
    for word in words:
        assert str(word) in text
    copy = pickle.loads(pickle.dumps(fault))  # noqa: S301  our own bytes
    assert (type(copy), str(copy)) == (type(fault), text)  # not args: NaN is not itself
    assert vars(copy).keys() == vars(fault).keys()


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", WRONG_IDS, ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Agent(id=bad), "Agent.id"),
        (lambda bad: Queue(id=bad), "Queue.id"),
        (lambda bad: Ticket(id=bad), "Ticket.id"),
        (lambda bad: Ticket(id=T1, channel=bad), "Ticket.channel"),
        (lambda bad: Agent(id=ANA, channels=[bad]), "Agent.channels"),
        (lambda bad: Queue(id=MAIL, members=[bad]), "Queue.members"),
        (lambda bad: Ticket(id=T1, tags=[bad]), "Ticket.tags"),
    ],
)
def test_what_is_no_id_is_refused_when_the_value_is_made(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert thing in caught.value.thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize("value", WRONG_NUMBERS, ids=_named)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Agent(id=ANA, priority=bad), "Agent.priority"),
        (lambda bad: Agent(id=ANA, skills={"x": bad}), "Agent.skills['x']"),
        (lambda bad: Ticket(id=T1, skills={"x": bad}), "Ticket.skills['x']"),
        (lambda bad: Ticket(id=T1, weight=bad), "Ticket.weight"),
        (lambda bad: Ticket(id=T1, priority=bad), "Ticket.priority"),
        (lambda bad: Membership(weight=bad), "Membership.weight"),
        (lambda bad: ChannelLimit(cost=bad), "ChannelLimit.cost"),
        (lambda bad: RateLimit(bad, 1), "RateLimit.tickets"),
        (lambda bad: RateLimit(1, bad), "RateLimit.span"),
        (lambda bad: Queue(id=MAIL, weight=bad), "Queue.weight"),
        (lambda bad: Queue(id=MAIL, wrap_up=bad), "Queue.wrap_up"),
        (lambda bad: Defaults(capacity=bad), "Defaults.capacity"),
        (lambda bad: Defaults(grace=bad), "Defaults.grace"),
        (lambda bad: Defaults(queue_limit=bad), "Defaults.queue_limit"),
    ],
)
def test_what_is_no_whole_number_in_range_is_refused(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert caught.value.thing == thing
    assert caught.value.value is value
    _is_clear(caught.value, thing)


@pytest.mark.parametrize(
    "value", [value for value in WRONG_NUMBERS if value is not None], ids=_named
)
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Agent(id=ANA, capacity=bad), "Agent.capacity"),
        (lambda bad: Membership(priority=bad), "Membership.priority"),
        (lambda bad: Membership(limit=bad), "Membership.limit"),
        (lambda bad: ChannelLimit(most=bad), "ChannelLimit.most"),
        (lambda bad: Queue(id=MAIL, limit_per_agent=bad), "Queue.limit_per_agent"),
        (lambda bad: Ticket(id=T1, arrived=bad), "Ticket.arrived"),
        (lambda bad: Ticket(id=T1, due=bad), "Ticket.due"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_same_where_nothing_may_be_said(
    make: Callable[[Any], object], thing: str, value: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(value)
    assert caught.value.thing == thing
    _is_clear(caught.value, thing)


@pytest.mark.parametrize("priority", [0, 101, -5])
def test_an_agent_priority_outside_1_to_100_names_the_range(priority: int) -> None:
    with pytest.raises(err.InvalidValueError, match="from 1 to 100") as caught:
        Agent(id=ANA, priority=priority)
    assert (caught.value.thing, caught.value.value) == ("Agent.priority", priority)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_below_one_is_refused(capacity: int) -> None:
    with pytest.raises(err.InvalidValueError, match=f"Agent.capacity is {capacity};"):
        Agent(id=ANA, capacity=capacity)


@pytest.mark.parametrize("wrong", [5, True, NAN, 0, False, 1.5, "chat", b"x", [[]], [["a"]]])
@pytest.mark.parametrize(
    ("make", "thing"),
    [
        (lambda bad: Agent(id=ANA, channels=bad), "Agent.channels"),
        (lambda bad: Agent(id=ANA, skills=bad), "Agent.skills"),
        (lambda bad: Ticket(id=T1, skills=bad), "Ticket.skills"),
        (lambda bad: Ticket(id=T1, attributes=bad), "Ticket.attributes"),
        (lambda bad: Ticket(id=T1, tags=bad), "Ticket.tags"),
        (lambda bad: Queue(id=MAIL, members=bad), "Queue.members"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_is_no_collection_of_the_right_kind_is_refused_by_the_name_of_its_field(
    make: Callable[[Any], object], thing: str, wrong: object
) -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        make(wrong)
    assert thing in caught.value.thing


def test_a_naive_datetime_is_refused_at_the_edge() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused here
    with pytest.raises(err.InvalidValueError, match="tzinfo"):
        instant_of(naive)
    with pytest.raises(err.InvalidValueError, match="instant_of"):
        _desk().advance(at=naive)  # type: ignore[arg-type]
    with pytest.raises(err.InvalidValueError, match="instant_of"):
        _desk().advance(at=datetime(2026, 1, 1, tzinfo=UTC))  # type: ignore[arg-type]


def test_a_number_too_long_to_print_is_still_named() -> None:
    with pytest.raises(err.InvalidValueError) as caught:
        Agent(id=ANA, capacity=10**5_000)
    assert "Agent.capacity" in str(caught.value)


# --- commands -------------------------------------------------------------------------------------


def _agent_command(desk: Dispatcher, bad: Any) -> dict[str, Callable[[], object]]:
    return {
        "change_agent": lambda: desk.change_agent(bad, capacity=3, at=20),
        "remove_agent": lambda: desk.remove_agent(bad, at=20),
        "set_presence": lambda: desk.set_presence(bad, "away", at=20),
        "switch_channel": lambda: desk.switch_channel(bad, "chat", on=False, at=20),
        "add_member": lambda: desk.add_member(SALES, bad, at=20),
        "change_member": lambda: desk.change_member(MAIL, bad, Membership(), at=20),
        "remove_member": lambda: desk.remove_member(MAIL, bad, at=20),
        "assign": lambda: desk.assign(T2, bad, at=20),
        "take": lambda: desk.take(T2, bad, at=20),
        "transfer": lambda: desk.transfer(T2, to_agent=bad, at=20),
        "reply": lambda: desk.reply(T1, Author.AGENT, agent_id=bad, at=20),
        "agent": lambda: desk.agent(bad),
    }


def _queue_command(desk: Dispatcher, bad: Any) -> dict[str, Callable[[], object]]:
    return {
        "change_queue": lambda: desk.change_queue(bad, weight=3, at=20),
        "remove_queue": lambda: desk.remove_queue(bad, at=20),
        "move_to": lambda: desk.remove_queue(MAIL, move_to=bad, at=20),
        "add_member": lambda: desk.add_member(bad, ANA, at=20),
        "change_member": lambda: desk.change_member(bad, ANA, Membership(), at=20),
        "remove_member": lambda: desk.remove_member(bad, ANA, at=20),
        "transfer": lambda: desk.transfer(T2, to_queue=bad, at=20),
        "queue": lambda: desk.queue(bad),
        "waiting": lambda: desk.waiting(bad),
    }


def _ticket_command(desk: Dispatcher, bad: Any) -> dict[str, Callable[[], object]]:
    return {
        "assign": lambda: desk.assign(bad, ANA, at=20),
        "take": lambda: desk.take(bad, ANA, at=20),
        "transfer": lambda: desk.transfer(bad, to_queue=SALES, at=20),
        "release": lambda: desk.release(bad, at=20),
        "reply": lambda: desk.reply(bad, Author.REQUESTER, at=20),
        "hold": lambda: desk.hold(bad, at=20),
        "resume": lambda: desk.resume(bad, at=20),
        "change_priority": lambda: desk.change_priority(bad, TicketPriority.LOW, at=20),
        "resolve": lambda: desk.resolve(bad, at=20),
        "end_wrap_up": lambda: desk.end_wrap_up(bad, at=20),
        "close": lambda: desk.close(bad, at=20),
        "reopen": lambda: desk.reopen(bad, at=20),
        "abandon": lambda: desk.abandon(bad, at=20),
        "merge": lambda: desk.merge(bad, into=T1, at=20),
        "into": lambda: desk.merge(T1, into=bad, at=20),
        "rate": lambda: desk.rate(bad, 5, at=20),
        "ticket": lambda: desk.ticket(bad),
        "explain": lambda: desk.explain(bad),
    }


UNKNOWN = ["nobody", LONG, 5, ["ana"], {}]


def _refused(command: Callable[[], object], desk: Dispatcher) -> Exception:
    before = desk.snapshot()
    with pytest.raises((err.TicketRouteError, err.InvalidValueError)) as caught:
        command()
    assert desk.snapshot() == before
    assert isinstance(caught.value, Exception)
    return caught.value


@pytest.mark.parametrize("bad", UNKNOWN, ids=_named)
@pytest.mark.parametrize("name", _agent_command(Dispatcher(), ""))
def test_an_unknown_agent_is_refused_everywhere(name: str, bad: object) -> None:
    desk = _desk()
    fault = _refused(_agent_command(desk, bad)[name], desk)
    _is_clear(fault)
    if isinstance(bad, str) and bad != LONG:
        assert isinstance(fault, err.UnknownAgentError)
        assert fault.id == bad
        _is_clear(fault, "'nobody'", "add the agent first")


@pytest.mark.parametrize("bad", UNKNOWN, ids=_named)
@pytest.mark.parametrize("name", _queue_command(Dispatcher(), ""))
def test_an_unknown_queue_is_refused_everywhere(name: str, bad: object) -> None:
    desk = _desk()
    fault = _refused(_queue_command(desk, bad)[name], desk)
    _is_clear(fault)
    if isinstance(bad, str) and bad != LONG:
        assert isinstance(fault, err.UnknownQueueError)
        assert fault.id == bad
        _is_clear(fault, "'nobody'", "add the queue first")


@pytest.mark.parametrize("bad", UNKNOWN, ids=_named)
@pytest.mark.parametrize("name", _ticket_command(Dispatcher(), ""))
def test_an_unknown_ticket_is_refused_everywhere(name: str, bad: object) -> None:
    desk = _desk()
    fault = _refused(_ticket_command(desk, bad)[name], desk)
    _is_clear(fault)
    if isinstance(bad, str) and bad != LONG:
        assert isinstance(fault, err.UnknownTicketError)
        assert fault.id == bad
        _is_clear(fault, "'nobody'", "submit it first")


def test_double_ids_are_refused() -> None:
    desk = _desk()
    agent = _refused(lambda: desk.add_agent(Agent(id=ANA), at=20), desk)
    queue = _refused(lambda: desk.add_queue(Queue(id=MAIL), at=20), desk)
    ticket = _refused(lambda: desk.submit(Ticket(id=T1, queue=SALES), at=20), desk)
    assert isinstance(agent, err.DuplicateAgentError)
    assert isinstance(queue, err.DuplicateQueueError)
    assert isinstance(ticket, err.DuplicateTicketError)
    assert (agent.id, queue.id, ticket.id) == ("ana", "mail", "t1")
    _is_clear(agent, "'ana'", "change_agent")
    _is_clear(queue, "'mail'", "change_queue")
    _is_clear(ticket, "'t1'")


def test_members_who_are_not_on_the_desk_are_refused() -> None:
    desk = _desk()
    stranger = AgentId("zoe")
    for command in (
        lambda: desk.add_queue(Queue(id=QueueId("new"), members=[ANA, stranger]), at=20),
        lambda: desk.change_queue(MAIL, members=[stranger], at=20),
    ):
        fault = _refused(command, desk)
        assert isinstance(fault, err.UnknownAgentError)
        assert fault.id == "zoe"


def test_a_strategy_that_does_not_exist_names_the_nearest_first() -> None:
    desk = _desk()
    fault = _refused(lambda: desk.change_queue(MAIL, strategy="roundrobin", at=20), desk)
    assert isinstance(fault, err.UnknownStrategyError)
    assert (fault.name, fault.nearest) == ("roundrobin", "round_robin")
    _is_clear(fault, "did you mean 'round_robin'", "average_load")


@pytest.mark.parametrize(
    "strategy",
    [
        "fewest_taken(window=0)",
        "fewest_taken(window=x)",
        "fewest_taken(windows=5)",
        "priority(then=5)",
        "average_load(x=1)",
        "average_load(",
        "",
        LONG,
        5,
        None,
        NAN,
        StrategySpec("fewest_taken", {"window": "no_number"}),
        "priority(then=priority(then=nothing))",
    ],
)
def test_a_bad_option_of_a_strategy_is_refused(strategy: Any) -> None:
    desk = _desk()
    _is_clear(_refused(lambda: desk.change_queue(MAIL, strategy=strategy, at=20), desk))
    _is_clear(
        _refused(lambda: desk.add_queue(Queue(id=QueueId("n"), strategy=strategy), at=20), desk)
    )


@pytest.mark.parametrize("strategy", ["random", "weighted_random", "power_of_two"])
def test_a_strategy_that_draws_needs_a_random_source_and_says_so_before_it_is_too_late(
    strategy: str,
) -> None:
    desk = _desk()
    fault = _refused(lambda: desk.change_queue(MAIL, strategy=strategy, at=20), desk)
    _is_clear(fault, "random")


@pytest.mark.parametrize(
    "changes",
    [
        {"nothing": 1},
        {"id": "other"},
        {"capacity": 0},
        {"capacity": True},
        {"priority": 101},
        {"skills": {"x": 11}},
        {"channels": "chat"},
        {"channels": 5},
        {"rate_limit": 5},
        {"name": LONG},
        {"capacity": 5, "priority": 0},
    ],
)
def test_a_bad_change_of_an_agent_is_refused(changes: dict[str, Any]) -> None:
    desk = _desk()
    fault = _refused(lambda: desk.change_agent(ANA, at=20, **changes), desk)
    assert isinstance(fault, err.InvalidValueError)
    _is_clear(fault)


@pytest.mark.parametrize(
    "changes",
    [
        {"nothing": 1},
        {"id": "other"},
        {"members": "ana"},
        {"members": 5},
        {"members": None},
        {"members": {"ana": None}},
        {"weight": 0},
        {"weight": 1001},
        {"wrap_up": -1},
        {"delivery": "Assign"},
        {"order": "fifo"},
        {"departure": "stay"},
        {"resume": None},
        {"parked_counts": 1},
        {"limit_per_agent": -1},
        {"members": [], "weight": 0},
    ],
)
def test_a_bad_change_of_a_queue_is_refused(changes: dict[str, Any]) -> None:
    desk = _desk()
    fault = _refused(lambda: desk.change_queue(MAIL, at=20, **changes), desk)
    assert isinstance(fault, err.InvalidValueError)
    _is_clear(fault)


@pytest.mark.parametrize(
    "command",
    [
        lambda d, x: d.add_agent(x, at=20),
        lambda d, x: d.add_queue(x, at=20),
        lambda d, x: d.submit(x, at=20),
        lambda d, x: d.submit_many([x], at=20),
        lambda d, x: d.submit_many(x, at=20),
        lambda d, x: d.preview(x, at=20),
        lambda d, x: d.change_defaults(x, at=20),
        lambda d, x: d.add_member(SALES, ANA, x, at=20),
        lambda d, x: d.change_member(MAIL, ANA, x, at=20),
        lambda d, x: d.reply(T1, x, at=20),
        lambda d, x: d.hold(T1, x, at=20),
        lambda d, x: d.change_priority(T1, x, at=20),
        lambda d, x: d.rate(T1, x, at=20),
        lambda d, x: d.switch_channel(ANA, "chat", on=x, at=20),
        lambda d, x: d.switch_channel(ANA, x, on=False, at=20),
        lambda d, x: d.set_presence(ANA, x, at=20),
        lambda d, x: d.set_presence(ANA, "away", reason=x, at=20),
        lambda d, x: d.resolve(T1, at=20, by=x),
        lambda d, x: d.preview(Ticket(id=TicketId("t9"), queue=MAIL), at=20, by=x),
        lambda d, x: d.resolve(T1, at=20, expected_version=x),
        lambda d, x: d.assign(T2, ANA, at=20, force=x),
        lambda d, x: d.transfer(T2, to_queue=SALES, at=20, fresh_place=x),
    ],
    ids=[
        "agent",
        "queue",
        "ticket",
        "tickets",
        "batch",
        "preview",
        "defaults",
        "membership",
        "terms",
        "author",
        "hold status",
        "priority",
        "score",
        "on",
        "channel",
        "presence",
        "reason",
        "by",
        "by of preview",
        "expected_version",
        "force",
        "fresh_place",
    ],
)
@pytest.mark.parametrize("wrong", [5.5, NAN, ["x"], {"x": 1}, b"x", object()], ids=_named)
def test_an_argument_of_a_wrong_type_is_refused(
    command: Callable[[Dispatcher, Any], object], wrong: object
) -> None:
    desk = _desk()
    fault = _refused(lambda: command(desk, wrong), desk)
    assert len(str(fault)) < 600


@pytest.mark.parametrize("score", [-1, 101, True, 5.0])
def test_a_score_outside_0_to_100_is_refused(score: Any) -> None:
    desk = _desk()
    fault = _refused(lambda: desk.rate(T1, score, at=20), desk)
    assert isinstance(fault, err.InvalidValueError)
    _is_clear(fault, "score")


def test_a_version_is_a_whole_number_and_no_bool() -> None:
    desk = DeskBesideReference()
    desk.add_queue(Queue(id=MAIL), at=0)
    desk.submit(Ticket(id=T1, queue=MAIL), at=1)
    assert desk.ticket(T1).version == 1
    for expected in (True, 1.0):
        fault = _refused(
            lambda e=expected: desk.resolve(T1, at=2, expected_version=e),  # type: ignore[misc]
            desk,
        )
        assert isinstance(fault, err.InvalidValueError)


# --- time -----------------------------------------------------------------------------------------


def test_time_running_backwards_names_both_instants() -> None:
    desk = _desk()
    fault = _refused(lambda: desk.submit(Ticket(id=TicketId("t3"), queue=MAIL), at=9), desk)
    assert isinstance(fault, err.TimeBackwardsError)
    assert (fault.at, fault.last) == (9, 10)
    _is_clear(fault, "at=9", "1 ms before", "10", "in the order of their instants")


def test_an_instant_before_that_of_a_command_without_events_is_refused_too() -> None:
    desk = _desk()
    assert desk.advance(at=100) == ()
    with pytest.raises(err.TimeBackwardsError):
        desk.advance(at=50)
    with pytest.raises(err.TimeBackwardsError):
        desk.submit(Ticket(id=TicketId("t3"), queue=MAIL), at=99)


def test_a_refused_command_does_not_let_time_pass() -> None:
    desk = _desk()
    with pytest.raises(err.UnknownTicketError):
        desk.resolve(TicketId("nothing"), at=1_000)
    desk.resolve(T1, at=11)
    assert desk.now == 11


@pytest.mark.parametrize("at", [*WRONG_NUMBERS, datetime(2026, 1, 1, tzinfo=UTC)], ids=_named)
def test_what_is_no_instant_is_refused_by_every_command(at: Any) -> None:
    desk = _desk()
    for command in _commands_at(desk, at):
        fault = _refused(command, desk)
        assert isinstance(fault, err.InvalidValueError)
        assert fault.thing == "at"
        _is_clear(fault, "at is")


@pytest.mark.parametrize("at", [0, 9])
def test_every_command_refuses_the_past(at: int) -> None:
    desk = _desk()
    for command in _commands_at(desk, at):
        assert isinstance(_refused(command, desk), err.TimeBackwardsError)


def _commands_at(desk: Dispatcher, at: Any) -> list[Callable[[], object]]:
    """Every command, right but for its instant."""
    new = Ticket(id=TicketId("new"), queue=MAIL)
    return [
        lambda: desk.advance(at=at),
        lambda: desk.change_defaults(Defaults(grace=1), at=at),
        lambda: desk.add_queue(Queue(id=QueueId("new")), at=at),
        lambda: desk.change_queue(MAIL, weight=7, at=at),
        lambda: desk.remove_queue(SALES, at=at),
        lambda: desk.add_agent(Agent(id=AgentId("new")), at=at),
        lambda: desk.change_agent(ANA, capacity=7, at=at),
        lambda: desk.remove_agent(ANA, at=at),
        lambda: desk.set_presence(ANA, "away", at=at),
        lambda: desk.switch_channel(ANA, "chat", on=False, at=at),
        lambda: desk.add_member(SALES, ANA, at=at),
        lambda: desk.change_member(MAIL, ANA, Membership(limit=9), at=at),
        lambda: desk.remove_member(MAIL, ANA, at=at),
        lambda: desk.submit(new, at=at),
        lambda: desk.submit_many([new], at=at),
        lambda: desk.submit_many([], at=at),
        lambda: desk.preview(new, at=at),
        lambda: desk.assign(T2, BEN, force=True, at=at),
        lambda: desk.take(T1, ANA, at=at),
        lambda: desk.transfer(T2, to_queue=SALES, at=at),
        lambda: desk.release(T1, at=at),
        lambda: desk.reply(T1, Author.AGENT, at=at),
        lambda: desk.hold(T1, at=at),
        lambda: desk.change_priority(T1, TicketPriority.LOW, at=at),
        lambda: desk.resolve(T1, at=at),
        lambda: desk.abandon(T2, at=at),
        lambda: desk.merge(T2, into=T1, at=at),
        lambda: desk.rate(T1, 5, at=at),
        lambda: desk.end_wrap_up(T1, at=at),
    ]


def test_a_ticket_that_arrived_in_the_future_is_refused() -> None:
    desk = _desk()
    late = Ticket(id=TicketId("t3"), queue=MAIL, arrived=21)
    fault = _refused(lambda: desk.submit(late, at=20), desk)
    _is_clear(fault, "Ticket.arrived is 21", "no later than at=20")


def test_the_last_instant_there_is_can_be_lived_through() -> None:
    last = 253_402_300_799_999
    desk = DeskBesideReference()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=last)
    desk.add_queue(Queue(id=MAIL, members=[ANA], wrap_up=1_000), at=last)
    desk.submit(Ticket(id=T1, queue=MAIL), at=last)
    desk.resolve(T1, at=last)
    desk.submit(Ticket(id=T2, queue=MAIL), at=last)
    assert "t2" in str(desk.explain(T2))


# --- what is no error, but an event ---------------------------------------------------------------


def _reason(events: tuple[Event, ...]) -> WaitReason | None:
    last = events[-1]
    assert isinstance(last, ev.TicketQueued)
    return last.reason


def test_a_queue_without_members_takes_tickets_and_says_so() -> None:
    desk = DeskBesideReference()
    desk.add_queue(Queue(id=MAIL), at=0)
    assert _reason(desk.submit(Ticket(id=T1, queue=MAIL), at=1)) is WaitReason.NO_MEMBERS
    assert desk.ticket(T1).state is RoutingState.WAITING
    assert desk.explain(T1).others == ()


@pytest.mark.parametrize(
    "asks",
    [
        {"skills": {"klingon": 1}},
        {"skills": {"french": 6}},
        {"weight": 3},
        {"channel": "pigeon"},
    ],
)
def test_a_ticket_that_nobody_can_ever_serve_is_accepted_and_the_event_says_so(
    asks: dict[str, Any],
) -> None:
    desk = DeskBesideReference()
    agent = Agent(id=ANA, capacity=2, skills={"french": 5}, channels=["email"])
    desk.add_agent(agent, presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    events = desk.submit(Ticket(id=T1, queue=MAIL, **asks), at=1)
    assert _reason(events) is WaitReason.NOBODY_FITS
    assert desk.waiting(MAIL) == ("t1",)
    desk.submit(Ticket(id=T2, queue=MAIL), at=2)
    assert desk.ticket(T2).agent_id == "ana"


# --- any desk, any nonsense -----------------------------------------------------------------------

AGENTS = ("ana", "ben", "cleo")
QUEUES = ("mail", "sales", "pull")
GOOD = 1_000_000  # every step of the history lies before

nonsense = st.one_of(
    st.sampled_from([*WRONG_NUMBERS, *WRONG_IDS, {}, (), object, NAN, LONG, b"", 2**63]),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
)
some_agent = st.sampled_from(AGENTS)
some_queue = st.sampled_from(QUEUES)
some_ticket = st.integers(0, 7).map(lambda number: f"t{number}")

Step = tuple[str, tuple[Any, ...]]
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("submit"),
            st.tuples(some_ticket, some_queue, st.integers(1, 2), st.booleans()),
        ),
        st.tuples(
            st.sampled_from(["hold", "resume", "resolve", "reopen", "release", "close", "abandon"]),
            st.tuples(some_ticket),
        ),
        st.tuples(st.just("merge"), st.tuples(some_ticket, some_ticket)),
        st.tuples(st.just("take"), st.tuples(st.none() | some_ticket, some_agent)),
        st.tuples(st.just("reply"), st.tuples(some_ticket, st.sampled_from(Author))),
        st.tuples(st.just("renew"), st.tuples(some_queue)),
        st.tuples(
            st.just("set_presence"),
            st.tuples(some_agent, st.sampled_from(["available", "away", "offline"])),
        ),
    ),
    max_size=25,
)


def _small_desk(history: list[Step]) -> tuple[Dispatcher, list[Event]]:
    """Return a desk that lived through what of a history makes sense, and its events."""
    desk = DeskBesideReference()
    events: list[Event] = []
    for name in AGENTS:
        agent = Agent(id=AgentId(name), capacity=2, skills={} if name == "ana" else {"x": 5})
        events += desk.add_agent(agent, presence="available", at=0)
    for name in QUEUES:
        queue = Queue(
            id=QueueId(name),
            members=[AgentId(agent) for agent in AGENTS[:2]],
            wrap_up=3 if name == "mail" else 0,
            delivery=Delivery.PULL if name == "pull" else Delivery.ASSIGN,
            strategy="round_robin" if name == "sales" else "average_load",
        )
        events += desk.add_queue(queue, at=0)
    for at, (word, words) in enumerate(history, start=1):
        before = desk.snapshot()
        due = desk.next_deadline()
        try:
            events += _step(desk, word, words, at)
        except err.TicketRouteError:
            if due is None or due > at:
                assert desk.snapshot() == before
        except err.InvalidValueError:  # merged into itself
            assert word == "merge"
    events += desk.advance(at=GOOD)
    return desk, events


def _step(desk: Dispatcher, word: str, words: tuple[Any, ...], at: int) -> tuple[Event, ...]:
    match word, words:
        case "submit", (name, queue, weight, skilled):
            skills = {"x": 3} if skilled else {}
            ticket = Ticket(id=name, queue=queue, weight=weight, skills=skills)
            return desk.submit(ticket, at=at)
        case "merge", (name, into):
            return desk.merge(name, into=into, at=at)
        case "renew", (name,):
            queue = evolve(desk.queue(name), id=QueueId("other"))
            desk_events: tuple[Event, ...] = desk.add_queue(queue, at=at)
            desk_events += desk.remove_queue(name, move_to=queue.id, at=at)
            desk_events += desk.add_queue(evolve(queue, id=name), at=at)
            return desk_events + desk.remove_queue(queue.id, move_to=name, at=at)
        case _:
            command: Callable[..., tuple[Event, ...]] = getattr(desk, word)
            return command(*words, at=at)


def _bad_calls(
    desk: Dispatcher, bad: Any, agent: Any, queue: Any, ticket: Any
) -> list[Callable[[], object]]:
    """Calls with one bad argument each; what ``bad`` happens to be good for is no matter."""
    at = GOOD
    return [
        *(run for name, run in _agent_command(desk, bad).items()),
        *(run for name, run in _queue_command(desk, bad).items()),
        *(run for name, run in _ticket_command(desk, bad).items()),
        *_commands_at(desk, bad),
        *_commands_at(desk, GOOD - 1),
        lambda: desk.add_agent(Agent(id=agent), at=at),
        lambda: desk.add_queue(Queue(id=queue), at=at),
        lambda: desk.add_queue(Queue(id=QueueId("new"), members=[AgentId("zoe")]), at=at),
        lambda: desk.do(ChangeAgent(agent, {"nothing": bad}), at=at),
        lambda: desk.do(ChangeQueue(queue, {"nothing": bad}), at=at),
        lambda: desk.change_agent(agent, at=at, capacity=0, priority=bad),
        lambda: desk.change_queue(queue, at=at, members=[AgentId("zoe")], weight=7),
        lambda: desk.change_queue(queue, at=at, weight=0, members=[]),
        lambda: desk.change_queue(queue, at=at, strategy="nope", members=[]),
        lambda: desk.change_queue(queue, at=at, strategy="fewest_taken(window=0)", members=[]),
        lambda: desk.remove_queue(queue, move_to=queue, at=at),
        lambda: desk.submit(Ticket(id=TicketId("new"), queue=QueueId("nowhere")), at=at),
        lambda: desk.submit(Ticket(id=TicketId("new")), at=at),
        lambda: (
            desk.submit(Ticket(id=ticket, queue=queue, requester="another"), at=at)
            if ticket in {each.id for each in desk.tickets()}
            else desk.ticket(TicketId("nothing"))
        ),
        lambda: desk.submit_many(
            [Ticket(id=TicketId("new"), queue=queue), Ticket(id=TicketId("new"))], at=at
        ),
        lambda: desk.merge(ticket, into=ticket, at=at),
        lambda: desk.transfer(ticket, at=at),
        lambda: desk.resolve(ticket, at=at, expected_version=10**6),
        lambda: desk.hold(ticket, "pended", at=at),
        lambda: desk.reply(ticket, "agents", at=at),
        lambda: desk.change_priority(ticket, 1, at=at),  # type: ignore[arg-type]
        lambda: desk.change_defaults(Defaults(queue=QueueId("nowhere")), at=at),
        lambda: desk.advance(at=GOOD - 1),
    ]


ALLOWED = (err.TicketRouteError, err.InvalidValueError)


@given(steps, nonsense, some_agent, some_queue, some_ticket)
def test_whatever_is_refused_has_changed_nothing_and_the_desk_works_on(
    history: list[Step], bad: Any, agent: Any, queue: Any, ticket: Any
) -> None:
    desk, events = _small_desk(history)
    known = {*AGENTS, *QUEUES, *(each.id for each in desk.tickets())}
    if isinstance(bad, str) and bad in known:
        bad = "nobody"
    if type(bad) is int and bad >= GOOD:  # an instant like any other
        bad = -bad
    before, now, deadline = desk.snapshot(), desk.now, desk.next_deadline()
    for call in _bad_calls(desk, bad, agent, queue, ticket):
        with pytest.raises(ALLOWED) as caught:
            call()
        assert len(str(caught.value)) < 600
        assert desk.snapshot() == before
        assert (desk.now, desk.next_deadline()) == (now, deadline)

    for name in AGENTS:
        events += desk.change_agent(AgentId(name), capacity=50, at=GOOD)
        events += desk.set_presence(AgentId(name), "available", at=GOOD)
    events += desk.submit(Ticket(id=TicketId("last"), queue=MAIL), at=GOOD)
    assert desk.ticket(TicketId("last")).state is RoutingState.ASSIGNED
    assert Dispatcher.replay(events).same_state(desk)
