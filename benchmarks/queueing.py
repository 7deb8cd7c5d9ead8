"""``python -m benchmarks.queueing``: exact results of queueing theory beside simulated ones.

Each row of ``tests/data/queueing.json`` that can be expressed becomes a scenario, is run at least
20 times, and more often until the 99 % interval is within 2 % of its mean. Without ``--rows`` it
takes some hours on one core; ``--quick`` runs 20 short replications of each.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from ticketroute import Agent, Delivery, OfferPolicy, Queue, TicketPriority
from ticketroute.model import AgentId, QueueId
from ticketroute.simulation import (
    Answers,
    Exponential,
    Fixed,
    Kind,
    Poisson,
    Recorded,
    Run,
    Scenario,
    Worker,
    figures_of,
    interval,
)
from ticketroute.simulation.figures import Waits, busy_shares
from ticketroute.simulation.scenario import MONDAY
from ticketroute.simulation.units import HOUR

ROWS = Path(__file__).parents[1] / "tests" / "data" / "queueing.json"
FEWEST, CONFIDENCE, HALF_WIDTH = 20, 0.99, 0.02
MANY = 1_000_000  # tickets that an agent who keeps a line of their own may hold
WARM_UP = 0.2  # of the run
MIN, SECOND = HOUR / 60, 1_000.0

CANNOT: Mapping[str, str] = {
    "M/M/c, QED limit (Halfin-Whitt)": "a limit for ever more agents, which no desk has",
    "M/M/c queue discipline": "a line in random order, which no queue of ticketroute keeps",
    "M/M/c/(c+K)": "a line with a last place: a queue of ticketroute turns nobody away",
    "fairness index": "a formula; the test of jain() holds it",
}

Value = Callable[[Run, int], float]


@frozen
class Case:
    """A row as a scenario for so many tickets, and what to read from a run of it."""

    scenario: Callable[[int], Scenario]
    value: Value
    tickets: int = 20_000


def _unit(params: Mapping[str, Any]) -> float:
    return {"s": SECOND, "min": MIN}.get(params.get("time_unit", "h"), HOUR)


def _workers(count: int, **more: Any) -> list[Worker]:
    capacity = more.pop("capacity", 1)
    return [
        Worker(agent=Agent(id=AgentId(f"a{n}"), capacity=capacity), **more) for n in range(count)
    ]


def _made(
    workers: Sequence[Worker],
    kinds: Sequence[Kind],
    tickets: int,
    *,
    strategy: str = "longest_idle",
    queues: Sequence[Queue] | None = None,
) -> Scenario:
    everyone = [worker.agent.id for worker in workers]
    per_hour = sum(kind.arrivals.per_hour(0, HOUR) for kind in kinds)
    length = tickets / per_hour * HOUR
    return Scenario(
        queues=queues or [Queue(id=QueueId("q"), members=everyone, strategy=strategy)],
        workers=workers,
        kinds=kinds,
        length=length,
        warm_up=length * WARM_UP,
    )


def _kind(rate: float, unit: float, handling: Any, name: str = "t", **more: Any) -> Kind:
    """Return a kind with ``rate`` tickets in a unit of time."""
    queue = more.pop("queue", QueueId("q"))
    return Kind(
        name=name, queue=queue, arrivals=Poisson(rate * HOUR / unit), handling=handling, **more
    )


def _figure(name: str, scale: float = 1.0) -> Value:
    return lambda run, warm: figures_of(run, warm_up=warm)[name] / scale


def _waits(read: Callable[[Waits], float]) -> Value:
    return lambda run, warm: read(Waits.of(run, run.scenario.start + warm))


def _busy(number: int) -> Value:
    def value(run: Run, warm: int) -> float:
        busy, staffed = busy_shares(run, run.scenario.start + warm, run.scenario.end)
        return float(busy[number] / staffed[number])

    return value


# --- one function a model -------------------------------------------------------------------------


def _loss(p: Mapping[str, Any], _: str) -> Case:
    load, count = p["offered_load"], p["c"]
    kind = _kind(load, HOUR, Exponential(HOUR), patience=Fixed(0))
    return Case(
        lambda n: _made(_workers(count), [kind], n), _figure("abandoned"), max(20_000, 100 * count)
    )


def _ordered(p: Mapping[str, Any], _: str) -> Case:
    kind = _kind(p["offered_load"], HOUR, Exponential(HOUR), patience=Fixed(0))
    # The agents after the k-th make no difference to the k-th.
    count = p["agent_position"]
    return Case(lambda n: _made(_workers(count), [kind], n, strategy="top_down"), _busy(count - 1))


def _erlang(p: Mapping[str, Any], metric: str) -> Case:
    unit = _unit(p)
    patience = None
    if "abandonment_rate" in p:
        patience = Exponential(unit / p["abandonment_rate"])
    kind = _kind(p["arrival_rate"], unit, Exponential(unit / p["service_rate"]), patience=patience)
    bound = p.get("T", 0) * unit
    values: dict[str, Value] = {
        "P(wait>0)": _figure("waited"),
        "occupancy": _figure("occupancy"),
        "mean wait in queue (ASA)": _figure("wait", unit),
        "mean queue length": _figure("queue_length"),
        "mean wait, all customers (served and abandoned)": _figure("wait_all", unit),
        "P(abandon)": _figure("abandoned"),
        "P(wait>T), wait = min(offered wait, patience)": _waits(
            lambda w: float((w.wait > bound).mean())
        ),
        "served within T / (arrivals - abandoned within T)": _waits(
            lambda w: float(
                (w.answered & (w.wait <= bound)).sum()
                / (len(w.wait) - (w.gave_up & (w.wait <= bound)).sum())
            )
        ),
        "abandoned within T / all arrivals": _waits(
            lambda w: float((w.gave_up & (w.wait <= bound)).mean())
        ),
    }
    return Case(
        lambda n: _made(_workers(p["c"]), [kind], n), values[metric], max(20_000, 100 * p["c"])
    )


def _cobham(p: Mapping[str, Any], _: str) -> Case:
    unit = _unit(p)
    kinds = [
        _kind(rate, unit, Exponential(unit / p["service_rate"]), name=f"k{n}",
              priorities={TicketPriority(n + 1): 1})
        for n, rate in enumerate(p["class_arrival_rates"])
    ]  # fmt: skip

    def second(run: Run, warm: int) -> float:
        return _mean_wait(run, warm, kind=1) / unit

    return Case(lambda n: _made(_workers(p["c"]), kinds, n), second)


def _mean_wait(run: Run, warm: int, *, kind: int) -> float:
    records = run.records
    waits = [
        started - arrived
        for which, arrived, started in zip(
            records.kind, records.arrived, records.started, strict=True
        )
        if which == kind and arrived >= run.scenario.start + warm
    ]
    return float(np.mean(waits))


def _deterministic(p: Mapping[str, Any], _: str) -> Case:
    kind = _kind(p["arrival_rate"], HOUR, Fixed(HOUR * p["mean_service"]))
    return Case(lambda n: _made(_workers(1), [kind], n), _figure("wait", HOUR))


def _pooled(p: Mapping[str, Any], _: str) -> Case:
    kind = _kind(p["c"] * p["rho"], HOUR, Exponential(HOUR / p["service_rate"]))
    return Case(lambda n: _made(_workers(p["c"]), [kind], n), _figure("resolution", HOUR))


def _separate(strategy: str) -> Callable[[Mapping[str, Any], str], Case]:
    def case(p: Mapping[str, Any], _: str) -> Case:
        rate = p["total_arrival_rate"] if "total_arrival_rate" in p else p["c"] * p["rho"]
        kind = _kind(rate, HOUR, Exponential(HOUR / p["service_rate"]))
        workers = _workers(p["c"], capacity=MANY, one_at_a_time=True)
        return Case(
            lambda n: _made(workers, [kind], n, strategy=strategy), _figure("resolution", HOUR)
        )

    return case


SERVERS = 200  # that stand for infinitely many


def _supermarket(p: Mapping[str, Any], _: str) -> Case | None:
    if p["d"] != 2:
        return None
    kind = _kind(p["arrival_rate_per_server"] * SERVERS, HOUR, Exponential(HOUR))
    workers = _workers(SERVERS, capacity=MANY, one_at_a_time=True)
    value = _figure("resolution", HOUR) if "i" not in p else _at_least(p["i"])
    # The fuller the servers, the longer the empty start is felt, and the longer a run has to be.
    tickets = SERVERS * (100 if p["arrival_rate_per_server"] < 0.8 else 200)
    return Case(lambda n: _made(workers, [kind], n, strategy="power_of_two"), value, tickets)


def _at_least(count: int) -> Value:
    """Return the share of time, over all agents, with at least so many tickets."""

    def value(run: Run, warm: int) -> float:
        records, scenario = run.records, run.scenario
        cut, end = scenario.start + warm, scenario.end
        agents = np.array(records.agent)
        order = np.argsort(agents, kind="stable")
        total = 0.0
        bounds = np.searchsorted(agents[order], np.arange(len(run.staff) + 1))
        since, until = np.array(records.assigned), np.array(records.ended)
        for first, last in pairwise(bounds):
            mine = order[first:last]
            at = np.concatenate((since[mine], until[mine]))
            step = np.concatenate((np.ones(len(mine)), -np.ones(len(mine))))
            sort = np.lexsort((step, at))
            at, level = np.clip(at[sort], cut, end), np.cumsum(step[sort])
            total += float((np.diff(at) * (level[:-1] >= count)).sum())
        return total / len(run.staff) / (end - cut)

    return value


def _unequal(p: Mapping[str, Any], metric: str) -> Case:
    strategy = {
        "fastest": "top_down",
        "slowest": "top_down",
        "random": "random",
        "longest_idle": "longest_idle",
    }[p["idle_choice"]]
    fast, slow = (
        Worker(agent=Agent(id=AgentId(name), capacity=1), pace=1 / rate)
        for name, rate in zip(("fast", "slow"), p["service_rates"], strict=True)
    )
    order = [slow, fast] if p["idle_choice"] == "slowest" else [fast, slow]
    kind = _kind(p["arrival_rate"], HOUR, Exponential(HOUR))
    number = {"fast": order.index(fast), "slow": order.index(slow)}
    values: dict[str, Value] = {
        "mean time in system": _figure("resolution", HOUR),
        "mean wait in queue": _figure("wait", HOUR),
        "share of tickets served by the fast agent": lambda run, warm: _share_of(
            run, warm, number["fast"]
        ),
        "utilisation of the slow agent": _busy(number["slow"]),
        "utilisation of the fast agent": _busy(number["fast"]),
    }
    return Case(lambda n: _made(order, [kind], n, strategy=strategy), values[metric])


def _share_of(run: Run, warm: int, number: int) -> float:
    arrived, agent = np.array(run.records.arrived), np.array(run.records.agent)
    return float((agent[arrived >= run.scenario.start + warm] == number).mean())


def _n_model_loss(p: Mapping[str, Any], _: str) -> Case:
    own, shared = p["dedicated_class1_agents"], p["flexible_agents"]
    workers = _two_pools(own, shared)
    kinds = [
        _kind(p[f"class{n}_rate"], HOUR, Exponential(HOUR), name=f"k{n}", patience=Fixed(0),
              queue=QueueId(f"q{n}"))
        for n in (1, 2)
    ]  # fmt: skip

    def lost(run: Run, warm: int) -> float:
        kind, outcome = np.array(run.records.kind), np.array(run.records.outcome)
        late = np.array(run.records.arrived) >= run.scenario.start + warm
        return float((outcome[(kind == 1) & late] == 2).mean())

    return Case(lambda n: _made(workers, kinds, n, queues=_two_queues(own, shared)), lost)


def _two_pools(own: int, shared: int) -> list[Worker]:
    return [
        Worker(agent=Agent(id=AgentId(f"a{n}"), capacity=1, priority=1 if n < own else 2))
        for n in range(own + shared)
    ]


def _two_queues(own: int, shared: int) -> list[Queue]:
    everyone = [AgentId(f"a{n}") for n in range(own + shared)]
    return [
        Queue(id=QueueId("q1"), members=everyone, strategy="priority(then=random)", weight=1),
        Queue(id=QueueId("q2"), members=everyone[own:], strategy="random", weight=2),
    ]


def _n_model(p: Mapping[str, Any], _: str) -> Case:
    own, shared = p["dedicated_class1_agents"], p["flexible_agents"]
    kinds = [
        _kind(p[f"class{n}_rate"], HOUR, Exponential(HOUR), name=f"k{n}", queue=QueueId(f"q{n}"))
        for n in (1, 2)
    ]
    return Case(
        lambda n: _made(_two_pools(own, shared), kinds, n, queues=_two_queues(own, shared)),
        lambda run, warm: _mean_wait(run, warm, kind=0) / HOUR,
    )


def _ring_all(p: Mapping[str, Any], _: str) -> Case:
    answers = Answers(after=Exponential(HOUR / p["answer_rate_per_agent"]))
    workers = _workers(p["idle_agents"], answers=answers)
    queue = Queue(
        id=QueueId("q"),
        members=[worker.agent.id for worker in workers],
        strategy="ring_all",
        delivery=Delivery.OFFER,
        offer=OfferPolicy(timeout=100 * HOUR),
    )
    kind = _kind(0.0005, HOUR, Fixed(0))  # so seldom that all are idle again
    return Case(lambda n: _made(workers, [kind], n, queues=[queue]), _figure("wait", HOUR), 2_000)


def _batch(p: Mapping[str, Any], _: str) -> Case:
    kinds = [
        Kind(name=f"k{n}", queue=QueueId("q"), arrivals=Recorded([MONDAY]),
             handling=Fixed(span * HOUR))
        for n, (span, _) in enumerate(p["duration_due"])
    ]  # fmt: skip

    def scenario(_: int) -> Scenario:
        return Scenario(
            queues=[Queue(id=QueueId("q"), members=[AgentId("a0")])],
            workers=_workers(1),
            kinds=kinds,
            length=HOUR,
            warm_up=0,
        )

    def lateness(run: Run, _: int) -> float:
        dues = [due for _, due in p["duration_due"]]
        return float(
            max(
                (end - MONDAY) / HOUR - due
                for end, due in zip(run.records.ended, dues, strict=True)
            )
        )

    return Case(scenario, lateness)


MODELS: Mapping[str, Callable[[Mapping[str, Any], str], Case | None]] = {
    "M/M/c/c (Erlang B)": _loss,
    "ordered hunting (fixed priority list), loss system": _ordered,
    "M/M/c (Erlang C)": _erlang,
    "M/M/c+M (Erlang A)": _erlang,
    "M/M/c priority (Cobham)": _cobham,
    "M/G/1 FCFS": _deterministic,
    "pooled M/M/c": _pooled,
    "c separate M/M/1, random (Bernoulli) routing": _separate("random"),
    "c separate queues, round-robin routing (E_c/M/1 each)": _separate("round_robin"),
    "join-shortest-queue, 2 parallel FIFO servers": _separate("average_load"),
    "supermarket model, n->infinity, join best of d": _supermarket,
    "M/M/2, unequal agents, one FIFO queue": _unequal,
    "N-model skill routing, loss system": _n_model_loss,
    "N-model skill routing with queues": _n_model,
    "ring-all answer time": _ring_all,
    "EDF, one agent, static batch": _batch,
}


def case_of(row: Mapping[str, Any]) -> Case | None:
    """Return the case of a row; None if the simulator cannot express it."""
    model = MODELS.get(row["model"])
    return None if model is None else model(row["params"], row["metric"])


def why_not(row: Mapping[str, Any]) -> str:
    """Return why a row cannot be expressed."""
    if row["model"] in CANNOT:
        return CANNOT[row["model"]]
    return "the better of three drawn at random, which no built-in strategy asks"


def rows() -> list[Mapping[str, Any]]:
    """Return the rows, in their order."""
    found: list[Mapping[str, Any]] = json.loads(ROWS.read_text(encoding="utf-8"))["rows"]
    return found


def value_of(number: int, replication: int, tickets: int | None = None) -> float:
    """Run one replication of a row and return the value of its metric."""
    case = case_of(rows()[number])
    assert case is not None
    scenario = case.scenario(tickets or case.tickets)
    run = Run(scenario, seed=f"row {number}/{replication}").go()
    return case.value(run, scenario.warm_up or 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows, print them and return 1 if one lies outside of its interval."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", help="numbers from 0, such as 3,4,12")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--most", type=int, default=600, help="replications of a row at most")
    options = parser.parse_args(arguments)
    listed = rows()
    numbers = [int(n) for n in options.rows.split(",")] if options.rows else range(len(listed))
    outside = 0
    with ProcessPoolExecutor(options.workers) as pool:
        for number in numbers:
            row = listed[number]
            name = f"{number:>2} {row['model']}, {row['metric']} {row['params']}"
            if case_of(row) is None:
                print(f"{name}\n    not expressed: {why_not(row)}", flush=True)
                continue
            values: list[float] = []
            while True:
                count = len(values) + FEWEST
                values += pool.map(value_of, [number] * FEWEST, range(len(values), count))
                found = interval(values, confidence=CONFIDENCE)
                if options.quick or found.relative < HALF_WIDTH or count >= options.most:
                    break
            inside = found.contains(row["expected"]) or math.isclose(found.mean, row["expected"])
            outside += not inside
            print(
                f"{name}\n    published {row['expected']:.6g}, simulated {found.mean:.6g} "
                f"+- {found.half:.2g} ({100 * found.relative:.2f} %), "
                f"{len(values)} replications: {'inside' if inside else 'OUTSIDE'}",
                flush=True,
            )
    print(f"{outside} outside")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
