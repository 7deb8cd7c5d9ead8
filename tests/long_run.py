"""Runs the kit's machine until so many commands agreed: ``python tests/long_run.py 100000``.

Each command goes to a dispatcher, to its replayed twin and to the reference desk. Prints how many
there were, and how often each event happened; stops with the shrunk failure where two disagree.
"""

from __future__ import annotations

import sys
from collections import Counter
from time import perf_counter

from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ticketroute.testing import Call, DeskMachine, World
from ticketroute.testing.history import Turn

AT_A_TIME = 100  # examples for one seed


TOLD: Counter[str] = Counter()


class CountingMachine(DeskMachine):
    world = World(service_levels=True)
    commands = 0

    def give(self, call: Call) -> Turn:
        turn = super().give(call)
        CountingMachine.commands += 1
        names = [type(event).__name__ for event in turn.events]
        TOLD.update(names if turn.refused is None else ["refused"])
        return turn


def main(wanted: int) -> None:
    hard = settings(
        max_examples=AT_A_TIME,
        stateful_step_count=50,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    start, number = perf_counter(), 0
    while CountingMachine.commands < wanted:
        seeded = seed(number)(type("Seeded", (CountingMachine,), {}))
        run_state_machine_as_test(seeded, settings=hard)
        number += 1
    took = perf_counter() - start
    print(f"{CountingMachine.commands} commands agreed, in {took:.0f} s and {number} seeds")
    for name, count in TOLD.most_common():
        print(f"{count:8} {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
