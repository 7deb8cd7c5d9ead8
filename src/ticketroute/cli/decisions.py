"""What became of each ticket of a log, gathered from events and written one decision a row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TextIO

import click
from attrs import define, field

from ticketroute.cli.cells import written
from ticketroute.cli.faults import InputError
from ticketroute.model.events import (
    Event,
    TicketAbandoned,
    TicketAssigned,
    TicketQueued,
    TicketResolved,
    TicketSubmitted,
    WaitReason,
)
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket

STDOUT = "-"
Cell = str | int | float | dict[str, int] | None


class Outcome(Enum):
    """What became of a ticket."""

    ASSIGNED = "assigned"  # an agent had it
    WAITING = "waiting"  # nobody had it when the log ended
    UNSERVED = "unserved"  # nobody had it when the log says it ended


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
)


@define
class Decision:
    """What became of one ticket."""

    ticket: Ticket
    queue: str
    arrived: Instant
    assigned: TicketAssigned | None = None
    reason: WaitReason | None = None  # why it waited, if it did
    ended: Instant | None = None

    @property
    def outcome(self) -> Outcome:
        """What became of the ticket."""
        if self.assigned is not None:
            return Outcome.ASSIGNED
        return Outcome.WAITING if self.ended is None else Outcome.UNSERVED


@define
class Decisions:
    """Every decision, in the order of arrival; a fold of events."""

    _by_ticket: dict[TicketId, Decision] = field(factory=dict)

    def see(self, event: Event) -> None:
        """Take in the next event. O(1)."""
        match event:
            case TicketSubmitted():
                self._by_ticket[event.ticket_id] = Decision(
                    event.ticket, event.queue_id, event.arrived
                )
            case TicketQueued():
                if event.reason is not None:
                    self._by_ticket[event.ticket_id].reason = event.reason
            case TicketAssigned():
                self._by_ticket[event.ticket_id].assigned = event
            case TicketResolved() | TicketAbandoned():
                self._by_ticket[event.ticket_id].ended = event.at
            case _:
                pass

    def __iter__(self) -> Iterator[Decision]:
        return iter(self._by_ticket.values())

    def __len__(self) -> int:
        return len(self._by_ticket)

    def count(self, outcome: Outcome) -> int:
        """Return how many tickets had this outcome."""
        return sum(each.outcome is outcome for each in self)


def rows(
    decisions: Iterable[Decision],
    *,
    key_names: tuple[str, ...],
    capacity_of: Mapping[AgentId, int],
    closed: Instant,
) -> Iterator[dict[str, Cell]]:
    """Yield a row for each decision; ``closed`` is when the log ended, for who still waits."""
    for each in decisions:
        found = each.assigned
        until = found.at if found else closed if each.ended is None else each.ended
        yield {
            "ticket_id": each.ticket.id,
            "queue": each.queue,
            "priority": int(each.ticket.priority),
            "arrived": written(each.arrived),
            "outcome": each.outcome.value,
            "agent": found.agent_id if found else None,
            "decided_at": written(found.at) if found else None,
            "waited_seconds": _in_seconds(until - each.arrived),
            "ended_at": None if each.ended is None else written(each.ended),
            "cause": found.cause.value if found else None,
            "key": _named(found.key, key_names) if found and found.key else None,
            "runner_up": found.runner_up if found else None,
            "reason": each.reason.value if each.reason else None,
            "cost": found.cost if found else None,
            "capacity": capacity_of[found.agent_id] if found else None,
        }


def write(path: str, found: Iterable[Mapping[str, Cell]]) -> None:
    """Write rows as CSV or JSON lines, gzipped if the name ends in .gz; ``-`` is standard output.

    A file appears whole or not at all.

    Raises:
        InputError: if the name tells no form.
        ClickException: if the file cannot be written.
    """
    is_json = form_of(path)
    try:
        with _opened(path) as out:
            if is_json:
                for row in found:
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
                table.writeheader()
                table.writerows({name: _flat(cell) for name, cell in row.items()} for row in found)
    except BrokenPipeError:
        raise
    except OSError as fault:
        raise click.ClickException(
            f"{path} cannot be written: {fault.strerror or fault}"
        ) from fault


def check_writable(path: str, *, reads: Iterable[str]) -> None:
    """Refuse an output that cannot work, before anything is computed.

    Raises:
        InputError: if the name tells no form, the folder does not exist, or the file is one of
            those that are read.
    """
    form_of(path)
    if path == STDOUT:
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
    """Say whether a file is written as JSON lines, going by its name; otherwise it is CSV.

    Raises:
        InputError: if the name tells neither.
    """
    name = path.removesuffix(".gz")
    if name.endswith((".jsonl", ".ndjson")):
        return True
    if path == STDOUT or name.endswith(".csv"):
        return False
    raise InputError(
        f"{path}: cannot tell from the name what to write; "
        "end it in .csv, .jsonl, .csv.gz or .jsonl.gz"
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


def _flat(cell: Cell) -> str | int | float | None:
    if isinstance(cell, dict):
        return "; ".join(f"{name}={number}" for name, number in cell.items())
    return cell
