"""Whom a ticket wishes for: the preferred agent, the requester's last one; how long it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import Delivery, OfferPolicy, RoutingState, seconds
from ticketroute import errors as err
from ticketroute.model import AgentId, QueueId, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL = QueueId("mail")
T0, T1, T2 = TicketId("t0"), TicketId("t1"), TicketId("t2")
WAIT = seconds(20)


def mail(desk: Desk, **facts: Any) -> None:
    """Open a queue of ben and ana, each with room for one ticket; ben is asked first."""
    desk.staff("ana", "ben", capacity=1)
    facts.setdefault("strategy", "top_down")
    desk.open_queue("mail", "ben", "ana", **facts)


def busy(desk: Desk, **facts: Any) -> None:
    """Give t0 to ana, and have t1 wait for her from 1000 on."""
    facts.setdefault("affinity_wait", WAIT)
    mail(desk, **facts)
    desk.ask("t0", "mail", at=0, prefer=ANA, requester="rita")
    if desk.state("t0") is RoutingState.OFFERED:
        desk.accept(T0, ANA, at=0)
    desk.ask("t1", "mail", at=1_000, prefer=ANA)
    assert desk.told == ["t1 submitted", "t1 waits for ana", "t1 waits: nobody_free"]
    assert desk.next_deadline() == 1_000 + WAIT


def test_the_preferred_agent_is_asked_first_and_else_the_normal_way(desk: Desk) -> None:
    mail(desk)
    desk.ask("t1", "mail", at=0, prefer=ANA)
    assert desk.told[-1] == "t1 to ana, preferred"
    desk.ask("t2", "mail", at=1, prefer=ANA)
    assert desk.told[-1] == "t2 to ben, routed"


def test_a_queue_that_keeps_the_agent_asks_who_had_the_requesters_last_ticket(desk: Desk) -> None:
    mail(desk, keep_agent=True)
    desk.ask("t0", "mail", at=0, prefer=ANA, requester="rita")
    desk.resolve(T0, at=1)
    desk.ask("t1", "mail", at=2, requester="rita")
    assert desk.told[-1] == "t1 to ana, last_agent"
    desk.ask("t2", "mail", at=3, requester="otto")
    assert desk.told[-1] == "t2 to ben, routed"


def test_without_that_wish_the_last_agent_makes_no_difference(desk: Desk) -> None:
    mail(desk)
    desk.ask("t0", "mail", at=0, prefer=ANA, requester="rita")
    desk.resolve(T0, at=1)
    desk.ask("t1", "mail", at=2, requester="rita")
    assert desk.told[-1] == "t1 to ben, routed"


def test_the_preferred_agent_goes_before_the_last_one(desk: Desk) -> None:
    mail(desk, keep_agent=True)
    desk.ask("t0", "mail", at=0, prefer=ANA, requester="rita")
    desk.resolve(T0, at=1)
    desk.ask("t1", "mail", at=2, requester="rita", prefer=BEN)
    assert desk.told[-1] == "t1 to ben, preferred"


def test_a_ticket_waits_for_a_busy_agent_and_gets_another_at_exactly_the_end(desk: Desk) -> None:
    busy(desk)
    desk.ask("t2", "mail", at=2_000)
    assert desk.told[-1] == "t2 to ben, routed"  # no other ticket waits with it
    desk.resolve(T2, at=3_000)
    assert desk.state("t1") is RoutingState.WAITING
    assert desk.advance(at=1_000 + WAIT - 1) == ()
    desk.advance(at=1_000 + WAIT)
    assert desk.told == ["t1 waits for nobody, time", "t1 to ben, routed"]


def test_freed_before_the_end_the_agent_gets_the_ticket(desk: Desk) -> None:
    busy(desk)
    desk.resolve(T0, at=5_000)
    assert desk.told[0] == "t0 resolved"
    assert desk.who("t1") == "ana"
    assert desk.next_deadline() is None


def test_the_wait_ends_when_the_agent_leaves(desk: Desk) -> None:
    busy(desk)
    desk.set_presence(ANA, "away", at=5_000)
    assert desk.told == ["ana away", "t1 waits for nobody, away", "t1 to ben, routed"]


def test_the_wait_ends_when_the_agent_is_removed(desk: Desk) -> None:
    busy(desk)
    desk.remove_agent(ANA, at=5_000)
    assert "t1 waits for nobody, agent_removed" in desk.told
    assert {desk.who("t0"), desk.who("t1")} == {"ben", None}


def test_the_wait_ends_with_the_membership(desk: Desk) -> None:
    busy(desk)
    desk.remove_member(MAIL, ANA, at=5_000)
    assert "t1 waits for nobody, membership_ended" in desk.told


def test_the_wait_ends_when_the_channel_goes_off(desk: Desk) -> None:
    busy(desk)
    desk.switch_channel(ANA, "email", on=False, at=5_000)
    assert desk.who("t1") == "ben"


def test_nobody_waits_for_an_agent_who_is_not_there(desk: Desk) -> None:
    mail(desk, affinity_wait=WAIT)
    desk.set_presence(ANA, "away", at=0)
    desk.ask("t1", "mail", at=0, prefer=ANA)
    assert desk.told == ["t1 submitted", "t1 to ben, routed"]


def test_what_agents_take_by_themselves_is_reserved_for_nobody(desk: Desk) -> None:
    mail(desk, delivery=Delivery.PULL, affinity_wait=WAIT)
    desk.ask("t0", "mail", at=0, prefer=ANA)
    desk.take(T0, ANA, at=0)
    desk.change_agent(BEN, capacity=2, at=0)
    for ticket_id in ("t1", "t2"):
        desk.ask(ticket_id, "mail", at=1, prefer=ANA)
        desk.take(TicketId(ticket_id), BEN, at=1)
    desk.remove_agent(BEN, at=3)
    assert [told for told in desk.told if "waits" in told] == [
        "t1 waits: awaits_pull",
        "t2 waits: awaits_pull",
    ]


def test_nobody_waits_for_an_agent_who_could_never_have_it(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.change_agent(BEN, skills={"french": 5}, at=0)
    desk.open_queue("mail", "ben", "ana", affinity_wait=WAIT)
    desk.ask("t0", "mail", at=0, prefer=ANA)
    desk.ask("t1", "mail", at=1, prefer=ANA, skills={"french": 1})
    assert desk.told == ["t1 submitted", "t1 to ben, routed"]


def test_a_reserved_ticket_can_be_given_to_nobody_else_but_by_force(desk: Desk) -> None:
    busy(desk)
    with pytest.raises(err.NotEligibleError, match="reserved"):
        desk.take(T1, BEN, at=2_000)
    desk.assign(T1, BEN, force=True, at=2_000)
    assert desk.who("t1") == "ben"
    assert desk.next_deadline() is None


def test_a_reserved_ticket_can_be_held_moved_and_given_up(desk: Desk) -> None:
    busy(desk)
    desk.hold(T1, at=2_000)
    assert desk.next_deadline() is None
    desk.resume(T1, at=3_000)
    assert desk.next_deadline() == 3_000 + WAIT
    desk.open_queue("other", "ben")
    desk.transfer(T1, to_queue=QueueId("other"), at=4_000)
    assert desk.who("t1") == "ben"
    desk.ask("t2", "mail", at=5_000, prefer=ANA)
    desk.abandon(T2, at=6_000)
    assert desk.next_deadline() is None


def test_freed_before_the_end_the_agent_is_asked_and_time_runs_for_the_offer_alone(
    desk: Desk,
) -> None:
    busy(desk, delivery=Delivery.OFFER)
    desk.resolve(T0, at=5_000)
    assert desk.ticket(T1).offered_to == (ANA,)
    assert desk.next_deadline() == 5_000 + seconds(30)
    desk.advance(at=1_000 + WAIT)
    assert desk.last == ()
    desk.advance(at=35_000)
    assert desk.told == ["t1 missed by ana, 1", "t1 asks ben, routed"]


def test_who_leaves_while_asked_for_a_ticket_that_waited_for_them_lets_it_go(desk: Desk) -> None:
    busy(desk, delivery=Delivery.OFFER)
    desk.resolve(T0, at=5_000)
    desk.set_presence(ANA, "away", at=6_000)
    assert desk.told == ["ana away", "t1 no longer asks ana, away", "t1 asks ben, routed"]


def test_with_parallel_offers_the_others_join_once_the_one_waited_for_is_asked(desk: Desk) -> None:
    busy(desk, delivery=Delivery.OFFER, offer=OfferPolicy(parallel=2))
    desk.resolve(T0, at=5_000)
    assert set(desk.ticket(T1).offered_to) == {ANA, BEN}
    desk.advance(at=100_000)


def test_declined_by_somebody_a_ticket_no_longer_waits_for_its_preferred_agent(desk: Desk) -> None:
    mail(desk, delivery=Delivery.OFFER, affinity_wait=WAIT)
    desk.staff("cleo", capacity=1)
    desk.open_queue("other", "ana")
    desk.set_presence(ANA, "away", at=0)
    desk.ask("t1", "mail", at=0, prefer=ANA)
    assert desk.ticket(T1).offered_to == (BEN,)
    desk.set_presence(ANA, "available", at=1)
    desk.ask("t2", "other", at=2)
    assert desk.who("t2") == "ana"
    desk.decline(T1, BEN, at=3)
    assert desk.told == ["t1 declined by ben, declined", "t1 waits: nobody_free"]
    desk.resolve(T2, at=4)
    assert desk.ticket(T1).offered_to == (ANA,)


def test_a_reopened_ticket_waits_for_its_last_agent(desk: Desk) -> None:
    mail(desk, affinity_wait=WAIT)
    desk.ask("t0", "mail", at=0, prefer=ANA)
    desk.resolve(T0, at=1)
    desk.ask("t1", "mail", at=2, prefer=ANA)
    desk.reopen(T0, at=3)
    assert desk.told[-2:] == ["t0 waits for ana", "t0 waits: nobody_free"]
    desk.resolve(T1, at=4)
    assert desk.who("t0") == "ana"


def test_of_two_that_wait_for_one_agent_the_earlier_goes_first(desk: Desk) -> None:
    busy(desk)
    desk.ask("t2", "mail", at=2_000, prefer=ANA)
    desk.resolve(T0, at=3_000)
    assert (desk.who("t1"), desk.who("t2")) == ("ana", None)
    desk.advance(at=2_000 + WAIT)
    assert desk.who("t2") == "ben"
