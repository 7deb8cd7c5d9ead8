"""Make the day of the demo: three departments, a dozen agents, some hundreds of tickets."""

from __future__ import annotations

import random
from collections.abc import Iterator

from attrs import evolve, field, frozen

from ticketroute.cli.console import stream
from ticketroute.model.agent import Agent, ChannelLimit
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span, hours, minutes, seconds
from ticketroute.model.offer import DECLINED, MISSED, OfferPolicy
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.model.ticket import (
    CALL,
    CHAT,
    EMAIL,
    FORM,
    SOCIAL,
    Channel,
    Ticket,
    TicketPriority,
)
from ticketroute.strategies import registry

MIDNIGHT: Instant = 1_772_409_600_000  # Monday, 2 March 2026, 00:00 UTC
OPENS, CLOSES = 7, 20  # hours of the day
LUNCH_TAKES: Span = minutes(30)
BILLING, TECHNICAL, SALES = QueueId("billing"), QueueId("technical"), QueueId("sales")

# Tickets of all departments in each hour from OPENS on: two humps around lunch.
HOUR_SHAPE = (16, 38, 62, 74, 70, 48, 44, 60, 66, 54, 36, 20, 12)
PRIORITIES = (TicketPriority.URGENT, TicketPriority.HIGH, TicketPriority.NORMAL, TicketPriority.LOW)


def clock(time: str) -> Instant:
    """Return the instant of a time of the day, such as ``14:30``."""
    hour, minute = time.split(":")
    return MIDNIGHT + hours(int(hour)) + minutes(int(minute))


@frozen(kw_only=True)
class Source:
    """A stream of tickets: its share of all tickets, and the work on them.

    ``work`` is the median handling time and ``spread`` the sigma of its logarithm.
    ``patience`` is the mean span after which a waiting requester gives up, None for never.
    """

    queue: QueueId
    channel: Channel
    share: float
    skills: tuple[dict[str, int], ...]
    work: Span
    spread: float
    patience: Span | None = None
    priorities: tuple[float, float, float, float] = (0.04, 0.16, 0.65, 0.15)
    hold: float = 0.0  # chance that work rests until the requester answers
    transfer: tuple[QueueId, float] | None = None  # where it turns out to belong, and how often
    reopen: float = 0.0  # chance that it comes back after it was resolved


SOURCES = (
    Source(
        queue=BILLING, channel=EMAIL, share=0.34, work=minutes(14), spread=0.7, hold=0.12,
        skills=({}, {}, {"refunds": 2}, {"spanish": 3}), reopen=0.04,
    ),
    Source(
        queue=TECHNICAL, channel=CHAT, share=0.24, work=minutes(11), spread=0.6,
        patience=minutes(8), skills=({}, {"network": 2}, {"network": 5}),
        transfer=(BILLING, 0.04), reopen=0.03,
    ),
    Source(
        queue=TECHNICAL, channel=CALL, share=0.18, work=minutes(7), spread=0.6,
        patience=minutes(5), skills=({}, {"network": 2}, {"spanish": 3}),
        priorities=(0.10, 0.25, 0.60, 0.05), transfer=(BILLING, 0.03),
    ),
    Source(
        queue=SALES, channel=FORM, share=0.15, work=minutes(16), spread=0.5, hold=0.10,
        skills=({}, {}, {"spanish": 3}),
    ),
    Source(
        queue=SALES, channel=SOCIAL, share=0.09, work=minutes(9), spread=0.5, skills=({},),
        transfer=(TECHNICAL, 0.06),
    ),
)  # fmt: skip


@frozen(kw_only=True)
class Shift:
    """An agent's day."""

    agent: Agent
    start: Instant
    lunch: Instant
    end: Instant


@frozen(kw_only=True)
class PlannedTicket:
    """A ticket, with the behaviour of its requester and the work it will need."""

    ticket: Ticket
    arrives: Instant
    work: Span
    patience: Span | None
    held_for: Span | None
    moves_to: QueueId | None
    reopens_after: Span | None
    score: int | None


@frozen
class Answer:
    """The answer of an agent to an offer, and the time it takes; not accepted means declined."""

    accepts: bool
    after: Span


@frozen(kw_only=True)
class Scenario:
    """A day: its agents, queues and tickets."""

    opens: Instant
    closes: Instant
    shifts: tuple[Shift, ...]
    queues: tuple[Queue, ...]
    tickets: tuple[PlannedTicket, ...] = field(repr=False)


def _shift(
    name: str, capacity: int, skills: dict[str, int], times: str, lunch: str, **most: int
) -> Shift:
    """Make an agent's day; ``most`` limits the tickets of each channel at once."""
    start, end = times.split("-")
    agent = Agent(
        id=AgentId(name),
        capacity=capacity,
        skills=skills,
        # A call takes the whole agent: nobody talks and types at once.
        channels={
            channel: ChannelLimit(cost=capacity if channel == CALL else 1, most=number)
            for channel, number in most.items()
        },
    )
    return Shift(agent=agent, start=clock(start), lunch=clock(lunch), end=clock(end))


SHIFTS = (
    _shift("ana", 3, {"refunds": 5, "spanish": 6}, "7:00-15:30", "11:30", email=3, form=2),
    _shift("ben", 3, {"refunds": 2}, "8:00-16:30", "12:00", email=3),
    _shift("carla", 3, {"spanish": 10}, "9:00-17:30", "13:00", email=2, form=2, social=3),
    _shift("deniz", 3, {"refunds": 3}, "11:30-20:00", "15:00", email=3),
    _shift("emil", 3, {"network": 8}, "7:00-15:30", "11:00", chat=3, call=1),
    _shift("fatou", 3, {"network": 4, "spanish": 4}, "8:00-16:30", "11:45", chat=3, call=1),
    _shift("goran", 2, {"network": 2}, "9:00-17:30", "12:45", chat=2, call=1),
    _shift("hana", 3, {"network": 6}, "10:00-18:30", "13:30", chat=3, call=1),
    _shift("ines", 3, {"network": 5, "spanish": 8}, "11:30-20:00", "15:15", chat=3, call=1),
    _shift("jun", 3, {}, "8:00-16:30", "12:30", form=3, social=3),
    _shift("kofi", 3, {"spanish": 3}, "10:00-18:30", "14:00", form=3, social=3),
    _shift("lena", 3, {}, "11:30-20:00", "15:30", form=3, social=3, email=1),
)
LOST = {AgentId("hana"): ("14:20", "15:05")}  # agents whose connection fails, and when it is back

_MEMBERS = {
    BILLING: ("ana", "ben", "carla", "deniz", "lena"),
    TECHNICAL: ("emil", "fatou", "goran", "hana", "ines"),
    SALES: ("carla", "jun", "kofi", "lena", "ana"),
}
_STRATEGIES = {BILLING: "average_load", TECHNICAL: "round_robin", SALES: "longest_idle"}
_RINGS = OfferPolicy(
    timeout=seconds(20), cool_down={MISSED: seconds(30), DECLINED: seconds(15)}
)  # calls and chats of the technical department; mails and forms are assigned at once

NEVER_ANSWERED, DECLINED_SHARE = 0.08, 0.06  # of the offers
PICKS_UP_AFTER: Span = seconds(2)  # at least, and so much longer on average:
PICKS_UP_LATER: Span = seconds(5)


def a_day(*, seed: int, strategy: StrategySpec | None = None) -> Scenario:
    """Make a day; the same seed makes the same one, whatever the strategy.

    ``strategy`` replaces those of all three departments.
    """
    rings = strategy is not None and _rings(strategy)
    queues = tuple(
        Queue(
            id=queue_id,
            strategy=strategy or _STRATEGIES[queue_id],
            members=[AgentId(name) for name in members],
            wrap_up=seconds(60) if queue_id == TECHNICAL else 0,
            delivery=Delivery.OFFER if rings or queue_id == TECHNICAL else Delivery.ASSIGN,
            offer=_RINGS,
        )
        for queue_id, members in _MEMBERS.items()
    )
    return Scenario(
        opens=MIDNIGHT + hours(OPENS),
        closes=MIDNIGHT + hours(CLOSES),
        shifts=SHIFTS,
        queues=queues,
        tickets=tuple(
            _planned(number, arrives, seed)
            for number, arrives in enumerate(_arrivals(stream(seed, "arrivals")), start=1)
        ),
    )


def _rings(strategy: StrategySpec) -> bool:
    """Return whether a strategy rings agents, so that its queues have to make offers."""
    made = registry.create(strategy, source=stream(0, "unused"))
    return bool(getattr(made, "rings_all", False))


def an_answer(*, seed: int, ticket_id: TicketId, agent_id: AgentId, times: int) -> Answer | None:
    """Draw the answer to offer number ``times`` of a ticket to an agent; None: it is missed."""
    chance = stream(seed, f"offer {ticket_id} {agent_id} {times}")
    kind, later = chance.random(), int(chance.expovariate(1) * PICKS_UP_LATER)
    if kind < NEVER_ANSWERED:
        return None
    return Answer(kind >= NEVER_ANSWERED + DECLINED_SHARE, PICKS_UP_AFTER + later)


def _arrivals(chance: random.Random) -> Iterator[Instant]:
    """Yield the instants of a Poisson stream whose rate follows the hour, by thinning."""
    busiest = max(HOUR_SHAPE)
    since_midnight = float(hours(OPENS))
    while True:
        since_midnight += chance.expovariate(busiest) * hours(1)
        hour = int(since_midnight // hours(1)) - OPENS
        if hour >= len(HOUR_SHAPE):
            return
        if chance.random() * busiest < HOUR_SHAPE[hour]:
            yield MIDNIGHT + int(since_midnight)


def _planned(number: int, arrives: Instant, seed: int) -> PlannedTicket:
    """Draw everything about one ticket from random numbers of its own.

    So a strategy that changes one ticket does not change the next.
    """
    chance = stream(seed, f"ticket {number}")
    source = chance.choices(SOURCES, [each.share for each in SOURCES])[0]
    ticket = Ticket(
        id=TicketId(f"T{number:03}"),
        queue=source.queue,
        channel=source.channel,
        priority=chance.choices(PRIORITIES, source.priorities)[0],
        skills=chance.choice(source.skills),
    )
    planned = PlannedTicket(
        ticket=ticket,
        arrives=arrives,
        work=max(seconds(20), int(source.work * chance.lognormvariate(0, source.spread))),
        patience=None
        if source.patience is None
        else seconds(10) + int(chance.expovariate(1) * source.patience),
        held_for=None,
        moves_to=None,
        reopens_after=None,
        score=chance.choice((100, 100, 80, 80, 60, 20)) if chance.random() < 0.3 else None,
    )
    # Every number is drawn for every ticket: changing one chance leaves the others as they are.
    hold, moves, reopens = chance.random(), chance.random(), chance.random()
    later = minutes(15) + int(chance.expovariate(1) * minutes(40))
    if hold < source.hold:
        planned = evolve(planned, held_for=later)
    if source.transfer is not None and moves < source.transfer[1]:
        planned = evolve(planned, moves_to=source.transfer[0])
    if reopens < source.reopen:
        planned = evolve(planned, reopens_after=later)
    return planned
