"""The state of a desk as plain records; what they mean together is the other modules' business.

Collections that most records never need are None until used: a desk may hold a million of each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from attrs import define, field, frozen
from sortedcontainers import SortedList

from ticketroute.model.agent import Agent, Membership, Presence, RateLimit
from ticketroute.model.events import TicketAssigned, TicketOffered, WaitReason
from ticketroute.model.frozen import EMPTY, maker
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span, seconds
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.line_order import Place
from ticketroute.model.offer import OfferOutcome
from ticketroute.model.queue import Queue
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.sla.clock import Book
from ticketroute.strategies.contract import Key, Member, Strategy
from ticketroute.strategies.ranked import Ranked

RETRY_OF_OFFERS, RETRY_OF_RINGS = seconds(60), seconds(5)  # after a miss, unless named
PACE = 20  # hand-outs of a line that the estimate of a wait looks back on


class Asks(NamedTuple):
    """What a ticket asks of an agent at this moment; equal asks share a demand.

    ``skills`` None means none. ``reach`` None means the queue's own. ``excluded`` are agents who
    may not have this very ticket, and why. ``reserved`` is the one agent it waits for.
    """

    channel: Channel
    weight: int
    skills: Mapping[str, int] | None
    reach: Reach | None = None
    excluded: Mapping[AgentId, Reason] | None = None
    reserved: AgentId | None = None


@define(eq=False)
class OpenOffer:
    """A ticket put to an agent: while it is open, it takes up what it will cost."""

    record: TicketRecord
    agent: AgentRecord
    queue: QueueRecord
    event: TicketOffered
    outcome: OfferOutcome = OfferOutcome.OPEN

    @property
    def cost(self) -> int:
        """What it reserves, in units of the agent's capacity."""
        return self.event.cost

    @property
    def terms(self) -> Ticket:
        """The ticket, as the host gave it."""
        return self.record.terms


@define(eq=False)
class HeldRoom:
    """Room that an agent holds for one ticket; ``taken`` is what they took since, in units."""

    ticket: TicketRecord
    taken: dict[TicketId, int] = field(factory=dict)


@define(eq=False)
class Tried:
    """An agent who declined or missed a ticket, and whether they may be asked again."""

    reason: Reason
    lifted: bool = False  # may be asked again, after those who were not tried


@frozen(kw_only=True)
class Past:
    """What most tickets do not go through; a value, so those that do not may share one."""

    came_from: AgentId | None = None  # back from hold or reopened: who is asked first
    relaxed: int = 0  # steps of the schedule taken in the present search
    waited_for: bool = False  # it has been reserved for an agent in the present search
    room_wanted: bool = False  # it has waited so long that room is to be held for it
    room_of: AgentId | None = None  # who holds room for it
    wanted: int = 0  # offers at a time, where the strategy rings step by step
    everyone: bool = False  # it has widened to all members of its queues
    hops: int = 0  # times it left an agent who did not answer it
    silent: tuple[AgentId, ...] = ()  # who these agents were
    answered: bool = False  # by an agent, at least once
    score: int | None = None
    merged_into: TicketId | None = None


UNEVENTFUL = Past()


@define(eq=False, kw_only=True, weakref_slot=False)
class TicketRecord:
    """A ticket and where it stands."""

    id: TicketId
    terms: Ticket
    queue: QueueRecord
    arrived: Instant  # for the place in the line; a merge or a fresh place moves it
    ordinal: int
    priority: TicketPriority
    asks: Asks
    state: RoutingState = RoutingState.WAITING
    status: Status = Status.NEW
    version: int = 0  # events so far
    agent: AgentRecord | None = None  # who has it, working or on hold
    last_agent_id: AgentId | None = None
    cost: int = 0  # in units of the agent's capacity, while somebody has it
    since: Instant | None = None  # start of the present stretch of work
    wrap_up_until: Instant | None = None
    done_at: Instant | None = None
    waiting_since: Instant | None = None  # start of the present search for an agent
    added: tuple[QueueRecord, ...] = ()  # queues it waits in beside its own
    entries: tuple[LineEntry, ...] = ()  # its places in lines, its own queue's first
    wait_reason: WaitReason | None = None
    offers: dict[AgentId, OpenOffer] | None = None
    tried: dict[AgentId, Tried] | None = None
    asked: set[AgentId] | None = None  # everybody it was ever put to
    assignment: TicketAssigned | None = None  # the latest decision, until the ticket is done
    assigned_at: Instant | None = None  # and its instant, also afterwards
    past: Past = UNEVENTFUL
    book: Book | None = None  # its clocks, on a desk with policies
    due: Instant | None = None  # the earliest: the host's own, or that of a clock that runs


new_ticket = maker(TicketRecord)


@define(eq=False, weakref_slot=False)
class LineEntry:
    """A place in the line of one demand."""

    ticket: TicketRecord
    demand: Demand
    place: Place | None = None  # None once it has left

    def __lt__(self, other: LineEntry) -> bool:
        """Of two in one place at most one is still in; which comes first does not matter."""
        return False


@define(eq=False, kw_only=True, weakref_slot=False)
class Rare:
    """What few agents have anything of; the others share one that says so."""

    rate_limit: RateLimit | None = None
    reason: str = ""  # for the presence
    on_shift: bool = True
    channels_off: frozenset[Channel] = frozenset()
    misses: int = 0  # in a row
    missed_at: Instant | None = None  # the last one that was counted
    room: HeldRoom | None = None  # kept free for a ticket that has waited long
    soft_channels: frozenset[Channel] = frozenset()  # interruptible ones
    soft: int = 0  # units of work on them; the load while there is no other work
    firm: int = 0  # units of all other work, of an agent with interruptible channels
    cooling_until: Instant | None = None
    recent: deque[Instant] | None = None  # assignments within the span of the rate limit
    offers: dict[TicketId, OpenOffer] = EMPTY  # open ones
    parked: dict[TicketId, TicketRecord] = EMPTY  # on hold without counting
    tried: dict[TicketId, TicketRecord] = EMPTY  # tickets that will not ask them again yet
    reserved: dict[TicketId, TicketRecord] = EMPTY  # tickets that wait for them alone


@frozen(eq=False, weakref_slot=False)
class _Ordinary(Rare):
    """Nobody's own, so that it cannot be changed."""

    def __reduce__(self) -> str:
        return "ORDINARY"  # a copied desk shares it, too


ORDINARY: Rare = _Ordinary()


@define(eq=False, weakref_slot=False)
class AgentRecord:
    """An agent, their presence, and all that takes up their capacity."""

    id: AgentId = field(init=False)
    terms: Agent
    presence: Presence = Presence.OFFLINE
    load: int = 0
    last_assigned: int = 0
    ended_at: Instant | None = None  # when the last ticket ended
    available_since: Instant = 0
    first: MemberRecord | None = None  # of a chain of them, in the order they came
    slots: dict[TicketId, TicketRecord] | None = None  # what counts: worked on, or in wrap-up
    rare: Rare = ORDINARY  # to be read; ``own`` is to be changed

    def __attrs_post_init__(self) -> None:
        self.id = self.terms.id

    @property
    def members(self) -> Iterator[MemberRecord]:
        """The agent in each of their queues, in the order they joined them."""
        member = self.first
        while member is not None:
            yield member
            member = member.next

    @property
    def own(self) -> Rare:
        """What is rare of this agent, to be changed: no longer shared."""
        if self.rare is ORDINARY:
            self.rare = Rare()
        return self.rare

    @property
    def count(self) -> int:
        """How many tickets count: worked on, in wrap-up or offered."""
        return len(self.slots or ()) + len(self.rare.offers)

    @property
    def idle_since(self) -> Instant:
        """When the last ticket ended or, without one, when they became available."""
        return self.available_since if self.ended_at is None else self.ended_at


CLOSED = 0  # a member gets nothing of the queue
OPEN = 1  # they get something, unless the channel or the ticket itself keeps it from them
WIDE_OPEN = 2  # and no channel does: only their capacity, or the ticket


@define(eq=False, kw_only=True, weakref_slot=False)
class MemberRecord(Member):
    """An agent in one queue: what its strategy sees, and what the gate needs beside it."""

    record: AgentRecord
    queue: QueueRecord
    membership: Membership
    limit: int
    held: int = 0  # tickets of this queue that count
    automatic: bool = True  # gets tickets by hand-outs
    simple: bool = False  # limited by capacity and presence alone, unless the agent has rare facts
    is_open: int = CLOSED  # or OPEN or WIDE_OPEN: in the queue's own index
    indexes: dict[DemandIndex, int] | None = None  # those of demands that fit -> flags below
    next: MemberRecord | None = None  # the same agent in the queue they joined next


IN_INDEX = 1  # is in the index now
AVAILABLE = 2  # is counted as available for the demand


@define(eq=False)
class DemandIndex:
    """The members who fit one demand: how many, how many are there, and an index of the free.

    ``room`` is what it asks of them beside fitting, where others may ask the same. ``ranked`` is
    the index, where a member's entry is the same in all indexes of the queue.
    """

    demand: Demand
    strategy: Strategy
    room: tuple[Channel, int] | None = None
    ranked: Ranked | None = field(init=False)
    fitting: int = 0
    available: int = 0
    dropped: bool = False  # out of use; members forget it when they next come by

    def __attrs_post_init__(self) -> None:
        self.ranked = ranked_of(self.strategy)


@define(eq=False)
class Demand:
    """What some tickets of a queue ask of an agent, and the line of those that wait.

    ``plain`` is the demand without exclusions and reservations, which has the index; itself, if
    it has none.
    """

    queue: QueueRecord
    asks: Asks
    only: Ticket | None  # the one ticket it stands for, where the host has its own permits
    plain_one: Demand | None = None
    # The one ticket that stands under it: its offers and answers leave agents out, unless ``asks``
    # says itself who is left out.
    own: TicketRecord | None = None
    line: list[tuple[Place, LineEntry]] = field(factory=list)  # a heap; the left are still in
    waiting: int = 0
    head: Place | None = None  # the place under which the queue's list of heads knows it
    index: DemandIndex | None = None
    passed: int = 0  # misfits its walks came by: as many as there are members, and it gets an index
    is_common: bool = field(init=False)  # nobody is left out by name, and no permit is asked for
    # These are of ``asks``: a slot is read five times as fast as a field of a named tuple.
    weight: int = field(init=False)
    skills: Mapping[str, int] | None = field(init=False)
    reach: Reach | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.is_common = self.plain_one is None and self.only is None and self.own is None
        self.weight, self.skills, self.reach = self.asks.weight, self.asks.skills, self.asks.reach

    @property
    def plain(self) -> Demand:
        """The demand that has the index for this one."""
        return self if self.plain_one is None else self.plain_one


@define(eq=False)
class Lines:
    """What the lines of all queues of a desk have in common."""

    waiting: int = 0  # demands that wait


DemandKey = tuple[Asks, TicketId | None]
Head = tuple[Place, Demand]  # the first ticket of a demand's line


@define(eq=False)
class LoneHeads:
    """Tickets that ask the same and stand in a line by themselves, each under its own demand."""

    heads: SortedList[Head] = field(factory=SortedList)
    left_out: dict[AgentId, int] = field(factory=dict)  # in how many of them


class Filed(Protocol):
    """The heads of a long line by what they ask; see ``index/filed_lines``."""

    idle: int

    def change(self, demand: Demand, head: Place | None) -> None:
        """Follow a demand whose head is to be in another place, or in none."""


class ByAge(Protocol):
    """One index that answers for all demands of a queue; see ``index/by_age``."""

    serves: bool
    stale: bool

    def put(self, member: MemberRecord, key: Key | None) -> None:
        """Give a member who has room their place by this key, or note that they have none."""

    def drop(self, member: MemberRecord) -> None:
        """Forget a member who leaves the queue."""

    def free(self, skills: Mapping[str, int], most: int) -> list[MemberRecord]:
        """Return the first members with room who have these skills."""

    def having(self, skills: Mapping[str, int], most: int) -> list[MemberRecord]:
        """Return some members who have these skills, with room or not."""


@define(eq=False)
class QueueIndex:
    """What makes a queue fast: all of it follows from the facts, and ``testing.check`` says so."""

    lines: Lines = field(factory=Lines)  # of the whole desk
    demands: dict[DemandKey, Demand] = field(factory=dict)
    recent: Demand | None = None  # the one that was last found for a ticket's own asks
    sweep_at: int = 0  # how many demands there have to be before idle ones are forgotten again
    heads: SortedList[Head] = field(factory=SortedList)  # one a waiting demand that is shared
    lone: dict[Demand, LoneHeads] = field(factory=dict)  # the others, by what they ask
    waiting: int = 0  # demands that wait, shared or not
    filed: Filed | None = None  # the heads by what they ask, once a walk along them was long
    indexed: dict[Demand, None] = field(factory=dict)  # with an index, the latest used last
    ages: ByAge | None = None  # for all demands, where there are too many to have one each


@define(eq=False)
class QueueRecord:
    """A queue and its members; how it finds agents and tickets fast is in ``index``."""

    id: QueueId = field(init=False)
    terms: Queue  # without its members: they are below
    strategy: Strategy
    index: QueueIndex = field(factory=QueueIndex)
    members: dict[AgentId, MemberRecord] = field(factory=dict)
    next_position: int = 0
    open_tickets: int = 0  # not done
    handed: deque[Instant] = field(factory=lambda: deque(maxlen=PACE + 1))  # out of the line

    ranked: Ranked | None = field(init=False)  # the strategy, if an entry is one in all indexes
    has_turns: bool = field(init=False)  # the strategy is to be told of whom it chose
    draws: bool = field(init=False)  # so does the strategy
    samples: bool = field(init=False)  # so does the strategy
    reads_demand: bool = field(init=False)  # so does the strategy
    rings_all: bool = field(init=False)  # so does the strategy, at once or step by step
    ring_step: Span | None = field(init=False)  # after which it rings one more; None: all at once
    timed: bool = field(init=False)  # silence in its tickets has consequences
    scheduled: bool = field(init=False)  # tickets in its line have timers
    skips: bool = field(init=False)  # some relaxation is taken at once where nobody is there
    retry_missed_after: Span = field(init=False)  # as its offer policy has it, or the usual one

    def __attrs_post_init__(self) -> None:
        self.id = self.terms.id
        self.adopt(self.terms, self.strategy)

    def adopt(self, queue: Queue, strategy: Strategy) -> None:
        """Go by these terms and this order, and note what every ticket asks of them."""
        self.terms, self.strategy, self.ranked = queue, strategy, ranked_of(strategy)
        self.has_turns = type(strategy).offered is not Ranked.offered
        self.draws = bool(getattr(strategy, "draws", False))
        self.samples = bool(getattr(strategy, "samples", False))
        self.reads_demand = bool(strategy.reads_demand)
        self.rings_all = bool(getattr(strategy, "rings_all", False))
        self.ring_step = getattr(strategy, "step", None)
        self.timed = queue.respond_within is not None or queue.idle_after is not None
        self.scheduled = bool(queue.relaxations) or queue.hold_room_after is not None
        self.skips = any(step.skip_wait for step in queue.relaxations)
        usual = RETRY_OF_RINGS if self.rings_all else RETRY_OF_OFFERS
        self.retry_missed_after = queue.offer.retry_missed_after or usual


def ranked_of(strategy: Strategy) -> Ranked | None:
    """Return a strategy that is a key of the member alone, whatever the ticket asks; else None."""
    return strategy if isinstance(strategy, Ranked) and not strategy.reads_demand else None
