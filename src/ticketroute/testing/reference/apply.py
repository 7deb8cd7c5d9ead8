"""What each event does to the facts: the state of a desk is the fold of its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve

from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.sla import events as sla
from ticketroute.testing.reference import choose, gate
from ticketroute.testing.reference.calendar import Edition
from ticketroute.testing.reference.clocks import apply_clock_event, open_book
from ticketroute.testing.reference.facts import (
    SEARCHING,
    AgentFacts,
    Agreed,
    Facts,
    OfferFacts,
    QueueFacts,
    TicketFacts,
    Tried,
    Work,
    keeps_credits,
    retry_after,
    step_of,
    takes_turns,
    window_of,
)


def apply(facts: Facts, event: ev.Event) -> None:
    """Change the facts as an event says; fails at one that could not happen."""
    assert event.at >= facts.now
    facts.now = event.at
    facts.events += 1
    if isinstance(event, sla.ClockEvent):
        apply_clock_event(facts, event)
    elif isinstance(event, ev.TicketEvent) and not isinstance(event, ev.TicketSubmitted):
        ticket = facts.tickets[event.ticket_id]
        ticket.version += not (isinstance(event, ev.TicketReplied) and event.author in _QUIET)
        _OF_TICKETS[type(event)](facts, ticket, event)
    else:
        _OF_THE_DESK[type(event)](facts, event)
    _keep_up(facts, isinstance(event, ev.DefaultsChanged | sla.CalendarSet))


def _keep_up(facts: Facts, everybody: bool) -> None:  # noqa: FBT001
    """Change what follows from several events."""
    spans = {window_of(queue.queue.strategy) for queue in facts.queues.values()}
    wanted = {span for span in spans if span is not None}
    facts.watched = {span: facts.watched.get(span, []) for span in wanted}
    for ticket in facts.tickets.values():
        if not ticket.counts:
            ticket.slot = None
        elif ticket.slot is None:
            ticket.slot = ticket.taken = facts.events
        if ticket.book is not None and ticket.book.statuses[-1][1] is not ticket.status:
            ticket.book.statuses.append((facts.now, ticket.status))
    _seat(facts, list(facts.agents) if everybody else None)


def _seat(facts: Facts, order: Iterable[AgentId] | None) -> None:
    """Give a seat to agents who have room for the first time, in the order of the list."""
    for queue in facts.queues.values():
        if takes_turns(queue.queue.strategy):
            free = gate.members_with_room(facts, queue)
            for agent_id in order or queue.members:
                seats = choose.seats(facts, queue, agent_id) if agent_id in free else None
                if seats is not None and agent_id not in seats.of:
                    seats.of[agent_id] = seats.given
                    seats.given += 1


# --- steps that several events share --------------------------------------------------------------


def _loosen(facts: Facts, ticket: TicketFacts) -> None:
    """Take a ticket out of its line, to look for agents anew; one that rings everyone stays."""
    ticket.in_line = ticket.rings_everyone and bool(ticket.offers)
    if ticket.state in SEARCHING and ticket not in facts.loose:
        facts.loose.append(ticket)


def _start_wait(facts: Facts, ticket: TicketFacts) -> None:
    """Start the search for an agent: it asks what it asked at first."""
    _end_wait(ticket)
    ticket.skills, ticket.reach = dict(ticket.ticket.skills), None
    ticket.waiting_since, ticket.relaxed, ticket.waited_for = facts.now, 0, False
    _time_relaxation(facts, ticket)
    _loosen(facts, ticket)


def _end_wait(ticket: TicketFacts) -> None:
    """End the search for an agent; answers outlast it."""
    ticket.in_line, ticket.added = False, []
    ticket.waiting_since = ticket.relax_at = ticket.ring_at = ticket.hold_at = None
    ticket.reserved = ticket.reserve_until = ticket.room_of = None
    ticket.wanted, ticket.room_wanted = 0, False


def _time_relaxation(facts: Facts, ticket: TicketFacts) -> None:
    """Set when the next step of the schedule is due."""
    steps = ticket.queue.queue.relaxations[ticket.relaxed :]
    ticket.relax_at = None
    if ticket.waiting_since is not None and steps:
        ticket.relax_at = max(ticket.waiting_since + steps[0].after, facts.now)


def _time_room(facts: Facts, ticket: TicketFacts) -> None:
    """Set when room is to be held for a ticket that waits in its line."""
    after, since = ticket.queue.queue.hold_room_after, ticket.waiting_since
    ticket.hold_at = None
    if after is not None and since is not None and not ticket.room_wanted:
        ticket.hold_at = max(since + after, facts.now)


def _time_answer(facts: Facts, ticket: TicketFacts) -> None:
    """Set by when an agent has to write, unless that is set."""
    within = ticket.queue.queue.respond_within
    if within is not None and ticket.respond_by is None:
        ticket.respond_by = facts.now + within


def _time_silence(facts: Facts, ticket: TicketFacts) -> None:
    """Set when a conversation without a word goes on hold."""
    after = ticket.queue.queue.idle_after
    if after is not None and ticket.state is RoutingState.ASSIGNED:
        ticket.idle_at = facts.now + after


def _end_conversation(ticket: TicketFacts) -> None:
    """Wait for nobody's words any more."""
    ticket.respond_by = ticket.idle_at = None


def _start_grace(facts: Facts, agent_id: AgentId) -> None:
    """Give an agent who is gone and yet has work the grace to come back."""
    known, mine = facts.agents[agent_id], gate.slots(facts, agent_id)
    if not gate.is_gone(facts, agent_id):
        known.grace_until = None
    elif known.grace_until is None and any(t.state is RoutingState.ASSIGNED for t in mine):
        known.grace_until = facts.now + facts.defaults.grace


def _trim_rate(facts: Facts, agent_id: AgentId) -> None:
    """Forget assignments that the rate limit counts no more."""
    known, rate = facts.agents[agent_id], gate.rate_limit(facts, agent_id)
    span = 0 if rate is None else rate.span
    known.recent = [at for at in known.recent if at + span > facts.now and rate is not None]


def _look_at_shift(facts: Facts, agent_id: AgentId) -> None:
    """Note whether an agent is on their shift, as the calendar says at this instant."""
    known, works = facts.agents[agent_id], gate.works_at(facts, agent_id, facts.now)
    if works is not known.on_shift:
        known.on_shift = works
        if works and known.presence is Presence.AVAILABLE:
            known.available_since = facts.now
        _start_grace(facts, agent_id)


def _note(facts: Facts, agent_id: AgentId, *, taken: int = 0, handled: int = 0) -> None:
    """Write down a ticket taken, or work that ended."""
    for work in facts.watched.values():
        work.append(Work(facts.now, agent_id, taken, handled))


def _stop_work(facts: Facts, ticket: TicketFacts) -> None:
    """End the present stretch of work."""
    if ticket.agent is not None and ticket.since is not None:
        _note(facts, ticket.agent, handled=facts.now - ticket.since)
    ticket.since = None


def _part(facts: Facts, ticket: TicketFacts) -> None:
    """Part a ticket from its agent, if it has one."""
    _stop_work(facts, ticket)
    if ticket.agent is not None:
        facts.agents[ticket.agent].ended_at = facts.now
    _end_conversation(ticket)
    ticket.agent, ticket.cost = None, 0


def _end_offer(facts: Facts, ticket: TicketFacts, agent_id: AgentId) -> None:
    """Give back the room that an offer kept."""
    del ticket.offers[agent_id]
    _loosen(facts, ticket)
    _trim_rate(facts, agent_id)
    _seat(facts, [agent_id])  # before anything takes that room again


def _note_tried(ticket: TicketFacts, agent_id: AgentId, why: str, retry_at: int | None) -> None:
    """Note that an agent is not to be asked again for a ticket, or not before an instant."""
    ticket.tried[agent_id] = Tried(why, retry_at)


def _forget_tries(facts: Facts, agent_id: AgentId) -> None:
    """Forget all that an agent declined or missed; those tickets look for agents anew."""
    for ticket in facts.tickets.values():
        if ticket.tried.pop(agent_id, None) is not None:
            _loosen(facts, ticket)


def _move_turn(facts: Facts, queue: QueueFacts, agent_id: AgentId) -> None:
    if takes_turns(queue.queue.strategy):
        seats = choose.seats(facts, queue, agent_id)
        seats.last = seats.of[agent_id]
    if keeps_credits(queue.queue.strategy):
        choose.charge(facts, queue, agent_id)


# --- the desk, its queues and its agents ----------------------------------------------------------


def _defaults(facts: Facts, event: ev.DefaultsChanged) -> None:
    facts.defaults = event.defaults
    for agent_id in facts.agents:
        _trim_rate(facts, agent_id)


def _queue_added(facts: Facts, event: ev.QueueAdded) -> None:
    queue = facts.queues[event.queue.id] = QueueFacts(event.queue, {})
    for agent_id, terms in event.queue.members.items():
        queue.join(agent_id, terms)


def _queue_changed(facts: Facts, event: ev.QueueChanged) -> None:
    known = facts.queues[event.queue.id]
    before, now = known.queue, event.queue
    if before.strategy != now.strategy:
        known.seats, known.credits = {}, {}
    known.queue = evolve(now, parked_counts=before.parked_counts)
    _seat(facts, None)  # before those who gain room because tickets on hold count no more
    known.queue = now
    for ticket in gate.by_arrival(t for t in facts.tickets.values() if t.queue is known):
        asks_more = (now.offer, now.strategy) != (before.offer, before.strategy)
        if asks_more and now.delivery is before.delivery and ticket.offers:
            _loosen(facts, ticket)
        if now.relaxations != before.relaxations:
            _time_relaxation(facts, ticket)
        if now.hold_room_after != before.hold_room_after and ticket.in_line:
            _time_room(facts, ticket)
        if now.respond_within != before.respond_within:
            awaited = ticket.respond_by is not None
            if before.respond_within is None:
                awaited = not ticket.answered
            ticket.respond_by = None
            if awaited and ticket.state is RoutingState.ASSIGNED:
                _time_answer(facts, ticket)
        if now.idle_after != before.idle_after:
            ticket.idle_at = None
            _time_silence(facts, ticket)


def _agent_added(facts: Facts, event: ev.AgentAdded) -> None:
    known = AgentFacts(event.agent, event.presence, event.at, event.reason)
    facts.agents[event.agent.id] = known
    _look_at_shift(facts, event.agent.id)


def _agent_changed(facts: Facts, event: ev.AgentChanged) -> None:
    known = facts.agents[event.agent.id]
    before, known.agent = known.agent, event.agent
    if event.agent.shift != before.shift:
        _look_at_shift(facts, event.agent.id)
    _trim_rate(facts, event.agent.id)


def _agent_removed(facts: Facts, event: ev.AgentRemoved) -> None:
    assert not any(ticket.agent == event.agent_id for ticket in facts.tickets.values())
    assert not gate.offers(facts, event.agent_id)
    _forget_tries(facts, event.agent_id)
    del facts.agents[event.agent_id]
    for span, work in facts.watched.items():
        facts.watched[span] = [each for each in work if each.agent_id != event.agent_id]
    for queue in facts.queues.values():
        queue.members.pop(event.agent_id, None)
        queue.position.pop(event.agent_id, None)
        for seats in queue.seats.values():
            seats.of.pop(event.agent_id, None)
        for owed in queue.credits.values():
            owed.pop(event.agent_id, None)


def _member_changed(facts: Facts, event: ev.MemberChanged) -> None:
    facts.queues[event.queue_id].members[event.agent_id] = event.membership


def _member_removed(facts: Facts, event: ev.MemberRemoved) -> None:
    queue = facts.queues[event.queue_id]
    del queue.members[event.agent_id], queue.position[event.agent_id]


def _members_ordered(facts: Facts, event: ev.MembersOrdered) -> None:
    queue = facts.queues[event.queue_id]
    assert sorted(event.order) == sorted(queue.members)
    queue.members = {agent_id: queue.members[agent_id] for agent_id in event.order}
    queue.position = {agent_id: number for number, agent_id in enumerate(event.order)}
    queue.positions = len(event.order)


def _presence(facts: Facts, event: ev.PresenceChanged) -> None:
    known = facts.agents[event.agent_id]
    if event.presence is Presence.AVAILABLE and known.presence is not Presence.AVAILABLE:
        known.available_since = event.at
        known.misses, known.missed_at = 0, None
        _forget_tries(facts, event.agent_id)
    known.presence, known.reason = event.presence, event.reason
    _start_grace(facts, event.agent_id)


def _channel(facts: Facts, event: ev.ChannelSwitched) -> None:
    off = facts.agents[event.agent_id].off
    (off.discard if event.on else off.add)(event.channel)


def _grace_ended(facts: Facts, event: ev.GraceEnded) -> None:
    assert facts.agents[event.agent_id].grace_until == event.at
    facts.agents[event.agent_id].grace_until = None


def _rate_lifted(facts: Facts, event: ev.RateLimitLifted) -> None:
    assert gate.rate_lifts_at(facts, event.agent_id) == event.at
    _trim_rate(facts, event.agent_id)


def _cooled(facts: Facts, event: ev.CoolDownEnded) -> None:
    assert facts.agents[event.agent_id].cooling_until == event.at
    facts.agents[event.agent_id].cooling_until = None


def _calendar_set(facts: Facts, event: sla.CalendarSet) -> None:
    known = facts.calendars.get(event.calendar_id, [])
    assert known or event.effective_from == 0
    kept = [edition for edition in known if edition.since < event.effective_from]
    edition = Edition(event.effective_from, event.calendar)
    facts.calendars[event.calendar_id] = [*kept, edition]
    for agent_id, agent in facts.agents.items():
        if agent.agent.shift == event.calendar_id:
            _look_at_shift(facts, agent_id)


def _policies_set(facts: Facts, event: sla.PoliciesSet) -> None:
    facts.agreements = []
    for policy in event.policies:
        before = facts.versions.get(policy.id, Agreed(policy, 1))
        agreed = before if before.policy == policy else Agreed(policy, before.version + 1)
        facts.agreements.append(agreed)
        facts.versions[policy.id] = agreed
    for ticket in facts.tickets.values():
        if facts.agreements and ticket.book is None and ticket.state is not RoutingState.DONE:
            open_book(ticket, event.at)


def _shift(facts: Facts, event: sla.ShiftStarted | sla.ShiftEnded) -> None:
    begins = isinstance(event, sla.ShiftStarted)
    assert facts.agents[event.agent_id].on_shift is not begins
    assert gate.works_at(facts, event.agent_id, event.at) is begins
    _look_at_shift(facts, event.agent_id)


def _wrap_up_ended(facts: Facts, event: ev.WrapUpEnded) -> None:
    ticket = facts.tickets[event.ticket_id]
    assert (ticket.state, ticket.agent) == (RoutingState.DONE, event.agent_id)
    assert ticket.wrap_up_until is not None
    assert event.cause is not ev.Cause.TIME or ticket.wrap_up_until == event.at
    ticket.wrap_up_until = None
    _part(facts, ticket)


def _submitted(facts: Facts, event: ev.TicketSubmitted) -> None:
    assert event.ticket_id not in facts.tickets
    queue, number = facts.queues[event.queue_id], len(facts.tickets) + 1
    ticket = TicketFacts(event.ticket, queue, event.arrived, number, event.ticket.priority)
    facts.tickets[event.ticket_id] = ticket
    if facts.agreements:
        open_book(ticket, event.arrived)
    _start_wait(facts, ticket)


# --- a ticket that searches -----------------------------------------------------------------------


def _queued(facts: Facts, ticket: TicketFacts, event: ev.TicketQueued) -> None:
    assert ticket.state in SEARCHING
    assert not ticket.in_line
    assert not ticket.offers
    assert facts.queues[event.queue_id] is ticket.queue
    ticket.state, ticket.in_line = RoutingState.WAITING, True
    if event.reason is not ev.WaitReason.AWAITS_PULL:
        _time_room(facts, ticket)


def _offered(facts: Facts, ticket: TicketFacts, event: ev.TicketOffered) -> None:
    assert ticket.state in SEARCHING
    assert event.agent_id not in ticket.offers
    queue, step = facts.queues[event.queue_id], step_of(ticket.queue.queue.strategy)
    ticket.reserved = ticket.reserve_until = None
    if event.cause in ev.BY_STRATEGY:
        _move_turn(facts, queue, event.agent_id)
    if step is not None and not ticket.wanted:
        ticket.wanted, ticket.ring_at = 1, event.at + step
        _end_widening(ticket)
    ticket.state = RoutingState.OFFERED
    ticket.offers[event.agent_id] = OfferFacts(ticket, queue, event, facts.events)
    ticket.in_line = ticket.rings_everyone
    ticket.asked.add(event.agent_id)
    _trim_rate(facts, event.agent_id)


def _end_widening(ticket: TicketFacts) -> None:
    """Ring everyone for good, once as many are wanted as there are."""
    if ticket.wanted >= len({who for queue in ticket.queues for who in queue.members}):
        ticket.ring_at = None


def _short(_: Facts, ticket: TicketFacts, event: ev.OfferShort) -> None:
    assert not ticket.in_line
    assert event.open == len(ticket.offers)
    ticket.in_line = True


def _declined(facts: Facts, ticket: TicketFacts, event: ev.OfferDeclined) -> None:
    _end_offer(facts, ticket, event.agent_id)
    _note_tried(ticket, event.agent_id, "declined", event.retry_at)
    _cool(facts, event)


def _expired(facts: Facts, ticket: TicketFacts, event: ev.OfferExpired) -> None:
    known = facts.agents[event.agent_id]
    if event.misses > known.misses:
        known.misses, known.missed_at = event.misses, event.at
    _end_offer(facts, ticket, event.agent_id)
    _note_tried(ticket, event.agent_id, "missed", event.retry_at)
    _cool(facts, event)


def _cool(facts: Facts, event: ev.OfferDeclined | ev.OfferExpired) -> None:
    known = facts.agents[event.agent_id]
    if event.cool_until is not None:
        known.cooling_until = max(event.cool_until, known.cooling_until or 0)


def _withdrawn(facts: Facts, ticket: TicketFacts, event: ev.OfferWithdrawn) -> None:
    _end_offer(facts, ticket, event.agent_id)


def _retry(facts: Facts, ticket: TicketFacts, event: ev.RetryAllowed) -> None:
    tried = ticket.tried[event.agent_id]
    assert tried.retry_at == event.at
    if tried.reason == "missed":
        tried.lifted, tried.retry_at = True, None
    else:
        del ticket.tried[event.agent_id]
    _loosen(facts, ticket)


def _widened(facts: Facts, ticket: TicketFacts, event: ev.RingWidened) -> None:
    assert ticket.ring_at == event.at
    assert event.wanted == ticket.wanted + 1
    step = step_of(ticket.queue.queue.strategy)
    ticket.wanted, ticket.ring_at = event.wanted, None if step is None else event.at + step
    _end_widening(ticket)
    _loosen(facts, ticket)


def _reserved(facts: Facts, ticket: TicketFacts, event: ev.TicketReserved) -> None:
    ticket.reserved_by, ticket.waited_for = facts.events, True
    ticket.reserved, ticket.reserve_until = event.agent_id, event.until


def _reserve_ended(facts: Facts, ticket: TicketFacts, _: ev.ReserveEnded) -> None:
    assert ticket.reserved is not None
    ticket.reserved = ticket.reserve_until = None
    _loosen(facts, ticket)


def _room_wanted(_: Facts, ticket: TicketFacts, event: ev.RoomWanted) -> None:
    assert ticket.hold_at == event.at
    ticket.hold_at, ticket.room_wanted = None, True


def _room_held(facts: Facts, ticket: TicketFacts, event: ev.RoomHeld) -> None:
    assert ticket.room_wanted
    assert gate.held_for(facts, event.agent_id) is None
    ticket.room_of, ticket.room_by = event.agent_id, facts.events


def _room_released(_: Facts, ticket: TicketFacts, event: ev.RoomReleased) -> None:
    assert ticket.room_of == event.agent_id
    ticket.room_of = None


def _relaxed(facts: Facts, ticket: TicketFacts, event: ev.TicketRelaxed) -> None:
    if event.cause is ev.Cause.TIME:
        assert event.step == ticket.relaxed + 1
        skips = ticket.queue.queue.relaxations[ticket.relaxed].skip_wait
        assert skips or ticket.relax_at == event.at
    ticket.relaxed, ticket.priority, ticket.reach = event.step, event.priority, event.reach
    ticket.skills = dict(event.skills)
    ticket.added = [facts.queues[queue_id] for queue_id in event.added]
    _time_relaxation(facts, ticket)
    _loosen(facts, ticket)


# --- a ticket at work, and its end ----------------------------------------------------------------


def _assigned(facts: Facts, ticket: TicketFacts, event: ev.TicketAssigned) -> None:
    assert ticket.state in SEARCHING
    assert ticket.agent is None
    assert ticket.offers.keys() == ({event.agent_id} if event.cause is ev.Cause.ACCEPTED else set())
    known, taken = facts.agents[event.agent_id], facts.events
    if ticket.offers:
        known.misses, known.missed_at = 0, None
        taken = ticket.offers[event.agent_id].number
        _end_offer(facts, ticket, event.agent_id)
    _end_wait(ticket)
    ticket.tried.pop(event.agent_id, None)
    ticket.queue, ticket.recalled = facts.queues[event.queue_id], False
    if ticket.status is Status.NEW:
        ticket.status = Status.OPEN
    if event.cause in ev.BY_STRATEGY:
        _move_turn(facts, ticket.queue, event.agent_id)
    if ticket.ticket.requester is not None:
        facts.last_agent_of[ticket.ticket.requester] = event.agent_id
    facts.assignments += 1
    known.stamp = facts.assignments
    if gate.rate_limit(facts, event.agent_id) is not None:
        known.recent.append(event.at)
        _trim_rate(facts, event.agent_id)
    _note(facts, event.agent_id, taken=1)
    ticket.state, ticket.agent = RoutingState.ASSIGNED, event.agent_id
    ticket.last_agent, ticket.slot, ticket.taken = event.agent_id, facts.events, taken
    ticket.cost, ticket.since, ticket.came_from = event.cost, event.at, None
    if ticket.book is not None:
        ticket.book.handed = True
    _begin_work(facts, ticket, event.agent_id)


def _begin_work(facts: Facts, ticket: TicketFacts, agent_id: AgentId) -> None:
    _time_answer(facts, ticket)
    _time_silence(facts, ticket)
    _start_grace(facts, agent_id)


def _released(facts: Facts, ticket: TicketFacts, event: ev.TicketReleased) -> None:
    assert ticket.state not in (RoutingState.WAITING, RoutingState.DONE)
    assert ticket.agent == event.agent_id
    assert not ticket.offers
    ticket.recalled = ticket.state is RoutingState.OFFERED
    _goes_on(ticket)
    _part(facts, ticket)
    ticket.state = RoutingState.WAITING
    _start_wait(facts, ticket)
    if event.cause is ev.Cause.SILENT:
        ticket.hops += 1
    if event.cause in (ev.Cause.SILENT, ev.Cause.ESCALATED) and event.agent_id is not None:
        ticket.silent.add(event.agent_id)
        queue = ticket.queue.queue
        retry_at = event.at + (queue.respond_within or retry_after(queue))
        for agent_id in ticket.silent & facts.agents.keys():
            _note_tried(ticket, agent_id, "missed", retry_at)
    if event.cause is ev.Cause.RESUMED:
        ticket.came_from = event.agent_id


def _transferred(facts: Facts, ticket: TicketFacts, event: ev.TicketTransferred) -> None:
    assert facts.queues[event.from_queue] is ticket.queue
    assert not ticket.offers
    _end_conversation(ticket)
    ticket.queue, ticket.arrived = facts.queues[event.to_queue], event.arrived
    if ticket.book is not None and event.from_queue != event.to_queue:
        ticket.book.queued = event.at
        if event.cause is ev.Cause.ESCALATED:
            ticket.book.escalated_from.add(event.from_queue)
    if ticket.state is RoutingState.WAITING:
        _start_wait(facts, ticket)
    elif ticket.state is RoutingState.ASSIGNED:
        _time_answer(facts, ticket)
        _time_silence(facts, ticket)


_QUIET = (ev.Author.AUTOMATION, ev.Author.NOTE)


def _replied(facts: Facts, ticket: TicketFacts, event: ev.TicketReplied) -> None:
    _note_message(ticket, event.author, event.at)
    if event.author in _QUIET:
        return
    if event.author is ev.Author.AGENT:
        if ticket.status in (Status.NEW, Status.OPEN):
            ticket.status = Status.ANSWERED
        ticket.hops, ticket.respond_by, ticket.silent = 0, None, set()
        if ticket.state not in (RoutingState.PARKED, RoutingState.DONE):
            ticket.answered = True
    else:
        if ticket.status is Status.ANSWERED:
            ticket.status = Status.OPEN
        ticket.answered = False
        if ticket.state is RoutingState.ASSIGNED:
            _time_answer(facts, ticket)
    _time_silence(facts, ticket)


def _note_message(ticket: TicketFacts, author: ev.Author, at: int) -> None:
    """Note who wrote last, and since when a message is unanswered."""
    ticket.ever_answered = ticket.ever_answered or author is ev.Author.AGENT
    if ticket.book is None or author in _QUIET:
        return
    ticket.book.wrote[author] = at
    if author is ev.Author.AGENT:
        ticket.book.answered, ticket.book.unanswered = True, None
    elif ticket.book.answered and ticket.book.unanswered is None:
        ticket.book.unanswered = at


def _held(facts: Facts, ticket: TicketFacts, event: ev.TicketHeld) -> None:
    assert not ticket.offers
    ticket.status = Status(event.status.value)
    _stop_work(facts, ticket)
    _end_wait(ticket)
    _end_conversation(ticket)
    ticket.answered = False
    ticket.state = RoutingState.PARKED


def _resumed(facts: Facts, ticket: TicketFacts, event: ev.TicketResumed) -> None:
    assert (ticket.state, ticket.agent) == (RoutingState.PARKED, event.agent_id)
    _goes_on(ticket)
    if event.cost != ticket.cost:
        ticket.slot = None  # given back and taken anew
    ticket.state, ticket.since, ticket.cost = RoutingState.ASSIGNED, event.at, event.cost
    _begin_work(facts, ticket, event.agent_id)


def _resolved(facts: Facts, ticket: TicketFacts, event: ev.TicketResolved) -> None:
    assert ticket.state is not RoutingState.DONE
    assert not ticket.offers
    ticket.status, ticket.answered = Status.RESOLVED, False
    _end_wait(ticket)
    _end_conversation(ticket)
    ticket.state, ticket.tried = RoutingState.DONE, {}
    if event.wrap_up_until is None:
        _part(facts, ticket)
    else:
        assert ticket.agent is not None
        ticket.wrap_up_until = event.wrap_up_until
        facts.agents[ticket.agent].ended_at = event.at


def _reopened(facts: Facts, ticket: TicketFacts, event: ev.TicketReopened) -> None:
    assert ticket.state is RoutingState.DONE
    ticket.status, ticket.state = Status.OPEN, RoutingState.WAITING
    ticket.came_from = ticket.last_agent
    ticket.queue = facts.queues[ticket.queue.queue.id]  # it may have closed and opened again
    if facts.agreements and ticket.book is None:  # it was done before anything was promised
        open_book(ticket, event.at)
        if event.cause is ev.Cause.REPLIED:
            _note_message(ticket, ev.Author.REQUESTER, event.at)
    _start_wait(facts, ticket)


def _over(facts: Facts, ticket: TicketFacts, _: ev.TicketEvent) -> None:
    assert ticket.state is not RoutingState.DONE
    assert not ticket.offers
    ticket.status, ticket.state, ticket.tried = Status.CLOSED, RoutingState.DONE, {}
    _end_wait(ticket)
    _part(facts, ticket)


def _merged(facts: Facts, ticket: TicketFacts, event: ev.TicketMerged) -> None:
    other = facts.tickets[event.into]
    assert other.state is not RoutingState.DONE
    assert event.arrived == min(ticket.arrived, other.arrived)
    other.arrived = event.arrived
    other.version += 1
    _over(facts, ticket, event)


def _priority(_: Facts, ticket: TicketFacts, event: ev.TicketPriorityChanged) -> None:
    ticket.priority = event.priority


def _escalated(_: Facts, ticket: TicketFacts, event: ev.TicketEscalated) -> None:
    assert ticket.respond_by == event.at
    ticket.respond_by = None


def _closed(_: Facts, ticket: TicketFacts, __: ev.TicketClosed) -> None:
    ticket.status = Status.CLOSED


def _rated(_: Facts, __: TicketFacts, ___: ev.TicketRated) -> None:
    """Note that this moves nothing that routing looks at."""


def _goes_on(ticket: TicketFacts) -> None:
    if ticket.status in (Status.PENDING, Status.POSTPONED):
        ticket.status = Status.OPEN


_OF_THE_DESK: dict[type[ev.Event], Callable[[Facts, Any], object]] = {
    ev.DeskOpened: lambda facts, event: setattr(facts, "defaults", event.defaults),
    ev.DefaultsChanged: _defaults,
    ev.QueueAdded: _queue_added,
    ev.QueueChanged: _queue_changed,
    ev.QueueRemoved: lambda facts, event: facts.queues.pop(event.queue_id),
    ev.AgentAdded: _agent_added,
    ev.AgentChanged: _agent_changed,
    ev.AgentRemoved: _agent_removed,
    ev.MemberAdded: lambda facts, event: facts.queues[event.queue_id].join(
        event.agent_id, event.membership
    ),
    ev.MemberChanged: _member_changed,
    ev.MemberRemoved: _member_removed,
    ev.MembersOrdered: _members_ordered,
    ev.PresenceChanged: _presence,
    ev.ChannelSwitched: _channel,
    ev.GraceEnded: _grace_ended,
    ev.RateLimitLifted: _rate_lifted,
    ev.CoolDownEnded: _cooled,
    ev.WrapUpEnded: _wrap_up_ended,
    ev.TicketSubmitted: _submitted,
    sla.CalendarSet: _calendar_set,
    sla.CalendarRemoved: lambda facts, event: facts.calendars.pop(event.calendar_id),
    sla.PoliciesSet: _policies_set,
    sla.ShiftStarted: _shift,
    sla.ShiftEnded: _shift,
}
_OF_TICKETS: dict[type[ev.Event], Callable[[Facts, TicketFacts, Any], None]] = {
    ev.TicketQueued: _queued,
    ev.TicketAssigned: _assigned,
    ev.TicketReleased: _released,
    ev.TicketTransferred: _transferred,
    ev.TicketReplied: _replied,
    ev.TicketHeld: _held,
    ev.TicketResumed: _resumed,
    ev.TicketResolved: _resolved,
    ev.TicketClosed: _closed,
    ev.TicketReopened: _reopened,
    ev.TicketAbandoned: _over,
    ev.TicketMerged: _merged,
    ev.TicketPriorityChanged: _priority,
    ev.TicketRated: _rated,
    ev.TicketOffered: _offered,
    ev.OfferShort: _short,
    ev.OfferDeclined: _declined,
    ev.OfferExpired: _expired,
    ev.OfferWithdrawn: _withdrawn,
    ev.RetryAllowed: _retry,
    ev.RingWidened: _widened,
    ev.TicketReserved: _reserved,
    ev.ReserveEnded: _reserve_ended,
    ev.RoomWanted: _room_wanted,
    ev.RoomHeld: _room_held,
    ev.RoomReleased: _room_released,
    ev.TicketRelaxed: _relaxed,
    ev.TicketEscalated: _escalated,
}
