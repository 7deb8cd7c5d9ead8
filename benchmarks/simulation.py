"""Simulated tickets beside SimPy and Ciw: M/M/c at a load of 0.9, records kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import Any

from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import ABSENT, TOO_SLOW, Row, compared
from ticketroute import Agent, Queue
from ticketroute.model import AgentId, QueueId
from ticketroute.simulation import Exponential, Kind, Poisson, Run, Scenario, Worker
from ticketroute.simulation.units import HOUR

LOAD = 0.9
SIZES = (10, 100, 1_000)  # agents, no more: an M/M/c of ten thousand waits for nobody
SLOWER = {10: 1 / 0.6, 100: 1 / 0.7, 1_000: 1 / 1.0}  # at most so many times SimPy's time
CIW_AT, CIW = 1_000, 1 / 8
GROWTH = 1.5


class Ours:
    """Runs a scenario of so many tickets through the dispatcher."""

    most = 100_000

    def __init__(self, agents: int) -> None:
        self._agents = agents
        self._run: Run | None = None

    def prepare(self, count: int) -> None:
        """Make ready a run of about ``count`` tickets."""
        workers = [
            Worker(agent=Agent(id=AgentId(f"a{n}"), capacity=1)) for n in range(self._agents)
        ]
        rate = LOAD * self._agents
        scenario = Scenario(
            queues=[
                Queue(
                    id=QueueId("q"),
                    members=[worker.agent.id for worker in workers],
                    strategy="longest_idle",
                )
            ],
            workers=workers,
            kinds=[
                Kind(name="t", queue=QueueId("q"), arrivals=Poisson(rate),
                     handling=Exponential(HOUR))
            ],
            length=count / rate * HOUR,
        )  # fmt: skip
        self._run = Run(scenario, seed="1")
        self._run.open()

    def run(self) -> None:
        """Run it."""
        assert self._run is not None
        self._run.go()


class SimPy:
    """SimPy's plain Resource: no agents, no skills, no strategy."""

    most = 100_000

    def __init__(self, agents: int) -> None:
        self._agents, self._count = agents, 0
        self._simpy: Any = import_module("simpy")
        self.records: list[tuple[float, float, float]] = []

    def prepare(self, count: int) -> None:
        """Note how many tickets."""
        self._count = count

    def run(self) -> None:
        """Run a process for each ticket."""
        environment = self._simpy.Environment()
        resource = self._simpy.Resource(environment, self._agents)
        chance, records, rate = Random(1), [], LOAD * self._agents

        def ticket() -> Iterator[Any]:
            arrived = environment.now
            with resource.request() as request:
                yield request
                started = environment.now
                yield environment.timeout(chance.expovariate(1))
            records.append((arrived, started, environment.now))

        def arrivals() -> Iterator[Any]:
            for _ in range(self._count):
                yield environment.timeout(chance.expovariate(rate))
                environment.process(ticket())

        environment.process(arrivals())
        environment.run()
        self.records = records


class Ciw:
    """A node of Ciw."""

    most = 20_000

    def __init__(self, agents: int) -> None:
        self._agents = agents
        self._ciw: Any = import_module("ciw")
        self._until = 0.0
        self._network: Any = None

    def prepare(self, count: int) -> None:
        """Make the network, and note when about ``count`` tickets have come."""
        rate = LOAD * self._agents
        self._network = self._ciw.create_network(
            arrival_distributions=[self._ciw.dists.Exponential(rate)],
            service_distributions=[self._ciw.dists.Exponential(1.0)],
            number_of_servers=[self._agents],
        )
        self._until = count / rate

    def run(self) -> None:
        """Simulate, and take the records."""
        self._ciw.seed(1)
        simulation = self._ciw.Simulation(self._network)
        simulation.simulate_until_max_time(self._until)
        simulation.get_all_records()


PEERS: dict[str, tuple[str, Callable[[int], Contender]]] = {
    "simpy": ("SimPy Resource", SimPy),
    "ciw": ("Ciw", Ciw),
}


def rows(effort: Effort) -> Iterator[Row]:
    """Measure a simulated ticket at each number of agents."""
    title = "simulation: a ticket of M/M/c, load 0.9"
    small = Ours(SIZES[0])
    for agents in SIZES:
        contenders: dict[str, Contender] = {"ticketroute": Ours(agents)}
        for package, (name, make) in PEERS.items():
            if find_spec(package) is not None:
                contenders[name] = make(agents)
        if agents == SIZES[-1]:
            contenders["itself at 10"] = small
        seconds = interleaved(contenders, effort)
        subject = seconds["ticketroute"]
        for package, (name, _) in PEERS.items():
            at_most = SLOWER[agents] if package == "simpy" else None
            if package == "ciw" and agents == CIW_AT:
                at_most = CIW
            yield compared(
                title,
                agents,
                subject,
                name,
                seconds.get(name),
                at_most=at_most,
                missing=TOO_SLOW if name in contenders else ABSENT,
            )
        if "itself at 10" in seconds:
            yield compared(
                title, agents, subject, "itself at 10", seconds["itself at 10"], at_most=GROWTH
            )
