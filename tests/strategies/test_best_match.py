from collections.abc import Callable, Mapping
from statistics import mean

import pytest

from ticketroute.model.ids import AgentId
from ticketroute.strategies.best_match import BestMatch
from ticketroute.strategies.contract import Member

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
