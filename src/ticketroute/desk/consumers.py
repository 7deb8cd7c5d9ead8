"""Named consumers: effects that follow from events, at least once, or exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ticketroute.desk.conversation import Place
from ticketroute.desk.hosts import host_line
from ticketroute.journal.codec import Row, decode
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import JournalSetBackError, NotAJournalError
from ticketroute.journal.lines import Line
from ticketroute.journal.sqlite import SqliteLine
from ticketroute.journal.statements import GIVE_UP, Trip
from ticketroute.journal.turns import Turn
from ticketroute.model.checks import check_whole

if TYPE_CHECKING:
    from ticketroute.desk.desk import Desk

MOST = 10_000  # events of one block


class Progress(Protocol):
    """Where a consumer is, while nobody else consumes under its name."""

    def entries(self, most: int) -> list[Entry]:
        """Return the next events."""
        ...

    def store(self, entry: Entry) -> None:
        """Note that everything up to this event was handled."""
        ...


@contextmanager
def consuming(desk: Desk, name: str, connection: Any, most: int) -> Iterator[Iterator[Entry]]:
    """Give the next events of a consumer to a block, and note which of them it handled."""
    check_whole("most", most, 1, MOST)
    with _progress(desk, name, connection) as progress:
        handled: list[Entry] = []
        given = _giving(progress.entries(most) if progress else [], handled)
        try:
            yield given
        except BaseException:
            del handled[-1:]  # the one that failed
            if connection is None and handled and progress:
                progress.store(handled[-1])
            raise
        if handled and progress:
            progress.store(handled[-1])


def _giving(entries: list[Entry], handled: list[Entry]) -> Iterator[Entry]:
    for entry in entries:
        handled.append(entry)
        yield entry


@contextmanager
def _progress(desk: Desk, name: str, connection: Any) -> Iterator[Progress | None]:
    place, line, lines = desk._place, desk._line, desk._lines  # noqa: SLF001  of one making
    if place is None or line is None or lines is None:
        if connection is not None:
            raise NotAJournalError(
                "a desk in memory", "has no part in transactions", "open it on a database"
            )
        with _alone(desk, name) as progress:
            yield progress
    elif connection is not None:
        host = host_line(connection, line, place.wait)
        yield _begun(place, name, host, (), hosted=True)
    elif isinstance(line, SqliteLine):
        with _by_file(line, place, name, lines()) as progress:
            yield progress
    else:
        with _by_row(place, name, lines()) as progress:
            yield progress


class _Kept:
    """Progress in a database."""

    def __init__(
        self, place: Place, name: str, line: Line, found: tuple[int, int], *, hosted: bool
    ) -> None:
        self._place, self._name, self._line, self._found = place, name, line, found
        self._hosted = hosted

    def entries(self, most: int) -> list[Entry]:
        place, (position, token) = self._place, self._found
        first, asked = (position, most + 1) if position else (1, most)
        answer = self._line.run(Trip([place.statements.events(place.desk, first, asked)]))
        rows = [Row(*row) for row in answer[0]]
        if position:
            if not rows or (rows[0].position, rows[0].token) != (position, token):
                head = rows[-1].position if rows else self._head()
                raise JournalSetBackError(place.desk, position, head, self._name)
            rows = rows[1:]
        return [Entry(row.position, decode(row, place.where), row.token) for row in rows]

    def store(self, entry: Entry) -> None:
        says, desk = self._place.statements, self._place.desk
        done = says.consumed(desk, self._name, entry.position, entry.token)
        self._line.run(Trip([done]))

    def _head(self) -> int:
        answer = self._line.run(Trip([self._place.statements.state(self._place.desk)]))
        return int(answer[0][0][0]) if answer[0] else 0


def _begun(
    place: Place, name: str, line: Line, begin: Any, *, hosted: bool = False
) -> _Kept | None:
    says, desk = place.statements, place.desk
    if hosted:
        line.run(Trip([says.enrol(desk, name)]))
    found = line.run(Trip([*begin, says.place(desk, name)], begins=bool(begin)))[-1]
    return _Kept(place, name, line, found[0], hosted=hosted) if found else None


@contextmanager
def _by_row(place: Place, name: str, line: Line) -> Iterator[_Kept | None]:
    """Hold the consumer's row in a transaction that lasts as long as the block."""
    says = place.statements
    try:
        line.run(Trip([says.enrol(place.desk, name)]))
        progress = _begun(place, name, line, says.begin(place.wait))
        try:
            yield progress
        finally:
            line.run(Trip([says.commit()], ends=True) if progress else GIVE_UP)
    finally:
        line.close()


@contextmanager
def _by_file(own: SqliteLine, place: Place, name: str, line: Line) -> Iterator[_Kept | None]:
    """Hold a lock on a file: a transaction of SQLite would keep everybody from writing."""
    whose = sha256(f"{place.desk}\0{name}".encode()).hexdigest()[:16]
    turn = Turn(f"{own.path}-consumer-{whose}")
    if not turn.take(0):
        yield None
        return
    try:
        line.run(Trip([place.statements.enrol(place.desk, name)]))
        yield _begun(place, name, line, ())
    finally:
        line.close()
        turn.give()


class _Alone:
    """Progress in memory."""

    def __init__(self) -> None:
        self.turn = Lock()
        self.position = 0
        self.read: Callable[[int], Iterator[Entry]] = lambda _: iter(())

    def entries(self, most: int) -> list[Entry]:
        return [entry for _, entry in zip(range(most), self.read(self.position), strict=False)]

    def store(self, entry: Entry) -> None:
        self.position = entry.position


@contextmanager
def _alone(desk: Desk, name: str) -> Iterator[_Alone | None]:
    consumers: dict[str, _Alone] = desk._consumers  # noqa: SLF001  of one making
    progress = consumers.setdefault(name, _Alone())
    progress.read = desk.events
    if not progress.turn.acquire(blocking=False):
        yield None
        return
    try:
        yield progress
    finally:
        progress.turn.release()
