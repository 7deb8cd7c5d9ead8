"""The desk of a run forgets what is done, and nothing that anybody sees changes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import Agent, Metric, Policy, Queue, Target, Ticket
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, PolicyId, QueueId
from ticketroute.model.events import TicketsForgotten
from ticketroute.simulation import (
    Exponential,
    Fixed,
    Holding,
    Kind,
    Poisson,
    Reopening,
    Run,
    Scenario,
    Worker,
    engine,
)
from ticketroute.simulation.patterns import Pattern
from ticketroute.simulation.units import HOUR

Q = QueueId("q")
DESKS = st.builds(
    lambda rate, again, after, wrap_up, patience, strategy: Scenario(
        queues=[Queue(id=Q, members=["a", "b"], strategy=strategy, wrap_up=wrap_up)],
        workers=[Worker(agent=Agent(id=AgentId(name), capacity=2)) for name in "ab"],
        kinds=[
            Kind(
                name="k", queue=Q, arrivals=Poisson(rate), handling=Exponential("1h"),
                patience=patience, reopening=Reopening(share=again, after=after),
                holding=Holding(share=0.2, span=Exponential("2h")),
            )
        ],
        policies=[Policy(id=PolicyId("p"), targets={Metric.RESOLUTION: Target(within=2 * HOUR)})],
        length="60h", warm_up=0,
    ),
    st.floats(0.5, 5),
    st.floats(0, 0.8),
    st.sampled_from([Fixed(0), Exponential("1h"), Exponential("30h")]),
    st.sampled_from([0, HOUR]),
    st.none() | st.just(Exponential("1h")),
    st.sampled_from(["round_robin", "longest_idle", "random", "average_load"]),
)  # fmt: skip


def told(run: Run) -> Any:
    records = run.records
    columns = [
        list(getattr(records, name))
        for name in ("arrived", "assigned", "started", "ended", "agent", "outcome", "handled")
    ]
    return columns, dict(run.clocks), run.finished


@given(DESKS)
@settings(deadline=None)
def test_forgetting_changes_nothing_that_a_run_tells(scenario: Scenario) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "FORGET_AFTER", 10**9)
        kept = told(Run(scenario, seed="1").go())
        patch.setattr(engine, "FORGET_AFTER", 0)
        patch.setattr(engine.Run, "_may_forget", lambda self: True)
        forgotten: list[TicketsForgotten] = []
        run = Run(
            scenario, seed="1",
            see=lambda e: forgotten.append(e) if isinstance(e, TicketsForgotten) else None,
        ).go()  # fmt: skip

    assert told(run) == kept
    assert len(run.records) < 20 or forgotten


def test_what_the_desk_knows_does_not_grow_with_the_run(desk: Any) -> None:
    run = Run(desk(agents=2, length="12000h"), seed="1").go()

    assert len(run.records) > 15_000
    assert len(run.desk.tickets()) <= engine.FORGET_AFTER + 1


def test_a_ticket_of_a_pattern_is_the_ticket_that_would_have_been_made() -> None:
    facts: dict[str, Any] = {"queue": Q, "channel": "chat", "skills": {"tamil": 3}, "weight": 2}
    made = Pattern(Ticket(id="k-1", **facts)).named("k-2")

    assert made == Ticket(id="k-2", **facts)
    assert hash(made.id) == hash("k-2")


def test_a_ticket_of_a_pattern_has_an_id() -> None:
    with pytest.raises(InvalidValueError, match="the id of the ticket"):
        Pattern(Ticket(id="k-1", queue=Q)).named("")
