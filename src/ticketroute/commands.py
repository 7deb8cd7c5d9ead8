"""Every command of a desk as a frozen value, to queue, to log, to send, to compare and to repeat.

``Dispatcher.do(command, at=, by=)`` is the one door: each method of a dispatcher is the typed face
of one of these classes, with the same parameters in the same order. A value is checked when it is
made; what depends on the desk (is there such a ticket, may this agent have it) is checked when the
command is done.

>>> from ticketroute import Dispatcher
>>> from ticketroute.commands import AddAgent
>>> AddAgent(Agent(id="ana")) == AddAgent(Agent(id="ana"))
True
>>> desk = Dispatcher()
>>> [type(event).__name__ for event in desk.do(AddAgent(Agent(id="ana")), at=0)]
['DeskOpened', 'AgentAdded']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.checks import (
    LARGEST,
    check_flag,
    check_id,
    check_instant,
    check_text,
    check_whole,
    several,
)
from ticketroute.model.events import Author, HoldStatus
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.line_order import LineOrder
from ticketroute.model.offer import DECLINED, ContactPoint, OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.model.words import word_of
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy

BEST_SCORE = 100  # of a requester's satisfaction

Check = Callable[[Any, "Attribute[Any]", Any], None]


def _by_name(check: Callable[[str, Any], None], *, optional: bool = False) -> Check:
    """Make an attrs validator of a check that takes a name and a value."""

    def checked(_: object, attribute: Attribute[Any], value: object) -> None:
        if not (optional and value is None):
            check(attribute.name, value)

    return checked


def _of_type(kind: type) -> Check:
    def checked(_: object, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise InvalidValueError(attribute.name, value, f"of type {kind.__name__}")

    return checked


def _check_version(name: str, value: object) -> None:
    check_whole(name, value, 0, LARGEST)


_an_id, _maybe_id = _by_name(check_id), _by_name(check_id, optional=True)
_a_flag, _a_text = _by_name(check_flag), _by_name(check_text)
_maybe_instant = _by_name(check_instant, optional=True)
_maybe_version = _by_name(_check_version, optional=True)


@frozen
class Command:
    """What a desk can be told to do."""


def _changes(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    return read_only(changes, "changes")


# --- tickets: arrival, assignment, answers -------------------------------------------------------


@frozen
class Submit(Command):
    """Take in a ticket; ``assigned_to`` names the agent who has it already."""

    ticket: Ticket
    assigned_to: AgentId | None = None


def _tickets(tickets: Iterable[Ticket]) -> tuple[Ticket, ...]:
    if isinstance(tickets, list | tuple) and {*map(type, tickets)} == {Ticket}:
        return tuple(tickets)  # fast: nothing else is among them
    return tuple(several("tickets", tickets))


@frozen
class SubmitMany(Command):
    """Take in several tickets, in the order given, or none of them."""

    tickets: tuple[Ticket, ...] = field(converter=_tickets)


@frozen
class Accept(Command):
    """Give an agent the ticket that they were offered."""

    ticket_id: TicketId
    agent_id: AgentId
    expected_version: int | None = None


@frozen
class Decline(Command):
    """End an agent's offer, with the host's own word for the reason."""

    ticket_id: TicketId
    agent_id: AgentId
    reason: str = field(default=DECLINED, validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Assign(Command):
    """Give a ticket that nobody works to the agent named."""

    ticket_id: TicketId = field(validator=_an_id)
    agent_id: AgentId = field(validator=_an_id)
    force: bool = field(default=False, validator=_a_flag)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Take(Command):
    """Give an agent the ticket that they ask for; None: the most important one they may have."""

    ticket_id: TicketId | None = field(validator=_maybe_id)
    agent_id: AgentId = field(validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Transfer(Command):
    """Move a ticket to a queue, to an agent, or to an agent in a queue."""

    ticket_id: TicketId = field(validator=_an_id)
    to_queue: QueueId | None = field(default=None, validator=_maybe_id)
    to_agent: AgentId | None = field(default=None, validator=_maybe_id)
    fresh_place: bool = field(default=False, validator=_a_flag)
    force: bool = field(default=False, validator=_a_flag)
    expected_version: int | None = field(default=None, validator=_maybe_version)

    def __attrs_post_init__(self) -> None:
        if self.to_queue is None and self.to_agent is None:
            raise InvalidValueError(
                "to_queue or to_agent", None, "given: transfer needs to_queue, to_agent or both"
            )


def _status(status: HoldStatus | str) -> HoldStatus:
    return word_of(HoldStatus, status, "status")


def _maybe_status(status: HoldStatus | str | None) -> HoldStatus | None:
    return None if status is None else word_of(HoldStatus, status, "hold")


@frozen
class Release(Command):
    """Take a ticket from its agent and route it again, or leave it with nobody.

    ``avoid`` names an agent who is treated as one who declined it. With ``hold`` it rests under
    that status until somebody takes it, or it is assigned or resumed.
    """

    ticket_id: TicketId = field(validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)
    avoid: AgentId | None = field(default=None, validator=_maybe_id)
    hold: HoldStatus | None = field(default=None, converter=_maybe_status)


# --- tickets: work, end, and after ---------------------------------------------------------------


def _author(author: Author | str) -> Author:
    return word_of(Author, author, "author")


def _priority(priority: TicketPriority | str) -> TicketPriority:
    return word_of(TicketPriority, priority, "priority")


@frozen
class Reply(Command):
    """Note that somebody wrote."""

    ticket_id: TicketId = field(validator=_an_id)
    author: Author = field(converter=_author)
    agent_id: AgentId | None = field(default=None, validator=_maybe_id)


@frozen
class Hold(Command):
    """Stop work on a ticket for a while."""

    ticket_id: TicketId = field(validator=_an_id)
    status: HoldStatus = field(default=HoldStatus.PENDING, converter=_status)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Resume(Command):
    """Go on with a ticket that is on hold."""

    ticket_id: TicketId = field(validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class ChangePriority(Command):
    """Make a ticket more or less urgent."""

    ticket_id: TicketId = field(validator=_an_id)
    priority: TicketPriority = field(converter=_priority)
    expected_version: int | None = field(default=None, validator=_maybe_version)


class TicketChanges(TypedDict, total=False):
    """The fields of :class:`~ticketroute.Ticket` that ``change_ticket`` takes."""

    channel: Channel
    skills: Mapping[str, int]
    tags: Iterable[str]
    requester: str | None
    prefer: AgentId | None
    weight: int
    due: Instant | None


@frozen
class ChangeTicket(Command):
    """Change what a ticket asks: skills, channel, weight, tags, requester, preferred agent."""

    ticket_id: TicketId = field(validator=_an_id)
    changes: Mapping[str, Any] = field(converter=_changes)
    release: bool = field(default=False, validator=_a_flag)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Resolve(Command):
    """Finish a ticket."""

    ticket_id: TicketId
    expected_version: int | None = None


@frozen
class EndWrapUp(Command):
    """Free the slot that an agent keeps after a resolved ticket, before its time."""

    ticket_id: TicketId = field(validator=_an_id)


@frozen
class Close(Command):
    """Close a resolved ticket for good."""

    ticket_id: TicketId = field(validator=_an_id)


@frozen
class Reopen(Command):
    """Make a resolved ticket work again."""

    ticket_id: TicketId = field(validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)


@frozen
class Abandon(Command):
    """Note that the requester gave up before an agent had the ticket."""

    ticket_id: TicketId = field(validator=_an_id)


@frozen
class Merge(Command):
    """Merge a ticket into another; the one that remains keeps the earlier arrival."""

    ticket_id: TicketId = field(validator=_an_id)
    into: TicketId = field(validator=_an_id)
    expected_version: int | None = field(default=None, validator=_maybe_version)

    def __attrs_post_init__(self) -> None:
        if self.ticket_id == self.into:
            raise InvalidValueError("into", self.into, "another ticket than the one merged")


@frozen
class Rate(Command):
    """Note how satisfied the requester is, from 0 to 100."""

    ticket_id: TicketId = field(validator=_an_id)
    score: int = field()

    @score.validator
    def _check_score(self, _: object, score: object) -> None:
        check_whole("score", score, 0, BEST_SCORE)


@frozen
class Forget(Command):
    """Drop the tickets that were done before an instant, so that memory follows what is open."""

    before: Instant = field(validator=_by_name(check_instant))


# --- agents and memberships ----------------------------------------------------------------------


class AgentChanges(TypedDict, total=False):
    """The fields of :class:`~ticketroute.Agent` that ``change_agent`` takes."""

    capacity: int | None
    priority: int
    channels: Mapping[Channel, ChannelLimit] | Iterable[Channel]
    skills: Mapping[str, int]
    rate_limit: RateLimit | None
    name: str
    contact_points: Iterable[ContactPoint]
    shift: CalendarId | None


@frozen
class AddAgent(Command):
    """Take in an agent, offline unless named otherwise."""

    agent: Agent = field(validator=_of_type(Agent))
    presence: Presence | str = Presence.OFFLINE


@frozen
class ChangeAgent(Command):
    """Change an agent's capacity, channels, skills or other fields."""

    agent_id: AgentId = field(validator=_an_id)
    changes: Mapping[str, Any] = field(converter=_changes)


@frozen
class RemoveAgent(Command):
    """Remove an agent from the desk; their tickets go to others."""

    agent_id: AgentId = field(validator=_an_id)


@frozen
class SetPresence(Command):
    """Register whether an agent is available, away or offline."""

    agent_id: AgentId = field(validator=_an_id)
    presence: Presence | str
    reason: str = field(default="", validator=_a_text)


@frozen
class SwitchChannel(Command):
    """Turn one of an agent's channels on or off."""

    agent_id: AgentId = field(validator=_an_id)
    channel: Channel = field(validator=_an_id)
    on: bool = field(validator=_a_flag)


@frozen
class AddMember(Command):
    """Make an agent a member of a queue, last in its list."""

    queue_id: QueueId = field(validator=_an_id)
    agent_id: AgentId = field(validator=_an_id)
    membership: Membership = field(default=Membership(), validator=_of_type(Membership))


@frozen
class ChangeMember(Command):
    """Change the terms on which an agent serves a queue."""

    queue_id: QueueId = field(validator=_an_id)
    agent_id: AgentId = field(validator=_an_id)
    membership: Membership = field(validator=_of_type(Membership))


@frozen
class RemoveMember(Command):
    """End an agent's membership of a queue; their tickets of it go to others."""

    queue_id: QueueId = field(validator=_an_id)
    agent_id: AgentId = field(validator=_an_id)


# --- queues, calendars, policies -----------------------------------------------------------------


class QueueChanges(TypedDict, total=False):
    """The fields of :class:`~ticketroute.Queue` that ``change_queue`` takes."""

    strategy: StrategySpec | str
    members: Mapping[AgentId, Membership] | Iterable[AgentId]
    delivery: Delivery | str
    order: LineOrder | str
    weight: int
    wrap_up: Span
    limit_per_agent: int | None
    departure: Departure | str | None
    resume: ResumeRule | str
    parked_counts: bool
    offer: OfferPolicy
    reach: Reach
    relaxations: Iterable[Relaxation]
    keep_agent: bool
    affinity_wait: Span
    respond_within: Span | None
    max_hops: int
    hold_room_after: Span | None
    idle_after: Span | None
    calendar: CalendarId | None
    sla: PolicyId | None
    name: str


@frozen
class AddQueue(Command):
    """Open a queue."""

    queue: Queue = field(validator=_of_type(Queue))


@frozen
class ChangeQueue(Command):
    """Change a queue's strategy, members or other fields."""

    queue_id: QueueId = field(validator=_an_id)
    changes: Mapping[str, Any] = field(converter=_changes)


@frozen
class RemoveQueue(Command):
    """Close a queue and move its tickets that are not done to another."""

    queue_id: QueueId = field(validator=_an_id)
    move_to: QueueId | None = field(default=None, validator=_maybe_id)


@frozen
class ChangeDefaults(Command):
    """Change what holds where agents and queues say nothing."""

    defaults: Defaults = field(validator=_of_type(Defaults))


@frozen
class SetCalendar(Command):
    """Count in a calendar under this name from an instant on."""

    calendar_id: CalendarId = field(validator=_an_id)
    calendar: Calendar = field(validator=_of_type(Calendar))
    effective_from: Instant | None = field(default=None, validator=_maybe_instant)


@frozen
class RefreshCalendars(Command):
    """Take the dates and zone data of the installed releases from an instant on."""

    effective_from: Instant | None = field(default=None, validator=_maybe_instant)


@frozen
class RemoveCalendar(Command):
    """Remove a calendar that nothing uses."""

    calendar_id: CalendarId = field(validator=_an_id)


def _policies(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    return tuple(several("policies", policies))


@frozen
class SetPolicies(Command):
    """Replace the policies; of several that apply to a ticket, the first counts."""

    policies: tuple[Policy, ...] = field(converter=_policies)


@frozen
class Advance(Command):
    """Do what time alone causes up to the command's instant, and nothing else."""
