"""The whole desk in memory, as a deterministic machine: every public method, by purpose.

A command passes ``run.py``, one function of ``decide/``, ``decide/hand_out.py`` and ``apply/``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self, Unpack

from attrs import evolve

from ticketroute import commands
from ticketroute.commands import AgentChanges, QueueChanges, TicketChanges
from ticketroute.core.apply.table import apply
from ticketroute.core.decide import arrivals
from ticketroute.core.decide.checks import check_calendar, known_agent, known_queue, known_ticket
from ticketroute.core.index import lines
from ticketroute.core.index.roster import memberships
from ticketroute.core.records import TicketRecord
from ticketroute.core.run import ADVANCE, Run
from ticketroute.core.show.clocks import clock_of, clocks_of, explanation_of, time_left
from ticketroute.core.show.explain import Explanation, explain, wait_reason
from ticketroute.core.show.explain_agent import AgentExplanation, explain_agent
from ticketroute.core.show.restored import restore
from ticketroute.core.show.saved import Saved, save
from ticketroute.core.show.snapshot import snapshot
from ticketroute.core.show.views import AgentView, TicketView, view_of_agent, view_of_ticket
from ticketroute.core.state import forgettable
from ticketroute.model.agent import Agent, Membership, Presence
from ticketroute.model.checks import check_id, check_instant
from ticketroute.model.events import Author, DeskOpened, Event, Events, HoldStatus, WaitReason
from ticketroute.model.frozen import maker
from ticketroute.model.ids import AgentId, CalendarId, QueueId, TicketId
from ticketroute.model.instants import Instant, Span
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import DECLINED
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults, Queue
from ticketroute.model.ticket import Channel, Ticket, TicketPriority
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.explanation import ClockExplanation, ClockView
from ticketroute.sla.policy import Metric, Policy
from ticketroute.sla.versions import Versions

PLAIN = Membership()

# fast: given for every ticket, and checked where they are decided
new_submit, new_accept = maker(commands.Submit), maker(commands.Accept)
new_resolve = maker(commands.Resolve)


class Dispatcher(Run):
    """Decides who gets a ticket, in which order, and by when.

    A command with its instant ``at=`` goes in and returns the events in order. There is no clock,
    no random source but the one given, no thread and no I/O inside: the same commands always give
    the same events. A refused command raises and has changed nothing.

    ``defaults`` hold where agents and queues say nothing. ``random`` is needed by strategies that
    draw. ``permits`` is the host's own last word on who may get what. One dispatcher is one writer:
    share it between threads only behind a lock.

    >>> desk = Dispatcher()
    >>> desk.next_deadline() is None
    True
    """

    @classmethod
    def replay(
        cls,
        events: Iterable[Event],
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> Self:
        """Rebuild a desk from its events; no decision is made again.

        That needs neither a clock nor a random source; ``random`` and ``permits`` are for the
        commands after, which are refused where a queue draws and there is nothing to draw from.
        ``defaults`` hold if no event says others.
        """
        desk = cls(defaults=defaults, random=random, permits=permits)
        for event in events:
            apply(desk._state, event)
            if isinstance(event, DeskOpened):
                desk._defaults = event.defaults
        if not desk._state.loose:  # else the events end in the middle of a command
            desk._state.settle()
        if random is None:
            desk._undrawn = desk._state.roster.drawing()
        desk._careful = desk._guarded = desk._careful or desk._undrawn is not None
        return desk

    @classmethod
    def restore(
        cls,
        saved: Saved,
        *,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> Self:
        """Make a desk of what ``save`` returned: as if the events before it had been replayed.

        ``random`` and ``permits`` are for the commands after, as in ``replay``. O(n log n) for what
        is saved, whatever happened before.

        Raises:
            InvalidValueError: if a strategy cannot take back whose turn it is.
        """
        desk = cls(defaults=saved.desk.defaults, random=random, permits=permits)
        restore(desk._state, saved)
        if random is None:
            desk._undrawn = desk._state.roster.drawing()
        desk._careful = desk._guarded = desk._careful or desk._undrawn is not None
        return desk

    def count_tickets(self) -> int:
        """Return how many tickets the desk knows, done ones included. O(1)."""
        return len(self._state.tickets)

    def count_forgotten(self) -> int:
        """Return how many tickets have been forgotten so far. O(1)."""
        return self._state.forgotten

    def save(self) -> Saved:
        """Return all that the desk knows as values that ``restore`` makes an equal desk of. O(n).

        Events that a refused command left have to be fetched with ``advance`` before.
        """
        return save(self._state)

    def follow(self, events: Iterable[Event]) -> None:
        """Apply whole commands that were decided elsewhere, after the last event of this desk.

        No decision is made again. What a refused command left of this desk's own events has to be
        fetched with ``advance`` before. O(log n) for each event.
        """
        for event in events:
            apply(self._state, event)
            if isinstance(event, DeskOpened):
                self._defaults = event.defaults
        self._state.settle()

    # --- time -----------------------------------------------------------------------------------

    def advance(self, *, at: Instant) -> Events:
        """Do what time alone causes up to ``at``, each event at its true instant.

        One call for a long time does the same as many calls for short ones.

        Raises:
            InvalidValueError: if ``at`` is not an instant.
            TimeBackwardsError: if ``at`` lies before the last instant.
        """
        return self.do(ADVANCE, at=at)

    def next_deadline(self) -> Instant | None:
        """Return the earliest instant at which time alone changes something, or None. O(1)."""
        return self._state.timers.next_due()

    # --- tickets: arrival ------------------------------------------------------------------

    def submit(
        self,
        ticket: Ticket,
        *,
        assigned_to: str | None = None,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Take in a ticket: the queue's strategy names its agent, or it waits.

        The same ticket again, equal but for its attributes, is no event and no error.

        ``assigned_to`` is for a ticket that an agent has already, as when a help desk is taken
        over: it is theirs whether or not they have room or serve the queue. No strategy is asked,
        no turn moves, and it does not count towards rates. ``exceeded`` of the event says what it
        went over, if anything.

        Raises:
            DuplicateTicketError: if the id belongs to a ticket of other content.
            UnknownQueueError: if the queue is not on the desk.
            UnroutedTicketError: if it names no queue and the desk has no default queue.
            UnknownAgentError: if ``assigned_to`` is not on the desk.
            InvalidValueError: if it arrived after ``at``.

        O(log n) in the agents of the queue; see ``Demands.choose`` for tickets that few can serve.
        """
        return self.do(new_submit(ticket, assigned_to), at=at, by=by)

    def submit_many(
        self, tickets: Iterable[Ticket], *, at: Instant, by: str | None = None
    ) -> Events:
        """Take in several tickets one after the other; if one is refused, none comes in.

        The events are those of single submits. To serve the most urgent first, sort them.

        Raises:
            the errors of ``submit``.
        """
        return self.do(commands.SubmitMany(tickets), at=at, by=by)

    def preview(self, ticket: Ticket, *, at: Instant, by: str | None = None) -> Events:
        """Return what ``submit`` would return at this instant, and change nothing.

        Relaxation steps that are due at once, and what follows from them, are left out, and so are
        the clocks that would start.

        Raises:
            DeadlinePassedError: if something is due by ``at``: advance first.
            DuplicateTicketError: and the other errors of ``submit``.
        """
        with self._looking(at, by):
            return Events(arrivals.preview(self._state, ticket, at, by))

    # --- tickets: offers -------------------------------------------------------------------

    def accept(
        self,
        ticket_id: str,
        agent_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Give an agent the ticket they were offered; all other offers of it are withdrawn.

        It never fails for want of room: the offer has kept it. ``by`` is the agent if not named.

        Raises:
            OfferGoneError: if the offer has ended; it names who has the ticket.
            NotOfferedError: if the ticket was never put to this agent.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.

        O(k) for k open offers.
        """
        return self.do(new_accept(ticket_id, agent_id, expected_version), at=at, by=by)

    def decline(
        self,
        ticket_id: str,
        agent_id: str,
        *,
        reason: str = DECLINED,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """End an agent's offer, with the host's own word for the reason; the next agent is asked.

        ``by`` is the agent if not named.

        Raises:
            OfferGoneError: if the offer has ended.
            NotOfferedError: if the ticket was never put to this agent.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            InvalidValueError: if ``reason`` is not a short word.
        """
        return self.do(
            commands.Decline(ticket_id, agent_id, reason, expected_version), at=at, by=by
        )

    # --- tickets: by hand ------------------------------------------------------------------

    def assign(
        self,
        ticket_id: str,
        agent_id: str,
        *,
        force: bool = False,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Give a ticket that nobody works to an agent, by a person's decision.

        ``force`` passes the gate; the event says which reason was overruled.

        Raises:
            NotEligibleError: if the gate refuses and ``force`` is not set.
            AlreadyAssignedError: if an agent has it: transfer it instead.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        return self.do(commands.Assign(ticket_id, agent_id, force, expected_version), at=at, by=by)

    def take(
        self,
        ticket_id: str | None,
        agent_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Give an agent the ticket they ask for; None: the most important one they may have.

        This is how a ticket leaves a ``PULL`` queue. An agent's own ticket is no event, and neither
        is finding nothing to take. ``by`` is the agent if not named.

        Raises:
            AlreadyAssignedError: if another agent was first.
            NotEligibleError: if the gate refuses this ticket or, without a ticket named, any.
            TransitionError: if the ticket is on hold.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        return self.do(commands.Take(ticket_id, agent_id, expected_version), at=at, by=by)

    def transfer(
        self,
        ticket_id: str,
        *,
        to_queue: str | None = None,
        to_agent: str | None = None,
        fresh_place: bool = False,
        force: bool = False,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Move a ticket to a queue, to an agent, or to an agent in a queue; or not at all.

        Moved to a queue alone, its agent keeps it if that queue admits them. It keeps its first
        arrival for its place, unless ``fresh_place``. Where it is already is no event.

        Raises:
            NotEligibleError: if the gate refuses the agent and ``force`` is not set.
            InvalidValueError: if neither a queue nor an agent is named.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            UnknownQueueError: if the queue is not on the desk.
        """
        return self.do(
            commands.Transfer(ticket_id, to_queue, to_agent, fresh_place, force, expected_version),
            at=at,
            by=by,
        )

    def release(
        self,
        ticket_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
        avoid: str | None = None,
        hold: HoldStatus | str | None = None,
    ) -> Events:
        """Take a ticket from its agent; it keeps its place by first arrival.

        It may come back to the same agent, if it is the next they may have and nobody is asked
        before them. ``avoid`` names an agent who is treated as one who declined it: they get it
        again after the queue's ``retry_declined_after``, or by force. With ``hold``, a status, it
        stays without an agent until somebody takes it or it is assigned, resumed or ended; which
        clocks pause meanwhile is the policy's word on that status.

        Raises:
            TransitionError: if no agent has it.
            UnknownAgentError: if ``avoid`` is not on the desk.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Release(ticket_id, expected_version, avoid, hold), at=at, by=by)

    # --- tickets: work ---------------------------------------------------------------------

    def reply(
        self,
        ticket_id: str,
        author: Author | str,
        *,
        agent_id: str | None = None,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Note that somebody wrote; the text itself stays with the host.

        A requester's message resumes a ticket on hold and reopens a resolved one. Automatic replies
        and internal notes move nothing.

        Raises:
            AlreadyAssignedError: if an agent answers a ticket of a ``PULL`` queue that another one
                has opened.
            TransitionError: if a requester writes to a closed ticket: that is a new one.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
        """
        return self.do(commands.Reply(ticket_id, author, agent_id), at=at, by=by)

    def hold(
        self,
        ticket_id: str,
        status: HoldStatus | str = HoldStatus.PENDING,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Stop work on a ticket for a while.

        It keeps its agent, and counts only if its queue says so.

        On hold already, another status replaces the present one; the same again is no event.

        Raises:
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Hold(ticket_id, status, expected_version), at=at, by=by)

    def resume(
        self,
        ticket_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Go on with a ticket that is on hold, as the queue's ``resume`` rule says.

        Raises:
            TransitionError: if the ticket is not on hold.
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Resume(ticket_id, expected_version), at=at, by=by)

    def change_priority(
        self,
        ticket_id: str,
        priority: TicketPriority | str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Make a ticket more or less urgent; if it waits, it moves in its line. O(log n).

        Raises:
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            InvalidValueError: if a value is outside what its field allows.
        """
        return self.do(commands.ChangePriority(ticket_id, priority, expected_version), at=at, by=by)

    def change_ticket(
        self,
        ticket_id: str,
        *,
        release: bool = False,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
        **changes: Unpack[TicketChanges],
    ) -> Events:
        """Change what a ticket asks, each field named with its new value.

        Its lines and clocks follow; skills that were dropped or lowered while it waited stay so.
        Open offers are withdrawn if its channel, skills or weight change. Its agent keeps it, also
        if they no longer fit, unless ``release``. The same values are no event.

        Raises:
            AlreadyDoneError: if the ticket is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            InvalidValueError: if a value is outside what its field allows.
        """
        command = commands.ChangeTicket(ticket_id, changes, release, expected_version)
        return self.do(command, at=at, by=by)

    # --- tickets: the end, and after -------------------------------------------------------

    def resolve(
        self,
        ticket_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Finish a ticket; its agent gets the next one, after wrap-up where the queue has it.

        Raises:
            AlreadyDoneError: if it is done: a completion counts once.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(new_resolve(ticket_id, expected_version), at=at, by=by)

    def end_wrap_up(self, ticket_id: str, *, at: Instant, by: str | None = None) -> Events:
        """Free the slot that an agent keeps after a resolved ticket, before its time.

        Without a wrap-up under way it is no event.

        Raises:
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.EndWrapUp(ticket_id), at=at, by=by)

    def close(self, ticket_id: str, *, at: Instant, by: str | None = None) -> Events:
        """Close a resolved ticket for good: it can no longer be reopened. Again is no event.

        Raises:
            TransitionError: if the ticket is not done.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Close(ticket_id), at=at, by=by)

    def reopen(
        self,
        ticket_id: str,
        *,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Make a resolved ticket work again: for its last agent if eligible, else routed again.

        Raises:
            TransitionError: if the ticket is not resolved, or is closed for good.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
            UnknownQueueError: if the queue is not on the desk.
        """
        return self.do(commands.Reopen(ticket_id, expected_version), at=at, by=by)

    def abandon(self, ticket_id: str, *, at: Instant, by: str | None = None) -> Events:
        """Note that the requester gave up before an agent had the ticket.

        Raises:
            AlreadyAssignedError: if an agent has it: resolve it instead.
            AlreadyDoneError: if the ticket is done.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Abandon(ticket_id), at=at, by=by)

    def merge(
        self,
        ticket_id: str,
        *,
        into: str,
        at: Instant,
        by: str | None = None,
        expected_version: int | None = None,
    ) -> Events:
        """Merge a ticket into another; the one that remains keeps the earlier arrival.

        Raises:
            InvalidValueError: if both are the same.
            AlreadyDoneError: if either is done.
            ConflictError: if the ticket is no longer at ``expected_version``.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Merge(ticket_id, into, expected_version), at=at, by=by)

    def rate(self, ticket_id: str, score: int, *, at: Instant, by: str | None = None) -> Events:
        """Note how satisfied the requester is, from 0 to 100; a later score replaces it.

        Raises:
            InvalidValueError: if a value is outside what its field allows.
            UnknownTicketError: if the ticket is not on the desk.
        """
        return self.do(commands.Rate(ticket_id, score), at=at, by=by)

    def forget(self, *, before: Instant, at: Instant, by: str | None = None) -> Events:
        """Drop the tickets that were done before an instant. O(tickets).

        Done is resolved, closed, abandoned or merged. A ticket whose agent is still in wrap-up
        stays. What the tickets led to stays as well: who had a requester's last ticket, turns,
        figures that strategies look back on. A forgotten id is unknown, and a ticket that is
        submitted under it is a new one. The answer is empty if there was nothing to forget.

        Raises:
            InvalidValueError: if ``before`` is not an instant.
        """
        return self.do(commands.Forget(before), at=at, by=by)

    # --- agents ----------------------------------------------------------------------------

    def add_agent(
        self,
        agent: Agent,
        *,
        presence: Presence | str = Presence.OFFLINE,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Take in an agent, offline unless named otherwise. O(1).

        Raises:
            DuplicateAgentError: if the id is taken.
            UnknownCalendarError: if the shift names no calendar of the desk.
        """
        return self.do(commands.AddAgent(agent, presence), at=at, by=by)

    def change_agent(
        self, agent_id: str, *, at: Instant, by: str | None = None, **changes: Unpack[AgentChanges]
    ) -> Events:
        """Change fields of an agent, each named with its new value.

        What they hold stays, also beyond a capacity made smaller.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
            UnknownCalendarError: if the shift names no calendar of the desk.
            InvalidValueError: if a value is outside what its field allows.
        """
        return self.do(commands.ChangeAgent(agent_id, changes), at=at, by=by)

    def remove_agent(self, agent_id: str, *, at: Instant, by: str | None = None) -> Events:
        """Remove an agent for good; tickets they work or have on hold go to others.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
        """
        return self.do(commands.RemoveAgent(agent_id), at=at, by=by)

    def set_presence(
        self,
        agent_id: str,
        presence: Presence | str,
        *,
        reason: str = "",
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Register whether an agent is available, away or offline, with the host's own reason.

        An unknown word means away and is kept as the reason. The same again is no event.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
            InvalidValueError: if the word differs from a known one only by case or spaces.
        """
        return self.do(commands.SetPresence(agent_id, presence, reason), at=at, by=by)

    def switch_channel(
        self, agent_id: str, channel: Channel, *, on: bool, at: Instant, by: str | None = None
    ) -> Events:
        """Turn one channel on or off for an agent; tickets they hold are not touched.

        Raises:
            UnknownAgentError: if the agent is not on the desk.
        """
        return self.do(commands.SwitchChannel(agent_id, channel, on), at=at, by=by)

    # --- queues and memberships ------------------------------------------------------------

    def add_queue(self, queue: Queue, *, at: Instant, by: str | None = None) -> Events:
        """Open a queue; its members are agents of the desk already. O(members log members).

        Raises:
            DuplicateQueueError: if the id is taken.
            UnknownAgentError: if a member is not on the desk.
            UnknownStrategyError: if there is no such strategy.
            UnknownCalendarError, UnknownPolicyError: if it names one that the desk does not have.
            InvalidValueError: if the strategy cannot be made, or rings agents and the delivery is
                not ``OFFER``.
        """
        return self.do(commands.AddQueue(queue), at=at, by=by)

    def change_queue(
        self, queue_id: str, *, at: Instant, by: str | None = None, **changes: Unpack[QueueChanges]
    ) -> Events:
        """Change fields of a queue, each named with its new value.

        A new strategy takes over at once and knows nothing of the old one's turns. New ``members``
        replace the old: an agent who is not among them leaves as in ``remove_member``.
        O(members log members), and O(waiting log waiting) for another order of the line.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if a member is not on the desk.
            UnknownStrategyError: if there is no such strategy.
            UnknownCalendarError, UnknownPolicyError: if it names one that the desk does not have.
            InvalidValueError: if a value is outside what its field allows.
        """
        return self.do(commands.ChangeQueue(queue_id, changes), at=at, by=by)

    def remove_queue(
        self, queue_id: str, *, move_to: str | None = None, at: Instant, by: str | None = None
    ) -> Events:
        """Close a queue and move its tickets that are not done to another.

        They keep their place by first arrival; the agent of one keeps it if the other queue admits
        them. O(tickets of the desk).

        Raises:
            UnknownQueueError: if either queue is not on the desk.
            QueueNotEmptyError: if there are such tickets and no queue is named for them.
            InUseError: if an escalation level moves tickets there.
            InvalidValueError: if it is the desk's default queue.
        """
        return self.do(commands.RemoveQueue(queue_id, move_to), at=at, by=by)

    def add_member(
        self,
        queue_id: str,
        agent_id: str,
        membership: Membership = PLAIN,
        *,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Make an agent a member of a queue, last in its list.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            AlreadyMemberError: if the agent is a member already.
        """
        return self.do(commands.AddMember(queue_id, agent_id, membership), at=at, by=by)

    def change_member(
        self,
        queue_id: str,
        agent_id: str,
        membership: Membership,
        *,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Change the terms on which an agent serves a queue.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            NotMemberError: if the agent is not a member.
        """
        return self.do(commands.ChangeMember(queue_id, agent_id, membership), at=at, by=by)

    def remove_member(
        self, queue_id: str, agent_id: str, *, at: Instant, by: str | None = None
    ) -> Events:
        """End an agent's membership of a queue; their tickets of it go to others.

        Raises:
            UnknownQueueError: if the queue is not on the desk.
            UnknownAgentError: if the agent is not on the desk.
            NotMemberError: if the agent is not a member.
        """
        return self.do(commands.RemoveMember(queue_id, agent_id), at=at, by=by)

    # --- the desk: defaults, calendars, policies -------------------------------------------

    def change_defaults(self, defaults: Defaults, *, at: Instant, by: str | None = None) -> Events:
        """Change what holds where agents and queues say nothing. O(agents).

        Raises:
            UnknownQueueError: if the default queue is not on the desk.
        """
        return self.do(commands.ChangeDefaults(defaults), at=at, by=by)

    def set_calendar(
        self,
        calendar_id: str,
        calendar: Calendar,
        *,
        effective_from: Instant | None = None,
        at: Instant,
        by: str | None = None,
    ) -> Events:
        """Count in a calendar under a name from ``effective_from`` on; default, from ``at`` on.

        What was counted before that instant stays counted as it was. An instant in the past makes
        the change retroactive; a breach that was recorded stays. A new calendar counts from always.
        Shifts change at once. The same again is no event.

        Raises:
            InvalidValueError: if a value is outside what its field allows.

        O(tickets + agents), and O(log windows) for each open clock of the calendar.
        """
        return self.do(commands.SetCalendar(calendar_id, calendar, effective_from), at=at, by=by)

    def refresh_calendars(
        self, *, effective_from: Instant | None = None, at: Instant, by: str | None = None
    ) -> Events:
        """Take what the installed releases of ``holidays`` and of the tz database say now.

        Each calendar of which a date or a clock differs from ``effective_from`` on, default from
        ``at`` on, gets an edition; its event says what changes. An event after it names the open
        clocks that fall due at another instant. Where nothing differs there is no event.

        Raises:
            InvalidValueError: if a country or a subdivision is not known any more.

        O(calendars), and O(tickets) and what set_calendar() costs for each that differs.
        """
        return self.do(commands.RefreshCalendars(effective_from), at=at, by=by)

    def remove_calendar(self, calendar_id: str, *, at: Instant, by: str | None = None) -> Events:
        """Remove a calendar that nothing uses. O(agents + queues + clocks).

        Raises:
            UnknownCalendarError: if there is no such calendar.
            InUseError: if an agent, a queue, a policy or a clock, open or ended, uses it.
        """
        return self.do(commands.RemoveCalendar(calendar_id), at=at, by=by)

    def set_policies(
        self, policies: Iterable[Policy], *, at: Instant, by: str | None = None
    ) -> Events:
        """Replace the policies; of several that apply to a ticket, the first counts.

        A policy that is not what it was becomes a new version. Clocks of tickets that are not done
        follow by each policy's ``changes`` rule; what is no longer promised is cancelled. A ticket
        that was on the desk before its first policy is counted from this instant.

        Raises:
            DuplicatePolicyError: if two policies have one id.
            UnknownCalendarError: if a policy names a calendar that the desk does not have.
            UnknownQueueError: if an escalation moves tickets to no queue of the desk.
            InUseError: if a queue names a policy that is not among them.

        O(tickets), and O(metrics) for each that is not done.
        """
        return self.do(commands.SetPolicies(policies), at=at, by=by)

    # --- questions --------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The last instant the desk was told; 0 before the first."""
        return self._state.now

    @property
    def defaults(self) -> Defaults:
        """What holds where agents and queues say nothing."""
        return self._state.gate.defaults

    def ticket(self, ticket_id: TicketId) -> TicketView:
        """Return a ticket as it stands; UnknownTicketError if there is none."""
        return view_of_ticket(known_ticket(self._state, ticket_id))

    def agent(self, agent_id: AgentId) -> AgentView:
        """Return an agent as they stand; UnknownAgentError if there is none."""
        return view_of_agent(known_agent(self._state, agent_id), self.defaults)

    def queue(self, queue_id: QueueId) -> Queue:
        """Return a queue with its present members; UnknownQueueError if there is none."""
        record = known_queue(self._state, queue_id)
        return evolve(record.terms, members=memberships(record))

    def tickets(
        self, *, queue: QueueId | None = None, state: RoutingState | None = None
    ) -> tuple[TicketView, ...]:
        """Return tickets, in the order of submission: all, or those of a queue or in a state.

        O(open tickets log open tickets) for a state other than ``DONE``, O(all tickets) otherwise.
        """
        if state in (None, RoutingState.DONE):
            records: Iterable[TicketRecord] = self._state.tickets.values()
        else:
            records = self._state.open_in_order()
        return tuple(
            [
                view_of_ticket(record)
                for record in records
                if (state is None or record.state is state)
                and (queue is None or record.queue.id == queue)
            ]
        )

    def done_before(self, before: Instant) -> tuple[TicketId, ...]:
        """Return the tickets that ``forget`` would drop, in the order of submission. O(tickets).

        Tickets whose agent is in wrap-up are left out: they stay until it ends.
        """
        check_instant("before", before)
        return tuple([ticket.id for ticket in forgettable(self._state, before)])

    def agents(self) -> tuple[AgentView, ...]:
        """Return every agent, in the order in which they were added."""
        agents = self._state.roster.agents.values()
        return tuple([view_of_agent(record, self.defaults) for record in agents])

    def queues(self) -> tuple[Queue, ...]:
        """Return every queue with its members, in the order in which they were added."""
        return tuple([self.queue(queue_id) for queue_id in self._state.roster.queues])

    def waiting(self, queue_id: QueueId) -> tuple[TicketId, ...]:
        """Return the waiting tickets of a queue, the next first. O(n log n)."""
        return tuple(ticket.id for ticket in lines.waiting(known_queue(self._state, queue_id)))

    def position(self, ticket_id: TicketId) -> int | None:
        """Return how many tickets of its queue go before a waiting one; None if it does not wait.

        The order between queues and the skills asked are left out: a ticket that few can serve may
        be overtaken. O(n) in the line.
        """
        ticket = known_ticket(self._state, ticket_id)
        return lines.ahead_of(ticket) if ticket.entries else None

    def estimate_wait(self, ticket_id: TicketId) -> Span | None:
        """Return about how long a waiting ticket waits from now on, in milliseconds.

        None if it does not wait, or fewer than two tickets have left the line so far. It is the
        mean time between the latest hand-outs of the line, at most 20, for each ticket ahead and
        for itself. O(n) in the line.

        Source: the classical estimate from the queue's own pace, as in Ibrahim and Whitt,
            "Real-time delay estimation based on delay history" (2009), which hands on the number
            ahead over the rate of service.
        """
        ticket = known_ticket(self._state, ticket_id)
        handed = ticket.queue.handed
        if not ticket.entries or len(handed) < 2:
            return None
        pace = (handed[-1] - handed[0]) / (len(handed) - 1)
        return round(pace * (lines.ahead_of(ticket) + 1))

    def wait_reason(self, ticket_id: TicketId) -> WaitReason | None:
        """Return in brief why a ticket has no agent now; None if it does not wait.

        A view's ``wait_reason`` is of the moment at which the ticket was queued. O(members of its
        queue) for the first ticket that asks what no other asked, O(queues it waits in) after it.
        """
        return wait_reason(self._state, known_ticket(self._state, ticket_id))

    def explain(self, ticket_id: TicketId) -> Explanation:
        """Return why a ticket is where it is, and what keeps every other agent from it.

        O(members of its queue). For a decision of the past with everybody's reasons of then,
        replay the events before it and ask there.
        """
        return explain(self._state, known_ticket(self._state, ticket_id))

    def explain_agent(self, agent_id: AgentId) -> AgentExplanation:
        """Return what keeps an agent from the tickets that wait in their queues, room or not.

        O(demands that wait in their queues): tickets that ask the same are counted together.
        """
        return explain_agent(self._state, known_agent(self._state, agent_id))

    # --- clocks -----------------------------------------------------------------------------

    def calendar(self, calendar_id: CalendarId) -> Versions:
        """Return a calendar with all its versions; UnknownCalendarError if there is none."""
        check_id("calendar_id", calendar_id)
        check_calendar(self._state, calendar_id)
        return self._state.calendars[calendar_id]

    def calendars(self) -> dict[CalendarId, Versions]:
        """Return every calendar with all its versions, by id. O(calendars)."""
        return dict(self._state.calendars)

    def policies(self) -> tuple[Policy, ...]:
        """Return the policies that hold, in their order."""
        return tuple(agreement.policy for agreement in self._state.agreements)

    def clocks(self, ticket_id: TicketId) -> tuple[ClockView, ...]:
        """Return every clock of a ticket: by metric, then by cycle."""
        return clocks_of(self._state, known_ticket(self._state, ticket_id))

    def clock(self, ticket_id: TicketId, metric: Metric, cycle: int | None = None) -> ClockView:
        """Return one clock of a ticket, default its latest cycle; PENDING if it has yet to start.

        Raises:
            UnknownTicketError: if there is no such ticket.
            UnknownClockError: if nothing is promised, and there is no such cycle.
        """
        return clock_of(self._state, known_ticket(self._state, ticket_id), metric, cycle)

    def explain_clock(
        self, ticket_id: TicketId, metric: Metric, cycle: int | None = None
    ) -> ClockExplanation:
        """Return slice by slice how a clock came to where it is, for checking it by hand.

        Default is the latest cycle.

        Raises:
            UnknownTicketError: if there is no such ticket.
            UnknownClockError: if no such clock has started.
        """
        return explanation_of(self._state, known_ticket(self._state, ticket_id), metric, cycle)

    def time_left(
        self, queue_id: QueueId | None = None, metric: Metric | None = None
    ) -> tuple[ClockView, ...]:
        """Return the open clocks, of a queue or of all, the one with the least time left first.

        O(open tickets x metrics), and sorting.
        """
        queue = None if queue_id is None else known_queue(self._state, queue_id)
        return time_left(self._state, queue, metric)

    # --- equality ---------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Return all that the desk knows as plain values. O(n log n)."""
        return snapshot(self._state, self._state.now)

    def same_state(self, other: Dispatcher) -> bool:
        """Return whether two desks know the same, and so would go on alike. O(n log n).

        Time that passed without an event makes no difference: both are seen from the later one's
        present. Indexes and random numbers not yet used are no part of it.
        """
        at = max(self.now, other.now)
        return snapshot(self._state, at) == snapshot(other._state, at)
