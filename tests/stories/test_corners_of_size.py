"""Corners: work of every size, work that is interrupted, shares, and who has waited longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import (
    ChannelLimit,
    Membership,
    Relaxation,
    RoutingState,
    TicketPriority,
    minutes,
    seconds,
)
from ticketroute import errors as err
from ticketroute.model import AgentId, QueueId, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

A, B, C = AgentId("a"), AgentId("b"), AgentId("c")
JOE, MARY = AgentId("joe"), AgentId("mary")
Q = QueueId("q")
S = seconds(1)


def served_while_heavy_waits(desk: Desk, **facts: int) -> tuple[int | None, int]:
    """Return when an urgent ticket of 1,000 is served, and how many of 500 went before it.

    One agent of 1,100 units has a hundred tickets of 500 in line and resolves one every 10 s.
    """
    desk.staff("a", capacity=1_100)
    desk.open_queue("q", "a", **facts)
    for number in range(100):
        desk.ask(f"n{number:02}", "q", at=0, weight=500)
    desk.ask("heavy", "q", at=10 * S, weight=1_000, priority=TicketPriority.URGENT)
    before = 0
    for at in range(20, 610, 10):
        done = next(view.id for view in desk.tickets() if view.state is RoutingState.ASSIGNED)
        desk.resolve(done, at=at * S)
        if desk.who("heavy") is not None:
            return at, before
        before += 1
    return None, before


def test_without_room_held_heavy_work_waits_for_as_long_as_light_work_comes(desk: Desk) -> None:
    assert served_while_heavy_waits(desk) == (None, 59)


def test_room_is_held_for_heavy_work_that_has_waited(desk: Desk) -> None:
    at, before = served_while_heavy_waits(desk, hold_room_after=60 * S)
    assert (at, before) == (80, 6)  # wanted at 70: of the two in hand one ends then, one at 80


def test_work_in_hand_that_becomes_lighter_takes_none_of_the_room_that_is_held(desk: Desk) -> None:
    desk.staff("a", capacity=5)
    desk.open_queue("q", "a", hold_room_after=0)
    desk.ask("old", "q", at=0, weight=3)
    desk.ask("heavy", "q", at=0, weight=4, priority=TicketPriority.URGENT)
    assert desk.agent(A).room_held_for == "heavy"
    desk.change_ticket(TicketId("old"), weight=2, at=S)
    desk.ask("light", "q", at=2 * S)  # beside heavy it fits: old was there before
    assert (desk.who("light"), desk.who("heavy")) == ("a", None)
    desk.ask("second", "q", at=3 * S)
    assert desk.who("second") is None
    desk.resolve(TicketId("old"), at=4 * S)
    assert (desk.who("heavy"), desk.who("second")) == ("a", None)


def test_room_that_need_be_smaller_lets_others_pass_at_once(desk: Desk) -> None:
    desk.staff("a", capacity=5)
    desk.open_queue("q", "a", hold_room_after=0)
    desk.ask("old", "q", at=0, weight=3)
    desk.ask("heavy", "q", at=0, weight=4, priority=TicketPriority.URGENT)
    desk.ask("light", "q", at=S, weight=2)
    assert desk.who("light") is None
    desk.change_ticket(TicketId("heavy"), weight=3, at=2 * S)
    assert (desk.who("light"), desk.who("heavy")) == ("a", None)


def mails_and_chats(desk: Desk) -> None:
    channels = {"email": ChannelLimit(interruptible=True), "chat": ChannelLimit()}
    desk.staff("a", capacity=3, channels=channels)
    desk.open_queue("q", "a")


def test_a_chat_reaches_an_agent_who_is_full_of_mails(desk: Desk) -> None:
    mails_and_chats(desk)
    for number in range(4):
        desk.ask(f"m{number}", "q", at=number, channel="email")
    assert (desk.load("a"), desk.state("m3")) == (3, RoutingState.WAITING)
    desk.ask("chat", "q", at=5, channel="chat")
    assert (desk.who("chat"), desk.load("a")) == ("a", 1)
    desk.resolve(TicketId("m0"), at=6)
    assert desk.state("m3") is RoutingState.WAITING  # two mails and a chat in hand
    desk.resolve(TicketId("chat"), at=7)
    assert (desk.who("m3"), desk.load("a")) == ("a", 3)


def test_with_only_a_chat_in_hand_a_mail_waits(desk: Desk) -> None:
    mails_and_chats(desk)
    desk.ask("chat", "q", at=0, channel="chat")
    desk.ask("mail", "q", at=1, channel="email")
    assert desk.state("mail") is RoutingState.WAITING
    with pytest.raises(err.NotEligibleError, match="interrupted"):
        desk.assign(TicketId("mail"), A, at=2)
    for number in range(3):
        desk.ask(f"c{number}", "q", at=3 + number, channel="chat")
    assert (desk.load("a"), desk.state("c2")) == (3, RoutingState.WAITING)


def test_weights_of_2_2_1_share_ten_tickets_as_4_4_2_and_never_three_in_a_row(desk: Desk) -> None:
    desk.staff("a", "b", "c", capacity=50)
    members = {A: Membership(weight=2), B: Membership(weight=2), C: Membership(weight=1)}
    desk.open_queue("q", members=members, strategy="weighted_round_robin")
    for number in range(10):
        desk.ask(f"t{number}", "q", at=number)
    got = "".join(str(desk.who(f"t{number}")) for number in range(10))
    for number in range(10):
        desk.resolve(TicketId(f"t{number}"), at=20)
    assert sorted(got) == sorted("aaaabbbbcc")
    assert not any(3 * name in got for name in "abc")


@pytest.mark.parametrize(
    ("strategy", "who"), [("longest_idle", "mary"), ("longest_available", "joe")]
)
def test_a_break_counts_for_longest_available_and_not_for_longest_idle(
    desk: Desk, strategy: str, who: str
) -> None:
    """Joe's call ended 10 minutes ago; Mary's 25 minutes ago, and she is back since 5."""
    desk.staff("joe", "mary", capacity=1)
    desk.open_queue("q", "joe", "mary", strategy=strategy)
    for name, agent_id in (("one", JOE), ("two", MARY)):
        desk.ask(name, "q", at=0, prefer=agent_id)
    desk.resolve(TicketId("two"), at=minutes(5))
    desk.set_presence(MARY, "away", at=minutes(6))
    desk.resolve(TicketId("one"), at=minutes(20))
    desk.set_presence(MARY, "available", at=minutes(25))
    desk.ask("next", "q", at=minutes(30))
    assert desk.who("next") == who


def heavy_with_room_on_a(desk: Desk, **facts: object) -> None:
    """Hold room of a's for a heavy ticket: one unit is free, and light tickets wait behind it."""
    desk.staff("a", "b", capacity=4)
    desk.set_presence(B, "away", at=0)
    desk.open_queue("q", "a", "b", hold_room_after=10 * S, **facts)
    for number in range(4):
        desk.ask(f"l{number}", "q", at=0)
    desk.ask("heavy", "q", at=S, weight=4, priority=TicketPriority.HIGH)
    for number in range(4, 8):
        desk.ask(f"l{number}", "q", at=S)
    desk.resolve(TicketId("l0"), at=12 * S)
    assert desk.agent(A).room_held_for == "heavy"


def test_room_held_by_one_goes_to_light_work_at_once_when_another_takes_the_heavy(
    desk: Desk,
) -> None:
    heavy_with_room_on_a(desk)
    desk.set_presence(B, "available", at=13 * S)
    assert (desk.who("heavy"), desk.who("l4")) == ("b", "a")


@pytest.mark.parametrize("skill", ["", "x"])
def test_room_held_for_work_that_moves_away_in_a_hand_out_is_free_in_the_same_one(
    desk: Desk, skill: str
) -> None:
    desk.staff("a", capacity=4, skills={"x": 1})
    desk.staff("b", capacity=4, skills={"x": 1})
    desk.open_queue("q2", "b")
    step = Relaxation(after=9_000 * S, move_to=QueueId("q2"), skip_wait=True)
    desk.open_queue("q", "a", hold_room_after=10 * S, relaxations=[step])
    desk.open_queue("o", "a")
    for number in range(4):
        desk.ask(f"l{number}", "q", at=0)
    need = {skill: 1} if skill else {}
    desk.ask("heavy", "q", at=S, weight=4, priority=TicketPriority.HIGH, skills=need)
    desk.ask("light", "o", at=S)
    desk.resolve(TicketId("l0"), at=12 * S)
    assert desk.agent(A).room_held_for == "heavy"
    if skill:
        desk.change_agent(A, skills={}, at=13 * S)
    else:
        desk.change_agent(A, capacity=3, at=13 * S)
        desk.resolve(TicketId("l1"), at=14 * S)
    assert (desk.who("heavy"), desk.who("light")) == ("b", "a")


@pytest.mark.parametrize("within", ["ring_all", "average_load"])
def test_of_two_who_have_to_free_as_much_the_better_tier_holds_room(
    desk: Desk, within: str
) -> None:
    desk.staff("a", "b", capacity=4)
    desk.open_queue("fill", "a", "b")
    terms = {A: Membership(priority=2), B: Membership(priority=1)}
    strategy, deliver = f"priority(then={within})", "offer"
    desk.open_queue("q", members=terms, hold_room_after=10 * S, strategy=strategy, delivery=deliver)
    desk.ask("l0", "fill", at=0, weight=4)
    desk.ask("l1", "fill", at=1, weight=4)
    assert (desk.who("l0"), desk.who("l1")) == ("a", "b")  # b was assigned last
    desk.ask("heavy", "q", at=S, weight=4)
    desk.advance(at=11 * S)
    assert desk.agent(B).room_held_for == "heavy"
