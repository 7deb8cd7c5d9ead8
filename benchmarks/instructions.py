"""``python -m benchmarks.instructions COUNT``: so many cycles, whose instructions are counted.

Valgrind counts the instructions of a whole process. What the cycles alone take is the difference
between two runs that differ in COUNT and nothing else, divided by the difference of the counts.
"""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks import world
from benchmarks.cycle import DeskCycle

ROOT = Path(__file__).parents[1]
AGENTS = 1_000
SHORT, LONG = 500, 2_500  # cycles
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")


def run(count: int) -> None:
    """Do so many cycles of a row that is made for the longest run: its tickets cost the same."""
    gc.disable()  # a collection would fall into one run and not into the other
    desk = DeskCycle(
        world.agents(AGENTS, skilled=False), world.Work(skilled=False), strategy="average_load"
    )
    desk.prepare(LONG)
    desk.shorten(count)
    desk.run()


def of_a_cycle(python: str = sys.executable) -> float:
    """Return the instructions that one submit and one resolve take; valgrind has to be there."""
    runs = [_started(python, count) for count in (SHORT, LONG)]
    few, many = (_counted(process) for process in runs)
    return (many - few) / (LONG - SHORT)


def _started(python: str, count: int) -> subprocess.Popen[str]:
    counter = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
    return subprocess.Popen(  # noqa: S603  valgrind as found on the path, with our own words
        [*counter, python, "-m", "benchmarks.instructions", str(count)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )


def _counted(process: subprocess.Popen[str]) -> int:
    _, told = process.communicate()
    found = _COUNTED.search(told)
    assert process.returncode == 0, told
    assert found is not None, told
    return int(found[1].replace(",", ""))


if __name__ == "__main__":
    run(int(sys.argv[1]))
