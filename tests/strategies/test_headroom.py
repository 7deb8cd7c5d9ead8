from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.headroom import Headroom

ANA, BEN, CLEO = (AgentId(name) for name in ("ana", "ben", "cleo"))


def test_the_order_is_by_free_units_the_most_first(follows_key: Callable[..., None]) -> None:
    follows_key(Headroom, lambda member, _: (member.load - member.capacity,))


def test_units_are_compared_and_not_shares() -> None:
    strategy = Headroom()
    strategy.join(Member(agent_id=ANA, capacity=5, load=0))
    strategy.join(Member(agent_id=BEN, capacity=10, load=4))
    assert strategy.select() == (BEN,)


def test_an_agent_above_capacity_comes_last() -> None:
    strategy = Headroom()
    for name, load in ((ANA, 6), (BEN, 5), (CLEO, 4)):
        strategy.join(Member(agent_id=name, capacity=5, load=load))
    assert strategy.select(most=3) == (CLEO, BEN, ANA)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = Headroom()
    ana = Member(agent_id=ANA, capacity=3, load=1, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, capacity=4, load=2, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
