"""Agents who go: offline for a while or for good, from a queue or from the desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ticketroute import Agent, Defaults, Delivery, Presence, RoutingState, TicketPriority, seconds
from ticketroute.events import Cause, Event
from ticketroute.model import AgentId, Departure, QueueId, ResumeRule, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL, CHAT = QueueId("mail"), QueueId("chat")
T1, T2, T3, T4 = (TicketId(f"t{number}") for number in (1, 2, 3, 4))
GRACE = seconds(60)


def test_chats_of_an_agent_gone_for_longer_than_the_grace_go_on_in_order_of_arrival(
    desk: Desk,
) -> None:
    desk.staff("ana", capacity=3)
    desk.open_queue("chat", "ana")
    for number, arrived in ((1, 30), (2, 10), (3, 20)):
        desk.ask(f"t{number}", "chat", at=40 + number, arrived=arrived, channel="chat")
    desk.set_presence(ANA, Presence.OFFLINE, at=1_000)
    assert desk.told == ["ana offline"]
    assert desk.next_deadline() == 1_000 + GRACE

    assert desk.advance(at=1_000 + GRACE - 1) == ()
    desk.advance(at=1_000 + GRACE)
    assert desk.told == [
        "GraceEnded",
        "t2 from ana, departed",
        "t3 from ana, departed",
        "t1 from ana, departed",
        "t2 waits: nobody_available",
        "t3 waits: nobody_available",
        "t1 waits: nobody_available",
    ]
    assert {event.at for event in desk.last} == {61_000}
    assert desk.waiting(CHAT) == ("t2", "t3", "t1")
    assert desk.load("ana") == 0


def test_released_chats_go_to_who_is_there_at_that_instant(desk: Desk) -> None:
    desk.staff("ana", capacity=3)
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.ask("t2", "chat", at=2, channel="chat")
    desk.staff("ben", capacity=1)
    desk.add_member(CHAT, BEN, at=3)
    desk.set_presence(ANA, "offline", at=10)

    desk.advance(at=500_000)
    assert desk.who("t1") == "ben"  # the first arrival takes his one slot
    assert desk.state("t2") is RoutingState.WAITING
    assert {event.at for event in desk.last} == {10 + GRACE}


def test_back_within_the_grace_there_is_no_event_at_all(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    desk.set_presence(ANA, "available", at=10 + GRACE - 1)
    assert desk.told == ["ana available"]
    assert desk.next_deadline() is None
    assert desk.advance(at=10 * GRACE) == ()
    assert desk.who("t1") == "ana"


def test_back_at_exactly_the_end_of_the_grace_is_too_late(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", strategy="top_down")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    desk.set_presence(ANA, "available", at=10 + GRACE)
    assert desk.told == [
        "GraceEnded",
        "t1 from ana, departed",
        "t1 to ben, routed",
        "ana available",
    ]


def test_mail_stays_with_an_agent_who_is_gone(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    desk.advance(at=10 + GRACE)
    assert desk.who("t1") == "ana"
    assert desk.who("t2") == "ben"


@pytest.mark.parametrize(
    ("departure", "mail", "chat"),
    [(Departure.KEEP, "ana", "ana"), (Departure.REQUEUE, "ben", "ben"), (None, "ana", "ben")],
)
def test_a_queue_says_what_becomes_of_open_work(
    desk: Desk, departure: Departure | None, mail: str, chat: str
) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down", departure=departure)
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    desk.advance(at=10 + GRACE)
    assert (desk.who("t1"), desk.who("t2")) == (mail, chat)


def test_without_grace_open_work_goes_on_in_the_same_command(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(defaults=Defaults(grace=0))
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", strategy="top_down")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    assert desk.told[:3] == ["ana offline", "GraceEnded", "t1 from ana, departed"]
    assert desk.who("t1") == "ben"
    assert {event.at for event in desk.last} == {10}


def test_away_is_no_departure(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", strategy="top_down")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "away", reason="lunch", at=10)
    assert desk.next_deadline() is None
    desk.set_presence(ANA, "offline", at=20)
    assert desk.next_deadline() == 20 + GRACE
    desk.set_presence(ANA, "away", at=30)
    assert desk.next_deadline() is None


def test_another_reason_while_offline_does_not_start_the_grace_anew(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=10)
    desk.set_presence(ANA, "offline", reason="bus is late", at=40_000)
    assert desk.next_deadline() == 10 + GRACE


def test_an_agent_without_open_work_has_no_grace_to_wait_for(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("chat", "ana")
    desk.set_presence(ANA, "offline", at=10)
    assert desk.next_deadline() is None


def test_work_on_hold_stays_with_who_departed_and_is_routed_anew_when_it_resumes(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=2)
    desk.open_queue("chat", "ana", "ben", strategy="top_down", departure=Departure.REQUEUE)
    desk.ask("t1", "chat", at=1)
    desk.ask("t2", "chat", at=2)
    desk.hold(T1, at=3)
    desk.set_presence(ANA, "offline", at=10)
    desk.advance(at=10 + GRACE)
    assert desk.who("t1") == "ana"
    assert desk.who("t2") == "ben"
    desk.resume(T1, at=100_000)
    assert desk.who("t1") == "ben"


def test_unknown_words_for_presence_mean_away_and_are_kept_as_the_reason(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.set_presence(ANA, "gone fishing", at=1)
    assert desk.agent(ANA).presence is Presence.AWAY
    assert desk.agent(ANA).reason == "gone fishing"
    desk.ask("t1", "mail", at=2)
    assert desk.who("t1") is None
    assert desk.set_presence(ANA, "gone fishing", at=3) == ()


def test_an_agent_who_is_back_gets_what_waits_until_full(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana")
    desk.set_presence(ANA, "away", at=1)
    for number in (1, 2, 3):
        desk.ask(f"t{number}", "mail", at=1 + number)
    desk.set_presence(ANA, "available", at=10)
    assert desk.told == ["ana available", "t1 to ana, freed", "t2 to ana, freed"]


# --- a host that slept ----------------------------------------------------------------------------


def _busy_morning(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("chat", "ana", "ben", wrap_up=seconds(20))
    for number in range(1, 7):
        desk.ask(f"t{number}", "chat", at=number, channel="chat")
    desk.resolve(T1, at=100)
    desk.set_presence(BEN, "offline", at=200)


def _tick(desk: Desk, step: int) -> list[Event]:
    events: list[Event] = []
    for at in range(201, 120_000, step):
        events += desk.advance(at=at)
    events += desk.advance(at=120_000)
    return events


def test_one_long_sleep_gives_the_events_of_many_short_ones(
    make_desk: Callable[..., Desk],
) -> None:
    slept, watched, exact = make_desk(), make_desk(), make_desk()
    for each in (slept, watched, exact):
        _busy_morning(each)
    at_once = slept.advance(at=120_000)
    step_by_step = _tick(watched, 977)
    on_the_dot: list[Event] = []
    while (due := exact.next_deadline()) is not None:
        on_the_dot += exact.advance(at=due)

    assert list(at_once) == step_by_step == on_the_dot
    assert [(event.at, type(event).__name__) for event in at_once] == [
        (20_100, "WrapUpEnded"),
        (20_100, "TicketAssigned"),  # t3 to ana
        (60_200, "GraceEnded"),
        (60_200, "TicketReleased"),  # t2, which arrived before those that wait
        (60_200, "TicketQueued"),
    ]
    assert slept.waiting(CHAT) == ("t2", "t4", "t5", "t6")
    assert slept.same_state(watched)


def test_a_command_after_a_sleep_brings_what_fell_due_first(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(20))
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.resolve(T1, at=100)
    desk.ask("t3", "mail", at=50_000, priority=TicketPriority.URGENT)
    assert [(event.at, word) for event, word in zip(desk.last, desk.told, strict=True)] == [
        (20_100, "ana wrapped up t1"),
        (20_100, "t2 to ana, freed"),
        (50_000, "t3 submitted"),
        (50_000, "t3 waits: nobody_free"),
    ]


# --- for good -------------------------------------------------------------------------------------


def test_the_tickets_of_a_removed_agent_go_to_others_and_history_keeps_the_name(
    desk: Desk,
) -> None:
    desk.staff("ana", capacity=4)
    desk.open_queue("mail", "ana", wrap_up=seconds(60))
    for number in (1, 2, 3, 4):
        desk.ask(f"t{number}", "mail", at=number)
    desk.hold(T2, at=5)
    desk.resolve(T3, at=6)  # ana is in wrap-up
    desk.staff("ben", capacity=4)
    desk.add_member(MAIL, BEN, at=7)
    desk.rate(T3, 80, at=8)

    desk.remove_agent(ANA, at=10)
    assert desk.told == [
        "t1 from ana, agent_removed",
        "t2 from ana, agent_removed",
        "t4 from ana, agent_removed",
        "ana wrapped up t3",
        "AgentRemoved",
        "t1 to ben, routed",
        "t2 to ben, routed",
        "t4 to ben, routed",
    ]
    assert desk.ticket(T3).last_agent_id == "ana"
    assert desk.state("t3") is RoutingState.DONE
    assert desk.next_deadline() is None
    assert dict(desk.queue(MAIL).members).keys() == {"ben"}


def test_a_removed_agent_can_be_added_again_and_starts_afresh(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", strategy="round_robin")
    desk.ask("t1", "mail", at=1)
    desk.set_presence(ANA, "offline", at=2)
    desk.remove_agent(ANA, at=3)
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=4)
    assert desk.load("ana") == 0
    desk.add_member(MAIL, ANA, at=5)
    assert desk.told == ["MemberAdded", "t1 to ana, freed"]


def test_who_leaves_a_queue_leaves_its_tickets_and_keeps_the_others(desk: Desk) -> None:
    desk.staff("ana", capacity=4)
    desk.open_queue("mail", "ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "chat", at=2)
    desk.ask("t3", "mail", at=3)
    desk.hold(T3, at=4)
    desk.remove_member(MAIL, ANA, at=5)
    assert desk.told == [
        "t1 from ana, membership_ended",
        "t3 from ana, membership_ended",
        "MemberRemoved",
        "t1 waits: no_members",
        "t3 waits: no_members",
    ]
    assert desk.who("t2") == "ana"
    desk.resolve(T2, at=6)
    assert desk.load("ana") == 0


def test_who_leaves_a_queue_in_wrap_up_keeps_the_slot_until_its_end(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(10))
    desk.open_queue("chat", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)
    desk.remove_member(MAIL, ANA, at=3)
    desk.ask("t2", "chat", at=4)
    assert desk.load("ana") == 1
    assert desk.who("t2") is None
    desk.advance(at=10_002)
    assert desk.who("t2") == "ana"


def test_new_members_of_a_queue_replace_the_old(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.change_queue(MAIL, members=[CLEO, BEN], at=3)
    assert desk.who("t1") == "cleo"
    assert desk.who("t2") == "ben"
    assert list(desk.queue(MAIL).members) == ["cleo", "ben"]


def test_the_tickets_of_a_removed_queue_move_with_their_agents_where_they_may(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.open_queue("rest", "ben")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    desk.ask("t3", "mail", at=3)
    desk.remove_queue(MAIL, move_to=QueueId("rest"), at=4)
    assert desk.who("t1") is None
    assert desk.who("t2") == "ben"
    assert desk.waiting(QueueId("rest")) == ("t1", "t3")
    releases = [event for event in desk.last if isinstance(event, ev.TicketReleased)]
    assert [event.cause for event in releases] == [Cause.QUEUE_REMOVED]


def test_departed_work_of_a_pull_queue_waits_to_be_pulled(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", delivery=Delivery.PULL)
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.take(None, ANA, at=2)
    desk.set_presence(ANA, "offline", at=3)
    desk.advance(at=3 + GRACE)
    assert desk.told == ["GraceEnded", "t1 from ana, departed", "t1 waits: awaits_pull"]


def test_a_chat_resumed_with_an_agent_who_is_offline_departs_after_the_grace(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", strategy="top_down", resume=ResumeRule.STICKY)
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.hold(T1, at=2)
    desk.set_presence(ANA, "offline", at=3)
    desk.resume(T1, at=100_000)
    assert desk.who("t1") == "ana"
    desk.advance(at=100_000 + GRACE)
    assert desk.who("t1") == "ben"


def test_a_chat_forced_on_an_agent_who_is_offline_departs_after_the_grace(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("chat", "ana", "ben", strategy="top_down", delivery=Delivery.PULL)
    desk.ask("t1", "chat", at=1, channel="chat")
    desk.set_presence(ANA, "offline", at=2)
    desk.assign(T1, ANA, force=True, at=3)
    desk.advance(at=3 + GRACE)
    assert desk.who("t1") is None
