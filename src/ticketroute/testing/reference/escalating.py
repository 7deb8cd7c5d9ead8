"""What time does to clocks and shifts: warnings, breaches, levels and what they do."""

from __future__ import annotations

from typing import Any

from ticketroute.model import events as ev
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.policy import Escalation, Metric
from ticketroute.testing.reference.clocks import BREACH, WARNING
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.passing import Passing
from ticketroute.testing.reference.timers import Due, Kind


class Escalating(Passing):
    """Clocks come by their marks, and shifts begin and end."""

    def fire(self, due: Due) -> None:
        """Let one thing happen that time brings."""
        match due.kind:
            case Kind.SHIFT:
                self.change_shift(AgentId(due.subject), due.at)
            case Kind.CLOCK:
                self.strike(self.tickets[TicketId(due.subject)], Metric(due.detail), due.at)
            case _:
                super().fire(due)

    def change_shift(self, agent_id: AgentId, at: int) -> None:
        """Let a shift begin or end; who leaves is asked nothing any more."""
        if self.agents[agent_id].on_shift:
            self.record(sla.ShiftEnded(at=at, cause=ev.Cause.TIME, agent_id=agent_id))
            self.withdraw_from(agent_id, at)
        else:
            self.record(sla.ShiftStarted(at=at, cause=ev.Cause.TIME, agent_id=agent_id))

    def strike(self, ticket: TicketFacts, metric: Metric, at: int) -> None:
        """Let a clock come by its next mark."""
        assert ticket.book is not None
        clock = ticket.book.clocks[metric][-1]
        mark = clock.next_mark()
        assert mark is not None
        told: dict[str, Any] = {
            "at": at,
            "cause": ev.Cause.TIME,
            "ticket_id": ticket.id,
            "metric": metric,
            "cycle": clock.cycle,
            "due": self.clock_due(ticket.book, clock),
            "late_by": self.reaching - at,
        }
        if mark.kind == WARNING:
            self.record(sla.ClockWarned(**told, share=mark.number))
        elif mark.kind == BREACH:
            self.record(sla.ClockBreached(**told, within=clock.within))
        else:
            level = clock.target.escalations[mark.number]
            self.record(
                sla.ClockEscalated(
                    **told,
                    level=mark.number,
                    policy_id=clock.policy_id,
                    version=clock.version,
                    notify=level.notify,
                )
            )
            self.escalate(ticket, level, at)

    def escalate(self, ticket: TicketFacts, level: Escalation, at: int) -> None:
        """Do what a level says, in the order in which its fields stand."""
        cause = ev.Cause.ESCALATED
        if level.priority is not None and level.priority < ticket.priority:
            self.record(
                ev.TicketPriorityChanged(
                    at=at, cause=cause, ticket_id=ticket.id, priority=level.priority
                )
            )
        assert ticket.book is not None
        seen = {ticket.queue.queue.id, *ticket.book.escalated_from}
        if level.move_to is not None and level.move_to not in seen:
            self.recall(ticket, cause, at)
            self.move(ticket, self.queues[level.move_to], ticket.arrived, cause, at, None)
        if level.reassign and ticket.state is RoutingState.ASSIGNED:
            self.release_all([ticket], cause, at)
        skills = {
            skill: min(least, level.lower.get(skill, least))
            for skill, least in ticket.skills.items()
            if skill not in level.drop
        }
        searches = ticket.state in (RoutingState.WAITING, RoutingState.OFFERED)
        if searches and skills != ticket.skills:
            self.record(
                ev.TicketRelaxed(
                    at=at,
                    cause=cause,
                    ticket_id=ticket.id,
                    step=ticket.relaxed,
                    skills=read_only(skills),
                    reach=ticket.reach,
                    priority=TicketPriority(ticket.priority),
                    added=tuple(queue.queue.id for queue in ticket.added),
                )
            )
            self.fresh.append(ticket)
