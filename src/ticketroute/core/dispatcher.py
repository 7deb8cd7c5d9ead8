"""The whole desk in memory, as a deterministic machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

from attrs import evolve, fields

from ticketroute.commands import Command
from ticketroute.core import lines
from ticketroute.core.agreements import Agreements
from ticketroute.core.answering import Answering
from ticketroute.core.clocks import clock_of, clocks_of, explanation_of, time_left
from ticketroute.core.departments import Departments
from ticketroute.core.explain import Explanation, explain
from ticketroute.core.handling import Handling
from ticketroute.core.roster import memberships
from ticketroute.core.routing import Routing
from ticketroute.core.snapshot import snapshot
from ticketroute.core.staffing import Staffing
from ticketroute.core.views import AgentView, TicketView, view_of_agent, view_of_ticket
from ticketroute.core.waking import Waking
from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_id
from ticketroute.model.events import DeskOpened, Event, Events
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults, Queue
from ticketroute.sla.explanation import ClockExplanation, ClockView
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.versions import Versions


class Dispatcher(Agreements, Departments, Staffing, Routing, Answering, Handling, Waking):
    """Who gets a ticket, in which order, and by when.

    A command with its instant ``at=`` goes in, a tuple of events comes out, the first first. There
    is no clock, no random source but the one given, no thread and no I/O inside: the same
    commands give the same events, always. A refused command raises and has changed nothing.

    ``defaults`` hold where agents and queues say nothing, ``random`` is needed by strategies that
    draw, ``permits`` is the host's own last word on who may get what. One dispatcher is one
    writer: share it between threads only behind a lock.

    >>> desk = Dispatcher()
    >>> desk.next_deadline() is None
    True
    """

    @classmethod
    def replay(
        cls,
        events: Iterable[Event],
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> Self:
        """Return the desk to which ``events`` led, decided by nobody anew.

        It needs neither clock nor random source for that; ``random`` and ``permits`` are for the
        commands after, which are refused where a queue draws and there is nothing to draw from.
        ``defaults`` hold if there is no event yet that says others.
        """
        desk = cls(defaults=defaults, random=random, permits=permits)
        for event in events:
            desk._state.apply(event)
            if isinstance(event, DeskOpened):
                desk._defaults = event.defaults
        desk._state.roster.gained.clear()
        if random is None:
            desk._undrawn = desk._state.roster.drawing()
        return desk

    def follow(self, events: Iterable[Event]) -> None:
        """Apply events that were decided elsewhere after the last one of this desk. O(log n) each.

        Events of its own that a refused command left have to be fetched with ``advance`` before.
        """
        for event in events:
            self._state.apply(event)
            if isinstance(event, DeskOpened):
                self._defaults = event.defaults
        self._state.roster.gained.clear()

    def do(self, command: Command, *, at: Instant, by: str | None = None) -> Events:
        """Do a command that was made as a value; the methods are the typed face of this one.

        Raises:
            InvalidValueError: if ``command`` is not one of :mod:`ticketroute.commands`.
        """
        if not isinstance(command, Command):
            raise InvalidValueError("command", command, "one of ticketroute.commands")
        name = _name_of(type(command))
        taken = {field.name: getattr(command, field.name) for field in fields(type(command))}
        taken |= taken.pop("changes", {})
        if name not in ("accept", "decline", "take", "advance"):
            taken["by"] = by
        return Events(getattr(self, name)(at=at, **taken))

    # --- questions --------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The last instant the desk was told; 0 before the first."""
        return self._state.now

    @property
    def defaults(self) -> Defaults:
        """What holds where agents and queues say nothing."""
        return self._state.gate.defaults

    def ticket(self, ticket_id: TicketId) -> TicketView:
        """Return a ticket as it stands; UnknownTicketError if there is none."""
        return view_of_ticket(self._ticket(ticket_id))

    def agent(self, agent_id: AgentId) -> AgentView:
        """Return an agent as they stand; UnknownAgentError if there is none."""
        return view_of_agent(self._agent(agent_id), self.defaults)

    def queue(self, queue_id: QueueId) -> Queue:
        """Return a queue with its present members; UnknownQueueError if there is none."""
        record = self._queue(queue_id)
        return evolve(record.queue, members=memberships(record))

    def tickets(self) -> Iterator[TicketView]:
        """Yield every ticket, in the order of submission."""
        return (view_of_ticket(record) for record in self._state.tickets.values())

    def agents(self) -> Iterator[AgentView]:
        """Yield every agent, in the order in which they were added."""
        agents = self._state.roster.agents
        return (view_of_agent(record, self.defaults) for record in agents.values())

    def queues(self) -> Iterator[Queue]:
        """Yield every queue with its members, in the order in which they were added."""
        return (self.queue(queue_id) for queue_id in self._state.roster.queues)

    def waiting(self, queue_id: QueueId) -> tuple[TicketId, ...]:
        """Return the waiting tickets of a queue, the next first. O(n log n)."""
        return tuple(ticket.id for ticket in lines.waiting(self._queue(queue_id)))

    def position(self, ticket_id: TicketId) -> int | None:
        """Return how many tickets of its queue go before a waiting one; None if it does not wait.

        The order between queues and the skills asked are left out: a ticket that few can serve may
        be overtaken. O(n) in the line.
        """
        ticket = self._ticket(ticket_id)
        return lines.ahead_of(ticket) if ticket.entries else None

    def estimate_wait(self, ticket_id: TicketId) -> Span | None:
        """Return about how long a waiting ticket waits from now on, in milliseconds.

        None if it does not wait, or fewer than two tickets have left the line so far. It is the
        mean time between the latest hand-outs of the line, at most 20, for each ticket ahead and
        for itself. O(n) in the line.

        Source: the classical estimate from the queue's own pace, as in Ibrahim and Whitt,
            "Real-time delay estimation based on delay history" (2009), which hands on the number
            ahead over the rate of service.
        """
        ticket = self._ticket(ticket_id)
        handed = ticket.queue.handed
        if not ticket.entries or len(handed) < 2:
            return None
        pace = (handed[-1] - handed[0]) / (len(handed) - 1)
        return round(pace * (lines.ahead_of(ticket) + 1))

    def explain(self, ticket_id: TicketId) -> Explanation:
        """Say why a ticket is where it is, and what keeps every other agent from it.

        O(members of its queue). For a decision of the past with everybody's reasons of then,
        replay the events before it and ask there.
        """
        return explain(self._state, self._ticket(ticket_id))

    # --- clocks -----------------------------------------------------------------------------

    def calendar(self, calendar_id: CalendarId) -> Versions:
        """Return a calendar with all its versions; UnknownCalendarError if there is none."""
        check_id("calendar_id", calendar_id)
        self._check_calendar(calendar_id)
        return self._state.calendars[calendar_id]

    def policies(self) -> tuple[Policy, ...]:
        """Return the policies that hold, in their order."""
        return tuple(agreement.policy for agreement in self._state.agreements)

    def clocks(self, ticket_id: TicketId) -> tuple[ClockView, ...]:
        """Return every clock of a ticket: by metric, then by cycle."""
        return clocks_of(self._state, self._ticket(ticket_id))

    def clock(self, ticket_id: TicketId, metric: Metric, cycle: int | None = None) -> ClockView:
        """Return one clock of a ticket, default its latest cycle; PENDING if it has yet to start.

        Raises:
            UnknownTicketError: if there is no such ticket.
            UnknownClockError: if nothing is promised, and there is no such cycle.
        """
        return clock_of(self._state, self._ticket(ticket_id), metric, cycle)

    def explain_clock(
        self, ticket_id: TicketId, metric: Metric, cycle: int | None = None
    ) -> ClockExplanation:
        """Say slice by slice how a clock came to where it stands, for checking it by hand.

        Default is the latest cycle.

        Raises:
            UnknownTicketError: if there is no such ticket.
            UnknownClockError: if no such clock has started.
        """
        return explanation_of(self._state, self._ticket(ticket_id), metric, cycle)

    def time_left(
        self, queue_id: QueueId | None = None, metric: Metric | None = None
    ) -> tuple[ClockView, ...]:
        """Return the open clocks, of a queue or of all, the one with the least time left first.

        O(tickets x metrics), and sorting.
        """
        queue = None if queue_id is None else self._queue(queue_id)
        return time_left(self._state, queue, metric)

    # --- equality ---------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return all that the desk knows as plain values. O(n log n)."""
        return snapshot(self._state, self._state.now)

    def same_state(self, other: Dispatcher) -> bool:
        """Say whether two desks know the same, and so would go on alike. O(n log n).

        Time that passed without an event makes no difference: both are seen from the later one's
        present. Indexes and random numbers not yet used are no part of it.
        """
        at = max(self.now, other.now)
        return snapshot(self._state, at) == snapshot(other._state, at)


def _name_of(kind: type[Command]) -> str:
    """Return the method of a command's class: its name in lower case, with _ between words."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
