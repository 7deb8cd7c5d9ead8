"""The fold of events about the life of a ticket."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.apply.clocks import due_again, open_book
from ticketroute.core.apply.shared import (
    come_loose,
    end_conversation,
    end_offer,
    end_search,
    end_ticket,
    enter_lines,
    forget_all_tried,
    forget_tried,
    leave_agent,
    leave_line,
    move_to_queue,
    note_tried,
    park,
    recount_parked,
    start_search,
    start_wrap_up,
    time_answer,
    time_grace,
    time_rate_limit,
    time_relaxation,
    time_room,
    time_silence,
    transition,
    unpark,
)
from ticketroute.core.facts import holds_slot, is_searching, queues_of, still_asked
from ticketroute.core.index import lines
from ticketroute.core.index.roster import came_since_room
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import AgentRecord, TicketRecord, new_ticket
from ticketroute.core.state import State, asks_in, forgettable
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.reasons import Reason

_AVAILABLE = Presence.AVAILABLE


def on_submitted(state: State, event: ev.TicketSubmitted) -> None:
    queue = state.roster.queues[event.queue_id]
    state.submitted += 1
    queue.open_tickets += 1
    given = event.ticket
    ticket = state.tickets[event.ticket_id] = new_ticket(
        id=event.ticket_id,
        terms=given,
        queue=queue,
        arrived=event.arrived,
        ordinal=state.submitted,
        priority=given.priority,
        asks=asks_in(queue, given),
        waiting_since=event.at,
        due=given.due,
    )
    if state.agreements:
        open_book(ticket, event.arrived)
    if queue.terms.relaxations:
        time_relaxation(state, ticket)
    state.loose[ticket.id] = state.open[ticket.id] = ticket


def on_queued(state: State, event: ev.TicketQueued) -> None:
    ticket = transition(state, event)
    ticket.wait_reason = event.reason
    enter_lines(state, ticket)
    if ticket.queue.skips:
        state.queued[ticket.id] = ticket
        state.roster.special = True
    holds_room = ticket.queue.terms.hold_room_after is not None
    if holds_room and event.reason is not ev.WaitReason.AWAITS_PULL:
        time_room(state, ticket)


def on_assigned(state: State, event: ev.TicketAssigned) -> None:
    ticket = transition(state, event, type(event))
    record, queue = state.roster.agents[event.agent_id], state.roster.queues[event.queue_id]
    came_since = True
    if ticket.offers:  # accepted: any other was withdrawn before
        came_since = came_since_room(record, ticket)  # its room was taken by the offer
        _end_accepted(state, ticket, record, event)
    elif ticket.entries:
        queue.handed.append(event.at)
    end_search(state, ticket)
    if ticket.tried and record.id in ticket.tried:
        forget_tried(state, ticket, record.id)
    if queue.has_turns and event.cause in ev.BY_STRATEGY:
        queue.strategy.offered(event.agent_id)
    if event.draws:
        state.chance.spend(len(event.draws))
    if event.cause is not ev.Cause.ADOPTED:
        state.assigned += 1
        record.last_assigned = state.assigned
    if queue is not ticket.queue:
        move_to_queue(ticket, queue)
    _belong_to(state, ticket, record, event)
    is_new = event.cause is not ev.Cause.ADOPTED
    _start_work(state, ticket, record, event.at, is_new=is_new, came_since_room=came_since)


def _end_accepted(
    state: State, ticket: TicketRecord, record: AgentRecord, event: ev.TicketAssigned
) -> None:
    """End an accepted offer."""
    if record.rare.misses:
        record.own.misses, record.own.missed_at = 0, None
    end_offer(state, ticket, event)


def _belong_to(
    state: State, ticket: TicketRecord, record: AgentRecord, event: ev.TicketAssigned
) -> None:
    """Note whose a ticket is, and by which decision."""
    ticket.agent, ticket.last_agent_id = record, event.agent_id
    if ticket.past.came_from is not None:
        ticket.past = evolve(ticket.past, came_from=None)
    ticket.cost, ticket.since = event.cost, event.at
    ticket.assignment, ticket.assigned_at = event, event.at
    if ticket.book is not None:
        ticket.book.handed = True
    if ticket.terms.requester is not None:
        state.last_agent_of[ticket.terms.requester] = event.agent_id


def _start_work(
    state: State,
    ticket: TicketRecord,
    record: AgentRecord,
    at: Instant,
    *,
    is_new: bool,
    came_since_room: bool,
) -> None:
    """Start an agent on a ticket; ``is_new`` is whether it counts towards rates."""
    if is_new and (record.rare.rate_limit is not None or state.roster.windows):
        state.roster.note_taken(record, at)
    state.roster.take_slot(record, ticket, came_since_room=came_since_room)
    if ticket.queue.timed:
        time_answer(state, ticket, at)
        time_silence(state, ticket, at)
    if record.rare.rate_limit is not None:
        time_rate_limit(state, record)
    if record.presence is not _AVAILABLE or not record.rare.on_shift:  # forced upon them
        time_grace(state, record, at)


def on_released(state: State, event: ev.TicketReleased) -> None:
    ticket = transition(state, event, type(event))
    record = ticket.agent
    leave_agent(state, ticket, event.at)
    end_search(state, ticket)
    start_search(state, ticket, event.at)
    if event.avoided is not None:
        avoided = state.roster.agents[event.avoided]
        note_tried(state, ticket, avoided, Reason.DECLINED, event.retry_at)
    if event.cause is ev.Cause.RESUMED:
        ticket.past = evolve(ticket.past, came_from=event.agent_id)
    if event.cause is ev.Cause.SILENT:
        ticket.past = evolve(ticket.past, hops=ticket.past.hops + 1)
    if event.cause in (ev.Cause.SILENT, ev.Cause.ESCALATED) and record is not None:
        ticket.past = evolve(ticket.past, silent=(*ticket.past.silent, record.id))
        queue = ticket.queue.terms  # who was silent for so long is left out for so long
        retry_at = event.at + (queue.respond_within or ticket.queue.retry_missed_after)
        for agent_id in ticket.past.silent:
            silent = state.roster.agents.get(agent_id)
            if silent is not None:
                note_tried(state, ticket, silent, Reason.MISSED, retry_at)


def on_transferred(state: State, event: ev.TicketTransferred) -> None:
    ticket = transition(state, event)
    leave_line(ticket)
    old = ticket.queue
    end_conversation(state, ticket)
    if ticket.state is RoutingState.WAITING:
        end_search(state, ticket)
    move_to_queue(ticket, state.roster.queues[event.to_queue])
    ticket.arrived = event.arrived
    if ticket.book is not None and ticket.queue is not old:
        ticket.book.queued = event.at
        if event.cause is ev.Cause.ESCALATED:
            ticket.book.escalated_from |= {event.from_queue}
    if ticket.agent is not None and holds_slot(ticket.agent, ticket):
        state.roster.move_slot(ticket.agent, ticket, old)
    if ticket.state is RoutingState.PARKED:
        recount_parked(state, ticket)
    if ticket.state is RoutingState.WAITING:
        start_search(state, ticket, event.at)
    elif ticket.state is RoutingState.ASSIGNED:
        time_answer(state, ticket, event.at)
        time_silence(state, ticket, event.at)


def on_replied(state: State, event: ev.TicketReplied) -> None:
    if event.author in (ev.Author.AUTOMATION, ev.Author.NOTE):
        return
    ticket = transition(state, event, event.author)
    if ticket.book is not None:
        ticket.book.note_message(event.author, event.at)
    if event.author is ev.Author.AGENT:
        ticket.past = evolve(ticket.past, answered=True, hops=0, silent=())
        state.timers.cancel(Timer(TimerKind.RESPOND, ticket.id))
    elif ticket.state is RoutingState.ASSIGNED:
        time_answer(state, ticket, event.at)
    time_silence(state, ticket, event.at)


def on_held(state: State, event: ev.TicketHeld) -> None:
    ticket = transition(state, event, event.status)
    end_search(state, ticket)
    end_conversation(state, ticket)
    record = ticket.agent
    if record is not None and ticket.since is not None:
        state.roster.note_handled(record, event.at - ticket.since, event.at)
        ticket.since = None
        if ticket.queue.terms.parked_counts:
            state.roster.reindex(record)
        else:
            park(state, record, ticket)


def on_resumed(state: State, event: ev.TicketResumed) -> None:
    ticket = transition(state, event, type(event))
    record = state.roster.agents[event.agent_id]
    ticket.since = event.at
    if not holds_slot(record, ticket):
        unpark(state, record, ticket, event.cost)
    elif event.cost != ticket.cost:  # what the channel costs the agent changed meanwhile
        came_since = came_since_room(record, ticket)
        state.roster.free_slot(record, ticket)
        ticket.cost = event.cost
        state.roster.take_slot(record, ticket, came_since_room=came_since)
    time_answer(state, ticket, event.at)
    time_silence(state, ticket, event.at)
    time_grace(state, record, event.at)


def on_resolved(state: State, event: ev.TicketResolved) -> None:
    ticket = transition(state, event, type(event))
    if event.wrap_up_until is None:
        end_ticket(state, ticket, event.at)
    else:
        ticket.queue.open_tickets -= 1
        del state.open[ticket.id]
        ticket.done_at, ticket.assignment = event.at, None
        if ticket.tried:
            forget_all_tried(state, ticket)
        start_wrap_up(state, ticket, event.at, event.wrap_up_until)


def on_wrap_up_ended(state: State, event: ev.WrapUpEnded) -> None:
    ticket = state.tickets[event.ticket_id]
    state.timers.cancel(Timer(TimerKind.WRAP_UP, event.agent_id, event.ticket_id))
    ticket.wrap_up_until = None
    leave_agent(state, ticket, event.at)


def on_closed(state: State, event: ev.TicketClosed) -> None:
    transition(state, event, type(event))


def on_reopened(state: State, event: ev.TicketReopened) -> None:
    ticket = transition(state, event, type(event))
    ticket.past = evolve(ticket.past, came_from=ticket.last_agent_id)
    ticket.done_at = None
    state.open[ticket.id] = ticket
    ticket.queue = state.roster.queues[ticket.queue.id]  # it may have closed and opened again
    ticket.queue.open_tickets += 1
    if state.agreements and ticket.book is None:  # resolved before the first policy
        open_book(ticket, event.at)
        if ticket.book is not None and event.cause is ev.Cause.REPLIED:
            ticket.book.note_message(ev.Author.REQUESTER, event.at)
    start_search(state, ticket, event.at)


def on_abandoned(state: State, event: ev.TicketAbandoned) -> None:
    end_ticket(state, transition(state, event, type(event)), event.at)


def on_merged(state: State, event: ev.TicketMerged) -> None:
    ticket = transition(state, event, type(event))
    ticket.past = evolve(ticket.past, merged_into=event.into)
    end_ticket(state, ticket, event.at)
    other = state.tickets[event.into]
    other.version += 1
    other.arrived = event.arrived
    lines.move(other)


def on_priority_changed(state: State, event: ev.TicketPriorityChanged) -> None:
    ticket = transition(state, event)
    ticket.priority = event.priority
    lines.move(ticket)


def on_changed(state: State, event: ev.TicketChanged) -> None:
    ticket, new, record = transition(state, event), event.ticket, None
    if event.cost is not None and ticket.agent is not None:
        record = ticket.agent if holds_slot(ticket.agent, ticket) else None
    came_since = record is not None and came_since_room(record, ticket)
    if record is not None:
        state.roster.free_slot(record, ticket)
    ticket.asks = ticket.asks._replace(
        channel=new.channel, weight=new.weight, skills=still_asked(ticket, new.skills) or None
    )
    ticket.terms = new
    if state.permits:  # demands that stand for the ticket as it was
        for queue in queues_of(ticket):
            queue.index.demands = {
                k: each for k, each in queue.index.demands.items() if k[1] != ticket.id
            }
    if event.cost is not None:
        ticket.cost = event.cost
    if record is not None:
        state.roster.take_slot(record, ticket, came_since_room=came_since)
    if ticket.past.room_of is not None:  # the room that is held for it may be smaller now
        holder = state.roster.agents[ticket.past.room_of]
        state.roster.gained[holder.id] = holder
        state.roster.reindex(holder)
    due_again(state, ticket)
    if is_searching(ticket):
        come_loose(state, ticket)


def on_rated(state: State, event: ev.TicketRated) -> None:
    ticket = transition(state, event)
    ticket.past = evolve(ticket.past, score=event.score)


def on_forgotten(state: State, event: ev.TicketsForgotten) -> None:
    gone = {ticket.id for ticket in forgettable(state, event.before)}
    left = {ticket_id: each for ticket_id, each in state.tickets.items() if ticket_id not in gone}
    state.tickets = left  # a new table: one that tickets were taken from keeps its size
    state.forgotten += len(gone)
    for queue in state.roster.queues.values() if state.permits else ():
        queue.index.demands = {
            k: each for k, each in queue.index.demands.items() if k[1] not in gone
        }


def on_requester_erased(state: State, event: ev.RequesterErased) -> None:
    for ticket_id in event.ticket_ids:
        ticket = state.tickets.get(ticket_id)
        requester = None if ticket is None else ticket.terms.requester
        if ticket is None or requester is None or requester == event.alias:
            continue
        ticket.terms = evolve(ticket.terms, requester=event.alias)
        if requester in state.last_agent_of:
            state.last_agent_of[event.alias] = state.last_agent_of.pop(requester)
