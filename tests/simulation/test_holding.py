"""Tickets whose work rests for a while."""

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import Agent, Delivery, Metric, Policy, Queue, Target
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, PolicyId, QueueId
from ticketroute.model.events import (
    Event,
    TicketHeld,
    TicketReleased,
    TicketResumed,
    TicketTransferred,
)
from ticketroute.simulation import (
    Exponential,
    Fixed,
    Holding,
    Kind,
    Misrouting,
    Outcome,
    Poisson,
    Recorded,
    Reopening,
    Run,
    Scenario,
    Worker,
    load_of,
)
from ticketroute.simulation.scenario import MONDAY
from ticketroute.simulation.units import HOUR

A, B, Q = AgentId("a"), AgentId("b"), QueueId("q")


def arriving(*hours: float, name: str = "held", **more: Any) -> Kind:
    times = Recorded([MONDAY + round(hour * HOUR) for hour in hours])
    return Kind(name=name, queue=Q, arrivals=times, handling=Fixed("2h"), **more)


def desk(*kinds: Kind, workers: Any = None, **queue: Any) -> Scenario:
    workers = workers or [Worker(agent=Agent(id=A, capacity=1))]
    members = [worker.agent.id for worker in workers]
    facts = {"strategy": "top_down", "members": members, **queue}
    return Scenario(
        queues=[Queue(id=Q, **facts)], workers=workers, kinds=kinds, length="24h", warm_up=0
    )


def hours(instants: Any) -> list[float]:
    return [(at - MONDAY) / HOUR for at in instants]


class OnceChance:
    """A chance whose every ticket is on hold once."""

    def __init__(self, run: Run) -> None:
        self._chance = run.chance
        self.seed, self.source = run.chance.seed, run.chance.source

    def draw(self, purpose: str, name: str) -> float:
        """Return 0 for the first hold of a ticket, nearly 1 for a later one."""
        if purpose == "held":
            return 0.0 if name.endswith("/0") else 0.999
        return self._chance.draw(purpose, name)


def once(scenario: Scenario, see: Any = None) -> Run:
    run = Run(scenario, seed="1", see=see)
    run.chance = OnceChance(run)  # type: ignore[assignment]
    return run.go()


HOLD = Holding(share=0.5, span=Fixed("5h"), after=0.25)


def test_a_ticket_on_hold_leaves_its_agent_free_and_goes_on_with_what_is_left() -> None:
    run = once(desk(arriving(0, holding=HOLD), arriving(1, name="other")))

    assert hours(run.records.ended) == [5.5 + 1.5, 3.0]
    assert hours(run.records.started) == [0, 1]
    assert list(run.records.handled) == [2 * HOUR, 2 * HOUR]
    assert list(run.records.handovers) == [0, 0]


def test_a_ticket_that_takes_no_time_rests_all_the_same() -> None:
    run = once(desk(evolve(arriving(0, holding=HOLD), handling=Fixed(0))))

    assert hours(run.records.ended) == [5]


def test_a_ticket_on_hold_that_counts_keeps_its_agent_from_new_ones() -> None:
    run = once(desk(arriving(0, holding=HOLD), arriving(1, name="other"), parked_counts=True))

    assert hours(run.records.ended) == [7.0, 9.0]


def test_a_ticket_whose_agent_has_no_room_goes_on_with_another_who_has() -> None:
    workers = [Worker(agent=Agent(id=A, capacity=1)), Worker(agent=Agent(id=B, capacity=1), pace=2)]
    run = once(desk(arriving(0, holding=HOLD), arriving(4.9, name="other"), workers=workers))

    # Three quarters of the handling are left, and ben takes twice as long.
    assert hours(run.records.ended) == [5.5 + 3, 6.9]
    assert list(run.records.handovers) == [1, 0]
    assert list(run.records.handled) == [3.5 * HOUR, 2 * HOUR]


def test_a_sticky_ticket_goes_back_to_its_agent_and_waits_for_them() -> None:
    workers = [
        Worker(agent=Agent(id=A, capacity=1), one_at_a_time=True),
        Worker(agent=Agent(id=B, capacity=1)),
    ]
    scenario = desk(
        arriving(0, holding=HOLD), arriving(4.9, name="other"), workers=workers, resume="sticky"
    )
    run = once(scenario)

    assert hours(run.records.ended) == [6.9 + 1.5, 6.9]
    assert list(run.records.handovers) == [0, 0]


def test_the_clock_of_a_service_level_pauses_on_hold() -> None:
    policy = Policy(id=PolicyId("p"), targets={Metric.RESOLUTION: Target(within=3 * HOUR)})
    run = once(evolve(desk(arriving(0, holding=HOLD)), policies=[policy]))

    assert run.clocks["resolution", "3", "met"] == 1


def test_a_ticket_that_never_comes_back_within_the_drain_is_open() -> None:
    run = once(evolve(desk(arriving(0, holding=Holding(share=0.5, span=Fixed("5d")))), drain=0))

    assert list(run.records.outcome) == [Outcome.OPEN]


def test_a_ticket_in_a_wrong_queue_is_noticed_before_it_would_rest() -> None:
    right = QueueId("right")
    kind = arriving(0, holding=HOLD, misrouting=Misrouting(share=1, to={right: 1}, noticed=0.5))
    workers = [Worker(agent=Agent(id=A, capacity=1)), Worker(agent=Agent(id=B, capacity=1))]
    seen: list[Event] = []
    queues = [Queue(id=Q, members=[A]), Queue(id=right, members=[B])]
    once(
        Scenario(queues=queues, workers=workers, kinds=[kind], length="24h", warm_up=0), seen.append
    )
    moved = next(n for n, event in enumerate(seen) if isinstance(event, TicketTransferred))

    assert [n > moved for n, event in enumerate(seen) if isinstance(event, TicketHeld)] == [True]


def test_the_share_and_the_number_of_holds_follow_the_scenario() -> None:
    held: list[Event] = []
    kind = Kind(
        name="k", queue=Q, arrivals=Poisson(0.2), handling=Exponential("1h"),
        holding=Holding(share=0.25, span=Exponential("1h")),
    )  # fmt: skip
    scenario = evolve(desk(kind), length="20000h")
    run = Run(scenario, seed="1", see=lambda e: held.append(e) if type(e) is TicketHeld else None)
    run.go()
    first = len({event.ticket_id for event in held if isinstance(event, TicketHeld)})

    assert first / len(run.records) == pytest.approx(0.25, abs=0.02)
    assert len(held) / len(run.records) == pytest.approx(0.25 / 0.75, abs=0.03)
    assert load_of(scenario) == pytest.approx(0.2)


KINDS = st.builds(
    lambda rate, share, wrong, again: Kind(
        name="k", queue=Q, arrivals=Poisson(rate), handling=Exponential("30min"),
        holding=Holding(share=share, span=Exponential("2h")),
        misrouting=Misrouting(share=wrong, to={QueueId("r"): 1}),
        reopening=Reopening(share=again, after=Exponential("1h")),
    ),
    st.floats(0.1, 3), st.floats(0, 0.9), st.floats(0, 1), st.floats(0, 0.5),
)  # fmt: skip


@given(KINDS, st.booleans(), st.sampled_from(["strict", "sticky"]), st.booleans())
@settings(deadline=None)
def test_every_ticket_is_done_in_the_end_and_every_agent_free(
    kind: Kind, counts: bool, resume: str, pull: bool
) -> None:
    workers = [
        Worker(agent=Agent(id=A, capacity=1), one_at_a_time=True),
        Worker(agent=Agent(id=B, capacity=2)),
    ]
    queues = [
        Queue(id=name, members=[A, B], resume=resume, parked_counts=counts,
              delivery=Delivery.PULL if pull else Delivery.ASSIGN)
        for name in (Q, QueueId("r"))
    ]  # fmt: skip
    scenario = Scenario(
        queues=queues, workers=workers, kinds=[kind], length="30h", drain="1000d", warm_up=0
    )
    seen: list[Event] = []
    run = Run(scenario, seed="1", see=seen.append).go()
    left = sum(
        type(e) is TicketResumed or (type(e) is TicketReleased and e.cause.value == "resumed")
        for e in seen
    )

    assert set(run.records.outcome) <= {Outcome.RESOLVED}
    assert not any(staff.line for staff in run.staff.values())
    assert sum(type(event) is TicketHeld for event in seen) == left


def test_a_share_of_one_is_refused() -> None:
    with pytest.raises(InvalidValueError, match=r"Holding.share is 1"):
        Holding(share=1)
