"""What becomes of a ticket's clocks after something happened to it: each metric, read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ticketroute.model import events as ev
from ticketroute.model.ids import QueueId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import ChangeRule, Metric, ReopenRule, Target
from ticketroute.testing.reference.clocks import OVER, Agreed, BookFacts, ClockFacts
from ticketroute.testing.reference.facts import TicketFacts
from ticketroute.testing.reference.fold import Fold

FOR_EVER = 1 << 62
KEPT_BY_RESOLVING = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)
KEPT_BY_AN_ANSWER = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.PERIODIC_UPDATE)

ClockEvents = Iterator[sla.ClockEvent]


def clocks_after(desk: Fold, event: ev.Event) -> ClockEvents:
    """Yield what becomes of clocks after an event that happened; each is to happen at once."""
    if isinstance(event, ev.TicketEvent) and not isinstance(event, sla.ClockEvent):
        ticket = desk.tickets[event.ticket_id]
        if ticket.book is not None:
            left = event.from_queue if isinstance(event, ev.TicketTransferred) else None
            after = After(desk, ticket, ticket.book, event.cause, event.at, left)
            yield from after.what(event)
            yield from after.stand_or_run()


def clocks_follow(desk: Fold, ticket: TicketFacts, at: int) -> ClockEvents:
    """Yield what becomes of a ticket's clocks when something else is promised."""
    if ticket.book is not None and ticket.state is not RoutingState.DONE:
        after = After(desk, ticket, ticket.book, ev.Cause.COMMAND, at)
        yield from after.promised_anew()
        yield from after.stand_or_run()


class After:
    """The moment after something happened to a ticket."""

    def __init__(
        self,
        desk: Fold,
        ticket: TicketFacts,
        book: BookFacts,
        cause: ev.Cause,
        at: int,
        left: QueueId | None = None,
    ) -> None:
        self.left = left  # the queue it has just been moved from
        self.desk, self.ticket, self.book = desk, ticket, book
        self.cause, self.at = cause, at
        self.agreed = desk.agreed(ticket)

    def what(self, event: ev.TicketEvent) -> ClockEvents:  # noqa: C901  one case for each event
        """Yield what this event means for clocks, standing still and going on aside."""
        match event:
            case ev.TicketSubmitted():
                for metric in Metric:
                    yield from self.start_if_due(metric)
            case ev.TicketAssigned():
                yield from self.end(Metric.ASSIGNMENT, kept=True)
                yield from self.promised_anew()  # an overflow queue may have assigned it
            case ev.TicketReplied(author=ev.Author.AGENT):
                for metric in KEPT_BY_AN_ANSWER:
                    yield from self.end(metric, kept=True)
                yield from self.count_from_message(ev.Author.AGENT)
            case ev.TicketReplied(author=ev.Author.REQUESTER):
                if self.ticket.state is not RoutingState.DONE:  # else it is reopened
                    yield from self.asked()
            case ev.TicketResolved():
                for metric in list(self.book.clocks):
                    yield from self.end(metric, kept=metric in KEPT_BY_RESOLVING)
            case ev.TicketReopened():
                yield from self.reopened()
            case ev.TicketAbandoned() | ev.TicketMerged():
                for clock in self.book.latest:
                    if clock.is_open:
                        yield from self.cancel(clock)
            case ev.TicketTransferred():
                if event.from_queue != event.to_queue:
                    yield from self.moved()
            case ev.TicketPriorityChanged() | ev.TicketRelaxed():
                yield from self.promised_anew()

    def stand_or_run(self) -> ClockEvents:
        """Yield which open clocks stand still by the ticket's status, and which go on."""
        for clock in self.book.latest:
            stands = clock.stands_still(self.ticket.status)
            if clock.state is ClockState.RUNNING and stands:
                yield sla.ClockPaused(
                    **self.of(clock),
                    status=self.ticket.status,
                    remaining=clock.within - self.elapsed(clock),
                )
            elif clock.state is ClockState.PAUSED and not stands:
                yield self.resumed(clock)

    # --- occasions ----------------------------------------------------------------------------

    def asked(self) -> ClockEvents:
        """The requester wrote: unless an older message counts, the answer is promised from now."""
        if self.waits() and not self.book.is_open(Metric.NEXT_RESPONSE):
            yield from self.start(Metric.NEXT_RESPONSE, self.at)
        yield from self.count_from_message(ev.Author.REQUESTER)

    def waits(self) -> bool:
        """Return whether a message waits for the next response, and not for the first alone."""
        target = self.target(Metric.NEXT_RESPONSE)
        early = target is not None and target.before_first_reply
        return self.book.unanswered is not None and (self.book.answered or early)

    def count_from_message(self, author: ev.Author) -> ClockEvents:
        """A message came: the next update is promised from it on, if it counts from such."""
        target = self.target(Metric.PERIODIC_UPDATE)
        if target is not None and author in target.contacts and self.ticket.status not in OVER:
            yield from self.end(Metric.PERIODIC_UPDATE, kept=False)
            yield from self.start(Metric.PERIODIC_UPDATE, self.at)

    def reopened(self) -> ClockEvents:
        """It works again: what resolving had ended goes on, or begins anew."""
        again = self.agreed is not None and self.agreed.policy.reopening is ReopenRule.NEW_CYCLE
        for clock in self.book.latest:
            lapsed = clock.state is ClockState.LAPSED
            by_resolving = clock.metric in KEPT_BY_RESOLVING
            withdrawn = clock.state is ClockState.CANCELLED
            if clock.is_open or withdrawn or not (lapsed or by_resolving):
                continue
            if clock.of_a_queue_left or clock.ended is None or clock.ended < self.book.resolved:
                continue
            if self.counts_from(clock.metric) is None:
                continue
            if again:
                yield from self.start(clock.metric, self.at)
            else:
                yield self.resumed(clock)
        yield from self.promised_anew()
        if self.cause is ev.Cause.REPLIED:
            yield from self.asked()

    def moved(self) -> ClockEvents:
        """It is in another queue: what counts for each queue ends here and begins there."""
        for metric in Metric:
            if self.ticket.status in OVER:
                break
            target, clock = self.target(metric), self.book.last(metric)
            here = target is not None and target.per_queue
            was_open = clock is not None and clock.is_open
            there = clock is not None and was_open and clock.target.per_queue
            if not here and not there:
                continue
            if there:
                yield from self.end(metric, kept=metric in KEPT_BY_RESOLVING)
            elif clock is not None and was_open:
                yield from self.cancel(clock)
            if here and metric is Metric.ASSIGNMENT and self.ticket.agent is None:
                yield from self.start(metric, self.at)
            else:
                yield from self.start_if_due(metric)
        yield from self.promised_anew()

    def promised_anew(self) -> ClockEvents:
        """Something else is promised: open clocks follow, and what is new begins."""
        if self.ticket.status in OVER:
            return
        for metric in Metric:
            known = self.book.last(metric)
            if known is not None and known.is_open:
                yield from self.retarget(known)
            elif known is None or known.of_a_queue_left:
                yield from self.start_if_due(metric)
            elif known.state is ClockState.CANCELLED:
                if known.started != self.counts_from(metric):
                    yield from self.start_if_due(metric)
                elif self.target(metric) is not None:
                    yield from self.retarget(known)  # promised again

    # --- what is promised ---------------------------------------------------------------------

    def target(self, metric: Metric) -> Target | None:
        """Return what is promised of a metric to a ticket of this priority, if anything is."""
        target = None if self.agreed is None else self.agreed.policy.targets.get(metric)
        if target is None or TicketPriority(self.ticket.priority) not in target.within:
            return None
        return target

    def counts_from(self, metric: Metric) -> int | None:
        """Return from when on a metric counts, by all that happened; None: nothing is awaited."""
        book, target = self.book, self.target(metric)
        since: int | None = book.statuses[0][0]  # its arrival
        match metric:
            case Metric.FIRST_RESPONSE if book.answered:
                since = None
            case Metric.ASSIGNMENT if book.handed:
                since = None
            case Metric.NEXT_RESPONSE:
                since = book.unanswered if self.waits() else None
            case Metric.PERIODIC_UPDATE:
                authors = () if target is None else target.contacts
                wrote = [at for author, at in book.wrote.items() if author in authors]
                since = max(wrote, default=None)
        if since is not None and target is not None and target.per_queue:
            since = max(since, book.queued)
        return since

    # --- steps of one clock -------------------------------------------------------------------

    def of(self, clock: ClockFacts) -> dict[str, Any]:
        """Return what every event of a clock says."""
        return {
            "at": self.at,
            "cause": self.cause,
            "ticket_id": self.ticket.id,
            "metric": clock.metric,
            "cycle": clock.cycle,
        }

    def elapsed(self, clock: ClockFacts) -> int:
        """Return what has counted by now."""
        return self.book.elapsed(clock, self.desk.hours_of(clock), self.at)

    def elapsed_by_today(self, clock: ClockFacts) -> int:
        """Return what has counted by the hours that hold now, as it will if the clock goes on."""
        return self.book.elapsed(clock, self.desk.hours(clock.calendar_id), self.at)

    def start_if_due(self, metric: Metric) -> ClockEvents:
        """Begin to count, if something is awaited."""
        since = self.counts_from(metric)
        if since is not None:
            yield from self.start(metric, since)

    def start(self, metric: Metric, since: int) -> ClockEvents:
        """Begin another cycle, if anything is promised."""
        target = self.target(metric)
        if target is None or self.agreed is None:
            return
        cycle = len(self.book.clocks.get(metric, ())) + 1
        clock = self.clock(self.agreed, target, metric, cycle, since)
        stands = clock.stands_still(self.ticket.status)
        yield sla.ClockStarted(
            **self.of(clock),
            **self.terms(clock),
            started=since,
            paused_by=self.ticket.status if stands else None,
        )

    def clock(
        self, agreed: Agreed, target: Target, metric: Metric, cycle: int, since: int
    ) -> ClockFacts:
        """Return a clock that runs, as is promised now."""
        calendar_id = target.calendar or agreed.policy.calendar or self.ticket.queue.queue.calendar
        span = target.within[TicketPriority(self.ticket.priority)]
        return ClockFacts(
            metric,
            cycle,
            agreed.policy.id,
            agreed.version,
            target,
            calendar_id,
            span,
            span,
            since,
            ClockState.RUNNING,
        )

    def terms(self, clock: ClockFacts) -> dict[str, Any]:
        """Return what a clock goes by, and when that makes it due."""
        stands = clock.stands_still(self.ticket.status)
        return {
            "policy_id": clock.policy_id,
            "version": clock.version,
            "calendar_id": clock.calendar_id,
            "promised": clock.promised,
            "within": clock.within,
            "due": None if stands else self.desk.clock_due(self.book, clock),
        }

    def end(self, metric: Metric, *, kept: bool) -> ClockEvents:
        """End what is open: by what was promised, or without it."""
        clock = self.book.last(metric)
        if clock is None or not clock.is_open:
            return
        yield from self.find_breach(clock)
        outcome = ClockState.MISSED
        if clock.breached is None:
            outcome = ClockState.MET if kept else ClockState.LAPSED
        yield self.ended(clock, outcome)

    def cancel(self, clock: ClockFacts) -> ClockEvents:
        """End a clock of which nothing is promised: a breach stays a breach."""
        yield from self.find_breach(clock)
        breached = clock.breached is not None
        yield self.ended(clock, ClockState.MISSED if breached else ClockState.CANCELLED)

    def find_breach(self, clock: ClockFacts) -> ClockEvents:
        """Say that a promise is missed already, before anything hides it."""
        if clock.breached is None and self.elapsed(clock) > clock.within:
            due = self.book.reaches(clock, self.desk.hours_of(clock), clock.within)
            yield sla.ClockBreached(**self.of(clock), within=clock.within, due=due)

    def ended(self, clock: ClockFacts, outcome: ClockState) -> sla.ClockEvent:
        """Return the end of a clock; it counted for the queue that the ticket was in till now."""
        return sla.ClockEnded(
            **self.of(clock),
            outcome=outcome,
            queue_id=self.left or self.ticket.queue.queue.id,
            elapsed=self.elapsed(clock),
        )

    def resumed(self, clock: ClockFacts) -> sla.ClockEvent:
        """Return how a clock goes on that stood still or had ended."""
        on = like(clock)
        return sla.ClockResumed(**self.of(clock), due=self.desk.clock_due(self.book, on))

    def retarget(self, clock: ClockFacts) -> ClockEvents:
        """Let an open clock go by what is promised now."""
        target = self.target(clock.metric)
        if target is None or self.agreed is None:
            yield from self.cancel(clock)
            return
        new = self.clock(self.agreed, target, clock.metric, clock.cycle, clock.started)
        if clock.is_open and terms_of(new) == terms_of(clock):
            return
        match self.agreed.policy.changes:
            case ChangeRule.KEEP_STRICTEST:
                old = replace(new, within=clock.within, calendar_id=clock.calendar_id)
                if self.due_if_it_ran(old) < self.due_if_it_ran(new):
                    new = old
            case ChangeRule.FROM_NOW:
                same = new.promised == clock.promised  # only the calendar or the policy is another
                left = clock.within - self.elapsed_by_today(clock) if same else new.promised
                new.within = max(1, self.elapsed_by_today(new) + left)
        if clock.is_open and (terms_of(new), new.within) == (terms_of(clock), clock.within):
            return
        if clock.is_open:
            yield from self.find_breach(clock)
        yield sla.ClockRetargeted(**self.of(clock), **self.terms(new))
        if new.stands_still(self.ticket.status):
            yield from self.find_breach(clock)

    def due_if_it_ran(self, clock: ClockFacts) -> int:
        """Return when a clock is due if it runs from now on; what is used up comes before."""
        left = clock.within - self.elapsed_by_today(clock)
        if left <= 0:
            return self.at + left
        due = self.desk.hours(clock.calendar_id).add(self.at, left)
        return FOR_EVER if due is None else due


def terms_of(clock: ClockFacts) -> tuple[object, ...]:
    """Return what makes a difference between two promises."""
    return (clock.policy_id, clock.version, clock.promised, clock.calendar_id)


def like(clock: ClockFacts) -> ClockFacts:
    """Return a clock like another one, which runs."""
    return ClockFacts(
        clock.metric,
        clock.cycle,
        clock.policy_id,
        clock.version,
        clock.target,
        clock.calendar_id,
        clock.promised,
        clock.within,
        clock.started,
        ClockState.RUNNING,
    )
