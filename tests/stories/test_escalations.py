"""Warnings and levels of escalation: when they are due, what they do, and that once is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Author,
    Calendar,
    Delivery,
    Escalation,
    Metric,
    Policy,
    Reach,
    Relaxation,
    RoutingState,
    Target,
    TicketPriority,
    hours,
    seconds,
)
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model import events as ev
from ticketroute.sla.events import ClockBreached, ClockEscalated, ClockWarned

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, HELP = QueueId("mail"), QueueId("help")
T1, T2 = TicketId("t1"), TicketId("t2")
RESOLUTION = Metric.RESOLUTION
URGENT, HIGH, NORMAL, LOW = TicketPriority
WITHIN = seconds(60)


def escalating(*levels: Escalation, **facts: Any) -> Target:
    """Return a target of a minute with these levels."""
    return Target(**({"within": WITHIN} | facts), escalations=levels)


def told_at(desk: Desk) -> list[tuple[int, str]]:
    """Return what the last command led to, with the instant of each."""
    return [(event.at, words) for event, words in zip(desk.last, desk.told, strict=True)]


def late_by(desk: Desk) -> list[int]:
    marks = (ClockWarned, ClockBreached, ClockEscalated)
    return [event.late_by for event in desk.last if isinstance(event, marks)]


# --- when -----------------------------------------------------------------------------------------


def test_warnings_are_due_when_their_share_of_the_target_is_used_up(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=Target(within=10_001, warnings=[100, 50, 75]))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=100_000)
    assert told_at(desk) == [
        (5_001, "t1 resolution at 50 %"),  # of an odd millisecond, the whole of it
        (7_501, "t1 resolution at 75 %"),
        (10_001, "t1 resolution at 100 %"),
        (10_002, "t1 resolution breached"),
    ]


def test_levels_lie_before_the_target_at_its_breach_and_after(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    levels = [
        Escalation(offset=-60_000, notify="the start"),
        Escalation(offset=-20_000, notify="ana"),
        Escalation(offset=0, notify="zoe"),
        Escalation(offset=0, notify="max"),
        Escalation(offset=30_000, notify="the boss"),
    ]
    desk.promise(resolution=escalating(*levels))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=500_000)
    assert told_at(desk) == [
        (1, "t1 resolution level 0: the start"),
        (40_000, "t1 resolution level 1: ana"),
        (60_001, "t1 resolution breached"),
        (60_001, "t1 resolution level 2: zoe"),
        (60_001, "t1 resolution level 3: max"),
        (90_001, "t1 resolution level 4: the boss"),
    ]


def test_offsets_are_calendar_time(desk: Desk) -> None:
    """Open from second 0 to 30 of each Thursday: 25 s are due in the first week."""
    day = CalendarId("day")
    desk.set_calendar(day, Calendar(hours={"thu": [("00:00:00", "00:00:30")]}), at=0)
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    levels = [Escalation(offset=-5_000), Escalation(offset=5_000), Escalation(offset=10_000)]
    desk.promise(resolution=escalating(*levels, within=25_000), calendar=day)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=hours(200))
    assert [event.at for event in desk.last] == [
        20_000,
        25_001,
        hours(168) + 1,
        hours(168) + 5_001,
    ]


def test_what_is_paused_or_ended_fires_nothing(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(offset=-20_000), warnings=[50]))
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.hold(T1, at=29_999)
    desk.resolve(T2, at=29_999)
    assert desk.next_deadline() is None
    assert desk.advance(at=1_000_000) == ()
    desk.resume(T1, at=1_000_000)
    assert desk.next_deadline() == 1_000_001


def test_after_downtime_everything_is_recorded_in_order_with_how_late_it_is(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(offset=30_000), warnings=[50]))
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=20_000)
    desk.reply(T1, Author.NOTE, at=200_000)
    assert told_at(desk) == [
        (30_000, "t1 resolution at 50 %"),
        (50_000, "t2 resolution at 50 %"),
        (60_001, "t1 resolution breached"),
        (80_001, "t2 resolution breached"),
        (90_001, "t1 resolution level 0: "),
        (110_001, "t2 resolution level 0: "),
        (200_000, "t1 replied"),
    ]
    assert late_by(desk) == [170_000, 150_000, 139_999, 119_999, 109_999, 89_999]


def test_how_late_the_host_was_makes_no_difference_between_two_events(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(offset=0), warnings=[100]))
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=500_000)
    late = list(desk.last[:3])
    assert late_by(desk) == [440_000, 439_999, 439_999]

    twin = type(desk)()
    twin.staff("ana")
    twin.open_queue("mail", "ana")
    twin.promise(resolution=escalating(Escalation(offset=0), warnings=[100]))
    twin.ask("t1", "mail", at=0)
    in_time = [*twin.advance(at=60_000), *twin.advance(at=60_001)]
    assert in_time == late
    assert [getattr(event, "late_by", None) for event in in_time] == [0, 0, 0]


# --- once for ever --------------------------------------------------------------------------------


def test_a_level_fires_once_whatever_the_priority_does_to_the_target(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    spans = {URGENT: 30_000, NORMAL: 60_000, LOW: 90_000}
    desk.promise(resolution=escalating(Escalation(offset=-10_000), within=spans, warnings=[50]))
    desk.ask("t1", "mail", at=0, priority=URGENT)
    desk.advance(at=25_000)
    assert desk.told == ["t1 resolution at 50 %", "t1 resolution level 0: "]
    desk.change_priority(T1, LOW, at=26_000)
    desk.advance(at=89_000)
    assert desk.told == []
    desk.change_priority(T1, NORMAL, at=89_500)
    assert desk.told[-1] == "t1 resolution breached"
    assert desk.next_deadline() is None


def test_another_version_has_levels_of_its_own(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(offset=-30_000, notify="ana")))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=61_000)
    assert desk.told == ["t1 resolution level 0: ana", "t1 resolution breached"]
    desk.promise(resolution=escalating(Escalation(offset=-30_000, notify="ben")))
    assert desk.told == [
        "PoliciesSet",
        "t1 resolution within 60000, due 60000",
        "t1 resolution level 0: ben",  # and no second breach
    ]


def test_a_ticket_that_comes_back_to_a_version_is_not_told_of_it_again(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("help", "ana")
    mails = Policy(
        id=PolicyId("mails"),
        queues=[MAIL],
        targets={RESOLUTION: escalating(Escalation(offset=-30_000, notify="ana"), warnings=[25])},
    )
    rest = Policy(id=PolicyId("rest"), targets={RESOLUTION: Target(within=WITHIN, warnings=[50])})
    desk.set_policies([mails, rest], at=0)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=31_000)
    assert desk.told == ["t1 resolution at 25 %", "t1 resolution level 0: ana"]
    desk.transfer(T1, to_queue=HELP, at=32_000)
    assert desk.told[-1] == "t1 resolution at 50 %"
    desk.transfer(T1, to_queue=MAIL, at=33_000)
    assert desk.told == ["t1 help -> mail", "t1 resolution within 60000, due 60000"]
    desk.transfer(T1, to_queue=HELP, at=34_000)
    assert desk.told == ["t1 mail -> help", "t1 resolution within 60000, due 60000"]
    assert desk.next_deadline() == 60_001


def test_another_cycle_has_levels_of_its_own(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(next_response=escalating(Escalation(offset=-50_000)))
    desk.ask("t1", "mail", at=0)
    for start in (1_000, 101_000):
        desk.reply(T1, Author.AGENT, at=start)
        desk.reply(T1, Author.REQUESTER, at=start)
        desk.advance(at=start + 10_000)
        assert len(desk.told) == 1
    (level,) = desk.last
    assert isinstance(level, ClockEscalated)
    assert (level.cycle, level.level, level.version) == (2, 0, 1)


def test_a_resumed_clock_does_not_fire_what_it_has_fired(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(offset=-40_000), warnings=[25]))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=20_000)
    assert len(desk.told) == 2
    desk.resolve(T1, at=25_000)
    desk.reopen(T1, at=30_000)
    desk.hold(T1, at=31_000)
    desk.resume(T1, at=32_000)
    assert desk.next_deadline() == 60_000 + 6_000 + 1  # the breach alone is left


# --- what a level does ----------------------------------------------------------------------------


def test_a_level_raises_the_priority_and_never_lowers_it(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.promise(assignment=escalating(Escalation(offset=-30_000, priority=HIGH)))
    desk.ask("t0", "mail", at=0, priority=URGENT)
    desk.ask("t2", "mail", at=0)
    desk.ask("t1", "mail", at=1_000, priority=LOW)
    desk.advance(at=30_000)
    assert desk.told == ["t2 assignment level 0: ", "t2 prioritychanged"]
    desk.change_priority(T1, URGENT, at=30_500)
    desk.advance(at=31_000)
    assert desk.told == ["t1 assignment level 0: "]
    assert desk.waiting(MAIL) == ("t1", "t2")
    assert [desk.ticket(each).priority for each in (T1, T2)] == [URGENT, HIGH]


def test_the_raised_priority_brings_its_own_target_at_once(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    spans = {URGENT: 20_000, NORMAL: 60_000}
    level = Escalation(offset=-20_000, priority=URGENT)
    desk.promise(resolution=escalating(level, within=spans))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=50_000)
    assert told_at(desk) == [
        (40_000, "t1 resolution level 0: "),
        (40_000, "t1 prioritychanged"),
        (40_000, "t1 resolution within 20000, due 20000"),
        (40_000, "t1 resolution breached"),
    ]


@pytest.mark.parametrize("state", [RoutingState.WAITING, RoutingState.OFFERED])
def test_a_level_moves_the_ticket_to_another_queue(desk: Desk, state: RoutingState) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", delivery=Delivery.OFFER)
    desk.open_queue("help", "ben")
    if state is RoutingState.WAITING:
        desk.set_presence(ANA, "away", at=0)
    desk.promise(assignment=escalating(Escalation(move_to=HELP), within=10_000))
    desk.ask("t1", "mail", at=0)
    assert desk.state("t1") is state
    desk.advance(at=10_001)
    assert [line for line in desk.told if "asks" not in line] == [
        "t1 assignment breached",
        "t1 assignment level 0: ",
        *(["t1 from None, escalated"] if state is RoutingState.OFFERED else []),
        "t1 mail -> help",
        "t1 to ben, routed",
        "t1 assignment missed, 10001",
    ]


def test_an_agent_who_serves_the_other_queue_keeps_it(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana")
    desk.open_queue("help", "ben", "ana")
    desk.promise(resolution=escalating(Escalation(move_to=HELP)))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=60_001)
    assert desk.told[-1] == "t1 mail -> help"
    assert desk.who("t1") == "ana"


def test_a_parked_ticket_moves_as_well(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("help")
    desk.promise(first_response=escalating(Escalation(move_to=HELP, reassign=True, priority=HIGH)))
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=1_000)
    desk.advance(at=60_001)
    assert desk.ticket(T1).queue_id == HELP
    assert desk.ticket(T1).priority is HIGH
    assert desk.state("t1") is RoutingState.WAITING  # nobody of mail serves help


def test_a_level_relaxes_the_skills_of_a_ticket_that_waits(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 2})
    desk.open_queue("mail", "ana")
    levels = [
        Escalation(offset=-40_000, lower={"french": 4}),
        Escalation(offset=-20_000, lower={"french": 2}, drop=["sql"]),
    ]
    desk.promise(assignment=escalating(*levels))
    desk.ask("t1", "mail", at=0, skills={"french": 6, "sql": 1})
    desk.advance(at=20_000)
    relaxed = ["t1 relaxed", "t1 waits: nobody_fits"]
    assert desk.told == ["t1 assignment level 0: ", *relaxed]
    desk.advance(at=40_000)
    assert desk.told == [
        "t1 assignment level 1: ",
        "t1 relaxed",
        "t1 to ana, routed",
        "t1 assignment met, 40000",
    ]


def test_skills_of_a_ticket_at_work_are_not_touched(desk: Desk) -> None:
    desk.staff("ana", skills={"french": 6})
    desk.open_queue("mail", "ana")
    desk.promise(resolution=escalating(Escalation(drop=["french"])))
    desk.ask("t1", "mail", at=0, skills={"french": 6})
    desk.advance(at=60_001)
    assert desk.told == ["t1 resolution breached", "t1 resolution level 0: "]


def test_a_level_takes_the_ticket_from_its_agent_and_gives_it_to_another(desk: Desk) -> None:
    desk.staff("ana", "ben")
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    desk.promise(resolution=escalating(Escalation(reassign=True)))
    desk.ask("t1", "mail", at=0)
    assert desk.who("t1") == "ana"
    desk.advance(at=60_001)
    assert desk.told == [
        "t1 resolution breached",
        "t1 resolution level 0: ",
        "t1 from ana, escalated",
        "t1 to ben, routed",
    ]


def test_with_nobody_else_it_waits_and_its_agent_gets_it_back_later(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", respond_within=seconds(90))
    desk.promise(resolution=escalating(Escalation(reassign=True)))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=60_001)
    assert desk.told[-2:] == ["t1 from ana, escalated", "t1 waits: nobody_left"]
    desk.advance(at=150_000)
    assert desk.state("t1") is RoutingState.WAITING
    desk.advance(at=150_001)
    assert desk.who("t1") == "ana"


def test_a_level_may_do_several_things(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo")
    desk.open_queue("mail", "ana")
    desk.open_queue("help", "ana", "ben", strategy="top_down")
    level = Escalation(notify="zoe", priority=URGENT, move_to=HELP, reassign=True)
    desk.promise(resolution=escalating(level))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=60_001)
    assert desk.told == [
        "t1 resolution breached",
        "t1 resolution level 0: zoe",
        "t1 prioritychanged",
        "t1 mail -> help",
        "t1 from ana, escalated",
        "t1 to ben, routed",
    ]


def test_moved_by_its_level_a_target_per_queue_counts_anew(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("help", "ana")
    levels = [Escalation(move_to=HELP), Escalation(offset=10_000, notify="zoe")]
    desk.promise(resolution=escalating(*levels, per_queue=True))
    desk.ask("t1", "mail", at=0)
    desk.advance(at=130_003)
    assert told_at(desk) == [
        (60_001, "t1 resolution breached"),
        (60_001, "t1 resolution level 0: "),
        (60_001, "t1 mail -> help"),
        (60_001, "t1 resolution missed, 60001"),
        (60_001, "t1 resolution 2 starts, due 120001"),
        (120_002, "t1 resolution 2 breached"),
        (120_002, "t1 resolution 2 level 0: "),  # it is there already
        (130_002, "t1 resolution 2 level 1: zoe"),
    ]


def test_a_level_that_asks_for_less_leaves_what_a_step_allowed(desk: Desk) -> None:
    steps = [Relaxation(after=seconds(10), add_queue=HELP, reach=Reach(2, 7))]
    desk.staff("ana", priority=3)
    desk.open_queue("help")
    desk.open_queue("mail", "ana", relaxations=steps)
    less = Escalation(offset=-seconds(30), drop=["german"])
    desk.promise(resolution=escalating(less))
    desk.ask("t1", "mail", at=0, skills={"german": 3, "french": 1})
    desk.advance(at=seconds(30))
    (first, second) = (event for event in desk.history if isinstance(event, ev.TicketRelaxed))
    assert (second.reach, second.added) == (first.reach, first.added) == (Reach(2, 7), (HELP,))
    assert second.skills == {"french": 1}
