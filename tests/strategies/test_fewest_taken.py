from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.model.instants import hours
from ticketroute.strategies.contract import Member
from ticketroute.strategies.fewest_taken import FewestTaken

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_tickets_taken_within_the_window_the_least_first(
    follows_key: Callable[..., None],
) -> None:
    follows_key(FewestTaken, lambda member, _: (member.taken,))


def test_the_window_is_how_far_back_the_desk_counts() -> None:
    assert FewestTaken().window == hours(24)
    assert FewestTaken(window=hours(1)).sibling({}).window == hours(1)


def test_a_figure_that_leaves_the_window_moves_the_agent_forward() -> None:
    strategy = FewestTaken()
    ana = Member(agent_id=ANA, taken=3)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, taken=2))
    assert strategy.select() == (BEN,)
    ana.taken = 1
    strategy.changed(ana)
    assert strategy.select() == (ANA,)


def test_a_break_resets_nothing() -> None:
    strategy = FewestTaken()
    ana = Member(agent_id=ANA, taken=3)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, taken=2))
    strategy.leave(ANA)
    strategy.join(ana)
    assert strategy.select() == (BEN,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = FewestTaken()
    ana = Member(agent_id=ANA, taken=4, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, taken=4, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
