"""What a desk knows: plain data, and the few questions that take more than one record."""

from __future__ import annotations

from typing import Any

from ticketroute.core.facts import asks_of, excluded_by, queues_of
from ticketroute.core.gate import Gate
from ticketroute.core.index.chance import Chance
from ticketroute.core.index.choosing import Demands
from ticketroute.core.index.roster import Roster
from ticketroute.core.index.timers import Timers
from ticketroute.core.records import UNEVENTFUL, Asks, Demand, QueueRecord, TicketRecord
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, CalendarId, PolicyId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.ticket import Ticket
from ticketroute.sla.calendar import ALWAYS
from ticketroute.sla.clock import Clock
from ticketroute.sla.present import Agreement
from ticketroute.sla.versions import Versions
from ticketroute.sla.windows import Timetable

_AROUND_THE_CLOCK = ALWAYS.timetable

_NEAREST = (
    WaitReason.NOBODY_FREE,
    WaitReason.NOBODY_LEFT,
    WaitReason.NOBODY_AVAILABLE,
    WaitReason.NOBODY_FITS,
    WaitReason.NO_MEMBERS,
)  # reasons to wait, in the order in which they are likely to end


class State:
    """Everything a desk knows. ``decide`` and ``show`` read it; only ``apply`` changes it.

    ``loose`` are the searching tickets that something has just happened to: the next hand-out
    looks for agents for them. ``roster.gained`` are the agents to whom something happened.
    """

    def __init__(self, gate: Gate, chance: Chance) -> None:
        self.gate = gate
        self.chance = chance
        self.permits = gate.permits is not None
        self.demands = Demands(gate, chance)
        self.roster = Roster(gate, self.demands)
        self.tickets: dict[TicketId, TicketRecord] = {}
        self.open: dict[TicketId, TicketRecord] = {}  # not done, as they came or came back
        self.loose: dict[TicketId, TicketRecord] = {}
        self.queued: dict[TicketId, TicketRecord] = {}  # just now, and may skip their wait
        self.wanting: dict[TicketId, TicketRecord] = {}  # room is to be held for them
        self.held: dict[TicketId, TicketRecord] = {}  # room is held for them
        self.timers = Timers()
        self.last_agent_of: dict[str, AgentId] = {}  # by requester
        self.calendars: dict[CalendarId, Versions] = {}
        self.agreements: tuple[Agreement, ...] = ()  # the policies, in their order
        self.versions: dict[PolicyId, Agreement] = {}  # the latest of every policy there ever was
        self.now: Instant = 0
        self.opened = False
        self.submitted = 0
        self.forgotten = 0
        self.assigned = 0

    def unsettled(self) -> bool:
        """Return whether something happened that a hand-out has yet to look at."""
        return bool(self.loose or self.roster.gained or self.roster.special)

    def settle(self) -> None:
        """Note that a hand-out looked at everything."""
        self.loose.clear()
        self.roster.gained.clear()
        self.roster.thinned.clear()
        self.queued.clear()
        self.roster.special = bool(self.wanting or self.held)

    def open_in_order(self) -> list[TicketRecord]:
        """Return the tickets that are not done, in the order of submission. O(m log m) for m."""
        return sorted(self.open.values(), key=lambda ticket: ticket.ordinal)

    def demand_of(
        self, ticket: TicketRecord, queue: QueueRecord | None = None, *, asked: bool = True
    ) -> Demand:
        """Return what a ticket asks now, of the members of a queue; default, its own.

        ``asked`` False leaves in those who have an open offer of it.
        """
        asks = ticket.asks
        if queue is None:
            queue = ticket.queue
        if ticket.past is not UNEVENTFUL and ticket.past.room_of is not None and asked:
            return self.demands.own(ticket, queue)
        if ticket.offers or ticket.tried:
            channel, weight, skills, reach, _, reserved = asks
            excluded = excluded_by(ticket, asked=asked)
            asks = Asks(channel, weight, skills, reach, excluded, reserved)
            return self.demands.of(asks, ticket.terms, queue)
        recent = queue.index.recent
        if recent is not None and recent.asks is asks and not self.permits:
            return recent
        shared = None if self.permits else queue.index.demands.get((asks, None))
        return self.demands.of(asks, ticket.terms, queue) if shared is None else shared

    def wait_reason(self, ticket: TicketRecord) -> WaitReason:
        """Return in brief why nobody is eligible: of several queues, what will end first."""
        if not ticket.added:
            return self.demands.wait_reason(self.demand_of(ticket))
        reasons = {
            self.demands.wait_reason(self.demand_of(ticket, queue)) for queue in queues_of(ticket)
        }
        return next(reason for reason in _NEAREST if reason in reasons)

    def hours(self, calendar_id: CalendarId | None) -> Timetable:
        """Return the open hours of a calendar; None means around the clock."""
        if calendar_id is None:
            return _AROUND_THE_CLOCK
        return self.calendars[calendar_id].timetable

    def hours_of(self, clock: Clock) -> Timetable:
        """Return the open hours in which a clock counts, or counted when it ended."""
        return self.hours(clock.calendar_id) if clock.kept is None else clock.kept.timetable


def forgettable(state: State, before: Instant) -> list[TicketRecord]:
    """Return the tickets that were done before an instant and take no slot. O(tickets)."""
    return [
        ticket
        for ticket in state.tickets.values()
        if ticket.done_at is not None and ticket.done_at < before and ticket.agent is None
    ]


def asks_in(queue: QueueRecord, ticket: Ticket) -> Asks:
    """Return what ``asks_of`` returns: the object of its demand, if the queue has one like it."""
    equal: Any = (ticket.channel, ticket.weight, ticket.skills or None, None, None, None)
    recent = queue.index.recent
    if recent is not None and recent.asks == equal:
        return recent.asks  # fast: as the ticket before it asked
    known = queue.index.recent = queue.index.demands.get((equal, None))
    return asks_of(ticket) if known is None else known.asks


def agreement_of(state: State, ticket: TicketRecord) -> Agreement | None:
    """Return the policy of a ticket: its queue's, else the first that applies. O(policies)."""
    named = ticket.queue.terms.sla
    for agreement in state.agreements:
        if named is not None and agreement.policy.id == named:
            return agreement
        if named is None and agreement.policy.applies_to(ticket.terms, ticket.queue.id):
            return agreement
    return None
