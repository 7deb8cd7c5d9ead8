"""What time alone does: each timer that falls due becomes events."""

from __future__ import annotations

from ticketroute.core.escalating import Escalating
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.core.store import next_step, skills_of
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import MISSED
from ticketroute.model.queue import Departure
from ticketroute.model.relaxation import asked_less
from ticketroute.model.ticket import LIVE_CHANNELS, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.policy import Metric


class Waking(Escalating):
    """What wakes up when its instant has come."""

    def _fire(self, timer: Timer, at: Instant) -> None:
        """Let what was due happen: each timer's event ends or moves that timer."""
        agents, tickets = self._state.roster.agents, self._state.tickets
        time = ev.Cause.TIME
        match timer.kind:
            case TimerKind.WRAP_UP:
                ticket_id, agent_id = TicketId(timer.detail), AgentId(timer.subject)
                self._record(
                    ev.WrapUpEnded(at=at, cause=time, agent_id=agent_id, ticket_id=ticket_id)
                )
            case TimerKind.RATE_LIMIT:
                self._record(ev.RateLimitLifted(at=at, cause=time, agent_id=AgentId(timer.subject)))
            case TimerKind.COOL_DOWN:
                self._record(ev.CoolDownEnded(at=at, cause=time, agent_id=AgentId(timer.subject)))
            case TimerKind.GRACE:
                self._end_grace(agents[AgentId(timer.subject)], at)
            case TimerKind.SHIFT:
                self._change_shift(agents[AgentId(timer.subject)], at)
            case TimerKind.CLOCK:
                self._strike(tickets[TicketId(timer.subject)], Metric(timer.detail), at)
            case TimerKind.OFFER:
                ticket = tickets[TicketId(timer.subject)]
                self._expire(ticket, agents[AgentId(timer.detail)], at)
            case _:
                self._wake(timer.kind, tickets[TicketId(timer.subject)], timer.detail, at)

    def _wake(self, kind: TimerKind, ticket: TicketRecord, detail: str, at: Instant) -> None:
        """Let a ticket move on whose time has come."""
        time = ev.Cause.TIME
        match kind:
            case TimerKind.RETRY:
                self._record(
                    ev.RetryAllowed(
                        at=at, cause=time, ticket_id=ticket.id, agent_id=AgentId(detail)
                    )
                )
                self._fresh.append(ticket)
            case TimerKind.RING:
                wanted = max(1, ticket.past.wanted) + 1
                self._record(ev.RingWidened(at=at, cause=time, ticket_id=ticket.id, wanted=wanted))
                self._fresh.append(ticket)
            case TimerKind.RESERVE:
                self._record(ev.ReserveEnded(at=at, cause=time, ticket_id=ticket.id))
                self._fresh.append(ticket)
            case TimerKind.RELAX:
                self._relax(ticket, at)
            case TimerKind.RESPOND if ticket.past.hops < ticket.queue.queue.max_hops:
                self._release((ticket,), cause=ev.Cause.SILENT, at=at, by=None)
            case TimerKind.RESPOND:
                self._record(
                    ev.TicketEscalated(
                        at=at, cause=ev.Cause.SILENT, ticket_id=ticket.id, hops=ticket.past.hops
                    )
                )
            case TimerKind.IDLE:
                self._record(
                    ev.TicketHeld(
                        at=at,
                        cause=ev.Cause.SILENT,
                        ticket_id=ticket.id,
                        status=ev.HoldStatus.PENDING,
                    )
                )

    def _end_grace(self, record: AgentRecord, at: Instant) -> None:
        self._record(ev.GraceEnded(at=at, cause=ev.Cause.TIME, agent_id=record.id))
        leaving = (
            ticket
            for ticket in self._held_by(record)
            if ticket.state is RoutingState.ASSIGNED and _departs(ticket)
        )
        self._release(leaving, cause=ev.Cause.DEPARTED, at=at, by=None)

    def _change_shift(self, record: AgentRecord, at: Instant) -> None:
        """Let an agent's shift begin or end; who leaves is asked nothing any more."""
        if record.rare.on_shift:
            self._record(sla.ShiftEnded(at=at, cause=ev.Cause.TIME, agent_id=record.id))
            self._withdraw_from(record, at=at)
        else:
            self._record(sla.ShiftStarted(at=at, cause=ev.Cause.TIME, agent_id=record.id))

    def _expire(self, ticket: TicketRecord, record: AgentRecord, at: Instant) -> None:
        """Let an offer expire; too many in a row, and the agent is taken for away."""
        policy = (ticket.offers or {})[record.id].queue.queue.offer
        cool = policy.cool_down.get(MISSED)
        self._record(
            ev.OfferExpired(
                at=at,
                cause=ev.Cause.TIME,
                ticket_id=ticket.id,
                agent_id=record.id,
                misses=record.rare.misses + 1,
                retry_at=at + policy.retry_missed_after,
                cool_until=None if cool is None else at + cool,
            )
        )
        self._fresh.append(ticket)
        if record.rare.misses >= policy.max_misses:
            self._record(
                ev.PresenceChanged(
                    at=at,
                    cause=ev.Cause.MISSED,
                    agent_id=record.id,
                    presence=Presence.AWAY,
                    reason="missed_offers",
                )
            )
            self._withdraw_from(record, at=at)

    def _relax(self, ticket: TicketRecord, at: Instant) -> None:
        """Take the next step of the schedule of a ticket that waits."""
        step = next_step(ticket)
        assert step is not None  # whatever shortens the schedule moves the timer
        roster = self._state.roster
        added = ticket.added
        if step.add_queue is not None and step.add_queue in roster.queues:
            added = tuple(dict.fromkeys((*added, roster.queues[step.add_queue])))
        skills = asked_less(skills_of(ticket), lower=step.lower, drop=step.drop)
        priority = ticket.priority if step.priority is None else min(ticket.priority, step.priority)
        self._record(
            ev.TicketRelaxed(
                at=at,
                cause=ev.Cause.TIME,
                ticket_id=ticket.id,
                step=ticket.past.relaxed + 1,
                skills=read_only(skills),
                reach=step.reach or ticket.asks.reach,
                priority=TicketPriority(priority),
                added=tuple(queue.id for queue in added if queue is not ticket.queue),
            )
        )
        if step.move_to is not None and step.move_to in roster.queues:
            self._recall(ticket, ev.Cause.WIDENED, at=at)
            self._record(
                ev.TicketTransferred(
                    at=at,
                    cause=ev.Cause.WIDENED,
                    ticket_id=ticket.id,
                    from_queue=ticket.queue.id,
                    to_queue=step.move_to,
                    arrived=ticket.arrived,
                )
            )
        self._fresh.append(ticket)


def _departs(ticket: TicketRecord) -> bool:
    """Say whether the ticket leaves an agent who stayed away for longer than the grace."""
    policy = ticket.queue.queue.departure
    if policy is None:
        return ticket.ticket.channel in LIVE_CHANNELS
    return policy is Departure.REQUEUE
