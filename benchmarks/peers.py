"""Others on the same work, ticket in and ticket out: what a host might use instead.

Everyone fits every ticket, which is all that most of these can do. The clock is the one on the
wall, for the servers' time counts, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from time import perf_counter
from typing import Any

from benchmarks import world
from benchmarks.calendar_peers import found
from benchmarks.cycle import DeskCycle
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.servers import MissingError, postgres_connection, redis_client
from benchmarks.table import ABSENT, TOO_SLOW, Row, compared, size_word
from benchmarks.world import Work
from benchmarks.yardsticks import LinearScan, Peer, Placed, Sqlite
from ticketroute import Agent, Ticket
from ticketroute.model import AgentId, TicketId

STEP = 1 << 40  # of one ticket of load, in a number of load and stamp: 2^53 holds 8,000 of them

# From agents, tickets at work and the tickets to come to who does the work.
Make = Callable[[list[Agent], Placed, Work], Peer]


class PriorityDict(Peer):
    """A heap that knows where everybody is, by the package pqdict."""

    def __init__(
        self, everyone: Iterable[Agent], placed: Placed, work: Work, *, package: Any
    ) -> None:
        self._capacity = {agent.id: world.capacity_of(agent) for agent in everyone}
        self._load: dict[AgentId, int] = dict.fromkeys(self._capacity, 0)
        self._stamp_of: dict[AgentId, int] = dict.fromkeys(self._capacity, 0)
        self._agent_of: dict[TicketId, AgentId] = {}
        self._stamp = 0
        for ticket, agent_id in placed:
            self._note(ticket.id, agent_id)
        self._ready = package.pqdict(
            {
                agent_id: self._key(agent_id)
                for agent_id, capacity in self._capacity.items()
                if self._load[agent_id] < capacity
            }
        )
        super().__init__(work, self._agent_of)

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        agent_id = self._ready.top()
        self._note(ticket.id, agent_id)
        if self._load[agent_id] < self._capacity[agent_id]:
            self._ready.updateitem(agent_id, self._key(agent_id))
        else:
            self._ready.pop(agent_id)

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        agent_id = self._agent_of.pop(ticket_id)
        self._load[agent_id] -= 1
        self._ready[agent_id] = self._key(agent_id)

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        return self._agent_of[ticket_id]

    def _key(self, agent_id: AgentId) -> tuple[int, int, str]:
        return (self._load[agent_id], self._stamp_of[agent_id], agent_id)

    def _note(self, ticket_id: TicketId, agent_id: AgentId) -> None:
        self._stamp += 1
        self._load[agent_id] += 1
        self._stamp_of[agent_id] = self._stamp
        self._agent_of[ticket_id] = agent_id


class Argmin(Peer):
    """A linear scan by numpy: one number for load and stamp, the least of all, the first of them.

    The agents come in the order of their ids, so the first of equals is the right one.
    """

    def __init__(
        self, everyone: Iterable[Agent], placed: Placed, work: Work, *, package: Any
    ) -> None:
        everyone = list(everyone)
        place_of = {agent.id: place for place, agent in enumerate(everyone)}
        self._ids = [agent.id for agent in everyone]
        self._capacity = [world.capacity_of(agent) for agent in everyone]
        self._load, self._stamp_of = [0] * len(everyone), [0] * len(everyone)
        self._full = package.iinfo(package.int64).max
        self._keys = package.zeros(len(everyone), dtype=package.int64)
        self._place_of: dict[TicketId, int] = {}
        self._stamp = 0
        for ticket, agent_id in placed:
            self._take(ticket.id, place_of[agent_id])
        super().__init__(work, self._place_of)

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        self._take(ticket.id, int(self._keys.argmin()))

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        place = self._place_of.pop(ticket_id)
        self._load[place] -= 1
        self._keys[place] = self._load[place] * STEP + self._stamp_of[place]

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        return self._ids[self._place_of[ticket_id]]

    def _take(self, ticket_id: TicketId, place: int) -> None:
        self._stamp += 1
        load = self._load[place] = self._load[place] + 1
        self._stamp_of[place] = self._stamp
        free = load < self._capacity[place]
        self._keys[place] = load * STEP + self._stamp if free else self._full
        self._place_of[ticket_id] = place


_ASSIGN = """
    local agent = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
    if not agent then return false end
    local stamp = redis.call('INCR', KEYS[2])
    local load = redis.call('HINCRBY', KEYS[3], agent, 1)
    redis.call('HSET', KEYS[4], agent, stamp)
    redis.call('HSET', KEYS[6], ARGV[1], agent)
    if load < tonumber(redis.call('HGET', KEYS[5], agent)) then
        redis.call('ZADD', KEYS[1], string.format('%.0f', load * 2 ^ 40 + stamp), agent)
    else
        redis.call('ZREM', KEYS[1], agent)
    end
    return agent
"""
_RELEASE = """
    local agent = redis.call('HGET', KEYS[6], ARGV[1])
    redis.call('HDEL', KEYS[6], ARGV[1])
    local load = redis.call('HINCRBY', KEYS[3], agent, -1)
    local stamp = redis.call('HGET', KEYS[4], agent)
    redis.call('ZADD', KEYS[1], string.format('%.0f', load * 2 ^ 40 + stamp), agent)
    return agent
"""
_KEYS = ("ready", "stamp", "loads", "stamps", "capacities", "tickets")
_AT_ONCE = 10_000  # agents or tickets in one command while Redis is filled


class RedisSet(Peer):
    """A sorted set of those with room, by Lua scripts, so that a command is one step and one trip.

    The score is load and stamp in one number; Redis puts equal scores in the order of the ids.
    """

    def __init__(
        self, everyone: Iterable[Agent], placed: Placed, work: Work, *, client: Any
    ) -> None:
        self._client = client
        client.flushall()
        self._assign = partial(client.register_script(_ASSIGN), keys=_KEYS)
        self._release = partial(client.register_script(_RELEASE), keys=_KEYS)
        ready: dict[str, int] = {}
        loads, stamps, capacities = dict[str, int](), dict[str, int](), dict[str, int]()
        tickets: dict[str, str] = {}
        for stamp, (ticket, agent_id) in enumerate(placed, start=1):
            loads[agent_id] = loads.get(agent_id, 0) + 1
            stamps[agent_id], tickets[ticket.id] = stamp, agent_id
        for agent in everyone:
            capacities[agent.id] = world.capacity_of(agent)
            load, stamp = loads.setdefault(agent.id, 0), stamps.setdefault(agent.id, 0)
            if load < capacities[agent.id]:
                ready[agent.id] = load * STEP + stamp
        self._fill(client.zadd, "ready", ready)
        for name, values in (("loads", loads), ("stamps", stamps), ("capacities", capacities)):
            self._fill(partial(_hset, client), name, values)
        self._fill(partial(_hset, client), "tickets", tickets)
        client.set("stamp", len(tickets))
        super().__init__(work, [TicketId(ticket_id) for ticket_id in tickets])

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        assert self._assign(args=(ticket.id,)) is not None

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        self._release(args=(ticket_id,))

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        return str(self._client.hget("tickets", ticket_id))

    def _fill(self, put: Callable[[str, dict[str, Any]], object], name: str, values: Any) -> None:
        items = list(values.items())
        for start in range(0, len(items), _AT_ONCE):
            put(name, dict(items[start : start + _AT_ONCE]))


def _hset(client: Any, name: str, values: dict[str, Any]) -> None:
    client.hset(name, mapping=values)


_SCHEMA = """
    DROP TABLE IF EXISTS agents, tickets;
    DROP SEQUENCE IF EXISTS stamps;
    CREATE SEQUENCE stamps;
    CREATE TABLE agents (
        id text PRIMARY KEY, capacity int NOT NULL, load int NOT NULL, stamp bigint NOT NULL
    );
    CREATE TABLE tickets (id text PRIMARY KEY, agent text NOT NULL);
"""
_READY = "CREATE INDEX ready ON agents (load, stamp, id) WHERE load < capacity"
_TAKE = """
    WITH picked AS (
        SELECT id FROM agents WHERE load < capacity
        ORDER BY load, stamp, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE agents SET load = load + 1, stamp = nextval('stamps')
        FROM picked WHERE agents.id = picked.id RETURNING agents.id
    )
    INSERT INTO tickets SELECT %s, id FROM taken
"""
_GIVE_BACK = """
    WITH gone AS (DELETE FROM tickets WHERE id = %s RETURNING agent)
    UPDATE agents SET load = load - 1 FROM gone WHERE agents.id = gone.agent
"""


class Postgres(Peer):
    """A table with the index that this work asks for: a command is one prepared statement.

    SKIP LOCKED lets any number of processes do so at once; here is one.
    """

    def __init__(
        self, everyone: Iterable[Agent], placed: Placed, work: Work, *, connection: Any
    ) -> None:
        self._run = partial(connection.execute, prepare=True)
        placed = list(placed)
        loads, stamps = dict[str, int](), dict[str, int]()
        for stamp, (_, agent_id) in enumerate(placed, start=1):
            loads[agent_id] = loads.get(agent_id, 0) + 1
            stamps[agent_id] = stamp
        connection.execute(_SCHEMA)
        with connection.cursor() as cursor:
            with cursor.copy("COPY agents FROM STDIN") as copy:
                for agent in everyone:
                    load, stamp = loads.get(agent.id, 0), stamps.get(agent.id, 0)
                    copy.write_row((agent.id, agent.capacity, load, stamp))
            with cursor.copy("COPY tickets FROM STDIN") as copy:
                for ticket, agent_id in placed:
                    copy.write_row((ticket.id, agent_id))
        connection.execute(_READY)
        connection.execute("SELECT setval('stamps', %s)", (len(placed) + 1,))
        connection.execute("VACUUM ANALYZE agents, tickets")
        super().__init__(work, [ticket.id for ticket, _ in placed])

    def submit(self, ticket: Ticket) -> None:
        """Assign the ticket."""
        assert self._run(_TAKE, (ticket.id,)).rowcount == 1

    def resolve(self, ticket_id: TicketId) -> None:
        """Release the slot."""
        assert self._run(_GIVE_BACK, (ticket_id,)).rowcount == 1

    def agent_of(self, ticket_id: TicketId) -> str:
        """Return who has the ticket."""
        row = self._run("SELECT agent FROM tickets WHERE id = %s", (ticket_id,)).fetchone()
        return str(row[0])


def makers(stack: ExitStack) -> dict[str, Make | str]:
    """Return how to make each of them, or why it cannot be had; the stack stops the servers."""
    made: dict[str, Make | str] = {"linear scan": LinearScan}
    numpy, pqdict = found("numpy"), found("pqdict")
    made["numpy argmin"] = ABSENT if numpy is None else partial(Argmin, package=numpy)
    made["pqdict"] = ABSENT if pqdict is None else partial(PriorityDict, package=pqdict)
    made["sqlite in memory"] = Sqlite
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
    files = (f"{folder}/{number}.db" for number in count())
    made["sqlite on disk"] = lambda *work: Sqlite(*work, file=next(files))
    try:
        client = stack.enter_context(redis_client())
        made["Redis sorted set"] = partial(RedisSet, client=client)
    except MissingError as missing:
        made["Redis sorted set"] = str(missing)
    try:
        connection = stack.enter_context(postgres_connection())
        made["PostgreSQL"] = partial(Postgres, connection=connection)
    except MissingError as missing:
        made["PostgreSQL"] = str(missing)
    return made


# Beyond so many agents it would only say again what it said, and takes minutes to say it.
MOST_AGENTS: Mapping[str, int] = {"linear scan": 100_000, "sqlite on disk": 100_000}
BEYOND = "not above {}"


def rows(effort: Effort) -> Iterator[Row]:
    """Measure everyone who is there beside ticketroute, in one go for each number of agents."""
    title = f"peers: submit + resolve, {effort.strategy}, everyone fits, by the clock on the wall"
    with ExitStack() as stack:
        everybody = makers(stack)
        for n in effort.sizes:
            everyone = world.agents(n, skilled=False)
            desk = DeskCycle(everyone, Work(skilled=False), strategy=effort.strategy)
            with ExitStack() as of_this_size:
                contenders: dict[str, Contender] = {"ticketroute": desk}
                missing: dict[str, str] = {}
                for name, make in everybody.items():
                    most = MOST_AGENTS.get(name, n)
                    if isinstance(make, str):
                        missing[name] = make
                    elif n > most:
                        missing[name] = BEYOND.format(size_word(most))
                    else:
                        peer = make(everyone, desk.placed, Work(skilled=False, first=n))
                        contenders[name] = of_this_size.enter_context(closing(peer))
                seconds = interleaved(contenders, effort, clock=perf_counter)
            for name in everybody:
                yield compared(
                    title,
                    n,
                    seconds["ticketroute"],
                    name,
                    seconds.get(name),
                    missing=missing.get(name, TOO_SLOW),
                )
