"""Every error message of the model values, word for word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from ticketroute import Agent, Defaults, OfferPolicy, Presence, Queue, Reach, Relaxation, Ticket
from ticketroute.errors import InvalidValueError, shown
from ticketroute.model import AgentId, ContactPoint, QueueId, StrategySpec, TicketId
from ticketroute.model.frozen import FrozenMapping, read_only
from ticketroute.model.instants import EPOCH, LAST_INSTANT, datetime_of, instant_of, span_of

LONG = "x" * 79  # the part of a long text that a message repeats

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  what is refused


# Ends of messages that several cases share.
INSTANT = "it must be an instant in whole milliseconds UTC; instant_of() converts a datetime"
MAPPING = "it must be a mapping of names to values"
SKILLS = "it must be a mapping of each skill to its level, such as {'french': 3}"
PRINTABLE = "it must be printable characters with no blank at either end"
PRIORITY = "it must be a TicketPriority, or one of 'urgent', 'high', 'normal', 'low'"
SEVERAL = "it must be several values, such as a list"
STRATEGY = "it must be a strategy's name, such as round_robin or priority(then=round_robin)"
WHOLE = "it must be whole milliseconds from 0 to 253402300799999, the end of 9999"
YEARS = "it must be an instant from 0 to 253402300799999 milliseconds"

# Called the way a host without a type checker would.
policy: Any = OfferPolicy
defaults: Any = Defaults
reach: Any = Reach
spec: Any = StrategySpec


def agent(**facts: Any) -> Agent:
    return Agent(**({"id": AgentId("ana")} | facts))


def queue(**facts: Any) -> Queue:
    return Queue(**({"id": QueueId("mail")} | facts))


def ticket(**facts: Any) -> Ticket:
    return Ticket(**({"id": TicketId("t1")} | facts))


def step(**facts: Any) -> Relaxation:
    return Relaxation(**({"after": 0} | facts))


def nonsense(value: object) -> Any:
    return value


def nested(depth: int) -> str:
    """Return the text of a strategy that is nested ``depth`` levels deep."""
    return "a(b=" * (depth - 1) + "a" + ")" * (depth - 1)


class Unread(Mapping[Any, Any]):
    def __getitem__(self, key: object) -> object:
        raise ValueError("the file is closed")

    def __iter__(self) -> Iterator[object]:
        return iter("a")

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "Unread()"


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words for it")


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("Agent.id is 5; it must be a string", lambda: agent(id=5)),
    ("Agent.id is ''; it must be 1 to 200 characters long", lambda: agent(id="")),
    (
        f"Agent.id is '{LONG}... (201 characters); it must be 1 to 200 characters long",
        lambda: agent(id="x" * 201),
    ),
    (f"Agent.id is 'a\\nb'; {PRINTABLE}", lambda: agent(id="a\nb")),
    (f"Agent.id is ' ana'; {PRINTABLE}", lambda: agent(id=" ana")),
    (f"Agent.id is 'ana '; {PRINTABLE}", lambda: agent(id="ana ")),
    (
        "Agent.id is something of type Mute that cannot be shown; it must be a string",
        lambda: agent(id=Mute()),
    ),
    ("Agent.name is 5; it must be a string", lambda: agent(name=5)),
    (
        f"Agent.name is '{LONG}... (1001 characters); it must be at most 1000 characters long",
        lambda: agent(name="x" * 1_001),
    ),
    (
        "Agent.name is 'a\\ud800'; it must be text without lone surrogates",
        lambda: agent(name="a\ud800"),
    ),
    (
        "Agent.name is '\\udfff'; it must be text without lone surrogates",
        lambda: agent(name="\udfff"),
    ),
    (f"Agent.channels is 'chat'; {SEVERAL}", lambda: agent(channels="chat")),
    (f"Agent.channels is b'chat'; {SEVERAL}", lambda: agent(channels=b"chat")),
    (f"Agent.channels is 5; {SEVERAL}", lambda: agent(channels=5)),
    (f"Agent.channels is [['chat']]; {SEVERAL}", lambda: agent(channels=[["chat"]])),
    ("a channel in Agent.channels is 5; it must be a string", lambda: agent(channels=[5])),
    ("Agent.channels['chat'] is 5; it must be a ChannelLimit", lambda: agent(channels={"chat": 5})),
    (f"Agent.channels is Unread(); {MAPPING}", lambda: agent(channels=Unread())),
    (f"Agent.skills is ['french']; {SKILLS}", lambda: agent(skills=["french"])),
    ("a skill in Agent.skills is 5; it must be a string", lambda: agent(skills={5: 1})),
    ("Agent.rate_limit is 5; it must be of type RateLimit", lambda: agent(rate_limit=5)),
    (f"Agent.contact_points is 'desk'; {SEVERAL}", lambda: agent(contact_points="desk")),
    (
        "a device in Agent.contact_points is 'desk'; it must be a ContactPoint",
        lambda: agent(contact_points=["desk"]),
    ),
    ("Agent.shift is 5; it must be a string", lambda: agent(shift=5)),
    ("presence is 5; it must be a Presence, or a word for one", lambda: Presence.of(nonsense(5))),
    ("ContactPoint.name is ''; it must be 1 to 200 characters long", lambda: ContactPoint("", 1)),
    ("OfferPolicy.refill is 1; it must be True or False", lambda: policy(refill=1)),
    (f"OfferPolicy.cool_down is ['busy']; {MAPPING}", lambda: policy(cool_down=["busy"])),
    (
        "a reason in OfferPolicy.cool_down is ''; it must be 1 to 200 characters long",
        lambda: policy(cool_down={"": 1}),
    ),
    ("Queue.id is 5; it must be a string", lambda: queue(id=5)),
    ("strategy is 5; it must be a string", lambda: queue(strategy=5)),
    (f"Queue.members is 'ana'; {SEVERAL}", lambda: queue(members="ana")),
    (f"Queue.members is 5; {SEVERAL}", lambda: queue(members=5)),
    ("an agent in Queue.members is 5; it must be a string", lambda: queue(members={5: 5})),
    (f"Queue.members is Unread(); {MAPPING}", lambda: queue(members=Unread())),
    ("Queue.members['ana'] is 5; it must be a Membership", lambda: queue(members={"ana": 5})),
    (
        ("Queue.delivery is 'Offer'; it must be a Delivery, or one of 'assign', 'offer', 'pull'"),
        lambda: queue(delivery="Offer"),
    ),
    (
        (
            "Queue.order is 'fifo'; it must be a LineOrder, or one of 'priority_then_age', "
            "'earliest_deadline', 'lifo'"
        ),
        lambda: queue(order="fifo"),
    ),
    (
        ("Queue.departure is 'stay'; it must be a Departure, or one of 'keep', 'requeue'"),
        lambda: queue(departure="stay"),
    ),
    (
        ("Queue.resume is 'loose'; it must be a ResumeRule, or one of 'strict', 'sticky'"),
        lambda: queue(resume="loose"),
    ),
    ("Queue.parked_counts is 1; it must be True or False", lambda: queue(parked_counts=1)),
    ("Queue.offer is 5; it must be of type OfferPolicy", lambda: queue(offer=5)),
    ("Queue.reach is 5; it must be of type Reach", lambda: queue(reach=5)),
    ("Queue.keep_agent is 1; it must be True or False", lambda: queue(keep_agent=1)),
    ("Queue.calendar is 5; it must be a string", lambda: queue(calendar=5)),
    ("Queue.sla is 5; it must be a string", lambda: queue(sla=5)),
    ("Queue.name is 5; it must be a string", lambda: queue(name=5)),
    ("Defaults.rate_limit is 5; it must be of type RateLimit", lambda: defaults(rate_limit=5)),
    ("Defaults.queue is 5; it must be a string", lambda: defaults(queue=5)),
    ("Reach is (9, 3); it must be least first, greatest second", lambda: reach(9, 3)),
    (f"Relaxation.lower is ['french']; {MAPPING}", lambda: step(lower=["french"])),
    (
        "a skill in Relaxation.lower is ''; it must be 1 to 200 characters long",
        lambda: step(lower={"": 1}),
    ),
    (f"Relaxation.drop is 'french'; {SEVERAL}", lambda: step(drop="french")),
    ("a skill in Relaxation.drop is 5; it must be a string", lambda: step(drop=["french", 5])),
    ("Relaxation.reach is 5; it must be of type Reach", lambda: step(reach=5)),
    ("Relaxation.add_queue is 5; it must be a string", lambda: step(add_queue=5)),
    ("Relaxation.move_to is 5; it must be a string", lambda: step(move_to=5)),
    (
        "Relaxation is ('mail', 'sales'); it must be given add_queue or move_to, not both",
        lambda: step(add_queue="mail", move_to="sales"),
    ),
    (f"Relaxation.priority is 1; {PRIORITY}", lambda: step(priority=1)),
    ("Relaxation.skip_wait is 1; it must be True or False", lambda: step(skip_wait=1)),
    (f"Queue.relaxations is 5; {SEVERAL}", lambda: queue(relaxations=5)),
    (
        "an item of Queue.relaxations is 5; it must be a Relaxation",
        lambda: queue(relaxations=[step(), 5]),
    ),
    (
        "the number of relaxations in Queue.relaxations is 101; it must be at most 100",
        lambda: queue(relaxations=[step(after=each) for each in range(101)]),
    ),
    (
        (
            "Queue.relaxations is [7, 7]; it must be in order: each relaxation after a longer "
            "wait than the one before it"
        ),
        lambda: queue(relaxations=[step(after=7), step(after=7)]),
    ),
    ("Ticket.id is 5; it must be a string", lambda: ticket(id=5)),
    ("Ticket.queue is 5; it must be a string", lambda: ticket(queue=5)),
    ("Ticket.channel is 5; it must be a string", lambda: ticket(channel=5)),
    (f"Ticket.priority is 5; {PRIORITY}", lambda: ticket(priority=5)),
    (f"Ticket.skills is ['french']; {SKILLS}", lambda: ticket(skills=["french"])),
    ("a skill in Ticket.skills is 5; it must be a string", lambda: ticket(skills={5: 1})),
    (f"Ticket.tags is 'vip'; {SEVERAL}", lambda: ticket(tags="vip")),
    ("a tag in Ticket.tags is 5; it must be a string", lambda: ticket(tags=["vip", 5])),
    (f"Ticket.attributes is ['subject']; {MAPPING}", lambda: ticket(attributes=["subject"])),
    (
        "a name in Ticket.attributes is 5; it must be a string",
        lambda: ticket(attributes={5: "hello"}),
    ),
    (
        "Ticket.attributes['subject'] is 5; it must be a string",
        lambda: ticket(attributes={"subject": 5}),
    ),
    ("Ticket.requester is 5; it must be a string", lambda: ticket(requester=5)),
    ("Ticket.prefer is 5; it must be a string", lambda: ticket(prefer=5)),
    (f"Ticket.arrived is 'noon'; {INSTANT}", lambda: ticket(arrived="noon")),
    (f"Ticket.arrived is -1; {YEARS}", lambda: ticket(arrived=-1)),
    (f"Ticket.due is True; {INSTANT}", lambda: ticket(due=True)),
    (f"Ticket.due is 253402300800000; {YEARS}", lambda: ticket(due=LAST_INSTANT + 1)),
    ("StrategySpec.name is 5; it must be a string", lambda: spec(5)),
    (
        (
            "StrategySpec.name is 'Random'; it must be lower case letters, digits and _, beginning "
            "with a letter"
        ),
        lambda: spec("Random"),
    ),
    (f"StrategySpec.options is ['window']; {MAPPING}", lambda: spec("random", ["window"])),
    ("an option in StrategySpec.options is 5; it must be a string", lambda: spec("random", {5: 5})),
    (
        "StrategySpec.options['b'] is 'a(b=a(b=a(b=a)))'; it must be at most 3 deep",
        lambda: spec("a", {"b": StrategySpec.of(nested(4))}),
    ),
    (
        f"strategy is '{LONG}... (201 characters); it must be at most 200 characters long",
        lambda: StrategySpec.of("x" * 201),
    ),
    (f"strategy is ' '; {STRATEGY}", lambda: StrategySpec.of(" ")),
    (
        (
            "StrategySpec.name is 'X'; it must be lower case letters, digits and _, beginning with "
            "a letter"
        ),
        lambda: StrategySpec.of("X"),
    ),
    (f"strategy is 'a(b=a(b=a(b=a(b=a))))'; {STRATEGY}", lambda: StrategySpec.of(nested(5))),
    (f"strategy is 'priority(then'; {STRATEGY}", lambda: StrategySpec.of("priority(then")),
    ("span is 5; it must be a timedelta", lambda: span_of(nonsense(5))),
    ("moment is 5; it must be an aware datetime", lambda: instant_of(nonsense(5))),
    (
        (
            "moment is '2026-01-01T00:00:00'; it must be an aware datetime: give it a tzinfo, such "
            "as UTC"
        ),
        lambda: instant_of(NAIVE),
    ),
    (
        "moment is '1969-12-31T23:59:59.999999+00:00'; it must be 1970-01-01T00:00Z or later",
        lambda: instant_of(EPOCH - timedelta(microseconds=1)),
    ),
    (f"instant is 'noon'; {WHOLE}", lambda: datetime_of(nonsense("noon"))),
    (f"instant is -1; {WHOLE}", lambda: datetime_of(-1)),
    (f"instant is 253402300800000; {WHOLE}", lambda: datetime_of(LAST_INSTANT + 1)),
    (f"mapping is 5; {MAPPING}", lambda: read_only(nonsense(5))),
]


@pytest.mark.parametrize(
    ("text", "wrong"), REFUSED, ids=[text.partition(" is ")[0] for text, _ in REFUSED]
)
def test_an_invalid_value_is_refused_with_this_message(
    text: str, wrong: Callable[[], object]
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        wrong()
    fault = caught.value
    assert str(fault) == text
    assert text == f"{fault.thing} is {shown(fault.value)}; it must be {fault.allowed}"


def test_a_frozen_mapping_says_what_to_do_instead() -> None:
    with pytest.raises(TypeError) as caught:
        FrozenMapping({"a": 1})["a"] = 2
    assert str(caught.value) == (
        "this mapping is part of a frozen value; make a new value with evolve()"
    )
