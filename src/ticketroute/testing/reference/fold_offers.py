"""What each event about offers and waiting does to the facts."""

from __future__ import annotations

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing.reference.credit import charge
from ticketroute.testing.reference.facts import OfferFacts, QueueFacts, TicketFacts, Tried
from ticketroute.testing.reference.spec import keeps_credits, step_of, takes_turns
from ticketroute.testing.reference.upkeep import Upkeep


def end_offer(ticket: TicketFacts, desk: Upkeep, agent_id: AgentId) -> None:
    del ticket.offers[agent_id]
    if not ticket.offers:
        ticket.wanted, ticket.ring_at = 0, None
    desk.trim_rate(agent_id)
    desk.seat([agent_id])  # before anything takes that room again


def offered(ticket: TicketFacts, desk: Upkeep, event: ev.TicketOffered) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert event.agent_id not in ticket.offers
    queue = desk.queues[event.queue_id]
    ticket.state, ticket.in_line = RoutingState.OFFERED, False
    ticket.reserved = ticket.reserve_until = None
    if event.cause in ev.BY_STRATEGY:
        move_turn(desk, queue, event.agent_id)
    step = step_of(queue.queue.strategy)
    if not ticket.offers and step is not None:
        ticket.wanted, ticket.ring_at = 1, event.at + step
    ticket.offers[event.agent_id] = OfferFacts(ticket, queue, event, desk.events)
    ticket.asked.add(event.agent_id)
    desk.trim_rate(event.agent_id)


def short(ticket: TicketFacts, _: Upkeep, event: ev.OfferShort) -> None:
    assert not ticket.in_line
    assert event.open == len(ticket.offers)
    ticket.in_line = True


def declined(ticket: TicketFacts, desk: Upkeep, event: ev.OfferDeclined) -> None:
    ticket.in_line = False
    end_offer(ticket, desk, event.agent_id)
    note_tried(desk, ticket, event.agent_id, "declined", event.retry_at)
    cool(desk, event.agent_id, event.cool_until)


def expired(ticket: TicketFacts, desk: Upkeep, event: ev.OfferExpired) -> None:
    ticket.in_line = False
    end_offer(ticket, desk, event.agent_id)
    desk.agents[event.agent_id].misses = event.misses
    note_tried(desk, ticket, event.agent_id, "missed", event.retry_at)
    cool(desk, event.agent_id, event.cool_until)


def note_tried(
    desk: Upkeep, ticket: TicketFacts, agent_id: AgentId, reason: str, retry_at: int | None
) -> None:
    before = ticket.tried.get(agent_id)
    number = desk.events if before is None else before.number
    ticket.tried[agent_id] = Tried(reason, retry_at, number)


def cool(desk: Upkeep, agent_id: AgentId, until: int | None) -> None:
    known = desk.agents[agent_id]
    if until is not None:
        known.cooling_until = max(until, known.cooling_until or 0)


def withdrawn(ticket: TicketFacts, desk: Upkeep, event: ev.OfferWithdrawn) -> None:
    ticket.in_line = False
    end_offer(ticket, desk, event.agent_id)


def retry(ticket: TicketFacts, _: Upkeep, event: ev.RetryAllowed) -> None:
    tried = ticket.tried[event.agent_id]
    assert tried.retry_at == event.at
    ticket.in_line = False
    if tried.reason == "missed":
        tried.lifted, tried.retry_at = True, None
    else:
        del ticket.tried[event.agent_id]


def widened(ticket: TicketFacts, _: Upkeep, event: ev.RingWidened) -> None:
    assert ticket.ring_at == event.at
    assert event.wanted == max(1, ticket.wanted) + 1
    ticket.in_line, ticket.wanted = False, event.wanted
    step = step_of(ticket.queue.queue.strategy)
    rung = event.wanted >= len(ticket.queue.members)  # everybody
    ticket.ring_at = None if step is None or rung else event.at + step


def reserved(ticket: TicketFacts, desk: Upkeep, event: ev.TicketReserved) -> None:
    ticket.reserved_by = desk.events
    ticket.reserved, ticket.reserve_until = event.agent_id, event.until
    ticket.waited_for = True


def reserve_ended(ticket: TicketFacts, _: Upkeep, event: ev.ReserveEnded) -> None:
    assert event.cause is not ev.Cause.TIME or ticket.reserve_until == event.at
    ticket.in_line, ticket.reserved, ticket.reserve_until = False, None, None


def relaxed(ticket: TicketFacts, desk: Upkeep, event: ev.TicketRelaxed) -> None:
    if event.cause is ev.Cause.TIME:
        assert ticket.relax_at == event.at
        assert event.step == ticket.relaxed + 1
    ticket.in_line, ticket.relaxed = False, event.step
    ticket.priority, ticket.reach = event.priority, event.reach
    ticket.skills = dict(event.skills)
    ticket.added = [desk.queues[queue_id] for queue_id in event.added]
    desk.time_relaxation(ticket)


def escalated(ticket: TicketFacts, _: Upkeep, event: ev.TicketEscalated) -> None:
    assert ticket.respond_by == event.at
    ticket.respond_by = None


def move_turn(desk: Upkeep, queue: QueueFacts, agent_id: AgentId) -> None:
    if takes_turns(queue.queue.strategy):
        seats = desk.seats(queue, agent_id)
        seats.last = seats.of[agent_id]
    if keeps_credits(queue.queue.strategy):
        charge(desk, queue, agent_id)
