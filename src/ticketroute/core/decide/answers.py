"""Commands about offers: how agents answer what they are asked."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from ticketroute.commands import Accept, Decline
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import check_version, known_agent, known_ticket
from ticketroute.core.records import AgentRecord, OpenOffer, TicketRecord
from ticketroute.core.state import State
from ticketroute.errors import NotOfferedError, OfferGoneError
from ticketroute.model import events as ev
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import DECLINED


def accept(state: State, command: Accept, at: Instant, by: str | None) -> Iterable[ev.Event]:
    """Give an agent the ticket they were offered; all other offers of it are withdrawn."""
    ticket = known_ticket(state, command.ticket_id)
    if command.expected_version is not None:
        check_version(ticket, command.expected_version)
    agent = known_agent(state, command.agent_id)
    offer = _open_offer(ticket, agent)
    others = [other for other in ticket.offers or () if other != agent.id]
    accepted = ev.assigned(
        at=at,
        cause=ev.Cause.ACCEPTED,
        by=by or agent.id,
        ticket_id=ticket.id,
        queue_id=offer.queue.id,
        agent_id=agent.id,
        cost=offer.cost,
        key=offer.event.key,
        runner_up=offer.event.runner_up,
        strategy=offer.event.strategy,
    )
    if not others:
        return (accepted,)
    return chain(moves.withdraw(ticket, others, ev.Cause.ANSWERED, at=at), (accepted,))


def decline(state: State, command: Decline, at: Instant, by: str | None) -> Iterable[ev.Event]:
    """End an agent's offer, with the host's own word for the reason."""
    ticket = known_ticket(state, command.ticket_id)
    if command.expected_version is not None:
        check_version(ticket, command.expected_version)
    agent = known_agent(state, command.agent_id)
    policy = _open_offer(ticket, agent).queue.terms.offer
    cool = policy.cool_down.get(command.reason, policy.cool_down.get(DECLINED))
    retry = policy.retry_declined_after
    return (
        ev.declined(
            at=at,
            by=by or agent.id,
            ticket_id=ticket.id,
            agent_id=agent.id,
            reason=command.reason,
            retry_at=None if retry is None else at + retry,
            cool_until=None if cool is None else at + cool,
        ),
    )


def _open_offer(ticket: TicketRecord, agent: AgentRecord) -> OpenOffer:
    """Return the agent's open offer of a ticket, or raise what became of it."""
    offer = (ticket.offers or {}).get(agent.id)
    if offer is not None:
        return offer
    if ticket.asked is None or agent.id not in ticket.asked:
        raise NotOfferedError(ticket.id, agent.id)
    has = ticket.agent is not None or ticket.state is RoutingState.DONE
    raise OfferGoneError(ticket.id, agent.id, ticket.last_agent_id if has else None)
