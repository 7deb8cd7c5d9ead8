"""One run: tickets come, people work, and the production ``Dispatcher`` decides.

The rules of one instant. What falls on the same millisecond happens in this order:

1. what time alone does at the desk (offers expire, wrap-ups end);
2. agents go off duty: nobody gets a ticket at the instant their hours end;
3. work ends: tickets are resolved, noticed as mis-routed, reported, reopened, put on hold and
   resumed;
4. offers are answered;
5. agents come on duty and look for their next ticket;
6. requesters run out of patience: an acceptance of the same instant came first, and they stay;
7. tickets come in.

Within a step, tickets go by the order in which they came in, and agents by their order in the
scenario. No tie is left to chance. A requester without any patience (a span of 0) leaves before
the next ticket of the same instant comes in.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import evolve

from ticketroute import Delivery, Dispatcher, Presence, Ticket
from ticketroute.events import Event
from ticketroute.model import AgentId, Instant, TicketId
from ticketroute.model.events import (
    Author,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    PresenceChanged,
    TicketAssigned,
    TicketOffered,
    TicketQueued,
    TicketReleased,
    TicketResolved,
    TicketResumed,
    TicketTransferred,
    WrapUpEnded,
)
from ticketroute.model.frozen import EMPTY
from ticketroute.simulation.attendance import Attendance
from ticketroute.simulation.chance import Chance
from ticketroute.simulation.patterns import Pattern
from ticketroute.simulation.people import Staff, Work, duty
from ticketroute.simulation.ranks import ENDS, LEAVES
from ticketroute.simulation.records import NEVER, Outcome, Records
from ticketroute.simulation.scenario import Kind, Scenario, chosen
from ticketroute.sla.events import ClockEnded
from ticketroute.sla.policy import Metric

_REPLIES = {Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.PERIODIC_UPDATE}

FORGET_AFTER = 2_000  # done tickets that the desk still knows; more if more are open

Act = Callable[[Instant, Any], None]


class Run:
    """Sends the tickets of a scenario through a dispatcher.

    ``seed`` is a text; the same one gives the same run. ``see`` hears every event in order.
    ``records`` hold what happened to each ticket, ``staff`` when each agent was busy, ``clocks``
    how many clocks of each service level ended how, ``finished`` the instant of the last event.
    The desk forgets tickets that are done and do not come back, which changes no decision.
    Cost: O(log n) for each ticket, beside what the dispatcher costs; memory for open tickets, and
    some 60 bytes for the record of each.
    """

    def __init__(
        self, scenario: Scenario, *, seed: str, see: Callable[[Event], None] | None = None
    ) -> None:
        self.scenario = scenario
        self.chance = Chance(seed)
        self.desk = Dispatcher(defaults=scenario.defaults, random=self.chance.source("strategy"))
        self.finished: Instant = scenario.start
        self.clocks: Counter[tuple[str, str, str]] = Counter()
        self._queue_number = {queue.id: n for n, queue in enumerate(scenario.queues)}
        self.records = Records(
            [kind.name for kind in scenario.kinds],
            [queue.id for queue in scenario.queues],
            [worker.agent.id for worker in scenario.workers],
        )
        self.staff = {
            AgentId(worker.agent.id): Staff(number, worker, worker.hours)
            for number, worker in enumerate(scenario.workers)
        }
        self._see = see
        self._heap: list[tuple[Instant, int, int, int, Act, Any]] = []
        self.works: dict[TicketId, Work] = {}
        self._away: dict[TicketId, Instant] = {}  # resolved, and to be reopened: since when
        self._patterns: dict[tuple[int, int, float], Pattern] = {}
        self._done = 0  # tickets that the desk may forget
        self._wrapping = 0
        self._is_open = False
        self.people = Attendance(self)
        self._replies = any(_REPLIES & policy.targets.keys() for policy in scenario.policies)
        self._handlers: dict[type, Callable[[Any], None]] = {
            TicketAssigned: self._assigned,
            TicketReleased: self._released,
            TicketResolved: self._resolved,
            TicketResumed: self._resumed,
            TicketTransferred: self._transferred,
            TicketQueued: self.people.queued,
            TicketOffered: self.people.offered,
            OfferDeclined: self.people.offer_ended,
            OfferExpired: self.people.offer_ended,
            OfferWithdrawn: self.people.offer_ended,
            WrapUpEnded: self._wrapped_up,
            PresenceChanged: self.people.presence,
            ClockEnded: self._clock_ended,
        }

    # --- the run ----------------------------------------------------------------------------

    def go(self) -> Run:
        """Run until every ticket is done, or the scenario's drain is over; return the run."""
        self.open()
        heap, desk, note = self._heap, self.desk, self.note
        next_deadline, pop = desk.next_deadline, heapq.heappop
        last = self.scenario.end + self.scenario.drain
        arrivals = self._arrivals()
        arrival = next(arrivals, None)
        while arrival is not None or self.works or self._wrapping:
            planned = heap[0][0] if heap else None
            is_arrival = arrival is not None and (planned is None or arrival[0] < planned)
            at = arrival[0] if arrival is not None and is_arrival else planned
            due = next_deadline()
            if due is not None and (at is None or due <= at):
                if due > last:
                    break
                note(desk.advance(at=due))
                continue
            if at is None or at > last:
                break
            if is_arrival:
                assert arrival is not None
                self._arrive(*arrival)
                arrival = next(arrivals, None)
            else:
                entry = pop(heap)
                entry[4](at, entry[5])
        self._close()
        return self

    def open(self) -> None:
        """Set up the desk, if that has not been done. O(agents log agents)."""
        if self._is_open:
            return
        self._is_open = True
        scenario, desk, start = self.scenario, self.desk, self.scenario.start
        for calendar_id, calendar in scenario.calendars.items():
            self.note(desk.set_calendar(calendar_id, calendar, at=start))
        leads = any(policy.leads_to() for policy in scenario.policies)
        if scenario.policies and not leads:
            self.note(desk.set_policies(scenario.policies, at=start))
        for staff in self.staff.values():
            staff.on_duty, shifts = duty(staff.worker, start)
            presence = Presence.AVAILABLE if staff.on_duty else Presence.AWAY
            self.note(desk.add_agent(staff.worker.agent, presence=presence, at=start))
            self.people.shifts[staff.id] = shifts
            self.people.plan_shift(staff)
        for queue in scenario.queues:
            self.note(desk.add_queue(evolve(queue, sla=None) if leads else queue, at=start))
        if leads:  # escalations move tickets to queues, and queues name policies
            self.note(desk.set_policies(scenario.policies, at=start))
            for queue in scenario.queues:
                self.note(desk.change_queue(queue.id, sla=queue.sla, at=start))
        pulled = [queue for queue in scenario.queues if queue.delivery is Delivery.PULL]
        for staff in self.staff.values():
            staff.queues = frozenset(queue.id for queue in pulled if staff.id in queue.members)
            staff.pulls = bool(staff.queues) and not scenario.recorded
            if staff.pulls and staff.on_duty:
                self.people.look(staff, start)

    def _close(self) -> None:
        self.finished = max(self.desk.now, self.scenario.start)
        for staff in self.staff.values():
            staff.active.clear()
            staff.wraps = 0
            staff.idle(self.finished)
        # What leads back to the run, so that its memory is free as soon as nobody asks it more.
        self._heap.clear()
        self._handlers.clear()
        del self.people

    def plan(self, at: Instant, rank: int, first: int, then: int, act: Act, what: Any) -> None:
        """Plan an act; ``rank``, ``first`` and ``then`` order those of one instant."""
        # A tuple never compares its act: (first, then) is unique within an instant and a rank.
        heapq.heappush(self._heap, (at, rank, first, then, act, what))

    def note(self, events: tuple[Event, ...]) -> None:
        """Follow what the desk says has happened."""
        handlers, see = self._handlers, self._see
        for event in events:
            if see is not None:
                see(event)
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)

    # --- tickets come -----------------------------------------------------------------------

    def _arrivals(self) -> Iterator[tuple[Instant, int, int]]:
        """Yield instant, number of the kind and number of the ticket within it, in order."""
        scenario = self.scenario

        def of(number: int, kind: Kind) -> Iterator[tuple[Instant, int, int]]:
            instants = kind.arrivals.instants(self.chance, kind.name, scenario.start, scenario.end)
            return ((at, number, count) for count, at in enumerate(instants, start=1))

        streams = [of(number, kind) for number, kind in enumerate(scenario.kinds)]
        return streams[0] if len(streams) == 1 else heapq.merge(*streams)

    def _arrive(self, at: Instant, number: int, count: int) -> None:
        kind, draw = self.scenario.kinds[number], self.chance.draw
        ticket_id = TicketId(f"{kind.name}-{count}")
        priority = kind.priorities[0][0]
        if len(kind.priorities) > 1:
            priority = chosen(kind.priorities, draw("priority", ticket_id))
        row = self.records.add(number, self._queue_number[kind.queue], priority, at)
        work = Work(row, ticket_id, kind, draw("handling", ticket_id))
        self.works[ticket_id] = work
        by_hand = ticket_id in self.scenario.recorded
        skills: Mapping[str, int] = EMPTY
        if kind.skills:
            skills = chosen(kind.skills, draw("skills", ticket_id))
            work.skills = tuple(skills)
        pattern = self._patterns.get((number, priority, id(skills)))
        if pattern is None:
            pattern = self._patterns[number, priority, id(skills)] = Pattern(
                Ticket(
                    id=ticket_id, queue=kind.queue, channel=kind.channel, priority=priority,
                    skills=skills, weight=kind.weight,
                )
            )  # fmt: skip
        ticket = pattern.named(ticket_id)
        self.note(self.desk.submit(ticket, at=at))
        if by_hand:
            self._hand_over(work, at)
        if kind.patience is not None and work.staff is None:
            span = round(kind.patience.at(draw("patience", ticket_id)))
            self.plan(at + span, LEAVES, row, 0, self._leave, work)

    def _leave(self, at: Instant, work: Work) -> None:
        records = self.records
        if records.assigned[work.row] != NEVER or work.ticket_id not in self.works:
            return
        self.note(self.desk.abandon(work.ticket_id, at=at))
        records.ended[work.row] = at
        records.outcome[work.row] = Outcome.ABANDONED
        self._over(work, at)

    # --- tickets are worked -----------------------------------------------------------------

    def _assigned(self, event: TicketAssigned) -> None:
        work, staff = self.works[event.ticket_id], self.staff[event.agent_id]
        self.people.offers.pop((event.ticket_id, event.agent_id), None)
        records, row, at = self.records, work.row, event.at
        if work.staff is not None:
            self._drop(work, at)
        if records.assigned[row] == NEVER:
            records.assigned[row] = at
        elif records.agent[row] != staff.number:
            records.handovers[row] += 1
        records.agent[row] = staff.number
        work.staff, work.left = staff, None
        staff.line[work] = None
        if staff.free_for(work):
            self.begin(work, staff, at)

    def begin(self, work: Work, staff: Staff, at: Instant) -> None:
        """Begin or go on with a ticket."""
        records = self.records
        if records.started[work.row] == NEVER:
            records.started[work.row] = at
        if work.left is None:
            work.left = work.whole = self._handling(work, staff)
            work.rests_at = None if work.kind.holding is None else self._rests_at(work)
        staff.active[work] = None
        if staff.busy_since is None:
            staff.busy_since = at
        work.since = at
        work.turn += 1
        heapq.heappush(
            self._heap,
            (
                at + work.left - (work.rests_at or 0), ENDS, work.row, work.turn,
                self._end, (work, work.turn),
            ),
        )  # fmt: skip

    def _handling(self, work: Work, staff: Staff) -> int:
        if work.done:
            return 0
        kind = work.kind
        span = kind.handling.at(work.share) * staff.pace_for(work)
        if work.reopened and kind.reopening is not None:
            span *= kind.reopening.factor
        if self._will_move(work) is not None:
            noticed = kind.misrouting.noticed if kind.misrouting is not None else 0.25
            span *= noticed
        return round(span * work.todo)

    def _rests_at(self, work: Work) -> int | None:
        """Return what is left of the work when the ticket is put on hold; None if it is not."""
        holding = work.kind.holding
        if holding is None or work.done or work.left is None or self._will_move(work) is not None:
            return None
        if self.chance.draw("held", f"{work.ticket_id}/{work.holds}") >= holding.share:
            return None
        return round(work.left * (1 - holding.after))

    def _will_move(self, work: Work) -> Any:
        """Return the queue, or the recorded agent, that the ticket is to go on to; else None."""
        by_hand = self.scenario.recorded.get(work.ticket_id)
        if by_hand is not None:
            return by_hand[work.hops] if work.hops < len(by_hand) else None
        wrong = work.kind.misrouting
        if wrong is None or work.moved:
            return None
        if self.chance.draw("misrouted", work.ticket_id) >= wrong.share:
            return None
        return chosen(wrong.to, self.chance.draw("belongs", work.ticket_id))

    def _end(self, at: Instant, what: tuple[Work, int]) -> None:
        """End the work on a ticket: it is done, or it has to go on to somebody else."""
        work, turn = what
        if work.turn != turn or work.staff is None:
            return  # taken away meanwhile
        staff = work.staff
        self.rest(work, at)
        if work.rests_at is not None:
            self._put_on_hold(work, staff, at)
            self._go_on(staff, at)
            return
        target = None if work.done else self._will_move(work)
        if target is not None:
            work.left, work.todo = None, 1.0
            if work.ticket_id in self.scenario.recorded:
                self._hand_over(work, at)
            else:
                work.moved = True
                self.note(self.desk.transfer(work.ticket_id, to_queue=target, at=at))
                if work.staff is staff and work.since is None and staff.free_for(work):
                    self.begin(work, staff, at)  # who serves the other queue too keeps it
        else:
            self._finish(work, staff, at)
        self._go_on(staff, at)

    def _put_on_hold(self, work: Work, staff: Staff, at: Instant) -> None:
        """Put a ticket on hold, and plan when it goes on."""
        holding = work.kind.holding
        assert holding is not None
        assert work.left is not None
        if work.whole:  # a ticket may take no time at all, and rest all the same
            work.todo *= work.left / work.whole
        work.whole = work.left
        share = self.chance.draw("hold", f"{work.ticket_id}/{work.holds}")
        work.holds += 1
        work.rests_at = self._rests_at(work)
        work.turn += 1
        staff.line.pop(work, None)
        after = round(holding.span.at(share))
        self.plan(at + after, ENDS, work.row, work.turn, self._resume, work)
        self.note(self.desk.hold(work.ticket_id, at=at))

    def _resume(self, at: Instant, work: Work) -> None:
        self.note(self.desk.resume(work.ticket_id, at=at))

    def _finish(self, work: Work, staff: Staff, at: Instant) -> None:
        self.records.ended[work.row] = at
        law = staff.worker.reports_after
        if law is None or work.done:
            self._report(at, work)
            return
        work.done = True
        staff.line.pop(work, None)
        late = round(law.at(self.chance.draw("report", work.ticket_id)))
        self.plan(at + late, ENDS, work.row, work.turn, self._report, work)

    def _report(self, at: Instant, work: Work) -> None:
        """Tell the desk that a ticket is done."""
        if work.staff is None:
            return  # the desk took it away meanwhile: its next agent finds it done
        ticket_id, kind = work.ticket_id, work.kind
        if self._replies:
            self.note(self.desk.reply(ticket_id, Author.AGENT, agent_id=work.staff.id, at=at))
        self.note(self.desk.resolve(ticket_id, at=at))
        self.records.outcome[work.row] = Outcome.RESOLVED
        again = kind.reopening
        name = f"{ticket_id}/{work.reopened}"
        if again is not None and self.chance.draw("reopened", name) < again.share:
            after = round(again.after.at(self.chance.draw("reopened_after", name)))
            work.done, work.moved, work.reopened = False, True, work.reopened + 1
            work.todo = 1.0
            work.share = self.chance.draw("handling", f"{ticket_id}/{work.reopened}")
            self.plan(at + after, ENDS, work.row, work.turn + 1, self._reopen, work)
            work.turn += 1
            self._away[ticket_id] = at
        else:
            self._over(work, at)

    def _over(self, work: Work, at: Instant) -> None:
        """Forget a ticket that does not come back, and now and then let the desk do so."""
        del self.works[work.ticket_id]
        self._done += 1
        if self._may_forget():
            self._done = 0
            # Those that come back are in the order of their endings.
            self.note(self.desk.forget(before=next(iter(self._away.values()), at), at=at))

    def _may_forget(self) -> bool:
        """Return whether enough is done for a look at all tickets to cost little for each."""
        return self._done > FORGET_AFTER and self._done > len(self.works)

    def _reopen(self, at: Instant, work: Work) -> None:
        del self._away[work.ticket_id]
        self.records.outcome[work.row] = Outcome.OPEN
        self.records.reopened[work.row] += 1
        self.note(self.desk.reopen(work.ticket_id, at=at))

    def _hand_over(self, work: Work, at: Instant) -> None:
        """Give a recorded ticket to the next agent who had it."""
        agent_id = self.scenario.recorded[work.ticket_id][work.hops]
        work.hops += 1
        self.note(
            self.desk.transfer(work.ticket_id, to_agent=agent_id, force=True, at=at)
            if work.staff is not None
            else self.desk.assign(work.ticket_id, agent_id, force=True, at=at)
        )

    # --- what the desk says -----------------------------------------------------------------

    def rest(self, work: Work, at: Instant) -> None:
        """Stop working on a ticket, which stays with its agent."""
        staff = work.staff
        if staff is None or work.since is None:
            return
        worked = at - work.since
        self.records.handled[work.row] += worked
        work.left = max(0, (work.left or 0) - worked)
        work.since = None
        work.turn += 1
        staff.active.pop(work, None)
        staff.idle(at)

    def _drop(self, work: Work, at: Instant) -> None:
        """Take a ticket from its agent."""
        staff = work.staff
        assert staff is not None
        self.rest(work, at)
        staff.line.pop(work, None)
        work.staff = work.left = None
        work.turn += 1

    def _resumed(self, event: TicketResumed) -> None:
        work = self.works[event.ticket_id]
        staff = work.staff
        assert staff is not None
        staff.line[work] = None
        if staff.free_for(work):
            self.begin(work, staff, event.at)

    def _released(self, event: TicketReleased) -> None:
        work = self.works[event.ticket_id]
        if work.staff is not None:
            staff = work.staff
            self._drop(work, event.at)
            self._go_on(staff, event.at)

    def _resolved(self, event: TicketResolved) -> None:
        work = self.works[event.ticket_id]
        staff = work.staff
        if staff is None:
            return
        if event.wrap_up_until is not None:
            staff.wraps += 1
            self._wrapping += 1
            staff.busy(event.at)
        self._drop(work, event.at)

    def _wrapped_up(self, event: WrapUpEnded) -> None:
        staff = self.staff[event.agent_id]
        staff.wraps -= 1
        self._wrapping -= 1
        staff.idle(event.at)
        self._go_on(staff, event.at)

    def _transferred(self, event: TicketTransferred) -> None:
        work = self.works[event.ticket_id]
        work.queue = event.to_queue
        self.records.queue[work.row] = self._queue_number[event.to_queue]

    def _clock_ended(self, event: ClockEnded) -> None:
        work = self.works.get(event.ticket_id)
        row = NEVER if work is None else work.row
        priority = "" if row == NEVER else str(self.records.priority[row])
        self.clocks[event.metric.value, priority, event.outcome.value] += 1

    def _go_on(self, staff: Staff, at: Instant) -> None:
        """Begin the next ticket that is held and not begun, or look for one."""
        if staff.worker.one_at_a_time:
            work = staff.next_in_line()
            if work is not None and staff.free_for(work):
                self.begin(work, staff, at)
        if staff.pulls and staff.on_duty:
            self.people.look(staff, at)
