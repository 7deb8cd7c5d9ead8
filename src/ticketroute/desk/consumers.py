"""Named consumers: effects that follow from events, at least once, or exactly once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha256
from threading import Lock

from ticketroute.desk.conversation import Place, Talk, drive, drive_async
from ticketroute.errors import InvalidValueError
from ticketroute.journal.codec import Row, decode
from ticketroute.journal.contract import Entry, Position, check_position
from ticketroute.journal.faults import JournalSetBackError, JournalUnreachableError
from ticketroute.journal.lines import AsyncLine, Line, LostError
from ticketroute.journal.statements import GIVE_UP, Trip
from ticketroute.journal.turns import Turn
from ticketroute.model.checks import check_id, check_whole

MOST = 10_000  # events of one block


def check_consuming(name: object, most: object, at: object) -> None:
    """Raise an error if ``consume`` cannot use an argument."""
    check_id("name", name)
    check_whole("most", most, 1, MOST)
    if at is not None:
        check_position("at", at)


class Reading:
    """The events of one block, and which of them were handled."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._handled: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self._handled.append(entry)
            yield entry

    def handled(self, *, failed: bool) -> Entry | None:
        """Return the last event that was handled; in a block that failed, the last but one."""
        done = self._handled[:-1] if failed else self._handled
        return done[-1] if done else None


# --- in a database --------------------------------------------------------------------------------


class Consumption:
    """What a consumer and the database say to each other, whoever carries the words.

    While it lasts, no other process finds anything under the same name. PostgreSQL holds the
    consumer's row locked. SQLite would keep everybody from writing, so that a lock on a file does
    it there. In a transaction of the host's, ``hosted``, the row is locked as well.
    """

    def __init__(self, place: Place, name: str, *, path: str | None, hosted: bool) -> None:
        self._place, self._name, self._hosted = place, name, hosted
        whose = sha256(f"{place.desk}\0{name}".encode()).hexdigest()[:16]
        self._turn = None if path is None or hosted else Turn(f"{path}-consumer-{whose}")
        self._locks = self._turn is None and not hosted

    def begin(self, most: int, at: Position | None) -> Talk[Reading | None]:
        """Return the next events after the consumer's place, or after ``at``; None: it is taken."""
        says, desk, name = self._place.statements, self._place.desk, self._name
        if self._turn is not None and not self._turn.take(0):
            return None
        yield Trip([says.enrol(desk, name)])
        begin = says.begin(self._place.wait) if self._locks else []
        answer = yield Trip([*begin, says.place(desk, name)], begins=bool(begin))
        if not answer[-1]:
            return None
        (found,) = answer[-1]
        if at is not None:
            found = yield from self._move_to(at)
        return Reading((yield from self._after(found[0], found[1], most)))

    def store(self, entry: Entry) -> Talk[None]:
        """Note that everything up to this event was handled."""
        says, desk = self._place.statements, self._place.desk
        yield Trip([says.consumed(desk, self._name, entry.position, entry.token)])

    def end(self) -> Talk[None]:
        """Give the turn to other consumers; what was stored is committed."""
        if self._locks:
            yield Trip([self._place.statements.commit()], ends=True)

    def finish(self, reading: Reading, *, failed: bool, owned: bool) -> Talk[None]:
        """Note what was handled and end the turn.

        A block that ``failed`` keeps what it handled before only where the line is ``owned``: a
        transaction of the host's is given up by the host.
        """
        done = reading.handled(failed=failed)
        if failed and not (owned and done):
            return
        if done:
            yield from self.store(done)
        yield from self.end()

    def release(self) -> None:
        """End the turn at the file, if there is one."""
        if self._turn is not None:
            self._turn.give()

    def _move_to(self, at: Position) -> Talk[tuple[int, int]]:
        says, desk = self._place.statements, self._place.desk
        token = 0
        if at:
            found = (yield Trip([says.events(desk, at, 1)]))[0]
            if not found or found[0][0] != at:
                head = yield from self._head()
                raise InvalidValueError("at", at, f"a position of the journal, from 0 to {head}")
            token = found[0][1]
        yield Trip([says.consumed(desk, self._name, at, token)])
        return at, token

    def _after(self, position: int, token: int, most: int) -> Talk[list[Entry]]:
        place = self._place
        first, asked = (position, most + 1) if position else (1, most)
        answer = yield Trip([place.statements.events(place.desk, first, asked)])
        rows = [Row(*row) for row in answer[0]]
        if position:
            if not rows or (rows[0].position, rows[0].token) != (position, token):
                head = rows[-1].position if rows else (yield from self._head())
                raise JournalSetBackError(place.desk, position, head, self._name)
            rows = rows[1:]
        return [Entry(row.position, decode(row, place.where), row.token) for row in rows]

    def _head(self) -> Talk[int]:
        answer = yield Trip([self._place.statements.state(self._place.desk)])
        return int(answer[0][0][0]) if answer[0] else 0


@contextmanager
def consuming(
    consumption: Consumption, line: Line, most: int, at: Position | None, *, owned: bool
) -> Iterator[Iterator[Entry]]:
    """Give the next events to a block, and note which it handled; ``owned``: close the line."""
    try:
        reading = drive(consumption.begin(most, at), line)
        if reading is None:
            yield iter(())
            return
        try:
            yield iter(reading)
        except BaseException:
            drive(consumption.finish(reading, failed=True, owned=owned), line)
            raise
        drive(consumption.finish(reading, failed=False, owned=owned), line)
    except LostError as lost:
        raise JournalUnreachableError(line.where, str(lost)) from lost
    finally:
        if owned:
            line.run(GIVE_UP)
            line.close()
        consumption.release()


@asynccontextmanager
async def consuming_async(
    consumption: Consumption, line: AsyncLine, most: int, at: Position | None, *, owned: bool
) -> AsyncIterator[Iterator[Entry]]:
    """Do the same for asyncio."""
    try:
        reading = await drive_async(consumption.begin(most, at), line)
        if reading is None:
            yield iter(())
            return
        try:
            yield iter(reading)
        except BaseException:
            await drive_async(consumption.finish(reading, failed=True, owned=owned), line)
            raise
        await drive_async(consumption.finish(reading, failed=False, owned=owned), line)
    except LostError as lost:
        raise JournalUnreachableError(line.where, str(lost)) from lost
    finally:
        if owned:
            await line.close()
        consumption.release()


# --- in memory ------------------------------------------------------------------------------------


class Alone:
    """The place of a consumer of a desk in memory."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._position = 0

    @contextmanager
    def consuming(
        self, read: Callable[[int], Iterator[Entry]], head: int, most: int, at: Position | None
    ) -> Iterator[Iterator[Entry]]:
        """Give the next events to a block, and note which of them it handled."""
        if at is not None and at > head:
            raise InvalidValueError("at", at, f"a position of the journal, from 0 to {head}")
        if not self._turn.acquire(blocking=False):
            yield iter(())
            return
        try:
            self._position = self._position if at is None else at
            found = zip(range(most), read(self._position), strict=False)
            reading = Reading([entry for _, entry in found])
            failed = True
            try:
                yield iter(reading)
                failed = False
            finally:
                done = reading.handled(failed=failed)
                self._position = done.position if done else self._position
        finally:
            self._turn.release()
