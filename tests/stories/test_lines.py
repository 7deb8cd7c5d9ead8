"""The order of waiting tickets: in their line, and between lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticketroute import TicketPriority, minutes
from ticketroute.model import (
    Aged,
    AgentId,
    EarliestDeadline,
    Lifo,
    PriorityThenAge,
    QueueId,
    TicketId,
)
from ticketroute.model.line_order import LineOrder

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

ANA = AgentId("ana")
MAIL = QueueId("mail")
URGENT, HIGH, NORMAL, LOW = TicketPriority

# name -> (arrived in minutes, priority, due in minutes)
TICKETS: dict[str, tuple[int, TicketPriority, int | None]] = {
    "a": (0, LOW, 300),
    "b": (20, NORMAL, None),
    "c": (40, URGENT, 200),
    "d": (50, NORMAL, 100),
    "e": (60, HIGH, None),
    "f": (60, HIGH, 200),
}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (PriorityThenAge(), "cefbda"),
        (EarliestDeadline(), "dcfaeb"),
        # arrival + 30 min a level: a 120, b 110, c 70, d 140, e 120, f 120
        (Aged(per_level=minutes(30)), "cbaefd"),
        # arrival + 1 h a level: a 240, b 200, c 100, d 230, e 180, f 180
        (Aged(), "cefbda"),
        (Lifo(), "fedcba"),
    ],
)
def test_a_line_goes_in_the_order_of_its_queue(desk: Desk, order: LineOrder, expected: str) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana", order=order)
    desk.set_presence(ANA, "away", at=0)
    for name, (arrived, priority, due) in TICKETS.items():
        desk.ask(
            name,
            "mail",
            at=minutes(60),
            arrived=minutes(arrived),
            priority=priority,
            due=None if due is None else minutes(due),
        )
    assert "".join(desk.waiting(MAIL)) == expected

    desk.set_presence(ANA, "available", at=minutes(60))
    served = ""
    while (tickets := desk.agent(ANA).tickets) != ():
        served += tickets[0]
        desk.resolve(tickets[0], at=minutes(61))
    assert served == expected


def test_tickets_that_ask_for_different_skills_still_stand_in_one_line(desk: Desk) -> None:
    desk.staff("ana", capacity=1, skills={"french": 5})
    desk.open_queue("mail", "ana")
    desk.set_presence(ANA, "away", at=0)
    asks: list[dict[str, int]] = [{}, {"french": 2}, {"law": 1}, {}, {"french": 5}]
    for number, skills in enumerate(asks):
        desk.ask(f"t{number}", "mail", at=number, skills=skills)
    assert desk.waiting(MAIL) == ("t0", "t1", "t2", "t3", "t4")
    desk.set_presence(ANA, "available", at=10)
    served: list[TicketId] = []
    while (tickets := desk.agent(ANA).tickets) != ():
        served += tickets
        desk.resolve(tickets[0], at=11)
    assert served == ["t0", "t1", "t3", "t4"]  # nobody has law: that one holds up nobody
    assert desk.waiting(MAIL) == ("t2",)


def test_a_heavy_ticket_at_the_head_does_not_hold_up_lighter_ones(desk: Desk) -> None:
    desk.staff("ana", capacity=3)
    desk.open_queue("mail", "ana")
    desk.ask("t1", "mail", at=1, weight=2)
    desk.ask("t2", "mail", at=2, weight=3)
    desk.ask("t3", "mail", at=3, weight=1)
    assert [desk.who(name) for name in ("t1", "t2", "t3")] == ["ana", None, "ana"]


def test_between_queues_the_heavier_goes_first_then_priority_then_arrival(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("light", "ana", weight=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("chat", "ana")
    desk.open_queue("vip", "ana", weight=1000)
    desk.set_presence(ANA, "away", at=0)
    desk.ask("l1", "light", at=1, priority=URGENT)
    desk.ask("m1", "mail", at=2, priority=NORMAL)
    desk.ask("c1", "chat", at=3, priority=HIGH)
    desk.ask("c2", "chat", at=4, priority=NORMAL, arrived=1)
    desk.ask("v1", "vip", at=5, priority=LOW)
    desk.set_presence(ANA, "available", at=10)
    served: list[TicketId] = []
    while (tickets := desk.agent(ANA).tickets) != ():
        served += tickets
        desk.resolve(tickets[0], at=11)
    assert served == ["v1", "c1", "c2", "m1", "l1"]


def test_queues_of_one_weight_share_by_arrival_then_submission(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("chat", "ana")
    desk.set_presence(ANA, "away", at=0)
    for name, queue in (("a", "chat"), ("b", "mail"), ("c", "chat"), ("d", "mail")):
        desk.ask(name, queue, at=5)
    desk.set_presence(ANA, "available", at=6)
    served = ""
    while (tickets := desk.agent(ANA).tickets) != ():
        served += tickets[0]
        desk.resolve(tickets[0], at=7)
    assert served == "abcd"


def test_a_changed_weight_of_a_queue_holds_for_the_next_freed_slot(desk: Desk) -> None:
    desk.staff("ana", capacity=1)
    desk.open_queue("mail", "ana")
    desk.open_queue("chat", "ana")
    desk.ask("t0", "mail", at=0)
    desk.ask("m", "mail", at=1)
    desk.ask("c", "chat", at=2)
    desk.change_queue(QueueId("chat"), weight=101, at=3)
    desk.resolve(TicketId("t0"), at=4)
    assert desk.who("c") == "ana"


def test_several_loose_tickets_go_in_the_order_of_their_lines_among_those_that_wait(
    desk: Desk,
) -> None:
    desk.staff("ana", "ben", capacity=2)
    desk.open_queue("mail", "ana", "ben", strategy="top_down")
    for number in range(1, 6):
        desk.ask(f"t{number}", "mail", at=number)
    # ana t1 t2, ben t3 t4, waiting t5; then ben loses one unit and ana goes
    desk.resolve(TicketId("t3"), at=10)  # ben takes t5
    desk.ask("t6", "mail", at=11, arrived=0)
    desk.change_agent(AgentId("ben"), capacity=3, at=12)  # ben takes t6
    assert desk.load("ben") == 3
    desk.change_agent(AgentId("ben"), capacity=4, at=13)
    desk.remove_agent(ANA, at=14)
    assert desk.who("t1") == "ben"
    assert desk.waiting(MAIL) == ("t2",)
