"""What happens to a ticket's clocks after an event of the ticket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from ticketroute.model.events import Author, Cause
from ticketroute.sla.clock import Book, ClockState
from ticketroute.sla.events import ClockEvent, ClockPaused
from ticketroute.sla.policy import ENDED, Metric, ReopenRule
from ticketroute.sla.present import Present
from ticketroute.sla.turns import (
    awaits_reply,
    cancel,
    count_from_contact,
    due_to_start,
    end,
    is_open,
    promise_of,
    resumed,
    retarget,
    start,
)


class Occasion(Enum):
    """The kinds of events that matter to clocks."""

    SUBMITTED = "submitted"
    ASSIGNED = "assigned"
    ANSWERED = "answered"  #: an agent wrote
    ASKED = "asked"  #: the requester wrote
    RESOLVED = "resolved"
    REOPENED = "reopened"
    GONE = "gone"  #: merged or abandoned
    MOVED = "moved"  #: to another queue
    CHANGED = "changed"  #: its priority or its policy
    NOTHING = "nothing"  #: at most its status changed


_TO_THE_END = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)  # met by resolving
_ANSWERS = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE)  # met by an agent's reply


def follow(book: Book, occasion: Occasion, now: Present) -> Iterator[ClockEvent]:
    """Yield the clock events that follow, in order; the caller applies each before the next.

    O(metrics x (statuses of the ticket x log openings)).
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
            yield resumed(book, clock, now)


# --- one function for each occasion -----------------------------------------------------------


def _submitted(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in Metric:
        since = due_to_start(book, metric, now)
        if since is not None:
            yield from start(book, metric, since, now)


def _assigned(book: Book, now: Present) -> Iterator[ClockEvent]:
    yield from end(book, Metric.ASSIGNMENT, now, kept=True)
    yield from _changed(book, now)  # an overflow queue that assigns it becomes its queue


def _answered(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in _ANSWERS:
        yield from end(book, metric, now, kept=True)
    yield from end(book, Metric.PERIODIC_UPDATE, now, kept=True)
    yield from count_from_contact(book, Author.AGENT, now)


def _asked(book: Book, now: Present) -> Iterator[ClockEvent]:
    if awaits_reply(book, now) and not is_open(book, Metric.NEXT_RESPONSE):
        yield from start(book, Metric.NEXT_RESPONSE, now.at, now)  # not for an older message
    yield from count_from_contact(book, Author.REQUESTER, now)


def _resolved(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in list(book.clocks):
        yield from end(book, metric, now, kept=metric in _TO_THE_END)


def _reopened(book: Book, now: Present) -> Iterator[ClockEvent]:
    anew = now.agreement is not None and now.agreement.policy.reopening is ReopenRule.NEW_CYCLE
    resolved = book.resolved_at()
    for clock in list(book.clocks.values()):
        comes_back = clock.metric in _TO_THE_END or clock.state is ClockState.LAPSED
        if not comes_back or clock.is_open or clock.left_behind:
            continue
        if clock.state is ClockState.CANCELLED:
            continue
        if resolved is None or clock.ended is None or clock.ended < resolved:
            continue  # it had ended before the ticket was resolved
        if due_to_start(book, clock.metric, now) is None:
            continue  # the reply it waits for came while the ticket was done
        if anew:
            yield from start(book, clock.metric, now.at, now)
        else:
            yield resumed(book, clock, now)
    yield from _changed(book, now)  # the target may have changed while the ticket was done
    if now.cause is Cause.REPLIED:
        yield from _asked(book, now)


def _gone(book: Book, now: Present) -> Iterator[ClockEvent]:
    for clock in list(book.clocks.values()):
        if clock.is_open:
            yield from cancel(book, clock, now)


def _moved(book: Book, now: Present) -> Iterator[ClockEvent]:
    for metric in Metric if now.status not in ENDED else ():
        promised = promise_of(metric, now)
        counts_here = promised is not None and promised[0].per_queue
        clock = book.clocks[metric] if is_open(book, metric) else None
        if (
            clock is not None and clock.target.per_queue
        ):  # the ticket left the queue, in time or late
            yield from end(book, metric, now, kept=metric in _TO_THE_END)
        elif clock is not None and counts_here:
            yield from cancel(book, clock, now)
        elif clock is not None or not counts_here:
            continue
        since = due_to_start(book, metric, now)
        if counts_here and metric is Metric.ASSIGNMENT and not now.held:
            since = now.at
        if since is not None:
            yield from start(book, metric, since, now)
    yield from _changed(book, now)


def _changed(book: Book, now: Present) -> Iterator[ClockEvent]:
    if now.status in ENDED:
        return  # an ended clock keeps its target
    for metric in Metric:
        if is_open(book, metric):
            yield from retarget(book, book.clocks[metric], now)
            continue
        since = due_to_start(book, metric, now)
        if since is None:
            continue
        known = book.clocks.get(metric)
        if known is None or known.left_behind:
            yield from start(book, metric, since, now)
        elif known.state is ClockState.CANCELLED:
            if known.started != since:
                yield from start(book, metric, since, now)
            elif promise_of(metric, now) is not None:
                yield from retarget(
                    book, known, now
                )  # it has a target again: the same clock runs on


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
