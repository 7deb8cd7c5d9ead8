"""In which order: lines are sorted whenever somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import LAST_INSTANT
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, PriorityThenAge
from ticketroute.model.queue import Delivery
from ticketroute.testing.reference.facts import QueueFacts, TicketFacts
from ticketroute.testing.reference.gate import Gate

BUSY = (
    "wrap_up",
    "cooling_down",
    "channel_limit",
    "queue_limit",
    "agent_limit",
    "rate_limit",
)


class Order(Gate):
    """Questions who goes first."""

    def place(self, ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
        """Return where a ticket stands, from the words of each order and not from its code."""
        order, arrived = queue.queue.order, ticket.arrived
        if isinstance(order, Lifo):
            return (-arrived, -ticket.ordinal)
        if isinstance(order, Aged):
            return (arrived + ticket.priority * order.per_level, ticket.ordinal)
        by_priority = (ticket.priority, arrived, ticket.ordinal)
        if isinstance(order, EarliestDeadline):
            due = self.due(ticket)
            return (LAST_INSTANT + 1 if due is None else due, *by_priority)
        assert isinstance(order, PriorityThenAge)
        return by_priority

    def line(self, queue: QueueFacts) -> list[TicketFacts]:
        """Return the tickets that stand in the queue's line, in order."""
        mine = [t for t in self.tickets.values() if t.in_line and queue in t.queues]
        return sorted(mine, key=lambda ticket: self.place(ticket, queue))

    def seeking(self, queue: QueueFacts) -> list[TicketFacts]:
        """Return the queue's tickets that look for agents, in line or just come loose, in order."""
        mine = [t for t in self.tickets.values() if t.wants and queue in t.queues]
        return sorted(mine, key=lambda ticket: self.place(ticket, queue))

    def fronts(self) -> Iterator[tuple[QueueFacts, TicketFacts]]:
        """Yield of each queue that hands out by itself the first ticket that somebody may have."""
        for queue in self.queues.values():
            if queue.queue.delivery is not Delivery.PULL:
                for ticket in self.seeking(queue):
                    if self.may_wait(ticket) and self.wish(ticket, queue) is None:
                        continue
                    if self.eligible(self.ask(ticket, queue)):
                        yield queue, ticket
                        break

    def wishes(self, ticket: TicketFacts) -> list[tuple[AgentId, ev.Cause]]:
        """Return whom a ticket asks before any strategy is asked, and why."""
        keeps = ticket.queue.queue.keep_agent and ticket.ticket.requester is not None
        kept = self.last_agent_of.get(ticket.ticket.requester or "") if keeps else None
        wishes = (
            (ticket.came_from, ev.Cause.LAST_AGENT),
            (ticket.ticket.prefer, ev.Cause.PREFERRED),
            (kept, ev.Cause.LAST_AGENT),
        )
        return [(agent_id, cause) for agent_id, cause in wishes if agent_id is not None]

    def wish(self, ticket: TicketFacts, queue: QueueFacts) -> tuple[AgentId, ev.Cause] | None:
        """Return who is to get a ticket before any strategy is asked, and why."""
        ask = self.ask(ticket, queue)
        for agent_id, cause in self.wishes(ticket):
            if agent_id not in ticket.lifted and self.reason(agent_id, ask) is None:
                return agent_id, cause
        return None

    def waits_for(self, ticket: TicketFacts) -> AgentId | None:
        """Return for which agent, who is there and busy, a ticket is to wait."""
        queue = ticket.queue
        waits = ticket.state is RoutingState.WAITING and not ticket.waited_for
        if not queue.queue.affinity_wait or not waits:
            return None
        ask = self.ask(ticket, queue)
        for agent_id, _ in self.wishes(ticket):
            untried = agent_id not in ticket.tried
            busy = untried and self.reason(agent_id, ask) in BUSY
            if busy and self.fits(agent_id, ask):
                return agent_id
        return None

    def may_wait(self, ticket: TicketFacts) -> bool:
        """Say whether a ticket that came loose waits for an agent before it goes to another."""
        return not ticket.in_line and self.waits_for(ticket) is not None

    def rank(self, ticket: TicketFacts, queue: QueueFacts) -> tuple[int, ...]:
        """Return the order between queues: their weight, priority, arrival."""
        return (-queue.queue.weight, ticket.priority, ticket.arrived, ticket.ordinal)

    def members_with_room(self, queue: QueueFacts) -> list[AgentId]:
        """Return who might get some ticket of a queue."""
        return [who for who in queue.members if self.is_open(who, queue)]
