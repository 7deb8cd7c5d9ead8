"""What several events do to the facts: seats, figures of a window, instants to come."""

from __future__ import annotations

from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing.reference.facts import QueueFacts, Seats, TicketFacts
from ticketroute.testing.reference.order import Order
from ticketroute.testing.reference.spec import has_tiers, takes_turns, window_of


class Upkeep(Order):
    """Changes that more than one event brings."""

    def watch(self) -> None:
        """Note from which event on a span is looked at, and forget spans that nobody needs."""
        spans = {window_of(queue.queue.strategy) for queue in self.queues.values()}
        wanted = {span for span in spans if span is not None}
        for gone in self.watched.keys() - wanted:
            del self.watched[gone]
        for new in wanted - self.watched.keys():
            self.watched[new] = self.events + 1

    def seat(self, order: list[AgentId] | None) -> None:
        """Give a seat to whoever has room for the first time, in the order of the list."""
        for queue in self.queues.values():
            if takes_turns(queue.queue.strategy):
                for agent_id in order or queue.members:
                    if agent_id in queue.members and self.is_open(agent_id, queue):
                        self.seats(queue, agent_id).sit(agent_id)

    def seats(self, queue: QueueFacts, agent_id: AgentId) -> Seats:
        """Return the seats of an agent's tier, or of the queue where it has no tiers."""
        tier = self.tier(queue, agent_id) if has_tiers(queue.queue.strategy) else 0
        return queue.seats.setdefault(tier, Seats())

    def note(self, agent_id: AgentId, *, taken: int = 0, handled: int = 0) -> None:
        """Write down a ticket taken, or work that ended."""
        self.history.append((self.events, self.now, agent_id, taken, handled))

    def stop_work(self, ticket: TicketFacts) -> None:
        """Let the present stretch of work end."""
        if ticket.agent is not None and ticket.since is not None:
            self.note(ticket.agent, handled=self.now - ticket.since)
        ticket.since = None

    def part(self, ticket: TicketFacts) -> None:
        """Part a ticket from its agent, if it has one."""
        self.stop_work(ticket)
        if ticket.agent is not None:
            self.agents[ticket.agent].ended_at = self.now
        self.end_conversation(ticket)
        ticket.agent, ticket.cost = None, 0

    # --- what time will do ------------------------------------------------------------------

    def start_wait(self, ticket: TicketFacts) -> None:
        """Start the search for an agent: it asks what it asked at first."""
        self.end_wait(ticket)
        ticket.skills, ticket.reach = dict(ticket.ticket.skills), None
        ticket.waiting_since, ticket.relaxed, ticket.waited_for = self.now, 0, False
        self.time_relaxation(ticket)

    def end_wait(self, ticket: TicketFacts) -> None:
        """Let the search for an agent end."""
        if ticket.waiting_since is not None:
            ticket.waiting_since, ticket.relax_at, ticket.added = None, None, []
            ticket.reserved, ticket.reserve_until = None, None
            ticket.tried = {}

    def time_relaxation(self, ticket: TicketFacts) -> None:
        """Set when the next step of the schedule is due."""
        steps = ticket.queue.queue.relaxations[ticket.relaxed :]
        if ticket.waiting_since is None or not steps:
            ticket.relax_at = None
        else:
            ticket.relax_at = max(ticket.waiting_since + steps[0].after, self.now)

    def time_answer(self, ticket: TicketFacts) -> None:
        """Set by when an agent has to write, unless that is set."""
        within = ticket.queue.queue.respond_within
        if within is not None and ticket.respond_by is None:
            ticket.respond_by = self.now + within

    def time_silence(self, ticket: TicketFacts) -> None:
        """Set when a conversation without a word goes on hold."""
        after = ticket.queue.queue.idle_after
        if after is not None and ticket.state is RoutingState.ASSIGNED:
            ticket.idle_at = self.now + after

    def end_conversation(self, ticket: TicketFacts) -> None:
        """Wait for nobody's words any more."""
        ticket.respond_by = ticket.idle_at = None

    def start_grace(self, agent_id: AgentId) -> None:
        """Give an agent who is offline and yet has work the grace to come back."""
        known = self.agents[agent_id]
        works = any(t.state is RoutingState.ASSIGNED for t in self.slots(agent_id))
        if self.is_gone(agent_id) and works and known.grace_until is None:
            known.grace_until = self.now + self.defaults.grace

    def trim_rate(self, agent_id: AgentId) -> None:
        """Forget assignments that the rate limit counts no more."""
        known, rate = self.agents[agent_id], self.rate_limit(agent_id)
        span = 0 if rate is None else rate.span
        known.recent = [at for at in known.recent if at + span > self.now and rate is not None]
