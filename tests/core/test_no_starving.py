"""Agents who never answer: the ticket moves on, the turn moves on, and nobody starves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketroute import Agent, Delivery, Dispatcher, OfferPolicy, Presence, Queue, Ticket
from ticketroute.events import Event
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model import events as ev

PHONE = QueueId("phone")
TIMEOUT = 1_000
FOREVER = 10**9  # longer than any of these stories: nobody is asked twice for one ticket
STRATEGIES = ("round_robin", "longest_idle", "fewest_taken")
TEAMS = st.lists(st.booleans(), min_size=1, max_size=7)  # who answers


class Phones:
    """A queue of agents, some of whom never answer; the others accept after a while."""

    def __init__(
        self,
        strategy: str,
        answers: Sequence[bool],
        *,
        policy: OfferPolicy,
        capacity: int = 100,
        silent_capacity: int | None = None,
    ) -> None:
        self.desk = Dispatcher()
        names = [AgentId(f"{'t' if talks else 's'}{n}") for n, talks in enumerate(answers)]
        self.talkers = {name for name in names if name.startswith("t")}
        self.silent = {name for name in names if name.startswith("s")}
        self.offers: list[ev.TicketOffered] = []
        self.asked = Counter[str]()
        self.accepted_at: dict[str, int] = {}
        for name in names:
            own = capacity if name in self.talkers else silent_capacity or capacity
            self.desk.add_agent(Agent(id=name, capacity=own), presence="available", at=0)
        queue = Queue(
            id=PHONE,
            members=names,
            strategy=strategy,
            delivery=Delivery.OFFER,
            offer=policy,
        )
        self.desk.add_queue(queue, at=0)

    def note(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, ev.TicketOffered):
                self.offers.append(event)
                self.asked[event.agent_id] += 1

    def submit(self, name: str, *, at: int) -> None:
        self.note(self.desk.submit(Ticket(id=TicketId(name), queue=PHONE), at=at))

    def run(self, *, until: int, answer_after: int = 0) -> None:
        """Pass time, the talkers accepting each offer so long after it was made."""
        while True:
            pending = [
                (offer.event.at + answer_after, agent_id, ticket.id)
                for ticket in self.desk._state.tickets.values()
                for agent_id, offer in (ticket.offers or {}).items()
                if agent_id in self.talkers
            ]
            due = self.desk.next_deadline()
            at, agent_id, ticket_id = min(pending, default=(until, AgentId(""), TicketId("")))
            if due is not None and due <= min(at, until):
                self.note(self.desk.advance(at=due))
            elif pending and at <= until:
                self.note(self.desk.accept(ticket_id, agent_id, at=at))
                self.accepted_at[ticket_id] = at
            else:
                self.note(self.desk.advance(at=until))
                return


@settings(max_examples=150, deadline=None)
@given(answers=TEAMS, gaps=st.lists(st.integers(0, 3 * TIMEOUT), min_size=1, max_size=12))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_ticket_is_answered_after_at_most_as_many_timeouts_as_there_are_silent_ones(
    strategy: str, answers: list[bool], gaps: list[int]
) -> None:
    """With s silent agents and a talker with room: accepted within s timeouts and its own answer.

    A miss excludes the silent one for this ticket, so each of them costs a ticket one timeout at
    most, and the untried talkers stay in line for it. With no talker the ticket waits.
    """
    policy = OfferPolicy(timeout=TIMEOUT, retry_missed_after=FOREVER, max_misses=1_000)
    phones = Phones(strategy, answers, policy=policy)
    at, came = 0, {}
    for number, gap in enumerate(gaps):
        at += gap
        phones.run(until=at, answer_after=7)
        came[f"t{number}"] = at
        phones.submit(f"t{number}", at=at)
    phones.run(until=at + len(answers) * TIMEOUT + 7, answer_after=7)
    if not phones.talkers:
        assert not phones.accepted_at
        assert len(phones.offers) == len(gaps) * len(answers)
        return
    assert phones.accepted_at.keys() == came.keys()
    for name, accepted_at in phones.accepted_at.items():
        assert accepted_at - came[name] <= len(phones.silent) * TIMEOUT + 7
    asked = Counter((offer.ticket_id, offer.agent_id) for offer in phones.offers)
    assert set(asked.values()) == {1}  # nobody twice for one ticket


@settings(max_examples=100, deadline=None)
@given(
    answers=TEAMS, max_misses=st.integers(1, 4), tickets=st.integers(1, 20), gap=st.integers(0, 900)
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_silent_agent_is_away_after_max_misses_and_costs_no_more_than_those(
    strategy: str, answers: list[bool], max_misses: int, tickets: int, gap: int
) -> None:
    """A silent agent, rung for one ticket at a time, is away after ``max_misses`` offers.

    So all tickets together lose at most silent x max_misses timeouts.
    """
    policy = OfferPolicy(timeout=TIMEOUT, max_misses=max_misses, retry_missed_after=FOREVER)
    phones = Phones(strategy, answers, policy=policy, silent_capacity=1)
    for number in range(tickets):
        phones.run(until=number * gap)
        phones.submit(f"t{number}", at=number * gap)
    phones.run(until=tickets * gap + (max_misses + len(answers) + 1) * TIMEOUT * tickets)
    for name in phones.silent:
        record = phones.desk._state.roster.agents[name]
        assert record.rare.misses <= max_misses
        assert (record.rare.misses == max_misses) == (record.presence is Presence.AWAY)
        if record.presence is Presence.AWAY:
            assert record.rare.reason == "missed_offers"
            assert record.load == 0
    if phones.talkers:
        assert len(phones.accepted_at) == tickets
    elif tickets >= max_misses:
        assert {phones.desk.agent(name).presence for name in phones.silent} == {Presence.AWAY}


@settings(max_examples=100, deadline=None)
@given(gaps=st.lists(st.integers(0, 2 * TIMEOUT), min_size=1, max_size=20))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_of_offers_that_overlap_only_one_is_a_miss(strategy: str, gaps: list[int]) -> None:
    """A silent agent has missed as many offers as can be picked with no two at the same time."""
    policy = OfferPolicy(timeout=TIMEOUT, max_misses=1_000, retry_missed_after=FOREVER)
    phones = Phones(strategy, [False], policy=policy)
    at, misses, counted_until = 0, 0, 0
    for number, gap in enumerate(gaps):
        at += gap
        phones.run(until=at)
        phones.submit(f"t{number}", at=at)
        if at >= counted_until:
            misses, counted_until = misses + 1, at + TIMEOUT
    phones.run(until=at + TIMEOUT)
    assert len(phones.offers) == len(gaps)
    assert [phones.desk.agent(name).misses for name in phones.silent] == [misses]


@settings(max_examples=100, deadline=None)
@given(size=st.integers(1, 6), max_misses=st.integers(1, 5), retry=st.integers(1, 5 * TIMEOUT))
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_ticket_that_nobody_answers_is_put_to_everyone_until_all_are_away(
    strategy: str, size: int, max_misses: int, retry: int
) -> None:
    """Everyone is asked once within m timeouts, and as often as anybody at the end.

    With m silent agents the end, all of them away, is at most m x max_misses timeouts and
    max_misses retries off: some offer stands, or everyone missed it less than a retry ago.
    """
    policy = OfferPolicy(timeout=TIMEOUT, max_misses=max_misses, retry_missed_after=retry)
    phones = Phones(strategy, [False] * size, policy=policy)
    phones.submit("t0", at=0)
    phones.run(until=size * TIMEOUT - 1)
    assert phones.asked.keys() == phones.silent
    phones.run(until=size * max_misses * TIMEOUT + max_misses * retry)
    assert phones.asked == dict.fromkeys(phones.silent, max_misses)
    assert {phones.desk.agent(name).presence for name in phones.silent} == {Presence.AWAY}


@settings(max_examples=100, deadline=None)
@given(answers=TEAMS.filter(any), laps=st.integers(1, 4))
def test_round_robin_moves_past_who_does_not_answer(answers: list[bool], laps: int) -> None:
    """Of n agents with room, any n offers in a row are to n different agents."""
    policy = OfferPolicy(timeout=TIMEOUT, max_misses=1_000, retry_missed_after=FOREVER)
    phones = Phones("round_robin", answers, policy=policy)
    for number in range(laps * len(answers)):
        at = number * len(answers) * TIMEOUT
        phones.submit(f"t{number}", at=at)
        phones.run(until=at + len(answers) * TIMEOUT - 1)
    order = [offer.agent_id for offer in phones.offers]
    for start in range(len(order) - len(answers) + 1):
        window = order[start : start + len(answers)]
        assert len(set(window)) == len(answers), order
    assert max(phones.asked.values()) - min(phones.asked.values()) <= 1


@settings(max_examples=100, deadline=None)
@given(answers=TEAMS.filter(any), tickets=st.integers(1, 15))
@pytest.mark.parametrize("strategy", ["fewest_taken", "longest_idle"])
def test_the_talkers_share_what_the_silent_let_pass(
    strategy: str, answers: list[bool], tickets: int
) -> None:
    """Tickets one at a time, each resolved: of the talkers nobody has two more than another."""
    policy = OfferPolicy(timeout=TIMEOUT, max_misses=1_000, retry_missed_after=FOREVER)
    phones = Phones(strategy, answers, policy=policy, capacity=1)
    taken = Counter[str](dict.fromkeys(phones.talkers, 0))
    at = 0
    for number in range(tickets):
        phones.submit(f"t{number}", at=at)
        at += len(answers) * TIMEOUT + 10
        phones.run(until=at)
        winner = phones.desk.ticket(TicketId(f"t{number}")).agent_id
        assert winner is not None
        taken[winner] += 1
        phones.note(phones.desk.resolve(TicketId(f"t{number}"), at=at))
        at += 1
    assert max(taken.values()) - min(taken.values()) <= 1
