"""A log as the simulation takes it: read like ``route`` does, and one column more."""

from __future__ import annotations

from ticketroute.cli.faults import InputError
from ticketroute.logs import TICKET_FIELDS, Field, Logged, Options, read_log
from ticketroute.simulation.history import Past

MET = Field("met", ("made_sla", "sla_met", "met"), "Whether its service level was met.")
FIELDS = (*TICKET_FIELDS, MET)
_YES, _NO = frozenset({"true", "yes", "y", "1", "t"}), frozenset({"false", "no", "n", "0", "f"})


def read_past(path: str, options: Options) -> list[Past]:
    """Read a log of tickets.

    Raises:
        LogError: if the file, or a row of it, cannot be used.
        InputError: if the column of service levels is not yes or no.
    """
    with read_log(path, options) as log:
        column = ", ".join(log.understood.columns.get(MET.name, ()))
        return [past_of(each, met=_flag(each, path, column)) for each in log]


def past_of(logged: Logged, *, met: bool | None = None) -> Past:
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


def _flag(logged: Logged, name: str, column: str) -> bool | None:
    cell = logged.more.get(MET.name, "")
    word = cell.lower()
    if not word:
        return None
    if word not in _YES | _NO:
        raise InputError(
            f"{name}, row {logged.row}: column {column!r} is {cell!r}; it must be true or false, "
            "yes or no, 1 or 0"
        )
    return word in _YES
