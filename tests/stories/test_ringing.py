"""Several offers at once: parallel ones, everyone at once, one after the other, and tiers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import Agent, Delivery, Membership, OfferPolicy, RoutingState, seconds
from ticketroute import errors as err
from ticketroute.events import WaitReason
from ticketroute.model import AgentId, ContactPoint, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO, DAN = (AgentId(name) for name in ("ana", "ben", "cleo", "dan"))
PHONE, SALES = QueueId("phone"), QueueId("sales")
T1, T2 = TicketId("t1"), TicketId("t2")
RING = seconds(30)


def phone(desk: Desk, *members: str, capacity: int = 1, **facts: Any) -> None:
    """Open a queue that offers its tickets, with its agents there."""
    desk.staff(*members, capacity=capacity)
    facts.setdefault("strategy", "top_down")
    desk.open_queue("phone", *members, delivery=Delivery.OFFER, **facts)


def asked(desk: Desk, name: str = "t1") -> str:
    """Return the initials of who is asked for a ticket, in the order in which they were."""
    return "".join(agent_id[0] for agent_id in desk.ticket(TicketId(name)).offered_to)


def unblamed(desk: Desk, *names: str) -> bool:
    """Return whether these agents are as if nobody had asked them."""
    records = [desk._state.roster.agents[AgentId(name)] for name in names]
    return all(
        not (each.load or each.rare.misses or each.rare.offers or each.rare.cooling_until)
        for each in records
    )


# --- parallel offers ------------------------------------------------------------------------------


def test_parallel_offers_are_replaced_at_once(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", offer=OfferPolicy(parallel=2))
    desk.ask("t1", "phone", at=0)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed", "t1 asks ben, routed"]
    desk.decline(T1, ANA, at=1_000)
    assert desk.told == ["t1 declined by ana, declined", "t1 asks cleo, routed"]
    desk.advance(at=RING)
    assert desk.told == ["t1 missed by ben, 1", "t1 asks dan, routed"]
    desk.accept(T1, DAN, at=RING + 1)
    assert desk.told == ["t1 no longer asks cleo, answered", "t1 to dan, accepted"]
    assert unblamed(desk, "ana", "cleo")


def test_without_refill_a_ticket_goes_on_only_when_all_offers_have_ended(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", offer=OfferPolicy(parallel=2, refill=False))
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=1_000)
    assert desk.told == ["t1 declined by ana, declined"]
    desk.advance(at=RING)
    assert desk.told == ["t1 missed by ben, 1", "t1 asks cleo, routed", "t1 asks dan, routed"]


def test_without_refill_nobody_joins_late(desk: Desk) -> None:
    phone(desk, "ana", "ben", offer=OfferPolicy(parallel=2, refill=False))
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed"]
    desk.set_presence(BEN, "available", at=1)
    assert desk.told == ["ben available"]


def test_a_ticket_that_asks_too_few_asks_who_gains_room(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", offer=OfferPolicy(parallel=3))
    desk.ask("t0", "phone", at=0)
    desk.accept(TicketId("t0"), BEN, at=0)
    desk.set_presence(CLEO, "away", at=0)
    desk.ask("t1", "phone", at=1)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed", "t1 asks 1 of 3"]
    assert desk.state("t1") is RoutingState.OFFERED
    desk.resolve(TicketId("t0"), at=2)
    assert desk.told == ["t0 resolved", "t1 asks ben, freed", "t1 asks 2 of 3"]
    desk.set_presence(CLEO, "available", at=3)
    assert asked(desk) == "abc"
    assert desk.waiting(PHONE) == ()


def test_late_joiners_come_even_after_the_second_one_joined(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", offer=OfferPolicy(parallel=4))
    for agent_id in (BEN, CLEO, DAN):
        desk.set_presence(agent_id, "away", at=0)
    desk.ask("t1", "phone", at=1)
    for number, agent_id in enumerate((CLEO, BEN, DAN)):
        desk.set_presence(agent_id, "available", at=2 + number)
    assert asked(desk) == "acbd"


def test_of_two_that_ask_too_few_the_earlier_gets_the_late_joiner(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", offer=OfferPolicy(parallel=2))
    desk.set_presence(CLEO, "away", at=0)
    desk.ask("t1", "phone", at=1)
    desk.ask("t2", "phone", at=2)
    assert (asked(desk), asked(desk, "t2")) == ("ab", "")
    desk.decline(T1, ANA, at=3)
    assert (asked(desk), asked(desk, "t2")) == ("b", "a")
    desk.set_presence(CLEO, "available", at=4)
    assert (asked(desk), asked(desk, "t2")) == ("bc", "a")


def test_parallel_draws_are_replayed(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(random=Random(3))  # noqa: S311  a seed, for the same draws each time
    phone(desk, *"abcdef", strategy="random", offer=OfferPolicy(parallel=3))
    desk.ask("t1", "phone", at=0)
    assert len(set(asked(desk))) == 3
    first = desk.ticket(T1).offered_to[0]
    desk.decline(T1, first, at=1)
    assert len(set(asked(desk)) - {first}) == 3
    desk.ask("t2", "phone", at=2)
    assert not set(asked(desk)) & set(asked(desk, "t2"))


def test_round_robin_moves_past_everyone_it_asks_at_once(desk: Desk) -> None:
    offer = OfferPolicy(parallel=2)
    phone(desk, "ana", "ben", "cleo", "dan", capacity=9, strategy="round_robin", offer=offer)
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=1)
    assert (asked(desk), asked(desk, "t2")) == ("ab", "cd")


# --- everyone at once -----------------------------------------------------------------------------


def test_everyone_is_rung_and_the_first_acceptance_wins(desk: Desk) -> None:
    phone(
        desk, "ana", "ben", "cleo", strategy="ring_all", offer=OfferPolicy(cool_down={"missed": 1})
    )
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "abc"
    assert [desk.load(name) for name in ("ana", "ben", "cleo")] == [1, 1, 1]
    desk.accept(T1, BEN, at=10)
    assert desk.told == [
        "t1 no longer asks ana, answered",
        "t1 no longer asks cleo, answered",
        "t1 to ben, accepted",
    ]
    assert unblamed(desk, "ana", "cleo")
    with pytest.raises(err.OfferGoneError) as caught:
        desk.accept(T1, ANA, at=10)
    assert caught.value.winner == "ben"


def test_those_who_lost_get_the_next_ticket_in_the_same_command(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", strategy="ring_all")
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=1)
    assert desk.state("t2") is RoutingState.WAITING
    desk.accept(T1, ANA, at=2)
    assert asked(desk, "t2") == "bc"


def test_when_all_decline_a_ring_all_ticket_waits_until_somebody_is_back(desk: Desk) -> None:
    phone(desk, "ana", "ben", strategy="ring_all")
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=1)
    assert desk.told == ["t1 declined by ana, declined"]
    desk.decline(T1, BEN, at=2)
    assert desk.told == ["t1 declined by ben, declined", "t1 waits: nobody_left"]
    desk.set_presence(ANA, "away", at=3)
    desk.set_presence(ANA, "available", at=4)
    assert asked(desk) == "a"


def test_when_all_miss_everyone_is_rung_again_at_once_after_the_retry(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", strategy="ring_all")
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING)
    assert desk.told[-1] == "t1 waits: nobody_left"
    assert desk.advance(at=RING + seconds(5) - 1) == ()
    desk.advance(at=RING + seconds(5))
    assert desk.told[:3] == [f"t1 may ask {name} again" for name in ("ana", "ben", "cleo")]
    assert asked(desk) == "abc"
    assert desk.next_deadline() == RING + seconds(5) + RING


def test_when_all_cool_down_together_everyone_is_rung_at_its_end(desk: Desk) -> None:
    policy = OfferPolicy(cool_down={"missed": seconds(60)})
    phone(desk, "ana", "ben", strategy="ring_all", offer=policy)
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING + seconds(60))
    assert asked(desk) == "ab"


def test_three_rings_without_an_answer_and_all_are_away(desk: Desk) -> None:
    phone(desk, "ana", "ben", strategy="ring_all")
    desk.ask("t1", "phone", at=0)
    desk.advance(at=seconds(3 * 30 + 2 * 5) - 1)
    assert asked(desk) == "ab"
    desk.advance(at=seconds(3 * 30 + 2 * 5))
    assert [desk.agent(each).reason for each in (ANA, BEN)] == ["missed_offers"] * 2
    desk.advance(at=seconds(1_000))  # what they missed they may be asked again, once they are back
    assert desk.ticket(T1).wait_reason is WaitReason.NOBODY_AVAILABLE
    assert desk.next_deadline() is None


def test_ring_all_rings_everyone_whatever_parallel_and_refill_say(desk: Desk) -> None:
    offer = OfferPolicy(parallel=2, refill=False)
    phone(desk, "ana", "ben", "cleo", strategy="ring_all", offer=offer)
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "abc"
    desk.decline(T1, ANA, at=1)
    assert asked(desk) == "bc"
    desk.set_presence(ANA, "away", at=2)
    desk.set_presence(ANA, "available", at=3)
    assert asked(desk) == "bca"


def test_a_ticket_that_prefers_somebody_rings_them_alone_and_then_everyone(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", strategy="ring_all")
    desk.ask("t1", "phone", at=0, prefer=CLEO)
    assert asked(desk) == "c"
    desk.decline(T1, CLEO, at=1)
    assert asked(desk) == "ab"


def test_only_those_with_the_skill_are_rung(desk: Desk) -> None:
    phone(desk, "ana", strategy="ring_all")
    desk.staff("ben", "cleo", skills={"french": 5})
    desk.add_member(PHONE, BEN, at=0)
    desk.add_member(PHONE, CLEO, at=0)
    desk.ask("t1", "phone", at=0, skills={"french": 3})
    assert asked(desk) == "bc"


# --- one more every so often ----------------------------------------------------------------------


def test_one_more_is_rung_at_each_step(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", strategy="ring_all(step=10000)")
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "a"
    assert desk.advance(at=9_999) == ()
    desk.advance(at=10_000)
    assert desk.told == ["t1 rings 2", "t1 asks ben, routed"]
    desk.advance(at=20_000)
    assert desk.told == ["t1 rings 3", "t1 asks cleo, freed"]  # it rings everyone from now on
    desk.accept(T1, ANA, at=29_999)
    assert desk.told[-1] == "t1 to ana, accepted"
    assert desk.next_deadline() is None
    assert unblamed(desk, "ben", "cleo")


def test_in_a_widening_ring_who_declines_or_misses_is_replaced(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", strategy="ring_all(step=20000)")
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=5_000)
    assert asked(desk) == "b"
    desk.advance(at=25_000)
    assert asked(desk) == "bc"
    desk.decline(T1, BEN, at=26_000)
    assert asked(desk) == "cd"


def test_a_widening_ring_with_nobody_left_to_add_asks_who_comes(desk: Desk) -> None:
    phone(desk, "ana", "ben", strategy="ring_all(step=10000)")
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    desk.advance(at=10_000)
    assert desk.told == ["t1 rings 2"]
    desk.set_presence(BEN, "available", at=12_000)
    assert asked(desk) == "ab"


def test_a_widening_ring_asks_one_first_whatever_parallel_says(desk: Desk) -> None:
    offer = OfferPolicy(parallel=3)
    phone(desk, "ana", "ben", strategy="ring_all(step=10000)", offer=offer)
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed"]
    desk.set_presence(BEN, "available", at=1)
    assert asked(desk) == "a"


def test_a_widening_ring_that_reached_everyone_does_not_wait_for_who_is_wished_for(
    desk: Desk,
) -> None:
    offer = OfferPolicy(timeout=seconds(15))
    facts: dict[str, Any] = {"strategy": "ring_all(step=10000)", "limit_per_agent": 1}
    phone(desk, "ana", "ben", "cleo", capacity=2, offer=offer, **facts)
    for name, busy in (("t2", BEN), ("t3", CLEO)):
        desk.ask(name, "phone", at=0)
        desk.assign(TicketId(name), busy, at=0)
    desk.ask("t1", "phone", prefer=BEN, at=0)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed"]
    desk.advance(at=20_000)
    assert desk.told[-2:] == ["t1 rings 3", "t1 asks ana, routed"]
    desk.change_queue(PHONE, limit_per_agent=2, at=25_000)
    assert desk.told[-2:] == ["t1 asks ben, preferred", "t1 asks cleo, freed"]


def test_a_widening_ring_that_waited_for_one_rings_the_others_again_with_that_one(
    desk: Desk,
) -> None:
    offer = OfferPolicy(timeout=seconds(15), retry_missed_after=seconds(20))
    facts: dict[str, Any] = {"strategy": "ring_all(step=10000)", "affinity_wait": seconds(60)}
    phone(desk, "ana", "ben", offer=offer, **facts)
    desk.ask("t2", "phone", prefer=BEN, at=0)
    desk.accept(T2, BEN, at=0)
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", prefer=BEN, at=0)
    desk.advance(at=10_000)
    assert desk.told[0] == "t1 rings 2"
    desk.set_presence(BEN, "available", at=17_000)
    desk.advance(at=35_000)
    assert desk.told[:2] == ["t1 may ask ana again", "t1 waits for ben"]
    desk.resolve(T2, at=40_000)
    assert desk.told == ["t2 resolved", "t1 asks ben, preferred", "t1 asks ana, freed"]


# --- tiers ----------------------------------------------------------------------------------------


def tiers(desk: Desk, **facts: Any) -> None:
    """Open a queue with ana and ben in tier 1, cleo and dan in tier 2."""
    desk.staff("ana", "ben", "cleo", "dan", capacity=1)
    first, second = Membership(priority=1), Membership(priority=2)
    members = {ANA: first, BEN: first, CLEO: second, DAN: second}
    facts.setdefault("strategy", "priority(then=ring_all)")
    desk.open_queue("phone", members=members, delivery=Delivery.OFFER, **facts)


def test_only_the_best_tier_rings_and_the_next_when_all_of_it_have_answered(desk: Desk) -> None:
    tiers(desk)
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "ab"
    desk.decline(T1, ANA, at=1)
    assert asked(desk) == "b"
    desk.decline(T1, BEN, at=2)
    assert asked(desk) == "cd"
    desk.advance(at=2 + RING)
    assert desk.told[-1] == "t1 waits: nobody_left"


def test_with_the_best_tier_busy_the_next_rings(desk: Desk) -> None:
    tiers(desk)
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "a"
    desk.ask("t2", "phone", at=1)
    assert asked(desk, "t2") == "cd"


def test_with_parallel_offers_a_tier_is_used_up_before_the_next(desk: Desk) -> None:
    tiers(desk, strategy="priority", offer=OfferPolicy(parallel=3))
    desk.ask("t1", "phone", at=0)
    assert asked(desk) == "abc"


# --- contact points -------------------------------------------------------------------------------

DESK_PHONE, MOBILE = ContactPoint("desk", seconds(12)), ContactPoint("mobile", seconds(25))


def test_a_call_rings_at_each_contact_point_for_its_own_time(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(timeout=seconds(5)))
    desk.change_agent(ANA, contact_points=[DESK_PHONE, MOBILE], at=0)
    desk.ask("t1", "phone", at=100, channel="call")
    offer = desk.last[-1]
    assert isinstance(offer, ev.TicketOffered)
    assert offer.contact_points == (DESK_PHONE, MOBILE)
    assert offer.until == 100 + seconds(12 + 25)
    assert desk.next_deadline() == offer.until


def test_what_is_no_call_keeps_the_queues_timeout(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(timeout=seconds(5)))
    desk.change_agent(ANA, contact_points=[DESK_PHONE], at=0)
    desk.ask("t1", "phone", at=100, channel="chat")
    offer = desk.last[-1]
    assert isinstance(offer, ev.TicketOffered)
    assert (offer.contact_points, offer.until) == ((), 100 + seconds(5))


def test_each_of_those_rung_has_the_time_of_their_own_devices(desk: Desk) -> None:
    desk.add_agent(Agent(id=ANA, contact_points=[DESK_PHONE]), presence="available", at=0)
    desk.add_agent(Agent(id=BEN, contact_points=[MOBILE]), presence="available", at=0)
    desk.staff("cleo")
    members = ("ana", "ben", "cleo")
    desk.open_queue("phone", *members, strategy="ring_all", delivery=Delivery.OFFER)
    desk.ask("t1", "phone", at=0, channel="call")
    ends = {
        event.agent_id: event.until for event in desk.last if isinstance(event, ev.TicketOffered)
    }
    assert ends == {"ana": 12_000, "ben": 25_000, "cleo": 30_000}
    desk.advance(at=12_000)
    assert asked(desk) == "bc"


def test_devices_changed_while_it_rings_count_from_the_next_offer_on(desk: Desk) -> None:
    phone(desk, "ana")
    desk.ask("t1", "phone", at=0, channel="call")
    desk.change_agent(ANA, contact_points=[DESK_PHONE], at=1)
    assert desk.next_deadline() == RING
    desk.advance(at=seconds(90))
    assert desk.next_deadline() == seconds(90 + 12)


def test_a_ring_goes_on_to_everyone_when_the_one_it_wished_for_leaves(desk: Desk) -> None:
    desk.staff("ana", "ben", "cem")
    for agent_id in ("ben", "cem"):
        desk.set_presence(AgentId(agent_id), "away", at=0)
    desk.open_queue("calls", "ana", "ben", "cem", strategy="ring_all", delivery="offer")
    desk.ask("t", "calls", at=1, prefer=AgentId("ben"))
    desk.set_presence(AgentId("ben"), "available", at=2)
    assert desk.ticket(TicketId("t")).offered_to == ("ana", "ben")
    desk.set_presence(AgentId("ben"), "away", at=3)
    assert desk.waiting(QueueId("calls")) == ("t",)
    desk.set_presence(AgentId("cem"), "available", at=4)
    assert desk.ticket(TicketId("t")).offered_to == ("ana", "cem")


def test_a_ring_that_ends_stands_in_line_after_what_came_loose_before(desk: Desk) -> None:
    desk.staff("ana", "cleo", capacity=2)
    desk.set_presence(ANA, "away", at=0)
    ring = OfferPolicy(timeout=seconds(4), retry_missed_after=seconds(2))
    calls = OfferPolicy(timeout=seconds(30), retry_declined_after=seconds(1))
    desk.open_queue("phone", "cleo", delivery=Delivery.OFFER, offer=calls, strategy="top_down")
    desk.open_queue(
        "sales", "ana", "cleo", delivery=Delivery.OFFER, strategy="ring_all", offer=ring
    )
    desk.ask("t1", "sales", at=seconds(1))  # rings cleo until 5, and again from 7
    desk.ask("t2", "phone", at=seconds(2))
    desk.set_presence(ANA, "available", at=seconds(3))  # t1 rings ana until 7
    desk.decline(T2, CLEO, at=seconds(6))  # hers again from 7
    desk.set_presence(CLEO, "away", at=seconds(6))
    desk.told.clear()
    desk.advance(at=seconds(7))
    assert desk.told == [
        "t1 may ask cleo again",
        "t2 may ask cleo again",
        "t1 missed by ana, 1",
        "t2 waits: nobody_available",
        "t1 waits: nobody_available",
    ]


def test_a_ticket_for_which_room_is_held_rings_the_best_tier_and_not_who_is_freed_beside(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=2)
    desk.set_presence(ANA, "away", at=0)
    tiers = {BEN: Membership(priority=1), ANA: Membership(priority=2)}
    ring = OfferPolicy(timeout=seconds(4), retry_missed_after=seconds(2))
    desk.open_queue(
        "phone",
        strategy="priority(then=ring_all)",
        delivery=Delivery.OFFER,
        offer=ring,
        hold_room_after=seconds(1),
        members=tiers,
    )
    desk.open_queue("sales", "ana", delivery=Delivery.OFFER, offer=ring)
    desk.ask("t0", "phone", at=0)
    desk.accept(TicketId("t0"), BEN, at=0)
    desk.ask("t1", "phone", at=0, weight=2)
    desk.resolve(
        TicketId("t0"), at=seconds(2)
    )  # ben has room held for t1, and is rung for it until 6
    desk.set_presence(ANA, "available", at=seconds(3))
    desk.ask("t2", "sales", at=seconds(4), weight=2)  # rings ana until 8
    desk.advance(at=seconds(6))
    assert (asked(desk, "t1"), asked(desk, "t2")) == ("", "a")
    desk.advance(at=seconds(8))  # ana is free again when ben may be asked again
    assert (asked(desk, "t1"), asked(desk, "t2")) == ("b", "")


def test_a_ring_that_loses_the_room_held_for_it_still_rings_who_comes_back(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=2)
    ring = OfferPolicy(timeout=seconds(30), retry_declined_after=None)
    desk.open_queue("phone", "ana", "ben", delivery=Delivery.OFFER, strategy="ring_all", offer=ring)
    desk.open_queue("sales", "ana", "ben")
    for agent_id in (ANA, BEN):
        desk.ask(f"busy {agent_id}", "sales", at=0, prefer=agent_id)
    desk.change_queue("phone", hold_room_after=0, at=0)
    desk.ask("t1", "phone", at=0, weight=2)
    assert "t1" in (desk.agent(ANA).room_held_for, desk.agent(BEN).room_held_for)
    holder, other = (ANA, BEN) if desk.agent(ANA).room_held_for else (BEN, ANA)
    desk.resolve(TicketId(f"busy {holder}"), at=seconds(1))
    desk.decline(T1, holder, at=seconds(2))
    desk.resolve(TicketId(f"busy {other}"), at=seconds(3))
    assert desk.ticket(T1).offered_to == (other,)
    desk.set_presence(holder, "away", at=seconds(4))
    desk.set_presence(holder, "available", at=seconds(5))
    assert desk.ticket(T1).offered_to == (other, holder)
