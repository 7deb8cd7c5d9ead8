"""Send the tickets of a log through a dispatcher, in the order of their instants."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import Enum

from attrs import define, field

from ticketroute.cli.console import stream
from ticketroute.cli.roster import Roster
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.logs import Log, Logged
from ticketroute.model.agent import Presence
from ticketroute.model.events import Event, TicketAssigned, TicketOffered, TicketReleased
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.queue import Defaults, Delivery, Queue
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry


class Service(Enum):
    """When a ticket of the log ends."""

    AS_LOGGED = "as-logged"  # when the log says, whichever agent has it; unserved without one
    SAME_SPAN = "same-span"  # as long after its assignment as it was open in the log


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
    """

    log: Log
    roster: Roster
    strategy: StrategySpec
    capacity: int
    service: Service
    seed: int
    see: Callable[[Event], None]
    desk: RouteDesk = field(init=False)
    closed: Instant = field(init=False)  # the last instant so far
    key_names: tuple[str, ...] = field(init=False)  # of the numbers that order agents
    _open: dict[TicketId, Logged] = field(factory=dict)
    _had: set[TicketId] = field(factory=set)  # tickets that have an agent now
    _ends: list[tuple[Instant, int, TicketId]] = field(factory=list)
    _end_count: int = 0
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
            )
            self._note(self.desk.add_queue(queue, at=self.closed))

    def run(self, *, done: Callable[[], None]) -> None:
        """Send every ticket through; call ``done`` once for each that came in."""
        for logged in self.log:
            self._step_until(logged.arrived)
            self.closed = logged.arrived
            self._open[logged.ticket.id] = logged
            self._note(self.desk.submit(logged.ticket, at=logged.arrived))
            if self.service is Service.AS_LOGGED and logged.ended is not None:
                self._ends_at(logged.ended, logged.ticket.id)
            done()
        while self._ends:
            self._step_until(self._ends[-1][0])

    def _step_until(self, at: Instant) -> None:
        """End the tickets that are due up to ``at``, and advance the desk in between."""
        # One step at a time: a deadline may assign a ticket that ends before the next one.
        while True:
            ends = self._ends[0][0] if self._ends else at
            if self._advanced(min(ends, at)):
                continue
            if not self._ends or ends > at:
                return
            self._end_at(ends)

    def _advanced(self, at: Instant) -> bool:
        """Advance the desk to its next deadline up to ``at``; return False if there is none."""
        due = self.desk.next_deadline()
        if due is None or due > at:
            return False
        self._note(self.desk.advance(at=due))
        return True

    def _end_at(self, due: Instant) -> None:
        self.closed = due
        ending: list[TicketId] = []
        while self._ends and self._ends[0][0] == due:
            ending.append(heapq.heappop(self._ends)[2])
        # Tickets without an agent first: a slot freed in this instant must not go to a ticket
        # that is over in the same instant.
        waiting = [ticket_id for ticket_id in ending if ticket_id not in self._had]
        served = [ticket_id for ticket_id in ending if ticket_id in self._had]
        for ticket_id in waiting:
            self._note(self.desk.abandon(ticket_id, at=due))
            self._drop(ticket_id)
        for ticket_id in served:
            self._had.discard(ticket_id)
            self._note(self.desk.resolve(ticket_id, at=due))
            self._drop(ticket_id)

    def _drop(self, ticket_id: TicketId) -> None:
        del self._open[ticket_id]
        self.desk.drop(ticket_id)

    def _note(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.see(event)
            match event:
                case TicketAssigned():
                    self._assigned(event)
                case TicketReleased():
                    self._had.discard(event.ticket_id)
                case TicketOffered():
                    self._rung.setdefault(event.ticket_id, event.agent_id)
                case _:
                    pass
        while self._rung:
            ticket_id = next(iter(self._rung))
            agent_id = self._rung.pop(ticket_id)
            self._note(self.desk.accept(ticket_id, agent_id, at=self.desk.now))

    def _assigned(self, event: TicketAssigned) -> None:
        self._had.add(event.ticket_id)
        logged = self._open[event.ticket_id]
        if self.service is Service.SAME_SPAN and logged.ended is not None:
            self._ends_at(event.at + logged.ended - logged.arrived, event.ticket_id)

    def _ends_at(self, at: Instant, ticket_id: TicketId) -> None:
        self._end_count += 1
        heapq.heappush(self._ends, (at, self._end_count, ticket_id))
