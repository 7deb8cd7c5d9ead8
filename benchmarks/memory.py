"""Memory: what one more idle agent takes, one more waiting ticket, and one that is done.

``tracemalloc`` counts the bytes that Python's objects asked for, everything included that the desk
holds on to: the host's own values with their ids, records, indexes and the slack of their tables.
It leaves out what the allocator rounds up and the interpreter itself; the process as a whole, as
the system counts it, is larger by some percent.

What comes and goes for ever must not add up: ten agents and ten tickets that change and change
take no more than they took after the first thousand changes.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator

from benchmarks import world
from benchmarks.rounds import Effort, Ratio
from benchmarks.table import Row, size_word
from ticketroute import Agent, Dispatcher, Presence, Queue, Ticket, TicketPriority
from ticketroute.model import AgentId, TicketId

AGENT, TICKET, DONE = 700.0, 800.0, 600.0  # bytes at most
FEW, EARLY = 10, 1_000  # agents, and tickets at work and waiting; changes after which it is enough
LOOK = 100  # changes between two looks
GROWTH = 1.25  # what "no more" means, as for calendars


def rows(effort: Effort) -> Iterator[Row]:
    """Measure agents, then tickets."""
    for title, make, at_most in (
        ("memory: one idle agent in one queue", _agents, AGENT),
        ("memory: one waiting ticket", _tickets, TICKET),
        ("memory: one done ticket, until it is forgotten", _done, DONE),
        ("memory: one forgotten ticket", _forgotten, 1.0),
        ("memory: one idle agent with six skills", _skilled_agents, None),
    ):
        for n in effort.items:
            value = _bytes(make, n, effort.strategy) / n
            yield Row(title=title, size=n, value=value, unit="B", at_most=at_most)
    yield _churned(effort)


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


def _done(n: int, strategy: str) -> Dispatcher:
    desk = Dispatcher()
    desk.add_agent(Agent(id=AgentId("ana"), capacity=1), presence=Presence.AVAILABLE, at=0)
    desk.add_queue(Queue(id=world.QUEUE, strategy=strategy, members=[AgentId("ana")]), at=0)
    for number in range(n):
        desk.submit(Ticket(id=TicketId(f"ticket-{number}"), queue=world.QUEUE), at=number)
        desk.resolve(TicketId(f"ticket-{number}"), at=number)
    return desk


def _forgotten(n: int, strategy: str) -> Dispatcher:
    desk = _done(n, strategy)
    desk.forget(before=n, at=n)
    assert desk.count_forgotten() == n
    return desk


def _churned(effort: Effort) -> Row:
    """Compare the most that is held over many changes with the most over the first."""
    n = max(effort.items[-1] // 10, 2 * EARLY)
    early, late = _most_held(n, effort.strategy)
    grown = late / early
    return Row(
        title="memory: a desk of ten agents and twenty tickets, over n changes",
        size=n,
        value=late / 1_024,
        unit="KiB",
        yardstick=f"over {size_word(EARLY)}",
        base=early / 1_024,
        ratio=Ratio(grown, grown, grown),
        at_most=GROWTH,
    )


def _most_held(n: int, strategy: str) -> tuple[int, int]:
    """Return the most bytes held at any look, over the first changes and over the others."""
    gc.collect()
    tracemalloc.start()
    try:
        desk, early, late = _small_desk(strategy), 0, 0
        for number in range(1, n + 1):
            _change(desk, number)
            if number % LOOK == 0:
                gc.collect()
                held, _ = tracemalloc.get_traced_memory()
                if number <= EARLY:
                    early = max(early, held)
                else:
                    late = max(late, held)
    finally:
        tracemalloc.stop()
    return early, late


def _small_desk(strategy: str) -> Dispatcher:
    """Return a desk on which as many tickets are at work as there are agents, and as many wait."""
    desk = world.desk_of(world.agents(FEW, skilled=False, capacity=3), strategy=strategy)
    for number in range(2 * FEW):
        asked = {"unheard of": 1} if number >= FEW else {}
        ticket = Ticket(id=TicketId(f"ticket-{number}"), queue=world.QUEUE, skills=asked)
        desk.submit(ticket, at=0)
    return desk


def _change(desk: Dispatcher, at: int) -> None:
    """Give one ticket to somebody else, move one in the line, and one agent comes or goes."""
    turn, number = divmod(at, FEW)
    desk.release(TicketId(f"ticket-{number}"), at=at)
    priority = (TicketPriority.URGENT, TicketPriority.LOW)[turn % 2]
    desk.change_priority(TicketId(f"ticket-{FEW + number}"), priority, at=at)
    presence = (Presence.AWAY, Presence.AVAILABLE)[(turn + number) % 2]
    desk.set_presence(AgentId(f"agent-{number:07}"), presence, at=at)
