"""Commands about offers: how agents answer what they are asked."""

from __future__ import annotations

from ticketroute.core.records import AgentRecord, OpenOffer, TicketRecord
from ticketroute.core.steps import Steps
from ticketroute.errors import NotOfferedError, OfferGoneError
from ticketroute.model import events as ev
from ticketroute.model.checks import check_id
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import DECLINED


class Answering(Steps):
    """An offer ends in one of four ways; two of them are the agent's."""

    def accept(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        at: Instant,
        expected_version: int | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let an agent have the ticket they were offered; all other offers of it are withdrawn.

        It never fails for want of room: the offer has kept it. O(k) for k open offers.

        Raises:
            OfferGoneError: if the offer has ended; it names who has the ticket.
            NotOfferedError: if the ticket was never put to this agent.
            ConflictError: if the ticket has moved on from ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        ticket, record = self._ticket(ticket_id), self._agent(agent_id)
        self._begin(at)
        offer = self._open_offer(ticket, record)
        self._check_version(ticket, expected_version)
        others = [other for other in ticket.offers or () if other != agent_id]
        self._withdraw(ticket, others, ev.Cause.ANSWERED, at=at)
        self._record(
            ev.assigned(
                at=at,
                cause=ev.Cause.ACCEPTED,
                by=agent_id,
                ticket_id=ticket_id,
                queue_id=offer.queue.id,
                agent_id=agent_id,
                cost=offer.cost,
                key=offer.event.key,
                runner_up=offer.event.runner_up,
                strategy=offer.event.strategy,
            )
        )
        return self._finish(at)

    def decline(
        self,
        ticket_id: TicketId,
        agent_id: AgentId,
        *,
        reason: str = DECLINED,
        at: Instant,
    ) -> tuple[ev.Event, ...]:
        """Let an agent say no, with the host's own word for it; the ticket goes to the next.

        Raises:
            OfferGoneError: if the offer has ended.
            NotOfferedError: if the ticket was never put to this agent.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            InvalidValueError: if ``reason`` is no short word.
        """
        check_id("reason", reason)
        ticket, record = self._ticket(ticket_id), self._agent(agent_id)
        self._begin(at)
        policy = self._open_offer(ticket, record).queue.queue.offer
        cool = policy.cool_down.get(reason, policy.cool_down.get(DECLINED))
        retry = policy.retry_declined_after
        self._record(
            ev.declined(
                at=at,
                by=agent_id,
                ticket_id=ticket_id,
                agent_id=agent_id,
                reason=reason,
                retry_at=None if retry is None else at + retry,
                cool_until=None if cool is None else at + cool,
            )
        )
        self._fresh.append(ticket)
        return self._finish(at)

    def _open_offer(self, ticket: TicketRecord, record: AgentRecord) -> OpenOffer:
        """Return the agent's open offer of a ticket, or say what became of it."""
        offer = (ticket.offers or {}).get(record.id)
        if offer is not None:
            return offer
        if ticket.asked is None or record.id not in ticket.asked:
            raise NotOfferedError(ticket.id, record.id)
        has = ticket.agent is not None or ticket.state is RoutingState.DONE
        raise OfferGoneError(ticket.id, record.id, ticket.last_agent_id if has else None)
