from collections import Counter
from fractions import Fraction
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.weighted_round_robin import TICKET, WeightedRoundRobin

NAMES = [AgentId(name) for name in "abcdef"]
names = st.sampled_from(NAMES)
several = st.sets(names)
weights = st.sampled_from([1, 1, 2, 3, 7, 100])


def with_weights(*weights: int) -> WeightedRoundRobin:
    strategy = WeightedRoundRobin()
    for number, weight in enumerate(weights):
        strategy.join(Member(agent_id=AgentId(f"{number:03}"), weight=weight))
    return strategy


def take_turns(strategy: WeightedRoundRobin, times: int) -> list[AgentId]:
    got = []
    for _ in range(times):
        (name,) = strategy.select()
        strategy.offered(name)
        got.append(name)
    return got


@pytest.mark.parametrize(
    ("weights", "order"),
    [((2, 2, 1), "01201"), ((5, 1, 1), "0010200"), ((1, 1, 1), "012"), ((7,), "0000000")],
)
def test_selections_are_spread_out_as_in_the_example_of_nginx(
    weights: tuple[int, ...], order: str
) -> None:
    strategy = with_weights(*weights)
    assert take_turns(strategy, 2 * len(order)) == [AgentId(f"00{each}") for each in 2 * order]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8))
def test_each_agent_gets_their_weight_in_as_many_selections_as_the_sum_of_weights(
    weights: list[int],
) -> None:
    strategy = with_weights(*weights)
    counts = Counter(take_turns(strategy, sum(weights)))
    assert [counts[AgentId(f"{number:03}")] for number in range(len(weights))] == weights
    assert strategy.turns() == ()


@given(st.lists(st.integers(1, 100), min_size=2, max_size=8))
def test_each_agent_is_always_within_two_tickets_of_their_share(
    weights: list[int],
) -> None:
    strategy = with_weights(*weights)
    counts: Counter[AgentId] = Counter()
    for number, name in enumerate(take_turns(strategy, 200), start=1):
        counts[name] += 1
        for place, weight in enumerate(weights):
            share = Fraction(number * weight, sum(weights))
            assert abs(counts[AgentId(f"{place:03}")] - share) < 2


def test_of_ten_tickets_at_weights_two_two_one_no_agent_gets_three_in_a_row() -> None:
    order = take_turns(with_weights(2, 2, 1), 10)
    assert sorted(Counter(order).values()) == [2, 4, 4]
    assert max(len(list(run)) for _, run in groupby(order)) == 1


def test_an_agent_who_comes_back_has_their_old_credit_and_is_not_flooded() -> None:
    strategy = with_weights(1, 1, 1)
    first = AgentId("000")
    take_turns(strategy, 3)
    strategy.leave(first)
    assert Counter(take_turns(strategy, 100)).keys() == {AgentId("001"), AgentId("002")}
    strategy.join(Member(agent_id=first))
    assert sorted(Counter(take_turns(strategy, 9)).values()) == [3, 3, 3]


def test_a_new_agent_gets_their_share_only_from_now_on() -> None:
    strategy = with_weights(2, 2)
    take_turns(strategy, 1_001)
    joiner = AgentId("joiner")
    strategy.join(Member(agent_id=joiner, weight=4))
    assert Counter(take_turns(strategy, 8))[joiner] == 4


def test_a_debt_counts_the_same_after_all_others_have_left() -> None:
    """With unscaled credits the last selected agent would wait for two hundred selections."""
    strategy = with_weights(*[1] * 400)
    asked = take_turns(strategy, 1)[0]
    for number in range(2, 400):
        strategy.leave(AgentId(f"{number:03}"))
    assert take_turns(strategy, 4)[1:3] == [asked, AgentId("001")]


def test_missed_tickets_are_made_up_for_by_only_a_few() -> None:
    strategy = with_weights(1, 1)
    plain, skilled = AgentId("000"), AgentId("001")
    for _ in range(1_000):
        assert strategy.select(excluding={plain}) == (skilled,)
        strategy.offered(skilled)
    order = take_turns(strategy, 100)
    runs = [(name, len(list(run))) for name, run in groupby(order)]
    assert runs[0][0] == plain
    assert runs[0][1] <= 17
    assert max(length for _, length in runs[1:]) == 1


def test_a_new_weight_counts_from_the_next_selection() -> None:
    strategy = with_weights(1, 1)
    strategy.changed(Member(agent_id=AgentId("001"), weight=3))
    assert Counter(take_turns(strategy, 8)) == {AgentId("000"): 2, AgentId("001"): 6}


def test_an_offer_by_a_sibling_counts_everywhere_at_once() -> None:
    strategy = with_weights(1, 1)
    german = strategy.sibling({"german": 1})
    german.join(Member(agent_id=AgentId("000")))
    german.offered(AgentId("000"))
    assert strategy.select(most=2) == (AgentId("001"), AgentId("000"))
    assert strategy.turns() == german.turns()
    assert strategy.turns() == (("000", -TICKET // 2), ("001", TICKET // 2))


def test_a_forgotten_agent_starts_without_credit() -> None:
    strategy = with_weights(1, 1)
    take_turns(strategy, 1)
    strategy.leave(AgentId("000"))
    strategy.forget(AgentId("000"))
    assert strategy.turns() == (("001", TICKET // 2),)
    strategy.forget(AgentId("nobody"))


def test_a_fresh_strategy_has_no_credits() -> None:
    strategy = with_weights(1, 1)
    take_turns(strategy, 1)
    assert strategy.fresh().turns() == ()
    assert strategy.fresh().select() == ()


class Plain(RuleBasedStateMachine):
    """The answer equals plain addition and subtraction, for the original and two siblings."""

    def __init__(self) -> None:
        super().__init__()
        original = WeightedRoundRobin()
        self.indexes = [original, original.sibling({"x": 1}), original.sibling({})]
        self.inside: list[set[AgentId]] = [set(), set(), set()]
        self.members = {name: Member(agent_id=name) for name in NAMES}
        self.credit = dict.fromkeys(NAMES, 0)

    def share(self) -> int:
        total = sum(self.members[name].weight for name in self.inside[0])
        return TICKET // total if total else 0

    def score(self, name: AgentId) -> int:
        return -(self.credit[name] + self.members[name].weight * self.share())

    @rule(coming=st.lists(names, unique=True), siblings=st.sets(st.sampled_from([1, 2])))
    def join(self, coming: list[AgentId], siblings: set[int]) -> None:
        for name in coming:
            for which in [0, *sorted(siblings)]:
                if name not in self.inside[which]:
                    self.indexes[which].join(self.members[name])
                    self.inside[which].add(name)

    @rule(going=several)
    def leave(self, going: set[AgentId]) -> None:
        for name in sorted(going):
            for which in range(3):
                if name in self.inside[which]:
                    self.indexes[which].leave(name)
                    self.inside[which].remove(name)

    @rule(name=names, weight=weights, last_assigned=st.integers(0, 2))
    def change(self, name: AgentId, weight: int, last_assigned: int) -> None:
        self.members[name].weight = weight
        self.members[name].last_assigned = last_assigned
        for index, inside in zip(self.indexes, self.inside, strict=True):
            if name in inside:
                index.changed(self.members[name])

    @rule(name=names)
    def dismiss(self, name: AgentId) -> None:
        self.leave({name})
        self.indexes[0].forget(name)
        self.credit[name] = 0

    @rule(which=st.integers(0, 2), excluding=several, most=st.none() | st.integers(0, 7))
    def select(self, which: int, excluding: set[AgentId], most: int | None) -> None:
        willing = sorted(
            self.inside[which] - excluding,
            key=lambda name: (self.score(name), self.members[name].last_assigned, name),
        )
        answer = self.indexes[which].select(excluding=excluding, most=most)
        assert answer == tuple(willing[: 1 if most is None else most])
        for name in self.inside[which]:
            assert self.indexes[which].key_of(name) == (self.score(name),)

    @precondition(lambda self: self.inside[0])
    @rule(data=st.data(), times=st.sampled_from([1, 1, 2, 30]))
    def offer(self, data: st.DataObject, times: int) -> None:
        which = data.draw(st.sampled_from([n for n in range(3) if self.inside[n]]))
        name = data.draw(st.sampled_from(sorted(self.inside[which])))
        for _ in range(times):
            self.indexes[which].offered(name)
            share = self.share()
            for other in self.inside[0]:
                self.credit[other] += self.members[other].weight * share
            paid = share * sum(self.members[other].weight for other in self.inside[0])
            self.credit[name] = max(min(self.credit[name], 8 * TICKET) - paid, -TICKET)
        owed = tuple((each, self.credit[each]) for each in NAMES if self.credit[each])
        assert {index.turns() for index in self.indexes} == {owed}


TestPlain = Plain.TestCase


class Looked(str):
    """An id that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __lt__(self, other: str) -> bool:
        Looked.compared += 1
        return str.__lt__(self, other)

    __hash__ = str.__hash__


def test_a_round_of_turns_costs_the_logarithm_of_the_agents() -> None:
    """Ten selections among ten times the agents compare little more."""
    compared = []
    for agents in (1_000, 10_000):
        strategy = WeightedRoundRobin()
        for number in range(agents):
            strategy.join(Member(agent_id=AgentId(Looked(f"{number:05}")), weight=1 + number % 3))
        Looked.compared = 0
        take_turns(strategy, 10)
        compared.append(Looked.compared)
    assert all(later <= 2 * earlier for earlier, later in pairwise(compared)), compared
