from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.longest_idle import LongestIdle

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_the_instant_of_the_last_end_the_earliest_first(
    follows_key: Callable[..., None],
) -> None:
    follows_key(LongestIdle, lambda member, _: (member.idle_since,))


def test_who_ends_a_ticket_goes_to_the_back() -> None:
    strategy = LongestIdle()
    ana = Member(agent_id=ANA, idle_since=1_000)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, idle_since=2_000))
    assert strategy.select() == (ANA,)
    strategy.leave(ANA)
    ana.idle_since = 3_000
    strategy.join(ana)
    assert strategy.select() == (BEN,)


def test_a_ticket_taken_and_not_ended_does_not_count_as_idle_or_busy() -> None:
    strategy = LongestIdle()
    strategy.join(Member(agent_id=ANA, capacity=3, load=2, idle_since=1_000))
    strategy.join(Member(agent_id=BEN, capacity=3, load=0, idle_since=2_000))
    assert strategy.select() == (ANA,)


def test_a_tie_goes_to_who_was_assigned_longest_ago_and_then_to_the_smaller_id() -> None:
    strategy = LongestIdle()
    ana = Member(agent_id=ANA, idle_since=5, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, idle_since=5, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
