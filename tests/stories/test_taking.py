"""Agents who take tickets, and supervisors who assign them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from ticketroute import Author, Delivery, TicketPriority, seconds
from ticketroute.errors import (
    AlreadyAssignedError,
    AlreadyDoneError,
    ConflictError,
    NotEligibleError,
    TransitionError,
)
from ticketroute.events import Cause
from ticketroute.model import AgentId, QueueId, Reason, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL = QueueId("mail")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


def _pull(desk: Desk, *, tickets: int = 3, capacity: int = 5) -> None:
    desk.staff("ana", "ben", capacity=capacity)
    desk.open_queue("mail", "ana", "ben", delivery=Delivery.PULL)
    for number in range(1, tickets + 1):
        desk.ask(f"t{number}", "mail", at=number)


# --- take -----------------------------------------------------------------------------------------


def test_an_agent_takes_the_most_important_ticket_they_may_have(desk: Desk) -> None:
    _pull(desk)
    desk.ask("t4", "mail", at=4, priority=TicketPriority.URGENT, skills={"french": 1})
    desk.ask("t5", "mail", at=5, priority=TicketPriority.HIGH)
    desk.take(None, ANA, at=6)
    assert desk.told == ["t5 to ana, taken"]
    assert desk.last[0].by == "ana"
    desk.take(None, BEN, at=7)
    assert desk.told == ["t1 to ben, taken"]


def test_an_agent_of_several_queues_takes_from_the_heavier_first(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", delivery=Delivery.PULL)
    desk.open_queue("sales", "ana", delivery=Delivery.PULL, weight=200)
    desk.ask("t1", "mail", at=1, priority=TicketPriority.URGENT)
    desk.ask("t2", "sales", at=2, priority=TicketPriority.LOW)
    desk.take(None, ANA, at=3)
    assert desk.told == ["t2 to ana, taken"]


def test_opening_a_ticket_of_a_pull_queue_assigns_it(desk: Desk) -> None:
    _pull(desk)
    desk.take(T2, BEN, at=4)
    assert desk.told == ["t2 to ben, taken"]
    assert desk.waiting(MAIL) == ("t1", "t3")


def test_of_two_who_take_the_same_ticket_the_second_is_told_who_has_it(desk: Desk) -> None:
    _pull(desk)
    desk.take(T1, ANA, at=4)
    before = desk.snapshot()
    with pytest.raises(AlreadyAssignedError, match="'ana'") as caught:
        desk.take(T1, BEN, at=4)
    assert (caught.value.ticket_id, caught.value.agent_id) == ("t1", "ana")
    assert desk.snapshot() == before


def test_ones_own_ticket_taken_again_is_no_event(desk: Desk) -> None:
    _pull(desk)
    desk.take(T1, ANA, at=4)
    assert desk.take(T1, ANA, at=5) == ()
    assert desk.load("ana") == 1


def test_nothing_to_take_is_no_event(desk: Desk) -> None:
    _pull(desk, tickets=0)
    assert desk.take(None, ANA, at=1) == ()


def test_nobody_else_answers_a_ticket_that_somebody_has_opened(desk: Desk) -> None:
    _pull(desk)
    desk.take(T1, ANA, at=4)
    before = desk.snapshot()
    with pytest.raises(AlreadyAssignedError):
        desk.reply(T1, Author.AGENT, agent_id=BEN, at=5)
    assert desk.snapshot() == before
    desk.reply(T1, Author.AGENT, agent_id=ANA, at=5)


def test_a_freed_agent_is_not_handed_a_ticket_of_a_pull_queue(desk: Desk) -> None:
    _pull(desk, capacity=1)
    desk.take(None, ANA, at=4)
    desk.resolve(T1, at=5)
    assert desk.told == ["t1 resolved"]
    assert desk.waiting(MAIL) == ("t2", "t3")


def test_the_gate_holds_for_those_who_take(desk: Desk) -> None:
    _pull(desk, capacity=1)
    desk.take(T1, ANA, at=4)
    with pytest.raises(NotEligibleError) as caught:
        desk.take(T2, ANA, at=5)
    assert caught.value.reason == Reason.AGENT_LIMIT.value
    with pytest.raises(NotEligibleError) as caught:
        desk.take(None, ANA, at=5)
    assert caught.value.reason == Reason.AGENT_LIMIT.value
    desk.set_presence(BEN, "away", at=6)
    with pytest.raises(NotEligibleError) as caught:
        desk.take(None, BEN, at=7)
    assert caught.value.reason == Reason.AWAY.value
    desk.staff("cleo")
    with pytest.raises(NotEligibleError) as caught:
        desk.take(None, CLEO, at=8)
    assert caught.value.reason == Reason.NOT_MEMBER.value


def test_a_ticket_on_hold_or_done_cannot_be_taken(desk: Desk) -> None:
    _pull(desk)
    desk.take(T1, ANA, at=4)
    desk.hold(T1, at=5)
    with pytest.raises(TransitionError):
        desk.take(T1, BEN, at=6)
    desk.resolve(T1, at=7)
    with pytest.raises(AlreadyDoneError):
        desk.take(T1, BEN, at=8)


def test_a_ticket_of_an_assigning_queue_can_be_taken_only_by_who_is_eligible(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.staff("ben")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2)
    with pytest.raises(NotEligibleError) as caught:
        desk.take(T2, BEN, at=3)
    assert caught.value.reason == "not_member"


def test_taking_does_not_move_the_turn(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo")
    desk.open_queue("pull", "ben", delivery=Delivery.PULL)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="round_robin")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "pull", at=2)
    desk.take(T2, BEN, at=3)
    desk.ask("t3", "mail", at=4)
    assert desk.who("t3") == "ben"


# --- assign ---------------------------------------------------------------------------------------


def test_a_person_assigns_a_waiting_ticket(desk: Desk) -> None:
    _pull(desk)
    desk.assign(T2, BEN, by="eve", at=4)
    (event,) = desk.last
    assert isinstance(event, ev.TicketAssigned)
    assert (event.cause, event.by, event.exceeded) == (Cause.MANUAL, "eve", None)
    assert desk.who("t2") == "ben"


def test_a_forced_assignment_may_exceed_and_says_what(desk: Desk) -> None:
    _pull(desk, capacity=1)
    desk.assign(T1, ANA, at=4)
    before = desk.snapshot()
    with pytest.raises(NotEligibleError, match="force=True") as caught:
        desk.assign(T2, ANA, at=5)
    assert caught.value.reason == "agent_limit"
    assert desk.snapshot() == before
    desk.assign(T2, ANA, force=True, by="eve", at=5)
    assert desk.told == ["t2 to ana, manual over agent_limit"]
    assert desk.load("ana") == 2
    desk.resolve(T1, at=6)
    with pytest.raises(NotEligibleError):
        desk.assign(T3, ANA, at=7)


@pytest.mark.parametrize(
    ("presence", "reason"), [("offline", "offline"), ("away", "away"), ("available", None)]
)
def test_force_says_nothing_where_nothing_was_in_the_way(
    desk: Desk, presence: str, reason: str | None
) -> None:
    _pull(desk)
    desk.set_presence(ANA, presence, at=4)
    (event,) = desk.assign(T1, ANA, force=True, at=5)
    assert isinstance(event, ev.TicketAssigned)
    assert event.exceeded == reason


def test_a_ticket_forced_on_an_outsider_is_theirs_and_counts(desk: Desk) -> None:
    _pull(desk)
    desk.staff("cleo", capacity=1)
    desk.open_queue("sales", "cleo", limit_per_agent=5)
    desk.assign(T1, CLEO, force=True, at=4)
    assert desk.told == ["t1 to cleo, manual over not_member"]
    desk.ask("s1", "sales", at=5)
    assert desk.who("s1") is None
    desk.resolve(T1, at=6)
    assert desk.who("s1") == "cleo"


def test_a_forced_ticket_counts_for_its_queue_once_the_agent_joins(desk: Desk) -> None:
    _pull(desk)
    desk.staff("cleo", capacity=9)
    desk.assign(T1, CLEO, force=True, at=4)
    desk.change_queue(MAIL, limit_per_agent=1, at=5)
    desk.add_member(MAIL, CLEO, at=6)
    with pytest.raises(NotEligibleError) as caught:
        desk.take(T2, CLEO, at=7)
    assert caught.value.reason == "queue_limit"


def test_assigning_what_somebody_has_is_refused_and_what_is_on_hold_moves(desk: Desk) -> None:
    _pull(desk)
    desk.assign(T1, ANA, at=4)
    with pytest.raises(AlreadyAssignedError):
        desk.assign(T1, BEN, at=5)
    desk.hold(T1, at=6)
    desk.assign(T1, BEN, at=7)
    assert desk.told == ["t1 from ana, manual", "t1 to ben, manual"]


# --- stale decisions ------------------------------------------------------------------------------


def test_a_decision_on_an_old_version_is_refused(desk: Desk) -> None:
    _pull(desk)
    seen = desk.ticket(T1).version
    desk.change_priority(T1, TicketPriority.HIGH, at=4)
    now = desk.ticket(T1).version
    assert now == seen + 1
    before = desk.snapshot()
    decisions: list[Callable[[], object]] = [
        lambda: desk.assign(T1, ANA, at=5, expected_version=seen),
        lambda: desk.take(T1, ANA, at=5, expected_version=seen),
        lambda: desk.transfer(T1, to_agent=ANA, at=5, expected_version=seen),
        lambda: desk.hold(T1, at=5, expected_version=seen),
        lambda: desk.change_priority(T1, TicketPriority.LOW, at=5, expected_version=seen),
        lambda: desk.resolve(T1, at=5, expected_version=seen),
        lambda: desk.merge(T1, into=T2, at=5, expected_version=seen),
        lambda: desk.release(T1, at=5, expected_version=seen),
        lambda: desk.resume(T1, at=5, expected_version=seen),
        lambda: desk.reopen(T1, at=5, expected_version=seen),
    ]
    for refused in decisions:
        with pytest.raises(ConflictError) as caught:
            refused()
        assert (caught.value.ticket_id, caught.value.expected, caught.value.actual) == (
            "t1",
            seen,
            now,
        )
    assert desk.snapshot() == before
    desk.assign(T1, ANA, at=5, expected_version=now)
    assert desk.who("t1") == "ana"


def test_every_event_of_a_ticket_raises_its_version(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben", wrap_up=seconds(1))
    seen = 0
    desk.ask("t1", "mail", at=1)
    steps: list[Callable[[], object]] = [
        lambda: desk.transfer(T1, to_agent=BEN, at=2),
        lambda: desk.reply(T1, Author.AGENT, at=3),
        lambda: desk.hold(T1, at=4),
        lambda: desk.resume(T1, at=5),
        lambda: desk.resolve(T1, at=6),
        lambda: desk.reopen(T1, at=7),
        lambda: desk.rate(T1, 50, at=8),
    ]
    for step in steps:
        step()
        version = desk.ticket(T1).version
        assert version > seen
        seen = version


def test_the_other_ticket_of_a_merge_is_another_version_too(desk: Desk) -> None:
    _pull(desk)
    seen = desk.ticket(T2).version
    desk.merge(T1, into=T2, at=4)
    with pytest.raises(ConflictError):
        desk.assign(T2, ANA, at=5, expected_version=seen)
