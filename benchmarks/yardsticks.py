"""What ticketroute is measured against."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from random import Random
from typing import ClassVar

from attrs import define

from benchmarks import world
from benchmarks.world import SEED, Work, fits
from ticketroute import Agent, Ticket
from ticketroute.model import AgentId, TicketId

Placed = Iterable[tuple[Ticket, AgentId]]  # the tickets at work at the start, each with its agent


class BareHeap:
    """The yardstick called bare: one heappop and one heappush of a 3-tuple on a heap of n."""

    most = 1_000_000

    def __init__(self, n: int) -> None:
        chance = Random(SEED)
        self._heap = [(chance.randrange(3), stamp, f"agent-{stamp:07}") for stamp in range(n)]
        heapify(self._heap)
        self._stamp = n
        self._count = 0

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        self._count = count

    def run(self) -> None:
        """Take the first out and put them back with one ticket more."""
        heap, stamp = self._heap, self._stamp
        for _ in range(self._count):
            load, _, agent = heappop(heap)
            stamp += 1
            heappush(heap, (load + 1, stamp, agent))
        self._stamp = stamp


class Peer(ABC):
    """Somebody else who assigns to the least loaded agent with room, and later releases.

    One operation is one ticket in and another one out, as for ticketroute itself.
    """

    most: ClassVar[int] = 1_000_000

    def __init__(self, work: Work, open_ids: Iterable[TicketId]) -> None:
        self._work = work
        self._open = list(open_ids)
        self._todo: list[tuple[Ticket, int]] = []

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        places = self._work.places(count, len(self._open))
        self._todo = list(zip(self._work.tickets(count), places, strict=True))

    def run(self) -> None:
        """Submit and resolve in turn."""
        open_ids, submit, resolve = self._open, self.submit, self.resolve
        for ticket, place in self._todo:
            submit(ticket)
            resolve(open_ids[place])
            open_ids[place] = ticket.id

    @abstractmethod
    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket to the least loaded agent with room who fits."""

    @abstractmethod
    def resolve(self, ticket_id: TicketId) -> None:
        """Release the ticket's slot."""

    @abstractmethod
    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket: that it is the same work is tested."""

    def close(self) -> None:  # noqa: B027  most hold nothing
        """Free what the process holds beyond its memory."""


@define(eq=False)
class _Desk:
    agent: Agent
    capacity: int
    load: int = 0
    stamp: int = 0


class LinearScan(Peer):
    """The obvious loop: look at everybody and take the best."""

    def __init__(self, everyone: Iterable[Agent], placed: Placed, work: Work) -> None:
        desks = {agent.id: _Desk(agent, world.capacity_of(agent)) for agent in everyone}
        self._desks = list(desks.values())
        self._desk_of: dict[TicketId, _Desk] = {}
        self._stamp = 0
        for ticket, agent_id in placed:
            self._take(ticket, desks[agent_id])
        super().__init__(work, self._desk_of)

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        asked = ticket.skills
        best = min(
            (
                desk
                for desk in self._desks
                if desk.load < desk.capacity and (not asked or fits(desk.agent.skills, asked))
            ),
            key=lambda desk: (desk.load, desk.stamp, desk.agent.id),
        )
        self._take(ticket, best)

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        self._desk_of.pop(ticket_id).load -= 1

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        return self._desk_of[ticket_id].agent.id

    def _take(self, ticket: Ticket, desk: _Desk) -> None:
        self._stamp += 1
        desk.load += 1
        desk.stamp = self._stamp
        self._desk_of[ticket.id] = desk


_TABLES = """
    CREATE TABLE agents (
        id TEXT PRIMARY KEY, capacity INT, load INT DEFAULT 0, stamp INT DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE skills (
        agent TEXT, skill TEXT, level INT, PRIMARY KEY (agent, skill)
    ) WITHOUT ROWID;
    CREATE TABLE tickets (id TEXT PRIMARY KEY, agent TEXT NOT NULL) WITHOUT ROWID;
"""
_READY = "CREATE INDEX ready ON agents (load, stamp, id) WHERE load < capacity"
_FITS = """
    AND EXISTS (SELECT 1 FROM skills WHERE agent = agents.id AND skill = ? AND level >= ?)
"""


def _pick(skills: int) -> str:
    """Return the query for the least loaded agent with room who has so many skills."""
    return (
        "SELECT id FROM agents WHERE load < capacity "  # noqa: S608  constants only
        f"{_FITS * skills} ORDER BY load, stamp, id LIMIT 1"
    )


class Sqlite(Peer):
    """A database with the index that this work asks for; a command is a transaction.

    In memory, or in a file whose every commit is written to the disk.
    """

    def __init__(
        self, everyone: Iterable[Agent], placed: Placed, work: Work, *, file: str = ":memory:"
    ) -> None:
        placed = list(placed)
        self._database = sqlite3.connect(file, isolation_level=None)
        self._run = self._database.cursor().execute
        for setting in ("journal_mode = WAL", "synchronous = FULL"):  # no effect in memory
            self._run(f"PRAGMA {setting}")
        everyone = list(everyone)
        self._fill(everyone, placed)
        self._picks = [_pick(skills) for skills in range(3)]
        self._stamp = len(placed)
        super().__init__(work, [ticket.id for ticket, _ in placed])

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        run = self._run
        run("BEGIN")
        asked = [each for skill in ticket.skills.items() for each in skill]
        (agent_id,) = run(self._picks[len(ticket.skills)], asked).fetchone()
        self._stamp += 1
        run("UPDATE agents SET load = load + 1, stamp = ? WHERE id = ?", (self._stamp, agent_id))
        run("INSERT INTO tickets VALUES (?, ?)", (ticket.id, agent_id))
        run("COMMIT")

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        run = self._run
        run("BEGIN")
        (agent_id,) = run("SELECT agent FROM tickets WHERE id = ?", (ticket_id,)).fetchone()
        run("UPDATE agents SET load = load - 1 WHERE id = ?", (agent_id,))
        run("DELETE FROM tickets WHERE id = ?", (ticket_id,))
        run("COMMIT")

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        found = self._run("SELECT agent FROM tickets WHERE id = ?", (ticket_id,)).fetchone()
        return str(found[0])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _fill(self, everyone: list[Agent], placed: list[tuple[Ticket, AgentId]]) -> None:
        run = self._run
        for statement in _TABLES.split(";"):
            run(statement)
        run("BEGIN")
        for agent in everyone:
            run("INSERT INTO agents (id, capacity) VALUES (?, ?)", (agent.id, agent.capacity))
            for skill, level in agent.skills.items():
                run("INSERT INTO skills VALUES (?, ?, ?)", (agent.id, skill, level))
        for stamp, (ticket, agent_id) in enumerate(placed, start=1):
            run("UPDATE agents SET load = load + 1, stamp = ? WHERE id = ?", (stamp, agent_id))
            run("INSERT INTO tickets VALUES (?, ?)", (ticket.id, agent_id))
        run(_READY)
        run("COMMIT")
