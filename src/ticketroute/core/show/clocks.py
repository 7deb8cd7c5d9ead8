"""What a host may see of the clocks of tickets."""

from __future__ import annotations

from ticketroute.core.records import QueueRecord, TicketRecord
from ticketroute.core.state import State, agreement_of
from ticketroute.errors import InvalidValueError, UnknownClockError
from ticketroute.model.lifecycle import RoutingState
from ticketroute.sla.clock import Clock, ClockState
from ticketroute.sla.explanation import ClockExplanation, ClockView, explain_clock, view_of
from ticketroute.sla.policy import Metric


def clocks_of(state: State, ticket: TicketRecord) -> tuple[ClockView, ...]:
    """Return every clock of a ticket: by metric, then by cycle."""
    book = ticket.book
    if book is None:
        return ()
    return tuple(
        view_of(ticket.id, book, clock, state.hours_of(clock), state.now)
        for metric in Metric
        for clock in book.cycles(metric)
    )


def clock_of(state: State, ticket: TicketRecord, metric: Metric, cycle: int | None) -> ClockView:
    """Return one clock of a ticket, default its latest cycle."""
    clock = _clock(ticket, metric, cycle)
    if clock is not None and ticket.book is not None:
        return view_of(ticket.id, ticket.book, clock, state.hours_of(clock), state.now)
    agreement = agreement_of(state, ticket)
    promised = None if agreement is None else agreement.promise(metric, ticket.priority)
    done = ticket.state is RoutingState.DONE
    if agreement is None or promised is None or cycle not in (None, 1) or done:
        raise UnknownClockError(ticket.id, metric.value, cycle)
    target, within = promised
    return ClockView(
        ticket_id=ticket.id,
        metric=metric,
        cycle=1,
        policy_id=agreement.policy.id,
        version=agreement.version,
        calendar_id=agreement.calendar_of(target, ticket.queue.terms.calendar),
        state=ClockState.PENDING,
        at=state.now,
        within=within,
    )


def explanation_of(
    state: State, ticket: TicketRecord, metric: Metric, cycle: int | None
) -> ClockExplanation:
    """Explain one clock of a ticket, default its latest cycle."""
    clock = _clock(ticket, metric, cycle)
    if clock is None or ticket.book is None:
        raise UnknownClockError(ticket.id, metric.value, cycle)
    return explain_clock(
        ticket.id,
        ticket.book,
        clock,
        state.hours_of(clock),
        zone=_zone(state, clock),
        at=state.now,
    )


def time_left(
    state: State, queue: QueueRecord | None, metric: Metric | None
) -> tuple[ClockView, ...]:
    """Return the open clocks, the one with the least time left first."""
    if metric is not None:
        _check_metric(metric)
    views = [
        view_of(ticket.id, ticket.book, clock, state.hours_of(clock), state.now)
        for ticket in state.open_in_order()
        if ticket.book is not None and (queue is None or ticket.queue is queue)
        for clock in ticket.book.clocks.values()
        if clock.is_open and (metric is None or clock.metric is metric)
    ]
    return tuple(sorted(views, key=lambda view: view.remaining))


def _clock(ticket: TicketRecord, metric: Metric, cycle: int | None) -> Clock | None:
    _check_metric(metric)
    known = [] if ticket.book is None else ticket.book.cycles(metric)
    if cycle is None:
        return known[-1] if known else None
    return next((clock for clock in known if clock.cycle == cycle), None)


def _check_metric(metric: object) -> None:
    if not isinstance(metric, Metric):
        raise InvalidValueError("metric", metric, "a Metric")


def _zone(state: State, clock: Clock) -> str:
    if clock.calendar_id is None:
        return "UTC"
    versions = clock.kept or state.calendars[clock.calendar_id]
    now_in_effect = [each for each in versions.editions if each.effective_from <= state.now]
    return now_in_effect[-1].calendar.zone
