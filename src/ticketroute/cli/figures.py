"""The figures of a desk, from its events alone."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from attrs import define, field

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
class TicketFigures:
    """One ticket: when it came, when an agent first had it, when it went."""

    queue: QueueId
    priority: TicketPriority
    arrived: Instant
    answered: Instant | None = None
    gone: Instant | None = None


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
    """How long a group of tickets waited for its first agent; spans in milliseconds."""

    tickets: int = 0
    abandoned: int = 0  # gone before any agent had them
    waiting: int = 0  # still without an agent at the end
    spans: list[Span] = field(factory=list)  # of those who got an agent

    @property
    def at_once(self) -> int:
        """How many got an agent in the instant they came."""
        return sum(span == 0 for span in self.spans)

    @property
    def later(self) -> int:
        """How many got an agent after waiting."""
        return len(self.spans) - self.at_once

    @property
    def median(self) -> float | None:
        """The median wait of those who got an agent."""
        return median(self.spans) if self.spans else None

    @property
    def ninetieth(self) -> Span | None:
        """The wait that nine of ten did not exceed, by nearest rank."""
        return sorted(self.spans)[-(-len(self.spans) * 9 // 10) - 1] if self.spans else None

    @property
    def longest(self) -> Span | None:
        """The longest wait of those who got an agent."""
        return max(self.spans, default=None)


@define
class Offers:
    """What came of the offers of a queue; ``rings`` are the spans of those accepted."""

    made: int = 0
    declined: int = 0
    missed: int = 0
    withdrawn: int = 0
    rings: list[Span] = field(factory=list)

    @property
    def accepted(self) -> int:
        """How many were accepted."""
        return len(self.rings)

    @property
    def median_ring(self) -> float | None:
        """The median time it took to accept one."""
        return median(self.rings) if self.rings else None


@define
class Figures:
    """A fold of events; ask after ``close``."""

    tickets: dict[TicketId, TicketFigures] = field(factory=dict)
    agents: dict[AgentId, AgentFigures] = field(factory=dict)
    queues: list[QueueId] = field(factory=list)
    offers: dict[QueueId, Offers] = field(factory=dict)  # of queues that made any
    _open: dict[tuple[TicketId, AgentId], TicketOffered] = field(factory=dict)
    _holds: dict[TicketId, tuple[AgentId, int]] = field(factory=dict)
    _defaults: Defaults = field(factory=Defaults)
    _parked_counts: set[QueueId] = field(factory=set)
    _queue_of: dict[TicketId, QueueId] = field(factory=dict)

    def see(self, event: Event) -> None:
        """Take in the next event. O(1)."""
        match event:
            case TicketSubmitted():
                self.tickets[event.ticket_id] = TicketFigures(
                    event.queue_id, event.ticket.priority, event.arrived
                )
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
                self.tickets[event.ticket_id].gone = event.at
                if not isinstance(event, TicketResolved) or event.wrap_up_until is None:
                    self._let_go(event.ticket_id, event.at)
            case WrapUpEnded():
                self._let_go(event.ticket_id, event.at)
            case _:
                self._offer(event)

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
                offers.rings.append(event.at - offer.at)

    def _assigned(self, event: TicketAssigned) -> None:
        if event.cause is Cause.ACCEPTED:
            self._ended(event)
        ticket = self.tickets[event.ticket_id]
        if ticket.answered is None:
            ticket.answered = event.at
        ticket.gone = None
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
        """End the day at ``at``: whoever is present was so until then."""
        for agent in self.agents.values():
            agent.moves(at)

    def capacity_of(self, agent_id: AgentId) -> int:
        """Return how much an agent holds at most: their own capacity, or the desk's default."""
        own = self.agents[agent_id].capacity
        return self._defaults.capacity if own is None else own

    def waits(self, tickets: Iterable[TicketFigures]) -> Waits:
        """Return how long these tickets waited."""
        found = Waits()
        for ticket in tickets:
            found.tickets += 1
            if ticket.answered is not None:
                found.spans.append(ticket.answered - ticket.arrived)
            elif ticket.gone is not None:
                found.abandoned += 1
            else:
                found.waiting += 1
        return found

    def by_queue(self) -> dict[QueueId, Waits]:
        """Return the waits of each queue's tickets; a ticket counts where it came in."""
        of: dict[QueueId, list[TicketFigures]] = {queue: [] for queue in self.queues}
        for ticket in self.tickets.values():
            of.setdefault(ticket.queue, []).append(ticket)
        return {queue: self.waits(tickets) for queue, tickets in of.items()}

    def by_priority(self) -> dict[TicketPriority, Waits]:
        """Return the waits of each ticket priority that occurred."""
        of: dict[TicketPriority, list[TicketFigures]] = {each: [] for each in TicketPriority}
        for ticket in self.tickets.values():
            of[ticket.priority].append(ticket)
        return {priority: self.waits(found) for priority, found in of.items() if found}
