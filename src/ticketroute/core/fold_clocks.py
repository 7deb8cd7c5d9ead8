"""The fold of events about calendars, shifts, policies and clocks."""

from __future__ import annotations

from ticketroute.core import lines
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.core.store import Store, is_gone
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model.agent import Presence
from ticketroute.model.events import Author
from ticketroute.model.ids import CalendarId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import ALWAYS
from ticketroute.sla.clock import Book, Clock, ClockState, MarkKind
from ticketroute.sla.policy import Policy
from ticketroute.sla.present import Agreement
from ticketroute.sla.versions import Versions
from ticketroute.sla.windows import Timetable
from ticketroute.sla.zones import HORIZON

_AROUND_THE_CLOCK = ALWAYS.timetable


class ClockFold(Store):
    """Lets it have happened. What falls due is worked out here from calendars, never recorded."""

    # --- calendars and policies ---------------------------------------------------------------

    def hours(self, calendar_id: CalendarId | None) -> Timetable:
        """Return the open hours of a calendar; None stands for around the clock."""
        if calendar_id is None:
            return _AROUND_THE_CLOCK
        return self.calendars[calendar_id].timetable

    def hours_of(self, clock: Clock) -> Timetable:
        """Return the open hours that a clock goes by, or went by when it ended."""
        return self.hours(clock.calendar_id) if clock.kept is None else clock.kept.timetable

    def on_calendar_set(self, event: sla.CalendarSet) -> None:
        known = self.calendars.get(event.calendar_id)
        self.calendars[event.calendar_id] = (
            Versions.of(event.calendar)
            if known is None
            else known.adopt(event.calendar, event.effective_from)
        )
        for record in self.roster.agents.values():
            if record.agent.shift == event.calendar_id:
                self._time_shift(record, event.at)
        for ticket in self.tickets.values():
            if ticket.book is not None:
                for clock in ticket.book.clocks.values():
                    if clock.calendar_id == event.calendar_id and clock.is_open:
                        self._time_clock(ticket, clock)

    def on_dues_moved(self, event: sla.DuesMoved) -> None:
        """Do nothing: the dues moved with the calendar."""

    def on_calendar_removed(self, event: sla.CalendarRemoved) -> None:
        del self.calendars[event.calendar_id]

    def on_policies_set(self, event: sla.PoliciesSet) -> None:
        self.agreements = tuple(self._agreed(policy) for policy in event.policies)
        self.versions.update({each.policy.id: each for each in self.agreements})
        for ticket in self.tickets.values() if self.agreements else ():
            if ticket.book is None and ticket.state is not RoutingState.DONE:
                self._open_book(ticket, event.at)

    def _agreed(self, policy: Policy) -> Agreement:
        """Return a policy in its version: the next one, if it is not what it was."""
        known = self.versions.get(policy.id)
        if known is None:
            return Agreement(policy, 1)
        return known if known.policy == policy else Agreement(policy, known.version + 1)

    # --- shifts -------------------------------------------------------------------------------

    def on_shift_started(self, event: sla.ShiftStarted) -> None:
        self._time_shift(self.roster.agents[event.agent_id], event.at)

    def on_shift_ended(self, event: sla.ShiftEnded) -> None:
        self._time_shift(self.roster.agents[event.agent_id], event.at)

    def _time_shift(self, record: AgentRecord, at: Instant) -> None:
        """Let an agent be on their shift or off it, as its calendar says, until it says else."""
        timer, shift = Timer(TimerKind.SHIFT, record.id), record.agent.shift
        changes_at = None
        if shift is None:
            on_shift = True
        elif at >= HORIZON:  # no calendar reaches so far
            on_shift = False
        else:
            hours = self.hours(shift)
            on_shift = hours.is_open(at)
            changes_at = hours.next_close(at) if on_shift else hours.next_open(at)
        if changes_at is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, changes_at)
        if on_shift is record.rare.on_shift:
            return
        record.own.on_shift = on_shift
        if on_shift and record.presence is Presence.AVAILABLE:
            record.available_since = at
        self.roster.refit(record)
        if not is_gone(record):
            self.timers.cancel(Timer(TimerKind.GRACE, record.id))
        self._time_grace(record, at)

    # --- clocks -------------------------------------------------------------------------------

    def on_clock_started(self, event: sla.ClockStarted) -> None:
        ticket, book = self._book_of(event)
        if event.metric in book.clocks:
            book.past.append(book.clocks[event.metric])
        clock = book.clocks[event.metric] = Clock(
            metric=event.metric,
            cycle=event.cycle,
            policy_id=event.policy_id,
            version=event.version,
            target=self.versions[event.policy_id].policy.targets[event.metric],
            calendar_id=event.calendar_id,
            promised=event.promised,
            within=event.within,
            started=event.started,
            state=ClockState.RUNNING if event.paused_by is None else ClockState.PAUSED,
        )
        self._time_clock(ticket, clock)

    def on_clock_paused(self, event: sla.ClockPaused) -> None:
        self._turn(event, ClockState.PAUSED)

    def on_clock_resumed(self, event: sla.ClockResumed) -> None:
        self._turn(event, ClockState.RUNNING)

    def on_clock_ended(self, event: sla.ClockEnded) -> None:
        clock = self._turn(event, event.outcome, ended=event.at)
        here = self.tickets[event.ticket_id].queue.id
        clock.left_behind = clock.target.per_queue and event.queue_id != here

    def on_clock_retargeted(self, event: sla.ClockRetargeted) -> None:
        ticket, book = self._book_of(event)
        clock = book.clocks[event.metric]
        if (clock.policy_id, clock.version) != (event.policy_id, event.version):
            clock.target = self.versions[event.policy_id].policy.targets[event.metric]
        clock.policy_id, clock.version = event.policy_id, event.version
        clock.calendar_id, clock.promised = event.calendar_id, event.promised
        clock.within = event.within
        if not clock.is_open:  # cancelled, and promised again
            stands_still = clock.paused_by(ticket.status)
            clock.state = ClockState.PAUSED if stands_still else ClockState.RUNNING
            clock.ended = clock.kept = None
        self._time_clock(ticket, clock)

    def on_clock_warned(self, event: sla.ClockWarned) -> None:
        self._come_by(event, MarkKind.WARNING, event.share)

    def on_clock_breached(self, event: sla.ClockBreached) -> None:
        self._come_by(event, MarkKind.BREACH, 0).breached = event.at

    def on_clock_escalated(self, event: sla.ClockEscalated) -> None:
        self._come_by(event, MarkKind.LEVEL, event.level)

    def _open_book(self, ticket: TicketRecord, since: Instant) -> None:
        """Keep the time of a ticket, from an instant on."""
        ticket.book = Book(
            log=[(since, ticket.status)],
            queued=since,
            answered=ticket.past.answered,
            handed=ticket.last_agent_id is not None,
            contacts={Author.REQUESTER: since},
        )

    def _book_of(self, event: sla.ClockEvent) -> tuple[TicketRecord, Book]:
        ticket = self.tickets[event.ticket_id]
        assert ticket.book is not None  # it was opened before the first of its clocks
        return ticket, ticket.book

    def _turn(
        self, event: sla.ClockEvent, state: ClockState, *, ended: Instant | None = None
    ) -> Clock:
        ticket, book = self._book_of(event)
        clock = book.clocks[event.metric]
        clock.state, clock.ended, clock.kept = state, ended, None
        if ended is not None and clock.calendar_id is not None:
            clock.kept = self.calendars[clock.calendar_id]
        self._time_clock(ticket, clock)
        return clock

    def _come_by(self, event: sla.ClockEvent, kind: MarkKind, number: int) -> Clock:
        ticket, book = self._book_of(event)
        clock = book.clocks[event.metric]
        clock.fired |= {clock.fired_as(kind, number)}
        self._time_clock(ticket, clock)
        return clock

    def _time_clock(self, ticket: TicketRecord, clock: Clock) -> None:
        """Work out when a clock is due and when it comes by its next mark.

        O(statuses of the ticket x log windows).
        """
        assert ticket.book is not None
        timer = Timer(TimerKind.CLOCK, ticket.id, clock.metric.value)
        comes_by = clock.due = None
        if clock.state is ClockState.RUNNING:
            hours, mark = self.hours(clock.calendar_id), clock.next_mark()
            clock.due = ticket.book.reaches(clock, hours, clock.within)
            if mark is not None:
                comes_by = ticket.book.reaches(clock, hours, mark.after)
        if comes_by is None:
            self.timers.cancel(timer)
        else:
            self.timers.set(timer, max(comes_by, self.now))
        dues = [each.due for each in ticket.book.clocks.values() if each.due is not None]
        if ticket.ticket.due is not None:
            dues.append(ticket.ticket.due)
        due = min(dues, default=None)
        if due != ticket.due:
            ticket.due = due
            lines.move(ticket)
