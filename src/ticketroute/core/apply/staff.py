"""The fold of events about the desk and who serves it."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.apply.clocks import time_shift
from ticketroute.core.apply.shared import (
    come_loose,
    forget_tried,
    recount_parked,
    time_answer,
    time_grace,
    time_rate_limit,
    time_relaxation,
    time_room,
    time_silence,
)
from ticketroute.core.facts import by_age, is_gone, is_ringing_everyone, is_searching
from ticketroute.core.index import lines
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import EMPTY
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Queue
from ticketroute.strategies import registry


def on_desk_opened(state: State, event: ev.DeskOpened) -> None:
    state.gate.defaults = event.defaults
    state.opened = True


def on_defaults_changed(state: State, event: ev.DefaultsChanged) -> None:
    state.roster.describe_all(event.defaults, event.at)
    for record in state.roster.agents.values():
        time_rate_limit(state, record)


def on_queue_added(state: State, event: ev.QueueAdded) -> None:
    bare = evolve(event.queue, members=EMPTY)
    strategy = registry.create(bare.strategy, source=state.chance)
    state.roster.add_queue(event.queue, bare, strategy)


def on_queue_changed(state: State, event: ev.QueueChanged) -> None:
    record = state.roster.queues[event.queue.id]
    before: Queue = record.terms
    swapped = event.queue.strategy != before.strategy
    strategy = registry.create(event.queue.strategy, source=state.chance) if swapped else None
    state.roster.change_queue(record, event.queue, strategy)
    if event.queue.order != before.order:
        lines.reorder(record)
    if swapped or waits_of(event.queue) != waits_of(before):
        for ticket in sorted(state.open.values(), key=by_age):
            if ticket.queue is record:
                counts_anew = swapped or event.queue.offer != before.offer
                if ticket.offers and counts_anew:  # how many more to ask
                    come_loose(state, ticket)
                _retime(state, ticket, before, event.at)


def _retime(state: State, ticket: TicketRecord, before: Queue, at: Instant) -> None:
    """Set a ticket's timers by the spans that its queue has now; those unchanged run on."""
    queue = ticket.queue.terms
    if queue.relaxations != before.relaxations:
        time_relaxation(state, ticket)
    if queue.respond_within != before.respond_within:
        timer = Timer(TimerKind.RESPOND, ticket.id)
        awaited = timer in state.timers
        if before.respond_within is None:
            awaited = ticket.status is not Status.ANSWERED
        state.timers.cancel(timer)
        if awaited and ticket.state is RoutingState.ASSIGNED:
            time_answer(state, ticket, at)
    if queue.idle_after != before.idle_after:
        state.timers.cancel(Timer(TimerKind.IDLE, ticket.id))
        time_silence(state, ticket, at)
    if queue.hold_room_after != before.hold_room_after and ticket.entries:
        time_room(state, ticket)
    if ticket.state is RoutingState.PARKED:
        recount_parked(state, ticket)


def on_queue_removed(state: State, event: ev.QueueRemoved) -> None:
    state.roster.remove_queue(state.roster.queues[event.queue_id])


def on_agent_added(state: State, event: ev.AgentAdded) -> None:
    state.roster.add_agent(event.agent, event.presence, event.reason, event.at)
    time_shift(state, state.roster.agents[event.agent.id], event.at)


def on_agent_changed(state: State, event: ev.AgentChanged) -> None:
    record = state.roster.agents[event.agent.id]
    shift = record.terms.shift
    state.roster.change_agent(record, event.agent, event.at)
    if event.agent.shift != shift:
        time_shift(state, record, event.at)
    time_rate_limit(state, record)


def on_agent_removed(state: State, event: ev.AgentRemoved) -> None:
    state.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))
    state.timers.cancel(Timer(TimerKind.RATE_LIMIT, event.agent_id))
    state.timers.cancel(Timer(TimerKind.COOL_DOWN, event.agent_id))
    state.timers.cancel(Timer(TimerKind.SHIFT, event.agent_id))
    record = state.roster.agents[event.agent_id]
    _forget_answers(state, record)
    state.roster.remove_agent(state.roster.agents[event.agent_id])


def _forget_answers(state: State, record: AgentRecord) -> None:
    """Forget which tickets an agent declined or missed; those that search may go to them again."""
    for ticket in sorted(record.rare.tried.values(), key=lambda ticket: ticket.ordinal):
        forget_tried(state, ticket, record.id)
        if is_ringing_everyone(ticket):
            state.roster.gained[record.id] = record
        elif is_searching(ticket):
            come_loose(state, ticket)


def on_member_added(state: State, event: ev.MemberAdded) -> None:
    queue = state.roster.queues[event.queue_id]
    state.roster.add_member(queue, event.agent_id, event.membership)


def on_member_changed(state: State, event: ev.MemberChanged) -> None:
    member = state.roster.queues[event.queue_id].members[event.agent_id]
    state.roster.change_member(member, event.membership)


def on_member_removed(state: State, event: ev.MemberRemoved) -> None:
    state.roster.end_membership(state.roster.queues[event.queue_id].members[event.agent_id])


def on_members_ordered(state: State, event: ev.MembersOrdered) -> None:
    state.roster.order_members(state.roster.queues[event.queue_id], event.order)


def on_presence_changed(state: State, event: ev.PresenceChanged) -> None:
    record = state.roster.agents[event.agent_id]
    came_back = event.presence is Presence.AVAILABLE and record.presence is not Presence.AVAILABLE
    state.roster.set_presence(record, event.presence, event.reason, event.at)
    if came_back:
        if record.rare.misses:
            record.own.misses, record.own.missed_at = 0, None
        _forget_answers(state, record)
    if not is_gone(record):
        state.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))
    time_grace(state, record, event.at)


def on_channel_switched(state: State, event: ev.ChannelSwitched) -> None:
    record = state.roster.agents[event.agent_id]
    state.roster.switch_channel(record, event.channel, on=event.on)


def on_grace_ended(state: State, event: ev.GraceEnded) -> None:
    state.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))


def on_rate_limit_lifted(state: State, event: ev.RateLimitLifted) -> None:
    record = state.roster.agents[event.agent_id]
    state.roster.trim_rate(record, event.at)
    time_rate_limit(state, record)
    state.roster.refit(record)


def waits_of(queue: Queue) -> tuple[object, ...]:
    """Return what a change of a queue changes for tickets it has already."""
    return (
        queue.offer,
        queue.relaxations,
        queue.respond_within,
        queue.idle_after,
        queue.hold_room_after,
        queue.parked_counts,
    )
