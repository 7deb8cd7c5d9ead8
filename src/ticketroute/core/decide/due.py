"""What time alone does: one function for each kind of timer, and a table.

All timers of an instant fire before anything is handed out: kinds in the order of ``TimerKind``,
tickets in the order in which they were submitted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from heapq import heappop, heappush

from attrs import define

from ticketroute.core.decide import moves
from ticketroute.core.decide.escalations import strike
from ticketroute.core.facts import held_by, next_relaxation, skills_of
from ticketroute.core.index.timers import Timer, TimerKind
from ticketroute.core.records import AgentRecord, TicketRecord
from ticketroute.core.state import State
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import read_only
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import MISSED
from ticketroute.model.queue import Departure
from ticketroute.model.relaxation import asked_less
from ticketroute.model.ticket import LIVE_CHANNELS, TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.policy import Metric

_TIME, _SILENT = ev.Cause.TIME, ev.Cause.SILENT

_Rank = tuple[int, int, str, Timer]


@define
class Firing:
    """How far the timers of an instant are: ``inside`` one of them, or between two."""

    inside: bool = False


def fire_all(
    state: State, at: Instant, *, told: Instant, firing: Firing
) -> Generator[ev.Event, None, None]:
    """Fire everything due at ``at``, what falls due meanwhile included.

    ``told`` is the instant that time is to reach in this call: how late the host is. What fails
    between two timers, as ``firing`` tells, leaves those that are not done to fire again.
    """
    timers, due = state.timers, list[_Rank]()
    gone: dict[AgentRecord, None] = {}  # who missed too many offers in a row
    try:
        for timer in timers.take(at):
            heappush(due, _rank(state, timer))
        while due or gone:
            firing.inside = bool(gone)
            if gone and (not due or due[0][0] > TimerKind.OFFER):
                for agent in gone:
                    yield from _give_up(state, agent, at)
                gone.clear()
                continue
            timer = due[0][-1]
            if timers.due_of(timer) == at:  # else what fired before cancelled or moved it
                if timer.kind is TimerKind.CLOCK:
                    ticket, metric = state.tickets[timer.subject], Metric(timer.detail)
                    struck = strike(state, ticket, metric, at, late_by=told - at)
                    first = next(struck)  # the host's permits are asked before it
                    firing.inside = True
                    yield first
                    yield from struck
                elif timer.kind is TimerKind.OFFER:
                    firing.inside = True
                    missed = yield from _expire(state, timer, at)
                    gone |= {} if missed is None else {missed: None}
                else:
                    firing.inside = True
                    yield from _FIRE[timer.kind](state, timer, at)
            heappop(due)
            timers.put_back([timer])
            for timer in timers.take(at):
                heappush(due, _rank(state, timer))
    except BaseException:  # what was taken and did not fire is as due as before
        timers.renew()
        raise


def _rank(state: State, timer: Timer) -> _Rank:
    """Return the order of timers of one instant: by kind, then by ticket as submitted."""
    kind, subject, detail = timer
    if kind in _OF_AGENTS:
        return (kind, 0, subject, timer)
    ticket_id, other = (detail, subject) if kind is TimerKind.WRAP_UP else (subject, detail)
    return (kind, state.tickets[ticket_id].ordinal, other, timer)


_OF_AGENTS = (TimerKind.SHIFT, TimerKind.RATE_LIMIT, TimerKind.COOL_DOWN, TimerKind.GRACE)


# --- agents -----------------------------------------------------------------------------------


def _change_shift(state: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    """Begin or end an agent's shift; whoever leaves loses their open offers."""
    agent = state.roster.agents[timer.subject]
    if agent.rare.on_shift:
        yield sla.ShiftEnded(at=at, cause=_TIME, agent_id=agent.id)
        yield from moves.withdraw_from(state, agent, at=at)
    else:
        yield sla.ShiftStarted(at=at, cause=_TIME, agent_id=agent.id)


def _end_wrap_up(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.WrapUpEnded(at=at, cause=_TIME, agent_id=timer.subject, ticket_id=timer.detail)


def _lift_rate_limit(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.RateLimitLifted(at=at, cause=_TIME, agent_id=timer.subject)


def _end_cool_down(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.CoolDownEnded(at=at, cause=_TIME, agent_id=timer.subject)


def _end_grace(state: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    """Release the tickets that do not wait for an agent who stayed away."""
    agent = state.roster.agents[timer.subject]
    yield ev.GraceEnded(at=at, cause=_TIME, agent_id=agent.id)
    leaving = [
        ticket
        for ticket in held_by(agent)
        if ticket.state is RoutingState.ASSIGNED and _departs(ticket)
    ]
    yield from moves.release_all(leaving, ev.Cause.DEPARTED, at=at, by=None)


def _departs(ticket: TicketRecord) -> bool:
    """Return whether the ticket leaves an agent who stayed away for longer than the grace."""
    policy = ticket.queue.terms.departure
    if policy is None:
        return ticket.terms.channel in LIVE_CHANNELS
    return policy is Departure.REQUEUE


# --- offers -----------------------------------------------------------------------------------


def _expire(
    state: State, timer: Timer, at: Instant
) -> Generator[ev.Event, None, AgentRecord | None]:
    """Expire an offer; return the agent if they have missed too many in a row.

    Offers that overlapped in time and all expired are one miss.
    """
    ticket, agent = state.tickets[timer.subject], state.roster.agents[timer.detail]
    offer = (ticket.offers or {})[agent.id]
    policy, rare = offer.queue.terms.offer, agent.rare
    is_new = rare.missed_at is None or offer.event.at >= rare.missed_at
    cool = policy.cool_down.get(MISSED)
    yield ev.OfferExpired(
        at=at,
        cause=_TIME,
        ticket_id=ticket.id,
        agent_id=agent.id,
        misses=rare.misses + is_new,
        retry_at=at + offer.queue.retry_missed_after,
        cool_until=None if cool is None else at + cool,
    )
    return agent if agent.rare.misses >= policy.max_misses else None


def _give_up(state: State, agent: AgentRecord, at: Instant) -> Iterator[ev.Event]:
    """Take an agent who missed too many offers in a row for away."""
    yield ev.PresenceChanged(
        at=at,
        cause=ev.Cause.MISSED,
        agent_id=agent.id,
        presence=Presence.AWAY,
        reason="missed_offers",
    )
    yield from moves.withdraw_from(state, agent, at=at)


def _allow_retry(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.RetryAllowed(at=at, cause=_TIME, ticket_id=timer.subject, agent_id=timer.detail)


def _widen_ring(state: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    wanted = max(1, state.tickets[timer.subject].past.wanted) + 1
    yield ev.RingWidened(at=at, cause=_TIME, ticket_id=timer.subject, wanted=wanted)


# --- waiting ----------------------------------------------------------------------------------


def _end_reservation(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.ReserveEnded(at=at, cause=_TIME, ticket_id=timer.subject)


def _relax(state: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield from relax(state, state.tickets[timer.subject], at)


def relax(state: State, ticket: TicketRecord, at: Instant) -> Iterator[ev.Event]:
    """Take the next step of the schedule of a searching ticket."""
    step = next_relaxation(ticket)
    assert step is not None  # whatever shortens the schedule moves the timer
    queues, added = state.roster.queues, ticket.added
    if step.add_queue is not None and step.add_queue in queues:
        added = tuple(dict.fromkeys((*added, queues[step.add_queue])))
    skills = asked_less(skills_of(ticket), lower=step.lower, drop=step.drop)
    priority = ticket.priority if step.priority is None else min(ticket.priority, step.priority)
    yield ev.TicketRelaxed(
        at=at,
        cause=_TIME,
        ticket_id=ticket.id,
        step=ticket.past.relaxed + 1,
        skills=read_only(skills),
        reach=step.reach or ticket.asks.reach,
        priority=TicketPriority(priority),
        added=tuple([queue.id for queue in added if queue is not ticket.queue]),
    )
    if step.move_to is not None and step.move_to in queues:
        yield from moves.recall(ticket, ev.Cause.WIDENED, at=at)
        target = queues[step.move_to]
        yield moves.transferred(ticket, target, ticket.arrived, ev.Cause.WIDENED, at=at)


def _want_room(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.RoomWanted(at=at, cause=_TIME, ticket_id=timer.subject)


# --- work -------------------------------------------------------------------------------------


def _end_silence(state: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    """Take a ticket from an agent who did not answer, or escalate it."""
    ticket = state.tickets[timer.subject]
    if ticket.past.hops < ticket.queue.terms.max_hops:
        yield moves.release(ticket, _SILENT, at=at, by=None)
    else:
        yield ev.TicketEscalated(at=at, cause=_SILENT, ticket_id=ticket.id, hops=ticket.past.hops)


def _hold_idle(_: State, timer: Timer, at: Instant) -> Iterator[ev.Event]:
    yield ev.TicketHeld(at=at, cause=_SILENT, ticket_id=timer.subject, status=ev.HoldStatus.PENDING)


_FIRE: dict[TimerKind, Callable[[State, Timer, Instant], Iterator[ev.Event]]] = {
    TimerKind.SHIFT: _change_shift,
    TimerKind.WRAP_UP: _end_wrap_up,
    TimerKind.RATE_LIMIT: _lift_rate_limit,
    TimerKind.COOL_DOWN: _end_cool_down,
    TimerKind.RETRY: _allow_retry,
    TimerKind.RING: _widen_ring,
    TimerKind.RESERVE: _end_reservation,
    TimerKind.RELAX: _relax,
    TimerKind.HOLD_ROOM: _want_room,
    TimerKind.RESPOND: _end_silence,
    TimerKind.IDLE: _hold_idle,
    TimerKind.GRACE: _end_grace,
}
