"""What happens in a run, and in which order within one instant."""

from typing import Any

import pytest
from attrs import evolve

from ticketroute import Agent, Calendar, Delivery, Metric, OfferPolicy, Policy, Queue, Target
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, PolicyId, QueueId
from ticketroute.model.events import Event, TicketAssigned
from ticketroute.simulation import (
    Answers,
    Exponential,
    Fixed,
    Kind,
    Misrouting,
    Outcome,
    Poisson,
    Recorded,
    Reopening,
    Run,
    Scenario,
    Worker,
    figures_of,
)
from ticketroute.simulation.figures import busy_shares
from ticketroute.simulation.scenario import MONDAY
from ticketroute.simulation.units import DAY, HOUR

NINE_TO_FIVE = Calendar(hours={"mon": [("09:00", "17:00")]})
A, B = AgentId("a"), AgentId("b")


def go(scenario: Scenario, seed: str = "1") -> Run:
    return Run(scenario, seed=seed).go()


def arriving(*hours: float, **more: Any) -> Kind:
    return Kind(
        **{
            "name": "mail",
            "queue": QueueId("q"),
            "arrivals": Recorded([MONDAY + round(hour * HOUR) for hour in hours]),
            "handling": Fixed(HOUR),
            **more,
        }
    )


def one_queue(*workers: Worker, kinds: list[Kind], **more: Any) -> Scenario:
    queue = {"id": QueueId("q"), "members": [worker.agent.id for worker in workers]}
    return Scenario(
        queues=[Queue(**{**queue, **more.pop("queue", {})}), *more.pop("queues", ())],
        workers=workers,
        kinds=kinds,
        length=more.pop("length", "2d"),
        warm_up=0,
        **more,
    )


def worker(name: AgentId = A, capacity: int = 1, **more: Any) -> Worker:
    return Worker(agent=Agent(id=name, capacity=capacity), **more)


def hours_after_start(instants: Any) -> list[float]:
    return [(at - MONDAY) / HOUR for at in instants]


def test_the_same_seed_gives_the_same_run_and_another_seed_another(desk: Any) -> None:
    first, again, other = (go(desk(), seed=seed) for seed in ("1", "1", "2"))

    assert first.records.columns() == again.records.columns()
    assert first.records.columns() != other.records.columns()


def test_every_strategy_sees_the_same_tickets(desk: Any) -> None:
    workers = [worker(AgentId(f"a{n}"), pace=1 + n / 10) for n in range(3)]
    runs = [
        go(desk(workers=workers, rate=2.4, queue={"strategy": strategy}))
        for strategy in ("random", "top_down", "longest_idle")
    ]

    assert len({tuple(run.records.arrived) for run in runs}) == 1
    assert len({tuple(run.records.started) for run in runs}) == 3
    shares = [
        [
            round(handled / (1 + agent / 10))
            for handled, agent in zip(run.records.handled, run.records.agent, strict=True)
        ]
        for run in runs
    ]
    for other in shares[1:]:
        assert all(abs(one - two) <= 1 for one, two in zip(shares[0], other, strict=True))


def test_an_ending_comes_before_an_arrival_of_the_same_instant() -> None:
    run = go(one_queue(worker(), kinds=[arriving(0, 1, patience=Fixed(0))]))

    assert list(run.records.outcome) == [Outcome.RESOLVED, Outcome.RESOLVED]


def test_a_requester_without_patience_leaves_before_the_next_arrival_of_the_instant() -> None:
    kinds = [
        arriving(0, handling=Fixed(2 * HOUR), name="long"),
        arriving(1, 1, name="lost", patience=Fixed(0)),
    ]
    left: list[str] = []
    run = Run(
        one_queue(worker(), kinds=kinds), seed="1", see=lambda e: left.append(type(e).__name__)
    )
    run.go()

    lost = left.index("TicketAbandoned")
    assert left[lost + 1] == "TicketSubmitted"
    assert list(run.records.outcome) == [Outcome.RESOLVED, Outcome.ABANDONED, Outcome.ABANDONED]


def test_patience_that_ends_as_the_agent_becomes_free_loses() -> None:
    kinds = [arriving(0, name="first"), arriving(0.5, name="second", patience=Fixed(HOUR / 2))]
    run = go(one_queue(worker(), kinds=kinds))

    assert list(run.records.outcome) == [Outcome.RESOLVED, Outcome.RESOLVED]
    assert hours_after_start(run.records.started) == [0, 1]


def test_patience_that_ends_a_millisecond_earlier_wins() -> None:
    kinds = [arriving(0, name="first"), arriving(0.5, name="second", patience=Fixed(HOUR / 2 - 1))]
    run = go(one_queue(worker(), kinds=kinds))

    assert list(run.records.outcome) == [Outcome.RESOLVED, Outcome.ABANDONED]


def test_patience_that_ends_in_the_instant_of_an_acceptance_loses() -> None:
    answers = Answers(after=Fixed("10s"))
    offers = {"delivery": Delivery.OFFER}
    kinds = [arriving(0, patience=Fixed("10s"))]
    run = go(one_queue(worker(answers=answers), kinds=kinds, queue=offers))

    assert list(run.records.outcome) == [Outcome.RESOLVED]


def test_nobody_gets_a_ticket_at_the_instant_their_hours_end() -> None:
    kinds = [arriving(16), arriving(16.5, name="late")]
    run = go(one_queue(worker(hours=NINE_TO_FIVE), kinds=kinds, length="8d"))

    assert hours_after_start(run.records.started) == [16, 24 * 7 + 9]


def test_work_at_the_end_of_the_hours_is_finished_in_overtime() -> None:
    run = go(one_queue(worker(hours=NINE_TO_FIVE), kinds=[arriving(16.5)], length="1d"))

    assert hours_after_start(run.records.ended) == [17.5]
    busy, staffed = busy_shares(run, MONDAY, MONDAY + DAY)
    assert busy[0] == HOUR
    assert staffed[0] == 8.5 * HOUR  # eight hours on duty, and half an hour after
    assert figures_of(run, warm_up=0)["occupancy"] == pytest.approx(1 / 8.5)


def test_work_rests_until_the_hours_go_on_where_there_is_no_overtime() -> None:
    at_work = worker(hours=NINE_TO_FIVE, overtime=False, one_at_a_time=True, capacity=5)
    run = go(one_queue(at_work, kinds=[arriving(16.5, 16.6)], length="8d"))

    assert hours_after_start(run.records.ended) == [24 * 7 + 9.5, 24 * 7 + 10.5]
    busy, staffed = busy_shares(run, MONDAY, MONDAY + 8 * DAY)
    assert busy[0] == 2 * HOUR
    assert staffed[0] == 16 * HOUR


def test_tickets_of_an_agent_who_works_one_at_a_time_wait_for_one_another() -> None:
    run = go(one_queue(worker(capacity=3, one_at_a_time=True), kinds=[arriving(0, 0, 0)]))

    assert hours_after_start(run.records.assigned) == [0, 0, 0]
    assert hours_after_start(run.records.started) == [0, 1, 2]


def test_an_agent_with_room_works_on_several_tickets_at_once() -> None:
    run = go(one_queue(worker(capacity=3), kinds=[arriving(0, 0, 0)]))

    assert hours_after_start(run.records.ended) == [1, 1, 1]
    busy, _ = busy_shares(run, MONDAY, run.scenario.end)
    assert busy[0] == HOUR  # the time with at least one ticket


def test_wrap_up_keeps_the_agent_busy() -> None:
    run = go(one_queue(worker(), kinds=[arriving(0, 0)], queue={"wrap_up": HOUR // 2}))

    assert hours_after_start(run.records.started) == [0, 1.5]
    busy, _ = busy_shares(run, MONDAY, run.scenario.end)
    assert busy[0] == 3 * HOUR


def test_a_misrouted_ticket_goes_on_to_the_queue_it_belongs_to() -> None:
    wrong = Misrouting(share=1, to={QueueId("other"): 1}, noticed=0.25)
    other = Queue(id=QueueId("other"), members=[B])
    run = go(
        one_queue(
            worker(A), worker(B), kinds=[arriving(0, misrouting=wrong)], queues=[other],
            queue={"members": [A]},
        )
    )  # fmt: skip

    assert hours_after_start(run.records.ended) == [1.25]
    assert list(run.records.handovers) == [1]
    assert list(run.records.handled) == [1.25 * HOUR]


def test_a_reopened_ticket_is_worked_again() -> None:
    again = Reopening(share=0.5, after=Fixed("1d"), factor=0.5)
    run = go(
        one_queue(worker(), kinds=[arriving(*range(0, 400, 2), reopening=again)], length="30d")
    )

    assert 60 < sum(times > 0 for times in run.records.reopened) < 140
    once = list(run.records.reopened).index(1)
    assert run.records.handled[once] == 1.5 * HOUR


def test_agents_pull_the_next_ticket_when_they_look() -> None:
    at_work = worker(looks_after=Fixed("6min"))
    run = go(one_queue(at_work, kinds=[arriving(0, 2, 2)], queue={"delivery": Delivery.PULL}))

    assert hours_after_start(run.records.started) == [0.1, 2.1, 3.2]


def test_an_offer_that_nobody_answers_goes_on_to_the_next_agent() -> None:
    deaf = worker(A, answers=Answers(ignored=1))
    offers = {
        "delivery": Delivery.OFFER,
        "strategy": "top_down",
        "offer": OfferPolicy(timeout=30_000),
    }
    run = go(one_queue(deaf, worker(B), kinds=[arriving(0)], queue=offers))

    assert run.records.started[0] == MONDAY + 30_000
    assert run.records.agents[run.records.agent[0]] == B


def test_a_load_that_is_reported_late_keeps_tickets_from_an_idle_agent() -> None:
    late = worker(reports_after=Fixed(HOUR / 2))
    run = go(one_queue(late, kinds=[arriving(0, 0.5)]))

    assert hours_after_start(run.records.ended) == [1, 2.5]


def test_recorded_tickets_go_by_hand_to_the_agents_who_had_them() -> None:
    scenario = one_queue(
        worker(A, one_at_a_time=True), worker(B, one_at_a_time=True),
        kinds=[arriving(0, 0, 0)],
        recorded={"mail-1": (A,), "mail-2": (A,), "mail-3": (A, B)},
        queue={"delivery": Delivery.PULL},
    )  # fmt: skip
    run = go(scenario)

    assert hours_after_start(run.records.started) == [0, 1, 2]
    assert list(run.records.handovers) == [0, 0, 1]
    assert not scenario.with_strategy("random").recorded


def test_service_levels_are_counted_from_the_clocks_of_the_desk() -> None:
    policy = Policy(
        id=PolicyId("p"),
        targets={
            Metric.RESOLUTION: Target(within=90 * 60_000),
            Metric.FIRST_RESPONSE: Target(within=HOUR),
        },
    )
    run = go(one_queue(worker(), kinds=[arriving(0, 0)], policies=[policy]))

    assert run.clocks["resolution", "3", "met"] == 1
    assert run.clocks["resolution", "3", "missed"] == 1
    assert run.clocks["first_response", "3", "met"] == 1
    assert figures_of(run, warm_up=0)["attainment"] == 0.5


def test_no_tickets_at_all_is_a_run_too(desk: Any) -> None:
    run = go(desk(rate=0.0))

    assert len(run.records) == 0
    assert run.records.columns()["arrived"] == []
    assert str(figures_of(run, warm_up=0)["wait"]) == "nan"


def test_a_run_above_capacity_ends_with_the_drain(desk: Any) -> None:
    scenario = evolve(desk(agents=1, rate=3.0), drain=0)
    run = go(scenario)

    assert figures_of(run, warm_up=0)["left"] > 0.5
    assert run.finished <= scenario.end


def test_the_dispatcher_assigns_and_never_the_simulation(desk: Any) -> None:
    events: list[Event] = []
    run = Run(desk(), seed="1", see=events.append).go()
    assigned = [event for event in events if isinstance(event, TicketAssigned)]

    assert len(assigned) == len(run.records)
    assert all(str(event.strategy) == "longest_idle" or not event.key for event in assigned)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": [arriving(0, queue="sales")]}, "a queue of kind 'mail' is 'sales'"),
        (
            {"kinds": [arriving(0, skills=[({"tamil": 3}, 1)])]},
            "skills of kind 'mail' is {'tamil': 3}",
        ),
        ({"kinds": [arriving(0), arriving(1)]}, "kind of the scenario is 'mail'"),
        ({"warm_up": "3d"}, "Scenario.warm_up is 259200000"),
        ({"length": 0}, "Scenario.length is 0"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    scenario = one_queue(worker(), kinds=[arriving(0)])
    with pytest.raises(InvalidValueError) as caught:
        evolve(scenario, **change)

    assert message in str(caught.value)


def test_arrivals_at_rate_zero_and_laws_without_a_mean_are_told_apart() -> None:
    assert Poisson(0).per_hour(0, HOUR) == 0
    with pytest.raises(InvalidValueError, match=r"Exponential.mean is 0"):
        Exponential(0)
