"""Histories to replay: the commands that a host gave, and the events that came of them.

Seeded, so the same n gives the same history.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from benchmarks import world
from benchmarks.calendar_peers import office
from ticketroute import (
    Agent,
    Author,
    Delivery,
    Dispatcher,
    Metric,
    OfferPolicy,
    Policy,
    Presence,
    Queue,
    RoutingState,
    Target,
    Ticket,
    TicketPriority,
    hours,
    minutes,
    seconds,
)
from ticketroute.events import Event
from ticketroute.model import AgentId, CalendarId, Instant, PolicyId, QueueId, Span, TicketId
from ticketroute.model import events as ev
from ticketroute.sla import events as sla

AGENTS = 60
OPENS: Instant = hours(24 * 4 + 8)  # Monday the 5th of January 1970, nine o'clock in Berlin
GAP: Span = seconds(14)  # between two tickets, on average
WORK: Span = minutes(15)  # from getting a ticket to the next that its agent does with it
ON_HOLD: Span = minutes(30)
AT_DESK: Span = hours(2)  # from one break to the next
BREAK: Span = minutes(15)
PATIENCE: Span = minutes(20)  # of a caller
RINGS: Span = seconds(20)
_MAIL, _CALLS, _OFFICE = QueueId("mail"), QueueId("calls"), CalendarId("office")

# What a mixed history is made of: one that lacks any of these would be another one.
MIXED = frozenset(
    {
        *(ev.TicketSubmitted, ev.TicketQueued, ev.TicketAssigned, ev.TicketOffered),
        *(ev.OfferDeclined, ev.OfferExpired, ev.PresenceChanged, ev.TicketHeld, ev.TicketResumed),
        *(ev.TicketReplied, ev.TicketTransferred, ev.TicketReleased, ev.TicketPriorityChanged),
        *(ev.TicketResolved, ev.WrapUpEnded, ev.TicketReopened, ev.TicketAbandoned),
        *(sla.ClockStarted, sla.ClockPaused, sla.ClockResumed, sla.ClockEnded, sla.ClockWarned),
    }
)


class Command(NamedTuple):
    """One call of a desk's method."""

    name: str
    values: tuple[Any, ...]
    facts: dict[str, Any]

    def give(self, desk: Dispatcher) -> tuple[Event, ...]:
        """Give the command to a desk."""
        events: tuple[Event, ...] = getattr(desk, self.name)(*self.values, **self.facts)
        return events


class History:
    """A desk, the commands it was given and the events it answered with."""

    def __init__(self) -> None:
        self.desk = empty()
        self.commands: list[Command] = []
        self.events: list[Event] = []

    def give(self, name: str, *values: object, **facts: object) -> tuple[Event, ...]:
        """Give a command and keep what came of it."""
        command = Command(name, values, facts)
        events = command.give(self.desk)
        self.commands.append(command)
        self.events.extend(events)
        return events


Make = Callable[[int, str], History]  # of how many events, by which strategy


def empty() -> Dispatcher:
    """Return a desk on which nothing has happened, for the strategies that draw as well."""
    return Dispatcher(random=Random(world.SEED))


def plain(n: int, strategy: str) -> History:
    """Return a history of n events and a few more: a ticket comes, another is resolved."""
    history = History()
    members = _hire(history, world.agents(AGENTS, skilled=False), at=0)
    history.give("add_queue", Queue(id=world.QUEUE, strategy=strategy, members=members), at=0)
    work, at_work = world.Work(skilled=False), []
    while len(history.events) < n:
        at = len(history.commands)
        (ticket,) = work.tickets(1)
        history.give("submit", ticket, at=at)
        at_work.append(ticket.id)
        if len(at_work) > AGENTS:
            (place,) = work.places(1, len(at_work))
            history.give("resolve", at_work.pop(place), at=at)
    return history


def mixed(n: int, strategy: str) -> History:
    """Return a history of n events and a few more, of a busy desk: see ``MIXED``."""
    day = _Day(strategy)
    while len(day.history.events) < n:
        day.go_on()
    return day.history


def _hire(history: History, agents: list[Agent], *, at: Instant) -> list[AgentId]:
    for agent in agents:
        history.give("add_agent", agent, presence=Presence.AVAILABLE, at=at)
    return [agent.id for agent in agents]


Act = Callable[..., None]


class _Day:
    """A host: tickets come, agents answer, work, hold, hand on, go for a break and come back."""

    def __init__(self, strategy: str) -> None:
        self.history = History()
        self._desk, self._chance = self.history.desk, Random(world.SEED)
        self._plans: list[tuple[Instant, int, Act, tuple[Any, ...]]] = []
        self._planned, self._made = 0, 0
        self._open(strategy)
        self._plan(OPENS, self._arrive)

    def go_on(self) -> None:
        """Do what comes next: something planned, or what time alone changes before it."""
        due = self._desk.next_deadline()
        if due is not None and due <= self._plans[0][0]:
            self._react(self.history.give("advance", at=due))
            return
        at, _, act, about = heappop(self._plans)
        act(at, *about)

    def _open(self, strategy: str) -> None:
        give = self.history.give
        give("set_calendar", _OFFICE, office(), at=OPENS)
        members = _hire(self.history, world.agents(AGENTS, skilled=True), at=OPENS)
        mail = Queue(id=_MAIL, strategy=strategy, members=members, wrap_up=seconds(30))
        offer = OfferPolicy(timeout=RINGS)
        calls = Queue(
            id=_CALLS, strategy=strategy, members=members, delivery=Delivery.OFFER, offer=offer
        )
        give("add_queue", mail, at=OPENS)
        give("add_queue", calls, at=OPENS)
        targets = {
            Metric.FIRST_RESPONSE: Target(within=hours(1), warnings=[75]),
            Metric.RESOLUTION: Target(within=hours(8), warnings=[75]),
        }
        give(
            "set_policies", [Policy(id=PolicyId("p"), targets=targets, calendar=_OFFICE)], at=OPENS
        )
        for agent_id in members:
            self._plan_about(OPENS, AT_DESK, self._pause, agent_id)

    def _plan(self, at: Instant, act: Act, *about: object) -> None:
        self._planned += 1
        heappush(self._plans, (at, self._planned, act, about))

    def _plan_about(self, at: Instant, mean: Span, act: Act, *about: object) -> None:
        self._plan(at + round(self._chance.expovariate(1 / mean)), act, *about)

    def _do(self, name: str, *values: object, **facts: object) -> None:
        self._react(self.history.give(name, *values, **facts))

    def _react(self, events: tuple[Event, ...]) -> None:
        """Plan what agents and callers do about what happened."""
        for event in events:
            match event:
                case ev.TicketOffered():
                    answer = event.at + self._chance.randrange(2 * RINGS)
                    self._plan(answer, self._answer, event.ticket_id, event.agent_id)
                case ev.TicketAssigned() | ev.TicketResumed(agent_id=str()):
                    self._plan_about(event.at, WORK, self._work, event.ticket_id, event.agent_id)
                case ev.TicketHeld():
                    self._plan_about(event.at, ON_HOLD, self._resume, event.ticket_id)
                case ev.TicketQueued(queue_id=queue_id) if queue_id == _CALLS:
                    self._plan_about(event.at, PATIENCE, self._give_up, event.ticket_id)
                case ev.PresenceChanged(presence=Presence.AWAY):
                    self._plan_about(event.at, BREAK, self._come_back, event.agent_id)

    # --- what they do ---------------------------------------------------------------------------

    def _arrive(self, at: Instant) -> None:
        self._made += 1
        ticket = Ticket(
            id=TicketId(f"ticket-{self._made}"),
            queue=self._chance.choice((_MAIL, _CALLS)),
            skills=self._chance.choice(({}, *world.demands())),
            priority=self._chance.choice(list(TicketPriority)),
        )
        self._do("submit", ticket, at=at)
        self._plan_about(at, GAP, self._arrive)

    def _answer(self, at: Instant, ticket_id: TicketId, agent_id: AgentId) -> None:
        if agent_id in self._desk.ticket(ticket_id).offered_to:
            taken = self._chance.random() < 0.8
            self._do("accept" if taken else "decline", ticket_id, agent_id, at=at)

    def _work(self, at: Instant, ticket_id: TicketId, agent_id: AgentId) -> None:
        ticket = self._desk.ticket(ticket_id)
        if ticket.state is not RoutingState.ASSIGNED or ticket.agent_id != agent_id:
            return
        draw = self._chance.random()
        self._do("reply", ticket_id, Author.AGENT, agent_id=agent_id, at=at)
        if draw < 0.25:
            self._do("hold", ticket_id, at=at)
        elif draw < 0.32:
            other = _MAIL if ticket.queue_id == _CALLS else _CALLS
            self._do("transfer", ticket_id, to_queue=other, at=at)
            self._plan_about(at, WORK, self._work, ticket_id, agent_id)  # who may well keep it
        elif draw < 0.36:
            self._do("release", ticket_id, at=at)
        else:
            self._do("resolve", ticket_id, at=at)
            if draw > 0.95:
                self._plan_about(at, ON_HOLD, self._reopen, ticket_id)

    def _resume(self, at: Instant, ticket_id: TicketId) -> None:
        if self._desk.ticket(ticket_id).state is RoutingState.PARKED:
            self._do("resume", ticket_id, at=at)

    def _reopen(self, at: Instant, ticket_id: TicketId) -> None:
        self._do("reopen", ticket_id, at=at)
        self._do("change_priority", ticket_id, TicketPriority.URGENT, at=at)

    def _give_up(self, at: Instant, ticket_id: TicketId) -> None:
        if self._desk.ticket(ticket_id).state is RoutingState.WAITING:
            self._do("abandon", ticket_id, at=at)

    def _pause(self, at: Instant, agent_id: AgentId) -> None:
        self._do("set_presence", agent_id, Presence.AWAY, at=at)

    def _come_back(self, at: Instant, agent_id: AgentId) -> None:
        self._do("set_presence", agent_id, Presence.AVAILABLE, at=at)
        self._plan_about(at, AT_DESK, self._pause, agent_id)
