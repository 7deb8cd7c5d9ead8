"""Values are frozen, refuse invalid fields, and can be compared, hashed, copied and pickled."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from typing import Any

import pytest
from attrs import evolve, fields
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    ChannelLimit,
    Defaults,
    Delivery,
    Membership,
    OfferPolicy,
    Presence,
    Queue,
    RateLimit,
    Reach,
    Relaxation,
    Ticket,
    TicketPriority,
)
from ticketroute.errors import InvalidValueError
from ticketroute.model import (
    Aged,
    AgentId,
    ContactPoint,
    Departure,
    EarliestDeadline,
    Lifo,
    PriorityThenAge,
    QueueId,
    Reason,
    ResumeRule,
    StrategySpec,
    TicketId,
)
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.line_order import LineOrder

ANA, MAIL, T1 = AgentId("ana"), QueueId("mail"), TicketId("t1")

VALUES: list[Any] = [
    Agent(id=ANA),
    Agent(
        id=ANA,
        capacity=3,
        priority=1,
        channels={"chat": ChannelLimit(cost=2, most=0)},
        skills={"french": 10, "law": 1},
        rate_limit=RateLimit(3, 1_000),
        name="Ana Ñ",
        contact_points=[ContactPoint("desk", 20_000), ContactPoint("mobile", 30_000)],
    ),
    ChannelLimit(),
    RateLimit(1, 1),
    Membership(priority=100, limit=0, weight=100),
    Queue(id=MAIL),
    Queue(
        id=MAIL,
        strategy="priority(then=fewest_taken(window=5))",
        members={ANA: Membership(limit=2)},
        delivery=Delivery.PULL,
        order=Aged(per_level=7),
        weight=1_000,
        wrap_up=5,
        limit_per_agent=0,
        departure=Departure.REQUEUE,
        resume=ResumeRule.STICKY,
        parked_counts=True,
        offer=OfferPolicy(parallel=3, cool_down={"busy": 60_000}),
        reach=Reach(1, 20),
        relaxations=[Relaxation(after=5, drop={"law"}), Relaxation(after=6, reach=Reach())],
        keep_agent=True,
        affinity_wait=5,
        respond_within=60_000,
        max_hops=0,
        idle_after=1,
        name="Mail",
    ),
    ContactPoint("mobile", 1),
    OfferPolicy(),
    OfferPolicy(
        timeout=1,
        parallel=1_000,
        refill=False,
        retry_declined_after=7,
        retry_missed_after=8,
        max_misses=1,
        cool_down={"missed": 5, "declined": 6, "busy": 7},
    ),
    Reach(),
    Reach(20, 20),
    Relaxation(after=0),
    Relaxation(
        after=9,
        lower={"french": 2},
        drop={"law"},
        reach=Reach(1, 2),
        add_queue=MAIL,
        priority=TicketPriority.HIGH,
        skip_wait=True,
    ),
    Relaxation(after=9, move_to=MAIL),
    Defaults(),
    Defaults(rate_limit=RateLimit(1, 1), queue=MAIL),
    Ticket(id=T1),
    Ticket(
        id=T1,
        queue=MAIL,
        channel="pigeon",
        priority=TicketPriority.URGENT,
        skills={"french": 3},
        tags=frozenset({"vip"}),  # of two, the repr has them in any order
        attributes={"subject": "hello"},
        requester="zoe",
        prefer=ANA,
        weight=5,
        arrived=0,
        due=9,
    ),
    StrategySpec("priority", {"then": StrategySpec("random")}),
    PriorityThenAge(),
    EarliestDeadline(),
    Aged(),
    Lifo(),
]
values = pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)


@values
def test_a_value_cannot_be_changed(value: Any) -> None:
    for attribute in fields(type(value)):
        with pytest.raises(FrozenInstanceError):
            setattr(value, attribute.name, None)
    with pytest.raises((FrozenInstanceError, AttributeError)):
        value.something_else = 1


@values
def test_a_value_survives_a_pickle_and_a_deep_copy(value: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  our own bytes
        assert again == value
        assert hash(again) == hash(value)
        assert repr(again) == repr(value)
    assert deepcopy(value) == copy(value) == evolve(value) == value


@values
def test_values_of_different_classes_are_never_equal(value: Any) -> None:
    assert [other for other in VALUES if other == value] == [value]
    assert value != object()


def test_a_value_copies_its_collections() -> None:
    skills, members, tags = {"french": 3}, [ANA], {"vip"}
    agent = Agent(id=ANA, skills=skills)
    queue = Queue(id=MAIL, members=members)
    ticket = Ticket(id=T1, tags=tags)
    skills["french"] = 99
    members.clear()
    tags.clear()
    assert agent.skills == {"french": 3}
    assert list(queue.members) == ["ana"]
    assert ticket.tags == {"vip"}


def test_equal_values_may_be_written_in_different_forms() -> None:
    assert Queue(id=MAIL, members=[ANA]) == Queue(id=MAIL, members={ANA: Membership()})
    assert Queue(id=MAIL, strategy="random") == Queue(id=MAIL, strategy=StrategySpec("random"))
    assert Agent(id=ANA, channels=["chat"]) == Agent(id=ANA, channels={"chat": ChannelLimit()})
    assert Ticket(id=T1, skills={"a": 1, "b": 2}) == Ticket(id=T1, skills={"b": 2, "a": 1})


def test_members_keep_the_order_they_are_given_in() -> None:
    names = [AgentId(name) for name in ("zoe", "ana", "max")]
    assert list(Queue(id=MAIL, members=names).members) == names


def test_every_range_includes_its_bounds() -> None:
    for priority in (1, 100):
        assert Agent(id=ANA, priority=priority).priority == priority
        assert Membership(priority=priority).priority == priority
    for level in (1, 10):
        assert Ticket(id=T1, skills={"x": level}).skills["x"] == level
    for outside in (0, 11):
        with pytest.raises(InvalidValueError):
            Ticket(id=T1, skills={"x": outside})
    assert len(Agent(id=AgentId("x" * 200)).id) == 200
    with pytest.raises(InvalidValueError, match="1 to 200 characters"):
        Agent(id=AgentId("x" * 201))
    assert Agent(id=ANA, capacity=1_000_000).capacity == 1_000_000
    with pytest.raises(InvalidValueError, match="from 1 to 1000000"):
        Agent(id=ANA, capacity=1_000_001)
    assert RateLimit(1, 3_660 * 86_400_000).span > 0
    with pytest.raises(InvalidValueError):
        RateLimit(1, 3_660 * 86_400_000 + 1)


def _refused(make: Any, value: object) -> bool:
    """Return whether ``make`` refuses the value; if so, check that the error carries it."""
    try:
        make(value)
    except InvalidValueError as fault:
        return fault.value is value
    return False


@given(st.text(max_size=300))
def test_an_id_is_kept_unchanged_or_refused(text: str) -> None:
    if not _refused(lambda value: Agent(id=value), text):
        assert Agent(id=AgentId(text)).id == text
        assert 1 <= len(text) <= 200
        assert text == text.strip(" ")
        assert text.encode()


@given(st.integers() | st.booleans() | st.floats() | st.none() | st.text(max_size=3))
def test_a_number_is_kept_unchanged_or_refused(number: Any) -> None:
    in_range = type(number) is int and 1 <= number <= 100
    assert _refused(lambda value: Agent(id=ANA, priority=value), number) != in_range


# --- presence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["lunch", "", "availabl", "not available"])
def test_an_unknown_word_for_presence_means_away(word: str) -> None:
    assert Presence.of(word) is Presence.AWAY


@pytest.mark.parametrize("word", ["AVAILABLE", "Available", " available", "available\n"])
def test_a_presence_in_other_case_or_with_spaces_is_refused(word: str) -> None:
    with pytest.raises(InvalidValueError, match="it must be written 'available'"):
        Presence.of(word)


@pytest.mark.parametrize("presence", Presence)
def test_a_known_word_names_its_presence(presence: Presence) -> None:
    assert Presence.of(presence.value) is presence
    assert Presence.of(presence) is presence


@given(st.text())
def test_only_the_word_available_makes_an_agent_available(word: str) -> None:
    assert (Presence.of(word) is Presence.AVAILABLE) == (word == "available")


# --- reasons --------------------------------------------------------------------------------------


def test_reasons_are_in_the_order_of_the_checks() -> None:
    assert [reason.value for reason in Reason] == [
        "unknown_agent",
        "not_member",
        "by_hand_only",
        "offline",
        "away",
        "off_shift",
        "channel_off",
        "wrap_up",
        "cooling_down",
        "missing_skill",
        "skill_level",
        "out_of_reach",
        "channel_limit",
        "queue_limit",
        "interrupted",
        "room_held",
        "agent_limit",
        "rate_limit",
        "declined",
        "missed",
        "asked",
        "reserved",
        "not_permitted",
    ]


# --- line orders ----------------------------------------------------------------------------------

tickets = st.tuples(
    st.sampled_from(TicketPriority), st.integers(0, 20), st.none() | st.integers(0, 20)
)
orders = st.sampled_from([PriorityThenAge(), EarliestDeadline(), Aged(per_level=5), Lifo()])


@given(orders, st.lists(tickets, max_size=12))
def test_no_two_tickets_have_the_same_position(
    order: LineOrder, line: list[tuple[TicketPriority, int, int | None]]
) -> None:
    places = {
        order.place(priority=priority, arrived=arrived, due=due, ordinal=number)
        for number, (priority, arrived, due) in enumerate(line, start=1)
    }
    assert len(places) == len(line)


@given(orders, tickets, st.integers(1, 9), st.integers(1, 9))
def test_between_equal_tickets_the_earlier_submitted_goes_first_except_in_lifo(
    order: LineOrder, ticket: tuple[TicketPriority, int, int | None], first: int, later: int
) -> None:
    priority, arrived, due = ticket
    a, b = (
        order.place(priority=priority, arrived=arrived, due=due, ordinal=number)
        for number in (first, first + later)
    )
    assert (a < b) != isinstance(order, Lifo)


def test_waiting_gains_a_level_after_exactly_the_span() -> None:
    order = Aged(per_level=100)

    def place(priority: TicketPriority, arrived: int, ordinal: int) -> tuple[int, ...]:
        return order.place(priority=priority, arrived=arrived, due=None, ordinal=ordinal)

    low = place(TicketPriority.LOW, 0, 1)
    assert low < place(TicketPriority.NORMAL, 101, 2)
    assert low < place(TicketPriority.NORMAL, 100, 2)  # a tie: by submission
    assert low > place(TicketPriority.NORMAL, 99, 2)


# --- frozen mappings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda mapping: mapping.__setitem__("a", 2),
        lambda mapping: mapping.__delitem__("a"),
        lambda mapping: mapping.update(a=2),
        lambda mapping: mapping.update({"b": 2}),
        lambda mapping: mapping.pop("a"),
        lambda mapping: mapping.pop("z", None),
        lambda mapping: mapping.popitem(),
        lambda mapping: mapping.clear(),
        lambda mapping: mapping.setdefault("b", 2),
        lambda mapping: mapping.__ior__({"b": 2}),
    ],
)
def test_a_frozen_mapping_refuses_every_change(change: Any) -> None:
    mapping = FrozenMapping({"a": 1})
    with pytest.raises(TypeError, match="evolve"):
        change(mapping)
    assert mapping == {"a": 1}


@given(st.dictionaries(st.text(max_size=3), st.integers(), max_size=5))
def test_a_frozen_mapping_equals_the_dict_it_is_made_from(items: dict[str, int]) -> None:
    mapping = read_only(items)
    assert mapping == items
    assert list(mapping) == list(items)
    backwards = FrozenMapping(dict(reversed(items.items())))
    assert mapping == backwards
    assert hash(mapping) == hash(backwards)
    for again in (
        copy(mapping),
        deepcopy(mapping),
        pickle.loads(pickle.dumps(mapping)),  # noqa: S301  our own bytes
    ):
        assert type(again) is FrozenMapping
        assert again == mapping
        assert hash(again) == hash(mapping)


def test_merging_a_frozen_mapping_returns_a_new_dict() -> None:
    mapping = FrozenMapping({"a": 1})
    assert mapping | {"b": 2} == {"a": 1, "b": 2}
    assert mapping == {"a": 1}


def test_a_frozen_mapping_is_not_copied_again() -> None:
    mapping = FrozenMapping({"a": 1})
    assert read_only(mapping) is mapping
    assert read_only({}) is read_only([]) is EMPTY


@pytest.mark.parametrize("items", [5, "ab", [1], [("a", 1, 2)], object()])
def test_read_only_refuses_a_value_that_is_not_a_mapping(items: Any) -> None:
    with pytest.raises(InvalidValueError):
        read_only(items)


def test_a_set_of_members_gives_the_same_seats_in_every_run() -> None:
    names = [f"agent {number}" for number in range(10, 40)]
    assert list(Queue(id="q", members=set(names)).members) == names
    assert list(Queue(id="q", members=frozenset(names)).members) == names
    assert list(Queue(id="q", members=names[::-1]).members) == names[::-1]
