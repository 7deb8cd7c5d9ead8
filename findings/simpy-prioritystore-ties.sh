#!/usr/bin/env bash
# Finding: a PriorityStore hands out items of one priority in an order that is neither that of
# arrival nor any other.
#
# Package: SimPy 4.1.2.
# Input: eight items of equal priority, put in one after the other, taken out one after the other.
# Expected: first in, first out among equals, as PriorityResource does with requests of one
#   priority, and as Store does.
# Found: the order of a heap: a c g f h e b d. A line of tickets of one priority kept so is served
#   in no order that a desk would recognise, and mean waits hide it.
# What to do: make the priority a pair of priority and a running number.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "simpy==4.1.2" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import simpy


def taken(priority: object) -> str:
    environment = simpy.Environment()
    store = simpy.PriorityStore(environment)
    for number, name in enumerate("abcdefgh"):
        store.put(simpy.PriorityItem((1, number) if priority == "pair" else 1, name))
    found = []

    def take():
        for _ in range(8):
            found.append((yield store.get()).item)

    environment.process(take())
    environment.run()
    return "".join(found)


def granted() -> str:
    environment = simpy.Environment()
    resource, found = simpy.PriorityResource(environment, 1), []

    def work(name: str):
        with resource.request(priority=1) as request:
            yield request
            found.append(name)
            yield environment.timeout(1)

    for name in "abcdefgh":
        environment.process(work(name))
    environment.run()
    return "".join(found)


print(f"SimPy 4.1.2: PriorityStore {taken(1)}, with a running number {taken('pair')}, PriorityResource {granted()}")
if (taken(1), taken("pair"), granted()) != ("acgfhebd", "abcdefgh", "abcdefgh"):
    sys.exit("changed: items of one priority leave in another order now")
PYTHON
