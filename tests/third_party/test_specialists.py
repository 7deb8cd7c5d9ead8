"""As another package's author does it: a strategy is installed, found, listed and tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "specialists"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install the package beside ticketroute, and return what runs Python there."""
    folder = tmp_path_factory.mktemp("third_party")
    source, site = folder / "source", folder / "site"
    shutil.copytree(PACKAGE, source)
    environment = os.environ | {"PYTHONPATH": str(site), "HYPOTHESIS_PROFILE": "quick"}

    def python(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=source,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    install = ("install", "-q", "--no-index", "--no-deps", "--no-build-isolation")
    installed = python("-m", "pip", *install, "--target", str(site), ".")
    assert installed.returncode == 0, installed.stderr
    return python


def test_it_is_found_by_its_entry_point_and_serves_a_queue(run: Run) -> None:
    program = """
from ticketroute import Agent, Dispatcher, Queue, Ticket
desk = Dispatcher()
desk.add_agent(Agent(id="anything", skills={"x": 1, "y": 1}), presence="available", at=0)
desk.add_agent(Agent(id="only-x", skills={"x": 1}), presence="available", at=0)
queue = Queue(id="q", strategy="specialists_first", members=["anything", "only-x"])
desk.add_queue(queue, at=0)
desk.submit(Ticket(id="t", queue="q", skills={"x": 1}), at=0)
print(desk.ticket("t").agent_id)
"""
    answer = run("-c", program)
    assert (answer.stdout, answer.stderr) == ("only-x\n", "")


def test_the_command_line_lists_it(run: Run) -> None:
    listed = run("-m", "ticketroute.cli", "strategies")
    lines = [line for line in listed.stdout.splitlines() if "specialists_first" in line]
    assert len(lines) == 1, listed.stdout + listed.stderr
    assert "The agent with the fewest skills" in lines[0]


@pytest.mark.parametrize("suite", ["test_specialists.py", "test_on_a_desk.py"])
def test_its_own_tests_are_the_kits(run: Run, suite: str) -> None:
    tested = run("-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{suite}")
    assert tested.returncode == 0, tested.stdout[-3_000:]
    assert " passed" in tested.stdout


def test_five_lines_are_enough_to_test_it() -> None:
    lines = (PACKAGE / "tests" / "test_specialists.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
