"""What becomes of a ticket's clocks when something happened to the ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from attrs import frozen

from ticketroute.model.events import Author, Cause
from ticketroute.model.ids import CalendarId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla.clock import Book, Clock, ClockState, Hours
from ticketroute.sla.events import (
    ClockEnded,
    ClockEvent,
    ClockPaused,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
)
from ticketroute.sla.policy import ENDED, ChangeRule, Metric, Policy, ReopenRule, Target


class Occasion(Enum):
    """What happened to a ticket, as far as clocks go."""

    SUBMITTED = "submitted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"  #: an agent wrote
    ASKED = "asked"  #: the requester wrote
    RESOLVED = "resolved"
    REOPENED = "reopened"
    GONE = "gone"  #: merged or abandoned
    MOVED = "moved"  #: to another queue
    CHANGED = "changed"  #: its priority, or what is promised
    NOTHING = "nothing"  #: but its status, perhaps


_TO_THE_END = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)  # resolving meets them
_ANSWERS = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE)  # an agent's reply meets them


@frozen
class Agreement:
    """A policy, in the version in which it holds."""

    policy: Policy
    version: int


@frozen(kw_only=True)
class Present:
    """A ticket at the moment after something happened to it.

    ``held`` is whether an agent has it. ``agreement`` is the policy that applies to it now,
    ``calendar_id`` its queue's calendar.
    ``hours`` gives the open hours of a calendar; None stands for around the clock.
    """

    ticket_id: TicketId
    at: Instant
    cause: Cause
    status: Status
    priority: TicketPriority
    held: bool
    agreement: Agreement | None
    calendar_id: CalendarId | None
    hours: Callable[[CalendarId | None], Hours]


def follow(book: Book, occasion: Occasion, now: Present) -> Iterator[ClockEvent]:
    """Yield what becomes of a ticket's clocks, in order; the caller lets each happen at once.

    O(metrics x (statuses of the ticket x log windows)).
    """
    if occasion in _FOLLOW:
        yield from _FOLLOW[occasion](book, now)
    for clock in list(book.clocks.values()):
        if not clock.is_open:
            continue
        stands_still = clock.paused_by(now.status)
        if stands_still and clock.state is ClockState.RUNNING:
            elapsed = book.elapsed(clock, now.hours(clock.calendar_id), now.at)
            yield ClockPaused(
                at=now.at,
                cause=now.cause,
                ticket_id=now.ticket_id,
                metric=clock.metric,
                cycle=clock.cycle,
                status=now.status,
                remaining=clock.within - elapsed,
            )
        elif not stands_still and clock.state is ClockState.PAUSED:
            yield _resumed(book, clock, now)


# --- what each occasion means -----------------------------------------------------------------


def _submitted(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in Metric:
        since = _due_to_start(book, metric, now)
        if since is not None:
            yield from _start(book, metric, since, now)


def _assigned(book: Book, now: Present) -> Iterator[ClockEvent]:
    yield from _end(book, Metric.ASSIGNMENT, now, kept=True)


def _answered(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in _ANSWERS:
        yield from _end(book, metric, now, kept=True)
    yield from _end(book, Metric.PERIODIC_UPDATE, now, kept=True)
    yield from _count_from_contact(book, Author.AGENT, now)


def _asked(book: Book, now: Present) -> Iterator[ClockEvent]:
    since, known = book.unanswered, book.clocks.get(Metric.NEXT_RESPONSE)
    if since is not None and not _is_open(book, Metric.NEXT_RESPONSE):
        missed_before = known is not None and known.started == since
        yield from _start(book, Metric.NEXT_RESPONSE, now.at if missed_before else since, now)
    yield from _count_from_contact(book, Author.REQUESTER, now)


def _resolved(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in list(book.clocks):
        yield from _end(book, metric, now, kept=metric in _TO_THE_END)


def _reopened(book: Book, now: Present) -> Iterator[ClockEvent]:
    anew = now.agreement is not None and now.agreement.policy.reopening is ReopenRule.NEW_CYCLE
    for clock in list(book.clocks.values()):
        comes_back = clock.metric in _TO_THE_END or clock.state is ClockState.LAPSED
        if not comes_back or clock.is_open or clock.state is ClockState.CANCELLED:
            continue
        if _due_to_start(book, clock.metric, now) is None:
            continue  # what was promised came while the ticket was done
        if anew:
            yield from _start(book, clock.metric, now.at, now)
        else:
            yield _resumed(book, clock, now)
    yield from _changed(book, now)  # what is promised may have changed while it was done
    if now.cause is Cause.REPLIED:
        yield from _asked(book, now)


def _gone(book: Book, now: Present) -> Iterator[ClockEvent]:
    for clock in list(book.clocks.values()):
        if clock.is_open:
            yield _cancelled(book, clock, now)


def _moved(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in Metric:
        promised = _promised(metric, now)
        if promised is None or not promised[0].per_queue or now.status in ENDED:
            continue
        goes_on = _is_open(book, metric) or _due_to_start(book, metric, now) is not None
        yield from _end(book, metric, now, kept=metric in _TO_THE_END)  # handed on in time
        if goes_on or (metric is Metric.ASSIGNMENT and not now.held):
            yield from _start(book, metric, now.at, now)
    yield from _changed(book, now)


def _changed(book: Book, now: Present) -> Iterator[ClockEvent]:
    if now.status in ENDED:
        return  # what has ended stays as it was promised
    for metric in Metric:
        if _is_open(book, metric):
            yield from _retarget(book, book.clocks[metric], now)
            continue
        known = book.clocks.get(metric)
        since = _due_to_start(book, metric, now)
        if since is not None and (known is None or known.state is ClockState.CANCELLED):
            yield from _start(book, metric, since, now)


_FOLLOW: dict[Occasion, Callable[[Book, Present], Iterator[ClockEvent]]] = {
    Occasion.SUBMITTED: _submitted,
    Occasion.ASSIGNED: _assigned,
    Occasion.ANSWERED: _answered,
    Occasion.ASKED: _asked,
    Occasion.RESOLVED: _resolved,
    Occasion.REOPENED: _reopened,
    Occasion.GONE: _gone,
    Occasion.MOVED: _moved,
    Occasion.CHANGED: _changed,
}


# --- the steps of one clock -------------------------------------------------------------------


def _due_to_start(book: Book, metric: Metric, now: Present) -> Instant | None:
    """Return from when on a metric counts, by what has happened to the ticket so far."""
    promised = _promised(metric, now)
    since: Instant | None = book.arrived
    if metric is Metric.FIRST_RESPONSE:
        since = None if book.answered else book.arrived
    elif metric is Metric.ASSIGNMENT:
        since = None if book.handed else book.arrived
    elif metric is Metric.NEXT_RESPONSE:
        since = book.unanswered
    elif metric is Metric.PERIODIC_UPDATE:
        contacts = () if promised is None else promised[0].contacts
        since = max((book.contacts[who] for who in contacts if who in book.contacts), default=None)
    if since is None or promised is None or not promised[0].per_queue:
        return since
    return max(since, book.queued)


def _promised(metric: Metric, now: Present) -> tuple[Target, Span] | None:
    """Return what the policy that applies promises for a metric, if anything."""
    if now.agreement is None:
        return None
    target = now.agreement.policy.targets.get(metric)
    span = None if target is None else target.within.get(now.priority)
    return None if target is None or span is None else (target, span)


def _calendar_of(target: Target, now: Present) -> CalendarId | None:
    policy_calendar = None if now.agreement is None else now.agreement.policy.calendar
    return target.calendar or policy_calendar or now.calendar_id


def _is_open(book: Book, metric: Metric) -> bool:
    return metric in book.clocks and book.clocks[metric].is_open


def _count_from_contact(book: Book, author: Author, now: Present) -> Iterator[ClockEvent]:
    """Let the periodic update count from a message, where it counts from such messages."""
    promised = _promised(Metric.PERIODIC_UPDATE, now)
    if promised is None or author not in promised[0].contacts or now.status in ENDED:
        return
    yield from _end(book, Metric.PERIODIC_UPDATE, now, kept=False)
    yield from _start(book, Metric.PERIODIC_UPDATE, now.at, now)


def _start(book: Book, metric: Metric, since: Instant, now: Present) -> Iterator[ClockEvent]:
    """Start a clock, if anything is promised."""
    promised = _promised(metric, now)
    if promised is None or now.agreement is None:
        return
    target, span = promised
    known = book.clocks.get(metric)
    clock = Clock(
        metric=metric,
        cycle=1 if known is None else known.cycle + 1,
        policy_id=now.agreement.policy.id,
        version=now.agreement.version,
        target=target,
        calendar_id=_calendar_of(target, now),
        promised=span,
        within=span,
        started=since,
    )
    stands_still = clock.paused_by(now.status)
    hours = now.hours(clock.calendar_id)
    yield ClockStarted(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=metric,
        cycle=clock.cycle,
        policy_id=clock.policy_id,
        version=clock.version,
        calendar_id=clock.calendar_id,
        promised=span,
        within=span,
        started=since,
        due=None if stands_still else book.reaches(clock, hours, span),
        paused_by=now.status if stands_still else None,
    )


def _end(book: Book, metric: Metric, now: Present, *, kept: bool) -> Iterator[ClockEvent]:
    """End a clock that is open: by what was promised, or (``kept`` False) without it."""
    if not _is_open(book, metric):
        return
    clock = book.clocks[metric]
    elapsed = book.elapsed(clock, now.hours(clock.calendar_id), now.at)
    if clock.breached is not None or elapsed > clock.within:
        outcome = ClockState.MISSED
    else:
        outcome = ClockState.MET if kept else ClockState.LAPSED
    yield _ended(book, clock, outcome, now)


def _cancelled(book: Book, clock: Clock, now: Present) -> ClockEnded:
    """End a clock of which nothing is promised any more; a breach that was recorded stays one."""
    outcome = ClockState.CANCELLED if clock.breached is None else ClockState.MISSED
    return _ended(book, clock, outcome, now)


def _ended(book: Book, clock: Clock, outcome: ClockState, now: Present) -> ClockEnded:
    return ClockEnded(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        outcome=outcome,
        elapsed=book.elapsed(clock, now.hours(clock.calendar_id), now.at),
    )


def _resumed(book: Book, clock: Clock, now: Present) -> ClockResumed:
    again = _as_open(clock)
    return ClockResumed(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        due=book.reaches(again, now.hours(clock.calendar_id), clock.within),
    )


def _retarget(book: Book, clock: Clock, now: Present) -> Iterator[ClockEvent]:
    """Let what is promised now hold for a clock that is open."""
    promised = _promised(clock.metric, now)
    if promised is None or now.agreement is None:
        yield _cancelled(book, clock, now)
        return
    target, span = promised
    policy, version = now.agreement.policy, now.agreement.version
    calendar_id = _calendar_of(target, now)
    same = (clock.policy_id, clock.version, clock.promised, clock.calendar_id)
    if same == (policy.id, version, span, calendar_id):
        return
    within = span
    changed = _as_open(clock)
    changed.target = target
    if policy.changes is ChangeRule.KEEP_STRICTEST:
        within = min(clock.within, span)
    elif policy.changes is ChangeRule.FROM_NOW:
        left = span
        if span == clock.promised:
            left = clock.within - book.elapsed(clock, now.hours(clock.calendar_id), now.at)
        within = max(1, left + book.elapsed(changed, now.hours(calendar_id), now.at))
    changed.within = within
    stands_still = changed.paused_by(now.status)
    yield ClockRetargeted(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        policy_id=policy.id,
        version=version,
        calendar_id=calendar_id,
        promised=span,
        within=within,
        due=None if stands_still else book.reaches(changed, now.hours(calendar_id), within),
    )


def _as_open(clock: Clock) -> Clock:
    """Return a copy of a clock that goes on."""
    return Clock(
        metric=clock.metric,
        cycle=clock.cycle,
        policy_id=clock.policy_id,
        version=clock.version,
        target=clock.target,
        calendar_id=clock.calendar_id,
        promised=clock.promised,
        within=clock.within,
        started=clock.started,
        breached=clock.breached,
        fired=clock.fired,
    )
