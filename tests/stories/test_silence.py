"""Silence: an agent who writes nothing, and a conversation in which nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Author,
    Delivery,
    OfferPolicy,
    Reach,
    Relaxation,
    RoutingState,
    Status,
    seconds,
)
from ticketroute.model import AgentId, QueueId, ResumeRule, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
CHAT = QueueId("chat")
T1, T2 = TicketId("t1"), TicketId("t2")
WITHIN = seconds(60)
IDLE = seconds(90)


def chat(desk: Desk, *members: str, capacity: int = 2, **facts: Any) -> None:
    """Open a queue that assigns from the top of its list, with its agents there."""
    desk.staff(*members, capacity=capacity)
    desk.open_queue("chat", *members, strategy="top_down", **facts)


# --- a silent assignee ----------------------------------------------------------------------------


def test_without_a_reply_a_ticket_goes_to_somebody_else_at_exactly_its_time(desk: Desk) -> None:
    chat(desk, "ana", "ben", "cleo", respond_within=WITHIN)
    desk.ask("t1", "chat", at=1_000)
    assert desk.advance(at=1_000 + WITHIN - 1) == ()
    desk.advance(at=1_000 + WITHIN)
    assert desk.told == ["t1 from ana, silent", "t1 to ben, routed"]
    assert desk.load("ana") == 0
    desk.advance(at=1_000 + 2 * WITHIN)
    assert desk.told == [  # ana was silent, too
        "t1 may ask ana again",
        "t1 from ben, silent",
        "t1 to cleo, routed",
    ]


def test_a_reply_one_millisecond_before_the_end_stops_it(desk: Desk) -> None:
    chat(desk, "ana", "ben", respond_within=WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=WITHIN - 1)
    assert desk.next_deadline() is None
    assert desk.advance(at=10 * WITHIN) == ()


@pytest.mark.parametrize("author", [Author.NOTE, Author.AUTOMATION, Author.REQUESTER])
def test_no_other_message_stops_it_or_gives_more_time(desk: Desk, author: Author) -> None:
    chat(desk, "ana", "ben", respond_within=WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.reply(T1, author, at=WITHIN - 1)
    assert desk.next_deadline() == WITHIN


def test_an_answer_of_the_requester_starts_the_time_anew(desk: Desk) -> None:
    chat(desk, "ana", "ben", respond_within=WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=10_000)
    desk.reply(T1, Author.REQUESTER, at=20_000)
    desk.reply(T1, Author.REQUESTER, at=30_000)  # the oldest unanswered counts
    assert desk.next_deadline() == 20_000 + WITHIN
    desk.advance(at=20_000 + WITHIN)
    assert desk.who("t1") == "ben"


def test_after_so_many_hops_it_escalates_and_stays(desk: Desk) -> None:
    chat(desk, "ana", "ben", "cleo", respond_within=WITHIN, max_hops=2)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=3 * WITHIN - 1)
    last = desk.who("t1")
    desk.advance(at=3 * WITHIN)
    assert desk.told == [
        "t1 may ask ana again",
        "t1 may ask ben again",
        "t1 escalated after 2",
    ]
    assert desk.who("t1") == last
    assert desk.next_deadline() is None


def test_a_reply_forgives_the_hops(desk: Desk) -> None:
    chat(desk, "ana", "ben", "cleo", respond_within=WITHIN, max_hops=1)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=WITHIN)
    assert desk.who("t1") == "ben"
    desk.reply(T1, Author.AGENT, agent_id=BEN, at=WITHIN + 1)
    desk.reply(T1, Author.REQUESTER, at=WITHIN + 2)
    desk.advance(at=2 * WITHIN + 2)
    assert desk.told == ["t1 may ask ana again", "t1 from ben, silent", "t1 to cleo, routed"]


def test_without_hops_it_escalates_at_once(desk: Desk) -> None:
    chat(desk, "ana", "ben", respond_within=WITHIN, max_hops=0)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=WITHIN)
    assert desk.told == ["t1 escalated after 0"]
    assert desk.who("t1") == "ana"


@pytest.mark.parametrize("end", ["resolve", "hold", "abandon"])
def test_what_is_no_longer_worked_does_not_hop(desk: Desk, end: str) -> None:
    chat(desk, "ana", "ben", respond_within=WITHIN, idle_after=IDLE)
    desk.ask("t1", "chat", at=0)
    if end == "resolve":
        desk.resolve(T1, at=1)
    elif end == "hold":
        desk.hold(T1, at=1)
    else:
        desk.transfer(T1, to_agent=BEN, at=1)
        assert desk.next_deadline() == 1 + WITHIN
        desk.resolve(T1, at=2)
    assert desk.next_deadline() is None


def test_an_offer_that_was_accepted_and_forgotten_is_put_to_somebody_else(desk: Desk) -> None:
    chat(desk, "ana", "ben", delivery=Delivery.OFFER, respond_within=WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.accept(T1, ANA, at=5_000)
    assert desk.next_deadline() == 5_000 + WITHIN
    desk.advance(at=5_000 + WITHIN)
    assert desk.told == ["t1 from ana, silent", "t1 asks ben, routed"]
    desk.accept(T1, BEN, at=5_000 + WITHIN + 1)
    desk.advance(at=5_000 + 2 * WITHIN)
    assert desk.told == ["t1 may ask ana again"]
    assert desk.next_deadline() == 5_000 + 2 * WITHIN + 1


def test_forgotten_with_several_offers_nobody_silent_is_among_them(desk: Desk) -> None:
    offer = OfferPolicy(parallel=3)
    chat(desk, "ana", "ben", delivery=Delivery.OFFER, respond_within=WITHIN, offer=offer)
    desk.ask("t1", "chat", at=0)
    desk.accept(T1, ANA, at=0)
    desk.advance(at=WITHIN)
    assert desk.ticket(T1).offered_to == (BEN,)


# --- an idle conversation -------------------------------------------------------------------------


def test_an_idle_chat_goes_on_hold_at_exactly_its_time_and_its_slot_is_free(desk: Desk) -> None:
    chat(desk, "ana", capacity=1, idle_after=IDLE)
    desk.ask("t1", "chat", at=0)
    desk.ask("t2", "chat", at=1)
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=10_000)
    assert desk.next_deadline() == 10_000 + IDLE
    desk.reply(T1, Author.REQUESTER, at=20_000)
    assert desk.next_deadline() == 20_000 + IDLE
    desk.reply(T1, Author.AUTOMATION, at=30_000)
    assert desk.next_deadline() == 20_000 + IDLE
    desk.advance(at=20_000 + IDLE)
    assert desk.told == ["t1 pending", "t2 to ana, freed"]
    assert desk.ticket(T1).status is Status.PENDING
    assert desk.last[0].cause is ev.Cause.SILENT


def test_strict_the_chat_waits_for_its_agent_when_the_requester_is_back(desk: Desk) -> None:
    chat(desk, "ana", "ben", capacity=1, idle_after=IDLE)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=IDLE)
    desk.ask("t2", "chat", at=IDLE)
    assert desk.who("t2") == "ana"
    desk.set_presence(BEN, "away", at=IDLE)
    desk.reply(T1, Author.REQUESTER, at=IDLE + 5)
    assert desk.state("t1") is RoutingState.WAITING
    desk.resolve(T2, at=IDLE + 10)
    assert desk.who("t1") == "ana"


def test_with_room_the_chat_goes_on_with_its_agent_and_may_fall_silent_again(desk: Desk) -> None:
    chat(desk, "ana", "ben", idle_after=IDLE)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=IDLE)
    desk.reply(T1, Author.REQUESTER, at=IDLE + 5)
    assert desk.told == ["t1 replied", "t1 resumed by ana"]
    assert desk.next_deadline() == 2 * IDLE + 5


def test_sticky_the_chat_stays_with_its_agent_over_their_capacity(desk: Desk) -> None:
    chat(desk, "ana", capacity=1, idle_after=IDLE, resume=ResumeRule.STICKY)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=IDLE)
    desk.ask("t2", "chat", at=IDLE)
    desk.reply(T1, Author.REQUESTER, at=IDLE + 5)
    assert desk.told == ["t1 replied", "t1 resumed by ana"]
    assert desk.load("ana") == 2


def test_offered_the_chat_of_a_busy_agent_is_put_to_somebody_else(desk: Desk) -> None:
    chat(desk, "ana", "ben", capacity=1, idle_after=IDLE, delivery=Delivery.OFFER)
    desk.ask("t1", "chat", at=0)
    desk.accept(T1, ANA, at=0)
    desk.advance(at=IDLE)
    desk.ask("t2", "chat", at=IDLE)
    desk.accept(T2, ANA, at=IDLE)
    desk.reply(T1, Author.REQUESTER, at=IDLE + 5)
    assert desk.told == ["t1 replied", "t1 from ana, resumed", "t1 asks ben, routed"]


def test_an_agents_message_to_an_idle_chat_leaves_it_on_hold(desk: Desk) -> None:
    chat(desk, "ana", idle_after=IDLE)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=IDLE)
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=IDLE + 1)
    assert desk.state("t1") is RoutingState.PARKED
    assert desk.next_deadline() is None


def test_of_one_instant_the_silent_agent_loses_the_ticket_before_it_goes_on_hold(
    desk: Desk,
) -> None:
    chat(desk, "ana", "ben", idle_after=WITHIN, respond_within=WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.advance(at=WITHIN)
    assert desk.told == ["t1 from ana, silent", "t1 to ben, routed"]


def test_a_waiting_or_offered_chat_is_never_idle(desk: Desk) -> None:
    chat(desk, "ana", idle_after=1_000, delivery=Delivery.OFFER, capacity=1)
    desk.ask("t1", "chat", at=0)
    desk.ask("t2", "chat", at=0)
    desk.reply(T1, Author.REQUESTER, at=1)
    desk.reply(T2, Author.REQUESTER, at=1)
    assert desk.next_deadline() == seconds(30)
    desk.accept(T1, ANA, at=29_000)
    assert desk.next_deadline() == 30_000


def test_terms_that_say_nothing_of_silence_let_it_run_on(desk: Desk) -> None:
    chat(desk, "ana", idle_after=IDLE)
    desk.ask("t1", "chat", at=1_000)
    desk.change_queue(CHAT, relaxations=[Relaxation(after=seconds(5), reach=Reach(1, 9))], at=2_000)
    assert desk.next_deadline() == 1_000 + IDLE
    desk.change_queue(CHAT, idle_after=2 * IDLE, at=3_000)
    assert desk.next_deadline() == 3_000 + 2 * IDLE


def test_what_is_moved_with_its_agent_is_answered_by_the_terms_of_its_new_queue(desk: Desk) -> None:
    chat(desk, "ana", respond_within=WITHIN)
    desk.open_queue("mail", "ana", respond_within=2 * WITHIN, idle_after=3 * WITHIN)
    desk.ask("t1", "chat", at=0)
    desk.transfer(T1, to_queue=QueueId("mail"), at=5_000)
    assert desk.who("t1") == "ana"
    assert desk.next_deadline() == 5_000 + 2 * WITHIN
    desk.reply(T1, author=Author.AGENT, at=6_000)
    assert desk.next_deadline() == 6_000 + 3 * WITHIN
