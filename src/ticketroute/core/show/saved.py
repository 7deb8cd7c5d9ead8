"""A desk as values that a file can hold, and a desk made of them: the fold need not begin anew.

What is saved are facts. Indexes are made anew from them, so that a desk that was restored has other
ones than a desk that went on, and answers the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from ticketroute.core.facts import asks_of
from ticketroute.core.index.lone import stands_alone
from ticketroute.core.index.sliding import Entry
from ticketroute.core.index.timers import TimerKind
from ticketroute.core.records import (
    UNEVENTFUL,
    AgentRecord,
    Past,
    QueueRecord,
    TicketRecord,
)
from ticketroute.core.state import State
from ticketroute.model.agent import Agent, Membership, Presence, RateLimit
from ticketroute.model.events import Author, TicketAssigned, TicketOffered, WaitReason
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Reach
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.sla.clock import Book, Clock, ClockState, Fired
from ticketroute.sla.policy import Metric, Target
from ticketroute.sla.present import Agreement
from ticketroute.sla.versions import Versions


@frozen(kw_only=True)
class SavedAsks:
    """What a ticket asks by now, where that is not what it asked at first."""

    channel: Channel
    weight: int
    skills: Mapping[str, int] | None = None
    reach: Reach | None = None
    excluded: Mapping[AgentId, Reason] | None = None
    reserved: AgentId | None = None


@frozen(kw_only=True)
class SavedTried:
    """An agent who declined or missed a ticket."""

    agent_id: AgentId
    reason: Reason
    lifted: bool = False


@frozen(kw_only=True)
class SavedClock:
    """A clock; ``target`` and ``kept`` are numbers in the desk's lists."""

    metric: Metric
    cycle: int
    policy_id: PolicyId
    version: int
    target: int
    calendar_id: CalendarId | None = None
    promised: Span
    within: Span
    started: Instant
    state: ClockState = ClockState.RUNNING
    ended: Instant | None = None
    kept: int | None = None
    left_behind: bool = False
    breached: Instant | None = None
    fired: tuple[Fired, ...] = ()
    due: Instant | None = None


@frozen(kw_only=True)
class SavedBook:
    """The clocks of a ticket: the ended ones before the present cycle, then the present ones."""

    log: tuple[tuple[Instant, Status], ...]
    queued: Instant
    clocks: tuple[SavedClock, ...] = ()
    past: tuple[SavedClock, ...] = ()
    policy_id: PolicyId | None = None
    answered: bool = False
    handed: bool = False
    unanswered: Instant | None = None
    contacts: Mapping[Author, Instant] = EMPTY
    escalated_from: frozenset[QueueId] = frozenset()


@frozen(kw_only=True)
class SavedTicket:
    """A ticket. ``closed`` is the number of its queue among those that closed, if it did."""

    ticket: Ticket
    queue: QueueId
    closed: int | None = None
    arrived: Instant
    ordinal: int
    priority: TicketPriority
    asks: SavedAsks | None = None
    state: RoutingState = RoutingState.WAITING
    status: Status = Status.NEW
    version: int = 0
    agent: AgentId | None = None
    last_agent_id: AgentId | None = None
    cost: int = 0
    since: Instant | None = None
    wrap_up_until: Instant | None = None
    waiting_since: Instant | None = None
    added: tuple[QueueId, ...] = ()
    in_line: bool = False
    rings_in_line: bool = False
    wait_reason: WaitReason | None = None
    offers: tuple[TicketOffered, ...] = ()
    tried: tuple[SavedTried, ...] = ()
    asked: tuple[AgentId, ...] = ()
    assignment: TicketAssigned | None = None
    assigned_at: Instant | None = None
    past: Past = UNEVENTFUL
    book: SavedBook | None = None
    due: Instant | None = None
    done_at: Instant | None = None


@frozen(kw_only=True)
class SavedAgent:
    """An agent; the tickets of each kind in the order in which they came."""

    agent: Agent
    presence: Presence = Presence.OFFLINE
    last_assigned: int = 0
    ended_at: Instant | None = None
    available_since: Instant = 0
    queues: tuple[QueueId, ...] = ()
    slots: tuple[TicketId, ...] = ()
    rate_limit: RateLimit | None = None
    reason: str = ""
    on_shift: bool = True
    channels_off: frozenset[Channel] = frozenset()
    misses: int = 0
    missed_at: Instant | None = None
    cooling_until: Instant | None = None
    recent: tuple[Instant, ...] | None = None
    offers: tuple[TicketId, ...] = ()
    parked: tuple[TicketId, ...] = ()
    tried: tuple[TicketId, ...] = ()
    reserved: tuple[TicketId, ...] = ()
    room: TicketId | None = None
    taken: Mapping[TicketId, int] = EMPTY  # since then, in units


@frozen(kw_only=True)
class SavedMember:
    """An agent in a queue."""

    agent_id: AgentId
    membership: Membership = Membership()
    position: int = 0


@frozen(kw_only=True)
class SavedQueue:
    """A queue, without its members; they follow in the order of its list."""

    queue: Queue
    members: tuple[SavedMember, ...] = ()
    turns: tuple[object, ...] = ()
    next_position: int = 0
    open_tickets: int = 0
    handed: tuple[Instant, ...] = ()


@frozen(kw_only=True)
class SavedDesk:
    """What a desk knows beside its tickets."""

    now: Instant
    opened: bool
    defaults: Defaults
    submitted: int = 0
    assigned: int = 0
    forgotten: int = 0
    last_agent_of: Mapping[str, AgentId] = EMPTY
    calendars: Mapping[CalendarId, Versions] = EMPTY
    agreements: tuple[PolicyId, ...] = ()
    versions: tuple[Agreement, ...] = ()
    agents: tuple[SavedAgent, ...] = ()
    queues: tuple[SavedQueue, ...] = ()
    closed: tuple[Queue, ...] = ()
    targets: tuple[Target, ...] = ()
    kept: tuple[Versions, ...] = ()
    timers: tuple[tuple[TimerKind, str, str, Instant], ...] = ()
    windows: tuple[tuple[Span, tuple[Entry, ...]], ...] = ()
    wanting: tuple[TicketId, ...] = ()
    held: tuple[TicketId, ...] = ()


@frozen
class Saved:
    """A whole desk: what it knows, and its tickets in the order of submission."""

    desk: SavedDesk = field()
    tickets: tuple[SavedTicket, ...] = field(default=())


TICKET_AS_IS: Final = [
    "arrived",
    "ordinal",
    "priority",
    "state",
    "status",
    "version",
    "last_agent_id",
    "cost",
    "since",
    "wrap_up_until",
    "waiting_since",
    "wait_reason",
    "assignment",
    "assigned_at",
    "past",
    "due",
    "done_at",
]
RARE_AS_IS: Final = [
    "rate_limit",
    "reason",
    "on_shift",
    "channels_off",
    "misses",
    "missed_at",
    "cooling_until",
]
AGENT_AS_IS: Final = ["presence", "last_assigned", "ended_at", "available_since"]
BOOK_AS_IS: Final = ["queued", "policy_id", "answered", "handed", "unanswered", "escalated_from"]
CLOCK_AS_IS: Final = [
    "metric",
    "cycle",
    "policy_id",
    "version",
    "calendar_id",
    "promised",
    "within",
    "started",
    "state",
    "ended",
    "left_behind",
    "breached",
    "due",
]


def copied(record: object, names: Iterable[str]) -> dict[str, Any]:
    """Return the fields of these names."""
    return {name: getattr(record, name) for name in names}


# --- saving ---------------------------------------------------------------------------------


class _Shared:
    """Values that several tickets share, each kept once and named by its number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._number_of: dict[int, int] = {}

    def number(self, value: object) -> int:
        """Return the number of a value; equal ones may have several, the same one has one."""
        known = self._number_of.get(id(value))
        if known is None:
            known = self._number_of[id(value)] = len(self.values)
            self.values.append(value)
        return known


def save(state: State) -> Saved:
    """Return a settled desk as values. O(n)."""
    targets, kept, closed = _Shared(), _Shared(), _Shared()
    tickets = tuple(
        _saved_ticket(state, ticket, targets, kept, closed) for ticket in state.tickets.values()
    )
    roster = state.roster
    desk = SavedDesk(
        now=state.now,
        opened=state.opened,
        defaults=state.gate.defaults,
        submitted=state.submitted,
        assigned=state.assigned,
        forgotten=state.forgotten,
        last_agent_of=dict(state.last_agent_of),
        calendars=dict(state.calendars),
        agreements=tuple(each.policy.id for each in state.agreements),
        versions=tuple(state.versions.values()),
        agents=tuple(map(_saved_agent, roster.agents.values())),
        queues=tuple(map(_saved_queue, roster.queues.values())),
        closed=tuple(record.queue for record in closed.values),
        targets=tuple(targets.values),
        kept=tuple(kept.values),
        timers=tuple((*timer, due) for timer, due in state.timers.all().items()),
        wanting=tuple(state.wanting),
        held=tuple(state.held),
        windows=tuple((span, window.entries(state.now)) for span, window in roster.windows.items()),
    )
    return Saved(desk, tickets)


def _saved_ticket(
    state: State, record: TicketRecord, targets: _Shared, kept: _Shared, closed: _Shared
) -> SavedTicket:
    open_queue = state.roster.queues.get(record.queue.id) is record.queue
    return SavedTicket(
        ticket=record.terms,
        **copied(record, TICKET_AS_IS),
        queue=record.queue.id,
        closed=None if open_queue else closed.number(record.queue),
        asks=_saved_asks(record),
        agent=None if record.agent is None else record.agent.id,
        added=tuple(queue.id for queue in record.added),
        in_line=bool(record.entries),
        rings_in_line=stands_alone(record),
        offers=tuple(offer.event for offer in (record.offers or {}).values()),
        tried=tuple(
            SavedTried(agent_id=agent_id, reason=tried.reason, lifted=tried.lifted)
            for agent_id, tried in (record.tried or {}).items()
        ),
        asked=tuple(sorted(record.asked or ())),
        book=None if record.book is None else _saved_book(record.book, targets, kept),
    )


def _saved_asks(record: TicketRecord) -> SavedAsks | None:
    asks = record.asks
    return None if asks == asks_of(record.terms) else SavedAsks(**asks._asdict())


def _saved_book(book: Book, targets: _Shared, kept: _Shared) -> SavedBook:
    return SavedBook(
        **copied(book, BOOK_AS_IS),
        log=tuple(book.log),
        contacts=dict(book.contacts),
        past=tuple(_saved_clock(clock, targets, kept) for clock in book.past),
        clocks=tuple(_saved_clock(clock, targets, kept) for clock in book.clocks.values()),
    )


def _saved_clock(clock: Clock, targets: _Shared, kept: _Shared) -> SavedClock:
    return SavedClock(
        **copied(clock, CLOCK_AS_IS),
        target=targets.number(clock.target),
        kept=None if clock.kept is None else kept.number(clock.kept),
        fired=tuple(sorted(clock.fired, key=repr)),
    )


def _saved_agent(record: AgentRecord) -> SavedAgent:
    rare = record.rare
    room = rare.room
    return SavedAgent(
        agent=record.terms,
        **copied(record, AGENT_AS_IS),
        room=None if room is None else room.ticket.id,
        taken=EMPTY if room is None else dict(room.taken),
        **copied(rare, RARE_AS_IS),
        queues=tuple(member.queue.id for member in record.members),
        slots=tuple(record.slots or ()),
        recent=None if rare.recent is None else tuple(rare.recent),
        offers=tuple(rare.offers),
        parked=tuple(rare.parked),
        tried=tuple(rare.tried),
        reserved=tuple(rare.reserved),
    )


def _saved_queue(record: QueueRecord) -> SavedQueue:
    return SavedQueue(
        queue=record.terms,
        members=tuple(
            SavedMember(
                agent_id=member.agent_id, membership=member.membership, position=member.position
            )
            for member in record.members.values()
        ),
        turns=record.strategy.turns(),
        next_position=record.next_position,
        open_tickets=record.open_tickets,
        handed=tuple(record.handed),
    )
