"""A log as the simulation takes it: read like ``route`` does, and one column more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticketroute.cli.faults import InputError
from ticketroute.logs import (
    EVENT_FIELDS,
    TICKET_FIELDS,
    Field,
    Logged,
    Options,
    Step,
    changes,
    read_log,
)
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.instants import Instant
from ticketroute.simulation.history import Past

MET = Field("met", ("made_sla", "sla_met", "met"), "Whether its service level was met.")
FIELDS = (*{each.name: each for each in (*TICKET_FIELDS, *EVENT_FIELDS)}.values(), MET)
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
    turns = list(_turns(logged))
    return Past(
        id=logged.ticket.id,
        queue=logged.queue,
        arrived=logged.arrived,
        ended=logged.ended,
        agents=tuple((agent, queue) for _, agent, queue in turns) or _named(logged),
        priority=logged.ticket.priority,
        channel=logged.ticket.channel,
        met=met,
        since=_since(turns),
        holds=tuple(_spans(logged, Step.HOLD, Step.RESUME)),
        over=tuple(_spans(logged, Step.RESOLVE, Step.REOPEN)),
    )


def _named(logged: Logged) -> tuple[tuple[AgentId, QueueId], ...]:
    return tuple(dict.fromkeys(logged.named))


def _turns(logged: Logged) -> Iterator[tuple[Instant, AgentId, QueueId]]:
    """Yield when each agent got a ticket of an event log, and in which queue."""
    queue, had = logged.queue, None
    for taken in logged.steps:
        if logged.ended is not None and taken.at > logged.ended:
            return
        queue = taken.queue or queue
        if taken.agent is not None and (taken.agent, queue) != had:
            had = taken.agent, queue
            yield max(taken.at, logged.arrived), taken.agent, queue


def _since(turns: Sequence[tuple[Instant, AgentId, QueueId]]) -> Instant | None:
    """Return when the last agent got the ticket."""
    since: Instant | None = None
    for at, agent, _ in reversed(turns):
        if agent != turns[-1][1]:
            break
        since = at
    return since


def _spans(logged: Logged, first: Step, last: Step) -> Iterator[tuple[Instant, Instant]]:
    """Yield the spans from one step to the next other one; an open one lasts to the ending."""
    since: Instant | None = None
    for taken in changes(logged):
        if since is None and taken.step is first:
            since = taken.at
        elif since is not None and taken.step in (last, Step.RESOLVE):
            yield since, taken.at
            since = None
    if since is not None and logged.ended is not None:
        yield since, logged.ended


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
