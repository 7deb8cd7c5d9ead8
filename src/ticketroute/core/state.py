"""The state of a desk: the fold of its events. ``apply`` is the only road to a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ticketroute.core.fold_clocks import ClockFold
from ticketroute.core.fold_offers import OfferFold
from ticketroute.core.fold_staff import StaffFold
from ticketroute.core.fold_tickets import TicketFold
from ticketroute.model import events as ev
from ticketroute.model.instants import Instant
from ticketroute.sla import events as sla


class State(StaffFold, TicketFold, OfferFold, ClockFold):
    """Everything a desk knows. Whoever decides reads it; only ``apply`` writes it."""

    def reach(self, at: Instant) -> None:
        """Let time pass up to ``at``: the one change without an event, and a function of both."""
        self.now = at
        if self.roster.windows:
            self.roster.reach(at)

    def apply(self, event: ev.Event) -> None:
        """Let ``event`` have happened. O(log n) but for events that touch n agents by nature."""
        if event.at != self.now:
            self.reach(event.at)
        _APPLY[type(event)](self, event)


_APPLY: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.DeskOpened: StaffFold.on_desk_opened,
    ev.DefaultsChanged: StaffFold.on_defaults_changed,
    ev.QueueAdded: StaffFold.on_queue_added,
    ev.QueueChanged: StaffFold.on_queue_changed,
    ev.QueueRemoved: StaffFold.on_queue_removed,
    ev.AgentAdded: StaffFold.on_agent_added,
    ev.AgentChanged: StaffFold.on_agent_changed,
    ev.AgentRemoved: StaffFold.on_agent_removed,
    ev.MemberAdded: StaffFold.on_member_added,
    ev.MemberChanged: StaffFold.on_member_changed,
    ev.MemberRemoved: StaffFold.on_member_removed,
    ev.MembersOrdered: StaffFold.on_members_ordered,
    ev.PresenceChanged: StaffFold.on_presence_changed,
    ev.ChannelSwitched: StaffFold.on_channel_switched,
    ev.GraceEnded: StaffFold.on_grace_ended,
    ev.RateLimitLifted: StaffFold.on_rate_limit_lifted,
    ev.TicketSubmitted: TicketFold.on_submitted,
    ev.TicketQueued: TicketFold.on_queued,
    ev.TicketAssigned: TicketFold.on_assigned,
    ev.TicketReleased: TicketFold.on_released,
    ev.TicketTransferred: TicketFold.on_transferred,
    ev.TicketReplied: TicketFold.on_replied,
    ev.TicketHeld: TicketFold.on_held,
    ev.TicketResumed: TicketFold.on_resumed,
    ev.TicketResolved: TicketFold.on_resolved,
    ev.WrapUpEnded: TicketFold.on_wrap_up_ended,
    ev.TicketClosed: TicketFold.on_closed,
    ev.TicketReopened: TicketFold.on_reopened,
    ev.TicketAbandoned: TicketFold.on_abandoned,
    ev.TicketMerged: TicketFold.on_merged,
    ev.TicketPriorityChanged: TicketFold.on_priority_changed,
    ev.TicketRated: TicketFold.on_rated,
    ev.TicketOffered: OfferFold.on_offered,
    ev.OfferShort: OfferFold.on_offer_short,
    ev.OfferDeclined: OfferFold.on_offer_declined,
    ev.OfferExpired: OfferFold.on_offer_expired,
    ev.OfferWithdrawn: OfferFold.on_offer_withdrawn,
    ev.RetryAllowed: OfferFold.on_retry_allowed,
    ev.RingWidened: OfferFold.on_ring_widened,
    ev.CoolDownEnded: OfferFold.on_cool_down_ended,
    ev.TicketReserved: OfferFold.on_reserved,
    ev.ReserveEnded: OfferFold.on_reserve_ended,
    ev.TicketRelaxed: OfferFold.on_relaxed,
    ev.TicketEscalated: OfferFold.on_escalated,
    sla.CalendarSet: ClockFold.on_calendar_set,
    sla.DuesMoved: ClockFold.on_dues_moved,
    sla.CalendarRemoved: ClockFold.on_calendar_removed,
    sla.PoliciesSet: ClockFold.on_policies_set,
    sla.ShiftStarted: ClockFold.on_shift_started,
    sla.ShiftEnded: ClockFold.on_shift_ended,
    sla.ClockStarted: ClockFold.on_clock_started,
    sla.ClockPaused: ClockFold.on_clock_paused,
    sla.ClockResumed: ClockFold.on_clock_resumed,
    sla.ClockRetargeted: ClockFold.on_clock_retargeted,
    sla.ClockEnded: ClockFold.on_clock_ended,
    sla.ClockWarned: ClockFold.on_clock_warned,
    sla.ClockBreached: ClockFold.on_clock_breached,
    sla.ClockEscalated: ClockFold.on_clock_escalated,
}
