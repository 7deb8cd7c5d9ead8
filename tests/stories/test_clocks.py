"""Clocks: what is counted, what stands still, what is kept and what is missed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from ticketroute import (
    Author,
    Calendar,
    Metric,
    RoutingState,
    Status,
    Target,
    TicketPriority,
    hours,
    instant_of,
    minutes,
    seconds,
)
from ticketroute.errors import UnknownClockError
from ticketroute.events import Cause, HoldStatus
from ticketroute.model import AgentId, CalendarId, EarliestDeadline, Instant, QueueId, TicketId
from ticketroute.sla import ChangeRule, ClockState, ReopenRule
from ticketroute.sla.events import ClockBreached, ClockEnded, ClockPaused
from ticketroute.sla.explanation import Pause, Slice

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, OFFICE = QueueId("mail"), CalendarId("office")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))
FIRST, NEXT, RESOLUTION = Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.RESOLUTION
WITHIN = seconds(60)

# instant 0 is a Thursday: open from second 5 to 20 and from 40 to 60, and then a week later
SHORT = Calendar(hours={"thu": [("00:00:05", "00:00:20"), ("00:00:40", "00:01:00")]})
WEEK = hours(168)
BERLIN = "Europe/Berlin"


def mail(desk: Desk, *members: str) -> None:
    desk.staff(*(members or ("ana",)))
    desk.open_queue("mail", *(members or ("ana",)))


def moment(written: str) -> Instant:
    return instant_of(datetime.fromisoformat(written))


def state_of(desk: Desk, ticket_id: TicketId, metric: Metric) -> ClockState:
    return desk.clock(ticket_id, metric).state


# --- kept and missed ------------------------------------------------------------------------------


def test_a_target_is_kept_at_its_due_instant(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=1_000)
    assert "t1 first_response starts, due 61000" in desk.told
    desk.reply(T1, Author.AGENT, at=61_000)
    assert "t1 first_response met, 60000" in desk.told
    assert desk.clock(T1, FIRST).remaining == 0


def test_it_is_breached_by_the_first_millisecond_after_it(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=1_000)
    assert desk.next_deadline() == 61_001
    desk.reply(T1, Author.AGENT, at=61_001)
    assert desk.told == [
        "t1 first_response breached",
        "t1 replied",
        "t1 first_response missed, 60001",
    ]
    clock = desk.clock(T1, FIRST)
    assert (clock.breached, clock.ended, clock.remaining) == (61_001, 61_001, -1)


def test_the_breach_says_what_was_promised_until_when(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=1_000)
    (breach,) = desk.advance(at=100_000)
    assert isinstance(breach, ClockBreached)
    assert (breach.at, breach.due, breach.within) == (61_001, 61_000, WITHIN)
    assert breach.late_by == 100_000 - 61_001


def test_a_breach_is_recorded_once_and_the_clock_runs_on(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=60_001)
    assert desk.told == ["t1 resolution breached"]
    assert desk.next_deadline() is None
    assert desk.advance(at=500_000) == ()
    assert state_of(desk, T1, RESOLUTION) is ClockState.RUNNING
    desk.resolve(T1, at=600_000)
    assert desk.told == ["t1 resolved", "t1 resolution missed, 600000"]


def test_open_time_alone_counts_and_a_used_up_window_is_due_at_its_close(desk: Desk) -> None:
    desk.set_calendar(OFFICE, SHORT, at=0)
    mail(desk)
    desk.promise(first_response=15_000, resolution=35_000, calendar=OFFICE)
    desk.ask("t1", "mail", at=0)
    assert desk.clock(T1, FIRST).due == 20_000
    assert desk.clock(T1, RESOLUTION).due == 60_000
    desk.advance(at=40_000)
    assert desk.told == []  # kept all through the break
    assert desk.clock(T1, FIRST).elapsed == 15_000
    desk.advance(at=40_001)
    assert desk.told == ["t1 first_response breached"]
    desk.advance(at=WEEK + 5_000)
    assert desk.told == []
    desk.advance(at=WEEK + 5_001)
    assert desk.told == ["t1 resolution breached"]


def test_who_looks_when_makes_no_difference(desk: Desk) -> None:
    mail(desk, "ana", "ben")
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.resolve(T1, at=WITHIN)  # met, however late somebody asks
    desk.resolve(T2, at=WITHIN + 1)
    desk.advance(at=10 * WITHIN)
    assert state_of(desk, T1, RESOLUTION) is ClockState.MET
    assert state_of(desk, T2, RESOLUTION) is ClockState.MISSED
    assert [desk.clock(each, RESOLUTION).elapsed for each in (T1, T2)] == [60_000, 60_001]


def test_a_ticket_that_came_before_it_was_submitted_counts_from_its_arrival(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=70_000, arrived=5_000)
    assert "t1 first_response starts, due 65000" in desk.told
    assert "t1 first_response breached" in desk.told
    assert desk.clock(T1, FIRST).elapsed == 65_000


# --- pauses ---------------------------------------------------------------------------------------


def test_on_hold_the_resolution_stands_still_with_what_is_left_of_it(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=20_000)
    assert desk.told == ["t1 pending", "t1 resolution pauses, 40000 left"]
    assert desk.next_deadline() is None
    desk.advance(at=5_000_000)
    clock = desk.clock(T1, RESOLUTION)
    assert (clock.state, clock.due) == (ClockState.PAUSED, None)
    assert (clock.elapsed, clock.remaining) == (20_000, 40_000)
    desk.resume(T1, at=5_000_000)
    assert desk.told == ["t1 resumed by ana", "t1 resolution goes on, due 5040000"]
    desk.resolve(T1, at=5_040_000)
    assert desk.told == ["t1 resolved", "t1 resolution met, 60000"]


def test_another_sort_of_hold_is_the_same_pause(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=10_000)
    desk.hold(T1, HoldStatus.POSTPONED, at=20_000)
    assert desk.told == ["t1 postponed"]
    desk.resume(T1, at=50_000)
    assert desk.clock(T1, RESOLUTION).due == 100_000
    parts = desk.explain_clock(T1, RESOLUTION).parts
    assert parts == (
        Slice(0, 10_000, 10_000),
        Pause(10_000, 20_000, Status.PENDING, 10_000),
        Pause(20_000, 50_000, Status.POSTPONED, 30_000),
    )


def test_response_clocks_do_not_pause(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=20_000)
    assert desk.told == ["t1 pending"]
    assert desk.clock(T1, FIRST).due == WITHIN
    desk.advance(at=WITHIN + 1)
    assert desk.told == ["t1 first_response breached"]


def test_each_target_names_its_own_pauses(desk: Desk) -> None:
    mail(desk)
    desk.promise(
        first_response=Target(within=WITHIN, pauses=[Status.POSTPONED]),
        resolution=Target(within=WITHIN, pauses=[]),
    )
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, HoldStatus.POSTPONED, at=10_000)
    assert desk.told == ["t1 postponed", "t1 first_response pauses, 50000 left"]
    desk.hold(T1, HoldStatus.PENDING, at=15_000)
    assert desk.told == ["t1 pending", "t1 first_response goes on, due 65000"]


def test_a_pause_at_the_due_instant_is_in_time_and_leaves_nothing(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=WITHIN)
    assert desk.told == ["t1 pending", "t1 resolution pauses, 0 left"]
    desk.resume(T1, at=90_000)
    assert desk.next_deadline() == 90_001
    desk.resolve(T1, at=90_000)
    assert desk.told == ["t1 resolved", "t1 resolution met, 60000"]


def test_one_promised_to_a_paused_ticket_starts_paused(desk: Desk) -> None:
    mail(desk)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=1_000)
    desk.promise(resolution=WITHIN)
    assert desk.told[-1] == "t1 resolution starts, due None"
    assert state_of(desk, T1, RESOLUTION) is ClockState.PAUSED
    desk.resume(T1, at=10_000)
    assert desk.clock(T1, RESOLUTION).due == 70_000


# --- what each metric counts ----------------------------------------------------------------------


def test_next_response_runs_from_the_oldest_unanswered_message(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN, next_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.REQUESTER, at=5_000)  # before the first answer: still the first response
    assert desk.told == ["t1 replied"]
    assert state_of(desk, T1, NEXT) is ClockState.PENDING
    desk.reply(T1, Author.AGENT, at=10_000)
    desk.reply(T1, Author.REQUESTER, at=20_000)
    assert desk.told == ["t1 replied", "t1 next_response starts, due 80000"]
    desk.reply(T1, Author.REQUESTER, at=30_000)
    assert desk.told == ["t1 replied"]
    desk.reply(T1, Author.AGENT, at=80_000)
    assert desk.told == ["t1 replied", "t1 next_response met, 60000"]
    desk.reply(T1, Author.REQUESTER, at=100_000)
    assert desk.told == ["t1 replied", "t1 next_response 2 starts, due 160000"]
    desk.reply(T1, Author.AGENT, at=160_001)
    assert desk.told[-1] == "t1 next_response 2 missed, 60001"
    assert [clock.state for clock in desk.clocks(T1)] == [
        ClockState.MET,
        ClockState.MET,
        ClockState.MISSED,
    ]


def test_a_next_response_may_run_from_a_message_before_the_first_reply(desk: Desk) -> None:
    mail(desk)
    desk.promise(next_response=Target(within=WITHIN, before_first_reply=True))
    desk.ask("t1", "mail", at=0)
    assert desk.next_deadline() is None
    desk.reply(T1, Author.REQUESTER, at=5_000)
    assert desk.told == ["t1 replied", "t1 next_response starts, due 65000"]
    desk.reply(T1, Author.REQUESTER, at=9_000)
    assert desk.told == ["t1 replied"]
    desk.reply(T1, Author.AGENT, at=65_000)
    assert desk.told == ["t1 replied", "t1 next_response met, 60000"]
    desk.reply(T1, Author.REQUESTER, at=70_000)
    assert desk.told == ["t1 replied", "t1 next_response 2 starts, due 130000"]


def test_a_message_before_the_first_reply_counts_when_a_policy_says_so_later(desk: Desk) -> None:
    mail(desk)
    desk.promise(next_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.REQUESTER, at=5_000)
    assert desk.told == ["t1 replied"]
    desk.promise(next_response=Target(within=WITHIN, before_first_reply=True))
    assert "t1 next_response starts, due 65000" in desk.told
    desk.promise(next_response=WITHIN)
    assert state_of(desk, T1, NEXT) is ClockState.RUNNING  # a clock that runs is not taken back


def test_promised_later_the_next_response_runs_from_the_oldest_unanswered_message_as_well(
    desk: Desk,
) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=10_000)
    desk.reply(T1, Author.REQUESTER, at=20_000)
    desk.reply(T1, Author.REQUESTER, at=30_000)
    desk.promise(next_response=WITHIN)
    assert "t1 next_response starts, due 80000" in desk.told


def test_a_message_that_was_missed_is_missed_once(desk: Desk) -> None:
    mail(desk)
    desk.promise(next_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=1_000)
    desk.reply(T1, Author.REQUESTER, at=2_000)
    desk.resolve(T1, at=100_000)
    assert desk.told[-1] == "t1 next_response missed, 98000"
    desk.reply(T1, Author.REQUESTER, at=500_000)  # another message, with a time of its own
    assert "t1 next_response 2 starts, due 560000" in desk.told
    assert desk.next_deadline() == 560_001


@pytest.mark.parametrize("author", [Author.NOTE, Author.AUTOMATION])
def test_notes_and_automatic_replies_stop_nothing_and_start_nothing(
    desk: Desk, author: Author
) -> None:
    mail(desk)
    desk.promise(
        first_response=WITHIN, next_response=WITHIN, periodic_update=WITHIN, resolution=WITHIN
    )
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, author, at=1_000)
    assert desk.told == ["t1 replied"]
    assert desk.clock(T1, FIRST).due == WITHIN
    desk.reply(T1, Author.AGENT, at=2_000)
    desk.reply(T1, author, at=3_000)
    assert desk.told == ["t1 replied"]
    desk.reply(T1, Author.REQUESTER, at=4_000)
    desk.reply(T1, author, at=5_000)
    assert desk.told == ["t1 replied"]
    assert desk.clock(T1, NEXT).due == 4_000 + WITHIN
    assert desk.clock(T1, Metric.PERIODIC_UPDATE).due == 2_000 + WITHIN
    desk.resolve(T1, at=6_000)
    before = desk.snapshot()
    desk.reply(T1, author, at=7_000)
    assert desk.state("t1") is RoutingState.DONE
    assert desk.snapshot() == before


def test_a_periodic_update_counts_from_one_answer_to_the_next(desk: Desk) -> None:
    mail(desk)
    desk.promise(periodic_update=WITHIN)
    desk.ask("t1", "mail", at=0)
    assert state_of(desk, T1, Metric.PERIODIC_UPDATE) is ClockState.PENDING
    desk.reply(T1, Author.AGENT, at=10_000)
    assert desk.told == ["t1 replied", "t1 periodic_update starts, due 70000"]
    desk.reply(T1, Author.AGENT, at=70_000)
    assert desk.told == [
        "t1 replied",
        "t1 periodic_update met, 60000",
        "t1 periodic_update 2 starts, due 130000",
    ]
    desk.reply(T1, Author.REQUESTER, at=80_000)  # no contact that counts here
    assert desk.told == ["t1 replied"]
    desk.reply(T1, Author.AGENT, at=130_001)
    assert "t1 periodic_update 2 missed, 60001" in desk.told


def test_it_may_count_from_the_requesters_messages_as_well(desk: Desk) -> None:
    mail(desk)
    both = Target(within=WITHIN, contacts=[Author.AGENT, Author.REQUESTER])
    desk.promise(periodic_update=both)
    desk.ask("t1", "mail", at=0)
    assert "t1 periodic_update starts, due 60000" in desk.told
    desk.reply(T1, Author.REQUESTER, at=50_000)
    assert desk.told == [
        "t1 replied",
        "t1 periodic_update lapsed, 50000",
        "t1 periodic_update 2 starts, due 110000",
    ]


def test_assignment_ends_with_the_first_agent_and_never_starts_again(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.promise(assignment=WITHIN)
    desk.ask("t1", "mail", at=0)
    assert "t1 assignment met, 0" in desk.told
    desk.ask("t2", "mail", at=1_000)
    assert desk.clock(T2, Metric.ASSIGNMENT).due == 61_000
    desk.resolve(T1, at=31_000)
    assert "t2 assignment met, 30000" in desk.told
    desk.release(T2, at=40_000)
    assert [clock.cycle for clock in desk.clocks(T2)] == [1]


def test_agent_work_counts_while_it_is_the_agents_turn(desk: Desk) -> None:
    mail(desk)
    desk.promise(agent_work=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=10_000)  # 10 s
    assert desk.told == ["t1 replied", "t1 agent_work pauses, 50000 left"]
    desk.reply(T1, Author.REQUESTER, at=100_000)
    assert desk.told == ["t1 replied", "t1 agent_work goes on, due 150000"]
    desk.hold(T1, HoldStatus.POSTPONED, at=120_000)  # 20 s more
    desk.resume(T1, at=300_000)
    desk.resolve(T1, at=330_000)  # and 30 s more
    assert desk.told == ["t1 resolved", "t1 agent_work met, 60000"]


def test_requester_wait_counts_while_the_requester_waits_for_somebody(desk: Desk) -> None:
    mail(desk)
    desk.promise(requester_wait=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=10_000)
    assert desk.told == ["t1 replied", "t1 requester_wait pauses, 50000 left"]
    desk.reply(T1, Author.REQUESTER, at=100_000)
    desk.hold(T1, HoldStatus.POSTPONED, at=110_000)  # for us, not for them: it counts
    assert desk.told == ["t1 postponed"]
    desk.hold(T1, HoldStatus.PENDING, at=130_000)
    assert desk.told == ["t1 pending", "t1 requester_wait pauses, 20000 left"]
    desk.resolve(T1, at=500_000)
    assert desk.told == ["t1 resolved", "t1 requester_wait met, 40000"]


# --- the end, and after ---------------------------------------------------------------------------


def test_what_was_never_answered_lapses_when_the_ticket_is_resolved(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN, resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=30_000)
    assert desk.told == [
        "t1 resolved",
        "t1 first_response lapsed, 30000",
        "t1 resolution met, 30000",
    ]
    assert desk.next_deadline() is None


def test_a_reply_to_a_resolved_ticket_resumes_its_clocks_without_the_time_between(
    desk: Desk,
) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN, resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=20_000)
    desk.reply(T1, Author.REQUESTER, at=1_000_000)
    assert desk.told[:4] == [
        "t1 replied",
        "t1 reopened",
        "t1 first_response goes on, due 1040000",
        "t1 resolution goes on, due 1040000",
    ]
    assert desk.clock(T1, RESOLUTION).elapsed == 20_000
    desk.resolve(T1, at=1_040_000)
    assert desk.told[-1] == "t1 resolution met, 60000"
    assert [clock.cycle for clock in desk.clocks(T1)] == [1, 1]


def test_a_reopened_ticket_may_begin_another_cycle(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN, resolution=WITHIN, reopening=ReopenRule.NEW_CYCLE)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=1_000)
    desk.resolve(T1, at=61_000)
    assert desk.told == ["t1 resolution breached", "t1 resolved", "t1 resolution missed, 61000"]
    desk.reopen(T1, at=100_000)
    assert desk.told[:2] == ["t1 reopened", "t1 resolution 2 starts, due 160000"]
    desk.resolve(T1, at=110_000)
    states = [(clock.metric, clock.cycle, clock.state) for clock in desk.clocks(T1)]
    assert states == [
        (FIRST, 1, ClockState.MET),
        (RESOLUTION, 1, ClockState.MISSED),
        (RESOLUTION, 2, ClockState.MET),
    ]
    assert desk.clock(T1, RESOLUTION, 1).elapsed == 61_000


def test_a_breach_outlives_the_reopening(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=61_000)
    desk.reopen(T1, at=100_000)
    assert desk.next_deadline() is None  # the breach was recorded, and is not again
    desk.resolve(T1, at=100_500)
    assert desk.told == ["t1 resolved", "t1 resolution missed, 61500"]


def test_a_message_after_the_resolution_starts_the_next_response(desk: Desk) -> None:
    mail(desk)
    desk.promise(next_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=1_000)
    desk.resolve(T1, at=2_000)
    desk.reply(T1, Author.REQUESTER, at=90_000)
    assert "t1 next_response starts, due 150000" in desk.told


def test_an_answer_to_a_resolved_ticket_is_one_when_it_is_reopened(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=10_000)
    desk.reply(T1, Author.AGENT, at=20_000)
    desk.reopen(T1, at=30_000)
    assert "first_response" not in " ".join(desk.told)
    assert state_of(desk, T1, FIRST) is ClockState.LAPSED
    assert desk.next_deadline() is None


@pytest.mark.parametrize("end", ["merge", "abandon"])
def test_the_clocks_of_a_merged_or_abandoned_ticket_are_cancelled(desk: Desk, end: str) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.promise(first_response=WITHIN, resolution=WITHIN, assignment=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=1_000)
    if end == "merge":
        desk.merge(T2, into=T1, at=5_000)
    else:
        desk.abandon(T2, at=5_000)
    ended = [event for event in desk.last if isinstance(event, ClockEnded)]
    assert [event.outcome for event in ended] == [ClockState.CANCELLED] * 3
    assert [event.elapsed for event in ended] == [4_000] * 3
    assert desk.clock(T1, FIRST).due == WITHIN  # the other one's are untouched
    assert desk.next_deadline() == WITHIN + 1
    desk.advance(at=500_000)
    assert not any(line.startswith("t2") for line in desk.told)


# --- the waiting line and other questions ---------------------------------------------------------


def test_due_instants_order_the_line_of_earliest_deadlines(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", order=EarliestDeadline())
    low, normal, urgent = TicketPriority.LOW, TicketPriority.NORMAL, TicketPriority.URGENT
    desk.promise(resolution=Target(within={low: 90_000, normal: 60_000, urgent: 10_000}, pauses=[]))
    desk.ask("t0", "mail", at=0)
    desk.ask("t1", "mail", at=1_000, priority=low)  # due 91 000
    desk.ask("t2", "mail", at=2_000)  # due 62 000
    desk.ask("t3", "mail", at=3_000, priority=low, due=50_000)  # the host's own deadline
    assert desk.waiting(MAIL) == ("t3", "t2", "t1")
    desk.change_priority(T1, urgent, at=4_000)  # due 11 000
    assert desk.waiting(MAIL) == ("t1", "t3", "t2")
    desk.promise(resolution=Target(within={low: 20_000, normal: 10_000, urgent: 60_000}))
    assert desk.waiting(MAIL) == ("t2", "t3", "t1")
    desk.resolve(TicketId("t0"), at=5_000)
    assert desk.who("t2") == "ana"


def test_a_met_clock_no_longer_orders_the_line(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", order=EarliestDeadline())
    desk.promise(first_response=30_000, resolution=WITHIN)
    desk.ask("t0", "mail", at=0)
    desk.ask("t1", "mail", at=1_000)
    desk.ask("t2", "mail", at=2_000)
    desk.reply(T1, Author.AGENT, at=3_000)  # its next due is the resolution
    assert desk.waiting(MAIL) == ("t2", "t1")
    desk.reply(T2, Author.AGENT, at=3_000)
    assert desk.waiting(MAIL) == ("t1", "t2")


def test_time_left_lists_the_open_clocks_the_nearest_first(desk: Desk) -> None:
    mail(desk)
    desk.open_queue("sales", "ana")
    desk.promise(first_response=30_000, resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "sales", at=10_000)
    desk.hold(T1, at=20_000)
    desk.advance(at=35_000)
    left = [(view.ticket_id, view.metric, view.remaining) for view in desk.time_left()]
    assert left == [
        (T1, FIRST, -5_000),
        (T2, FIRST, 5_000),
        (T2, RESOLUTION, 35_000),
        (T1, RESOLUTION, 40_000),
    ]
    assert [view.ticket_id for view in desk.time_left(QueueId("sales"))] == [T2, T2]
    assert [view.ticket_id for view in desk.time_left(metric=RESOLUTION)] == [T2, T1]


def test_what_was_never_promised_has_no_clock(desk: Desk) -> None:
    mail(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    with pytest.raises(UnknownClockError, match="first_response"):
        desk.clock(T1, FIRST)
    with pytest.raises(UnknownClockError, match="cycle 2"):
        desk.clock(T1, RESOLUTION, 2)
    with pytest.raises(UnknownClockError, match="next_response"):
        desk.explain_clock(T1, NEXT)


# --- a real week ----------------------------------------------------------------------------------


def test_the_hour_that_spring_skips_counts_for_nobody(desk: Desk) -> None:
    """By hand: Sat 22:30 to Sun 06:00 is 7:30 on the wall and 6:30 of time, of which 0:45 pauses.

    From 8:00 that leaves 2:15, so that Monday 09:00 + 2:15 = 11:15 is the due instant.
    """
    night = Calendar(zone=BERLIN, hours={"sat": [("22:00", "06:00")], "mon": [("09:00", "17:00")]})
    desk.set_calendar(OFFICE, night, at=0)
    mail(desk)
    desk.promise(resolution=hours(8), calendar=OFFICE)
    desk.ask("t1", "mail", at=moment("2026-03-28T22:30+01:00"))
    assert desk.clock(T1, RESOLUTION).due == moment("2026-03-30T10:30+02:00")
    desk.hold(T1, at=moment("2026-03-29T01:30+01:00"))
    assert desk.told[-1] == f"t1 resolution pauses, {hours(5)} left"
    desk.resume(T1, at=moment("2026-03-29T03:15+02:00"))
    assert desk.clock(T1, RESOLUTION).due == moment("2026-03-30T11:15+02:00")

    desk.advance(at=moment("2026-03-30T10:00+02:00"))
    explanation = desk.explain_clock(T1, RESOLUTION)
    slices = [part for part in explanation.parts if isinstance(part, Slice)]
    assert sum(each.counted for each in slices) == desk.clock(T1, RESOLUTION).elapsed
    assert slices[-1].total == hours(6) + minutes(45)
    night_of_change = "Sun 2026-03-29 01:30:00+01:00"
    assert str(explanation).splitlines() == [
        "ticket t1: resolution, cycle 1: running",
        "  policy gold, version 1: within 8:00:00",
        "  calendar office (Europe/Berlin)",
        "  started Sat 2026-03-28 22:30:00+01:00",
        f"  counted Sat 2026-03-28 22:30:00+01:00 - {night_of_change}: 3:00:00, sum 3:00:00",
        "  paused  Sun 2026-03-29 01:30:00+01:00 - 03:15:00+02:00: pending, 0:45:00 not counted",
        "  counted Sun 2026-03-29 03:15:00+02:00 - 06:00:00+02:00: 2:45:00, sum 5:45:00",
        "  counted Mon 2026-03-30 09:00:00+02:00 - 10:00:00+02:00: 1:00:00, sum 6:45:00",
        "  in all 6:45:00, 1:15:00 left",
        "  to come Mon 2026-03-30 10:00:00+02:00 - 11:15:00+02:00: 1:15:00, sum 8:00:00",
        "  due Mon 2026-03-30 11:15:00+02:00",
    ]
    desk.resolve(T1, at=moment("2026-03-30T11:15+02:00"))
    assert desk.told[-1] == f"t1 resolution met, {hours(8)}"


def test_the_hour_that_autumn_repeats_counts_twice(desk: Desk) -> None:
    """By hand: Sun 00:00 to 08:00 is nine hours long; from Fri 16:00 on, one hour goes before."""
    desk.set_calendar(
        OFFICE,
        Calendar(zone=BERLIN, hours={"fri": [("09:00", "17:00")], "sun": [("00:00", "08:00")]}),
        at=0,
    )
    mail(desk)
    desk.promise(resolution=hours(10), first_response=hours(4), calendar=OFFICE)
    desk.ask("t1", "mail", at=moment("2026-10-23T16:00+02:00"))
    assert desk.clock(T1, FIRST).due == moment("2026-10-25T02:00+01:00")  # 1 + 3, in the second 2
    assert desk.clock(T1, RESOLUTION).due == moment("2026-10-25T08:00+01:00")
    desk.reply(T1, Author.AGENT, at=moment("2026-10-25T02:30+02:00"))  # the first 02:30
    assert desk.told[-1] == f"t1 first_response met, {hours(3) + minutes(30)}"
    desk.advance(at=moment("2026-10-26T12:00+01:00"))
    assert desk.told == []  # it is due at the close, and nothing has counted since
    explanation = desk.explain_clock(T1, RESOLUTION)
    assert str(explanation).splitlines()[4:7] == [
        "  counted Fri 2026-10-23 16:00:00+02:00 - 17:00:00+02:00: 1:00:00, sum 1:00:00",
        "  counted Sun 2026-10-25 00:00:00+02:00 - 08:00:00+01:00: 9:00:00, sum 10:00:00",
        "  in all 10:00:00, 0:00:00 left",
    ]
    desk.resolve(T1, at=moment("2026-10-30T08:59:59+01:00"))
    assert desk.told == ["t1 resolved", f"t1 resolution met, {hours(10)}"]


def test_an_explanation_of_a_missed_clock_says_by_how_much(desk: Desk) -> None:
    mail(desk)
    desk.promise(first_response=WITHIN)
    desk.ask("t1", "mail", at=1_000)
    desk.reply(T1, Author.AGENT, at=62_500)
    start = "Thu 1970-01-01 00:00:01+00:00"
    assert str(desk.explain_clock(T1, FIRST)).splitlines() == [
        "ticket t1: first_response, cycle 1: missed",
        "  policy gold, version 1: within 0:01:00",
        "  calendar around the clock (UTC)",
        "  started Thu 1970-01-01 00:00:01+00:00",
        f"  counted {start} - 00:01:02.500+00:00: 0:01:01.500, sum 0:01:01.500",
        "  in all 0:01:01.500, 0:00:01.500 over",
        "  due Thu 1970-01-01 00:01:01+00:00",
        "  breached Thu 1970-01-01 00:01:01.001+00:00",
    ]


def test_a_clock_that_stands_still_while_somebody_has_the_ticket_says_who_made_it(
    desk: Desk,
) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.promise(resolution=Target(within=minutes(30), pauses=[Status.OPEN]))
    desk.ask("full", "mail", at=0)
    desk.ask("t1", "mail", at=0)
    desk.resolve(TicketId("full"), at=1_000)
    (paused,) = (event for event in desk.last if isinstance(event, ClockPaused))
    assert (paused.ticket_id, paused.cause) == ("t1", Cause.FREED)


def test_a_question_after_the_first_policy_was_made_is_answered_by_it(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=1_000)
    desk.promise(next_response=minutes(5), periodic_update=minutes(9))
    desk.reply(T1, author=Author.REQUESTER, at=2_000)
    assert desk.state("t1") is RoutingState.ASSIGNED
    desk.reply(T1, author=Author.AGENT, at=3_000)
    desk.reply(T1, author=Author.REQUESTER, at=4_000)
    assert desk.clock(T1, Metric.NEXT_RESPONSE).due == 4_000 + minutes(5)


def test_a_promise_taken_back_as_the_ticket_is_resolved_is_made_again_and_not_resumed(
    desk: Desk,
) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=minutes(30))
    desk.ask("t1", "mail", at=0)
    desk.set_policies([], at=1_000)
    desk.resolve(T1, at=1_000)
    desk.promise(resolution=minutes(30))
    desk.reopen(T1, at=5_000)
    due = minutes(30) + 4_000
    assert desk.told[:2] == ["t1 reopened", f"t1 resolution within {minutes(30)}, due {due}"]


def test_an_update_counts_from_the_question_that_reopened_what_no_policy_knew(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=1_000)
    desk.promise(resolution=minutes(30))
    desk.reply(T1, author=Author.REQUESTER, at=2_000)
    update = Target(within=minutes(9), contacts=[Author.REQUESTER])
    desk.promise(resolution=minutes(30), periodic_update=update)
    assert desk.clock(T1, Metric.PERIODIC_UPDATE).due == 2_000 + minutes(9)


def test_which_promise_is_stricter_is_found_by_the_pauses_that_hold_from_now_on(
    desk: Desk,
) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.set_presence(AgentId("ana"), "away", at=0)
    desk.promise(resolution=Target(within=seconds(8), pauses=[]))
    desk.ask("t1", "mail", at=0)
    desk.set_presence(AgentId("ana"), "available", at=3_000)
    desk.advance(at=12_000)
    assert desk.clock(T1, Metric.RESOLUTION).breached is not None  # after 8 seconds of 12
    within = Target(within=2_500, pauses=[Status.OPEN])
    desk.promise(resolution=within, changes=ChangeRule.KEEP_STRICTEST)
    clock = desk.clock(T1, Metric.RESOLUTION)  # of which 3 count, so 8 would leave 5 more
    assert (clock.within, clock.elapsed, clock.state) == (2_500, 3_000, ClockState.PAUSED)


def test_the_stricter_promise_that_a_clock_has_already_is_no_news(desk: Desk) -> None:
    whole, brief = CalendarId("whole"), CalendarId("brief")
    desk.set_calendar(whole, Calendar(hours={"thu": [("00:00", "24:00")]}), at=0)
    desk.set_calendar(brief, Calendar(hours={"thu": [("09:00", "17:00")]}), at=0)
    desk.staff("ana")
    desk.open_queue("mail", "ana", calendar=whole)
    desk.promise(resolution=hours(1), changes=ChangeRule.KEEP_STRICTEST)
    desk.ask("t1", "mail", at=0)
    desk.change_queue(QueueId("mail"), calendar=brief, at=1_000)
    assert desk.told == ["QueueChanged"]
    assert desk.clock(T1, Metric.RESOLUTION).calendar_id == whole
    desk.change_priority(T1, TicketPriority.HIGH, at=2_000)
    assert desk.told == ["t1 prioritychanged"]
