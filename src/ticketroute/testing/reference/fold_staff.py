"""What each event about the desk, its queues and its agents does to the facts."""

from __future__ import annotations

from attrs import evolve

from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.testing.reference.facts import AgentFacts, QueueFacts
from ticketroute.testing.reference.fold_sla import look_at_shift
from ticketroute.testing.reference.upkeep import Upkeep


def queue_added(desk: Upkeep, event: ev.QueueAdded) -> None:
    queue = desk.queues[event.queue.id] = QueueFacts(event.queue, {})
    for agent_id, terms in event.queue.members.items():
        queue.join(agent_id, terms)
        desk.agents[agent_id].serves.append(queue)


def queue_changed(desk: Upkeep, event: ev.QueueChanged) -> None:
    known = desk.queues[event.queue.id]
    if known.queue.strategy != event.queue.strategy:
        known.seats, known.credits = {}, {}
    before = known.queue
    known.queue = evolve(event.queue, parked_counts=before.parked_counts)
    desk.seat(None)  # before those who gain room because tickets on hold count no more
    known.queue = event.queue
    for ticket in desk.tickets.values():
        if ticket.queue is not known:
            continue
        counts_anew = (event.queue.offer, event.queue.strategy) != (before.offer, before.strategy)
        if ticket.offers and counts_anew:
            ticket.in_line = False
        if event.queue.relaxations != before.relaxations:
            desk.time_relaxation(ticket)
        if event.queue.respond_within != before.respond_within:
            awaited = ticket.respond_by is not None
            if before.respond_within is None:
                awaited = not ticket.answered
            ticket.respond_by = None
            if awaited and ticket.state is RoutingState.ASSIGNED:
                desk.time_answer(ticket)
        if event.queue.idle_after != before.idle_after:
            ticket.idle_at = None
            desk.time_silence(ticket)


def agent_added(desk: Upkeep, event: ev.AgentAdded) -> None:
    desk.agents[event.agent.id] = AgentFacts(event.agent, event.presence, event.at, event.reason)
    look_at_shift(desk, event.agent.id)


def agent_changed(desk: Upkeep, event: ev.AgentChanged) -> None:
    known = desk.agents[event.agent.id]
    before, known.agent = known.agent, event.agent
    if event.agent.shift != before.shift:
        look_at_shift(desk, event.agent.id)
    desk.trim_rate(event.agent.id)


def agent_removed(desk: Upkeep, event: ev.AgentRemoved) -> None:
    assert not any(ticket.agent == event.agent_id for ticket in desk.tickets.values())
    assert not desk.offers(event.agent_id)
    forget_tries(desk, event.agent_id)
    del desk.agents[event.agent_id]
    desk.history = [entry for entry in desk.history if entry[2] != event.agent_id]
    for queue in desk.queues.values():
        queue.members.pop(event.agent_id, None)
        queue.position.pop(event.agent_id, None)
        for seats in queue.seats.values():
            seats.of.pop(event.agent_id, None)
        for credit in queue.credits.values():
            credit.pop(event.agent_id, None)


def members_ordered(desk: Upkeep, event: ev.MembersOrdered) -> None:
    queue = desk.queues[event.queue_id]
    assert sorted(event.order) == sorted(queue.members)
    queue.members = {agent_id: queue.members[agent_id] for agent_id in event.order}
    queue.position = {agent_id: place for place, agent_id in enumerate(event.order)}
    queue.positions = len(event.order)


def member_added(desk: Upkeep, event: ev.MemberAdded) -> None:
    desk.queues[event.queue_id].join(event.agent_id, event.membership)
    desk.agents[event.agent_id].serves.append(desk.queues[event.queue_id])


def member_changed(desk: Upkeep, event: ev.MemberChanged) -> None:
    desk.queues[event.queue_id].members[event.agent_id] = event.membership


def member_removed(desk: Upkeep, event: ev.MemberRemoved) -> None:
    queue = desk.queues[event.queue_id]
    del queue.members[event.agent_id], queue.position[event.agent_id]
    desk.agents[event.agent_id].serves.remove(queue)


def queue_removed(desk: Upkeep, event: ev.QueueRemoved) -> None:
    queue = desk.queues.pop(event.queue_id)
    for agent_id in queue.members:
        desk.agents[agent_id].serves.remove(queue)


def presence(desk: Upkeep, event: ev.PresenceChanged) -> None:
    known = desk.agents[event.agent_id]
    if event.presence is Presence.AVAILABLE and known.presence is not Presence.AVAILABLE:
        known.available_since = event.at
        known.misses = 0
        forget_tries(desk, event.agent_id)
    known.presence, known.reason = event.presence, event.reason
    if not desk.is_gone(event.agent_id):
        known.grace_until = None
    desk.start_grace(event.agent_id)


def channel(desk: Upkeep, event: ev.ChannelSwitched) -> None:
    off = desk.agents[event.agent_id].off
    (off.discard if event.on else off.add)(event.channel)


def grace_ended(desk: Upkeep, event: ev.GraceEnded) -> None:
    assert desk.agents[event.agent_id].grace_until == event.at
    desk.agents[event.agent_id].grace_until = None


def rate_lifted(desk: Upkeep, event: ev.RateLimitLifted) -> None:
    assert desk.rate_lifts_at(event.agent_id) == event.at
    desk.trim_rate(event.agent_id)


def defaults(desk: Upkeep, event: ev.DefaultsChanged) -> None:
    desk.defaults = event.defaults
    for agent_id in desk.agents:
        desk.trim_rate(agent_id)


def cooled(desk: Upkeep, event: ev.CoolDownEnded) -> None:
    assert desk.agents[event.agent_id].cooling_until == event.at
    desk.agents[event.agent_id].cooling_until = None


def forget_tries(desk: Upkeep, agent_id: AgentId) -> None:
    for ticket in desk.tickets.values():
        if ticket.tried.pop(agent_id, None) is not None:
            ticket.in_line = False
