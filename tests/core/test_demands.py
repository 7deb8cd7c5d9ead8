"""Demands and their indexes: exact however many there are, and no more of them than needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random as Source
from typing import Any

import pytest

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.facts import asks_of
from ticketroute.core.gate import Gate
from ticketroute.core.index import choosing as module
from ticketroute.core.index.choosing import MOST_IDLE_DEMANDS, MOST_INDEXES, Choice, Demands
from ticketroute.core.records import Demand, QueueRecord
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId, TicketId
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.reasons import Reason
from ticketroute.model.ticket import Ticket
from ticketroute.strategies import registry
from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ring_all import RingAll
from ticketroute.testing.checks import check_against as check
from ticketroute.testing.reference import gate
from ticketroute.testing.reference.apply import apply
from ticketroute.testing.reference.facts import Ask, Facts

Q = QueueId("q")


class Everybody:
    """Permits everything, and counts how often it was asked."""

    def __init__(self, *, allows: bool = True) -> None:
        self.answer, self.asked = allows, 0

    def allows(self, agent_id: AgentId, ticket: Ticket) -> bool:
        self.asked += 1
        return self.answer


class Watched:
    """A desk beside its plain facts."""

    def __init__(self, permits: Everybody | None = None, random: Source | None = None) -> None:
        self.desk = Dispatcher(permits=permits, random=random)
        self.plain = Facts(self.desk.defaults, permits)
        self.events: list[ev.Event] = []

    def __call__(self, events: tuple[ev.Event, ...]) -> tuple[ev.Event, ...]:
        for event in events:
            apply(self.plain, event)
        self.plain.now = self.desk.now
        self.events.extend(events)
        return events

    def queue(self) -> QueueRecord:
        return self.desk._state.roster.queues[Q]


def asks(number: int, skills: dict[str, int] | None = None, **facts: Any) -> Ticket:
    return Ticket(id=TicketId(f"t{number}"), queue=Q, skills=skills or {}, **facts)


def staff(
    watched: Watched,
    agents: int,
    *,
    strategy: str = "average_load",
    presence: str = "available",
    skilled: int = 0,
    capacity: int = 2,
) -> None:
    """Hire agents, the last ``skilled`` of whom have the skill x."""
    for number in range(agents):
        skills = {"x": 5} if number >= agents - skilled else {}
        agent = Agent(id=AgentId(f"a{number:03}"), capacity=capacity, skills=skills)
        watched(watched.desk.add_agent(agent, presence=presence, at=0))
    queue = Queue(id=Q, members=list(watched.plain.agents), strategy=strategy)
    watched(watched.desk.add_queue(queue, at=0))


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often the gate is asked."""
    count = [0]
    refusal = Gate.refusal

    def counted(self: Gate, *args: Any, **options: Any) -> Any:
        count[0] += 1
        return refusal(self, *args, **options)

    monkeypatch.setattr(Gate, "refusal", counted)
    return count


@pytest.mark.parametrize("strategy", ["round_robin", "average_load"])
def test_three_hundred_live_demands_stay_exact_while_agents_come_and_go(strategy: str) -> None:
    watched = Watched()
    desk = watched.desk
    skills = [f"s{number}" for number in range(320)]
    for number in range(8):
        own = {skill: 1 + (place + number) % 3 for place, skill in enumerate(skills)}
        agent = Agent(id=AgentId(f"a{number}"), capacity=3, skills=own)
        watched(desk.add_agent(agent, presence="away" if number % 2 else "available", at=0))
    queue = Queue(id=Q, members=list(watched.plain.agents), strategy=strategy)
    watched(desk.add_queue(queue, at=0))
    for number, skill in enumerate(skills):
        watched(desk.submit(asks(number, {skill: 3}), at=number))
    record = watched.queue()
    waiting = [demand for demand in record.index.demands.values() if demand.waiting]
    assert len(waiting) > 300
    if strategy == "average_load":  # a key: one index for all
        assert record.index.ages is not None
        assert not record.index.indexed
    else:
        assert len(record.index.indexed) == MOST_INDEXES
    check(desk, watched.plain)
    for number in range(60):
        at = 400 + number
        who = AgentId(f"a{number % 8}")
        watched(desk.set_presence(who, "available" if number % 3 else "away", at=at))
        held = desk.agent(who).tickets
        if held:
            watched(desk.resolve(held[0], at=at))
        if number % 10 == 0:
            check(desk, watched.plain)
    check(desk, watched.plain)
    assert Dispatcher.replay(watched.events).same_state(desk)


@pytest.mark.parametrize("walk", [(2, 8, 32), (1,), (2,)])
@pytest.mark.parametrize("skilled", [0, 1, 2, 3, 60])
@pytest.mark.parametrize("strategy", ["average_load", "round_robin", "max_load", "best_match"])
def test_a_long_walk_and_an_index_give_the_same_answer(
    strategy: str, skilled: int, walk: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WALKS", walk)
    watched = Watched()
    staff(watched, 60, strategy=strategy, skilled=skilled)
    for number in range(12):
        ticket = asks(number, {"x": 5} if number % 2 else {})
        plain_ask = Ask(watched.plain.queues[Q], ticket.channel, 1, dict(ticket.skills), None)
        willing = gate.eligible(watched.plain, plain_ask)
        planned = watched.desk.preview(ticket, at=number)
        answer = watched(watched.desk.submit(ticket, at=number))
        assert answer == planned
        assert isinstance(answer[1], ev.TicketAssigned) == bool(willing)
        check(watched.desk, watched.plain)


@pytest.mark.parametrize("strategy", ["random", "weighted_random", "power_of_two"])
@pytest.mark.parametrize("skilled", [1, 2, 5])
def test_what_chance_decides_does_not_hang_on_what_was_asked_before(
    strategy: str, skilled: int
) -> None:
    """A preview makes an index; the submit after it, and a desk without it, draw alike."""
    for seed in range(30):
        watched = Watched(random=Source(seed))  # noqa: S311  tests have to be repeatable
        staff(watched, 60, strategy=strategy, skilled=skilled)
        other = Dispatcher.replay(watched.events, random=Source(seed))  # noqa: S311
        for number in range(3):
            ticket = asks(number, {"x": 5})
            planned = watched.desk.preview(ticket, at=number)
            assert watched.desk.submit(ticket, at=number) == planned
            assert other.submit(ticket, at=number) == planned


def test_the_least_recently_used_index_goes_first_and_members_forget_it() -> None:
    watched = Watched()
    staff(watched, 3, presence="away", strategy="round_robin")
    for number in range(MOST_INDEXES):
        watched(watched.desk.submit(asks(number, weight=number + 1), at=0))
    queue = watched.queue()
    first, second = list(queue.index.indexed)[:2]
    assert first.asks.weight == 1
    watched(watched.desk.submit(asks(1_000, weight=1), at=1))  # used again: no longer the oldest
    watched(watched.desk.submit(asks(1_001, {"y": 1}), at=1))
    assert first in queue.index.indexed
    assert second not in queue.index.indexed
    assert second.index is None
    assert len(queue.index.indexed) == MOST_INDEXES
    check(watched.desk, watched.plain)


def test_indexes_out_of_use_do_not_pile_up_at_members_who_never_change() -> None:
    watched = Watched()
    staff(watched, 3, presence="away", capacity=1_000_000)
    for number in range(4 * MOST_INDEXES):
        watched(watched.desk.submit(asks(number, weight=number + 1), at=0))
    kept = [len(member.indexes or {}) for member in watched.queue().members.values()]
    assert max(kept) <= 2 * MOST_INDEXES
    check(watched.desk, watched.plain)


def test_a_swap_of_the_strategy_drops_every_index_of_the_old_one() -> None:
    watched = Watched()
    staff(watched, 20, skilled=2, strategy="round_robin")
    for number in range(4):
        watched(watched.desk.submit(asks(number, {"x": 5}), at=0))
    old = [demand.index for demand in watched.queue().index.indexed]
    watched(watched.desk.change_queue(Q, strategy="longest_idle", at=1))
    assert all(index is not None and index.dropped for index in old)
    for number in range(4, 8):
        watched(watched.desk.submit(asks(number, {"x": 5}), at=2))
    check(watched.desk, watched.plain)


def test_demands_of_one_ticket_each_do_not_pile_up() -> None:
    permits = Everybody()
    watched = Watched(permits)
    staff(watched, 3, capacity=2)
    for number in range(3 * MOST_IDLE_DEMANDS):
        watched.desk.submit(asks(number), at=number)
        watched.desk.resolve(TicketId(f"t{number}"), at=number)
    assert len(watched.queue().index.demands) <= MOST_IDLE_DEMANDS
    assert permits.asked <= 10 * 3 * MOST_IDLE_DEMANDS


def test_forgetting_idle_demands_is_safe_for_tickets_that_are_released_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_IDLE_DEMANDS", 2)
    watched = Watched()
    desk = watched.desk
    staff(watched, 2, capacity=4)
    for number in range(6):
        watched(desk.submit(asks(number, channel=f"c{number}"), at=0))
    assert all(ticket.agent_id is not None for ticket in desk.tickets())
    queue = watched.queue()
    assert len(queue.index.demands) <= 2
    for who in list(watched.plain.agents):
        watched(desk.set_presence(who, "away", at=1))
    for number in range(6):
        watched(desk.release(TicketId(f"t{number}"), at=2))
        check(desk, watched.plain)
    assert list(desk.waiting(Q)) == [f"t{number}" for number in range(6)]
    watched(desk.set_presence(AgentId("a000"), "available", at=3))
    check(desk, watched.plain)
    assert list(desk.waiting(Q)) == ["t4", "t5"]


def test_many_waiting_demands_are_not_all_looked_at_for_each_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sweeping costs in proportion to what came since the last sweep, not at every arrival."""
    monkeypatch.setattr(module, "MOST_IDLE_DEMANDS", 16)
    sweeps = 0
    forget = Demands._forget_idle

    def counted(self: Demands, queue: QueueRecord) -> None:
        nonlocal sweeps
        sweeps += 1
        forget(self, queue)

    monkeypatch.setattr(Demands, "_forget_idle", counted)
    watched = Watched()
    staff(watched, 1, presence="away")
    for number in range(1_000):
        watched.desk.submit(asks(number, weight=number + 1), at=0)
    assert len(watched.queue().index.demands) == 1_000
    assert sweeps <= 10


def test_a_freed_slot_asks_the_gate_a_few_times_however_many_wait(refusals: list[int]) -> None:
    seen = []
    for waiting in (100, 2_000):
        watched = Watched()
        desk = watched.desk
        staff(watched, 5, capacity=1)
        desk.submit_many([asks(number) for number in range(waiting + 5)], at=0)
        before = refusals[0]
        desk.resolve(TicketId("t0"), at=1)
        seen.append(refusals[0] - before)
    assert seen[0] == seen[1] <= 5


def test_a_submit_asks_the_gate_a_few_times_however_many_agents(refusals: list[int]) -> None:
    for strategy in ("average_load", "round_robin", "max_load", "top_down"):
        watched = Watched()
        staff(watched, 300, strategy=strategy, capacity=50)
        before = refusals[0]
        for number in range(100):
            watched.desk.submit(asks(number), at=number)
        assert refusals[0] - before <= 3 * 100


def test_a_rare_skill_is_found_without_asking_everybody_again_and_again(
    refusals: list[int],
) -> None:
    watched = Watched()
    staff(watched, 300, skilled=2, capacity=50)
    watched.desk.submit(asks(0, {"x": 5}), at=0)
    before = refusals[0]
    for number in range(1, 50):
        watched.desk.submit(asks(number, {"x": 5}), at=number)
    assert refusals[0] - before <= 4 * 50


def test_wait_reasons_count_who_fits_and_who_is_there() -> None:
    watched = Watched()
    desk = watched.desk
    staff(watched, 4, skilled=1, capacity=1)
    skilled = AgentId("a003")

    def reason(number: int, ticket: Ticket) -> ev.WaitReason | None:
        watched(desk.submit(ticket, at=number))
        return desk.ticket(ticket.id).wait_reason

    watched(desk.submit(asks(0, {"x": 5}), at=0))
    assert reason(1, asks(1, {"x": 5})) is ev.WaitReason.NOBODY_FREE
    assert reason(2, asks(2, {"x": 6})) is ev.WaitReason.NOBODY_FITS
    watched(desk.set_presence(skilled, "away", at=3))
    assert reason(4, asks(4, {"x": 4})) is ev.WaitReason.NOBODY_AVAILABLE
    watched(desk.set_presence(skilled, "available", at=5))
    watched(desk.switch_channel(skilled, "email", on=False, at=5))
    assert reason(6, asks(6, {"x": 3})) is ev.WaitReason.NOBODY_AVAILABLE
    watched(desk.change_agent(skilled, skills={}, at=7))
    assert reason(8, asks(8, {"x": 2})) is ev.WaitReason.NOBODY_FITS
    check(desk, watched.plain)


def test_a_full_agent_is_not_held_against_every_ticket_that_waits(refusals: list[int]) -> None:
    """Where each ticket is a demand of its own, a freed slot still costs what it fills."""
    seen = []
    for waiting in (100, 1_000):
        watched = Watched(Everybody())
        staff(watched, 3, capacity=1)
        watched.desk.submit_many([asks(number) for number in range(waiting)], at=0)
        before = refusals[0]
        watched.desk.resolve(TicketId("t0"), at=1)
        seen.append(refusals[0] - before)
    assert seen[1] <= seen[0] + 2 * MOST_INDEXES  # indexes hear of it, the line does not


# --- demands with exclusions --------------------------------------------------------------------


def who(*numbers: int) -> list[AgentId]:
    return [AgentId(f"a{number:03}") for number in numbers]


def demand_of(
    watched: Watched,
    skills: dict[str, int] | None = None,
    *,
    declined: tuple[int, ...] = (),
    reserved: int | None = None,
    number: int = 9_999,
    **facts: Any,
) -> Demand:
    """Return the demand of a ticket that some agents have declined."""
    ticket = asks(number, skills, **facts)
    wanted = asks_of(ticket)._replace(
        excluded=read_only(dict.fromkeys(who(*declined), Reason.DECLINED)) if declined else None,
        reserved=None if reserved is None else who(reserved)[0],
    )
    return watched.desk._state.demands.of(wanted, ticket, watched.queue())


def chosen(
    watched: Watched, demand: Demand, **options: Any
) -> tuple[AgentId, AgentId | None] | None:
    choice = watched.desk._state.demands.choose(demand, **options)
    return None if choice is None else (choice.agent_id, choice.runner_up)


@pytest.mark.parametrize("permits", [None, Everybody()])
def test_equal_exclusions_share_a_demand_and_all_share_the_index_of_the_plain(
    permits: Everybody | None,
) -> None:
    watched = Watched(permits)
    staff(watched, 60, skilled=4)
    plain = demand_of(watched, {"x": 5}).plain
    one, two = (demand_of(watched, {"x": 5}, declined=each) for each in ((56,), (56, 57)))
    kept = demand_of(watched, {"x": 5}, reserved=58)
    assert plain.plain is plain
    assert one.plain is two.plain is kept.plain is plain
    assert demand_of(watched, {"x": 5}, declined=(57, 56)) is two
    assert len({plain, one, two, kept}) == 4
    assert chosen(watched, two) == tuple(who(58, 59))
    assert chosen(watched, one) == tuple(who(57, 58))
    assert chosen(watched, plain) == tuple(who(56, 57))
    assert list(watched.queue().index.indexed) == [plain]
    assert (one.index, two.index, kept.index) == (None, None, None)


def test_a_demand_whose_exclusions_go_first_finds_the_index_when_its_plain_comes_later() -> None:
    """Where nobody has asked plainly yet, the index is of the plain demand all the same."""
    watched = Watched()
    staff(watched, 60, skilled=2)
    excluding = demand_of(watched, {"x": 5}, declined=(58,))
    assert chosen(watched, excluding) == (who(59)[0], None)
    plain = demand_of(watched, {"x": 5})
    assert plain is excluding.plain
    assert watched.queue().index.indexed == {plain: None}
    watched(watched.desk.submit(asks(1, {"x": 5}), at=0))
    assert watched.desk.ticket(TicketId("t1")).agent_id == who(58)[0]
    check(watched.desk, watched.plain)


def test_hundreds_of_exclusions_take_one_index_and_leave_the_others_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHARES", 2)  # each of three has a third of the members
    watched = Watched()
    staff(watched, 60, skilled=20, capacity=5)
    others = [demand_of(watched, {"x": 5}, weight=number) for number in (2, 3)]
    for demand in others:
        watched.desk._state.demands.wait_reason(demand)
    kept = list(watched.queue().index.indexed)
    for number in range(2 * MOST_INDEXES):
        declined = tuple(40 + place for place in range(12) if (number + 1) >> place & 1)
        demand = demand_of(watched, {"x": 5}, declined=declined)
        left = [each for each in range(40, 60) if each not in declined]
        assert chosen(watched, demand) == tuple(who(*left[:2]))
    assert list(watched.queue().index.indexed) == [*kept, demand_of(watched, {"x": 5})]
    members = watched.queue().members.values()
    assert max(len(member.indexes or {}) for member in members) == 3


@pytest.mark.parametrize(("skilled", "by_age"), [(3, False), (30, True)])
def test_indexes_that_few_are_in_stay_and_those_that_many_are_in_give_way(
    skilled: int, *, by_age: bool
) -> None:
    """What a change costs is how many indexes a member is in, not how many there are."""
    watched = Watched()
    staff(watched, 60, skilled=skilled, capacity=9)
    for level in (1, 2, 3, 4, 5):
        watched.desk._state.demands.wait_reason(demand_of(watched, {"x": level}))
    queue = watched.queue()
    assert (queue.index.ages is not None) == by_age
    assert len(queue.index.indexed) == (0 if by_age else 5)
    for number in range(8):
        watched(watched.desk.submit(asks(number, {"x": 1 + number % 5}), at=number))
    check(watched.desk, watched.plain)


def test_asking_through_an_exclusion_keeps_the_plain_index_from_going() -> None:
    watched = Watched()
    staff(watched, 3, presence="away", capacity=1_000_000, strategy="round_robin")
    for number in range(MOST_INDEXES):
        watched(watched.desk.submit(asks(number, weight=number + 1), at=0))
    queue = watched.queue()
    first, second = list(queue.index.indexed)[:2]
    excluding = demand_of(watched, declined=(1,))
    assert excluding.plain is first
    watched.desk._state.demands.wait_reason(excluding)  # used: no longer the oldest
    assert next(iter(queue.index.indexed)) is second
    watched(watched.desk.submit(asks(1_000, {"y": 1}), at=1))
    assert first in queue.index.indexed
    assert second not in queue.index.indexed
    check(watched.desk, watched.plain)


def test_an_index_that_went_is_built_anew_for_the_exclusions_that_are_left() -> None:
    watched = Watched()
    staff(watched, 60, skilled=3)
    excluding = demand_of(watched, {"x": 5}, declined=(57,))
    assert chosen(watched, excluding) == tuple(who(58, 59))
    watched.desk._state.demands.drop_all(watched.queue())
    assert excluding.plain.index is None
    watched(watched.desk.set_presence(who(58)[0], "away", at=1))
    assert chosen(watched, excluding) == (who(59)[0], None)
    assert watched.queue().index.indexed == {excluding.plain: None}
    check(watched.desk, watched.plain)


def test_forgetting_idle_demands_keeps_the_plain_ones_of_those_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_IDLE_DEMANDS", 2)
    watched = Watched()
    staff(watched, 3)
    queue = watched.queue()
    excluding = demand_of(watched, declined=(1,))
    excluding.waiting = 1  # as if a ticket stood in its line
    for number in range(100):
        demand_of(watched, channel=f"c{number}", declined=(number % 3,))
    assert demand_of(watched, declined=(1,)) is excluding
    assert demand_of(watched) is excluding.plain
    assert len(queue.index.demands) <= 2 * 2 + 4
    for key, demand in queue.index.demands.items():
        assert key == (demand.asks, None)
        assert queue.index.demands.get((demand.plain.asks, None), demand.plain) is demand.plain


@pytest.mark.parametrize("walk", [(2, 8, 32), (1,), (2,)])
@pytest.mark.parametrize("skilled", [0, 1, 2, 5, 60])
@pytest.mark.parametrize("strategy", ["average_load", "round_robin", "best_match", "ring_all"])
def test_exclusions_give_what_leaving_out_gives_whatever_has_an_index(
    strategy: str, skilled: int, walk: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exclusion, ``besides`` and a member who is not there: three ways to leave one out."""
    monkeypatch.setattr(module, "WALKS", walk)
    answers = []
    for warm in (False, True):
        for way in ("declined", "besides", "last"):
            watched = Watched()
            staff(watched, 60, strategy=strategy, skilled=skilled)
            if warm:
                watched.desk._state.demands.wait_reason(demand_of(watched, {"x": 5}))
            found = []
            out: list[int] = []
            for _ in range(4):
                if way == "declined":
                    demand, options = demand_of(watched, {"x": 5}, declined=tuple(out)), {}
                else:
                    demand, options = demand_of(watched, {"x": 5}), {way: set(who(*out))}
                answer = chosen(watched, demand, **options)
                if answer is None or answer[0] in who(*out):
                    break  # ``last`` comes back to those who were left out
                found.append(answer)
                out.append(int(answer[0][1:]))
            answers.append(found)
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == min(4, skilled)


# --- last, besides and spent --------------------------------------------------------------------


def test_those_asked_last_are_asked_when_there_is_nobody_else() -> None:
    watched = Watched()
    staff(watched, 60, skilled=3)
    demand = demand_of(watched, {"x": 5})
    a, b, c = who(57, 58, 59)
    assert chosen(watched, demand, last={a}) == (b, c)
    assert chosen(watched, demand, last={a, b}) == (c, None)
    assert chosen(watched, demand, last={a, b, c}) == (a, b)
    assert chosen(watched, demand, last=set(who(*range(60)))) == (a, b)
    assert chosen(watched, demand, last={a, b}, besides={c}) == (a, b)
    assert chosen(watched, demand, last={b}, besides={a, c}) == (b, None)
    assert chosen(watched, demand, last={a, b, c}, besides={a, b, c}) is None
    excluding = demand_of(watched, {"x": 5}, declined=(58,))
    assert chosen(watched, excluding, last={a}) == (c, None)
    assert chosen(watched, excluding, last={a}, besides={c}) == (a, None)


def test_who_is_not_meant_is_no_runner_up() -> None:
    watched = Watched()
    staff(watched, 4)
    demand = demand_of(watched)
    a, b, c, d = who(0, 1, 2, 3)
    assert chosen(watched, demand, besides={a, c}) == (b, d)
    assert chosen(watched, demand, besides={a, b, c}) == (d, None)
    assert chosen(watched, demand, besides={a, b, c, d}) is None
    assert chosen(watched, demand_of(watched, declined=(1,)), besides={a}) == (c, d)
    assert chosen(watched, demand, besides={AgentId("stranger")}) == (a, b)


def test_a_reserved_ticket_goes_to_that_agent_or_to_nobody() -> None:
    watched = Watched()
    staff(watched, 4)
    (ben,) = who(1)
    demand = demand_of(watched, reserved=1)
    assert chosen(watched, demand) == (ben, None)
    assert chosen(watched, demand, last={ben}) == (ben, None)
    assert chosen(watched, demand, besides={ben}) is None
    assert chosen(watched, demand_of(watched, reserved=1, declined=(1,))) is None
    assert [each.agent_id for each in watched.desk._state.demands.choose_all(demand)] == [ben]
    watched(watched.desk.set_presence(ben, "away", at=1))
    assert chosen(watched, demand) is None
    assert watched.desk._state.demands.choose_all(demand) == ()
    assert chosen(watched, demand_of(watched, reserved=99)) is None
    assert not watched.queue().index.indexed


@pytest.mark.parametrize("strategy", ["random", "weighted_random", "power_of_two"])
def test_each_choice_of_a_decision_draws_after_the_one_before(strategy: str) -> None:
    """Asked with what is spent, a choice draws what a desk draws that has decided already."""
    for seed in range(20):
        watched, other = (
            Watched(random=Source(seed))  # noqa: S311  tests have to be repeatable
            for _ in range(2)
        )
        for each in (watched, other):
            staff(each, 60, strategy=strategy, skilled=6)
        spent = 0
        found: list[Choice] = []
        for _ in range(3):
            besides = {choice.agent_id for choice in found}
            demand = demand_of(watched, {"x": 5})
            choice = watched.desk._state.demands.choose(demand, besides=besides, spent=spent)
            assert choice is not None
            found.append(choice)
            spent += len(choice.draws)
            same = other.desk._state.demands.choose(demand_of(other, {"x": 5}), besides=besides)
            assert same == choice
            other.desk._state.chance.spend(len(choice.draws))
        assert len({choice.agent_id for choice in found}) == 3


def test_wait_reasons_know_when_all_who_fit_are_left_out() -> None:
    watched = Watched()
    staff(watched, 60, skilled=2, capacity=1)
    reason = watched.desk._state.demands.wait_reason
    assert reason(demand_of(watched, {"y": 1}, declined=(58, 59))) is ev.WaitReason.NOBODY_FITS
    assert reason(demand_of(watched, {"x": 5}, declined=(58, 59))) is ev.WaitReason.NOBODY_LEFT
    assert reason(demand_of(watched, {"x": 5}, declined=(0, 58))) is ev.WaitReason.NOBODY_FREE
    watched(watched.desk.set_presence(who(59)[0], "away", at=1))
    excluding = demand_of(watched, {"x": 5}, declined=(58,))
    assert reason(excluding) is ev.WaitReason.NOBODY_AVAILABLE
    assert reason(demand_of(watched, {"x": 5}, declined=(59,))) is ev.WaitReason.NOBODY_FREE
    watched(watched.desk.remove_member(Q, who(58)[0], at=2))
    assert reason(excluding) is ev.WaitReason.NOBODY_AVAILABLE
    assert reason(demand_of(watched, {"x": 5}, declined=(59,))) is ev.WaitReason.NOBODY_LEFT


# --- everyone at once ---------------------------------------------------------------------------


class Steps:
    """What a decision costs: calls of every index, and questions to the gate."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refusals: list[int]) -> None:
        self.indexes, self._refusals = 0, refusals
        for name in ("join", "leave", "changed"):
            monkeypatch.setattr(RingAll, name, self._counted(getattr(RingAll, name)))

    def _counted(self, method: Any) -> Any:
        def counted(strategy: RingAll, fact: Any) -> None:
            self.indexes += 1
            method(strategy, fact)

        return counted

    def of(self, command: Callable[[], object]) -> tuple[int, int]:
        indexes, refusals = self.indexes, self._refusals[0]
        command()
        return self.indexes - indexes, self._refusals[0] - refusals


def ringing(agents: int, rung: int, *, capacity: int = 2) -> Dispatcher:
    """Make a desk of which only the last few have the skill x, and are rung for it."""
    desk = Dispatcher()
    for number in range(agents):
        skills = {"x": 5} if number >= agents - rung else {}
        agent = Agent(id=AgentId(f"a{number:05}"), capacity=capacity, skills=skills)
        desk.add_agent(agent, presence="available", at=0)
    members = [agent.id for agent in desk.agents()]
    desk.add_queue(Queue(id=Q, members=members, strategy="ring_all", delivery=Delivery.OFFER), at=0)
    desk.preview(asks(0, {"x": 5}), at=0)  # makes the index of those who fit
    return desk


@pytest.mark.parametrize("rung", [5, 50])
def test_ringing_and_accepting_cost_what_is_rung_however_many_others_there_are(
    rung: int, monkeypatch: pytest.MonkeyPatch, refusals: list[int]
) -> None:
    steps = Steps(monkeypatch, refusals)
    seen = []
    for agents in (200, 2_000):
        desk = ringing(agents, rung)
        ring = steps.of(lambda: desk.submit(asks(1, {"x": 5}), at=0))  # noqa: B023
        offered = desk.ticket(TicketId("t1")).offered_to
        assert len(offered) == rung
        answer = steps.of(lambda: desk.accept(TicketId("t1"), offered[-1], at=1))  # noqa: B023
        assert sum(bool(agent.offered) for agent in desk.agents()) == 0
        seen.append((ring, answer))
    assert seen[0] == seen[1]
    (ring, answer) = seen[0]
    assert ring[0] <= 3 * rung  # the queue's index and that of the demand, for each agent rung
    assert answer[0] <= 3 * rung + 3
    assert ring[1] <= 4 * rung
    assert answer[1] <= 4 * rung + 4


def test_ten_thousand_rings_in_a_row_cost_the_same_each(
    monkeypatch: pytest.MonkeyPatch, refusals: list[int]
) -> None:
    """Ring, accept, resolve: what has been leaves nothing behind that later tickets pay for."""
    steps = Steps(monkeypatch, refusals)
    desk = ringing(40, 4)
    costs = []
    for number in range(1, 2_001):
        name = TicketId(f"t{number}")

        def run(name: TicketId = name, number: int = number) -> None:
            desk.submit(asks(number, {"x": 5}), at=number)
            desk.decline(name, desk.ticket(name).offered_to[0], at=number)
            desk.accept(name, desk.ticket(name).offered_to[0], at=number)
            desk.resolve(name, at=number)

        costs.append(steps.of(run))
    assert costs == [costs[0]] * 2_000
    assert max(costs[0]) <= 20
    assert len(desk._state.roster.queues[Q].index.demands) <= MOST_IDLE_DEMANDS


def test_a_ring_keeps_the_index_it_goes_by_from_going() -> None:
    watched = Watched()
    staff(watched, 60, strategy="ring_all", skilled=3)
    demands = watched.desk._state.demands
    plain, other = demand_of(watched, {"x": 5}), demand_of(watched, {"x": 4})
    everyone = [choice.agent_id for choice in demands.choose_all(plain)]
    assert everyone == who(57, 58, 59)
    demands.wait_reason(other)
    assert list(watched.queue().index.indexed) == [plain, other]
    left = demands.choose_all(demand_of(watched, {"x": 5}, declined=(58,)))
    assert [choice.agent_id for choice in left] == who(57, 59)
    assert list(watched.queue().index.indexed) == [other, plain]  # used: no longer the oldest
    assert demands.choose_all(demand_of(watched, {"y": 1})) == ()


def test_a_ring_that_few_answer_is_not_put_to_everybody_again_and_again(
    refusals: list[int],
) -> None:
    """Where the skill is rare, those who have room and not the skill are passed by once."""
    desk = ringing(400, 2, capacity=500)
    desk.submit(asks(1, {"x": 5}), at=0)
    before = refusals[0]
    for number in range(2, 52):
        desk.submit(asks(number, {"x": 5}), at=number)
    assert refusals[0] - before <= 50 * 4 * 2


class ByThreeNumbers(AverageLoad):
    """A key of which the last number alone tells members apart."""

    key_names = ("nothing", "nothing either", "tickets")

    def key(self, member: Member) -> Key:
        return (0, 0, member.count)


def test_an_index_by_age_goes_by_the_whole_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BUILT_IN, "by_three_numbers", ByThreeNumbers)
    watched = Watched()
    staff(watched, 5, strategy="by_three_numbers", skilled=5, capacity=20)
    for number in range(20):
        watched.desk.submit(asks(number, {f"rare {number}": 1}), at=0)
    loads = Counter({agent.id: 0 for agent in watched.desk.agents()})
    for number in range(20, 50):
        ticket = asks(number, {"x": 1 + number % 3})
        (_, assigned) = watched.desk.submit(ticket, at=number)
        assert isinstance(assigned, ev.TicketAssigned)
        assert loads[assigned.agent_id] == min(loads.values())
        loads[assigned.agent_id] += 1
        if number % 3:  # so that who has fewest is not who has waited longest
            watched.desk.resolve(ticket.id, at=number)
            loads[assigned.agent_id] -= 1
    assert watched.queue().index.ages is not None
