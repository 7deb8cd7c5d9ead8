"""What a snapshot says, name by name: journals keep it, and a later version is held against it."""

from __future__ import annotations

from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Delivery,
    Dispatcher,
    Membership,
    Metric,
    OfferPolicy,
    Policy,
    Presence,
    Queue,
    RateLimit,
    RoutingState,
    Status,
    Target,
    Ticket,
    TicketPriority,
    minutes,
    seconds,
)
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import Asks
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId
from ticketroute.model.reasons import Reason
from ticketroute.sla.clock import ClockState
from ticketroute.testing.beside import DeskBesideReference

ANA, BEN, MAIL, CALLS = AgentId("ana"), AgentId("ben"), QueueId("mail"), QueueId("calls")
T1, T2, T3 = TicketId("t1"), TicketId("t2"), TicketId("t3")
RATE = RateLimit(tickets=5, span=minutes(5))
TARGET = Target(within=minutes(10))


@pytest.fixture
def desk() -> Dispatcher:
    """Ana has one ticket on hold and one at hand; ben declined the third, which waits."""
    desk = DeskBesideReference()
    ana = Agent(id=ANA, capacity=2, rate_limit=RATE)
    desk.add_agent(ana, presence="available", at=1_000)
    desk.set_presence(ANA, "available", reason="in", at=1_000)
    desk.add_agent(Agent(id=BEN, capacity=1), presence="away", at=1_000)
    desk.add_queue(Queue(id=MAIL, members=[ANA], strategy="round_robin"), at=1_000)
    desk.set_policies([Policy(id=PolicyId("gold"), targets={Metric.RESOLUTION: TARGET})], at=1_000)
    desk.submit(Ticket(id=T1, queue=MAIL, requester="rita"), at=2_000)
    desk.reply(T1, Author.AGENT, at=3_000)
    desk.reply(T1, Author.REQUESTER, at=4_000)
    desk.submit(Ticket(id=T2, queue=MAIL, weight=2), at=5_000)
    desk.hold(T1, at=6_000)
    offer = OfferPolicy(timeout=seconds(20))
    calls = Queue(id=CALLS, members=[BEN], delivery=Delivery.OFFER, offer=offer)
    desk.add_queue(calls, at=7_000)
    desk.set_presence(BEN, "available", at=7_000)
    desk.submit(Ticket(id=T3, queue=CALLS, channel="phone"), at=8_000)
    desk.decline(T3, BEN, at=9_000)
    return desk


def test_of_the_desk(desk: Dispatcher) -> None:
    told = desk.snapshot()
    counted = {"opened": True, "submitted": 3, "assigned": 2, "last_agent_of": {"rita": ANA}}
    by_id = {"agents": [ANA, BEN], "queues": [MAIL, CALLS], "tickets": [T1, T2, T3]}
    assert counted.items() <= told.items()
    assert {name: list(told[name]) for name in by_id} == by_id
    assert (told["defaults"], told["calendars"], told["windows"]) == (desk.defaults, {}, {})
    assert [each.policy for each in told["agreements"]] == list(desk.policies())
    assert list(told["versions"]) == ["gold"]
    clock, other = (Timer(TimerKind.CLOCK, ticket, "resolution") for ticket in (T2, T3))
    assert told["timers"] == {clock: 605_001, other: 608_001}
    assert told["forgotten"] == 0
    assert len(told) == 14


def test_of_an_agent(desk: Dispatcher) -> None:
    assert desk.snapshot()["agents"][ANA] == {
        "agent": desk.agent(ANA).agent,
        "capacity": 2,
        "rate_limit": RATE,
        "presence": Presence.AVAILABLE,
        "reason": "in",
        "load": 2,
        "count": 1,
        "last_assigned": 2,
        "idle_since": 1_000,
        "ended_at": None,
        "queues": [MAIL],
        "slots": [T2],
        "parked": [T1],
        "offers": [],
        "tried": [],
        "reserved": [],
        "misses": 0,
        "cooling_until": None,
        "channels_off": frozenset(),
        "recent": [2_000, 6_000],
        "on_shift": True,
    }
    assert desk.snapshot()["agents"][BEN]["tried"] == [T3]


def test_of_a_queue(desk: Dispatcher) -> None:
    told = desk.snapshot()["queues"]
    members = told[MAIL].pop("members")
    assert members == [(ANA, Membership(), 0, 1, desk.defaults.queue_limit)]
    assert told[MAIL].pop("queue").id == MAIL
    assert told[MAIL] == {
        "turns": (0, 1, ((0, ANA),)),
        "line": [],
        "handed": [6_000],
        "next_position": 1,
        "open_tickets": 2,
    }
    assert [ticket_id for _, ticket_id in told[CALLS]["line"]] == [T3]


def test_of_a_ticket_on_hold(desk: Dispatcher) -> None:
    told: dict[str, Any] = desk.snapshot()["tickets"][T1]
    book, assignment = told.pop("book"), told.pop("assignment")
    assert told.pop("assigned_at") == 2_000
    assert (assignment.agent_id, assignment.at) == (ANA, 2_000)
    assert told.pop("ticket") == desk.ticket(T1).ticket
    assert told == {
        "queue": MAIL,
        "arrived": 2_000,
        "ordinal": 1,
        "priority": TicketPriority.NORMAL,
        "state": RoutingState.PARKED,
        "status": Status.PENDING,
        "version": 4,
        "agent": ANA,
        "last_agent": ANA,
        "came_from": None,
        "cost": 1,
        "since": None,
        "wrap_up_until": None,
        "asks": Asks("email", 1, None),
        "waiting_since": None,
        "relaxed": 0,
        "waited_for": False,
        "added": [],
        "offers": {},
        "wanted": 0,
        "tried": {},
        "asked": [],
        "hops": 0,
        "silent": (),
        "wait_reason": None,
        "score": None,
        "merged_into": None,
        "answered": True,
        "due": None,
    }
    clocks = book.pop("clocks")
    assert book == {
        "log": [
            (2_000, Status.NEW),
            (2_000, Status.OPEN),
            (3_000, Status.ANSWERED),
            (4_000, Status.OPEN),
            (6_000, Status.PENDING),
        ],
        "queued": 2_000,
        "answered": True,
        "handed": True,
        "unanswered": 4_000,
        "contacts": {Author.AGENT: 3_000, Author.REQUESTER: 4_000},
        "escalated_from": frozenset(),
    }
    facts = {"metric": Metric.RESOLUTION, "state": ClockState.PAUSED, "target": TARGET}
    assert facts.items() <= clocks[0].items()


def test_of_a_ticket_that_was_declined(desk: Dispatcher) -> None:
    told = desk.snapshot()["tickets"][T3]
    facts = {"agent": None, "waiting_since": 8_000, "asked": [BEN], "due": 608_000}
    assert facts.items() <= told.items()
    assert told["tried"] == {BEN: (Reason.DECLINED, False)}
    desk.rate(T3, 80, at=10_000)
    assert desk.snapshot()["tickets"][T3]["score"] == 80
