"""Applies events about offers, and about what a ticket asks while it waits."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.apply.shared import (
    come_loose,
    cool_down,
    end_offer,
    end_reservation,
    enter_lines,
    leave_line,
    lift,
    note_tried,
    ring_in_line,
    time_rate_limit,
    time_relaxation,
    transition,
)
from ticketroute.core.facts import (
    is_ringing_everyone,
    is_searching,
    queues_of,
    seeks,
)
from ticketroute.core.gate import answered
from ticketroute.core.index.lone import recount, stands_alone
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import OpenOffer, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.instants import Instant
from ticketroute.model.reasons import Reason

# --- offers -------------------------------------------------------------------------------


def on_offered(state: State, event: ev.TicketOffered) -> None:
    ticket = transition(state, event)
    queue, record = state.roster.queues[event.queue_id], state.roster.agents[event.agent_id]
    if ticket.entries:
        _note_in_line(ticket, queue, event)
    waited_for_one = ticket.asks.reserved is not None
    if waited_for_one:
        end_reservation(state, ticket)
    if queue.has_turns and event.cause in ev.BY_STRATEGY:
        queue.strategy.offered(event.agent_id)
    if event.draws:
        state.chance.spend(len(event.draws))
    offer = OpenOffer(ticket, record, queue, event)
    if not ticket.offers:
        ticket.offers = {}
    ticket.offers[event.agent_id] = offer
    if ticket.asked is None:
        ticket.asked = set()
    ticket.asked.add(event.agent_id)
    state.timers.set(Timer(TimerKind.OFFER, ticket.id, event.agent_id), event.until)
    if record.rare.recent is not None:
        state.roster.trim_rate(record, event.at)
    state.roster.reserve(offer)
    if record.rare.rate_limit is not None:
        time_rate_limit(state, record)
    if ticket.queue.ring_step is not None and not ticket.past.wanted:
        _widen(state, ticket, 1, event.at)
    _stand(state, ticket, for_others=waited_for_one)


def _note_in_line(ticket: TicketRecord, queue: QueueRecord, event: ev.TicketOffered) -> None:
    """Note that a ticket in line is offered to an agent, whom it leaves out from now on."""
    if not ticket.offers:
        queue.handed.append(event.at)
    if stands_alone(ticket) and answered(ticket, event.agent_id) is None:
        recount(ticket, event.agent_id, 1)


def _stand(state: State, ticket: TicketRecord, *, for_others: bool) -> None:
    """Put a ticket where it belongs after an offer: in line, loose, or neither.

    ``for_others`` says that until then it waited for one agent alone.
    """
    if not ticket.queue.rings_all and ticket.queue.terms.offer.parallel == 1:  # fast: it is enough
        state.loose.pop(ticket.id, None)
        if ticket.entries or ticket.wait_reason is not None:
            leave_line(ticket)
    elif is_ringing_everyone(ticket):
        if ticket.wait_reason is not None or not stands_alone(ticket):
            leave_line(ticket)
            ring_in_line(state, ticket)
        if for_others:
            state.loose[ticket.id] = ticket
    else:
        leave_line(ticket)
        if seeks(ticket):
            state.loose[ticket.id] = ticket
        else:
            state.loose.pop(ticket.id, None)


def _widen(state: State, ticket: TicketRecord, wanted: int, at: Instant) -> None:
    """Ring so many agents at a time from now on: one more a step later, or everyone for good."""
    timer, step = Timer(TimerKind.RING, ticket.id), ticket.queue.ring_step
    members = set().union(*[queue.members for queue in queues_of(ticket)])
    everyone = step is None or wanted >= len(members)
    ticket.past = evolve(ticket.past, wanted=wanted, everyone=everyone)
    if step is None or everyone:
        state.timers.cancel(timer)
    else:
        state.timers.set(timer, at + step)


def on_offer_short(state: State, event: ev.OfferShort) -> None:
    enter_lines(state, transition(state, event))


def on_offer_declined(state: State, event: ev.OfferDeclined) -> None:
    offer = _end(state, event)
    note_tried(state, offer.record, offer.agent, Reason.DECLINED, event.retry_at)
    if event.cool_until is not None:
        cool_down(state, offer.agent, event.cool_until)


def on_offer_expired(state: State, event: ev.OfferExpired) -> None:
    offer = _end(state, event)
    own = offer.agent.own
    if event.misses > own.misses:
        own.missed_at = event.at
    own.misses = event.misses
    note_tried(state, offer.record, offer.agent, Reason.MISSED, event.retry_at)
    if event.cool_until is not None:
        cool_down(state, offer.agent, event.cool_until)


def on_offer_withdrawn(state: State, event: ev.OfferWithdrawn) -> None:
    _end(state, event)


def _end(state: State, event: ev.OfferDeclined | ev.OfferExpired | ev.OfferWithdrawn) -> OpenOffer:
    """End an open offer; its ticket goes on to the next agent, or goes on ringing the others."""
    ticket = transition(state, event)
    offer = end_offer(state, ticket, event)
    if not ticket.offers:  # fast: nobody is asked, so it searches, and it cannot be ringing
        leave_line(ticket)
        state.loose[ticket.id] = ticket
    elif not (stands_alone(ticket) and is_ringing_everyone(ticket)):
        come_loose(state, ticket)
    return offer


def on_retry_allowed(state: State, event: ev.RetryAllowed) -> None:
    ticket, record = transition(state, event), state.roster.agents[event.agent_id]
    lift(state, ticket, record)
    if is_ringing_everyone(ticket):
        state.roster.gained[record.id] = record
    elif is_searching(ticket):
        come_loose(state, ticket)


def on_ring_widened(state: State, event: ev.RingWidened) -> None:
    ticket = transition(state, event)
    _widen(state, ticket, event.wanted, event.at)
    come_loose(state, ticket)


def on_cool_down_ended(state: State, event: ev.CoolDownEnded) -> None:
    record = state.roster.agents[event.agent_id]
    record.own.cooling_until = None
    state.timers.cancel(Timer(TimerKind.COOL_DOWN, event.agent_id))
    state.roster.refit(record)


# --- waiting ------------------------------------------------------------------------------


def on_reserved(state: State, event: ev.TicketReserved) -> None:
    ticket = transition(state, event)
    record = state.roster.agents[event.agent_id]
    ticket.asks = ticket.asks._replace(reserved=event.agent_id)
    ticket.past = evolve(ticket.past, waited_for=True)
    own = record.own
    if own.reserved is EMPTY:
        own.reserved = {}
    own.reserved[ticket.id] = ticket
    state.timers.set(Timer(TimerKind.RESERVE, ticket.id), event.until)


def on_reserve_ended(state: State, event: ev.ReserveEnded) -> None:
    ticket = transition(state, event)
    end_reservation(state, ticket)
    come_loose(state, ticket)


def on_relaxed(state: State, event: ev.TicketRelaxed) -> None:
    ticket = transition(state, event)
    ticket.past = evolve(ticket.past, relaxed=event.step)
    ticket.priority = event.priority
    ticket.asks = ticket.asks._replace(skills=event.skills or None, reach=event.reach)
    ticket.added = tuple([state.roster.queues[queue_id] for queue_id in event.added])
    time_relaxation(state, ticket)
    come_loose(state, ticket)


def on_escalated(state: State, event: ev.TicketEscalated) -> None:
    state.timers.cancel(Timer(TimerKind.RESPOND, transition(state, event).id))
