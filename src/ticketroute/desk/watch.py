"""What is going on at a desk now: counts and orders that follow its events."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress

from attrs import define, field, frozen
from sortedcontainers import SortedList

from ticketroute.core.show.views import AgentView, TicketView
from ticketroute.desk.desk import Desk
from ticketroute.errors import UnknownAgentError, UnknownTicketError
from ticketroute.events import (
    AgentAdded,
    AgentChanged,
    CalendarRemoved,
    CalendarSet,
    DefaultsChanged,
    DeskOpened,
    DuesMoved,
    PoliciesSet,
    QueueAdded,
    QueueChanged,
    QueueRemoved,
)
from ticketroute.journal.contract import Entry
from ticketroute.model.agent import Presence
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla.clock import OPEN
from ticketroute.sla.policy import Metric

MOST_NOTED = 50_000  # changes kept until the next look; with more, the look reads everything
FIRST = min(Metric, key=lambda metric: metric.value)
NO_AGENT = (RoutingState.WAITING, RoutingState.OFFERED)

_FAR_REACHING = (
    CalendarRemoved,
    CalendarSet,
    DefaultsChanged,
    DeskOpened,
    DuesMoved,
    PoliciesSet,
    QueueAdded,
    QueueChanged,
    QueueRemoved,
)
_RANKS = {presence: rank for rank, presence in enumerate(Presence)}  # available agents come first


@frozen(order=True)
class Due:
    """A running clock and the last instant at which it is met."""

    due: Instant
    ticket_id: TicketId
    metric: Metric = field(order=lambda metric: metric.value)
    cycle: int
    queue_id: QueueId = field(order=False)


@define(eq=False)
class QueueNow:
    """What is going on in one queue.

    ``tickets`` counts its open tickets by state. ``agents`` counts its members by presence, and
    ``off_shift`` those of them whose shift calendar is closed. ``capacity`` and ``load`` are units
    of the agents who are available and on shift; ``free`` are their free units, and ``with_room``
    is how many of these agents have any. An agent of several queues counts in each of them.
    """

    id: QueueId
    tickets: Counter[RoutingState] = field(factory=Counter)
    agents: Counter[Presence] = field(factory=Counter)
    off_shift: int = 0
    there: int = 0
    with_room: int = 0
    capacity: int = 0
    load: int = 0
    free: int = 0
    line: SortedList[tuple[Instant, TicketId]] = field(factory=SortedList)
    reasons: Counter[WaitReason] | None = None  #: known until something happens to the queue

    @property
    def waiting(self) -> int:
        """How many tickets have no agent: waiting, or ringing at somebody."""
        return sum(self.tickets[state] for state in NO_AGENT)

    @property
    def oldest(self) -> Instant | None:
        """Since when the ticket has waited that waits longest, or None."""
        return self.line[0][0] if self.line else None

    def count(self, agent: AgentView, sign: int) -> None:
        """Add an agent, or take them out."""
        self.reasons = None
        self.agents[agent.presence] += sign
        self.off_shift += sign * (not agent.on_shift)
        if is_there(agent):
            room = max(0, agent.capacity - agent.load)
            self.there += sign
            self.with_room += sign * (room > 0)
            self.capacity += sign * agent.capacity
            self.load += sign * agent.load
            self.free += sign * room


def is_there(agent: AgentView) -> bool:
    """Return whether an agent could get a ticket if they have room for it."""
    return agent.presence is Presence.AVAILABLE and agent.on_shift and agent.cooling_until is None


class Watch:
    """Counts of a desk's present that follow its events, for a board or for metrics.

    The first look reads every open ticket and every agent; each later one reads those to which
    something happened since. A change of queues, calendars, policies or defaults makes the next
    look read everything. For one thread at a time; other threads may use the desk meanwhile.

    >>> from ticketroute import Agent, Queue, Ticket
    >>> desk = Desk()
    >>> _ = desk.add_queue(Queue(id="mail"))
    >>> watch = Watch(desk)
    >>> _ = desk.submit(Ticket(id="t1", queue="mail"))
    >>> watch.look()
    >>> watch.queues["mail"].waiting
    1
    >>> watch.reasons("mail")
    Counter({<WaitReason.NO_MEMBERS: 'no_members'>: 1})
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._noted: deque[tuple[TicketId | None, AgentId | None]] = deque()
        self._everything = True
        self._doubtful: tuple[set[TicketId], set[AgentId]] = (set(), set())
        self._clear()
        self.close = desk.subscribe(self._note)  #: ends the watch

    def look(self) -> None:
        """Take in what happened since the last look. O(changes x log n)."""
        tickets, agents = self._doubtful
        self._doubtful = (set(), set())
        everything, self._everything = self._everything, False
        with suppress(IndexError):
            while True:
                ticket_id, agent_id = self._noted.popleft()
                if ticket_id is not None:
                    tickets.add(ticket_id)
                if agent_id is not None:
                    agents.add(agent_id)
        tentative = self._desk.tentative
        if everything:
            self._read_everything()
        else:
            for ticket_id in sorted(tickets):
                agents.update(self._read_ticket(ticket_id))
            for agent_id in sorted(agents):
                self._read_agent(agent_id)
        if tentative or self._desk.tentative:  # a host may yet give it up, and tell nothing
            self._everything = self._everything or everything
            self._doubtful = (tickets, agents)

    def reasons(self, queue_id: QueueId) -> Counter[WaitReason]:
        """Count the waiting tickets of a queue by why each waits now.

        O(waiting tickets) after something happened to a ticket or a member of the queue.
        """
        queue = self.queues.get(queue_id)
        if queue is None:
            return Counter()
        if queue.reasons is not None and queue_id not in self._wide:
            return queue.reasons
        found = queue.reasons = Counter()
        for _, ticket_id in queue.line:
            with suppress(UnknownTicketError):
                reason = self._desk.wait_reason(ticket_id)
                if reason is not None:
                    found[reason] += 1
        return found

    def agents_in_order(self, start: int, most: int) -> Iterator[AgentView]:
        """Yield agents by presence, then by id: available ones, away ones, offline ones."""
        for _, agent_id in self._order[start : start + most]:
            yield self.agents[agent_id]

    def late(self, now: Instant) -> int:
        """Return how many running clocks were due before an instant. O(log n)."""
        return self.dues.bisect_left(Due(now, TicketId(""), FIRST, 0, QueueId("")))

    # --- what changed -----------------------------------------------------------------------

    def _note(self, entry: Entry) -> None:
        """Note whom an event is about; called by whoever gave the command, and never blocks."""
        event = entry.event
        if isinstance(event, _FAR_REACHING) or len(self._noted) >= MOST_NOTED:
            self._everything = True
            return
        agent_id = getattr(event, "agent_id", None)
        if isinstance(event, AgentAdded | AgentChanged):
            agent_id = event.agent.id
        self._noted.append((getattr(event, "ticket_id", None), agent_id))
        into = getattr(event, "into", None)
        if into is not None:
            self._noted.append((into, None))

    # --- reading ----------------------------------------------------------------------------

    def _clear(self) -> None:
        self.queues: dict[QueueId, QueueNow] = {}
        self.tickets: dict[TicketId, TicketView] = {}  #: those that are not done
        self.agents: dict[AgentId, AgentView] = {}
        self.dues: SortedList[Due] = SortedList()  #: running clocks, the one due first is first
        self.clocks: Counter[tuple[Metric, str]] = Counter()  #: by metric, "in_time" or "breached"
        self._clocks_of: dict[TicketId, list[tuple[tuple[Metric, str], Due | None]]] = {}
        self._order: SortedList[tuple[int, AgentId]] = SortedList()
        self._wide: Counter[QueueId] = Counter()  # tickets that also wait in other queues

    def _read_everything(self) -> None:
        self._clear()
        for queue in self._desk.queues():
            self.queues[queue.id] = QueueNow(queue.id)
        for state in RoutingState:
            if state is not RoutingState.DONE:
                for ticket in self._desk.tickets(state=state):
                    self._take_ticket(ticket)
        for agent in self._desk.agents():
            self._take_agent(agent)

    def _read_ticket(self, ticket_id: TicketId) -> set[AgentId]:
        """Read one ticket again; return the agents for whom that may have changed something."""
        touched = set()
        old = self.tickets.pop(ticket_id, None)
        if old is not None:
            touched |= _agents_of(old)
            queue = self._queue(old.queue_id)
            queue.tickets[old.state] -= 1
            queue.reasons = None
            if len(old.queues) > 1:
                self._wide = self._wide - Counter([queue.id])
            if old.state in NO_AGENT:
                queue.line.discard((_since(old), ticket_id))
        for key, due in self._clocks_of.pop(ticket_id, ()):
            self.clocks[key] -= 1
            if due is not None:
                self.dues.discard(due)
        try:
            new = self._desk.ticket(ticket_id)
        except UnknownTicketError:
            return touched
        touched |= _agents_of(new)
        if new.state is not RoutingState.DONE:
            self._take_ticket(new)
        return touched

    def _take_ticket(self, ticket: TicketView) -> None:
        self.tickets[ticket.id] = ticket
        queue = self._queue(ticket.queue_id)
        queue.tickets[ticket.state] += 1
        queue.reasons = None
        if len(ticket.queues) > 1:
            self._wide[queue.id] += 1
        if ticket.state in NO_AGENT:
            queue.line.add((_since(ticket), ticket.id))
        found: list[tuple[tuple[Metric, str], Due | None]] = []
        try:
            clocks = self._desk.clocks(ticket.id)
        except UnknownTicketError:  # gone since the view was made; an event will say so
            return
        for clock in clocks:
            if clock.state not in OPEN:
                continue
            key = (clock.metric, "in_time" if clock.breached is None else "breached")
            due = None
            if clock.due is not None:
                due = Due(clock.due, ticket.id, clock.metric, clock.cycle, ticket.queue_id)
                self.dues.add(due)
            self.clocks[key] += 1
            found.append((key, due))
        if found:
            self._clocks_of[ticket.id] = found

    def _read_agent(self, agent_id: AgentId) -> None:
        old = self.agents.pop(agent_id, None)
        if old is not None:
            self._order.discard((_RANKS[old.presence], agent_id))
            for queue_id in old.queues:
                self._queue(queue_id).count(old, -1)
        with suppress(UnknownAgentError):
            self._take_agent(self._desk.agent(agent_id))

    def _take_agent(self, agent: AgentView) -> None:
        self.agents[agent.id] = agent
        self._order.add((_RANKS[agent.presence], agent.id))
        for queue_id in agent.queues:
            self._queue(queue_id).count(agent, 1)

    def _queue(self, queue_id: QueueId) -> QueueNow:
        found = self.queues.get(queue_id)
        if found is None:  # added since the last look, which the next one will find
            found = self.queues[queue_id] = QueueNow(queue_id)
        return found


def _agents_of(ticket: TicketView) -> set[AgentId]:
    named = (*ticket.offered_to, ticket.agent_id, ticket.last_agent_id, ticket.reserved_for)
    return {each for each in named if each is not None}


def _since(ticket: TicketView) -> Instant:
    return ticket.arrived if ticket.waiting_since is None else ticket.waiting_since
