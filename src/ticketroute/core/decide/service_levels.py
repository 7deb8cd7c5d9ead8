"""Commands about calendars and policies. Open clocks follow at once."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.commands import RefreshCalendars, RemoveCalendar, SetCalendar, SetPolicies
from ticketroute.core.decide import moves
from ticketroute.core.decide.checks import check_calendar
from ticketroute.core.state import State
from ticketroute.errors import (
    DuplicatePolicyError,
    InUseError,
    InvalidValueError,
    UnknownQueueError,
)
from ticketroute.model import events as ev
from ticketroute.model.ids import CalendarId, PolicyId
from ticketroute.model.instants import Instant
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import Policy
from ticketroute.sla.refresh import (
    Dues,
    calendar_at,
    editions_to_set,
    moved_dues,
    newer_facts,
    same_as_written,
)

MOST_POLICIES = 1_000


def set_calendar(
    state: State, command: SetCalendar, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Count in a calendar under a name from an instant on."""
    calendar_id, calendar = command.calendar_id, command.calendar
    known = state.calendars.get(calendar_id)
    since = at if command.effective_from is None else command.effective_from
    if known is not None and same_as_written(known.editions[-1].calendar, calendar):
        latest = known.editions[-1].effective_from
        if latest <= since:
            return
    shifted = [agent for agent in state.roster.agents.values() if agent.terms.shift == calendar_id]
    resolved = calendar.resolved()  # asked here and never while an event is applied
    changes = None
    if known is not None:
        changes = newer_facts(calendar_at(known, since), resolved, since=since)
    before = _dues_in(state, calendar_id) if changes else {}
    yield sla.CalendarSet(
        at=at,
        by=by,
        calendar_id=calendar_id,
        calendar=resolved,
        effective_from=0 if known is None else since,
        changes=changes,
    )
    moved = moved_dues(before, _dues_in(state, calendar_id)) if changes else ()
    if moved:
        yield sla.DuesMoved(at=at, by=by, calendar_id=calendar_id, moved=moved)
    for agent in shifted:
        yield from moves.withdraw_from(state, agent, at=at)


def refresh_calendars(
    state: State, command: RefreshCalendars, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Take what the installed releases of ``holidays`` and of the tz database say now."""
    since = at if command.effective_from is None else command.effective_from
    newer = {
        calendar_id: editions_to_set(versions, since=since)
        for calendar_id, versions in state.calendars.items()
    }
    for calendar_id, editions in newer.items():
        if not editions:
            continue
        shifted = [who for who in state.roster.agents.values() if who.terms.shift == calendar_id]
        before = _dues_in(state, calendar_id)
        for effective, calendar, changes in editions:
            yield sla.CalendarSet(
                at=at,
                by=by,
                calendar_id=calendar_id,
                calendar=calendar,
                effective_from=effective,
                changes=changes,
            )
        moved = moved_dues(before, _dues_in(state, calendar_id))
        if moved:
            yield sla.DuesMoved(at=at, by=by, calendar_id=calendar_id, moved=moved)
        for agent in shifted:
            yield from moves.withdraw_from(state, agent, at=at)


def remove_calendar(
    state: State, command: RemoveCalendar, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Remove a calendar that nothing uses."""
    calendar_id = command.calendar_id
    check_calendar(state, calendar_id)
    user = next(_users_of(state, calendar_id), None)
    if user is not None:
        raise InUseError("calendar", calendar_id, user)
    yield sla.CalendarRemoved(at=at, by=by, calendar_id=calendar_id)


def set_policies(
    state: State, command: SetPolicies, at: Instant, by: str | None
) -> Iterator[ev.Event]:
    """Replace the policies; clocks of open tickets follow by each policy's rule."""
    policies = command.policies
    if len(policies) > MOST_POLICIES:
        raise InvalidValueError("the number of policies", len(policies), f"at most {MOST_POLICIES}")
    seen: set[PolicyId] = set()
    for policy in policies:
        if not isinstance(policy, Policy):
            raise InvalidValueError("one of policies", policy, "of type Policy")
        if policy.id in seen:
            raise DuplicatePolicyError(policy.id)
        seen.add(policy.id)
        _check_references(state, policy)
    for queue in state.roster.queues.values():
        if queue.terms.sla is not None and queue.terms.sla not in seen:
            raise InUseError("policy", queue.terms.sla, f"queue {queue.id!r}")
    if policies != tuple(each.policy for each in state.agreements):
        yield sla.PoliciesSet(at=at, by=by, policies=policies)
        yield from moves.retarget(state, state.open_in_order(), at=at)


def _check_references(state: State, policy: Policy) -> None:
    named = [policy.calendar, *(target.calendar for target in policy.targets.values())]
    for calendar_id in named:
        if calendar_id is not None:
            check_calendar(state, calendar_id)
    for queue_id in sorted(policy.leads_to()):
        if queue_id not in state.roster.queues:
            raise UnknownQueueError(queue_id)


def _dues_in(state: State, calendar_id: CalendarId) -> Dues:
    """Return when each running clock of a calendar falls due. O(open tickets)."""
    return {
        (ticket.id, clock.metric, clock.cycle): clock.due
        for ticket in state.open_in_order()
        if ticket.book is not None
        for clock in ticket.book.clocks.values()
        if clock.calendar_id == calendar_id and clock.state is ClockState.RUNNING
    }


def _users_of(state: State, calendar_id: CalendarId) -> Iterator[str]:
    """Yield what uses a calendar, in words."""
    for agent in state.roster.agents.values():
        if agent.terms.shift == calendar_id:
            yield f"the shift of agent {agent.id!r}"
    for queue in state.roster.queues.values():
        if queue.terms.calendar == calendar_id:
            yield f"queue {queue.id!r}"
    for agreement in state.agreements:
        policy = agreement.policy
        named = {policy.calendar, *(target.calendar for target in policy.targets.values())}
        if calendar_id in named:
            yield f"policy {policy.id!r}"
    for ticket in state.tickets.values():
        book = ticket.book
        for clock in () if book is None else (*book.clocks.values(), *book.past):
            if clock.calendar_id == calendar_id:
                yield f"a clock of ticket {ticket.id!r}"
