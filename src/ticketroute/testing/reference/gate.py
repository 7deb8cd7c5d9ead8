"""Who may get what: the list of reasons in their order, asked of everybody."""

from __future__ import annotations

from ticketroute.model.agent import Agent, Presence
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.testing.reference.facts import Ask, Holding, QueueFacts, TicketFacts
from ticketroute.testing.reference.promises import Promises

NEAREST = ("nobody_free", "nobody_left", "nobody_available", "nobody_fits", "no_members")


class Gate(Promises):
    """Questions whether, and why not."""

    def ask(self, known: TicketFacts, queue: QueueFacts, *, asked: bool = True) -> Ask:
        """Return what a ticket asks now; ``asked`` False leaves out that some are asked."""
        ticket = known.ticket
        only = None if self.permits is None else ticket
        excluded = {who: tried.reason for who, tried in known.tried.items() if not tried.lifted}
        if asked:
            excluded |= dict.fromkeys(known.offers, "asked")
        return Ask(
            queue,
            ticket.channel,
            ticket.weight,
            known.skills,
            only,
            known.reach,
            excluded,
            known.reserved,
        )

    def reason(  # noqa: C901  one gate is one list of checks, in their order
        self,
        agent_id: AgentId,
        ask: Ask,
        *,
        without: TicketId | None = None,
        at: int | None = None,
    ) -> str | None:
        """Return the first reason why not, ``at`` looks ahead in time."""
        if agent_id not in self.agents:
            return "unknown_agent"
        if agent_id not in ask.queue.members:
            return "not_member"
        known = self.agents[agent_id]
        agent = known.agent
        if known.presence is not Presence.AVAILABLE:
            return str(known.presence.value)
        if not (known.on_shift if at is None else self.works_at(agent_id, at)):
            return "off_shift"
        if (agent.channels and ask.channel not in agent.channels) or ask.channel in known.off:
            return "channel_off"
        slots = [slot for slot in self.holdings(agent_id) if slot.id != without]
        if at is not None:
            slots = [s for s in slots if s.wrap_up_until is None or s.wrap_up_until > at]
        full = self.full(agent_id, ask, slots)
        if full and not self.full(agent_id, ask, [s for s in slots if s.wrap_up_until is None]):
            return "wrap_up"
        if known.cooling_until is not None and (at is None or at < known.cooling_until):
            return "cooling_down"
        lack = self.lack(agent, ask)
        if lack is None and not self.in_reach(agent_id, ask):
            lack = "out_of_reach"
        if lack or full:
            return lack or full
        if self.rate_full(agent_id, without=without, at=at):
            return "rate_limit"
        return self.not_this_one(agent_id, ask)

    def not_this_one(self, agent_id: AgentId, ask: Ask) -> str | None:
        """Return what keeps an agent from this very ticket, but from no other like it."""
        if agent_id in ask.excluded:
            return ask.excluded[agent_id]
        if ask.reserved is not None and ask.reserved != agent_id:
            return "reserved"
        if self.permits is not None and ask.ticket is not None:
            return None if self.permits.allows(agent_id, ask.ticket) else "not_permitted"
        return None

    def lack(self, agent: Agent, ask: Ask) -> str | None:
        """Return which reason the skills give, if any: a missing one first."""
        if any(skill not in agent.skills for skill in ask.skills):
            return "missing_skill"
        low = any(agent.skills[skill] < level for skill, level in ask.skills.items())
        return "skill_level" if low else None

    def in_reach(self, agent_id: AgentId, ask: Ask) -> bool:
        """Say whether the agent's priority lies where the ticket may go."""
        reach = ask.reach or ask.queue.queue.reach
        return reach.least <= self.tier(ask.queue, agent_id) <= reach.greatest

    def full(self, agent_id: AgentId, ask: Ask, slots: list[Holding]) -> str | None:
        """Return which limit leaves no room beside these slots, if any does."""
        agent = self.agents[agent_id].agent
        on_channel = sum(slot.ticket.channel == ask.channel for slot in slots)
        if on_channel >= self.channel_limit(agent, ask.channel):
            return "channel_limit"
        if sum(slot.queue is ask.queue for slot in slots) >= self.limit(agent_id, ask.queue):
            return "queue_limit"
        cost = self.cost(agent, ask)
        if sum(slot.cost for slot in slots) + cost > self.capacity(agent_id):
            return "agent_limit"
        return None

    def cost(self, agent: Agent, ask: Ask) -> int:
        """Return what such a ticket takes of the agent's capacity."""
        limit = agent.channels.get(ask.channel)
        return ask.weight * (1 if limit is None else limit.cost)

    def eligible(self, ask: Ask) -> list[AgentId]:
        """Return all members who may get it, in the order of the list."""
        return [who for who in ask.queue.members if self.reason(who, ask) is None]

    def eligible_from(self, agent_id: AgentId, ask: Ask, without: TicketId | None) -> int | None:
        """Return from when time alone will let the agent have it, if ever."""
        instants = {slot.wrap_up_until for slot in self.slots(agent_id)}
        instants |= {self.rate_lifts_at(agent_id), self.agents[agent_id].cooling_until}
        known = self.agents[agent_id]
        if not known.on_shift:
            instants.add(self.shift_changes_at(agent_id))
        if known.agent.shift is not None:
            hours = self.hours(known.agent.shift)
            instants |= {hours.next_open(each) for each in instants if each is not None}
        for instant in sorted(instant for instant in instants if instant is not None):
            if self.reason(agent_id, ask, without=without, at=instant) is None:
                return instant
        return None

    def fits(self, agent_id: AgentId, ask: Ask) -> bool:
        """Say whether this member could get such a ticket, being there and having nothing else."""
        agent = self.agents[agent_id].agent
        return (
            (not agent.channels or ask.channel in agent.channels)
            and all(agent.skills.get(skill, 0) >= level for skill, level in ask.skills.items())
            and self.in_reach(agent_id, ask)
            and self.full(agent_id, ask, []) is None
        )

    def is_there(self, agent_id: AgentId, ask: Ask) -> bool:
        """Say whether a member is available on the channel."""
        known = self.agents[agent_id]
        there = known.presence is Presence.AVAILABLE and known.on_shift
        return there and ask.channel not in known.off

    def is_open(self, agent_id: AgentId, queue: QueueFacts) -> bool:
        """Say whether a ticket of the queue could go to this member, if it asked for little."""
        return (
            self.agents[agent_id].presence is Presence.AVAILABLE
            and self.agents[agent_id].on_shift
            and self.load(agent_id) < self.capacity(agent_id)
            and self.held(agent_id, queue) < self.limit(agent_id, queue)
            and self.agents[agent_id].cooling_until is None
            and not self.rate_full(agent_id)
        )

    def wait_reason(self, ask: Ask) -> str:
        """Say in brief why nobody may have it."""
        if not ask.queue.members:
            return "no_members"
        fitting = [who for who in ask.queue.members if self.fits(who, ask)]
        if not fitting:
            return "nobody_fits"
        left = [who for who in fitting if who not in ask.excluded]
        if not left:
            return "nobody_left"
        there = any(self.is_there(who, ask) for who in left)
        return "nobody_free" if there else "nobody_available"

    def nearest_reason(self, ticket: TicketFacts) -> str:
        """Return, of the reasons in all its queues, the one that will be over first."""
        reasons = {self.wait_reason(self.ask(ticket, queue)) for queue in ticket.queues}
        return next(reason for reason in NEAREST if reason in reasons)
