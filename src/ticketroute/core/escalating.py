"""What follows when a clock comes by a mark: a warning, a breach, a level of escalation."""

from __future__ import annotations

from ticketroute.core.records import TicketRecord
from ticketroute.core.steps import Steps
from ticketroute.core.store import skills_of
from ticketroute.model import events as ev
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import QueueId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.relaxation import asked_less
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.clock import Clock, MarkKind
from ticketroute.sla.policy import Escalation, Metric


class Escalating(Steps):
    """Does what policies say is to be done when targets near, and after they were missed."""

    def _strike(self, ticket: TicketRecord, metric: Metric, at: Instant) -> None:
        """Record that a clock came by its next mark, and act where that is a level."""
        assert ticket.book is not None
        clock = ticket.book.clocks[metric]
        mark = clock.next_mark()
        assert mark is not None  # or its timer would have been cancelled
        late_by = self._told - at
        match mark.kind:
            case MarkKind.WARNING:
                self._record(
                    sla.ClockWarned(
                        at=at,
                        cause=ev.Cause.TIME,
                        ticket_id=ticket.id,
                        metric=metric,
                        cycle=clock.cycle,
                        share=mark.number,
                        due=clock.due,
                        late_by=late_by,
                    )
                )
            case MarkKind.BREACH:
                self._record(
                    sla.ClockBreached(
                        at=at,
                        cause=ev.Cause.TIME,
                        ticket_id=ticket.id,
                        metric=metric,
                        cycle=clock.cycle,
                        within=clock.within,
                        due=clock.due,
                        late_by=late_by,
                    )
                )
            case MarkKind.LEVEL:
                self._escalate(ticket, clock, mark.number, late_by=late_by, at=at)

    def _escalate(
        self, ticket: TicketRecord, clock: Clock, number: int, *, late_by: int, at: Instant
    ) -> None:
        level = clock.target.escalations[number]
        self._record(
            sla.ClockEscalated(
                at=at,
                cause=ev.Cause.TIME,
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
        )
        cause = ev.Cause.ESCALATED
        if level.priority is not None and level.priority < ticket.priority:
            self._record(
                ev.TicketPriorityChanged(
                    at=at, cause=cause, ticket_id=ticket.id, priority=level.priority
                )
            )
        if level.move_to is not None and not _was_there(ticket, level.move_to):
            target = self._state.roster.queues[level.move_to]
            self._recall(ticket, cause, at=at)
            self._move(ticket, target, ticket.arrived, cause, at=at, by=None)
        if level.reassign and ticket.state is RoutingState.ASSIGNED:
            self._release((ticket,), cause=cause, at=at, by=None)
        self._ask_less(ticket, level, at=at)

    def _ask_less(self, ticket: TicketRecord, level: Escalation, *, at: Instant) -> None:
        """Relax the skills of a ticket that waits, as a level says."""
        asked = skills_of(ticket)
        skills = asked_less(asked, lower=level.lower, drop=level.drop)
        waits = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
        if not waits or skills == asked:
            return
        self._record(
            ev.TicketRelaxed(
                at=at,
                cause=ev.Cause.ESCALATED,
                ticket_id=ticket.id,
                step=ticket.past.relaxed,
                skills=read_only(skills),
                reach=ticket.asks.reach,
                priority=TicketPriority(ticket.priority),
                added=tuple(queue.id for queue in ticket.added),
            )
        )
        self._fresh.append(ticket)


def _was_there(ticket: TicketRecord, queue_id: QueueId) -> bool:
    """Say whether the ticket is in a queue, or a level moved it away: two must not play ball."""
    book = ticket.book
    return ticket.queue.id == queue_id or (book is not None and queue_id in book.escalated_from)
