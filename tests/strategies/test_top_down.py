from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.top_down import TopDown

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_that_of_the_membership_list(follows_key: Callable[..., None]) -> None:
    follows_key(TopDown, lambda member, _: (member.position,))


def test_every_ticket_starts_at_the_top() -> None:
    strategy = TopDown()
    ben = Member(agent_id=BEN, position=0, capacity=9)
    strategy.join(Member(agent_id=ANA, position=1))
    strategy.join(ben)
    for turn in range(1, 6):
        assert strategy.select() == (BEN,)
        strategy.offered(BEN)
        ben.load, ben.count, ben.last_assigned = turn, turn, turn
        strategy.changed(ben)
    strategy.leave(BEN)
    assert strategy.select() == (ANA,)


def test_a_shared_position_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = TopDown()
    ana = Member(agent_id=ANA, position=4, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, position=4, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
