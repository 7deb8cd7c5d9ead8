"""What a replication keeps in memory."""

import subprocess
import sys
from typing import Any

import pytest

from ticketroute.simulation import Run, replication
from ticketroute.simulation.replication import Replication, Task, replicate


def replicated(scenarios: Any) -> Replication:
    found = replicate(Task(number=0, seed="1", scenarios=scenarios, own={}))
    assert isinstance(found, Replication)
    return found


@pytest.mark.parametrize(("warm_up", "most"), [(0, 1), (None, 3)])
def test_runs_are_dropped_one_after_the_other_where_the_warm_up_is_known(
    desk: Any, warm_up: int | None, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, seen = set(), []

    class Counted(Run):
        def __init__(self, *given: Any, **named: Any) -> None:
            alive.add(id(self))
            seen.append(len(alive))
            super().__init__(*given, **named)

        def __del__(self) -> None:
            alive.discard(id(self))

    monkeypatch.setattr(replication, "Run", Counted)
    scenario = desk(length="100h", warm_up=warm_up)
    replicated(
        {name: scenario.with_strategy(name) for name in ("random", "top_down", "round_robin")}
    )

    assert max(seen) == most


def test_scenarios_of_known_warm_ups_leave_out_the_longest(desk: Any) -> None:
    short, long = desk(warm_up=0), desk(warm_up="20h")

    assert replicated({"a": short, "b": long}).warm_up == 20 * 3_600_000
    assert replicated({"a": short, "b": long}).figures["a"] == replicated({"a": long}).figures["a"]


def test_a_worker_loads_no_scipy() -> None:
    code = "import sys, ticketroute.simulation; print('scipy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"
