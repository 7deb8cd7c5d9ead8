"""Commands about what is promised: calendars, policies, and what clocks say of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ticketroute.core.steps import Steps, check_kind
from ticketroute.errors import (
    DuplicatePolicyError,
    InUseError,
    InvalidValueError,
    UnknownQueueError,
)
from ticketroute.model import events as ev
from ticketroute.model.checks import check_id, check_instant, several
from ticketroute.model.ids import CalendarId, PolicyId
from ticketroute.model.instants import Instant
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Policy
from ticketroute.sla.refresh import Dues, editions_to_set, moved_dues, same_as_written

MOST_POLICIES = 1_000


class Agreements(Steps):
    """What a supervisor agrees on: hours, shifts and targets. Open clocks follow at once."""

    def set_calendar(
        self,
        calendar_id: CalendarId,
        calendar: Calendar,
        *,
        effective_from: Instant | None = None,
        at: Instant,
        by: str | None = None,
    ) -> tuple[ev.Event, ...]:
        """Let a calendar count under a name from ``effective_from`` on, default from ``at`` on.

        What was counted before that instant stays counted as it was. An instant in the past
        makes the change retroactive; a breach that was recorded stays. A calendar that is new
        counts from always. Shifts change at once. The same again is no event.

        Raises:
            InvalidValueError: if a value is outside what its field allows.

        O(tickets + agents), and O(log windows) for each open clock of the calendar.
        """
        check_id("calendar_id", calendar_id)
        check_kind("calendar", calendar, Calendar)
        if effective_from is not None:
            check_instant("effective_from", effective_from)
        resolved = calendar.resolved()  # before any event: whatever a library does, it does here
        self._begin(at, by)
        known = self._state.calendars.get(calendar_id)
        since = at if effective_from is None else effective_from
        if known is not None and same_as_written(known.editions[-1].calendar, calendar):
            latest = known.editions[-1].effective_from
            if latest <= since:
                return self._finish(at)
        shifted = [
            record
            for record in self._state.roster.agents.values()
            if record.agent.shift == calendar_id
        ]
        self._record(
            sla.CalendarSet(
                at=at,
                by=by,
                calendar_id=calendar_id,
                calendar=resolved,
                effective_from=0 if known is None else since,
            )
        )
        for record in shifted:
            self._withdraw_from(record, at=at)
        return self._finish(at)

    def refresh_calendars(
        self, *, effective_from: Instant | None = None, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Take what the installed releases of ``holidays`` and of the tz database say now.

        Each calendar of which a date or a clock differs from ``effective_from`` on, default from
        ``at`` on, gets an edition; its event says what changes. An event after it names the open
        clocks that fall due at another instant. Nothing differs: no event.

        Raises:
            InvalidValueError: if a country or a subdivision is not known any more.

        O(calendars), and what set_calendar() costs for each that differs.
        """
        if effective_from is not None:
            check_instant("effective_from", effective_from)
        since = at if effective_from is None else effective_from
        newer = {
            calendar_id: editions_to_set(versions, since=since)
            for calendar_id, versions in self._state.calendars.items()
        }
        self._begin(at, by)
        for calendar_id, editions in newer.items():
            before = self._dues_in(calendar_id)
            for effective, calendar, changes in editions:
                self._record(
                    sla.CalendarSet(
                        at=at,
                        by=by,
                        calendar_id=calendar_id,
                        calendar=calendar,
                        effective_from=effective,
                        changes=changes,
                    )
                )
            moved = moved_dues(before, self._dues_in(calendar_id)) if editions else ()
            if moved:
                self._record(sla.DuesMoved(at=at, by=by, calendar_id=calendar_id, moved=moved))
            for record in list(self._state.roster.agents.values()) if editions else ():
                if record.agent.shift == calendar_id:
                    self._withdraw_from(record, at=at)
        return self._finish(at)

    def _dues_in(self, calendar_id: CalendarId) -> Dues:
        """Return when each running clock of a calendar falls due."""
        return {
            (ticket.id, clock.metric, clock.cycle): clock.due
            for ticket in self._state.tickets.values()
            if ticket.book is not None
            for clock in ticket.book.clocks.values()
            if clock.calendar_id == calendar_id and clock.state is ClockState.RUNNING
        }

    def remove_calendar(
        self, calendar_id: CalendarId, *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Let go of a calendar by which nothing goes. O(agents + queues + clocks).

        Raises:
            UnknownCalendarError: if there is no such calendar.
            InUseError: if an agent, a queue, a policy or a clock, open or ended, goes by it.
        """
        check_id("calendar_id", calendar_id)
        self._check_calendar(calendar_id)
        self._begin(at, by)
        user = next(self._users_of(calendar_id), None)
        if user is not None:
            raise InUseError("calendar", calendar_id, user)
        self._record(sla.CalendarRemoved(at=at, by=by, calendar_id=calendar_id))
        return self._finish(at)

    def set_policies(
        self, policies: Iterable[Policy], *, at: Instant, by: str | None = None
    ) -> tuple[ev.Event, ...]:
        """Let these policies hold from now on; of several that apply to a ticket, the first.

        A policy that is not what it was becomes a new version. Clocks of tickets that are not done
        follow by each policy's ``changes`` rule; what is promised no longer is cancelled. A ticket
        that was on the desk before its first policy is counted from this instant.

        Raises:
            DuplicatePolicyError: if two policies have one id.
            UnknownCalendarError: if a policy names a calendar that the desk does not have.
            UnknownQueueError: if an escalation moves tickets to no queue of the desk.
            InUseError: if a queue names a policy that is not among them.

        O(tickets), and O(metrics) for each that is not done.
        """
        listed = tuple(several("policies", policies))
        if len(listed) > MOST_POLICIES:
            raise InvalidValueError(
                "the number of policies", len(listed), f"at most {MOST_POLICIES}"
            )
        seen: set[PolicyId] = set()
        for policy in listed:
            check_kind("one of policies", policy, Policy)
            if policy.id in seen:
                raise DuplicatePolicyError(policy.id)
            seen.add(policy.id)
            self._check_references(policy)
        for queue in self._state.roster.queues.values():
            if queue.queue.sla is not None and queue.queue.sla not in seen:
                raise InUseError("policy", queue.queue.sla, f"queue {queue.id!r}")
        self._begin(at, by)
        if listed == tuple(each.policy for each in self._state.agreements):
            return self._finish(at)
        self._record(sla.PoliciesSet(at=at, by=by, policies=listed))
        self._retarget(self._state.tickets.values(), at=at)
        return self._finish(at)

    # --- steps ------------------------------------------------------------------------------

    def _check_references(self, policy: Policy) -> None:
        named = [policy.calendar, *(target.calendar for target in policy.targets.values())]
        for calendar_id in named:
            if calendar_id is not None:
                self._check_calendar(calendar_id)
        for queue_id in sorted(policy.leads_to()):
            if queue_id not in self._state.roster.queues:
                raise UnknownQueueError(queue_id)

    def _users_of(self, calendar_id: CalendarId) -> Iterator[str]:
        """Yield what goes by a calendar, in words."""
        for record in self._state.roster.agents.values():
            if record.agent.shift == calendar_id:
                yield f"the shift of agent {record.id!r}"
        for queue in self._state.roster.queues.values():
            if queue.queue.calendar == calendar_id:
                yield f"queue {queue.id!r}"
        for agreement in self._state.agreements:
            policy = agreement.policy
            named = {policy.calendar, *(target.calendar for target in policy.targets.values())}
            if calendar_id in named:
                yield f"policy {policy.id!r}"
        for ticket in self._state.tickets.values():
            book = ticket.book
            for clock in () if book is None else (*book.clocks.values(), *book.past):
                if clock.calendar_id == calendar_id:
                    yield f"a clock of ticket {ticket.id!r}"
