"""Queues: their agents, strategy and order, and what happens to their tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.agent import Membership, RateLimit
from ticketroute.model.checks import (
    LARGEST,
    a_flag,
    a_text,
    an_id,
    check_id,
    maybe,
    one_of,
    several,
    span,
    whole,
)
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId
from ticketroute.model.instants import Span, seconds
from ticketroute.model.line_order import LineOrder, PriorityThenAge, line_order
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.relaxation import Reach, Relaxation, schedule
from ticketroute.model.strategy_spec import Selecting, StrategySpec
from ticketroute.model.words import word_of

HEAVIEST_QUEUE = 1_000
USUAL_QUEUE_WEIGHT = 100


class Delivery(Enum):
    """How a ticket of the queue reaches an agent."""

    ASSIGN = "assign"  #: assigned at once to the agent whom the strategy selects
    OFFER = "offer"  #: offered to the agent whom the strategy selects, who may accept or decline
    PULL = "pull"  #: only when an agent takes it


class Departure(Enum):
    """What happens to open tickets when their agent is offline for longer than the grace."""

    KEEP = "keep"
    REQUEUE = "requeue"


class ResumeRule(Enum):
    """Where a ticket goes when it comes back from hold."""

    STRICT = "strict"  #: to its agent if they have room, otherwise to its old position in the line
    STICKY = "sticky"  #: to its agent, even over capacity; they get nothing more until below it


_PLAIN = Membership()


def _members(
    members: Mapping[AgentId, Membership] | Iterable[AgentId],
) -> FrozenMapping[AgentId, Membership]:
    if isinstance(members, Mapping):
        return read_only(members, "Queue.members")
    return read_only(dict.fromkeys(several("Queue.members", members), _PLAIN))


def _check_members(
    _: object, __: Attribute[Mapping[AgentId, Membership]], members: Mapping[AgentId, Membership]
) -> None:
    for agent_id, membership in members.items():
        check_id("an agent in Queue.members", agent_id)
        if not isinstance(membership, Membership):
            raise InvalidValueError(f"Queue.members[{agent_id!r}]", membership, "a Membership")


def _delivery(delivery: Delivery | str | None) -> Delivery | None:
    return None if delivery is None else word_of(Delivery, delivery, "Queue.delivery")


def _departure(departure: Departure | str | None) -> Departure | None:
    return None if departure is None else word_of(Departure, departure, "Queue.departure")


def _resume(rule: ResumeRule | str) -> ResumeRule:
    return word_of(ResumeRule, rule, "Queue.resume")


def _strategy(written: StrategySpec | str | Selecting) -> StrategySpec:
    return StrategySpec.of(written)


@frozen(kw_only=True)
class Queue:
    """A department: a line of tickets and the agents who serve it.

    ``strategy`` is a name, such as ``"round_robin"`` or ``"priority(then=random)"``, or a strategy
    of your own: an object that has not been used yet, or its class.
    ``members`` maps agents to their membership, in the order that the strategy top_down uses; a
    list of ids gives each agent a plain membership.
    ``delivery`` None means to offer if the strategy rings everyone, and to assign otherwise.
    ``order`` decides which waiting ticket goes first.
    ``weight``, from 1 to 1000, orders the queues of an agent who serves several: tickets of the
    heavier queue go first.
    ``wrap_up`` is how long, in milliseconds, an agent's slot stays taken after a ticket is
    resolved.
    ``limit_per_agent`` is the most tickets of this queue one agent holds at once; 0 means they get
    none, None means the desk's default.
    ``departure`` None means to keep tickets, but to requeue chats and calls.
    ``parked_counts`` makes tickets on hold count towards their agent's load.
    ``offer`` sets how tickets are offered, if ``delivery`` is ``OFFER``.
    ``reach`` sets which agent priorities may get its tickets. Each of the ``relaxations`` may
    change that after so many milliseconds of waiting.
    ``hold_room_after`` is how long, in milliseconds, the first ticket of the line waits before an
    agent holds room for it; None means that none does.
    ``keep_agent`` prefers the agent who had the requester's last ticket, after the agent whom the
    ticket itself prefers.
    ``affinity_wait`` is how long, in milliseconds, a ticket waits for such an agent while they are
    there and have no room.
    ``respond_within`` is how long, in milliseconds, an agent may leave a ticket without a reply
    before it goes to another agent. The silent agent does not get it again for as long. After
    ``max_hops`` such moves the ticket escalates instead.
    ``idle_after`` is how long, in milliseconds, a conversation may go without a message before it
    is put on hold.
    ``calendar`` names the calendar in which its targets count, if the policy names none.
    ``sla`` names the policy for its tickets; None means the first policy that applies.

    >>> Queue(id=QueueId("mail"), members=["ana", "ben"]).strategy.name
    'average_load'
    """

    id: QueueId = field(validator=an_id)
    strategy: StrategySpec = field(default=StrategySpec("average_load"), converter=_strategy)
    members: Mapping[AgentId, Membership] = field(
        default=EMPTY, converter=_members, validator=_check_members
    )
    delivery: Delivery | None = field(default=None, converter=_delivery)
    order: LineOrder = field(default=PriorityThenAge(), converter=line_order)
    weight: int = field(default=USUAL_QUEUE_WEIGHT, validator=whole(1, HEAVIEST_QUEUE))
    wrap_up: Span = field(default=0, validator=span())
    limit_per_agent: int | None = field(default=None, validator=maybe(whole(0)))
    departure: Departure | None = field(default=None, converter=_departure)
    resume: ResumeRule = field(default=ResumeRule.STRICT, converter=_resume)
    parked_counts: bool = field(default=False, validator=a_flag)
    offer: OfferPolicy = field(default=OfferPolicy(), validator=one_of(OfferPolicy))
    reach: Reach = field(default=Reach(), validator=one_of(Reach))
    relaxations: tuple[Relaxation, ...] = field(default=(), converter=schedule)
    hold_room_after: Span | None = field(default=None, validator=maybe(span()))
    keep_agent: bool = field(default=False, validator=a_flag)
    affinity_wait: Span = field(default=0, validator=span())
    respond_within: Span | None = field(default=None, validator=maybe(span(1)))
    max_hops: int = field(default=3, validator=whole(0, 100))
    idle_after: Span | None = field(default=None, validator=maybe(span(1)))
    calendar: CalendarId | None = field(default=None, validator=maybe(an_id))
    sla: PolicyId | None = field(default=None, validator=maybe(an_id))
    name: str = field(default="", validator=a_text)


@frozen(kw_only=True)
class Defaults:
    """The values used where an agent or a queue sets none, so that no limit is infinite by default.

    ``capacity`` in units, ``channel_limit`` and ``queue_limit`` in tickets per agent, ``grace``
    in milliseconds. ``queue`` gets the tickets that name no queue.
    """

    capacity: int = field(default=5, validator=whole(1))
    channel_limit: int = field(default=LARGEST, validator=whole(0))
    queue_limit: int = field(default=LARGEST, validator=whole(0))
    rate_limit: RateLimit | None = field(default=None, validator=maybe(one_of(RateLimit)))
    grace: Span = field(default=seconds(60), validator=span())
    queue: QueueId | None = field(default=None, validator=maybe(an_id))
