"""Who has what: added up anew at every question, from everything that is known."""

from __future__ import annotations

from ticketroute.model.agent import Agent, RateLimit
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, QueueId, TicketId
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults
from ticketroute.testing.reference.calendar import Edition
from ticketroute.testing.reference.clocks import Agreed
from ticketroute.testing.reference.facts import (
    AgentFacts,
    Holding,
    OfferFacts,
    QueueFacts,
    TicketFacts,
)


class Holdings:
    """Facts, and questions about them that are answered by looking at everybody."""

    def __init__(self, defaults: Defaults, permits: Permits | None) -> None:
        self.defaults, self.permits = defaults, permits
        self.agents: dict[AgentId, AgentFacts] = {}
        self.queues: dict[QueueId, QueueFacts] = {}
        self.tickets: dict[TicketId, TicketFacts] = {}
        self.now = 0
        self.assignments = 0
        self.events = 0
        self.history: list[tuple[int, int, AgentId, int, int]] = []  # no., at, who, taken, handled
        self.watched: dict[int, int] = {}  # span -> number of the event it is counted from
        self.last_agent_of: dict[str, AgentId] = {}
        self.calendars: dict[CalendarId, list[Edition]] = {}
        self.agreements: list[Agreed] = []  # the policies that hold, in their order
        self.versions: dict[PolicyId, Agreed] = {}  # the last of every name
        self.unsettled = (
            False  # offers ended because another queue assigns: who had them comes last
        )

    # --- who has what -----------------------------------------------------------------------

    def slots(self, agent_id: AgentId) -> list[TicketFacts]:
        """Return what counts towards an agent's load, offers aside."""
        return [t for t in self.tickets.values() if t.agent == agent_id and t.counts]

    def parked(self, agent_id: AgentId) -> list[TicketFacts]:
        """Return what an agent has on hold without its counting."""
        return [t for t in self.tickets.values() if t.agent == agent_id and not t.counts]

    def offers(self, agent_id: AgentId) -> list[OfferFacts]:
        """Return what an agent is asked and has not answered."""
        every = self.tickets.values()
        return [ticket.offers[agent_id] for ticket in every if agent_id in ticket.offers]

    def holdings(self, agent_id: AgentId) -> list[Holding]:
        """Return all that takes up an agent's capacity."""
        return [*self.slots(agent_id), *self.offers(agent_id)]

    def load(self, agent_id: AgentId) -> int:
        """Return the units of capacity in use."""
        return sum(holding.cost for holding in self.holdings(agent_id))

    def held(self, agent_id: AgentId, queue: QueueFacts) -> int:
        """Return how many tickets of one queue count for an agent."""
        return sum(holding.queue is queue for holding in self.holdings(agent_id))

    def capacity(self, agent_id: AgentId) -> int:
        """Return an agent's units of capacity, their own or the desk's."""
        return self.agents[agent_id].agent.capacity or self.defaults.capacity

    def rate_limit(self, agent_id: AgentId) -> RateLimit | None:
        """Return an agent's rate limit, their own or the desk's."""
        return self.agents[agent_id].agent.rate_limit or self.defaults.rate_limit

    def rate_lifts_at(self, agent_id: AgentId) -> int | None:
        """Return when time alone makes room, if time alone can: an open offer does not age."""
        rate, recent = self.rate_limit(agent_id), self.agents[agent_id].recent
        if rate is None or not self.rate_full(agent_id):
            return None
        spare = rate.tickets - len(self.offers(agent_id))  # how many of the recent may stay
        return None if spare <= 0 else recent[-spare] + rate.span

    def rate_full(
        self, agent_id: AgentId, *, without: TicketId | None = None, at: int | None = None
    ) -> bool:
        """Say whether the rate limit is used up, ``at`` an instant to come."""
        rate, recent = self.rate_limit(agent_id), self.agents[agent_id].recent
        if rate is None:
            return False
        used = sum(at is None or each + rate.span > at for each in recent)
        used += sum(offer.id != without for offer in self.offers(agent_id))
        return used >= rate.tickets

    def limit(self, agent_id: AgentId, queue: QueueFacts) -> int:
        """Return the most tickets of a queue that a member may have."""
        for limit in (queue.members[agent_id].limit, queue.queue.limit_per_agent):
            if limit is not None:
                return limit
        return self.defaults.queue_limit

    def channel_limit(self, agent: Agent, channel: str) -> int:
        """Return the most tickets of a channel that an agent may have."""
        most = agent.channels[channel].most if agent.channels else None
        return self.defaults.channel_limit if most is None else most

    def figures(self, span: int, agent_id: AgentId) -> tuple[int, int]:
        """Return tickets taken and time handled within ``span``, since somebody asked for it."""
        mine = [
            (taken, handled)
            for number, at, who, taken, handled in self.history
            if who == agent_id and number >= self.watched[span] and at + span > self.now
        ]
        return sum(taken for taken, _ in mine), sum(handled for _, handled in mine)

    def tier(self, queue: QueueFacts, agent_id: AgentId) -> int:
        """Return an agent's priority in a queue."""
        return queue.members[agent_id].priority or self.agents[agent_id].agent.priority
