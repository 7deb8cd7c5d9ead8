# ruff: noqa: S311  a seeded source is what a test needs
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random as Source

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.model.ids import AgentId
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import Member
from ticketroute.strategies.power_of_two import PowerOfTwo

LOADS = {AgentId(name): load for name, load in zip("abcde", (4, 0, 3, 1, 2), strict=True)}
A, B, C, D, E = LOADS


def middles(cells: int) -> list[float]:
    """Return one draw from each of ``cells`` equal parts of the numbers from 0 to 1."""
    return [(cell + 0.5) / cells for cell in range(cells)]


def pairs(agents: int) -> Iterable[float]:
    return (
        draw for one in middles(agents) for other in middles(agents - 1) for draw in (one, other)
    )


def of(source: RandomSource, names: Iterable[AgentId] = LOADS) -> PowerOfTwo:
    strategy = PowerOfTwo(source)
    for name in names:
        strategy.join(Member(agent_id=name, load=LOADS[name], capacity=9))
    return strategy


def test_every_pair_has_the_same_chance_and_its_less_loaded_agent_is_selected(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(pairs(5)))
    drawn = Counter(strategy.select()[0] for _ in range(20))
    # of 20 ordered pairs: the least loaded wins all its 8, the next all but those, and so on
    assert drawn == {B: 8, D: 6, E: 4, C: 2}


def test_the_excluded_are_in_no_pair(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(pairs(3)))
    drawn = Counter(strategy.select(excluding={B, E, AgentId("nobody")})[0] for _ in range(6))
    assert drawn == {D: 4, C: 2}


def test_the_other_agent_of_a_pair_may_be_selected_next(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    # first pair (a, b): b wins; of a, c, d, e, renumbered, the next pair is (a, e)
    numbers = iter([0.1, 0.1, 0.1, 0.9])
    strategy = of(drawing(numbers))
    assert strategy.select(most=2) == (B, E)
    assert list(numbers) == []


def test_the_last_agent_left_is_selected_without_a_draw(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing([]))
    assert strategy.select(excluding={A, B, C, D}) == (E,)
    assert strategy.select(excluding=set(LOADS)) == ()


def test_a_tie_in_a_pair_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = PowerOfTwo(drawing([0.1, 0.1, 0.9, 0.1] * 2))
    for name, last_assigned in ((A, 8), (B, 7)):
        strategy.join(Member(agent_id=name, load=1, last_assigned=last_assigned))
    assert strategy.select() == strategy.select() == (B,)
    strategy.changed(Member(agent_id=A, load=1, last_assigned=7))
    assert strategy.select() == strategy.select() == (A,)


@given(
    order=st.permutations(list(LOADS)),
    seed=st.integers(0, 999),
    out=st.sets(st.sampled_from(list(LOADS))),
)
def test_the_order_of_joining_does_not_matter(
    order: list[AgentId], seed: int, out: set[AgentId]
) -> None:
    usual = of(Source(seed)).select(excluding=out, most=4)
    assert of(Source(seed), order).select(excluding=out, most=4) == usual


def test_a_changed_load_counts_at_the_next_selection(
    drawing: Callable[[Iterable[float]], RandomSource],
) -> None:
    strategy = of(drawing(pairs(5)))
    strategy.changed(Member(agent_id=B, load=9, capacity=9))
    assert strategy.key_of(B) == (9,)
    drawn = Counter(strategy.select()[0] for _ in range(20))
    assert drawn == {D: 8, E: 6, C: 4, A: 2}


def test_the_most_loaded_of_many_is_far_below_that_of_a_single_draw() -> None:
    """The purpose of the second choice: log log n instead of log n / log log n."""
    members = {AgentId(f"{n:04}"): Member(agent_id=AgentId(f"{n:04}")) for n in range(1_000)}
    strategy = PowerOfTwo(Source(5))
    for member in members.values():
        strategy.join(member)
    for _ in range(1_000):
        member = members[strategy.select()[0]]
        member.load += 1
        strategy.changed(member)
    assert max(member.load for member in members.values()) <= 4
