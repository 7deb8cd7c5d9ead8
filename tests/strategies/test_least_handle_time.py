from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import hours
from ticketroute.strategies.contract import Member
from ticketroute.strategies.least_handle_time import LeastHandleTime

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_handle_time_within_the_window_the_least_first(
    follows_key: Callable[..., None],
) -> None:
    follows_key(LeastHandleTime, lambda member, _: (member.handle_time,))


def test_the_window_is_how_far_back_the_desk_counts() -> None:
    assert LeastHandleTime().window == hours(24)
    assert LeastHandleTime(window=hours(1)).sibling({}).window == hours(1)


def test_a_figure_that_leaves_the_window_moves_the_agent_forward() -> None:
    strategy = LeastHandleTime()
    ana = Member(agent_id=ANA, handle_time=3)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, handle_time=2))
    assert strategy.select() == (BEN,)
    ana.handle_time = 1
    strategy.changed(ana)
    assert strategy.select() == (ANA,)


def test_a_break_resets_nothing() -> None:
    strategy = LeastHandleTime()
    ana = Member(agent_id=ANA, handle_time=3)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, handle_time=2))
    strategy.leave(ANA)
    strategy.join(ana)
    assert strategy.select() == (BEN,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = LeastHandleTime()
    ana = Member(agent_id=ANA, handle_time=4, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, handle_time=4, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
