from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.max_load import MaxLoad

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_load_the_greatest_first(follows_key: Callable[..., None]) -> None:
    follows_key(MaxLoad, lambda member, _: (-member.load,))


def test_one_agent_is_filled_before_the_next_gets_a_ticket() -> None:
    strategy = MaxLoad()
    members = {name: Member(agent_id=name, capacity=3) for name in (ANA, BEN)}
    for member in members.values():
        strategy.join(member)
    got = []
    for turn in range(1, 7):
        (name,) = strategy.select()
        got.append(name)
        members[name].load += 1
        members[name].last_assigned = turn
        if members[name].load == 3:
            strategy.leave(name)
        else:
            strategy.changed(members[name])
    assert got == [ANA] * 3 + [BEN] * 3


def test_units_are_compared_and_not_tickets() -> None:
    strategy = MaxLoad()
    strategy.join(Member(agent_id=ANA, capacity=9, count=3, load=3))
    strategy.join(Member(agent_id=BEN, capacity=9, count=1, load=4))
    assert strategy.select() == (BEN,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = MaxLoad()
    ana = Member(agent_id=ANA, load=2, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, load=2, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
