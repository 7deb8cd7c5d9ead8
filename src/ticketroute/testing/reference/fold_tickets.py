"""What each event in the life of a ticket does to the facts."""

from __future__ import annotations

from ticketroute.model import events as ev
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.fold_offers import end_offer, move_turn, note_tried
from ticketroute.testing.reference.fold_sla import open_book
from ticketroute.testing.reference.upkeep import Upkeep


def submitted(desk: Upkeep, event: ev.TicketSubmitted) -> None:
    assert event.ticket_id not in desk.tickets
    desk.tickets[event.ticket_id] = TicketFacts(
        event.ticket,
        desk.queues[event.queue_id],
        event.arrived,
        len(desk.tickets) + 1,
        event.ticket.priority,
    )
    if desk.agreements:
        open_book(desk.tickets[event.ticket_id], event.arrived)
    desk.start_wait(desk.tickets[event.ticket_id])


def queued(ticket: TicketFacts, desk: Upkeep, event: ev.TicketQueued) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert not ticket.in_line
    assert not ticket.offers
    assert desk.queues[event.queue_id] is ticket.queue
    ticket.state, ticket.in_line = RoutingState.WAITING, True
    steps = ticket.queue.queue.relaxations[ticket.relaxed :]
    if steps and steps[0].skip_wait and event.reason in ev.NOBODY_THERE:
        ticket.relax_at = event.at


def assigned(ticket: TicketFacts, desk: Upkeep, event: ev.TicketAssigned) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert ticket.agent is None
    assert ticket.offers.keys() == ({event.agent_id} if event.cause is ev.Cause.ACCEPTED else set())
    known = desk.agents[event.agent_id]
    if ticket.offers:
        known.misses = 0
        end_offer(ticket, desk, event.agent_id)
    desk.end_wait(ticket)
    ticket.queue, ticket.recalled = desk.queues[event.queue_id], False
    if ticket.status is Status.NEW:
        ticket.status = Status.OPEN
    if event.cause in ev.BY_STRATEGY:
        move_turn(desk, ticket.queue, event.agent_id)
    if ticket.ticket.requester is not None:
        desk.last_agent_of[ticket.ticket.requester] = event.agent_id
    desk.assignments += 1
    known.stamp = desk.assignments
    if desk.rate_limit(event.agent_id) is not None:
        known.recent.append(event.at)
        desk.trim_rate(event.agent_id)
    desk.note(event.agent_id, taken=1)
    ticket.state, ticket.in_line = RoutingState.ASSIGNED, False
    ticket.agent = ticket.last_agent = event.agent_id
    ticket.cost, ticket.since, ticket.came_from = event.cost, event.at, None
    if ticket.book is not None:
        ticket.book.handed = True
    desk.time_answer(ticket)
    desk.time_silence(ticket)
    desk.start_grace(event.agent_id)


def released(ticket: TicketFacts, desk: Upkeep, event: ev.TicketReleased) -> None:
    assert ticket.state not in (RoutingState.WAITING, RoutingState.DONE)
    assert ticket.agent == event.agent_id
    assert not ticket.offers
    ticket.recalled = ticket.state is RoutingState.OFFERED
    _goes_on(ticket)
    desk.part(ticket)
    ticket.state, ticket.in_line = RoutingState.WAITING, False
    desk.start_wait(ticket)
    if event.cause is ev.Cause.SILENT:
        ticket.hops += 1
    if event.cause in (ev.Cause.SILENT, ev.Cause.ESCALATED) and event.agent_id is not None:
        ticket.silent.add(event.agent_id)
        queue = ticket.queue.queue
        retry_at = event.at + (queue.respond_within or queue.offer.retry_missed_after)
        for agent_id in ticket.silent & desk.agents.keys():
            note_tried(desk, ticket, agent_id, "missed", retry_at)
    if event.cause is ev.Cause.RESUMED:
        ticket.came_from = event.agent_id


def transferred(ticket: TicketFacts, desk: Upkeep, event: ev.TicketTransferred) -> None:
    assert desk.queues[event.from_queue] is ticket.queue
    assert not ticket.offers
    desk.end_conversation(ticket)
    ticket.queue, ticket.arrived = desk.queues[event.to_queue], event.arrived
    ticket.in_line = False
    if ticket.book is not None and event.from_queue != event.to_queue:
        ticket.book.queued = event.at
        if event.cause is ev.Cause.ESCALATED:
            ticket.book.escalated_from.add(event.from_queue)
    if ticket.state is RoutingState.WAITING:
        desk.start_wait(ticket)
    elif ticket.state is RoutingState.ASSIGNED:
        desk.time_answer(ticket)
        desk.time_silence(ticket)


def replied(ticket: TicketFacts, desk: Upkeep, event: ev.TicketReplied) -> None:
    note_message(ticket, event.author, event.at)
    if event.author is ev.Author.AGENT:
        if ticket.status in (Status.NEW, Status.OPEN):
            ticket.status = Status.ANSWERED
        ticket.hops, ticket.respond_by = 0, None
        ticket.silent = set()
        if ticket.state not in (RoutingState.PARKED, RoutingState.DONE):
            ticket.answered = True
    elif event.author is not ev.Author.REQUESTER:
        return
    else:
        if ticket.status is Status.ANSWERED:
            ticket.status = Status.OPEN
        ticket.answered = False
        if ticket.state is RoutingState.ASSIGNED:
            desk.time_answer(ticket)
    desk.time_silence(ticket)


def note_message(ticket: TicketFacts, author: ev.Author, at: int) -> None:
    """Note who wrote last, and since when a message is unanswered."""
    ticket.ever_answered = ticket.ever_answered or author is ev.Author.AGENT
    if ticket.book is None or author not in (ev.Author.AGENT, ev.Author.REQUESTER):
        return
    ticket.book.wrote[author] = at
    if author is ev.Author.AGENT:
        ticket.book.answered, ticket.book.unanswered = True, None
    elif ticket.book.unanswered is None:
        ticket.book.unanswered = at


def held(ticket: TicketFacts, desk: Upkeep, event: ev.TicketHeld) -> None:
    assert not ticket.offers
    ticket.status = Status(event.status.value)
    desk.stop_work(ticket)
    desk.end_wait(ticket)
    desk.end_conversation(ticket)
    ticket.answered = False
    ticket.state, ticket.in_line = RoutingState.PARKED, False


def resumed(ticket: TicketFacts, desk: Upkeep, event: ev.TicketResumed) -> None:
    assert ticket.state is RoutingState.PARKED
    assert ticket.agent == event.agent_id
    _goes_on(ticket)
    if event.cost != ticket.cost:
        ticket.slot = None  # given back and taken anew
    ticket.state, ticket.since, ticket.cost = RoutingState.ASSIGNED, event.at, event.cost
    desk.time_answer(ticket)
    desk.time_silence(ticket)
    desk.start_grace(event.agent_id)


def resolved(ticket: TicketFacts, desk: Upkeep, event: ev.TicketResolved) -> None:
    assert ticket.state is not RoutingState.DONE
    ticket.status = Status.RESOLVED
    assert not ticket.offers
    desk.end_wait(ticket)
    desk.end_conversation(ticket)
    ticket.answered = False
    ticket.state, ticket.in_line = RoutingState.DONE, False
    if event.wrap_up_until is None:
        desk.part(ticket)
    else:
        assert ticket.agent is not None
        ticket.wrap_up_until = event.wrap_up_until
        desk.agents[ticket.agent].ended_at = event.at


def wrap_up_ended(desk: Upkeep, event: ev.WrapUpEnded) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert ticket.state is RoutingState.DONE
    assert ticket.agent == event.agent_id
    assert ticket.wrap_up_until is not None
    if event.cause is ev.Cause.TIME:
        assert ticket.wrap_up_until == event.at
    ticket.wrap_up_until = None
    desk.part(ticket)


def reopened(ticket: TicketFacts, desk: Upkeep, event: ev.TicketReopened) -> None:
    assert ticket.state is RoutingState.DONE
    ticket.status = Status.OPEN
    ticket.came_from = ticket.last_agent
    ticket.queue = desk.queues[ticket.queue.queue.id]  # it may have closed and opened again
    ticket.state = RoutingState.WAITING
    if desk.agreements and ticket.book is None:  # it was done before anything was promised
        open_book(ticket, event.at)
        if event.cause is ev.Cause.REPLIED:
            note_message(ticket, ev.Author.REQUESTER, event.at)
    desk.start_wait(ticket)


def over(ticket: TicketFacts, desk: Upkeep, _: ev.TicketEvent) -> None:
    assert ticket.state is not RoutingState.DONE
    ticket.status = Status.CLOSED
    assert not ticket.offers
    desk.end_wait(ticket)
    ticket.state, ticket.in_line = RoutingState.DONE, False
    desk.part(ticket)


def merged(ticket: TicketFacts, desk: Upkeep, event: ev.TicketMerged) -> None:
    other = desk.tickets[event.into]
    assert other.state is not RoutingState.DONE
    assert event.arrived == min(ticket.arrived, other.arrived)
    other.arrived = event.arrived
    other.version += 1
    over(ticket, desk, event)


def priority(ticket: TicketFacts, _: Upkeep, event: ev.TicketPriorityChanged) -> None:
    ticket.priority = event.priority


def closed(ticket: TicketFacts, _: Upkeep, __: ev.TicketClosed) -> None:
    ticket.status = Status.CLOSED


def _goes_on(ticket: TicketFacts) -> None:
    if ticket.status in (Status.PENDING, Status.POSTPONED):
        ticket.status = Status.OPEN
