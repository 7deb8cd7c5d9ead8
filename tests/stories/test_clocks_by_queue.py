"""Clocks of a ticket that goes from queue to queue: what ends with one, and begins in the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import Author, Metric, Policy, Target, TicketPriority, minutes
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId
from ticketroute.sla import ClockState

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

T1 = TicketId("t1")
GOLD, PLAIN, CARE = QueueId("gold"), QueueId("plain"), QueueId("care")


def promised_in(queue: QueueId, metric: Metric, target: Target) -> Policy:
    """Return a policy of one queue and one target, under the queue's name."""
    return Policy(id=PolicyId(queue), queues=[queue], targets={metric: target})


def test_a_question_that_lapsed_in_two_queues_is_not_counted_from_its_beginning_again(
    desk: Desk,
) -> None:
    desk.staff("ana")
    target = Target(within=minutes(30), per_queue=True)
    for queue in (GOLD, PLAIN, CARE):
        desk.open_queue(queue, "ana")
    gold, plain, care = (
        promised_in(queue, Metric.NEXT_RESPONSE, target) for queue in (GOLD, PLAIN, CARE)
    )
    desk.set_policies([gold, plain], at=0)
    desk.ask("t1", "gold", at=0)
    desk.reply(T1, author=Author.AGENT, at=10)
    desk.reply(T1, author=Author.REQUESTER, at=100)
    desk.transfer(T1, to_queue=PLAIN, at=200)
    assert desk.told[1:] == [
        "t1 next_response lapsed, 100",
        f"t1 next_response 2 starts, due {200 + minutes(30)}",
    ]
    desk.transfer(T1, to_queue=CARE, at=300)
    desk.set_policies([gold, plain, care], at=350)
    assert desk.told[1:] == [f"t1 next_response 3 starts, due {300 + minutes(30)}"]
    desk.reply(T1, author=Author.REQUESTER, at=400)
    assert desk.told == ["t1 replied"]


@pytest.mark.parametrize("held", [True, False])
def test_what_was_answered_is_not_promised_to_be_answered_in_the_next_queue(
    desk: Desk, *, held: bool
) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.open_queue("care", "ana")
    once = Target(within=minutes(30), per_queue=True)
    desk.promise(first_response=once, next_response=once, resolution=once)
    desk.ask("t1", "mail", at=0)
    desk.reply(T1, author=Author.AGENT, at=1_000)
    if not held:
        desk.set_presence(AgentId("ana"), "away", at=1_500)
        desk.release(T1, at=1_500)
    desk.transfer(T1, to_queue=CARE, at=2_000)
    clocks = {(clock.metric, clock.cycle): clock.state for clock in desk.clocks(T1)}
    assert clocks == {
        (Metric.FIRST_RESPONSE, 1): ClockState.MET,
        (Metric.RESOLUTION, 1): ClockState.MET,
        (Metric.RESOLUTION, 2): ClockState.RUNNING,
    }


@pytest.mark.parametrize("metric", [Metric.FIRST_RESPONSE, Metric.RESOLUTION])
def test_what_was_over_with_its_queue_is_promised_anew_as_soon_as_anything_is(
    desk: Desk, metric: Metric
) -> None:
    desk.staff("ana")
    desk.open_queue("gold", "ana")
    desk.open_queue("plain", "ana")
    in_turn = Target(within=minutes(30), per_queue=True)
    urgent = Target(within={TicketPriority.URGENT: minutes(10)})
    policies = [promised_in(GOLD, metric, in_turn), promised_in(PLAIN, metric, urgent)]
    desk.set_policies(policies, at=0)
    desk.ask("t1", "gold", at=0)
    desk.transfer(T1, to_queue=PLAIN, at=5_000)
    assert [clock.cycle for clock in desk.clocks(T1)] == [1]
    desk.change_priority(T1, TicketPriority.URGENT, at=9_000)
    assert desk.told[1:] == [f"t1 {metric.value} 2 starts, due {minutes(10)}"]
    desk.change_priority(T1, TicketPriority.LOW, at=10_000)
    assert desk.clock(T1, metric).state is ClockState.CANCELLED


@pytest.mark.parametrize("per_queue", [True, False])
def test_an_update_that_was_given_is_not_promised_from_the_old_message_in_the_next_queue(
    desk: Desk, *, per_queue: bool
) -> None:
    desk.staff("ana")
    desk.open_queue("gold", "ana")
    desk.open_queue("plain", "ana")
    asked = [Author.REQUESTER]
    here = Target(within=minutes(30), contacts=asked, per_queue=per_queue)
    there = Target(within=minutes(5), contacts=asked)
    update = Metric.PERIODIC_UPDATE
    desk.set_policies([promised_in(GOLD, update, here), promised_in(PLAIN, update, there)], at=0)
    desk.ask("t1", "gold", at=0)
    desk.reply(T1, author=Author.AGENT, at=5_000)
    desk.transfer(T1, to_queue=PLAIN, at=minutes(20))
    assert desk.told == ["t1 gold -> plain"]
    desk.change_priority(T1, TicketPriority.URGENT, at=minutes(21))
    assert [clock.state for clock in desk.clocks(T1)] == [ClockState.MET]


@pytest.mark.parametrize("later", [0, 1])
def test_a_queue_that_was_passed_in_no_time_stands_in_no_promise_s_way(
    desk: Desk, later: int
) -> None:
    desk.staff("ana")
    for queue in (GOLD, PLAIN, CARE):
        desk.open_queue(queue, "ana")
    target = Target(within=minutes(30), per_queue=True)
    policies = [promised_in(queue, Metric.RESOLUTION, target) for queue in (GOLD, PLAIN, CARE)]
    desk.set_policies(policies[:2], at=0)
    desk.ask("t1", "gold", at=0)
    desk.transfer(T1, to_queue=PLAIN, at=10_000)
    desk.transfer(T1, to_queue=CARE, at=10_000 + later)
    assert desk.told[1:] == [f"t1 resolution 2 met, {later}"]
    desk.set_policies(policies, at=20_000)
    clock = desk.clock(T1, Metric.RESOLUTION)
    assert (clock.cycle, clock.started) == (3, 10_000 + later)


@pytest.mark.parametrize("later", [0, 1])
def test_what_was_met_by_moving_on_does_not_come_back_with_the_ticket(
    desk: Desk, later: int
) -> None:
    desk.staff("ana")
    desk.open_queue("gold", "ana")
    desk.open_queue("plain", "ana")
    target = Target(within=minutes(30), per_queue=True)
    desk.set_policies([promised_in(GOLD, Metric.RESOLUTION, target)], at=0)
    desk.ask("t1", "gold", at=0)
    desk.transfer(T1, to_queue=PLAIN, at=10_000)
    desk.resolve(T1, at=10_000 + later)
    desk.reopen(T1, at=30_000)
    assert [clock.state for clock in desk.clocks(T1)] == [ClockState.MET]


def test_a_promise_taken_back_before_the_move_is_the_same_one_when_it_is_made_again(
    desk: Desk,
) -> None:
    desk.staff("ana")
    desk.open_queue("gold", "ana")
    desk.open_queue("plain", "ana")
    desk.promise(resolution=Target(within=minutes(30), per_queue=True))
    desk.ask("t1", "gold", at=1_000)
    desk.set_policies([], at=5_000)
    desk.transfer(T1, to_queue=PLAIN, at=10_000)
    desk.promise(resolution=minutes(30))
    assert desk.told[1:] == [f"t1 resolution within {minutes(30)}, due {1_000 + minutes(30)}"]
