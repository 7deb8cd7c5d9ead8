"""Commands that bring a ticket to an agent: from its arrival to its transfer."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from ticketroute.core.gate import capacity_of, rate_full, wrap_ups
from ticketroute.core.handout import next_for, place
from ticketroute.core.records import AgentRecord, QueueRecord, new_ticket
from ticketroute.core.steps import Steps
from ticketroute.core.store import asks_of
from ticketroute.errors import (
    DeadlinePassedError,
    DuplicateTicketError,
    InvalidValueError,
    NotEligibleError,
    TransitionError,
    UnknownQueueError,
    UnroutedTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.checks import check_flag, check_instant, several
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import LAST_INSTANT, Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.reasons import Reason
from ticketroute.model.ticket import Ticket


class Routing(Steps):
    """Who gets a ticket; every road to an agent passes the gate."""

    # --- coming in --------------------------------------------------------------------------

    def submit(self, ticket: Ticket, *, at: Instant, by: str | None = None) -> tuple[ev.Event, ...]:
        """Take a ticket in and give it to the agent whom its queue's strategy asks, or let it wait.

        The same ticket again, equal but for its attributes, is no event and no error.

        Raises:
            DuplicateTicketError: if the id belongs to a ticket of other content.
            UnknownQueueError: if the ticket's queue is not on the desk.
            UnroutedTicketError: if the ticket's queue is not on the desk.
            InvalidValueError: if it arrived after ``at``.

        O(log n) in the agents of the queue; see ``Demands.choose`` for tickets that few can serve.
        """
        bare = self._admissible(ticket, at)
        self._begin(at, by)
        if bare is not None:
            self._take_in(bare, at=at, by=by)
        return self._finish(at)

    def submit_many(
        self, tickets: Iterable[Ticket], *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Take tickets in one after the other, as ``submit`` does; if one is refused, none comes.

        Each sees what those before it took. For the most urgent to be served first, sort them.
        """
        bare: dict[TicketId, Ticket] = {}
        for ticket in several("tickets", tickets):
            admissible = self._admissible(ticket, at)
            if admissible is None:
                continue
            if bare.setdefault(ticket.id, admissible) != admissible:
                raise DuplicateTicketError(ticket.id)
        self._begin(at, by)
        for each in bare.values():
            self._take_in(each, at=at, by=by)
        return self._finish(at)

    def preview(
        self, ticket: Ticket, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Return what ``submit`` would return at this instant, and change nothing.

        Relaxation steps that are due at once, and what follows from them, are time's doing and
        not the submit's: they are left out, and so are the clocks that would start.

        Raises:
            DeadlinePassedError: if something is due by ``at``: advance first.
            DuplicateTicketError: and the other errors of ``submit``, as it raises them.
        """
        bare = self._admissible(ticket, at)
        self._check_call(at, by)
        due = self.next_deadline()
        if due is not None and due <= at:
            raise DeadlinePassedError(at, due)
        if bare is None:
            return ()
        with self._state.roster.seen_at(at):
            submitted = self._submitted(bare, at=at, by=by)
            as_if = new_ticket(
                id=bare.id,
                ticket=bare,
                queue=self._queue_of(bare),
                arrived=submitted.arrived,
                ordinal=self._state.submitted + 1,
                priority=bare.priority,
                asks=asks_of(bare),
            )
            return (submitted, *place(self._state, as_if, at=at))

    # --- to an agent ------------------------------------------------------------------------

    def assign(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        force: bool = False,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Give a ticket that nobody works to an agent, by a person's decision.

        ``force`` lets a supervisor pass the gate; the event says which reason was overruled.

        Raises:
            NotEligibleError: if the gate refuses and nobody forces it.
            AlreadyAssignedError: if somebody has it: transfer it instead.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        ticket, record = self._ticket(ticket_id), self._agent(agent_id)
        check_flag("force", force)
        self._begin(at, by)
        self._check_free(ticket, expected_version)
        queue = self._queue_for(ticket, record)
        exceeded = self._pass_gate(ticket, record, queue, force=force)
        self._recall(ticket, ev.Cause.MANUAL, at=at)
        if ticket.state is RoutingState.PARKED:
            self._let_go(ticket, cause=ev.Cause.MANUAL, at=at, by=by)
        self._assign(ticket, record, ev.Cause.MANUAL, exceeded, queue=queue, at=at, by=by)
        return self._finish(at)

    def take(
        self,
        agent_id: AgentId,
        ticket_id: TicketId | None = None,
        *,
        at: Instant,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Give an agent the ticket they ask for, or the most important one they may have.

        This is how a ticket leaves a ``PULL`` queue: opening it is taking it. One's own ticket
        taken again is no event. Nothing to take is no event either.

        Raises:
            AlreadyAssignedError: if somebody else was first.
            NotEligibleError: if the gate refuses this ticket or, without a ticket named, any.
            TransitionError: if the ticket is on hold.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        record = self._agent(agent_id)
        named = None if ticket_id is None else self._ticket(ticket_id)
        self._begin(at)
        if named is None:
            found = next_for(self._state, record)
            if found is None:
                self._check_could_work(record)
                return self._finish(at)
            named, queue = found
        elif named.state is RoutingState.ASSIGNED and named.agent is record:
            return self._finish(at)
        else:
            self._check_free(named, expected_version)
            self._check_step(named, ev.TicketAssigned)
            queue = self._queue_for(named, record)
            self._pass_gate(named, record, queue)
            self._recall(named, ev.Cause.TAKEN, at=at)
        self._assign(named, record, ev.Cause.TAKEN, None, queue=queue, at=at, by=agent_id)
        return self._finish(at)

    def transfer(
        self,
        ticket_id: TicketId,
        *,
        to_queue: QueueId | None = None,
        to_agent: AgentId | None = None,
        fresh_place: bool = False,
        force: bool = False,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Move a ticket to a queue, to an agent, or to an agent in a queue, or not at all.

        Moved to a queue alone, its agent keeps it if that queue lets them. It keeps its first
        arrival for its place, unless ``fresh_place``. Where it is already, is no event.

        Raises:
            NotEligibleError: if the gate refuses the agent and nobody forces it.
            InvalidValueError: if neither a queue nor an agent is named.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            UnknownQueueError: if the queue is not on the desk.
        """
        if to_queue is None and to_agent is None:
            raise InvalidValueError("to_queue or to_agent", None, "given: one of them, or both")
        ticket = self._ticket(ticket_id)
        queue = ticket.queue if to_queue is None else self._queue(to_queue)
        record = None if to_agent is None else self._agent(to_agent)
        check_flag("fresh_place", fresh_place)
        check_flag("force", force)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        arrived = at if fresh_place else ticket.arrived
        cause = ev.Cause.TRANSFERRED
        if record is None:
            waits = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
            if queue is not ticket.queue or (fresh_place and waits):
                self._recall(ticket, cause, at=at)
                self._move(ticket, queue, arrived, cause, at=at, by=by)
            return self._finish(at)
        stays = ticket.agent is record and ticket.state is RoutingState.ASSIGNED
        if stays and queue is ticket.queue:
            return self._finish(at)
        exceeded = self._pass_gate(ticket, record, queue, force=force)
        self._recall(ticket, cause, at=at)
        if not stays and ticket.agent is not None:
            self._let_go(ticket, cause=cause, at=at, by=by)
        if queue is not ticket.queue:
            self._record(
                ev.TicketTransferred(
                    at=at,
                    cause=cause,
                    by=by,
                    ticket_id=ticket_id,
                    from_queue=ticket.queue.id,
                    to_queue=queue.id,
                    arrived=arrived,
                )
            )
        if not stays:
            if ticket.state is RoutingState.PARKED:
                self._let_go(ticket, cause=cause, at=at, by=by)
            self._assign(ticket, record, cause, exceeded, at=at, by=by)
        return self._finish(at)

    def release(
        self,
        ticket_id: TicketId,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Give a ticket back to its line, where it keeps its place by first arrival.

        It may come back to the same agent, if it is the next they may have and nobody is asked
        before them.

        Raises:
            TransitionError: if nobody has it.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        self._check_step(ticket, ev.TicketReleased)
        if ticket.state is RoutingState.OFFERED:
            raise TransitionError(ticket_id, ticket.state.value, ev.TicketReleased.__name__)
        self._release((ticket,), cause=ev.Cause.RELEASED, at=at, by=by)
        return self._finish(at)

    # --- steps ------------------------------------------------------------------------------

    def _admissible(self, ticket: Ticket, at: Instant) -> Ticket | None:
        """Return a ticket as the desk keeps it, or None if it is on the desk already."""
        if type(at) is not int or not 0 <= at <= LAST_INSTANT:
            check_instant("at", at)
        if not isinstance(ticket, Ticket):
            raise InvalidValueError("ticket", ticket, "a Ticket")
        bare = evolve(ticket, attributes=EMPTY) if ticket.attributes else ticket
        known = self._state.tickets.get(ticket.id)
        if known is not None:
            if known.ticket != bare:
                raise DuplicateTicketError(ticket.id)
            return None
        if ticket.arrived is not None and ticket.arrived > at:
            raise InvalidValueError("Ticket.arrived", ticket.arrived, f"no later than at={at}")
        if ticket.queue not in self._state.roster.queues:
            self._queue_of(ticket)
        return bare

    def _queue_of(self, ticket: Ticket) -> QueueRecord:
        queue_id = ticket.queue or self._state.gate.defaults.queue
        if queue_id is None:
            raise UnroutedTicketError(ticket.id)
        queue = self._state.roster.queues.get(queue_id)
        if queue is None:
            raise UnknownQueueError(queue_id)
        return queue

    def _take_in(self, ticket: Ticket, *, at: Instant, by: str | None) -> None:
        self._record(self._submitted(ticket, at=at, by=by))
        for event in place(self._state, self._state.tickets[ticket.id], at=at):
            self._record(event)

    def _submitted(self, ticket: Ticket, *, at: Instant, by: str | None) -> ev.TicketSubmitted:
        return ev.submitted(
            at=at,
            by=by,
            ticket_id=ticket.id,
            ticket=ticket,
            queue_id=ticket.queue or self._queue_of(ticket).id,
            arrived=at if ticket.arrived is None else ticket.arrived,
        )

    def _check_could_work(self, record: AgentRecord) -> None:
        """Refuse an agent who may get no ticket at all; one who may just found none."""
        if record.first is None:
            raise NotEligibleError(record.id, None, Reason.NOT_MEMBER.value)
        if record.presence is not Presence.AVAILABLE:
            raise NotEligibleError(record.id, None, record.presence.value)
        if not record.rare.on_shift:
            raise NotEligibleError(record.id, None, Reason.OFF_SHIFT.value)
        if any(self._state.gate.is_open(member) for member in record.members):
            return
        full = record.load >= capacity_of(record.agent, self._state.gate.defaults)
        reason = Reason.QUEUE_LIMIT
        if full and wrap_ups(record):
            reason = Reason.WRAP_UP
        elif record.rare.cooling_until is not None:
            reason = Reason.COOLING_DOWN
        elif full:
            reason = Reason.AGENT_LIMIT
        elif rate_full(record, (), None):
            reason = Reason.RATE_LIMIT
        raise NotEligibleError(record.id, None, reason.value)
