"""People come, go, look for their next ticket, and answer offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ticketroute import Presence
from ticketroute.model import AgentId, Instant, TicketId
from ticketroute.model.events import (
    Cause,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    PresenceChanged,
    TicketAssigned,
    TicketOffered,
    TicketQueued,
)
from ticketroute.simulation.people import Staff
from ticketroute.simulation.ranks import ANSWERS, COMES, GOES

if TYPE_CHECKING:
    from ticketroute.simulation.engine import Run


class Attendance:
    """What agents do beside working on tickets, for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.offers: dict[tuple[TicketId, AgentId], int] = {}  # open ones, each with its number
        self.shifts: dict[AgentId, Iterator[tuple[Instant, bool]]] = {}
        self._rung: Counter[tuple[TicketId, AgentId]] = Counter()
        self._pullers: dict[AgentId, Staff] = {}  # who found nothing to take, longest first
        self._looks: Counter[AgentId] = Counter()  # looks and returns of each agent

    def plan_shift(self, staff: Staff) -> None:
        """Plan when the agent comes or goes next."""
        run = self._run
        change = next(self.shifts[staff.id], None)
        if change is not None and change[0] <= run.scenario.end + run.scenario.drain:
            at, on_duty = change
            act = self._come if on_duty else self._go
            run.plan(at, COMES if on_duty else GOES, staff.number, 0, act, staff)

    def _go(self, at: Instant, staff: Staff) -> None:
        run = self._run
        staff.on_duty = False
        self._pullers.pop(staff.id, None)
        run.note(run.desk.set_presence(staff.id, Presence.AWAY, reason="off duty", at=at))
        if not staff.worker.overtime:
            for work in list(staff.active):
                run.rest(work, at)
        self.plan_shift(staff)

    def _come(self, at: Instant, staff: Staff) -> None:
        run = self._run
        staff.on_duty = True
        for work in list(staff.line):
            if work not in staff.active and staff.free_for(work):
                run.begin(work, staff, at)
        run.note(run.desk.set_presence(staff.id, Presence.AVAILABLE, at=at))
        if staff.pulls:
            self.look(staff, at)
        self.plan_shift(staff)

    def look(self, staff: Staff, at: Instant) -> None:
        """Plan when the agent takes the next ticket of a queue that is pulled."""
        run = self._run
        self._pullers.pop(staff.id, None)
        self._looks[staff.id] += 1
        times = self._looks[staff.id]
        after = round(staff.worker.looks_after.at(run.chance.draw("look", f"{staff.id}/{times}")))
        run.plan(at + after, COMES, staff.number, times, self._take, staff)

    def _take(self, at: Instant, staff: Staff) -> None:
        run = self._run
        view = run.desk.agent(staff.id)
        if not staff.on_duty or view.load >= view.capacity:
            return  # looks again when on duty, or when a ticket ends
        events = run.desk.take(ticket_id=None, agent_id=staff.id, at=at)
        run.note(events)
        if any(type(event) is TicketAssigned for event in events):
            self.look(staff, at)
        else:
            self._pullers[staff.id] = staff

    def queued(self, event: TicketQueued) -> None:
        """Send an agent who found nothing to take to a ticket that waits."""
        for staff in self._pullers.values():
            if event.queue_id in staff.queues:
                self.look(staff, event.at)
                return

    def offered(self, event: TicketOffered) -> None:
        """Plan how the agent answers an offer, if at all."""
        run = self._run
        key = (event.ticket_id, event.agent_id)
        self._rung[key] += 1
        self.offers[key] = times = self._rung[key]
        staff = run.staff[event.agent_id]
        answers = staff.worker.answers
        name = f"{event.ticket_id}/{event.agent_id}/{times}"
        share = run.chance.draw("answer", name)
        if share < answers.ignored:
            return
        accepts = share >= answers.ignored + answers.declined
        at = event.at + round(answers.after.at(run.chance.draw("answer_after", name)))
        row = run.works[event.ticket_id].row
        turn = times * len(run.staff) + staff.number
        run.plan(at, ANSWERS, row, turn, self._answer, (key, times, accepts))

    def _answer(self, at: Instant, what: tuple[tuple[TicketId, AgentId], int, bool]) -> None:
        run = self._run
        (ticket_id, agent_id), times, accepts = what
        if self.offers.get((ticket_id, agent_id)) != times:
            return  # ended meanwhile
        answer = run.desk.accept if accepts else run.desk.decline
        run.note(answer(ticket_id, agent_id, at=at))

    def offer_ended(self, event: OfferDeclined | OfferExpired | OfferWithdrawn) -> None:
        """Forget an offer, so that a later answer to it is none."""
        self.offers.pop((event.ticket_id, event.agent_id), None)

    def presence(self, event: PresenceChanged) -> None:
        """Plan when an agent is back who was set away for missed offers."""
        run = self._run
        if event.cause is not Cause.MISSED:
            return
        staff = run.staff[event.agent_id]
        self._looks[staff.id] += 1
        times = self._looks[staff.id]
        name = f"{event.agent_id}/{times}"
        after = round(staff.worker.answers.returns.at(run.chance.draw("returns", name)))
        run.plan(event.at + after, COMES, staff.number, times, self._return, staff)

    def _return(self, at: Instant, staff: Staff) -> None:
        run = self._run
        if staff.on_duty:
            run.note(run.desk.set_presence(staff.id, Presence.AVAILABLE, at=at))
