from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st
from sortedcontainers import SortedList

from ticketroute.model.ids import AgentId
from ticketroute.strategies.urn import Urn

IDS = [AgentId(name) for name in "abcdef"]
several = st.sets(st.sampled_from([*IDS, AgentId("nobody")]))


@given(out=several)
def test_numbers_cover_the_agents_not_excluded_in_the_order_of_ids(out: set[AgentId]) -> None:
    urn = Urn(SortedList(IDS), out)
    assert [urn.at(number) for number in range(urn.left)] == [i for i in IDS if i not in out]


@given(out=several)
def test_every_sequence_of_numbers_gives_another_order(out: set[AgentId]) -> None:
    """Each permutation comes up exactly once, so every order has the same chance."""
    free = [i for i in IDS if i not in out]
    orders = []
    for numbers in product(*(range(len(free) - taken) for taken in range(len(free)))):
        urn = Urn(SortedList(IDS), out)
        orders.append(tuple(urn.take(number) for number in numbers))
        assert urn.left == 0
    assert sorted(orders) == sorted(permutations(free))


@given(numbers=st.lists(st.integers(0, 1_999), max_size=60))
def test_no_agent_is_taken_twice_from_a_large_urn(numbers: list[int]) -> None:
    ids = SortedList(AgentId(f"{number:04}") for number in range(2_000))
    urn = Urn(ids, ids[::3])
    left = {ids[place] for place in range(2_000) if place % 3}
    for number in numbers:
        agent_id = urn.take(number % urn.left)
        left.remove(agent_id)
        assert urn.left == len(left)
    assert {urn.at(number) for number in range(urn.left)} == left
