"""What each event adds to which counter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from attrs import define, field

from ticketroute.model import events as ev
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.ticket import Channel, TicketPriority
from ticketroute.reporting.backlog import Backlog
from ticketroute.reporting.cells import OVERDUE, TicketCell, TicketKey
from ticketroute.reporting.periods import Periods
from ticketroute.reporting.spans import Spans
from ticketroute.reporting.staff import Staff
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState


@define(eq=False)
class _Ticket:
    queue: QueueId
    channel: Channel
    priority: TicketPriority
    arrived: Instant
    cell: TicketCell
    answered: bool = False
    responded: bool = False
    resolved: bool = False
    done: bool = False
    done_at: Instant = 0
    agent: AgentId | None = None
    last_agent: AgentId | None = None
    since: Instant | None = None  # of the present stretch of work
    worked: Span = 0  # in the present turn, up to that
    wrapping: Instant | None = None  # since when the agent wraps up
    clocks: dict[tuple[int, int], tuple[TicketCell, int]] | None = None


@define(eq=False)
class Counting:
    """Follows tickets and agents through events, and counts.

    ``target`` and ``short`` are spans in milliseconds, ``since`` and ``until`` bound the arrivals
    that count, ``keep_done`` is how long a done ticket is remembered.
    """

    periods: Periods
    staff: Staff
    backlog: Backlog
    spans: Callable[[], Spans]
    target: Span
    short: Span
    since: Instant
    until: Instant
    keep_done: Span
    cells: dict[TicketKey, TicketCell] = field(factory=dict)
    tickets: dict[TicketId, _Ticket] = field(factory=dict)
    _done: deque[tuple[Instant, TicketId]] = field(factory=deque)
    _outside: TicketCell = field(init=False)  # what is not asked about

    def __attrs_post_init__(self) -> None:
        self._outside = TicketCell(self.spans)

    # --- where it counts --------------------------------------------------------------------

    def _cell(
        self, queue: QueueId, channel: Channel, priority: TicketPriority, arrived: Instant
    ) -> TicketCell:
        if not self.since <= arrived < self.until:
            return self._outside
        periods = self.periods
        near = periods.start <= arrived < periods.end
        start = periods.start if near else periods.around(arrived)
        key = (queue, channel, int(priority), start)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = TicketCell(self.spans)
        return cell

    def _moves(
        self,
        ticket: _Ticket,
        *,
        queue: QueueId | None = None,
        priority: TicketPriority | None = None,
    ) -> None:
        """Count a ticket elsewhere from now on, and as offered there unless it was answered."""
        ticket.queue = queue or ticket.queue
        ticket.priority = priority or ticket.priority
        cell = self._cell(ticket.queue, ticket.channel, ticket.priority, ticket.arrived)
        if cell is not ticket.cell and not ticket.answered:
            ticket.cell.offered -= 1
            cell.offered += 1
        ticket.cell = cell

    # --- turns of work ----------------------------------------------------------------------

    def _pause(self, ticket: _Ticket, at: Instant) -> None:
        if ticket.since is not None and ticket.agent is not None:
            ticket.worked += at - ticket.since
            ticket.since = None
            self.staff.works(ticket.agent, at, -1)

    def _end_turn(self, ticket: _Ticket, at: Instant) -> None:
        """Note the handle time of the agent who had the ticket; nobody has it any more."""
        if ticket.agent is None:
            return
        if ticket.since is None:
            agent_cell = self.staff.cell(ticket.agent, at)
        else:
            ticket.worked += at - ticket.since
            ticket.since = None
            agent_cell = self.staff.works(ticket.agent, at, -1)
        ticket.cell.handle.add(ticket.worked)
        agent_cell.handle.add(ticket.worked)
        ticket.agent, ticket.worked = None, 0

    def _leave(self, ticket: _Ticket, event: ev.TicketEvent) -> None:
        """Note that a ticket is done; who had it, if anybody, still shows."""
        at = event.at
        if not ticket.done:
            self.backlog.leaves(ticket.queue, at, waiting=ticket.agent is None)
            ticket.done, ticket.done_at = True, at
            self._done.append((at, event.ticket_id))
        if self._done and self._done[0][0] + self.keep_done < at:
            self._forget(at)

    def _forget(self, at: Instant) -> None:
        """Drop tickets that have been done for longer than they are kept."""
        while self._done and self._done[0][0] + self.keep_done < at:
            done_at, ticket_id = self._done.popleft()
            known = self.tickets.get(ticket_id)
            if known is None or not known.done or known.done_at != done_at:
                continue  # gone, or reopened since; what is done again has a later entry
            if known.wrapping is None:
                del self.tickets[ticket_id]
            else:
                known.done_at = at
                self._done.append((at, ticket_id))

    # --- handlers ---------------------------------------------------------------------------

    def _submitted(self, event: ev.TicketSubmitted) -> None:
        said = event.ticket
        cell = self._cell(event.queue_id, said.channel, said.priority, event.arrived)
        cell.offered += 1
        self.tickets[event.ticket_id] = _Ticket(
            event.queue_id, said.channel, said.priority, event.arrived, cell
        )
        self.backlog.more_open(event.queue_id, event.at)

    def _assigned(self, event: ev.TicketAssigned) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is None:
            return
        if event.queue_id != ticket.queue:
            self._requeue(ticket, event.queue_id, event.at)
        cell, agent_cell = ticket.cell, self.staff.works(event.agent_id, event.at, 1)
        if not ticket.answered:
            ticket.answered = True
            wait = event.at - ticket.arrived
            cell.answered += 1
            cell.waits.add(wait)
            if wait <= self.target:
                cell.in_target += 1
        elif ticket.last_agent != event.agent_id:
            cell.reassigned += 1
            agent_cell.reassigned += 1
        agent_cell.assigned += 1
        ticket.agent = ticket.last_agent = event.agent_id
        ticket.since = event.at
        self.backlog.less_waiting(ticket.queue, event.at)

    def _offered(self, event: ev.TicketOffered) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            ticket.cell.offers += 1
            self.staff.cell(event.agent_id, event.at).offers += 1

    def _declined(self, event: ev.OfferDeclined) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            ticket.cell.declined += 1
            self.staff.cell(event.agent_id, event.at).declined += 1

    def _missed(self, event: ev.OfferExpired) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            ticket.cell.missed += 1
            self.staff.cell(event.agent_id, event.at).missed += 1

    def _released(self, event: ev.TicketReleased) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None and ticket.agent is not None:
            self.staff.cell(ticket.agent, event.at).released += 1
            self._end_turn(ticket, event.at)
            self.backlog.more_waiting(ticket.queue, event.at)

    def _transferred(self, event: ev.TicketTransferred) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            ticket.cell.transfers += 1
            self._requeue(ticket, event.to_queue, event.at)

    def _requeue(self, ticket: _Ticket, queue: QueueId, at: Instant) -> None:
        if not ticket.done:
            self.backlog.moves(ticket.queue, queue, at, waiting=ticket.agent is None)
        self._moves(ticket, queue=queue)

    def _prioritised(self, event: ev.TicketPriorityChanged | ev.TicketRelaxed) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None and event.priority != ticket.priority:
            self._moves(ticket, priority=event.priority)

    def _replied(self, event: ev.TicketReplied) -> None:
        if event.author is not ev.Author.AGENT:
            return
        if event.agent_id is not None:
            self.staff.cell(event.agent_id, event.at).replies += 1
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None and not ticket.responded:
            ticket.responded = True
            ticket.cell.response.add(event.at - ticket.arrived)

    def _held(self, event: ev.TicketHeld) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            self._pause(ticket, event.at)

    def _resumed(self, event: ev.TicketResumed) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None and ticket.since is None:
            ticket.since = event.at
            self.staff.works(event.agent_id, event.at, 1)

    def _resolved(self, event: ev.TicketResolved) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is None:
            return
        cell, at = ticket.cell, event.at
        if not ticket.resolved:
            ticket.resolved = True
            cell.resolution.add(at - ticket.arrived)
        cell.resolved += 1
        if event.agent_id is not None:
            self.staff.cell(event.agent_id, at).resolved += 1
        self._leave(ticket, event)
        if event.wrap_up_until is None or ticket.agent is None:
            self._end_turn(ticket, at)
            return
        ticket.wrapping = at
        if ticket.since is None:
            self.staff.works(ticket.agent, at, 1)
        else:  # the agent goes on without a break
            ticket.worked += at - ticket.since
            ticket.since = None

    def _wrapped_up(self, event: ev.WrapUpEnded) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is None or ticket.wrapping is None or ticket.agent is None:
            return
        length = event.at - ticket.wrapping
        agent_cell, cell = self.staff.works(ticket.agent, event.at, -1), ticket.cell
        cell.wrap_up += length
        agent_cell.wrap_up += length
        worked = ticket.worked + length
        cell.handle.add(worked)
        agent_cell.handle.add(worked)
        ticket.wrapping = ticket.agent = None
        ticket.worked = 0

    def _reopened(self, event: ev.TicketReopened) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is None:
            return
        ticket.cell.reopened += 1
        if ticket.last_agent is not None:
            self.staff.cell(ticket.last_agent, event.at).reopened += 1
        ticket.done = False
        self.backlog.more_open(ticket.queue, event.at)

    def _abandoned(self, event: ev.TicketAbandoned) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is None:
            return
        cell, wait = ticket.cell, event.at - ticket.arrived
        if ticket.answered:
            cell.gave_up_later += 1
        else:
            cell.abandoned += 1
            cell.patience.add(wait)
            if wait < self.short:
                cell.short += 1
            if wait <= self.target:
                cell.left_in_target += 1
        self._leave(ticket, event)
        self._end_turn(ticket, event.at)

    def _merged(self, event: ev.TicketMerged) -> None:
        ticket, other = self.tickets.get(event.ticket_id), self.tickets.get(event.into)
        if ticket is not None:
            ticket.cell.merged += 1
            self._leave(ticket, event)
            self._end_turn(ticket, event.at)
        if other is not None and event.arrived < other.arrived:
            other.arrived = event.arrived
            self._moves(other)

    def _rated(self, event: ev.TicketRated) -> None:
        if event.agent_id is not None:
            agent_cell = self.staff.cell(event.agent_id, event.at)
            agent_cell.ratings += 1
            agent_cell.scores += event.score
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            ticket.cell.ratings += 1
            ticket.cell.scores += event.score

    # --- clocks -----------------------------------------------------------------------------

    def _breached(self, event: sla.ClockBreached) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            self._count_clock(ticket, event, ticket.cell, OVERDUE)

    def _ended(self, event: sla.ClockEnded) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None:
            cell = ticket.cell
            if event.queue_id != ticket.queue:
                cell = self._cell(event.queue_id, ticket.channel, ticket.priority, ticket.arrived)
            self._count_clock(ticket, event, cell, id(event.outcome))

    def _goes_on(self, event: sla.ClockResumed | sla.ClockRetargeted) -> None:
        ticket = self.tickets.get(event.ticket_id)
        if ticket is not None and ticket.clocks:
            known = ticket.clocks.get((id(event.metric), event.cycle))
            if known is not None and known[1] != OVERDUE:
                was_missed = known[1] == id(ClockState.MISSED)
                self._count_clock(ticket, event, ticket.cell, OVERDUE if was_missed else None)

    def _count_clock(
        self, ticket: _Ticket, event: sla.ClockEvent, cell: TicketCell, state: int | None
    ) -> None:
        # fast: ADR 77; words are single objects, and their own hash is slow in Python 3.11
        metric, clocks = id(event.metric), ticket.clocks
        key = (metric, event.cycle)
        if clocks is None:
            clocks = ticket.clocks = {}
        else:
            known = clocks.pop(key, None)
            if known is not None:
                before, was = known
                before.clocks[metric, was] -= 1
        if state is not None:
            counts = cell.clocks
            try:
                counts[metric, state] += 1
            except KeyError:
                counts[metric, state] = 1
            clocks[key] = (cell, state)

    # --- the staff --------------------------------------------------------------------------

    def _joined(self, event: ev.AgentAdded) -> None:
        self.staff.join(event.agent.id, event.presence, event.agent.shift, event.at)

    def table(self) -> dict[type, Callable[[Any], None]]:
        """Return what counts each class of event."""
        staff = self.staff
        return {
            ev.TicketSubmitted: self._submitted,
            ev.TicketAssigned: self._assigned,
            ev.TicketOffered: self._offered,
            ev.OfferDeclined: self._declined,
            ev.OfferExpired: self._missed,
            ev.TicketReleased: self._released,
            ev.TicketTransferred: self._transferred,
            ev.TicketPriorityChanged: self._prioritised,
            ev.TicketRelaxed: self._prioritised,
            ev.TicketReplied: self._replied,
            ev.TicketHeld: self._held,
            ev.TicketResumed: self._resumed,
            ev.TicketResolved: self._resolved,
            ev.WrapUpEnded: self._wrapped_up,
            ev.TicketReopened: self._reopened,
            ev.TicketAbandoned: self._abandoned,
            ev.TicketMerged: self._merged,
            ev.TicketRated: self._rated,
            sla.ClockBreached: self._breached,
            sla.ClockEnded: self._ended,
            sla.ClockResumed: self._goes_on,
            sla.ClockRetargeted: self._goes_on,
            ev.AgentAdded: self._joined,
            ev.AgentChanged: lambda e: staff.change_shift(e.agent.id, e.agent.shift, e.at),
            ev.AgentRemoved: lambda e: staff.leave(e.agent_id, e.at),
            ev.PresenceChanged: lambda e: staff.presence(e.agent_id, e.presence, e.at),
            sla.ShiftStarted: lambda e: staff.shift(e.agent_id, e.at, on=True),
            sla.ShiftEnded: lambda e: staff.shift(e.agent_id, e.at, on=False),
            sla.CalendarSet: lambda e: staff.set_calendar(
                e.calendar_id, e.calendar, e.effective_from, e.at
            ),
        }
