"""State is the fold of its events: here, of plain facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ticketroute.model import events as ev
from ticketroute.sla import events as sla
from ticketroute.testing.reference import fold_offers as offers
from ticketroute.testing.reference import fold_sla as clocks
from ticketroute.testing.reference import fold_staff as staff
from ticketroute.testing.reference import fold_tickets as tickets
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.upkeep import Upkeep


class Fold(Upkeep):
    """Facts that follow events."""

    def apply(self, event: ev.Event) -> None:
        """Let ``event`` have happened; fails at one that could not."""
        assert event.at >= self.now
        self.now = event.at
        self.events += 1
        _FOLD[type(event)](self, event)
        self.watch()
        for ticket in self.tickets.values():
            if not ticket.counts:
                ticket.slot = None
            elif ticket.slot is None:
                ticket.slot = self.events
            if ticket.book is not None and ticket.book.statuses[-1][1] is not ticket.status:
                ticket.book.statuses.append((event.at, ticket.status))
        if isinstance(event, ev.DefaultsChanged | sla.CalendarSet):
            self.seat(list(self.agents))
        else:
            self.seat(None)


def _nothing(*_: object) -> None:
    """Note that this moves nothing that routing looks at."""


def _of_ticket(change: Callable[[TicketFacts, Upkeep, Any], None]) -> Callable[..., None]:
    def apply(desk: Upkeep, event: ev.TicketEvent) -> None:
        ticket = desk.tickets[event.ticket_id]
        quiet = isinstance(event, ev.TicketReplied) and event.author in (
            ev.Author.AUTOMATION,
            ev.Author.NOTE,
        )
        ticket.version += not quiet
        change(ticket, desk, event)

    return apply


_FOLD: dict[type[ev.Event], Callable[..., None]] = {
    ev.DeskOpened: lambda desk, event: setattr(desk, "defaults", event.defaults),
    ev.DefaultsChanged: staff.defaults,
    ev.QueueAdded: staff.queue_added,
    ev.QueueChanged: staff.queue_changed,
    ev.QueueRemoved: staff.queue_removed,
    ev.AgentAdded: staff.agent_added,
    ev.AgentChanged: staff.agent_changed,
    ev.AgentRemoved: staff.agent_removed,
    ev.MemberAdded: staff.member_added,
    ev.MemberChanged: staff.member_changed,
    ev.MemberRemoved: staff.member_removed,
    ev.MembersOrdered: staff.members_ordered,
    ev.PresenceChanged: staff.presence,
    ev.ChannelSwitched: staff.channel,
    ev.GraceEnded: staff.grace_ended,
    ev.RateLimitLifted: staff.rate_lifted,
    ev.TicketSubmitted: tickets.submitted,
    ev.TicketQueued: _of_ticket(tickets.queued),
    ev.TicketAssigned: _of_ticket(tickets.assigned),
    ev.TicketReleased: _of_ticket(tickets.released),
    ev.TicketTransferred: _of_ticket(tickets.transferred),
    ev.TicketReplied: _of_ticket(tickets.replied),
    ev.TicketHeld: _of_ticket(tickets.held),
    ev.TicketResumed: _of_ticket(tickets.resumed),
    ev.TicketResolved: _of_ticket(tickets.resolved),
    ev.WrapUpEnded: tickets.wrap_up_ended,
    ev.TicketClosed: _of_ticket(tickets.closed),
    ev.TicketReopened: _of_ticket(tickets.reopened),
    ev.TicketAbandoned: _of_ticket(tickets.over),
    ev.TicketMerged: _of_ticket(tickets.merged),
    ev.TicketPriorityChanged: _of_ticket(tickets.priority),
    ev.TicketRated: _of_ticket(_nothing),
    ev.TicketOffered: _of_ticket(offers.offered),
    ev.OfferShort: _of_ticket(offers.short),
    ev.OfferDeclined: _of_ticket(offers.declined),
    ev.OfferExpired: _of_ticket(offers.expired),
    ev.OfferWithdrawn: _of_ticket(offers.withdrawn),
    ev.RetryAllowed: _of_ticket(offers.retry),
    ev.RingWidened: _of_ticket(offers.widened),
    ev.CoolDownEnded: staff.cooled,
    ev.TicketReserved: _of_ticket(offers.reserved),
    ev.ReserveEnded: _of_ticket(offers.reserve_ended),
    ev.TicketRelaxed: _of_ticket(offers.relaxed),
    ev.TicketEscalated: _of_ticket(offers.escalated),
    sla.CalendarSet: clocks.calendar_set,
    sla.DuesMoved: clocks.dues_moved,
    sla.CalendarRemoved: clocks.calendar_removed,
    sla.PoliciesSet: clocks.policies_set,
    sla.ShiftStarted: clocks.shift,
    sla.ShiftEnded: clocks.shift,
    sla.ClockStarted: clocks.clock_started,
    sla.ClockPaused: clocks.clock_paused,
    sla.ClockResumed: clocks.clock_resumed,
    sla.ClockRetargeted: clocks.clock_retargeted,
    sla.ClockEnded: clocks.clock_ended,
    sla.ClockWarned: clocks.clock_warned,
    sla.ClockBreached: clocks.clock_breached,
    sla.ClockEscalated: clocks.clock_escalated,
}
