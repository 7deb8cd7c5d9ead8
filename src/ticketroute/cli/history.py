"""Tickets of the past, read from the rows of a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import field, frozen

from ticketroute.cli import cells
from ticketroute.cli.cells import Dates
from ticketroute.cli.columns import Columns
from ticketroute.cli.faults import InputError, RowError
from ticketroute.cli.reading import Row, Sheet
from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_id
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import EMAIL, Ticket, TicketPriority

T = TypeVar("T")


@frozen
class Logged:
    """A ticket as the log has it.

    ``ended`` is never before ``arrived``. ``named`` are the agents the log names for it, each with
    the queue in which they had it.
    """

    ticket: Ticket
    queue: QueueId
    arrived: Instant
    ended: Instant | None
    named: tuple[tuple[AgentId, QueueId], ...]


@frozen
class History:
    """A log in the order of arrival; tickets that arrived together stay in the file's order."""

    tickets: tuple[Logged, ...] = field()
    ended_before_arrival: int = 0  # endings that were moved to the arrival

    @property
    def queues(self) -> tuple[QueueId, ...]:
        """The queues in the order of their first ticket or agent."""
        found: dict[QueueId, None] = {}
        for logged in self.tickets:
            found[logged.queue] = None
            found.update((queue, None) for _, queue in logged.named)
        return tuple(found)


def read_history(sheet: Sheet, columns: Columns, *, dates: Dates, queue: QueueId) -> History:
    """Read every row; ``queue`` takes the tickets whose row names none.

    Raises:
        InputError: at the first row that cannot be used, with its number.
    """
    pairs = _agent_columns(sheet, columns)
    seen: dict[TicketId, int] = {}
    found: list[Logged] = []
    moved = 0
    for row in sheet.rows:
        try:
            logged, was_moved = _logged(row, columns, pairs, dates=dates, usual_queue=queue)
        except InvalidValueError as fault:
            raise RowError(sheet.name, row.number, str(fault)) from fault
        earlier = seen.setdefault(logged.ticket.id, row.number)
        if earlier != row.number:
            raise RowError(
                sheet.name,
                row.number,
                f"ticket {logged.ticket.id!r} is in row {earlier} already; "
                "a ticket has one row: keep one of the two, or give one another id",
            )
        moved += was_moved
        found.append(logged)
    if not found:
        raise InputError(f"{sheet.name} has a header and no rows; there is nothing to route")
    found.sort(key=lambda logged: logged.arrived)
    return History(tuple(found), moved)


def _agent_columns(sheet: Sheet, columns: Columns) -> tuple[tuple[int, int | None], ...]:
    """Pair the columns of agents with those of their queues; None stands for the ticket's queue."""
    agents, queues = columns.names_of("agent"), columns.names_of("queue")
    places = [sheet.header.index(name) for name in agents]
    if len(queues) <= 1:
        return tuple((place, None) for place in places)
    if len(agents) not in (0, len(queues)):
        raise InputError(
            f"--map agent names {len(agents)} columns ({', '.join(agents)}) and --map queue "
            f"{len(queues)} ({', '.join(queues)}); give one queue column, or one for each agent "
            "column in the same order"
        )
    return tuple(
        (place, sheet.header.index(name)) for place, name in zip(places, queues, strict=False)
    )


def _logged(
    row: Row,
    columns: Columns,
    pairs: tuple[tuple[int, int | None], ...],
    *,
    dates: Dates,
    usual_queue: QueueId,
) -> tuple[Logged, bool]:
    arrived = _needed_instant(row, columns, dates)
    ended = _read(row, columns, "ended", dates.instant, default=None)
    queue = QueueId(_read(row, columns, "queue", _name, default=str(usual_queue)))
    ticket = Ticket(
        id=TicketId(_needed_id(row, columns)),
        queue=queue,
        channel=_read(row, columns, "channel", _name, default=EMAIL),
        priority=_read(row, columns, "priority", cells.priority, default=TicketPriority.NORMAL),
        skills=_skills(row, columns),
        requester=_read(row, columns, "requester", _name, default=None),
        weight=_read(row, columns, "weight", cells.whole_number, default=1),
    )
    named = []
    for agent_at, queue_at in pairs:
        agent = row.cells[agent_at]
        if agent:
            check_id("an agent", agent)
            its_queue = row.cells[queue_at] if queue_at is not None else ""
            if its_queue:
                check_id("a queue", its_queue)
            named.append((AgentId(agent), QueueId(its_queue) if its_queue else queue))
    too_early = ended is not None and ended < arrived
    logged = Logged(ticket, queue, arrived, arrived if too_early else ended, tuple(named))
    return logged, too_early


def _needed_id(row: Row, columns: Columns) -> str:
    column, cell = columns.first(row, "id")
    check_id(f"column {column!r}", cell)
    return cell


def _needed_instant(row: Row, columns: Columns, dates: Dates) -> Instant:
    column, cell = columns.first(row, "arrived")
    if not cell:
        raise InvalidValueError(f"column {column!r}", cell, "a date: every ticket has arrived")
    return dates.instant(f"column {column!r}", cell)


def _read(
    row: Row, columns: Columns, name: str, meaning: Callable[[str, str], T], *, default: T
) -> T:
    column, cell = columns.first(row, name)
    return meaning(f"column {column!r}", cell) if cell else default


def _skills(row: Row, columns: Columns) -> dict[str, int]:
    asked: dict[str, int] = {}
    for column, cell in columns.cells(row, "skills"):
        if cell:
            asked.update(cells.skills(f"column {column!r}", cell))
    return asked or EMPTY


def _name(thing: str, cell: str) -> str:
    check_id(thing, cell)
    return cell
