"""What each event about calendars, shifts, policies and clocks does to the facts."""

from __future__ import annotations

from ticketroute.model.agent import Presence
from ticketroute.model.events import Author, Cause
from ticketroute.model.ids import AgentId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState
from ticketroute.testing.reference.calendar import Edition, Hours
from ticketroute.testing.reference.clocks import Agreed, BookFacts, ClockFacts
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.upkeep import Upkeep


def calendar_set(desk: Upkeep, event: sla.CalendarSet) -> None:
    known = desk.calendars.get(event.calendar_id, [])
    assert known or event.effective_from == 0
    kept = [edition for edition in known if edition.since < event.effective_from]
    edition = Edition(event.effective_from, event.calendar)
    desk.calendars[event.calendar_id] = [*kept, edition]
    for agent_id, agent in desk.agents.items():
        if agent.agent.shift == event.calendar_id:
            look_at_shift(desk, agent_id)


def dues_moved(_: Upkeep, event: sla.DuesMoved) -> None:
    assert event.moved


def calendar_removed(desk: Upkeep, event: sla.CalendarRemoved) -> None:
    del desk.calendars[event.calendar_id]


def policies_set(desk: Upkeep, event: sla.PoliciesSet) -> None:
    desk.agreements = []
    for policy in event.policies:
        before = desk.versions.get(policy.id)
        if before is None:
            agreed = Agreed(policy, 1)
        elif before.policy == policy:
            agreed = before
        else:
            agreed = Agreed(policy, before.version + 1)
        desk.agreements.append(agreed)
        desk.versions[policy.id] = agreed
    for ticket in desk.tickets.values():
        if desk.agreements and ticket.book is None and ticket.state is not RoutingState.DONE:
            open_book(ticket, event.at)


def open_book(ticket: TicketFacts, since: int) -> None:
    """Begin to keep the time of a ticket."""
    ticket.book = BookFacts(
        statuses=[(since, ticket.status)],
        queued=since,
        answered=ticket.ever_answered,
        handed=ticket.last_agent is not None,
        wrote={Author.REQUESTER: since},
    )


def shift(desk: Upkeep, event: sla.ShiftStarted | sla.ShiftEnded) -> None:
    begins = isinstance(event, sla.ShiftStarted)
    assert desk.agents[event.agent_id].on_shift is not begins
    assert desk.works_at(event.agent_id, event.at) is begins
    look_at_shift(desk, event.agent_id)


def look_at_shift(desk: Upkeep, agent_id: AgentId) -> None:
    """Let an agent be on their shift or off it, as the calendar says at this instant."""
    known = desk.agents[agent_id]
    works = desk.works_at(agent_id, desk.now)
    if works is known.on_shift:
        return
    known.on_shift = works
    if works and known.presence is Presence.AVAILABLE:
        known.available_since = desk.now
    if not desk.is_gone(agent_id):
        known.grace_until = None
    desk.start_grace(agent_id)


# --- clocks -------------------------------------------------------------------------------------


def book_of(desk: Upkeep, event: sla.ClockEvent) -> BookFacts:
    book = desk.tickets[event.ticket_id].book
    assert book is not None
    return book


def clock_of(desk: Upkeep, event: sla.ClockEvent) -> ClockFacts:
    clock = book_of(desk, event).clocks[event.metric][-1]
    assert clock.cycle == event.cycle
    return clock


def clock_started(desk: Upkeep, event: sla.ClockStarted) -> None:
    book = book_of(desk, event)
    cycles = book.clocks.setdefault(event.metric, [])
    assert event.cycle == len(cycles) + 1
    assert not any(clock.is_open for clock in cycles)
    cycles.append(
        ClockFacts(
            event.metric,
            event.cycle,
            event.policy_id,
            event.version,
            desk.versions[event.policy_id].policy.targets[event.metric],
            event.calendar_id,
            event.promised,
            event.within,
            event.started,
            ClockState.RUNNING if event.paused_by is None else ClockState.PAUSED,
        )
    )


def clock_paused(desk: Upkeep, event: sla.ClockPaused) -> None:
    clock = clock_of(desk, event)
    assert clock.state is ClockState.RUNNING
    clock.state = ClockState.PAUSED


def clock_resumed(desk: Upkeep, event: sla.ClockResumed) -> None:
    clock = clock_of(desk, event)
    assert clock.state not in (ClockState.RUNNING, ClockState.CANCELLED)
    clock.state, clock.ended, clock.kept = ClockState.RUNNING, None, None


def clock_retargeted(desk: Upkeep, event: sla.ClockRetargeted) -> None:
    clock = clock_of(desk, event)
    assert clock.is_open or clock.state is ClockState.CANCELLED
    if (clock.policy_id, clock.version) != (event.policy_id, event.version):
        clock.target = desk.versions[event.policy_id].policy.targets[event.metric]
    clock.policy_id, clock.version = event.policy_id, event.version
    clock.calendar_id, clock.promised = event.calendar_id, event.promised
    clock.within = event.within
    if clock.state is ClockState.CANCELLED:  # and promised again
        stands = clock.stands_still(desk.tickets[event.ticket_id].status)
        clock.state = ClockState.PAUSED if stands else ClockState.RUNNING
        clock.ended = clock.kept = None


def clock_ended(desk: Upkeep, event: sla.ClockEnded) -> None:
    clock = clock_of(desk, event)
    assert clock.is_open
    if clock.calendar_id is not None:
        clock.kept = Hours(list(desk.calendars[clock.calendar_id]))
    clock.state, clock.ended = event.outcome, event.at
    here = desk.tickets[event.ticket_id].queue.queue.id
    clock.of_a_queue_left = clock.target.per_queue and event.queue_id != here


def clock_warned(desk: Upkeep, event: sla.ClockWarned) -> None:
    clock = clock_of(desk, event)
    come_by(clock, ("warning", event.share, clock.policy_id, clock.version))


def clock_breached(desk: Upkeep, event: sla.ClockBreached) -> None:
    clock = clock_of(desk, event)
    if event.cause is Cause.TIME:
        come_by(clock, ("breach",))
    else:  # a change found it
        assert clock.breached is None
        clock.done.add(("breach",))
    clock.breached = event.at


def clock_escalated(desk: Upkeep, event: sla.ClockEscalated) -> None:
    come_by(clock_of(desk, event), ("level", event.level, event.policy_id, event.version))


def come_by(clock: ClockFacts, name: tuple[object, ...]) -> None:
    """Note that a mark was done; each is done once, and only while the clock runs."""
    assert clock.state is ClockState.RUNNING
    mark = clock.next_mark()
    assert mark is not None
    assert mark.name == name
    clock.done.add(name)
