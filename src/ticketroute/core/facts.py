"""Questions about one record, answered from its facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from ticketroute.core.records import AgentRecord, Asks, QueueRecord, TicketRecord
from ticketroute.model.agent import Presence
from ticketroute.model.events import BY_STRATEGY
from ticketroute.model.frozen import EMPTY, FrozenMapping, read_only
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.model.reasons import Reason
from ticketroute.model.relaxation import Relaxation
from ticketroute.model.ticket import Ticket
from ticketroute.strategies.contract import NOBODY

EVERYONE = 1_000_000  # offers wanted at a time by a ticket that rings all: more than any queue has

_WAITING, _OFFERED = RoutingState.WAITING, RoutingState.OFFERED
_OFFER = Delivery.OFFER


# --- tickets ----------------------------------------------------------------------------------


def asks_of(ticket: Ticket) -> Asks:
    """Return what a ticket asks before anything is relaxed."""
    return Asks(ticket.channel, ticket.weight, ticket.skills or None)


def skills_of(ticket: TicketRecord) -> FrozenMapping[str, int]:
    """Return the skills that a ticket asks by now, in its own order. O(skills).

    Those in ``asks`` may be in the order of another ticket, of which a replayed desk knows nothing.
    """
    asked = ticket.asks.skills or EMPTY
    return read_only({skill: asked[skill] for skill in ticket.terms.skills if skill in asked})


def still_asked(ticket: TicketRecord, skills: Mapping[str, int]) -> FrozenMapping[str, int]:
    """Return what a changed ticket asks of ``skills``: what was dropped or lowered stays so."""
    before, asked = ticket.terms.skills, ticket.asks.skills or EMPTY
    return read_only(
        {
            skill: min(level, asked.get(skill, level))
            for skill, level in skills.items()
            if skill in asked or skill not in before
        }
    )


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


def lifted(ticket: TicketRecord) -> AbstractSet[AgentId]:
    """Return who missed the ticket and may be asked again, after those who were not tried."""
    if not ticket.tried:
        return NOBODY
    return {agent_id for agent_id, tried in ticket.tried.items() if tried.lifted}


def next_relaxation(ticket: TicketRecord) -> Relaxation | None:
    """Return the step of the schedule that a searching ticket takes next, or None."""
    schedule = ticket.queue.terms.relaxations
    if ticket.waiting_since is None or ticket.past.relaxed >= len(schedule):
        return None
    return schedule[ticket.past.relaxed]


def rings_everyone(ticket: TicketRecord) -> bool:
    """Return whether everyone eligible is rung for the ticket for as long as it rings."""
    queue = ticket.queue
    return queue.rings_all and (queue.ring_step is None or ticket.past.everyone)


def is_ringing_everyone(ticket: TicketRecord) -> bool:
    """Return whether the ticket rings now and stays in its lines meanwhile."""
    return (
        bool(ticket.offers)
        and ticket.queue.rings_all
        and ticket.queue.terms.delivery is _OFFER
        and rings_everyone(ticket)
        and not rings_alone(ticket)
    )


def rings_alone(ticket: TicketRecord) -> bool:
    """Return whether a ticket rings an agent whom it wished for: nobody else is rung meanwhile."""
    return (
        ticket.queue.rings_all
        and ticket.queue.ring_step is None
        and any(offer.event.cause not in BY_STRATEGY for offer in (ticket.offers or {}).values())
    )


def wanted_at_once(ticket: TicketRecord) -> int:
    """Return how many offers of a ticket are to stand at once, at this moment."""
    queue = ticket.queue
    if not queue.rings_all:
        return queue.terms.offer.parallel
    return EVERYONE if rings_everyone(ticket) else max(1, ticket.past.wanted)


def refills(ticket: TicketRecord) -> bool:
    """Return whether an offer that ended is replaced while others of the ticket are open."""
    return ticket.queue.rings_all or ticket.queue.terms.offer.refill


def wants_more(ticket: TicketRecord) -> int:
    """Return how many more agents are to be asked for a ticket that nobody has, at this moment."""
    if not is_searching(ticket):
        return 0
    open_offers = len(ticket.offers or ())
    if open_offers and rings_alone(ticket):
        return 0
    if open_offers and not (ticket.queue.terms.delivery is _OFFER and refills(ticket)):
        return 0
    return max(0, wanted_at_once(ticket) - open_offers)


def is_searching(ticket: TicketRecord) -> bool:
    """Return whether no agent has the ticket and it is not on hold or done."""
    return ticket.state is _WAITING or ticket.state is _OFFERED


def seeks(ticket: TicketRecord) -> bool:
    """Return whether a ticket still looks for agents."""
    return ticket.state is _WAITING or wants_more(ticket) > 0


# --- agents -----------------------------------------------------------------------------------


def holds_slot(agent: AgentRecord, ticket: TicketRecord) -> bool:
    """Return whether the ticket counts towards the agent's load."""
    return agent.slots is not None and ticket.id in agent.slots


def is_gone(agent: AgentRecord) -> bool:
    """Return whether the agent is offline or off their shift."""
    return agent.presence is Presence.OFFLINE or not agent.rare.on_shift


def works(agent: AgentRecord) -> bool:
    """Return whether the agent works a ticket now. O(tickets of the agent)."""
    return any(slot.state is RoutingState.ASSIGNED for slot in (agent.slots or {}).values())


def held_by(agent: AgentRecord) -> list[TicketRecord]:
    """Return the tickets an agent works or has on hold, by first arrival."""
    held = [*(agent.slots or {}).values(), *agent.rare.parked.values()]
    return sorted((ticket for ticket in held if ticket.state is not RoutingState.DONE), key=by_age)


def by_age(ticket: TicketRecord) -> tuple[int, int]:
    """Return the order of first arrival, for sorting."""
    return (ticket.arrived, ticket.ordinal)


# --- queues -----------------------------------------------------------------------------------


def queues_of(ticket: TicketRecord) -> tuple[QueueRecord, ...]:
    """Return the queues that a ticket waits in: its own first, then those it overflowed to."""
    return (ticket.queue, *ticket.added)
