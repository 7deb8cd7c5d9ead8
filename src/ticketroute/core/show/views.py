"""What a host may see of the state: frozen copies, made when asked for."""

from __future__ import annotations

from attrs import frozen

from ticketroute.core.gate import capacity_of, wrap_ups
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Defaults
from ticketroute.model.ticket import Ticket, TicketPriority


@frozen(kw_only=True)
class TicketView:
    """A ticket as it stands.

    ``version`` counts what happened to it: give it back as ``expected_version`` to refuse a
    decision that somebody has overtaken. ``cost`` is in units of the agent's capacity and 0
    without an agent.
    """

    id: TicketId
    ticket: Ticket
    queue_id: QueueId
    state: RoutingState
    status: Status
    priority: TicketPriority
    arrived: Instant
    version: int
    agent_id: AgentId | None
    last_agent_id: AgentId | None
    cost: int
    offered_to: tuple[AgentId, ...]
    wait_reason: WaitReason | None
    score: int | None
    merged_into: TicketId | None


@frozen(kw_only=True)
class AgentView:
    """An agent as they stand. ``load`` and ``capacity`` are in units, ``count`` in tickets.

    ``tickets`` are worked, ``parked`` on hold, ``wrapping_up`` done but still taking a slot,
    ``offered`` put to them and not answered; each
    in the order in which the agent got them.
    """

    id: AgentId
    agent: Agent
    presence: Presence
    reason: str
    capacity: int
    load: int
    count: int
    queues: tuple[QueueId, ...]
    tickets: tuple[TicketId, ...]
    parked: tuple[TicketId, ...]
    wrapping_up: tuple[TicketId, ...]
    offered: tuple[TicketId, ...]


def view_of_ticket(record: TicketRecord) -> TicketView:
    """Return a ticket as it stands. O(1)."""
    has_agent = record.agent is not None and record.state is not RoutingState.DONE
    return TicketView(
        id=record.id,
        ticket=record.ticket,
        queue_id=record.queue.id,
        state=record.state,
        status=record.status,
        priority=record.priority,
        arrived=record.arrived,
        version=record.version,
        agent_id=record.agent.id if has_agent and record.agent is not None else None,
        last_agent_id=record.last_agent_id,
        cost=record.cost if has_agent else 0,
        offered_to=tuple(record.offers or ()),
        wait_reason=record.wait_reason,
        score=record.past.score,
        merged_into=record.past.merged_into,
    )


def view_of_agent(record: AgentRecord, defaults: Defaults) -> AgentView:
    """Return an agent as they stand. O(tickets of the agent)."""
    slots = (record.slots or {}).values()
    on_hold = [slot.id for slot in slots if slot.state is RoutingState.PARKED]
    return AgentView(
        id=record.id,
        agent=record.agent,
        presence=record.presence,
        reason=record.rare.reason,
        capacity=capacity_of(record.agent, defaults),
        load=record.load,
        count=record.count,
        queues=tuple(member.queue.id for member in record.members),
        tickets=tuple(slot.id for slot in slots if slot.state is RoutingState.ASSIGNED),
        parked=(*record.rare.parked, *on_hold),
        wrapping_up=tuple(slot.id for slot in wrap_ups(record)),
        offered=tuple(record.rare.offers),
    )
