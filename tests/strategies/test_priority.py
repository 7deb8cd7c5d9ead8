# ruff: noqa: S311  a seeded source is what a test needs
from collections.abc import Callable
from random import Random as Source

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ticketroute.errors import InvalidValueError
from ticketroute.model.ids import AgentId
from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.best_match import BestMatch
from ticketroute.strategies.contract import Key, Member, Strategy
from ticketroute.strategies.fewest_taken import FewestTaken
from ticketroute.strategies.priority import Priority
from ticketroute.strategies.random_pick import Random
from ticketroute.strategies.ranked import Ranked
from ticketroute.strategies.ring_all import RingAll
from ticketroute.strategies.round_robin import RoundRobin

ANA, BEN, CLEO, DAN = (AgentId(name) for name in ("ana", "ben", "cleo", "dan"))
NAMES = [ANA, BEN, CLEO, DAN]
names = st.sampled_from(NAMES)
several = st.sets(names)


def test_the_order_is_by_tier_and_then_by_number_of_tickets(
    follows_key: Callable[..., None],
) -> None:
    follows_key(Priority, lambda member, _: (member.priority, member.count))


def test_the_order_inside_a_tier_is_that_of_the_strategy_inside(
    follows_key: Callable[..., None],
) -> None:
    follows_key(
        lambda: Priority(then=BestMatch),
        lambda member, asked: (
            member.priority,
            -sum(member.skills.get(skill, 0) - level for skill, level in asked.items()),
        ),
        asked={"x": 2, "y": 1},
    )


class Tables(RuleBasedStateMachine):
    """With RoundRobin inside, each tier has its own round of seats, which siblings share."""

    def __init__(self) -> None:
        super().__init__()
        original = Priority(then=RoundRobin)
        self.indexes = [original, original.sibling({"x": 1})]
        self.inside: list[set[AgentId]] = [set(), set()]
        self.members = {name: Member(agent_id=name, priority=1) for name in NAMES}
        self.table: dict[int, list[AgentId | None]] = {tier: [] for tier in (1, 2, 3)}
        self.last = dict.fromkeys((1, 2, 3), -1)

    def sit(self, name: AgentId) -> None:
        table = self.table[self.members[name].priority]
        if name not in table:
            table.append(name)

    @rule(which=st.integers(0, 1), name=names)
    def join_or_leave(self, which: int, name: AgentId) -> None:
        if name in self.inside[which]:
            self.indexes[which].leave(name)
            self.inside[which].remove(name)
        else:
            self.indexes[which].join(self.members[name])
            self.inside[which].add(name)
            self.sit(name)

    @rule(name=names, priority=st.integers(1, 3))
    def change(self, name: AgentId, priority: int) -> None:
        self.members[name].priority = priority
        for index, inside in zip(self.indexes, self.inside, strict=True):
            if name in inside:
                index.changed(self.members[name])
                self.sit(name)

    @rule(name=names)
    def dismiss(self, name: AgentId) -> None:
        for which in (0, 1):
            if name in self.inside[which]:
                self.join_or_leave(which, name)
        self.indexes[0].forget(name)
        for table in self.table.values():
            if name in table:
                table[table.index(name)] = None

    @rule(which=st.integers(0, 1), excluding=several, most=st.none() | st.integers(0, 5))
    def select(self, which: int, excluding: set[AgentId], most: int | None) -> None:
        willing = self.inside[which] - excluding
        order = [
            name
            for tier, table in self.table.items()
            for name in table[self.last[tier] + 1 :] + table[: self.last[tier] + 1]
            if name is not None and name in willing and self.members[name].priority == tier
        ]
        answer = self.indexes[which].select(excluding=excluding, most=most)
        assert answer == tuple(order[: 1 if most is None else most])

    @rule(which=st.integers(0, 1), name=names)
    def offer(self, which: int, name: AgentId) -> None:
        if name in self.inside[which]:
            self.indexes[which].offered(name)
            tier = self.members[name].priority
            self.last[tier] = self.table[tier].index(name)
            assert self.indexes[0].turns() == self.indexes[1].turns()


TestTables = Tables.TestCase


def tiered(strategy: Strategy, **priorities: int) -> dict[str, Member]:
    members = {
        name: Member(agent_id=AgentId(name), priority=priority)
        for name, priority in priorities.items()
    }
    for member in members.values():
        strategy.join(member)
    return members


def test_no_agent_is_selected_while_a_better_tier_has_room() -> None:
    strategy = Priority()
    members = tiered(strategy, ana=100, ben=1, cleo=50)
    members["ben"].count = 99
    strategy.changed(members["ben"])
    assert strategy.select() == (BEN,)
    strategy.leave(BEN)
    assert strategy.select() == (CLEO,)
    assert strategy.select(excluding={CLEO}) == (ANA,)


def test_a_tie_in_a_tier_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = Priority()
    members = tiered(strategy, ana=5, ben=5)
    members["ana"].last_assigned = 2
    strategy.changed(members["ana"])
    assert strategy.select(most=2) == (BEN, ANA)
    members["ana"].last_assigned = 0
    strategy.changed(members["ana"])
    assert strategy.select(most=2) == (ANA, BEN)


def test_only_the_best_tier_with_an_agent_not_excluded_rings() -> None:
    strategy = Priority(then=RingAll)
    tiered(strategy, ana=2, ben=1, cleo=1, dan=2)
    assert strategy.select() == (BEN, CLEO)
    assert strategy.select(excluding={BEN}) == (CLEO,)
    assert strategy.select(excluding={BEN, CLEO}) == (ANA, DAN)
    assert strategy.select(most=3) == (BEN, CLEO, ANA)


def test_a_changed_priority_moves_the_agent_to_the_new_tier_at_once() -> None:
    strategy = Priority(then=RoundRobin)
    members = tiered(strategy, ana=1, ben=2)
    members["ana"].priority = 3
    strategy.changed(members["ana"])
    assert strategy.select(most=2) == (BEN, ANA)
    assert strategy.key_of(ANA) == (3, 0)


def test_each_tier_has_its_own_turn() -> None:
    for then in (RoundRobin, RoundRobin()):
        strategy = Priority(then=then)
        tiered(strategy, ana=1, ben=1, cleo=2, dan=2)
        strategy.offered(ANA)
        strategy.offered(CLEO)
        assert strategy.select(most=4) == (BEN, ANA, DAN, CLEO)


def test_the_inner_strategy_may_be_an_instance_a_class_or_a_function() -> None:
    for then in (FewestTaken, FewestTaken(), lambda: FewestTaken(window=5)):
        strategy = Priority(then=then)
        strategy.join(Member(agent_id=ANA, priority=7, taken=2))
        strategy.join(Member(agent_id=BEN, priority=7, taken=1))
        assert strategy.select(most=2) == (BEN, ANA)
        assert strategy.key_of(BEN) == (7, 1)


def test_options_and_source_of_a_strategy_inside_are_kept_in_every_tier() -> None:
    assert Priority(then=FewestTaken(window=7_000)).window == 7_000
    assert Priority(then=FewestTaken(window=7_000)).sibling({}).window == 7_000
    strategy = Priority(then=Random(Source(1)))
    twin_source = Source(1)
    twin = Priority(then=lambda: Random(twin_source))
    for each in (strategy, twin):
        tiered(each, ana=1, ben=1, cleo=2, dan=2)
    assert [strategy.select(most=4) for _ in range(9)] == [twin.select(most=4) for _ in range(9)]


def test_facts_that_the_inner_strategy_reads_are_passed_on() -> None:
    plain = Priority()
    assert (plain.window, plain.reads_demand, plain.draws) == (None, False, False)
    assert Priority(then=BestMatch).reads_demand
    assert Priority(then=Random(Source(1))).draws
    assert plain.key_names == ("agent priority", "tickets")


def test_tiers_within_tiers_have_separate_turns() -> None:
    strategy = Priority(then=Priority(then=RoundRobin()))
    tiered(strategy, ana=1, ben=1, cleo=2, dan=2)
    strategy.offered(ANA)
    assert strategy.select(most=4) == (BEN, ANA, CLEO, DAN)
    assert strategy.key_of(BEN) == (1, 1, 0)


def test_a_fresh_copy_shares_no_turn() -> None:
    strategy = Priority(then=RoundRobin)
    tiered(strategy, ana=1, ben=1)
    strategy.offered(ANA)
    fresh = strategy.fresh()
    tiered(fresh, ana=1, ben=1)
    assert (fresh.select(), strategy.select()) == ((ANA,), (BEN,))


def test_an_empty_tier_is_not_searched() -> None:
    looks = 0

    class Looked(AverageLoad):
        def select(self, **asked: object) -> tuple[AgentId, ...]:
            nonlocal looks
            looks += 1
            return super().select(**asked)  # type: ignore[arg-type]

    strategy = Priority(then=Looked)
    members = [Member(agent_id=AgentId(f"{n:03}"), priority=n) for n in range(1, 101)]
    for member in members:
        strategy.join(member)
    for member in members[:99]:
        strategy.leave(member.agent_id)
    assert strategy.select() == (AgentId("100"),)
    assert looks == 1


@pytest.mark.parametrize("then", [7, "round_robin", None])
def test_an_inner_value_that_is_not_a_strategy_is_refused(then: object) -> None:
    with pytest.raises(InvalidValueError, match=r"then is .*; it must be a strategy, its class"):
        Priority(then=then)  # type: ignore[arg-type]  # what a careless host may pass


def test_an_inner_strategy_that_cannot_be_copied_is_refused_with_the_way_out() -> None:
    class Mine(Ranked):
        fresh = None  # type: ignore[assignment]

        def key(self, member: Member) -> Key:
            return ()

    with pytest.raises(InvalidValueError, match="the strategy's class, or a function"):
        Priority(then=Mine())
    assert Priority(then=Mine).select() == ()
