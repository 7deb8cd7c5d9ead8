"""The fold of events about calendars, shifts, policies and clocks."""

from __future__ import annotations

from ticketroute.core.apply.shared import time_grace
from ticketroute.core.facts import is_gone
from ticketroute.core.index import lines
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model.agent import Presence
from ticketroute.model.events import Author
from ticketroute.model.instants import Instant
from ticketroute.sla import events as sla
from ticketroute.sla.clock import Book, Clock, ClockState, MarkKind
from ticketroute.sla.policy import Policy
from ticketroute.sla.present import Agreement
from ticketroute.sla.versions import Versions
from ticketroute.sla.zones import HORIZON

# --- calendars and policies ---------------------------------------------------------------


def on_calendar_set(state: State, event: sla.CalendarSet) -> None:
    known = state.calendars.get(event.calendar_id)
    state.calendars[event.calendar_id] = (
        Versions.of(event.calendar)
        if known is None
        else known.adopt(event.calendar, event.effective_from)
    )
    for record in state.roster.agents.values():
        if record.terms.shift == event.calendar_id:
            time_shift(state, record, event.at)
    for ticket in state.open.values():
        if ticket.book is not None:
            for clock in ticket.book.clocks.values():
                if clock.calendar_id == event.calendar_id and clock.is_open:
                    time_clock(state, ticket, clock)


def on_dues_moved(_: State, __: sla.DuesMoved) -> None:
    """Do nothing: the dues moved with the calendar."""


def on_calendar_removed(state: State, event: sla.CalendarRemoved) -> None:
    del state.calendars[event.calendar_id]


def on_policies_set(state: State, event: sla.PoliciesSet) -> None:
    state.agreements = tuple(_agreed(state, policy) for policy in event.policies)
    state.versions.update({each.policy.id: each for each in state.agreements})
    for ticket in state.open.values() if state.agreements else ():
        if ticket.book is None:
            open_book(ticket, event.at)


def _agreed(state: State, policy: Policy) -> Agreement:
    """Return a policy in its version: the next one, if it is not what it was."""
    known = state.versions.get(policy.id)
    if known is None:
        return Agreement(policy, 1)
    return known if known.policy == policy else Agreement(policy, known.version + 1)


# --- shifts -------------------------------------------------------------------------------


def on_shift_started(state: State, event: sla.ShiftStarted) -> None:
    time_shift(state, state.roster.agents[event.agent_id], event.at)


def on_shift_ended(state: State, event: sla.ShiftEnded) -> None:
    time_shift(state, state.roster.agents[event.agent_id], event.at)


def time_shift(state: State, record: AgentRecord, at: Instant) -> None:
    """Put an agent on their shift or off it, as its calendar says, and time its next change."""
    timer, shift = Timer(TimerKind.SHIFT, record.id), record.terms.shift
    changes_at = None
    if shift is None:
        on_shift = True
    elif at >= HORIZON:  # no calendar reaches so far
        on_shift = False
    else:
        hours = state.hours(shift)
        on_shift = hours.is_open(at)
        changes_at = hours.next_close(at) if on_shift else hours.next_open(at)
    if changes_at is None:
        state.timers.cancel(timer)
    else:
        state.timers.set(timer, changes_at)
    if on_shift is record.rare.on_shift:
        return
    record.own.on_shift = on_shift
    if on_shift and record.presence is Presence.AVAILABLE:
        record.available_since = at
    state.roster.refit(record)
    if not is_gone(record):
        state.timers.cancel(Timer(TimerKind.GRACE, record.id))
    time_grace(state, record, at)


# --- clocks -------------------------------------------------------------------------------


def on_clock_started(state: State, event: sla.ClockStarted) -> None:
    ticket, book = _book_of(state, event)
    if event.metric in book.clocks:
        book.past.append(book.clocks[event.metric])
    clock = book.clocks[event.metric] = Clock(
        metric=event.metric,
        cycle=event.cycle,
        policy_id=event.policy_id,
        version=event.version,
        target=state.versions[event.policy_id].policy.targets[event.metric],
        calendar_id=event.calendar_id,
        promised=event.promised,
        within=event.within,
        started=event.started,
        state=ClockState.RUNNING if event.paused_by is None else ClockState.PAUSED,
    )
    time_clock(state, ticket, clock)


def on_clock_paused(state: State, event: sla.ClockPaused) -> None:
    _turn(state, event, ClockState.PAUSED)


def on_clock_resumed(state: State, event: sla.ClockResumed) -> None:
    _turn(state, event, ClockState.RUNNING)


def on_clock_ended(state: State, event: sla.ClockEnded) -> None:
    clock = _turn(state, event, event.outcome, ended=event.at)
    here = state.tickets[event.ticket_id].queue.id
    clock.left_behind = clock.target.per_queue and event.queue_id != here


def on_clock_retargeted(state: State, event: sla.ClockRetargeted) -> None:
    ticket, book = _book_of(state, event)
    clock = book.clocks[event.metric]
    if (clock.policy_id, clock.version) != (event.policy_id, event.version):
        clock.target = state.versions[event.policy_id].policy.targets[event.metric]
    clock.policy_id, clock.version = event.policy_id, event.version
    clock.calendar_id, clock.promised = event.calendar_id, event.promised
    clock.within = event.within
    if not clock.is_open:  # cancelled, and promised again
        stands_still = clock.paused_by(ticket.status)
        clock.state = ClockState.PAUSED if stands_still else ClockState.RUNNING
        clock.ended = clock.kept = None
    time_clock(state, ticket, clock)


def on_clock_warned(state: State, event: sla.ClockWarned) -> None:
    _pass_mark(state, event, MarkKind.WARNING, event.share)


def on_clock_breached(state: State, event: sla.ClockBreached) -> None:
    _pass_mark(state, event, MarkKind.BREACH, 0).breached = event.at


def on_clock_escalated(state: State, event: sla.ClockEscalated) -> None:
    _pass_mark(state, event, MarkKind.LEVEL, event.level)


def open_book(ticket: TicketRecord, since: Instant) -> None:
    """Keep the time of a ticket, from an instant on."""
    ticket.book = Book(
        log=[(since, ticket.status)],
        queued=since,
        answered=ticket.past.answered,
        handed=ticket.last_agent_id is not None,
        contacts={Author.REQUESTER: since},
    )


def _book_of(state: State, event: sla.ClockEvent) -> tuple[TicketRecord, Book]:
    ticket = state.tickets[event.ticket_id]
    assert ticket.book is not None  # it was opened before the first of its clocks
    return ticket, ticket.book


def _turn(
    desk: State, event: sla.ClockEvent, state: ClockState, *, ended: Instant | None = None
) -> Clock:
    ticket, book = _book_of(desk, event)
    clock = book.clocks[event.metric]
    clock.state, clock.ended, clock.kept = state, ended, None
    if ended is not None and clock.calendar_id is not None:
        clock.kept = desk.calendars[clock.calendar_id]
    time_clock(desk, ticket, clock)
    return clock


def _pass_mark(state: State, event: sla.ClockEvent, kind: MarkKind, number: int) -> Clock:
    ticket, book = _book_of(state, event)
    clock = book.clocks[event.metric]
    clock.fired |= {clock.fired_as(kind, number)}
    time_clock(state, ticket, clock)
    return clock


def time_clock(state: State, ticket: TicketRecord, clock: Clock) -> None:
    """Work out when a clock is due and when it comes by its next mark.

    O(statuses of the ticket x log windows).
    """
    assert ticket.book is not None
    timer = Timer(TimerKind.CLOCK, ticket.id, clock.metric.value)
    comes_by = clock.due = None
    if clock.state is ClockState.RUNNING:
        hours, mark = state.hours(clock.calendar_id), clock.next_mark()
        clock.due = ticket.book.reaches(clock, hours, clock.within)
        if mark is not None:
            comes_by = ticket.book.reaches(clock, hours, mark.after)
    if comes_by is None:
        state.timers.cancel(timer)
    else:
        state.timers.set(timer, max(comes_by, state.now))
    due_again(state, ticket)


def due_again(_: State, ticket: TicketRecord) -> None:
    """Note the earliest of what a ticket is due by, and move it in its lines if that changed."""
    clocks = () if ticket.book is None else ticket.book.clocks.values()
    dues = [each.due for each in clocks if each.due is not None]
    if ticket.terms.due is not None:
        dues.append(ticket.terms.due)
    due = min(dues, default=None)
    if due != ticket.due:
        ticket.due = due
        lines.move(ticket)
