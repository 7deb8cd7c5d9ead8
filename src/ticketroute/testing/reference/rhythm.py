"""How a command runs: what is due by then, the command itself, then what it set loose."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ticketroute.errors import (
    TimeBackwardsError,
    UnknownAgentError,
    UnknownQueueError,
    UnknownTicketError,
)
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ports import Permits
from ticketroute.model.queue import Defaults, Departure
from ticketroute.model.ticket import LIVE_CHANNELS, TicketPriority
from ticketroute.testing.reference.choosing import Choosing
from ticketroute.testing.reference.facts import QueueFacts, TicketFacts
from ticketroute.testing.reference.following import clocks_after
from ticketroute.testing.reference.gains import gains_of
from ticketroute.testing.reference.handout import Handout
from ticketroute.testing.reference.timers import Due, Kind, due_of

TOGETHER = (Kind.COOL_DOWN, Kind.RETRY)  # of one instant: handed out after both


class Rhythm(Choosing):
    """Time, and what all commands share."""

    many = 8  # so many gain room at once that the strategy is asked even about the only one

    def __init__(self, defaults: Defaults, permits: Permits | None = None) -> None:
        super().__init__(defaults, permits)
        self.opened = False
        self.told: list[ev.Event] = []
        self.fresh: list[TicketFacts] = []
        self.gained: dict[AgentId, None] = {}
        self.reaching = 0  # the instant of the command before which time does its own

    def next_deadline(self) -> int | None:
        """Return when time alone will change something."""
        return min((due.at for due in due_of(self)), default=None)

    def advance(self, *, at: int) -> tuple[ev.Event, ...]:
        """Let time pass."""
        self.begin(at)
        return self.finish(at)

    def begin(self, at: int) -> None:
        """Do what has fallen due by then."""
        if at < self.now:
            raise TimeBackwardsError(at, self.now)
        self.run_due(at)

    def record(self, event: ev.Event) -> None:
        """Let an event happen."""
        if not self.opened:
            self.opened = True
            self._happen(ev.DeskOpened(at=event.at, defaults=self.defaults))
        self._happen(event)
        for clock_event in clocks_after(self, event):
            self._happen(clock_event)

    def _happen(self, event: ev.Event) -> None:
        gained = gains_of(self, event)
        self.apply(event)
        self.gained |= dict.fromkeys(who for who in gained if who in self.agents)
        if isinstance(event, ev.AgentRemoved):
            self.gained.pop(event.agent_id, None)
        self.told.append(event)
        self.luck = [each for each in self.luck if each != event]

    def finish(self, at: int) -> tuple[ev.Event, ...]:
        """Hand out what the command set loose, and return all that happened."""
        self.settle(at)
        self.run_due(at)
        self.now = at
        told, self.told = tuple(self.told), []
        return told

    def settle(self, at: int) -> None:
        """Hand out until nobody may get any more."""
        handout = Handout(self, list(self.gained), self.fresh, many=self.many, at=at)
        regained: dict[AgentId, None] = {}
        while (event := handout.next()) is not None:
            self.record(event)
            if isinstance(event, ev.OfferWithdrawn):
                regained[event.agent_id] = None
        self.gained, self.fresh = regained, []
        if regained:
            self.settle(at)

    def run_due(self, at: int) -> None:
        """Let happen what falls due, each at its own instant."""
        self.reaching = at
        while (due := due_of(self)) and due[0].at <= at:
            first = due[0]
            self.fire(first)
            then = due_of(self)[:1]
            together = [each for each in then if each.at <= first.at and each.kind in TOGETHER]
            shifts = first.kind is Kind.SHIFT and [each.kind for each in then] == [Kind.SHIFT]
            if shifts and then[0].at <= first.at:
                continue  # nobody gets anything whose shift ends at this very instant
            if first.kind not in TOGETHER or not together:
                self.settle(first.at)

    def fire(self, due: Due) -> None:
        """Let one thing happen that time brings."""
        at, time, agent_id = due.at, ev.Cause.TIME, AgentId(due.subject)
        match due.kind:
            case Kind.WRAP_UP:
                ticket_id = TicketId(due.detail)
                self.record(
                    ev.WrapUpEnded(at=at, cause=time, agent_id=agent_id, ticket_id=ticket_id)
                )
            case Kind.RATE_LIMIT:
                self.record(ev.RateLimitLifted(at=at, cause=time, agent_id=agent_id))
            case Kind.COOL_DOWN:
                self.record(ev.CoolDownEnded(at=at, cause=time, agent_id=agent_id))
            case Kind.GRACE:
                self.record(ev.GraceEnded(at=at, cause=time, agent_id=agent_id))
                held = self.held_by(agent_id)
                self.release_all(
                    [t for t in held if t.state is RoutingState.ASSIGNED and departs(t)],
                    ev.Cause.DEPARTED,
                    at,
                )
            case _:
                self.wake(due, self.tickets[TicketId(due.subject)])

    def wake(self, due: Due, ticket: TicketFacts) -> None:
        """Let a ticket move on whose time has come."""
        at, time = due.at, ev.Cause.TIME
        match due.kind:
            case Kind.OFFER:
                self.expire(ticket, AgentId(due.detail), at)
            case Kind.RETRY:
                agent_id = AgentId(due.detail)
                self.record(
                    ev.RetryAllowed(at=at, cause=time, ticket_id=ticket.id, agent_id=agent_id)
                )
                self.fresh.append(ticket)
            case Kind.RING:
                wanted = max(1, ticket.wanted) + 1
                self.record(ev.RingWidened(at=at, cause=time, ticket_id=ticket.id, wanted=wanted))
                self.fresh.append(ticket)
            case Kind.RESERVE:
                self.record(ev.ReserveEnded(at=at, cause=time, ticket_id=ticket.id))
                self.fresh.append(ticket)
            case Kind.RELAX:
                self.relax(ticket, at)
            case Kind.RESPOND if ticket.hops < ticket.queue.queue.max_hops:
                self.release_all([ticket], ev.Cause.SILENT, at)
            case Kind.RESPOND:
                self.record(
                    ev.TicketEscalated(
                        at=at, cause=ev.Cause.SILENT, ticket_id=ticket.id, hops=ticket.hops
                    )
                )
            case Kind.IDLE:
                pending = ev.HoldStatus.PENDING
                self.record(
                    ev.TicketHeld(at=at, cause=ev.Cause.SILENT, ticket_id=ticket.id, status=pending)
                )

    def expire(self, ticket: TicketFacts, agent_id: AgentId, at: int) -> None:
        """Let an offer expire; too many in a row, and the agent is taken for away."""
        policy = ticket.offers[agent_id].queue.queue.offer
        cool = policy.cool_down.get("missed")
        misses = self.agents[agent_id].misses + 1
        self.record(
            ev.OfferExpired(
                at=at,
                cause=ev.Cause.TIME,
                ticket_id=ticket.id,
                agent_id=agent_id,
                misses=misses,
                retry_at=at + policy.retry_missed_after,
                cool_until=None if cool is None else at + cool,
            )
        )
        self.fresh.append(ticket)
        if misses >= policy.max_misses:
            self.record(
                ev.PresenceChanged(
                    at=at,
                    cause=ev.Cause.MISSED,
                    agent_id=agent_id,
                    presence=Presence.AWAY,
                    reason="missed_offers",
                )
            )
            self.withdraw_from(agent_id, at)

    def relax(self, ticket: TicketFacts, at: int) -> None:
        """Take the next step of a ticket's schedule."""
        step = ticket.queue.queue.relaxations[ticket.relaxed]
        skills = {
            skill: min(level, step.lower.get(skill, level))
            for skill, level in ticket.skills.items()
            if skill not in step.drop
        }
        added = [queue.queue.id for queue in ticket.added]
        if step.add_queue in self.queues and step.add_queue not in added:
            added.append(step.add_queue)
        priority = ticket.priority if step.priority is None else min(ticket.priority, step.priority)
        self.record(
            ev.TicketRelaxed(
                at=at,
                cause=ev.Cause.TIME,
                ticket_id=ticket.id,
                step=ticket.relaxed + 1,
                skills=read_only(skills),
                reach=step.reach or ticket.reach,
                priority=TicketPriority(priority),
                added=tuple(each for each in added if each != ticket.queue.queue.id),
            )
        )
        if step.move_to in self.queues:
            self.recall(ticket, ev.Cause.WIDENED, at)
            self.record(
                ev.TicketTransferred(
                    at=at,
                    cause=ev.Cause.WIDENED,
                    ticket_id=ticket.id,
                    from_queue=ticket.queue.queue.id,
                    to_queue=step.move_to,
                    arrived=ticket.arrived,
                )
            )
        self.fresh.append(ticket)

    # --- moves that several commands share --------------------------------------------------

    def release_all(
        self, tickets: Iterable[TicketFacts], cause: ev.Cause, at: int, by: str | None = None
    ) -> None:
        """Part tickets from their agent; they go on to the next."""
        for ticket in tickets:
            self.let_go(ticket, cause, at, by)
            self.fresh.append(ticket)

    def let_go(self, ticket: TicketFacts, cause: ev.Cause, at: int, by: str | None = None) -> None:
        """Let a ticket have no agent."""
        self.record(
            ev.TicketReleased(at=at, cause=cause, by=by, ticket_id=ticket.id, agent_id=ticket.agent)
        )

    def withdraw(
        self, ticket: TicketFacts, agents: Iterable[AgentId], cause: ev.Cause, at: int
    ) -> None:
        """End offers of a ticket without the agents' doing."""
        for agent_id in list(agents):
            self.record(
                ev.OfferWithdrawn(at=at, cause=cause, ticket_id=ticket.id, agent_id=agent_id)
            )

    def recall(self, ticket: TicketFacts, cause: ev.Cause, at: int) -> None:
        """Have a ticket back that somebody is asked for."""
        if ticket.state is RoutingState.OFFERED:
            self.withdraw(ticket, ticket.offers, cause, at)
            self.let_go(ticket, cause, at)

    def withdraw_from(self, agent_id: AgentId, at: int) -> None:
        """End what an agent is asked and cannot have, and let no ticket wait for them."""

        def cannot(queue: QueueFacts, channel: str) -> bool:
            return not self.is_at(agent_id, queue, channel)

        self.forgo(agent_id, cannot, ev.Cause.AWAY, at)

    def forgo(
        self,
        agent_id: AgentId,
        ends: Callable[[QueueFacts, str], bool],
        cause: ev.Cause,
        at: int,
    ) -> None:
        """End the offers to an agent, and the waiting for them, in queues and channels that end."""
        for offer in sorted(self.offers(agent_id), key=lambda offer: offer.number):
            if ends(offer.queue, offer.ticket.channel):
                self.withdraw(offer.of, [agent_id], cause, at)
                self.fresh.append(offer.of)
        waiting = [ticket for ticket in self.tickets.values() if ticket.reserved == agent_id]
        for ticket in sorted(waiting, key=lambda ticket: ticket.reserved_by):
            if ends(ticket.queue, ticket.ticket.channel):
                self.record(ev.ReserveEnded(at=at, cause=cause, ticket_id=ticket.id))
                self.fresh.append(ticket)

    def is_at(self, agent_id: AgentId, queue: QueueFacts, channel: str) -> bool:
        """Say whether somebody serves a queue and is available on a channel."""
        known = self.agents[agent_id]
        there = known.presence is Presence.AVAILABLE and known.on_shift and channel not in known.off
        return there and agent_id in queue.members

    def held_by(self, agent_id: AgentId) -> list[TicketFacts]:
        """Return the tickets that an agent works or has on hold, by first arrival."""
        held = [
            ticket
            for ticket in self.tickets.values()
            if ticket.agent == agent_id and ticket.state is not RoutingState.DONE
        ]
        return sorted(held, key=lambda ticket: (ticket.arrived, ticket.ordinal))

    # --- who is meant -----------------------------------------------------------------------

    def known_agent(self, agent_id: AgentId) -> AgentId:
        """Return the agent of that id, who has to be there."""
        if agent_id not in self.agents:
            raise UnknownAgentError(agent_id)
        return agent_id

    def known_queue(self, queue_id: QueueId) -> QueueFacts:
        """Return the queue of that id, which has to be there."""
        if queue_id not in self.queues:
            raise UnknownQueueError(queue_id)
        return self.queues[queue_id]

    def known_ticket(self, ticket_id: TicketId) -> TicketFacts:
        """Return the ticket of that id, which has to be there."""
        if ticket_id not in self.tickets:
            raise UnknownTicketError(ticket_id)
        return self.tickets[ticket_id]


def departs(ticket: TicketFacts) -> bool:
    """Say whether a ticket leaves an agent who stays away."""
    policy = ticket.queue.queue.departure
    if policy is None:
        return ticket.ticket.channel in LIVE_CHANNELS
    return policy is Departure.REQUEUE
