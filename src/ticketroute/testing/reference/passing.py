"""Checks and moves of commands about one ticket."""

from __future__ import annotations

from ticketroute.errors import (
    AlreadyAssignedError,
    AlreadyDoneError,
    ConflictError,
    InvalidValueError,
    NotEligibleError,
    TransitionError,
)
from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import ResumeRule
from ticketroute.testing.reference.choosing import Choice
from ticketroute.testing.reference.facts import QueueFacts, TicketFacts
from ticketroute.testing.reference.rhythm import Rhythm


class Passing(Rhythm):
    """What a ticket goes through in more than one command."""

    def check_version(self, ticket: TicketFacts, expected: int | None) -> None:
        """Refuse a decision that something has overtaken."""
        if expected is None:
            return
        if expected < 0:
            raise InvalidValueError("expected_version", expected, "0 or more")
        if expected != ticket.version:
            raise ConflictError(ticket.id, expected, ticket.version)

    def check_not_done(self, ticket: TicketFacts) -> None:
        """Refuse a ticket that is done."""
        if ticket.state is RoutingState.DONE:
            raise AlreadyDoneError(ticket.id)

    def check_free(self, ticket: TicketFacts, expected: int | None) -> None:
        """Refuse a ticket that somebody works, that is done, or that has changed."""
        if ticket.state is RoutingState.ASSIGNED and ticket.agent is not None:
            raise AlreadyAssignedError(ticket.id, ticket.agent)
        self.check_not_done(ticket)
        self.check_version(ticket, expected)

    def refuse_step(self, ticket: TicketFacts, step: type[ev.Event]) -> None:
        """Refuse what has no place in a ticket's life now."""
        raise TransitionError(ticket.id, ticket.state.value, step.__name__)

    def why_not(self, ticket: TicketFacts, agent_id: AgentId, queue: QueueFacts) -> str | None:
        """Return why an agent may not have a ticket, what they hold of it left out."""
        ask = self.ask(ticket, queue, asked=False)
        return self.reason(agent_id, ask, without=ticket.id)

    def pass_gate(
        self, ticket: TicketFacts, agent_id: AgentId, queue: QueueFacts, *, force: bool = False
    ) -> str | None:
        """Refuse an agent who may not have it, or return which reason force overrules."""
        reason = self.why_not(ticket, agent_id, queue)
        if reason is not None and not force:
            raise NotEligibleError(agent_id, ticket.id, reason)
        return reason

    def queue_for(self, ticket: TicketFacts, agent_id: AgentId) -> QueueFacts:
        """Return through which of its queues an agent gets a ticket."""
        serves = [queue for queue in ticket.queues if agent_id in queue.members]
        lets = [queue for queue in serves if self.why_not(ticket, agent_id, queue) is None]
        return [*lets, *serves, ticket.queue][0]

    def assign_to(
        self,
        ticket: TicketFacts,
        agent_id: AgentId,
        queue: QueueFacts,
        cause: ev.Cause,
        at: int,
        by: str | None,
        exceeded: str | None = None,
    ) -> None:
        """Give a ticket to an agent whom somebody named."""
        self.record(
            ev.TicketAssigned(
                at=at,
                cause=cause,
                by=by,
                ticket_id=ticket.id,
                queue_id=queue.queue.id,
                agent_id=agent_id,
                cost=self.cost_for(ticket, agent_id),
                exceeded=exceeded,
            )
        )

    def cost_for(self, ticket: TicketFacts, agent_id: AgentId) -> int:
        """Return what a ticket takes of an agent's capacity."""
        return self.cost(self.agents[agent_id].agent, self.ask(ticket, ticket.queue))

    def move(
        self,
        ticket: TicketFacts,
        target: QueueFacts,
        arrived: int,
        cause: ev.Cause,
        at: int,
        by: str | None,
    ) -> None:
        """Move a ticket to another queue; its agent keeps it if that queue lets them."""
        if ticket.agent is not None and not self.may_keep(ticket, ticket.agent, target):
            self.let_go(ticket, cause, at, by)
        self.record(self.transferred(ticket, target, arrived, cause, at, by))
        if ticket.state is RoutingState.WAITING:
            self.fresh.append(ticket)

    def transferred(
        self,
        ticket: TicketFacts,
        target: QueueFacts,
        arrived: int,
        cause: ev.Cause,
        at: int,
        by: str | None,
    ) -> ev.Event:
        """Return the event by which a ticket moves to another queue."""
        return ev.TicketTransferred(
            at=at,
            cause=cause,
            by=by,
            ticket_id=ticket.id,
            from_queue=ticket.queue.queue.id,
            to_queue=target.queue.id,
            arrived=arrived,
        )

    def may_keep(self, ticket: TicketFacts, agent_id: AgentId, target: QueueFacts) -> bool:
        """Say whether the agent of a ticket keeps it in another queue."""
        begins_to_count = target.queue.parked_counts and not ticket.counts
        if ticket.state is RoutingState.PARKED and not begins_to_count:
            return agent_id in target.members
        return self.why_not(ticket, agent_id, target) is None

    def go_on(self, ticket: TicketFacts, cause: ev.Cause, at: int, by: str | None) -> None:
        """Let a ticket come back from hold: to its agent if it may, else to its line."""
        agent_id = ticket.agent
        sticky = ticket.queue.queue.resume is ResumeRule.STICKY
        if agent_id is not None and (
            sticky or self.why_not(ticket, agent_id, ticket.queue) in (None, "rate_limit")
        ):
            cost = self.cost_for(ticket, agent_id)
            self.record(
                ev.TicketResumed(
                    at=at, cause=cause, by=by, ticket_id=ticket.id, agent_id=agent_id, cost=cost
                )
            )
            return
        self.let_go(ticket, ev.Cause.RESUMED, at, by)
        self.fresh.append(ticket)

    def check_reopenable(self, ticket: TicketFacts) -> None:
        """Refuse what is not resolved, or whose queue is gone."""
        if ticket.status is not Status.RESOLVED:
            raise TransitionError(ticket.id, ticket.status.value, ev.TicketReopened.__name__)
        self.known_queue(ticket.queue.queue.id)

    def work_again(self, ticket: TicketFacts, cause: ev.Cause, at: int, by: str | None) -> None:
        """Make a resolved ticket work again, at once for whom it wishes for."""
        self.free_wrap_up(ticket, ev.Cause.REOPENED, at, by)
        self.record(ev.TicketReopened(at=at, cause=cause, by=by, ticket_id=ticket.id))
        wish = self.wish(ticket, ticket.queue)
        if wish is not None:
            ask = self.ask(ticket, ticket.queue)
            self.record(self.hand_over(ticket, ask, Choice(wish[0]), wish[1], at))
        self.fresh.append(ticket)  # its queue may ask several at once

    def free_wrap_up(self, ticket: TicketFacts, cause: ev.Cause, at: int, by: str | None) -> None:
        """End a wrap-up before its time, if there is one."""
        if ticket.wrap_up_until is not None and ticket.agent is not None:
            self.record(
                ev.WrapUpEnded(
                    at=at, cause=cause, by=by, agent_id=ticket.agent, ticket_id=ticket.id
                )
            )
