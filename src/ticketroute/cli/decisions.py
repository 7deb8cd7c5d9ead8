"""Collect what became of each ticket from events, and write one decision a row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, tzinfo
from enum import Enum
from pathlib import Path
from typing import TextIO

import click
from attrs import define, field

from ticketroute.cli.faults import InputError
from ticketroute.cli.text import clean
from ticketroute.logs.dates import written
from ticketroute.logs.spool import Spool
from ticketroute.model.events import (
    Event,
    TicketAbandoned,
    TicketAssigned,
    TicketMerged,
    TicketQueued,
    TicketResolved,
    TicketSubmitted,
    WaitReason,
)
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket

STDOUT = "-"
Flat = str | int | float | None
Cell = Flat | dict[str, int]


class Outcome(Enum):
    """What became of a ticket."""

    ASSIGNED = "assigned"  # an agent got it
    WAITING = "waiting"  # no agent had it when the log ended
    UNSERVED = "unserved"  # no agent had it when it ended


COLUMNS = (
    "ticket_id",
    "queue",
    "priority",
    "arrived",
    "outcome",
    "agent",
    "decided_at",
    "waited_seconds",
    "ended_at",
    "cause",
    "key",
    "runner_up",
    "reason",
    "cost",
    "capacity",
    "last_agent",
    "handovers",
)


@define
class Decision:
    """What became of one ticket."""

    place: int  # in the order of arrival
    ticket: Ticket
    queue: str
    arrived: Instant
    assigned: TicketAssigned | None = None  # the first time
    reason: WaitReason | None = None  # why it waited for that, if it did
    ended: Instant | None = None
    last_agent: AgentId | None = None
    handovers: int = 0  # agents after the first

    @property
    def outcome(self) -> Outcome:
        """What became of the ticket."""
        if self.assigned is not None:
            return Outcome.ASSIGNED
        return Outcome.WAITING if self.ended is None else Outcome.UNSERVED


@define(kw_only=True)
class Decisions:
    """Every decision, in the order of arrival; a fold of events.

    Memory grows with open tickets alone: a decision about a ticket that has ended is written
    down at once, beyond some ten thousand in a temporary file. ``capacity_of`` answers with the
    capacity of an agent, in units, ``comes_back`` whether a resolved ticket is to be reopened.
    """

    key_names: tuple[str, ...] = ()
    capacity_of: Callable[[AgentId], int] = lambda _: 0
    comes_back: Callable[[TicketId], bool] = lambda _: False
    zone: tzinfo = UTC  # of the times that are written
    _open: dict[TicketId, Decision] = field(factory=dict)
    _spool: Spool = field(factory=Spool)
    _came: int = 0

    def see(self, event: Event) -> None:
        """Take in the next event. O(1)."""
        match event:
            case TicketSubmitted():
                self._came += 1
                self._open[event.ticket_id] = Decision(
                    self._came, event.ticket, event.queue_id, event.arrived
                )
            case TicketQueued():
                decision = self._open.get(event.ticket_id)
                if event.reason is not None and decision and decision.assigned is None:
                    decision.reason = event.reason
            case TicketAssigned():
                if event.ticket_id in self._open:
                    self._assigned(self._open[event.ticket_id], event)
            case TicketResolved() | TicketAbandoned() | TicketMerged():
                if event.ticket_id in self._open and not self.comes_back(event.ticket_id):
                    self._ended(event.ticket_id, event.at)
            case _:
                pass

    def __len__(self) -> int:
        return self._came

    def _assigned(self, decision: Decision, event: TicketAssigned) -> None:
        if decision.assigned is None:
            decision.assigned = event
        elif decision.last_agent != event.agent_id:
            decision.handovers += 1
        decision.last_agent = event.agent_id

    def _ended(self, ticket_id: TicketId, at: Instant) -> None:
        decision = self._open.pop(ticket_id)
        decision.ended = at
        self._write_down(decision, until=at)

    def _write_down(self, decision: Decision, *, until: Instant) -> None:
        self._spool.add([decision.place, *self._cells(decision, until)])

    def _cells(self, each: Decision, until: Instant) -> Iterator[Cell]:
        found = each.assigned
        yield each.ticket.id
        yield each.queue
        yield int(each.ticket.priority)
        yield self._time(each.arrived)
        yield each.outcome.value
        yield found.agent_id if found else None
        yield self._time(found.at) if found else None
        yield _in_seconds((found.at if found else until) - each.arrived)
        yield None if each.ended is None else self._time(each.ended)
        yield found.cause.value if found else None
        yield _named(found.key, self.key_names) if found and found.key else None
        yield found.runner_up if found else None
        yield each.reason.value if each.reason else None
        yield found.cost if found else None
        yield self.capacity_of(found.agent_id) if found else None
        yield each.last_agent
        yield each.handovers if found else None

    def _time(self, at: Instant) -> str:
        return written(at, self.zone)

    def close(self, at: Instant) -> None:
        """End the log at ``at``: tickets that are still open stay so."""
        for decision in self._open.values():
            self._write_down(decision, until=at)
        self._open.clear()

    def rows(self) -> Iterator[dict[str, Cell]]:
        """Yield a row for each decision, in the order of arrival; ask after ``close``."""
        for _, *found in self._spool:
            yield dict(zip(COLUMNS, found, strict=True))

    def forget(self) -> None:
        """Remove the temporary file."""
        self._spool.close()


def write(
    path: str, found: Iterable[Mapping[str, Cell]], *, columns: tuple[str, ...] = COLUMNS
) -> None:
    """Write rows as CSV or JSON lines, gzipped if the name ends in .gz; ``-`` is standard output.

    A file appears whole or not at all.

    Raises:
        InputError: if the name does not tell a form.
        ClickException: if the file cannot be written.
    """
    is_json = form_of(path)
    # A terminal obeys control characters, which a file may have in its names.
    is_terminal = path == STDOUT and sys.stdout is not None and sys.stdout.isatty()
    try:
        with _opened(path) as out:
            if is_json:
                for row in found:
                    line = json.dumps(row, ensure_ascii=False)
                    out.write(f"{clean(line) if is_terminal else line}\n")
            else:
                table = csv.writer(out, lineterminator="\n")
                table.writerow(columns)
                for row in found:
                    cells: list[Flat] = [
                        _flat(cell) if isinstance(cell, dict) else cell
                        for cell in map(row.__getitem__, columns)
                    ]
                    table.writerow(map(_clean, cells) if is_terminal else cells)
    except BrokenPipeError:
        raise
    except OSError as fault:
        name = "standard output" if path == STDOUT else path
        raise click.ClickException(
            f"{name} cannot be written: {fault.strerror or fault}"
        ) from fault


def check_writable(path: str, *, reads: Iterable[str]) -> None:
    """Raise unless an output can be written; called before anything is computed.

    Raises:
        InputError: if the name does not tell a form, the folder does not exist, the file is one
            that is read, or standard output is closed.
    """
    form_of(path)
    if path == STDOUT:
        if sys.stdout is None:
            raise InputError("standard output is closed; name a file with -o")
        return
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise InputError(f"{path}: the folder {target.parent} does not exist; make it first")
    if target.is_dir():
        raise InputError(f"{path} is a folder; name a file in it")
    for other in reads:
        if other != STDOUT and Path(other).resolve() == target:
            raise InputError(f"{path} is read and cannot be written; choose another name for -o")


def form_of(path: str) -> bool:
    """Return whether the name of a file asks for JSON lines; otherwise it is CSV.

    Raises:
        InputError: if the name asks for neither.
    """
    name = path.removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        return True
    if path == STDOUT or name.endswith(".csv"):
        return False
    raise InputError(
        f"{path}: the name does not say what to write; end it in .csv, .jsonl, .csv.gz or .jsonl.gz"
    )


@contextmanager
def _opened(path: str) -> Iterator[TextIO]:
    if path == STDOUT:
        yield sys.stdout
        return
    target = Path(path).resolve()
    is_plain_file = target.is_file() or not target.exists()
    written_to = target.with_name(target.name + ".part") if is_plain_file else target
    try:
        with written_to.open("wb") as data:
            if path.endswith(".gz"):
                # No name and no time inside: the same decisions make the same bytes.
                with (
                    gzip.GzipFile(filename="", mode="wb", fileobj=data, mtime=0) as packed,
                    io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
                ):
                    yield text
            else:
                with io.TextIOWrapper(data, encoding="utf-8", newline="") as text:
                    yield text
    except BaseException:
        if is_plain_file:
            written_to.unlink(missing_ok=True)
        raise
    if is_plain_file:
        written_to.replace(target)


def _in_seconds(span: int) -> int | float:
    return span // 1_000 if span % 1_000 == 0 else span / 1_000


def _named(key: tuple[int, ...], names: tuple[str, ...]) -> dict[str, int]:
    """Return the numbers of a key under their names; numbers beyond the names get a number."""
    return {
        names[place] if place < len(names) else f"key_{place + 1}": number
        for place, number in enumerate(key)
    }


def _flat(numbers: Mapping[str, int]) -> str:
    return "; ".join(f"{name}={number}" for name, number in numbers.items())


def _clean(cell: Flat) -> Flat:
    return clean(cell) if isinstance(cell, str) else cell
