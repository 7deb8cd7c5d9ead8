"""The fold of events about the desk and who serves it."""

from __future__ import annotations

from attrs import evolve

from ticketroute.core import lines
from ticketroute.core.fold_clocks import ClockFold
from ticketroute.core.records import TicketRecord
from ticketroute.core.store import is_gone
from ticketroute.core.timers import Timer, TimerKind
from ticketroute.model import events as ev
from ticketroute.model.agent import Presence
from ticketroute.model.frozen import EMPTY
from ticketroute.model.instants import Instant
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.queue import Queue
from ticketroute.strategies import registry


class StaffFold(ClockFold):
    """Lets it have happened."""

    def on_desk_opened(self, event: ev.DeskOpened) -> None:
        self.gate.defaults = event.defaults
        self.opened = True

    def on_defaults_changed(self, event: ev.DefaultsChanged) -> None:
        self.roster.describe_all(event.defaults, event.at)
        for record in self.roster.agents.values():
            self._time_rate_limit(record)

    def on_queue_added(self, event: ev.QueueAdded) -> None:
        bare = evolve(event.queue, members=EMPTY)
        strategy = registry.create(bare.strategy, source=self.chance)
        self.roster.add_queue(event.queue, bare, strategy)

    def on_queue_changed(self, event: ev.QueueChanged) -> None:
        record = self.roster.queues[event.queue.id]
        before: Queue = record.queue
        swapped = event.queue.strategy != before.strategy
        strategy = registry.create(event.queue.strategy, source=self.chance) if swapped else None
        self.roster.change_queue(record, event.queue, strategy)
        if event.queue.order != before.order:
            lines.reorder(record)
        if swapped or waits_of(event.queue) != waits_of(before):
            for ticket in self.tickets.values():
                if ticket.queue is record:
                    counts_anew = swapped or event.queue.offer != before.offer
                    if ticket.offers and counts_anew:  # how many more to ask
                        self._leave_line(ticket)
                    self._retime(ticket, before, event.at)

    def _retime(self, ticket: TicketRecord, before: Queue, at: Instant) -> None:
        """Let a ticket go by the spans that its queue has now; those unchanged run on."""
        queue = ticket.queue.queue
        if queue.relaxations != before.relaxations:
            self._time_relaxation(ticket)
        if queue.respond_within != before.respond_within:
            timer = Timer(TimerKind.RESPOND, ticket.id)
            awaited = timer in self.timers
            if before.respond_within is None:
                awaited = ticket.status is not Status.ANSWERED
            self.timers.cancel(timer)
            if awaited and ticket.state is RoutingState.ASSIGNED:
                self._time_answer(ticket, at)
        if queue.idle_after != before.idle_after:
            self.timers.cancel(Timer(TimerKind.IDLE, ticket.id))
            self._time_silence(ticket, at)
        if ticket.state is RoutingState.PARKED:
            self._recount_parked(ticket)

    def on_queue_removed(self, event: ev.QueueRemoved) -> None:
        self.roster.remove_queue(self.roster.queues[event.queue_id])

    def on_agent_added(self, event: ev.AgentAdded) -> None:
        self.roster.add_agent(event.agent, event.presence, event.reason, event.at)
        self._time_shift(self.roster.agents[event.agent.id], event.at)

    def on_agent_changed(self, event: ev.AgentChanged) -> None:
        record = self.roster.agents[event.agent.id]
        shift = record.agent.shift
        self.roster.change_agent(record, event.agent, event.at)
        if event.agent.shift != shift:
            self._time_shift(record, event.at)
        self._time_rate_limit(record)

    def on_agent_removed(self, event: ev.AgentRemoved) -> None:
        self.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))
        self.timers.cancel(Timer(TimerKind.RATE_LIMIT, event.agent_id))
        self.timers.cancel(Timer(TimerKind.COOL_DOWN, event.agent_id))
        self.timers.cancel(Timer(TimerKind.SHIFT, event.agent_id))
        record = self.roster.agents[event.agent_id]
        for ticket in list(record.rare.tried.values()):
            self._leave_line(ticket)
            self._forget_tried(ticket, event.agent_id)
        self.roster.remove_agent(self.roster.agents[event.agent_id])

    def on_member_added(self, event: ev.MemberAdded) -> None:
        queue = self.roster.queues[event.queue_id]
        self.roster.add_member(queue, event.agent_id, event.membership)

    def on_member_changed(self, event: ev.MemberChanged) -> None:
        member = self.roster.queues[event.queue_id].members[event.agent_id]
        self.roster.change_member(member, event.membership)

    def on_member_removed(self, event: ev.MemberRemoved) -> None:
        self.roster.end_membership(self.roster.queues[event.queue_id].members[event.agent_id])

    def on_members_ordered(self, event: ev.MembersOrdered) -> None:
        self.roster.order_members(self.roster.queues[event.queue_id], event.order)

    def on_presence_changed(self, event: ev.PresenceChanged) -> None:
        record = self.roster.agents[event.agent_id]
        came_back = (
            event.presence is Presence.AVAILABLE and record.presence is not Presence.AVAILABLE
        )
        self.roster.set_presence(record, event.presence, event.reason, event.at)
        if came_back:
            if record.rare.misses:
                record.own.misses = 0
            for ticket in list(record.rare.tried.values()):
                self._leave_line(ticket)
                self._forget_tried(ticket, event.agent_id)
        if not is_gone(record):
            self.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))
        self._time_grace(record, event.at)

    def on_channel_switched(self, event: ev.ChannelSwitched) -> None:
        record = self.roster.agents[event.agent_id]
        self.roster.switch_channel(record, event.channel, on=event.on)

    def on_grace_ended(self, event: ev.GraceEnded) -> None:
        self.timers.cancel(Timer(TimerKind.GRACE, event.agent_id))

    def on_rate_limit_lifted(self, event: ev.RateLimitLifted) -> None:
        record = self.roster.agents[event.agent_id]
        self.roster.trim_rate(record, event.at)
        self._time_rate_limit(record)
        self.roster.refit(record)


def waits_of(queue: Queue) -> tuple[object, ...]:
    """Return what a change of a queue changes for tickets it has already."""
    return (
        queue.offer,
        queue.relaxations,
        queue.respond_within,
        queue.idle_after,
        queue.parked_counts,
    )
