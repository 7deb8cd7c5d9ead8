from collections.abc import Callable
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from ticketroute.model.checks import LARGEST
from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.load_ratio import LoadRatio

ANA, BEN = AgentId("ana"), AgentId("ben")
loads = st.integers(0, 3 * LARGEST)
capacities = st.integers(1, LARGEST)


def millionths(member: Member) -> tuple[int]:
    return ((2 * member.load * 10**6 + member.capacity) // (2 * member.capacity),)


def test_the_order_is_by_share_of_capacity_the_smallest_first(
    follows_key: Callable[..., None],
) -> None:
    # shares of numbers as small as these differ in millionths
    follows_key(LoadRatio, lambda member, _: millionths(member))


@given(load=loads, capacity=capacities, other_load=loads, other_capacity=capacities)
@example(load=999_998, capacity=999_999, other_load=999_999, other_capacity=1_000_000)
@example(load=1, capacity=999_999, other_load=1, other_capacity=1_000_000)
@example(load=333_333, capacity=999_999, other_load=1, other_capacity=3)
@example(load=3 * LARGEST, capacity=LARGEST, other_load=3 * LARGEST - 1, other_capacity=LARGEST)
def test_keys_are_in_the_order_of_the_fractions(
    load: int, capacity: int, other_load: int, other_capacity: int
) -> None:
    strategy = LoadRatio()
    one = strategy.key(Member(agent_id=ANA, load=load, capacity=capacity))
    other = strategy.key(Member(agent_id=BEN, load=other_load, capacity=other_capacity))
    exact, other_exact = Fraction(load, capacity), Fraction(other_load, other_capacity)
    assert (one < other, one == other) == (exact < other_exact, exact == other_exact)


@given(capacity=st.integers(1, LARGEST - 1), load=st.integers(1, LARGEST))
def test_the_closest_possible_fractions_have_different_keys(capacity: int, load: int) -> None:
    """Neighbours a/b and c/d with ad - bc = 1, found with pow as the extended Euclid."""
    bigger = max(capacity, LARGEST - 1)
    fraction = Fraction(load, bigger)
    if fraction.denominator == 1:
        return
    a, b = fraction.numerator, fraction.denominator
    d = pow(a, -1, b)
    c = (a * d - 1) // b
    strategy = LoadRatio()
    lower = strategy.key(Member(agent_id=ANA, load=c, capacity=d))
    assert lower < strategy.key(Member(agent_id=BEN, load=a, capacity=b))


def test_an_agent_forced_above_capacity_comes_after_a_full_agent() -> None:
    strategy = LoadRatio()
    strategy.join(Member(agent_id=ANA, load=7, capacity=5))
    strategy.join(Member(agent_id=BEN, load=1, capacity=1))
    assert strategy.select(most=2) == (BEN, ANA)


def test_the_key_for_people_is_the_share_in_millionths() -> None:
    strategy = LoadRatio()
    for name, load, capacity in ((ANA, 3, 5), (BEN, 1, 3)):
        strategy.join(Member(agent_id=name, load=load, capacity=capacity))
    assert strategy.key_of(ANA) == (600_000,)
    assert strategy.key_of(BEN) == (333_333,)


def test_equal_shares_of_different_capacities_tie() -> None:
    strategy = LoadRatio()
    ana = Member(agent_id=ANA, load=1, capacity=3, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, load=2, capacity=6, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
