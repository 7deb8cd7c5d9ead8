"""What several events do to the state."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core.facts import (
    holds_slot,
    is_gone,
    is_ringing_everyone,
    next_relaxation,
    queues_of,
    seeks,
    works,
)
from ticketroute.core.gate import answered, rate_lifts_at
from ticketroute.core.index import lines
from ticketroute.core.index.lone import recount, stands_alone
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import (
    UNEVENTFUL,
    AgentRecord,
    OpenOffer,
    QueueRecord,
    TicketRecord,
    Tried,
)
from ticketroute.core.state import State, asks_in
from ticketroute.model import events as ev
from ticketroute.model.frozen import EMPTY
from ticketroute.model.ids import AgentId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import CONVERSATION, OFFER, ROUTING, Move, RoutingState
from ticketroute.model.reasons import Reason

_WAITING = RoutingState.WAITING

EndOfOffer = ev.TicketAssigned | ev.OfferDeclined | ev.OfferExpired | ev.OfferWithdrawn


# --- the tables -------------------------------------------------------------------------------


def transition(state: State, event: ev.TicketEvent, move: Move | None = None) -> TicketRecord:
    """Move a ticket along both transition tables; ``move`` is what moves the conversation."""
    ticket = state.tickets[event.ticket_id]
    ticket.state = ROUTING[ticket.state, type(event)]
    ticket.version += 1
    if move is not None:
        status = CONVERSATION.get((ticket.status, move), ticket.status)
        if ticket.book is not None and status is not ticket.status:
            ticket.book.note_status(status, event.at)
        ticket.status = status
    return ticket


def end_ticket(state: State, ticket: TicketRecord, at: Instant) -> None:
    """End a ticket: it leaves its lines and its agent, and what agents answered is forgotten."""
    if ticket.waiting_since is not None:
        end_search(state, ticket)
    ticket.queue.open_tickets -= 1
    del state.open[ticket.id]
    ticket.done_at, ticket.assignment = at, None
    leave_agent(state, ticket, at)
    if ticket.tried:
        forget_all_tried(state, ticket)


# --- the line ---------------------------------------------------------------------------------


def enter_lines(state: State, ticket: TicketRecord) -> None:
    """Put a ticket in the lines of its own queue and of those it overflowed to."""
    if ticket.entries:
        lines.leave(ticket)
    if ticket.offers and is_ringing_everyone(ticket):
        ring_in_line(state, ticket)
        return
    demands = [state.demand_of(ticket, queue) for queue in queues_of(ticket)]
    if ticket.asks == demands[0].asks:
        ticket.asks = demands[0].asks  # equal ones are kept once: 100 bytes a waiting ticket
    lines.enter(ticket, demands)
    state.loose.pop(ticket.id, None)


def come_loose(state: State, ticket: TicketRecord) -> None:
    """Take a searching ticket out of its lines and note it for the next hand-out.

    A ticket that rings everyone stays in its lines, as it is now.
    """
    leave_line(ticket)
    if seeks(ticket):
        state.loose[ticket.id] = ticket
        if is_ringing_everyone(ticket):
            ring_in_line(state, ticket)


def ring_in_line(state: State, ticket: TicketRecord) -> None:
    """Put a ticket that rings everyone in its lines, under demands that follow its offers."""
    lines.enter(ticket, [state.demands.own(ticket, queue) for queue in queues_of(ticket)])


def leave_line(ticket: TicketRecord) -> None:
    """Take a ticket out of the lines it is in, if any."""
    if ticket.entries:
        lines.leave(ticket)
    if ticket.wait_reason is not None and ticket.state is not _WAITING:
        ticket.wait_reason = None


def start_search(state: State, ticket: TicketRecord, at: Instant) -> None:
    """Start the search for an agent: with the ticket's own demand and the whole schedule ahead."""
    ticket.waiting_since = at
    if ticket.past.relaxed or ticket.past.waited_for or ticket.past.wanted:
        ticket.past = evolve(ticket.past, relaxed=0, waited_for=False, wanted=0, everyone=False)
    ticket.asks, ticket.added = asks_in(ticket.queue, ticket.terms), ()
    if ticket.queue.terms.relaxations:
        time_relaxation(state, ticket)
    state.loose[ticket.id] = ticket


def end_search(state: State, ticket: TicketRecord) -> None:
    """End the search: the ticket leaves its lines, and its schedule stops."""
    if ticket.waiting_since is None:
        return
    if ticket.entries or ticket.wait_reason is not None:
        leave_line(ticket)
    state.loose.pop(ticket.id, None)
    ticket.waiting_since, ticket.added = None, ()
    if ticket.queue.scheduled:
        state.timers.cancel(Timer(TimerKind.RELAX, ticket.id))
        state.timers.cancel(Timer(TimerKind.HOLD_ROOM, ticket.id))
    if ticket.asks.reserved is not None:
        end_reservation(state, ticket)
    if ticket.past is not UNEVENTFUL:
        _forget_search(state, ticket)


def _forget_search(state: State, ticket: TicketRecord) -> None:
    """Forget how far a search had come: a ring that widened, and room that is held."""
    if ticket.past.wanted:
        ticket.past = evolve(ticket.past, wanted=0, everyone=False)
        state.timers.cancel(Timer(TimerKind.RING, ticket.id))
    if ticket.past.room_wanted:
        give_back_room(state, ticket)
        state.wanting.pop(ticket.id, None)
        ticket.past = evolve(ticket.past, room_wanted=False)


def time_room(state: State, ticket: TicketRecord) -> None:
    """Set when room is to be held for a ticket in line, as its queue says."""
    timer, after = Timer(TimerKind.HOLD_ROOM, ticket.id), ticket.queue.terms.hold_room_after
    if after is None or ticket.waiting_since is None or ticket.past.room_wanted:
        state.timers.cancel(timer)
    else:
        state.timers.set(timer, max(ticket.waiting_since + after, state.now))


def give_back_room(state: State, ticket: TicketRecord) -> None:
    """End what is held for a ticket; its agent may get others."""
    agent = state.roster.agents.get(ticket.past.room_of or "")
    ticket.past = evolve(ticket.past, room_of=None)
    state.held.pop(ticket.id, None)
    state.demands.rooms_held = len(state.held)
    if agent is not None and agent.rare.room is not None:
        agent.own.room = None
        state.roster.gained[agent.id] = agent
        state.roster.reindex(agent)


def time_relaxation(state: State, ticket: TicketRecord) -> None:
    timer, step = Timer(TimerKind.RELAX, ticket.id), next_relaxation(ticket)
    if step is None:
        state.timers.cancel(timer)
    elif ticket.waiting_since is not None:
        state.timers.set(timer, max(ticket.waiting_since + step.after, state.now))


def end_reservation(state: State, ticket: TicketRecord) -> None:
    agent_id = ticket.asks.reserved
    ticket.asks = ticket.asks._replace(reserved=None)
    state.timers.cancel(Timer(TimerKind.RESERVE, ticket.id))
    record = None if agent_id is None else state.roster.agents.get(agent_id)
    if record is not None and ticket.id in record.rare.reserved:
        del record.rare.reserved[ticket.id]


# --- offers -------------------------------------------------------------------------------


def end_offer(state: State, ticket: TicketRecord, event: EndOfOffer) -> OpenOffer:
    """End an open offer as the table says, and free what it reserved."""
    assert ticket.offers is not None
    agent_id = event.agent_id
    offer = ticket.offers[agent_id]
    offer.outcome = OFFER[offer.outcome, type(event)]
    del ticket.offers[agent_id]
    if ticket.entries and stands_alone(ticket) and answered(ticket, agent_id) is None:
        recount(ticket, agent_id, -1)
    state.timers.cancel(Timer(TimerKind.OFFER, ticket.id, agent_id))
    if offer.agent.rare.recent is not None:
        state.roster.trim_rate(offer.agent, state.now)
    state.roster.unreserve(offer)
    if offer.agent.rare.rate_limit is not None:
        time_rate_limit(state, offer.agent)
    return offer


def note_tried(
    state: State,
    ticket: TicketRecord,
    record: AgentRecord,
    reason: Reason,
    retry_at: Instant | None,
) -> None:
    """Note that an agent is not to be asked again for a ticket, or not before an instant."""
    if ticket.entries and stands_alone(ticket) and answered(ticket, record.id) is None:
        recount(ticket, record.id, 1)
    if ticket.tried is None:
        ticket.tried = {}
    again = record.id in ticket.tried
    ticket.tried[record.id] = Tried(reason)
    own = record.own
    if own.tried is EMPTY:
        own.tried = {}
    own.tried[ticket.id] = ticket
    if retry_at is not None:
        state.timers.set(Timer(TimerKind.RETRY, ticket.id, record.id), retry_at)
    elif again:  # an answer before this one may have had an end
        state.timers.cancel(Timer(TimerKind.RETRY, ticket.id, record.id))


def lift(state: State, ticket: TicketRecord, record: AgentRecord) -> None:
    """Allow asking an agent again: like anybody after a decline, after the untried else."""
    tried = (ticket.tried or {}).get(record.id)
    if tried is not None and tried.reason is Reason.MISSED:
        out = answered(ticket, record.id)
        tried.lifted = True
        if out and ticket.entries and stands_alone(ticket) and answered(ticket, record.id) is None:
            recount(ticket, record.id, -1)
        state.timers.cancel(Timer(TimerKind.RETRY, ticket.id, record.id))
    else:
        forget_tried(state, ticket, record.id)


def forget_all_tried(state: State, ticket: TicketRecord) -> None:
    """Forget who declined or missed a ticket: it is done."""
    for agent_id in list(ticket.tried or ()):
        forget_tried(state, ticket, agent_id)


def forget_tried(state: State, ticket: TicketRecord, agent_id: AgentId) -> None:
    state.timers.cancel(Timer(TimerKind.RETRY, ticket.id, agent_id))
    if ticket.tried is not None:
        out = answered(ticket, agent_id)
        ticket.tried.pop(agent_id, None)
        if out and ticket.entries and stands_alone(ticket) and answered(ticket, agent_id) is None:
            recount(ticket, agent_id, -1)
        if not ticket.tried:
            ticket.tried = None
    record = state.roster.agents.get(agent_id)
    if record is not None and ticket.id in record.rare.tried:
        del record.rare.tried[ticket.id]


def cool_down(state: State, record: AgentRecord, until: Instant) -> None:
    """Keep an agent from all tickets until an instant; a shorter span changes nothing."""
    if until <= (record.rare.cooling_until or 0):
        return
    record.own.cooling_until = until
    state.timers.set(Timer(TimerKind.COOL_DOWN, record.id), until)
    state.roster.reindex(record)


# --- the agent ----------------------------------------------------------------------------


def leave_agent(state: State, ticket: TicketRecord, at: Instant) -> None:
    """Part a ticket from its agent, if it has one, and give back what it took of them."""
    if ticket.queue.timed:
        end_conversation(state, ticket)
    record, roster = ticket.agent, state.roster
    if record is None:
        return
    ticket.agent = None
    record.ended_at = at
    if ticket.since is not None:
        if roster.windows:
            roster.note_handled(record, at - ticket.since, at)
        ticket.since = None
    if record.slots is not None and ticket.id in record.slots:
        roster.free_slot(record, ticket)
    else:
        del record.rare.parked[ticket.id]
        state.roster.reindex(record)


def start_wrap_up(state: State, ticket: TicketRecord, at: Instant, until: Instant) -> None:
    """Keep the slot of a resolved ticket taken: its handling goes on until then."""
    end_conversation(state, ticket)
    record = ticket.agent
    assert record is not None
    ticket.wrap_up_until = until
    record.ended_at = at
    state.timers.set(Timer(TimerKind.WRAP_UP, record.id, ticket.id), until)
    state.roster.reindex(record)


def park(state: State, record: AgentRecord, ticket: TicketRecord) -> None:
    """Stop counting a ticket on hold."""
    state.roster.free_slot(record, ticket)
    own = record.own
    if own.parked is EMPTY:
        own.parked = {}
    own.parked[ticket.id] = ticket


def unpark(state: State, record: AgentRecord, ticket: TicketRecord, cost: int) -> None:
    """Count a ticket on hold again."""
    del record.rare.parked[ticket.id]
    ticket.cost = cost
    state.roster.take_slot(record, ticket)


def recount_parked(state: State, ticket: TicketRecord) -> None:
    """Count a ticket on hold or stop counting it, as its queue says now."""
    record = ticket.agent
    if record is None:
        return
    counts = holds_slot(record, ticket)
    if ticket.queue.terms.parked_counts and not counts:
        unpark(state, record, ticket, ticket.cost)
    elif counts and not ticket.queue.terms.parked_counts:
        park(state, record, ticket)


def move_to_queue(ticket: TicketRecord, queue: QueueRecord) -> None:
    """Move a ticket that is not done to a queue."""
    if queue is not ticket.queue:
        ticket.queue.open_tickets -= 1
        queue.open_tickets += 1
        ticket.queue = queue


def time_grace(state: State, record: AgentRecord, at: Instant) -> None:
    """Start the grace of an agent who is gone and yet has work, unless it runs already."""
    grace = Timer(TimerKind.GRACE, record.id)
    if is_gone(record) and grace not in state.timers and works(record):
        state.timers.set(grace, at + state.gate.defaults.grace)


def time_rate_limit(state: State, record: AgentRecord) -> None:
    timer = Timer(TimerKind.RATE_LIMIT, record.id)
    lifts_at = rate_lifts_at(record)
    if lifts_at is None:
        state.timers.cancel(timer)
    else:
        state.timers.set(timer, lifts_at)


# --- the conversation ---------------------------------------------------------------------


def time_answer(state: State, ticket: TicketRecord, at: Instant) -> None:
    """Start the time in which the agent is to write, unless it runs already."""
    within = ticket.queue.terms.respond_within
    if within is not None:
        timer = Timer(TimerKind.RESPOND, ticket.id)
        if timer not in state.timers:
            state.timers.set(timer, at + within)


def time_silence(state: State, ticket: TicketRecord, at: Instant) -> None:
    """Start anew the time after which silence puts the conversation on hold."""
    after = ticket.queue.terms.idle_after
    if after is not None and ticket.state is RoutingState.ASSIGNED:
        state.timers.set(Timer(TimerKind.IDLE, ticket.id), at + after)


def end_conversation(state: State, ticket: TicketRecord) -> None:
    queue = ticket.queue.terms
    if queue.respond_within is not None:
        state.timers.cancel(Timer(TimerKind.RESPOND, ticket.id))
    if queue.idle_after is not None:
        state.timers.cancel(Timer(TimerKind.IDLE, ticket.id))
