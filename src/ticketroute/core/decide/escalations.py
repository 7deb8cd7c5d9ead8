"""What follows when a clock reaches a mark: a warning, a breach, a level of escalation."""

from __future__ import annotations

from collections.abc import Iterator

from ticketroute.core.decide import moves
from ticketroute.core.facts import skills_of
from ticketroute.core.records import TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.relaxation import asked_less
from ticketroute.sla import events as sla
from ticketroute.sla.clock import Clock, MarkKind
from ticketroute.sla.policy import Escalation, Metric

_TIME, _ESCALATED = ev.Cause.TIME, ev.Cause.ESCALATED


def strike(
    state: State, ticket: TicketRecord, metric: Metric, at: Instant, *, late_by: Span
) -> Iterator[ev.Event]:
    """Record that a clock reached its next mark, and act where that is a level."""
    assert ticket.book is not None
    clock = ticket.book.clocks[metric]
    mark = clock.next_mark()
    assert mark is not None  # or its timer would have been cancelled
    if mark.kind is MarkKind.LEVEL:
        yield from _escalate(state, ticket, clock, mark.number, late_by=late_by, at=at)
    elif mark.kind is MarkKind.BREACH:
        yield sla.ClockBreached(
            at=at,
            cause=_TIME,
            ticket_id=ticket.id,
            metric=metric,
            cycle=clock.cycle,
            within=clock.within,
            due=clock.due,
            late_by=late_by,
        )
    else:
        yield sla.ClockWarned(
            at=at,
            cause=_TIME,
            ticket_id=ticket.id,
            metric=metric,
            cycle=clock.cycle,
            share=mark.number,
            due=clock.due,
            late_by=late_by,
        )


def _escalate(
    state: State, ticket: TicketRecord, clock: Clock, number: int, *, late_by: Span, at: Instant
) -> Iterator[ev.Event]:
    level = clock.target.escalations[number]
    moves_on = level.move_to is not None and not _was_there(ticket, level.move_to)
    target = state.roster.queues[level.move_to] if moves_on and level.move_to else None
    if target is not None and ticket.agent is not None:
        moves.may_keep(state, ticket, target)  # asks the host's permits before the first event
    yield sla.ClockEscalated(
        at=at,
        cause=_TIME,
        ticket_id=ticket.id,
        metric=clock.metric,
        cycle=clock.cycle,
        level=number,
        policy_id=clock.policy_id,
        version=clock.version,
        notify=level.notify,
        due=clock.due,
        late_by=late_by,
    )
    if level.priority is not None and level.priority < ticket.priority:
        yield ev.TicketPriorityChanged(
            at=at, cause=_ESCALATED, ticket_id=ticket.id, priority=level.priority
        )
    if target is not None:
        yield from moves.recall(ticket, _ESCALATED, at=at)
        yield from moves.move(state, ticket, target, ticket.arrived, _ESCALATED, at=at, by=None)
    if level.reassign and ticket.state is RoutingState.ASSIGNED:
        yield moves.release(ticket, _ESCALATED, at=at, by=None)
    yield from _ask_less(ticket, level, at=at)


def _ask_less(ticket: TicketRecord, level: Escalation, *, at: Instant) -> Iterator[ev.Event]:
    """Relax the skills of a ticket that waits, as a level says."""
    asked = skills_of(ticket)
    skills = asked_less(asked, lower=level.lower, drop=level.drop)
    waits = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
    if not waits or skills == asked:
        return
    yield moves.relaxed(ticket, _ESCALATED, at=at, skills=skills)


def _was_there(ticket: TicketRecord, queue_id: QueueId) -> bool:
    """Return whether the ticket is in a queue, or a level moved it away from there before."""
    book = ticket.book
    return ticket.queue.id == queue_id or (book is not None and queue_id in book.escalated_from)
