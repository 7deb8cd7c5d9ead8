"""A desk with a morning behind it, an ASGI caller without a server, and servers on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from attrs import define, field

from ticketroute import Agent, Metric, Policy, Queue, Target, Ticket, TicketPriority
from ticketroute.desk import Desk
from ticketroute.model.instants import hours, minutes
from ticketroute.testing import FrozenClock

CI = os.environ.get("CI") == "true"
START = 30.0  # seconds
NINE = 1_772_442_000_000  # Monday, 2026-03-02 09:00 UTC


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NINE)


def morning(desk: Desk, clock: FrozenClock) -> Desk:
    """Play a morning and, before it, the same morning a week earlier; it is then 09:40.

    Two tickets wait although ben and cleo have room, because nobody there speaks French; one
    clock is late.
    """
    clock.now = NINE - 7 * hours(24)
    staff = {"ana": 2, "ben": 3, "cleo": 4, "dora": 2, "emil": 2}
    for name, capacity in staff.items():
        skills = {"french": 5} if name == "dora" else {}
        desk.add_agent(Agent(id=name, capacity=capacity, skills=skills), presence="available")
    desk.add_queue(Queue(id="mail", strategy="round_robin", members=["ana", "ben", "dora"]))
    desk.add_queue(Queue(id="chat", strategy="average_load", members=["cleo", "emil"]))
    desk.set_policies([Policy(id="all", targets={Metric.RESOLUTION: Target(within=minutes(30))})])
    for number in range(6):
        clock.now += minutes(2)
        desk.submit(Ticket(id=f"old-{number}", queue="mail"))
    for number in range(6):
        clock.now += minutes(1)
        desk.resolve(f"old-{number}")
    clock.now = NINE
    desk.advance()
    desk.set_presence("dora", "away", reason="lunch")
    desk.set_presence("emil", "offline")
    for number in range(4):
        clock.now += minutes(1)
        desk.submit(Ticket(id=f"T{number}", queue="mail", priority=TicketPriority.HIGH))
    desk.submit(Ticket(id="T-french", queue="mail", skills={"french": 3}))
    clock.now += minutes(5)
    desk.submit(Ticket(id="T-again", queue="mail", skills={"french": 3}))
    for number in range(3):
        desk.submit(Ticket(id=f"C{number}", queue="chat"))
    clock.now += minutes(2)
    desk.resolve("T0")
    clock.now = NINE + minutes(40)
    desk.advance()
    return desk


@pytest.fixture
def desk(clock: FrozenClock) -> Desk:
    return morning(Desk(clock=clock), clock)


@define
class Reply:
    status: int = 0
    headers: dict[str, str] = field(factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode()


async def call(
    app: Any,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    query: str = "",
    client: str | None = "127.0.0.1",
    scheme: str = "http",
    root_path: str = "",
    leave_after: int | None = None,
) -> Reply:
    """Call an ASGI application; ``leave_after`` is after how many messages the client goes away."""
    reply, gone = Reply(), asyncio.Event()
    given = {"host": "localhost:8000"} | (headers or {})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": root_path + path,
        "raw_path": (root_path + path).encode(),
        "root_path": root_path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": None if client is None else (client, 50_000),
        "server": ("localhost", 8000),
    }
    sent = 0

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent += 1
        if sent == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    count = 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            reply.body += message.get("body", b"")
        if leave_after is not None and count >= leave_after:
            gone.set()

    await app(scope, receive, send)
    return reply


@pytest.fixture
def get() -> Callable[..., Reply]:
    """Return what calls an application once, in an event loop of its own."""

    def once(app: Any, path: str, **how: Any) -> Reply:
        return asyncio.run(call(app, path, **how))

    return once


@pytest.fixture
def several() -> Callable[..., Any]:
    """Return the caller itself, for tests with an event loop of their own."""
    return call


# --- servers ----------------------------------------------------------------------------------


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@define
class Running:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self, how: signal.Signals = signal.SIGTERM, within: float = START) -> int:
        self.process.send_signal(how)
        return self.process.wait(within)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Return what starts a program with ``{port}`` in its arguments; each is stopped by its pid."""
    started: list[Running] = []

    def start(*arguments: str, **environment: str) -> Running:
        port = free_port()
        command = [each.format(port=port) for each in arguments]
        with (tmp_path / f"server-{len(started)}.txt").open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=tmp_path,
                env=os.environ | environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        running = Running(process, port)
        started.append(running)
        end = monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                assert process.poll() is None, Path(said.name).read_text()
                assert monotonic() < end, "the server did not start"
                sleep(0.05)
            else:
                return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait(START)


APP = """
from ticketroute.desk import Desk
from ticketroute.web import board

desk = Desk.open({path!r})
app = board(desk, title="Support & <b>more</b>", clock=lambda: {at}, life={life}, every=0.2)
"""


@define
class Served:
    """A board in a process of its own, and the desk it shows."""

    running: Running
    desk: Desk
    clock: FrozenClock


@pytest.fixture
def served(tmp_path: Path, clock: FrozenClock, serve: Callable[..., Running]) -> Iterator[Served]:
    path = str(tmp_path / "desk.db")
    with Desk.open(path, clock=clock) as desk:
        morning(desk, clock)
        text = APP.format(path=path, at=clock.now, life=2)
        (tmp_path / "served.py").write_text(text, encoding="utf-8")
        running = serve("-m", "uvicorn", "served:app", "--port", "{port}", "--log-level", "warning")
        yield Served(running, desk, clock)
