"""The tasks of the page on Celery, in worker processes, with a broker of files."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from ticketroute.desk import Desk

pytest.importorskip("celery")

SEND = """
from ticketroute import Agent, Queue
from tasks import advance, desk, submit

desk().add_agent(Agent(id="ana", capacity=50), presence="available")
desk().add_queue(Queue(id="mail", members=["ana"]))
for number in range(12):
    submit.apply_async((f"t{number}", "mail"), task_id=f"task-{number}")
    submit.apply_async((f"t{number}", "mail"), task_id=f"task-{number}")  # delivered twice
advance.delay()
"""
SOON = 20.0  # seconds, at most


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_two_workers_have_one_desk(page: Callable[..., Any], pool: str) -> None:
    tasks = page("celery")
    for name in ("messages", "control"):
        (tasks.folder / name).mkdir()
    tasks.environment |= {"BROKER": "filesystem://", "DESK": "shared.db"}
    tasks.run("python", "-W", "ignore", "-c", SEND)
    log = tasks.folder / "log"
    log.touch()
    worker = tasks.start(
        *("celery", "-A", "tasks", "worker", "-c", "2", "-l", "INFO", "--pool", pool),
        *("-f", "log", "--without-mingle", "--without-gossip", "--without-heartbeat"),
    )
    end = monotonic() + SOON
    while log.read_text().count("succeeded in") < 25:
        assert worker.poll() is None, log.read_text()
        assert monotonic() < end, log.read_text()
        sleep(0.05)
    tasks.end()  # a warm shutdown takes seconds
    with Desk.open(tasks.folder / "shared.db") as desk:
        assert len(desk.tickets()) == 12
        assert {ticket.agent_id for ticket in desk.tickets()} == {"ana"}
        assert desk.head == 3 + 2 * 12
