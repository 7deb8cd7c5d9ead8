"""The test kit's contract, applied to every built-in strategy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ticketroute.strategies.contract import Member
from ticketroute.strategies.registry import BUILT_IN
from ticketroute.testing import DispatcherContract, StrategyContract

INSIDE = [
    "priority(then=round_robin)",
    "priority(then=random)",
    "priority(then=ring_all)",
    "priority(then=priority(then=power_of_two))",
    "priority(then=weighted_round_robin)",
    "best_match(then=longest_idle)",
    "best_match(then=weighted_round_robin)",
]
IN_TURN = [written for written in INSIDE if "=round_robin" in written] + ["round_robin"]


class Contract(StrategyContract):
    def at_once(self, willing: Sequence[Member]) -> int:
        if self.strategy == "priority(then=ring_all)":
            best = min((member.priority for member in willing), default=0)
            return sum(member.priority == best for member in willing)
        return super().at_once(willing)


def suites() -> dict[str, type[Any]]:
    """Return the test suite of each strategy in the form that a third party would write."""
    made: dict[str, type[Any]] = {}
    for written in (*BUILT_IN, *INSIDE):
        facts = {"strategy": written, "takes_turns": written in IN_TURN}
        made[f"TestContractOf[{written}]"] = type("Contract", (Contract,), facts)
    return made


globals().update(suites())


class TestAnyDesk(DispatcherContract):
    """The whole contract, on desks with any strategies."""


class TestDeskOfTurns(DispatcherContract):
    strategy = "round_robin"
    takes_turns = True


class TestDeskThatRings(DispatcherContract):
    strategy = "ring_all"


def test_a_strategy_may_be_given_as_a_class_or_as_a_function() -> None:
    from ticketroute.strategies.longest_idle import LongestIdle  # noqa: PLC0415  one test
    from ticketroute.strategies.random_pick import Random as Pick  # noqa: PLC0415

    class ByClass(StrategyContract):
        strategy = LongestIdle

    class WithChance(StrategyContract):
        strategy = Pick

    class ByFunction(StrategyContract):
        @staticmethod
        def strategy() -> LongestIdle:
            return LongestIdle()

    for suite in (ByClass, WithChance, ByFunction):
        suite().test_a_sibling_is_empty_and_leaves_the_original_alone()


@pytest.mark.parametrize("broken", ["select", "sibling"])
def test_a_broken_strategy_is_found(broken: str) -> None:
    from ticketroute.strategies.longest_idle import LongestIdle  # noqa: PLC0415  one test

    class Broken(LongestIdle):
        def select(self, **asked: Any) -> tuple[Any, ...]:
            if broken == "select":
                asked["excluding"] = frozenset()
            return super().select(**asked)

        def sibling(self, asked: Any) -> Any:
            return self if broken == "sibling" else super().sibling(asked)

    class Suite(StrategyContract):
        strategy = Broken

    found_by = {
        "select": Suite().test_it_works_for_any_number_of_agents,
        "sibling": Suite().test_a_sibling_is_empty_and_leaves_the_original_alone,
    }
    with pytest.raises(AssertionError):
        found_by[broken]()
