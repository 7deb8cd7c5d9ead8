"""The commands about a ticket at work, its end, and what comes after."""

from __future__ import annotations

from ticketroute.errors import AlreadyAssignedError, InvalidValueError
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.testing.reference.agreements import Events
from ticketroute.testing.reference.routing import Routing


class Handling(Routing):
    """What happens to a ticket once it is on the desk."""

    def reply(
        self,
        ticket_id: TicketId,
        author: ev.Author,
        *,
        agent_id: AgentId | None = None,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Note that somebody wrote."""
        ticket = self.known_ticket(ticket_id)
        if agent_id is not None:
            self.known_agent(agent_id)
        self.begin(at)
        if author is ev.Author.AGENT and agent_id is not None:
            self.check_opener(ticket, agent_id)
        from_requester = author is ev.Author.REQUESTER
        was = ticket.state
        if from_requester and was is RoutingState.DONE:
            self.check_reopenable(ticket)
        self.record(
            ev.TicketReplied(at=at, by=by, ticket_id=ticket_id, author=author, agent_id=agent_id)
        )
        if from_requester and was is RoutingState.DONE:
            self.work_again(ticket, ev.Cause.REPLIED, at, by)
        elif from_requester and was is RoutingState.PARKED:
            self.go_on(ticket, ev.Cause.REPLIED, at, by)
        return self.finish(at)

    def hold(
        self,
        ticket_id: TicketId,
        status: ev.HoldStatus = ev.HoldStatus.PENDING,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Let work on a ticket rest."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        if ticket.status.value != status.value:
            self.recall(ticket, ev.Cause.COMMAND, at)
            self.record(ev.TicketHeld(at=at, by=by, ticket_id=ticket_id, status=status))
        return self.finish(at)

    def resume(
        self,
        ticket_id: TicketId,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Let work on a ticket go on."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        if ticket.state is not RoutingState.PARKED:
            self.refuse_step(ticket, ev.TicketResumed)
        self.go_on(ticket, ev.Cause.COMMAND, at, by)
        return self.finish(at)

    def change_priority(
        self,
        ticket_id: TicketId,
        priority: TicketPriority,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Make a ticket more or less urgent."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        if ticket.priority != priority:
            self.record(
                ev.TicketPriorityChanged(at=at, by=by, ticket_id=ticket_id, priority=priority)
            )
        return self.finish(at)

    def resolve(
        self,
        ticket_id: TicketId,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Finish a ticket."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        self.recall(ticket, ev.Cause.COMMAND, at)
        worked = ticket.state is RoutingState.ASSIGNED
        wrap_up = ticket.queue.queue.wrap_up if worked else 0
        self.record(
            ev.TicketResolved(
                at=at,
                by=by,
                ticket_id=ticket_id,
                agent_id=ticket.agent,
                wrap_up_until=at + wrap_up if wrap_up else None,
            )
        )
        return self.finish(at)

    def end_wrap_up(self, ticket_id: TicketId, *, at: int, by: str | None = None) -> Events:
        """Free a slot before its time."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.free_wrap_up(ticket, ev.Cause.COMMAND, at, by)
        return self.finish(at)

    def close(self, ticket_id: TicketId, *, at: int, by: str | None = None) -> Events:
        """Close a resolved ticket for good."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        if ticket.state is not RoutingState.DONE:
            self.refuse_step(ticket, ev.TicketClosed)
        if ticket.status is not Status.CLOSED:
            self.record(ev.TicketClosed(at=at, by=by, ticket_id=ticket_id))
        return self.finish(at)

    def reopen(
        self,
        ticket_id: TicketId,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Make a resolved ticket work again."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_reopenable(ticket)
        self.work_again(ticket, ev.Cause.COMMAND, at, by)
        return self.finish(at)

    def abandon(self, ticket_id: TicketId, *, at: int, by: str | None = None) -> Events:
        """Note that the requester gave up."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        if ticket.agent is not None and ticket.state is not RoutingState.DONE:
            raise AlreadyAssignedError(ticket_id, ticket.agent)
        self.check_not_done(ticket)
        self.recall(ticket, ev.Cause.COMMAND, at)
        self.record(ev.TicketAbandoned(at=at, by=by, ticket_id=ticket_id))
        return self.finish(at)

    def merge(
        self,
        ticket_id: TicketId,
        *,
        into: TicketId,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Let a ticket go up in another."""
        ticket, other = self.known_ticket(ticket_id), self.known_ticket(into)
        if ticket is other:
            raise InvalidValueError("into", into, "another ticket than the one merged")
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        self.check_not_done(other)
        self.recall(ticket, ev.Cause.MERGED, at)
        self.record(
            ev.TicketMerged(
                at=at,
                cause=ev.Cause.MERGED,
                by=by,
                ticket_id=ticket_id,
                into=into,
                arrived=min(ticket.arrived, other.arrived),
                agent_id=ticket.agent,
            )
        )
        return self.finish(at)

    def rate(self, ticket_id: TicketId, score: int, *, at: int, by: str | None = None) -> Events:
        """Note how satisfied the requester is."""
        if not 0 <= score <= 100:
            raise InvalidValueError("score", score, "from 0 to 100")
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.record(
            ev.TicketRated(
                at=at, by=by, ticket_id=ticket_id, score=score, agent_id=ticket.last_agent
            )
        )
        return self.finish(at)
