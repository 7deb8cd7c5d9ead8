from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.longest_idle import LongestIdle

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_the_instant_of_the_last_end_the_earliest_first(
    follows_key: Callable[..., None],
) -> None:
    follows_key(LongestIdle, lambda member, _: (member.idle_since,))


def test_an_agent_who_ends_a_ticket_goes_to_the_back() -> None:
    strategy = LongestIdle()
    ana = Member(agent_id=ANA, idle_since=1_000)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, idle_since=2_000))
    assert strategy.select() == (ANA,)
    strategy.leave(ANA)
    ana.idle_since = 3_000
    strategy.join(ana)
    assert strategy.select() == (BEN,)


def test_an_open_ticket_does_not_change_the_order() -> None:
    strategy = LongestIdle()
    strategy.join(Member(agent_id=ANA, capacity=3, load=2, idle_since=1_000))
    strategy.join(Member(agent_id=BEN, capacity=3, load=0, idle_since=2_000))
    assert strategy.select() == (ANA,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = LongestIdle()
    ana = Member(agent_id=ANA, idle_since=5, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, idle_since=5, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
