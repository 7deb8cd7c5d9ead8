"""What was promised and kept, counted from events alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ticketroute import (
    Agent,
    Author,
    Dispatcher,
    Metric,
    Policy,
    Queue,
    Target,
    Ticket,
    TicketPriority,
)
from ticketroute.errors import InvalidValueError
from ticketroute.events import Event
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId
from ticketroute.reporting.attainment import Attainment, Facet, attainment

ANA, BEN = AgentId("ana"), AgentId("ben")
MAIL, CHAT = QueueId("mail"), QueueId("chat")


class Day:
    """A desk with two queues of one agent each, where resolving may take 100 and answering 10."""

    def __init__(self) -> None:
        self.desk = Dispatcher()
        self.events: list[Event] = []
        targets = {
            Metric.RESOLUTION: Target(within=100),
            Metric.FIRST_RESPONSE: Target(within=10),
        }
        for name, queue in ((ANA, MAIL), (BEN, CHAT)):
            self.note(self.desk.add_agent(Agent(id=name), presence="available", at=0))
            self.note(self.desk.add_queue(Queue(id=queue, members=[name]), at=0))
        policies = [
            Policy(id=PolicyId("vip"), targets=targets, tags={"vip"}),
            Policy(id=PolicyId("all"), targets=targets),
        ]
        self.note(self.desk.set_policies(policies, at=0))

    def note(self, events: Iterable[Event]) -> None:
        self.events.extend(events)

    def ask(self, name: str, queue: QueueId, *, at: int, vip: bool = False) -> TicketId:
        priority = TicketPriority.HIGH if vip else TicketPriority.NORMAL
        tags = {"vip"} if vip else ()
        ticket = Ticket(id=TicketId(name), queue=queue, tags=tags, priority=priority)
        self.note(self.desk.submit(ticket, at=at))
        return ticket.id


@pytest.fixture
def day() -> Day:
    """Two tickets kept, one missed and done, one overdue, one open."""
    day = Day()
    kept, late = day.ask("t1", MAIL, at=0), day.ask("t2", CHAT, at=0, vip=True)
    day.note(day.desk.reply(kept, Author.AGENT, at=10))
    day.note(day.desk.resolve(kept, at=100))
    day.note(day.desk.reply(late, Author.AGENT, at=101))
    day.note(day.desk.resolve(late, at=101))
    day.ask("t3", CHAT, at=150)
    day.note(day.desk.advance(at=255))
    day.ask("t4", MAIL, at=255)
    return day


def test_by_metric(day: Day) -> None:
    figures = attainment(day.events)
    assert figures == {
        ("first_response",): Attainment(met=1, missed=1, overdue=1, open=1),
        ("resolution",): Attainment(met=1, missed=1, overdue=1, open=1),
    }
    assert figures["resolution",].share == pytest.approx(1 / 3)


def test_by_policy_queue_priority_and_agent(day: Day) -> None:
    facets = [Facet.POLICY, Facet.QUEUE, Facet.PRIORITY, Facet.AGENT]
    assert attainment(day.events, by=facets) == {
        ("all", "chat", "normal", "ben"): Attainment(overdue=2),
        ("all", "mail", "normal", "ana"): Attainment(met=2, open=2),
        ("vip", "chat", "high", "ben"): Attainment(missed=2),
    }


def test_no_facet_gives_one_figure(day: Day) -> None:
    assert attainment(day.events, by=()) == {(): Attainment(met=2, missed=2, overdue=2, open=2)}


def test_where_nothing_is_decided_there_is_no_share() -> None:
    assert attainment([]) == {}
    assert Attainment(open=3, lapsed=1, cancelled=2).share is None


def test_what_a_reopened_ticket_resumes_counts_once_as_it_ended_last() -> None:
    day = Day()
    ticket = day.ask("t1", MAIL, at=0)
    day.note(day.desk.resolve(ticket, at=60))
    resolution = {("resolution",): Attainment(met=1)}
    assert resolution.items() <= attainment(day.events).items()
    day.note(day.desk.reopen(ticket, at=1_000))
    assert attainment(day.events)["resolution",] == Attainment(open=1)
    day.note(day.desk.resolve(ticket, at=1_041))
    assert attainment(day.events)["resolution",] == Attainment(missed=1)


def test_what_was_missed_stays_missed_when_its_ticket_is_reopened() -> None:
    day = Day()
    ticket = day.ask("t1", CHAT, at=0)
    day.note(day.desk.resolve(ticket, at=101))
    assert attainment(day.events)["resolution",] == Attainment(missed=1)
    day.note(day.desk.reopen(ticket, at=1_000))
    assert attainment(day.events)["resolution",] == Attainment(overdue=1)
    day.note(day.desk.resolve(ticket, at=1_001))
    assert attainment(day.events)["resolution",] == Attainment(missed=1)


def test_an_answer_that_never_came_is_neither_kept_nor_missed() -> None:
    day = Day()
    day.note(day.desk.resolve(day.ask("t1", MAIL, at=0), at=5))
    assert attainment(day.events)["first_response",] == Attainment(lapsed=1)


def test_a_clock_counts_for_who_had_the_ticket_as_it_ended() -> None:
    day = Day()
    ticket = day.ask("t1", MAIL, at=0)
    day.note(day.desk.reply(ticket, Author.AGENT, at=1))
    day.note(day.desk.transfer(ticket, to_queue=CHAT, at=2))
    day.note(day.desk.resolve(ticket, at=3))
    by = [Facet.METRIC, Facet.QUEUE, Facet.AGENT]
    assert list(attainment(day.events, by=by)) == [
        ("first_response", "mail", "ana"),
        ("resolution", "chat", "ben"),
    ]


def test_what_is_no_facet_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"Facet\.QUEUE"):
        attainment([], by=["queue"])  # type: ignore[list-item]
