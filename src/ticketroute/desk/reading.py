"""Journals read from outside of a desk: rows as they are, checks, and desks of the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

from attrs import frozen

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk.addresses import Address, line_to, now, refuse_missing
from ticketroute.desk.conversation import (
    Place,
    Talk,
    check_state,
    drive,
    patiently,
    refresh,
    reopen,
)
from ticketroute.desk.memory import Making, Memory
from ticketroute.desk.opening import LAST_POSITION
from ticketroute.desk.views import Views
from ticketroute.journal.codec import FOLD, Row, decode
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import (
    JournalDamagedError,
    JournalUnreachableError,
    NewerJournalError,
    NoSuchDeskError,
)
from ticketroute.journal.lines import Line, LostError
from ticketroute.journal.snapshots import read_parts
from ticketroute.journal.statements import SLICE, Answer, Statement, Trip
from ticketroute.model.checks import check_id
from ticketroute.model.instants import Instant, instant_of

WAIT = 10.0  # seconds


@frozen
class Checked:
    """What a check of a whole journal found in order; ``archived`` events are in an archive."""

    events: int
    head: int
    first: Instant | None
    last: Instant | None
    archived: int = 0


class Reader:
    """One desk's journal, read only."""

    def __init__(self, address: Address, desk: str) -> None:
        refuse_missing(address)
        self._line: Line = line_to(address, wait=WAIT, read_only=True)
        self._desk = desk
        self.where = self._line.where

    def __enter__(self) -> Self:
        says = self._line.statements
        names = [name for (name,) in self._ask(says.desks())]
        if self._desk not in names:
            self.close()
            raise NoSuchDeskError(self._desk, names)
        ((self.head, fold, _),) = self._ask(says.state(self._desk))
        if fold > FOLD:
            self.close()
            raise NewerJournalError(f"events of fold {fold}, where this release has {FOLD},")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Yield the rows after a position, as they are. O(1) for each."""
        while True:
            found = self._ask(self._line.statements.events(self._desk, after + 1))
            for each in found:
                yield Row(*each)
            if len(found) < SLICE:
                return
            after = found[-1][0]

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Yield the events after a position; those in an archive are passed over.

        Raises:
            JournalDamagedError: at a row that is damaged or missing.
        """
        position = after
        for row in self.rows(after):
            position += 1
            if row.position != position == after + 1:
                position = max(position, self.archived() + 1)
            if row.position != position:
                raise JournalDamagedError(self.where, position, "it is missing")
            yield Entry(row.position, decode(row, self.where), row.token)

    def archived(self) -> int:
        """Return up to which position events are in an archive; 0 if none are."""
        found = self._ask(self._line.statements.archived(self._desk))
        return int(found[0][0]) if found else 0

    def check(self) -> Checked:
        """Read every row and fold it; return what there is.

        Where events are in an archive, those after the snapshot are folded.

        Raises:
            JournalDamagedError: at the first row that is damaged or missing.
        """
        desk, head = Dispatcher(), 0
        count, position = 0, 0
        first: Instant | None = None
        last: Instant | None = None
        for entry in self.entries():
            if not count and entry.position > 1:
                head, desk = self._saved()
            if entry.position > head:
                desk.follow((entry.event,))
            count, position, last = count + 1, entry.position, entry.event.at
            first = last if first is None else first
        if position < self.head:
            raise JournalDamagedError(self.where, position + 1, "it is missing")
        return Checked(count, self.head, first, last, position - count)

    def desk_at(self, at: Instant) -> Dispatcher:
        """Return the desk as it was after everything that happened up to an instant.

        Raises:
            JournalDamagedError: if the events up to then are in an archive.
        """
        desk, head = Dispatcher(), 0
        for entry in self.entries():
            if not head and entry.position > 1 and not desk.now:
                head, desk = self._saved()
                if desk.now > at:
                    raise JournalDamagedError(
                        self.where, None, "the events up to that instant are in an archive"
                    )
            if entry.event.at > at:
                break
            if entry.position > head:
                desk.follow((entry.event,))
        return desk

    def _saved(self) -> tuple[int, Dispatcher]:
        """Return the latest snapshot: its head and the desk."""
        says = self._line.statements
        ((_, _, head),) = self._ask(says.state(self._desk))
        found = read_parts(self._ask(says.parts(self._desk, head)))
        if found is None:
            raise JournalDamagedError(self.where, None, "its snapshot cannot be read")
        return head, Dispatcher.restore(found[0])

    def _ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        return _ask(self._line, statement)[0]


class ReadOnlyDesk(Views):
    """A desk as its journal tells it, for those who look and never write.

    It answers every question of a :class:`~ticketroute.desk.Desk` and has no commands. It takes no
    lock on the desk, saves no snapshot, and needs no right but to read. ``refresh()`` takes in what
    others did since. What time alone would change shows once a process of the desk has done it.

    Args:
        address: a path of an SQLite file, or ``postgresql://...``.
        name: which desk of the database.
        wait: how many seconds a busy file is waited for.

    Raises:
        NotAJournalError: if the address leads to no desk; NoSuchDeskError: to none of this name.
        NewerJournalError: if a later release of ticketroute has written to it.
        JournalDamagedError: if a row is not what was written.
        JournalUnreachableError: if the database does not answer.

    Cost: as ``Desk.open``.
    """

    def __init__(self, address: Address, name: str = "main", *, wait: float = WAIT) -> None:
        check_id("name", name)
        refuse_missing(address)
        self._line: Line = line_to(address, wait=wait, read_only=True)
        self._place = Place(
            desk=name,
            statements=self._line.statements,
            where=self._line.where,
            wait=wait,
            clock=now,
            own_clock=False,
        )
        self._memory = Memory(Making(), self._line.where)
        self._memory.told = LAST_POSITION  # nobody is told, so no event is kept for it
        try:
            drive(patiently(self._place, lambda: _seen(self._memory, self._place)), self._line)
        except BaseException:
            self.close()
            raise

    @property
    def latest(self) -> Instant:
        """The instant of the last event that shows; 0 before the first."""
        return self._dispatcher.now

    def refresh(self) -> None:
        """Take in what was committed since. Two statements, and O(log n) for each event."""
        memory, place = self._memory, self._place
        drive(patiently(place, lambda: refresh(memory, place)), self._line)

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seen(memory: Memory, place: Place) -> Talk[None]:
    answer = yield Trip([place.statements.state(place.desk)])
    yield from check_state(place, answer[0])
    yield from reopen(memory, place)


def _ask(line: Line, statement: Statement) -> Answer:
    try:
        return line.run(Trip([statement]))
    except LostError as lost:
        raise JournalUnreachableError(line.where, str(lost)) from lost


def due_desks(address: Address, *, at: Instant | datetime | None = None) -> tuple[str, ...]:
    """Return the names of the desks on which time alone changes something by ``at``.

    The desk that has waited longest comes first; default is now. One statement, for a worker that
    serves thousands of desks.
    """
    until = now() if at is None else instant_of(at) if isinstance(at, datetime) else at
    refuse_missing(address)
    line = line_to(address, wait=WAIT, read_only=True)
    try:
        found = _ask(line, line.statements.due(until))[0]
    finally:
        line.close()
    return tuple(name for (name,) in found)
