"""The fold of the plain desk: what each event does to plain facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from plain_desk import (
    PlainAgent,
    PlainDesk,
    PlainOffer,
    PlainQueue,
    PlainTicket,
    Tried,
    step_of,
    takes_turns,
)

from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState


class FoldedDesk(PlainDesk):
    """A plain desk that follows events."""

    def apply(self, event: ev.Event) -> None:
        assert event.at >= self.now
        self.now = event.at
        self.events += 1
        _FOLD[type(event)](self, event)
        self.watch()
        if isinstance(event, ev.DefaultsChanged):
            self.seat(list(self.agents))
        else:
            self.seat(None)


# --- what each event does ---------------------------------------------------------------------


def _queue_added(desk: PlainDesk, event: ev.QueueAdded) -> None:
    desk.queues[event.queue.id] = PlainQueue(event.queue, dict(event.queue.members))


def _queue_changed(desk: PlainDesk, event: ev.QueueChanged) -> None:
    known = desk.queues[event.queue.id]
    if known.queue.strategy != event.queue.strategy:
        known.seats = {}
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


def _agent_added(desk: PlainDesk, event: ev.AgentAdded) -> None:
    desk.agents[event.agent.id] = PlainAgent(event.agent, event.presence, event.at)


def _agent_changed(desk: PlainDesk, event: ev.AgentChanged) -> None:
    desk.agents[event.agent.id].agent = event.agent
    desk.trim_rate(event.agent.id)


def _agent_removed(desk: PlainDesk, event: ev.AgentRemoved) -> None:
    assert not any(ticket.agent == event.agent_id for ticket in desk.tickets.values())
    assert not desk.offers(event.agent_id)
    _forget_tries(desk, event.agent_id)
    del desk.agents[event.agent_id]
    desk.history = [entry for entry in desk.history if entry[2] != event.agent_id]
    for queue in desk.queues.values():
        queue.members.pop(event.agent_id, None)
        for seats in queue.seats.values():
            seats.of.pop(event.agent_id, None)


def _members_ordered(desk: PlainDesk, event: ev.MembersOrdered) -> None:
    queue = desk.queues[event.queue_id]
    assert sorted(event.order) == sorted(queue.members)
    queue.members = {agent_id: queue.members[agent_id] for agent_id in event.order}


def _member(desk: PlainDesk, event: ev.MemberAdded | ev.MemberChanged) -> None:
    desk.queues[event.queue_id].members[event.agent_id] = event.membership


def _presence(desk: PlainDesk, event: ev.PresenceChanged) -> None:
    known = desk.agents[event.agent_id]
    if event.presence is Presence.AVAILABLE and known.presence is not Presence.AVAILABLE:
        known.available_since = event.at
        known.misses = 0
        _forget_tries(desk, event.agent_id)
    known.presence = event.presence
    if event.presence is not Presence.OFFLINE:
        known.grace_until = None
    desk.start_grace(event.agent_id)


def _channel(desk: PlainDesk, event: ev.ChannelSwitched) -> None:
    off = desk.agents[event.agent_id].off
    (off.discard if event.on else off.add)(event.channel)


def _grace_ended(desk: PlainDesk, event: ev.GraceEnded) -> None:
    assert desk.agents[event.agent_id].grace_until == event.at
    desk.agents[event.agent_id].grace_until = None


def _rate_lifted(desk: PlainDesk, event: ev.RateLimitLifted) -> None:
    assert desk.rate_lifts_at(event.agent_id) == event.at
    desk.trim_rate(event.agent_id)


def _defaults(desk: PlainDesk, event: ev.DefaultsChanged) -> None:
    desk.defaults = event.defaults
    for agent_id in desk.agents:
        desk.trim_rate(agent_id)


def _submitted(desk: PlainDesk, event: ev.TicketSubmitted) -> None:
    assert event.ticket_id not in desk.tickets
    desk.tickets[event.ticket_id] = PlainTicket(
        event.ticket,
        desk.queues[event.queue_id],
        event.arrived,
        len(desk.tickets) + 1,
        event.ticket.priority,
    )
    desk.start_wait(desk.tickets[event.ticket_id])


def _queued(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketQueued) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert not ticket.in_line
    assert not ticket.offers
    assert desk.queues[event.queue_id] is ticket.queue
    ticket.state, ticket.in_line = RoutingState.WAITING, True
    steps = ticket.queue.queue.relaxations[ticket.relaxed :]
    if steps and steps[0].skip_wait and event.reason in ev.NOBODY_THERE:
        ticket.relax_at = event.at


def _assigned(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketAssigned) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert ticket.agent is None
    assert ticket.offers.keys() == ({event.agent_id} if event.cause is ev.Cause.ACCEPTED else set())
    known = desk.agents[event.agent_id]
    if ticket.offers:
        known.misses = 0
        _end_offer(ticket, desk, event.agent_id)
    desk.end_wait(ticket)
    ticket.queue, ticket.recalled = desk.queues[event.queue_id], False
    if event.cause in ev.BY_STRATEGY:
        _move_turn(desk, ticket.queue, event.agent_id)
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
    desk.time_answer(ticket)
    desk.time_silence(ticket)
    desk.start_grace(event.agent_id)


def _released(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketReleased) -> None:
    assert ticket.state not in (RoutingState.WAITING, RoutingState.DONE)
    assert ticket.agent == event.agent_id
    assert not ticket.offers
    ticket.recalled = ticket.state is RoutingState.OFFERED
    desk.part(ticket)
    ticket.state, ticket.in_line = RoutingState.WAITING, False
    desk.start_wait(ticket)
    if event.cause is ev.Cause.SILENT:
        assert event.agent_id is not None
        ticket.hops += 1
        ticket.silent.add(event.agent_id)
        queue = ticket.queue.queue
        retry_at = event.at + (queue.respond_within or queue.offer.retry_missed_after)
        for agent_id in ticket.silent & desk.agents.keys():
            ticket.tried[agent_id] = Tried("missed", retry_at)
    if event.cause is ev.Cause.RESUMED:
        ticket.came_from = event.agent_id


def _transferred(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketTransferred) -> None:
    assert desk.queues[event.from_queue] is ticket.queue
    assert not ticket.offers
    desk.end_conversation(ticket)
    ticket.queue, ticket.arrived = desk.queues[event.to_queue], event.arrived
    ticket.in_line = False
    if ticket.state is RoutingState.WAITING:
        desk.start_wait(ticket)
    elif ticket.state is RoutingState.ASSIGNED:
        desk.time_answer(ticket)
        desk.time_silence(ticket)


def _replied(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketReplied) -> None:
    if event.author is ev.Author.AGENT:
        ticket.hops, ticket.respond_by = 0, None
        ticket.silent = set()
        if ticket.state not in (RoutingState.PARKED, RoutingState.DONE):
            ticket.answered = True
    elif event.author is not ev.Author.REQUESTER:
        return
    else:
        ticket.answered = False
        if ticket.state is RoutingState.ASSIGNED:
            desk.time_answer(ticket)
    desk.time_silence(ticket)


def _held(ticket: PlainTicket, desk: PlainDesk, _: ev.TicketHeld) -> None:
    assert not ticket.offers
    desk.stop_work(ticket)
    desk.end_wait(ticket)
    desk.end_conversation(ticket)
    ticket.answered = False
    ticket.state, ticket.in_line = RoutingState.PARKED, False


def _resumed(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketResumed) -> None:
    assert ticket.state is RoutingState.PARKED
    assert ticket.agent == event.agent_id
    ticket.state, ticket.since, ticket.cost = RoutingState.ASSIGNED, event.at, event.cost
    desk.time_answer(ticket)
    desk.time_silence(ticket)
    desk.start_grace(event.agent_id)


def _resolved(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketResolved) -> None:
    assert ticket.state is not RoutingState.DONE
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


def _wrap_up_ended(desk: PlainDesk, event: ev.WrapUpEnded) -> None:
    ticket = desk.tickets[event.ticket_id]
    assert ticket.state is RoutingState.DONE
    assert ticket.agent == event.agent_id
    assert ticket.wrap_up_until is not None
    if event.cause is ev.Cause.TIME:
        assert ticket.wrap_up_until == event.at
    ticket.wrap_up_until = None
    desk.part(ticket)


def _reopened(ticket: PlainTicket, desk: PlainDesk, _: ev.TicketReopened) -> None:
    assert ticket.state is RoutingState.DONE
    ticket.came_from = ticket.last_agent
    ticket.queue = desk.queues[ticket.queue.queue.id]  # it may have closed and opened again
    ticket.state = RoutingState.WAITING
    desk.start_wait(ticket)


def _over(ticket: PlainTicket, desk: PlainDesk, _: ev.TicketEvent) -> None:
    assert ticket.state is not RoutingState.DONE
    assert not ticket.offers
    desk.end_wait(ticket)
    ticket.state, ticket.in_line = RoutingState.DONE, False
    desk.part(ticket)


def _merged(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketMerged) -> None:
    other = desk.tickets[event.into]
    assert other.state is not RoutingState.DONE
    assert event.arrived == min(ticket.arrived, other.arrived)
    other.arrived = event.arrived
    other.version += 1
    _over(ticket, desk, event)


def _priority(ticket: PlainTicket, _: PlainDesk, event: ev.TicketPriorityChanged) -> None:
    ticket.priority = event.priority


# --- offers and waiting -----------------------------------------------------------------------


def _end_offer(ticket: PlainTicket, desk: PlainDesk, agent_id: AgentId) -> None:
    del ticket.offers[agent_id]
    if not ticket.offers:
        ticket.wanted, ticket.ring_at = 0, None
    desk.trim_rate(agent_id)
    desk.seat([agent_id])  # before anything takes that room again


def _offered(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketOffered) -> None:
    assert ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    assert event.agent_id not in ticket.offers
    queue = desk.queues[event.queue_id]
    ticket.state, ticket.in_line = RoutingState.OFFERED, False
    ticket.reserved = ticket.reserve_until = None
    if event.cause in ev.BY_STRATEGY:
        _move_turn(desk, queue, event.agent_id)
    step = step_of(queue.queue.strategy)
    if not ticket.offers and step is not None:
        ticket.wanted, ticket.ring_at = 1, event.at + step
    ticket.offers[event.agent_id] = PlainOffer(ticket, queue, event.cost, event.until)
    ticket.asked.add(event.agent_id)
    desk.trim_rate(event.agent_id)


def _short(ticket: PlainTicket, _: PlainDesk, event: ev.OfferShort) -> None:
    assert not ticket.in_line
    assert event.open == len(ticket.offers)
    ticket.in_line = True


def _declined(ticket: PlainTicket, desk: PlainDesk, event: ev.OfferDeclined) -> None:
    ticket.in_line = False
    _end_offer(ticket, desk, event.agent_id)
    ticket.tried[event.agent_id] = Tried("declined", event.retry_at)
    _cool(desk, event.agent_id, event.cool_until)


def _expired(ticket: PlainTicket, desk: PlainDesk, event: ev.OfferExpired) -> None:
    ticket.in_line = False
    _end_offer(ticket, desk, event.agent_id)
    desk.agents[event.agent_id].misses = event.misses
    ticket.tried[event.agent_id] = Tried("missed", event.retry_at)
    _cool(desk, event.agent_id, event.cool_until)


def _cool(desk: PlainDesk, agent_id: AgentId, until: int | None) -> None:
    known = desk.agents[agent_id]
    if until is not None:
        known.cooling_until = max(until, known.cooling_until or 0)


def _withdrawn(ticket: PlainTicket, desk: PlainDesk, event: ev.OfferWithdrawn) -> None:
    ticket.in_line = False
    _end_offer(ticket, desk, event.agent_id)


def _retry(ticket: PlainTicket, _: PlainDesk, event: ev.RetryAllowed) -> None:
    tried = ticket.tried[event.agent_id]
    assert tried.retry_at == event.at
    ticket.in_line = False
    if tried.reason == "missed":
        tried.lifted, tried.retry_at = True, None
    else:
        del ticket.tried[event.agent_id]


def _widened(ticket: PlainTicket, _: PlainDesk, event: ev.RingWidened) -> None:
    assert ticket.ring_at == event.at
    assert event.wanted == max(1, ticket.wanted) + 1
    ticket.in_line, ticket.wanted = False, event.wanted
    step = step_of(ticket.queue.queue.strategy)
    rung = event.wanted >= len(ticket.queue.members)  # everybody
    ticket.ring_at = None if step is None or rung else event.at + step


def _cooled(desk: PlainDesk, event: ev.CoolDownEnded) -> None:
    assert desk.agents[event.agent_id].cooling_until == event.at
    desk.agents[event.agent_id].cooling_until = None


def _reserved(ticket: PlainTicket, _: PlainDesk, event: ev.TicketReserved) -> None:
    ticket.reserved, ticket.reserve_until = event.agent_id, event.until
    ticket.waited_for = True


def _reserve_ended(ticket: PlainTicket, _: PlainDesk, event: ev.ReserveEnded) -> None:
    assert event.cause is not ev.Cause.TIME or ticket.reserve_until == event.at
    ticket.in_line, ticket.reserved, ticket.reserve_until = False, None, None


def _relaxed(ticket: PlainTicket, desk: PlainDesk, event: ev.TicketRelaxed) -> None:
    if event.cause is ev.Cause.TIME:
        assert ticket.relax_at == event.at
        assert event.step == ticket.relaxed + 1
    ticket.in_line, ticket.relaxed = False, event.step
    ticket.priority, ticket.reach = event.priority, event.reach
    ticket.skills = dict(event.skills)
    ticket.added = [desk.queues[queue_id] for queue_id in event.added]
    desk.time_relaxation(ticket)


def _escalated(ticket: PlainTicket, _: PlainDesk, event: ev.TicketEscalated) -> None:
    assert ticket.respond_by == event.at
    ticket.respond_by = None


def _forget_tries(desk: PlainDesk, agent_id: AgentId) -> None:
    for ticket in desk.tickets.values():
        if ticket.tried.pop(agent_id, None) is not None:
            ticket.in_line = False


def _move_turn(desk: PlainDesk, queue: PlainQueue, agent_id: AgentId) -> None:
    if takes_turns(queue.queue.strategy):
        seats = desk.seats(queue, agent_id)
        seats.last = seats.of[agent_id]


def _nothing(*_: object) -> None:
    """Note that this moves nothing that routing looks at."""


def _of_ticket(change: Callable[[PlainTicket, PlainDesk, Any], None]) -> Callable[..., None]:
    def apply(desk: PlainDesk, event: ev.TicketEvent) -> None:
        ticket = desk.tickets[event.ticket_id]
        quiet = isinstance(event, ev.TicketReplied) and event.author in (
            ev.Author.AUTOMATION,
            ev.Author.NOTE,
        )
        ticket.version += not quiet
        change(ticket, desk, event)

    return apply


_FOLD: dict[type[ev.Event], Callable[..., None]] = {
    ev.DeskOpened: lambda desk, event: setattr(desk, "defaults", event.defaults),
    ev.DefaultsChanged: _defaults,
    ev.QueueAdded: _queue_added,
    ev.QueueChanged: _queue_changed,
    ev.QueueRemoved: lambda desk, event: desk.queues.pop(event.queue_id),
    ev.AgentAdded: _agent_added,
    ev.AgentChanged: _agent_changed,
    ev.AgentRemoved: _agent_removed,
    ev.MemberAdded: _member,
    ev.MemberChanged: _member,
    ev.MemberRemoved: lambda desk, e: desk.queues[e.queue_id].members.pop(e.agent_id),
    ev.MembersOrdered: _members_ordered,
    ev.PresenceChanged: _presence,
    ev.ChannelSwitched: _channel,
    ev.GraceEnded: _grace_ended,
    ev.RateLimitLifted: _rate_lifted,
    ev.TicketSubmitted: _submitted,
    ev.TicketQueued: _of_ticket(_queued),
    ev.TicketAssigned: _of_ticket(_assigned),
    ev.TicketReleased: _of_ticket(_released),
    ev.TicketTransferred: _of_ticket(_transferred),
    ev.TicketReplied: _of_ticket(_replied),
    ev.TicketHeld: _of_ticket(_held),
    ev.TicketResumed: _of_ticket(_resumed),
    ev.TicketResolved: _of_ticket(_resolved),
    ev.WrapUpEnded: _wrap_up_ended,
    ev.TicketClosed: _of_ticket(_nothing),
    ev.TicketReopened: _of_ticket(_reopened),
    ev.TicketAbandoned: _of_ticket(_over),
    ev.TicketMerged: _of_ticket(_merged),
    ev.TicketPriorityChanged: _of_ticket(_priority),
    ev.TicketRated: _of_ticket(_nothing),
    ev.TicketOffered: _of_ticket(_offered),
    ev.OfferShort: _of_ticket(_short),
    ev.OfferDeclined: _of_ticket(_declined),
    ev.OfferExpired: _of_ticket(_expired),
    ev.OfferWithdrawn: _of_ticket(_withdrawn),
    ev.RetryAllowed: _of_ticket(_retry),
    ev.RingWidened: _of_ticket(_widened),
    ev.CoolDownEnded: _cooled,
    ev.TicketReserved: _of_ticket(_reserved),
    ev.ReserveEnded: _of_ticket(_reserve_ended),
    ev.TicketRelaxed: _of_ticket(_relaxed),
    ev.TicketEscalated: _of_ticket(_escalated),
}
