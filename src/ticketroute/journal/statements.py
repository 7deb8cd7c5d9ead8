"""The tables of a journal and every statement on them, for SQLite and for PostgreSQL.

One statement list is one trip to the database. The name of the desk comes first in every key, so
that a sharded database keeps a desk in one place. Statements mark values with ``?``; whoever runs
them writes the mark that their driver wants.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple
from zlib import crc32

from ticketroute.journal.codec import Row
from ticketroute.model.instants import Instant

SCHEMA: Final = 1  # the version of the tables
SLICE: Final = 1_000  # events read in one statement: no reader stays open for long

Found = tuple[Any, ...]
Answer = list[list[Found]]


class Statement(NamedTuple):
    """One statement, its values, and rows of values if it is to be run for each of them."""

    sql: str
    values: tuple[Any, ...] = ()
    rows: tuple[tuple[Any, ...], ...] | None = None


class Trip(NamedTuple):
    """Statements sent together. ``begins`` and ``ends`` say what they do to a transaction.

    ``gives_up`` is for one that may have ended already: it never fails. ``wakes`` is sent after the
    commit of a trip that ends with one; that it fails is no fault of the trip.
    """

    statements: Sequence[Statement]
    begins: bool = False
    ends: bool = False
    gives_up: bool = False
    wakes: Statement | None = None


GIVE_UP: Final = Trip((), gives_up=True)


class Memory(NamedTuple):
    """The first result of a command under a key."""

    key: str
    digest: bytes
    first: int
    last: int
    at: Instant


class Column(NamedTuple):
    """A column of a table: its name, and its type as a key of ``Statements.types``."""

    name: str
    type: str
    null: bool = False
    default: int | None = None


class Shape(NamedTuple):
    """The columns of a table, and those of its primary key, in order."""

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()


def _columns(*named: str) -> tuple[Column, ...]:
    """Return columns of texts such as ``"head big"``."""
    return tuple(Column(name, kind) for name, kind in (each.split() for each in named))


TABLES: Final = {
    "schema_version": Shape(_columns("version int")),
    "desk": Shape(
        (
            *_columns("desk name", "head big", "format int"),
            Column("next_due", "big", null=True),
            Column("snapshot", "big", default=0),
        ),
        ("desk",),
    ),
    "event": Shape(
        _columns(
            *("desk name", "position big", "token big", "at big"),
            *("kind text", "version int", "crc int", "payload text"),
        ),
        ("desk", "position"),
    ),
    "command": Shape(
        _columns("desk name", "key name", "digest bytes", "first big", "last big", "at big"),
        ("desk", "key"),
    ),
    "forgotten": Shape(_columns("desk name", "ticket name"), ("desk", "ticket")),
    "archived": Shape(_columns("desk name", "position big", "token big"), ("desk",)),
    "consumer": Shape(
        _columns("desk name", "name name", "position big", "token big"), ("desk", "name")
    ),
    "snapshot": Shape(
        _columns("desk name", "head big", "part int", "format int", "crc int", "payload text"),
        ("desk", "head", "part"),
    ),
}
WITHOUT_ROWID: Final = ("desk", "command", "forgotten", "archived", "consumer")  # on SQLite
FILL: Final = {"desk": 20}  # percent: on PostgreSQL an updated row finds room beside it
_EVENT = "position, token, at, kind, version, crc, payload"


class Statements:
    """The statements of one kind of database.

    ``prefix`` is what comes before the name of each table: a schema with its dot, letters, or both.
    """

    database: ClassVar[str]
    prefix: str
    types: ClassVar[dict[str, str]]
    endings: ClassVar[dict[str, str]]
    locking = ""  # what makes a SELECT hold the row that it finds
    skipping = ""
    position_of = "instr"  # the function that finds a text in another

    def table(self, name: str) -> str:
        """Return the full name of a table."""
        return f"{self.prefix}{name}"

    def schema(self) -> list[str]:
        """Return what creates the tables; each may be there already."""
        return [
            f"CREATE TABLE IF NOT EXISTS {self.table(name)} ({self._columns(shape)})"
            f"{self.endings.get(name, '')}"
            for name, shape in TABLES.items()
        ]

    def _columns(self, shape: Shape) -> str:
        parts = [
            f"{each.name} {self.types[each.type]}{'' if each.null else ' NOT NULL'}"
            f"{'' if each.default is None else f' DEFAULT {each.default}'}"
            for each in shape.columns
        ]
        return ", ".join(
            [*parts, *([f"PRIMARY KEY ({', '.join(shape.key)})"] if shape.key else [])]
        )

    def versioned(self) -> Statement:
        """Write which version the tables have, unless that is written already."""
        return Statement(
            self._sql(
                f"INSERT INTO {{schema_version}} SELECT {SCHEMA} "  # noqa: S608  names of ours
                "WHERE NOT EXISTS (SELECT 1 FROM {schema_version})"
            )
        )

    def version(self) -> Statement:
        """Find which version the tables have."""
        return Statement(self._sql("SELECT version FROM {schema_version}"))

    def _sql(self, text: str) -> str:
        names = {name: self.table(name) for name in TABLES}
        said = {"lock": self.locking, "skip": self.skipping, "position_of": self.position_of}
        return text.format_map({**names, **said})

    # --- transactions -----------------------------------------------------------------------

    def begin(self, wait: float) -> list[Statement]:
        """Return what begins a transaction that waits at most so many seconds for a lock."""
        raise NotImplementedError

    def take(self, desk: str, *, hosted: bool = False) -> list[Statement]:
        """Return what locks a desk; the last two find (head, format, snapshot) and the clock.

        ``hosted`` is for a transaction that the host began.
        """
        raise NotImplementedError

    def commit(self) -> Statement:
        """Return what ends a transaction."""
        return Statement("COMMIT")

    def wake(self, desk: str) -> Statement | None:
        """Return what tells other processes, after a commit, that a desk changed; None: nothing.

        It is a transaction of its own, which does not wait for the disk. As part of the transaction
        that it tells of, it would have the commits of all desks of a database wait for one another.
        """
        return None

    # --- reading ----------------------------------------------------------------------------

    def state(self, desk: str) -> Statement:
        """Find (head, format, snapshot) of a desk without a lock."""
        return Statement(
            self._sql("SELECT head, format, snapshot FROM {desk} WHERE desk = ?"), (desk,)
        )

    def desks(self) -> Statement:
        """Find the names of all desks, in order."""
        return Statement(self._sql("SELECT desk FROM {desk} ORDER BY desk"))

    def due(self, at: Instant) -> Statement:
        """Find the desks on which something falls due by ``at``."""
        return Statement(
            self._sql("SELECT desk FROM {desk} WHERE next_due <= ? ORDER BY next_due"), (at,)
        )

    def events(self, desk: str, first: int, most: int = SLICE) -> Statement:
        """Find the events from a position on, in order, at most so many."""
        return Statement(
            self._sql(
                f"SELECT {_EVENT} FROM {{event}} WHERE desk = ? AND position >= ? "  # noqa: S608  names of ours
                "ORDER BY position LIMIT ?"
            ),
            (desk, first, most),
        )

    def keys(self, desk: str, keys: Sequence[str]) -> Statement:
        """Find (key, digest, first, last, at) of those keys that were used."""
        raise NotImplementedError

    def forgotten(self, desk: str, tickets: Sequence[str]) -> Statement:
        """Find which of these tickets were forgotten."""
        raise NotImplementedError

    # --- writing ----------------------------------------------------------------------------

    def append(self, desk: str, rows: Sequence[Row]) -> Statement:
        """Write events: one statement for any number."""
        raise NotImplementedError

    def move(self, desk: str, head: int, next_due: Instant | None, fold: int) -> Statement:
        """Write the new head of a desk."""
        return Statement(
            self._sql("UPDATE {desk} SET head = ?, next_due = ?, format = ? WHERE desk = ?"),
            (head, next_due, fold, desk),
        )

    def remember(self, desk: str, memories: Sequence[Memory]) -> Statement:
        """Write the first results of commands under their keys."""
        return Statement(
            self._sql(
                "INSERT INTO {command} (desk, key, digest, first, last, at) "
                "VALUES (?, ?, ?, ?, ?, ?)"
            ),
            rows=tuple((desk, *each) for each in memories),
        )

    def forget(self, desk: str, tickets: Sequence[str]) -> Statement:
        """Write which tickets were forgotten."""
        return Statement(
            self._sql(
                "INSERT INTO {forgotten} (desk, ticket) VALUES (?, ?) "
                "ON CONFLICT (desk, ticket) DO NOTHING"
            ),
            rows=tuple((desk, each) for each in tickets),
        )

    def create(self, desk: str, fold: int) -> Statement:
        """Write the row of a new desk, unless there is one."""
        return Statement(
            self._sql(
                "INSERT INTO {desk} (desk, head, format) VALUES (?, 0, ?) "
                "ON CONFLICT (desk) DO NOTHING"
            ),
            (desk, fold),
        )

    # --- a requester that is erased ---------------------------------------------------------

    def naming(self, desk: str, text: str, after: int) -> Statement:
        """Find the events after a position that bring or change tickets and contain a text."""
        return Statement(
            self._sql(
                f"SELECT {_EVENT} FROM {{event}} WHERE desk = ? AND position > ? "  # noqa: S608  names of ours
                "AND kind IN ('TicketSubmitted', 'TicketChanged') "
                "AND {position_of}(payload, ?) > 0 ORDER BY position LIMIT ?"
            ),
            (desk, after, text, SLICE),
        )

    def overwriting(self) -> list[Statement]:
        """Return what makes the database overwrite what is deleted, where it can."""
        return []

    def overwritten(self) -> list[Statement]:
        """Return what drops older copies of pages, where it can; outside of a transaction."""
        return []

    def rewrite(self, desk: str, row: Row) -> Statement:
        """Write another payload of an event, which stays at its place."""
        return Statement(
            self._sql(
                "UPDATE {event} SET version = ?, crc = ?, payload = ? "
                "WHERE desk = ? AND position = ?"
            ),
            (row.version, row.crc, row.payload, desk, row.position),
        )

    def drop_key(self, desk: str, position: int) -> Statement:
        """Drop the keys of the commands that an event came of."""
        return Statement(
            self._sql("DELETE FROM {command} WHERE desk = ? AND first <= ? AND last >= ?"),
            (desk, position, position),
        )

    def drop_snapshots(self, desk: str) -> list[Statement]:
        """Drop every snapshot of a desk."""
        return [
            Statement(self._sql("UPDATE {desk} SET snapshot = 0 WHERE desk = ?"), (desk,)),
            Statement(self._sql("DELETE FROM {snapshot} WHERE desk = ?"), (desk,)),
        ]

    # --- snapshots --------------------------------------------------------------------------

    def parts(self, desk: str, head: int) -> Statement:
        """Find (part, format, crc, payload) of the snapshot at a head, in order."""
        return Statement(
            self._sql(
                "SELECT part, format, crc, payload FROM {snapshot} WHERE desk = ? AND head = ? "
                "ORDER BY part"
            ),
            (desk, head),
        )

    def part(self, desk: str, head: int, part: tuple[int, int, int, str]) -> Statement:
        """Write a part of a snapshot, unless another process did."""
        return Statement(
            self._sql(
                "INSERT INTO {snapshot} (desk, head, part, format, crc, payload) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (desk, head, part) DO NOTHING"
            ),
            (desk, head, *part),
        )

    def use_snapshot(self, desk: str, head: int) -> list[Statement]:
        """Open the desk from this snapshot from now on, and drop those before it."""
        return [
            Statement(
                self._sql("UPDATE {desk} SET snapshot = ? WHERE desk = ? AND snapshot < ?"),
                (head, desk, head),
            ),
            Statement(
                self._sql(
                    "DELETE FROM {snapshot} WHERE desk = ? "
                    "AND head < (SELECT snapshot FROM {desk} WHERE desk = ?)"
                ),
                (desk, desk),
            ),
        ]

    # --- archives ---------------------------------------------------------------------------

    def archived(self, desk: str) -> Statement:
        """Find the position up to which events were moved to archives, and its token."""
        return Statement(
            self._sql("SELECT position, token FROM {archived} WHERE desk = ?"), (desk,)
        )

    def least_consumed(self, desk: str) -> Statement:
        """Find the position of the consumer that is furthest behind; null without consumers."""
        return Statement(self._sql("SELECT min(position) FROM {consumer} WHERE desk = ?"), (desk,))

    def first_at(self, desk: str, at: Instant) -> Statement:
        """Find the position of the first event at an instant or after it; null if none is."""
        return Statement(
            self._sql("SELECT min(position) FROM {event} WHERE desk = ? AND at >= ?"), (desk, at)
        )

    def archive(self, desk: str, position: int, token: int) -> list[Statement]:
        """Drop the events up to a position, and write that they are in an archive."""
        return [
            Statement(
                self._sql("DELETE FROM {event} WHERE desk = ? AND position <= ?"), (desk, position)
            ),
            Statement(self._sql("DELETE FROM {archived} WHERE desk = ?"), (desk,)),
            Statement(
                self._sql("INSERT INTO {archived} (desk, position, token) VALUES (?, ?, ?)"),
                (desk, position, token),
            ),
        ]

    # --- consumers --------------------------------------------------------------------------

    def enrol(self, desk: str, name: str) -> Statement:
        """Write the row of a consumer that begins before the first event, unless there is one."""
        return Statement(
            self._sql(
                "INSERT INTO {consumer} (desk, name, position, token) VALUES (?, ?, 0, 0) "
                "ON CONFLICT (desk, name) DO NOTHING"
            ),
            (desk, name),
        )

    def place(self, desk: str, name: str) -> Statement:
        """Lock a consumer and find its (position, token); nothing if somebody else has it."""
        return Statement(
            self._sql("SELECT position, token FROM {consumer} WHERE desk = ? AND name = ? {skip}"),
            (desk, name),
        )

    def consumed(self, desk: str, name: str, position: int, token: int) -> Statement:
        """Write how far a consumer is."""
        return Statement(
            self._sql("UPDATE {consumer} SET position = ?, token = ? WHERE desk = ? AND name = ?"),
            (position, token, desk, name),
        )


def channel_of(desk: str) -> str:
    """Return the channel on which changes of a desk are notified.

    Two desks may share one by chance, and then look more often than they have to.
    """
    return f"ticketroute_{crc32(desk.encode()):08x}"


class SqliteStatements(Statements):
    """For SQLite 3.35 or newer; the tables have a prefix, as they may lie in the host's file."""

    database = "sqlite"
    types: ClassVar[dict[str, str]] = {
        "name": "text",
        "text": "text",
        "big": "integer",
        "int": "integer",
        "bytes": "blob",
    }
    endings: ClassVar[dict[str, str]] = dict.fromkeys(WITHOUT_ROWID, " WITHOUT ROWID")

    def __init__(self, prefix: str = "ticketroute_") -> None:
        self.prefix = prefix

    def overwriting(self) -> list[Statement]:
        """Overwrite what is deleted with zeros, on this connection."""
        return [Statement("PRAGMA secure_delete = ON")]

    def overwritten(self) -> list[Statement]:
        """Empty the log of pages, unless somebody reads it now."""
        return [Statement("PRAGMA wal_checkpoint(TRUNCATE)")]

    def begin(self, wait: float) -> list[Statement]:
        """Return what takes the one lock of a file; the connection knows how long it waits."""
        return [Statement("BEGIN IMMEDIATE")]

    def take(self, desk: str, *, hosted: bool = False) -> list[Statement]:
        """Return what finds the desk; in a host's transaction it has to take the lock first."""
        locking = Statement(self._sql("UPDATE {desk} SET head = head WHERE desk = ?"), (desk,))
        return [*([locking] if hosted else []), self.state(desk), Statement("SELECT NULL")]

    def keys(self, desk: str, keys: Sequence[str]) -> Statement:
        """Find what is known of keys."""
        return Statement(
            self._sql(
                "SELECT key, digest, first, last, at FROM {command} WHERE desk = ? "
                "AND key IN (SELECT value FROM json_each(?))"
            ),
            (desk, json.dumps(list(keys))),
        )

    def forgotten(self, desk: str, tickets: Sequence[str]) -> Statement:
        """Find which of these tickets were forgotten."""
        return Statement(
            self._sql(
                "SELECT ticket FROM {forgotten} WHERE desk = ? "
                "AND ticket IN (SELECT value FROM json_each(?))"
            ),
            (desk, json.dumps(list(tickets))),
        )

    def append(self, desk: str, rows: Sequence[Row]) -> Statement:
        """Write events, prepared once and run for each."""
        return Statement(
            self._sql(
                f"INSERT INTO {{event}} (desk, {_EVENT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  names of ours
            ),
            rows=tuple((desk, *row) for row in rows),
        )


class PostgresStatements(Statements):
    """For PostgreSQL 15 or newer, and databases that speak its language.

    Without a ``schema_name`` the tables are where the search path of the connection leads.
    """

    database = "postgresql"
    types: ClassVar[dict[str, str]] = {
        "name": 'text COLLATE "C"',
        "text": "text",
        "big": "bigint",
        "int": "int",
        "bytes": "bytea",
    }
    endings: ClassVar[dict[str, str]] = {
        name: f" WITH (fillfactor = {percent})" for name, percent in FILL.items()
    }
    locking = "FOR UPDATE"
    skipping = "FOR UPDATE SKIP LOCKED"
    position_of = "strpos"

    def __init__(self, schema_name: str | None = "ticketroute", prefix: str = "") -> None:
        self.schema_name = schema_name
        self.prefix = prefix if schema_name is None else f"{schema_name}.{prefix}"

    def schema(self) -> list[str]:
        """Return what creates the schema, if there is to be one, and the tables."""
        tables = super().schema()
        if self.schema_name is None:
            return tables
        return [f"CREATE SCHEMA IF NOT EXISTS {self.schema_name}", *tables]

    def begin(self, wait: float) -> list[Statement]:
        """Return what begins a transaction in which each statement sees what was committed."""
        wait_ms = max(1, round(wait * 1_000))
        return [
            Statement("BEGIN ISOLATION LEVEL READ COMMITTED"),
            Statement(f"SET LOCAL lock_timeout = {wait_ms}"),
        ]

    def wake(self, desk: str) -> Statement | None:
        """Return what notifies the channel of a desk."""
        return Statement(
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify(?, '')",
            (channel_of(desk),),
        )

    def take(self, desk: str, *, hosted: bool = False) -> list[Statement]:
        """Return what locks the row, and afterwards, in a statement of its own, asks the clock."""
        state = Statement(
            self._sql("SELECT head, format, snapshot FROM {desk} WHERE desk = ? {lock}"), (desk,)
        )
        clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        return [state, Statement(clock)]

    def keys(self, desk: str, keys: Sequence[str]) -> Statement:
        """Find what is known of keys."""
        return Statement(
            self._sql(
                "SELECT key, digest, first, last, at FROM {command} "
                "WHERE desk = ? AND key = ANY(?::text[])"
            ),
            (desk, list(keys)),
        )

    def forgotten(self, desk: str, tickets: Sequence[str]) -> Statement:
        """Find which of these tickets were forgotten."""
        return Statement(
            self._sql("SELECT ticket FROM {forgotten} WHERE desk = ? AND ticket = ANY(?::text[])"),
            (desk, list(tickets)),
        )

    def forget(self, desk: str, tickets: Sequence[str]) -> Statement:
        """Write which tickets were forgotten, as one array."""
        return Statement(
            self._sql(
                "INSERT INTO {forgotten} (desk, ticket) SELECT ?::text, unnest(?::text[]) "
                "ON CONFLICT (desk, ticket) DO NOTHING"
            ),
            (desk, list(tickets)),
        )

    def append(self, desk: str, rows: Sequence[Row]) -> Statement:
        """Write events as arrays, one for each column."""
        columns = [list(each) for each in zip(*rows, strict=True)]
        return Statement(
            self._sql(
                f"INSERT INTO {{event}} (desk, {_EVENT}) "  # noqa: S608  names of ours
                "SELECT ?::text, * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[], "
                "?::int[], ?::int[], ?::text[])"
            ),
            (desk, *columns),
        )

    def remember(self, desk: str, memories: Sequence[Memory]) -> Statement:
        """Write the first results of commands as arrays, one for each column."""
        columns = [list(each) for each in zip(*memories, strict=True)]
        return Statement(
            self._sql(
                "INSERT INTO {command} (desk, key, digest, first, last, at) "
                "SELECT ?::text, * FROM unnest(?::text[], ?::bytea[], ?::bigint[], ?::bigint[], "
                "?::bigint[])"
            ),
            (desk, *columns),
        )


SQLITE: Final = SqliteStatements()
POSTGRES: Final = PostgresStatements()
