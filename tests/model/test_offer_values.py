"""Offer values refuse every invalid field, and the error names the field."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Agent, OfferPolicy, Queue, Reach, Relaxation, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, ContactPoint, QueueId
from ticketroute.model.checks import LONGEST_SPAN
from ticketroute.model.relaxation import MOST_STEPS, schedule

MILLION = "x" * 1_000_000
NO_NUMBERS: list[Any] = [nan, inf, -inf, 1.0, 1e300, "1", b"1", True, False, None, [], {}, len]
NO_NAMES: list[Any] = ["", " ", " x", "x ", "a\n", "\x00", "\ud800", MILLION, 5, None, True, nan]
NO_FLAGS: list[Any] = [0, 1, None, "yes", "", nan, []]
NO_MAPPINGS: list[Any] = [5, "ab", [1], MILLION, len, None, nan, True]
NO_LISTS: list[Any] = [5, "ab", b"ab", MILLION, len, None, nan, True, [[]], [{}]]


def refusal(make: Callable[[], object]) -> InvalidValueError:
    """Return the error that ``make`` raises, after checking that its message is short."""
    with pytest.raises(InvalidValueError) as caught:
        make()
    assert len(str(caught.value)) < 2_000
    return caught.value


def plainly(values: list[Any], *but: Any) -> list[Any]:
    """Return the values without those that a field allows, compared by identity."""
    return [value for value in values if not any(value is each for each in but)]


SPANS = {  # field -> its least value and whether None stands for something
    "timeout": (1, False),
    "retry_declined_after": (1, True),
    "retry_missed_after": (1, True),
}
COUNTS = {"parallel": 1_000, "max_misses": 1_000}


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [*SPANS, *COUNTS])
def test_a_number_of_a_policy_is_a_whole_number_in_its_range(field: str) -> None:
    low, may_be_none = SPANS.get(field, (1, False))
    high = COUNTS.get(field, LONGEST_SPAN)

    def make(value: Any) -> OfferPolicy:
        facts: dict[str, Any] = {field: value}
        return OfferPolicy(**facts)

    for value in (low, high):
        assert getattr(make(value), field) == value
    wrong = plainly(NO_NUMBERS, *([None] if may_be_none else []))
    for value in [*wrong, low - 1, high + 1, -1, 10**400]:
        fault = refusal(lambda value=value: make(value))  # type: ignore[misc]
        assert fault.thing == f"OfferPolicy.{field}"
        assert fault.value is value
    if may_be_none:
        assert getattr(make(None), field) is None


@pytest.mark.parametrize("field", ["least", "greatest"])
@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, 101, -1, 10**400], ids=repr)
def test_a_bound_of_a_reach_is_an_agent_priority(field: str, value: Any) -> None:
    assert refusal(lambda: Reach(**{field: value})).thing == f"Reach.{field}"


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_reach_is_from_the_least_to_the_greatest_priority(least: int, greatest: int) -> None:
    if least <= greatest:
        assert (Reach(least, greatest).least, Reach(least, greatest).greatest) == (least, greatest)
        return
    fault = refusal(lambda: Reach(least, greatest))
    assert (fault.thing, fault.value) == ("Reach", (least, greatest))


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, -1, LONGEST_SPAN + 1, 10**400], ids=repr)
def test_a_contact_point_rings_for_a_span(value: Any) -> None:
    assert refusal(lambda: ContactPoint("desk", value)).thing == "ContactPoint.ring"


@pytest.mark.parametrize("value", [*NO_NUMBERS, -1, LONGEST_SPAN + 1, 10**400], ids=repr)
def test_a_relaxation_is_due_after_a_span(value: Any) -> None:
    assert refusal(lambda: Relaxation(after=value)).thing == "Relaxation.after"


@pytest.mark.parametrize("value", [0, LONGEST_SPAN])
def test_a_relaxation_accepts_the_bounds_of_its_wait(value: int) -> None:
    assert Relaxation(after=value).after == value
    assert ContactPoint("desk", max(1, value)).ring == max(1, value)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NO_NAMES, ids=lambda name: repr(name)[:20])
def test_an_invalid_name_is_refused_everywhere(name: Any) -> None:
    contact = refusal(lambda: ContactPoint(name, 1))
    assert contact.thing == "ContactPoint.name"
    cool = refusal(lambda: OfferPolicy(cool_down={name: 1}))
    assert cool.thing == "a reason in OfferPolicy.cool_down"
    assert refusal(lambda: Relaxation(after=1, drop=[name])).thing == "a skill in Relaxation.drop"
    lower = refusal(lambda: Relaxation(after=1, lower={name: 1}))
    assert lower.thing == "a skill in Relaxation.lower"
    if name is not None:
        added = refusal(lambda: Relaxation(after=1, add_queue=name))
        moved = refusal(lambda: Relaxation(after=1, move_to=name))
        assert added.thing == "Relaxation.add_queue"
        assert moved.thing == "Relaxation.move_to"


def test_a_name_has_at_most_two_hundred_characters() -> None:
    name = "x" * 200
    assert ContactPoint(name, 1).name == name
    assert OfferPolicy(cool_down={name: 1}).cool_down == {name: 1}
    assert Relaxation(after=1, drop=[name], lower={name: 1}).drop == {name}
    for make in (
        lambda: ContactPoint(name + "x", 1),
        lambda: OfferPolicy(cool_down={name + "x": 1}),
        lambda: Relaxation(after=1, drop=[name + "x"]),
    ):
        assert "1 to 200 characters" in str(refusal(make))


# --- flags and kinds ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NO_FLAGS, ids=repr)
def test_a_flag_is_true_or_false(value: Any) -> None:
    assert refusal(lambda: OfferPolicy(refill=value)).thing == "OfferPolicy.refill"
    assert refusal(lambda: Relaxation(after=1, skip_wait=value)).thing == "Relaxation.skip_wait"
    queue = refusal(lambda: Queue(id=QueueId("q"), keep_agent=value))
    assert queue.thing == "Queue.keep_agent"


@pytest.mark.parametrize(
    "value", [5, "reach", (1, 2), nan, True, MILLION], ids=lambda v: repr(v)[:9]
)
def test_a_value_of_another_class_is_refused(value: Any) -> None:
    assert refusal(lambda: Relaxation(after=1, reach=value)).thing == "Relaxation.reach"
    assert refusal(lambda: Relaxation(after=1, priority=value)).thing == "Relaxation.priority"
    assert refusal(lambda: Queue(id=QueueId("q"), offer=value)).thing == "Queue.offer"
    assert refusal(lambda: Queue(id=QueueId("q"), reach=value)).thing == "Queue.reach"


def test_offer_values_refuse_positional_arguments() -> None:
    with pytest.raises(TypeError):
        OfferPolicy(30_000)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Relaxation(5)  # type: ignore[call-arg]


# --- mappings and lists ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", NO_MAPPINGS, ids=lambda value: repr(value)[:20])
def test_a_value_that_is_not_a_mapping_is_refused(value: Any) -> None:
    assert refusal(lambda: OfferPolicy(cool_down=value)).thing == "OfferPolicy.cool_down"
    assert refusal(lambda: Relaxation(after=1, lower=value)).thing == "Relaxation.lower"


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, -1, LONGEST_SPAN + 1], ids=repr)
def test_a_cool_down_lasts_a_span(value: Any) -> None:
    fault = refusal(lambda: OfferPolicy(cool_down={"busy": value}))
    assert fault.thing == "OfferPolicy.cool_down['busy']"


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, 11], ids=repr)
def test_a_lowered_level_must_be_a_level(value: Any) -> None:
    fault = refusal(lambda: Relaxation(after=1, lower={"law": value}))
    assert fault.thing == "Relaxation.lower['law']"


@pytest.mark.parametrize("value", NO_LISTS, ids=lambda value: repr(value)[:20])
def test_a_value_that_is_not_a_list_is_refused(value: Any) -> None:
    assert refusal(lambda: Relaxation(after=1, drop=value)).thing == "Relaxation.drop"
    assert refusal(lambda: schedule(value)).thing == "Queue.relaxations"
    queue = refusal(lambda: Queue(id=QueueId("q"), relaxations=value))
    assert queue.thing == "Queue.relaxations"
    agent = refusal(lambda: Agent(id=AgentId("ana"), contact_points=value))
    assert agent.thing == "Agent.contact_points"


@pytest.mark.parametrize("value", [5, "desk", None, nan, True, ("desk", 5)], ids=repr)
def test_an_item_of_the_wrong_class_is_refused(value: Any) -> None:
    agent = refusal(lambda: Agent(id=AgentId("ana"), contact_points=[ContactPoint("a", 1), value]))
    assert agent.thing == "a device in Agent.contact_points"
    steps = refusal(lambda: schedule([Relaxation(after=1), value]))
    assert steps.thing == "an item of Queue.relaxations"


def test_a_value_copies_the_collections_it_is_made_from() -> None:
    cool, lower, drop = {"busy": 1}, {"law": 2}, {"french"}
    points = [ContactPoint("desk", 1)]
    policy, step = OfferPolicy(cool_down=cool), Relaxation(after=1, lower=lower, drop=drop)
    steps = [step]
    queue = Queue(id=QueueId("q"), relaxations=steps)
    agent = Agent(id=AgentId("ana"), contact_points=points)
    for each in (cool, lower, drop, points, steps):
        each.clear()
    assert policy.cool_down == {"busy": 1}
    assert step.lower == {"law": 2}
    assert step.drop == {"french"}
    assert queue.relaxations == (step,)
    assert agent.contact_points == (ContactPoint("desk", 1),)


# --- schedules ------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 20), max_size=6))
def test_each_relaxation_comes_later_than_the_one_before(spans: list[int]) -> None:
    steps = [Relaxation(after=after) for after in spans]
    if all(earlier < later for earlier, later in pairwise(spans)):
        assert schedule(iter(steps)) == tuple(steps)
        return
    fault = refusal(lambda: schedule(steps))
    assert (fault.thing, fault.value) == ("Queue.relaxations", spans)


def test_a_queue_has_at_most_a_hundred_relaxations() -> None:
    steps = [Relaxation(after=after) for after in range(MOST_STEPS + 1)]
    assert len(schedule(steps[:-1])) == MOST_STEPS
    assert refusal(lambda: schedule(steps)).value == MOST_STEPS + 1


def test_a_relaxation_cannot_both_add_a_queue_and_move_to_one() -> None:
    mail, sales = QueueId("mail"), QueueId("sales")
    assert Relaxation(after=1, add_queue=mail).add_queue == mail
    assert Relaxation(after=1, move_to=mail).move_to == mail
    fault = refusal(lambda: Relaxation(after=1, add_queue=mail, move_to=sales))
    assert (fault.thing, fault.value) == ("Relaxation", (mail, sales))


def test_a_relaxation_may_raise_to_every_priority() -> None:
    for priority in TicketPriority:
        assert Relaxation(after=1, priority=priority).priority is priority


# --- other spans of a queue ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("affinity_wait", 0, LONGEST_SPAN),
        ("respond_within", 1, LONGEST_SPAN),
        ("idle_after", 1, LONGEST_SPAN),
        ("max_hops", 0, 100),
    ],
)
def test_a_wait_of_a_queue_is_in_its_range(field: str, low: int, high: int) -> None:
    def make(value: Any) -> Queue:
        facts: dict[str, Any] = {field: value}
        return Queue(id=QueueId("q"), **facts)

    for value in (low, high):
        assert getattr(make(value), field) == value
    none = [None] if field in ("respond_within", "idle_after") else []
    for value in [*plainly(NO_NUMBERS, *none), low - 1, high + 1, 10**400]:
        assert refusal(lambda value=value: make(value)).thing == f"Queue.{field}"  # type: ignore[misc]
