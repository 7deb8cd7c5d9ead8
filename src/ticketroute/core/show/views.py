"""What a host may see of the state: frozen copies, made when asked for."""

from __future__ import annotations

from attrs import frozen

from ticketroute.core.facts import queues_of
from ticketroute.core.gate import capacity_of, wrap_ups
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.model.agent import Agent, Presence
from ticketroute.model.events import WaitReason
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Defaults
from ticketroute.model.ticket import Channel, Ticket, TicketPriority


@frozen(kw_only=True)
class TicketView:
    """A ticket as it stands.

    ``version`` counts what happened to it: give it back as ``expected_version`` to refuse a
    decision that somebody has overtaken. ``cost`` is in units of the agent's capacity and 0
    without an agent. ``queues`` are those it waits in or would, its own first.

    Instants are None where it is not so: ``waiting_since`` the present search for an agent began,
    ``assigned_at`` the latest assignment, ``done_at`` it was resolved, abandoned or merged.
    ``offered_until`` says when each open offer ends, in the order of ``offered_to``.
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
    queues: tuple[QueueId, ...]
    waiting_since: Instant | None
    offered_to: tuple[AgentId, ...]
    offered_until: tuple[Instant, ...]
    reserved_for: AgentId | None
    assigned_at: Instant | None
    done_at: Instant | None
    wait_reason: WaitReason | None
    score: int | None
    merged_into: TicketId | None


@frozen(kw_only=True)
class AgentView:
    """An agent as they stand. ``load`` and ``capacity`` are in units, ``count`` in tickets.

    ``tickets`` are worked, ``parked`` on hold, ``wrapping_up`` done but still taking a slot,
    ``offered`` put to them and not answered; each in the order in which the agent got them.
    ``misses`` counts offers in a row that expired. ``cooling_until`` is when a cool-down ends, or
    None. ``on_shift`` is False outside of the agent's shift calendar. ``idle_since`` is when their
    last ticket ended, ``available_since`` when the present or latest availability began.
    ``reserved`` are tickets that wait for them alone, ``room_held_for`` a ticket for which room is
    held.
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
    misses: int
    cooling_until: Instant | None
    on_shift: bool
    channels_off: frozenset[Channel]
    idle_since: Instant
    available_since: Instant
    reserved: tuple[TicketId, ...]
    room_held_for: TicketId | None


def view_of_ticket(record: TicketRecord) -> TicketView:
    """Return a ticket as it stands. O(1)."""
    has_agent = record.agent is not None and record.state is not RoutingState.DONE
    return TicketView(
        id=record.id,
        ticket=record.terms,
        queue_id=record.queue.id,
        state=record.state,
        status=record.status,
        priority=record.priority,
        arrived=record.arrived,
        version=record.version,
        agent_id=record.agent.id if has_agent and record.agent is not None else None,
        last_agent_id=record.last_agent_id,
        cost=record.cost if has_agent else 0,
        queues=tuple([queue.id for queue in queues_of(record)]),
        waiting_since=record.waiting_since,
        offered_to=tuple(record.offers or ()),
        offered_until=tuple([offer.event.until for offer in (record.offers or {}).values()]),
        reserved_for=record.asks.reserved,
        assigned_at=record.assigned_at,
        done_at=record.done_at,
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
        agent=record.terms,
        presence=record.presence,
        reason=record.rare.reason,
        capacity=capacity_of(record.terms, defaults),
        load=record.load,
        count=record.count,
        queues=tuple(member.queue.id for member in record.members),
        tickets=tuple(slot.id for slot in slots if slot.state is RoutingState.ASSIGNED),
        parked=(*record.rare.parked, *on_hold),
        wrapping_up=tuple(slot.id for slot in wrap_ups(record)),
        offered=tuple(record.rare.offers),
        misses=record.rare.misses,
        cooling_until=record.rare.cooling_until,
        on_shift=record.rare.on_shift,
        channels_off=record.rare.channels_off,
        idle_since=record.idle_since,
        available_since=record.available_since,
        reserved=tuple(record.rare.reserved),
        room_held_for=None if record.rare.room is None else record.rare.room.ticket.id,
    )
