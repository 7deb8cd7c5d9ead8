"""One frozen class for each thing that can happen; the state of a desk is their fold.

Every event says when (``at``), why (``cause``) and, where the host named one, by whom (``by``).
No event carries a text of the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from attrs import frozen

from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.frozen import Word, maker
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.offer import ContactPoint
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.relaxation import Reach
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Channel, Ticket, TicketPriority


class Cause(Word):
    """Why something happened."""

    COMMAND = "command"  #: the host said so
    TIME = "time"  #: an instant came
    ROUTED = "routed"  #: the strategy selected among the eligible
    FREED = "freed"  #: somebody gained room and the ticket was the next they may have
    PREFERRED = "preferred"  #: the ticket prefers this agent
    LAST_AGENT = "last_agent"  #: the agent had the ticket before
    MANUAL = "manual"  #: a person assigned it
    TAKEN = "taken"  #: the agent took it
    TRANSFERRED = "transferred"
    RESUMED = "resumed"
    REOPENED = "reopened"
    MERGED = "merged"
    RELEASED = "released"  #: the agent gave it back
    DEPARTED = "departed"  #: the agent was offline for longer than the grace
    AGENT_REMOVED = "agent_removed"
    MEMBERSHIP_ENDED = "membership_ended"
    QUEUE_REMOVED = "queue_removed"
    REPLIED = "replied"  #: the requester wrote, and that moved the ticket
    ACCEPTED = "accepted"  #: the agent accepted the offer
    ANSWERED = "answered"  #: somebody else accepted
    MISSED = "missed"  #: too many offers in a row expired
    AWAY = "away"  #: the agent is away, offline or off the channel
    WIDENED = "widened"  #: a relaxation step or a ring step was due
    SILENT = "silent"  #: nobody wrote for too long
    ESCALATED = "escalated"  #: an escalation level was due
    ADOPTED = "adopted"  #: the agent had it before it came to the desk


BY_STRATEGY = frozenset({Cause.ROUTED, Cause.FREED})  # assignments that move the turn


class WaitReason(Word):
    """Why a ticket waits, in brief; ``explain`` says it for each agent."""

    NO_MEMBERS = "no_members"  #: nobody serves the queue
    NOBODY_FITS = "nobody_fits"  #: no member has the skills, the channel or the size for it
    NOBODY_LEFT = "nobody_left"  #: all who fit have declined or missed it, or are being asked
    NOBODY_AVAILABLE = "nobody_available"  #: who fits is away, offline or off this channel
    NOBODY_FREE = "nobody_free"  #: who fits and is there has no room
    AWAITS_PULL = "awaits_pull"  #: the queue hands out nothing by itself


NOBODY_THERE = frozenset(
    {WaitReason.NO_MEMBERS, WaitReason.NOBODY_FITS, WaitReason.NOBODY_AVAILABLE}
)  # waiting is in vain until somebody comes or the ticket asks less


class Author(Word):
    """Who wrote a message."""

    AGENT = "agent"
    REQUESTER = "requester"
    AUTOMATION = "automation"  #: moves nothing
    NOTE = "note"  #: internal: moves nothing


class HoldStatus(Word):
    """Why a ticket is on hold."""

    PENDING = "pending"  #: for the requester or a third party
    POSTPONED = "postponed"  #: to a later time


@frozen(kw_only=True)
class Event:
    """Something that happened at an instant."""

    at: Instant
    cause: Cause = Cause.COMMAND
    by: str | None = None


# --- the desk and who serves it -----------------------------------------------------------------


@frozen(kw_only=True)
class DeskOpened(Event):
    """The first event of every desk: the defaults it starts with."""

    defaults: Defaults


@frozen(kw_only=True)
class DefaultsChanged(Event):
    """Other defaults hold from now on."""

    defaults: Defaults


@frozen(kw_only=True)
class QueueAdded(Event):
    """A queue opened, with its members."""

    queue: Queue


@frozen(kw_only=True)
class QueueChanged(Event):
    """A queue works differently from now on; ``queue`` is whole but for its members."""

    queue: Queue


@frozen(kw_only=True)
class QueueRemoved(Event):
    """A queue closed; no ticket was left in it."""

    queue_id: QueueId


@frozen(kw_only=True)
class AgentAdded(Event):
    """An agent joined the desk."""

    agent: Agent
    presence: Presence = Presence.OFFLINE
    reason: str = ""


@frozen(kw_only=True)
class AgentChanged(Event):
    """An agent's capacity, channels, skills or other facts changed; ``agent`` is whole."""

    agent: Agent


@frozen(kw_only=True)
class AgentRemoved(Event):
    """An agent left the desk; their tickets were released before."""

    agent_id: AgentId


@frozen(kw_only=True)
class MemberAdded(Event):
    """An agent serves a queue from now on."""

    queue_id: QueueId
    agent_id: AgentId
    membership: Membership = Membership()


@frozen(kw_only=True)
class MemberChanged(Event):
    """The terms on which an agent serves a queue changed."""

    queue_id: QueueId
    agent_id: AgentId
    membership: Membership


@frozen(kw_only=True)
class MemberRemoved(Event):
    """An agent no longer serves a queue; their tickets of it were released before."""

    queue_id: QueueId
    agent_id: AgentId


@frozen(kw_only=True)
class MembersOrdered(Event):
    """The list of a queue's members has a new order, the one that ``top_down`` goes by."""

    queue_id: QueueId
    order: tuple[AgentId, ...]


@frozen(kw_only=True)
class PresenceChanged(Event):
    """An agent became available, away or offline, with the host's own word for it."""

    agent_id: AgentId
    presence: Presence
    reason: str = ""


@frozen(kw_only=True)
class ChannelSwitched(Event):
    """An agent turned one channel on or off."""

    agent_id: AgentId
    channel: Channel
    on: bool


@frozen(kw_only=True)
class GraceEnded(Event):
    """An agent stayed offline for longer than the grace; releases follow where the policy says."""

    agent_id: AgentId


@frozen(kw_only=True)
class RateLimitLifted(Event):
    """The oldest of an agent's recent tickets left the span of their rate limit."""

    agent_id: AgentId


# --- the life of a ticket -----------------------------------------------------------------------


@frozen(kw_only=True)
class TicketEvent(Event):
    """Something that happened to one ticket."""

    ticket_id: TicketId


@frozen(kw_only=True)
class TicketSubmitted(TicketEvent):
    """A ticket came in; ``ticket`` is without its attributes, ``arrived`` keeps its place."""

    ticket: Ticket
    queue_id: QueueId
    arrived: Instant


@frozen(kw_only=True)
class TicketQueued(TicketEvent):
    """A ticket waits in the line of its queue, because of ``reason``.

    Without a reason the same command goes on to hand out the line, this ticket included.
    """

    queue_id: QueueId
    reason: WaitReason | None = None


@frozen(kw_only=True)
class TicketAssigned(TicketEvent):
    """An agent has the ticket.

    ``cost`` is what it takes of their capacity. Where a ``strategy`` selected the agent, ``key``
    is what ordered them, ``runner_up`` who would have been next, ``draws`` the random numbers used.
    ``exceeded`` is the reason code a forced assignment went over.
    """

    queue_id: QueueId
    agent_id: AgentId
    cost: int
    key: tuple[int, ...] = ()
    runner_up: AgentId | None = None
    draws: tuple[float, ...] = ()
    strategy: StrategySpec | None = None
    exceeded: str | None = None


@frozen(kw_only=True)
class TicketOffered(TicketEvent):
    """A ticket was put to an agent, until an instant.

    ``cost`` is reserved of their capacity. ``contact_points`` are the devices that ring, in order.
    ``key``, ``runner_up`` and ``draws`` are as in an assignment.
    """

    queue_id: QueueId
    agent_id: AgentId
    cost: int
    until: Instant
    contact_points: tuple[ContactPoint, ...] = ()
    key: tuple[int, ...] = ()
    runner_up: AgentId | None = None
    draws: tuple[float, ...] = ()
    strategy: StrategySpec | None = None


@frozen(kw_only=True)
class OfferShort(TicketEvent):
    """Fewer agents are asked than the queue wants; whoever gains room is asked as well."""

    open: int
    wanted: int


@frozen(kw_only=True)
class OfferDeclined(TicketEvent):
    """An agent said no, for ``reason``.

    ``retry_at`` is when they may be asked for it again, ``cool_until`` when for any ticket.
    """

    agent_id: AgentId
    reason: str
    retry_at: Instant | None = None
    cool_until: Instant | None = None


@frozen(kw_only=True)
class OfferExpired(TicketEvent):
    """An agent said nothing in time; ``misses`` counts those in a row."""

    agent_id: AgentId
    misses: int
    retry_at: Instant
    cool_until: Instant | None = None


@frozen(kw_only=True)
class OfferWithdrawn(TicketEvent):
    """An offer ended without the agent's doing; it is no miss."""

    agent_id: AgentId


@frozen(kw_only=True)
class RetryAllowed(TicketEvent):
    """An agent may be asked again for a ticket that they declined or missed."""

    agent_id: AgentId


@frozen(kw_only=True)
class RingWidened(TicketEvent):
    """One more agent is rung; ``wanted`` in all."""

    wanted: int


@frozen(kw_only=True)
class CoolDownEnded(Event):
    """An agent may get tickets again."""

    agent_id: AgentId


@frozen(kw_only=True)
class TicketReserved(TicketEvent):
    """A ticket waits for one agent only, until an instant."""

    agent_id: AgentId
    until: Instant


@frozen(kw_only=True)
class ReserveEnded(TicketEvent):
    """A ticket waits for one agent no longer, and goes the normal way."""


@frozen(kw_only=True)
class RoomWanted(TicketEvent):
    """A ticket has waited for so long that room is to be kept together for it."""


@frozen(kw_only=True)
class RoomHeld(TicketEvent):
    """An agent gets nothing else that would take the room this ticket needs."""

    agent_id: AgentId


@frozen(kw_only=True)
class RoomReleased(TicketEvent):
    """An agent keeps no room for this ticket any more."""

    agent_id: AgentId


@frozen(kw_only=True)
class TicketRelaxed(TicketEvent):
    """A ticket that waits asks less, or elsewhere; ``step`` counts the schedule's steps so far."""

    step: int
    skills: Mapping[str, int]
    reach: Reach | None
    priority: TicketPriority
    added: tuple[QueueId, ...] = ()


@frozen(kw_only=True)
class TicketEscalated(TicketEvent):
    """A ticket went from agent to agent without an answer, as often as its queue allows."""

    hops: int


@frozen(kw_only=True)
class TicketReleased(TicketEvent):
    """A ticket lost its agent, and goes back to its line or on to the next agent.

    ``avoided`` is treated as one who declined it; ``retry_at`` is when they may get it again.
    """

    agent_id: AgentId | None = None
    avoided: AgentId | None = None
    retry_at: Instant | None = None


@frozen(kw_only=True)
class TicketTransferred(TicketEvent):
    """A ticket moved to another queue; ``arrived`` is its place there."""

    from_queue: QueueId
    to_queue: QueueId
    arrived: Instant


@frozen(kw_only=True)
class TicketReplied(TicketEvent):
    """Somebody wrote to the ticket."""

    author: Author
    agent_id: AgentId | None = None


@frozen(kw_only=True)
class TicketHeld(TicketEvent):
    """Work on a ticket rests; it keeps its agent."""

    status: HoldStatus


@frozen(kw_only=True)
class TicketResumed(TicketEvent):
    """Work on a ticket goes on with the agent who had it; ``cost`` is what it takes again."""

    agent_id: AgentId
    cost: int


@frozen(kw_only=True)
class TicketResolved(TicketEvent):
    """A ticket is solved. ``wrap_up_until`` is when the agent's slot becomes free, if later."""

    agent_id: AgentId | None = None
    wrap_up_until: Instant | None = None


@frozen(kw_only=True)
class WrapUpEnded(Event):
    """The slot that an agent kept after a resolved ticket is free."""

    agent_id: AgentId
    ticket_id: TicketId


@frozen(kw_only=True)
class TicketClosed(TicketEvent):
    """A resolved ticket can no longer be reopened."""


@frozen(kw_only=True)
class TicketReopened(TicketEvent):
    """A resolved ticket is work again."""


@frozen(kw_only=True)
class TicketAbandoned(TicketEvent):
    """The requester gave up before an agent had the ticket."""


@frozen(kw_only=True)
class TicketMerged(TicketEvent):
    """A ticket went up in another; ``arrived`` is the earlier arrival, which that one keeps."""

    into: TicketId
    arrived: Instant
    agent_id: AgentId | None = None


@frozen(kw_only=True)
class TicketPriorityChanged(TicketEvent):
    """A ticket is more or less urgent than before."""

    priority: TicketPriority


@frozen(kw_only=True)
class TicketChanged(TicketEvent):
    """Fields of a ticket changed; ``ticket`` is the whole ticket, ``changed`` names the fields.

    ``cost`` is the units of its agent's capacity from now on, or None without an agent.
    """

    ticket: Ticket
    changed: tuple[str, ...]
    cost: int | None = None


@frozen(kw_only=True)
class TicketRated(TicketEvent):
    """The requester's satisfaction, 0 to 100; ``agent_id`` is who had the ticket last."""

    score: int
    agent_id: AgentId | None = None


@frozen(kw_only=True)
class TicketsForgotten(Event):
    """Tickets that were done ``before`` an instant, ``count`` of them, left the desk.

    Tickets whose agent was in wrap-up stayed.
    """

    before: Instant
    count: int


@frozen(kw_only=True)
class RequesterErased(Event):
    """The requester of tickets is from now on known under an ``alias`` alone.

    The events before it name the alias as well: they were rewritten. So it does not say the id.
    """

    alias: str
    ticket_ids: tuple[TicketId, ...]


# --- made for every ticket ------------------------------------------------------------------------

submitted = maker(TicketSubmitted)
queued = maker(TicketQueued)
assigned = maker(TicketAssigned)
offered = maker(TicketOffered)
declined = maker(OfferDeclined)
withdrawn = maker(OfferWithdrawn)
resolved = maker(TicketResolved)


# --- what a command returns ----------------------------------------------------------------------

E = TypeVar("E", bound=Event)


class Events(tuple[Event, ...]):
    """The events of one command, in the order in which they happened; an ordinary tuple otherwise.

    >>> told = Events([GraceEnded(at=5, agent_id="ana")])
    >>> told.first(GraceEnded).agent_id
    'ana'
    >>> told.of(TicketAssigned)
    ()
    """

    __slots__ = ()

    def first(self, kind: type[E]) -> E | None:
        """Return the first event of this class, or None. O(events)."""
        return next((event for event in self if isinstance(event, kind)), None)

    def of(self, kind: type[E]) -> tuple[E, ...]:
        """Return the events of this class, in their order. O(events)."""
        return tuple(event for event in self if isinstance(event, kind))
