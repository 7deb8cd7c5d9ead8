"""The commands that bring a ticket to an agent."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from ticketroute.errors import (
    AlreadyAssignedError,
    DuplicateTicketError,
    InvalidValueError,
    NotEligibleError,
    NotOfferedError,
    OfferGoneError,
    UnroutedTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ticket import Ticket
from ticketroute.testing.reference.agreements import Agreements, Events
from ticketroute.testing.reference.facts import OfferFacts, QueueFacts, TicketFacts


class Routing(Agreements):
    """Arrivals, and every road to an agent."""

    def submit(self, ticket: Ticket, *, at: int, by: str | None = None) -> Events:
        """Take a ticket in."""
        bare = self.admitted(ticket, at)
        self.begin(at)
        if bare is not None:
            self.take_in(bare, at, by)
        return self.finish(at)

    def submit_many(self, tickets: Iterable[Ticket], *, at: int, by: str | None = None) -> Events:
        """Take several in, or none of them."""
        admitted: dict[TicketId, Ticket] = {}
        for ticket in tickets:
            bare = self.admitted(ticket, at)
            if bare is not None and admitted.setdefault(bare.id, bare) != bare:
                raise DuplicateTicketError(ticket.id)
        self.begin(at)
        for bare in admitted.values():
            self.take_in(bare, at, by)
        return self.finish(at)

    def admitted(self, ticket: Ticket, at: int) -> Ticket | None:
        """Return the ticket as it is kept; None if it is there already."""
        bare = evolve(ticket, attributes={})
        if ticket.id in self.tickets:
            if self.tickets[ticket.id].ticket != bare:
                raise DuplicateTicketError(ticket.id)
            return None
        if ticket.arrived is not None and ticket.arrived > at:
            raise InvalidValueError("Ticket.arrived", ticket.arrived, f"no later than at={at}")
        self.queue_of(ticket)
        return bare

    def queue_of(self, ticket: Ticket) -> QueueFacts:
        """Return the queue that a ticket names, or the default one."""
        queue_id = ticket.queue or self.defaults.queue
        if queue_id is None:
            raise UnroutedTicketError(ticket.id)
        return self.known_queue(queue_id)

    def take_in(self, ticket: Ticket, at: int, by: str | None) -> None:
        """Let a ticket come in and find its agent or its place."""
        self.record(
            ev.TicketSubmitted(
                at=at,
                by=by,
                ticket_id=ticket.id,
                ticket=ticket,
                queue_id=self.queue_of(ticket).queue.id,
                arrived=at if ticket.arrived is None else ticket.arrived,
            )
        )
        for event in self.place_new(self.tickets[ticket.id], at):
            self.record(event)

    # --- by a person's decision -------------------------------------------------------------

    def assign(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        force: bool = False,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Give a ticket to an agent whom a person chose."""
        ticket, agent_id = self.known_ticket(ticket_id), self.known_agent(agent_id)
        self.begin(at)
        self.check_free(ticket, expected_version)
        queue = self.queue_for(ticket, agent_id)
        exceeded = self.pass_gate(ticket, agent_id, queue, force=force)
        self.recall(ticket, ev.Cause.MANUAL, at)
        if ticket.state is RoutingState.PARKED:
            self.let_go(ticket, ev.Cause.MANUAL, at, by)
        self.assign_to(ticket, agent_id, queue, ev.Cause.MANUAL, at, by, exceeded)
        return self.finish(at)

    def take(
        self,
        agent_id: AgentId,
        ticket_id: TicketId | None = None,
        *,
        at: int,
        expected_version: int | None = None,
    ) -> Events:
        """Give an agent the ticket they ask for, or the best they may have."""
        self.known_agent(agent_id)
        ticket = None if ticket_id is None else self.known_ticket(ticket_id)
        self.begin(at)
        if ticket is None:
            found = self.best_for(agent_id)
            if found is None:
                self.check_could_work(agent_id)
                return self.finish(at)
            ticket, queue = found
        elif ticket.state is RoutingState.ASSIGNED and ticket.agent == agent_id:
            return self.finish(at)
        else:
            self.check_free(ticket, expected_version)
            if ticket.state is RoutingState.PARKED:
                self.refuse_step(ticket, ev.TicketAssigned)
            queue = self.queue_for(ticket, agent_id)
            self.pass_gate(ticket, agent_id, queue)
            self.recall(ticket, ev.Cause.TAKEN, at)
        self.assign_to(ticket, agent_id, queue, ev.Cause.TAKEN, at, agent_id)
        return self.finish(at)

    def best_for(self, agent_id: AgentId) -> tuple[TicketFacts, QueueFacts] | None:
        """Return the best waiting ticket that an agent may have, and through which queue."""
        firsts: list[tuple[TicketFacts, QueueFacts]] = []
        for queue in self.agents[agent_id].serves:
            line = [each for each in self.line(queue) if each.state is RoutingState.WAITING]
            may = [t for t in line if self.reason(agent_id, self.ask(t, queue)) is None]
            firsts.extend((ticket, queue) for ticket in may[:1])
        return min(firsts, key=lambda found: self.rank(*found), default=None)

    def check_could_work(self, agent_id: AgentId) -> None:
        """Refuse an agent who may get no ticket at all."""
        known = self.agents[agent_id]
        wraps_up = any(slot.wrap_up_until is not None for slot in self.slots(agent_id))
        full = self.load(agent_id) >= self.capacity(agent_id)
        if not known.serves:
            reason = "not_member"
        elif known.presence is not Presence.AVAILABLE:
            reason = str(known.presence.value)
        elif not known.on_shift:
            reason = "off_shift"
        elif any(self.is_open(agent_id, queue) for queue in known.serves):
            return
        elif full and wraps_up:
            reason = "wrap_up"
        elif known.cooling_until is not None:
            reason = "cooling_down"
        elif full:
            reason = "agent_limit"
        else:
            reason = "rate_limit" if self.rate_full(agent_id) else "queue_limit"
        raise NotEligibleError(agent_id, None, reason)

    def transfer(
        self,
        ticket_id: TicketId,
        *,
        to_queue: QueueId | None = None,
        to_agent: AgentId | None = None,
        fresh_place: bool = False,
        force: bool = False,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Move a ticket to a queue, to an agent, or to an agent in a queue."""
        if to_queue is None and to_agent is None:
            raise InvalidValueError("to_queue or to_agent", None, "given: one of them, or both")
        ticket = self.known_ticket(ticket_id)
        queue = ticket.queue if to_queue is None else self.known_queue(to_queue)
        agent_id = None if to_agent is None else self.known_agent(to_agent)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        arrived = at if fresh_place else ticket.arrived
        cause = ev.Cause.TRANSFERRED
        if agent_id is None:
            waits = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
            if queue is not ticket.queue or (fresh_place and waits):
                self.recall(ticket, cause, at)
                self.move(ticket, queue, arrived, cause, at, by)
            return self.finish(at)
        stays = ticket.agent == agent_id and ticket.state is RoutingState.ASSIGNED
        if stays and queue is ticket.queue:
            return self.finish(at)
        exceeded = self.pass_gate(ticket, agent_id, queue, force=force)
        self.recall(ticket, cause, at)
        if not stays and ticket.agent is not None:
            self.let_go(ticket, cause, at, by)
        if queue is not ticket.queue:
            self.record(self.transferred(ticket, queue, arrived, cause, at, by))
        if not stays:
            if ticket.state is RoutingState.PARKED:
                self.let_go(ticket, cause, at, by)
            self.assign_to(ticket, agent_id, ticket.queue, cause, at, by, exceeded)
        return self.finish(at)

    def release(
        self,
        ticket_id: TicketId,
        *,
        at: int,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Give a ticket back to its line."""
        ticket = self.known_ticket(ticket_id)
        self.begin(at)
        self.check_version(ticket, expected_version)
        self.check_not_done(ticket)
        if ticket.state in (RoutingState.WAITING, RoutingState.OFFERED):
            self.refuse_step(ticket, ev.TicketReleased)
        self.release_all([ticket], ev.Cause.RELEASED, at, by)
        return self.finish(at)

    # --- answers to offers ------------------------------------------------------------------

    def accept(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        at: int,
        expected_version: int | None = None,
    ) -> Events:
        """Let an agent have what they were offered."""
        ticket, agent_id = self.known_ticket(ticket_id), self.known_agent(agent_id)
        self.begin(at)
        offer = self.open_offer(ticket, agent_id)
        self.check_version(ticket, expected_version)
        others = [who for who in ticket.offers if who != agent_id]
        self.withdraw(ticket, others, ev.Cause.ANSWERED, at)
        self.record(
            ev.TicketAssigned(
                at=at,
                cause=ev.Cause.ACCEPTED,
                by=agent_id,
                ticket_id=ticket_id,
                queue_id=offer.queue.queue.id,
                agent_id=agent_id,
                cost=offer.cost,
                key=offer.event.key,
                runner_up=offer.event.runner_up,
                strategy=offer.event.strategy,
            )
        )
        return self.finish(at)

    def decline(
        self, ticket_id: TicketId, agent_id: AgentId, *, reason: str = "declined", at: int
    ) -> Events:
        """Let an agent say no."""
        ticket, agent_id = self.known_ticket(ticket_id), self.known_agent(agent_id)
        self.begin(at)
        policy = self.open_offer(ticket, agent_id).queue.queue.offer
        cool = policy.cool_down.get(reason, policy.cool_down.get("declined"))
        retry = policy.retry_declined_after
        self.record(
            ev.OfferDeclined(
                at=at,
                by=agent_id,
                ticket_id=ticket_id,
                agent_id=agent_id,
                reason=reason,
                retry_at=None if retry is None else at + retry,
                cool_until=None if cool is None else at + cool,
            )
        )
        self.fresh.append(ticket)
        return self.finish(at)

    def open_offer(self, ticket: TicketFacts, agent_id: AgentId) -> OfferFacts:
        """Return an open offer, or say what became of it."""
        if agent_id in ticket.offers:
            return ticket.offers[agent_id]
        if agent_id not in ticket.asked:
            raise NotOfferedError(ticket.id, agent_id)
        has = ticket.agent is not None or ticket.state is RoutingState.DONE
        raise OfferGoneError(ticket.id, agent_id, ticket.last_agent if has else None)

    def check_opener(self, ticket: TicketFacts, agent_id: AgentId) -> None:
        """Refuse an answer to a ticket that another agent has opened."""
        pulled = ticket.queue.queue.delivery.value == "pull"
        another = ticket.agent is not None and ticket.agent != agent_id
        if pulled and another and ticket.agent and ticket.state is not RoutingState.DONE:
            raise AlreadyAssignedError(ticket.id, ticket.agent)
