"""Run the demo day: agents and requesters act, the dispatcher decides."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial

from attrs import define, field

from ticketroute.cli.console import stream
from ticketroute.cli.scenario import (
    LOST,
    LUNCH_TAKES,
    Answer,
    PlannedTicket,
    Scenario,
    Shift,
    an_answer,
    clock,
)
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.agent import Presence
from ticketroute.model.events import (
    Cause,
    Event,
    PresenceChanged,
    TicketAssigned,
    TicketHeld,
    TicketOffered,
    TicketReleased,
    TicketResumed,
)
from ticketroute.model.ids import AgentId, TicketId
from ticketroute.model.instants import Instant, Span, minutes
from ticketroute.model.lifecycle import RoutingState

Action = Callable[[Instant], None]

NOBODY_HAS_IT = (RoutingState.WAITING, RoutingState.OFFERED)

MOVES_AFTER = 0.25  # share of the work after which a ticket turns out to belong elsewhere
RESTS_AFTER = 0.4  # share of the work after which it waits for the requester
REOPENED_SHARE = 0.5  # of the first work, to do again
COMES_BACK_AFTER: Span = minutes(3)  # an agent who missed too many offers and was set away
TIDYING: Span = minutes(5)  # after the last action: time for wrap-ups to end


@define
class Work:
    """The work left on a ticket; a planned step is out of date when ``turn`` has changed."""

    planned: PlannedTicket
    left: Span
    since: Instant | None = None  # None: nobody works on it
    turn: int = 0
    moved: bool = False
    rested: bool = False
    reopened: bool = False


@define
class Day:
    """Runs a scenario; ``see`` gets every event in order."""

    scenario: Scenario
    see: Callable[[Event], None]
    done: Callable[[], None]
    seed: int
    desk: Dispatcher = field(init=False)
    _happenings: list[tuple[Instant, int, Action]] = field(factory=list)
    _planned: int = 0
    _work: dict[TicketId, Work] = field(factory=dict)
    _rings: dict[tuple[TicketId, AgentId], int] = field(factory=dict)  # offers so far
    _leaving: set[AgentId] = field(factory=set)  # off duty as soon as they hold nothing

    def __attrs_post_init__(self) -> None:
        self.desk = Dispatcher(random=stream(self.seed, "strategies"))

    def open(self) -> None:
        """Open the desk with all agents offline, and plan the day.

        Raises:
            UnknownStrategyError: if the scenario asks for a strategy that does not exist.
        """
        opens = self.scenario.opens
        for shift in self.scenario.shifts:
            self._note(self.desk.add_agent(shift.agent, at=opens))
        for queue in self.scenario.queues:
            self._note(self.desk.add_queue(queue, at=opens))
        for shift in self.scenario.shifts:
            self._plan_shift(shift)
        for planned in self.scenario.tickets:
            self._plan(planned.arrives, partial(self._arrive, planned))

    def run(self) -> Instant:
        """Run everything in the order of its instants; return the last instant."""
        at = self.scenario.opens
        while True:
            # One step at a time: a deadline may plan something before the next action.
            due = self.desk.next_deadline()
            if due is not None and due <= self._next_happening(after=at):
                at = due
                self._note(self.desk.advance(at=due))
            elif self._happenings:
                at, _, action = heapq.heappop(self._happenings)
                action(at)
            else:
                return max(at, self.scenario.closes)

    def _next_happening(self, *, after: Instant) -> Instant:
        if self._happenings:
            return self._happenings[0][0]
        return max(after, self.scenario.closes) + TIDYING

    def _plan(self, at: Instant, action: Action) -> None:
        self._planned += 1
        heapq.heappush(self._happenings, (at, self._planned, action))

    # --- people -----------------------------------------------------------------------------------

    def _plan_shift(self, shift: Shift) -> None:
        agent_id = shift.agent.id

        steps = [
            (shift.start, Presence.AVAILABLE, "shift"),
            (shift.lunch, Presence.AWAY, "lunch"),
            (shift.lunch + LUNCH_TAKES, Presence.AVAILABLE, "shift"),
        ]
        if agent_id in LOST:
            lost, back = LOST[agent_id]
            steps.append((clock(lost), Presence.OFFLINE, "connection lost"))
            steps.append((clock(back), Presence.AVAILABLE, "shift"))
        for when, presence, reason in steps:
            self._plan(when, partial(self._becomes, agent_id, presence, reason))
        self._plan(shift.end, partial(self._ends_shift, agent_id))

    def _becomes(self, agent_id: AgentId, presence: Presence, reason: str, at: Instant) -> None:
        self._note(self.desk.set_presence(agent_id, presence, reason=reason, at=at))

    def _comes_back(self, agent_id: AgentId, at: Instant) -> None:
        if self.desk.agent(agent_id).reason == "missed_offers":
            self._becomes(agent_id, Presence.AVAILABLE, "shift", at)

    def _ends_shift(self, agent_id: AgentId, at: Instant) -> None:
        """End a shift: take nothing new, finish open tickets, go offline."""
        self._leaving.add(agent_id)
        self._becomes(agent_id, Presence.AWAY, "finishing", at)
        self._go_if_free(at)

    def _go_if_free(self, at: Instant) -> None:
        for agent_id in sorted(self._leaving):
            if not self.desk.agent(agent_id).load:
                self._leaving.discard(agent_id)
                self._becomes(agent_id, Presence.OFFLINE, "shift over", at)

    # --- tickets ----------------------------------------------------------------------------------

    def _arrive(self, planned: PlannedTicket, at: Instant) -> None:
        ticket_id = planned.ticket.id
        self._work[ticket_id] = Work(planned, planned.work)
        self._note(self.desk.submit(planned.ticket, at=at))
        if planned.patience is not None:
            self._plan(at + planned.patience, partial(self._lose_patience, ticket_id))
        self.done()

    def _lose_patience(self, ticket_id: TicketId, at: Instant) -> None:
        work = self._work[ticket_id]
        never_answered = work.turn == 0
        if never_answered and self.desk.ticket(ticket_id).state in NOBODY_HAS_IT:
            self._note(self.desk.abandon(ticket_id, at=at))

    def _note(self, events: tuple[Event, ...]) -> None:
        for event in events:
            self.see(event)
            match event:
                case TicketOffered():
                    self._ring(event)
                case PresenceChanged(cause=Cause.MISSED):
                    back = partial(self._comes_back, event.agent_id)
                    self._plan(event.at + COMES_BACK_AFTER, back)
                case TicketAssigned() | TicketResumed():
                    self._start(event.ticket_id, event.at)
                case TicketHeld() | TicketReleased():
                    self._stop(event.ticket_id, event.at)
                case _:
                    pass
        if events and self._leaving:
            self._go_if_free(events[-1].at)

    def _ring(self, offer: TicketOffered) -> None:
        """Plan the answer of the agent to an offer, if there will be one."""
        ring = (offer.ticket_id, offer.agent_id)
        times = self._rings[ring] = self._rings.get(ring, 0) + 1
        answer = an_answer(
            seed=self.seed, ticket_id=offer.ticket_id, agent_id=offer.agent_id, times=times
        )
        if answer is not None and offer.at + answer.after < offer.until:
            self._plan(offer.at + answer.after, partial(self._answer, offer, times, answer))

    def _answer(self, offer: TicketOffered, times: int, answer: Answer, at: Instant) -> None:
        ticket_id, agent_id = offer.ticket_id, offer.agent_id
        is_latest = self._rings[ticket_id, agent_id] == times
        if not is_latest or agent_id not in self.desk.ticket(ticket_id).offered_to:
            return  # withdrawn meanwhile
        if answer.accepts:
            self._note(self.desk.accept(ticket_id, agent_id, at=at))
        else:
            self._note(self.desk.decline(ticket_id, agent_id, at=at))

    def _start(self, ticket_id: TicketId, at: Instant) -> None:
        """Start work on a ticket; it ends when the ticket is done, moves, or is put on hold."""
        self._stop(ticket_id, at)
        work = self._work[ticket_id]
        work.since = at
        turn, whole = work.turn, work.planned.work
        step, after = self._finish, work.left
        if work.planned.moves_to is not None and not work.moved:
            step, after = self._move, int(whole * MOVES_AFTER)
        elif work.planned.held_for is not None and not work.rested:
            step, after = self._rest, int(whole * RESTS_AFTER)

        def act(at: Instant) -> None:
            if work.turn == turn:
                step(ticket_id, at)

        self._plan(at + after, act)

    def _stop(self, ticket_id: TicketId, at: Instant) -> None:
        work = self._work[ticket_id]
        work.turn += 1
        if work.since is not None:
            work.left = max(0, work.left - (at - work.since))
            work.since = None

    def _finish(self, ticket_id: TicketId, at: Instant) -> None:
        work = self._work[ticket_id]
        self._stop(ticket_id, at)
        self._note(self.desk.resolve(ticket_id, at=at))
        planned = work.planned
        if planned.score is not None and not work.reopened:
            self._note(self.desk.rate(ticket_id, planned.score, at=at))
        if planned.reopens_after is not None and not work.reopened:
            work.reopened = True
            work.left = int(planned.work * REOPENED_SHARE)
            self._plan(at + planned.reopens_after, partial(self._reopen, ticket_id))

    def _reopen(self, ticket_id: TicketId, at: Instant) -> None:
        self._note(self.desk.reopen(ticket_id, at=at))

    def _move(self, ticket_id: TicketId, at: Instant) -> None:
        work = self._work[ticket_id]
        self._stop(ticket_id, at)
        work.moved = True
        self._note(self.desk.transfer(ticket_id, to_queue=work.planned.moves_to, at=at))
        if work.since is None and self.desk.ticket(ticket_id).state is RoutingState.ASSIGNED:
            self._start(ticket_id, at)  # its agent serves the other queue too, and keeps it

    def _rest(self, ticket_id: TicketId, at: Instant) -> None:
        work = self._work[ticket_id]
        work.rested = True
        self._note(self.desk.hold(ticket_id, at=at))
        held_for = work.planned.held_for or 0
        self._plan(at + held_for, partial(self._resume, ticket_id))

    def _resume(self, ticket_id: TicketId, at: Instant) -> None:
        if self.desk.ticket(ticket_id).state is RoutingState.PARKED:
            self._note(self.desk.resume(ticket_id, at=at))
