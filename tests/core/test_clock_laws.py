"""Clocks under any commands: held against a walk second by second, a replay and a busier twin.

The twin is told the same commands, but lets time pass in many small pieces, and now and then it is
killed and replayed from the events so far. What a clock has counted is added up anew from events
alone: who had which status when, and which seconds the calendar calls open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import define, field
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ticketroute import (
    Agent,
    Author,
    Calendar,
    Delivery,
    Dispatcher,
    Escalation,
    Metric,
    OfferPolicy,
    Policy,
    Presence,
    Queue,
    RoutingState,
    Status,
    Target,
    Ticket,
    TicketPriority,
)
from ticketroute.errors import InvalidValueError, TicketRouteError
from ticketroute.events import Event, HoldStatus
from ticketroute.model import (
    AgentId,
    CalendarId,
    Departure,
    EarliestDeadline,
    Instant,
    PolicyId,
    QueueId,
    Span,
    TicketId,
)
from ticketroute.model import events as ev
from ticketroute.model.queue import Defaults
from ticketroute.sla import ChangeRule, ClockState, ReopenRule
from ticketroute.sla import events as sla
from ticketroute.sla.explanation import Slice

SECOND, SOON, MOST_TICKETS = 1_000, 60_000, 3
A, B = AgentId("a"), AgentId("b")
Q0, Q1 = QueueId("q0"), QueueId("q1")
K0, K1, SHIFT = CalendarId("k0"), CalendarId("k1"), CalendarId("s0")
ENDED = (Status.RESOLVED, Status.CLOSED)
OPEN = (ClockState.RUNNING, ClockState.PAUSED)

# Open seconds of the Thursday on which time begins.
WINDOWS = {
    "always": [(0, 86_400)],
    "some": [(5, 20), (40, 60), (75, 100), (130, 200), (220, 300), (310, 2_000)],
    "others": [(0, 12), (18, 50), (90, 95), (100, 140), (150, 160), (200, 400)],
    "few": [(10, 11), (30, 80), (81, 82), (100, 260), (300, 301)],
}


def _clock_time(second: int) -> str:
    return f"{second // 3_600:02}:{second // 60 % 60:02}:{second % 60:02}"


CALENDARS = {
    name: Calendar(
        name=name,
        hours={"thu": [(_clock_time(a), _clock_time(b)) for a, b in windows]},
    )
    for name, windows in WINDOWS.items()
}

# --- what histories are made of -------------------------------------------------------------------

picks = st.integers(0, MOST_TICKETS - 1)
pauses = st.none() | st.sets(st.sampled_from([s for s in Status if s not in ENDED]), max_size=2)
spans = st.sampled_from([1, 2_500, 8_000, 20_000, 60_000, 120_000])
levels = st.builds(
    Escalation,
    offset=st.sampled_from([-1, 0, 0, 1, 3_000]),
    notify=st.just("zoe"),
    priority=st.none() | st.sampled_from(TicketPriority),
    move_to=st.sampled_from([None, None, Q0, Q1]),
    drop=st.sampled_from([(), ("x",)]),
    reassign=st.booleans(),
)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    per_queue = draw(st.booleans())
    within = draw(st.dictionaries(st.sampled_from(TicketPriority), spans, min_size=1) | spans)
    if per_queue:  # or a ticket may go to and fro each millisecond
        within = draw(st.sampled_from([3_000, 10_000]))
    contacts = draw(st.sets(st.sampled_from([Author.AGENT, Author.REQUESTER]), min_size=1))
    return Target(
        within=within,
        per_queue=per_queue,
        contacts=contacts,
        calendar=draw(st.sampled_from([None, None, K0, K1])),
        pauses=draw(pauses),
        warnings=draw(st.lists(st.sampled_from([1, 50, 75, 100]), max_size=2)),
        escalations=sorted(draw(st.lists(levels, max_size=2)), key=lambda level: level.offset),
    )


policies = st.lists(
    st.builds(
        Policy,
        id=st.sampled_from([PolicyId(name) for name in ("p0", "p1", "p2")]),
        targets=st.dictionaries(st.sampled_from(Metric), targets(), min_size=2, max_size=5),
        queues=st.sampled_from([(), (), (), (Q0,), (Q1,)]),
        calendar=st.sampled_from([None, K0, K1]),
        changes=st.sampled_from(ChangeRule),
        reopening=st.sampled_from(ReopenRule),
    ),
    max_size=3,
    unique_by=lambda policy: policy.id,
)
calendar_names = st.sampled_from(list(CALENDARS))
moments = st.sampled_from(["due", "early", "late"]) | st.integers(0, 5).map(
    lambda count: count * SECOND
)


COMMANDS = [
    *["reply agent", "reply agent", "reply requester", "reply requester", "reply note"],
    *["hold pending", "hold postponed", "resume", "resume"],
    *["resolve", "resolve", "reopen", "reopen", "close"],
    *["transfer q0", "transfer q1", "release", "assign", "assign by force"],
    *["accept", "accept", "decline", "abandon", "merge"],
    *[f"change_priority {priority.name}" for priority in TicketPriority],
]


doings = st.tuples(picks, st.sampled_from(COMMANDS), st.sampled_from([A, B]), moments)


# --- what events say, in plain words --------------------------------------------------------------


@define(eq=False)
class PlainClock:
    metric: Metric
    cycle: int
    policy_id: PolicyId
    version: int
    calendar_id: CalendarId | None
    promised: Span
    within: Span
    started: Instant
    state: ClockState
    touched: Instant
    ended: Instant | None = None
    elapsed: Span | None = None  # when it ended
    withdrawn: bool = False  # ended while its ticket was not done
    breached: bool = False
    fired: set[tuple[object, ...]] = field(factory=set)


@define(eq=False)
class PlainTicket:
    ticket: Ticket
    queue: QueueId
    priority: TicketPriority
    log: list[tuple[Instant, Status]]
    kept_since: Instant | None
    answered: bool = False
    unanswered: Instant | None = None
    trigger: ev.TicketEvent | None = None
    clocks: dict[tuple[Metric, int], PlainClock] = field(factory=dict)

    @property
    def status(self) -> Status:
        return self.log[-1][1]


_TO_THE_END = (Metric.RESOLUTION, Metric.AGENT_WORK, Metric.REQUESTER_WAIT)


class Ledger:
    """What the events so far mean, without a sum, a timer or a table."""

    def __init__(self) -> None:
        self.editions: dict[CalendarId, list[tuple[Instant, str]]] = {}
        self.edited: dict[CalendarId, Instant] = {}
        self.policies: tuple[Policy, ...] = ()
        self.versions: dict[PolicyId, list[Policy]] = {}
        self.queues: dict[QueueId, Queue] = {}
        self.shifts: dict[AgentId, CalendarId | None] = {}
        self.tickets: dict[TicketId, PlainTicket] = {}

    # --- plain answers ------------------------------------------------------------------------

    def is_open(self, calendar_id: CalendarId | None, second: int) -> bool:
        if calendar_id is None:
            return True
        name = [n for since, n in self.editions[calendar_id] if since <= second * SECOND][-1]
        return any(start <= second < end for start, end in WINDOWS[name])

    def counts(self, clock: PlainClock, status: Status) -> bool:
        """Return whether a clock counts while its ticket has a status."""
        named = self.target_of(clock).pauses
        if named is None:
            on_hold = {Status.PENDING, Status.POSTPONED}
            usual = {
                Metric.RESOLUTION: on_hold,
                Metric.AGENT_WORK: on_hold | {Status.ANSWERED},
                Metric.REQUESTER_WAIT: {Status.ANSWERED, Status.PENDING},
            }
            named = frozenset(usual.get(clock.metric, set()))
        return status not in named and status not in ENDED

    def target_of(self, clock: PlainClock) -> Target:
        return self.versions[clock.policy_id][clock.version - 1].targets[clock.metric]

    def walk(self, plain: PlainTicket, clock: PlainClock, until: Instant) -> Span:
        """Add up what counts, second by second."""
        total = 0
        last = until if clock.ended is None else min(until, clock.ended)
        ends = [at for at, _ in plain.log[1:]] + [last]
        stretches = [
            (max(start, clock.started), min(end, last))
            for (start, status), end in zip(plain.log, ends, strict=True)
            if self.counts(clock, status)
        ]
        for second in range(clock.started // SECOND, -(-last // SECOND)):
            if self.is_open(clock.calendar_id, second):
                first, end = second * SECOND, (second + 1) * SECOND
                total += sum(max(0, min(b, end) - max(a, first)) for a, b in stretches)
        return total

    def promised(self, plain: PlainTicket, metric: Metric) -> tuple[Policy, Span] | None:
        """Return what holds for a metric of a ticket, by the first policy that applies."""
        named = self.queues[plain.queue].sla
        for policy in self.policies:
            if (
                (policy.id == named)
                if named
                else (not policy.queues or plain.queue in policy.queues)
            ):
                target = policy.targets.get(metric)
                span = None if target is None else target.within.get(plain.priority)
                return None if span is None else (policy, span)
        return None

    # --- learning -----------------------------------------------------------------------------

    def learn(self, event: Event) -> None:  # noqa: C901  one line for each sort of event
        match event:
            case sla.CalendarSet():
                known = self.editions.get(event.calendar_id, [])
                kept = [each for each in known if each[0] < event.effective_from]
                edition = (event.effective_from, event.calendar.name)
                self.editions[event.calendar_id] = [*kept, edition]
                self.edited[event.calendar_id] = event.at
            case sla.CalendarRemoved():
                del self.editions[event.calendar_id]
            case sla.PoliciesSet():
                self.policies = event.policies
                for policy in event.policies:
                    known_as = self.versions.setdefault(policy.id, [])
                    if known_as[-1:] != [policy]:
                        known_as.append(policy)
                for plain in self.tickets.values():
                    if self.policies and plain.kept_since is None and plain.status not in ENDED:
                        plain.kept_since = event.at
            case ev.QueueAdded() | ev.QueueChanged():
                self.queues[event.queue.id] = event.queue
            case ev.AgentAdded() | ev.AgentChanged():
                self.shifts[event.agent.id] = event.agent.shift
            case sla.ShiftStarted() | sla.ShiftEnded():
                now_open = self.is_open(self.shifts[event.agent_id], event.at // SECOND)
                assert now_open is isinstance(event, sla.ShiftStarted)
                assert event.at % SECOND == 0
            case sla.ClockEvent():
                self._learn_of_clock(event)
            case ev.TicketEvent():
                self._learn_of_ticket(event)

    def _learn_of_ticket(self, event: ev.TicketEvent) -> None:
        if isinstance(event, ev.TicketSubmitted):
            since = event.arrived if self.policies else None
            plain = PlainTicket(
                event.ticket,
                event.queue_id,
                event.ticket.priority,
                [(event.arrived, Status.NEW)],
                since,
            )
            self.tickets[event.ticket_id] = plain
        plain = self.tickets[event.ticket_id]
        plain.trigger = event
        if isinstance(event, ev.TicketAssigned | ev.TicketOffered):
            self._check_shift(event)
        if isinstance(event, ev.TicketTransferred):
            plain.queue = event.to_queue
        if isinstance(event, ev.TicketPriorityChanged | ev.TicketRelaxed):
            plain.priority = event.priority
        self._learn_of_message(plain, event)
        if isinstance(event, ev.TicketReopened) and self.policies and plain.kept_since is None:
            plain.kept_since = event.at
        status = _status_after(event, plain.status)
        if status is not plain.status:
            plain.log.append((event.at, status))

    def _learn_of_message(self, plain: PlainTicket, event: ev.TicketEvent) -> None:
        if not isinstance(event, ev.TicketReplied):
            return
        if event.author is Author.AGENT:
            plain.answered, plain.unanswered = True, None
        elif event.author is Author.REQUESTER and plain.unanswered is None:
            plain.unanswered = event.at

    def _check_shift(self, event: ev.TicketAssigned | ev.TicketOffered) -> None:
        shift = self.shifts[event.agent_id]
        forced = isinstance(event, ev.TicketAssigned) and event.exceeded is not None
        assert forced or self.is_open(shift, event.at // SECOND), event

    def _learn_of_clock(self, event: sla.ClockEvent) -> None:
        plain, key = self.tickets[event.ticket_id], (event.metric, event.cycle)
        if isinstance(event, sla.ClockStarted):
            assert key not in plain.clocks
            earlier = [clock for clock in plain.clocks.values() if clock.metric is event.metric]
            assert event.cycle == len(earlier) + 1
            assert all(clock.state not in OPEN for clock in earlier)
            plain.clocks[key] = PlainClock(
                event.metric,
                event.cycle,
                event.policy_id,
                event.version,
                event.calendar_id,
                event.promised,
                event.within,
                event.started,
                ClockState.RUNNING if event.paused_by is None else ClockState.PAUSED,
                event.at,
            )
            self._check_start(plain, event)
            return
        clock = plain.clocks[key]
        match event:
            case sla.ClockPaused():
                assert clock.state is ClockState.RUNNING
                assert clock.within - self.walk(plain, clock, event.at) == event.remaining
                clock.state = ClockState.PAUSED
            case sla.ClockResumed():
                assert clock.state not in (ClockState.RUNNING, ClockState.CANCELLED)
                clock.state, clock.touched = ClockState.RUNNING, event.at
                clock.ended = clock.elapsed = None
            case sla.ClockRetargeted():
                assert clock.state in (*OPEN, ClockState.CANCELLED)
                clock.policy_id, clock.version = event.policy_id, event.version
                clock.calendar_id, clock.within = event.calendar_id, event.within
                clock.promised, clock.touched = event.promised, event.at
                if clock.state is ClockState.CANCELLED:  # and promised again
                    counts = self.counts(clock, plain.status)
                    clock.state = ClockState.RUNNING if counts else ClockState.PAUSED
                    clock.ended = clock.elapsed = None
            case sla.ClockEnded():
                self._check_end(plain, clock, event)
            case sla.ClockWarned() | sla.ClockBreached() | sla.ClockEscalated():
                self._check_mark(plain, clock, event)

    # --- laws of single events ----------------------------------------------------------------

    def _check_start(self, plain: PlainTicket, event: sla.ClockStarted) -> None:
        if event.metric is Metric.NEXT_RESPONSE and isinstance(plain.trigger, ev.TicketReplied):
            assert event.started in (plain.unanswered, event.at)
        assert event.started <= event.at

    def _check_end(self, plain: PlainTicket, clock: PlainClock, event: sla.ClockEnded) -> None:
        assert clock.state in OPEN
        clock.elapsed = self.walk(plain, clock, event.at)
        assert event.elapsed == clock.elapsed
        clock.state, clock.ended = event.outcome, event.at
        clock.withdrawn = plain.status not in ENDED
        in_time = clock.elapsed <= clock.within and not clock.breached
        if event.outcome is ClockState.CANCELLED:
            assert not clock.breached
            return
        assert (event.outcome is not ClockState.MISSED) is in_time
        if in_time:
            kept = _is_what_was_promised(clock.metric, plain.trigger)
            assert (event.outcome is ClockState.MET) is kept, event

    def _check_mark(
        self,
        plain: PlainTicket,
        clock: PlainClock,
        event: sla.ClockWarned | sla.ClockBreached | sla.ClockEscalated,
    ) -> None:
        by_time = event.cause is ev.Cause.TIME
        assert clock.state in OPEN, event
        if by_time or not isinstance(event, sla.ClockBreached):  # a change may find a breach
            assert by_time
            assert clock.state is ClockState.RUNNING, event
            assert self.counts(clock, plain.status), event
        name: tuple[object, ...] = ("breach",)
        target = self.target_of(clock)
        after = clock.within + 1
        if isinstance(event, sla.ClockWarned):
            name = ("warning", event.share, clock.policy_id, clock.version)
            whole = min(clock.within, clock.promised)
            after = clock.within - whole + -(-whole * event.share // 100)
        elif isinstance(event, sla.ClockEscalated):
            assert (event.policy_id, event.version) == (clock.policy_id, clock.version)
            name = ("level", event.level, clock.policy_id, clock.version)
            offset = target.escalations[event.level].offset
            after = max(1, clock.within + offset + (offset >= 0))
        else:
            clock.breached = True
        assert name not in clock.fired, event
        clock.fired.add(name)
        edited = None if clock.calendar_id is None else self.edited[clock.calendar_id]
        assert self.walk(plain, clock, event.at) >= after
        if by_time and event.at not in (clock.touched, edited):
            assert self.walk(plain, clock, event.at - 1) < after  # not a millisecond late


def _is_what_was_promised(metric: Metric, trigger: ev.TicketEvent | None) -> bool:
    if isinstance(trigger, ev.TicketResolved | ev.TicketTransferred):
        return metric in _TO_THE_END
    if isinstance(trigger, ev.TicketAssigned):
        return metric is Metric.ASSIGNMENT
    return isinstance(trigger, ev.TicketReplied) and trigger.author is Author.AGENT


def _status_after(event: ev.TicketEvent, status: Status) -> Status:
    on_hold = status in (Status.PENDING, Status.POSTPONED)
    match event:
        case ev.TicketAssigned() if status is Status.NEW:
            return Status.OPEN
        case ev.TicketReplied(author=Author.AGENT) if status in (Status.NEW, Status.OPEN):
            return Status.ANSWERED
        case ev.TicketReplied(author=Author.REQUESTER) if status is Status.ANSWERED:
            return Status.OPEN
        case ev.TicketHeld():
            return Status(event.status.value)
        case ev.TicketResumed() | ev.TicketReleased() if on_hold:
            return Status.OPEN
        case ev.TicketResolved():
            return Status.RESOLVED
        case ev.TicketReopened():
            return Status.OPEN
        case ev.TicketAbandoned() | ev.TicketMerged() | ev.TicketClosed():
            return Status.CLOSED
        case _:
            return status


# --- the machine ----------------------------------------------------------------------------------


class ClockLaws(RuleBasedStateMachine):
    """Whatever is done, and whenever somebody looks, clocks say what the events say."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.twin = (Dispatcher(defaults=Defaults(grace=4_000)) for _ in range(2))
        self.ledger = Ledger()
        self.history: list[Event] = []
        self.submitted = 0

    # --- telling both ---------------------------------------------------------------------------

    def tell(self, name: str, *args: Any, when: str | int = 0, **facts: Any) -> None:
        """Give a command to both desks at an instant, the twin in many small steps of time."""
        at = self._instant(when)
        events = list(self.desk.advance(at=at))
        in_pieces = [event for piece in self._pieces(at) for event in self.twin.advance(at=piece)]
        assert in_pieces == events
        before = self.desk.snapshot()
        said: list[object] = []
        for desk in (self.desk, self.twin):
            try:
                said.append(getattr(desk, name)(*args, at=at, **facts))
            except (TicketRouteError, InvalidValueError) as fault:
                said.append(repr(fault))
        assert said[0] == said[1]
        if isinstance(said[0], tuple):
            events += said[0]
        else:
            assert self.desk.snapshot() == before
        self.history += events
        for event in events:
            self.ledger.learn(event)

    def _instant(self, when: str | int) -> Instant:
        if isinstance(when, int):
            return self.desk.now + when
        due = self.desk.next_deadline()
        if due is None or due > self.desk.now + SOON:
            return self.desk.now + SECOND
        return max(self.desk.now, due + {"early": -1, "due": 0, "late": 1}[when])

    def _pieces(self, at: Instant) -> Iterator[Instant]:
        """Yield instants up to ``at``: each at which something is due, and some between."""
        while (due := self.twin.next_deadline()) is not None and due <= at:
            if due - 1 > self.twin.now:
                yield due - 1
            yield due
        yield (self.twin.now + at) // 2
        yield at

    def _ticket(self, pick: int) -> TicketId:
        return TicketId(f"t{pick % max(1, self.submitted)}")

    # --- rules ----------------------------------------------------------------------------------

    @initialize(names=st.tuples(*[calendar_names] * 3), first=policies, shift=st.booleans())
    def open_desk(self, names: tuple[str, ...], first: list[Policy], shift: bool) -> None:
        for calendar_id, name in zip((K0, K1, SHIFT), names, strict=True):
            self.tell("set_calendar", calendar_id, CALENDARS[name])
        for agent_id in (A, B):
            works = SHIFT if shift and agent_id == A else None
            agent = Agent(
                id=agent_id, capacity=2, skills={"x": 1} if agent_id == A else {}, shift=works
            )
            self.tell("add_agent", agent, presence="available")
        self.tell("set_policies", first)
        self.tell(
            "add_queue", Queue(id=Q0, members=[A, B], departure=Departure.REQUEUE, calendar=K0)
        )
        offer = OfferPolicy(timeout=9_000, retry_missed_after=5_000)
        order = EarliestDeadline()
        self.tell(
            "add_queue",
            Queue(id=Q1, members=[B, A], delivery=Delivery.OFFER, offer=offer, order=order),
        )
        self.submit(TicketPriority.NORMAL, Q0, 0, SECOND)
        self.submit(TicketPriority.HIGH, Q1, 0, SECOND)

    def submit(self, priority: TicketPriority, queue: QueueId, ago: Span, when: str | int) -> None:
        if self.submitted < MOST_TICKETS:
            ticket = Ticket(
                id=TicketId(f"t{self.submitted}"),
                queue=queue,
                priority=priority,
                skills={"x": 1} if self.submitted % 3 == 0 else {},
                arrived=max(0, self._instant(when) - ago) if ago else None,
            )
            self.submitted += 1
            self.tell("submit", ticket, when=when)

    @rule(doings=st.lists(doings, min_size=4, max_size=12))
    def work(self, doings: list[tuple[int, str, AgentId, str | int]]) -> None:
        for pick, command, agent, when in doings:
            self.do(pick, command, agent, when)

    def do(self, pick: int, command: str, agent: AgentId, when: str | int) -> None:
        name, _, detail = command.partition(" ")
        more: list[object] = []
        facts: dict[str, object] = {}
        match name:
            case "reply":
                more = [Author(detail)]
            case "hold":
                more = [HoldStatus(detail)]
            case "change_priority":
                more = [TicketPriority[detail]]
            case "transfer":
                facts = {"to_queue": detail, "fresh_place": agent == A}
            case "merge":
                facts = {"into": self._ticket(pick + 1)}
            case "accept" | "decline":
                more = [agent]
            case "assign":
                more, facts = [agent], {"force": bool(detail)}
        self.tell(name, self._ticket(pick), *more, when=when, **facts)

    @rule(
        priority=st.sampled_from(TicketPriority),
        queue=st.sampled_from([Q0, Q1]),
        ago=st.sampled_from([0, 0, 1_500, 4_000]),
        when=moments,
    )
    def come_in(self, priority: TicketPriority, queue: QueueId, ago: Span, when: str | int) -> None:
        self.submit(priority, queue, ago, when)

    @rule(
        calendar=st.sampled_from([K0, K1, SHIFT]), name=calendar_names, since=st.integers(-20, 20)
    )
    def set_calendar(self, calendar: CalendarId, name: str, since: int) -> None:
        whole = max(0, self.desk.now // SECOND + since) * SECOND
        self.tell("set_calendar", calendar, CALENDARS[name], effective_from=whole)
        if since == 0:
            self.tell("remove_calendar", calendar)

    @rule(several=policies, when=moments)
    def set_policies(self, several: list[Policy], when: str | int) -> None:
        self.tell("set_policies", several, when=when)

    @rule(
        queue=st.sampled_from([Q0, Q1]),
        calendar=st.sampled_from([None, K0, K1]),
        named=st.sampled_from([None, None, "p0", "p1"]),
        when=moments,
    )
    def change_queue(
        self, queue: QueueId, calendar: CalendarId | None, named: str | None, when: str | int
    ) -> None:
        self.tell("change_queue", queue, calendar=calendar, sla=named, when=when)

    @rule(
        agent=st.sampled_from([A, B]),
        says=st.sampled_from([*Presence, Presence.AVAILABLE, None, SHIFT, K0]),
        when=moments,
    )
    def come_or_go(
        self, agent: AgentId, says: Presence | CalendarId | None, when: str | int
    ) -> None:
        if isinstance(says, Presence):
            self.tell("set_presence", agent, says, when=when)
        else:
            self.tell("change_agent", agent, shift=says, when=when)

    @rule(when=moments | st.sampled_from([20_000, 40_000]))
    def let_time_pass(self, when: str | int) -> None:
        self.tell("advance", when=when)

    @rule()
    def kill_the_twin(self) -> None:
        again = Dispatcher.replay(self.history)
        again.advance(at=self.twin.now)
        assert again.same_state(self.desk)
        assert again.next_deadline() == self.desk.next_deadline()
        self.twin = again

    # --- laws -----------------------------------------------------------------------------------

    @invariant()
    def both_know_the_same(self) -> None:
        assert self.desk.same_state(self.twin)
        assert self.desk.next_deadline() == self.twin.next_deadline()
        due = self.desk.next_deadline()
        assert due is None or due > self.desk.now

    @invariant()
    def open_clocks_say_what_the_events_say(self) -> None:
        seen = set()
        for view in self.desk.time_left():
            plain = self.ledger.tickets[view.ticket_id]
            clock = plain.clocks[view.metric, view.cycle]
            seen.add((view.ticket_id, view.metric, view.cycle))
            assert view.elapsed == self.ledger.walk(plain, clock, self.desk.now)
            counts = self.ledger.counts(clock, plain.status)
            assert view.state is clock.state is (OPEN[0] if counts else OPEN[1])
            assert (view.due is None) or counts
            assert (view.breached is not None) is clock.breached
            assert clock.breached or not counts or view.elapsed <= view.within
            self._check_promise(plain, clock)
        assert seen == {
            (ticket_id, *key)
            for ticket_id, plain in self.ledger.tickets.items()
            for key, clock in plain.clocks.items()
            if clock.state in OPEN
        }

    def _check_promise(self, plain: PlainTicket, clock: PlainClock) -> None:
        promised = self.ledger.promised(plain, clock.metric)
        assert promised is not None
        policy, span = promised
        target = policy.targets[clock.metric]
        assert clock.policy_id == policy.id
        assert policy == self.ledger.versions[policy.id][clock.version - 1]
        queue = self.ledger.queues[plain.queue]
        calendar_id = target.calendar or policy.calendar or queue.calendar
        if policy.changes is not ChangeRule.KEEP_STRICTEST:
            assert clock.calendar_id == calendar_id
        if policy.changes is ChangeRule.RETROACTIVE:
            assert clock.within == span
        elif policy.changes is ChangeRule.KEEP_STRICTEST and clock.calendar_id == calendar_id:
            assert clock.within <= span

    @invariant()
    def what_is_promised_has_a_clock(self) -> None:
        for plain in self.ledger.tickets.values():
            for metric in Metric:
                cycles = [clock for clock in plain.clocks.values() if clock.metric is metric]
                is_open = bool(cycles) and cycles[-1].state in OPEN
                if plain.status in ENDED:
                    assert not is_open
                elif metric in _TO_THE_END or (
                    metric is Metric.FIRST_RESPONSE and not plain.answered
                ):
                    was_missed = bool(cycles) and cycles[-1].state is ClockState.MISSED
                    if metric in _TO_THE_END and was_missed:
                        was_missed = cycles[-1].withdrawn
                    promised = self.ledger.promised(plain, metric) is not None
                    assert is_open is promised or was_missed, plain

    @invariant()
    def shifts_say_what_the_calendar_says(self) -> None:
        for agent in self.desk.agents():
            record = self.desk._state.roster.agents[agent.id]
            is_open = self.ledger.is_open(record.terms.shift, self.desk.now // SECOND)
            assert record.rare.on_shift is is_open
            assert is_open or not agent.offered

    @invariant()
    def the_line_goes_by_what_is_due_first(self) -> None:
        if Q1 not in self.ledger.queues:
            return
        dues = []
        for ticket_id in self.desk.waiting(Q1):
            running = (view.due for view in self.desk.clocks(ticket_id))
            dues.append(min((due for due in running if due is not None), default=10**15))
        assert dues == sorted(dues)

    def teardown(self) -> None:
        """Check what has ended as well: it stays as it was when it ended."""
        for plain in self.ledger.tickets.values():
            for view in self.desk.clocks(plain.ticket.id):
                clock = plain.clocks[view.metric, view.cycle]
                assert view.state is clock.state
                if clock.elapsed is not None:
                    assert view.elapsed == clock.elapsed
                explained = self.desk.explain_clock(plain.ticket.id, view.metric, view.cycle)
                slices = [part for part in explained.parts if isinstance(part, Slice)]
                assert sum(part.counted for part in slices) == view.elapsed
        for ticket in self.desk.tickets():
            done = ticket.state is RoutingState.DONE
            assert done is (self.ledger.tickets[ticket.id].status in ENDED)


TestClockLaws = ClockLaws.TestCase
TestClockLaws.settings = settings(
    max_examples=3 * settings().max_examples // 4, stateful_step_count=20
)
