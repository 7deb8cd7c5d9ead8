"""Tickets that move: to a queue, to an agent, to both, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Delivery, OfferPolicy, Relaxation, RoutingState, TicketPriority, seconds
from ticketroute.errors import (
    AlreadyDoneError,
    InvalidValueError,
    NotEligibleError,
    UnknownAgentError,
    UnknownQueueError,
    UnknownTicketError,
)
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


def _two_queues(desk: Desk, *, capacity: int = 1) -> None:
    """Ana serves mail, Ben sales, Cleo both."""
    desk.staff("ana", "ben", "cleo", capacity=capacity)
    desk.open_queue("mail", "ana", "cleo", strategy="top_down")
    desk.open_queue("sales", "ben", "cleo", strategy="top_down")


def test_a_ticket_whose_agent_does_not_serve_the_new_queue_is_released_into_its_line(
    desk: Desk,
) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)  # cleo
    desk.ask("t3", "sales", at=3)  # ben
    desk.transfer(T1, to_queue=SALES, at=4, by="eve")
    assert desk.told == ["t1 from ana, transferred", "t1 mail -> sales", "t1 waits: nobody_free"]
    assert {event.by for event in desk.last[:2]} == {"eve"}
    assert desk.load("ana") == 0


def test_the_slot_freed_by_a_transfer_is_filled_in_the_same_command(desk: Desk) -> None:
    _two_queues(desk)
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.transfer(T1, to_queue=SALES, at=4)
    assert (desk.who("t1"), desk.who("t3")) == ("ben", "ana")


def test_an_agent_who_serves_both_queues_keeps_the_ticket(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.transfer(T2, to_queue=SALES, at=3)
    assert desk.told == ["t2 mail -> sales"]
    assert desk.who("t2") == "cleo"
    assert desk.load("cleo") == 1


def test_an_agent_keeps_a_ticket_only_within_the_limit_of_the_new_queue(desk: Desk) -> None:
    desk.staff("ana", capacity=9)
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ana", limit_per_agent=1)
    desk.ask("t1", "sales", at=1)
    desk.ask("t2", "mail", at=2)
    desk.transfer(T2, to_queue=SALES, at=3)
    assert desk.told == ["t2 from ana, transferred", "t2 mail -> sales", "t2 waits: nobody_free"]
    desk.transfer(T1, to_queue=MAIL, at=4)
    assert desk.told == ["t1 sales -> mail", "t2 to ana, freed"]


def test_a_transfer_keeps_the_place_of_the_first_arrival(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.open_queue("sales")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.transfer(T1, to_queue=SALES, at=3)
    assert desk.waiting(SALES) == ("t1", "t2")
    assert desk.waiting(MAIL) == ()


def test_a_fresh_place_is_the_end_of_the_line(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.open_queue("sales")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.transfer(T1, to_queue=SALES, fresh_place=True, at=3)
    assert desk.waiting(SALES) == ("t2", "t1")
    assert desk.ticket(T1).arrived == 3


def test_a_transfer_to_an_agent_frees_the_other_one(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.transfer(T1, to_agent=BEN, at=2)
    assert desk.told == ["t1 from ana, transferred", "t1 to ben, transferred"]
    assert (desk.load("ana"), desk.load("ben")) == (0, 1)


def test_a_transfer_to_an_agent_in_a_queue_moves_both(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.transfer(T1, to_queue=SALES, to_agent=CLEO, at=2)
    assert desk.told == ["t1 from ana, transferred", "t1 mail -> sales", "t1 to cleo, transferred"]
    assert desk.ticket(T1).queue_id == "sales"


def test_a_waiting_ticket_can_be_transferred_to_an_agent(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", delivery=Delivery.PULL)
    desk.ask("t1", "mail", at=1)
    desk.transfer(T1, to_agent=ANA, at=2)
    assert desk.told == ["t1 to ana, transferred"]
    assert desk.waiting(MAIL) == ()


def test_a_transfer_to_who_has_it_is_no_event(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    assert desk.transfer(T1, to_agent=ANA, at=2) == ()
    assert desk.transfer(T1, to_queue=MAIL, at=2) == ()
    assert desk.who("t1") == "ana"


def test_a_full_agent_keeps_their_ticket_when_it_moves_with_them(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1, weight=1)
    desk.ask("t2", "mail", at=2)
    desk.transfer(T2, to_queue=SALES, to_agent=CLEO, at=3)
    assert desk.told == ["t2 mail -> sales"]


def test_a_transfer_to_who_may_not_get_it_changes_nothing(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)  # ben is full
    before = desk.snapshot()
    with pytest.raises(NotEligibleError) as caught:
        desk.transfer(T1, to_queue=SALES, to_agent=BEN, at=3)
    assert (caught.value.agent_id, caught.value.ticket_id) == ("ben", "t1")
    assert caught.value.reason == "agent_limit"
    with pytest.raises(NotEligibleError) as caught:
        desk.transfer(T1, to_agent=BEN, at=3)
    assert caught.value.reason == "not_member"
    assert desk.snapshot() == before


def test_a_transfer_to_nowhere_changes_nothing(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    before = desk.snapshot()
    with pytest.raises(UnknownQueueError):
        desk.transfer(T1, to_queue=QueueId("nowhere"), at=2)
    with pytest.raises(UnknownAgentError):
        desk.transfer(T1, to_agent=AgentId("nobody"), at=2)
    with pytest.raises(UnknownQueueError):
        desk.transfer(T1, to_queue=QueueId("nowhere"), to_agent=CLEO, at=2)
    with pytest.raises(UnknownTicketError):
        desk.transfer(TicketId("t9"), to_queue=SALES, at=2)
    with pytest.raises(InvalidValueError, match="to_queue or to_agent"):
        desk.transfer(T1, at=2)
    assert desk.snapshot() == before


def test_a_forced_transfer_says_what_it_went_over(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.transfer(T1, to_queue=SALES, to_agent=BEN, force=True, by="eve", at=3)
    assert desk.told[-1] == "t1 to ben, transferred over agent_limit"
    assert desk.load("ben") == 2
    desk.ask("t3", "sales", at=4)
    desk.resolve(T1, at=5)
    assert desk.who("t3") == "cleo"
    assert desk.load("ben") == 1


def test_a_done_ticket_does_not_move(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    with pytest.raises(AlreadyDoneError):
        desk.transfer(T1, to_queue=SALES, at=3)


def test_a_parked_ticket_stays_parked_with_an_agent_who_serves_the_new_queue(desk: Desk) -> None:
    _two_queues(desk)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.hold(T1, at=3)
    desk.hold(T2, at=3)
    desk.transfer(T2, to_queue=SALES, at=4)
    assert (desk.state("t2"), desk.who("t2")) == (RoutingState.PARKED, "cleo")
    desk.transfer(T1, to_queue=SALES, at=5)
    assert (desk.state("t1"), desk.who("t1")) == (RoutingState.ASSIGNED, "ben")


@pytest.mark.parametrize("counts_there", [True, False])
def test_a_parked_ticket_counts_as_its_new_queue_says(desk: Desk, *, counts_there: bool) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", parked_counts=not counts_there)
    desk.open_queue("sales", "ana", parked_counts=counts_there)
    desk.ask("t1", "mail", at=1)
    desk.hold(T1, at=2)
    assert desk.load("ana") == (0 if counts_there else 1)
    desk.transfer(T1, to_queue=SALES, at=3)
    assert desk.load("ana") == (1 if counts_there else 0)


def test_the_priority_of_a_ticket_moves_with_it(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.open_queue("sales")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.ask("t3", "mail", at=3)
    desk.change_priority(T3, TicketPriority.URGENT, at=4)
    desk.transfer(T3, to_queue=SALES, at=5)
    desk.transfer(T1, to_queue=SALES, at=6)
    assert desk.waiting(SALES) == ("t3", "t1", "t2")


def test_a_transfer_into_a_pull_queue_awaits_the_pull(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ben", delivery=Delivery.PULL)
    desk.ask("t1", "mail", at=1)
    desk.transfer(T1, to_queue=SALES, at=2)
    assert desk.told[-1] == "t1 waits: awaits_pull"
    assert isinstance(desk.last[-1], ev.TicketQueued)


def test_a_released_ticket_keeps_its_place_by_first_arrival(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.set_presence(ANA, "away", at=3)
    desk.release(T1, at=4)
    assert desk.told == ["t1 from ana, released", "t1 waits: nobody_available"]
    assert desk.waiting(MAIL) == ("t1", "t2")


@pytest.mark.parametrize("delivery", [Delivery.PULL, Delivery.ASSIGN])
@pytest.mark.parametrize("to_queue", [None, SALES])
def test_a_transfer_by_hand_is_held_against_what_the_ticket_asks_by_then(
    desk: Desk, delivery: Delivery, to_queue: QueueId | None
) -> None:
    desk.staff("ana", "cleo")
    steps = [Relaxation(after=seconds(5), drop=["french"])]
    desk.open_queue("mail", "ana", "cleo", delivery=delivery, relaxations=steps)
    desk.open_queue("sales", "ana", "cleo")
    desk.ask("t1", "mail", at=0, skills={"french": 1})
    with pytest.raises(NotEligibleError, match="skill"):
        desk.transfer(T1, to_queue=to_queue, to_agent=CLEO, at=seconds(4))
    desk.advance(at=seconds(5))
    given = desk.transfer(T1, to_queue=to_queue, to_agent=CLEO, at=seconds(6))
    assigned = given.first(ev.TicketAssigned)
    assert assigned is not None
    assert assigned.exceeded is None
    assert desk.who("t1") == "cleo"


def test_who_is_to_be_left_out_is_not_asked_when_an_earlier_miss_would_have_ended(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben")
    calls = OfferPolicy(timeout=seconds(4), retry_missed_after=seconds(10), max_misses=9)
    desk.open_queue("mail", "ana", "ben", strategy="top_down", delivery=Delivery.OFFER, offer=calls)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(4))  # ana missed it, until 14
    desk.accept(T1, BEN, at=seconds(5))
    desk.change_queue(MAIL, offer=OfferPolicy(timeout=seconds(60), max_misses=9), at=seconds(5))
    desk.set_presence(BEN, "away", at=seconds(6))
    desk.release(T1, avoid=ANA, at=seconds(7))
    desk.advance(at=seconds(20))
    assert desk.ticket(T1).offered_to == ()
