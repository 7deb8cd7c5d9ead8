"""Where a ticket stands in its line, and about how long it will wait there."""

from __future__ import annotations

import pytest

from ticketroute import Agent, Dispatcher, Queue, Ticket, TicketPriority
from ticketroute.errors import UnknownTicketError
from ticketroute.model import AgentId, QueueId, TicketId

ANA, MAIL = AgentId("ana"), QueueId("mail")


def _busy_desk() -> Dispatcher:
    desk = Dispatcher()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for number in range(5):
        desk.submit(Ticket(id=TicketId(f"t{number}"), queue=MAIL), at=number)
    return desk


def test_a_position_counts_the_tickets_that_go_before() -> None:
    desk = _busy_desk()
    assert [desk.position(TicketId(f"t{number}")) for number in range(5)] == [None, 0, 1, 2, 3]
    desk.change_priority(TicketId("t4"), TicketPriority.URGENT, at=10)
    assert [desk.position(TicketId(f"t{number}")) for number in range(1, 5)] == [1, 2, 3, 0]
    desk.abandon(TicketId("t2"), at=11)
    assert [desk.position(TicketId(ticket)) for ticket in ("t4", "t1", "t3")] == [0, 1, 2]
    assert desk.position(TicketId("t2")) is None


def test_an_estimate_needs_two_hand_outs_to_know_the_pace() -> None:
    desk = _busy_desk()
    assert desk.estimate_wait(TicketId("t1")) is None
    desk.resolve(TicketId("t0"), at=1_000)  # t1 leaves the line
    assert desk.estimate_wait(TicketId("t2")) is None
    desk.resolve(TicketId("t1"), at=1_600)  # t2 leaves it 600 ms later
    assert desk.estimate_wait(TicketId("t3")) == 600
    assert desk.estimate_wait(TicketId("t4")) == 1_200
    desk.resolve(TicketId("t2"), at=2_600)  # t3: 600 and 1000 ms apart, 800 in the mean
    assert desk.estimate_wait(TicketId("t4")) == 800
    assert desk.estimate_wait(TicketId("t3")) is None


def test_the_estimate_looks_back_on_the_latest_hand_outs_only() -> None:
    desk = Dispatcher()
    desk.add_agent(Agent(id=ANA, capacity=1), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    for number in range(40):
        desk.submit(Ticket(id=TicketId(f"t{number}"), queue=MAIL), at=number)
    at = 100_000
    for number in range(10):  # slow: one in 10 s
        at += 10_000
        desk.resolve(TicketId(f"t{number}"), at=at)
    for number in range(10, 31):  # quick: one in 100 ms, 21 times
        at += 100
        desk.resolve(TicketId(f"t{number}"), at=at)
    assert desk.estimate_wait(TicketId("t32")) == 100


def test_a_position_of_nobody_is_refused() -> None:
    with pytest.raises(UnknownTicketError):
        _busy_desk().position(TicketId("t9"))
