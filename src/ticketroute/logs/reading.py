"""Reading a log: the options, and the one door through which every log comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from attrs import evolve, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.logs import queue_log
from ticketroute.logs.columns import Columns
from ticketroute.logs.dates import Dates, zone_named
from ticketroute.logs.eventlog import Cases, Happening
from ticketroute.logs.faults import LogError, RowError
from ticketroute.logs.fields import EVENT_FIELDS, TICKET_FIELDS, Field
from ticketroute.logs.gathered import Gathered, Logged, Row
from ticketroute.logs.layouts import Layout, layout_named, recognised
from ticketroute.logs.priorities import Scale
from ticketroute.logs.rowcells import RowCells, tidy
from ticketroute.logs.sheets import Kind, Sheet, open_sheet
from ticketroute.logs.sheets import Row as SheetRow
from ticketroute.logs.steps import Step, Steps
from ticketroute.logs.understood import Understood
from ticketroute.logs.words import Blanks, plain
from ticketroute.model.checks import check_id
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.ticket import TicketPriority

T = TypeVar("T")
_LEARNT_FROM = 2_000  # rows looked at before the first is read: do days or months come first?
_STATES = ("state", "status")  # in the name of a column whose cells are states


@frozen(kw_only=True)
class Options:
    """How to read a log; every field may be left at its default.

    ``columns`` maps fields to names of columns, several separated by commas, empty for none.
    ``layout`` names one of :data:`~ticketroute.logs.layouts.LAYOUT_NAMES`; None means that a clear
    header tells. With ``events``, a log of CSV has one row for each event. ``zone`` is that of
    times without an offset; ``date_format`` is for strptime, or ``unix``. ``queue`` takes the
    tickets that name none. ``empty`` are more words for nothing. ``priorities`` and
    ``activities`` map words in lower case. ``needed`` maps fields that this reader cannot do
    without to what else to do about it. ``more`` are fields beside the usual ones; their cells
    are in :attr:`Logged.more`.
    """

    columns: Mapping[str, str] = field(factory=dict)
    layout: str | None = None
    events: bool = False
    delimiter: str | None = None
    encoding: str | None = None
    zone: str | None = None
    date_format: str | None = None
    queue: str = "default"
    empty: Sequence[str] = ()
    priorities: Mapping[str, TicketPriority] = field(factory=dict)
    activities: Mapping[str, Step] = field(factory=dict)
    needed: Mapping[str, str] = field(factory=dict)
    more: Sequence[Field] = ()


class Log:
    """A log that was read; iterate over it, as often as needed, in the order of arrival.

    Tickets of one instant come in the order of their rows. Memory is flat in tickets, but for
    eight bytes each: beyond some ten thousand they lie in a temporary file until :meth:`close`.
    """

    def __init__(
        self, gathered: Gathered, levels: Mapping[str, TicketPriority], understood: Understood
    ) -> None:
        self._gathered, self._levels = gathered, levels
        self.understood = understood

    def __len__(self) -> int:
        return len(self._gathered)

    def __iter__(self) -> Iterator[Logged]:
        return self._gathered.in_order(self._levels)

    @property
    def queues(self) -> tuple[QueueId, ...]:
        """The queues in the order of their first ticket or agent."""
        return self._gathered.queues

    @property
    def members(self) -> dict[QueueId, tuple[AgentId, ...]]:
        """The agents that the log names in each of its queues."""
        return self._gathered.members

    @property
    def skills(self) -> dict[AgentId, dict[str, int]]:
        """The agents of the log, each with the skills of their tickets at the highest level."""
        return self._gathered.skills

    @property
    def tickets_of(self) -> Mapping[str, int]:
        """How many tickets came into each queue."""
        return self._gathered.tickets_of

    def close(self) -> None:
        """Forget the tickets and remove the temporary file."""
        self._gathered.close()


@contextmanager
def read_log(path: str, options: Options | None = None) -> Iterator[Log]:
    """Read a log of tickets or of events, and close it at the end of the block.

    Args:
        path: a file of CSV, ``queue_log`` or XES, gzipped or not, or ``-`` for standard input.
        options: how to read it.

    Raises:
        LogError: if an option cannot be, a column is missing, or a row cannot be used; then the
            message names the row.

    Complexity: O(n log n) time for n rows, and memory as :class:`Log` says.
    """
    options = options or Options()
    layout = None if options.layout is None else layout_named(options.layout)
    dates = Dates(zone_named(options.zone or "UTC"), options.date_format)
    check_id("--queue", options.queue)
    with open_sheet(path, delimiter=options.delimiter, encoding=options.encoding) as sheet:
        log = _Reader(sheet, options, dates, layout).read()
    try:
        yield log
    finally:
        log.close()


class _Reader:
    """Reads the rows of one sheet."""

    def __init__(self, sheet: Sheet, options: Options, dates: Dates, layout: Layout | None) -> None:
        self.sheet, self.options, self.dates = sheet, options, dates
        self.events = (
            options.events or sheet.kind is not Kind.CSV or (layout is not None and layout.events)
        )
        self.layout = layout or recognised(sheet.header, sheet.kind, events=self.events)
        if self.layout is None and not self.events:
            self.layout = recognised(sheet.header, sheet.kind, events=True)
            self.events = self.layout is not None
        if self.layout is not None and self.layout.kind is not sheet.kind:
            raise LogError(
                f"--layout is {self.layout.name!r}, and {sheet.name} is {sheet.kind.value}; leave "
                "--layout out"
            )
        fields = (*(EVENT_FIELDS if self.events else TICKET_FIELDS), *options.more)
        self.fields = fields
        what = "an event log" if self.events else "a log of tickets"
        unknown = [name for name in options.columns if name not in {each.name for each in fields}]
        if unknown:
            raise LogError(
                f"--map {unknown[0]}: {what} does not have this field; fields are: "
                + ", ".join(each.name for each in fields)
            )
        if self.layout is not None and options.date_format is None and self.layout.date_format:
            self.dates = evolve(dates, format=self.layout.date_format)
        self.columns = Columns(
            sheet.name,
            sheet.header,
            fields=fields,
            chosen=options.columns,
            layout=self.layout.columns if self.layout else None,
            all_of=self.layout.all_count if self.layout else frozenset(),
            needed=options.needed,
        )
        self.blanks = Blanks(options.empty, of_layout=self.layout.empty if self.layout else ())
        self.scale = Scale(options.priorities, self.layout.priorities if self.layout else {})
        steps = {} if self.layout is None else {a: Step(s) for a, s in self.layout.steps.items()}
        self.steps = Steps(options.activities, steps)
        self.cells = RowCells(
            sheet=sheet,
            columns=self.columns,
            blanks=self.blanks,
            dates=self.dates,
            scale=self.scale,
            layout=self.layout,
        )
        self.gathered = Gathered(sheet.name)
        self.rows = 0

    def read(self) -> Log:
        first = list(islice(self.sheet.rows, _LEARNT_FROM))
        self._learn(first)
        rows = chain(first, self.sheet.rows)
        del first
        warnings = self._read_events(rows) if self.events else self._read_tickets(rows)
        if not self.rows:
            raise LogError(f"{self.sheet.name} has a header and no rows; there is nothing to route")
        if not len(self.gathered):
            raise LogError(f"{self.sheet.name} has no ticket; there is nothing to route")
        self.gathered.check_once()
        levels = self.scale.levels(self.sheet.name)
        return Log(self.gathered, levels, self._understood(levels, warnings))

    def _learn(self, rows: Sequence[SheetRow]) -> None:
        """Find out whether days or months come first in dates of numbers."""
        places = [
            place for name in ("arrived", "ended", "time") for place in self.columns.places_of(name)
        ]
        for row in rows:
            for place in places:
                if cell := row.cells[place].strip():
                    self.dates.settle(cell)
            if self.dates.order is not None or self.dates.format is not None:
                return

    # --- one row for each ticket ------------------------------------------------------------------

    def _read_tickets(self, rows: Iterator[SheetRow]) -> list[str]:
        pairs = self._pairs()
        for row in rows:
            self.rows += 1
            try:
                self.gathered.add(self._ticket(row, pairs))
            except InvalidValueError as fault:
                raise self._row_error(row.number, fault) from fault
        return []

    def _pairs(self) -> tuple[tuple[int, int | None], ...]:
        """Pair the columns of agents with those of queues; None stands for the ticket's queue."""
        agents, queues = self.columns.places_of("agent"), self.columns.places_of("queue")
        if len(queues) <= 1:
            return tuple((place, None) for place in agents)
        if len(agents) not in (0, len(queues)):
            names = self.columns.names_of
            raise LogError(
                f"--map agent names {len(agents)} columns ({', '.join(names('agent'))}) and "
                f"--map queue {len(queues)} ({', '.join(names('queue'))}); give one queue column, "
                "or one for each agent column in the same order"
            )
        return tuple(zip(agents, queues, strict=False))

    def _ticket(self, row: SheetRow, pairs: tuple[tuple[int, int | None], ...]) -> Row:
        queue = self.cells.name(row, "queue") or self.options.queue
        named: list[tuple[str, str]] = []
        for agent_at, queue_at in pairs:
            agent = tidy(self.blanks.filled(row.cells[agent_at]))
            if agent:
                its = "" if queue_at is None else tidy(self.blanks.filled(row.cells[queue_at]))
                named.append((agent, its or queue))
        found = Row(
            number=row.number,
            id=self.cells.needed_name(row, "id"),
            queue=queue,
            arrived=self.cells.needed_instant(row, "arrived"),
            ended=self.cells.instant(row, "ended"),
            named=named,
            priority=self.cells.priority(row),
            channel=self.cells.channel(row),
            requester=self.cells.name(row, "requester"),
            more=self._more(row),
        )
        if "skills" in self.columns:
            found.skills = self.cells.skills(row)
        if "weight" in self.columns:
            found.weight = self.cells.weight(row)
        return found

    # --- one row for each event -------------------------------------------------------------------

    def _read_events(self, rows: Iterator[SheetRow]) -> list[str]:
        of_calls = self.layout is not None and self.layout.of_calls
        (event_at,) = self.columns.places_of("activity")[:1]
        activity = self.columns.names_of("activity")
        states = any(part in plain(name) for name in activity for part in _STATES)
        cases = Cases(self.options.queue, states=states, needs_arrival=of_calls)
        for row in rows:
            self.rows += 1
            try:
                if of_calls and row.cells[event_at] in queue_log.MEMBER_JOINS:
                    self._join(row)
                elif event := self._event(row, of_calls=of_calls):
                    cases.add(event)
            except InvalidValueError as fault:
                raise self._row_error(row.number, fault) from fault
        try:
            cases.fold(self.gathered)
        except InvalidValueError as fault:
            raise LogError(f"{self.sheet.name}: {fault}") from fault
        if not cases.left_out:
            return []
        calls = "call" if cases.left_out == 1 else "calls"
        return [f"{cases.left_out:,} {calls} without ENTERQUEUE began before the log; left out"]

    def _event(self, row: SheetRow, *, of_calls: bool) -> Happening | None:
        if of_calls and not self.cells.name(row, "case"):
            return None  # an event of the system, and of no call
        return Happening(
            number=row.number,
            case=self.cells.needed_name(row, "case"),
            at=self.cells.needed_instant(row, "time"),
            step=self.steps.read(
                [
                    cell
                    for place in self.columns.places_of("activity")
                    if (cell := self.blanks.filled(row.cells[place]))
                ]
            ),
            group=self.cells.name(row, "group"),
            resource=self.cells.name(row, "resource"),
            priority=self.cells.priority(row),
            channel=self.cells.channel(row),
            arrived=self.cells.instant(row, "arrived"),
            ended=self.cells.instant(row, "ended"),
            more=self._more(row),
        )

    def _more(self, row: SheetRow) -> dict[str, str]:
        names = (each.name for each in self.options.more)
        return {name: cell for name in names if (cell := self.cells.first(row, name)[1])}

    def _join(self, row: SheetRow) -> None:
        """Note an agent who joins a queue, whether or not a call reaches them."""
        agent, queue = self.cells.name(row, "resource"), self.cells.name(row, "group")
        if agent and queue:
            check_id("an agent", agent)
            check_id("a queue", queue)
            self.gathered.name(agent, queue, (0, row.number, 0))

    def _row_error(self, number: int, fault: InvalidValueError) -> RowError:
        message = str(fault)
        if isinstance(fault.value, str) and any(
            "\udc80" <= each <= "\udcff" for each in fault.value
        ):
            message += f"; it is not {self.sheet.encoding} text: name the right one with --encoding"
        return RowError(self.sheet.name, number, message)

    def _understood(self, levels: Mapping[str, TicketPriority], warnings: list[str]) -> Understood:
        names = (each.name for each in self.fields)
        return Understood(
            source=self.sheet.name,
            layout=self.layout,
            events=self.events,
            columns={name: self.columns.names_of(name) for name in names if name in self.columns},
            unused=self.columns.unused(),
            zone=str(self.dates.zone),
            zone_chosen=self.options.zone is not None,
            order="" if self.dates.order is None else f"{self.dates.order.name.lower()} first",
            with_offset=self.dates.with_offset,
            without_offset=self.dates.without_offset,
            tickets=len(self.gathered),
            rows=self.rows,
            ended=self.gathered.ended,
            ended_before_arrival=self.gathered.ended_before_arrival,
            priorities=self.scale.said(levels),
            activities=self.steps.said(),
            empty=dict(self.blanks.met),
            odd_times=tuple(self.dates.said()),
            notes=tuple(warnings),
            tickets_of=dict(self.gathered.tickets_of),
        )
