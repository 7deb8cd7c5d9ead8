"""Generators for the values of the model, from few different ones, so that ties are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, LineOrder, PriorityThenAge
from ticketroute.model.offer import ContactPoint, OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.strategies.registry import BUILT_IN

AGENTS = tuple(AgentId(name) for name in "abcde")
ARRIVALS = ("dbaec", "ebdac", "abcde")  # orders in which they come, mostly against their names
QUEUES = tuple(QueueId(name) for name in ("q0", "q1", "q2"))
STRATEGIES = (
    "longest_idle",
    *(name for name in BUILT_IN if name != "longest_idle"),
    "priority(then=round_robin)",
    "priority(then=max_load)",
    "priority(then=ring_all)",
    "ring_all(step=2)",
    "ring_all(step=3)",
    "priority(then=random)",
    "priority(then=weighted_round_robin)",
    "best_match(then=longest_available)",
    "best_match(then=weighted_round_robin)",
    "best_match(then=priority(then=round_robin))",
    "priority(then=priority(then=longest_idle))",
    "priority(then=fewest_taken(window=8))",
    "fewest_taken(window=4)",
    "least_handle_time(window=8)",
    "least_handle_time(window=16)",
)

SPANS = (2, 4, 8)  # of whatever lasts or repeats, so that ends fall on one instant

T = TypeVar("T")
Facts = dict[str, st.SearchStrategy[Any]]  # the fields of a value, and what they may be

agent_ids = st.sampled_from(AGENTS)
queue_ids = st.sampled_from(QUEUES)
channels = st.sampled_from(["email", "chat"])
priorities = st.sampled_from(TicketPriority)
spans = st.sampled_from(SPANS)
asked_skills = st.sampled_from([{}, {}, {}, {}, {"x": 1}, {"x": 2}, {"y": 1}, {"x": 1, "y": 2}])
own_skills = st.sampled_from([{}, {"x": 1}, {"x": 3}, {"y": 1}, {"x": 1, "y": 2}, {"x": 2, "y": 3}])


def ticket_id(number: int) -> TicketId:
    """Return the name of the ticket that came as this one; the names are in another order.

    >>> [ticket_id(number) for number in range(6)]
    ['t50', 't13', 't76', 't39', 't02', 't65']
    """
    hundreds, rest = divmod(number, 100)
    return TicketId(f"t{hundreds or ''}{(63 * rest + 50) % 100:02}")


def often(*weighted: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """Generate from one of several generators, each as often as its weight says.

    ``one_of`` cannot: it takes the branches of a ``one_of`` for its own, and a generator that is
    given twice once.
    """
    pool = [each for weight, each in weighted for _ in range(weight)]
    return st.integers(0, len(pool) - 1).flatmap(pool.__getitem__)


def presences() -> st.SearchStrategy[Presence]:
    """Generate presences of agents."""
    return st.sampled_from(Presence)


def rate_limits() -> st.SearchStrategy[RateLimit]:
    """Generate tight rate limits."""
    return st.builds(RateLimit, st.integers(1, 2), st.sampled_from([4, 8]))


def channel_limits() -> st.SearchStrategy[ChannelLimit]:
    """Generate costs and limits of a channel."""
    return st.builds(ChannelLimit, st.integers(1, 2), st.none() | st.integers(0, 2), st.booleans())


def contact_points() -> st.SearchStrategy[ContactPoint]:
    """Generate devices that ring for a short while."""
    return st.builds(ContactPoint, st.sampled_from(["desk", "cell"]), st.sampled_from([2, 4]))


def line_orders() -> st.SearchStrategy[LineOrder]:
    """Generate orders of a waiting line."""
    return st.sampled_from(
        [PriorityThenAge(), EarliestDeadline(), Aged(per_level=4), Aged(per_level=1), Lifo()]
    )


def offer_policies() -> st.SearchStrategy[OfferPolicy]:
    """Generate ways to offer tickets."""
    return st.builds(
        OfferPolicy,
        timeout=st.sampled_from([4, 8, 16, 16]),
        parallel=st.sampled_from([1, 1, 2, 3]),
        refill=st.booleans(),
        retry_declined_after=st.none() | spans,
        retry_missed_after=st.none() | spans,
        max_misses=st.sampled_from([1, 2, 3, 9]),
        cool_down=st.dictionaries(
            st.sampled_from(["missed", "declined", "busy"]), spans, max_size=3
        ),
    )


def reaches() -> st.SearchStrategy[Reach]:
    """Generate the agent priorities that may get a ticket, mostly all of them."""
    return st.sampled_from([Reach(), Reach(), Reach(), Reach(1, 1), Reach(1, 2), Reach(2, 3)])


_STEP_FACTS: Facts = {
    "lower": st.sampled_from([{"x": 1}, {"x": 1, "y": 1}]),
    "drop": st.sampled_from([{"x"}, {"y"}, {"x", "y"}]),
    "reach": reaches(),
    "add_queue": queue_ids,
    "move_to": queue_ids,
    "priority": priorities,
    "skip_wait": st.booleans(),
}


@st.composite
def relaxations(draw: st.DrawFn) -> tuple[Relaxation, ...]:
    """Generate lists of up to three relaxations."""
    steps = []
    for after in sorted(draw(st.sets(st.sampled_from([0, *SPANS]), max_size=3))):
        facts = draw(st.fixed_dictionaries({}, optional=_STEP_FACTS))
        if "add_queue" in facts:
            facts.pop("move_to", None)
        steps.append(Relaxation(after=after, **facts))
    return tuple(steps)


def memberships() -> st.SearchStrategy[Membership]:
    """Generate the terms on which an agent serves a queue."""
    return st.builds(
        Membership,
        priority=st.none() | st.integers(1, 3),
        limit=st.sampled_from([None, None, None, 0, 1, 2]),
        weight=st.integers(1, 3),
        automatic=st.sampled_from([True] * 5 + [False]),
    )


def defaults() -> st.SearchStrategy[Defaults]:
    """Generate the defaults of a desk."""
    return st.builds(
        Defaults,
        capacity=st.integers(1, 3),
        channel_limit=st.sampled_from([1_000_000, 1, 2]),
        queue_limit=st.sampled_from([1_000_000, 1, 2]),
        rate_limit=st.sampled_from([None, None, None]) | st.none() | rate_limits(),
        grace=st.sampled_from([0, 4]),
        queue=st.none() | queue_ids,
    )


AGENT_FACTS: Facts = {
    "capacity": st.sampled_from([None, 1, 2, 2, 3, 4]),
    "priority": st.integers(1, 3),
    "channels": st.sampled_from([{}, {}]) | st.dictionaries(channels, channel_limits(), max_size=2),
    "skills": own_skills,
    "rate_limit": st.sampled_from([None, None]) | st.none() | rate_limits(),
    "contact_points": st.sampled_from([(), (ContactPoint("desk", 2), ContactPoint("cell", 4))]),
}
QUEUE_FACTS: Facts = {
    "strategy": st.sampled_from(STRATEGIES),
    "delivery": st.sampled_from(
        [*[Delivery.ASSIGN] * 4, None, None, *[Delivery.OFFER] * 5, Delivery.PULL]
    ),
    "order": line_orders(),
    "weight": st.integers(1, 2),
    "wrap_up": st.sampled_from([0, 0, 4, 8]),
    "limit_per_agent": st.sampled_from([None, None, 2, 1, 1, 0]),
    "departure": st.none() | st.sampled_from(Departure),
    "resume": st.sampled_from(ResumeRule),
    "parked_counts": st.booleans(),
    "offer": offer_policies(),
    "reach": reaches(),
    "hold_room_after": st.sampled_from([None, None, None, 0, 4]),
    "relaxations": st.just(()) | st.just(()) | relaxations(),
    "keep_agent": st.booleans(),
    "affinity_wait": st.sampled_from([0, 0, 4]),
    "respond_within": st.sampled_from([None, None, 4]),
    "max_hops": st.integers(0, 2),
    "idle_after": st.sampled_from([None, None, 8]),
}
TICKET_FACTS: Facts = {
    "channel": st.sampled_from(["email", "email", "chat", "call"]),
    "priority": priorities,
    "skills": asked_skills,
    "prefer": st.sampled_from([None, None, *AGENTS]),
    "weight": st.sampled_from([1, 1, 1, 1, 2, 3]),
    "arrived": st.none() | st.none() | st.integers(0, 30),
    "due": st.none() | st.integers(0, 60),
    "requester": st.sampled_from(["ann", "bob"]),
}


def agents(
    ids: st.SearchStrategy[AgentId] = agent_ids, **facts: st.SearchStrategy[Any]
) -> st.SearchStrategy[Agent]:
    """Generate agents; ``facts`` replace the generators of single fields.

    >>> busy = agents(capacity=st.integers(2, 9))
    >>> isinstance(busy, st.SearchStrategy)
    True
    """
    return st.builds(Agent, id=ids, **AGENT_FACTS | facts)


def queues(
    ids: st.SearchStrategy[QueueId] = queue_ids,
    *,
    members: Sequence[AgentId] = (),
    **facts: st.SearchStrategy[Any],
) -> st.SearchStrategy[Queue]:
    """Generate queues with some of ``members``; ``facts`` replace generators of single fields."""
    some = st.lists(st.sampled_from(members), unique=True) if members else st.just([])
    return st.builds(Queue, id=ids, members=some, **QUEUE_FACTS | facts)


def tickets(
    ids: st.SearchStrategy[TicketId] | None = None,
    *,
    queues: st.SearchStrategy[QueueId | None] = queue_ids,
    **facts: st.SearchStrategy[Any],
) -> st.SearchStrategy[Ticket]:
    """Generate tickets; ``facts`` replace the generators of single fields."""
    numbered = st.integers(0, 99).map(lambda number: TicketId(f"t{number}"))
    return st.builds(
        Ticket,
        id=numbered if ids is None else ids,
        queue=queues,
        **TICKET_FACTS | facts,
    )
