"""Agreements: which policy a ticket has, and what becomes of its clocks when that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import (
    Author,
    Calendar,
    Metric,
    Policy,
    Relaxation,
    Target,
    TicketPriority,
    hours,
    seconds,
)
from ticketroute.errors import InUseError
from ticketroute.model import AgentId, CalendarId, PolicyId, QueueId, Span, TicketId
from ticketroute.sla import ChangeRule, ClockState
from ticketroute.sla.events import ClockBreached, PoliciesSet

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA = AgentId("ana")
MAIL, SALES = QueueId("mail"), QueueId("sales")
T1, T2 = TicketId("t1"), TicketId("t2")
DAY, NIGHT = CalendarId("day"), CalendarId("night")
FIRST, RESOLUTION, ASSIGNMENT = Metric.FIRST_RESPONSE, Metric.RESOLUTION, Metric.ASSIGNMENT
URGENT, HIGH, NORMAL, LOW = TicketPriority
WITHIN = seconds(60)

# instant 0 is a Thursday
EARLY = Calendar(hours={"thu": [("00:00:00", "00:00:30")]})
LATE = Calendar(hours={"thu": [("00:00:20", "00:01:00")]})
WEEK = hours(168)


def policy(name: str, within: Span | dict[TicketPriority, Span], **facts: Any) -> Policy:
    """Return a policy that promises a resolution."""
    target = Target(
        within=within, **{key: facts.pop(key) for key in ("per_queue", "warnings") if key in facts}
    )
    return Policy(id=PolicyId(name), targets={RESOLUTION: target}, **facts)


def mail_and_sales(desk: Desk, **sales: Any) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("sales", "ana", **sales)


def facts_of(desk: Desk, ticket_id: TicketId) -> tuple[PolicyId, int, Span]:
    clock = desk.clock(ticket_id, RESOLUTION)
    return clock.policy_id, clock.version, clock.within


# --- which policy ---------------------------------------------------------------------------------


def test_the_first_policy_that_applies_counts(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies(
        [
            policy("calls", 1_000, channels=["call"]),
            policy("gold", 2_000, tags=["vip", "partner"]),
            policy("sales", 3_000, queues=[SALES]),
            policy("rest", 4_000),
            policy("never", 5_000),
        ],
        at=0,
    )
    asked: list[tuple[str, dict[str, Any]]] = [
        ("mail", {"channel": "call", "tags": ["vip"]}),
        ("sales", {"tags": ["vip"]}),
        ("sales", {"tags": ["red"]}),
        ("mail", {"tags": ["red"]}),
    ]
    for number, (queue, facts) in enumerate(asked):
        desk.ask(f"t{number}", queue, at=0, **facts)
    found = [facts_of(desk, TicketId(f"t{number}"))[0] for number in range(4)]
    assert found == ["calls", "gold", "sales", "rest"]


def test_every_condition_of_a_policy_has_to_hold(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("one", 1_000, queues=[SALES], tags=["vip"]), policy("two", 9)], at=0)
    desk.ask("t1", "mail", at=0, tags=["vip"])
    desk.ask("t2", "sales", at=0)
    assert [facts_of(desk, each)[0] for each in (T1, T2)] == ["two", "two"]


def test_a_queue_may_name_its_policy(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("rest", 1_000), policy("gold", 2_000, tags=["vip"])], at=0)
    desk.change_queue(SALES, sla=PolicyId("gold"), at=0)
    desk.ask("t1", "sales", at=0)
    assert facts_of(desk, T1) == ("gold", 1, 2_000)
    desk.change_queue(SALES, sla=None, at=500)
    assert desk.told == ["QueueChanged", "t1 resolution within 1000, due 1000"]


def test_no_policy_of_a_queue_can_go_while_it_is_named(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.promise(resolution=WITHIN)
    desk.change_queue(SALES, sla=PolicyId("gold"), at=0)
    with pytest.raises(InUseError, match="policy 'gold' is in use by queue 'sales'; change"):
        desk.set_policies([], at=0)


def test_a_priority_without_a_target_has_no_clock(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("gold", {URGENT: 1_000, HIGH: 2_000})], at=0)
    desk.ask("t1", "mail", at=0, priority=HIGH)
    desk.ask("t2", "mail", at=0)
    assert [clock.ticket_id for clock in desk.time_left()] == [T1]
    desk.change_priority(T2, URGENT, at=400)
    assert desk.told == ["t2 prioritychanged", "t2 resolution starts, due 1000"]
    desk.change_priority(T1, LOW, at=500)
    assert desk.told == ["t1 prioritychanged", "t1 resolution cancelled, 500"]


def test_a_target_counts_in_its_own_calendar_else_the_policys_else_the_queues(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    desk.set_calendar(NIGHT, LATE, at=0)
    mail_and_sales(desk, calendar=NIGHT)
    desk.promise(first_response=Target(within=10_000, calendar=DAY), resolution=10_000)
    desk.ask("t1", "mail", at=5_000)
    desk.ask("t2", "sales", at=5_000)
    dues = [desk.clock(each, metric).due for each in (T1, T2) for metric in (FIRST, RESOLUTION)]
    assert dues == [15_000, 15_000, 15_000, 30_000]
    desk.promise(resolution=10_000, calendar=DAY)
    assert desk.clock(T2, RESOLUTION).due == 15_000


# --- another priority, another policy -------------------------------------------------------------


def test_another_priority_is_as_if_it_had_been_so_all_along(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("gold", {URGENT: 40_000, NORMAL: 60_000})], at=0)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=10_000)
    desk.resume(T1, at=25_000)
    assert desk.clock(T1, RESOLUTION).due == 75_000
    desk.change_priority(T1, URGENT, at=30_000)  # same start, same pause of 15 s
    assert desk.told == ["t1 prioritychanged", "t1 resolution within 40000, due 55000"]
    desk.change_priority(T1, NORMAL, at=40_000)
    assert desk.clock(T1, RESOLUTION).due == 75_000


def test_a_shorter_target_that_has_passed_is_breached_at_once(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("gold", {URGENT: 10_000, NORMAL: 60_000})], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, URGENT, at=30_000)
    assert desk.told == [
        "t1 prioritychanged",
        "t1 resolution within 10000, due 10000",
        "t1 resolution breached",
    ]
    assert desk.last[-1].at == 30_000


def test_a_breach_found_while_the_clock_stands_still_says_when_its_target_was_used_up(
    desk: Desk,
) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("gold", {URGENT: 10_000, NORMAL: 60_000})], at=0)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=30_000)
    desk.change_priority(T1, URGENT, at=40_000)
    breach = desk.last[-1]
    assert isinstance(breach, ClockBreached)
    assert (breach.at, breach.due, breach.within) == (40_000, 10_000, 10_000)


def test_a_breach_stays_when_the_target_grows(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("gold", {NORMAL: 10_000, LOW: 60_000})], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, LOW, at=20_000)
    assert desk.told[0] == "t1 resolution breached"
    assert desk.next_deadline() is None  # once, for ever
    desk.resolve(T1, at=30_000)
    assert desk.told == ["t1 resolved", "t1 resolution missed, 30000"]


def test_from_now_gives_the_new_target_in_full(desk: Desk) -> None:
    mail_and_sales(desk)
    spans = {URGENT: 20_000, NORMAL: 60_000}
    desk.set_policies([policy("gold", spans, changes=ChangeRule.FROM_NOW)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, URGENT, at=50_000)
    assert desk.told == ["t1 prioritychanged", "t1 resolution within 70000, due 70000"]
    desk.resolve(T1, at=70_000)
    assert desk.told == ["t1 resolved", "t1 resolution met, 70000"]


def test_from_now_counts_in_the_calendar_that_holds_from_now_on(desk: Desk) -> None:
    """20 s of the early calendar have counted, and none of the late one before second 20."""
    desk.set_calendar(DAY, EARLY, at=0)
    desk.set_calendar(NIGHT, LATE, at=0)
    mail_and_sales(desk, calendar=NIGHT)
    desk.change_queue(MAIL, calendar=DAY, at=0)
    changes = ChangeRule.FROM_NOW
    desk.set_policies(
        [policy("m", 25_000, queues=[MAIL]), policy("s", 15_000, queues=[SALES], changes=changes)],
        at=0,
    )
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=20_000)
    assert desk.clock(T1, RESOLUTION).remaining == 15_000
    assert desk.clock(T1, RESOLUTION).due == 35_000


def test_from_now_another_calendar_leaves_what_is_left_of_the_same_target(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    desk.set_calendar(NIGHT, LATE, at=0)
    mail_and_sales(desk, calendar=NIGHT)
    desk.change_queue(MAIL, calendar=DAY, at=0)
    desk.set_policies([policy("gold", 25_000, changes=ChangeRule.FROM_NOW)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=20_000)
    assert desk.clock(T1, RESOLUTION).remaining == 5_000
    assert desk.clock(T1, RESOLUTION).due == 25_000


def test_from_now_nothing_left_and_nothing_counted_is_a_target_of_a_millisecond(
    desk: Desk,
) -> None:
    """20 s of the early calendar have missed 15 s, and none of the late one have counted."""
    desk.set_calendar(DAY, EARLY, at=0)
    desk.set_calendar(NIGHT, LATE, at=0)
    mail_and_sales(desk, calendar=NIGHT)
    desk.change_queue(MAIL, calendar=DAY, at=0)
    desk.set_policies([policy("gold", 15_000, changes=ChangeRule.FROM_NOW)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=20_000)
    assert desk.clock(T1, RESOLUTION).within == 1


@pytest.mark.parametrize(("to", "within"), [(URGENT, 20_000), (LOW, 60_000)])
def test_the_strictest_target_may_be_kept(desk: Desk, to: TicketPriority, within: Span) -> None:
    mail_and_sales(desk)
    spans = {URGENT: 20_000, NORMAL: 60_000, LOW: 90_000}
    desk.set_policies([policy("gold", spans, changes=ChangeRule.KEEP_STRICTEST)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, to, at=10_000)
    assert desk.clock(T1, RESOLUTION).due == within
    desk.change_priority(T1, NORMAL, at=11_000)
    assert desk.clock(T1, RESOLUTION).due == within


def test_a_policy_that_changes_is_another_version(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=1_000)
    desk.ask("t2", "mail", at=2_000)
    desk.promise(resolution=30_000)
    assert desk.told == ["PoliciesSet", "t2 resolution within 30000, due 32000"]
    assert facts_of(desk, T2) == ("gold", 2, 30_000)
    assert facts_of(desk, T1) == ("gold", 1, 60_000)  # what is done stays as it was promised
    desk.promise(resolution=30_000)
    assert desk.told == []
    desk.promise(resolution=WITHIN)
    assert facts_of(desk, T2) == ("gold", 3, 60_000)


def test_another_order_of_policies_makes_no_version(desk: Desk) -> None:
    mail_and_sales(desk)
    one, two = policy("one", 10_000), policy("two", 20_000)
    desk.set_policies([one, two], at=0)
    desk.ask("t1", "mail", at=0)
    desk.set_policies([two, one], at=5_000)
    assert desk.told == ["PoliciesSet", "t1 resolution within 20000, due 20000"]
    assert facts_of(desk, T1) == ("two", 1, 20_000)


def test_what_is_promised_no_longer_is_cancelled_and_may_be_promised_again(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.set_policies([], at=10_000)
    assert desk.told == ["PoliciesSet", "t1 resolution cancelled, 10000"]
    assert desk.next_deadline() is None
    desk.advance(at=20_000)
    desk.promise(resolution=WITHIN)
    assert desk.told == ["PoliciesSet", "t1 resolution within 60000, due 60000"]


def test_a_ticket_that_came_before_the_first_policy_counts_from_that_on(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.ask("t1", "mail", at=0)
    desk.ask("t2", "mail", at=0)
    desk.reply(T2, Author.AGENT, at=1_000)
    desk.advance(at=50_000)
    desk.promise(first_response=WITHIN, resolution=WITHIN)
    assert desk.told == [
        "PoliciesSet",
        "t1 first_response starts, due 110000",
        "t1 resolution starts, due 110000",
        "t2 resolution starts, due 110000",
    ]


def test_an_assignment_is_not_promised_to_a_ticket_that_an_agent_has_had(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.ask("t1", "mail", at=0)
    desk.promise(assignment=WITHIN)
    assert desk.told == ["PoliciesSet"]
    assert desk.clocks(T1) == ()


def test_a_ticket_resolved_before_the_first_policy_counts_once_it_is_reopened(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, Author.AGENT, at=1_000)
    desk.resolve(T1, at=2_000)
    desk.promise(next_response=WITHIN, resolution=WITHIN)
    assert desk.told == ["PoliciesSet"]
    desk.reply(T1, Author.REQUESTER, at=10_000)
    assert [line for line in desk.told if "starts" in line] == [
        "t1 next_response starts, due 70000",
        "t1 resolution starts, due 70000",
    ]


def test_a_ticket_reopened_while_nothing_is_promised_is_not_forgotten(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.promise(resolution=WITHIN)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=10_000)
    desk.set_policies([], at=20_000)
    desk.reopen(T1, at=30_000)
    desk.promise(resolution=WITHIN)
    assert desk.told == ["PoliciesSet", "t1 resolution within 60000, due 80000"]  # 20 s resolved


def test_the_event_has_the_policies_as_they_hold(desk: Desk) -> None:
    first = policy("gold", 1_000)
    (*_, event) = desk.set_policies([first], at=7, by="zoe")
    assert isinstance(event, PoliciesSet)
    assert (event.policies, event.at, event.by) == ((first,), 7, "zoe")
    assert desk.policies() == (first,)


# --- another queue --------------------------------------------------------------------------------


def test_a_transfer_brings_the_policy_of_the_other_queue(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("s", 30_000, queues=[SALES]), policy("rest", WITHIN)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=10_000)
    assert desk.told == ["t1 mail -> sales", "t1 resolution within 30000, due 30000"]


def test_a_target_per_queue_counts_anew_after_a_transfer(desk: Desk) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("ola", WITHIN, per_queue=True)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=10_000)
    assert desk.told == [
        "t1 mail -> sales",
        "t1 resolution met, 10000",
        "t1 resolution 2 starts, due 70000",
    ]
    desk.transfer(T1, to_queue=MAIL, at=70_001)
    assert desk.told == [
        "t1 resolution 2 breached",
        "t1 sales -> mail",
        "t1 resolution 2 missed, 60001",
        "t1 resolution 3 starts, due 130001",
    ]
    desk.resolve(T1, at=70_002)
    outcomes = [clock.state for clock in desk.clocks(T1)]
    assert outcomes == [ClockState.MET, ClockState.MISSED, ClockState.MET]


def test_back_in_a_queue_a_target_per_queue_counts_anew_even_if_it_was_missed_there(
    desk: Desk,
) -> None:
    mail_and_sales(desk)
    desk.set_policies([policy("ola", WITHIN, per_queue=True, queues=[MAIL])], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=70_000)
    assert desk.told[-1] == "t1 resolution missed, 70000"
    desk.transfer(T1, to_queue=MAIL, at=80_000)
    assert desk.told == ["t1 sales -> mail", "t1 resolution 2 starts, due 140000"]


def test_a_fresh_place_in_the_same_queue_is_no_other_queue(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.set_policies([policy("ola", WITHIN, per_queue=True)], at=0)
    desk.ask("t0", "mail", at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=MAIL, fresh_place=True, at=10_000)
    assert not any("resolution" in line for line in desk.told)


def test_the_calendar_of_the_queue_comes_with_the_queue(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    desk.set_calendar(NIGHT, LATE, at=0)
    mail_and_sales(desk, calendar=NIGHT)
    desk.change_queue(MAIL, calendar=DAY, at=0)
    desk.promise(resolution=25_000)
    desk.ask("t1", "mail", at=0)
    assert desk.clock(T1, RESOLUTION).due == 25_000
    desk.transfer(T1, to_queue=SALES, at=10_000)  # as if in that calendar all along
    assert desk.told == ["t1 mail -> sales", "t1 resolution within 25000, due 45000"]
    desk.change_queue(SALES, calendar=None, at=11_000)
    assert desk.told == ["QueueChanged", "t1 resolution within 25000, due 25000"]


# --- another calendar -----------------------------------------------------------------------------


def test_open_clocks_follow_another_version_of_their_calendar_at_once(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    mail_and_sales(desk)
    desk.promise(resolution=20_000, calendar=DAY)
    desk.ask("t1", "mail", at=15_000)
    assert desk.clock(T1, RESOLUTION).due == WEEK + 5_000
    desk.set_calendar(DAY, LATE, at=25_000)
    assert desk.told == ["CalendarSet"]  # 10 s of the early one, and 10 s from second 25 on
    assert desk.clock(T1, RESOLUTION).due == 35_000
    assert desk.next_deadline() == 35_001
    desk.advance(at=30_000)
    assert desk.clock(T1, RESOLUTION).elapsed == 15_000


def test_a_version_to_come_counts_from_its_instant_on(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    mail_and_sales(desk)
    desk.promise(resolution=20_000, calendar=DAY)
    desk.ask("t1", "mail", at=15_000)
    desk.set_calendar(DAY, LATE, effective_from=50_000, at=16_000)
    # 15 s of the early one, 5 s of the late one
    assert desk.clock(T1, RESOLUTION).due == 55_000
    assert [each.effective_from for each in desk.calendar(DAY).editions] == [0, 50_000]


def test_a_version_of_the_past_may_breach_at_once_and_a_breach_stays(desk: Desk) -> None:
    desk.set_calendar(DAY, LATE, at=0)
    mail_and_sales(desk)
    desk.promise(resolution=15_000, calendar=DAY)
    desk.ask("t1", "mail", at=0)
    desk.set_calendar(DAY, EARLY, effective_from=0, at=18_000)
    assert desk.told == ["CalendarSet", "t1 resolution breached"]
    assert isinstance(desk.last[-1], ClockBreached)
    assert (desk.last[-1].at, desk.last[-1].due) == (18_000, 15_000)
    desk.set_calendar(DAY, LATE, effective_from=0, at=19_000)
    assert desk.clock(T1, RESOLUTION).remaining == 15_000
    desk.resolve(T1, at=20_000)
    assert desk.told == ["t1 resolved", "t1 resolution missed, 0"]


def test_a_closed_clock_stays_as_its_calendar_was(desk: Desk) -> None:
    desk.set_calendar(DAY, LATE, at=0)
    mail_and_sales(desk)
    desk.promise(resolution=15_000, calendar=DAY)
    desk.ask("t1", "mail", at=0)
    desk.resolve(T1, at=25_000)
    before = desk.explain_clock(T1, RESOLUTION)
    assert before.clock.elapsed == 5_000
    desk.set_calendar(DAY, EARLY, effective_from=0, at=25_000)
    after = desk.explain_clock(T1, RESOLUTION)
    assert after == before  # 25 s would be more than what was promised
    assert desk.clocks(T1) == (before.clock,)
    desk.reopen(T1, at=26_000)  # open again, it follows
    assert "t1 resolution breached" in desk.told
    assert desk.clock(T1, RESOLUTION).elapsed == 25_000


def test_a_calendar_goes_once_nothing_goes_by_it(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    mail_and_sales(desk)
    desk.promise(resolution=15_000, calendar=DAY)
    with pytest.raises(InUseError, match="calendar 'day' is in use by policy 'gold'"):
        desk.remove_calendar(DAY, at=0)
    desk.promise(resolution=15_000)
    desk.remove_calendar(DAY, at=0)
    assert desk.told == ["CalendarRemoved"]


def test_a_calendar_stays_while_an_earlier_cycle_went_by_it(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    mail_and_sales(desk)
    desk.change_queue(MAIL, calendar=DAY, at=0)
    desk.set_policies([policy("ola", WITHIN, per_queue=True)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=SALES, at=5_000)
    desk.change_queue(MAIL, calendar=None, at=5_000)
    with pytest.raises(InUseError, match="calendar 'day' is in use by a clock of ticket 't1'"):
        desk.remove_calendar(DAY, at=6_000)
    assert desk.clock(T1, RESOLUTION, 1).elapsed == 5_000


def test_the_same_calendar_again_is_no_event(desk: Desk) -> None:
    desk.set_calendar(DAY, EARLY, at=0)
    assert desk.told == ["DeskOpened", "CalendarSet"]
    desk.set_calendar(DAY, EARLY, at=5)
    assert desk.told == []


def test_a_target_per_queue_that_only_the_next_queue_has_counts_from_there(desk: Desk) -> None:
    desk.open_queue("mail", calendar=None)
    desk.open_queue("care", calendar=None)
    ours = Target(within=hours(2), per_queue=True)
    desk.set_policies(
        [Policy(id=PolicyId("care"), queues={"care"}, targets={Metric.RESOLUTION: ours})],
        at=desk.now,
    )
    desk.ask("t1", "mail", at=desk.now)
    moved = desk.now + hours(5)
    desk.transfer(TicketId("t1"), to_queue=QueueId("care"), at=moved)
    clock = desk.clock(TicketId("t1"), Metric.RESOLUTION)
    assert (clock.started, clock.due) == (moved, moved + hours(2))


def test_what_was_missed_before_a_merge_stays_missed(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.set_policies(
        [Policy(id=PolicyId("all"), targets={Metric.RESOLUTION: Target(within=10)})], at=desk.now
    )
    for name in ("t1", "t2", "t3"):
        desk.ask(name, "mail", at=desk.now)
    desk.merge(TicketId("t1"), into=TicketId("t3"), at=desk.now + 10)
    desk.merge(TicketId("t2"), into=TicketId("t3"), at=desk.now + 1)
    states = [desk.clock(TicketId(name), Metric.RESOLUTION).state.value for name in ("t1", "t2")]
    assert states == ["cancelled", "missed"]


def test_a_ticket_that_an_overflow_queue_assigns_goes_by_its_policy(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("sales", "ana")
    desk.open_queue("mail", relaxations=[Relaxation(after=5_000, add_queue=SALES)])
    slow, fast = policy("slow", 60_000, queues={MAIL}), policy("fast", 20_000, queues={SALES})
    desk.set_policies([slow, fast], at=0)
    desk.ask("t1", "mail", at=0)
    desk.advance(at=5_000)
    assert desk.who("t1") == "ana"
    clock = desk.clock(T1, RESOLUTION)
    assert (clock.policy_id, clock.due) == ("fast", 20_000)


def test_what_was_promised_before_is_weighed_by_todays_hours(desk: Desk) -> None:
    """A promise taken back is as strict as the calendar makes it that holds when one comes back."""

    def promise(within: Span, calendar: CalendarId, metric: Metric = RESOLUTION) -> Policy:
        target = Target(within=within, calendar=calendar)
        return Policy(
            id=PolicyId("gold"), targets={metric: target}, changes=ChangeRule.KEEP_STRICTEST
        )

    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.set_calendar(DAY, Calendar(hours={day: [("00:00", "12:00")] for day in days}), at=0)
    desk.set_calendar(NIGHT, Calendar(hours={day: [("00:00", "08:00")] for day in days}), at=0)
    desk.set_policies([promise(hours(10), DAY)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.set_policies([promise(hours(10), DAY, FIRST)], at=0)
    assert "t1 resolution cancelled, 0" in desk.told
    short = Calendar(hours={day: [("00:00", "06:00")] for day in days})
    desk.set_calendar(DAY, short, at=1)  # ten hours would have ended today; now, at 4 tomorrow
    desk.set_policies([promise(hours(10), NIGHT)], at=1)
    assert f"t1 resolution within {hours(10)}, due {hours(24 + 2)}" in desk.told
