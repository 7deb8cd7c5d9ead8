from collections.abc import Callable, Mapping
from random import Random as Source
from statistics import mean

import pytest

from ticketroute.errors import InvalidValueError
from ticketroute.model.ids import AgentId
from ticketroute.strategies.best_match import BestMatch
from ticketroute.strategies.contract import Member
from ticketroute.strategies.longest_idle import LongestIdle
from ticketroute.strategies.registry import create
from ticketroute.strategies.ring_all import RingAll
from ticketroute.strategies.round_robin import RoundRobin
from ticketroute.strategies.weighted_round_robin import TICKET, WeightedRoundRobin

ANA, BEN = AgentId("ana"), AgentId("ben")


def minus_mean_surplus(member: Member, asked: Mapping[str, int]) -> tuple[float]:
    if not asked:
        return (0,)
    return (-mean(member.skills.get(skill, 0) - level for skill, level in asked.items()),)


@pytest.mark.parametrize("asked", [{}, {"x": 2}, {"x": 1, "y": 3}])
def test_the_order_is_by_mean_surplus_the_highest_first(
    follows_key: Callable[..., None], asked: dict[str, int]
) -> None:
    follows_key(
        BestMatch,
        minus_mean_surplus,
        asked=asked,
        # the index uses the sum, which has the same order as the mean
        shown=lambda key: (key[0] / max(1, len(asked)),),
    )


def test_a_missing_skill_counts_as_level_zero() -> None:
    strategy = BestMatch().sibling({"german": 2})
    strategy.join(Member(agent_id=ANA, last_assigned=1))
    strategy.join(Member(agent_id=BEN, last_assigned=2, skills={"german": 1}))
    assert strategy.select(most=2) == (BEN, ANA)


def test_skills_that_are_not_required_are_ignored() -> None:
    strategy = BestMatch().sibling({"german": 2})
    strategy.join(Member(agent_id=ANA, skills={"german": 2, "french": 10}))
    strategy.join(Member(agent_id=BEN, skills={"german": 3}))
    assert strategy.select() == (BEN,)


def test_a_surplus_in_one_skill_offsets_a_lack_in_another() -> None:
    strategy = BestMatch().sibling({"german": 2, "billing": 2})
    strategy.join(Member(agent_id=ANA, skills={"german": 4, "billing": 4}))
    strategy.join(Member(agent_id=BEN, skills={"german": 9, "billing": 2}))
    assert strategy.select() == (BEN,)


def test_a_new_skill_moves_the_agent_forward() -> None:
    strategy = BestMatch().sibling({"german": 2})
    ana = Member(agent_id=ANA, skills={"german": 2})
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, skills={"german": 3}))
    ana.skills = {"german": 4}
    strategy.changed(ana)
    assert strategy.select() == (ANA,)


def test_the_required_skills_cannot_be_changed_from_outside() -> None:
    asked = {"german": 2}
    strategy = BestMatch().sibling(asked)
    asked["german"] = 9
    strategy.join(Member(agent_id=ANA, skills={"german": 5}))
    assert strategy.key_of(ANA) == (-3,)


def test_all_tie_if_no_skill_is_required() -> None:
    strategy = BestMatch()
    strategy.join(Member(agent_id=ANA, skills={"german": 10}, last_assigned=3))
    strategy.join(Member(agent_id=BEN, last_assigned=2))
    assert strategy.select(most=2) == (BEN, ANA)
    assert strategy.reads_demand


def test_a_tie_goes_to_the_agent_assigned_longest_ago_then_to_the_smaller_id() -> None:
    strategy = BestMatch().sibling({"german": 2, "billing": 2})
    ana = Member(agent_id=ANA, skills={"german": 4, "billing": 2}, last_assigned=8)
    strategy.join(ana)
    strategy.join(Member(agent_id=BEN, skills={"german": 3, "billing": 3}, last_assigned=7))
    assert strategy.select(most=2) == (BEN, ANA)
    ana.last_assigned = 7
    strategy.changed(ana)
    assert strategy.select(most=2) == (ANA, BEN)


def test_a_fresh_strategy_requires_no_skills() -> None:
    strategy = BestMatch().sibling({"x": 2}).fresh()
    strategy.join(Member(agent_id=AgentId("ana"), skills={"x": 3}))
    assert strategy.key_of(AgentId("ana")) == (0,)


def test_the_inner_strategy_decides_among_agents_who_match_equally_well() -> None:
    strategy = BestMatch(then=LongestIdle).sibling({"german": 2})
    strategy.join(Member(agent_id=ANA, skills={"german": 4}, idle_since=8))
    strategy.join(Member(agent_id=BEN, skills={"german": 4}, idle_since=7, last_assigned=9))
    strategy.join(Member(agent_id=AgentId("cleo"), skills={"german": 3}, idle_since=1))
    assert strategy.select(most=3) == (BEN, ANA, "cleo")
    assert strategy.key_of(BEN) == (-2, 7)
    assert strategy.key_names == ("minus surplus, summed", "idle since")


def test_all_tickets_share_the_turns_of_the_inner_strategy() -> None:
    strategy = BestMatch(then=RoundRobin())
    german, french = strategy.sibling({"german": 1}), strategy.sibling({"french": 2})
    for name in (ANA, BEN):
        member = Member(agent_id=name, skills={"german": 2, "french": 2})
        for index in (strategy, german, french):
            index.join(member)
    assert strategy.select() == german.select() == french.select() == (ANA,)
    german.offered(ANA)
    assert strategy.select() == german.select() == french.select() == (BEN,)
    assert strategy.turns() == french.turns() == german.turns() != strategy.fresh().turns()


def test_an_inner_share_by_weight_counts_all_agents_with_room() -> None:
    strategy = BestMatch(then=WeightedRoundRobin)
    german = strategy.sibling({"german": 1})
    for name, level in ((ANA, 2), (BEN, 1)):
        for index in (strategy, german):
            index.join(Member(agent_id=name, skills={"german": level}))
    for _ in range(3):
        assert german.select() == (ANA,)
        german.offered(ANA)
    assert [strategy.select(), german.select()] == [(BEN,), (ANA,)]
    assert strategy.turns() == ((ANA, -TICKET), (BEN, 3 * TICKET // 2))


def test_an_inner_strategy_that_rings_all_agents_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="then is 'RingAll'; it must be a strategy that"):
        BestMatch(then=RingAll)
    with pytest.raises(InvalidValueError, match="then of strategy best_match is 'Priority'"):
        create("best_match(then=priority(then=ring_all))", source=Source(1))  # noqa: S311  it draws nothing
