"""The reference desk where one instant, a ring, an answer or a size is easily got wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Defaults,
    Delivery,
    Membership,
    OfferPolicy,
    Queue,
    Relaxation,
    Ticket,
    TicketPriority,
)
from ticketroute.errors import ConflictError, InvalidValueError
from ticketroute.events import Event
from ticketroute.model import events as ev
from ticketroute.model.agent import ChannelLimit
from ticketroute.model.relaxation import Reach
from ticketroute.testing import ReferenceDesk

S = 1_000
URGENT, LOW = TicketPriority.URGENT, TicketPriority.LOW
HANDED = (ev.TicketAssigned, ev.TicketOffered)


def a_desk(**capacity: int) -> Any:
    desk: Any = ReferenceDesk(Defaults())
    for name, units in capacity.items():
        desk.add_agent(Agent(id=name, capacity=units), presence="available", at=0)
    return desk


def a_queue(desk: Any, name: str, members: Any, at: int = 0, **facts: Any) -> None:
    desk.add_queue(Queue(id=name, members=members, **facts), at=at)


def comes(desk: Any, name: str, at: int = 0, queue: str = "q", **facts: Any) -> tuple[Event, ...]:
    events: tuple[Event, ...] = desk.submit(Ticket(id=name, queue=queue, **facts), at=at)
    return events


def told(events: Iterable[Event]) -> list[tuple[Any, ...]]:
    return [
        (each.at // S, type(each).__name__[6:], each.ticket_id, each.agent_id)
        for each in events
        if isinstance(each, HANDED)
    ]


def offered(desk: Any, name: str) -> tuple[str, ...]:
    return tuple(desk.facts.tickets[name].offers)


# --- one instant, one hand-out --------------------------------------------------------------------


def test_offers_that_expire_at_one_instant_are_handed_out_together() -> None:
    desk = a_desk(A=1, B=1)
    a_queue(desk, "q", ["A", "B"], strategy="ring_all")
    comes(desk, "t1")
    comes(desk, "t2", at=1 * S)
    assert told(desk.advance(at=30 * S)) == [(30, "Offered", "t2", "A"), (30, "Offered", "t2", "B")]


def test_of_two_steps_at_one_instant_the_urgent_ticket_goes_first() -> None:
    desk = a_desk(A=1)
    a_queue(desk, "q", ["A"], relaxations=[Relaxation(after=60 * S, drop=["x"])])
    comes(desk, "b", skills={"x": 1}, priority=URGENT)
    comes(desk, "a", skills={"x": 1}, priority=LOW)
    assert told(desk.advance(at=60 * S)) == [(60, "Assigned", "b", "A")]


def test_of_two_wrap_ups_that_end_at_one_instant_the_strategy_is_asked() -> None:
    desk = a_desk(A=1, Z=1)
    tiers = {"A": Membership(priority=2), "Z": Membership(priority=1)}
    a_queue(desk, "q", tiers, strategy="priority", wrap_up=10 * S)
    for name in ("z", "a"):
        comes(desk, name)
    comes(desk, "t", at=5 * S)
    desk.resolve("a", at=10 * S)
    desk.resolve("z", at=10 * S)
    assert told(desk.advance(at=20 * S)) == [(20, "Assigned", "t", "Z")]


@pytest.mark.parametrize("together", [True, False])
def test_many_tickets_come_one_after_the_other(together: bool) -> None:
    desk = a_desk(A=1)
    a_queue(desk, "q", ["A"], relaxations=[Relaxation(after=60 * S, drop=["x"], skip_wait=True)])
    urgent = Ticket(id="urgent", queue="q", skills={"x": 1}, priority=URGENT)
    both = (urgent, Ticket(id="low", queue="q", priority=LOW))
    if together:
        events = desk.submit_many(iter(both), at=1 * S)
    else:
        events = tuple(event for each in both for event in desk.submit(each, at=1 * S))
    assert told(events) == [(1, "Assigned", "urgent", "A")]


def test_an_offer_and_a_wrap_up_that_end_together_are_handed_out_together() -> None:
    desk = a_desk(A=1, B=1)
    a_queue(desk, "calls", ["A"], strategy="ring_all")
    a_queue(desk, "mail", ["A", "B"], wrap_up=10 * S, weight=1)
    comes(desk, "m", queue="mail", prefer="B")
    comes(desk, "c", queue="calls")
    desk.resolve("m", at=20 * S)
    comes(desk, "late", queue="mail", at=21 * S)
    events = desk.advance(at=30 * S)
    assert [type(each) for each in events] == [
        ev.WrapUpEnded,
        ev.OfferExpired,
        *[ev.TicketAssigned, ev.TicketQueued],
    ]
    assert told(events) == [(30, "Assigned", "late", "A")]


# --- rings ----------------------------------------------------------------------------------------


def test_a_ring_goes_on_in_every_queue_and_to_everyone_who_comes() -> None:
    desk = a_desk(A=1, C=1)
    desk.add_agent(Agent(id="B", capacity=1), at=0)
    a_queue(desk, "q2", ["C"], strategy="ring_all")
    steps = [Relaxation(after=15 * S, add_queue="q2")]
    a_queue(desk, "q1", ["A", "B"], strategy="ring_all", relaxations=steps)
    comes(desk, "t", queue="q1")
    assert told(desk.advance(at=15 * S)) == [(15, "Offered", "t", "C")]
    assert told(desk.set_presence("B", "available", at=20 * S)) == [(20, "Offered", "t", "B")]


def test_a_ring_keeps_widening_whatever_offers_end() -> None:
    desk = a_desk(**dict.fromkeys("ABCDEF", 1))
    a_queue(desk, "q", list("ABCDEF"), strategy="ring_all(step=20000)")
    comes(desk, "t")
    for at in (15, 30, 45):
        desk.decline("t", offered(desk, "t")[0], at=at * S)
    desk.advance(at=60 * S)
    assert offered(desk, "t") == ("E", "F")  # D's own offer expired at this very instant


def test_a_wider_reach_rings_the_second_tier_while_the_first_one_rings() -> None:
    desk = a_desk(A=1, B=1)
    tiers = {"A": Membership(priority=1), "B": Membership(priority=2)}
    wider = [Relaxation(after=30 * S, reach=Reach(1, 2))]
    policy = OfferPolicy(timeout=120 * S)
    facts: Any = {"reach": Reach(1, 1), "offer": policy, "relaxations": wider}
    a_queue(desk, "q", tiers, strategy="ring_all", **facts)
    assert told(comes(desk, "t")) == [(0, "Offered", "t", "A")]
    assert told(desk.advance(at=60 * S)) == [(30, "Offered", "t", "B")]


def test_a_ring_that_widened_to_everyone_rings_newcomers_at_once() -> None:
    desk = a_desk(A=1, B=1)
    desk.add_agent(Agent(id="C", capacity=1), at=0)
    a_queue(desk, "q", ["A", "B"], strategy="ring_all(step=5000)")
    comes(desk, "t")
    assert told(desk.advance(at=5 * S)) == [(5, "Offered", "t", "B")]
    desk.add_member("q", "C", at=6 * S)
    assert told(desk.set_presence("C", "available", at=7 * S)) == [(7, "Offered", "t", "C")]


def test_a_ring_stays_in_line_without_saying_so_when_one_declines() -> None:
    desk = a_desk(A=1, B=1)
    a_queue(desk, "q", ["A", "B"], strategy="ring_all")
    comes(desk, "t")
    events = desk.decline("t", "A", at=1 * S)
    assert [type(each) for each in events] == [ev.OfferDeclined]
    assert desk.facts.tickets["t"].in_line


@pytest.mark.parametrize(("others", "shown"), [((), False), (("B",), True)])
def test_a_strategy_is_shown_for_a_ticket_from_a_line_only_if_it_had_a_choice(
    others: tuple[str, ...], shown: bool
) -> None:
    desk = a_desk(A=1, B=1)
    a_queue(desk, "q", ["A", *others], wrap_up=10 * S)
    for number in range(1 + len(others)):
        comes(desk, f"t{number}")
    comes(desk, "waits", at=1 * S)
    for number in range(1 + len(others)):
        desk.resolve(f"t{number}", at=2 * S)
    (assigned,) = desk.advance(at=12 * S)[-1:]
    assert (assigned.strategy is not None, bool(assigned.key)) == (shown, shown)


def test_a_queue_that_rings_offers_and_no_other_delivery_will_do() -> None:
    desk = a_desk(A=1)
    a_queue(desk, "q", ["A"], strategy="priority(then=ring_all)")
    assert desk.facts.queues["q"].queue.delivery is Delivery.OFFER
    for delivery in (Delivery.ASSIGN, Delivery.PULL):
        with pytest.raises(InvalidValueError, match="delivery"):
            a_queue(desk, "other", ["A"], strategy="ring_all", delivery=delivery)


def test_overlapping_offers_that_all_expire_are_one_miss() -> None:
    desk = a_desk(A=3)
    a_queue(desk, "q", ["A"], strategy="ring_all")
    for number in range(3):
        comes(desk, f"t{number}", at=number * S)
    events = desk.advance(at=32 * S)
    missed = [each for each in events if isinstance(each, ev.OfferExpired)]
    assert [(each.at // S, each.misses) for each in missed] == [(30, 1), (31, 1), (32, 1)]


def test_all_offers_of_an_instant_expire_before_anybody_is_away() -> None:
    desk = a_desk(A=2, B=1)
    policy = OfferPolicy(max_misses=1)
    a_queue(desk, "q", ["A"], delivery=Delivery.OFFER, offer=policy)
    a_queue(desk, "r", ["B"], delivery=Delivery.OFFER, offer=policy)
    for name, queue in (("t1", "q"), ("t2", "r"), ("t3", "q")):
        comes(desk, name, queue=queue)
    kinds = [type(each).__name__ for each in desk.advance(at=30 * S)]
    assert kinds[:5] == [*["OfferExpired"] * 3, *["PresenceChanged"] * 2]


# --- answers last ---------------------------------------------------------------------------------


def test_a_decline_outlasts_a_move() -> None:
    desk = a_desk(A=1)
    a_queue(desk, "q2", ["A"], delivery=Delivery.OFFER)
    steps = [Relaxation(after=10 * S, move_to="q2")]
    a_queue(desk, "q", ["A"], delivery=Delivery.OFFER, relaxations=steps)
    comes(desk, "t")
    desk.decline("t", "A", at=1 * S)
    assert told(desk.advance(at=10 * S)) == []


def test_nobody_waits_for_an_agent_who_can_never_have_it() -> None:
    desk = a_desk(A=2, B=2)
    a_queue(desk, "q", ["A", "B"], affinity_wait=600 * S)
    comes(desk, "busy", prefer="A")
    comes(desk, "t", at=1 * S, prefer="A", weight=2)
    events = desk.change_agent("A", capacity=1, at=2 * S)
    assert told(events) == [(2, "Assigned", "t", "B")]
    (ended,) = [each for each in events if isinstance(each, ev.ReserveEnded)]
    assert ended.cause is ev.Cause.COMMAND


def test_a_step_skips_the_wait_when_the_last_agent_leaves() -> None:
    desk = a_desk(a=1, b=2)
    a_queue(desk, "d2", ["b"])
    year = Relaxation(after=365 * 86_400 * S, move_to="d2", skip_wait=True)
    a_queue(desk, "d1", ["a"], relaxations=[year])
    comes(desk, "first", queue="d1")
    comes(desk, "old", queue="d1", at=1 * S)
    assert told(desk.set_presence("a", "offline", at=2 * S)) == [(2, "Assigned", "old", "b")]
    assert told(comes(desk, "new", queue="d1", at=3 * S)) == [(3, "Assigned", "new", "b")]


def test_a_stale_version_is_refused_before_all_else() -> None:
    desk = a_desk(a=1, b=1)
    a_queue(desk, "q", ["a", "b"], delivery=Delivery.PULL)
    comes(desk, "t")
    seen = desk.facts.tickets["t"].version
    desk.assign("t", "b", at=1 * S)
    with pytest.raises(ConflictError):
        desk.assign("t", "a", at=2 * S, expected_version=seen)


# --- work of every size ---------------------------------------------------------------------------


@pytest.mark.parametrize(("hold_room_after", "went_before"), [(None, 59), (0, 1), (60 * S, 5)])
def test_room_is_held_for_heavy_work(hold_room_after: int | None, went_before: int) -> None:
    desk = a_desk(A=1_100)
    a_queue(desk, "q", ["A"], hold_room_after=hold_room_after)
    for number in range(70):
        comes(desk, f"n{number}", weight=500)
    comes(desk, "heavy", at=10 * S, weight=1_000, priority=URGENT)
    gone: list[str] = []
    for number in range(1, 60):
        mine = sorted(desk.facts.tickets.values(), key=lambda ticket: ticket.since or 0)
        oldest = next(each for each in mine if each.agent == "A")
        events = desk.resolve(oldest.id, at=(10 + 10 * number) * S)
        gone += [each[2] for each in told(events)]
        if "heavy" in gone:
            break
    assert len([name for name in gone if name != "heavy"]) == went_before
    assert ("heavy" in gone) is (hold_room_after is not None)


def mails_and_chats(desk: Any) -> None:
    limits = {"email": ChannelLimit(interruptible=True), "chat": ChannelLimit()}
    desk.add_agent(Agent(id="A", capacity=3, channels=limits), presence="available", at=0)
    a_queue(desk, "q", ["A"])


def test_a_chat_interrupts_mails_and_mails_wait_for_a_chat() -> None:
    desk = a_desk()
    mails_and_chats(desk)
    for number in range(3):
        comes(desk, f"m{number}", channel="email")
    assert told(comes(desk, "c", channel="chat", at=1 * S)) == [(1, "Assigned", "c", "A")]
    desk.resolve("m0", at=2 * S)
    assert told(comes(desk, "m3", channel="email", at=3 * S)) == []
    assert told(desk.resolve("c", at=4 * S)) == [(4, "Assigned", "m3", "A")]


def test_members_by_hand_get_nothing_by_themselves() -> None:
    desk = a_desk(A=1, B=1)
    a_queue(desk, "q", {"A": Membership(automatic=False)})
    assert told(comes(desk, "t")) == []
    assert told(desk.take(None, "A", at=1 * S)) == [(1, "Assigned", "t", "A")]
