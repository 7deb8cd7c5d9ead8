# ruff: noqa: S311  a seeded source is what a test needs
"""What every strategy owes, whatever its order: one suite for all of them."""

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.registry import BUILT_IN, create

INSIDE = [
    "priority(then=round_robin)",
    "priority(then=random)",
    "priority(then=ring_all)",
    "priority(then=priority(then=power_of_two))",
]
NAMES = [AgentId(name) for name in "abcdefgh"]
names = st.sampled_from(NAMES)
several = st.sets(names)
every_strategy = pytest.mark.parametrize("written", [*BUILT_IN, *INSIDE])


def willing_at_once(written: str, willing: list[Member]) -> int:
    """How many are selected where nobody says how many."""
    if written == "ring_all":
        return len(willing)
    if written == "priority(then=ring_all)":
        best = min((member.priority for member in willing), default=0)
        return sum(member.priority == best for member in willing)
    return min(1, len(willing))


class Contract(RuleBasedStateMachine):
    written: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.source = Random(7)
        self.strategy = create(self.written, source=self.source)
        self.index = {"original": self.strategy, "sibling": self.strategy.sibling({"x": 1})}
        self.inside: dict[str, set[AgentId]] = {"original": set(), "sibling": set()}
        self.members = {name: Member(agent_id=name, capacity=3) for name in NAMES}

    @initialize(coming=several)
    def open_desk(self, coming: set[AgentId]) -> None:
        self.come_or_go(coming)

    @rule(names=several)
    def come_or_go(self, names: set[AgentId]) -> None:
        """The sibling's members are some of the original's, as on a desk."""
        for name in sorted(names):
            if name not in self.inside["original"]:
                self.tell("original", name)
                if len(self.inside["original"]) % 2:
                    self.tell("sibling", name)
            else:
                for which, inside in self.inside.items():
                    if name in inside:
                        self.index[which].leave(name)
                        inside.remove(name)

    def tell(self, which: str, name: AgentId) -> None:
        self.index[which].join(self.members[name])
        self.inside[which].add(name)

    @rule(
        name=names,
        what=st.sampled_from(["priority", "load", "count", "weight", "last_assigned", "taken"]),
        value=st.integers(1, 4),
    )
    def change(self, name: AgentId, what: str, value: int) -> None:
        setattr(self.members[name], what, value)
        for which, inside in self.inside.items():
            if name in inside:
                self.index[which].changed(self.members[name])

    @rule(
        which=st.sampled_from(["original", "sibling"]),
        excluding=several,
        most=st.none() | st.integers(0, 9),
        fewer=st.integers(0, 9),
        seed=st.integers(0, 9),
    )
    def select(
        self, which: str, excluding: set[AgentId], most: int | None, fewer: int, seed: int
    ) -> None:
        index, willing = self.index[which], self.inside[which] - excluding
        turns = self.strategy.turns()
        expected = (
            willing_at_once(self.written, [self.members[name] for name in willing])
            if most is None
            else min(most, len(willing))
        )

        self.source.seed(seed)
        answer = index.select(excluding=excluding, most=most)
        self.source.seed(seed)
        again = index.select(excluding=frozenset(excluding), most=most)
        self.source.seed(seed)
        start = index.select(excluding=excluding, most=min(fewer, expected))

        assert len(answer) == len(set(answer)) == expected
        assert willing.issuperset(answer)
        assert again == answer
        assert start == answer[: min(fewer, expected)]
        assert self.strategy.turns() == turns

    @precondition(lambda self: self.inside["original"])
    @rule()
    def offer(self) -> None:
        (name, *_) = self.strategy.select()
        self.strategy.offered(name)
        assert self.index["sibling"].turns() == self.strategy.turns()

    @rule(name=names)
    def forget(self, name: AgentId) -> None:
        if name not in self.inside["original"]:
            self.strategy.forget(name)
            assert name not in self.strategy.select(most=9)

    @invariant()
    def shows_a_key_for_each_member(self) -> None:
        for which, index in self.index.items():
            for name in self.inside[which]:
                key = index.key_of(name)
                assert len(key) == len(index.key_names)
                assert all(type(number) is int for number in key)


@every_strategy
def test_every_strategy_keeps_the_contract(written: str) -> None:
    checked = written

    class Checked(Contract):
        written = checked

    run_state_machine_as_test(Checked)


def a_member(number: int, drawn: Random) -> Member:
    return Member(
        agent_id=AgentId(f"agent-{number}"),
        priority=drawn.randint(1, 3),
        capacity=drawn.randint(1, 4),
        load=drawn.randint(0, 3),
        count=drawn.randint(0, 3),
        position=drawn.randint(0, 3),
        weight=drawn.randint(1, 100),
        skills={"x": drawn.randint(1, 10)},
        last_assigned=drawn.randint(0, 3),
        idle_since=drawn.randint(0, 3),
        taken=drawn.randint(0, 3),
        handle_time=drawn.randint(0, 3),
    )


@pytest.mark.parametrize("written", [name for name in BUILT_IN if name != "round_robin"])
@given(seed=st.integers(0, 2**32), data=st.data())
def test_no_answer_hangs_on_the_order_in_which_members_joined(
    written: str, seed: int, data: st.DataObject
) -> None:
    members = [a_member(number, Random(seed + number)) for number in range(9)]
    gone = data.draw(st.sets(st.integers(0, 8)), label="left before")
    excluding = {
        AgentId(f"agent-{number}") for number in data.draw(st.sets(st.integers(0, 8)), label="out")
    }
    answers = []
    for order in (members, data.draw(st.permutations(members), label="order")):
        strategy = create(written, source=Random(seed)).sibling({"x": 2})
        for member in order:
            strategy.join(member)
        for number in gone:
            strategy.leave(AgentId(f"agent-{number}"))
        answers.append(strategy.select(excluding=excluding, most=4))

    assert answers[0] == answers[1]


@every_strategy
@pytest.mark.parametrize("agents", [1, 2, 3, 100, 1_001, 2_000])
def test_the_answer_is_right_for_any_number_of_agents(written: str, agents: int) -> None:
    drawn = Random(agents)
    strategy = create(written, source=drawn)
    members = [a_member(number, drawn) for number in range(agents)]
    for member in members:
        strategy.join(member)
    everyone = {member.agent_id for member in members}

    assert set(strategy.select(most=agents)) == everyone
    assert len(strategy.select(most=agents + 1)) == agents
    last = members[-1].agent_id
    assert strategy.select(excluding=everyone - {last}) == (last,)
    assert strategy.select(excluding=everyone) == ()
    for member in members:
        strategy.leave(member.agent_id)
    assert strategy.select() == strategy.select(most=3) == ()


@every_strategy
def test_a_sibling_is_empty_and_leaves_the_original_alone(written: str) -> None:
    strategy = create(written, source=Random(1))
    ana, ben = (Member(agent_id=AgentId(name)) for name in ("ana", "ben"))
    strategy.join(ana)
    sibling = strategy.sibling({"x": 3})
    assert sibling.select() == ()

    strategy.join(ben)
    sibling.join(ben)

    assert sibling.select(most=2) == ("ben",)
    assert sorted(strategy.select(most=2)) == ["ana", "ben"]
    assert (sibling.window, sibling.reads_demand) == (strategy.window, strategy.reads_demand)
    strategy.leave(AgentId("ben"))
    assert sibling.select() == ("ben",)


@every_strategy
def test_turns_compare_equal_after_the_same_history(written: str) -> None:
    def lived() -> Strategy:
        strategy = create(written, source=Random(3))
        for name in NAMES:
            strategy.join(Member(agent_id=name))
        for _ in range(5):
            strategy.offered(strategy.select()[0])
        strategy.leave(NAMES[2])
        strategy.forget(NAMES[2])
        return strategy

    assert lived().turns() == lived().turns()
    assert isinstance(lived().turns(), tuple)


class Counted(str):
    """An id that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __lt__(self, other: str) -> bool:
        Counted.compared += 1
        return str.__lt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@pytest.mark.parametrize("written", [*BUILT_IN, *INSIDE])
def test_a_step_compares_no_more_than_a_few_times_the_logarithm(written: str) -> None:
    """All keys tie, so that each comparison of two places comes down to the ids."""
    strategy = create(written, source=Random(5))
    members = [Member(agent_id=AgentId(Counted(f"{number:05}"))) for number in range(2**14)]
    for member in members:
        strategy.join(member)
    strategy.select(most=1)

    def cost(step: Callable[[], Any]) -> int:
        Counted.compared = 0
        step()
        return Counted.compared

    excluded = set(strategy.select(most=5))
    costs = [
        cost(lambda: strategy.select(most=1)),
        cost(lambda: strategy.select(most=2)),
        cost(lambda: strategy.select(most=1, excluding=excluded)) / 6,
        cost(lambda: strategy.offered(members[9].agent_id)),
        cost(lambda: strategy.leave(members[9].agent_id)),
        cost(lambda: strategy.join(members[9])),
        cost(lambda: strategy.changed(members[9])),
    ]

    assert max(costs) <= 14 * 10, dict(enumerate(costs))
