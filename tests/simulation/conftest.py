from collections.abc import Callable
from typing import Any

import pytest

from ticketroute import Agent, Queue
from ticketroute.model import AgentId, QueueId
from ticketroute.simulation import Exponential, Kind, Poisson, Scenario, Worker
from ticketroute.simulation.units import HOUR

Make = Callable[..., Scenario]


@pytest.fixture
def desk() -> Make:
    """Return what makes a desk of one queue and alike agents, by default M/M/c at load 0.8."""

    def make(
        agents: int = 2, rate: float | None = None, length: str = "200h", **more: Any
    ) -> Scenario:
        workers = more.pop("workers", None) or [
            Worker(agent=Agent(id=AgentId(f"a{n}"), capacity=1)) for n in range(agents)
        ]
        kind = {
            "name": "mail",
            "queue": QueueId("q"),
            "arrivals": Poisson(0.8 * len(workers) if rate is None else rate),
            "handling": Exponential(HOUR),
            **more.pop("kind", {}),
        }
        queue = {
            "id": QueueId("q"),
            "members": [worker.agent.id for worker in workers],
            "strategy": "longest_idle",
            **more.pop("queue", {}),
        }
        return Scenario(
            queues=[Queue(**queue)],
            workers=workers,
            kinds=[Kind(**kind)],
            length=length,
            **{"warm_up": 0, **more},
        )

    return make
