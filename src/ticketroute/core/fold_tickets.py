"""The fold of events about the life of a ticket."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core import lines
from ticketroute.core.fold_clocks import ClockFold
from ticketroute.core.records import AgentRecord, TicketRecord, new_ticket
from ticketroute.core.store import asks_in, holds_slot, next_step
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.reasons import Reason

_AVAILABLE = Presence.AVAILABLE


class TicketFold(ClockFold):
    """Lets it have happened."""

    def on_submitted(self, event: ev.TicketSubmitted) -> None:
        queue = self.roster.queues[event.queue_id]
        self.submitted += 1
        queue.open_tickets += 1
        given = event.ticket
        ticket = self.tickets[event.ticket_id] = new_ticket(
            id=event.ticket_id,
            ticket=given,
            queue=queue,
            arrived=event.arrived,
            ordinal=self.submitted,
            priority=given.priority,
            asks=asks_in(queue, given),
            waiting_since=event.at,
            due=given.due,
        )
        if self.agreements:
            self._open_book(ticket, event.arrived)
        if queue.queue.relaxations:
            self._time_relaxation(ticket)

    def on_queued(self, event: ev.TicketQueued) -> None:
        ticket = self._step(event)
        ticket.wait_reason = event.reason
        self._enter_lines(ticket)
        step = next_step(ticket)
        if step is not None and step.skip_wait and event.reason in ev.NOBODY_THERE:
            self.timers.set(Timer(TimerKind.RELAX, ticket.id), event.at)

    def on_assigned(self, event: ev.TicketAssigned) -> None:
        ticket = self._step(event, type(event))
        record, queue = self.roster.agents[event.agent_id], self.roster.queues[event.queue_id]
        if ticket.offers:  # accepted: any other was withdrawn before
            if record.rare.misses:
                record.own.misses = 0
            self._end_offer(ticket, event)
        elif ticket.entries:
            queue.handed.append(event.at)
        self._end_wait(ticket)
        if event.cause in ev.BY_STRATEGY:
            queue.strategy.offered(event.agent_id)
        if event.draws:
            self.chance.spend(len(event.draws))
        self.assigned += 1
        if queue is not ticket.queue:
            self._move_to(ticket, queue)
        ticket.agent, ticket.last_agent_id = record, event.agent_id
        if ticket.past.came_from is not None:
            ticket.past = evolve(ticket.past, came_from=None)
        ticket.cost, ticket.since, ticket.assignment = event.cost, event.at, event
        if ticket.book is not None:
            ticket.book.handed = True
        if ticket.ticket.requester is not None:
            self.last_agent_of[ticket.ticket.requester] = event.agent_id
        record.last_assigned = self.assigned
        self._start_work(ticket, record, event.at)

    def _start_work(self, ticket: TicketRecord, record: AgentRecord, at: Instant) -> None:
        """Let an agent begin with a ticket, which has not been theirs."""
        if record.rare.rate_limit is not None or self.roster.windows:
            self.roster.note_taken(record, at)
        self.roster.take_slot(record, ticket)
        if ticket.queue.timed:
            self._time_answer(ticket, at)
            self._time_silence(ticket, at)
        if record.rare.rate_limit is not None:
            self._time_rate_limit(record)
        if record.presence is not _AVAILABLE or not record.rare.on_shift:  # forced upon them
            self._time_grace(record, at)

    def on_released(self, event: ev.TicketReleased) -> None:
        ticket = self._step(event, type(event))
        record = ticket.agent
        self._leave_agent(ticket, event.at)
        self._end_wait(ticket)
        self._start_wait(ticket, event.at)
        if event.cause is ev.Cause.RESUMED:
            ticket.past = evolve(ticket.past, came_from=event.agent_id)
        if event.cause is ev.Cause.SILENT:
            ticket.past = evolve(ticket.past, hops=ticket.past.hops + 1)
        if event.cause in (ev.Cause.SILENT, ev.Cause.ESCALATED) and record is not None:
            ticket.past = evolve(ticket.past, silent=(*ticket.past.silent, record.id))
            queue = ticket.queue.queue  # who was silent for so long is left out for so long
            retry_at = event.at + (queue.respond_within or queue.offer.retry_missed_after)
            for agent_id in ticket.past.silent:
                silent = self.roster.agents.get(agent_id)
                if silent is not None:
                    self._note_tried(ticket, silent, Reason.MISSED, retry_at)

    def on_transferred(self, event: ev.TicketTransferred) -> None:
        ticket = self._step(event)
        self._leave_line(ticket)
        old = ticket.queue
        self._end_conversation(ticket)
        if ticket.state is RoutingState.WAITING:
            self._end_wait(ticket)
        self._move_to(ticket, self.roster.queues[event.to_queue])
        ticket.arrived = event.arrived
        if ticket.book is not None and ticket.queue is not old:
            ticket.book.queued = event.at
            if event.cause is ev.Cause.ESCALATED:
                ticket.book.escalated_from |= {event.from_queue}
        if ticket.agent is not None and holds_slot(ticket.agent, ticket):
            self.roster.move_slot(ticket.agent, ticket, old)
        if ticket.state is RoutingState.PARKED:
            self._recount_parked(ticket)
        if ticket.state is RoutingState.WAITING:
            self._start_wait(ticket, event.at)
        elif ticket.state is RoutingState.ASSIGNED:
            self._time_answer(ticket, event.at)
            self._time_silence(ticket, event.at)

    def on_replied(self, event: ev.TicketReplied) -> None:
        if event.author in (ev.Author.AUTOMATION, ev.Author.NOTE):
            return
        ticket = self._step(event, event.author)
        if ticket.book is not None:
            ticket.book.note_message(event.author, event.at)
        if event.author is ev.Author.AGENT:
            ticket.past = evolve(ticket.past, answered=True, hops=0, silent=())
            self.timers.cancel(Timer(TimerKind.RESPOND, ticket.id))
        elif ticket.state is RoutingState.ASSIGNED:
            self._time_answer(ticket, event.at)
        self._time_silence(ticket, event.at)

    def on_held(self, event: ev.TicketHeld) -> None:
        ticket = self._step(event, event.status)
        self._end_wait(ticket)
        self._end_conversation(ticket)
        record = ticket.agent
        if record is not None and ticket.since is not None:
            self.roster.note_handled(record, event.at - ticket.since, event.at)
            ticket.since = None
            if ticket.queue.queue.parked_counts:
                self.roster.reindex(record)
            else:
                self._park(record, ticket)

    def on_resumed(self, event: ev.TicketResumed) -> None:
        ticket = self._step(event, type(event))
        record = self.roster.agents[event.agent_id]
        ticket.since = event.at
        if not holds_slot(record, ticket):
            self._unpark(record, ticket, event.cost)
        elif event.cost != ticket.cost:  # what the channel costs the agent changed meanwhile
            self.roster.free_slot(record, ticket)
            ticket.cost = event.cost
            self.roster.take_slot(record, ticket)
        self._time_answer(ticket, event.at)
        self._time_silence(ticket, event.at)
        self._time_grace(record, event.at)

    def on_resolved(self, event: ev.TicketResolved) -> None:
        ticket = self._step(event, type(event))
        if event.wrap_up_until is None:
            self._finish(ticket, event.at)
        else:
            ticket.queue.open_tickets -= 1
            self._start_wrap_up(ticket, event.at, event.wrap_up_until)

    def on_wrap_up_ended(self, event: ev.WrapUpEnded) -> None:
        ticket = self.tickets[event.ticket_id]
        self.timers.cancel(Timer(TimerKind.WRAP_UP, event.agent_id, event.ticket_id))
        ticket.wrap_up_until = None
        self._leave_agent(ticket, event.at)

    def on_closed(self, event: ev.TicketClosed) -> None:
        self._step(event, type(event))

    def on_reopened(self, event: ev.TicketReopened) -> None:
        ticket = self._step(event, type(event))
        ticket.past = evolve(ticket.past, came_from=ticket.last_agent_id)
        ticket.queue = self.roster.queues[ticket.queue.id]  # it may have closed and opened again
        ticket.queue.open_tickets += 1
        if self.agreements and ticket.book is None:  # resolved before the first policy
            self._open_book(ticket, event.at)
            if ticket.book is not None and event.cause is ev.Cause.REPLIED:
                ticket.book.note_message(ev.Author.REQUESTER, event.at)
        self._start_wait(ticket, event.at)

    def on_abandoned(self, event: ev.TicketAbandoned) -> None:
        self._finish(self._step(event, type(event)), event.at)

    def on_merged(self, event: ev.TicketMerged) -> None:
        ticket = self._step(event, type(event))
        ticket.past = evolve(ticket.past, merged_into=event.into)
        self._finish(ticket, event.at)
        other = self.tickets[event.into]
        other.version += 1
        other.arrived = event.arrived
        lines.move(other)

    def on_priority_changed(self, event: ev.TicketPriorityChanged) -> None:
        ticket = self._step(event)
        ticket.priority = event.priority
        lines.move(ticket)

    def on_rated(self, event: ev.TicketRated) -> None:
        ticket = self._step(event)
        ticket.past = evolve(ticket.past, score=event.score)
