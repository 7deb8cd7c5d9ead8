"""What a desk keeps, and the steps that several events share: written by their fold alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ticketroute.core import lines
from ticketroute.core.chance import Chance
from ticketroute.core.demands import Demands
from ticketroute.core.gate import Gate, rate_lifts_at
from ticketroute.core.records import (
    AgentRecord,
    Asks,
    Demand,
    OpenOffer,
    QueueRecord,
    TicketRecord,
    Tried,
)
from ticketroute.core.roster import Roster
from ticketroute.core.timers import Timer, TimerKind, Timers
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import CONVERSATION, OFFER, ROUTING, Move, RoutingState
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Relaxation
from ticketroute.model.ticket import Ticket
from ticketroute.sla.present import Agreement
from ticketroute.sla.versions import Versions

_WAITING = RoutingState.WAITING

EndOfOffer = ev.TicketAssigned | ev.OfferDeclined | ev.OfferExpired | ev.OfferWithdrawn

_NEAREST = (
    ev.WaitReason.NOBODY_FREE,
    ev.WaitReason.NOBODY_LEFT,
    ev.WaitReason.NOBODY_AVAILABLE,
    ev.WaitReason.NOBODY_FITS,
    ev.WaitReason.NO_MEMBERS,
)  # reasons to wait, the one first that will be over first


class Store:
    """The records, timers and counters of a desk."""

    def __init__(self, gate: Gate, chance: Chance) -> None:
        self.gate = gate
        self.chance = chance
        self.demands = Demands(gate, chance)
        self.roster = Roster(gate, self.demands)
        self.tickets: dict[TicketId, TicketRecord] = {}
        self.timers = Timers()
        self.last_agent_of: dict[str, AgentId] = {}  # by requester
        self.calendars: dict[CalendarId, Versions] = {}
        self.agreements: tuple[Agreement, ...] = ()  # the policies, in their order
        self.versions: dict[PolicyId, Agreement] = {}  # the latest of every policy there ever was
        self.now: Instant = 0
        self.opened = False
        self.submitted = 0
        self.assigned = 0

    def demand_of(
        self, ticket: TicketRecord, queue: QueueRecord | None = None, *, asked: bool = True
    ) -> Demand:
        """Return what a ticket asks now, of the members of a queue; default, its own.

        ``asked`` False lets those who have an open offer of it come into question.
        """
        asks = ticket.asks
        if queue is None:
            queue = ticket.queue
        if ticket.offers or ticket.tried:
            channel, weight, skills, reach, _, reserved = asks
            excluded = excluded_by(ticket, asked=asked)
            asks = Asks(channel, weight, skills, reach, excluded, reserved)
            return self.demands.of(asks, ticket.ticket, queue)
        shared = queue.demands.get((asks, None))  # there is none where the host has its own permits
        return self.demands.of(asks, ticket.ticket, queue) if shared is None else shared

    def wait_reason(self, ticket: TicketRecord) -> ev.WaitReason:
        """Say in brief why nobody is eligible: of several queues, what will be over first."""
        reasons = {
            self.demands.wait_reason(self.demand_of(ticket, queue))
            for queue in (ticket.queue, *ticket.added)
        }
        return next(reason for reason in _NEAREST if reason in reasons)

    # --- the tables ---------------------------------------------------------------------------

    def _step(self, event: ev.TicketEvent, move: Move | None = None) -> TicketRecord:
        """Take the ticket one step along both tables; ``move`` is what moves the conversation."""
        ticket = self.tickets[event.ticket_id]
        ticket.state = ROUTING[ticket.state, type(event)]
        ticket.version += 1
        if move is not None:
            status = CONVERSATION.get((ticket.status, move), ticket.status)
            if ticket.book is not None and status is not ticket.status:
                ticket.book.note_status(status, event.at)
            ticket.status = status
        return ticket

    def _finish(self, ticket: TicketRecord, at: Instant) -> None:
        """Let a ticket be done: out of its line and away from its agent."""
        if ticket.waiting_since is not None:
            self._end_wait(ticket)
        ticket.queue.open_tickets -= 1
        self._leave_agent(ticket, at)

    # --- the line -----------------------------------------------------------------------------

    def _enter_lines(self, ticket: TicketRecord) -> None:
        """Put a ticket in the lines of its own queue and of those it overflowed to."""
        self._leave_line(ticket)
        demands = [self.demand_of(ticket, queue) for queue in (ticket.queue, *ticket.added)]
        if ticket.asks == demands[0].asks:
            ticket.asks = demands[0].asks  # equal ones are kept once: 100 bytes a waiting ticket
        lines.enter(ticket, demands)

    def _leave_line(self, ticket: TicketRecord) -> None:
        if ticket.entries:
            lines.leave(ticket)
        if ticket.wait_reason is not None and ticket.state is not _WAITING:
            ticket.wait_reason = None

    def _start_wait(self, ticket: TicketRecord, at: Instant) -> None:
        """Start the search for an agent: by the ticket's own asks, with the schedule ahead."""
        ticket.waiting_since = at
        if ticket.past.relaxed or ticket.past.waited_for:
            ticket.past = evolve(ticket.past, relaxed=0, waited_for=False)
        ticket.asks, ticket.added = asks_in(ticket.queue, ticket.ticket), ()
        if ticket.queue.queue.relaxations:
            self._time_relaxation(ticket)

    def _end_wait(self, ticket: TicketRecord) -> None:
        """End the search: out of its lines, and what was tried in it no longer counts."""
        if ticket.waiting_since is None:
            return
        if ticket.entries or ticket.wait_reason is not None:
            self._leave_line(ticket)
        ticket.waiting_since, ticket.added = None, ()
        if ticket.queue.queue.relaxations:
            self.timers.cancel(Timer(TimerKind.RELAX, ticket.id))
        if ticket.asks.reserved is not None:
            self._unreserve(ticket)
        for agent_id in list(ticket.tried or ()):
            self._forget_tried(ticket, agent_id)

    def _time_relaxation(self, ticket: TicketRecord) -> None:
        timer, step = Timer(TimerKind.RELAX, ticket.id), next_step(ticket)
        if step is None:
            self.timers.cancel(timer)
        elif ticket.waiting_since is not None:
            self.timers.set(timer, max(ticket.waiting_since + step.after, self.now))

    def _unreserve(self, ticket: TicketRecord) -> None:
        agent_id = ticket.asks.reserved
        ticket.asks = ticket.asks._replace(reserved=None)
        self.timers.cancel(Timer(TimerKind.RESERVE, ticket.id))
        record = None if agent_id is None else self.roster.agents.get(agent_id)
        if record is not None and ticket.id in record.rare.reserved:
            del record.rare.reserved[ticket.id]

    # --- offers -------------------------------------------------------------------------------

    def _end_offer(self, ticket: TicketRecord, event: EndOfOffer) -> OpenOffer:
        """Let go of an open offer and of what it reserved, as the table says."""
        assert ticket.offers is not None
        agent_id = event.agent_id
        offer = ticket.offers[agent_id]
        offer.outcome = OFFER[offer.outcome, type(event)]
        del ticket.offers[agent_id]
        self.timers.cancel(Timer(TimerKind.OFFER, ticket.id, agent_id))
        if ticket.past.wanted and not ticket.offers:  # it rang step by step
            ticket.past = evolve(ticket.past, wanted=0)
            self.timers.cancel(Timer(TimerKind.RING, ticket.id))
        self.roster.trim_rate(offer.agent, self.now)
        self.roster.unreserve(offer)
        if offer.agent.rare.rate_limit is not None:
            self._time_rate_limit(offer.agent)
        return offer

    def _note_tried(
        self, ticket: TicketRecord, record: AgentRecord, reason: Reason, retry_at: Instant | None
    ) -> None:
        """Note that an agent is not to be asked again for a ticket, or not before an instant."""
        if ticket.tried is None:
            ticket.tried = {}
        ticket.tried[record.id] = Tried(reason)
        own = record.own
        if own.tried is EMPTY:
            own.tried = {}
        own.tried[ticket.id] = ticket
        if retry_at is not None:
            self.timers.set(Timer(TimerKind.RETRY, ticket.id, record.id), retry_at)

    def _lift(self, ticket: TicketRecord, record: AgentRecord) -> None:
        """Let an agent be asked again: like anybody after a decline, after the untried else."""
        tried = (ticket.tried or {}).get(record.id)
        if tried is not None and tried.reason is Reason.MISSED:
            tried.lifted = True
            self.timers.cancel(Timer(TimerKind.RETRY, ticket.id, record.id))
        else:
            self._forget_tried(ticket, record.id)

    def _forget_tried(self, ticket: TicketRecord, agent_id: AgentId) -> None:
        self.timers.cancel(Timer(TimerKind.RETRY, ticket.id, agent_id))
        if ticket.tried is not None:
            ticket.tried.pop(agent_id, None)
            if not ticket.tried:
                ticket.tried = None
        record = self.roster.agents.get(agent_id)
        if record is not None and ticket.id in record.rare.tried:
            del record.rare.tried[ticket.id]

    def _cool_down(self, record: AgentRecord, until: Instant) -> None:
        """Keep an agent from all tickets until an instant; a shorter span changes nothing."""
        if until <= (record.rare.cooling_until or 0):
            return
        record.own.cooling_until = until
        self.timers.set(Timer(TimerKind.COOL_DOWN, record.id), until)
        self.roster.reindex(record)

    # --- the agent ----------------------------------------------------------------------------

    def _leave_agent(self, ticket: TicketRecord, at: Instant) -> None:
        """Part a ticket from its agent, if it has one, and give back what it took of them."""
        if ticket.queue.timed:
            self._end_conversation(ticket)
        record, roster = ticket.agent, self.roster
        if record is None:
            return
        ticket.agent = None
        record.ended_at = at
        if ticket.since is not None:
            if roster.windows:
                roster.note_handled(record, at - ticket.since, at)
            ticket.since = None
        if record.slots is not None and ticket.id in record.slots:
            roster.free_slot(record, ticket)
        else:
            del record.rare.parked[ticket.id]
            self.roster.reindex(record)

    def _start_wrap_up(self, ticket: TicketRecord, at: Instant, until: Instant) -> None:
        """Let the slot of a resolved ticket stay taken: its handling goes on until then."""
        self._end_conversation(ticket)
        record = ticket.agent
        assert record is not None
        ticket.wrap_up_until = until
        record.ended_at = at
        self.timers.set(Timer(TimerKind.WRAP_UP, record.id, ticket.id), until)
        self.roster.reindex(record)

    def _park(self, record: AgentRecord, ticket: TicketRecord) -> None:
        """Let a ticket on hold no longer count."""
        self.roster.free_slot(record, ticket)
        own = record.own
        if own.parked is EMPTY:
            own.parked = {}
        own.parked[ticket.id] = ticket

    def _unpark(self, record: AgentRecord, ticket: TicketRecord, cost: int) -> None:
        """Let a ticket on hold count again."""
        del record.rare.parked[ticket.id]
        ticket.cost = cost
        self.roster.take_slot(record, ticket)

    def _recount_parked(self, ticket: TicketRecord) -> None:
        """Let a ticket on hold count or not count, as its queue says now."""
        record = ticket.agent
        if record is None:
            return
        counts = holds_slot(record, ticket)
        if ticket.queue.queue.parked_counts and not counts:
            self._unpark(record, ticket, ticket.cost)
        elif counts and not ticket.queue.queue.parked_counts:
            self._park(record, ticket)

    def _move_to(self, ticket: TicketRecord, queue: QueueRecord) -> None:
        """Let a ticket that is not done belong to a queue."""
        if queue is not ticket.queue:
            ticket.queue.open_tickets -= 1
            queue.open_tickets += 1
            ticket.queue = queue

    def _time_grace(self, record: AgentRecord, at: Instant) -> None:
        """Start the grace of an agent who is gone and yet has work, unless it runs already."""
        grace = Timer(TimerKind.GRACE, record.id)
        if is_gone(record) and grace not in self.timers and works(record):
            self.timers.set(grace, at + self.gate.defaults.grace)

    def _time_rate_limit(self, record: AgentRecord) -> None:
        timer = Timer(TimerKind.RATE_LIMIT, record.id)
        lifts_at = rate_lifts_at(record)
        if lifts_at is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, lifts_at)

    # --- the conversation ---------------------------------------------------------------------

    def _time_answer(self, ticket: TicketRecord, at: Instant) -> None:
        """Start the time in which the agent is to write, unless it runs already."""
        within = ticket.queue.queue.respond_within
        if within is not None:
            timer = Timer(TimerKind.RESPOND, ticket.id)
            if timer not in self.timers:
                self.timers.set(timer, at + within)

    def _time_silence(self, ticket: TicketRecord, at: Instant) -> None:
        """Start anew the time after which silence puts the conversation on hold."""
        after = ticket.queue.queue.idle_after
        if after is not None and ticket.state is RoutingState.ASSIGNED:
            self.timers.set(Timer(TimerKind.IDLE, ticket.id), at + after)

    def _end_conversation(self, ticket: TicketRecord) -> None:
        queue = ticket.queue.queue
        if queue.respond_within is not None:
            self.timers.cancel(Timer(TimerKind.RESPOND, ticket.id))
        if queue.idle_after is not None:
            self.timers.cancel(Timer(TimerKind.IDLE, ticket.id))


def asks_of(ticket: Ticket) -> Asks:
    """Return what a ticket asks before anything is relaxed."""
    return Asks(ticket.channel, ticket.weight, ticket.skills or None)


def asks_in(queue: QueueRecord, ticket: Ticket) -> Asks:
    """Return what ``asks_of`` does: the very one of its demand, if the queue has had its like."""
    equal: Any = (ticket.channel, ticket.weight, ticket.skills or None, None, None, None)
    known = queue.demands.get((equal, None))
    return asks_of(ticket) if known is None else known.asks


def skills_of(ticket: TicketRecord) -> FrozenMapping[str, int]:
    """Return the skills that a ticket asks by now, in its own order. O(skills).

    Those in ``asks`` may be in the order of another ticket, of which a replayed desk knows nothing.
    """
    asked = ticket.asks.skills or EMPTY
    return read_only({skill: asked[skill] for skill in ticket.ticket.skills if skill in asked})


def excluded_by(ticket: TicketRecord, *, asked: bool) -> Mapping[AgentId, Reason] | None:
    """Return who may not have this ticket now, and why. O(offers and tries of the ticket)."""
    excluded = {
        agent_id: tried.reason
        for agent_id, tried in (ticket.tried or {}).items()
        if not tried.lifted
    }
    if asked and ticket.offers:
        excluded.update(dict.fromkeys(ticket.offers, Reason.ASKED))
    return FrozenMapping(excluded) if excluded else None


def next_step(ticket: TicketRecord) -> Relaxation | None:
    """Return the step of the schedule that a searching ticket takes next, if there is one."""
    steps = ticket.queue.queue.relaxations
    if ticket.waiting_since is None or ticket.past.relaxed >= len(steps):
        return None
    return steps[ticket.past.relaxed]


def holds_slot(record: AgentRecord, ticket: TicketRecord) -> bool:
    """Say whether the ticket counts towards the agent's load."""
    return record.slots is not None and ticket.id in record.slots


def is_gone(record: AgentRecord) -> bool:
    """Say whether the agent is offline or off their shift."""
    return record.presence is Presence.OFFLINE or not record.rare.on_shift


def works(record: AgentRecord) -> bool:
    """Say whether the agent works a ticket now. O(tickets of the agent)."""
    return any(slot.state is RoutingState.ASSIGNED for slot in (record.slots or {}).values())
