"""``python -m benchmarks.worker``: a process that measures one installed ticketroute when told to.

It reads a line of JSON at a time and answers each with one, until its input ends. The first names
the workload; each of the others says how many operations to time.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Iterator

from benchmarks.rounds import Contender, Effort, fitting_count, timed
from benchmarks.workloads import Workload, workloads


def answers(lines: Iterable[str]) -> Iterator[dict[str, float]]:
    """Answer each line: first with how many operations fit a round, then with their seconds."""
    orders = map(json.loads, lines)
    order = next(orders)
    effort = Effort(**order["effort"])
    contender = _chosen(order["workload"], effort)
    gc.collect()
    gc.freeze()
    yield {"fitting": fitting_count(contender, effort)}
    for order in orders:
        yield {"seconds": timed(contender, order["count"])}


def _chosen(number: int, effort: Effort) -> Contender:
    workload: Workload = list(workloads(effort))[number]
    return workload.make(workload.size, effort.strategy)


def main() -> None:
    """Answer standard input."""
    for answer in answers(sys.stdin):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
