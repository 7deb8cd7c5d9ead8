from collections.abc import Callable

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.longest_available import LongestAvailable
from ticketroute.strategies.longest_idle import LongestIdle

ANA, BEN = AgentId("ana"), AgentId("ben")


def test_the_order_is_by_the_instant_of_becoming_ready_the_earliest_first(
    follows_key: Callable[..., None],
) -> None:
    def ready(member: Member, _: object) -> tuple[int]:
        return (max(member.available_since, member.idle_since),)

    follows_key(LongestAvailable, ready)


def test_a_break_starts_the_count_again_and_for_longest_idle_it_does_not() -> None:
    joe = Member(agent_id=AgentId("joe"), available_since=0, idle_since=50)
    mary = Member(agent_id=AgentId("mary"), available_since=55, idle_since=35)
    ready, idle = LongestAvailable(), LongestIdle()
    for strategy in (ready, idle):
        strategy.join(mary)
        strategy.join(joe)
    assert (ready.select(), idle.select()) == (("joe",), ("mary",))


def test_the_end_of_a_ticket_starts_the_count_again() -> None:
    strategy = LongestAvailable()
    ana = Member(agent_id=ANA, available_since=1, idle_since=1)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, available_since=2, idle_since=2))
    assert strategy.select() == (ANA,)
    ana.idle_since = 3
    strategy.changed(ana)
    assert strategy.select() == (BEN,)


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = LongestAvailable()
    ana = Member(agent_id=ANA, available_since=5, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, idle_since=5, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)
