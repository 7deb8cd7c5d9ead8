"""The clocks of a ticket: how each counts, what becomes of it, and what its events mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.events import Author, Cause
from ticketroute.model.lifecycle import RoutingState, Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla import events as sla
from ticketroute.sla.clock import ClockState
from ticketroute.sla.policy import ChangeRule, Metric, ReopenRule, Target
from ticketroute.testing.reference.calendar import Hours
from ticketroute.testing.reference.facts import Agreed, BookFacts, ClockFacts, Facts, TicketFacts
from ticketroute.testing.reference.gate import hours

ON_HOLD = {Status.PENDING, Status.POSTPONED}
PAUSES = {
    Metric.RESOLUTION: ON_HOLD,
    Metric.AGENT_WORK: ON_HOLD | {Status.ANSWERED},
    Metric.REQUESTER_WAIT: {Status.PENDING, Status.ANSWERED},
}
OVER = (Status.RESOLVED, Status.CLOSED)
FOR_EVER = 1 << 62
KEPT_BY_RESOLVING = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)
KEPT_BY_AN_ANSWER = (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.PERIODIC_UPDATE)
WARNING, BREACH, LEVEL = 1, 2, 3
RUNNING, PAUSED, MET = ClockState.RUNNING, ClockState.PAUSED, ClockState.MET
LAPSED, CANCELLED = ClockState.LAPSED, ClockState.CANCELLED
TERMS = ("policy_id", "version", "promised", "calendar_id", "within")

ClockEvents = Iterator[sla.ClockEvent]

# --- how a clock counts: anew each time, from its ticket's statuses -------------------------------


def stands_still(clock: ClockFacts, status: Status) -> bool:
    """Return whether nothing counts while its ticket has a status."""
    pauses = clock.target.pauses
    return status in OVER or status in (PAUSES.get(clock.metric, ()) if pauses is None else pauses)


def hours_of(facts: Facts, clock: ClockFacts) -> Hours:
    """Return the hours in which a clock counts, or did when it ended."""
    return hours(facts, clock.calendar_id) if clock.kept is None else clock.kept


def counting(ticket: TicketFacts, clock: ClockFacts) -> Iterator[tuple[int, int]]:
    """Yield the stretches in which a clock counts, if things stay as they are."""
    statuses = () if ticket.book is None else ticket.book.statuses
    ends = [*(since for since, _ in statuses[1:]), FOR_EVER]
    stop = FOR_EVER if clock.ended is None else clock.ended
    for number, (since, status) in enumerate(statuses):
        start = max(since, clock.started) if number else clock.started
        end = min(ends[number], stop)
        if not stands_still(clock, status) and start < end:
            yield start, end


def elapsed(ticket: TicketFacts, clock: ClockFacts, open_in: Hours, at: int) -> int:
    """Return what has counted by an instant."""
    stretches = [(start, min(at, end)) for start, end in counting(ticket, clock) if start < at]
    return sum(open_in.elapsed(start, end) for start, end in stretches)


def reaches(ticket: TicketFacts, clock: ClockFacts, open_in: Hours, amount: int) -> int | None:
    """Return when so much will have counted, if things stay as they are."""
    left = amount
    for start, end in counting(ticket, clock):
        if end == FOR_EVER:
            return open_in.add(start, left)
        here = open_in.elapsed(start, end)
        if here >= left:
            return open_in.add(start, left)
        left -= here
    return None


def clock_due(facts: Facts, ticket: TicketFacts, clock: ClockFacts) -> int | None:
    """Return when a clock that runs has used up its target."""
    if clock.state is not RUNNING:
        return None
    return reaches(ticket, clock, hours_of(facts, clock), clock.within)


def due_at(facts: Facts, ticket: TicketFacts) -> int | None:
    """Return when a ticket is due: by its host's word, or by its clocks that run."""
    known = () if ticket.book is None else ticket.book.latest
    dues = [ticket.ticket.due, *(clock_due(facts, ticket, clock) for clock in known)]
    return min((due for due in dues if due is not None), default=None)


class Mark(NamedTuple):
    """What there is to do once so much has counted: sorted, the first comes first."""

    after: int
    kind: int
    number: int
    name: tuple[object, ...]  # the name by which it is remembered when it was done


def next_mark(clock: ClockFacts) -> Mark | None:
    """Return what is to be done first of all that was not done on a clock's way."""
    agreed = (clock.policy_id, clock.version)
    marks = [Mark(clock.within + 1, BREACH, 0, ("breach",))]
    granted = min(clock.within, clock.promised)  # of what a change granted anew, if one did
    for share in clock.target.warnings:
        rest = granted * (100 - share) // 100  # so the warning comes once its whole share is used
        marks.append(Mark(clock.within - rest, WARNING, share, ("warning", share, *agreed)))
    for number, level in enumerate(clock.target.escalations):
        after = clock.within + level.offset + (level.offset >= 0)  # a breach comes before its level
        marks.append(Mark(max(1, after), LEVEL, number, ("level", number, *agreed)))
    return min((mark for mark in marks if mark.name not in clock.done), default=None)


def mark_due(facts: Facts, ticket: TicketFacts, clock: ClockFacts) -> int | None:
    """Return when a clock that runs comes to its next mark."""
    mark = next_mark(clock)
    if clock.state is not RUNNING or mark is None:
        return None
    at = reaches(ticket, clock, hours_of(facts, clock), mark.after)
    return None if at is None else max(at, facts.now)


# --- what is promised, and what becomes of clocks after something happened ------------------------


def agreed(facts: Facts, ticket: TicketFacts) -> Agreed | None:
    """Return the policy of a ticket: the one its queue names, else the first that applies."""
    queue, bare = ticket.queue.queue, ticket.ticket
    for each in facts.agreements:
        policy = each.policy
        applies = (
            (not policy.queues or queue.id in policy.queues)
            and (not policy.channels or bare.channel in policy.channels)
            and (not policy.tags or any(tag in policy.tags for tag in bare.tags))
        )
        if policy.id == queue.sla or (queue.sla is None and applies):
            return each
    return None


class After(NamedTuple):
    """The moment after something happened to a ticket."""

    facts: Facts
    ticket: TicketFacts
    book: BookFacts
    cause: Cause
    left: str | None = None  # the queue it has just been moved from

    def target(self, metric: Metric) -> Target | None:
        """Return what is promised of a metric to a ticket of this priority, if anything is."""
        promised = agreed(self.facts, self.ticket)
        target = None if promised is None else promised.policy.targets.get(metric)
        priority = TicketPriority(self.ticket.priority)
        return None if target is None or priority not in target.within else target

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
                since = max((at for who, at in book.wrote.items() if who in authors), default=None)
        if since is not None and target is not None and target.per_queue:
            since = max(since, book.queued)
        return since

    def waits(self) -> bool:
        """Return whether a message waits for the next response, and not only for the first."""
        target = self.target(Metric.NEXT_RESPONSE)
        early = target is not None and target.before_first_reply
        return self.book.unanswered is not None and (self.book.answered or early)

    def elapsed(self, clock: ClockFacts, open_in: Hours | None = None) -> int:
        """Return what has counted by now."""
        hours = open_in or hours_of(self.facts, clock)
        return elapsed(self.ticket, clock, hours, self.facts.now)

    def told(self, clock: ClockFacts, **more: Any) -> dict[str, Any]:
        """Return what every event of a clock says, and more."""
        of = {"at": self.facts.now, "cause": self.cause, "ticket_id": self.ticket.id}
        return {**of, "metric": clock.metric, "cycle": clock.cycle, **more}


def clocks_after(facts: Facts, event: ev.Event) -> ClockEvents:
    """Yield what becomes of clocks after an event that happened; each is to happen at once."""
    if isinstance(event, ev.TicketEvent) and not isinstance(event, sla.ClockEvent):
        ticket = facts.tickets[event.ticket_id]
        if ticket.book is not None:
            left = event.from_queue if isinstance(event, ev.TicketTransferred) else None
            after = After(facts, ticket, ticket.book, event.cause, left)
            yield from what(after, event)
            yield from stand_or_run(after)


def clocks_follow(facts: Facts, tickets: Iterable[TicketFacts]) -> ClockEvents:
    """Yield what becomes of the clocks of tickets when something else is promised."""
    for ticket in list(tickets):
        if ticket.book is not None and ticket.state is not RoutingState.DONE:
            after = After(facts, ticket, ticket.book, Cause.COMMAND)
            yield from promised_anew(after)
            yield from stand_or_run(after)


def what(after: After, event: ev.TicketEvent) -> ClockEvents:  # noqa: C901  one case for each event
    """Yield what this event means for clocks, standing still and going on aside."""
    match event:
        case ev.TicketSubmitted() | ev.TicketPriorityChanged() | ev.TicketRelaxed():
            yield from promised_anew(after)
        case ev.TicketChanged():
            yield from promised_anew(after)
        case ev.TicketAssigned():
            yield from end(after, Metric.ASSIGNMENT, MET)
            yield from promised_anew(after)  # an overflow queue may have assigned it
        case ev.TicketReplied(author=Author.AGENT):
            for metric in KEPT_BY_AN_ANSWER:
                yield from end(after, metric, MET)
            yield from count_from_message(after, Author.AGENT)
        case ev.TicketReplied(author=Author.REQUESTER):
            if after.ticket.state is not RoutingState.DONE:  # else it is reopened
                yield from asked(after)
        case ev.TicketResolved():
            for metric in list(after.book.clocks):
                yield from end(after, metric, by_resolving(metric))
        case ev.TicketReopened():
            yield from reopened(after)
        case ev.TicketAbandoned() | ev.TicketMerged():
            for metric in list(after.book.clocks):
                yield from end(after, metric, CANCELLED)
        case ev.TicketTransferred() if event.from_queue != event.to_queue:
            yield from moved(after)


def stand_or_run(after: After) -> ClockEvents:
    """Yield which open clocks stand still by the ticket's status, and which go on."""
    status = after.ticket.status
    for clock in after.book.latest:
        stands = stands_still(clock, status)
        if clock.state is RUNNING and stands:
            left = clock.within - after.elapsed(clock)
            yield sla.ClockPaused(**after.told(clock, status=status, remaining=left))
        elif clock.state is PAUSED and not stands:
            yield resumed(after, clock)


def asked(after: After) -> ClockEvents:
    """The requester wrote: unless an older message counts, the answer is promised from now."""
    known = after.book.last(Metric.NEXT_RESPONSE)
    if after.waits() and not (known is not None and known.is_open):
        yield from start(after, Metric.NEXT_RESPONSE, after.facts.now)
    yield from count_from_message(after, Author.REQUESTER)


def count_from_message(after: After, author: Author) -> ClockEvents:
    """A message came: the next update is promised from it on, if it counts from such."""
    target = after.target(Metric.PERIODIC_UPDATE)
    if target is not None and author in target.contacts and after.ticket.status not in OVER:
        yield from end(after, Metric.PERIODIC_UPDATE, LAPSED)
        yield from start(after, Metric.PERIODIC_UPDATE, after.facts.now)


def reopened(after: After) -> ClockEvents:
    """It works again: what resolving had ended goes on, or begins anew."""
    promised = agreed(after.facts, after.ticket)
    again = promised is not None and promised.policy.reopening is ReopenRule.NEW_CYCLE
    over = [at for at, status in after.book.statuses if status is Status.RESOLVED]
    for clock in after.book.latest:
        ended = -1 if clock.state is CANCELLED or clock.of_a_queue_left else clock.ended
        by_it = clock.state is LAPSED or by_resolving(clock.metric) is MET
        awaited = after.counts_from(clock.metric) is not None
        if not by_it or not awaited or ended is None or ended < over[-1]:
            continue
        if again:
            yield from start(after, clock.metric, after.facts.now)
        else:
            yield resumed(after, clock)
    yield from promised_anew(after)
    if after.cause is Cause.REPLIED:
        yield from asked(after)


def moved(after: After) -> ClockEvents:
    """It is in another queue: what counts for each queue ends here and begins there."""
    for metric in Metric if after.ticket.status not in OVER else ():
        target, clock = after.target(metric), after.book.last(metric)
        here = target is not None and target.per_queue
        there = clock is not None and clock.is_open and clock.target.per_queue
        if here or there:
            yield from end(after, metric, by_resolving(metric) if there else CANCELLED)
            waits = here and metric is Metric.ASSIGNMENT and after.ticket.agent is None
            yield from start(after, metric, after.facts.now if waits else after.counts_from(metric))
    yield from promised_anew(after)


def promised_anew(after: After) -> ClockEvents:
    """Something else is promised: open clocks follow, and what is new begins."""
    for metric in Metric if after.ticket.status not in OVER else ():
        known, since = after.book.last(metric), after.counts_from(metric)
        again = known is not None and known.state is CANCELLED and not known.of_a_queue_left
        if known is not None and known.is_open:
            yield from retarget(after, known)
        elif known is not None and again and known.started == since:
            if after.target(metric) is not None:
                yield from retarget(after, known)  # promised again
        elif known is None or again or known.of_a_queue_left:
            yield from start(after, metric, since)


# --- steps of one clock -------------------------------------------------------------------------


def start(after: After, metric: Metric, since: int | None) -> ClockEvents:
    """Begin another cycle, if something is awaited since an instant, and anything is promised."""
    if since is None:
        return
    clock = as_promised(after, metric, len(after.book.clocks.get(metric, ())) + 1, since)
    if clock is not None:
        status = after.ticket.status
        paused_by = status if stands_still(clock, status) else None
        yield sla.ClockStarted(**terms(after, clock), started=since, paused_by=paused_by)


def as_promised(after: After, metric: Metric, cycle: int, since: int) -> ClockFacts | None:
    """Return a clock that runs, as is promised now."""
    target, promised = after.target(metric), agreed(after.facts, after.ticket)
    if target is None or promised is None:
        return None
    policy, span = promised.policy, target.within[TicketPriority(after.ticket.priority)]
    calendar_id = target.calendar or policy.calendar or after.ticket.queue.queue.calendar
    by = (policy.id, promised.version, target, calendar_id)
    return ClockFacts(metric, cycle, *by, span, span, since)


def terms(after: After, clock: ClockFacts) -> dict[str, Any]:
    """Return the terms of a clock, and when they make it due."""
    stands = stands_still(clock, after.ticket.status)
    due = None if stands else clock_due(after.facts, after.ticket, clock)
    return after.told(clock, due=due, **{name: getattr(clock, name) for name in TERMS})


def by_resolving(metric: Metric) -> ClockState:
    """Return how an open clock ends when its ticket is resolved, or leaves the queue it is for."""
    return MET if metric in KEPT_BY_RESOLVING else LAPSED


def end(after: After, metric: Metric, outcome: ClockState) -> ClockEvents:
    """End what is open, for the queue of its ticket till now; a breach stays a breach."""
    clock = after.book.last(metric)
    if clock is not None and clock.is_open:
        yield from find_breach(after, clock)
        queue_id = after.left or after.ticket.queue.queue.id
        result = outcome if clock.breached is None else ClockState.MISSED
        of = after.told(clock, outcome=result, queue_id=queue_id, elapsed=after.elapsed(clock))
        yield sla.ClockEnded(**of)


def find_breach(after: After, clock: ClockFacts) -> ClockEvents:
    """Note that a promise is missed already, before anything hides it."""
    if clock.breached is None and after.elapsed(clock) > clock.within:
        due = reaches(after.ticket, clock, hours_of(after.facts, clock), clock.within)
        yield sla.ClockBreached(**after.told(clock, within=clock.within, due=due))


def resumed(after: After, clock: ClockFacts) -> sla.ClockEvent:
    """Return how a clock goes on that stood still or had ended."""
    on = replace(clock, state=RUNNING, ended=None, kept=None)
    return sla.ClockResumed(**after.told(clock, due=clock_due(after.facts, after.ticket, on)))


def retarget(after: After, clock: ClockFacts) -> ClockEvents:
    """Change an open clock to what is promised now, or one that was cancelled and counts again."""
    new = as_promised(after, clock.metric, clock.cycle, clock.started)
    promised = agreed(after.facts, after.ticket)
    if new is None or promised is None:
        yield from end(after, clock.metric, CANCELLED)
        return
    same = [getattr(new, name) == getattr(clock, name) for name in TERMS]
    if clock.is_open and all(same[:-1]):
        return
    match promised.policy.changes:
        case ChangeRule.KEEP_STRICTEST:
            old = replace(new, within=clock.within, calendar_id=clock.calendar_id)
            if due_if_it_ran(after, old) < due_if_it_ran(after, new):
                new = old
        case ChangeRule.FROM_NOW:
            same_span = new.promised == clock.promised  # only the calendar or the policy is another
            left = clock.within - elapsed_by_today(after, clock) if same_span else new.promised
            new.within = max(1, elapsed_by_today(after, new) + left)
    if clock.is_open:
        if all(getattr(new, name) == getattr(clock, name) for name in TERMS):
            return
        yield from find_breach(after, clock)
    yield sla.ClockRetargeted(**terms(after, new))
    if stands_still(new, after.ticket.status):
        yield from find_breach(after, clock)


def elapsed_by_today(after: After, clock: ClockFacts) -> int:
    """Return what has counted by the hours that hold now, as it will if the clock goes on."""
    return after.elapsed(clock, hours(after.facts, clock.calendar_id))


def due_if_it_ran(after: After, clock: ClockFacts) -> int:
    """Return when a clock is due if it runs from now on; what is used up comes before."""
    left = clock.within - elapsed_by_today(after, clock)
    if left <= 0:
        return after.facts.now + left
    due = hours(after.facts, clock.calendar_id).add(after.facts.now, left)
    return FOR_EVER if due is None else due


# --- what each event of a clock does to the facts -------------------------------------------------


def apply_clock_event(facts: Facts, event: sla.ClockEvent) -> None:  # noqa: C901  one case each
    """Change the clock that an event is about."""
    ticket = facts.tickets[event.ticket_id]
    assert ticket.book is not None
    cycles = ticket.book.clocks.setdefault(event.metric, [])
    if isinstance(event, sla.ClockStarted):
        assert not any(clock.is_open for clock in cycles)
        target = facts.versions[event.policy_id].policy.targets[event.metric]
        by = (event.policy_id, event.version, target, event.calendar_id)
        state = RUNNING if event.paused_by is None else PAUSED
        spans = (event.promised, event.within, event.started)
        cycles.append(ClockFacts(event.metric, event.cycle, *by, *spans, state))
    clock = cycles[-1]
    assert event.cycle == clock.cycle == len(cycles)
    match event:
        case sla.ClockPaused():
            assert clock.state is RUNNING
            clock.state = PAUSED
        case sla.ClockResumed():
            assert clock.state not in (RUNNING, CANCELLED)
            clock.state, clock.ended, clock.kept = RUNNING, None, None
        case sla.ClockRetargeted():
            assert clock.is_open or clock.state is CANCELLED
            if (clock.policy_id, clock.version) != (event.policy_id, event.version):
                clock.target = facts.versions[event.policy_id].policy.targets[event.metric]
            for name in TERMS:
                setattr(clock, name, getattr(event, name))
            if clock.state is CANCELLED:  # and promised again
                clock.state = PAUSED if stands_still(clock, ticket.status) else RUNNING
                clock.ended = clock.kept = None
        case sla.ClockEnded():
            assert clock.is_open
            if clock.calendar_id is not None:
                clock.kept = Hours(list(facts.calendars[clock.calendar_id]))
            clock.state, clock.ended = event.outcome, event.at
            left = event.queue_id != ticket.queue.queue.id
            clock.of_a_queue_left = clock.target.per_queue and left
        case sla.ClockWarned():
            come_to(clock, ("warning", event.share, clock.policy_id, clock.version))
        case sla.ClockBreached():
            assert clock.breached is None
            if event.cause is Cause.TIME:
                come_to(clock, ("breach",))
            clock.done.add(("breach",))
            clock.breached = event.at
        case sla.ClockEscalated():
            come_to(clock, ("level", event.level, event.policy_id, event.version))


def come_to(clock: ClockFacts, name: tuple[object, ...]) -> None:
    """Note that a mark was done; each is done once, and only while the clock runs."""
    mark = next_mark(clock)
    assert mark is not None
    assert (clock.state, mark.name) == (RUNNING, name)
    clock.done.add(name)


def open_book(ticket: TicketFacts, since: int) -> None:
    """Begin to keep the time of a ticket."""
    handed, wrote = ticket.last_agent is not None, {Author.REQUESTER: since}
    ticket.book = BookFacts(
        [(since, ticket.status)], since, ticket.ever_answered, handed, wrote=wrote
    )
