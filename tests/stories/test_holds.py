"""Tickets on hold: what they cost meanwhile, and where they go when they come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Author, ChannelLimit, RoutingState, Status
from ticketroute.errors import AlreadyDoneError, TransitionError
from ticketroute.events import HoldStatus
from ticketroute.model import AgentId, QueueId, ResumeRule, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL = QueueId("mail")
T1, T2, T3, T4 = (TicketId(f"t{number}") for number in (1, 2, 3, 4))


def test_a_ticket_on_hold_keeps_its_agent_and_frees_their_slot_for_the_next(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.hold(T1, at=3)
    assert desk.told == ["t1 pending", "t2 to ana, freed"]
    assert (desk.who("t1"), desk.who("t2")) == ("ana", "ana")
    assert desk.load("ana") == 1
    assert desk.agent(ANA).parked == ("t1",)
    assert desk.ticket(T1).status is Status.PENDING


def test_resumed_with_room_it_goes_on_with_its_agent(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, HoldStatus.POSTPONED, at=2)
    desk.resume(T1, at=3)
    assert desk.told == ["t1 resumed by ana"]
    assert desk.ticket(T1).status is Status.OPEN
    assert desk.load("ana") == 1


def test_strict_a_ticket_without_room_goes_back_ahead_of_later_arrivals(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.hold(T1, at=4)  # ana gets t2
    desk.resume(T1, at=5)
    assert desk.told == ["t1 from ana, resumed", "t1 waits: nobody_free"]
    assert desk.waiting(MAIL) == ("t1", "t3")
    desk.resolve(T2, at=6)
    assert desk.who("t1") == "ana"


def test_strict_a_ticket_without_room_goes_to_another_who_has_it(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.ask("t2", "mail", at=3)
    desk.resume(T1, at=4)
    assert desk.told == ["t1 from ana, resumed", "t1 to ben, routed"]


def test_back_in_line_a_ticket_prefers_its_last_agent(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("mail", "ben", "ana", strategy="top_down", limit_per_agent=1)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    assert (desk.who("t1"), desk.who("t2")) == ("ben", "ana")
    desk.hold(T2, at=3)
    desk.ask("t3", "mail", at=4)
    desk.resume(T2, at=5)
    assert desk.told == ["t2 from ana, resumed", "t2 waits: nobody_free"]
    desk.change_queue(MAIL, limit_per_agent=2, at=6)  # room for both at once
    assert desk.who("t2") == "ana"


def test_sticky_a_ticket_stays_and_its_agent_gets_nothing_until_below(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", resume=ResumeRule.STICKY)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.hold(T1, at=3)
    desk.ask("t3", "mail", at=4)
    desk.resume(T1, at=5)
    assert desk.told == ["t1 resumed by ana"]
    assert desk.load("ana") == 3

    desk.ask("t4", "mail", at=6)
    desk.resolve(T2, at=7)
    assert desk.load("ana") == 2  # full, not below
    assert desk.who("t4") is None
    desk.resolve(T3, at=8)
    assert desk.told == ["t3 resolved", "t4 to ana, freed"]


def test_where_parked_counts_the_slot_stays_taken(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", parked_counts=True)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.hold(T1, at=3)
    assert desk.told == ["t1 pending"]
    assert desk.load("ana") == 1
    assert desk.agent(ANA).parked == ("t1",)
    assert desk.agent(ANA).tickets == ()
    desk.resume(T1, at=4)
    assert desk.told == ["t1 resumed by ana"]
    assert desk.load("ana") == 1


def test_parked_counts_can_be_changed_while_tickets_are_on_hold(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", parked_counts=True)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.hold(T1, at=3)
    desk.change_queue(MAIL, parked_counts=False, at=4)
    assert desk.told == ["QueueChanged", "t2 to ana, freed"]
    desk.change_queue(MAIL, parked_counts=True, at=5)
    assert desk.load("ana") == 2
    desk.ask("t3", "mail", at=6)
    desk.resolve(T2, at=7)
    assert desk.who("t3") is None
    desk.resolve(T1, at=8)
    assert desk.who("t3") == "ana"


def test_work_done_before_a_hold_counts_at_once_where_parked_tickets_count(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=9)
    desk.open_queue("mail", "ana", "ben", strategy="least_handle_time", parked_counts=True)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    assert (desk.who("t1"), desk.who("t2")) == ("ana", "ben")
    desk.resolve(T2, at=10_000)  # ben: 10 s
    desk.hold(T1, at=100_000)  # ana: 100 s
    desk.ask("t3", "mail", at=100_001)
    assert desk.who("t3") == "ben"


def test_another_status_replaces_the_present_one_and_the_same_is_no_event(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, HoldStatus.PENDING, at=2)
    assert desk.hold(T1, HoldStatus.PENDING, at=3) == ()
    desk.hold(T1, HoldStatus.POSTPONED, at=4)
    assert desk.ticket(T1).status is Status.POSTPONED
    assert desk.state("t1") is RoutingState.PARKED


def test_a_waiting_ticket_can_be_put_on_hold_and_comes_back_to_its_place(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.hold(T2, at=4)
    assert desk.waiting(MAIL) == ("t3",)
    desk.resume(T2, at=5)
    assert desk.waiting(MAIL) == ("t2", "t3")
    assert desk.who("t2") is None


def test_a_requester_who_writes_resumes_a_ticket_on_hold(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.reply(T1, Author.REQUESTER, at=3)
    assert desk.told == ["t1 replied", "t1 resumed by ana"]


@pytest.mark.parametrize("author", [Author.AUTOMATION, Author.NOTE, Author.AGENT])
def test_nobody_else_does(desk: Desk, author: Author) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.reply(T1, author, at=3)
    assert desk.told == ["t1 replied"]
    assert (desk.state("t1"), desk.who("t1")) == (RoutingState.PARKED, "ana")


def test_a_ticket_on_hold_whose_agent_left_is_routed_anew(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.remove_agent(ANA, at=3)
    assert (desk.state("t1"), desk.who("t1")) == (RoutingState.ASSIGNED, "ben")


def test_only_a_ticket_on_hold_resumes(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    with pytest.raises(TransitionError) as caught:
        desk.resume(T1, at=2)
    assert (caught.value.state, caught.value.step) == ("assigned", "TicketResumed")
    desk.resolve(T1, at=3)
    with pytest.raises(AlreadyDoneError):
        desk.resume(T1, at=4)
    with pytest.raises(AlreadyDoneError):
        desk.hold(T1, at=4)


def test_a_capacity_made_smaller_meanwhile_is_minded_on_resume(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, weight=2)
    desk.hold(T1, at=2)
    desk.change_agent(ANA, capacity=1, at=3)
    desk.resume(T1, at=4)
    assert desk.told == ["t1 from ana, resumed", "t1 waits: nobody_fits"]


def test_the_cost_is_that_of_the_instant_of_resuming(desk: Desk) -> None:
    desk.staff("ana", capacity=5, channels={"email": ChannelLimit(cost=1)})
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    desk.change_agent(ANA, channels={"email": ChannelLimit(cost=3)}, at=3)
    desk.resume(T1, at=4)
    assert desk.load("ana") == 3
    desk.resolve(T1, at=5)
    assert desk.load("ana") == 0
