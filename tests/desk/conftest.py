"""Databases of either kind, and processes that work on a desk."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.external)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "desk.db")
    found: str = request.getfixturevalue("postgres")
    return found


class Worker:
    """A process that works on a desk: ``worker.py``, told what to do."""

    def __init__(self, what: str, address: str, *given: str, stop_at: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py")), what, address, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "STOP_AT": stop_at},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._to, self._from = self.process.stdin, self.process.stdout

    def go(self) -> None:
        """Allow it to go on."""
        self._to.write("go\n")
        self._to.flush()

    def line(self) -> str:
        """Return the next line that it says."""
        return self._from.readline().rstrip("\n")

    def rest(self) -> list[tuple[str, str]]:
        """Return the pairs of words that it says until its end."""
        lines = [line.split() for line in self._from.read().splitlines()]
        self.process.wait()
        self._from.close()
        self._to.close()
        return [(words[0], words[1]) for words in lines if len(words) == 2]


class Workers:
    """Processes that begin at once."""

    def __init__(self) -> None:
        self._all: list[Worker] = []

    def start(self, *commands: tuple[str, ...], stop_at: str = "") -> list[Worker]:
        """Start a process for each command; when all have opened the desk, let them go."""
        workers = [Worker(*command, stop_at=stop_at) for command in commands]
        self._all += workers
        for each in workers:
            assert each.line() == "open"
        for each in workers:
            each.go()
        return workers

    def end(self) -> None:
        """Kill whoever is left."""
        for each in self._all:
            each.process.kill()
            if not each.process.stdout.closed:  # type: ignore[union-attr]
                each.rest()


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Processes of a test."""
    made = Workers()
    yield made
    made.end()
