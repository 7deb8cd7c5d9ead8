"""What is decided between several at once: who missed a ticket, and tickets in several queues."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import Defaults, Delivery, OfferPolicy, Reach, Relaxation, TicketPriority, seconds
from ticketroute.errors import NotEligibleError
from ticketroute.events import Cause
from ticketroute.model import AgentId, QueueId, Reason, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO, DAN = (AgentId(name) for name in ("ana", "ben", "cleo", "dan"))
MAIL, CHAT = QueueId("mail"), QueueId("chat")
T1, T2 = TicketId("t1"), TicketId("t2")
ROOM = Defaults(capacity=2)


def fill(desk: Desk, *names: str) -> None:
    """Give agents who have room for one ticket one of a queue of their own."""
    for name in names:
        desk.open_queue(f"only {name}", name)
        desk.ask(f"full {name}", f"only {name}", at=desk.now)
        assert desk.who(f"full {name}") == name


def missed_by_ana(
    desk: Desk, *others: str, parallel: int = 1, strategy: str = "top_down", **facts: Any
) -> None:
    """Make ana miss t1, to be asked again after the others; none of them has room."""
    offer = OfferPolicy(timeout=seconds(10), retry_missed_after=seconds(20), parallel=parallel)
    desk.change_defaults(Defaults(capacity=1), at=desk.now)
    desk.staff("ana", *others)
    fill(desk, *others)
    desk.open_queue(
        "mail", "ana", *others, delivery=Delivery.OFFER, strategy=strategy, offer=offer, **facts
    )
    desk.ask("t1", "mail", at=desk.now, prefer=ANA, requester="rex")
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.advance(at=seconds(10))
    fill(desk, "ana")
    desk.advance(at=seconds(40))
    assert desk.ticket(T1).offered_to == ()


@pytest.mark.parametrize("others", [("ben",), ("ben", "cleo"), tuple("bcdefghijk")])
def test_of_those_who_gain_room_at_once_who_missed_it_is_asked_last(
    desk: Desk, others: tuple[str, ...]
) -> None:
    missed_by_ana(desk, *others)
    desk.change_defaults(ROOM, at=seconds(50))
    assert desk.ticket(T1).offered_to == others[:1]


@pytest.mark.parametrize("others", [("ben", "cleo"), tuple("bcdefghijk")])
def test_of_several_asked_at_once_who_missed_it_is_not_one(
    desk: Desk, others: tuple[str, ...]
) -> None:
    missed_by_ana(desk, *others, parallel=2)
    desk.change_defaults(ROOM, at=seconds(50))
    assert desk.ticket(T1).offered_to == others[:2]


@pytest.mark.parametrize("others", [("ben",), ("ben", "cleo"), tuple("bcdefghijk")])
def test_of_those_who_gain_room_at_once_who_was_silent_gets_it_last(
    desk: Desk, others: tuple[str, ...]
) -> None:
    desk.change_defaults(Defaults(capacity=1), at=0)
    desk.staff("ana", *others)
    fill(desk, *others)
    desk.open_queue("mail", "ana", *others, strategy="top_down", respond_within=seconds(10))
    desk.ask("t1", "mail", at=0)
    assert desk.who("t1") == "ana"
    desk.advance(at=seconds(10))
    fill(desk, "ana")
    desk.advance(at=seconds(40))
    assert desk.who("t1") is None
    desk.change_defaults(ROOM, at=seconds(50))
    assert desk.who("t1") == others[0]


def test_chance_goes_on_from_one_to_the_next_where_who_missed_it_comes_last(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(random=Random(3))  # noqa: S311  the same each time
    missed_by_ana(desk, "ben", "cleo", "dan", parallel=3, strategy="random")
    chance = Random(3)  # noqa: S311
    desk.change_defaults(ROOM, at=seconds(50))
    offers = [event for event in desk.last if isinstance(event, ev.TicketOffered)]
    drawn = [draw for offer in offers for draw in offer.draws]
    assert {offer.agent_id for offer in offers} == {BEN, CLEO, DAN}
    assert len(drawn) >= 3
    assert drawn == [chance.random() for _ in drawn]


def test_who_is_left_over_is_asked_again_who_missed_it_or_not(desk: Desk) -> None:
    missed_by_ana(desk, "ben", parallel=2)
    desk.change_defaults(ROOM, at=seconds(50))
    assert desk.ticket(T1).offered_to == (BEN, ANA)


def test_who_is_preferred_and_missed_it_stands_behind_who_served_the_requester(desk: Desk) -> None:
    desk.staff("dan")
    desk.open_queue("old", "dan")
    desk.ask("t0", "old", at=0, requester="rex")
    desk.resolve(TicketId("t0"), at=0)
    desk.remove_agent(DAN, at=0)
    missed_by_ana(desk, "ben", "dan", keep_agent=True)
    desk.change_defaults(ROOM, at=seconds(50))
    assert desk.told[-1] == "t1 asks dan, last_agent"


def test_a_ticket_that_asks_for_more_asks_in_all_its_queues(desk: Desk) -> None:
    desk.staff("ana", "dan", "ben", capacity=1)
    desk.open_queue("chat", "ben")
    desk.open_queue(
        "mail",
        "ana",
        "dan",
        delivery=Delivery.OFFER,
        strategy="top_down",
        offer=OfferPolicy(timeout=seconds(600)),
        relaxations=[Relaxation(after=seconds(10), add_queue=CHAT)],
    )
    desk.change_queue(CHAT, delivery=Delivery.OFFER, offer=OfferPolicy(timeout=seconds(600)), at=0)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(10))
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.change_queue(
        MAIL, offer=OfferPolicy(timeout=seconds(600), parallel=3, refill=True), at=seconds(20)
    )
    assert desk.ticket(T1).offered_to == (ANA, DAN, BEN)


# --- one ticket, several queues -------------------------------------------------------------------


def in_two_lines(desk: Desk, *of_chat: str, **of_mail: object) -> None:
    """Put t1 in mail, which is pulled from, and in chat, where these are members."""
    desk.staff("ana", "ben")
    desk.open_queue("chat", *of_chat, delivery=Delivery.PULL)
    desk.open_queue(
        "mail",
        delivery=Delivery.PULL,
        relaxations=[Relaxation(after=seconds(10), add_queue=CHAT)],
        **of_mail,
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=seconds(10))
    assert isinstance(desk.last[0], ev.TicketRelaxed)


def test_what_waits_in_two_of_an_agents_queues_is_taken_through_its_own(
    desk: Desk,
) -> None:
    in_two_lines(desk, "ana")
    desk.add_member(MAIL, ANA, at=seconds(11))
    desk.take(None, ANA, at=seconds(12))
    assert desk.who("t1") == "ana"
    assert desk.ticket(T1).queue_id == MAIL


def test_who_may_not_have_it_through_one_queue_takes_it_through_the_other(desk: Desk) -> None:
    in_two_lines(desk, "ana", reach=Reach(5, 9))
    desk.add_member(MAIL, ANA, at=seconds(11))
    desk.take(T1, ANA, at=seconds(12))
    assert desk.ticket(T1).queue_id == CHAT


def test_who_takes_through_the_other_queue_alone_is_refused_for_its_reason(desk: Desk) -> None:
    in_two_lines(desk, "ana")
    desk.change_queue(CHAT, reach=Reach(5, 9), at=seconds(11))
    with pytest.raises(NotEligibleError) as caught:
        desk.take(T1, ANA, at=seconds(12))
    assert caught.value.reason == Reason.OUT_OF_REACH.value
    with pytest.raises(NotEligibleError) as caught:
        desk.take(T1, BEN, at=seconds(12))
    assert caught.value.reason == Reason.NOT_MEMBER.value


def test_the_end_of_one_overflow_leaves_the_rest_of_what_a_step_allowed(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("chat")
    desk.open_queue("sms")
    steps = [
        Relaxation(after=seconds(10), add_queue=CHAT, reach=Reach(2, 7)),
        Relaxation(after=seconds(11), add_queue=QueueId("sms")),
    ]
    desk.open_queue("mail", relaxations=steps)
    desk.ask("t1", "mail", at=0, skills={"german": 3})
    desk.advance(at=seconds(11))
    desk.remove_queue(CHAT, at=seconds(20))
    (relaxed,) = (event for event in desk.last if isinstance(event, ev.TicketRelaxed))
    assert (relaxed.reach, relaxed.added) == (Reach(2, 7), ("sms",))
    assert relaxed.cause is Cause.QUEUE_REMOVED


# --- what stands by somebody ----------------------------------------------------------------------


def test_leaving_another_queue_or_channel_leaves_what_waits_for_the_agent_waiting(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("chat", "ana")
    desk.open_queue("mail", "ana", "ben", affinity_wait=seconds(60), strategy="top_down")
    desk.ask("full", "mail", at=0)
    assert desk.who("full") == "ana"
    desk.ask("t1", "mail", at=1, prefer=ANA, channel="email")
    assert desk.told[-2:] == ["t1 waits for ana", "t1 waits: nobody_free"]
    desk.remove_member(CHAT, ANA, at=2)
    desk.switch_channel(ANA, "chat", on=False, at=2)
    assert desk.told == ["ChannelSwitched"]
    assert desk.who("t1") is None
    desk.resolve(TicketId("full"), at=3)
    assert desk.who("t1") == "ana"


def test_what_one_declined_may_wait_for_another_and_goes_to_nobody_else_till_then(
    desk: Desk,
) -> None:
    desk.staff("ben", "cleo", "ana", capacity=1)
    for agent_id in (CLEO, ANA):
        desk.set_presence(agent_id, "away", at=0)
    desk.open_queue(
        "mail",
        *("ben", "cleo", "ana"),
        delivery=Delivery.OFFER,
        offer=OfferPolicy(timeout=seconds(600)),
        strategy="top_down",
        affinity_wait=seconds(60),
        relaxations=[Relaxation(after=seconds(10), priority=TicketPriority.HIGH)],
    )
    desk.ask("t1", "mail", at=0, prefer=ANA)
    assert desk.ticket(T1).offered_to == (BEN,)
    desk.decline(T1, BEN, at=1_000)
    desk.open_queue("chat", "ana")
    desk.ask("full", "chat", at=2_000)
    desk.assign(TicketId("full"), ANA, force=True, at=2_000)
    desk.set_presence(ANA, "available", at=3_000)
    desk.advance(at=seconds(10))
    assert desk.told[1:] == ["t1 waits for ana", "t1 waits: nobody_free"]
    desk.set_presence(CLEO, "available", at=seconds(11))
    assert desk.ticket(T1).offered_to == ()
    desk.advance(at=seconds(70))
    assert desk.ticket(T1).offered_to == (CLEO,)


def test_who_had_it_once_is_asked_first_once(desk: Desk) -> None:
    desk.staff("cleo", "ana", "ben")
    desk.open_queue("mail", "cleo", "ana", "ben", strategy="top_down")
    desk.set_presence(CLEO, "away", at=0)
    desk.ask("t1", "mail", at=0)
    assert desk.who("t1") == "ana"
    desk.resolve(T1, at=1)
    desk.set_presence(ANA, "away", at=2)
    desk.reopen(T1, at=3)
    assert desk.who("t1") == "ben"
    for agent_id in (ANA, CLEO):
        desk.set_presence(agent_id, "available", at=4)
    desk.release(T1, at=5)
    assert desk.who("t1") == "cleo"


def test_who_let_go_of_a_ticket_on_hold_is_who_transferred_it(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=1)
    desk.transfer(T1, to_queue=CHAT, to_agent=ANA, at=2, by="boss")
    assert desk.who("t1") == "ana"
    (released,) = (event for event in desk.last if isinstance(event, ev.TicketReleased))
    assert (released.by, released.agent_id) == ("boss", None)


def test_a_priority_given_by_an_overflow_that_ends_stays(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("chat")
    step = Relaxation(after=seconds(10), add_queue=CHAT, priority=TicketPriority.URGENT)
    desk.open_queue("mail", relaxations=[step])
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.advance(at=seconds(10))
    desk.change_priority(T2, TicketPriority.LOW, at=seconds(11))
    desk.remove_queue(CHAT, at=seconds(20))
    assert desk.ticket(T1).priority is TicketPriority.URGENT
    assert desk.ticket(T2).priority is TicketPriority.LOW
