"""Shifts: who is there by their calendar, and what becomes of their work when they are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ticketroute import Agent, Calendar, Delivery, RoutingState, hours, seconds
from ticketroute.errors import InUseError, NotEligibleError
from ticketroute.events import WaitReason
from ticketroute.model import AgentId, CalendarId, Departure, QueueId, Reason, ResumeRule, TicketId

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, CHAT = QueueId("mail"), QueueId("chat")
T1, T2 = TicketId("t1"), TicketId("t2")
EARLY, LATE = CalendarId("early"), CalendarId("late")
GRACE = seconds(60)
HOUR = hours(1)
WEEK = hours(168)

# instant 0 is a Thursday
MORNING = Calendar(hours={"thu": [("01:00", "02:00"), ("03:00", "04:00")]})
NOON = Calendar(hours={"thu": [("02:00", "05:00")]})


def on_shift(desk: Desk, *names: str, shift: CalendarId = EARLY) -> None:
    """Put agents on a shift of Thursdays from one to two and from three to four."""
    if not list(desk.agents()):
        desk.set_calendar(EARLY, MORNING, at=0)
        desk.set_calendar(LATE, NOON, at=0)
    desk.staff(*names, shift=shift, capacity=2)


def reasons(desk: Desk, name: str) -> dict[str, tuple[Reason | None, int | None]]:
    others = desk.explain(TicketId(name)).others
    return {each.agent_id: (each.reason, each.eligible_from) for each in others}


def test_before_the_shift_a_ticket_waits_and_at_its_start_it_is_theirs(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1_000)
    assert desk.explain(T1).wait_reason is WaitReason.NOBODY_AVAILABLE
    assert reasons(desk, "t1") == {"ana": (Reason.OFF_SHIFT, HOUR)}
    assert "ana: off_shift, eligible from 1970-01-01 01:00:00 UTC" in str(desk.explain(T1))
    desk.advance(at=HOUR - 1)
    assert desk.told == []
    desk.advance(at=HOUR)
    assert desk.told == ["ana on shift", "t1 to ana, freed"]


def test_at_the_instant_a_shift_ends_its_agent_gets_nothing_any_more(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=2 * HOUR - 1)
    assert desk.who("t1") == "ana"
    desk.ask("t2", "mail", at=2 * HOUR)
    assert desk.told[0] == "ana off shift"
    assert desk.state("t2") is RoutingState.WAITING
    assert reasons(desk, "t2") == {"ana": (Reason.OFF_SHIFT, 3 * HOUR)}


def test_shifts_start_and_end_at_their_instants_however_late_somebody_looks(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.advance(at=WEEK + 90 * 60_000)
    assert [(event.at, words) for event, words in zip(desk.last, desk.told, strict=True)] == [
        (HOUR, "ana on shift"),
        (2 * HOUR, "ana off shift"),
        (3 * HOUR, "ana on shift"),
        (4 * HOUR, "ana off shift"),
        (WEEK + HOUR, "ana on shift"),
    ]


def test_the_next_shift_takes_over_at_the_same_instant(desk: Desk) -> None:
    on_shift(desk, "ana")
    on_shift(desk, "ben", shift=LATE)
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.OFFER, strategy="top_down")
    desk.ask("t1", "mail", at=2 * HOUR - 1_000)
    assert desk.ticket(T1).offered_to == (ANA,)
    desk.advance(at=2 * HOUR)
    assert set(desk.told[:2]) <= {"ana off shift", "ben on shift", "t1 no longer asks ana, away"}
    assert desk.ticket(T1).offered_to == (BEN,)


def test_the_end_of_a_shift_withdraws_open_offers_and_is_no_miss(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=2 * HOUR - 10_000)
    desk.advance(at=2 * HOUR)
    assert desk.told == [
        "ana off shift",
        "t1 no longer asks ana, away",
        "t1 waits: nobody_available",
    ]
    assert desk.load("ana") == 0
    desk.advance(at=3 * HOUR)
    assert desk.told == ["ana on shift", "t1 asks ana, freed"]
    desk.accept(T1, ANA, at=3 * HOUR)
    assert desk.who("t1") == "ana"


def test_two_whose_shifts_end_at_one_instant_do_not_ask_one_another(desk: Desk) -> None:
    on_shift(desk, "ana", "ben")
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.OFFER, strategy="top_down")
    desk.ask("t1", "mail", at=2 * HOUR - 10_000)
    desk.advance(at=2 * HOUR)
    assert desk.told == [
        "ana off shift",
        "t1 no longer asks ana, away",
        "ben off shift",
        "t1 waits: nobody_available",
    ]


def test_no_ticket_waits_for_an_agent_whose_shift_has_ended(desk: Desk) -> None:
    on_shift(desk, "ana", "ben")
    desk.change_agent(BEN, shift=None, at=0)
    desk.open_queue("mail", "ana", "ben", affinity_wait=HOUR)
    for number in (3, 4):
        desk.ask(f"t{number}", "mail", at=HOUR, prefer=ANA)
    desk.ask("t1", "mail", at=2 * HOUR - 1_000, prefer=ANA)
    assert desk.told[-2:] == ["t1 waits for ana", "t1 waits: nobody_free"]
    desk.advance(at=2 * HOUR)
    assert desk.told == ["ana off shift", "t1 waits for nobody, away", "t1 to ben, routed"]


@pytest.mark.parametrize(
    ("channel", "departure", "leaves"),
    [
        ("email", None, False),
        ("chat", None, True),
        ("email", Departure.REQUEUE, True),
        ("chat", Departure.KEEP, False),
    ],
)
def test_open_work_follows_the_departure_policy_after_the_grace(
    desk: Desk, channel: str, departure: Departure | None, leaves: bool
) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana", departure=departure)
    desk.ask("t1", "mail", at=HOUR, channel=channel)
    desk.advance(at=2 * HOUR + GRACE - 1)
    assert desk.told == ["ana off shift"]
    desk.advance(at=2 * HOUR + GRACE)
    gone = ["t1 from ana, departed", "t1 waits: nobody_available"]
    assert desk.told == ["GraceEnded", *(gone if leaves else [])]


def test_who_is_offline_and_off_shift_has_one_grace(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=HOUR, channel="chat")
    desk.set_presence(ANA, "offline", at=2 * HOUR - 20_000)
    desk.advance(at=2 * HOUR)
    assert desk.told == ["ana off shift"]
    desk.advance(at=2 * HOUR + GRACE - 20_000)
    assert desk.told[:2] == ["GraceEnded", "t1 from ana, departed"]


def test_to_say_available_does_not_bring_a_shift_back(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=HOUR, channel="chat")
    desk.set_presence(ANA, "away", at=2 * HOUR)
    desk.set_presence(ANA, "available", at=2 * HOUR + 1_000)
    assert desk.explain(T1).others == ()
    desk.ask("t2", "chat", at=2 * HOUR + 2_000)
    assert reasons(desk, "t2") == {"ana": (Reason.OFF_SHIFT, 3 * HOUR)}
    desk.advance(at=2 * HOUR + GRACE)  # nor does it stop the grace
    assert desk.told[:2] == ["GraceEnded", "t1 from ana, departed"]


def test_a_shift_that_starts_within_the_grace_leaves_the_work_where_it_is(desk: Desk) -> None:
    short = {"thu": [("01:00", "02:00"), ("02:00:30", "03:00")]}
    desk.set_calendar(EARLY, Calendar(hours=short), at=0)
    desk.staff("ana", shift=EARLY)
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=HOUR, channel="chat")
    desk.advance(at=2 * HOUR + GRACE)
    assert desk.told == ["ana off shift", "ana on shift"]
    assert desk.who("t1") == "ana"


def test_on_shift_and_offline_is_not_there(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana")
    desk.set_presence(ANA, "offline", at=0)
    desk.ask("t1", "mail", at=HOUR)
    assert reasons(desk, "t1") == {"ana": (Reason.OFFLINE, None)}
    desk.set_presence(ANA, "available", at=2 * HOUR)
    assert desk.told[-1] == "ana available"
    assert desk.state("t1") is RoutingState.WAITING


@pytest.mark.parametrize(
    "road",
    [
        lambda desk: desk.assign(T1, ANA, at=2_000),
        lambda desk: desk.take(T1, ANA, at=2_000),
        lambda desk: desk.take(None, ANA, at=2_000),
        lambda desk: desk.transfer(T1, to_agent=ANA, at=2_000),
    ],
    ids=["assign", "take it", "take any", "transfer"],
)
def test_every_road_to_an_agent_off_shift_is_closed(
    desk: Desk, road: Callable[[Desk], object]
) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1_000)
    with pytest.raises(NotEligibleError, match="off_shift"):
        road(desk)


def test_what_is_forced_upon_an_agent_off_shift_has_its_grace(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("chat", "ana")
    desk.ask("t1", "chat", at=1_000, channel="chat")
    desk.assign(T1, ANA, force=True, at=2_000)
    assert desk.told == ["t1 to ana, manual over off_shift"]
    desk.advance(at=2_000 + GRACE)
    assert desk.told[:2] == ["GraceEnded", "t1 from ana, departed"]


@pytest.mark.parametrize("rule", list(ResumeRule))
def test_a_ticket_resumed_off_shift_goes_by_the_queues_rule(desk: Desk, rule: ResumeRule) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana", resume=rule)
    desk.ask("t1", "mail", at=HOUR)
    desk.hold(T1, at=HOUR)
    desk.resume(T1, at=2 * HOUR)
    if rule is ResumeRule.STICKY:
        assert desk.told == ["ana off shift", "t1 resumed by ana"]
    else:
        assert desk.told[:2] == ["ana off shift", "t1 from ana, resumed"]
        desk.advance(at=3 * HOUR)
        assert desk.who("t1") == "ana"


def test_another_version_of_a_shift_counts_at_once(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER)
    desk.ask("t1", "mail", at=HOUR)
    desk.set_calendar(EARLY, NOON, at=HOUR + 10_000)
    assert desk.told == [
        "CalendarSet",
        "t1 no longer asks ana, away",
        "t1 waits: nobody_available",
    ]
    assert reasons(desk, "t1") == {"ana": (Reason.OFF_SHIFT, 2 * HOUR)}
    desk.set_calendar(EARLY, MORNING, at=HOUR + 20_000)
    assert desk.told == ["CalendarSet", "t1 asks ana, freed"]


def test_a_version_to_come_changes_the_shift_when_it_takes_effect(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.advance(at=HOUR)
    desk.set_calendar(EARLY, NOON, effective_from=HOUR + 30_000, at=HOUR)
    assert desk.told == ["CalendarSet"]
    assert desk.next_deadline() == HOUR + 30_000
    desk.advance(at=2 * HOUR)
    assert desk.told == ["ana off shift", "ana on shift"]


def test_an_agent_may_get_another_shift_or_none(desk: Desk) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1_000)
    desk.change_agent(ANA, shift=LATE, at=2_000)
    assert reasons(desk, "t1") == {"ana": (Reason.OFF_SHIFT, 2 * HOUR)}
    desk.change_agent(ANA, shift=None, at=3_000)
    assert desk.told == ["AgentChanged", "t1 to ana, freed"]
    assert desk.next_deadline() is None


def test_whose_shift_ends_before_they_have_room_may_work_in_the_next_one(
    desk: Desk,
) -> None:
    on_shift(desk, "ana")
    desk.open_queue("mail", "ana", wrap_up=90_000)
    desk.change_agent(ANA, capacity=1, at=0)
    desk.ask("t1", "mail", at=HOUR)
    desk.ask("t2", "mail", at=HOUR)
    desk.resolve(T1, at=HOUR + 10_000)
    assert reasons(desk, "t2") == {"ana": (Reason.WRAP_UP, HOUR + 100_000)}
    desk.end_wrap_up(T1, at=HOUR + 20_000)
    desk.resolve(T2, at=2 * HOUR - 60_000)
    desk.ask("t3", "mail", at=2 * HOUR - 60_000)
    assert reasons(desk, "t3") == {"ana": (Reason.WRAP_UP, 3 * HOUR)}


def test_the_longest_idle_agent_is_idle_since_their_shift_began(desk: Desk) -> None:
    on_shift(desk, "ana")
    on_shift(desk, "ben", shift=LATE)
    desk.open_queue("mail", "ana", "ben", strategy="longest_idle")
    desk.change_agent(ANA, shift=None, at=0)
    desk.change_agent(ANA, shift=EARLY, at=1_000)
    desk.advance(at=3 * HOUR)  # ben came at two, ana at three again
    desk.ask("t1", "mail", at=3 * HOUR)
    assert desk.who("t1") == "ben"


def test_a_shift_keeps_its_calendar(desk: Desk) -> None:
    on_shift(desk, "ana")
    with pytest.raises(InUseError, match="the shift of agent 'ana'; change that first"):
        desk.remove_calendar(EARLY, at=0)
    desk.remove_agent(ANA, at=0)
    assert desk.next_deadline() is None
    desk.remove_calendar(EARLY, at=0)
    desk.remove_calendar(LATE, at=0)


def test_an_agent_who_joins_in_their_shift_works_at_once(desk: Desk) -> None:
    desk.set_calendar(EARLY, MORNING, at=HOUR)
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=HOUR)
    desk.add_agent(Agent(id=ANA, shift=EARLY), presence="available", at=HOUR)
    desk.add_member(MAIL, ANA, at=HOUR)
    assert desk.who("t1") == "ana"
    assert desk.next_deadline() == 2 * HOUR


@pytest.mark.parametrize(
    ("wrap_up", "reason", "free"),
    [
        (HOUR, Reason.WRAP_UP, 3 * HOUR),  # over between two shifts
        (2 * HOUR + 1, Reason.WRAP_UP, 3 * HOUR + HOUR // 2 + 1),
        (3 * HOUR, Reason.WRAP_UP, WEEK + HOUR),  # over after the last of them
    ],
)
def test_what_ends_off_shift_lets_nobody_work_before_the_next_shift(
    desk: Desk, wrap_up: int, reason: Reason, free: int
) -> None:
    on_shift(desk, "ana")
    desk.change_agent(ANA, capacity=1, at=0)
    desk.open_queue("mail", "ana", wrap_up=wrap_up)
    desk.ask("t1", "mail", at=HOUR)
    desk.resolve(T1, at=HOUR + HOUR // 2)
    desk.ask("t2", "mail", at=HOUR + HOUR // 2)
    assert reasons(desk, "t2") == {ANA: (reason, free)}
    desk.advance(at=2 * HOUR)
    assert reasons(desk, "t2") == {ANA: (Reason.OFF_SHIFT, free)}
    desk.advance(at=free - 1)
    assert desk.who("t2") is None
    desk.advance(at=free)
    assert desk.who("t2") == "ana"
