"""What reading a log leaves: its tickets in the order of arrival, and who was named where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeVar

from attrs import define, field, frozen

from ticketroute.logs.faults import RowError
from ticketroute.logs.ids import Ids
from ticketroute.logs.spool import Record, Spool
from ticketroute.logs.steps import Step
from ticketroute.model.checks import check_id
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import EMAIL, Channel, Ticket, TicketPriority

Key = tuple[Instant, int, int]  # orders what is named in a log: arrival, row, place in the row
_STEPS = tuple(Step)  # a record holds the place of a step here
T = TypeVar("T")


@frozen
class StepTaken:
    """Something that an event log says happened to a ticket.

    ``queue`` and ``agent`` are those that the row names, None where it names none.
    """

    at: Instant
    step: Step
    queue: QueueId | None
    agent: AgentId | None


@frozen
class Logged:
    """A ticket as the log has it.

    ``ended`` is None for a ticket that never ended, and is never before ``arrived``. ``named`` are
    the agents the log names for it, each with the queue in which they had it. ``steps`` come from
    an event log, in the order of their instants; other logs have none. ``row`` is the first row of
    the ticket. ``more`` are the cells of the fields that the reader asked for beside the usual
    ones, empty cells left out; of several events the last one counts.
    """

    ticket: Ticket
    queue: QueueId
    arrived: Instant
    ended: Instant | None
    named: tuple[tuple[AgentId, QueueId], ...] = ()
    steps: tuple[StepTaken, ...] = ()
    row: int = 0
    more: Mapping[str, str] = EMPTY


@define(kw_only=True)
class Row:
    """A ticket of the log before its priority is known."""

    number: int  # the first of its rows
    id: str
    queue: str
    arrived: Instant
    ended: Instant | None
    named: list[tuple[str, str]]
    priority: str = ""
    channel: str = ""
    requester: str = ""
    skills: Mapping[str, int] = EMPTY
    weight: int = 1
    steps: list[tuple[Instant, int, str, str]] = field(factory=list)
    more: dict[str, str] = field(factory=dict)


@define
class Gathered:
    """Takes the tickets of a log in any order; yields them in the order of arrival.

    Memory is flat in tickets but for eight bytes each: records beyond some ten thousands lie in a
    temporary file.
    """

    source: str
    tickets_of: Counter[str] = field(factory=Counter)  # tickets of each queue
    ended: int = 0
    ended_before_arrival: int = 0  # endings that were moved to the arrival
    _spool: Spool = field(factory=Spool)
    _ids: Ids = field(factory=Ids)
    _queues: dict[str, Key] = field(factory=dict)
    _members: dict[tuple[str, str], Key] = field(factory=dict)  # of queue and agent
    _skills: dict[str, dict[str, int]] = field(factory=dict)
    _words: dict[str, str] = field(factory=dict)  # one object for each name
    _shapes: dict[tuple[str, str, int, tuple[tuple[str, int], ...]], None] = field(factory=dict)

    def __len__(self) -> int:
        return len(self._spool)

    def add(self, row: Row) -> None:
        """Take in a ticket.

        Raises:
            InvalidValueError: if a part of it is not what a ticket can have.
        """
        self._check(row)
        if row.ended is not None:
            self.ended += 1
            if row.ended < row.arrived:
                self.ended_before_arrival += 1
                row.ended = row.arrived
        self.tickets_of[row.queue] += 1
        place = 0
        self._met(self._queues, row.queue, (row.arrived, row.number, place))
        for agent, queue in row.named:
            place += 1
            self.name(agent, queue, (row.arrived, row.number, place))
            if row.skills:
                has = self._skills.setdefault(agent, {})
                for skill, level in row.skills.items():
                    has[skill] = max(level, has.get(skill, level))
        self._ids.add(row.id)
        word = self._words.setdefault
        self._spool.add(
            [
                row.arrived,
                row.number,
                row.id,
                row.ended,
                word(row.queue, row.queue),
                [(word(agent, agent), word(queue, queue)) for agent, queue in row.named],
                word(row.priority, row.priority),
                word(row.channel, row.channel),
                row.requester,
                dict(row.skills) if row.skills else None,
                row.weight,
                row.steps or None,
                row.more or None,
            ]
        )

    def name(self, agent: str, queue: str, key: Key) -> None:
        """Note that an agent serves a queue."""
        self._met(self._queues, queue, key)
        self._met(self._members, (queue, agent), key)

    def _met(self, keys: dict[T, Key], thing: T, key: Key) -> None:
        if thing not in keys or key < keys[thing]:
            keys[thing] = key

    def _check(self, row: Row) -> None:
        check_id("the id of the ticket", row.id)
        if row.queue not in self._queues:
            check_id("a queue", row.queue)
        for agent, queue in row.named:
            if (queue, agent) not in self._members:
                check_id("an agent", agent)
                check_id("a queue", queue)
        if row.requester:
            check_id("the requester", row.requester)
        shape = (row.queue, row.channel, row.weight, tuple(row.skills.items()))
        if shape not in self._shapes:
            self._ticket(row.id, row, TicketPriority.NORMAL)
            self._shapes[shape] = None

    def _ticket(self, id_: str, row: Row, priority: TicketPriority) -> Ticket:
        return Ticket(
            id=TicketId(id_),
            queue=QueueId(row.queue),
            channel=Channel(row.channel or EMAIL),
            priority=priority,
            skills=row.skills,
            requester=row.requester or None,
            weight=row.weight,
        )

    def check_once(self) -> None:
        """Refuse a ticket that has two rows.

        Raises:
            RowError: at the second row of such a ticket.
        """
        twice = self._ids.twice()
        if not twice:
            return
        first: dict[str, int] = {}
        again: list[tuple[int, int, str]] = []
        for record in self._spool:
            id_, number = record[2], record[1]
            if hash(id_) not in twice:
                continue
            if id_ in first:
                again.append((max(number, first[id_]), min(number, first[id_]), id_))
            else:
                first[id_] = number
        if again:
            later, earlier, id_ = min(again)
            raise RowError(
                self.source,
                later,
                f"ticket {id_!r} is in row {earlier} already; a ticket has one row: keep one of "
                "the two, or add --events if the log has a row for each event",
            )

    @property
    def queues(self) -> tuple[QueueId, ...]:
        """The queues in the order of their first ticket or agent."""
        return tuple(QueueId(name) for name in sorted(self._queues, key=self._queues.__getitem__))

    @property
    def members(self) -> dict[QueueId, tuple[AgentId, ...]]:
        """The agents named in each queue, in the order in which the log first names them there."""
        found: dict[QueueId, list[AgentId]] = {queue: [] for queue in self.queues}
        for queue, agent in sorted(self._members, key=self._members.__getitem__):
            found[QueueId(queue)].append(AgentId(agent))
        return {queue: tuple(agents) for queue, agents in found.items()}

    @property
    def skills(self) -> dict[AgentId, dict[str, int]]:
        """The agents in the order in which the log first names them, with what their tickets ask.

        The highest level of each skill counts.
        """
        ordered = sorted(self._members, key=self._members.__getitem__)
        return {AgentId(agent): dict(self._skills.get(agent, {})) for _, agent in ordered}

    def in_order(self, levels: Mapping[str, TicketPriority]) -> Iterator[Logged]:
        """Yield the tickets in the order of arrival, those of one instant in the log's order."""
        for record in self._spool:
            yield _logged(record, levels)

    def close(self) -> None:
        """Forget the tickets."""
        self._spool.close()


def _logged(record: Record, levels: Mapping[str, TicketPriority]) -> Logged:
    arrived, row, id_, ended, queue, named, priority, channel, requester = record[:9]
    skills, weight, steps, more = record[9:]
    return Logged(
        Ticket(
            id=id_,
            queue=queue,
            channel=channel or EMAIL,
            priority=levels[priority] if priority else TicketPriority.NORMAL,
            skills=skills or EMPTY,
            requester=requester or None,
            weight=weight,
        ),
        queue,
        arrived,
        ended,
        tuple((agent, its_queue) for agent, its_queue in named),
        tuple(
            StepTaken(
                at, _STEPS[step], QueueId(group) if group else None, AgentId(who) if who else None
            )
            for at, step, group, who in steps or ()
        ),
        row,
        more or EMPTY,
    )
