"""What the reference desk writes down: plain facts, each of them once, and nothing that follows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.events import TicketOffered
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Ticket
from ticketroute.testing.reference.clocks import BookFacts
from ticketroute.testing.reference.spec import rings_at_once, step_of


@dataclass(eq=False)
class AgentFacts:
    """An agent, and what the events said of them."""

    agent: Agent
    presence: Presence
    available_since: int
    reason: str = ""  # the host's own word for the presence
    serves: list[QueueFacts] = field(default_factory=list)  # in the order of joining
    off: set[str] = field(default_factory=set)
    stamp: int = 0  # the how-manieth assignment of the desk their last one was
    ended_at: int | None = None
    recent: list[int] = field(default_factory=list)  # assignments that the rate limit counts
    grace_until: int | None = None
    misses: int = 0  # in a row
    cooling_until: int | None = None
    on_shift: bool = True


@dataclass
class Seats:
    """Whose turn it is: numbers that are given once, in the order of first having room."""

    of: dict[AgentId, int] = field(default_factory=dict)
    given: int = 0
    last: int = -1

    def sit(self, agent_id: AgentId) -> None:
        """Give a seat to who has none."""
        if agent_id not in self.of:
            self.of[agent_id] = self.given
            self.given += 1

    def turn(self, agent_id: AgentId) -> tuple[bool, int]:
        """Return how far off somebody's turn is, as something to sort by."""
        return (self.of[agent_id] <= self.last, self.of[agent_id])


@dataclass(eq=False)
class QueueFacts:
    """A queue, its members in order, and whose turn it is."""

    queue: Queue
    members: dict[AgentId, Membership]
    seats: dict[int, Seats] = field(default_factory=dict)  # by tier; 0 where there are none
    credits: dict[int, dict[AgentId, int]] = field(default_factory=dict)  # by tier, as seats
    position: dict[AgentId, int] = field(default_factory=dict)  # numbers in the list, with gaps
    positions: int = 0  # given so far

    def join(self, agent_id: AgentId, terms: Membership) -> None:
        """Put an agent last in the list of members."""
        self.members[agent_id] = terms
        self.position[agent_id] = self.positions
        self.positions += 1


@dataclass
class Tried:
    """An agent who declined or missed a ticket, or left it unanswered."""

    reason: str
    retry_at: int | None
    number: int  # of the event that said so first
    lifted: bool = False  # may be asked again, after those who were not tried


@dataclass(eq=False)
class OfferFacts:
    """A ticket put to an agent and not answered yet."""

    of: TicketFacts
    queue: QueueFacts
    event: TicketOffered
    number: int  # of that event
    wrap_up_until: None = None  # as slots have it

    @property
    def cost(self) -> int:
        """What it keeps of the agent's capacity."""
        return self.event.cost

    @property
    def until(self) -> int:
        """When it expires."""
        return self.event.until

    @property
    def id(self) -> TicketId:
        """The host's name of it."""
        return self.of.id

    @property
    def ticket(self) -> Ticket:
        """The ticket, as the host gave it."""
        return self.of.ticket


@dataclass(eq=False)
class TicketFacts:
    """A ticket, and what the events said of it."""

    ticket: Ticket
    queue: QueueFacts
    arrived: int
    ordinal: int
    priority: int
    state: RoutingState = RoutingState.WAITING
    status: Status = Status.NEW
    in_line: bool = False
    agent: AgentId | None = None
    last_agent: AgentId | None = None
    came_from: AgentId | None = None  # back from hold or reopened: who is asked first
    cost: int = 0
    since: int | None = None
    wrap_up_until: int | None = None
    slot: int | None = None  # the number of the event since which it counts for its agent
    version: int = 0
    offers: dict[AgentId, OfferFacts] = field(default_factory=dict)
    tried: dict[AgentId, Tried] = field(default_factory=dict)
    asked: set[AgentId] = field(default_factory=set)  # whom it was ever put to
    wanted: int = 0  # offers at a time, where the strategy rings step by step
    skills: dict[str, int] = field(default_factory=dict)  # what it asks by now
    reach: Reach | None = None
    added: list[QueueFacts] = field(default_factory=list)  # where it waits beside its own queue
    reserved: AgentId | None = None
    reserved_by: int = 0  # the number of the event that said so
    waited_for: bool = False
    waiting_since: int | None = None
    relaxed: int = 0
    hops: int = 0
    answered: bool = False  # the requester's turn
    silent: set[AgentId] = field(default_factory=set)  # who did not answer it
    recalled: bool = False  # its offers were withdrawn, so it asks what it asked at first
    reserve_until: int | None = None
    relax_at: int | None = None
    ring_at: int | None = None
    respond_by: int | None = None
    idle_at: int | None = None
    ever_answered: bool = False  # by an agent
    book: BookFacts | None = None  # once anything was promised on the desk

    @property
    def id(self) -> TicketId:
        """The host's name of it."""
        return self.ticket.id

    @property
    def queues(self) -> list[QueueFacts]:
        """Every queue it may wait in."""
        return [self.queue, *self.added]

    @property
    def lifted(self) -> set[AgentId]:
        """Who missed it and may be asked again, after the others."""
        return {agent_id for agent_id, tried in self.tried.items() if tried.lifted}

    @property
    def wants(self) -> int:
        """How many more agents are to be asked, if it still looks for any."""
        if self.state not in (RoutingState.WAITING, RoutingState.OFFERED):
            return 0
        queue = self.queue.queue
        steps = step_of(queue.strategy) is not None
        at_once = rings_at_once(queue.strategy)
        refills = queue.delivery is Delivery.OFFER and queue.offer.refill and not at_once
        if self.offers and not refills:
            return 0
        wanted = max(1, self.wanted) if steps else queue.offer.parallel
        return max(0, wanted - len(self.offers))

    @property
    def counts(self) -> bool:
        """Whether it takes room of its agent."""
        if self.agent is None:
            return False
        return self.state is not RoutingState.PARKED or self.queue.queue.parked_counts


Holding = TicketFacts | OfferFacts  # what takes up an agent's capacity


@dataclass
class Ask:
    """What a ticket asks, in a queue."""

    queue: QueueFacts
    channel: str
    weight: int
    skills: dict[str, int]
    ticket: Ticket | None
    reach: Reach | None = None
    excluded: dict[AgentId, str] = field(default_factory=dict)
    reserved: AgentId | None = None
