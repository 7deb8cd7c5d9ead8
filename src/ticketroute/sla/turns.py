"""Changes to one clock: it starts, ends, resumes, or gets another target."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from ticketroute.errors import BeyondHorizonError
from ticketroute.model.events import Author
from ticketroute.model.instants import Instant, Span
from ticketroute.sla.clock import Book, Clock, ClockState
from ticketroute.sla.events import (
    ClockBreached,
    ClockEnded,
    ClockEvent,
    ClockResumed,
    ClockRetargeted,
    ClockStarted,
)
from ticketroute.sla.policy import ENDED, ChangeRule, Metric, Target
from ticketroute.sla.present import Present
from ticketroute.sla.zones import HORIZON


def due_to_start(book: Book, metric: Metric, now: Present) -> Instant | None:
    """Return the instant from which a metric counts, given the ticket's history, or None."""
    promised = promise_of(metric, now)
    since: Instant | None = book.arrived
    if metric is Metric.FIRST_RESPONSE:
        since = None if book.answered else book.arrived
    elif metric is Metric.ASSIGNMENT:
        since = None if book.handed else book.arrived
    elif metric is Metric.NEXT_RESPONSE:
        since = book.unanswered if awaits_reply(book, now) else None
    elif metric is Metric.PERIODIC_UPDATE:
        contacts = () if promised is None else promised[0].contacts
        since = max((book.contacts[who] for who in contacts if who in book.contacts), default=None)
    if since is None or promised is None or not promised[0].per_queue:
        return since
    return max(since, book.queued)


def awaits_reply(book: Book, now: Present) -> bool:
    """Return whether a message of the requester waits for the next response.

    Before any agent has replied, messages wait for the first response, unless the target counts
    them here as well.
    """
    if book.unanswered is None:
        return False
    promised = promise_of(Metric.NEXT_RESPONSE, now)
    return book.answered or (promised is not None and promised[0].before_first_reply)


def promise_of(metric: Metric, now: Present) -> tuple[Target, Span] | None:
    """Return the target of a metric and its span under the policy that applies, or None."""
    return None if now.agreement is None else now.agreement.promise(metric, now.priority)


def is_open(book: Book, metric: Metric) -> bool:
    """Return whether the latest clock of a metric can still be met."""
    return metric in book.clocks and book.clocks[metric].is_open


def count_from_contact(book: Book, author: Author, now: Present) -> Iterator[ClockEvent]:
    """Restart the periodic update at a message, if the target counts from such messages."""
    promised = promise_of(Metric.PERIODIC_UPDATE, now)
    if promised is None or author not in promised[0].contacts or now.status in ENDED:
        return
    yield from end(book, Metric.PERIODIC_UPDATE, now, kept=False)
    yield from start(book, Metric.PERIODIC_UPDATE, now.at, now)


def start(book: Book, metric: Metric, since: Instant, now: Present) -> Iterator[ClockEvent]:
    """Start a clock, if the metric has a target."""
    promised = promise_of(metric, now)
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
        calendar_id=now.agreement.calendar_of(target, now.calendar_id),
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


def end(book: Book, metric: Metric, now: Present, *, kept: bool) -> Iterator[ClockEvent]:
    """End an open clock; ``kept`` is whether the reply or change it waits for has come."""
    if not is_open(book, metric):
        return
    yield from _finish(
        book, book.clocks[metric], ClockState.MET if kept else ClockState.LAPSED, now
    )


def cancel(book: Book, clock: Clock, now: Present) -> Iterator[ClockEvent]:
    """End a clock that has no target any more; a breach stays a breach."""
    yield from _finish(book, clock, ClockState.CANCELLED, now)


def _finish(book: Book, clock: Clock, in_time: ClockState, now: Present) -> Iterator[ClockEvent]:
    """End a clock with the outcome ``in_time``, or as missed if its target is missed."""
    elapsed = _elapsed(book, clock, now)
    yield from _breach(book, clock, elapsed, now)
    yield ClockEnded(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        outcome=in_time if clock.breached is None else ClockState.MISSED,
        queue_id=now.left_queue_id or now.queue_id,
        elapsed=elapsed,
    )


def _breach(book: Book, clock: Clock, elapsed: Span, now: Present) -> Iterator[ClockEvent]:
    """Record that a target is missed already, before the clock ends or gets another target."""
    if clock.breached is None and elapsed > clock.within:
        yield ClockBreached(
            at=now.at,
            cause=now.cause,
            ticket_id=now.ticket_id,
            metric=clock.metric,
            cycle=clock.cycle,
            within=clock.within,
            due=book.reaches(clock, now.hours(clock.calendar_id), clock.within),
        )


def _elapsed(book: Book, clock: Clock, now: Present) -> Span:
    return book.elapsed(clock, now.hours(clock.calendar_id), now.at)


def resumed(book: Book, clock: Clock, now: Present) -> ClockResumed:
    """Return the event by which a clock runs again."""
    again = _as_open(clock)
    return ClockResumed(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        due=book.reaches(again, now.hours(clock.calendar_id), clock.within),
    )


def retarget(book: Book, clock: Clock, now: Present) -> Iterator[ClockEvent]:
    """Apply the present target to a clock that is open or was cancelled."""
    promised = promise_of(clock.metric, now)
    if promised is None or now.agreement is None:
        yield from cancel(book, clock, now)
        return
    target, span = promised
    policy, version = now.agreement.policy, now.agreement.version
    calendar_id = now.agreement.calendar_of(target, now.calendar_id)
    same = (clock.policy_id, clock.version, clock.promised, clock.calendar_id)
    if clock.is_open and same == (policy.id, version, span, calendar_id):
        return
    changed = _as_open(clock)
    changed.target, changed.promised, changed.within = target, span, span
    changed.calendar_id = calendar_id
    if policy.changes is ChangeRule.KEEP_STRICTEST:
        kept = evolve(changed, within=clock.within, calendar_id=clock.calendar_id)
        if _due_if_it_ran(book, kept, now) < _due_if_it_ran(book, changed, now):
            changed = kept
    elif policy.changes is ChangeRule.FROM_NOW:
        left = span
        if span == clock.promised:
            left = clock.within - _elapsed(book, clock, now)
        changed.within = max(1, left + _elapsed(book, changed, now))
    had = (clock.policy_id, clock.version, clock.promised, clock.calendar_id, clock.within)
    if clock.is_open and had == (policy.id, version, span, changed.calendar_id, changed.within):
        return  # the clock has the stricter target already
    if clock.is_open:
        yield from _breach(book, clock, _elapsed(book, clock, now), now)
    stands_still = changed.paused_by(now.status)
    hours = now.hours(changed.calendar_id)
    yield ClockRetargeted(
        at=now.at,
        cause=now.cause,
        ticket_id=now.ticket_id,
        metric=clock.metric,
        cycle=clock.cycle,
        policy_id=policy.id,
        version=version,
        calendar_id=changed.calendar_id,
        promised=span,
        within=changed.within,
        due=None if stands_still else book.reaches(changed, hours, changed.within),
    )
    if stands_still:  # otherwise its timer does this
        yield from _breach(book, clock, _elapsed(book, clock, now), now)


def _due_if_it_ran(book: Book, clock: Clock, now: Present) -> Instant:
    """Return when a clock is due if it runs from now on, or now if its target is used up."""
    left = clock.within - _elapsed(book, clock, now)
    try:
        return now.hours(clock.calendar_id).add(now.at, left) if left > 0 else now.at + left
    except BeyondHorizonError:
        return HORIZON


def _as_open(clock: Clock) -> Clock:
    """Return a copy of a clock that is open again."""
    return evolve(clock, state=ClockState.RUNNING, ended=None, kept=None, due=None)
