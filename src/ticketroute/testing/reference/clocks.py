"""The clocks of a ticket: how each counts, what becomes of it, and what its events mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from ticketroute.model import events as ev
from ticketroute.model.events import Author, Cause
from ticketroute.model.ids import QueueId
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

ClockEvents = Iterator[sla.ClockEvent]

# --- how a clock counts: anew each time, from its ticket's statuses -------------------------------


def stands_still(clock: ClockFacts, status: Status) -> bool:
    """Return whether nothing counts while its ticket has a status."""
    pauses = clock.target.pauses
    return status in OVER or status in (PAUSES.get(clock.metric, ()) if pauses is None else pauses)


def hours_of(facts: Facts, clock: ClockFacts) -> Hours:
    """Return the hours in which a clock counts, or did when it ended."""
    return hours(facts, clock.calendar_id) if clock.kept is None else clock.kept


def counting(book: BookFacts, clock: ClockFacts) -> Iterator[tuple[int, int | None]]:
    """Yield the stretches in which a clock counts; the last may have no end."""
    ends = [*(since for since, _ in book.statuses[1:]), None]
    for number, (since, status) in enumerate(book.statuses):
        start = max(since, clock.started) if number else clock.started
        end = ends[number]
        if clock.ended is not None:
            end = clock.ended if end is None else min(end, clock.ended)
        if not stands_still(clock, status) and (end is None or start < end):
            yield start, end


def elapsed(book: BookFacts, clock: ClockFacts, open_in: Hours, at: int) -> int:
    """Return what has counted by an instant."""
    return sum(
        open_in.elapsed(start, at if end is None else min(at, end))
        for start, end in counting(book, clock)
        if start < at
    )


def reaches(book: BookFacts, clock: ClockFacts, open_in: Hours, amount: int) -> int | None:
    """Return when so much will have counted, if things stay as they are."""
    left = amount
    for start, end in counting(book, clock):
        here = None if end is None else open_in.elapsed(start, end)
        if here is None or here >= left:
            return open_in.add(start, left)
        left -= here
    return None


def clock_due(facts: Facts, book: BookFacts, clock: ClockFacts) -> int | None:
    """Return when a clock that runs has used up its target."""
    if clock.state is not ClockState.RUNNING:
        return None
    return reaches(book, clock, hours_of(facts, clock), clock.within)


def due_at(facts: Facts, ticket: TicketFacts) -> int | None:
    """Return when a ticket is due: by its host's word, or by its clocks that run."""
    dues = [ticket.ticket.due]
    if ticket.book is not None:
        dues += [clock_due(facts, ticket.book, clock) for clock in ticket.book.latest]
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
        after = clock.within - granted - -granted * share // 100
        marks.append(Mark(after, WARNING, share, ("warning", share, *agreed)))
    for number, level in enumerate(clock.target.escalations):
        after = clock.within + level.offset + (level.offset >= 0)  # a breach comes before its level
        marks.append(Mark(max(1, after), LEVEL, number, ("level", number, *agreed)))
    return min((mark for mark in marks if mark.name not in clock.done), default=None)


def mark_due(facts: Facts, book: BookFacts, clock: ClockFacts) -> int | None:
    """Return when a clock that runs comes to its next mark."""
    mark = next_mark(clock)
    if clock.state is not ClockState.RUNNING or mark is None:
        return None
    at = reaches(book, clock, hours_of(facts, clock), mark.after)
    return None if at is None else max(at, facts.now)


# --- what is promised ---------------------------------------------------------------------------


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


def target_of(facts: Facts, ticket: TicketFacts, metric: Metric) -> Target | None:
    """Return what is promised of a metric to a ticket of this priority, if anything is."""
    promised = agreed(facts, ticket)
    target = None if promised is None else promised.policy.targets.get(metric)
    if target is None or TicketPriority(ticket.priority) not in target.within:
        return None
    return target


def counts_from(facts: Facts, ticket: TicketFacts, book: BookFacts, metric: Metric) -> int | None:
    """Return from when on a metric counts, by all that happened; None: nothing is awaited."""
    target = target_of(facts, ticket, metric)
    since: int | None = book.statuses[0][0]  # its arrival
    match metric:
        case Metric.FIRST_RESPONSE if book.answered:
            since = None
        case Metric.ASSIGNMENT if book.handed:
            since = None
        case Metric.NEXT_RESPONSE:
            since = book.unanswered
        case Metric.PERIODIC_UPDATE:
            authors = () if target is None else target.contacts
            since = max((at for who, at in book.wrote.items() if who in authors), default=None)
    if since is not None and target is not None and target.per_queue:
        since = max(since, book.queued)
    return since


# --- what becomes of clocks after something happened ----------------------------------------------


def clocks_after(facts: Facts, event: ev.Event) -> ClockEvents:
    """Yield what becomes of clocks after an event that happened; each is to happen at once."""
    if isinstance(event, ev.TicketEvent) and not isinstance(event, sla.ClockEvent):
        ticket = facts.tickets[event.ticket_id]
        if ticket.book is not None:
            left = event.from_queue if isinstance(event, ev.TicketTransferred) else None
            after = After(facts, ticket, ticket.book, event.cause, event.at, left)
            yield from what(after, event)
            yield from stand_or_run(after)


def clocks_follow(facts: Facts, ticket: TicketFacts, at: int) -> ClockEvents:
    """Yield what becomes of a ticket's clocks when something else is promised."""
    if ticket.book is not None and ticket.state is not RoutingState.DONE:
        after = After(facts, ticket, ticket.book, Cause.COMMAND, at)
        yield from promised_anew(after)
        yield from stand_or_run(after)


class After(NamedTuple):
    """The moment after something happened to a ticket."""

    facts: Facts
    ticket: TicketFacts
    book: BookFacts
    cause: Cause
    at: int
    left: QueueId | None = None  # the queue it has just been moved from

    def target(self, metric: Metric) -> Target | None:
        """Return what is promised of a metric."""
        return target_of(self.facts, self.ticket, metric)

    def counts_from(self, metric: Metric) -> int | None:
        """Return from when on a metric counts."""
        return counts_from(self.facts, self.ticket, self.book, metric)

    def elapsed(self, clock: ClockFacts, open_in: Hours | None = None) -> int:
        """Return what has counted by now."""
        return elapsed(self.book, clock, open_in or hours_of(self.facts, clock), self.at)

    def of(self, clock: ClockFacts) -> dict[str, Any]:
        """Return what every event of a clock says."""
        return {
            "at": self.at,
            "cause": self.cause,
            "ticket_id": self.ticket.id,
            "metric": clock.metric,
            "cycle": clock.cycle,
        }


def what(after: After, event: ev.TicketEvent) -> ClockEvents:  # noqa: C901  one case for each event
    """Yield what this event means for clocks, standing still and going on aside."""
    match event:
        case ev.TicketSubmitted():
            for metric in Metric:
                yield from start_if_due(after, metric)
        case ev.TicketAssigned():
            yield from end(after, Metric.ASSIGNMENT, kept=True)
            yield from promised_anew(after)  # an overflow queue may have assigned it
        case ev.TicketReplied(author=Author.AGENT):
            for metric in KEPT_BY_AN_ANSWER:
                yield from end(after, metric, kept=True)
            yield from count_from_message(after, Author.AGENT)
        case ev.TicketReplied(author=Author.REQUESTER):
            if after.ticket.state is not RoutingState.DONE:  # else it is reopened
                yield from asked(after)
        case ev.TicketResolved():
            for metric in list(after.book.clocks):
                yield from end(after, metric, kept=metric in KEPT_BY_RESOLVING)
        case ev.TicketReopened():
            yield from reopened(after)
        case ev.TicketAbandoned() | ev.TicketMerged():
            for clock in after.book.latest:
                if clock.is_open:
                    yield from cancel(after, clock)
        case ev.TicketTransferred():
            if event.from_queue != event.to_queue:
                yield from moved(after)
        case ev.TicketPriorityChanged() | ev.TicketRelaxed():
            yield from promised_anew(after)


def stand_or_run(after: After) -> ClockEvents:
    """Yield which open clocks stand still by the ticket's status, and which go on."""
    status = after.ticket.status
    for clock in after.book.latest:
        stands = stands_still(clock, status)
        if clock.state is ClockState.RUNNING and stands:
            left = clock.within - after.elapsed(clock)
            yield sla.ClockPaused(**after.of(clock), status=status, remaining=left)
        elif clock.state is ClockState.PAUSED and not stands:
            yield resumed(after, clock)


def asked(after: After) -> ClockEvents:
    """The requester wrote: unless an older message counts, the answer is promised from now."""
    known = after.book.last(Metric.NEXT_RESPONSE)
    if after.book.unanswered is not None and not (known is not None and known.is_open):
        yield from start(after, Metric.NEXT_RESPONSE, after.at)
    yield from count_from_message(after, Author.REQUESTER)


def count_from_message(after: After, author: Author) -> ClockEvents:
    """A message came: the next update is promised from it on, if it counts from such."""
    target = after.target(Metric.PERIODIC_UPDATE)
    if target is not None and author in target.contacts and after.ticket.status not in OVER:
        yield from end(after, Metric.PERIODIC_UPDATE, kept=False)
        yield from start(after, Metric.PERIODIC_UPDATE, after.at)


def reopened(after: After) -> ClockEvents:
    """It works again: what resolving had ended goes on, or begins anew."""
    promised = agreed(after.facts, after.ticket)
    again = promised is not None and promised.policy.reopening is ReopenRule.NEW_CYCLE
    over = [at for at, status in after.book.statuses if status is Status.RESOLVED]
    for clock in after.book.latest:
        lapsed = clock.state is ClockState.LAPSED
        if clock.is_open or clock.state is ClockState.CANCELLED:
            continue
        if not (lapsed or clock.metric in KEPT_BY_RESOLVING) or clock.of_a_queue_left:
            continue
        if clock.ended is None or clock.ended < over[-1]:
            continue
        if after.counts_from(clock.metric) is None:
            continue
        if again:
            yield from start(after, clock.metric, after.at)
        else:
            yield resumed(after, clock)
    yield from promised_anew(after)
    if after.cause is Cause.REPLIED:
        yield from asked(after)


def moved(after: After) -> ClockEvents:
    """It is in another queue: what counts for each queue ends here and begins there."""
    for metric in Metric:
        if after.ticket.status in OVER:
            break
        target, clock = after.target(metric), after.book.last(metric)
        here = target is not None and target.per_queue
        was_open = clock is not None and clock.is_open
        there = clock is not None and was_open and clock.target.per_queue
        if not here and not there:
            continue
        if there:
            yield from end(after, metric, kept=metric in KEPT_BY_RESOLVING)
        elif clock is not None and was_open:
            yield from cancel(after, clock)
        if here and metric is Metric.ASSIGNMENT and after.ticket.agent is None:
            yield from start(after, metric, after.at)
        else:
            yield from start_if_due(after, metric)
    yield from promised_anew(after)


def promised_anew(after: After) -> ClockEvents:
    """Something else is promised: open clocks follow, and what is new begins."""
    for metric in Metric:
        if after.ticket.status in OVER:
            break
        known = after.book.last(metric)
        if known is not None and known.is_open:
            yield from retarget(after, known)
        elif known is None or known.of_a_queue_left:
            yield from start_if_due(after, metric)
        elif known.state is ClockState.CANCELLED:
            if known.started != after.counts_from(metric):
                yield from start_if_due(after, metric)
            elif after.target(metric) is not None:
                yield from retarget(after, known)  # promised again


# --- steps of one clock -------------------------------------------------------------------------


def start_if_due(after: After, metric: Metric) -> ClockEvents:
    """Begin to count, if something is awaited."""
    since = after.counts_from(metric)
    if since is not None:
        yield from start(after, metric, since)


def start(after: After, metric: Metric, since: int) -> ClockEvents:
    """Begin another cycle, if anything is promised."""
    clock = as_promised(after, metric, len(after.book.clocks.get(metric, ())) + 1, since)
    if clock is not None:
        status = after.ticket.status
        stands = stands_still(clock, status)
        told = {**after.of(clock), **terms(after, clock)}
        yield sla.ClockStarted(**told, started=since, paused_by=status if stands else None)


def as_promised(after: After, metric: Metric, cycle: int, since: int) -> ClockFacts | None:
    """Return a clock that runs, as is promised now."""
    target, promised = after.target(metric), agreed(after.facts, after.ticket)
    if target is None or promised is None:
        return None
    policy = promised.policy
    calendar_id = target.calendar or policy.calendar or after.ticket.queue.queue.calendar
    span, version = target.within[TicketPriority(after.ticket.priority)], promised.version
    return ClockFacts(metric, cycle, policy.id, version, target, calendar_id, span, span, since)


def terms(after: After, clock: ClockFacts) -> dict[str, Any]:
    """Return the terms of a clock, and when they make it due."""
    stands = stands_still(clock, after.ticket.status)
    return {
        "policy_id": clock.policy_id,
        "version": clock.version,
        "calendar_id": clock.calendar_id,
        "promised": clock.promised,
        "within": clock.within,
        "due": None if stands else clock_due(after.facts, after.book, clock),
    }


def end(after: After, metric: Metric, *, kept: bool) -> ClockEvents:
    """End what is open: by what was promised, or without it."""
    clock = after.book.last(metric)
    if clock is not None and clock.is_open:
        yield from find_breach(after, clock)
        outcome = ClockState.MET if kept else ClockState.LAPSED
        yield ended(after, clock, outcome if clock.breached is None else ClockState.MISSED)


def cancel(after: After, clock: ClockFacts) -> ClockEvents:
    """End a clock of which nothing is promised: a breach stays a breach."""
    yield from find_breach(after, clock)
    breached = clock.breached is not None
    yield ended(after, clock, ClockState.MISSED if breached else ClockState.CANCELLED)


def find_breach(after: After, clock: ClockFacts) -> ClockEvents:
    """Note that a promise is missed already, before anything hides it."""
    if clock.breached is None and after.elapsed(clock) > clock.within:
        due = reaches(after.book, clock, hours_of(after.facts, clock), clock.within)
        yield sla.ClockBreached(**after.of(clock), within=clock.within, due=due)


def ended(after: After, clock: ClockFacts, outcome: ClockState) -> sla.ClockEvent:
    """Return the end of a clock; it counted for the queue that the ticket was in till now."""
    queue_id = after.left or after.ticket.queue.queue.id
    spent = after.elapsed(clock)
    return sla.ClockEnded(**after.of(clock), outcome=outcome, queue_id=queue_id, elapsed=spent)


def resumed(after: After, clock: ClockFacts) -> sla.ClockEvent:
    """Return how a clock goes on that stood still or had ended."""
    on = replace(clock, state=ClockState.RUNNING, ended=None, kept=None)
    return sla.ClockResumed(**after.of(clock), due=clock_due(after.facts, after.book, on))


def retarget(after: After, clock: ClockFacts) -> ClockEvents:
    """Change an open clock to what is promised now."""
    new = as_promised(after, clock.metric, clock.cycle, clock.started)
    promised = agreed(after.facts, after.ticket)
    if new is None or promised is None:
        yield from cancel(after, clock)
        return
    if clock.is_open and terms_of(new) == terms_of(clock):
        return
    match promised.policy.changes:
        case ChangeRule.KEEP_STRICTEST:
            old = replace(new, within=clock.within, calendar_id=clock.calendar_id)
            if due_if_it_ran(after, old) < due_if_it_ran(after, new):
                new = old
        case ChangeRule.FROM_NOW:
            same = new.promised == clock.promised  # only the calendar or the policy is another
            left = clock.within - elapsed_by_today(after, clock) if same else new.promised
            new.within = max(1, elapsed_by_today(after, new) + left)
    if clock.is_open and (terms_of(new), new.within) == (terms_of(clock), clock.within):
        return
    if clock.is_open:
        yield from find_breach(after, clock)
    yield sla.ClockRetargeted(**after.of(clock), **terms(after, new))
    if stands_still(new, after.ticket.status):
        yield from find_breach(after, clock)


def elapsed_by_today(after: After, clock: ClockFacts) -> int:
    """Return what has counted by the hours that hold now, as it will if the clock goes on."""
    return after.elapsed(clock, hours(after.facts, clock.calendar_id))


def due_if_it_ran(after: After, clock: ClockFacts) -> int:
    """Return when a clock is due if it runs from now on; what is used up comes before."""
    left = clock.within - elapsed_by_today(after, clock)
    if left <= 0:
        return after.at + left
    due = hours(after.facts, clock.calendar_id).add(after.at, left)
    return FOR_EVER if due is None else due


def terms_of(clock: ClockFacts) -> tuple[object, ...]:
    """Return what makes a difference between two promises."""
    return (clock.policy_id, clock.version, clock.promised, clock.calendar_id)


# --- what each event of a clock does to the facts -------------------------------------------------


def apply_clock_event(facts: Facts, event: sla.ClockEvent) -> None:  # noqa: C901  one case each
    """Change the clock that an event is about."""
    ticket = facts.tickets[event.ticket_id]
    book = ticket.book
    assert book is not None
    if isinstance(event, sla.ClockStarted):
        start_clock(facts, book, event)
        return
    clock = book.clocks[event.metric][-1]
    assert clock.cycle == event.cycle
    match event:
        case sla.ClockPaused():
            assert clock.state is ClockState.RUNNING
            clock.state = ClockState.PAUSED
        case sla.ClockResumed():
            assert clock.state not in (ClockState.RUNNING, ClockState.CANCELLED)
            clock.state, clock.ended, clock.kept = ClockState.RUNNING, None, None
        case sla.ClockRetargeted():
            assert clock.is_open or clock.state is ClockState.CANCELLED
            if (clock.policy_id, clock.version) != (event.policy_id, event.version):
                clock.target = facts.versions[event.policy_id].policy.targets[event.metric]
            clock.policy_id, clock.version = event.policy_id, event.version
            clock.calendar_id, clock.promised = event.calendar_id, event.promised
            clock.within = event.within
            if clock.state is ClockState.CANCELLED:  # and promised again
                stands = stands_still(clock, ticket.status)
                clock.state = ClockState.PAUSED if stands else ClockState.RUNNING
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


def start_clock(facts: Facts, book: BookFacts, event: sla.ClockStarted) -> None:
    """Begin another cycle of a metric."""
    cycles = book.clocks.setdefault(event.metric, [])
    assert event.cycle == len(cycles) + 1
    assert not any(clock.is_open for clock in cycles)
    clock = ClockFacts(
        event.metric,
        event.cycle,
        event.policy_id,
        event.version,
        facts.versions[event.policy_id].policy.targets[event.metric],
        event.calendar_id,
        event.promised,
        event.within,
        event.started,
    )
    if event.paused_by is not None:
        clock.state = ClockState.PAUSED
    cycles.append(clock)


def come_to(clock: ClockFacts, name: tuple[object, ...]) -> None:
    """Note that a mark was done; each is done once, and only while the clock runs."""
    assert clock.state is ClockState.RUNNING
    mark = next_mark(clock)
    assert mark is not None
    assert mark.name == name
    clock.done.add(name)


def open_book(ticket: TicketFacts, since: int) -> None:
    """Begin to keep the time of a ticket."""
    ticket.book = BookFacts(
        statuses=[(since, ticket.status)],
        queued=since,
        answered=ticket.ever_answered,
        handed=ticket.last_agent is not None,
        wrote={Author.REQUESTER: since},
    )
