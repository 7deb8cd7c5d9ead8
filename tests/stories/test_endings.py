"""The end of a ticket, and what comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Author, Delivery, Queue, RoutingState, Status, TicketPriority, seconds
from ticketroute.errors import (
    AlreadyAssignedError,
    AlreadyDoneError,
    InvalidValueError,
    TransitionError,
    UnknownQueueError,
)
from ticketroute.events import Cause
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


# --- resolve and wrap-up --------------------------------------------------------------------------


def test_resolving_a_ticket_pulls_the_next_one_in_the_same_command(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=3)
    assert desk.told == ["t1 resolved", "t2 to ana, freed"]
    assert desk.ticket(T1).status is Status.RESOLVED


def test_a_slot_that_is_freed_moves_the_turn_as_an_arrival_does(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="round_robin")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.resolve(TicketId("t1"), at=4)
    assert desk.who("t3") == "ana"  # after ben, who had the one before
    desk.resolve(TicketId("t2"), at=5)
    desk.resolve(TicketId("t3"), at=6)
    desk.ask("t4", "mail", at=7)
    assert desk.who("t4") == "ben"


def test_a_slot_in_wrap_up_is_free_at_exactly_its_end_and_pulls_the_next_then(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=1_000)
    assert desk.told == ["t1 resolved"]
    assert (desk.load("ana"), desk.agent(ANA).wrapping_up) == (1, ("t1",))
    assert desk.who("t1") is None  # done; the slot is another matter
    assert desk.next_deadline() == 31_000

    assert desk.advance(at=30_999) == ()
    desk.advance(at=31_000)
    assert desk.told == ["ana wrapped up t1", "t2 to ana, freed"]
    assert {event.at for event in desk.last} == {31_000}
    assert desk.next_deadline() is None


def test_a_ticket_submitted_at_the_end_of_the_wrap_up_finds_the_slot_free(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=10)
    desk.ask("t2", "mail", at=110)
    assert desk.told == ["ana wrapped up t1", "t2 submitted", "t2 to ana, routed"]


def test_wrap_up_can_be_ended_early_once(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=3)
    desk.end_wrap_up(T1, at=4)
    assert desk.told == ["ana wrapped up t1", "t2 to ana, freed"]
    assert desk.end_wrap_up(T1, at=5) == ()
    assert desk.next_deadline() is None


def test_several_wrap_ups_of_one_agent_end_each_at_its_own_instant(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.open_queue("sales", "ana", wrap_up=10)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.resolve(T1, at=50)
    desk.resolve(T2, at=60)
    desk.advance(at=70)
    assert (desk.told, desk.load("ana")) == (["ana wrapped up t2"], 1)
    desk.advance(at=150)
    assert (desk.told, desk.load("ana")) == (["ana wrapped up t1"], 0)


def test_a_ticket_nobody_works_has_no_wrap_up(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T2, at=3)  # out of the line
    assert desk.told == ["t2 resolved"]
    assert desk.waiting(MAIL) == ()
    desk.hold(T1, at=4)
    desk.resolve(T1, at=5)
    assert desk.next_deadline() is None
    assert desk.load("ana") == 0


def test_another_wrap_up_holds_for_tickets_resolved_from_then_on(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=10)
    desk.change_queue(MAIL, wrap_up=0, at=20)
    assert desk.load("ana") == 2
    desk.resolve(T2, at=30)
    assert desk.load("ana") == 1
    desk.advance(at=110)
    assert desk.load("ana") == 0


def test_a_completion_reported_twice_counts_once(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    before = desk.snapshot()
    with pytest.raises(AlreadyDoneError, match="reopen") as caught:
        desk.resolve(T1, at=3)
    assert caught.value.ticket_id == "t1"
    assert desk.snapshot() == before
    assert sum(isinstance(event, ev.TicketResolved) for event in desk.history) == 1


# --- reopen ---------------------------------------------------------------------------------------


def test_a_reopened_ticket_goes_to_its_last_agent(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=2)
    desk.open_queue("mail", "ana", "ben", strategy="round_robin")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.reopen(T1, at=3, by="automation")
    assert desk.told == ["t1 reopened", "t1 to ana, last_agent"]
    assert desk.ticket(T1).status is Status.OPEN


def test_where_the_last_agent_is_full_it_is_routed_anew(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.ask("t2", "mail", at=3)
    desk.reopen(T1, at=4)
    assert desk.told == ["t1 reopened", "t1 to ben, routed"]


def test_where_nobody_is_free_it_waits_at_the_place_of_its_first_arrival(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.ask("t2", "mail", at=3)
    desk.ask("t3", "mail", at=4)
    desk.reopen(T1, at=5)
    assert desk.told == ["t1 reopened", "t1 waits: nobody_free"]
    assert desk.waiting(MAIL) == ("t1", "t3")


def test_reopened_during_the_wrap_up_it_takes_the_slot_it_had(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=1_000)
    desk.reopen(T1, at=2_000)
    assert desk.told == ["ana wrapped up t1", "t1 reopened", "t1 to ana, last_agent"]
    assert desk.load("ana") == 1
    assert desk.next_deadline() is None
    desk.resolve(T1, at=3_000)
    assert desk.next_deadline() == 33_000


def test_a_requester_who_writes_reopens(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.reply(T1, Author.REQUESTER, at=3)
    assert desk.told == ["t1 replied", "t1 reopened", "t1 to ana, last_agent"]


@pytest.mark.parametrize("author", [Author.AUTOMATION, Author.NOTE])
@pytest.mark.parametrize("stage", ["waiting", "assigned", "parked", "resolved", "closed"])
def test_an_automatic_reply_changes_nothing_the_owner_included(
    desk: Desk, author: Author, stage: str
) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    if stage == "waiting":
        desk.set_presence(ANA, "away", at=2)
        desk.release(T1, at=3)
    if stage == "parked":
        desk.hold(T1, at=3)
    if stage in ("resolved", "closed"):
        desk.resolve(T1, at=3)
    if stage == "closed":
        desk.close(T1, at=3)
    view, agent, line = desk.ticket(T1), desk.agent(ANA), desk.waiting(MAIL)
    version = view.version

    desk.reply(T1, author, at=4)
    assert desk.told == ["t1 replied"]
    assert desk.ticket(T1) == view
    assert desk.ticket(T1).version == version
    assert desk.agent(ANA) == agent
    assert desk.waiting(MAIL) == line


def test_who_writes_turns_the_conversation(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    assert desk.ticket(T1).status is Status.OPEN
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=2)
    assert desk.ticket(T1).status is Status.ANSWERED
    desk.reply(T1, Author.REQUESTER, at=3)
    assert desk.ticket(T1).status is Status.OPEN
    assert desk.who("t1") == "ana"


def test_a_closed_ticket_is_closed_for_good(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    with pytest.raises(TransitionError):
        desk.close(T1, at=1)
    desk.resolve(T1, at=2)
    desk.close(T1, at=3)
    assert desk.close(T1, at=4) == ()
    before = desk.snapshot()
    with pytest.raises(TransitionError):
        desk.reopen(T1, at=5)
    with pytest.raises(TransitionError):
        desk.reply(T1, Author.REQUESTER, at=5)
    assert desk.snapshot() == before


def test_closing_during_the_wrap_up_leaves_the_slot_until_its_end(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.close(T1, at=3)
    assert desk.load("ana") == 1
    desk.advance(at=102)
    assert desk.load("ana") == 0


def test_a_refused_reply_to_a_ticket_whose_queue_is_gone_changes_nothing(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.remove_queue(MAIL, at=3)
    before = desk.snapshot()
    with pytest.raises(UnknownQueueError):
        desk.reopen(T1, at=4)
    assert desk.snapshot() == before
    with pytest.raises(UnknownQueueError):
        desk.reply(T1, Author.REQUESTER, at=4)
    assert desk.snapshot() == before


def test_a_ticket_can_be_reopened_once_a_queue_of_that_name_is_back(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.remove_queue(MAIL, at=3)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=4)
    desk.reopen(T1, at=5)
    assert desk.who("t1") == "ana"


# --- abandon --------------------------------------------------------------------------------------


def test_a_requester_who_gives_up_leaves_the_line(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.abandon(T2, at=4)
    assert desk.told == ["t2 abandoned"]
    assert (desk.state("t2"), desk.waiting(MAIL)) == (RoutingState.DONE, ("t3",))
    desk.resolve(T1, at=5)
    assert desk.who("t3") == "ana"
    with pytest.raises(AlreadyDoneError):
        desk.abandon(T2, at=6)
    with pytest.raises(TransitionError):
        desk.reopen(T2, at=6)


def test_who_has_an_agent_cannot_give_up_any_more(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    with pytest.raises(AlreadyAssignedError, match="'ana'"):
        desk.abandon(T1, at=2)


# --- merge ----------------------------------------------------------------------------------------


def test_a_merged_ticket_frees_its_slot_and_hands_on_its_earlier_arrival(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    desk.merge(T1, into=T3, at=4)
    assert desk.told == ["t1 merged into t3", "t3 to ana, freed"]
    assert desk.last[0].cause is Cause.MERGED
    assert desk.ticket(T3).arrived == 1
    assert (desk.state("t1"), desk.ticket(T1).merged_into) == (RoutingState.DONE, "t3")


def test_the_earlier_arrival_stays_when_the_later_ticket_goes_up_in_it(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    desk.merge(T3, into=T2, at=4)
    assert desk.ticket(T2).arrived == 2
    assert desk.waiting(MAIL) == ("t1", "t2")


def test_a_merge_across_queues_frees_the_agent_there(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ben")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "sales", at=2)
    desk.ask("t3", "sales", at=3)
    desk.merge(T2, into=T1, at=4)
    assert desk.told == ["t2 merged into t1", "t3 to ben, freed"]
    assert desk.who("t1") == "ana"


def test_what_is_merged_is_not_merged_again_and_nothing_is_merged_into_it(desk: Desk) -> None:
    desk.open_queue("mail")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.merge(T1, into=T2, at=4)
    before = desk.snapshot()
    with pytest.raises(AlreadyDoneError):
        desk.merge(T1, into=T3, at=5)
    with pytest.raises(AlreadyDoneError):
        desk.merge(T2, into=T1, at=5)  # a cycle
    with pytest.raises(InvalidValueError, match="into"):
        desk.merge(T2, into=T2, at=5)
    with pytest.raises(TransitionError):
        desk.reopen(T1, at=5)
    assert desk.snapshot() == before


def test_a_merge_has_no_wrap_up(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana", wrap_up=100)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.merge(T2, into=T1, at=3)
    assert desk.load("ana") == 1
    assert desk.next_deadline() is None


# --- satisfaction, priority -----------------------------------------------------------------------


def test_a_later_score_replaces_an_earlier_one_and_names_who_had_the_ticket(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.rate(T1, 0, at=3)
    (rated,) = desk.rate(T1, 100, at=4)
    assert isinstance(rated, ev.TicketRated)
    assert rated.agent_id == "ana"
    assert desk.ticket(T1).score == 100


def test_a_changed_priority_moves_a_ticket_in_its_line(desk: Desk) -> None:
    desk.open_queue("mail")
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=number)
    desk.change_priority(T3, TicketPriority.HIGH, at=4)
    assert desk.waiting(MAIL) == ("t3", "t1", "t2")
    assert desk.change_priority(T3, TicketPriority.HIGH, at=5) == ()
    desk.change_priority(T3, TicketPriority.LOW, at=6)
    assert desk.waiting(MAIL) == ("t1", "t2", "t3")


def test_an_agents_reply_to_a_resolved_ticket_does_not_reopen_it(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", delivery=Delivery.PULL)
    desk.ask("t1", "mail", at=1)
    desk.take(None, ANA, at=1)
    desk.resolve(T1, at=2)
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=3)
    assert desk.state("t1") is RoutingState.DONE
