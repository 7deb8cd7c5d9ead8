# ruff: noqa: S311  a seeded source is what a test needs
"""The index below all keyed strategies."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import NOBODY, Key, Member
from ticketroute.strategies.ranked import Ranked

ANA, BEN, CLEO, DAN = (AgentId(name) for name in ("ana", "ben", "cleo", "dan"))


class LeastWeight(Ranked):
    key_names = ("weight", "count")

    def __init__(self) -> None:
        super().__init__()
        self.keys_made = 0

    def key(self, member: Member) -> Key:
        self.keys_made += 1
        return (member.weight, member.count)


def test_a_key_of_several_numbers_orders_members_and_ties(
    follows_key: Callable[..., None],
) -> None:
    follows_key(LeastWeight, lambda member, _: (member.weight, member.count))


def test_by_default_one_agent_is_selected_also_if_the_first_is_excluded() -> None:
    strategy = LeastWeight()
    for stamp, name in enumerate((ANA, BEN, CLEO)):
        strategy.join(Member(agent_id=name, last_assigned=stamp))
    assert strategy.select() == (ANA,)
    assert strategy.select(excluding={ANA}) == (BEN,)
    assert strategy.select(excluding={ANA}, most=2) == (BEN, CLEO)


def test_a_tie_goes_to_the_agent_assigned_longest_ago() -> None:
    strategy = LeastWeight()
    strategy.join(Member(agent_id=ANA, last_assigned=2))
    strategy.join(Member(agent_id=BEN, last_assigned=1))
    assert strategy.select() == (BEN,)


def test_an_agent_never_assigned_goes_before_one_who_was() -> None:
    strategy = LeastWeight()
    strategy.join(Member(agent_id=ANA, last_assigned=1))
    strategy.join(Member(agent_id=BEN, last_assigned=0))
    assert strategy.select() == (BEN,)


def test_a_tie_of_agents_never_assigned_goes_to_the_smaller_id() -> None:
    strategy = LeastWeight()
    for name in (CLEO, ANA, BEN):
        strategy.join(Member(agent_id=name))
    assert strategy.select(most=3) == (ANA, BEN, CLEO)


def test_a_dead_entry_at_the_top_is_not_selected() -> None:
    strategy = LeastWeight()
    ana, ben = Member(agent_id=ANA, weight=2), Member(agent_id=BEN, weight=1)
    strategy.join(ben)
    strategy.join(ana)
    ana.weight = 9
    strategy.changed(ana)
    ben.weight = 5
    strategy.changed(ben)
    assert strategy._heap[0] == (2, 0, 0, ANA)
    assert strategy.select() == (BEN,)


def test_a_live_entry_equal_to_a_dead_one_is_still_selected() -> None:
    """A key changes and changes back: the heap has two equal entries, one of them dead."""
    strategy = LeastWeight()
    ana, ben = Member(agent_id=ANA, weight=2), Member(agent_id=BEN, weight=1)
    strategy.join(ben)
    strategy.join(ana)
    for weight in (3, 2):
        ana.weight = weight
        strategy.changed(ana)

    assert strategy.select(most=5) == strategy.select(most=2) == (BEN, ANA)
    strategy.leave(ANA)
    assert strategy.select(most=5) == strategy.select(most=2) == (BEN,)


def test_an_equal_dead_entry_at_the_top_does_not_select_an_agent_twice() -> None:
    strategy = LeastWeight()
    ana, ben, cleo = (
        Member(agent_id=name, weight=weight) for name, weight in ((ANA, 2), (BEN, 1), (CLEO, 5))
    )
    for member in (ben, ana, cleo):
        strategy.join(member)
    for weight in (3, 2):
        ana.weight = weight
        strategy.changed(ana)
    strategy.leave(BEN)
    assert strategy._heap[0] == strategy._living[ANA]
    assert strategy._heap[0] is not strategy._living[ANA]
    assert strategy.select(most=2) == (ANA, CLEO)


def test_a_dead_second_entry_does_not_hide_the_live_one_below() -> None:
    """The better child of the root is dead, and the best live member is below it."""
    strategy = LeastWeight()
    members = {
        name: Member(agent_id=name, weight=weight)
        for name, weight in ((ANA, 1), (BEN, 2), (CLEO, 9), (DAN, 3))
    }
    for member in members.values():
        strategy.join(member)
    assert [entry[-1] for entry in strategy._heap] == [ANA, BEN, CLEO, DAN]
    members[BEN].weight = 20
    strategy.changed(members[BEN])

    assert strategy.select(most=2) == (ANA, DAN)


def test_the_first_two_are_found_without_moving_anything() -> None:
    strategy = LeastWeight()
    for number in range(100):
        strategy.join(Member(agent_id=AgentId(f"{number:03}"), weight=number * 37 % 101))
    before = list(strategy._heap)
    first, second = strategy.select(most=2)
    assert strategy._heap == before
    assert [strategy.key_of(first), strategy.key_of(second)] == sorted(
        strategy.key_of(agent_id) for agent_id in strategy._living
    )[:2]


@given(seed=st.integers(0, 10**6))
@example(seed=10)  # leaving from the top of the heap took one entry away, and two from the bound
def test_endless_churn_on_a_few_agents_does_not_grow_the_index(seed: int) -> None:
    drawn = Random(seed)
    strategy = LeastWeight()
    members = [Member(agent_id=AgentId(f"{number}")) for number in range(5)]
    inside: set[AgentId] = set()
    for _ in range(1_500):
        member = drawn.choice(members)
        member.weight, member.last_assigned = drawn.randint(1, 9), drawn.randint(0, 10**6)
        if member.agent_id not in inside:
            strategy.join(member)
            inside.add(member.agent_id)
        elif drawn.random() < 0.2:
            strategy.leave(member.agent_id)
            inside.remove(member.agent_id)
        else:
            strategy.changed(member)
        assert len(strategy._heap) <= 2 * len(inside) + 64
    assert len(strategy._living) == len(inside)


@pytest.mark.parametrize("seed", range(5))
def test_every_answer_of_a_long_history_equals_sorting_all_members(seed: int) -> None:
    """The history is long enough for many sweeps and for dead entries at and below the top."""
    drawn = Random(seed)
    strategy = LeastWeight()
    members = [Member(agent_id=AgentId(f"{number:02}")) for number in range(20)]
    inside: set[AgentId] = set()
    sweeps, size = 0, 0
    for _ in range(3_000):
        member = drawn.choice(members)
        member.weight, member.last_assigned = drawn.randint(1, 5), drawn.randint(0, 2)
        if member.agent_id not in inside:
            strategy.join(member)
            inside.add(member.agent_id)
        elif drawn.random() < 0.1:
            strategy.leave(member.agent_id)
            inside.remove(member.agent_id)
        else:
            strategy.changed(member)
        sweeps += len(strategy._heap) < size - 5
        size = len(strategy._heap)
        order = sorted(
            (each for each in members if each.agent_id in inside),
            key=lambda each: (each.weight, each.last_assigned, each.agent_id),
        )
        expected = tuple(each.agent_id for each in order)
        most = drawn.choice([None, 1, 2, 2, 5])
        assert strategy.select(most=most) == expected[: most or 1]
        excluding = set(drawn.sample(expected, min(len(expected), 2)))
        left = tuple(agent_id for agent_id in expected if agent_id not in excluding)
        assert strategy.select(most=2, excluding=excluding) == left[:2]
    assert sweeps > 5


def test_an_index_that_empties_from_the_back_shrinks_too() -> None:
    strategy = LeastWeight()
    for number in range(1_000):
        strategy.join(Member(agent_id=AgentId(f"{number:04}"), weight=number))
    for number in reversed(range(1_000)):
        strategy.leave(AgentId(f"{number:04}"))
        assert len(strategy._heap) <= 2 * number + 64


def test_an_index_that_empties_from_the_top_keeps_no_dead_ones_below() -> None:
    strategy = LeastWeight()
    members = [Member(agent_id=AgentId(f"{number:04}"), weight=900) for number in range(500)]
    for weight in (900, 1):
        for member in members:
            member.weight = weight
            (strategy.join if weight == 900 else strategy.changed)(member)
    for left in reversed(range(500)):
        strategy.leave(strategy.select()[0])
        assert len(strategy._heap) <= 2 * left + 64


def test_a_change_that_keeps_the_key_adds_no_entry() -> None:
    strategy = LeastWeight()
    ana, ben = Member(agent_id=ANA), Member(agent_id=BEN)
    strategy.join(ana)
    strategy.join(ben)
    ben.load = 3
    strategy.changed(ben)
    assert len(strategy._heap) == 2


def test_the_agent_selected_last_moves_without_leaving_a_dead_entry() -> None:
    strategy = LeastWeight()
    members = {name: Member(agent_id=name) for name in (ANA, BEN, CLEO)}
    for member in members.values():
        strategy.join(member)
    for turn in range(1, 10):
        (agent_id,) = strategy.select()
        members[agent_id].last_assigned = turn
        strategy.changed(members[agent_id])
        assert len(strategy._heap) == 3


def test_a_key_is_computed_once_for_each_change_and_never_to_select() -> None:
    strategy = LeastWeight()
    members = [Member(agent_id=AgentId(f"{number}"), weight=number) for number in range(50)]
    for member in members:
        strategy.join(member)
    assert strategy.keys_made == 50
    strategy.changed(members[7])
    assert strategy.keys_made == 51
    for most in (None, 1, 2, 9, 99):
        strategy.select(most=most, excluding={members[0].agent_id})
    assert strategy.keys_made == 51


class Counted(int):
    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int.__lt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return int.__eq__(self, other)

    __hash__ = int.__hash__


class ByCount(Ranked):
    def key(self, member: Member) -> Key:
        return (member.count,)


@pytest.mark.parametrize("size", [2**8, 2**12, 2**16])
def test_the_mean_cost_of_a_step_grows_with_the_logarithm_including_sweeps(size: int) -> None:
    """In a step two are selected, the first takes a ticket, and another agent ends one."""
    drawn = Random(size)
    strategy = ByCount()
    members = {}
    for number in range(size):
        member = Member(agent_id=AgentId(f"{number}"), count=Counted(drawn.randint(0, 9)))
        members[member.agent_id] = member
        strategy.join(member)
    everyone = list(members.values())
    Counted.compared = 0
    steps = 3_000
    for step in range(steps):
        first = members[strategy.select(most=2)[0]]
        first.count, first.last_assigned = Counted(first.count + 1), step + 1
        strategy.changed(first)
        other = drawn.choice(everyone)
        other.count = Counted(max(0, other.count - 1))
        strategy.changed(other)

    # At the smallest size the sweeps weigh most; a scan would cost 2 * size or more.
    assert Counted.compared / steps <= 25 * size.bit_length()


def test_siblings_and_fresh_copies_keep_the_options() -> None:
    class Above(Ranked):
        def __init__(self, limit: int) -> None:
            super().__init__()
            self.limit = limit

        def key(self, member: Member) -> Key:
            return (member.load > self.limit,)

    strategy = Above(4)
    strategy.join(Member(agent_id=ANA))
    for copy in (strategy.sibling({}), strategy.fresh()):
        assert copy.limit == 4
        assert copy.select() == ()


@pytest.mark.parametrize("seed", range(5))
def test_a_strategy_that_rests_gives_the_same_answers(seed: int) -> None:
    drawn = Random(seed)
    rested, other = LeastWeight(), LeastWeight()
    members = [Member(agent_id=AgentId(f"{number}")) for number in range(9)]
    inside: set[AgentId] = set()
    for number in range(600):
        member = drawn.choice(members)
        member.weight = drawn.randint(1, 9)
        if number % 20 == 0:
            rested.rest()
            assert not rested._heap
        leaves = member.agent_id in inside and drawn.random() < 0.3
        inside = inside - {member.agent_id} if leaves else inside | {member.agent_id}
        for each in (rested, other):
            if leaves:
                each.leave(member.agent_id)
            else:
                each.changed(member)
        assert all(rested.key_of(name) == other.key_of(name) for name in inside)
        if number % 20 > 15:
            first = set(other.select(most=1))
            for besides in (first, NOBODY):
                assert rested.select(excluding=besides, most=3) == other.select(
                    excluding=besides, most=3
                )
            assert len(rested._heap) >= len(inside)
        elif number % 20 < 15:
            assert not rested._heap
