"""Offers to one agent at a time: put, answered, missed, withdrawn, and what the gate does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Delivery,
    OfferPolicy,
    Presence,
    RateLimit,
    Relaxation,
    RoutingState,
    Ticket,
    TicketPriority,
    seconds,
)
from ticketroute import errors as err
from ticketroute.events import Cause, HoldStatus, WaitReason
from ticketroute.model import AgentId, QueueId, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO, DAN = (AgentId(name) for name in ("ana", "ben", "cleo", "dan"))
PHONE, SALES = QueueId("phone"), QueueId("sales")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))
RING = seconds(30)


def phone(desk: Desk, *members: str, capacity: int = 3, **facts: Any) -> None:
    """Open a queue that offers its tickets from the top of its list, with its agents there."""
    desk.staff(*members, capacity=capacity)
    facts.setdefault("strategy", "top_down")
    desk.open_queue("phone", *members, delivery=Delivery.OFFER, **facts)


def lives(desk: Desk, name: str) -> tuple[int, int, Presence]:
    """Return an agent's load, misses in a row and presence."""
    record = desk._state.roster.agents[AgentId(name)]
    return record.load, record.rare.misses, record.presence


# --- accepting ------------------------------------------------------------------------------------


def test_an_offer_stands_for_its_time_and_takes_room_of_the_one_asked(desk: Desk) -> None:
    phone(desk, "ana", "ben", capacity=1)
    desk.ask("t1", "phone", at=1_000)
    assert desk.told == ["t1 submitted", "t1 asks ana, routed"]
    assert desk.state("t1") is RoutingState.OFFERED
    assert desk.who("t1") is None
    assert desk.load("ana") == 1
    assert desk.agent(ANA).offered == (T1,)
    assert desk.next_deadline() == 1_000 + RING

    desk.accept(T1, ANA, at=5_000)
    assert desk.told == ["t1 to ana, accepted"]
    assert (desk.who("t1"), desk.load("ana")) == ("ana", 1)
    assert desk.next_deadline() is None
    assert desk.last[0].by == "ana"


def test_one_millisecond_before_the_end_an_offer_can_be_accepted(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=RING - 1)
    assert desk.who("t1") == "ana"


def test_at_its_very_instant_an_offer_has_expired(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    with pytest.raises(err.OfferGoneError) as caught:
        desk.accept(T1, ANA, at=RING)
    assert caught.value.winner is None
    desk.advance(at=RING)
    assert desk.told == ["t1 missed by ana, 1", "t1 asks ben, routed"]
    assert {event.at for event in desk.last} == {RING}


def test_a_late_acceptance_names_the_winner_and_changes_nothing(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING)
    desk.accept(T1, BEN, at=RING + 5)
    before = desk.snapshot()
    with pytest.raises(err.OfferGoneError, match="'ben' has it") as caught:
        desk.accept(T1, ANA, at=RING + 5)
    assert caught.value.winner == "ben"
    assert desk.snapshot() == before


def test_accepting_twice_is_refused_and_names_oneself(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=1)
    before = desk.snapshot()
    with pytest.raises(err.OfferGoneError) as caught:
        desk.accept(T1, ANA, at=1)
    assert caught.value.winner == "ana"
    assert desk.snapshot() == before


def test_who_was_never_asked_can_neither_accept_nor_decline(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    before = desk.snapshot()
    with pytest.raises(err.NotOfferedError):
        desk.accept(T1, BEN, at=0)
    with pytest.raises(err.NotOfferedError):
        desk.decline(T1, BEN, at=0)
    assert desk.snapshot() == before


def test_a_stale_version_cannot_be_accepted(desk: Desk) -> None:
    phone(desk, "ana")
    desk.ask("t1", "phone", at=0)
    seen = desk.ticket(T1).version
    desk.change_priority(T1, TicketPriority.URGENT, at=1)
    with pytest.raises(err.ConflictError):
        desk.accept(T1, ANA, at=2, expected_version=seen)
    desk.accept(T1, ANA, at=2, expected_version=seen + 1)
    assert desk.who("t1") == "ana"


def test_a_burst_never_promises_an_agent_twice(desk: Desk) -> None:
    phone(desk, "ana", "ben", capacity=2)
    for number in range(6):
        desk.ask(f"t{number}", "phone", at=number)
    assert (desk.load("ana"), desk.load("ben")) == (2, 2)
    assert desk.waiting(PHONE) == ("t4", "t5")
    assert desk.ticket(TicketId("t4")).wait_reason is WaitReason.NOBODY_FREE
    for number in range(4):
        desk.accept(TicketId(f"t{number}"), ANA if number < 2 else BEN, at=10)
    assert (desk.load("ana"), desk.load("ben")) == (2, 2)


def test_acceptance_never_fails_for_want_of_room_even_with_less_capacity(desk: Desk) -> None:
    phone(desk, "ana", capacity=2)
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=0)
    desk.change_agent(ANA, capacity=1, at=1)
    desk.accept(T1, ANA, at=2)
    desk.accept(T2, ANA, at=3)
    assert desk.load("ana") == 2


def test_a_heavy_offer_takes_its_whole_cost(desk: Desk) -> None:
    phone(desk, "ana", capacity=3)
    desk.ask("t1", "phone", at=0, weight=3)
    desk.ask("t2", "phone", at=0)
    assert desk.load("ana") == 3
    assert desk.state("t2") is RoutingState.WAITING
    desk.decline(T1, ANA, at=1)
    assert desk.told == [
        "t1 declined by ana, declined",
        "t2 asks ana, freed",
        "t1 waits: nobody_left",
    ]
    assert desk.load("ana") == 1


# --- rate limit -----------------------------------------------------------------------------------


def test_open_offers_count_towards_the_rate_limit(desk: Desk) -> None:
    desk.staff("ana", capacity=9, rate_limit=RateLimit(2, 60_000))
    desk.open_queue("phone", "ana", delivery=Delivery.OFFER)
    for name in ("t1", "t2", "t3"):
        desk.ask(name, "phone", at=0)
    assert desk.agent(ANA).offered == (T1, T2)
    desk.accept(T1, ANA, at=100)
    assert desk.state("t3") is RoutingState.WAITING
    desk.decline(T2, ANA, at=200)
    assert desk.told == [
        "t2 declined by ana, declined",
        "t3 asks ana, freed",
        "t2 waits: nobody_left",
    ]


def test_the_rate_limit_lifts_by_time_while_an_offer_is_open(desk: Desk) -> None:
    desk.staff("ana", capacity=9, rate_limit=RateLimit(2, 60_000))
    desk.open_queue(
        "phone", "ana", delivery=Delivery.OFFER, offer=OfferPolicy(timeout=seconds(300))
    )
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=0)
    desk.ask("t2", "phone", at=10)
    desk.ask("t3", "phone", at=10)
    assert desk.state("t3") is RoutingState.WAITING
    assert desk.explain(T3).others[0].eligible_from == 60_000
    assert desk.next_deadline() == 60_000
    desk.advance(at=60_000)
    assert desk.told == ["RateLimitLifted", "t3 asks ana, freed"]


def test_an_old_assignment_does_not_count_beside_a_new_offer(desk: Desk) -> None:
    desk.staff("ana", capacity=9, rate_limit=RateLimit(2, 60_000))
    desk.open_queue("phone", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=0)
    desk.ask("t2", "phone", at=100_000)
    desk.ask("t3", "phone", at=100_001)
    assert desk.agent(ANA).offered == (T2, T3)


# --- declining ------------------------------------------------------------------------------------


def test_a_decline_goes_to_the_next_and_never_back(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=10, reason="lunch")
    assert desk.told == ["t1 declined by ana, lunch", "t1 asks ben, routed"]
    desk.decline(T1, BEN, at=20)
    assert desk.told == ["t1 declined by ben, declined", "t1 waits: nobody_left"]
    assert desk.next_deadline() is None
    assert [verdict.reason and verdict.reason.value for verdict in desk.explain(T1).others] == [
        "declined",
        "declined",
    ]
    desk.ask("t2", "phone", at=30)  # only this ticket is not put to them again
    assert desk.told == ["t2 submitted", "t2 asks ana, routed"]


def test_presence_registered_anew_lets_a_decliner_be_asked_again(desk: Desk) -> None:
    phone(desk, "ana")
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=10)
    desk.set_presence(ANA, "available", reason="still here", at=20)  # was there all along
    assert desk.told == ["ana available"]
    desk.set_presence(ANA, "away", at=30)
    desk.set_presence(ANA, "available", at=40)
    assert desk.told == ["ana available", "t1 asks ana, routed"]


def test_an_agent_removed_and_added_again_is_asked_again(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=10)
    desk.decline(T1, BEN, at=10)
    desk.remove_agent(ANA, at=20)
    desk.staff("ana")
    desk.add_member(PHONE, ANA, at=30)
    assert desk.told == ["MemberAdded", "t1 asks ana, freed"]


def test_a_decliner_is_asked_again_at_exactly_the_retry(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(retry_declined_after=seconds(45)))
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, at=1_000)
    assert desk.advance(at=45_999) == ()
    desk.advance(at=46_000)
    assert desk.told == ["t1 may ask ana again", "t1 asks ana, routed"]


def test_declining_after_the_end_is_refused(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING)
    before = desk.snapshot()
    with pytest.raises(err.OfferGoneError):
        desk.decline(T1, ANA, at=RING)
    assert desk.snapshot() == before


@pytest.mark.parametrize(
    ("reason", "free_at"),
    [("busy", 20_010), ("declined", 5_010), ("lunch", 5_010)],  # others cool down as declined does
)
def test_each_reason_has_its_cool_down_and_ends_at_exactly_its_instant(
    desk: Desk, reason: str, free_at: int
) -> None:
    cool_down = {"busy": 20_000, "declined": 5_000, "missed": 7_000}
    phone(desk, "ana", offer=OfferPolicy(cool_down=cool_down))
    desk.ask("t1", "phone", at=0)
    desk.decline(T1, ANA, reason=reason, at=10)
    desk.ask("t2", "phone", at=20)
    assert desk.told == ["t2 submitted", "t2 waits: nobody_free"]
    verdict = desk.explain(T2).others[0]
    assert verdict.reason is not None
    assert (verdict.reason.value, verdict.eligible_from) == ("cooling_down", free_at)
    with pytest.raises(err.NotEligibleError, match="cooling_down"):
        desk.take(None, ANA, at=30)
    assert desk.advance(at=free_at - 1) == ()
    desk.advance(at=free_at)
    assert desk.told == ["ana cooled down", "t2 asks ana, freed"]


def test_a_miss_cools_down_for_its_own_span_and_a_longer_one_is_not_cut_short(desk: Desk) -> None:
    policy = OfferPolicy(timeout=1_000, cool_down={"missed": 7_000, "busy": 20_000})
    phone(desk, "ana", offer=policy)
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=500)
    desk.decline(T1, ANA, reason="busy", at=500)
    desk.advance(at=1_500)  # t2 missed: 7 s from now would end before the 20 s do
    assert desk.told == ["t2 missed by ana, 1", "t2 waits: nobody_left"]
    desk.ask("t3", "phone", at=2_000)
    desk.advance(at=20_500)
    assert desk.told == ["ana cooled down", "t3 asks ana, freed"]


# --- missing --------------------------------------------------------------------------------------


def test_who_missed_is_asked_after_the_others_and_after_the_retry(desk: Desk) -> None:
    phone(desk, "ana", "ben", offer=OfferPolicy(max_misses=9))
    desk.ask("t1", "phone", at=0)
    desk.advance(at=seconds(30))
    assert desk.told == ["t1 missed by ana, 1", "t1 asks ben, routed"]
    desk.advance(at=seconds(60))
    assert desk.told == ["t1 missed by ben, 1", "t1 waits: nobody_left"]
    desk.advance(at=seconds(90) - 1)
    assert desk.last == ()
    desk.advance(at=seconds(90))
    assert desk.told == ["t1 may ask ana again", "t1 asks ana, routed"]


def test_the_untried_go_before_who_missed_even_if_those_are_preferred(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", offer=OfferPolicy(max_misses=9))
    desk.ask("t1", "phone", at=0, prefer=ANA)
    assert desk.told[-1] == "t1 asks ana, preferred"
    desk.advance(at=seconds(30))
    desk.advance(at=seconds(60))  # ben missed it too; cleo is rung from 60 to 90
    assert desk.told[-1] == "t1 asks cleo, routed"
    desk.set_presence(CLEO, "away", at=seconds(61))
    desk.advance(at=seconds(90))
    assert desk.told == ["t1 may ask ana again", "t1 asks ana, routed"]
    desk.set_presence(CLEO, "available", at=seconds(91))
    desk.decline(T1, ANA, at=seconds(120) - 1)
    assert desk.told[-1] == "t1 asks cleo, routed"


def test_a_preferred_agent_who_missed_waits_behind_an_untried_one(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", offer=OfferPolicy(timeout=seconds(60), max_misses=9))
    desk.ask("t1", "phone", at=0, prefer=ANA)
    desk.advance(at=seconds(119))  # asks ben since 60 s
    desk.advance(at=seconds(120))  # at this instant ana may be asked again, and ben misses
    assert desk.told == ["t1 may ask ana again", "t1 missed by ben, 1", "t1 asks cleo, routed"]


def test_misses_in_a_row_end_in_away_and_withdraw_what_else_is_asked(desk: Desk) -> None:
    phone(desk, "ana", "ben", offer=OfferPolicy(max_misses=2), capacity=5)
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING)
    assert desk.told == ["t1 missed by ana, 1", "t1 asks ben, routed"]
    desk.accept(T1, BEN, at=RING)
    desk.ask("t2", "phone", at=RING)
    desk.ask("t3", "phone", at=RING + 1_000)
    desk.advance(at=2 * RING)
    assert desk.told == [
        "t2 missed by ana, 2",
        "ana away: missed_offers",
        "t3 no longer asks ana, away",
        "t2 asks ben, routed",
        "t3 asks ben, routed",
    ]
    assert lives(desk, "ana") == (0, 2, Presence.AWAY)
    assert desk.agent(ANA).reason == "missed_offers"
    desk.set_presence(ANA, "available", at=2 * RING + 1_000)
    assert lives(desk, "ana") == (0, 0, Presence.AVAILABLE)


def test_offers_that_overlap_are_one_miss_and_one_after_them_is_another(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(max_misses=3), capacity=5)
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=1_000)
    desk.ask("t3", "phone", at=RING - 1)
    desk.ask("t4", "phone", at=RING)  # ana has missed t1 at this very instant
    counts = []
    for at in (RING + 1_000, 2 * RING - 1, 2 * RING):
        desk.advance(at=at)
        counts.append(desk.told[0])
    assert counts == ["t2 missed by ana, 1", "t3 missed by ana, 1", "t4 missed by ana, 2"]
    assert lives(desk, "ana")[1:] == (2, Presence.AVAILABLE)


def test_offers_that_end_at_one_instant_are_one_miss(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(max_misses=2), capacity=5)
    for name in ("t1", "t2", "t3"):
        desk.ask(name, "phone", at=0)
    desk.advance(at=RING)
    assert desk.told == [
        *[f"{name} missed by ana, 1" for name in ("t1", "t2", "t3")],
        *[f"{name} waits: nobody_left" for name in ("t1", "t2", "t3")],
    ]
    assert lives(desk, "ana")[1:] == (1, Presence.AVAILABLE)


def test_all_offers_of_one_instant_end_before_their_agent_goes_away(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(max_misses=1), capacity=5)
    for name in ("t1", "t2", "t3"):
        desk.ask(name, "phone", at=0)
    desk.ask("t4", "phone", at=1)
    desk.advance(at=RING)
    assert desk.told == [
        *[f"{name} missed by ana, 1" for name in ("t1", "t2", "t3")],
        "ana away: missed_offers",
        "t4 no longer asks ana, away",
        *[f"{name} waits: nobody_left" for name in ("t1", "t2", "t3")],
        "t4 waits: nobody_available",
    ]
    assert lives(desk, "ana")[0] == 0


def test_an_acceptance_starts_the_count_anew(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(max_misses=2, retry_missed_after=seconds(999)))
    desk.ask("t1", "phone", at=0)
    desk.advance(at=RING)
    assert lives(desk, "ana")[1] == 1
    desk.ask("t2", "phone", at=RING)
    desk.accept(T2, ANA, at=RING + 1)
    assert lives(desk, "ana")[1] == 0
    desk.ask("t3", "phone", at=RING + 2)
    desk.advance(at=RING + 2 + RING)
    assert lives(desk, "ana")[1:] == (1, Presence.AVAILABLE)


def test_a_decline_neither_counts_as_a_miss_nor_forgives_one(desk: Desk) -> None:
    phone(desk, "ana", offer=OfferPolicy(max_misses=2, retry_missed_after=seconds(999)))
    for number in range(3):
        desk.ask(f"t{number}", "phone", at=number * RING)
        if number == 1:
            desk.decline(TicketId("t1"), ANA, at=number * RING)
        desk.advance(at=(number + 1) * RING)
    assert lives(desk, "ana")[1:] == (2, Presence.AWAY)


# --- withdrawal -----------------------------------------------------------------------------------


def go_away(desk: Desk) -> None:
    desk.set_presence(ANA, "away", at=1_000)


def go_offline(desk: Desk) -> None:
    desk.set_presence(ANA, "offline", at=1_000)


def switch_off(desk: Desk) -> None:
    desk.switch_channel(ANA, "call", on=False, at=1_000)


def be_removed(desk: Desk) -> None:
    desk.remove_agent(ANA, at=1_000)


def leave_queue(desk: Desk) -> None:
    desk.remove_member(PHONE, ANA, at=1_000)


def be_replaced(desk: Desk) -> None:
    desk.change_queue(PHONE, members=[BEN], at=1_000)


@pytest.mark.parametrize(
    ("leave", "cause"),
    [
        (go_away, Cause.AWAY),
        (go_offline, Cause.AWAY),
        (switch_off, Cause.AWAY),
        (be_removed, Cause.AGENT_REMOVED),
        (leave_queue, Cause.MEMBERSHIP_ENDED),
        (be_replaced, Cause.MEMBERSHIP_ENDED),
    ],
)
def test_who_leaves_is_no_longer_asked_and_missed_nothing(
    desk: Desk, leave: Callable[[Desk], None], cause: Cause
) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0, channel="call")
    leave(desk)
    assert f"t1 no longer asks ana, {cause.value}" in desk.told
    assert desk.told[-1] == "t1 asks ben, routed"
    assert {event.at for event in desk.last} == {1_000}
    if leave is not be_removed:
        assert lives(desk, "ana")[:2] == (0, 0)
        with pytest.raises(err.OfferGoneError):
            desk.accept(T1, ANA, at=1_000)
    desk.accept(T1, BEN, at=1_001)
    assert desk.who("t1") == "ben"


def test_another_channel_switched_off_leaves_an_offer_alone(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0, channel="call")
    desk.switch_channel(ANA, "chat", on=False, at=1)
    assert desk.told == ["ChannelSwitched"]
    desk.accept(T1, ANA, at=2)


def test_a_withdrawn_agent_who_is_back_may_be_asked_at_once(desk: Desk) -> None:
    phone(desk, "ana")
    desk.ask("t1", "phone", at=0)
    desk.set_presence(ANA, "away", at=10)
    assert desk.told[-1] == "t1 waits: nobody_available"
    desk.set_presence(ANA, "available", at=20)
    assert desk.told == ["ana available", "t1 asks ana, freed"]


def test_a_removed_queue_takes_its_offers_back_and_its_tickets_go_on(desk: Desk) -> None:
    phone(desk, "ana", "ben", offer=OfferPolicy(parallel=2))
    desk.staff("cleo")
    desk.open_queue("sales", "cleo", delivery=Delivery.OFFER)
    desk.ask("t1", "phone", at=0)
    with pytest.raises(err.QueueNotEmptyError):
        desk.remove_queue(PHONE, at=1)
    desk.remove_queue(PHONE, move_to=SALES, at=2)
    assert desk.told == [
        "t1 no longer asks ana, queue_removed",
        "t1 no longer asks ben, queue_removed",
        "t1 from None, queue_removed",
        "t1 phone -> sales",
        "QueueRemoved",
        "t1 asks cleo, routed",
    ]
    assert (desk.load("ana"), desk.load("ben"), lives(desk, "ana")[1]) == (0, 0, 0)


# --- commands on a ticket that is offered ---------------------------------------------------------


def offered(desk: Desk, **facts: Any) -> None:
    """Offer t1 to ana and ben at 0, with cleo left over."""
    facts.setdefault("offer", OfferPolicy(parallel=2))
    phone(desk, "ana", "ben", "cleo", capacity=1, **facts)
    desk.open_queue("sales", "cleo", strategy="top_down")
    desk.ask("t1", "phone", at=0)
    assert desk.ticket(T1).offered_to == (ANA, BEN)


def nobody_is_asked(desk: Desk) -> None:
    """Check that no offer of t1 is left, that nobody is blamed, and that no time runs."""
    assert desk.ticket(T1).offered_to == ()
    for name in ("ana", "ben", "cleo"):
        assert desk.agent(AgentId(name)).offered == ()
        assert lives(desk, name)[1] == 0
    assert desk.next_deadline() is None


def test_resolving_takes_the_offers_back(desk: Desk) -> None:
    offered(desk, wrap_up=5_000)
    desk.resolve(T1, at=5)
    assert desk.state("t1") is RoutingState.DONE
    assert desk.told == [
        "t1 no longer asks ana, command",
        "t1 no longer asks ben, command",
        "t1 from None, command",
        "t1 resolved",
    ]
    assert (desk.load("ana"), desk.load("ben")) == (0, 0)
    nobody_is_asked(desk)
    with pytest.raises(err.OfferGoneError):
        desk.accept(T1, ANA, at=6)


def test_a_freed_offer_lets_the_next_ticket_be_put(desk: Desk) -> None:
    offered(desk)
    desk.ask("t2", "phone", at=1)
    assert desk.told[1:] == ["t2 asks cleo, routed", "t2 asks 1 of 2"]
    desk.abandon(T1, at=5)
    assert "t2 asks ana, freed" in desk.told
    assert desk.ticket(T2).offered_to == (CLEO, ANA)


def test_a_ticket_on_hold_is_put_to_nobody_until_it_is_back(desk: Desk) -> None:
    offered(desk)
    desk.hold(T1, HoldStatus.POSTPONED, at=5)
    assert desk.state("t1") is RoutingState.PARKED
    nobody_is_asked(desk)
    desk.resume(T1, at=9)
    assert desk.ticket(T1).offered_to == (ANA, BEN)
    assert desk.next_deadline() == 9 + RING


def test_an_abandoned_ticket_rings_no_longer(desk: Desk) -> None:
    offered(desk)
    desk.abandon(T1, at=5)
    assert desk.state("t1") is RoutingState.DONE
    nobody_is_asked(desk)


def test_merged_away_an_offered_ticket_rings_no_longer(desk: Desk) -> None:
    offered(desk)
    desk.ask("t2", "sales", at=1)
    desk.merge(T1, into=T2, at=5)
    assert desk.told[:2] == ["t1 no longer asks ana, merged", "t1 no longer asks ben, merged"]
    nobody_is_asked(desk)
    assert desk.ticket(T2).arrived == 0


def test_an_offered_ticket_that_takes_another_in_rings_on(desk: Desk) -> None:
    offered(desk)
    desk.ask("t2", "sales", at=1, arrived=0)
    desk.merge(T2, into=T1, at=5)
    assert desk.ticket(T1).offered_to == (ANA, BEN)
    desk.accept(T1, BEN, at=6)
    assert desk.who("t1") == "ben"


def test_transferred_an_offered_ticket_leaves_with_all_its_offers(desk: Desk) -> None:
    offered(desk)
    desk.transfer(T1, to_queue=SALES, at=5)
    assert desk.told[-2:] == ["t1 phone -> sales", "t1 to cleo, routed"]
    nobody_is_asked(desk)
    desk.transfer(T1, to_queue=PHONE, at=6)
    assert desk.who("t1") == "cleo"  # a member there as well


def test_transferred_to_where_it_is_it_rings_on(desk: Desk) -> None:
    offered(desk)
    assert desk.transfer(T1, to_queue=PHONE, at=5) == ()
    assert desk.ticket(T1).offered_to == (ANA, BEN)


@pytest.mark.parametrize("name", ["ana", "ben", "cleo"])
def test_whoever_is_assigned_it_by_hand_everyone_else_is_let_go(desk: Desk, name: str) -> None:
    offered(desk)
    desk.assign(T1, AgentId(name), at=5)
    assert desk.who("t1") == name
    assert {each: desk.load(each) for each in ("ana", "ben", "cleo")} == {
        each: int(each == name) for each in ("ana", "ben", "cleo")
    }
    nobody_is_asked(desk)


@pytest.mark.parametrize("name", ["ana", "cleo"])
def test_transferred_to_an_agent_asked_or_not_it_is_theirs(desk: Desk, name: str) -> None:
    offered(desk)
    desk.transfer(T1, to_agent=AgentId(name), at=5)
    assert (desk.who("t1"), desk.load(name)) == (name, 1)
    nobody_is_asked(desk)


@pytest.mark.parametrize("name", ["ben", "cleo"])
def test_taken_while_it_rings_it_stops_ringing(desk: Desk, name: str) -> None:
    offered(desk)
    desk.take(T1, AgentId(name), at=5)
    assert (desk.who("t1"), desk.load(name)) == (name, 1)
    nobody_is_asked(desk)
    with pytest.raises(err.OfferGoneError) as caught:
        desk.accept(T1, ANA, at=5)
    assert caught.value.winner == name


def test_a_refused_assignment_leaves_the_offers_as_they_are(desk: Desk) -> None:
    offered(desk)
    desk.ask("t2", "sales", at=1)
    before = desk.snapshot()
    refusals: list[Callable[[], object]] = [
        lambda: desk.assign(T1, CLEO, at=1),
        lambda: desk.take(T1, CLEO, at=1),
        lambda: desk.transfer(T1, to_agent=CLEO, at=1),
        lambda: desk.release(T2, at=1, expected_version=99),
        lambda: desk.resolve(T1, at=1, expected_version=99),
        lambda: desk.hold(T1, at=1, expected_version=99),
        lambda: desk.merge(T1, into=T2, at=1, expected_version=99),
    ]
    for refused in refusals:
        with pytest.raises(err.TicketRouteError):
            refused()
        assert desk.snapshot() == before


def test_another_priority_while_it_rings_only_changes_its_place(desk: Desk) -> None:
    offered(desk)
    desk.change_priority(T1, TicketPriority.URGENT, at=5)
    assert desk.ticket(T1).offered_to == (ANA, BEN)
    desk.reply(T1, Author.REQUESTER, at=6)
    assert desk.ticket(T1).offered_to == (ANA, BEN)


def test_what_nobody_has_cannot_be_released(desk: Desk) -> None:
    offered(desk)
    before = desk.snapshot()
    with pytest.raises(err.TransitionError, match="offered"):
        desk.release(T1, at=0)
    assert desk.snapshot() == before


# --- a queue changed while it rings ---------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["ring_all", "ring_all(step=5000)", "round_robin", "random"])
def test_a_strategy_swapped_while_it_rings_loses_no_offer(
    make_desk: Callable[..., Desk], strategy: str
) -> None:
    desk = make_desk(random=Random(7))  # noqa: S311  a seed, for the same draws each time
    offered(desk)
    desk.change_queue(PHONE, strategy=strategy, at=1)
    rung = (ANA, BEN, CLEO) if strategy == "ring_all" else (ANA, BEN)
    assert desk.ticket(T1).offered_to == rung
    desk.decline(T1, ANA, at=2)
    desk.decline(T1, BEN, at=3)
    assert desk.ticket(T1).offered_to == (CLEO,)
    desk.advance(at=3 + RING)
    desk.advance(at=seconds(300))
    desk.ask("t2", "phone", at=seconds(300))


def test_a_ring_all_swapped_for_one_at_a_time_is_not_refilled_beyond_one(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", strategy="ring_all", capacity=1)
    desk.set_presence(DAN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    assert desk.ticket(T1).offered_to == (ANA, BEN, CLEO)
    desk.change_queue(PHONE, strategy="average_load", at=1)
    desk.set_presence(DAN, "available", at=2)
    desk.decline(T1, ANA, at=3)
    assert desk.told == ["t1 declined by ana, declined"]
    desk.decline(T1, BEN, at=4)
    desk.decline(T1, CLEO, at=5)
    assert desk.told[-1] == "t1 asks dan, routed"


def test_fewer_parallel_offers_let_the_open_ones_end(desk: Desk) -> None:
    phone(desk, "ana", "ben", "cleo", "dan", capacity=1, offer=OfferPolicy(parallel=3))
    desk.ask("t1", "phone", at=0)
    desk.change_queue(PHONE, offer=OfferPolicy(parallel=1), at=1)
    desk.decline(T1, ANA, at=2)
    assert desk.told == ["t1 declined by ana, declined"]
    assert desk.ticket(T1).offered_to == (BEN, CLEO)


def test_a_ticket_asking_too_few_is_content_once_fewer_are_wanted(desk: Desk) -> None:
    phone(desk, "ana", "ben", capacity=1, offer=OfferPolicy(parallel=3))
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    assert desk.told[-1] == "t1 asks 1 of 3"
    desk.change_queue(PHONE, offer=OfferPolicy(parallel=1), at=1)
    desk.set_presence(BEN, "available", at=2)
    assert desk.ticket(T1).offered_to == (ANA,)


@pytest.mark.parametrize("strategy", ["ring_all", "ring_all(step=5000)"])
def test_a_ticket_asking_too_few_survives_another_strategy(desk: Desk, strategy: str) -> None:
    phone(desk, "ana", "ben", capacity=1, offer=OfferPolicy(parallel=3))
    desk.set_presence(BEN, "away", at=0)
    desk.ask("t1", "phone", at=0)
    desk.change_queue(PHONE, strategy=strategy, at=1)
    desk.set_presence(BEN, "available", at=2)
    desk.accept(T1, ANA, at=3)
    assert desk.who("t1") == "ana"


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_queue_that_assigns_from_now_on_takes_its_offers_back_and_assigns(
    desk: Desk, parallel: int
) -> None:
    phone(desk, "ana", "ben", "cleo", capacity=1, offer=OfferPolicy(parallel=parallel))
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=0)
    desk.change_queue(PHONE, delivery=Delivery.ASSIGN, at=1)
    assert (desk.who("t1"), desk.who("t2")) == ("ana", "ben")
    assert [desk.load(name) for name in ("ana", "ben", "cleo")] == [1, 1, 0]
    assert desk.next_deadline() is None


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_queue_that_is_pulled_from_now_on_gets_its_ticket_back_in_the_line(
    desk: Desk, parallel: int
) -> None:
    phone(desk, "ana", "ben", "cleo", capacity=1, offer=OfferPolicy(parallel=parallel))
    desk.ask("t1", "phone", at=0)
    desk.change_queue(PHONE, delivery=Delivery.PULL, at=1)
    assert desk.told[-1] == "t1 waits: awaits_pull"
    assert [desk.load(name) for name in ("ana", "ben", "cleo")] == [0, 0, 0]
    desk.take(None, CLEO, at=3)
    assert desk.who("t1") == "cleo"


@pytest.mark.parametrize("parallel", [1, 2])
def test_assigned_through_another_queue_a_ticket_leaves_room_for_the_next(
    desk: Desk, parallel: int
) -> None:
    policy = OfferPolicy(parallel=parallel, timeout=seconds(60))
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("sales", "ben")
    steps = [Relaxation(after=5_000, add_queue=SALES)]
    desk.open_queue("phone", "ana", delivery=Delivery.OFFER, offer=policy, relaxations=steps)
    desk.ask("t1", "phone", at=0)
    desk.ask("t2", "phone", at=1)
    assert desk.waiting(PHONE) == ((T1, T2) if parallel == 2 else (T2,))
    desk.advance(at=5_000)
    if parallel == 2:  # t1 wants one more to be asked: ben, to whom it is assigned
        assert desk.who("t1") == "ben"
        assert desk.told[-3:] == ["t1 to ben, routed", "t2 asks ana, freed", "t2 asks 1 of 2"]
    else:
        assert desk.ticket(T1).offered_to == (ANA,)
    desk.advance(at=5_001)
    assert desk.who("t2") == (None if parallel == 2 else "ben")


def test_a_queue_that_offers_from_now_on_puts_what_waited_to_be_pulled(desk: Desk) -> None:
    phone(desk, "ana", "ben", capacity=1)
    desk.change_queue(PHONE, delivery=Delivery.PULL, at=0)
    desk.ask("t1", "phone", at=1)
    desk.change_queue(PHONE, delivery=Delivery.OFFER, at=2)
    assert desk.told == ["QueueChanged", "t1 asks ana, freed"]


def test_an_agent_changed_while_asked_can_still_accept(desk: Desk) -> None:
    phone(desk, "ana", "ben")
    desk.ask("t1", "phone", at=0, skills={})
    desk.change_agent(ANA, skills={"french": 3}, priority=7, at=1)
    desk.change_agent(ANA, channels=["chat"], at=2)
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.accept(T1, ANA, at=3)
    assert (desk.who("t1"), desk.load("ana")) == ("ana", 1)


def test_a_preview_of_an_offer_is_what_submitting_does(desk: Desk) -> None:
    phone(desk, "ana", "ben", offer=OfferPolicy(parallel=3))
    ticket = Ticket(id=T1, queue=PHONE)
    foreseen = desk.preview(ticket, at=5)
    assert desk.submit(ticket, at=5) == foreseen
    assert desk.told[-1] == "t1 asks 2 of 3"


# --- wrap-up --------------------------------------------------------------------------------------


def test_a_wrap_up_slot_counts_in_all_queues_of_the_agent_until_its_very_end(desk: Desk) -> None:
    phone(desk, "ana", capacity=1, wrap_up=seconds(20))
    desk.open_queue("sales", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=1_000)
    desk.ask("t2", "sales", at=2_000)
    desk.resolve(T1, at=10_000)
    assert desk.told == ["t1 resolved"]
    assert desk.explain(T2).others[0].eligible_from == 30_000
    assert desk.advance(at=29_999) == ()
    desk.advance(at=30_000)
    assert desk.told == ["ana wrapped up t1", "t2 asks ana, freed"]


def test_a_wrap_up_ended_early_lets_the_next_ticket_be_put_at_once(desk: Desk) -> None:
    phone(desk, "ana", capacity=1, wrap_up=seconds(20))
    desk.ask("t1", "phone", at=0)
    desk.accept(T1, ANA, at=1_000)
    desk.ask("t2", "phone", at=2_000)
    desk.resolve(T1, at=10_000)
    desk.end_wrap_up(T1, at=12_000)
    assert desk.told == ["ana wrapped up t1", "t2 asks ana, freed"]
    assert desk.next_deadline() == 12_000 + RING


def test_an_agent_added_while_a_ticket_waits_is_asked(desk: Desk) -> None:
    phone(desk)
    desk.ask("t1", "phone", at=0)
    assert desk.told[-1] == "t1 waits: no_members"
    desk.add_agent(Agent(id=ANA), presence="available", at=1)
    desk.add_member(PHONE, ANA, at=2)
    assert desk.told[-1] == "t1 asks ana, freed"
