"""A log becomes a scenario: a desk that is simulated, logged, and fitted again."""

import math
from typing import Any

import pytest
from attrs import evolve

from ticketroute import Calendar, TicketPriority
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, QueueId
from ticketroute.simulation import Recorded, Resampled, Run, compare
from ticketroute.simulation.goodness import quality
from ticketroute.simulation.history import Past, fit
from ticketroute.simulation.scenario import MONDAY
from ticketroute.simulation.units import DAY, HOUR

ANA, BEN, CARL = AgentId("ana"), AgentId("ben"), AgentId("carl")
MAIL, SALES = QueueId("mail"), QueueId("sales")


def working_week(tickets: int = 200) -> list[Past]:
    """Return a log of two agents who take turns, from nine to five, for some weeks."""
    days = ("mon", "tue", "wed", "thu", "fri")
    hours = Calendar(hours={day: [("09:00", "17:00")] for day in days})
    table = hours.timetable
    found = []
    free = {ANA: MONDAY + 9 * HOUR, BEN: MONDAY + 9 * HOUR}
    for number in range(tickets):
        arrived = table.add(MONDAY, number * HOUR // 2)
        agent = (ANA, BEN)[number % 2]
        start = table.next_open(max(arrived, free[agent])) or 0
        ended = table.add(start, 40 * 60_000 + (number % 7) * 5 * 60_000)
        free[agent] = ended
        found.append(
            Past(
                id=str(number), queue=MAIL, arrived=arrived, ended=ended, agents=((agent, MAIL),),
                met=ended - arrived <= 90 * 60_000,
            )
        )  # fmt: skip
    return found


def test_a_log_run_as_recorded_is_near_the_log() -> None:
    found = quality(fit(working_week()))

    assert found.waits < 0.25
    assert found.load < 0.2
    assert found.handovers == (0.0, 0.0)
    assert found.median[0] == pytest.approx(found.median[1], rel=0.3)


def test_people_hours_and_handling_times_are_fitted() -> None:
    scenario = fit(working_week()).scenario

    assert [worker.agent.id for worker in scenario.workers] == [ANA, BEN]
    hours = scenario.workers[0].hours
    assert hours is not None
    assert set(hours.hours) == {"mon", "tue", "wed", "thu", "fri"}
    (kind,) = scenario.kinds
    assert isinstance(kind.arrivals, Recorded)
    assert kind.handling.mean == pytest.approx(50 * 60_000, rel=0.2)


def test_a_factor_multiplies_handling_times() -> None:
    plain, doubled = fit(working_week()).scenario, fit(working_week(), factor=2.0).scenario

    assert doubled.workers[0].pace == pytest.approx(2 * plain.workers[0].pace)


def test_the_threshold_of_a_service_level_is_found() -> None:
    span, right = fit(working_week()).targets[TicketPriority.NORMAL]

    assert 0 < span <= 90 * 60_000
    assert right == 1.0
    met = sum(ticket.met is True for ticket in working_week()) / 2
    said = f"service level in the log, normal: met by {met:.1f} % of 200 tickets"
    assert said in fit(working_week()).scenario.assumptions


def test_a_given_service_level_is_taken_as_it_is() -> None:
    fitted = fit(working_week(), targets={TicketPriority.NORMAL: HOUR})

    assert fitted.targets[TicketPriority.NORMAL][0] == HOUR
    assert math.isnan(fitted.targets[TicketPriority.NORMAL][1])


def test_a_ticket_that_ended_in_another_queue_was_misrouted() -> None:
    past = working_week(100)
    moved = [
        Past(
            id=f"m{n}", queue=MAIL, arrived=MONDAY + n * HOUR, ended=MONDAY + (n + 2) * HOUR,
            agents=((ANA, MAIL), (CARL, SALES)),
        )
        for n in range(9, 17)
    ]  # fmt: skip
    fitted = fit([*past, *moved])
    wrong = fitted.scenario.kinds[0].misrouting

    assert wrong is not None
    assert wrong.share == pytest.approx(8 / 108)
    assert wrong.to == ((SALES, 8),)
    assert list(fitted.scenario.queues[1].members) == [CARL]
    records = Run(fitted.recorded, seed="1").go().records
    assert sum(records.handovers) == 8


def test_recorded_decisions_are_a_baseline_to_compare_with() -> None:
    fitted = fit(working_week(60))
    comparison = compare(
        {"as recorded": fitted.recorded, "random": fitted.scenario.with_strategy("random")},
        figure="resolution",
        replications=3,
        workers=1,
    )

    assert comparison.baseline == "as recorded"
    assert comparison.interval("random", "tickets").mean == 60
    assert comparison.interval("as recorded", "tickets").mean == 60


def test_days_can_be_drawn_anew() -> None:
    scenario = fit(working_week(), resample=True).scenario
    first, second = (Run(scenario, seed=seed).go() for seed in "12")

    assert isinstance(scenario.kinds[0].arrivals, Resampled)
    assert list(first.records.arrived) != list(second.records.arrived)
    assert 100 < len(first.records) < 300


def test_tickets_may_come_in_any_order_and_without_an_ending() -> None:
    past = working_week(40)
    past.append(Past(id="open", queue=MAIL, arrived=MONDAY + DAY, agents=((ANA, MAIL),)))
    one, other = fit(past), fit(reversed(past))

    assert one.scenario == other.scenario
    assert one.recorded.recorded == other.recorded.recorded


@pytest.mark.parametrize(
    ("past", "message"),
    [
        ([], "the number of tickets in the log is 0"),
        ([Past(id="1", queue=MAIL, arrived=MONDAY, ended=MONDAY)], "the agents in the log is ()"),
        (
            [Past(id="1", queue=MAIL, arrived=MONDAY, agents=((ANA, MAIL),))],
            "the endings in the log is ()",
        ),
    ],
)
def test_a_log_that_says_too_little_is_refused(past: Any, message: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        fit(past)
    assert message in str(caught.value)


def test_endings_that_were_undone_become_reopenings() -> None:
    past = [
        evolve(ticket, ended=ticket.ended + 2 * HOUR, over=((ticket.ended, ticket.ended + HOUR),))
        if n % 4 == 0 and ticket.ended is not None
        else ticket
        for n, ticket in enumerate(working_week())
    ]
    plain, fitted = fit(working_week()), fit(past)
    again = fitted.scenario.kinds[0].reopening

    assert again is not None
    assert again.share == pytest.approx(50 / 250)
    assert again.after.mean == HOUR
    # What was done after the reopening is not taken for a first handling.
    assert fitted.scenario.kinds[0].handling.mean == pytest.approx(
        plain.scenario.kinds[0].handling.mean, rel=0.02
    )
    assert any(line.startswith("reopenings:") for line in fitted.scenario.assumptions)


def test_holds_are_taken_from_the_handling_of_who_had_the_ticket_last() -> None:
    past = [
        evolve(ticket, since=ticket.arrived, holds=((ticket.ended - 20 * 60_000, ticket.ended),))
        for ticket in working_week()
        if ticket.ended is not None
    ]
    plain, fitted = fit(working_week()), fit(past)

    difference = plain.scenario.kinds[0].handling.mean - fitted.scenario.kinds[0].handling.mean
    assert difference == pytest.approx(20 * 60_000, rel=0.05)
