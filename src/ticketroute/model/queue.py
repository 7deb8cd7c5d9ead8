"""Queues: who serves them, by which strategy, in which order, and what happens to their tickets."""

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

    ASSIGN = "assign"  #: at once, to whom the strategy selects
    OFFER = "offer"  #: put to whom the strategy selects, who accepts or not
    PULL = "pull"  #: only when an agent asks for it


class Departure(Enum):
    """What becomes of open tickets whose agent has gone offline for longer than the grace."""

    KEEP = "keep"
    REQUEUE = "requeue"


class ResumeRule(Enum):
    """Where a ticket goes that comes back from hold."""

    STRICT = "strict"  #: to its agent if there is room, else ahead of later arrivals in the line
    STICKY = "sticky"  #: to its agent, who may be over capacity and gets nothing until below


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
    of your own: an object that has not been used, or its class.
    ``members`` maps agents to their membership, in the order that top_down goes by; several ids
    stand for plain memberships.
    ``delivery`` None means to offer where the strategy rings everyone, and to assign elsewhere.
    ``order`` says which waiting ticket goes first.
    ``weight`` from 1 to 1000 sets queues in order for an agent who serves several: the heavier
    goes first.
    ``wrap_up`` is how long, in milliseconds, an agent's slot stays taken after a ticket is
    resolved.
    ``limit_per_agent`` is the most tickets of this queue one agent holds at once; 0 means never,
    None the desk's default.
    ``departure`` None means: keep, but requeue chats and calls.
    ``parked_counts`` lets tickets on hold count towards their agent's load.
    ``offer`` says how tickets are offered, where ``delivery`` is ``OFFER``.
    ``reach`` is which agent priorities get its tickets, until ``relaxations`` change that: steps
    at so many milliseconds of waiting, in order.
    ``hold_room_after`` is how long, in milliseconds, the first ticket of the line waits before an
    agent keeps room for it; None means that nobody does.
    ``keep_agent`` asks the agent who had the requester's last ticket first, after the preferred.
    ``affinity_wait`` is how long, in milliseconds, a ticket waits for either of them while they
    are there and have no room.
    ``respond_within`` lets a ticket go on to somebody else if its agent writes nothing for that
    long, at most ``max_hops`` times; then it escalates. Who was silent is left out for as long.
    ``idle_after`` puts a conversation on hold in which nobody wrote for that long.
    ``calendar`` names the desk's calendar in which its targets count, where a policy says none.
    ``sla`` names the desk's policy for its tickets; None means the first that applies.

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
    """What holds wherever an agent or a queue says nothing: no limit is infinite by accident.

    ``capacity`` in units, ``channel_limit`` and ``queue_limit`` in tickets per agent, ``grace``
    in milliseconds. ``queue`` takes the tickets that name none.
    """

    capacity: int = field(default=5, validator=whole(1))
    channel_limit: int = field(default=LARGEST, validator=whole(0))
    queue_limit: int = field(default=LARGEST, validator=whole(0))
    rate_limit: RateLimit | None = field(default=None, validator=maybe(one_of(RateLimit)))
    grace: Span = field(default=seconds(60), validator=span())
    queue: QueueId | None = field(default=None, validator=maybe(an_id))
