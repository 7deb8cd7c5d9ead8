"""Commands about a ticket at work: replies, holds, its end, and what comes after."""

from __future__ import annotations

from ticketroute.core.records import TicketRecord
from ticketroute.core.steps import Steps
from ticketroute.errors import AlreadyAssignedError, InvalidValueError
from ticketroute.model import events as ev
from ticketroute.model.checks import check_whole
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Delivery
from ticketroute.model.ticket import TicketPriority

BEST_SCORE = 100

_ASSIGNED = RoutingState.ASSIGNED  # to ask a class of enums costs a call, in Python 3.11


class Handling(Steps):
    """What happens to a ticket once it is on the desk."""

    # --- at work ----------------------------------------------------------------------------

    def reply(
        self,
        ticket_id: TicketId,
        author: ev.Author,
        *,
        agent_id: AgentId | None = None,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Note that somebody wrote; the text itself is no business of the desk.

        A requester who writes to a ticket on hold resumes it, and to a resolved one reopens it.
        Automatic replies and internal notes move nothing.

        Raises:
            AlreadyAssignedError: if an agent answers a ticket of a ``PULL`` queue that another
                agent has opened.
            TransitionError: if a requester writes to a closed ticket: that is a new one.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        if not isinstance(author, ev.Author):
            raise InvalidValueError("author", author, "an Author")
        ticket = self._ticket(ticket_id)
        if agent_id is not None:
            self._agent(agent_id)
        self._begin(at, by)
        if author is ev.Author.AGENT and agent_id is not None:
            _check_opener(ticket, agent_id)
        wakes = author is ev.Author.REQUESTER and ticket.state is RoutingState.DONE
        if wakes:
            self._check_reopenable(ticket)
        self._record(
            ev.TicketReplied(at=at, by=by, ticket_id=ticket_id, author=author, agent_id=agent_id)
        )
        if wakes:
            self._reopen(ticket, ev.Cause.REPLIED, at=at, by=by)
        elif author is ev.Author.REQUESTER and ticket.state is RoutingState.PARKED:
            self._resume(ticket, ev.Cause.REPLIED, at=at, by=by)
        return self._finish(at)

    def hold(
        self,
        ticket_id: TicketId,
        status: ev.HoldStatus = ev.HoldStatus.PENDING,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let work on a ticket rest. It keeps its agent, and counts only if its queue says so.

        On hold already, another status replaces the present one; the same again is no event.

        Raises:
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        if not isinstance(status, ev.HoldStatus):
            raise InvalidValueError("status", status, "a HoldStatus")
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        if ticket.status is not Status(status.value):
            self._recall(ticket, ev.Cause.COMMAND, at=at)
            self._record(ev.TicketHeld(at=at, by=by, ticket_id=ticket_id, status=status))
        return self._finish(at)

    def resume(
        self,
        ticket_id: TicketId,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let work on a ticket go on, as the queue's ``resume`` rule says.

        Raises:
            TransitionError: if the ticket is not on hold.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        self._check_step(ticket, ev.TicketResumed)
        self._resume(ticket, ev.Cause.COMMAND, at=at, by=by)
        return self._finish(at)

    def change_priority(
        self,
        ticket_id: TicketId,
        priority: TicketPriority,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Make a ticket more or less urgent; if it waits, it moves in its line. O(log n).

        Raises:
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            InvalidValueError: if a value is outside what its field allows.
        """
        if not isinstance(priority, TicketPriority):
            raise InvalidValueError("priority", priority, "a TicketPriority")
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        if ticket.priority is not priority:
            self._record(
                ev.TicketPriorityChanged(at=at, by=by, ticket_id=ticket_id, priority=priority)
            )
        return self._finish(at)

    # --- the end, and after -----------------------------------------------------------------

    def resolve(
        self,
        ticket_id: TicketId,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Finish a ticket. Its agent gets the next one, after wrap-up where the queue has it.

        Raises:
            AlreadyDoneError: if it is done: a completion counts once.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        if ticket.state is not _ASSIGNED:
            self._recall(ticket, ev.Cause.COMMAND, at=at)
        agent = ticket.agent
        wrap_up = ticket.queue.queue.wrap_up if ticket.state is _ASSIGNED else 0
        self._record(
            ev.resolved(
                at=at,
                by=by,
                ticket_id=ticket_id,
                agent_id=None if agent is None else agent.id,
                wrap_up_until=at + wrap_up if wrap_up else None,
            )
        )
        return self._finish(at)

    def end_wrap_up(
        self, ticket_id: TicketId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Free the slot that an agent keeps after a resolved ticket, before its time.

        No wrap-up under way is no event.

        Raises:
            UnknownTicketError: if there is no such ticket.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._end_wrap_up(ticket, ev.Cause.COMMAND, at=at, by=by)
        return self._finish(at)

    def close(
        self, ticket_id: TicketId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Close a resolved ticket for good: it can no longer be reopened. Again is no event.

        Raises:
            TransitionError: if the ticket is not done.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_step(ticket, ev.TicketClosed)
        if ticket.status is not Status.CLOSED:
            self._record(ev.TicketClosed(at=at, by=by, ticket_id=ticket_id))
        return self._finish(at)

    def reopen(
        self,
        ticket_id: TicketId,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Make a resolved ticket work again: for its last agent if eligible, else routed anew.

        Raises:
            TransitionError: if the ticket is not resolved, or is closed for good.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownQueueError: if the queue is not on the desk.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._check_version(ticket, expected_version)
        self._check_reopenable(ticket)
        self._reopen(ticket, ev.Cause.COMMAND, at=at, by=by)
        return self._finish(at)

    def abandon(
        self, ticket_id: TicketId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Note that the requester gave up before an agent had the ticket.

        Raises:
            AlreadyAssignedError: if an agent has it: resolve it instead.
            AlreadyDoneError: if the ticket is done.
            UnknownTicketError: if the ticket is not on the desk.
        """
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        if ticket.agent is not None and ticket.state is not RoutingState.DONE:
            raise AlreadyAssignedError(ticket_id, ticket.agent.id)
        self._check_not_done(ticket)
        self._recall(ticket, ev.Cause.COMMAND, at=at)
        self._record(ev.TicketAbandoned(at=at, by=by, ticket_id=ticket_id))
        return self._finish(at)

    def merge(
        self,
        ticket_id: TicketId,
        *,
        into: TicketId,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let a ticket go up in another, which keeps the earlier arrival of the two.

        Raises:
            InvalidValueError: if both are one.
            AlreadyDoneError: if either is done.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        ticket, other = self._ticket(ticket_id), self._ticket(into)
        if ticket is other:
            raise InvalidValueError("into", into, "another ticket than the one merged")
        self._begin(at, by)
        self._check_open(ticket, expected_version)
        self._check_not_done(other)
        self._recall(ticket, ev.Cause.MERGED, at=at)
        self._record(
            ev.TicketMerged(
                at=at,
                cause=ev.Cause.MERGED,
                by=by,
                ticket_id=ticket_id,
                into=into,
                arrived=min(ticket.arrived, other.arrived),
                agent_id=None if ticket.agent is None else ticket.agent.id,
            )
        )
        return self._finish(at)

    def rate(
        self, ticket_id: TicketId, score: int, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Note how satisfied the requester is, from 0 to 100; a later score replaces it.

        Raises:
            InvalidValueError: if a value is outside what its field allows.
            UnknownTicketError: if the ticket is not on the desk.
        """
        check_whole("score", score, 0, BEST_SCORE)
        ticket = self._ticket(ticket_id)
        self._begin(at, by)
        self._record(
            ev.TicketRated(
                at=at, by=by, ticket_id=ticket_id, score=score, agent_id=ticket.last_agent_id
            )
        )
        return self._finish(at)


def _check_opener(ticket: TicketRecord, agent_id: AgentId) -> None:
    """Refuse an agent's answer to a ticket of a PULL queue that somebody else has opened."""
    pulled = ticket.queue.queue.delivery is Delivery.PULL
    if ticket.state is RoutingState.DONE:
        return
    if pulled and ticket.agent is not None and ticket.agent.id != agent_id:
        raise AlreadyAssignedError(ticket.id, ticket.agent.id)
