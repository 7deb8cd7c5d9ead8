"""The slow obvious desk: plain facts, folded from events alone, with no index and no counter.

It knows nothing of ``ticketroute.core``. What the desk keeps up to date, this adds up anew whenever
it is asked; whom the desk finds in an index, this finds by looking at everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership, Presence, RateLimit
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, PriorityThenAge
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.relaxation import Reach
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Ticket

DAY = 86_400_000
NEAREST = ("nobody_free", "nobody_left", "nobody_available", "nobody_fits", "no_members")
BUSY = (
    "wrap_up",
    "cooling_down",
    "channel_limit",
    "queue_limit",
    "agent_limit",
    "rate_limit",
)


@dataclass(eq=False)
class PlainAgent:
    agent: Agent
    presence: Presence
    available_since: int
    off: set[str] = field(default_factory=set)
    stamp: int = 0  # the how-manieth assignment of the desk their last one was
    ended_at: int | None = None
    recent: list[int] = field(default_factory=list)  # assignments that the rate limit counts
    grace_until: int | None = None
    misses: int = 0  # in a row
    cooling_until: int | None = None


@dataclass
class Seats:
    """Whose turn it is: numbers that are given once, in the order of first having room."""

    of: dict[AgentId, int] = field(default_factory=dict)
    given: int = 0
    last: int = -1

    def sit(self, agent_id: AgentId) -> None:
        if agent_id not in self.of:
            self.of[agent_id] = self.given
            self.given += 1

    def turn(self, agent_id: AgentId) -> tuple[bool, int]:
        return (self.of[agent_id] <= self.last, self.of[agent_id])


@dataclass(eq=False)
class PlainQueue:
    queue: Queue
    members: dict[AgentId, Membership]
    seats: dict[int, Seats] = field(default_factory=dict)  # by tier; 0 where there are none


@dataclass
class Tried:
    """An agent who declined or missed a ticket, or left it unanswered."""

    reason: str
    retry_at: int | None
    lifted: bool = False  # may be asked again, after those who were not tried


@dataclass(eq=False)
class PlainOffer:
    """A ticket put to an agent and not answered yet."""

    of: PlainTicket
    queue: PlainQueue
    cost: int
    until: int
    wrap_up_until: None = None  # as slots have it

    @property
    def id(self) -> TicketId:
        return self.of.id

    @property
    def ticket(self) -> Ticket:
        return self.of.ticket


@dataclass(eq=False)
class PlainTicket:
    ticket: Ticket
    queue: PlainQueue
    arrived: int
    ordinal: int
    priority: int
    state: RoutingState = RoutingState.WAITING
    in_line: bool = False
    agent: AgentId | None = None
    last_agent: AgentId | None = None
    came_from: AgentId | None = None  # back from hold or reopened: who is asked first
    cost: int = 0
    since: int | None = None
    wrap_up_until: int | None = None
    version: int = 0
    offers: dict[AgentId, PlainOffer] = field(default_factory=dict)
    tried: dict[AgentId, Tried] = field(default_factory=dict)
    asked: set[AgentId] = field(default_factory=set)  # whom it was ever put to
    wanted: int = 0  # offers at a time, where the strategy rings step by step
    skills: dict[str, int] = field(default_factory=dict)  # what it asks by now
    reach: Reach | None = None
    added: list[PlainQueue] = field(default_factory=list)  # where it waits beside its own queue
    reserved: AgentId | None = None
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

    @property
    def id(self) -> TicketId:
        return self.ticket.id

    @property
    def queues(self) -> list[PlainQueue]:
        """Every queue it may wait in."""
        return [self.queue, *self.added]

    @property
    def lifted(self) -> set[AgentId]:
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


Holding = PlainTicket | PlainOffer  # what takes up an agent's capacity


@dataclass
class Ask:
    """What a ticket asks, in a queue."""

    queue: PlainQueue
    channel: str
    weight: int
    skills: dict[str, int]
    ticket: Ticket | None
    reach: Reach | None = None
    excluded: dict[AgentId, str] = field(default_factory=dict)
    reserved: AgentId | None = None


class PlainDesk:
    """Facts, and questions about them that are answered by looking at everybody."""

    def __init__(self, defaults: Defaults, permits: Permits | None) -> None:
        self.defaults, self.permits = defaults, permits
        self.agents: dict[AgentId, PlainAgent] = {}
        self.queues: dict[QueueId, PlainQueue] = {}
        self.tickets: dict[TicketId, PlainTicket] = {}
        self.now = 0
        self.assignments = 0
        self.events = 0
        self.history: list[tuple[int, int, AgentId, int, int]] = []  # no., at, who, taken, handled
        self.watched: dict[int, int] = {}  # span -> number of the event it is counted from
        self.last_agent_of: dict[str, AgentId] = {}
        self.unsettled = (
            False  # offers ended because another queue assigns: who had them comes last
        )

    # --- who has what -----------------------------------------------------------------------

    def slots(self, agent_id: AgentId) -> list[PlainTicket]:
        return [t for t in self.tickets.values() if t.agent == agent_id and t.counts]

    def parked(self, agent_id: AgentId) -> list[PlainTicket]:
        return [t for t in self.tickets.values() if t.agent == agent_id and not t.counts]

    def offers(self, agent_id: AgentId) -> list[PlainOffer]:
        every = self.tickets.values()
        return [ticket.offers[agent_id] for ticket in every if agent_id in ticket.offers]

    def holdings(self, agent_id: AgentId) -> list[Holding]:
        return [*self.slots(agent_id), *self.offers(agent_id)]

    def load(self, agent_id: AgentId) -> int:
        return sum(holding.cost for holding in self.holdings(agent_id))

    def held(self, agent_id: AgentId, queue: PlainQueue) -> int:
        return sum(holding.queue is queue for holding in self.holdings(agent_id))

    def capacity(self, agent_id: AgentId) -> int:
        return self.agents[agent_id].agent.capacity or self.defaults.capacity

    def rate_limit(self, agent_id: AgentId) -> RateLimit | None:
        return self.agents[agent_id].agent.rate_limit or self.defaults.rate_limit

    def rate_lifts_at(self, agent_id: AgentId) -> int | None:
        """Return when time alone makes room, if time alone can: an open offer does not age."""
        rate, recent = self.rate_limit(agent_id), self.agents[agent_id].recent
        if rate is None or not self.rate_full(agent_id):
            return None
        spare = rate.tickets - len(self.offers(agent_id))  # how many of the recent may stay
        return None if spare <= 0 else recent[-spare] + rate.span

    def rate_full(
        self, agent_id: AgentId, *, without: TicketId | None = None, at: int | None = None
    ) -> bool:
        rate, recent = self.rate_limit(agent_id), self.agents[agent_id].recent
        if rate is None:
            return False
        used = sum(at is None or each + rate.span > at for each in recent)
        used += sum(offer.id != without for offer in self.offers(agent_id))
        return used >= rate.tickets

    def limit(self, agent_id: AgentId, queue: PlainQueue) -> int:
        for limit in (queue.members[agent_id].limit, queue.queue.limit_per_agent):
            if limit is not None:
                return limit
        return self.defaults.queue_limit

    def channel_limit(self, agent: Agent, channel: str) -> int:
        most = agent.channels[channel].most if agent.channels else None
        return self.defaults.channel_limit if most is None else most

    def figures(self, span: int, agent_id: AgentId) -> tuple[int, int]:
        """Return tickets taken and time handled within ``span``, since somebody asked for it."""
        mine = [
            (taken, handled)
            for number, at, who, taken, handled in self.history
            if who == agent_id and number >= self.watched[span] and at + span > self.now
        ]
        return sum(taken for taken, _ in mine), sum(handled for _, handled in mine)

    # --- who may get what -------------------------------------------------------------------

    def ask(self, known: PlainTicket, queue: PlainQueue, *, asked: bool = True) -> Ask:
        """Return what a ticket asks now; ``asked`` False leaves out that some are asked."""
        ticket = known.ticket
        only = None if self.permits is None else ticket
        excluded = {who: tried.reason for who, tried in known.tried.items() if not tried.lifted}
        if asked:
            excluded |= dict.fromkeys(known.offers, "asked")
        return Ask(
            queue,
            ticket.channel,
            ticket.weight,
            known.skills,
            only,
            known.reach,
            excluded,
            known.reserved,
        )

    def reason(  # noqa: C901  one gate is one list of checks, in their order
        self,
        agent_id: AgentId,
        ask: Ask,
        *,
        without: TicketId | None = None,
        at: int | None = None,
    ) -> str | None:
        """Return the first reason why not, ``at`` looks ahead in time."""
        if agent_id not in self.agents:
            return "unknown_agent"
        if agent_id not in ask.queue.members:
            return "not_member"
        known = self.agents[agent_id]
        agent = known.agent
        if known.presence is not Presence.AVAILABLE:
            return str(known.presence.value)
        if (agent.channels and ask.channel not in agent.channels) or ask.channel in known.off:
            return "channel_off"
        slots = [slot for slot in self.holdings(agent_id) if slot.id != without]
        if at is not None:
            slots = [s for s in slots if s.wrap_up_until is None or s.wrap_up_until > at]
        full = self.full(agent_id, ask, slots)
        if full and not self.full(agent_id, ask, [s for s in slots if s.wrap_up_until is None]):
            return "wrap_up"
        if known.cooling_until is not None and (at is None or at < known.cooling_until):
            return "cooling_down"
        lack = self.lack(agent, ask)
        if lack is None and not self.in_reach(agent_id, ask):
            lack = "out_of_reach"
        if lack or full:
            return lack or full
        if self.rate_full(agent_id, without=without, at=at):
            return "rate_limit"
        return self.not_this_one(agent_id, ask)

    def not_this_one(self, agent_id: AgentId, ask: Ask) -> str | None:
        """Return what keeps an agent from this very ticket, but from no other like it."""
        if agent_id in ask.excluded:
            return ask.excluded[agent_id]
        if ask.reserved is not None and ask.reserved != agent_id:
            return "reserved"
        if self.permits is not None and ask.ticket is not None:
            return None if self.permits.allows(agent_id, ask.ticket) else "not_permitted"
        return None

    def lack(self, agent: Agent, ask: Ask) -> str | None:
        if any(skill not in agent.skills for skill in ask.skills):
            return "missing_skill"
        low = any(agent.skills[skill] < level for skill, level in ask.skills.items())
        return "skill_level" if low else None

    def in_reach(self, agent_id: AgentId, ask: Ask) -> bool:
        reach = ask.reach or ask.queue.queue.reach
        return reach.least <= self.tier(ask.queue, agent_id) <= reach.greatest

    def full(self, agent_id: AgentId, ask: Ask, slots: list[Holding]) -> str | None:
        agent = self.agents[agent_id].agent
        on_channel = sum(slot.ticket.channel == ask.channel for slot in slots)
        if on_channel >= self.channel_limit(agent, ask.channel):
            return "channel_limit"
        if sum(slot.queue is ask.queue for slot in slots) >= self.limit(agent_id, ask.queue):
            return "queue_limit"
        cost = self.cost(agent, ask)
        if sum(slot.cost for slot in slots) + cost > self.capacity(agent_id):
            return "agent_limit"
        return None

    def cost(self, agent: Agent, ask: Ask) -> int:
        limit = agent.channels.get(ask.channel)
        return ask.weight * (1 if limit is None else limit.cost)

    def eligible(self, ask: Ask) -> list[AgentId]:
        return [who for who in ask.queue.members if self.reason(who, ask) is None]

    def eligible_from(self, agent_id: AgentId, ask: Ask, without: TicketId | None) -> int | None:
        instants = {slot.wrap_up_until for slot in self.slots(agent_id)}
        instants |= {self.rate_lifts_at(agent_id), self.agents[agent_id].cooling_until}
        for instant in sorted(instant for instant in instants if instant is not None):
            if self.reason(agent_id, ask, without=without, at=instant) is None:
                return instant
        return None

    def fits(self, agent_id: AgentId, ask: Ask) -> bool:
        """Say whether this member could get such a ticket, being there and having nothing else."""
        agent = self.agents[agent_id].agent
        return (
            (not agent.channels or ask.channel in agent.channels)
            and all(agent.skills.get(skill, 0) >= level for skill, level in ask.skills.items())
            and self.in_reach(agent_id, ask)
            and self.full(agent_id, ask, []) is None
        )

    def is_there(self, agent_id: AgentId, ask: Ask) -> bool:
        known = self.agents[agent_id]
        return known.presence is Presence.AVAILABLE and ask.channel not in known.off

    def is_open(self, agent_id: AgentId, queue: PlainQueue) -> bool:
        """Say whether a ticket of the queue could go to this member, if it asked for little."""
        return (
            self.agents[agent_id].presence is Presence.AVAILABLE
            and self.load(agent_id) < self.capacity(agent_id)
            and self.held(agent_id, queue) < self.limit(agent_id, queue)
            and self.agents[agent_id].cooling_until is None
            and not self.rate_full(agent_id)
        )

    def wait_reason(self, ask: Ask) -> str:
        if not ask.queue.members:
            return "no_members"
        fitting = [who for who in ask.queue.members if self.fits(who, ask)]
        if not fitting:
            return "nobody_fits"
        left = [who for who in fitting if who not in ask.excluded]
        if not left:
            return "nobody_left"
        there = any(self.is_there(who, ask) for who in left)
        return "nobody_free" if there else "nobody_available"

    def nearest_reason(self, ticket: PlainTicket) -> str:
        """Return, of the reasons in all its queues, the one that will be over first."""
        reasons = {self.wait_reason(self.ask(ticket, queue)) for queue in ticket.queues}
        return next(reason for reason in NEAREST if reason in reasons)

    # --- in which order ---------------------------------------------------------------------

    def place(self, ticket: PlainTicket, queue: PlainQueue) -> tuple[int, ...]:
        """Return where a ticket stands, from the words of each order and not from its code."""
        order, arrived = queue.queue.order, ticket.arrived
        if isinstance(order, Lifo):
            return (-arrived, -ticket.ordinal)
        if isinstance(order, Aged):
            return (arrived + ticket.priority * order.per_level, ticket.ordinal)
        by_priority = (ticket.priority, arrived, ticket.ordinal)
        if isinstance(order, EarliestDeadline):
            due = ticket.ticket.due
            return (LAST_INSTANT + 1 if due is None else due, *by_priority)
        assert isinstance(order, PriorityThenAge)
        return by_priority

    def line(self, queue: PlainQueue) -> list[PlainTicket]:
        """Return the tickets that stand in the queue's line, in order."""
        mine = [t for t in self.tickets.values() if t.in_line and queue in t.queues]
        return sorted(mine, key=lambda ticket: self.place(ticket, queue))

    def seeking(self, queue: PlainQueue) -> list[PlainTicket]:
        """Return the queue's tickets that look for agents, in line or just come loose, in order."""
        mine = [t for t in self.tickets.values() if t.wants and queue in t.queues]
        return sorted(mine, key=lambda ticket: self.place(ticket, queue))

    def fronts(self) -> Iterator[tuple[PlainQueue, PlainTicket]]:
        """Yield of each queue that hands out by itself the first ticket that somebody may have."""
        for queue in self.queues.values():
            if queue.queue.delivery is not Delivery.PULL:
                for ticket in self.seeking(queue):
                    if self.may_wait(ticket) and self.wish(ticket, queue) is None:
                        continue
                    if self.eligible(self.ask(ticket, queue)):
                        yield queue, ticket
                        break

    def wishes(self, ticket: PlainTicket) -> list[tuple[AgentId, ev.Cause]]:
        """Return whom a ticket asks before any strategy is asked, and why."""
        keeps = ticket.queue.queue.keep_agent and ticket.ticket.requester is not None
        kept = self.last_agent_of.get(ticket.ticket.requester or "") if keeps else None
        wishes = (
            (ticket.came_from, ev.Cause.LAST_AGENT),
            (ticket.ticket.prefer, ev.Cause.PREFERRED),
            (kept, ev.Cause.LAST_AGENT),
        )
        return [(agent_id, cause) for agent_id, cause in wishes if agent_id is not None]

    def wish(self, ticket: PlainTicket, queue: PlainQueue) -> tuple[AgentId, ev.Cause] | None:
        """Return who is to get a ticket before any strategy is asked, and why."""
        ask = self.ask(ticket, queue)
        for agent_id, cause in self.wishes(ticket):
            if agent_id not in ticket.lifted and self.reason(agent_id, ask) is None:
                return agent_id, cause
        return None

    def waits_for(self, ticket: PlainTicket) -> AgentId | None:
        """Return for which agent, who is there and busy, a ticket is to wait."""
        queue = ticket.queue
        waits = ticket.state is RoutingState.WAITING and not ticket.waited_for
        if not queue.queue.affinity_wait or not waits:
            return None
        ask = self.ask(ticket, queue)
        for agent_id, _ in self.wishes(ticket):
            untried = agent_id not in ticket.tried
            busy = untried and self.reason(agent_id, ask) in BUSY
            if busy and self.fits(agent_id, ask):
                return agent_id
        return None

    def may_wait(self, ticket: PlainTicket) -> bool:
        """Say whether a ticket that came loose waits for an agent before it goes to another."""
        return not ticket.in_line and self.waits_for(ticket) is not None

    def rank(self, ticket: PlainTicket, queue: PlainQueue) -> tuple[int, ...]:
        """Return the order between queues: their weight, priority, arrival."""
        return (-queue.queue.weight, ticket.priority, ticket.arrived, ticket.ordinal)

    def members_with_room(self, queue: PlainQueue) -> list[AgentId]:
        return [who for who in queue.members if self.is_open(who, queue)]

    # --- what several events share -----------------------------------------------------------

    def watch(self) -> None:
        spans = {window_of(queue.queue.strategy) for queue in self.queues.values()}
        wanted = {span for span in spans if span is not None}
        for gone in self.watched.keys() - wanted:
            del self.watched[gone]
        for new in wanted - self.watched.keys():
            self.watched[new] = self.events + 1

    def seat(self, order: list[AgentId] | None) -> None:
        """Give a seat to whoever has room for the first time, in the order of the list."""
        for queue in self.queues.values():
            if takes_turns(queue.queue.strategy):
                for agent_id in order or queue.members:
                    if agent_id in queue.members and self.is_open(agent_id, queue):
                        self.seats(queue, agent_id).sit(agent_id)

    def seats(self, queue: PlainQueue, agent_id: AgentId) -> Seats:
        tier = self.tier(queue, agent_id) if queue.queue.strategy.name == "priority" else 0
        return queue.seats.setdefault(tier, Seats())

    def tier(self, queue: PlainQueue, agent_id: AgentId) -> int:
        return queue.members[agent_id].priority or self.agents[agent_id].agent.priority

    def note(self, agent_id: AgentId, *, taken: int = 0, handled: int = 0) -> None:
        self.history.append((self.events, self.now, agent_id, taken, handled))

    def stop_work(self, ticket: PlainTicket) -> None:
        if ticket.agent is not None and ticket.since is not None:
            self.note(ticket.agent, handled=self.now - ticket.since)
        ticket.since = None

    def part(self, ticket: PlainTicket) -> None:
        """Part a ticket from its agent, if it has one."""
        self.stop_work(ticket)
        if ticket.agent is not None:
            self.agents[ticket.agent].ended_at = self.now
        self.end_conversation(ticket)
        ticket.agent, ticket.cost = None, 0

    # --- what time will do ------------------------------------------------------------------

    def start_wait(self, ticket: PlainTicket) -> None:
        """Start the search for an agent: it asks what it asked at first."""
        self.end_wait(ticket)
        ticket.skills, ticket.reach = dict(ticket.ticket.skills), None
        ticket.waiting_since, ticket.relaxed, ticket.waited_for = self.now, 0, False
        self.time_relaxation(ticket)

    def end_wait(self, ticket: PlainTicket) -> None:
        if ticket.waiting_since is not None:
            ticket.waiting_since, ticket.relax_at, ticket.added = None, None, []
            ticket.reserved, ticket.reserve_until = None, None
            ticket.tried = {}

    def time_relaxation(self, ticket: PlainTicket) -> None:
        steps = ticket.queue.queue.relaxations[ticket.relaxed :]
        if ticket.waiting_since is None or not steps:
            ticket.relax_at = None
        else:
            ticket.relax_at = max(ticket.waiting_since + steps[0].after, self.now)

    def time_answer(self, ticket: PlainTicket) -> None:
        within = ticket.queue.queue.respond_within
        if within is not None and ticket.respond_by is None:
            ticket.respond_by = self.now + within

    def time_silence(self, ticket: PlainTicket) -> None:
        after = ticket.queue.queue.idle_after
        if after is not None and ticket.state is RoutingState.ASSIGNED:
            ticket.idle_at = self.now + after

    def end_conversation(self, ticket: PlainTicket) -> None:
        ticket.respond_by = ticket.idle_at = None

    def start_grace(self, agent_id: AgentId) -> None:
        """Give an agent who is offline and yet has work the grace to come back."""
        known = self.agents[agent_id]
        works = any(t.state is RoutingState.ASSIGNED for t in self.slots(agent_id))
        if known.presence is Presence.OFFLINE and works and known.grace_until is None:
            known.grace_until = self.now + self.defaults.grace

    def trim_rate(self, agent_id: AgentId) -> None:
        known, rate = self.agents[agent_id], self.rate_limit(agent_id)
        span = 0 if rate is None else rate.span
        known.recent = [at for at in known.recent if at + span > self.now and rate is not None]


def window_of(spec: StrategySpec) -> int | None:
    """Return how far back a strategy looks."""
    inside = spec.options.get("then")
    if isinstance(inside, StrategySpec):
        return window_of(inside)
    if spec.name in ("fewest_taken", "least_handle_time"):
        span = spec.options.get("window", DAY)
        assert isinstance(span, int)
        return span
    return None


def inner(spec: StrategySpec) -> StrategySpec:
    """Return the strategy inside the tiers, or the strategy itself."""
    inside = spec.options.get("then", StrategySpec("average_load"))
    assert isinstance(inside, StrategySpec)
    return inner(inside) if spec.name == "priority" else spec


def step_of(spec: StrategySpec) -> int | None:
    """Return after how long one more is rung, where everybody is."""
    step = inner(spec).options.get("step")
    assert step is None or isinstance(step, int)
    return step


def rings_at_once(spec: StrategySpec) -> bool:
    """Say whether everybody, of the best tier where there are tiers, is asked at once."""
    return inner(spec).name == "ring_all" and step_of(spec) is None


def takes_turns(spec: StrategySpec) -> bool:
    """Say whether a strategy has seats."""
    inside = spec.options.get("then")
    return spec.name == "round_robin" or (isinstance(inside, StrategySpec) and takes_turns(inside))
