"""Tickets that come in: twice, together, for somebody, to nobody."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import pytest

from ticketroute import Defaults, Delivery, RoutingState, Ticket, TicketPriority, minutes, seconds
from ticketroute.errors import (
    DeadlinePassedError,
    DuplicateTicketError,
    TimeBackwardsError,
    UnknownQueueError,
    UnroutedTicketError,
)
from ticketroute.events import Cause, WaitReason
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))
MAIL = QueueId("mail")
T1, T2, T3 = (TicketId(f"t{number}") for number in (1, 2, 3))


# --- the same ticket twice ------------------------------------------------------------------------


def test_the_same_ticket_twice_is_one_ticket(desk: Desk) -> None:
    desk.staff("ana", capacity=2)
    desk.open_queue("mail", "ana")
    ticket = Ticket(id=T1, queue=MAIL, skills={"french": 3}, tags=frozenset({"vip"}))
    assert desk.submit(ticket, at=10)
    before = desk.snapshot()

    assert desk.submit(ticket, at=20) == ()
    assert desk.submit_many([ticket, ticket], at=30) == ()
    assert desk.preview(ticket, at=30) == ()
    assert desk.snapshot() == before


def test_attributes_do_not_make_another_ticket_and_are_not_kept(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.submit(Ticket(id=T1, queue=MAIL, attributes={"subject": "secret"}), at=1)

    assert desk.submit(Ticket(id=T1, queue=MAIL, attributes={"subject": "other"}), at=2) == ()
    assert desk.ticket(T1).ticket.attributes == {}
    assert "secret" not in repr(desk.history)


@pytest.mark.parametrize(
    "other",
    [
        {"priority": TicketPriority.HIGH},
        {"skills": {"french": 1}},
        {"channel": "chat"},
        {"weight": 2},
        {"requester": "zoe"},
        {"arrived": 1},
    ],
)
def test_another_ticket_under_the_same_id_is_refused(desk: Desk, other: dict[str, object]) -> None:
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=10)
    before = desk.snapshot()
    changed = Ticket(id=T1, queue=MAIL, **other)  # type: ignore[arg-type]

    with pytest.raises(DuplicateTicketError, match="'t1'"):
        desk.submit(changed, at=20)
    with pytest.raises(DuplicateTicketError):
        desk.submit_many([Ticket(id=T2, queue=MAIL), changed], at=20)
    with pytest.raises(DuplicateTicketError):
        desk.preview(changed, at=20)
    assert desk.snapshot() == before


def test_a_ticket_that_is_done_does_not_come_back_by_being_submitted_again(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=2)

    assert desk.submit(Ticket(id=T1, queue=MAIL), at=3) == ()
    assert desk.state("t1") is RoutingState.DONE


# --- many at once ---------------------------------------------------------------------------------


def test_a_batch_sees_its_own_effects(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=2)
    desk.open_queue("mail", "ana", "ben")
    batch = [Ticket(id=TicketId(f"t{number}"), queue=MAIL) for number in range(1, 6)]

    desk.submit_many(batch, at=5)

    assert [desk.who(f"t{number}") for number in range(1, 6)] == ["ana", "ben", "ana", "ben", None]
    assert desk.told[-2:] == ["t5 submitted", "t5 waits: nobody_free"]


def test_a_batch_gives_the_events_of_its_tickets_one_by_one(
    make_desk: Callable[..., Desk],
) -> None:
    batch = [
        Ticket(id=TicketId(f"t{number}"), queue=MAIL, weight=1 + number % 3) for number in range(9)
    ]
    together, one_by_one = make_desk(), make_desk()
    for each in (together, one_by_one):
        each.staff("ana", "ben", capacity=4)
        each.open_queue("mail", "ana", "ben", strategy="round_robin")
    together.submit_many(batch, at=7)
    for ticket in batch:
        one_by_one.submit(ticket, at=7)

    assert together.history == one_by_one.history


def test_one_bad_ticket_keeps_the_whole_batch_out(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    before = desk.snapshot()
    with pytest.raises(UnknownQueueError):
        desk.submit_many([Ticket(id=T1, queue=MAIL), Ticket(id=T2, queue=QueueId("nowhere"))], at=5)
    assert desk.snapshot() == before


def test_an_empty_batch_is_no_event(desk: Desk) -> None:
    assert desk.submit_many([], at=5) == ()


# --- preview --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "strategy",
    ["average_load", "round_robin", "random", "weighted_random", "power_of_two", "longest_idle"],
)
def test_a_preview_is_what_submit_then_does_and_changes_nothing(
    make_desk: Callable[..., Desk], strategy: str
) -> None:
    desk = make_desk(random=Random(7))  # noqa: S311  a seeded source is what a test needs
    desk.staff("ana", "ben", "cleo", capacity=3)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy=strategy)
    for number in range(12):
        ticket = Ticket(id=TicketId(f"t{number}"), queue=MAIL)
        before = desk.snapshot()
        seen = desk.preview(ticket, at=number, by="eve")
        assert desk.preview(ticket, at=number, by="eve") == seen
        assert desk.snapshot() == before
        assert desk.submit(ticket, at=number, by="eve") == seen


def test_a_preview_of_a_ticket_that_would_wait_says_so(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=1_000)
    (_, waits) = desk.preview(Ticket(id=T2, queue=MAIL), at=30_999)
    assert isinstance(waits, ev.TicketQueued)
    assert waits.reason is WaitReason.NOBODY_FREE


def test_a_preview_beyond_a_deadline_asks_to_advance_first(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", wrap_up=seconds(30))
    desk.ask("t1", "mail", at=1)
    desk.resolve(T1, at=1_000)

    with pytest.raises(DeadlinePassedError, match="advance") as caught:
        desk.preview(Ticket(id=T2, queue=MAIL), at=31_000)
    assert (caught.value.at, caught.value.due) == (31_000, 31_000)
    desk.advance(at=31_000)
    assert isinstance(desk.preview(Ticket(id=T2, queue=MAIL), at=31_000)[1], ev.TicketAssigned)


def test_a_preview_of_a_later_instant_does_not_let_time_pass(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", strategy="fewest_taken(window=100)")
    desk.ask("t1", "mail", at=10)
    before = desk.now
    desk.preview(Ticket(id=T2, queue=MAIL), at=5_000)

    assert desk.now == before
    desk.ask("t2", "mail", at=20)
    assert desk.who("t2") == "ana"


def test_a_preview_of_the_past_is_refused(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=10)
    with pytest.raises(TimeBackwardsError):
        desk.preview(Ticket(id=T2, queue=MAIL), at=9)


# --- why a ticket waits ---------------------------------------------------------------------------


def test_a_ticket_waits_with_the_reason_in_brief(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.staff("ben", channels=["chat"])
    desk.open_queue("empty")
    desk.open_queue("mail", "ana", "ben")
    desk.open_queue("later", "ana", delivery=Delivery.PULL)

    desk.ask("t1", "empty", at=1)
    assert desk.told == ["t1 submitted", "t1 waits: no_members"]
    desk.ask("t2", "mail", at=2, skills={"french": 1})
    assert desk.told == ["t2 submitted", "t2 waits: nobody_fits"]
    desk.ask("t3", "mail", at=3, weight=2)
    assert desk.told == ["t3 submitted", "t3 waits: nobody_fits"]
    desk.ask("t4", "mail", at=4)
    assert desk.told == ["t4 submitted", "t4 to ana, routed"]
    desk.ask("t5", "mail", at=5)
    assert desk.told == ["t5 submitted", "t5 waits: nobody_free"]
    desk.set_presence(ANA, "away", at=6)
    desk.ask("t6", "mail", at=7)
    assert desk.told == ["t6 submitted", "t6 waits: nobody_available"]
    desk.ask("t7", "later", at=8)
    assert desk.told == ["t7 submitted", "t7 waits: awaits_pull"]


def test_who_is_off_the_channel_is_not_available_for_it(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.switch_channel(ANA, "email", on=False, at=1)
    desk.ask("t1", "mail", at=2)
    assert desk.told[-1] == "t1 waits: nobody_available"
    desk.switch_channel(ANA, "email", on=True, at=3)
    assert desk.told == ["ChannelSwitched", "t1 to ana, freed"]


def test_a_limit_of_zero_means_that_nobody_fits(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana", limit_per_agent=0)
    desk.ask("t1", "mail", at=1)
    assert desk.told[-1] == "t1 waits: nobody_fits"


# --- prefer ---------------------------------------------------------------------------------------


def test_the_preferred_agent_is_asked_first(desk: Desk) -> None:
    desk.staff("ana", "ben", capacity=1)
    desk.open_queue("mail", "ana", "ben")
    desk.ask("t1", "mail", at=1, prefer=BEN)
    assert desk.told[-1] == "t1 to ben, preferred"


def test_without_the_preferred_agent_the_normal_way_is_taken_at_once(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=1)
    desk.open_queue("mail", "ana", "ben")
    desk.ask("t1", "mail", at=1, prefer=BEN)
    desk.ask("t2", "mail", at=2, prefer=BEN)
    assert desk.told[-1] == "t2 to ana, routed"
    desk.ask("t3", "mail", at=3, prefer=CLEO)  # not a member
    assert desk.told[-1] == "t3 waits: nobody_free"
    desk.ask("t4", "mail", at=3, prefer=AgentId("nobody"))
    assert desk.told[-1] == "t4 waits: nobody_free"


def test_a_preferred_agent_does_not_move_the_turn(desk: Desk) -> None:
    desk.staff("ana", "ben", "cleo", capacity=5)
    desk.open_queue("mail", "ana", "ben", "cleo", strategy="round_robin")
    desk.ask("t1", "mail", at=1)
    desk.ask("t2", "mail", at=2, prefer=CLEO)
    desk.ask("t3", "mail", at=3)
    assert [desk.who(name) for name in ("t1", "t2", "t3")] == ["ana", "cleo", "ben"]


def test_a_ticket_moved_to_another_queue_is_still_put_to_the_preferred_agent_first(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=5)
    desk.open_queue("first")
    desk.open_queue("mail", "ana", "ben")
    desk.ask("t1", "first", at=1, prefer=BEN)
    desk.transfer(T1, to_queue=MAIL, at=2)
    assert desk.who("t1") == "ben"


# --- where it goes and since when -----------------------------------------------------------------


def test_a_ticket_without_a_queue_goes_to_the_default_one(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(defaults=Defaults(queue=MAIL))
    with pytest.raises(UnknownQueueError):
        desk.submit(Ticket(id=T1), at=0)
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.submit(Ticket(id=T1), at=1)
    assert desk.ticket(T1).queue_id == "mail"


def test_a_ticket_without_a_queue_on_a_desk_without_a_default_is_refused(desk: Desk) -> None:
    with pytest.raises(UnroutedTicketError, match="default"):
        desk.submit(Ticket(id=T1), at=1)


def test_a_ticket_that_came_earlier_stands_ahead(desk: Desk) -> None:
    desk.open_queue("mail")
    desk.ask("t1", "mail", at=minutes(10))
    desk.ask("t2", "mail", at=minutes(11), arrived=minutes(9))
    assert desk.waiting(MAIL) == ("t2", "t1")
    assert desk.ticket(T2).arrived == minutes(9)


def test_events_say_when_why_and_by_whom(desk: Desk) -> None:
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    submitted, assigned = desk.submit(Ticket(id=T1, queue=MAIL), at=77, by="form-17")
    assert (submitted.at, submitted.cause, submitted.by) == (77, Cause.COMMAND, "form-17")
    assert (assigned.at, assigned.cause) == (77, Cause.ROUTED)
