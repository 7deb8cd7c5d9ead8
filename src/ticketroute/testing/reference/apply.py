"""What each event does to the facts: the state of a desk is the fold of its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve

from ticketroute.model import events as ev
from ticketroute.model.agent import Membership, Presence
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.sla import events as sla
from ticketroute.testing.reference import choose, clocks, gate
from ticketroute.testing.reference import facts as of
from ticketroute.testing.reference.calendar import Edition
from ticketroute.testing.reference.facts import SEARCHING, Facts, Kind, QueueFacts, TicketFacts

WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState
QUIET = (ev.Author.AUTOMATION, ev.Author.NOTE)


def apply(facts: Facts, event: ev.Event) -> None:
    """Change the facts as an event says; fails at one that could not happen."""
    assert event.at >= facts.now
    facts.now, facts.events = event.at, facts.events + 1
    if isinstance(event, sla.ClockEvent):
        clocks.apply_clock_event(facts, event)
    elif isinstance(event, ev.TicketEvent) and not isinstance(event, ev.TicketSubmitted):
        ticket = facts.tickets[event.ticket_id]
        ticket.version += not (isinstance(event, ev.TicketReplied) and event.author in QUIET)
        _of_a_ticket(facts, ticket, event)
    else:
        _of_the_desk(facts, event)
    spans = [of.window_of(queue.queue.strategy) for queue in facts.queues.values()]
    facts.watched = {span: facts.watched.get(span, []) for span in spans if span is not None}
    for ticket in facts.tickets.values():
        if ticket.state is not DONE:
            ticket.done_at = None
        elif ticket.done_at is None:
            ticket.done_at = facts.now
        waits = ticket.state is PARKED if ticket.status in clocks.ON_HOLD else ticket.agent is None
        if ticket.status in (Status.NEW, *clocks.ON_HOLD) and not waits:
            ticket.status = Status.OPEN
        if not ticket.counts:
            ticket.slot = None
        elif ticket.slot is None:
            ticket.slot = ticket.taken = facts.events
        if ticket.book is not None and ticket.book.statuses[-1][1] is not ticket.status:
            ticket.book.statuses.append((facts.now, ticket.status))
    everybody = isinstance(event, ev.DefaultsChanged | sla.CalendarSet)
    _seat(facts, list(facts.agents) if everybody else None)


# --- steps that several events share --------------------------------------------------------------


def _seat(facts: Facts, order: Iterable[str] | None) -> None:
    """Give a seat to agents who have room for the first time, in the order of the list."""
    for queue in facts.queues.values():
        if of.takes_turns(queue.queue.strategy):
            free = gate.members_with_room(facts, queue)
            for who in [each for each in order or queue.members if each in free]:
                turns = choose.turns(facts, queue, who)
                if who not in turns.seats:
                    turns.seats[who] = turns.given
                    turns.given += 1


def _move_turn(facts: Facts, queue: QueueFacts, who: str) -> None:
    """Note that the strategy asked an agent: it is the next one's turn."""
    if of.takes_turns(queue.queue.strategy):
        turns = choose.turns(facts, queue, who)
        turns.last = turns.seats[who]
    if of.keeps_credits(queue.queue.strategy):
        choose.charge(facts, queue, who)


def _loosen(facts: Facts, ticket: TicketFacts) -> None:
    """Take a ticket out of its line, to look for agents anew; one that rings everyone stays."""
    ticket.in_line = ticket.rings_everyone and bool(ticket.offers)
    if not ticket.wants:
        facts.loose = [each for each in facts.loose if each is not ticket]
    elif ticket not in facts.loose:
        facts.loose.append(ticket)


def _search_on(facts: Facts, ticket: TicketFacts) -> None:
    """Take a ticket out of its line, unless it rings everyone: then it has been there all along."""
    if not (ticket.in_line and ticket.rings_everyone and ticket.offers):
        _loosen(facts, ticket)


def _asks_less(ticket: TicketFacts) -> bool:
    """Return whether the ticket asks less by now than at first."""
    return bool(ticket.skills != ticket.ticket.skills or ticket.reach or ticket.added)


def _start_wait(facts: Facts, ticket: TicketFacts) -> None:
    """Start the search for an agent: it asks what it asked at first."""
    _end_wait(ticket, WAITING)
    ticket.skills, ticket.reach = dict(ticket.ticket.skills), None
    ticket.waiting_since, ticket.relaxed, ticket.waited_for = facts.now, 0, False
    facts.loose = [each for each in facts.loose if each is not ticket]  # it searches anew: last
    _loosen(facts, ticket)


def _end_wait(ticket: TicketFacts, state: RoutingState) -> None:
    """End the search for an agent; answers outlast it."""
    assert state is WAITING or not ticket.offers
    ticket.state, ticket.in_line, ticket.added = state, False, []
    ticket.waiting_since = ticket.reserved = ticket.room_of = None
    ticket.wanted, ticket.room_wanted = 0, False
    _clear(ticket, Kind.RING, Kind.HOLD_ROOM, Kind.RESERVE)


def _clear(known: TicketFacts | of.AgentFacts, *kinds: Kind) -> None:
    """Note that something is not due any more."""
    for kind in kinds:
        known.dues.pop(kind, None)


def _come(known: TicketFacts | of.AgentFacts, kind: Kind, at: int) -> None:
    """Note that something has happened when it was due."""
    due = known.dues.pop(kind)
    assert due == at


def _time_room(facts: Facts, ticket: TicketFacts) -> None:
    """Set when room is to be held for a ticket that waits in its line."""
    after, since = ticket.queue.queue.hold_room_after, ticket.waiting_since
    _clear(ticket, Kind.HOLD_ROOM)
    if after is not None and since is not None and not ticket.room_wanted:
        ticket.dues[Kind.HOLD_ROOM] = max(since + after, facts.now)


def _time_answer(facts: Facts, ticket: TicketFacts) -> None:
    """Set by when an agent has to write, unless that is set."""
    within = ticket.queue.queue.respond_within
    if within is not None and ticket.state is ASSIGNED:
        ticket.dues.setdefault(Kind.RESPOND, facts.now + within)


def _time_silence(facts: Facts, ticket: TicketFacts) -> None:
    """Set when a conversation without a word goes on hold."""
    after = ticket.queue.queue.idle_after
    if after is not None and ticket.state is ASSIGNED:
        ticket.dues[Kind.IDLE] = facts.now + after


def _begin_work(facts: Facts, ticket: TicketFacts, who: str, cost: int) -> None:
    """Begin a stretch of work, with what is due in it."""
    ticket.state, ticket.since, ticket.cost = ASSIGNED, facts.now, cost
    _time_answer(facts, ticket)
    _time_silence(facts, ticket)
    _start_grace(facts, who)


def _start_grace(facts: Facts, who: str) -> None:
    """Give an agent who is gone and yet has work the grace to come back."""
    known, mine = facts.agents[who], gate.slots(facts, who)
    if known.presence is not Presence.OFFLINE and known.on_shift:
        _clear(known, Kind.GRACE)
    elif any(each.state is ASSIGNED for each in mine):
        known.dues.setdefault(Kind.GRACE, facts.now + facts.defaults.grace)


def _trim_rate(facts: Facts, who: str) -> None:
    """Forget assignments that the rate limit counts no more."""
    known, rate = facts.agents[who], gate.rate_limit(facts, who)
    recent = [] if rate is None else known.recent
    known.recent = [at for at in recent if rate is not None and at + rate.span > facts.now]


def _look_at_shift(facts: Facts, who: str) -> None:
    """Note whether an agent is on their shift, as the calendar says at this instant."""
    known, works = facts.agents[who], gate.works_at(facts, who, facts.now)
    if works is not known.on_shift:
        known.on_shift = works
        if works and known.presence is Presence.AVAILABLE:
            known.available_since = facts.now
        _start_grace(facts, who)


def _note(facts: Facts, who: str, *, taken: int = 0, handled: int = 0) -> None:
    """Write down a ticket taken, or work that ended."""
    for work in facts.watched.values():
        work.append(of.Work(facts.now, who, taken, handled))


def _rest(facts: Facts, ticket: TicketFacts) -> None:
    """End the present stretch of work, and wait for nobody's words."""
    if ticket.agent is not None and ticket.since is not None:
        _note(facts, ticket.agent, handled=facts.now - ticket.since)
    ticket.since = None
    _clear(ticket, Kind.RESPOND, Kind.IDLE)


def _part(facts: Facts, ticket: TicketFacts) -> None:
    """Part a ticket from its agent, if it has one."""
    _rest(facts, ticket)
    if ticket.agent is not None:
        facts.agents[ticket.agent].ended_at = facts.now
    ticket.agent, ticket.cost = None, 0


def _end_offer(facts: Facts, ticket: TicketFacts, who: str) -> None:
    """Give back the room that an offer kept."""
    del ticket.offers[who]
    _search_on(facts, ticket)
    _trim_rate(facts, who)
    _seat(facts, [who])  # before anything takes that room again


def _refuse(
    facts: Facts, ticket: TicketFacts, event: ev.OfferDeclined | ev.OfferExpired, why: str
) -> None:
    """Note that an agent is not to be asked again, or not before an instant."""
    dues = facts.agents[event.agent_id].dues
    _end_offer(facts, ticket, event.agent_id)
    ticket.tried[event.agent_id] = of.Tried(why, event.retry_at)
    if event.cool_until is not None:
        dues[Kind.COOL_DOWN] = max(event.cool_until, dues.get(Kind.COOL_DOWN, 0))


def _forget_tries(facts: Facts, who: str) -> None:
    """Forget all that an agent declined or missed; those tickets look for agents anew."""
    for ticket in facts.tickets.values():
        if ticket.tried.pop(who, None) is not None:
            _loosen(facts, ticket)


def _join(queue: QueueFacts, members: Mapping[str, Membership]) -> None:
    """Put members at the end of a queue's list."""
    for who, terms in members.items():
        queue.members[who], queue.position[who] = terms, queue.positions
        queue.positions += 1


def _note_message(ticket: TicketFacts, author: ev.Author, at: int) -> None:
    """Note who wrote last, and since when a message is unanswered."""
    ticket.ever_answered = ticket.ever_answered or author is ev.Author.AGENT
    if ticket.book is not None and author not in QUIET:
        ticket.book.wrote[author] = at
        if author is ev.Author.AGENT:
            ticket.book.answered, ticket.book.unanswered = True, None
        elif ticket.book.unanswered is None:
            ticket.book.unanswered = at


def _widen(ticket: TicketFacts, wanted: int, now: int) -> None:
    """Ring at so many; at everyone for good, once as many are wanted as there are."""
    everyone = {who for queue in ticket.queues for who in queue.members}
    step, ticket.wanted = of.step_of(ticket.queue), wanted
    _clear(ticket, Kind.RING)
    if step is not None and wanted < len(everyone):
        ticket.dues[Kind.RING] = now + step


# --- agents and queues ----------------------------------------------------------------------------


def _of_the_desk(facts: Facts, event: ev.Event) -> None:  # noqa: C901  one case for each event
    """Change agents, queues, and what is agreed."""
    match event:
        case ev.AgentAdded():
            known = of.AgentFacts(event.agent, event.presence, event.at, event.reason)
            facts.agents[event.agent.id] = known
            _look_at_shift(facts, event.agent.id)
        case ev.AgentChanged():
            known = facts.agents[event.agent.id]
            before, known.agent = known.agent, event.agent
            if event.agent.shift != before.shift:
                _look_at_shift(facts, event.agent.id)
            _trim_rate(facts, event.agent.id)
        case ev.AgentRemoved(agent_id=who):
            assert not any(ticket.agent == who for ticket in facts.tickets.values())
            assert not gate.offers(facts, who)
            _forget_tries(facts, who)
            del facts.agents[who]
            for work in facts.watched.values():
                work[:] = [each for each in work if each.agent_id != who]
            for queue in facts.queues.values():
                queue.members.pop(who, None)
                turns = [each for turn in queue.turns.values() for each in (turn.seats, turn.owed)]
                for numbered in (queue.position, *turns):
                    numbered.pop(who, None)
        case ev.PresenceChanged(agent_id=who):
            known = facts.agents[who]
            if event.presence is Presence.AVAILABLE and known.presence is not Presence.AVAILABLE:
                known.available_since, known.misses, known.missed_at = event.at, 0, None
                _forget_tries(facts, who)
            known.presence, known.reason, known.too_many = event.presence, event.reason, None
            _start_grace(facts, who)
        case ev.ChannelSwitched():
            off = facts.agents[event.agent_id].off
            (off.discard if event.on else off.add)(event.channel)
        case sla.ShiftStarted() | sla.ShiftEnded():
            begins = isinstance(event, sla.ShiftStarted)
            assert facts.agents[event.agent_id].on_shift is not begins
            _look_at_shift(facts, event.agent_id)
            assert facts.agents[event.agent_id].on_shift is begins
        case ev.GraceEnded():
            _come(facts.agents[event.agent_id], Kind.GRACE, event.at)
        case ev.RateLimitLifted():
            assert gate.rate_lifts_at(facts, event.agent_id) == event.at
            _trim_rate(facts, event.agent_id)
        case ev.CoolDownEnded():
            _come(facts.agents[event.agent_id], Kind.COOL_DOWN, event.at)
        case ev.MemberAdded():
            _join(facts.queues[event.queue_id], {event.agent_id: event.membership})
        case ev.MemberChanged():
            facts.queues[event.queue_id].members[event.agent_id] = event.membership
        case ev.MemberRemoved():
            queue = facts.queues[event.queue_id]
            del queue.members[event.agent_id], queue.position[event.agent_id]
        case ev.MembersOrdered():
            queue = facts.queues[event.queue_id]
            assert sorted(event.order) == sorted(queue.members)
            queue.members = {who: queue.members[who] for who in event.order}
            queue.position = {who: number for number, who in enumerate(event.order)}
            queue.positions = len(event.order)
        case ev.DeskOpened() | ev.DefaultsChanged():
            facts.defaults = event.defaults
            for who in facts.agents:
                _trim_rate(facts, who)
        case ev.QueueAdded():
            queue = facts.queues[event.queue.id] = QueueFacts(event.queue)
            _join(queue, event.queue.members)
        case ev.QueueChanged():
            _change_queue(facts, facts.queues[event.queue.id], event)
        case ev.QueueRemoved():
            del facts.queues[event.queue_id]
        case sla.CalendarSet():
            editions = facts.calendars.get(event.calendar_id, [])
            assert editions or event.effective_from == 0
            kept = [edition for edition in editions if edition.since < event.effective_from]
            edition = Edition(event.effective_from, event.calendar)
            facts.calendars[event.calendar_id] = [*kept, edition]
            for who, agent in facts.agents.items():
                if agent.agent.shift == event.calendar_id:
                    _look_at_shift(facts, who)
        case sla.DuesMoved():
            assert event.moved  # they moved with the event of the calendar before
        case sla.CalendarRemoved():
            del facts.calendars[event.calendar_id]
        case sla.PoliciesSet():
            last = facts.versions
            facts.agreements = []
            for policy in event.policies:
                agreed = last.get(policy.id, of.Agreed(policy, 1))
                if agreed.policy != policy:
                    agreed = of.Agreed(policy, agreed.version + 1)
                facts.agreements.append(agreed)
                last[policy.id] = agreed
            for ticket in facts.tickets.values():
                if facts.agreements and ticket.book is None and ticket.state is not DONE:
                    clocks.open_book(ticket, event.at)
        case ev.WrapUpEnded():
            ticket = facts.tickets[event.ticket_id]
            assert (ticket.state, ticket.agent) == (DONE, event.agent_id)
            assert event.cause is not ev.Cause.TIME or ticket.wrap_up_until == event.at
            ticket.wrap_up_until = None
            _part(facts, ticket)
        case ev.TicketsForgotten():
            gone = of.forgettable(facts, event.before)
            assert len(gone) == event.count > 0
            for ticket_id in gone:
                del facts.tickets[ticket_id]
        case ev.RequesterErased():
            for ticket_id in event.ticket_ids:
                if ticket_id in facts.tickets:
                    _rename_requester(facts, facts.tickets[ticket_id], event.alias)
        case ev.TicketSubmitted():
            assert event.ticket_id not in facts.tickets
            queue, bare = facts.queues[event.queue_id], event.ticket
            facts.submitted += 1
            ticket = TicketFacts(bare, queue, event.arrived, facts.submitted, bare.priority)
            facts.tickets[event.ticket_id] = ticket
            if facts.agreements:
                clocks.open_book(ticket, event.arrived)
            _start_wait(facts, ticket)


def _rename_requester(facts: Facts, ticket: TicketFacts, alias: str) -> None:
    requester = ticket.ticket.requester
    if requester is not None:
        ticket.ticket = evolve(ticket.ticket, requester=alias)
        if requester in facts.last_agent_of:
            facts.last_agent_of[alias] = facts.last_agent_of.pop(requester)


def _change_queue(facts: Facts, known: QueueFacts, event: ev.QueueChanged) -> None:
    before, now = known.queue, event.queue
    if before.strategy != now.strategy:
        known.turns = {}
    known.queue = evolve(now, parked_counts=before.parked_counts)
    _seat(facts, None)  # before those who gain room because tickets on hold count no more
    known.queue = now
    asks_more = (now.offer, now.strategy) != (before.offer, before.strategy)
    for ticket in gate.open_tickets(facts, queue=known):
        if asks_more and now.delivery is before.delivery and ticket.offers:
            _loosen(facts, ticket)
        if now.hold_room_after != before.hold_room_after and ticket.in_line:
            _time_room(facts, ticket)
        if now.respond_within != before.respond_within:
            awaited = Kind.RESPOND in ticket.dues
            if before.respond_within is None:
                awaited = not ticket.answered
            _clear(ticket, Kind.RESPOND)
            if awaited:
                _time_answer(facts, ticket)
        if now.idle_after != before.idle_after:
            _clear(ticket, Kind.IDLE)
            _time_silence(facts, ticket)


# --- a ticket -------------------------------------------------------------------------------------


def _of_a_ticket(  # noqa: C901  one case for each event
    facts: Facts, ticket: TicketFacts, event: ev.TicketEvent
) -> None:
    """Change a ticket: it searches, goes to an agent, is worked, or ends."""
    match event:
        case ev.TicketQueued():
            assert ticket.state in SEARCHING
            assert not ticket.in_line
            assert not ticket.offers
            assert facts.queues[event.queue_id] is ticket.queue
            ticket.state, ticket.in_line = WAITING, True
            if event.reason is not ev.WaitReason.AWAITS_PULL:
                _time_room(facts, ticket)
        case ev.TicketOffered(agent_id=who):
            assert ticket.state in SEARCHING
            assert who not in ticket.offers
            queue, ticket.reserved = facts.queues[event.queue_id], None
            _clear(ticket, Kind.RESERVE)
            if event.cause in ev.BY_STRATEGY:
                _move_turn(facts, queue, who)
            if of.step_of(ticket.queue) is not None and not ticket.wanted:
                _widen(ticket, 1, event.at)
            ticket.offers[who] = of.OfferFacts(ticket, queue, event, facts.events)
            ticket.state = OFFERED
            ticket.asked.add(who)
            _loosen(facts, ticket)  # it may want more
            _trim_rate(facts, who)
        case ev.OfferShort():
            assert not ticket.in_line
            assert event.open == len(ticket.offers)
            ticket.in_line = True
        case ev.OfferDeclined():
            _refuse(facts, ticket, event, "declined")
        case ev.OfferExpired():
            known = facts.agents[event.agent_id]
            if event.misses > known.misses:
                known.misses, known.missed_at = event.misses, event.at
            if known.misses >= ticket.offers[event.agent_id].queue.queue.offer.max_misses:
                known.too_many = known.too_many or facts.events
            _refuse(facts, ticket, event, "missed")
        case ev.OfferWithdrawn():
            _end_offer(facts, ticket, event.agent_id)
        case ev.RetryAllowed():
            tried = ticket.tried[event.agent_id]
            assert tried.retry_at == event.at
            tried.lifted, tried.retry_at = True, None
            if tried.reason != "missed":
                del ticket.tried[event.agent_id]
            _search_on(facts, ticket)
        case ev.RingWidened():
            assert (ticket.dues[Kind.RING], ticket.wanted + 1) == (event.at, event.wanted)
            _widen(ticket, event.wanted, event.at)
            _loosen(facts, ticket)
        case ev.TicketReserved():
            ticket.reserved_by, ticket.waited_for = facts.events, True
            ticket.reserved, ticket.dues[Kind.RESERVE] = event.agent_id, event.until
        case ev.ReserveEnded():
            assert ticket.reserved is not None
            ticket.reserved = None
            _clear(ticket, Kind.RESERVE)
            _loosen(facts, ticket)
        case ev.RoomWanted():
            _come(ticket, Kind.HOLD_ROOM, event.at)
            ticket.room_wanted = True
        case ev.RoomHeld():
            assert ticket.room_wanted
            assert gate.held_for(facts, event.agent_id) is None
            ticket.room_of, ticket.room_by = event.agent_id, facts.events
        case ev.RoomReleased():
            assert ticket.room_of == event.agent_id
            ticket.room_of = None
        case ev.TicketRelaxed():
            if event.cause is ev.Cause.TIME:
                skips = ticket.queue.queue.relaxations[ticket.relaxed].skip_wait
                assert skips or of.relaxes_at(ticket, facts.now) == event.at
                assert event.step == ticket.relaxed + 1
            ticket.relaxed, ticket.priority, ticket.reach = event.step, event.priority, event.reach
            ticket.skills = dict(event.skills)
            ticket.added = [facts.queues[queue_id] for queue_id in event.added]
            _loosen(facts, ticket)
        case ev.TicketPriorityChanged():
            ticket.priority = event.priority
        case ev.TicketChanged():
            before, new = ticket.ticket.skills, event.ticket.skills
            still = {each: new[each] for each in new if each in ticket.skills or each not in before}
            ticket.skills = {each: min(still[each], ticket.skills.get(each, 10)) for each in still}
            ticket.ticket = event.ticket
            if event.cost is not None:
                ticket.cost, ticket.slot = event.cost, facts.events if ticket.counts else None
            if ticket.state in SEARCHING:
                _loosen(facts, ticket)
        case ev.TicketAssigned():
            _assign(facts, ticket, event)
        case ev.TicketReleased(agent_id=who):
            assert ticket.state not in (WAITING, DONE)
            assert ticket.agent == who
            ticket.recalled = ticket.state is OFFERED or _asks_less(ticket)
            _part(facts, ticket)
            _start_wait(facts, ticket)
            if event.avoided is not None:
                ticket.tried[event.avoided] = of.Tried("declined", event.retry_at)
            ticket.hops += event.cause is ev.Cause.SILENT
            if event.cause in (ev.Cause.SILENT, ev.Cause.ESCALATED) and who is not None:
                ticket.silent.add(who)
                now = ticket.queue.queue
                retry_at = event.at + (now.respond_within or of.retry_after(now))
                for silent in ticket.silent & facts.agents.keys():
                    ticket.tried[silent] = of.Tried("missed", retry_at)
            if event.cause is ev.Cause.RESUMED:
                ticket.came_from = who
        case ev.TicketTransferred():
            assert facts.queues[event.from_queue] is ticket.queue
            assert not ticket.offers
            _clear(ticket, Kind.RESPOND, Kind.IDLE)
            ticket.queue, ticket.arrived = facts.queues[event.to_queue], event.arrived
            if ticket.book is not None and event.from_queue != event.to_queue:
                ticket.book.queued = event.at
                if event.cause is ev.Cause.ESCALATED:
                    ticket.book.escalated_from.add(event.from_queue)
            if ticket.state is WAITING:
                ticket.recalled = ticket.recalled or _asks_less(ticket)
                _start_wait(facts, ticket)
            _time_answer(facts, ticket)
            _time_silence(facts, ticket)
        case ev.TicketReplied():
            _reply(facts, ticket, event)
        case ev.TicketHeld():
            _rest(facts, ticket)
            _end_wait(ticket, PARKED)
            ticket.status, ticket.answered = Status(event.status.value), False
        case ev.TicketResumed():
            assert (ticket.state, ticket.agent) == (PARKED, event.agent_id)
            if event.cost != ticket.cost:
                ticket.slot = None  # given back and taken anew
            _begin_work(facts, ticket, event.agent_id, event.cost)
        case ev.TicketResolved():
            assert ticket.state is not DONE
            _end_wait(ticket, DONE)
            ticket.status, ticket.answered, ticket.tried = Status.RESOLVED, False, {}
            ticket.wrap_up_until = event.wrap_up_until
            if event.wrap_up_until is None:
                _part(facts, ticket)
            else:
                assert ticket.agent is not None
                _clear(ticket, Kind.RESPOND, Kind.IDLE)
                facts.agents[ticket.agent].ended_at = event.at
        case ev.TicketReopened():
            assert ticket.state is DONE
            ticket.status, ticket.came_from = Status.OPEN, ticket.last_agent
            ticket.queue = facts.queues[ticket.queue.queue.id]  # that may be a new one by this name
            if facts.agreements and ticket.book is None:  # done before anything was promised
                clocks.open_book(ticket, event.at)
                if event.cause is ev.Cause.REPLIED:
                    _note_message(ticket, ev.Author.REQUESTER, event.at)
            _start_wait(facts, ticket)
        case ev.TicketAbandoned() | ev.TicketMerged():
            assert ticket.state is not DONE
            if isinstance(event, ev.TicketMerged):
                other = facts.tickets[event.into]
                assert other.state is not DONE
                assert event.arrived == min(ticket.arrived, other.arrived)
                other.arrived = event.arrived
                other.version += 1
            _end_wait(ticket, DONE)
            ticket.status, ticket.tried = Status.CLOSED, {}
            _part(facts, ticket)
        case ev.TicketEscalated():
            _come(ticket, Kind.RESPOND, event.at)
        case ev.TicketClosed():
            ticket.status = Status.CLOSED


def _assign(facts: Facts, ticket: TicketFacts, event: ev.TicketAssigned) -> None:
    """Give a ticket to an agent."""
    who, taken = event.agent_id, facts.events
    known = facts.agents[who]
    assert ticket.state in SEARCHING
    assert ticket.agent is None
    assert ticket.offers.keys() == ({who} if event.cause is ev.Cause.ACCEPTED else set())
    if ticket.offers:
        known.misses, known.missed_at = 0, None
        taken = ticket.offers[who].taken
        _end_offer(facts, ticket, who)
    _end_wait(ticket, ASSIGNED)
    ticket.tried.pop(who, None)
    ticket.queue, ticket.recalled = facts.queues[event.queue_id], False
    if event.cause in ev.BY_STRATEGY:
        _move_turn(facts, ticket.queue, who)
    if ticket.ticket.requester is not None:
        facts.last_agent_of[ticket.ticket.requester] = who
    if event.cause is not ev.Cause.ADOPTED:
        facts.assignments += 1
        known.stamp = facts.assignments
        if gate.rate_limit(facts, who) is not None:
            known.recent.append(event.at)
            _trim_rate(facts, who)
        _note(facts, who, taken=1)
    ticket.agent = ticket.last_agent = who
    ticket.slot, ticket.taken, ticket.came_from = facts.events, taken, None
    if ticket.book is not None:
        ticket.book.handed = True
    _begin_work(facts, ticket, who, event.cost)


def _reply(facts: Facts, ticket: TicketFacts, event: ev.TicketReplied) -> None:
    """Note a message, and whose turn it is then."""
    _note_message(ticket, event.author, event.at)
    if event.author in QUIET:
        return
    if event.author is ev.Author.AGENT:
        if ticket.status in (Status.NEW, Status.OPEN):
            ticket.status = Status.ANSWERED
        ticket.hops, ticket.silent = 0, set()
        _clear(ticket, Kind.RESPOND)
        ticket.answered = ticket.answered or ticket.state not in (PARKED, DONE)
    else:
        ticket.status = Status.OPEN if ticket.status is Status.ANSWERED else ticket.status
        ticket.answered = False
        _time_answer(facts, ticket)
    _time_silence(facts, ticket)
