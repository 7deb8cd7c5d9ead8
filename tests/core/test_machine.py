"""The whole desk under any commands: held against plain facts, against its own replay, and twins.

Every command is also given to a twin, a desk replayed from the events so far: both have to go on
alike. Every event is held against the promises at the moment it happens (``kit/decisions.py``), and
after every command every index and counter is added up anew (``kit/recompute.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random as Source
from typing import Any, ClassVar

import pytest
from attrs import evolve
from decisions import check_capacity, check_decision, check_rest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from plain_desk import PlainQueue, PlainTicket
from plain_fold import FoldedDesk
from recompute import check, check_explanations

from ticketroute.core import ages, demands, handout
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import InvalidValueError, TicketRouteError, TimeBackwardsError
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, ChannelLimit, Membership, Presence, RateLimit
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.line_order import Aged, EarliestDeadline, Lifo, PriorityThenAge
from ticketroute.model.offer import ContactPoint, OfferPolicy
from ticketroute.model.queue import Defaults, Delivery, Departure, Queue, ResumeRule
from ticketroute.model.relaxation import Reach, Relaxation
from ticketroute.model.ticket import Ticket, TicketPriority
from ticketroute.strategies import registry

AGENTS = [AgentId(name) for name in "abcde"]
QUEUES = [QueueId(name) for name in ("q0", "q1", "q2")]
MOST_TICKETS, MOST_WAITING = 24, 5

agent_ids, queue_ids = st.sampled_from(AGENTS), st.sampled_from(QUEUES)
picks = st.integers(0, 30)  # the how-manieth of those that come into question; 30: nobody knows it
channels = st.sampled_from(["email", "chat"])
priorities = st.sampled_from(TicketPriority)
asked_skills = st.sampled_from([{}, {}, {}, {}, {"x": 1}, {"x": 2}, {"y": 1}, {"x": 1, "y": 2}])
own_skills = st.sampled_from([{}, {"x": 1}, {"x": 3}, {"y": 1}, {"x": 1, "y": 2}, {"x": 2, "y": 3}])
rates = st.none() | st.builds(RateLimit, st.integers(1, 2), st.sampled_from([4, 10]))
strategies = st.sampled_from(
    [
        *registry.names(),
        "priority(then=round_robin)",
        "priority(then=max_load)",
        "priority(then=ring_all)",
        "ring_all(step=2)",
        "ring_all(step=3)",
        "priority(then=random)",
        "priority(then=priority(then=longest_idle))",
        "priority(then=fewest_taken(window=12))",
        "fewest_taken(window=7)",
        "least_handle_time(window=7)",
        "least_handle_time(window=20)",
    ]
)
orders = st.sampled_from(
    [PriorityThenAge(), EarliestDeadline(), Aged(per_level=5), Aged(per_level=1), Lifo()]
)
spans = st.integers(1, 12)
offer_policies = st.builds(
    OfferPolicy,
    timeout=st.sampled_from([3, 8, 20, 20]),
    parallel=st.sampled_from([1, 1, 2, 3]),
    refill=st.booleans(),
    retry_declined_after=st.none() | spans,
    retry_missed_after=spans,
    max_misses=st.sampled_from([1, 2, 3, 9]),
    cool_down=st.dictionaries(st.sampled_from(["missed", "declined", "busy"]), spans, max_size=3),
)
reaches = st.sampled_from([Reach(), Reach(), Reach(), Reach(1, 1), Reach(1, 2), Reach(2, 3)])


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Relaxation, ...]:
    steps = []
    for after in sorted(draw(st.sets(st.integers(0, 12), max_size=3))):
        facts = draw(st.fixed_dictionaries({}, optional=STEP_FACTS))
        if "add_queue" in facts:
            facts.pop("move_to", None)
        steps.append(Relaxation(after=after, **facts))
    return tuple(steps)


STEP_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "lower": st.sampled_from([{"x": 1}, {"x": 1, "y": 1}]),
    "drop": st.sampled_from([{"x"}, {"y"}, {"x", "y"}]),
    "reach": reaches,
    "add_queue": queue_ids,
    "move_to": queue_ids,
    "priority": priorities,
    "skip_wait": st.booleans(),
}
memberships = st.builds(
    Membership,
    priority=st.none() | st.integers(1, 3),
    limit=st.sampled_from([None, None, None, 0, 1, 2]),
    weight=st.integers(1, 3),
)
channel_maps = st.dictionaries(
    channels,
    st.builds(ChannelLimit, st.integers(1, 2), st.none() | st.integers(0, 2)),
    max_size=2,
)
AGENT_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "capacity": st.sampled_from([None, 1, 2, 2, 3, 4]),
    "priority": st.integers(1, 3),
    "channels": st.sampled_from([{}, {}]) | channel_maps,
    "skills": own_skills,
    "rate_limit": st.sampled_from([None, None]) | rates,
    "contact_points": st.sampled_from([(), (ContactPoint("desk", 2), ContactPoint("cell", 3))]),
}
QUEUE_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "strategy": strategies,
    "delivery": st.sampled_from([Delivery.ASSIGN] * 3 + [Delivery.OFFER] * 5 + [Delivery.PULL]),
    "order": orders,
    "weight": st.integers(1, 2),
    "wrap_up": st.sampled_from([0, 0, 3, 10]),
    "limit_per_agent": st.sampled_from([None, None, None, 0, 1, 2]),
    "departure": st.none() | st.sampled_from(Departure),
    "resume": st.sampled_from(ResumeRule),
    "parked_counts": st.booleans(),
    "offer": offer_policies,
    "reach": reaches,
    "relaxations": st.just(()) | st.just(()) | schedules(),
    "keep_agent": st.booleans(),
    "affinity_wait": st.sampled_from([0, 0, 4]),
    "respond_within": st.sampled_from([None, None, 6]),
    "max_hops": st.integers(0, 2),
    "idle_after": st.sampled_from([None, None, 9]),
}
member_lists = st.lists(agent_ids, unique=True, max_size=5)
some_defaults = st.builds(
    Defaults,
    capacity=st.integers(1, 3),
    channel_limit=st.sampled_from([1_000_000, 1, 2]),
    queue_limit=st.sampled_from([1_000_000, 1, 2]),
    rate_limit=st.sampled_from([None, None, None]) | rates,
    grace=st.sampled_from([0, 5]),
    queue=st.none() | queue_ids,
)
TICKET_FACTS: dict[str, st.SearchStrategy[Any]] = {
    "channel": st.sampled_from(["email", "email", "chat", "call"]),
    "priority": priorities,
    "skills": asked_skills,
    "prefer": st.sampled_from([None, None, *AGENTS]),
    "weight": st.sampled_from([1, 1, 1, 1, 2, 3]),
    "arrived": st.none() | st.none() | st.integers(0, 30),
    "due": st.none() | st.integers(0, 60),
    "requester": st.sampled_from(["ann", "bob"]),
}
ticket_facts = st.fixed_dictionaries({}, optional=TICKET_FACTS)
# How time goes on: by so much, to just before the next deadline, or exactly to it.
steps = st.sampled_from([0, 0, 0, 1, 2, 5, 11, "before", "deadline"])
force = st.sampled_from([False, False, True])
stale = st.sampled_from([None, None, None, 0, 1])  # how far expected_version lies behind
PRESENCES = ["available"] * 3 + ["away", "offline", "offline", "lunch"]
authors = st.sampled_from([*ev.Author, ev.Author.REQUESTER, ev.Author.REQUESTER])

Face = tuple[str, dict[str, Any]]  # the name of a method of the machine, and what it takes


def face(name: str, **taken: st.SearchStrategy[Any]) -> st.SearchStrategy[Face]:
    return st.tuples(st.just(name), st.fixed_dictionaries(taken))


flags = st.booleans()
rarely = st.sampled_from([False] * 5 + [True])
maybe_picks = st.none() | picks
ARRIVALS = face("submit", pick=picks, facts=ticket_facts, by=st.sampled_from([None, "sue"]))
MOVES = st.one_of(
    face("assign", pick=picks, who=picks, force=force, stale=stale),
    face("take", who=picks, pick=picks, anything=flags),
    face("take_next", who=picks),
    face(
        "transfer",
        pick=picks,
        queue_pick=maybe_picks,
        agent_pick=st.none() | maybe_picks,
        fresh=flags,
        force=force,
        stale=stale,
    ),
    face("release", pick=picks, stale=stale),
)
ANSWERS = st.one_of(
    face("accept", pick=picks, who=picks, anybody=rarely, stale=stale),
    face(
        "decline",
        pick=picks,
        who=picks,
        anybody=rarely,
        reason=st.sampled_from(["declined", "busy", "lunch"]),
    ),
)
WORK = st.one_of(
    face("reply", pick=picks, author=authors, who=maybe_picks, rests=flags),
    face("hold", pick=picks, status=st.sampled_from(ev.HoldStatus), stale=stale),
    face("resume", pick=picks, stale=stale),
    face("change_priority", pick=picks, priority=priorities),
    face("rate", pick=picks, score=st.sampled_from([0, 100, 101])),
    face("submit_again", pick=picks, facts=ticket_facts, at_front=flags),
)
ENDINGS = st.one_of(
    face("resolve", pick=picks, stale=stale, anything=flags),
    face("end_wrap_up", pick=picks),
    face("close", pick=picks),
    face("reopen", pick=picks, stale=stale),
    face("abandon", pick=picks),
    face("merge", pick=picks, into_pick=picks),
)
STAFFING = st.one_of(
    face("set_presence", pick=picks, presence=st.sampled_from(PRESENCES)),
    face("switch_channel", pick=picks, channel=channels, on=st.sampled_from([True, True, False])),
    face("change_agent", pick=picks, facts=st.fixed_dictionaries({}, optional=AGENT_FACTS)),
    face("change_queue", pick=picks, facts=st.fixed_dictionaries({}, optional=QUEUE_FACTS)),
    face("swap_strategy", pick=picks, strategy=strategies),
    face("membership", pick=picks, who=picks, terms=memberships, ends=flags),
)
UPHEAVALS = st.one_of(
    face(
        "add_agent",
        who=agent_ids,
        facts=st.fixed_dictionaries(AGENT_FACTS),
        serves=st.sampled_from([True, True, False]),
    ),
    face("remove_agent", pick=picks),
    face(
        "add_queue",
        queue_id=queue_ids,
        facts=st.fixed_dictionaries(QUEUE_FACTS),
        members=member_lists,
        terms=memberships,
    ),
    face("change_members", pick=picks, members=member_lists, terms=memberships),
    face("remove_queue", pick=picks, to_pick=maybe_picks),
    face("change_defaults", new=some_defaults),
)

WAITING, OFFERED, ASSIGNED, PARKED, DONE = RoutingState

Command = Callable[[Dispatcher], tuple[ev.Event, ...]]


class Tape:
    """A random source that can be wound to any place."""

    def __init__(self, seed: int, start: int = 0) -> None:
        self._source = Source(seed)  # noqa: S311  tests have to be repeatable
        for _ in range(start):
            self._source.random()

    def random(self) -> float:
        return self._source.random()


class SomePermits:
    """A host who keeps about a third of all tickets from each agent."""

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        return (ord(agent_id[0]) + int(ticket.id[1:])) % 3 != 0


class DeskMachine(RuleBasedStateMachine):
    """Any commands, in any order, at any instants."""

    TIGHT: ClassVar[dict[str, object]] = {"WALKS": (2,), "MOST_INDEXES": 2, "MOST_IDLE_DEMANDS": 3}
    AGENTS_AT_FIRST: ClassVar[dict[str, Any]] = {}
    QUEUES_AT_FIRST: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.patched = pytest.MonkeyPatch()
        self.events: list[ev.Event] = []
        self.spent = 0

    @initialize(
        seed=st.integers(0, 3),
        permits=st.sampled_from([False, False, True]),
        tight=st.booleans(),
        aged=st.booleans(),
        first=some_defaults,
        hired=st.lists(st.fixed_dictionaries(AGENT_FACTS), min_size=2, max_size=5),
        queues=st.lists(
            st.tuples(st.fixed_dictionaries(QUEUE_FACTS), member_lists), min_size=1, max_size=3
        ),
        bare=st.sampled_from([False] * 9 + [True]),
        first_tickets=st.lists(st.tuples(picks, ticket_facts), min_size=1, max_size=5),
    )
    def open(
        self,
        *,
        seed: int,
        permits: bool,
        tight: bool,
        aged: bool,
        first: Defaults,
        hired: list[dict[str, Any]],
        queues: list[tuple[dict[str, Any], list[AgentId]]],
        bare: bool,
        first_tickets: list[tuple[int, dict[str, Any]]],
    ) -> None:
        if tight:  # so that few agents and demands reach every corner of the indexes
            for name, value in self.TIGHT.items():
                self.patched.setattr(demands, name, value)
            self.patched.setattr(handout, "FEW", 1)
        if aged:
            self.patched.setattr(demands, "FEW_INDEXES", 0)
            self.patched.setattr(ages, "YOUNGEST", 2)
            self.patched.setattr(ages, "LONGEST", 4)
        self.seed, self.permits = seed, SomePermits() if permits else None
        self.defaults = first
        self.desk = Dispatcher(defaults=first, random=Tape(seed), permits=self.permits)
        self.plain = FoldedDesk(first, self.permits)
        if bare:
            return
        for name, facts in zip(AGENTS, hired, strict=False):
            agent = Agent(id=name, **facts | self.AGENTS_AT_FIRST)
            self.add(0, agent, "available")
        known = AGENTS[: len(hired)]
        for queue_id, (facts, members) in zip(QUEUES, queues, strict=False):
            members = [member for member in members if member in known] or known
            queue = Queue(id=queue_id, members=members, **facts | self.QUEUES_AT_FIRST)
            if not self.opens(0, queue):  # its relaxations led nowhere, or in a circle
                self.opens(0, evolve(queue, relaxations=()))
        self.submit_many(0, first_tickets)

    def teardown(self) -> None:
        self.patched.undo()

    # --- how every command is given ---------------------------------------------------------

    def twin(self) -> Dispatcher:
        """Return a desk replayed from the events so far, its chance where ours is."""
        return Dispatcher.replay(
            self.events,
            defaults=self.defaults,
            random=Tape(self.seed, self.spent),
            permits=self.permits,
        )

    def at(self, step: int | str) -> int:
        deadline = self.desk.next_deadline()
        if isinstance(step, int):
            return self.desk.now + step
        if deadline is None:
            return self.desk.now
        return max(self.desk.now, deadline - (step == "before"))

    def do(self, command: Command) -> tuple[ev.Event, ...] | None:
        """Give a command to the desk and to its twin; return the events, or None if refused."""
        twin = self.twin()
        assert twin.same_state(self.desk)
        twin.advance(at=self.desk.now)  # time that passed without an event is in no event
        before = self.desk.snapshot()
        now, due = self.desk.now, self.desk.next_deadline()
        try:
            events = command(self.desk)
        except (TicketRouteError, InvalidValueError) as refused:
            with pytest.raises(type(refused)) as also:
                command(twin)
            same = str(also.value) == str(refused)
            assert same
            assert self.desk.now == now or due is not None
            if due == self.desk.next_deadline():
                assert self.desk.snapshot() == before
                assert self.desk.now == now
            late = self.desk.advance(at=self.desk.now)
            assert twin.advance(at=twin.now) == late
            assert (due == self.desk.next_deadline()) <= (late == ())
            self.take_in(late)
            return None
        assert command(twin) == events
        self.take_in(events)
        return events

    def take_in(self, events: tuple[ev.Event, ...]) -> None:
        for event in events:
            self.plain.now = event.at
            check_decision(self.plain, event, self.events[-1] if self.events else None)
            before = {who: self.plain.load(who) for who in self.plain.agents}
            if isinstance(event, ev.OfferWithdrawn) and event.cause is ev.Cause.ANSWERED:
                self.plain.unsettled = True
            self.plain.apply(event)
            check_capacity(self.plain, event, before)
            self.events.append(event)
            if isinstance(event, ev.TicketAssigned) and event.cause is ev.Cause.ACCEPTED:
                self.plain.unsettled = False  # which gives no room beside what was asked for
            if isinstance(event, ev.TicketAssigned | ev.TicketOffered):
                self.spent += len(event.draws)
        self.plain.unsettled = False

    def ticket(self, pick: int, *states: RoutingState) -> TicketId:
        """Return a ticket in one of the states, or any, or one that nobody knows."""
        known = [t.id for t in self.plain.tickets.values() if t.state in (states or RoutingState)]
        return TicketId("nobody's") if pick == 30 or not known else known[pick % len(known)]

    def agent(self, pick: int) -> AgentId:
        known = list(self.plain.agents)
        return AgentId("nobody") if pick == 30 or not known else known[pick % len(known)]

    def queue(self, pick: int) -> QueueId:
        known = list(self.plain.queues)
        return QueueId("nowhere") if pick == 30 or not known else known[pick % len(known)]

    def new_ticket(self, facts: dict[str, Any], pick: int, at: int, number: int = 0) -> Ticket:
        arrived = facts.get("arrived")
        facts = facts | {"arrived": None if arrived is None else min(at, arrived)}
        queue = None if pick == 29 else self.queue(pick)
        number += len(self.plain.tickets)
        return Ticket(id=TicketId(f"t{number}"), queue=queue, **facts)

    def has_space(self) -> bool:
        """Say whether more may come: a desk that drowns shows the same picture all day."""
        states = [ticket.state for ticket in self.plain.tickets.values()]
        return states.count(WAITING) < MOST_WAITING and len(states) < MOST_TICKETS

    def upheaval(self) -> bool:
        """Say whether it is time for something that leaves little as it was: now and then."""
        return len(self.events) % 4 == 0

    def version(self, ticket_id: TicketId, stale: int | None) -> int | None:
        known = self.plain.tickets.get(ticket_id)
        return None if stale is None or known is None else known.version - stale

    # --- what is drawn ----------------------------------------------------------------------
    # Few rules, each with many faces: Hypothesis leaves rules out at random, and a desk without
    # tickets, or without anybody who works them, has nothing to get wrong.

    @precondition(lambda self: self.has_space())
    @rule(step=steps, what=ARRIVALS)
    def arrives(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @precondition(lambda self: self.has_space())
    @rule(step=steps, several=st.lists(st.tuples(picks, ticket_facts), min_size=1, max_size=4))
    def arrive(self, step: int | str, several: list[tuple[int, dict[str, Any]]]) -> None:
        self.submit_many(step, several)

    @precondition(lambda self: self.plain.tickets)
    @rule(step=steps, what=WORK)
    def works(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @precondition(lambda self: self.plain.tickets)
    @rule(step=steps, what=ENDINGS)
    def ends(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @precondition(lambda self: self.plain.tickets)
    @rule(step=steps, pick=st.integers(0, 29))
    def finishes(self, step: int | str, pick: int) -> None:
        self.resolve(step, pick, None, anything=False)

    @precondition(lambda self: any(ticket.offers for ticket in self.plain.tickets.values()))
    @rule(step=steps, what=ANSWERS)
    def answers(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @precondition(lambda self: any(ticket.offers for ticket in self.plain.tickets.values()))
    @rule(step=steps, pick=st.integers(0, 29), who=st.integers(0, 29), yes=flags)
    def answers_what_is_open(self, step: int | str, pick: int, who: int, *, yes: bool) -> None:
        if yes:
            self.accept(step, pick, who, stale=None, anybody=False)
        else:
            self.decline(step, pick, who, "declined", anybody=False)

    @precondition(lambda self: self.plain.tickets)
    @rule(step=steps, what=MOVES)
    def moves(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @rule(step=steps, what=STAFFING)
    def staffs(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    @precondition(lambda self: self.upheaval())
    @rule(step=steps, what=UPHEAVALS)
    def upheaves(self, step: int | str, what: Face) -> None:
        getattr(self, what[0])(step, **what[1])

    # --- who serves what --------------------------------------------------------------------

    def add_agent(self, step: int | str, who: AgentId, facts: dict[str, Any], serves: bool) -> None:
        at, agent = self.at(step), Agent(id=who, **facts)
        presence = Presence.AVAILABLE if serves else Presence.OFFLINE
        self.add(at, agent, presence)
        for queue_id in list(self.plain.queues) if serves else ():
            self.join(at, queue_id, who)

    def add(self, at: int, agent: Agent, presence: Presence | str) -> None:
        self.do(lambda desk: desk.add_agent(agent, presence=presence, at=at))

    def join(self, at: int, queue_id: QueueId, who: AgentId) -> None:
        self.do(lambda desk: desk.add_member(queue_id, who, at=at))

    def opens(self, at: int, queue: Queue) -> bool:
        return self.do(lambda desk: desk.add_queue(queue, at=at)) is not None

    def change_agent(self, step: int | str, pick: int, facts: dict[str, Any]) -> None:
        at, who = self.at(step), self.agent(pick)
        self.do(lambda desk: desk.change_agent(who, at=at, **facts))

    def remove_agent(self, step: int | str, pick: int) -> None:
        at, who = self.at(step), self.agent(pick)
        self.do(lambda desk: desk.remove_agent(who, at=at))

    def add_queue(
        self,
        step: int | str,
        queue_id: QueueId,
        facts: dict[str, Any],
        members: list[AgentId],
        terms: Membership,
    ) -> None:
        at = self.at(step)
        known = {who: terms for who in members if who in self.plain.agents}
        queue = Queue(id=queue_id, members=known, **facts)
        self.do(lambda desk: desk.add_queue(queue, at=at))

    def change_queue(self, step: int | str, pick: int, facts: dict[str, Any]) -> None:
        at, which = self.at(step), self.queue(pick)
        self.do(lambda desk: desk.change_queue(which, at=at, **facts))

    def swap_strategy(self, step: int | str, pick: int, strategy: str) -> None:
        at, which = self.at(step), self.queue(pick)
        self.do(lambda desk: desk.change_queue(which, strategy=strategy, at=at))

    def change_members(
        self, step: int | str, pick: int, members: list[AgentId], terms: Membership
    ) -> None:
        at, which = self.at(step), self.queue(pick)
        known = self.plain.queues.get(which)
        old = {} if known is None else known.members
        new = {who: old.get(who, terms) for who in members}
        self.do(lambda desk: desk.change_queue(which, members=new, at=at))

    def remove_queue(self, step: int | str, pick: int, to_pick: int | None) -> None:
        at, which = self.at(step), self.queue(pick)
        move_to = None if to_pick is None else self.queue(to_pick)
        self.do(lambda desk: desk.remove_queue(which, move_to=move_to, at=at))

    def membership(
        self, step: int | str, pick: int, who: int, terms: Membership, ends: bool
    ) -> None:
        at, queue_id, agent_id = self.at(step), self.queue(pick), self.agent(who)
        known = self.plain.queues.get(queue_id)
        if known is None or agent_id not in known.members:
            self.do(lambda desk: desk.add_member(queue_id, agent_id, terms, at=at))
        elif not ends:
            self.do(lambda desk: desk.change_member(queue_id, agent_id, terms, at=at))
        else:
            self.do(lambda desk: desk.remove_member(queue_id, agent_id, at=at))

    def set_presence(self, step: int | str, pick: int, presence: str) -> None:
        at, who = self.at(step), self.agent(pick)
        self.do(lambda desk: desk.set_presence(who, presence, at=at))

    def switch_channel(self, step: int | str, pick: int, channel: str, on: bool) -> None:
        at, who = self.at(step), self.agent(pick)
        self.do(lambda desk: desk.switch_channel(who, channel, on=on, at=at))

    def change_defaults(self, step: int | str, new: Defaults) -> None:
        at = self.at(step)
        self.do(lambda desk: desk.change_defaults(new, at=at))

    # --- tickets come in --------------------------------------------------------------------

    def submit(self, step: int | str, pick: int, facts: dict[str, Any], by: str | None) -> None:
        at = self.at(step)
        ticket = self.new_ticket(facts, pick, at)
        before, planned = self.desk.snapshot(), None
        try:
            planned = self.desk.preview(ticket, at=at, by=by)
        except (TicketRouteError, InvalidValueError):
            assert self.desk.snapshot() == before
        happened = self.do(lambda desk: desk.submit(ticket, at=at, by=by))
        if planned is not None:
            assert happened is not None
            assert happened[: len(planned)] == planned
            assert all(event.cause is ev.Cause.TIME for event in happened[len(planned) :][:1])

    def submit_many(self, step: int | str, several: list[tuple[int, dict[str, Any]]]) -> None:
        at = self.at(step)
        batch = [
            self.new_ticket(facts, pick % 29, at, number)
            for number, (pick, facts) in enumerate(several)
        ]
        happened = self.do(lambda desk: desk.submit_many(batch, at=at))
        assert (happened is not None) == bool(self.plain.queues or not batch)

    def submit_again(
        self, step: int | str, pick: int, facts: dict[str, Any], at_front: bool
    ) -> None:
        """The same is no event; another under its id is refused, and all that came with it."""
        at = self.at(step)
        known = self.plain.tickets[self.ticket(pick % 30)]
        other = self.new_ticket(facts, 0, at)
        false = evolve(known.ticket, tags={"another"})
        batch = [false, other] if at_front else [other, known.ticket, other, false]
        self.do(lambda desk: desk.submit(known.ticket, at=at))
        self.do(lambda desk: desk.submit_many(batch, at=at))

    # --- to an agent ------------------------------------------------------------------------

    def assign(self, step: int | str, pick: int, who: int, force: bool, stale: int | None) -> None:
        at, which, agent_id = self.at(step), self.ticket(pick, WAITING, PARKED), self.agent(who)
        version = self.version(which, stale)
        self.do(
            lambda desk: desk.assign(which, agent_id, force=force, at=at, expected_version=version)
        )

    def take(self, step: int | str, who: int, pick: int, anything: bool) -> None:
        at, agent_id = self.at(step), self.agent(who)
        which = self.ticket(pick) if anything else self.ticket(pick, WAITING)
        self.do(lambda desk: desk.take(agent_id, which, at=at))

    def take_next(self, step: int | str, who: int) -> None:
        """Without a ticket named, they take the best they may have of any queue."""
        at, agent_id = self.at(step), self.agent(who)
        self.do(lambda desk: desk.advance(at=at))
        best: list[tuple[PlainTicket, PlainQueue]] = []
        for queue in self.plain.queues.values():
            if agent_id in queue.members:
                line = [
                    (each, queue)
                    for each in self.plain.line(queue)
                    if each.state is WAITING
                    and self.plain.reason(agent_id, self.plain.ask(each, queue)) is None
                ]
                best.extend(line[:1])
        best.sort(key=lambda found: self.plain.rank(*found))
        events = self.do(lambda desk: desk.take(agent_id, at=at))
        taken = [event.ticket_id for event in events or () if isinstance(event, ev.TicketAssigned)]
        assert taken == [each.id for each, _ in best[:1]]

    def transfer(
        self,
        step: int | str,
        pick: int,
        queue_pick: int | None,
        agent_pick: int | None,
        fresh: bool,
        force: bool,
        stale: int | None,
    ) -> None:
        at, which = self.at(step), self.ticket(pick, WAITING, PARKED, ASSIGNED)
        version = self.version(which, stale)
        self.do(
            lambda desk: desk.transfer(
                which,
                to_queue=None if queue_pick is None else self.queue(queue_pick),
                to_agent=None if agent_pick is None else self.agent(agent_pick),
                fresh_place=fresh,
                force=force,
                at=at,
                expected_version=version,
            )
        )

    def release(self, step: int | str, pick: int, stale: int | None) -> None:
        at, which = self.at(step), self.ticket(pick, ASSIGNED, PARKED)
        version = self.version(which, stale)
        self.do(lambda desk: desk.release(which, at=at, expected_version=version))

    # --- offers -----------------------------------------------------------------------------

    def asked(self, which: TicketId, pick: int, *, anybody: bool) -> AgentId:
        """Return somebody who is asked for a ticket, or anybody."""
        known = self.plain.tickets.get(which)
        asked = () if known is None else tuple(known.offers)
        return asked[pick % len(asked)] if asked and not anybody else self.agent(pick)

    def accept(
        self, step: int | str, pick: int, who: int, stale: int | None, *, anybody: bool
    ) -> None:
        """It never fails while the offer stands."""
        at = self.at(step)
        which = self.ticket(pick) if anybody else self.ticket(pick, OFFERED)
        self.do(lambda desk: desk.advance(at=at))
        agent_id, version = self.asked(which, who, anybody=anybody), self.version(which, stale)
        events = self.do(lambda desk: desk.accept(which, agent_id, at=at, expected_version=version))
        known = self.plain.tickets.get(which)
        if events is not None:
            assert known is not None
            assert (known.state, known.agent) == (ASSIGNED, agent_id)
            assert all(which not in each.offered for each in self.desk.agents())

    def decline(self, step: int | str, pick: int, who: int, reason: str, *, anybody: bool) -> None:
        at = self.at(step)
        which = self.ticket(pick) if anybody else self.ticket(pick, OFFERED)
        self.do(lambda desk: desk.advance(at=at))
        agent_id = self.asked(which, who, anybody=anybody)
        known = self.plain.tickets.get(which)
        open_to = set() if known is None else set(known.offers)
        events = self.do(lambda desk: desk.decline(which, agent_id, reason=reason, at=at))
        assert (events is not None) == (agent_id in open_to)

    # --- at work ----------------------------------------------------------------------------

    def reply(
        self, step: int | str, pick: int, author: ev.Author, who: int | None, rests: bool
    ) -> None:
        at = self.at(step)
        which = self.ticket(pick, PARKED, DONE) if rests else self.ticket(pick)
        agent_id = None if who is None else self.agent(who)
        self.do(lambda desk: desk.reply(which, author, agent_id=agent_id, at=at))

    def hold(self, step: int | str, pick: int, status: ev.HoldStatus, stale: int | None) -> None:
        at, which = self.at(step), self.ticket(pick, ASSIGNED, ASSIGNED, WAITING, PARKED)
        version = self.version(which, stale)
        self.do(lambda desk: desk.hold(which, status, at=at, expected_version=version))

    def resume(self, step: int | str, pick: int, stale: int | None) -> None:
        at, which = self.at(step), self.ticket(pick, PARKED)
        version = self.version(which, stale)
        self.do(lambda desk: desk.resume(which, at=at, expected_version=version))

    def resolve(self, step: int | str, pick: int, stale: int | None, anything: bool) -> None:
        at = self.at(step)
        which = self.ticket(pick) if anything else self.ticket(pick, ASSIGNED)
        version = self.version(which, stale)
        self.do(lambda desk: desk.resolve(which, at=at, expected_version=version))

    def end_wrap_up(self, step: int | str, pick: int) -> None:
        at, which = self.at(step), self.ticket(pick, DONE)
        self.do(lambda desk: desk.end_wrap_up(which, at=at))

    def close(self, step: int | str, pick: int) -> None:
        at, which = self.at(step), self.ticket(pick, DONE)
        self.do(lambda desk: desk.close(which, at=at))

    def reopen(self, step: int | str, pick: int, stale: int | None) -> None:
        at, which = self.at(step), self.ticket(pick, DONE)
        version = self.version(which, stale)
        self.do(lambda desk: desk.reopen(which, at=at, expected_version=version))

    def abandon(self, step: int | str, pick: int) -> None:
        at, which = self.at(step), self.ticket(pick, WAITING, PARKED)
        self.do(lambda desk: desk.abandon(which, at=at))

    def merge(self, step: int | str, pick: int, into_pick: int) -> None:
        at = self.at(step)
        which, into = self.ticket(pick), self.ticket(into_pick, WAITING, ASSIGNED, PARKED)
        self.do(lambda desk: desk.merge(which, into=into, at=at))

    def change_priority(self, step: int | str, pick: int, priority: TicketPriority) -> None:
        at, which = self.at(step), self.ticket(pick, WAITING, ASSIGNED, PARKED)
        self.do(lambda desk: desk.change_priority(which, priority, at=at))

    def rate(self, step: int | str, pick: int, score: int) -> None:
        at, which = self.at(step), self.ticket(pick)
        self.do(lambda desk: desk.rate(which, score, at=at))

    # --- time -------------------------------------------------------------------------------

    @rule(step=steps)
    def advance(self, step: int | str) -> None:
        at = self.at(step)
        assert self.do(lambda desk: desk.advance(at=at)) is not None
        assert self.desk.now == at

    @rule(jump=st.integers(1, 40), splits=st.lists(st.integers(0, 40), max_size=5))
    def sleep_through_deadlines(self, jump: int, splits: list[int]) -> None:
        """One long sleep gives the events of many short ones."""
        watchful, start = self.twin(), self.desk.now
        watchful.advance(at=start)
        seen: list[ev.Event] = []
        for split in sorted(splits):
            if split < jump:
                seen.extend(watchful.advance(at=start + split))
        seen.extend(watchful.advance(at=start + jump))
        slept = self.do(lambda desk: desk.advance(at=start + jump))
        assert slept == tuple(seen)
        assert watchful.same_state(self.desk)

    @precondition(lambda self: self.desk.now > 0 and self.upheaval())
    @rule()
    def go_back_in_time(self) -> None:
        at = self.desk.now - 1
        with pytest.raises(TimeBackwardsError):
            self.desk.advance(at=at)
        assert self.do(lambda desk: desk.advance(at=at)) is None

    # --- what holds after every command -----------------------------------------------------

    @invariant()
    def adds_up(self) -> None:
        check(self.desk, self.plain)

    @invariant()
    def leaves_no_work_undone(self) -> None:
        check_rest(self.plain)

    @invariant()
    def explains_everybody(self) -> None:
        check_explanations(self.desk, self.plain)


class OfferMachine(DeskMachine):
    """The same, on desks where at first everybody may be asked for nearly everything."""

    AGENTS_AT_FIRST: ClassVar[dict[str, Any]] = {"channels": {}, "skills": {"x": 3, "y": 3}}
    QUEUES_AT_FIRST: ClassVar[dict[str, Any]] = {
        "delivery": Delivery.OFFER,
        "limit_per_agent": None,
        "reach": Reach(),
    }


TestDesk, TestOffers = DeskMachine.TestCase, OfferMachine.TestCase
TestDesk.settings = TestOffers.settings = settings(max_examples=2 * settings().max_examples)
