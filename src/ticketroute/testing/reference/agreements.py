"""The commands about calendars and policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ticketroute.errors import (
    DuplicatePolicyError,
    InUseError,
    UnknownCalendarError,
    UnknownPolicyError,
)
from ticketroute.model import events as ev
from ticketroute.model.ids import CalendarId, PolicyId, TicketId
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.refresh import MovedDue, changes_of, refreshed, same_as_written
from ticketroute.testing.reference.escalating import Escalating
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.following import clocks_follow

Events = tuple[ev.Event, ...]


class Agreements(Escalating):
    """What a supervisor agrees on."""

    def set_calendar(
        self,
        calendar_id: CalendarId,
        calendar: Calendar,
        *,
        effective_from: int | None = None,
        at: int,
        by: str | None = None,
    ) -> Events:
        """Let a calendar count from an instant on."""
        self.begin(at)
        since = at if effective_from is None else effective_from
        known = self.calendars.get(calendar_id, [])
        same = known and same_as_written(known[-1].calendar, calendar)
        if same and known[-1].since <= since:
            return self.finish(at)
        self.record(
            sla.CalendarSet(
                at=at,
                by=by,
                calendar_id=calendar_id,
                calendar=calendar.resolved(),
                effective_from=since if known else 0,
            )
        )
        for agent_id, agent in self.agents.items():
            if agent.agent.shift == calendar_id:
                self.withdraw_from(agent_id, at)
        return self.finish(at)

    def refresh_calendars(
        self, *, effective_from: int | None = None, at: int, by: str | None = None
    ) -> Events:
        """Take what the installed releases say."""
        self.begin(at)
        since = at if effective_from is None else effective_from
        for calendar_id, editions in self.calendars.items():
            counting = [each for each in editions if each.since <= since][-1:]
            newer = [
                (max(since, each.since), each.calendar, refreshed(each.calendar))
                for each in (*counting, *(each for each in editions if each.since > since))
            ]
            changes = [changes_of(old, new, since=start) for start, old, new in newer]
            if not any(changes):
                continue
            told: dict[str, Any] = {"at": at, "by": by, "calendar_id": calendar_id}
            before = self.dues(calendar_id)
            for (start, _, new), differs in zip(newer, changes, strict=True):
                self.record(
                    sla.CalendarSet(**told, calendar=new, effective_from=start, changes=differs)
                )
            after = self.dues(calendar_id)
            moved = tuple(
                MovedDue(ticket_id=ticket, metric=metric, cycle=cycle, before=due, after=then)
                for (ticket, metric, cycle), due in before.items()
                if (then := after[ticket, metric, cycle]) != due
            )
            if moved:
                self.record(sla.DuesMoved(**told, moved=moved))
            for agent_id, agent in self.agents.items():
                if agent.agent.shift == calendar_id:
                    self.withdraw_from(agent_id, at)
        return self.finish(at)

    def dues(self, calendar_id: CalendarId) -> dict[tuple[TicketId, Metric, int], int | None]:
        """Return when each running clock of a calendar is due."""
        return {
            (ticket.id, clock.metric, clock.cycle): self.clock_due(ticket.book, clock)
            for ticket in self.tickets.values()
            if ticket.book is not None
            for cycles in ticket.book.clocks.values()
            for clock in cycles
            if clock.calendar_id == calendar_id and clock.state is ClockState.RUNNING
        }

    def remove_calendar(self, calendar_id: CalendarId, *, at: int, by: str | None = None) -> Events:
        """Let go of a calendar by which nothing goes."""
        self.check_calendar(calendar_id)
        self.begin(at)
        if calendar_id in self.calendars_in_use():
            raise InUseError("calendar", calendar_id, "something")
        self.record(sla.CalendarRemoved(at=at, by=by, calendar_id=calendar_id))
        return self.finish(at)

    def set_policies(self, policies: Iterable[Policy], *, at: int, by: str | None = None) -> Events:
        """Let these policies hold."""
        listed = tuple(policies)
        for number, policy in enumerate(listed):
            if policy.id in [each.id for each in listed[:number]]:
                raise DuplicatePolicyError(policy.id)
            for calendar_id in calendars_of(policy):
                self.check_calendar(calendar_id)
            for target in policy.targets.values():
                for level in target.escalations:
                    if level.move_to is not None:
                        self.known_queue(level.move_to)
        for queue in self.queues.values():
            if queue.queue.sla is not None and queue.queue.sla not in [each.id for each in listed]:
                raise InUseError("policy", queue.queue.sla, "a queue")
        self.begin(at)
        if listed != tuple(each.policy for each in self.agreements):
            self.record(sla.PoliciesSet(at=at, by=by, policies=listed))
            self.promise_anew(self.tickets.values(), at)
        return self.finish(at)

    def promise_anew(self, tickets: Iterable[TicketFacts], at: int) -> None:
        """Let the clocks of tickets follow what is promised by now."""
        for ticket in list(tickets):
            for event in clocks_follow(self, ticket, at):
                self.record(event)

    def check_calendar(self, calendar_id: CalendarId | None) -> None:
        """Refuse a calendar that nobody knows."""
        if calendar_id is not None and calendar_id not in self.calendars:
            raise UnknownCalendarError(calendar_id)

    def check_policy(self, policy_id: PolicyId | None) -> None:
        """Refuse a policy that does not hold."""
        if policy_id is not None and policy_id not in [each.policy.id for each in self.agreements]:
            raise UnknownPolicyError(policy_id)

    def calendars_in_use(self) -> set[CalendarId | None]:
        """Return every calendar by which something goes."""
        used = {agent.agent.shift for agent in self.agents.values()}
        used |= {queue.queue.calendar for queue in self.queues.values()}
        for agreed in self.agreements:
            used.update(calendars_of(agreed.policy))
        for ticket in self.tickets.values():
            for cycles in () if ticket.book is None else ticket.book.clocks.values():
                used |= {clock.calendar_id for clock in cycles}
        return used


def calendars_of(policy: Policy) -> list[CalendarId | None]:
    """Return which calendars a policy names."""
    return [policy.calendar, *(target.calendar for target in policy.targets.values())]
