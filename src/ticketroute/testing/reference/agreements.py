"""The commands about calendars and policies."""

from __future__ import annotations

from collections.abc import Iterable

from ticketroute.errors import (
    DuplicatePolicyError,
    InUseError,
    UnknownCalendarError,
    UnknownPolicyError,
)
from ticketroute.model import events as ev
from ticketroute.model.ids import CalendarId, PolicyId
from ticketroute.sla import events as sla
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.policy import Policy
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
        if known and known[-1].calendar == calendar and known[-1].since <= since:
            return self.finish(at)
        self.record(
            sla.CalendarSet(
                at=at,
                by=by,
                calendar_id=calendar_id,
                calendar=calendar,
                effective_from=since if known else 0,
            )
        )
        for agent_id, agent in self.agents.items():
            if agent.agent.shift == calendar_id:
                self.withdraw_from(agent_id, at)
        return self.finish(at)

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
