"""Agents who answer the same ring at the same instant, in every order."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    Delivery,
    Dispatcher,
    OfferPolicy,
    Presence,
    Queue,
    RoutingState,
    Ticket,
)
from ticketroute import errors as err
from ticketroute.events import Event
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

PHONE = QueueId("phone")
TIMEOUT = 100
SPANS = (0, 0, 0, 0, 1, TIMEOUT - 1, TIMEOUT)  # mostly the same instant, else near an edge
ANSWERS = (
    "accept",
    "accept",
    "accept",
    "decline",
    "submit",
    "away",
    "available",
    "wait",
    "resolve",
)


class Race:
    """A desk whose queue rings everyone, and what its events alone say about it."""

    def __init__(self, capacities: list[int], policy: OfferPolicy, strategy: str) -> None:
        self.desk = Dispatcher()
        self.history: list[Event] = []
        self.names = [AgentId(f"a{number}") for number in range(len(capacities))]
        self.misses = Counter[str]()
        self.missed_at: dict[str, int] = {}  # when the last miss was counted
        self.offered_at: dict[tuple[str, str], int] = {}
        self.winners: dict[str, list[str]] = {}
        self.at = 0
        for name, capacity in zip(self.names, capacities, strict=True):
            agent = Agent(id=name, capacity=capacity)
            self.note(self.desk.add_agent(agent, presence="available", at=0))
        queue = Queue(
            id=PHONE,
            members=self.names,
            strategy=strategy,
            delivery=Delivery.OFFER,
            offer=policy,
        )
        self.note(self.desk.add_queue(queue, at=0))

    def note(self, events: tuple[Event, ...]) -> None:
        self.history.extend(events)
        for event in events:
            match event:
                case ev.TicketAssigned():
                    self.winners[event.ticket_id].append(event.agent_id)
                    self.forgive(event.agent_id)
                case ev.TicketSubmitted():
                    self.winners[event.ticket_id] = []
                case ev.TicketOffered():
                    self.offered_at[event.ticket_id, event.agent_id] = event.at
                case ev.OfferExpired():
                    self.count_miss(event)
                    assert event.misses == self.misses[event.agent_id]
                case ev.PresenceChanged() if event.presence is Presence.AVAILABLE:
                    self.forgive(event.agent_id)
        self.check()

    def count_miss(self, event: ev.OfferExpired) -> None:
        """Count an offer that was made after the last miss; others rang together with that one."""
        offered_at = self.offered_at[event.ticket_id, event.agent_id]
        if offered_at >= self.missed_at.get(event.agent_id, 0):
            self.misses[event.agent_id] += 1
            self.missed_at[event.agent_id] = event.at

    def forgive(self, agent_id: AgentId) -> None:
        self.misses[agent_id] = 0
        self.missed_at.pop(agent_id, None)

    def check(self) -> None:
        """Exactly one has it, nobody is left reserved, and only who let a ring pass has missed."""
        tickets = list(self.desk.tickets())
        for ticket in tickets:
            winners = self.winners[ticket.id]
            assert len(winners) <= 1
            assert ticket.agent_id in (None, *winners)
            assert (ticket.state is RoutingState.OFFERED) == bool(ticket.offered_to)
            if winners:
                assert not ticket.offered_to
        for agent in self.desk.agents():
            held = sum(ticket.cost for ticket in tickets if ticket.agent_id == agent.id)
            rung = sum(agent.id in ticket.offered_to for ticket in tickets)
            assert agent.load == held + rung <= agent.capacity
            assert len(agent.offered) == rung
            if agent.presence is not Presence.AVAILABLE:
                assert not rung
            assert self.desk._state.roster.agents[agent.id].rare.misses == self.misses[agent.id]

    def accept(self, ticket_id: TicketId, name: AgentId) -> None:
        """Accept, and compare with what the offers open at this instant let expect."""
        view = self.desk.ticket(ticket_id)
        if name in view.offered_to:
            self.note(self.desk.accept(ticket_id, name, at=self.at))
            assert self.winners[ticket_id] == [name]
            return
        before = self.desk.snapshot()
        with pytest.raises((err.OfferGoneError, err.NotOfferedError)) as caught:
            self.desk.accept(ticket_id, name, at=self.at)
        if isinstance(caught.value, err.OfferGoneError) and view.agent_id is not None:
            assert [caught.value.winner] == self.winners[ticket_id]
        assert self.desk.snapshot() == before

    def act(self, answer: str, name: AgentId, number: int) -> None:
        """Do one thing at this instant; what makes no sense now is left out."""
        desk, tickets = self.desk, list(self.winners)
        ticket_id = TicketId(tickets[number % len(tickets)]) if tickets else None
        if answer == "submit":
            new = Ticket(id=TicketId(f"t{len(tickets)}"), queue=PHONE)
            self.note(desk.submit(new, at=self.at))
        elif answer in ("away", "available"):
            self.note(desk.set_presence(name, answer, at=self.at))
        elif ticket_id is None or answer == "wait":
            return
        elif answer == "accept":
            self.accept(ticket_id, name)
        elif answer == "decline" and name in desk.ticket(ticket_id).offered_to:
            self.note(desk.decline(ticket_id, name, at=self.at))
        elif answer == "resolve" and desk.ticket(ticket_id).state is RoutingState.ASSIGNED:
            self.note(desk.resolve(ticket_id, at=self.at))


STEPS = st.tuples(
    st.sampled_from(SPANS), st.sampled_from(ANSWERS), st.integers(0, 4), st.integers(0, 3)
)


@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    capacities=st.lists(st.integers(1, 3), min_size=2, max_size=5),
    policy=st.builds(
        OfferPolicy,
        timeout=st.just(TIMEOUT),
        parallel=st.sampled_from((1, 1, 2)),
        refill=st.booleans(),
        retry_missed_after=st.sampled_from((1, TIMEOUT, 10 * TIMEOUT)),
        retry_declined_after=st.sampled_from((None, 1, TIMEOUT)),
        max_misses=st.integers(1, 3),
        cool_down=st.sampled_from(({}, {"missed": 1}, {"declined": TIMEOUT, "missed": TIMEOUT})),
    ),
    strategy=st.sampled_from(
        ("ring_all", "ring_all", f"ring_all(step={TIMEOUT // 2})", "priority(then=ring_all)")
    ),
    steps=st.lists(STEPS, min_size=2, max_size=25),
)
def test_whatever_is_answered_when_one_wins_and_nobody_stays_reserved_or_blamed(
    capacities: list[int], policy: OfferPolicy, strategy: str, steps: list[Any]
) -> None:
    race = Race(capacities, policy, strategy)
    race.act("submit", race.names[0], 0)
    for span, answer, who, number in steps:
        race.at += span
        race.note(race.desk.advance(at=race.at))
        race.act(answer, race.names[who % len(race.names)], number)
    again = Dispatcher.replay(race.history)
    assert again.same_state(race.desk)
    assert again.next_deadline() == race.desk.next_deadline()
    for ticket_id in [TicketId(each) for each in race.winners]:  # the end of all tickets
        if race.desk.ticket(ticket_id).state is not RoutingState.DONE:
            race.note(race.desk.resolve(ticket_id, at=race.at))
    assert all(agent.load == 0 for agent in race.desk.agents())


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("at", [0, 1, TIMEOUT - 1])
def test_in_every_order_of_one_instant_the_first_wins_and_the_others_learn_who(
    size: int, at: int
) -> None:
    for order in permutations(range(size)):
        race = Race([1] * size, OfferPolicy(timeout=TIMEOUT, cool_down={"missed": 5}), "ring_all")
        race.act("submit", race.names[0], 0)
        race.at = at
        for number in order:
            race.accept(TicketId("t0"), race.names[number])
        assert race.winners["t0"] == [race.names[order[0]]]
        assert not any(race.misses.values())
        assert sum(agent.load for agent in race.desk.agents()) == 1
        assert race.desk.next_deadline() is None


def test_of_two_calls_and_two_agents_each_gets_one_in_every_order() -> None:
    answers = [(ticket, who) for ticket in ("t0", "t1") for who in (0, 1)]
    for order in permutations(answers):
        race = Race([2, 2], OfferPolicy(timeout=TIMEOUT), "ring_all")
        race.act("submit", race.names[0], 0)
        race.act("submit", race.names[0], 0)
        for ticket, who in order:
            race.accept(TicketId(ticket), race.names[who])
        assert [len(each) for each in race.winners.values()] == [1, 1]
        assert sum(agent.load for agent in race.desk.agents()) == 2


@pytest.mark.parametrize("size", [2, 3, 5])
def test_answered_at_the_very_end_of_the_ring_nobody_wins_and_all_have_missed(size: int) -> None:
    race = Race([1] * size, OfferPolicy(timeout=TIMEOUT), "ring_all")
    race.act("submit", race.names[0], 0)
    race.at = TIMEOUT
    race.note(race.desk.advance(at=TIMEOUT))
    for name in race.names:
        race.accept(TicketId("t0"), name)
    assert race.winners["t0"] == []
    assert list(race.misses.values()) == [1] * size
