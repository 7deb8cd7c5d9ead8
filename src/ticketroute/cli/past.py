"""A log as the simulation takes it: read like ``route`` does, and one column more."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from ticketroute.cli.cells import Dates
from ticketroute.cli.columns import TICKET_FIELDS, Columns, Field
from ticketroute.cli.faults import InputError
from ticketroute.cli.history import Logged, read_history
from ticketroute.cli.reading import Row, open_sheet
from ticketroute.model.ids import QueueId
from ticketroute.simulation.history import Past

MET = Field("met", ("made_sla", "sla_met", "met"), "Whether its service level was met.")
FIELDS = (*TICKET_FIELDS, MET)
_YES, _NO = frozenset({"true", "yes", "y", "1", "t"}), frozenset({"false", "no", "n", "0", "f"})


def read_past(
    path: str,
    *,
    chosen: dict[str, str],
    delimiter: str,
    encoding: str,
    dates: Dates,
    queue: str,
) -> list[Past]:
    """Read a log of tickets.

    Raises:
        InputError: if the file, or a row of it, cannot be used.
    """
    met: dict[int, bool | None] = {}
    with open_sheet(path, delimiter=delimiter, encoding=encoding) as sheet:
        columns = Columns(sheet, fields=FIELDS, chosen=chosen)
        order: dict[str, int] = {}

        def watched(rows: Iterator[Row]) -> Iterator[Row]:
            for row in rows:
                order[columns.first(row, "id")[1]] = row.number
                met[row.number] = _flag(*columns.first(row, "met"), name=path, number=row.number)
                yield row

        watching = evolve(sheet, rows=watched(sheet.rows))
        history = read_history(watching, columns, dates=dates, queue=QueueId(queue))
    return [past_of(each, met[order[each.ticket.id]]) for each in history.tickets]


def past_of(logged: Logged, met: bool | None = None) -> Past:
    """Return a ticket of a log as the simulation takes it."""
    return Past(
        id=logged.ticket.id,
        queue=logged.queue,
        arrived=logged.arrived,
        ended=logged.ended,
        agents=tuple(dict.fromkeys(logged.named)),
        priority=logged.ticket.priority,
        channel=logged.ticket.channel,
        met=met,
    )


def _flag(column: str, cell: str, *, name: str, number: int) -> bool | None:
    word = cell.lower()
    if not word:
        return None
    if word not in _YES | _NO:
        raise InputError(
            f"{name}, row {number}: column {column!r} is {cell!r}; it must be true or false, "
            "yes or no, 1 or 0"
        )
    return word in _YES
