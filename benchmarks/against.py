"""Another revision beside the tree of now: ``python -m benchmarks --against REV``.

The revision is checked out in a temporary folder and installed in a virtual environment of its
own, which shares the other packages of this interpreter. Each revision then runs the workloads of
now in a process of its own, and the processes take turns, round by round: while one is timed the
others wait for their next order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from sysconfig import get_path
from typing import Protocol

from attrs import asdict, frozen

from benchmarks.rounds import Effort
from benchmarks.table import TOO_SLOW, Row, compared
from benchmarks.workloads import Workload, workloads

ROOT = Path(__file__).parents[1]
NOW = "now"


class AgainstError(Exception):
    """A revision that cannot be compared, and why."""


@frozen
class Build:
    """A ticketroute to measure: a name to show, and the interpreter that imports it."""

    name: str
    python: str


class Side(Protocol):
    """One of those compared, as far as the turns see it."""

    @property
    def fitting(self) -> int:
        """How many operations of the workload fit a round; 0 if too few do."""
        ...

    def seconds(self, count: int) -> float:
        """Do so many operations and return the seconds they took."""
        ...


class Process:
    """A side in a process of its own, which is given orders as ``benchmarks.worker`` reads them."""

    def __init__(self, build: Build, workload: int, effort: Effort) -> None:
        self._build = build
        self._process = subprocess.Popen(  # noqa: S603  our own worker
            [build.python, "-m", "benchmarks.worker"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        order = {"effort": asdict(effort), "workload": workload}
        self.fitting = int(self._answer(order)["fitting"])

    def seconds(self, count: int) -> float:
        """Do so many operations and return the seconds they took."""
        return self._answer({"count": count})["seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self, order: Mapping[str, object]) -> dict[str, float]:
        read, write = self._process.stdout, self._process.stdin
        assert read is not None
        assert write is not None
        try:
            write.write(json.dumps(order) + "\n")
            write.flush()
            line = read.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            _, said = self._process.communicate()
            reason = said.strip().splitlines()[-1] if said.strip() else "it said nothing"
            raise AgainstError(f"{self._build.name} cannot run this workload: {reason}")
        answer: dict[str, float] = json.loads(line)
        return answer


def turns(sides: Sequence[Side], rounds: int) -> list[list[float]] | None:
    """Return the seconds per operation of each side in each round; None if one is too slow.

    All do the same number of operations, as many as fit a round of the slowest, and each round
    starts with another side.
    """
    count = min(side.fitting for side in sides)
    if not count:
        return None
    seconds: list[list[float]] = [[] for _ in sides]
    order = list(range(len(sides)))
    for _ in range(rounds):
        for number in order:
            seconds[number].append(sides[number].seconds(count) / count)
        order = order[1:] + order[:1]
    return seconds


def rows(builds: Sequence[Build], effort: Effort, suites: Sequence[str]) -> Iterator[Row]:
    """Measure each workload of the suites, in all builds; each is shown beside those before it.

    Raises:
        AgainstError: if a build cannot run a workload.
    """
    for number, workload in enumerate(workloads(effort)):
        if workload.title.partition(":")[0] not in suites:
            continue
        with ExitStack() as stack:
            sides: list[Process] = []
            for build in builds:
                sides.append(Process(build, number, effort))
                stack.callback(sides[-1].close)
            seconds = turns(sides, effort.rounds)
        yield from _rows(workload, [build.name for build in builds], seconds)


def _rows(
    workload: Workload, names: Sequence[str], seconds: list[list[float]] | None
) -> Iterator[Row]:
    """Yield a row for each pair of builds: the later one, beside the earlier one."""
    for later, name in enumerate(names):
        for earlier in range(later):
            title = f"{workload.title}: {name}"
            yardstick = names[earlier]
            if seconds is None:
                yield Row(
                    title=title,
                    size=workload.size,
                    value=0.0,
                    yardstick=yardstick,
                    skipped=TOO_SLOW,
                )
                continue
            subject, base = (
                [each / workload.parts for each in seconds[side]] for side in (later, earlier)
            )
            yield compared(title, workload.size, subject, yardstick, base)


@contextmanager
def built(revision: str) -> Iterator[list[Build]]:
    """Build a revision in a temporary folder, and return it and the tree of now.

    Raises:
        AgainstError: if it is not a revision, or cannot be built.
    """
    try:
        commit = _git("rev-parse", "--verify", "--quiet", "--short", f"{revision}^{{commit}}")
    except AgainstError as fault:
        raise AgainstError(f"{revision} is not a revision of {ROOT}") from fault
    with tempfile.TemporaryDirectory(prefix="against-") as folder:
        tree = Path(folder, "tree")
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield [
                Build(commit, installed(tree, Path(folder, "then"))),
                Build(NOW, installed(ROOT, Path(folder, "now"))),
            ]
        finally:
            _git("worktree", "remove", "--force", str(tree))


def installed(tree: Path, environment: Path, **variables: str) -> str:
    """Install a tree in a new virtual environment and return the environment's interpreter.

    All its other packages are this interpreter's, those that build it included, so that they are
    the same for everyone compared, and nothing is downloaded.
    """
    venv.create(environment, symlinks=os.name != "nt")
    paths = {"base": str(environment), "platbase": str(environment)}
    python = Path(get_path("scripts", "venv", vars=paths), "python")
    shared = Path(get_path("purelib", "venv", vars=paths), "shared.pth")
    shared.write_text(f"{get_path('purelib')}\n", encoding="utf-8")
    options = ("-q", "--no-index", "--no-deps", "--no-build-isolation", "--no-warn-script-location")
    _run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(tree)],
        variables,
    )
    return str(python)


def _git(*words: str) -> str:
    return _run(["git", *words], {})


def _run(words: Sequence[str], variables: Mapping[str, str]) -> str:
    told = subprocess.run(  # noqa: S603  git and pip, of our own words
        words, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    if told.returncode:
        raise AgainstError(f"{' '.join(words)}: {told.stderr.strip() or 'failed'}")
    return told.stdout.strip()
