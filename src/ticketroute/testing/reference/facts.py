"""What the reference desk writes down: plain facts, each of them once, and nothing that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.relaxation import Reach
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Ticket
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Metric, Policy, Target
from ticketroute.testing.reference.calendar import Edition, Hours

DAY = 86_400_000
EVERYONE = 1 << 30
SEARCHING = (RoutingState.WAITING, RoutingState.OFFERED)


class Kind(IntEnum):
    """What falls due; of one instant, the smaller goes first: room before work."""

    SHIFT = 0  # at the instant it ends, nobody gets anything any more
    WRAP_UP = 1
    RATE_LIMIT = 2
    COOL_DOWN = 3
    RETRY = 4
    OFFER = 5
    GIVE_UP = 6  # once all offers have expired: who missed too many
    RING = 7
    RESERVE = 8
    RELAX = 9
    HOLD_ROOM = 10
    RESPOND = 11
    IDLE = 12
    GRACE = 13
    CLOCK = 14


@dataclass(eq=False)
class AgentFacts:
    """An agent, and what the events said of them."""

    agent: Agent
    presence: Presence
    available_since: int
    reason: str = ""  # the host's own word for the presence
    off: set[str] = field(default_factory=set)  # channels
    stamp: int = 0  # number of the desk's assignment that was their last; 0 means never
    ended_at: int | None = None
    recent: list[int] = field(default_factory=list)  # assignments that the rate limit counts
    misses: int = 0  # in a row
    missed_at: int | None = None  # when the last of them was counted
    too_many: int | None = None  # number of the event with which they missed too many
    on_shift: bool = True
    dues: dict[Kind, int] = field(default_factory=dict)  # grace, cool-down


@dataclass
class Turns:
    """Whose turn it is: seats are given once, in the order of first having room."""

    seats: dict[str, int] = field(default_factory=dict)
    given: int = 0
    last: int = -1
    owed: dict[str, int] = field(default_factory=dict)  # parts of a ticket


@dataclass(eq=False)
class QueueFacts:
    """A queue, its members in order, and whose turn it is."""

    queue: Queue
    members: dict[str, Membership] = field(default_factory=dict)
    turns: dict[int, Turns] = field(default_factory=dict)  # by tier; 0 where there are none
    position: dict[str, int] = field(default_factory=dict)  # numbers in the list, with gaps
    positions: int = 0  # given so far


@dataclass
class Tried:
    """An agent who declined or missed a ticket, or left it unanswered."""

    reason: str
    retry_at: int | None
    lifted: bool = False  # may be asked again, after those who were not tried


@dataclass(eq=False)
class OfferFacts:
    """A ticket put to an agent and not answered yet; it holds room as a ticket at work does."""

    of: TicketFacts
    queue: QueueFacts
    event: ev.TicketOffered
    taken: int  # number of that event
    wrap_up_until: None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket that is offered."""
        return self.of.ticket

    @property
    def cost(self) -> int:
        """What it keeps of the agent's capacity."""
        return self.event.cost


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
    version: int = 0
    # who has it
    agent: str | None = None
    last_agent: str | None = None
    came_from: str | None = None  # back from hold or reopened: who is asked first
    done_at: int | None = None
    cost: int = 0
    since: int | None = None
    wrap_up_until: int | None = None
    slot: int | None = None  # number of the event since which it counts for its agent
    taken: int = 0  # number of the event that took its room: of the offer, if it was one
    # who is asked
    in_line: bool = False
    offers: dict[str, OfferFacts] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # everyone it was ever offered to
    wanted: int = 0  # offers at a time, where the strategy rings step by step; 0: nobody rang yet
    recalled: bool = False  # its search began anew in this command: it asks what it asked at first
    # what it asks by now
    skills: dict[str, int] = field(default_factory=dict)
    reach: Reach | None = None
    added: list[QueueFacts] = field(default_factory=list)  # where it waits beside its own queue
    relaxed: int = 0
    waiting_since: int | None = None
    reserved: str | None = None
    reserved_by: int = 0  # number of the event that said so
    waited_for: bool = False
    room_wanted: bool = False
    room_of: str | None = None  # the agent who holds room for it
    room_by: int = 0  # number of the event that said so
    # its conversation
    hops: int = 0
    answered: bool = False  # it is the requester's turn
    ever_answered: bool = False  # by an agent
    silent: set[str] = field(default_factory=set)  # agents who did not answer it
    book: BookFacts | None = None  # once anything was promised on the desk
    dues: dict[Kind, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The host's name of it."""
        return self.ticket.id

    @property
    def queues(self) -> list[QueueFacts]:
        """Every queue it may wait in."""
        return [self.queue, *self.added]

    @property
    def lifted(self) -> set[str]:
        """Agents who missed it and may be asked again, after the others."""
        return {agent_id for agent_id, tried in self.tried.items() if tried.lifted}

    @property
    def counts(self) -> bool:
        """Whether it takes room of its agent."""
        rests = self.state is RoutingState.PARKED and not self.queue.queue.parked_counts
        return self.agent is not None and not rests

    @property
    def rings_one(self) -> bool:
        """Whether it rings at an agent whom it wishes for, and so at nobody else yet."""
        wished = any(each.event.cause not in ev.BY_STRATEGY for each in self.offers.values())
        return wished and rings(self.queue.queue.strategy) and not step_of(self.queue)

    @property
    def rings_everyone(self) -> bool:
        """Whether it is offered to everyone who is eligible, however many have it already."""
        if not rings(self.queue.queue.strategy) or self.queue.queue.delivery is not Delivery.OFFER:
            return False
        if step_of(self.queue) is None:
            return not self.rings_one
        return self.wanted > 0 and Kind.RING not in self.dues

    @property
    def wants(self) -> int:
        """How many more agents are to be asked, if it searches and wants any."""
        if self.state not in SEARCHING or self.rings_one:
            return 0
        if self.rings_everyone:
            return EVERYONE
        queue = self.queue.queue
        refills = queue.delivery is Delivery.OFFER and (queue.offer.refill or rings(queue.strategy))
        if self.offers and not refills:
            return 0
        steps = step_of(self.queue) is not None
        return max(0, (max(1, self.wanted) if steps else queue.offer.parallel) - len(self.offers))


Holding = TicketFacts | OfferFacts  # what takes up an agent's capacity


@dataclass
class Ask:
    """What a ticket asks, in a queue."""

    queue: QueueFacts
    channel: str
    weight: int
    skills: dict[str, int]
    permitted: Ticket | None  # what the host's permits look at, if it has any
    reach: Reach | None = None
    excluded: dict[str, str] = field(default_factory=dict)
    reserved: str | None = None
    of: str | None = None
    by_hand: bool = False  # a person chose the agent


class Agreed(NamedTuple):
    """A policy, and its number among all of its name."""

    policy: Policy
    version: int


@dataclass(eq=False)
class ClockFacts:
    """One cycle of a metric of a ticket, and what the events said of it."""

    metric: Metric
    cycle: int
    policy_id: str
    version: int
    target: Target
    calendar_id: str | None
    promised: int
    within: int
    started: int
    state: ClockState = ClockState.RUNNING
    ended: int | None = None
    kept: Hours | None = None  # its hours as they were when it ended
    breached: int | None = None
    done: set[tuple[object, ...]] = field(default_factory=set)  # the names of marks
    of_a_queue_left: bool = False  # it ended because the ticket moved on

    @property
    def is_open(self) -> bool:
        """Whether it can still be met."""
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)


@dataclass(eq=False)
class BookFacts:
    """What the clocks of a ticket are worked out from; the first status is from its arrival on."""

    statuses: list[tuple[int, Status]]
    queued: int  # when it came to its queue
    answered: bool  # by an agent, ever
    handed: bool  # to an agent, ever
    unanswered: int | None = None  # oldest message since the opening one or an answer
    wrote: dict[ev.Author, int] = field(default_factory=dict)  # the last message of each
    clocks: dict[Metric, list[ClockFacts]] = field(default_factory=dict)  # the cycles of each
    escalated_from: set[str] = field(default_factory=set)  # queues no level moves it back to

    @property
    def latest(self) -> list[ClockFacts]:
        """The last cycle of each metric, in the order in which the metrics began."""
        return [cycles[-1] for cycles in self.clocks.values()]

    def last(self, metric: Metric) -> ClockFacts | None:
        """Return the last cycle of a metric, if there is any."""
        return self.clocks[metric][-1] if metric in self.clocks else None


class Work(NamedTuple):
    """A ticket taken, or a stretch of work that ended."""

    at: int
    agent_id: str
    taken: int
    handled: int


@dataclass(eq=False)
class Facts:
    """A whole desk."""

    defaults: Defaults = Defaults()
    permits: Permits | None = None
    submitted: int = 0
    agents: dict[str, AgentFacts] = field(default_factory=dict)
    queues: dict[str, QueueFacts] = field(default_factory=dict)
    tickets: dict[str, TicketFacts] = field(default_factory=dict)
    now: int = 0
    by: str | None = None  # who gives the present command
    assignments: int = 0
    events: int = 0  # so far
    watched: dict[int, list[Work]] = field(default_factory=dict)  # by how far back one looks
    last_agent_of: dict[str, str] = field(default_factory=dict)  # by requester
    calendars: dict[str, list[Edition]] = field(default_factory=dict)
    agreements: list[Agreed] = field(default_factory=list)  # the policies, in their order
    versions: dict[str, Agreed] = field(default_factory=dict)  # the last of every name
    loose: list[TicketFacts] = field(default_factory=list)  # what is in no line, in that order
    unsettled: bool = False  # offers ended because another queue assigns: it is to happen next
    luck: list[ev.Event] = field(default_factory=list)  # what chance decided, as another desk says


def forgettable(facts: Facts, before: int) -> list[str]:
    """Return the tickets that were done before an instant and take no slot."""
    return [
        ticket.id
        for ticket in facts.tickets.values()
        if ticket.done_at is not None and ticket.done_at < before and ticket.agent is None
    ]


class Due(NamedTuple):
    """Something due at an instant: sorted, the first goes first."""

    at: int
    kind: Kind
    ordinal: int  # of the ticket, if it is one's
    subject: str
    detail: str = ""


# What a strategy's written form says of it: the reference desk never asks the strategy.


def within(spec: StrategySpec) -> list[StrategySpec]:
    """Return a strategy and those inside it, the outermost first."""
    usual = StrategySpec("average_load") if spec.name == "priority" else None
    then = spec.options.get("then", usual)
    return [spec, *(within(then) if isinstance(then, StrategySpec) else ())]


def window_of(spec: StrategySpec) -> int | None:
    """Return how far back a strategy looks."""
    last = within(spec)[-1]
    span = last.options.get("window", DAY)
    looks_back = last.name in ("fewest_taken", "least_handle_time")
    return span if looks_back and isinstance(span, int) else None


def step_of(queue: QueueFacts) -> int | None:
    """Return after how long one more is rung, where it is step by step."""
    step = within(queue.queue.strategy)[-1].options.get("step")
    return step if isinstance(step, int) else None


def has_tiers(spec: StrategySpec) -> bool:
    """Return whether agents of other agent priorities have turns of their own."""
    return any(each.name == "priority" for each in within(spec))


def ends_in(*names: str) -> Callable[[StrategySpec], bool]:
    """Return what tells whether a strategy, or the one inside it, is one of these."""
    return lambda spec: within(spec)[-1].name in names


rings = ends_in("ring_all")
takes_turns = ends_in("round_robin")
keeps_credits = ends_in("weighted_round_robin")
draws = ends_in("random", "weighted_random", "power_of_two")


def relaxes_at(ticket: TicketFacts, now: int) -> int | None:
    """Return when the next step of a ticket's schedule is due, if it searches and there is one."""
    steps, since = ticket.queue.queue.relaxations[ticket.relaxed :], ticket.waiting_since
    return max(since + steps[0].after, now) if steps and since is not None else None


def retry_after(queue: Queue) -> int:
    """Return how long an agent who missed a ticket of the queue is not asked for it again."""
    usual = 5_000 if rings(queue.strategy) else 60_000
    return usual if queue.offer.retry_missed_after is None else queue.offer.retry_missed_after
