"""How every command runs: time first, then the command, then whoever gained room.

A command checks, records events and finishes. Recording an event applies it, so the next decision
of the same command sees it. All checks come before the first event: a refused command has changed
nothing. What time alone did before a refused command has happened all the same; the next call
returns it first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ticketroute.core.chance import Chance
from ticketroute.core.gate import Gate
from ticketroute.core.handout import Handout, is_as_new, place
from ticketroute.core.records import AgentRecord, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.core.timekeeping import what_follows
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.errors import (
    InvalidValueError,
    NoRandomSourceError,
    TimeBackwardsError,
    UnknownAgentError,
    UnknownQueueError,
    UnknownTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.checks import check_id, check_instant
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults

_TOGETHER = (TimerKind.COOL_DOWN, TimerKind.RETRY)


class Conductor(ABC):
    """The rhythm that all commands share; the commands themselves are in the classes below it."""

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        self._defaults = Defaults() if defaults is None else defaults
        if not isinstance(self._defaults, Defaults):
            raise InvalidValueError("defaults", defaults, "of type Defaults")
        self._state = State(Gate(self._defaults, permits), Chance(random))
        self._events: list[ev.Event] = []
        self._fresh: list[TicketRecord] = []
        self._told: Instant = 0  # the instant that time is to reach in this call
        self._undrawn: QueueRecord | None = None  # draws, on a desk replayed without a source

    # --- time -------------------------------------------------------------------------------

    def next_deadline(self) -> Instant | None:
        """Return the earliest instant at which time alone changes something, or None. O(1)."""
        return self._state.timers.next_due()

    def advance(self, *, at: Instant) -> tuple[ev.Event, ...]:
        """Let time pass up to ``at`` and return what it caused, each event at its true instant.

        One call for a long time does the same as many calls for short ones.

        Raises:
            InvalidValueError: if ``at`` is no instant.
            TimeBackwardsError: if ``at`` lies before the last instant.
        """
        self._begin(at)
        return self._finish(at)

    # --- the rhythm -------------------------------------------------------------------------

    def _begin(self, at: Instant, by: str | None = None) -> None:
        """Check the instant, and who is named as giving a command; do what has fallen due."""
        state = self._state
        nothing_due = type(at) is int and state.now <= at < state.timers.earliest
        if nothing_due and by is None and self._undrawn is None:
            return
        self._check_call(at, by)
        if at >= state.timers.earliest:
            self._run_due(at)

    def _check_call(self, at: Instant, by: str | None) -> None:
        check_instant("at", at)
        if by is not None:
            check_id("by", by)
        if at < self._state.now:
            raise TimeBackwardsError(at, self._state.now)
        if self._undrawn is not None:
            raise NoRandomSourceError(self._undrawn.id, str(self._undrawn.queue.strategy))

    def _record(self, event: ev.Event) -> None:
        """Let the event happen and keep it for the answer."""
        state = self._state
        if not state.opened:
            opened = ev.DeskOpened(at=event.at, defaults=self._defaults)
            state.apply(opened)
            self._events.append(opened)
        state.apply(event)
        self._events.append(event)
        if state.versions and isinstance(event, ev.TicketEvent):
            for followed in what_follows(state, event):
                state.apply(followed)
                self._events.append(followed)

    def _finish(self, at: Instant) -> tuple[ev.Event, ...]:
        """Hand out what the command set loose, and return all that happened."""
        state = self._state
        if self._fresh or state.roster.gained:
            self._settle(at)
        if at >= state.timers.earliest:
            self._run_due(at)
        if at != state.now:  # nothing happened at this very instant, and yet it has come
            state.reach(at)
        events = tuple(self._events)
        self._events.clear()
        return events

    def _settle(self, at: Instant) -> None:
        gained, fresh = self._state.roster.gained, self._fresh
        if not _anything_waits(gained.values()):
            if len(fresh) == 1 and is_as_new(fresh[0]):
                for planned in place(self._state, fresh[0], at=at):
                    self._record(planned)
                fresh.clear()
            if not fresh:
                gained.clear()
                return
        handout = Handout(self._state, gained.values(), self._fresh, at=at)
        regained = {}  # whose offer ended because another queue assigned the ticket
        while (event := handout.next()) is not None:
            self._record(event)
            if isinstance(event, ev.OfferWithdrawn):
                regained[event.agent_id] = self._state.roster.agents[event.agent_id]
        gained.clear()  # not before: if the host's permits fail, the next call hands out the rest
        self._fresh.clear()
        if regained:
            gained.update(regained)
            self._settle(at)

    def _run_due(self, at: Instant) -> None:
        timers, self._told = self._state.timers, at
        while (first := timers.due(at)) is not None:
            due, timer = first
            self._fire(timer, due)
            then = timers.due(due)
            if timer.kind in _TOGETHER and then is not None and then[1].kind in _TOGETHER:
                continue  # whoever may be asked again at one instant is rung at once
            if timer.kind is TimerKind.SHIFT and then is not None and then[1].kind is timer.kind:
                continue  # nobody gets anything whose shift ends at this very instant
            self._settle(due)

    @abstractmethod
    def _fire(self, timer: Timer, at: Instant) -> None:
        """Let what was due happen: each timer's event ends or moves that timer."""

    # --- steps that commands share ----------------------------------------------------------

    def _release(
        self,
        tickets: Iterable[TicketRecord],
        *,
        cause: ev.Cause,
        at: Instant,
        by: str | None,
    ) -> list[TicketRecord]:
        """Part tickets from their agent and leave them to the handout."""
        released = list(tickets)
        for ticket in released:
            self._let_go(ticket, cause=cause, at=at, by=by)
        self._fresh.extend(released)
        return released

    def _withdraw(
        self, ticket: TicketRecord, agent_ids: Iterable[AgentId], cause: ev.Cause, *, at: Instant
    ) -> None:
        for agent_id in list(agent_ids):
            self._record(ev.withdrawn(at=at, cause=cause, ticket_id=ticket.id, agent_id=agent_id))

    def _withdraw_from(
        self, record: AgentRecord, *, at: Instant, cause: ev.Cause = ev.Cause.AWAY
    ) -> None:
        """Withdraw what an agent is asked and cannot have any more, and stop waiting for them."""
        for offer in list(record.rare.offers.values()):
            member = offer.queue.members.get(record.id)
            if member is None or not self._state.gate.is_there(member, offer.ticket.channel):
                self._withdraw(offer.record, (record.id,), cause, at=at)
                self._fresh.append(offer.record)
        for ticket in list(record.rare.reserved.values()):
            member = ticket.queue.members.get(record.id)
            if member is None or not self._state.gate.is_there(member, ticket.ticket.channel):
                self._record(ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id))
                self._fresh.append(ticket)

    def _recall(self, ticket: TicketRecord, cause: ev.Cause, *, at: Instant) -> None:
        """Withdraw every offer of a ticket and have it back, waiting."""
        if ticket.state is RoutingState.OFFERED:
            self._withdraw(ticket, ticket.offers or (), cause, at=at)
            self._let_go(ticket, cause=cause, at=at, by=None)

    def _let_go(
        self, ticket: TicketRecord, *, cause: ev.Cause, at: Instant, by: str | None
    ) -> None:
        agent_id = None if ticket.agent is None else ticket.agent.id
        self._record(
            ev.TicketReleased(at=at, cause=cause, by=by, ticket_id=ticket.id, agent_id=agent_id)
        )

    def _held_by(self, record: AgentRecord) -> list[TicketRecord]:
        """Return the tickets an agent works or has on hold, by first arrival."""
        held = [*(record.slots or {}).values(), *record.rare.parked.values()]
        return sorted(
            (ticket for ticket in held if ticket.state is not RoutingState.DONE),
            key=lambda ticket: (ticket.arrived, ticket.ordinal),
        )

    def _agent(self, agent_id: AgentId) -> AgentRecord:
        if not isinstance(agent_id, str):
            check_id("agent_id", agent_id)
        record = self._state.roster.agents.get(agent_id)
        if record is None:
            raise UnknownAgentError(agent_id)
        return record

    def _queue(self, queue_id: QueueId) -> QueueRecord:
        if not isinstance(queue_id, str):
            check_id("queue_id", queue_id)
        record = self._state.roster.queues.get(queue_id)
        if record is None:
            raise UnknownQueueError(queue_id)
        return record

    def _ticket(self, ticket_id: TicketId) -> TicketRecord:
        if not isinstance(ticket_id, str):
            check_id("ticket_id", ticket_id)
        record = self._state.tickets.get(ticket_id)
        if record is None:
            raise UnknownTicketError(ticket_id)
        return record


def _anything_waits(gained: Iterable[AgentRecord]) -> bool:
    """Say whether there is a line from which any of these agents might get a ticket."""
    for record in gained:
        member = record.first
        while member is not None:
            if member.queue.waiting:
                return True
            member = member.next
    return False
