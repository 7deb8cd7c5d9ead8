# ruff: noqa: S311  a seeded source is what a test needs
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random as Source

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.model.ids import AgentId
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import Member
from ticketroute.strategies.weighted_random import WeightedRandom

WEIGHTS = {AgentId(name): weight for name, weight in zip("abcde", (1, 3, 3, 10, 100), strict=True)}
A, B, C, D, E = WEIGHTS


def middles(cells: int) -> list[float]:
    """Return one draw from each of ``cells`` equal parts of the numbers from 0 to 1."""
    return [(cell + 0.5) / cells for cell in range(cells)]


def of(source: RandomSource, names: Iterable[AgentId] = WEIGHTS) -> WeightedRandom:
    strategy = WeightedRandom(source)
    for name in names:
        strategy.join(Member(agent_id=name, weight=WEIGHTS[name]))
    return strategy


def test_each_agent_gets_a_part_of_the_draws_in_proportion_to_the_weight(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(middles(117)))
    drawn = Counter(strategy.select() for _ in range(117))
    assert drawn == {(name,): weight for name, weight in WEIGHTS.items()}


def test_the_excluded_leave_their_share_to_the_others_in_proportion(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(middles(14)))
    drawn = Counter(strategy.select(excluding={B, E, AgentId("nobody")}) for _ in range(14))
    assert drawn == {(A,): 1, (C,): 3, (D,): 10}


def test_the_second_is_drawn_in_proportion_among_those_left(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    for first, weight in ((B, 3), (E, 100), (A, 1)):
        # the draws of the first fall into the share of this agent, in the order of weights
        start = {A: 0, B: 1, E: 17}[first]
        rest = 117 - weight
        strategy = of(
            drawing(draw for second in middles(rest) for draw in ((start + 0.5) / 117, second))
        )
        drawn = Counter(strategy.select(most=2) for _ in range(rest))
        expected = {(first, other): WEIGHTS[other] for other in WEIGHTS if other != first}
        assert drawn == expected


@given(
    order=st.permutations(list(WEIGHTS)),
    seed=st.integers(0, 999),
    out=st.sets(st.sampled_from(list(WEIGHTS))),
)
def test_the_order_of_joining_does_not_matter(
    order: list[AgentId], seed: int, out: set[AgentId]
) -> None:
    usual = of(Source(seed)).select(excluding=out, most=4)
    assert of(Source(seed), order).select(excluding=out, most=4) == usual


def test_a_changed_weight_changes_the_share(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(middles(21)))
    strategy.changed(Member(agent_id=E, weight=4))
    assert strategy.key_of(E) == (4,)
    drawn = Counter(strategy.select() for _ in range(21))
    assert drawn == {(A,): 1, (B,): 3, (C,): 3, (E,): 4, (D,): 10}


def test_a_changed_load_changes_nothing() -> None:
    plain, strategy = of(Source(4)), of(Source(4))
    strategy.changed(Member(agent_id=E, weight=100, load=9, last_assigned=9))
    assert [strategy.select() for _ in range(50)] == [plain.select() for _ in range(50)]


def test_an_agent_who_left_is_not_drawn_and_comes_back_with_the_new_weight(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing([*middles(17), *middles(19)]))
    strategy.leave(E)
    drawn = Counter(strategy.select() for _ in range(17))
    assert drawn == {(A,): 1, (B,): 3, (C,): 3, (D,): 10}
    strategy.join(Member(agent_id=E, weight=2))
    assert Counter(strategy.select() for _ in range(19))[(E,)] == 2


def test_the_greatest_possible_draw_selects_an_agent(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    assert of(drawing([1 - 2**-53])).select() == (E,)


def test_one_number_is_drawn_for_each_selected_agent(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    numbers = iter([0.5] * 4)
    strategy = of(drawing(numbers))
    strategy.select(most=3)
    assert strategy.select(excluding=set(WEIGHTS)) == ()
    assert list(numbers) == [0.5]
