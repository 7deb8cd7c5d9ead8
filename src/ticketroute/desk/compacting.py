"""Moving old events of a journal to an archive: a file of one JSON array a line.

Events are dropped only behind a snapshot that this release can read, only after they were read back
from the archive, and never those that a consumer has yet to handle.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from attrs import frozen

from ticketroute.desk.addresses import Address
from ticketroute.desk.conversation import Place, Talk, archived_up_to, drive, lock, patiently, ready
from ticketroute.desk.desk import Desk
from ticketroute.desk.memory import Memory
from ticketroute.errors import InvalidValueError
from ticketroute.journal.codec import Row, decode
from ticketroute.journal.faults import JournalDamagedError, JournalUnwritableError
from ticketroute.journal.lines import Line
from ticketroute.journal.snapshots import read_parts
from ticketroute.journal.statements import GIVE_UP, SLICE, Trip
from ticketroute.model.instants import Instant

PACKED = ".gz"  # the ending of an archive that is compressed


@frozen
class Compacted:
    """What was moved: the first and last position, or 0 and 0 if there was nothing to move."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many events."""
        return self.last - self.first + 1 if self.last else 0


def last_to_move(place: Place, before: Instant | None) -> Talk[int]:
    """Return up to which position events may go: before the snapshot and every consumer."""
    says, desk = place.statements, place.desk
    asked = [says.state(desk), says.least_consumed(desk)]
    if before is not None:
        asked.append(says.first_at(desk, before))
    answer = yield Trip(asked)
    last = answer[0][0][2] - 1  # the event of the snapshot proves that it is of this journal
    if answer[1][0][0] is not None:
        last = min(last, answer[1][0][0] - 1)
    if before is not None and answer[2][0][0] is not None:
        last = min(last, answer[2][0][0] - 1)
    return int(max(0, last))


def compact(memory: Memory, place: Place, last: int, token: int) -> Talk[None]:
    """Drop the events up to a position, which are in an archive.

    Raises:
        JournalDamagedError: if the snapshot cannot be read; nothing is dropped.
    """
    says, desk = place.statements, place.desk
    locked = yield from lock(memory, place, ())
    try:
        yield from ready(memory, place, locked, lambda: None)
        answer = yield Trip([says.state(desk)])
        head = answer[0][0][2]
        answer = yield Trip([says.parts(desk, head), says.events(desk, head, 1)])
        found = read_parts(answer[0])
        row = [Row(*each)[:2] for each in answer[1]]
        if found is None or row != [(head, found[1])] or head <= last:
            raise JournalDamagedError(place.where, None, "its snapshot cannot be read")
        memory.making.restored(found[0])
    except BaseException as fault:
        if not isinstance(fault, GeneratorExit):
            yield GIVE_UP
        raise
    yield Trip([*says.archive(desk, last, token), says.commit()], ends=True)


# --- the file ------------------------------------------------------------------------------------


def write_archive(path: Path, rows: Iterator[Row], where: str) -> list[Row]:
    """Write rows to a new file, and read them back; return the first and the last, or nothing.

    Raises:
        JournalUnwritableError: if the file is there already, or cannot be written.
        JournalDamagedError: for a row that is damaged or missing.
    """
    ends: list[Row] = []
    try:
        with _opened(path, "x") as file:
            for row in rows:
                _check_next(row, ends, where)
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
                ends = [*ends[:1], row]
        with path.open("rb") as written:
            os.fsync(written.fileno())
        checked: list[Row] = []
        for row in read_archive(path):
            _check_next(row, checked, str(path))
            checked = [*checked[:1], row]
    except OSError as fault:
        raise JournalUnwritableError(f"the archive {path}", fault.strerror or str(fault)) from fault
    if checked != ends:
        raise JournalDamagedError(f"the archive {path}", None, "it is not what was written")
    return ends


def read_archive(path: Path) -> Iterator[Row]:
    """Yield the rows of an archive, as they are."""
    with _opened(path, "r") as file:
        for line in file:
            yield Row(*json.loads(line))


def _check_next(row: Row, ends: list[Row], where: str) -> None:
    """Raise unless a row is whole and follows those before it."""
    if ends and row.position != ends[-1].position + 1:
        raise JournalDamagedError(where, ends[-1].position + 1, "it is missing")
    decode(row, where)


def _opened(path: Path, mode: str) -> IO[str]:
    if path.suffix == PACKED:
        return cast("IO[str]", gzip.open(path, f"{mode}t", encoding="utf-8"))
    return path.open(mode, encoding="utf-8")


def check_archive(path: Path) -> None:
    """Raise InvalidValueError if there is something at the path already."""
    if path.exists():
        raise InvalidValueError("archive", str(path), "a file that is not there yet")


# --- both ----------------------------------------------------------------------------------------


def compact_journal(
    address: Address, name: str, archive: Path, before: Instant | None = None
) -> Compacted:
    """Save a snapshot, write older events to an archive, and drop them from the journal.

    Args:
        address: where the desk is kept.
        name: which desk.
        archive: a file that is not there yet; it is compressed if it ends in ``.gz``.
        before: only events before this instant; None: all before the snapshot.

    Raises:
        InvalidValueError: if the archive is there already.
        JournalUnwritableError: if it cannot be written; the journal is as it was.
        JournalDamagedError: if a row or the snapshot is damaged; the journal is as it was.
    """
    check_archive(archive)
    with Desk.open(address, name, create=False) as desk:
        memory, place, line = desk._memory, desk._place, desk._line  # noqa: SLF001  of one making
        assert place is not None
        assert line is not None
        desk.save_snapshot()
        last = drive(patiently(place, lambda: last_to_move(place, before)), line)
        first = 1 + drive(patiently(place, lambda: archived_up_to(place)), line)
        if last < first:
            return Compacted(0, 0)
        ends = write_archive(archive, _rows(line, place, first, last), place.where)
        if (ends[0].position, ends[-1].position) != (first, last):
            raise JournalDamagedError(place.where, first, "it is missing")
        drive(compact(memory, place, last, ends[-1].token), line)
        return Compacted(first, last)


def _rows(line: Line, place: Place, first: int, last: int) -> Iterator[Row]:
    """Yield the rows from a position to another. O(1) for each."""
    while first <= last:
        most = min(SLICE, last - first + 1)
        found = line.run(Trip([place.statements.events(place.desk, first, most)]))[0]
        for each in found:
            yield Row(*each)
        if len(found) < most:
            return
        first = found[-1][0] + 1
