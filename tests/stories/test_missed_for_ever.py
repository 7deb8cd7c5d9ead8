"""Nothing that happens to a ticket makes a missed promise kept, or a kept one missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ticketroute import Calendar, Escalation, Metric, Policy, Target, TicketPriority, hours
from ticketroute.errors import InUseError
from ticketroute.model import CalendarId, PolicyId, QueueId, TicketId
from ticketroute.reporting.attainment import Attainment, Facet, attainment
from ticketroute.sla import ChangeRule, ClockState
from ticketroute.sla.events import ClockBreached, ClockEscalated, ClockWarned

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

T1 = TicketId("t1")
MAIL, CARE = QueueId("mail"), QueueId("care")
RESOLUTION, WORK = Metric.RESOLUTION, Metric.AGENT_WORK
URGENT, NORMAL, LOW = TicketPriority.URGENT, TicketPriority.NORMAL, TicketPriority.LOW
H = hours(1)


def policy(name: str, *queues: QueueId, **promised: Any) -> Policy:
    """Return a policy for some queues, of targets by the names of metrics, and of facts."""
    metrics = [metric for metric in Metric if metric.value in promised]
    targets = {metric: promised.pop(metric.value) for metric in metrics}
    return Policy(id=PolicyId(name), queues=queues, targets=targets, **promised)


def two_queues(desk: Desk) -> None:
    desk.staff("ana", capacity=5)
    desk.open_queue("mail", "ana")
    desk.open_queue("care", "ana")


def told_of(desk: Desk, kind: type) -> list[Any]:
    return [event for event in desk.history if isinstance(event, kind)]


def test_two_levels_cannot_play_ball_with_a_ticket(desk: Desk) -> None:
    two_queues(desk)
    to_care = Target(within=10 * H, escalations=[Escalation(offset=-5 * H, move_to=CARE)])
    to_mail = Target(within=10 * H, escalations=[Escalation(offset=-5 * H, move_to=MAIL)])
    desk.set_policies(
        [policy("a", MAIL, resolution=to_care), policy("b", CARE, agent_work=to_mail)], at=0
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=100 * H)
    assert desk.ticket(T1).queue_id == CARE
    assert [event.at for event in told_of(desk, ClockEscalated)] == [5 * H, 5 * H]


def test_what_is_promised_again_goes_on_and_repeats_no_warning(desk: Desk) -> None:
    two_queues(desk)
    target = Target(within={NORMAL: 10 * H}, warnings=[50])
    desk.set_policies([policy("some", resolution=target)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, LOW, at=6 * H)
    assert desk.clock(T1, RESOLUTION).state is ClockState.CANCELLED
    desk.change_priority(T1, NORMAL, at=7 * H)
    desk.advance(at=9 * H)
    clock = desk.clock(T1, RESOLUTION)
    assert (clock.cycle, clock.due) == (1, 10 * H)
    assert [event.at for event in told_of(desk, ClockWarned)] == [5 * H]
    counts = attainment(desk.history)
    assert counts["resolution",] == Attainment(open=1)


def test_a_promise_missed_before_the_ticket_came_in_is_a_breach(desk: Desk) -> None:
    two_queues(desk)
    desk.set_policies([policy("fast", assignment=Target(within=H // 2))], at=0)
    desk.ask("t1", "mail", at=2 * H, arrived=0)
    assert desk.told == [
        "t1 submitted",
        f"t1 assignment starts, due {H // 2}",
        "t1 to ana, routed",
        "t1 assignment breached",
        f"t1 assignment missed, {2 * H}",
    ]


@pytest.mark.parametrize("way", ["priority", "calendar"])
def test_a_change_that_makes_a_resting_clock_late_is_a_breach(desk: Desk, way: str) -> None:
    two_queues(desk)
    desk.set_calendar(CalendarId("day"), Calendar(hours={"thu": [("00:00", "02:00")]}), at=0)
    target = Target(within={NORMAL: 3 * H, URGENT: H})
    desk.set_policies([policy("gold", resolution=target, calendar=CalendarId("day"))], at=0)
    desk.ask("t1", "mail", at=0)
    desk.hold(T1, at=20 * H)
    if way == "priority":
        desk.change_priority(T1, URGENT, at=21 * H)
        assert desk.told == [
            "t1 prioritychanged",
            f"t1 resolution within {H}, due None",
            "t1 resolution breached",
        ]
    else:
        longer = Calendar(hours={"thu": [("00:00", "10:00")]})
        desk.set_calendar(CalendarId("day"), longer, effective_from=0, at=21 * H)
        desk.set_policies([], at=22 * H)
        assert desk.told[1:] == ["t1 resolution breached", f"t1 resolution missed, {10 * H}"]
    assert len(told_of(desk, ClockBreached)) == 1
    desk.advance(at=30 * H)
    assert desk.clock(T1, RESOLUTION).remaining < 0


def test_of_two_promises_missed_at_once_neither_hides_the_other(desk: Desk) -> None:
    two_queues(desk)
    leaves = Target(within=H, escalations=[Escalation(move_to=CARE)])
    desk.set_policies(
        [
            policy("a", MAIL, agent_work=leaves, resolution=Target(within=H)),
            policy("b", CARE, resolution=Target(within=9 * H)),
        ],
        at=0,
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=2 * H)
    assert {event.metric for event in told_of(desk, ClockBreached)} == {WORK, RESOLUTION}
    desk.resolve(T1, at=3 * H)
    assert desk.clock(T1, RESOLUTION).state is ClockState.MISSED


def test_a_transfer_keeps_no_promise_that_resolving_would_have_kept(desk: Desk) -> None:
    two_queues(desk)
    desk.set_policies(
        [
            policy("requester", MAIL, resolution=Target(within=8 * H)),
            policy("ola", CARE, resolution=Target(within=4 * H, per_queue=True)),
        ],
        at=0,
    )
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=CARE, at=H)
    first, second = desk.clocks(T1)
    assert (first.state, second.started) == (ClockState.CANCELLED, H)
    desk.transfer(T1, to_queue=MAIL, at=2 * H)
    states = [(clock.state, clock.started) for clock in desk.clocks(T1)[1:]]
    assert states == [(ClockState.MET, H), (ClockState.RUNNING, 0)]


def test_the_department_that_was_late_is_the_one_that_counts(desk: Desk) -> None:
    two_queues(desk)
    ours = Target(within=4 * H, per_queue=True)
    desk.set_policies([policy("ola", resolution=ours)], at=0)
    desk.ask("t1", "mail", at=0)
    desk.transfer(T1, to_queue=CARE, at=6 * H)
    desk.resolve(T1, at=7 * H)
    assert attainment(desk.history, by=[Facet.QUEUE]) == {
        ("care",): Attainment(met=1),
        ("mail",): Attainment(missed=1),
    }


def test_a_clock_that_ended_long_before_stays_as_it_was_when_its_ticket_comes_back(
    desk: Desk,
) -> None:
    two_queues(desk)
    desk.set_policies([policy("gold", resolution=Target(within=H))], at=0)
    desk.ask("t1", "mail", at=0)
    desk.set_policies([], at=2 * H)
    before = desk.clock(T1, RESOLUTION)
    assert (before.state, before.elapsed) == (ClockState.MISSED, 2 * H)
    desk.resolve(T1, at=50 * H)
    desk.reopen(T1, at=60 * H)
    desk.resolve(T1, at=70 * H)
    after = desk.clock(T1, RESOLUTION)
    assert (after.state, after.elapsed, after.ended) == (ClockState.MISSED, 2 * H, 2 * H)


def test_a_target_granted_anew_warns_by_its_own_share(desk: Desk) -> None:
    two_queues(desk)
    target = Target(within={NORMAL: 10 * H, URGENT: 2 * H}, warnings=[75])
    anew = policy("gold", resolution=target, changes=ChangeRule.FROM_NOW)
    desk.set_policies([anew], at=0)
    desk.ask("t1", "mail", at=0)
    desk.change_priority(T1, URGENT, at=7 * H)
    assert desk.next_deadline() == 8 * H + H // 2
    desk.advance(at=8 * H + H // 2)
    assert desk.told == ["t1 resolution at 75 %"]


def test_the_strictest_of_two_calendars_is_the_one_due_first(desk: Desk) -> None:
    two_queues(desk)
    desk.set_calendar(CalendarId("day"), Calendar(hours={"fri": [("00:00", "24:00")]}), at=0)
    strict = ChangeRule.KEEP_STRICTEST
    desk.set_policies([policy("gold", resolution=Target(within=10 * H), changes=strict)], at=0)
    desk.ask("t1", "mail", at=0)
    by_day = Target(within=9 * H, calendar=CalendarId("day"))
    desk.set_policies([policy("gold", resolution=by_day, changes=strict)], at=H)
    clock = desk.clock(T1, RESOLUTION)
    assert (clock.within, clock.calendar_id, clock.due) == (10 * H, None, 10 * H)


def test_a_queue_that_a_level_leads_to_cannot_be_removed(desk: Desk) -> None:
    two_queues(desk)
    leaves = Target(within=H, escalations=[Escalation(move_to=CARE)])
    desk.set_policies([policy("gold", resolution=leaves)], at=0)
    with pytest.raises(InUseError, match="queue 'care' is in use by policy 'gold'"):
        desk.remove_queue(CARE, at=1)
    desk.set_policies([], at=2)
    desk.remove_queue(CARE, at=3)


def test_departments_that_hand_a_ticket_to_and_fro_do_so_once(desk: Desk) -> None:
    two_queues(desk)
    desk.set_policies(
        [
            policy(
                name,
                queue,
                resolution=Target(
                    within=1, per_queue=True, escalations=[Escalation(move_to=other)]
                ),
            )
            for name, queue, other in (("a", MAIL, CARE), ("b", CARE, MAIL))
        ],
        at=0,
    )
    desk.ask("t1", "mail", at=0)
    desk.advance(at=24 * H)
    assert len(desk.last) < 20
    assert desk.ticket(T1).queue_id == CARE
