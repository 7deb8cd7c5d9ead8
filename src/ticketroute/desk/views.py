"""What a desk can be asked: the questions of a dispatcher, answered from memory under its lock."""

from __future__ import annotations

from datetime import datetime

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.show.explain import Explanation
from ticketroute.core.show.explain_agent import AgentExplanation
from ticketroute.core.show.views import AgentView, TicketView
from ticketroute.desk.memory import Memory
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span, as_instant, datetime_of
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Defaults, Queue
from ticketroute.sla.explanation import ClockExplanation, ClockView
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.versions import Versions


class Views:
    """The desk as this process knows it; ``refresh()`` first takes in what others did.

    Each method is that of :class:`~ticketroute.Dispatcher`, and costs the same.
    """

    _memory: Memory

    @property
    def _dispatcher(self) -> Dispatcher:
        return self._memory.fold.dispatcher

    @property
    def tentative(self) -> bool:
        """Whether something shows that is not known to be committed: a host's open transaction."""
        with self._memory.lock:
            return self._memory.tentative

    @property
    def head(self) -> int:
        """The position of the last event that shows; 0 before the first."""
        return self._memory.fold.head

    @property
    def now(self) -> datetime:
        """The last instant the desk was told, as a datetime in UTC."""
        return datetime_of(self._dispatcher.now)

    @property
    def defaults(self) -> Defaults:
        """What holds where agents and queues say nothing."""
        return self._dispatcher.defaults

    def next_deadline(self) -> datetime | None:
        """Return when time alone changes something next, as a datetime in UTC, or None. O(1)."""
        with self._memory.lock:
            due = self._dispatcher.next_deadline()
        return None if due is None else datetime_of(due)

    def ticket(self, ticket_id: TicketId) -> TicketView:
        """Return a ticket; UnknownTicketError if there is none."""
        with self._memory.lock:
            return self._dispatcher.ticket(ticket_id)

    def agent(self, agent_id: AgentId) -> AgentView:
        """Return an agent; UnknownAgentError if there is none."""
        with self._memory.lock:
            return self._dispatcher.agent(agent_id)

    def queue(self, queue_id: QueueId) -> Queue:
        """Return a queue with its present members; UnknownQueueError if there is none."""
        with self._memory.lock:
            return self._dispatcher.queue(queue_id)

    def tickets(
        self, *, queue: QueueId | None = None, state: RoutingState | None = None
    ) -> tuple[TicketView, ...]:
        """Return tickets, in the order of submission: all, or those of a queue or in a state."""
        with self._memory.lock:
            return self._dispatcher.tickets(queue=queue, state=state)

    def done_before(self, before: Instant | datetime) -> tuple[TicketId, ...]:
        """Return the tickets that ``forget`` would drop, in the order of submission. O(tickets)."""
        with self._memory.lock:
            return self._dispatcher.done_before(as_instant(before))

    def agents(self) -> tuple[AgentView, ...]:
        """Return every agent, in the order in which they were added. O(n)."""
        with self._memory.lock:
            return tuple(self._dispatcher.agents())

    def queues(self) -> tuple[Queue, ...]:
        """Return every queue, in the order in which they were added. O(n)."""
        with self._memory.lock:
            return tuple(self._dispatcher.queues())

    def waiting(self, queue_id: QueueId) -> tuple[TicketId, ...]:
        """Return the waiting tickets of a queue, the next one first. O(n log n)."""
        with self._memory.lock:
            return self._dispatcher.waiting(queue_id)

    def position(self, ticket_id: TicketId) -> int | None:
        """Return how many tickets of its queue go before a waiting one, or None."""
        with self._memory.lock:
            return self._dispatcher.position(ticket_id)

    def estimate_wait(self, ticket_id: TicketId) -> Span | None:
        """Return about how long a waiting ticket still waits, in milliseconds, or None."""
        with self._memory.lock:
            return self._dispatcher.estimate_wait(ticket_id)

    def wait_reason(self, ticket_id: TicketId) -> WaitReason | None:
        """Return in brief why a ticket has no agent now; None if it does not wait."""
        with self._memory.lock:
            return self._dispatcher.wait_reason(ticket_id)

    def explain(self, ticket_id: TicketId) -> Explanation:
        """Return why a ticket is where it is, and what keeps every other agent from it."""
        with self._memory.lock:
            return self._dispatcher.explain(ticket_id)

    def explain_agent(self, agent_id: AgentId) -> AgentExplanation:
        """Return what keeps an agent from the tickets that wait in their queues, room or not."""
        with self._memory.lock:
            return self._dispatcher.explain_agent(agent_id)

    def calendar(self, calendar_id: CalendarId) -> Versions:
        """Return a calendar with all its versions; UnknownCalendarError if there is none."""
        with self._memory.lock:
            return self._dispatcher.calendar(calendar_id)

    def calendars(self) -> dict[CalendarId, Versions]:
        """Return every calendar with all its versions, by id."""
        with self._memory.lock:
            return self._dispatcher.calendars()

    def policies(self) -> tuple[Policy, ...]:
        """Return the policies, in their order."""
        with self._memory.lock:
            return self._dispatcher.policies()

    def clocks(self, ticket_id: TicketId) -> tuple[ClockView, ...]:
        """Return every clock of a ticket: by metric, then by cycle."""
        with self._memory.lock:
            return self._dispatcher.clocks(ticket_id)

    def clock(self, ticket_id: TicketId, metric: Metric, cycle: int | None = None) -> ClockView:
        """Return one clock of a ticket; by default its latest cycle."""
        with self._memory.lock:
            return self._dispatcher.clock(ticket_id, metric, cycle)

    def explain_clock(
        self, ticket_id: TicketId, metric: Metric, cycle: int | None = None
    ) -> ClockExplanation:
        """Return slice by slice how a clock came to where it stands."""
        with self._memory.lock:
            return self._dispatcher.explain_clock(ticket_id, metric, cycle)

    def time_left(
        self, queue_id: QueueId | None = None, metric: Metric | None = None
    ) -> tuple[ClockView, ...]:
        """Return the open clocks, of a queue or of all, the one with the least time left first."""
        with self._memory.lock:
            return self._dispatcher.time_left(queue_id, metric)
