"""Send the tickets of a log through a dispatcher, in the order of their instants."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from enum import Enum

from attrs import define, field

from ticketroute.cli.console import stream
from ticketroute.cli.roster import Roster
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.logs import Log, Logged, Step, StepTaken, changes
from ticketroute.model.agent import Presence
from ticketroute.model.events import (
    Event,
    TicketAssigned,
    TicketHeld,
    TicketOffered,
    TicketReleased,
    TicketResumed,
)
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry


class Service(Enum):
    """When a ticket of the log ends."""

    AS_LOGGED = "as-logged"  # when the log says, whichever agent has it; unserved without one
    SAME_SPAN = "same-span"  # as long after its assignment as it was open in the log


_ENDS, _STEPS = 0, 1  # endings of an instant come before its steps


class RouteDesk(Dispatcher):
    """A desk that can drop tickets that are over, so that a long log fits into memory."""

    def drop(self, ticket_id: TicketId) -> None:
        """Drop a ticket that has ended and is not asked about again. O(1)."""
        del self._state.tickets[ticket_id]


@define
class Replay:
    """Sends a log through a dispatcher; every agent is available all the time.

    At one instant tickets end first: those without an agent, then those that free a slot. Then new
    ones come in, in the order of the log. A ticket that ends as it arrives ends before the next
    one comes in. A strategy that rings agents makes offers; the agent who is rung first accepts at
    once. What is kept here grows with open tickets alone.

    The steps of an event log are followed, after the endings of their instant: a ticket goes to
    the queue that a step names, rests while it is on hold, and comes back when it was reopened.
    Who gets it is for the strategy to say, not for the log. What only an agent can do waits for
    one: a ticket on hold in the log is put on hold as soon as an agent has it, and one that was
    over for a time while nobody had it here waits on. ``followed`` counts the steps,
    ``nobody_there`` the transfers to queues without agents, which are left out.
    ``holds_count`` makes tickets on hold use their agent's capacity.
    """

    log: Log
    roster: Roster
    strategy: StrategySpec
    capacity: int
    service: Service
    seed: int
    see: Callable[[Event], None]
    holds_count: bool = False
    followed: Counter[Step] = field(factory=Counter)
    nobody_there: int = 0
    desk: RouteDesk = field(init=False)
    closed: Instant = field(init=False)  # the last instant so far
    key_names: tuple[str, ...] = field(init=False)  # of the numbers that order agents
    _open: dict[TicketId, Logged] = field(factory=dict)
    _had: set[TicketId] = field(factory=set)  # tickets that have an agent now
    _answered: set[TicketId] = field(factory=set)  # those that have had one
    _plan: list[tuple[Instant, int, int, TicketId, StepTaken | None]] = field(factory=list)
    _planned: int = 0
    _rests: set[TicketId] = field(factory=set)  # tickets that are on hold in the log
    _parked: set[TicketId] = field(factory=set)  # those that are on hold at the desk as well
    _away: set[TicketId] = field(factory=set)  # resolved, and to be reopened
    _to_hold: dict[TicketId, None] = field(factory=dict)  # assigned while on hold in the log
    _rung: dict[TicketId, AgentId] = field(factory=dict)  # by offers that are not answered yet
    _rings: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        source = stream(self.seed, "strategies")
        self.desk = RouteDesk(defaults=Defaults(capacity=self.capacity), random=source)
        self.closed = next(iter(self.log)).arrived
        strategy = registry.create(self.strategy, source=source)
        self.key_names = strategy.key_names
        self._rings = bool(getattr(strategy, "rings_all", False))

    def open(self) -> None:
        """Open the desk at the first arrival: agents, then queues.

        Raises:
            UnknownStrategyError: if the strategy is not one.
        """
        for agent in self.roster.agents:
            self._note(self.desk.add_agent(agent, presence=Presence.AVAILABLE, at=self.closed))
        for queue_id, members in self.roster.members.items():
            queue = Queue(
                id=queue_id,
                strategy=self.strategy,
                members=members,
                delivery=Delivery.OFFER if self._rings else Delivery.ASSIGN,
                parked_counts=self.holds_count,
            )
            self._note(self.desk.add_queue(queue, at=self.closed))

    def run(self, *, done: Callable[[], None]) -> None:
        """Send every ticket through; call ``done`` once for each that came in."""
        for logged in self.log:
            self._step_until(logged.arrived)
            self.closed = logged.arrived
            self._open[logged.ticket.id] = logged
            self._note(self.desk.submit(logged.ticket, at=logged.arrived))
            if self.service is Service.AS_LOGGED:
                self._plan_for(logged, later=0)
            done()
        while self._plan:
            self._step_until(self._plan[-1][0])

    def comes_back(self, ticket_id: TicketId) -> bool:
        """Return whether a ticket that is resolved now is reopened by a later step. O(1)."""
        return ticket_id in self._away

    def _plan_for(self, logged: Logged, *, later: int) -> None:
        """Plan the ending and the steps of a ticket, each so much later than in the log."""
        if logged.ended is not None:
            self._put(logged.ended + later, _ENDS, logged.ticket.id, None)
        for taken in changes(logged):
            if taken.step is not Step.ASSIGN:  # that is for the strategy to say
                self._put(taken.at + later, _STEPS, logged.ticket.id, taken)

    def _put(self, at: Instant, rank: int, ticket_id: TicketId, taken: StepTaken | None) -> None:
        self._planned += 1
        heapq.heappush(self._plan, (at, rank, self._planned, ticket_id, taken))

    def _step_until(self, at: Instant) -> None:
        """Follow what is planned up to ``at``, and advance the desk in between."""
        # One step at a time: a deadline may assign a ticket that ends before the next one.
        while True:
            next_at = self._plan[0][0] if self._plan else at
            if self._advanced(min(next_at, at)):
                continue
            if not self._plan or next_at > at:
                return
            self.closed = next_at
            if self._plan[0][1] == _ENDS:
                self._end_at(next_at)
            else:
                *_, ticket_id, taken = heapq.heappop(self._plan)
                if taken is not None and ticket_id in self._open:
                    self._follow(taken, ticket_id, next_at)

    def _advanced(self, at: Instant) -> bool:
        """Advance the desk to its next deadline up to ``at``; return False if there is none."""
        due = self.desk.next_deadline()
        if due is None or due > at:
            return False
        self._note(self.desk.advance(at=due))
        return True

    def _end_at(self, due: Instant) -> None:
        ending: list[TicketId] = []
        while self._plan and self._plan[0][:2] == (due, _ENDS):
            ending.append(heapq.heappop(self._plan)[3])
        # Tickets without an agent first: a slot freed in this instant must not go to a ticket
        # that is over in the same instant.
        waiting = [ticket_id for ticket_id in ending if ticket_id not in self._had]
        served = [ticket_id for ticket_id in ending if ticket_id in self._had]
        for ticket_id in waiting:
            over = self.desk.resolve if ticket_id in self._answered else self.desk.abandon
            self._note(over(ticket_id, at=due))
            self._drop(ticket_id)
        for ticket_id in served:
            self._had.discard(ticket_id)
            self._note(self.desk.resolve(ticket_id, at=due))
            self._drop(ticket_id)

    def _drop(self, ticket_id: TicketId) -> None:
        del self._open[ticket_id]
        for noted in (self._answered, self._rests, self._parked):
            noted.discard(ticket_id)
        self.desk.drop(ticket_id)

    def _follow(self, taken: StepTaken, ticket_id: TicketId, at: Instant) -> None:
        """Do to a ticket what the log says was done to it."""
        match taken.step:
            case Step.HOLD:
                self._rests.add(ticket_id)
                if ticket_id in self._had:
                    self._hold(ticket_id, at)
            case Step.RESUME:
                self._rests.discard(ticket_id)
                if ticket_id in self._parked:
                    self.followed[Step.RESUME] += 1
                    self._note(self.desk.resume(ticket_id, at=at))
            case Step.TRANSFER:
                self._transfer(taken, ticket_id, at)
            case Step.RESOLVE:
                self._rests.discard(ticket_id)
                if ticket_id in self._had:
                    self._away.add(ticket_id)
                    self._had.discard(ticket_id)
                    self._parked.discard(ticket_id)
                    self._note(self.desk.resolve(ticket_id, at=at))
            case _:
                if ticket_id in self._away:
                    self._away.discard(ticket_id)
                    self.followed[Step.REOPEN] += 1
                    self._note(self.desk.reopen(ticket_id, at=at))

    def _transfer(self, taken: StepTaken, ticket_id: TicketId, at: Instant) -> None:
        if taken.queue is None or not self.roster.members.get(taken.queue):
            self.nobody_there += 1
        else:
            self.followed[Step.TRANSFER] += 1
            self._note(self.desk.transfer(ticket_id, to_queue=taken.queue, at=at))

    def _hold(self, ticket_id: TicketId, at: Instant) -> None:
        self.followed[Step.HOLD] += 1
        self._note(self.desk.hold(ticket_id, at=at))

    def _note(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.see(event)
            match event:
                case TicketAssigned():
                    self._assigned(event)
                case TicketHeld():
                    self._parked.add(event.ticket_id)
                case TicketResumed():
                    self._parked.discard(event.ticket_id)
                case TicketReleased():
                    self._had.discard(event.ticket_id)
                    self._parked.discard(event.ticket_id)
                case TicketOffered():
                    self._rung.setdefault(event.ticket_id, event.agent_id)
                case _:
                    pass
        while self._rung:
            ticket_id = next(iter(self._rung))
            agent_id = self._rung.pop(ticket_id)
            self._note(self.desk.accept(ticket_id, agent_id, at=self.desk.now))
        while self._to_hold:
            ticket_id, _ = self._to_hold.popitem()
            self._hold(ticket_id, self.desk.now)

    def _assigned(self, event: TicketAssigned) -> None:
        ticket_id = event.ticket_id
        self._had.add(ticket_id)
        if ticket_id in self._rests:
            self._to_hold[ticket_id] = None
        if ticket_id not in self._answered:
            self._answered.add(ticket_id)
            if self.service is Service.SAME_SPAN:
                logged = self._open[ticket_id]
                self._plan_for(logged, later=event.at - logged.arrived)
