"""Room for heavy work: the first ticket of a line that has waited too long gets it held.

Lighter tickets would go before it for ever: each unit that is freed is enough for one of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from ticketroute.core.gate import cost_of
from ticketroute.core.index import lines
from ticketroute.core.index.lone import all_heads
from ticketroute.core.records import Demand, MemberRecord, QueueRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.queue import Delivery
from ticketroute.strategies.tiers import Tiered

_WAITING = RoutingState.WAITING


def lost_rooms(state: State, at: Instant, cause: ev.Cause) -> Iterator[ev.RoomReleased]:
    """Yield the end of rooms whose agents can no longer get the ticket. O(rooms held)."""
    for ticket in list(state.held.values()):
        agent_id = ticket.past.room_of
        assert agent_id is not None
        member = ticket.queue.members.get(agent_id)
        demand = state.demand_of(ticket)
        if (
            member is None
            or not state.gate.is_there(member, demand.asks.channel)
            or not state.gate.fits(member, demand)
        ):
            yield ev.RoomReleased(at=at, cause=cause, ticket_id=ticket.id, agent_id=agent_id)


def rooms_to_hold(state: State, at: Instant) -> Iterator[ev.RoomHeld]:
    """Yield which agents hold room for the first ticket of a line from now on.

    O(members) for each queue in which a ticket waits for it.
    """
    queues = {ticket.queue.id for ticket in state.wanting.values()}
    for queue in list(state.roster.queues.values()):
        first = _first_of_its_own(queue) if queue.id in queues else None
        if (
            first is not None
            and first.id in state.wanting
            and queue.terms.hold_room_after is not None
            and queue.terms.delivery is not Delivery.PULL
        ):
            agent_id = _least_to_free(state, first)
            if agent_id is not None:
                yield ev.RoomHeld(
                    at=at, cause=ev.Cause.ROUTED, ticket_id=first.id, agent_id=agent_id
                )


def _first_of_its_own(queue: QueueRecord) -> TicketRecord | None:
    """Return the first ticket in line without an open offer whose own queue this is."""
    best: tuple[tuple[int, ...], TicketRecord] | None = None
    for place, demand in all_heads(queue):
        if best is not None and best[0] < place:
            break
        for ticket in lines.tickets_of(demand):
            if ticket.queue is queue and ticket.state is _WAITING:
                mine = lines.place_of(ticket, queue)
                if best is None or mine < best[0]:
                    best = (mine, ticket)
                break
    return None if best is None else best[1]


def _least_to_free(state: State, ticket: TicketRecord) -> AgentId | None:
    """Return the member who has to finish least before they have room; ties by the strategy."""
    demand = state.demand_of(ticket)
    to_free = {
        member: member.load + cost_of(member.record.terms, demand) - member.capacity
        for member in ticket.queue.members.values()
        if member.record.rare.room is None
        and cost_of(member.record.terms, demand) > 1  # else the first unit that is free will do
        and state.gate.is_only_full(member, demand)
    }
    least = min(to_free.values(), default=None)
    return _asked_first([m for m, units in to_free.items() if units == least], demand)


def _asked_first(members: list[MemberRecord], demand: Demand) -> AgentId | None:
    """Return whom the queue's strategy asks first; where it draws, the longest since assigned.

    Where it draws within tiers, that is of the first tier.
    """
    queue = demand.queue
    if not members:
        return None
    index = queue.strategy.sibling(demand.skills or EMPTY)
    if queue.draws or queue.samples or queue.rings_all:
        if isinstance(index, Tiered):
            tier = min(map(index.tier_of, members))
            members = [member for member in members if index.tier_of(member) == tier]
        return min(members, key=lambda member: (member.last_assigned, member.agent_id)).agent_id
    index = copy.deepcopy(index)  # its turns may not move
    for member in members:
        index.join(member)
    return index.select(most=1)[0]
