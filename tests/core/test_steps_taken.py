"""What a command costs, counted and not timed: an O(n) slip fails on any machine.

A step is a line of the library that runs. What a line does inside Python's own C, such as a push
onto a heap, is one step however many there are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from statistics import median
from types import FrameType
from typing import Any

import pytest
from counting import calls_of

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.index.by_age import Ages
from ticketroute.model.agent import Agent
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.ticket import Ticket
from ticketroute.strategies.ranked import Ranked

Q = QueueId("q")
FEW, MANY = 300, 3_000
SKILLS = [f"s{number}" for number in range(12)]
Asked = Callable[[Random], Mapping[str, int]]


def nothing(_: Random) -> Mapping[str, int]:
    return {}


def one_of_sixty(chance: Random) -> Mapping[str, int]:
    return {chance.choice(SKILLS): chance.randint(1, 5)}


def anything(chance: Random) -> Mapping[str, int]:
    return {skill: chance.randint(1, 4) for skill in chance.sample(SKILLS, 2)}


def nobody_has(_: Random) -> Mapping[str, int]:
    return {"rare": 1}


def steps_of(command: Callable[[], object]) -> int:
    """Count the lines of the library that a command runs."""
    steps = 0

    def count_line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if "ticketroute" not in frame.f_code.co_filename:
            return None
        steps += event == "line"
        return count_line

    before = sys.gettrace()
    sys.settrace(count_line)
    try:
        command()
    finally:
        sys.settrace(before)
    return steps


class Cycle:
    """Submits and resolves, on a desk where some are at work."""

    def __init__(self, agents: int, asked: Asked, *, strategy: str) -> None:
        self.chance, self.asked, self.numbers = Random(7), asked, count()  # noqa: S311  seeded
        self.desk = Dispatcher()
        everyone = [AgentId(f"a{number:05}") for number in range(agents)]
        for agent_id in everyone:
            skills = {skill: self.chance.randint(1, 10) for skill in self.chance.sample(SKILLS, 5)}
            agent = Agent(id=agent_id, capacity=2, skills=skills)
            self.desk.add_agent(agent, presence="available", at=0)
        self.desk.add_queue(Queue(id=Q, members=everyone, strategy=strategy), at=0)
        for _ in range(agents // 3):
            self.submit()

    def submit(self) -> TicketId:
        ticket_id = TicketId(f"t{next(self.numbers)}")
        self.desk.submit(Ticket(id=ticket_id, queue=Q, skills=self.asked(self.chance)), at=0)
        return ticket_id

    def run(self) -> None:
        self.desk.resolve(self.submit(), at=0)


@pytest.mark.parametrize("strategy", ["average_load", "max_load", "top_down", "round_robin"])
@pytest.mark.parametrize("asked", [nothing, one_of_sixty, nobody_has])
def test_a_ticket_takes_as_many_steps_among_many_agents_as_among_few(
    asked: Asked, strategy: str
) -> None:
    seen = []
    for agents in (FEW, MANY):
        cycle = Cycle(agents, asked, strategy=strategy)
        for _ in range(50):
            cycle.run()
        seen.append(median(steps_of(cycle.run) for _ in range(50)))
    assert seen[1] <= 1.25 * seen[0] + 20


def test_hundreds_of_demands_take_no_more_steps_than_sixty() -> None:
    seen = []
    for asked in (one_of_sixty, anything):
        cycle = Cycle(FEW, asked, strategy="average_load")
        for _ in range(300):
            cycle.run()
        seen.append(median(steps_of(cycle.run) for _ in range(100)))
        by_age = cycle.desk._state.roster.queues[Q].index.ages is not None
        assert by_age or asked is one_of_sixty
    assert seen[1] <= 1.25 * seen[0] + 20


@pytest.mark.parametrize(("asked", "most"), [(nothing, 58), (one_of_sixty, 78), (nobody_has, 65)])
def test_submit_and_resolve_call_few_functions(asked: Asked, most: int) -> None:
    cycle = Cycle(FEW, asked, strategy="average_load")
    for _ in range(200):
        cycle.run()
    made = Ticket(id=TicketId("made before"), queue=Q, skills=asked(cycle.chance))
    without = calls_of(lambda: Ticket(id=made.id, queue=Q, skills=made.skills))
    calls = median(calls_of(cycle.run) for _ in range(50))
    assert calls - without <= most


def test_a_decline_calls_few_functions() -> None:
    cycle = Cycle(FEW, one_of_sixty, strategy="average_load")
    cycle.desk.change_queue(Q, delivery=Delivery.OFFER, at=0)

    def decline_five() -> None:
        ticket_id = cycle.submit()
        for _ in range(5):
            (agent_id,) = cycle.desk.ticket(ticket_id).offered_to
            calls.append(calls_of(lambda: cycle.desk.decline(ticket_id, agent_id, at=0)))  # noqa: B023
        (agent_id,) = cycle.desk.ticket(ticket_id).offered_to
        cycle.desk.accept(ticket_id, agent_id, at=0)
        cycle.desk.resolve(ticket_id, at=0)

    calls: list[int] = []
    for _ in range(60):
        decline_five()
    assert median(calls[100:]) <= 95


@pytest.mark.parametrize("rung", [4, 12])
@pytest.mark.parametrize("end", ["expire", "decline", "accept"])
def test_a_ring_that_ends_takes_as_many_steps_beside_many_rings_as_beside_few(
    end: str, rung: int
) -> None:
    seen = []
    for tickets in (30, 300):
        desk = Dispatcher()
        everyone = [AgentId(f"a{number:02}") for number in range(rung)]
        for agent_id in (*everyone, "unskilled"):
            skills = {} if agent_id == "unskilled" else {"s": 1}
            agent = Agent(id=agent_id, capacity=1_000, skills=skills)
            desk.add_agent(agent, presence="available", at=0)
        queue = Queue(id=Q, strategy="ring_all", delivery="offer", members=[*everyone, "unskilled"])
        desk.add_queue(queue, at=0)
        for number in range(tickets):
            desk.submit(Ticket(id=f"t{number}", queue=Q, skills={"s": 1}), at=number)
        desk.submit(Ticket(id="other", queue=Q), at=tickets)

        def one(number: int) -> int:
            if end == "expire":
                return steps_of(lambda: desk.advance(at=30_000 + number))  # noqa: B023
            ticket_id, agent_id = f"t{number}", everyone[number % rung]  # noqa: B023
            if end == "decline":
                return steps_of(lambda: desk.decline(ticket_id, agent_id, at=tickets))  # noqa: B023
            desk.accept(ticket_id, agent_id, at=tickets)  # noqa: B023
            return steps_of(lambda: desk.resolve(ticket_id, at=tickets))  # noqa: B023

        seen.append(median(one(number) for number in range(10)))
    assert seen[1] <= 1.25 * seen[0] + 20


@pytest.mark.parametrize("strategy", ["average_load", "longest_idle"])
@pytest.mark.parametrize("asked", [nothing, anything])
def test_churn_on_a_few_agents_leaves_nothing_behind(asked: Asked, strategy: str) -> None:
    cycle = Cycle(6, asked, strategy=strategy)
    for _ in range(4_000):
        cycle.run()
    queue = cycle.desk._state.roster.queues[Q]
    assert isinstance(queue.strategy, Ranked)
    assert len(queue.strategy._heap) <= 2 * 6 + 65
    for demand in queue.index.indexed:
        assert demand.index is not None
        assert demand.index.ranked is not None
        assert len(demand.index.ranked._heap) <= 2 * 6 + 65
    ages = queue.index.ages
    if ages is not None:
        assert isinstance(ages, Ages)
        assert sum(len(run.members) for run in ages._runs) <= 1_024 + 64
