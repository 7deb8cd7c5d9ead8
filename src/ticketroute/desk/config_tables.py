"""The tables of a configuration: agents, queues, policies and defaults, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ticketroute.desk.config_kinds import (
    Either,
    Flag,
    Kind,
    Length,
    ListOf,
    MapOf,
    OneOf,
    Table,
    Text,
    Via,
    Whole,
)
from ticketroute.model.agent import (
    HEAVIEST_WEIGHT,
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    Agent,
    ChannelLimit,
    Membership,
    RateLimit,
)
from ticketroute.model.checks import HIGHEST_LEVEL, LARGEST, LONGEST_SPAN, LOWEST_LEVEL
from ticketroute.model.events import Author
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.lifecycle import Status
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, PriorityThenAge
from ticketroute.model.offer import MOST_MISSES, MOST_PARALLEL, ContactPoint, OfferPolicy
from ticketroute.model.queue import HEAVIEST_QUEUE, Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla.policy import (
    ENDED,
    ChangeRule,
    Escalation,
    Metric,
    Policy,
    ReopenRule,
    Target,
)

AN_ID, A_TEXT, A_FLAG = Text(is_id=True), Text(), Flag()
SOME_IDS = ListOf(AN_ID, unique=True)
A_COUNT, FROM_ONE = Whole(0, LARGEST), Whole(1, LARGEST)
A_PRIORITY = OneOf.enum(TicketPriority)
AN_AGENT_PRIORITY = Whole(HIGHEST_PRIORITY, LOWEST_PRIORITY)
A_SPAN, A_LONGER_SPAN, A_SIGNED_SPAN = Length(), Length(1), Length(-LONGEST_SPAN)
LEVELS = MapOf(Whole(LOWEST_LEVEL, HIGHEST_LEVEL))
SKILLS = Either(((dict, LEVELS), (list, Via(SOME_IDS, lambda names: dict.fromkeys(names, 1)))))


def _rate_limit(tickets: int, within: int) -> RateLimit:
    return RateLimit(tickets, within)


RATE_LIMIT = Table(
    _rate_limit, {"tickets": FROM_ONE, "within": A_LONGER_SPAN}, {"tickets", "within"}
)

DEFAULTS = Table(
    Defaults,
    {
        "capacity": FROM_ONE,
        "channel_limit": A_COUNT,
        "queue_limit": A_COUNT,
        "rate_limit": RATE_LIMIT,
        "grace": A_SPAN,
        "queue": AN_ID,
    },
)

CHANNEL_LIMIT = Table(ChannelLimit, {"cost": FROM_ONE, "most": A_COUNT, "interruptible": A_FLAG})

AGENT = Table(
    Agent,
    {
        "name": A_TEXT,
        "capacity": FROM_ONE,
        "priority": AN_AGENT_PRIORITY,
        "channels": Either(
            (
                (list, SOME_IDS),
                (dict, MapOf(CHANNEL_LIMIT)),
            )
        ),
        "skills": SKILLS,
        "rate_limit": RATE_LIMIT,
        "contact_points": ListOf(
            Table(ContactPoint, {"name": AN_ID, "ring": A_LONGER_SPAN}, {"name", "ring"})
        ),
        "shift": AN_ID,
    },
)

MEMBERSHIP = Table(
    Membership,
    {
        "priority": AN_AGENT_PRIORITY,
        "limit": A_COUNT,
        "weight": Whole(1, HEAVIEST_WEIGHT),
        "automatic": A_FLAG,
    },
)


def _reach(two: list[int]) -> Reach:
    return Reach(*two)


A_REACH = Via(ListOf(AN_AGENT_PRIORITY, least=2, most=2), _reach)
_ORDERS: Mapping[str, Any] = {
    "priority_then_age": PriorityThenAge(),
    "earliest_deadline": EarliestDeadline(),
    "lifo": Lifo(),
    "aged": Aged(),
}
ORDER = Either(((str, OneOf(_ORDERS)), (dict, Table(Aged, {"per_level": A_LONGER_SPAN}))))

OFFER = Table(
    OfferPolicy,
    {
        "timeout": A_LONGER_SPAN,
        "parallel": Whole(1, MOST_PARALLEL),
        "refill": A_FLAG,
        "retry_declined_after": A_LONGER_SPAN,
        "retry_missed_after": A_LONGER_SPAN,
        "max_misses": Whole(1, MOST_MISSES),
        "cool_down": MapOf(A_LONGER_SPAN),
    },
)

RELAXATION = Table(
    Relaxation,
    {
        "after": A_SPAN,
        "lower": LEVELS,
        "drop": SOME_IDS,
        "reach": A_REACH,
        "add_queue": AN_ID,
        "move_to": AN_ID,
        "priority": A_PRIORITY,
        "skip_wait": A_FLAG,
    },
    {"after"},
)

QUEUE = Table(
    Queue,
    {
        "name": A_TEXT,
        "strategy": Via(A_TEXT, StrategySpec.of),
        "members": Either(((list, SOME_IDS), (dict, MapOf(MEMBERSHIP)))),
        "delivery": OneOf.enum(Delivery),
        "order": ORDER,
        "weight": Whole(1, HEAVIEST_QUEUE),
        "wrap_up": A_SPAN,
        "limit_per_agent": A_COUNT,
        "departure": OneOf.enum(Departure),
        "resume": OneOf.enum(ResumeRule),
        "parked_counts": A_FLAG,
        "offer": OFFER,
        "reach": A_REACH,
        "relaxations": ListOf(RELAXATION),
        "keep_agent": A_FLAG,
        "affinity_wait": A_SPAN,
        "respond_within": A_LONGER_SPAN,
        "max_hops": Whole(0, 100),
        "idle_after": A_LONGER_SPAN,
        "hold_room_after": A_SPAN,
        "calendar": AN_ID,
        "sla": AN_ID,
    },
)

ESCALATION = Table(
    Escalation,
    {
        "offset": A_SIGNED_SPAN,
        "notify": A_TEXT,
        "priority": A_PRIORITY,
        "move_to": AN_ID,
        "lower": LEVELS,
        "drop": SOME_IDS,
        "reassign": A_FLAG,
    },
)


def _by_priority(kind: Kind) -> Table:
    words = {priority.name.lower(): priority for priority in TicketPriority}
    return Table(
        lambda **spans: {words[name]: span for name, span in spans.items()},
        dict.fromkeys(words, kind),
    )


TARGET = Table(
    Target,
    {
        "within": Either(((str, A_LONGER_SPAN), (dict, _by_priority(A_LONGER_SPAN)))),
        "calendar": AN_ID,
        "pauses": ListOf(OneOf({each.value: each for each in Status if each not in ENDED})),
        "warnings": ListOf(Whole(1, 100)),
        "escalations": ListOf(ESCALATION),
        "contacts": ListOf(OneOf({e.value: e for e in (Author.AGENT, Author.REQUESTER)}), least=1),
        "per_queue": A_FLAG,
        "before_first_reply": A_FLAG,
    },
    {"within"},
)


def _policy(**facts: Any) -> Policy:
    targets = {Metric(name): target for name, target in facts.pop("targets").items()}
    return Policy(targets=targets, **facts)


POLICY = Table(
    _policy,
    {
        "id": AN_ID,
        "targets": Table(
            lambda **targets: targets, dict.fromkeys((each.value for each in Metric), TARGET)
        ),
        "queues": SOME_IDS,
        "channels": SOME_IDS,
        "tags": SOME_IDS,
        "calendar": AN_ID,
        "changes": OneOf.enum(ChangeRule),
        "reopening": OneOf.enum(ReopenRule),
    },
    {"id", "targets"},
)


def agent_of(agent_id: str) -> Table:
    """Return the table of an agent of that id."""
    return Table(partial(Agent, id=AgentId(agent_id)), AGENT.keys)


def queue_of(queue_id: str) -> Table:
    """Return the table of a queue of that id."""
    return Table(partial(Queue, id=QueueId(queue_id)), QUEUE.keys)
