"""Compute the figures of a desk from its events."""

from __future__ import annotations

from attrs import define, field

from ticketroute.cli.spans import Spans
from ticketroute.model.agent import Presence
from ticketroute.model.events import (
    AgentAdded,
    AgentChanged,
    Cause,
    DefaultsChanged,
    DeskOpened,
    Event,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    PresenceChanged,
    QueueAdded,
    QueueChanged,
    TicketAbandoned,
    TicketAssigned,
    TicketHeld,
    TicketMerged,
    TicketOffered,
    TicketReleased,
    TicketResolved,
    TicketResumed,
    TicketSubmitted,
    WrapUpEnded,
)
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.queue import Defaults
from ticketroute.model.ticket import TicketPriority


@define
class AgentFigures:
    """One agent: spans in milliseconds, ``load`` and ``most`` in units of capacity.

    ``present`` is the time available; ``busy`` is the part of it with at least one ticket.
    """

    capacity: int | None
    tickets: int = 0
    load: int = 0
    most: int = 0
    present: Span = 0
    busy: Span = 0
    _available: bool = False
    _since: Instant = 0

    def moves(self, at: Instant, *, load: int = 0, available: bool | None = None) -> None:
        """Close the span up to ``at``; then add ``load``, or change the presence. O(1)."""
        if self._available:
            self.present += at - self._since
            if self.load:
                self.busy += at - self._since
        self._since = at
        self.load += load
        self.most = max(self.most, self.load)
        if available is not None:
            self._available = available

    @property
    def busy_share(self) -> float | None:
        """Share of the time available with at least one ticket; None for no time at all."""
        return self.busy / self.present if self.present else None


@define
class Waits:
    """How long a group of tickets waited for its first agent.

    ``abandoned`` counts tickets that were gone before any agent had them, ``waiting`` those that
    have no agent yet, ``spans`` the waits of those that got one.
    """

    tickets: int = 0
    abandoned: int = 0
    spans: Spans = field(factory=Spans)

    @property
    def answered(self) -> int:
        """How many got an agent."""
        return len(self.spans)

    @property
    def waiting(self) -> int:
        """How many are still without an agent."""
        return self.tickets - self.abandoned - self.answered

    @property
    def at_once(self) -> int:
        """How many got an agent in the instant they came."""
        return self.spans.zero

    @property
    def later(self) -> int:
        """How many got an agent after waiting."""
        return self.answered - self.at_once

    def service_level(self, limit: Span) -> float | None:
        """Return the share of all tickets that got an agent within a span; None without tickets."""
        return self.spans.within(limit) / self.tickets if self.tickets else None

    def merge(self, other: Waits) -> None:
        """Take in another group of tickets."""
        self.tickets += other.tickets
        self.abandoned += other.abandoned
        self.spans.merge(other.spans)


@define
class Offers:
    """What came of the offers of a queue; ``rings`` are the spans of those accepted."""

    made: int = 0
    declined: int = 0
    missed: int = 0
    withdrawn: int = 0
    rings: Spans = field(factory=Spans)

    @property
    def accepted(self) -> int:
        """How many were accepted."""
        return len(self.rings)

    @property
    def median_ring(self) -> float | None:
        """The median time it took to accept one."""
        return self.rings.median


@define
class Figures:
    """A fold of events; ask after ``close``. Memory grows with open tickets alone."""

    waits: dict[tuple[QueueId, TicketPriority], Waits] = field(factory=dict)
    agents: dict[AgentId, AgentFigures] = field(factory=dict)
    queues: list[QueueId] = field(factory=list)
    offers: dict[QueueId, Offers] = field(factory=dict)  # of queues that made any
    # The arrival and the group of tickets that no agent has had yet.
    _unanswered: dict[TicketId, tuple[Instant, Waits]] = field(factory=dict)
    _open: dict[tuple[TicketId, AgentId], TicketOffered] = field(factory=dict)
    _holds: dict[TicketId, tuple[AgentId, int]] = field(factory=dict)
    _defaults: Defaults = field(factory=Defaults)
    _parked_counts: set[QueueId] = field(factory=set)
    _queue_of: dict[TicketId, QueueId] = field(factory=dict)

    def see(self, event: Event) -> None:
        """Take in the next event. O(1)."""
        match event:
            case TicketSubmitted():
                group = (event.queue_id, event.ticket.priority)
                waits = self.waits.setdefault(group, Waits())
                waits.tickets += 1
                self._unanswered[event.ticket_id] = (event.arrived, waits)
            case TicketAssigned():
                self._assigned(event)
            case TicketResumed():
                self._let_go(event.ticket_id, event.at)
                self._hold(event.ticket_id, event.agent_id, event.cost, event.at)
            case TicketHeld():
                if self._queue_of.get(event.ticket_id) not in self._parked_counts:
                    self._let_go(event.ticket_id, event.at)
            case TicketReleased():
                self._let_go(event.ticket_id, event.at)
            case TicketResolved() | TicketAbandoned() | TicketMerged():
                self._gone(event)
            case WrapUpEnded():
                self._let_go(event.ticket_id, event.at)
            case _:
                self._offer(event)

    def _gone(self, event: TicketResolved | TicketAbandoned | TicketMerged) -> None:
        if event.ticket_id in self._unanswered:
            self._unanswered.pop(event.ticket_id)[1].abandoned += 1
        self._queue_of.pop(event.ticket_id, None)
        if not isinstance(event, TicketResolved) or event.wrap_up_until is None:
            self._let_go(event.ticket_id, event.at)

    def _offer(self, event: Event) -> None:
        match event:
            case TicketOffered():
                self.offers.setdefault(event.queue_id, Offers()).made += 1
                self._open[event.ticket_id, event.agent_id] = event
            case OfferDeclined() | OfferExpired() | OfferWithdrawn():
                self._ended(event)
            case _:
                self._staff(event)

    def _staff(self, event: Event) -> None:
        match event:
            case DeskOpened() | DefaultsChanged():
                self._defaults = event.defaults
            case AgentAdded():
                agent = self.agents[event.agent.id] = AgentFigures(event.agent.capacity)
                agent.moves(event.at, available=event.presence is Presence.AVAILABLE)
            case AgentChanged():
                self.agents[event.agent.id].capacity = event.agent.capacity
            case PresenceChanged():
                self.agents[event.agent_id].moves(
                    event.at, available=event.presence is Presence.AVAILABLE
                )
            case QueueAdded() | QueueChanged():
                if event.queue.id not in self.queues:
                    self.queues.append(event.queue.id)
                (
                    self._parked_counts.add
                    if event.queue.parked_counts
                    else self._parked_counts.discard
                )(event.queue.id)
            case _:
                pass

    def _ended(self, event: TicketAssigned | OfferDeclined | OfferExpired | OfferWithdrawn) -> None:
        offer = self._open.pop((event.ticket_id, event.agent_id))
        offers = self.offers[offer.queue_id]
        match event:
            case OfferDeclined():
                offers.declined += 1
            case OfferExpired():
                offers.missed += 1
            case OfferWithdrawn():
                offers.withdrawn += 1
            case _:
                offers.rings.add(event.at - offer.at)

    def _assigned(self, event: TicketAssigned) -> None:
        if event.cause is Cause.ACCEPTED:
            self._ended(event)
        if event.ticket_id in self._unanswered:
            arrived, waits = self._unanswered.pop(event.ticket_id)
            waits.spans.add(event.at - arrived)
        self._queue_of[event.ticket_id] = event.queue_id
        self._let_go(event.ticket_id, event.at)
        self._hold(event.ticket_id, event.agent_id, event.cost, event.at)
        self.agents[event.agent_id].tickets += 1

    def _hold(self, ticket_id: TicketId, agent_id: AgentId, cost: int, at: Instant) -> None:
        self._holds[ticket_id] = (agent_id, cost)
        self.agents[agent_id].moves(at, load=cost)

    def _let_go(self, ticket_id: TicketId, at: Instant) -> None:
        agent_id, cost = self._holds.pop(ticket_id, (None, 0))
        if agent_id is not None:
            self.agents[agent_id].moves(at, load=-cost)

    def close(self, at: Instant) -> None:
        """End the day at ``at``: agents who are available were so until then."""
        for agent in self.agents.values():
            agent.moves(at)

    def capacity_of(self, agent_id: AgentId) -> int:
        """Return how much an agent holds at most: their own capacity, or the desk's default."""
        own = self.agents[agent_id].capacity
        return self._defaults.capacity if own is None else own

    def all_waits(self) -> Waits:
        """Return the waits of all tickets."""
        found = Waits()
        for waits in self.waits.values():
            found.merge(waits)
        return found

    def by_queue(self) -> dict[QueueId, Waits]:
        """Return the waits of each queue's tickets; a ticket counts where it came in."""
        found = {queue: Waits() for queue in self.queues}
        for (queue, _), waits in self.waits.items():
            found.setdefault(queue, Waits()).merge(waits)
        return found

    def by_priority(self) -> dict[TicketPriority, Waits]:
        """Return the waits of each ticket priority that occurred, the most urgent first."""
        found = {priority: Waits() for priority in TicketPriority}
        for (_, priority), waits in self.waits.items():
            found[priority].merge(waits)
        return {priority: waits for priority, waits in found.items() if waits.tickets}

    @property
    def fairness(self) -> float | None:
        """Jain's index of the tickets of each agent: 1 if all had as many; None without tickets.

        Source: R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984.
        """
        counts = [agent.tickets for agent in self.agents.values()]
        squares = sum(count * count for count in counts)
        return sum(counts) ** 2 / (len(counts) * squares) if squares else None
