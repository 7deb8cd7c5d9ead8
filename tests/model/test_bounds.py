"""Model values accept every number and text up to the bound, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ticketroute import (
    Agent,
    ChannelLimit,
    Defaults,
    Membership,
    OfferPolicy,
    Queue,
    RateLimit,
    Reach,
    Relaxation,
    Ticket,
    TicketPriority,
)
from ticketroute.errors import InvalidValueError, shown
from ticketroute.model import Aged, AgentId, ContactPoint, QueueId, StrategySpec, TicketId
from ticketroute.model.checks import check_id, check_text
from ticketroute.model.instants import LAST_INSTANT, datetime_of, instant_of, span_of

COUNT = 1_000_000  # the largest
TEN_YEARS = 3_660 * 86_400_000

# Called the way a host without a type checker would.
policy: Any = OfferPolicy
spec: Any = StrategySpec


def agent(**facts: Any) -> Agent:
    return Agent(**({"id": AgentId("ana")} | facts))


def queue(**facts: Any) -> Queue:
    return Queue(**({"id": QueueId("mail")} | facts))


def ticket(**facts: Any) -> Ticket:
    return Ticket(**({"id": TicketId("t1")} | facts))


def step(**facts: Any) -> Relaxation:
    return Relaxation(**({"after": 0} | facts))


def nested(depth: int) -> str:
    """Return the text of a strategy that is nested ``depth`` levels deep."""
    return "a(b=" * (depth - 1) + "a" + ")" * (depth - 1)


RANGES: list[tuple[str, Callable[[Any], object], int, int]] = [
    ("Agent.capacity", lambda number: agent(capacity=number), 1, COUNT),
    ("Agent.priority", lambda number: agent(priority=number), 1, 100),
    ("Agent.skills['sql']", lambda number: agent(skills={"sql": number}), 1, 10),
    ("ChannelLimit.cost", lambda number: ChannelLimit(cost=number), 1, COUNT),
    ("ChannelLimit.most", lambda number: ChannelLimit(most=number), 0, COUNT),
    ("RateLimit.tickets", lambda number: RateLimit(number, 1), 1, COUNT),
    ("RateLimit.span", lambda number: RateLimit(1, number), 1, TEN_YEARS),
    ("Membership.priority", lambda number: Membership(priority=number), 1, 100),
    ("Membership.limit", lambda number: Membership(limit=number), 0, COUNT),
    ("Membership.weight", lambda number: Membership(weight=number), 1, 100),
    ("ContactPoint.ring", lambda number: ContactPoint("desk", number), 1, TEN_YEARS),
    ("OfferPolicy.timeout", lambda number: policy(timeout=number), 1, TEN_YEARS),
    ("OfferPolicy.parallel", lambda number: policy(parallel=number), 1, 1_000),
    (
        "OfferPolicy.retry_declined_after",
        lambda number: policy(retry_declined_after=number),
        1,
        TEN_YEARS,
    ),
    (
        "OfferPolicy.retry_missed_after",
        lambda number: policy(retry_missed_after=number),
        1,
        TEN_YEARS,
    ),
    ("OfferPolicy.max_misses", lambda number: policy(max_misses=number), 1, 1_000),
    (
        "OfferPolicy.cool_down['busy']",
        lambda number: policy(cool_down={"busy": number}),
        1,
        TEN_YEARS,
    ),
    ("Queue.weight", lambda number: queue(weight=number), 1, 1_000),
    ("Queue.wrap_up", lambda number: queue(wrap_up=number), 0, TEN_YEARS),
    ("Queue.limit_per_agent", lambda number: queue(limit_per_agent=number), 0, COUNT),
    ("Queue.affinity_wait", lambda number: queue(affinity_wait=number), 0, TEN_YEARS),
    ("Queue.respond_within", lambda number: queue(respond_within=number), 1, TEN_YEARS),
    ("Queue.max_hops", lambda number: queue(max_hops=number), 0, 100),
    ("Queue.idle_after", lambda number: queue(idle_after=number), 1, TEN_YEARS),
    ("Aged.per_level", lambda number: Aged(per_level=number), 1, TEN_YEARS),
    ("Defaults.capacity", lambda number: Defaults(capacity=number), 1, COUNT),
    ("Defaults.channel_limit", lambda number: Defaults(channel_limit=number), 0, COUNT),
    ("Defaults.queue_limit", lambda number: Defaults(queue_limit=number), 0, COUNT),
    ("Defaults.grace", lambda number: Defaults(grace=number), 0, TEN_YEARS),
    ("Reach.least", lambda number: Reach(least=number), 1, 100),
    ("Reach.greatest", lambda number: Reach(greatest=number), 1, 100),
    ("Relaxation.after", lambda number: step(after=number), 0, TEN_YEARS),
    ("Relaxation.lower['sql']", lambda number: step(lower={"sql": number}), 1, 10),
    ("Ticket.skills['sql']", lambda number: ticket(skills={"sql": number}), 1, 10),
    ("Ticket.weight", lambda number: ticket(weight=number), 1, COUNT),
    ("StrategySpec.options['b']", lambda number: spec("a", {"b": number}), 0, 10**15),
]


@pytest.mark.parametrize(
    ("thing", "make", "least", "most"), RANGES, ids=[each[0] for each in RANGES]
)
def test_a_number_is_accepted_up_to_its_bounds_and_not_beyond(
    keeps_bounds: Callable[..., None],
    thing: str,
    make: Callable[[Any], object],
    least: int,
    most: int,
) -> None:
    keeps_bounds(thing, make, least, most)


def test_a_text_is_accepted_up_to_its_greatest_length() -> None:
    for id_ in ("a", "x" * 200, "ana maria", "Ñ"):
        assert agent(id=id_).id == id_
    for name in ("", "x" * 1_000, " two\nlines ", "\ud7ff\ue000"):
        assert agent(name=name).name == name
    assert StrategySpec.of("x" * 200).name == "x" * 200
    for attribute in ("", "x" * 1_000):
        assert ticket(attributes={"a": attribute}).attributes == {"a": attribute}


def test_an_instant_is_accepted_from_1970_to_the_end_of_9999() -> None:
    for instant in (0, LAST_INSTANT):
        assert ticket(arrived=instant, due=instant).due == instant
        assert instant_of(datetime_of(instant)) == instant


def test_a_timedelta_is_rounded_down_to_a_millisecond() -> None:
    assert span_of(timedelta(days=1, seconds=1, milliseconds=999)) == 86_401_999
    assert span_of(timedelta(microseconds=999)) == 0


def test_a_whole_number_may_be_an_enum_member() -> None:
    assert agent(priority=TicketPriority.HIGH).priority == 2


def test_relaxations_and_reaches_are_accepted_up_to_their_bounds() -> None:
    assert len(queue(relaxations=[step(after=each) for each in range(100)]).relaxations) == 100
    assert len(queue(relaxations=[step(after=7), step(after=8)]).relaxations) == 2
    assert Reach(7, 7).least == 7
    assert Reach(1, 100) == Reach()


def test_strategies_are_nested_at_most_four_deep() -> None:
    assert StrategySpec.of(nested(4)).depth == 4
    assert spec("a", {"b": nested(3)}).depth == 4
    with pytest.raises(InvalidValueError):
        StrategySpec.of(nested(5))


def test_a_message_cuts_a_long_value_and_gives_its_length() -> None:
    assert shown("x" * 80) == repr("x" * 80)
    assert shown("x" * 81) == f"{repr('x' * 80)[:80]}... (81 characters)"
    assert shown([0] * 26) == repr([0] * 26)  # 78 characters
    assert shown([0] * 27) == f"{repr([0] * 27)[:80]}... (81 characters)"
    assert shown(10**79) == repr(10**79)


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_a_lone_surrogate_is_refused(code: int) -> None:
    with pytest.raises(InvalidValueError, match="lone surrogates"):
        check_text("a note", chr(code))


@pytest.mark.parametrize("code", [0xD7FF, 0xE000])
def test_the_characters_next_to_the_surrogates_are_accepted(code: int) -> None:
    check_text("a note", chr(code))


@pytest.mark.parametrize("text", [" t1", "t1 ", " "])
def test_an_id_begins_and_ends_with_a_visible_character(text: str) -> None:
    with pytest.raises(InvalidValueError, match="no blank at either end"):
        check_id("an id", text)
    check_id("an id", "t 1")
