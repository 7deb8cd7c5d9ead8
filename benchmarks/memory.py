"""Memory: what one more idle agent takes, and one more waiting ticket.

``tracemalloc`` counts the bytes that Python's objects asked for, everything included that the desk
holds on to: the host's own values with their ids, records, indexes and the slack of their tables.
It leaves out what the allocator rounds up and the interpreter itself; the process as a whole, as
the system counts it, is larger by some percent.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator

from benchmarks import world
from benchmarks.rounds import Effort
from benchmarks.table import Row
from ticketroute import Agent, AgentId, Dispatcher, Presence, Queue, Ticket, TicketId

AGENT, TICKET = 700.0, 800.0  # bytes at most


def rows(effort: Effort) -> Iterator[Row]:
    """Measure agents, then tickets."""
    for title, make, at_most in (
        ("memory: one idle agent in one queue", _agents, AGENT),
        ("memory: one waiting ticket", _tickets, TICKET),
        ("memory: one idle agent with six skills", _skilled_agents, None),
    ):
        for n in effort.items:
            value = _bytes(make, n, effort.strategy) / n
            yield Row(title=title, size=n, value=value, unit="B", at_most=at_most)


def _bytes(make: Callable[[int, str], Dispatcher], n: int, strategy: str) -> int:
    """Return how many bytes are held once n things are made, beyond those held for one."""
    gc.collect()
    tracemalloc.start()
    try:
        few = make(1, strategy)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        many = make(n, strategy)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del few, many  # kept until both were counted
    return after - before


def _agents(n: int, strategy: str) -> Dispatcher:
    return world.desk_of(world.agents(n, skilled=False), strategy=strategy)


def _skilled_agents(n: int, strategy: str) -> Dispatcher:
    return world.desk_of(world.agents(n, skilled=True), strategy=strategy)


def _tickets(n: int, strategy: str) -> Dispatcher:
    desk = Dispatcher()
    desk.add_agent(Agent(id=AgentId("ana"), capacity=1), presence=Presence.AVAILABLE, at=0)
    desk.add_queue(Queue(id=world.QUEUE, strategy=strategy, members=[AgentId("ana")]), at=0)
    for number in range(n + 1):  # the first is ana's, the others wait
        desk.submit(Ticket(id=TicketId(f"ticket-{number}"), queue=world.QUEUE), at=number)
    assert len(desk.waiting(world.QUEUE)) == n
    return desk
