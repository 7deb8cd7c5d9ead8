"""The fold of events about offers, and about what a ticket asks while it waits."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.records import OpenOffer
from ticketroute.core.store import Store
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.reasons import Reason


class OfferFold(Store):
    """Lets it have happened."""

    # --- offers -------------------------------------------------------------------------------

    def on_offered(self, event: ev.TicketOffered) -> None:
        ticket = self._step(event)
        queue, record = self.roster.queues[event.queue_id], self.roster.agents[event.agent_id]
        if ticket.entries:
            queue.handed.append(event.at)
        if ticket.entries or ticket.wait_reason is not None:
            self._leave_line(ticket)
        if ticket.asks.reserved is not None:
            self._unreserve(ticket)
        if event.cause in ev.BY_STRATEGY:
            queue.strategy.offered(event.agent_id)
        self.chance.spend(len(event.draws))
        offer = OpenOffer(ticket, record, queue, event)
        if not ticket.offers:
            ticket.offers = {}
            step = queue.ring_step
            if step is not None:
                ticket.past = evolve(ticket.past, wanted=1)
                self.timers.set(Timer(TimerKind.RING, ticket.id), event.at + step)
        ticket.offers[event.agent_id] = offer
        if ticket.asked is None:
            ticket.asked = set()
        ticket.asked.add(event.agent_id)
        self.timers.set(Timer(TimerKind.OFFER, ticket.id, event.agent_id), event.until)
        self.roster.trim_rate(record, event.at)
        self.roster.reserve(offer)
        if record.rare.rate_limit is not None:
            self._time_rate_limit(record)

    def on_offer_short(self, event: ev.OfferShort) -> None:
        self._enter_lines(self._step(event))

    def on_offer_declined(self, event: ev.OfferDeclined) -> None:
        ticket = self._step(event)
        if ticket.entries:
            self._leave_line(ticket)
        offer = self._end_offer(ticket, event)
        self._note_tried(ticket, offer.agent, Reason.DECLINED, event.retry_at)
        if event.cool_until is not None:
            self._cool_down(offer.agent, event.cool_until)

    def on_offer_expired(self, event: ev.OfferExpired) -> None:
        ticket = self._step(event)
        if ticket.entries:
            self._leave_line(ticket)
        offer = self._end_offer(ticket, event)
        offer.agent.own.misses = event.misses
        self._note_tried(ticket, offer.agent, Reason.MISSED, event.retry_at)
        if event.cool_until is not None:
            self._cool_down(offer.agent, event.cool_until)

    def on_offer_withdrawn(self, event: ev.OfferWithdrawn) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        self._end_offer(ticket, event)

    def on_retry_allowed(self, event: ev.RetryAllowed) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        self._lift(ticket, self.roster.agents[event.agent_id])

    def on_ring_widened(self, event: ev.RingWidened) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        ticket.past = evolve(ticket.past, wanted=event.wanted)
        timer = Timer(TimerKind.RING, ticket.id)
        step = ticket.queue.ring_step
        if step is None or event.wanted >= len(ticket.queue.members):
            self.timers.cancel(timer)  # there is nobody left to be rung beside them
        else:
            self.timers.set(timer, event.at + step)

    def on_cool_down_ended(self, event: ev.CoolDownEnded) -> None:
        record = self.roster.agents[event.agent_id]
        record.own.cooling_until = None
        self.timers.cancel(Timer(TimerKind.COOL_DOWN, event.agent_id))
        self.roster.refit(record)

    # --- waiting ------------------------------------------------------------------------------

    def on_reserved(self, event: ev.TicketReserved) -> None:
        ticket = self._step(event)
        record = self.roster.agents[event.agent_id]
        ticket.asks = ticket.asks._replace(reserved=event.agent_id)
        ticket.past = evolve(ticket.past, waited_for=True)
        own = record.own
        if own.reserved is EMPTY:
            own.reserved = {}
        own.reserved[ticket.id] = ticket
        self.timers.set(Timer(TimerKind.RESERVE, ticket.id), event.until)

    def on_reserve_ended(self, event: ev.ReserveEnded) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        self._unreserve(ticket)

    def on_relaxed(self, event: ev.TicketRelaxed) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        ticket.past = evolve(ticket.past, relaxed=event.step)
        ticket.priority = event.priority
        ticket.asks = ticket.asks._replace(skills=event.skills or None, reach=event.reach)
        ticket.added = tuple(self.roster.queues[queue_id] for queue_id in event.added)
        self._time_relaxation(ticket)

    def on_escalated(self, event: ev.TicketEscalated) -> None:
        self.timers.cancel(Timer(TimerKind.RESPOND, self._step(event).id))
