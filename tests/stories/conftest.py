"""A desk that writes down what happens on it and is checked after every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest

from ticketroute import (
    Agent,
    AgentId,
    Defaults,
    Delivery,
    Dispatcher,
    Event,
    Instant,
    Metric,
    Policy,
    PolicyId,
    Queue,
    QueueId,
    ResumeRule,
    RoutingState,
    Span,
    Target,
    Ticket,
    TicketId,
)
from ticketroute.core.delivery import wants_more
from ticketroute.model import events as ev
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.sla import events as sla

COMMANDS = (
    "advance",
    "change_defaults",
    "set_calendar",
    "remove_calendar",
    "set_policies",
    "add_queue",
    "change_queue",
    "remove_queue",
    "add_agent",
    "change_agent",
    "remove_agent",
    "set_presence",
    "switch_channel",
    "add_member",
    "change_member",
    "remove_member",
    "submit",
    "submit_many",
    "accept",
    "decline",
    "assign",
    "take",
    "transfer",
    "release",
    "reply",
    "hold",
    "resume",
    "change_priority",
    "resolve",
    "end_wrap_up",
    "close",
    "reopen",
    "abandon",
    "merge",
    "rate",
)


class Desk(Dispatcher):
    """A dispatcher with a memory, which checks the promises of every desk after every command."""

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        super().__init__(defaults=defaults, random=random, permits=permits)
        self.history: list[Event] = []
        self.last: tuple[Event, ...] = ()
        self._permits = permits

    # --- words for stories ------------------------------------------------------------------

    def staff(self, *names: str, **facts: Any) -> None:
        """Add agents who are available from instant 0."""
        for name in names:
            self.add_agent(Agent(id=AgentId(name), **facts), presence="available", at=self.now)

    def open_queue(self, name: str, *members: str, **facts: Any) -> None:
        """Open a queue with plain members."""
        ids = [AgentId(member) for member in members]
        facts.setdefault("members", ids)
        self.add_queue(Queue(id=QueueId(name), **facts), at=self.now)

    def promise(self, *, name: str = "gold", **promised: Any) -> None:
        """Let one policy hold: targets or spans by the names of metrics, and the policy's facts."""
        self.set_policies([agreed(name, **promised)], at=self.now)

    def ask(self, name: str, queue: str, *, at: Instant, **facts: Any) -> None:
        """Submit a ticket."""
        self.submit(Ticket(id=TicketId(name), queue=QueueId(queue), **facts), at=at)

    def who(self, name: str) -> str | None:
        """Return the agent who has the ticket."""
        return self.ticket(TicketId(name)).agent_id

    def state(self, name: str) -> RoutingState:
        """Return where the ticket is."""
        return self.ticket(TicketId(name)).state

    def load(self, name: str) -> int:
        """Return the units of capacity that the agent's work takes."""
        return self.agent(AgentId(name)).load

    @property
    def told(self) -> list[str]:
        """What the last command led to, in few words."""
        return [brief(event) for event in self.last]

    # --- checks -----------------------------------------------------------------------------

    def check(self, loads: dict[AgentId, int]) -> None:
        """Check what holds on every desk, given the loads before the last command."""
        self._check_loads(loads)
        self._check_reservations()
        self._check_nobody_idles()

    def check_replay(self) -> None:
        """Check that the events alone lead to the same desk."""
        self.advance(at=self.now)  # what time did before a refused command is not told yet
        again = Dispatcher.replay(self.history, permits=self._permits)
        assert again.same_state(self)
        assert self.same_state(again)
        assert again.next_deadline() == self.next_deadline()

    def _check_loads(self, before: dict[AgentId, int]) -> None:
        excused = {
            event.agent_id
            for event in self.last
            if (isinstance(event, ev.TicketAssigned) and event.exceeded is not None)
            or (
                isinstance(event, ev.TicketResumed)
                and self.queue(self.ticket(event.ticket_id).queue_id).resume is ResumeRule.STICKY
            )
        }
        recounted = any(isinstance(event, ev.QueueChanged) for event in self.last)
        for agent in self.agents():
            if agent.id not in excused and not recounted:
                assert agent.load <= max(agent.capacity, before.get(agent.id, 0)), agent

    def _check_reservations(self) -> None:
        """A ticket and who is asked for it agree, and load is what is held and asked."""
        for agent in self.agents():
            record = self._state.roster.agents[agent.id]
            offers = (record.offers or {}).values()
            slots = (record.slots or {}).values()
            asked, held = sum(each.cost for each in offers), sum(each.cost for each in slots)
            assert agent.load == asked + held, agent
            assert agent.count == len(offers) + len(slots), agent
            for ticket_id in agent.offered:
                assert agent.id in self.ticket(ticket_id).offered_to
        for ticket in self.tickets():
            assert bool(ticket.offered_to) == (ticket.state is RoutingState.OFFERED), ticket
            for agent_id in ticket.offered_to:
                assert ticket.id in self.agent(agent_id).offered

    def _wants_more(self, ticket_id: TicketId) -> bool:
        return bool(wants_more(self._state.tickets[ticket_id]))

    def _check_nobody_idles(self) -> None:
        for queue in self.queues():
            if queue.delivery is Delivery.PULL:
                continue
            for ticket_id in self.waiting(queue.id):
                view = self.ticket(ticket_id)
                if view.queue_id != queue.id:  # explained for its own queue
                    continue
                if view.offered_to and not self._wants_more(ticket_id):
                    continue
                idle = [v.agent_id for v in self.explain(ticket_id).others if v.reason is None]
                assert not idle, f"{ticket_id} waits while {idle} may have it"


def _recorded(command: Callable[..., tuple[Event, ...]]) -> Callable[..., tuple[Event, ...]]:
    @wraps(command)
    def run(desk: Desk, *args: Any, **kwargs: Any) -> tuple[Event, ...]:
        loads = {agent.id: agent.load for agent in desk.agents()}
        desk.last = command(desk, *args, **kwargs)
        desk.history.extend(desk.last)
        desk.check(loads)
        return desk.last

    return run


for _name in COMMANDS:
    setattr(Desk, _name, _recorded(getattr(Dispatcher, _name)))


def agreed(name: str, **promised: Any) -> Policy:
    """Return a policy: targets or spans by the names of metrics, and the policy's facts."""
    metrics = [metric for metric in Metric if metric.value in promised]
    targets = {metric: target_of(promised.pop(metric.value)) for metric in metrics}
    return Policy(id=PolicyId(name), targets=targets, **promised)


def target_of(promised: Target | Span) -> Target:
    """Return a target; a span stands for a plain one."""
    return promised if isinstance(promised, Target) else Target(within=promised)


def brief_of_clock(event: sla.ClockEvent) -> str:
    """Return what happened to a clock in few words."""
    cycle = "" if event.cycle == 1 else f" {event.cycle}"
    which = f"{event.ticket_id} {event.metric.value}{cycle}"
    match event:
        case sla.ClockStarted():
            return f"{which} starts, due {event.due}"
        case sla.ClockPaused():
            return f"{which} pauses, {event.remaining} left"
        case sla.ClockResumed():
            return f"{which} goes on, due {event.due}"
        case sla.ClockRetargeted():
            return f"{which} within {event.within}, due {event.due}"
        case sla.ClockEnded():
            return f"{which} {event.outcome.value}, {event.elapsed}"
        case sla.ClockWarned():
            return f"{which} at {event.share} %"
        case sla.ClockEscalated():
            return f"{which} level {event.level}: {event.notify}"
        case _:
            return f"{which} {type(event).__name__.removeprefix('Clock').lower()}"


def brief(event: Event) -> str:  # noqa: C901  one line for each sort of event
    """Return an event in few words."""
    match event:
        case ev.TicketSubmitted():
            return f"{event.ticket_id} submitted"
        case ev.TicketQueued():
            reason = "" if event.reason is None else f": {event.reason.value}"
            return f"{event.ticket_id} waits{reason}"
        case ev.TicketAssigned():
            forced = "" if event.exceeded is None else f" over {event.exceeded}"
            return f"{event.ticket_id} to {event.agent_id}, {event.cause.value}{forced}"
        case ev.TicketReleased():
            return f"{event.ticket_id} from {event.agent_id}, {event.cause.value}"
        case ev.TicketTransferred():
            return f"{event.ticket_id} {event.from_queue} -> {event.to_queue}"
        case ev.TicketResumed():
            return f"{event.ticket_id} resumed by {event.agent_id}"
        case ev.WrapUpEnded():
            return f"{event.agent_id} wrapped up {event.ticket_id}"
        case ev.TicketMerged():
            return f"{event.ticket_id} merged into {event.into}"
        case ev.TicketHeld():
            return f"{event.ticket_id} {event.status.value}"
        case ev.TicketOffered():
            return f"{event.ticket_id} asks {event.agent_id}, {event.cause.value}"
        case ev.OfferShort():
            return f"{event.ticket_id} asks {event.open} of {event.wanted}"
        case ev.OfferDeclined():
            return f"{event.ticket_id} declined by {event.agent_id}, {event.reason}"
        case ev.OfferExpired():
            return f"{event.ticket_id} missed by {event.agent_id}, {event.misses}"
        case ev.OfferWithdrawn():
            return f"{event.ticket_id} no longer asks {event.agent_id}, {event.cause.value}"
        case ev.RetryAllowed():
            return f"{event.ticket_id} may ask {event.agent_id} again"
        case ev.RingWidened():
            return f"{event.ticket_id} rings {event.wanted}"
        case ev.TicketReserved():
            return f"{event.ticket_id} waits for {event.agent_id}"
        case ev.ReserveEnded():
            return f"{event.ticket_id} waits for nobody, {event.cause.value}"
        case ev.TicketEscalated():
            return f"{event.ticket_id} escalated after {event.hops}"
        case ev.CoolDownEnded():
            return f"{event.agent_id} cooled down"
        case sla.ClockEvent():
            return brief_of_clock(event)
        case sla.ShiftStarted():
            return f"{event.agent_id} on shift"
        case sla.ShiftEnded():
            return f"{event.agent_id} off shift"
        case ev.TicketEvent():
            return f"{event.ticket_id} {type(event).__name__.removeprefix('Ticket').lower()}"
        case ev.PresenceChanged():
            reason = f": {event.reason}" if event.cause is ev.Cause.MISSED else ""
            return f"{event.agent_id} {event.presence.value}{reason}"
        case _:
            return type(event).__name__


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    """Make desks with defaults, chance or permits; all are replayed when the story is over."""
    made: list[Desk] = []

    def make(**given: Any) -> Desk:
        made.append(Desk(**given))
        return made[-1]

    yield make
    for desk in made:
        desk.check_replay()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """A desk like any other, replayed when the story is over."""
    return make_desk()
