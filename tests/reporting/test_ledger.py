"""Reports of small days that can be checked by hand, and of one that theory knows."""

from random import Random
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Dispatcher,
    Presence,
    Queue,
    Ticket,
    hours,
    minutes,
    seconds,
)
from ticketroute.errors import InvalidValueError
from ticketroute.model import events as ev
from ticketroute.reporting.figures import Facet, ServiceLevel
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.periods import Period

an_agent: Any = Agent  # ids of a test are plain texts
a_queue: Any = Queue
a_ticket: Any = Ticket


def a_desk(**queue: Any) -> tuple[Any, list[ev.Event]]:
    desk: Any = Dispatcher()
    events = list(desk.add_agent(an_agent(id="ana", capacity=1), presence="available", at=0))
    events += desk.add_queue(a_queue(id="mail", members=["ana"], **queue), at=0)
    return desk, events


def test_the_three_service_levels_divide_by_different_tickets() -> None:
    desk, events = a_desk()
    events += desk.submit(a_ticket(id="t1", queue="mail"), at=0)  # answered at once
    for name in ("t2", "t3", "t4", "t5"):
        events += desk.submit(a_ticket(id=name, queue="mail"), at=0)
    events += desk.abandon("t4", at=seconds(5))  # within the target
    events += desk.resolve("t1", at=seconds(20))  # t2 is answered at exactly the target
    events += desk.abandon("t5", at=seconds(40))  # after it
    events += desk.resolve("t2", at=seconds(60))  # t3 after it
    total = Ledger(target=seconds(20)).see_all(events).report().total()
    assert (total.offered, total.answered, total.abandoned) == (5, 3, 2)
    assert total.service_level() == 2 / 5
    assert total.service_level(ServiceLevel.OF_NOT_ABANDONED_IN_TIME) == 2 / 4
    assert total.service_level(ServiceLevel.OF_ANSWERED) == 2 / 3
    assert total.asa == (0 + seconds(20) + seconds(60)) / 3
    assert total.abandonment == 2 / 5


def test_short_abandons_are_left_out_of_both_sides() -> None:
    desk, events = a_desk()
    for name in ("t1", "t2", "t3"):
        events += desk.submit(a_ticket(id=name, queue="mail"), at=0)
    events += desk.abandon("t2", at=seconds(4))
    events += desk.abandon("t3", at=seconds(5))
    total = Ledger(short=seconds(5)).see_all(events).report().total()
    assert (total.abandoned, total.short) == (2, 1)
    assert total.abandonment == 1 / 2


def test_nothing_has_no_rate() -> None:
    report = Ledger().report()
    total = report.total()
    assert (total.offered, total.asa, total.abandonment, total.satisfaction) == (
        0,
        None,
        None,
        None,
    )
    assert [total.service_level(each) for each in ServiceLevel] == [None] * 3
    assert report.staff().occupancy is None
    assert report.fairness() == (None, None)
    assert report.ranked_queues() == []


def test_occupancy_and_utilisation_divide_by_different_times() -> None:
    desk, events = a_desk(wrap_up=minutes(10))
    events += desk.submit(a_ticket(id="t1", queue="mail"), at=0)
    events += desk.resolve("t1", at=minutes(20))
    events += desk.advance(at=minutes(30))
    events += desk.set_presence("ana", Presence.AWAY, at=minutes(60))
    events += desk.set_presence("ana", Presence.OFFLINE, at=minutes(90))
    ana = Ledger().see_all(events).report().agent()["ana",]
    assert (ana.busy, ana.ready, ana.signed_in) == (minutes(30), minutes(60), minutes(90))
    assert (ana.occupancy, ana.utilisation) == (30 / 60, 30 / 90)
    assert (ana.wrap_up, ana.handle.total, ana.handle.count) == (minutes(10), minutes(30), 1)


def test_a_report_counts_time_up_to_its_instant() -> None:
    desk, events = a_desk()
    events += desk.submit(a_ticket(id="t1", queue="mail"), at=0)
    ledger = Ledger().see_all(events)
    assert ledger.report(at=hours(1)).staff().busy == hours(1)
    assert ledger.report(at=hours(3)).staff().busy == hours(3)


def test_a_shift_that_lasts_over_midnight_is_split() -> None:
    desk, events = a_desk()
    events += desk.set_presence("ana", Presence.OFFLINE, at=hours(30))
    days = Ledger(period=Period.DAY).see_all(events).report().agent(period=True)
    assert {key[1]: each.signed_in for key, each in days.items()} == {
        "1970-01-01": hours(24),
        "1970-01-02": hours(6),
    }


def test_a_ticket_counts_where_it_was_when_it_was_answered() -> None:
    desk, events = a_desk()
    events += desk.add_queue(a_queue(id="sales"), at=0)
    events += desk.submit(a_ticket(id="t1", queue="sales"), at=0)
    assert Ledger().see_all(events).report().by(Facet.QUEUE)["sales",].offered == 1
    events += desk.transfer("t1", to_queue="mail", at=minutes(1))
    queues = Ledger().see_all(events).report().by(Facet.QUEUE)
    assert (queues["sales",].offered, queues["sales",].transfers) == (0, 1)
    assert (queues["mail",].offered, queues["mail",].answered) == (1, 1)


def test_who_is_best_and_worst_comes_with_the_number_behind_it() -> None:
    desk: Any = Dispatcher()
    events: list[ev.Event] = []
    for name in ("ana", "ben"):
        events += desk.add_agent(an_agent(id=name, capacity=9), presence="available", at=0)
        events += desk.add_queue(a_queue(id=f"q-{name}", members=[name]), at=0)
    for number, name in enumerate(["ana", "ben", "ben"]):
        events += desk.submit(a_ticket(id=f"t{number}", queue=f"q-{name}"), at=0)
    for number in range(3):
        events += desk.resolve(f"t{number}", at=minutes(number + 1))
    events += desk.rate("t0", 40, at=minutes(9))
    events += desk.rate("t1", 100, at=minutes(9))
    report = Ledger().see_all(events).report()
    best = report.ranked_agents("resolved")
    assert [(each.name, each.value, each.count) for each in best] == [("ben", 2, 2), ("ana", 1, 1)]
    quickest = report.ranked_queues("resolution")
    assert [each.name for each in quickest] == ["q-ana", "q-ben"]
    assert [each.name for each in report.ranked_agents("satisfaction")] == ["ben", "ana"]
    assert [each.name for each in report.ranked_queues("resolution", least=2)] == ["q-ben"]
    jain, gini = report.fairness("resolved")
    assert jain == pytest.approx(9 / 10)
    assert gini == pytest.approx(1 / 6)


def test_a_done_ticket_is_forgotten_after_a_while_and_one_reopened_is_not() -> None:
    desk, events = a_desk()
    for name in ("t1", "t2"):
        events += desk.submit(a_ticket(id=name, queue="mail"), at=0)
        events += desk.resolve(name, at=0)
    events += desk.reopen("t2", at=hours(1))
    events += desk.submit(a_ticket(id="t3", queue="mail"), at=hours(30))
    events += desk.resolve("t2", at=hours(30))
    events += desk.rate("t2", 100, at=hours(31))
    ledger = Ledger(keep_done=hours(24)).see_all(events)
    assert ledger._count.tickets.keys() == {"t2", "t3"}
    assert ledger.report().total().ratings == 1
    ledger.see_all(desk.rate("t1", 0, at=hours(32)))  # too late for its queue; the agent has it
    assert ledger.report().total().ratings == 1
    assert ledger.report().staff().ratings == 2


def test_memory_does_not_grow_with_tickets_that_are_done() -> None:
    desk, events = a_desk()
    ledger = Ledger(period=Period.ALL, exact=False, keep_done=hours(1)).see_all(events)
    for number in range(300):
        at = minutes(5 * number)
        ledger.see_all(desk.submit(a_ticket(id=f"t{number}", queue="mail"), at=at))
        ledger.see_all(desk.resolve(f"t{number}", at=at + minutes(3)))
    assert len(ledger._count.tickets) < 15
    assert len(ledger._count.cells) == 1
    assert ledger.report().total().resolved == 300


def test_the_backlog_goes_on_through_days_without_events() -> None:
    desk, events = a_desk()
    for name in ("t1", "t2"):
        events += desk.submit(a_ticket(id=name, queue="mail"), at=hours(1))
    events += desk.resolve("t1", at=hours(73))
    shown = Ledger().see_all(events).report().backlog_by_period()
    assert shown == {
        ("mail", "1970-01-01"): (2, 1),
        ("mail", "1970-01-02"): (2, 1),
        ("mail", "1970-01-03"): (2, 1),
        ("mail", "1970-01-04"): (1, 0),
    }


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"target": -1}, "target is -1"),
        ({"short": True}, "short is True"),
        ({"zone": "Berlin"}, "zone is 'Berlin'"),
        ({"period": "day"}, "period is 'day'"),
        ({"since": 5, "until": 4}, "until is 4; it must be no earlier than since=5"),
        ({"since": 0.5}, "since is 0.5"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_refused(facts: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        Ledger(**facts)


def test_questions_that_make_no_sense_are_refused() -> None:
    ledger = Ledger().see_all(a_desk()[1])
    report = ledger.report(at=5)
    with pytest.raises(InvalidValueError, match="one of asa, service_level"):
        report.ranked_queues("beauty")
    bad: Any = "queue"
    with pytest.raises(InvalidValueError, match=r"facets: Facet\.QUEUE"):
        report.by(bad)
    with pytest.raises(AttributeError):
        report.total().beauty  # noqa: B018
    ledger.see(ev.CoolDownEnded(at=9, agent_id="ana"))
    with pytest.raises(InvalidValueError, match="no earlier than the last event, at 9"):
        ledger.report(at=8)


def test_the_service_levels_are_those_that_erlang_a_gives() -> None:
    """48 a minute, 50 agents, a minute of work, 2 minutes of patience, 20 s: 94.3 and 97.2 %.

    Source of the expected figures: Erlang A, computed with 50 digits.
    """
    chance = Random(7)  # noqa: S311  a test has to be repeatable
    desk: Any = Dispatcher()
    ledger = Ledger(target=seconds(20), period=Period.ALL, since=minutes(20))
    agents = [f"a{number}" for number in range(50)]
    for name in agents:
        ledger.see_all(desk.add_agent(an_agent(id=name, capacity=1), presence="available", at=0))
    ledger.see_all(desk.add_queue(a_queue(id="calls", members=agents), at=0))
    minute = minutes(1)
    happenings: list[tuple[int, int, str, str]] = []
    at = 0.0
    for number in range(24_000):
        at += chance.expovariate(48) * minute
        patience, work = chance.expovariate(0.5) * minute, chance.expovariate(1) * minute
        run_one(desk, ledger, happenings, int(at), f"t{number}", int(patience), int(work))
    total = ledger.report().total()
    assert total.service_level() == pytest.approx(0.943, abs=0.01)
    in_time = total.service_level(ServiceLevel.OF_NOT_ABANDONED_IN_TIME)
    assert in_time == pytest.approx(0.972, abs=0.01)


def run_one(
    desk: Any, ledger: Ledger, happenings: list[Any], at: int, name: str, patience: int, work: int
) -> None:
    """Play everything up to ``at``, and then the ticket."""
    from heapq import heappop, heappush  # noqa: PLC0415

    works = WORKS.setdefault(id(desk), {})
    works[name] = work

    def note(events: tuple[ev.Event, ...]) -> None:
        ledger.see_all(events)
        for event in events:
            if isinstance(event, ev.TicketAssigned):
                heappush(happenings, (event.at + works[event.ticket_id], 0, event.ticket_id))

    while happenings and happenings[0][0] <= at:
        due, kind, ticket = heappop(happenings)
        if kind == 0:
            note(desk.resolve(ticket, at=due))
        elif desk.ticket(ticket).state.value == "waiting":
            note(desk.abandon(ticket, at=due))
    note(desk.submit(a_ticket(id=name, queue="calls"), at=at))
    heappush(happenings, (at + patience, 1, name))


WORKS: dict[int, dict[str, int]] = {}
