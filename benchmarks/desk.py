"""A kept desk: what a command costs beside a dispatcher, and beside a commit without any desk."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from threading import Thread
from time import perf_counter

from attrs import evolve

from benchmarks.desk_peers import peers
from benchmarks.rounds import Effort, interleaved
from benchmarks.servers import MissingError, postgres_connection
from benchmarks.table import Row, compared
from ticketroute import Agent, Dispatcher, Queue, Ticket
from ticketroute.commands import Forget
from ticketroute.desk import Desk
from ticketroute.events import Event
from ticketroute.journal.codec import Row as Written
from ticketroute.journal.codec import decode, encode

MEMORY = 1.5  # times a dispatcher
DURABLE = 1.3  # times a bare commit
GROUPED = 1 / 2.5  # of one by one, with eight threads
WRITING, READING = 1.4, 1.7  # times json of plain data
AWAY = 3.0  # times an insert by itself, two trips against one
WAKING = 1 / 0.9  # times a desk that wakes nobody
RELAXED = 5.0  # times two bare commits that do not wait for the disk
OPENED = 1 / 15  # times folding
RESTORED = 1.0  # times folding
THREADS = 8
AGENTS = 100
NOON = 1_772_442_000_000
NUMBERS = count(1)


class Times:
    """Does one thing as often as is wanted."""

    def __init__(self, do: Callable[[int], object], *, most: int = 2_000) -> None:
        self._do, self.most, self._count = do, most, 0

    def prepare(self, count: int) -> None:
        """Note how often."""
        self._count = count

    def run(self) -> None:
        """Do it."""
        self._do(self._count)


class Opens:
    """Opens a desk from a snapshot, or, where its head is 0, from the events."""

    most = 1

    def __init__(self, path: Path, snapshot: int) -> None:
        self._path, self._snapshot = path, snapshot

    def prepare(self, count: int) -> None:
        """Forget the snapshot that a desk saves when it is closed."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("UPDATE ticketroute_desk SET snapshot = ?", (self._snapshot,))

    def run(self) -> None:
        """Open the desk."""
        self.desk = Desk.open(self._path, create=False)


def staffed(desk: Desk) -> Desk:
    """Return a desk with agents who have room for everything."""
    for number in range(AGENTS):
        desk.add_agent(Agent(id=f"a{number}", capacity=1_000_000), presence="available")
    desk.add_queue(Queue(id="mail", members=[f"a{number}" for number in range(AGENTS)]))
    return desk


def cycles(desk: Desk, times: int) -> None:
    """Submit a ticket and resolve it, again and again."""
    for number, _ in zip(NUMBERS, range(times), strict=False):
        desk.submit(Ticket(id=f"t{number}", queue="mail"))
        desk.resolve(f"t{number}")


def dispatched(desk: Dispatcher, times: int) -> None:
    """Do the same with a dispatcher."""
    for number, _ in zip(NUMBERS, range(times), strict=False):
        desk.submit(Ticket(id=f"t{number}", queue="mail"), at=NOON)
        desk.resolve(f"t{number}", at=NOON)


def submits(desk: Desk, times: int) -> None:
    """Submit tickets."""
    for number, _ in zip(NUMBERS, range(times), strict=False):
        desk.submit(Ticket(id=f"t{number}", queue="mail"))


def crowded(desk: Desk, times: int) -> None:
    """Submit as many tickets from several threads."""
    threads = [Thread(target=submits, args=(desk, -(-times // THREADS))) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rows(effort: Effort) -> Iterator[Row]:
    """Measure memory, SQLite, PostgreSQL, the codec and a restart."""
    few = evolve(effort, rounds=min(effort.rounds, 5))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        yield _memory(few)
        yield from _sqlite(few, folder, stack)
        yield from _postgres(few)
        yield from _codec(few)
        yield _restart(few)
        yield _opening(few, folder)


def _memory(effort: Effort) -> Row:
    desk, plain = staffed(Desk(clock=lambda: NOON)), Dispatcher()
    for entry in desk.events():
        plain.follow((entry.event,))
    ways = {
        "desk": Times(lambda times: cycles(desk, times)),
        "dispatcher": Times(lambda times: dispatched(plain, times)),
    }
    spent = interleaved(ways, effort)
    title = "desk: submit and resolve in memory"
    return compared(
        title, AGENTS, spent["desk"], "dispatcher", spent.get("dispatcher"), at_most=MEMORY
    )


def _sqlite(effort: Effort, folder: Path, stack: ExitStack) -> Iterator[Row]:
    desk = stack.enter_context(staffed(Desk.open(folder / "desk.db", clock=lambda: NOON)))
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    stack.callback(bare.close)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute("CREATE TABLE event (position integer PRIMARY KEY, payload text)")

    def committed(times: int) -> None:
        for _ in range(times):
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO event (payload) VALUES (?)", ("x" * 150,))
            bare.execute("COMMIT")

    ways = {
        "desk": Times(lambda times: submits(desk, times), most=200),
        "bare": Times(committed, most=200),
        "crowd": Times(lambda times: crowded(desk, times), most=200),
    }
    spent = interleaved(ways, effort, count=48, clock=perf_counter)
    title = "desk: submit on SQLite, on disk when it returns"
    yield compared(title, AGENTS, spent["desk"], "bare commit", spent["bare"], at_most=DURABLE)
    title = f"desk: submit on SQLite from {THREADS} threads at once"
    yield compared(title, AGENTS, spent["crowd"], "one by one", spent["desk"], at_most=GROUPED)
    quick = stack.enter_context(staffed(Desk.open(folder / "normal.db", durability="normal")))
    bare.execute("PRAGMA synchronous = NORMAL")
    ways = {
        "desk": Times(lambda times: cycles(quick, times), most=200),
        "bare": Times(lambda times: committed(2 * times), most=200),
    }
    spent = interleaved(ways, effort, count=48, clock=perf_counter)
    title = "desk: submit and resolve on SQLite, in memory of the system when it returns"
    yield compared(title, AGENTS, spent["desk"], "two bare commits", spent["bare"], at_most=RELAXED)


def _postgres(effort: Effort) -> Iterator[Row]:
    title = "desk: submit on PostgreSQL"
    try:
        with postgres_connection() as plain, ExitStack() as stack:
            plain.execute("CREATE TABLE event (position bigserial, payload text)")
            info = plain.info
            address = f"postgresql://{info.user}@/{info.dbname}?host={info.host}"
            desk = stack.enter_context(staffed(Desk.open(address)))
            quiet = stack.enter_context(
                staffed(Desk.open(address, "quiet", create=True, listen=False))
            )

            def inserted(times: int) -> None:
                for _ in range(times):
                    plain.execute("INSERT INTO event (payload) VALUES (%s)", ("x" * 150,))

            ways = {
                "desk": Times(lambda times: submits(desk, times), most=200),
                "insert": Times(inserted, most=200),
                "no wake-ups": Times(lambda times: submits(quiet, times), most=200),
            }
            missing: dict[str, str] = {}
            for name, do, why in peers(plain, stack):
                if do is None:
                    missing[name] = why
                else:
                    ways[name] = Times(do, most=200)
            spent = interleaved(ways, effort, count=48, clock=perf_counter)
    except MissingError as absent:
        yield Row(title=title, size=AGENTS, value=1.0, yardstick="insert", skipped=str(absent))
        return
    promises = {"insert": AWAY, "no wake-ups": WAKING}
    for name in [each for each in ways if each != "desk"]:
        most = promises.get(name)
        yield compared(title, AGENTS, spent["desk"], name, spent.get(name), at_most=most)
    for name, why in missing.items():
        yield compared(title, AGENTS, spent["desk"], name, None, missing=why)


def _opening(effort: Effort, folder: Path) -> Row:
    """Open a desk of many events and few open tickets, with its snapshot and without."""
    tickets, now = effort.lines[1], [NOON]
    path, bare = folder / "long.db", folder / "bare-long.db"
    with Desk.open(path, clock=lambda: now[0], durability="normal") as desk:
        staffed(desk)
        for first in range(0, tickets, 1_000):
            with desk.together() as several:
                several.submit_many(
                    [Ticket(id=f"o{n}", queue="mail") for n in range(first, first + 1_000)]
                )
                for number in range(first + 10, first + 1_000):
                    several.resolve(f"o{number}")
        now[0] += 1
        desk.do(Forget(now[0]))
        desk.save_snapshot()
        head = desk.head
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(bare)) as target:
        source.backup(target)
        target.execute("UPDATE ticketroute_desk SET snapshot = 0")
        target.commit()

    ways = {"snapshot": Opens(path, head), "events": Opens(bare, 0)}
    spent = interleaved(ways, effort, count=1)
    title = f"desk: open from a snapshot, 1 of 100 tickets open, {head:,} events"
    return compared(
        title, tickets, spent["snapshot"], "folding", spent.get("events"), at_most=OPENED
    )


def some_events(tickets: int) -> list[Event]:
    """Return the events of tickets that came, and of half of them that are done."""
    desk = staffed(Desk(clock=lambda: NOON))
    for number in range(tickets):
        desk.submit(Ticket(id=f"c{number}", queue="mail"))
        if number % 2:
            desk.resolve(f"c{number}")
    return [entry.event for entry in desk.events()]


def _codec(effort: Effort) -> Iterator[Row]:
    events = some_events(effort.lines[0])
    written = [encode(event).row(position, 1) for position, event in enumerate(events, 1)]
    plain = [json.loads(row.payload) for row in written]
    ways = {
        "encode": Times(lambda _: list(map(encode, events)), most=1),
        "dumps": Times(lambda _: list(map(json.dumps, plain)), most=1),
        "decode": Times(lambda _: list(map(decode, written)), most=1),
        "loads": Times(lambda _: _loaded(written), most=1),
    }
    spent = interleaved(ways, effort, count=1)
    each = {name: [s / len(events) for s in seconds] for name, seconds in spent.items()}
    title = "desk: write an event as text"
    yield compared(title, len(events), each["encode"], "json.dumps", each["dumps"], at_most=WRITING)
    title = "desk: read an event from text"
    yield compared(title, len(events), each["decode"], "json.loads", each["loads"], at_most=READING)


def _loaded(rows_: list[Written]) -> None:
    for row in rows_:
        json.loads(row.payload)


def _restart(effort: Effort) -> Row:
    events = some_events(effort.lines[0])
    saved = Dispatcher.replay(events).save()
    ways = {
        "restore": Times(lambda _: Dispatcher.restore(saved), most=1),
        "fold": Times(lambda _: Dispatcher.replay(events), most=1),
    }
    spent = interleaved(ways, effort, count=1)
    title = "desk: restore tickets of 2 to 3 events each"
    return compared(
        title, effort.lines[0], spent["restore"], "fold", spent["fold"], at_most=RESTORED
    )
