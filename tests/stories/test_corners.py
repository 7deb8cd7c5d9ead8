"""Corners: one instant, rings, answers, explanations; the smallest inputs that show each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Agent,
    Delivery,
    Membership,
    OfferPolicy,
    RateLimit,
    Reach,
    Relaxation,
    Ticket,
    TicketPriority,
    hours,
    seconds,
)
from ticketroute import errors as err
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

A, B, C = AgentId("a"), AgentId("b"), AgentId("c")
T = TicketId("t")
Q, Q2 = QueueId("q"), QueueId("q2")
S = seconds(1)


def given(desk: Desk) -> list[str]:
    """Return who got which ticket by the last command, and how."""
    return [
        f"{event.at // S}: {event.ticket_id} {word} {event.agent_id}"
        for event in desk.last
        for word, kind in (("to", ev.TicketAssigned), ("asks", ev.TicketOffered))
        if isinstance(event, kind)
    ]


# --- one instant, one hand-out --------------------------------------------------------------------


def test_a_ring_rings_all_whose_retry_is_over_at_one_instant(desk: Desk) -> None:
    desk.staff("a", "b", capacity=1)
    offer = OfferPolicy(timeout=30 * S, retry_missed_after=60 * S)
    desk.open_queue("q", "a", "b", strategy="ring_all", delivery=Delivery.OFFER, offer=offer)
    desk.ask("t1", "q", at=0)
    desk.ask("t2", "q", at=1 * S)
    desk.advance(at=30 * S)
    assert given(desk) == ["30: t2 asks a", "30: t2 asks b"]


def test_of_two_that_ask_less_at_one_instant_the_urgent_one_goes_first(desk: Desk) -> None:
    desk.staff("a", capacity=1)
    desk.open_queue("q", "a", relaxations=[Relaxation(after=60 * S, drop=["x"])])
    desk.ask("b", "q", at=0, skills={"x": 1}, priority=TicketPriority.URGENT)
    desk.ask("a", "q", at=0, skills={"x": 1}, priority=TicketPriority.LOW)
    assert desk.waiting(Q) == ("b", "a")
    desk.advance(at=60 * S)
    assert given(desk) == ["60: b to a"]


def test_of_two_wrap_ups_that_end_at_one_instant_the_strategy_chooses(desk: Desk) -> None:
    desk.staff("a", "z", capacity=1)
    members = {A: Membership(priority=2), AgentId("z"): Membership(priority=1)}
    desk.open_queue("q", strategy="priority", wrap_up=10 * S, members=members)
    for name in ("z", "a"):
        desk.ask(name, "q", at=0)
    desk.ask("t", "q", at=5 * S)
    for name in ("a", "z"):
        desk.resolve(TicketId(name), at=10 * S)
    desk.advance(at=20 * S)
    assert given(desk) == ["20: t to z"]


def test_to_submit_several_is_to_submit_one_after_the_other(desk: Desk) -> None:
    def pair() -> Iterator[Ticket]:
        yield Ticket(
            id=TicketId("urgent"), queue=Q, skills={"x": 1}, priority=TicketPriority.URGENT
        )
        yield Ticket(id=TicketId("low"), queue=Q, priority=TicketPriority.LOW)

    desk.staff("a", capacity=1)
    step = Relaxation(after=60 * S, drop=["x"], skip_wait=True)
    desk.open_queue("q", "a", relaxations=[step])
    desk.submit_many(pair(), at=1 * S)
    assert given(desk) == ["1: urgent to a"]


# Each of these lets an agent have a ticket at 60 s again: whatever comes together is one hand-out.


def wraps_up(desk: Desk, name: str) -> None:
    desk.change_queue(QueueId(name), wrap_up=60 * S, at=0)
    desk.ask(f"was-{name}", name, at=0)
    desk.resolve(TicketId(f"was-{name}"), at=0)


def cools_down(desk: Desk, name: str) -> None:
    offer = OfferPolicy(cool_down={"declined": 60 * S})
    desk.change_queue(QueueId(name), delivery=Delivery.OFFER, offer=offer, at=0)
    desk.ask(f"was-{name}", name, at=0)
    desk.decline(TicketId(f"was-{name}"), AgentId(f"of-{name}"), at=0)
    desk.abandon(TicketId(f"was-{name}"), at=0)


def is_full_of_an_offer(desk: Desk, name: str) -> None:
    offer = OfferPolicy(timeout=60 * S, retry_missed_after=hours(24))
    desk.change_queue(QueueId(name), delivery=Delivery.OFFER, offer=offer, at=0)
    desk.ask(f"was-{name}", name, at=0, priority=TicketPriority.LOW)


def is_at_the_rate_limit(desk: Desk, name: str) -> None:
    desk.change_agent(AgentId(f"of-{name}"), rate_limit=RateLimit(1, 60 * S), at=0)
    desk.ask(f"was-{name}", name, at=0)
    desk.resolve(TicketId(f"was-{name}"), at=0)


def is_silent(desk: Desk, name: str) -> None:
    desk.change_queue(QueueId(name), respond_within=60 * S, at=0)
    desk.ask(f"was-{name}", name, at=0, priority=TicketPriority.LOW)


def idles(desk: Desk, name: str) -> None:
    desk.change_queue(QueueId(name), idle_after=60 * S, at=0)
    desk.ask(f"was-{name}", name, at=0)


FREES = [wraps_up, cools_down, is_full_of_an_offer, is_at_the_rate_limit, is_silent, idles]


@pytest.mark.parametrize("one", FREES)
@pytest.mark.parametrize("other", FREES)
def test_two_that_are_free_at_one_instant_are_looked_at_together(
    desk: Desk, one: Callable[[Desk, str], None], other: Callable[[Desk, str], None]
) -> None:
    """The one free first by name or kind is the strategy's second choice, and gets nothing."""
    desk.staff("of-p", "of-r", capacity=1)
    for name in ("p", "r"):
        desk.open_queue(name, f"of-{name}")
    members = {AgentId("of-p"): Membership(priority=2), AgentId("of-r"): Membership(priority=1)}
    desk.open_queue("q", strategy="priority", members=members)
    one(desk, "p")
    other(desk, "r")
    desk.ask("t", "q", at=1 * S, priority=TicketPriority.URGENT)
    assert desk.who("t") is None
    desk.advance(at=60 * S)
    assert (desk.who("t"), desk.last[-1].at) == ("of-r", 60 * S)


# --- ring-all -------------------------------------------------------------------------------------

RING: dict[str, Any] = {"strategy": "ring_all", "delivery": Delivery.OFFER}


def test_a_ring_goes_on_in_every_queue_that_the_ticket_overflows_to(desk: Desk) -> None:
    desk.staff("a", "c", capacity=1)
    desk.add_agent(Agent(id=B, capacity=1), at=0)
    desk.open_queue("q2", "c", **RING)
    desk.open_queue("q", "a", "b", relaxations=[Relaxation(after=15 * S, add_queue=Q2)], **RING)
    desk.ask("t", "q", at=0)
    desk.advance(at=15 * S)
    assert given(desk) == ["15: t asks c"]
    desk.set_presence(B, "available", at=20 * S)
    assert given(desk) == ["20: t asks b"]


def test_a_ring_is_as_wide_as_its_steps_say_whatever_ends_meanwhile(desk: Desk) -> None:
    desk.staff(*"abcdef", capacity=1)
    ring = RING | {"strategy": "ring_all(step=20000)"}
    desk.open_queue("q", *"abcdef", offer=OfferPolicy(timeout=120 * S), **ring)
    desk.ask("t", "q", at=0)
    for at in (15, 30, 45):
        desk.decline(T, desk.ticket(T).offered_to[0], at=at * S)
    desk.advance(at=60 * S)
    assert desk.ticket(T).offered_to == tuple("def")  # four at a time by now: all who are left


def test_a_wider_reach_rings_the_next_tier_at_once(desk: Desk) -> None:
    desk.staff("a", "b", capacity=1)
    members = {A: Membership(priority=1), B: Membership(priority=2)}
    desk.open_queue(
        "q",
        members=members,
        reach=Reach(1, 1),
        relaxations=[Relaxation(after=30 * S, reach=Reach(1, 2))],
        offer=OfferPolicy(timeout=120 * S),
        **RING,
    )
    desk.ask("t", "q", at=0)
    desk.advance(at=30 * S)
    assert given(desk) == ["30: t asks b"]
    assert desk.ticket(T).offered_to == (A, B)


# --- answers last ---------------------------------------------------------------------------------


def test_a_decline_outlives_a_move(desk: Desk) -> None:
    desk.staff("a", capacity=1)
    desk.open_queue("q2", "a", delivery=Delivery.OFFER)
    step = Relaxation(after=10 * S, move_to=Q2)
    desk.open_queue("q", "a", delivery=Delivery.OFFER, relaxations=[step])
    desk.ask("t", "q", at=0)
    desk.decline(T, A, at=1 * S)
    desk.advance(at=10 * S)
    assert (given(desk), desk.ticket(T).queue_id) == ([], Q2)


def test_a_ticket_does_not_wait_for_who_can_no_longer_have_it(desk: Desk) -> None:
    desk.staff("a", "b", capacity=2)
    desk.open_queue("q", "a", "b", affinity_wait=600 * S)
    desk.ask("busy", "q", at=0, prefer=A)
    desk.ask("t", "q", at=1 * S, prefer=A, weight=2)
    assert desk.told == ["t submitted", "t waits for a", "t waits: nobody_free"]
    desk.change_agent(A, capacity=1, at=2 * S)
    assert given(desk) == ["2: t to b"]


def test_a_ticket_in_line_skips_its_wait_when_the_last_one_there_leaves(desk: Desk) -> None:
    desk.staff("a", "b", capacity=2)
    desk.open_queue("d2", "b")
    step = Relaxation(after=hours(24 * 365), move_to=QueueId("d2"), skip_wait=True)
    desk.open_queue("d1", "a", relaxations=[step])
    for name in ("t1", "t2", "older"):
        desk.ask(name, "d1", at=0)
    assert desk.waiting(QueueId("d1")) == ("older",)
    desk.set_presence(A, "offline", at=10 * S)
    assert given(desk) == ["10: older to b"]
    desk.ask("newer", "d1", at=11 * S)
    assert given(desk) == ["11: newer to b"]


# --- explain and refusals -------------------------------------------------------------------------


def test_the_explanation_names_the_instant_at_which_a_miss_is_over(desk: Desk) -> None:
    desk.staff("a", capacity=1)
    desk.open_queue("q", "a", delivery=Delivery.OFFER)
    desk.ask("t", "q", at=0)
    desk.advance(at=30 * S)
    (other,) = desk.explain(T).others
    assert (other.eligible_from, desk.next_deadline()) == (90 * S, 90 * S)


def test_who_decided_on_an_old_version_is_told_so_first(desk: Desk) -> None:
    desk.staff("a", "b")
    desk.open_queue("q", "a", "b", delivery=Delivery.PULL)
    desk.ask("t", "q", at=0)
    seen = desk.ticket(T).version
    desk.assign(T, B, at=1 * S)
    with pytest.raises(err.ConflictError):
        desk.assign(T, A, expected_version=seen, at=2 * S)


def test_skills_given_as_a_list_are_refused_as_what_they_are() -> None:
    wrong: Any = ["fr"]
    with pytest.raises(err.InvalidValueError, match=r"Ticket\.skills.*map"):
        Ticket(id=T, queue=Q, skills=wrong)


@pytest.mark.parametrize("word", ["Available", " available", "AWAY", "Offline "])
def test_a_presence_that_is_nearly_a_known_word_is_refused_and_the_word_named(
    desk: Desk, word: str
) -> None:
    desk.staff("a")
    with pytest.raises(err.InvalidValueError, match=word.strip().lower()):
        desk.set_presence(A, word, at=1 * S)
    assert desk.agent(A).presence.value == "available"
