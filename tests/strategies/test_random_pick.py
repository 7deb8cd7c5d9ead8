# ruff: noqa: S311  a seeded source is what a test needs
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import permutations
from random import Random as Source

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.model.ids import AgentId
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import Member
from ticketroute.strategies.random_pick import Random

NAMES = [AgentId(name) for name in "abcdefg"]
OUT = {AgentId("b"), AgentId("c"), AgentId("g"), AgentId("nobody")}
FREE = [name for name in NAMES if name not in OUT]


def middles(cells: int) -> list[float]:
    """Return one draw from each of ``cells`` equal parts of the numbers from 0 to 1."""
    return [(cell + 0.5) / cells for cell in range(cells)]


def of(source: RandomSource, names: Iterable[AgentId] = NAMES) -> Random:
    strategy = Random(source)
    for name in names:
        strategy.join(Member(agent_id=name))
    return strategy


def test_each_agent_not_excluded_gets_an_equal_part_of_the_draws(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(middles(400)))
    drawn = Counter(strategy.select(excluding=OUT) for _ in range(400))
    assert drawn == {(name,): 100 for name in FREE}


def test_each_order_of_three_agents_gets_an_equal_part_of_the_draws(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    draws = [
        draw
        for first in middles(4)
        for second in middles(3)
        for third in middles(2)
        for draw in (first, second, third)
    ]
    strategy = of(drawing(draws))
    drawn = [strategy.select(excluding=OUT, most=3) for _ in range(24)]
    assert sorted(drawn) == sorted(permutations(FREE, 3))


@given(order=st.permutations(NAMES), seed=st.integers(0, 999), out=st.sets(st.sampled_from(NAMES)))
def test_the_order_of_joining_does_not_matter(
    order: list[AgentId], seed: int, out: set[AgentId]
) -> None:
    usual = of(Source(seed)).select(excluding=out, most=5)
    assert of(Source(seed), order).select(excluding=out, most=5) == usual


def test_the_greatest_possible_draw_selects_an_agent(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing([1 - 2**-53]))
    assert strategy.select() == ("g",)


def test_one_number_is_drawn_for_each_selected_agent(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    numbers = iter([0.5] * 4)
    strategy = of(drawing(numbers))
    strategy.select(most=3)
    assert strategy.select(excluding=set(NAMES)) == ()
    assert strategy.select(most=0) == ()
    assert list(numbers) == [0.5]


def test_a_draw_ignores_load_and_last_assignment() -> None:
    plain, strategy = of(Source(4)), of(Source(4))
    strategy.changed(Member(agent_id=NAMES[0], load=9, count=9, last_assigned=9))
    assert [strategy.select() for _ in range(50)] == [plain.select() for _ in range(50)]


def test_siblings_draw_from_the_same_source(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing([0.0, 0.99]))
    sibling = strategy.sibling({})
    for name in NAMES:
        sibling.join(Member(agent_id=name))
    assert (sibling.select(), strategy.select()) == (("a",), ("g",))
