"""Which function applies which event: the one door to a change of the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ticketroute.core.apply import clocks, offers, rooms, staff, tickets
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.instants import Instant
from ticketroute.sla import events as sla


def apply(state: State, event: ev.Event) -> None:
    """Change the state as ``event`` says. O(log n) but for events that touch n agents by nature."""
    if event.at != state.now:
        pass_time_to(state, event.at)
    APPLY[type(event)](state, event)


def pass_time_to(state: State, at: Instant) -> None:
    """Move the desk's clock to ``at``: the one change without an event."""
    state.now = at
    if state.roster.windows:
        state.roster.reach(at)


APPLY: dict[type[ev.Event], Callable[[State, Any], None]] = {
    ev.DeskOpened: staff.on_desk_opened,
    ev.DefaultsChanged: staff.on_defaults_changed,
    ev.QueueAdded: staff.on_queue_added,
    ev.QueueChanged: staff.on_queue_changed,
    ev.QueueRemoved: staff.on_queue_removed,
    ev.AgentAdded: staff.on_agent_added,
    ev.AgentChanged: staff.on_agent_changed,
    ev.AgentRemoved: staff.on_agent_removed,
    ev.MemberAdded: staff.on_member_added,
    ev.MemberChanged: staff.on_member_changed,
    ev.MemberRemoved: staff.on_member_removed,
    ev.MembersOrdered: staff.on_members_ordered,
    ev.PresenceChanged: staff.on_presence_changed,
    ev.ChannelSwitched: staff.on_channel_switched,
    ev.GraceEnded: staff.on_grace_ended,
    ev.RateLimitLifted: staff.on_rate_limit_lifted,
    ev.TicketSubmitted: tickets.on_submitted,
    ev.TicketQueued: tickets.on_queued,
    ev.TicketAssigned: tickets.on_assigned,
    ev.TicketReleased: tickets.on_released,
    ev.TicketTransferred: tickets.on_transferred,
    ev.TicketReplied: tickets.on_replied,
    ev.TicketHeld: tickets.on_held,
    ev.TicketResumed: tickets.on_resumed,
    ev.TicketResolved: tickets.on_resolved,
    ev.WrapUpEnded: tickets.on_wrap_up_ended,
    ev.TicketClosed: tickets.on_closed,
    ev.TicketReopened: tickets.on_reopened,
    ev.TicketAbandoned: tickets.on_abandoned,
    ev.TicketMerged: tickets.on_merged,
    ev.TicketPriorityChanged: tickets.on_priority_changed,
    ev.TicketChanged: tickets.on_changed,
    ev.TicketRated: tickets.on_rated,
    ev.TicketsForgotten: tickets.on_forgotten,
    ev.RequesterErased: tickets.on_requester_erased,
    ev.TicketOffered: offers.on_offered,
    ev.OfferShort: offers.on_offer_short,
    ev.OfferDeclined: offers.on_offer_declined,
    ev.OfferExpired: offers.on_offer_expired,
    ev.OfferWithdrawn: offers.on_offer_withdrawn,
    ev.RetryAllowed: offers.on_retry_allowed,
    ev.RingWidened: offers.on_ring_widened,
    ev.CoolDownEnded: offers.on_cool_down_ended,
    ev.TicketReserved: offers.on_reserved,
    ev.ReserveEnded: offers.on_reserve_ended,
    ev.TicketRelaxed: offers.on_relaxed,
    ev.TicketEscalated: offers.on_escalated,
    ev.RoomWanted: rooms.on_room_wanted,
    ev.RoomHeld: rooms.on_room_held,
    ev.RoomReleased: rooms.on_room_released,
    sla.CalendarSet: clocks.on_calendar_set,
    sla.DuesMoved: clocks.on_dues_moved,
    sla.CalendarRemoved: clocks.on_calendar_removed,
    sla.PoliciesSet: clocks.on_policies_set,
    sla.ShiftStarted: clocks.on_shift_started,
    sla.ShiftEnded: clocks.on_shift_ended,
    sla.ClockStarted: clocks.on_clock_started,
    sla.ClockPaused: clocks.on_clock_paused,
    sla.ClockResumed: clocks.on_clock_resumed,
    sla.ClockRetargeted: clocks.on_clock_retargeted,
    sla.ClockEnded: clocks.on_clock_ended,
    sla.ClockWarned: clocks.on_clock_warned,
    sla.ClockBreached: clocks.on_clock_breached,
    sla.ClockEscalated: clocks.on_clock_escalated,
}
