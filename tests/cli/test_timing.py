"""``ticketroute run`` and ``advance`` do what falls due on a kept desk."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from ticketroute import Agent, OfferPolicy, Queue, Ticket, seconds
from ticketroute.desk import Desk
from ticketroute.desk.addresses import now

Run = Callable[..., Any]
SOON = 30.0  # seconds, at most


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Two desks, on each of which an offer expired a minute ago."""
    address = str(tmp_path / "desk.db")
    for name in ("main", "lyon"):
        with Desk.open(address, name, create=True, clock=lambda: now() - seconds(120)) as desk:
            desk.add_agent(Agent(id="ana"), presence="available")
            ring = OfferPolicy(timeout=seconds(60))
            desk.add_queue(Queue(id="mail", members=["ana"], delivery="offer", offer=ring))
            desk.submit(Ticket(id="t1", queue="mail"))
    return address


def expired(address: str, name: str = "main") -> int:
    with Desk.open(address, name) as desk:
        return sum(type(entry.event).__name__ == "OfferExpired" for entry in desk.events())


def test_advance_does_what_is_due_once(run: Run, path: str) -> None:
    assert run("advance", path).out.endswith(" events\n")
    assert expired(path) == 1
    assert expired(path, "lyon") == 0
    run("advance", path)
    assert expired(path) == 1
    run("advance", path, "--all")
    assert expired(path, "lyon") == 1
    assert run("advance", path, "--all").out == "0 events\n"


@pytest.mark.parametrize("which", [["--desk", "lyon"], ["--all"]])
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_run_goes_on_until_it_is_stopped(path: str, which: list[str], stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "ticketroute.cli", "run", path, "--poll", "0.05", *which]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **pipes) as running:
        end = monotonic() + SOON
        while not expired(path, "lyon") and running.poll() is None and monotonic() < end:
            sleep(0.05)
        running.send_signal(stop)
        said, _ = running.communicate(timeout=SOON)
    assert running.returncode == 0, said
    assert said.startswith("running ")
    assert said.endswith("\nstopped\n")
    assert expired(path, "lyon") == 1


def test_a_desk_that_is_not_there_is_not_created(run: Run, tmp_path: Path, path: str) -> None:
    for word in ("run", "advance"):
        for which in ([], ["--all"]):
            answer = run(word, str(tmp_path / "none.db"), *which)
            assert answer.code != 0
            assert "does not exist; check the path" in answer.err
        assert "there is no desk 'paris'" in run(word, path, "--desk", "paris").err
    assert not (tmp_path / "none.db").exists()
    assert run("run", path, "--poll", "0").code == 2
