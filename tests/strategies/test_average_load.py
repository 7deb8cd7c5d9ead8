from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ticketroute.model.ids import AgentId
from ticketroute.strategies.average_load import AverageLoad
from ticketroute.strategies.contract import Member

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_number_of_tickets_the_fewest_first(
    follows_key: Callable[..., None],
) -> None:
    follows_key(AverageLoad, lambda member, _: (member.count,))


@given(agents=st.integers(1, 12), tickets=st.integers(0, 50))
def test_the_numbers_of_agents_with_room_all_the_time_differ_by_at_most_one(
    agents: int, tickets: int
) -> None:
    strategy = AverageLoad()
    members = {AgentId(f"{n}"): Member(agent_id=AgentId(f"{n}")) for n in range(agents)}
    for member in members.values():
        strategy.join(member)
    for turn in range(1, tickets + 1):
        member = members[strategy.select()[0]]
        member.count += 1
        member.last_assigned = turn
        strategy.changed(member)
        counts = [each.count for each in members.values()]
        assert max(counts) - min(counts) <= 1


def test_tickets_are_compared_and_not_units() -> None:
    strategy = AverageLoad()
    strategy.join(Member(agent_id=ANA, capacity=9, count=2, load=2))
    strategy.join(Member(agent_id=BEN, capacity=9, count=1, load=8))
    assert strategy.select() == (BEN,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = AverageLoad()
    ana = Member(agent_id=ANA, count=2, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, count=2, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
