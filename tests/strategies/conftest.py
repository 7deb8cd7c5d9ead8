"""Fixtures that tests of several strategies share, because tests cannot import each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

import pytest
from attrs import frozen
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ticketroute.model.ids import AgentId
from ticketroute.model.ports import RandomSource
from ticketroute.strategies.contract import Key, Member, Strategy

NAMES = [AgentId(f"agent-{number:02}") for number in range(14)]

# Only a few values each, so that ties are frequent.
FACTS: dict[str, st.SearchStrategy[object]] = {
    "priority": st.integers(1, 3),
    "capacity": st.integers(1, 4),
    "load": st.integers(0, 5),
    "count": st.integers(0, 2),
    "position": st.integers(0, 2),
    "weight": st.integers(1, 3),
    "skills": st.dictionaries(st.sampled_from(["x", "y"]), st.integers(1, 3)),
    "last_assigned": st.integers(0, 3),
    "idle_since": st.integers(0, 2),
    "available_since": st.integers(0, 2),
    "taken": st.integers(0, 2),
    "handle_time": st.integers(0, 2),
}
facts = st.fixed_dictionaries(FACTS)
some_facts = st.fixed_dictionaries({}, optional=FACTS)
names = st.sampled_from(NAMES)
several = st.sets(names, max_size=len(NAMES))


class Drawing:
    """A random source that returns the numbers it was made with, and no more."""

    def __init__(self, numbers: Iterable[float]) -> None:
        self._numbers: Iterator[float] = iter(numbers)

    def random(self) -> float:
        return next(self._numbers)


@pytest.fixture(scope="session")
def drawing() -> Callable[[Iterable[float]], RandomSource]:
    return Drawing


@frozen(kw_only=True)
class Order:
    """The order that a strategy is expected to have."""

    make: Callable[[], Strategy]
    key: Callable[[Member, Mapping[str, int]], Any]
    asked: Mapping[str, int]
    at_a_time: int | None
    shown: Callable[[Key], Any]


class ByKey(RuleBasedStateMachine):
    """A strategy selects in the order of sorted keys, in its index and in a sibling's."""

    order: ClassVar[Order]

    def __init__(self) -> None:
        super().__init__()
        original = self.order.make()
        sibling = original.sibling(self.order.asked)
        self.indexes: list[tuple[Strategy, Mapping[str, int]]] = [
            (original, {}),
            (sibling, self.order.asked),
        ]
        self.inside: list[set[AgentId]] = [set(), set()]
        self.members: dict[AgentId, Member] = {}

    @initialize(drawn=st.lists(facts, min_size=len(NAMES), max_size=len(NAMES)))
    def hire(self, drawn: list[dict[str, Any]]) -> None:
        for name, fact in zip(NAMES, drawn, strict=True):
            self.members[name] = Member(agent_id=name, **fact)

    @rule(which=st.integers(0, 1), coming=several)
    def join(self, which: int, coming: set[AgentId]) -> None:
        for name in sorted(coming - self.inside[which]):
            self.indexes[which][0].join(self.members[name])
        self.inside[which] |= coming

    @precondition(lambda self: any(self.inside))
    @rule(which=st.integers(0, 1), going=several)
    def leave(self, which: int, going: set[AgentId]) -> None:
        for name in sorted(going & self.inside[which]):
            self.indexes[which][0].leave(name)
        self.inside[which] -= going

    @rule(name=names, fact=some_facts, times=st.sampled_from([1, 2, 45]))
    def change(self, name: AgentId, fact: dict[str, Any], times: int) -> None:
        """Change a member and change it back, often enough to leave dead entries."""
        member = self.members[name]
        before = {each: getattr(member, each) for each in fact}
        for turn in range(times):
            for each in fact:
                setattr(member, each, (fact if turn % 2 == 0 else before)[each])
            for (index, _), inside in zip(self.indexes, self.inside, strict=True):
                if name in inside:
                    index.changed(member)

    @rule(
        which=st.integers(0, 1),
        excluding=several,
        most=st.sampled_from([None, 1, 2]) | st.integers(0, 16),
    )
    def select(self, which: int, excluding: set[AgentId], most: int | None) -> None:
        index, skills = self.indexes[which]
        willing = [self.members[name] for name in self.inside[which] - excluding]
        willing.sort(key=lambda m: (self.order.key(m, skills), m.last_assigned, m.agent_id))
        expected = willing[: self.order.at_a_time if most is None else most]

        answer = index.select(excluding=excluding, most=most)

        assert answer == tuple(member.agent_id for member in expected)

    @rule(name=names)
    def forget(self, name: AgentId) -> None:
        if not any(name in inside for inside in self.inside):
            self.indexes[0][0].forget(name)

    @rule(name=names)
    def offered(self, name: AgentId) -> None:
        if name in self.inside[0]:
            self.indexes[0][0].offered(name)

    @invariant()
    def shows_its_keys(self) -> None:
        for (index, skills), inside in zip(self.indexes, self.inside, strict=True):
            for name in inside:
                expected = self.order.key(self.members[name], skills)
                assert self.order.shown(index.key_of(name)) == expected
                assert len(index.key_of(name)) == len(index.key_names)


@pytest.fixture(scope="session")
def follows_key() -> Callable[..., None]:
    """Return a check that a strategy orders members by a key, including ties."""

    def check(
        make: Callable[[], Strategy],
        key: Callable[[Member, Mapping[str, int]], Any],
        *,
        asked: Mapping[str, int] | None = None,
        at_a_time: int | None = 1,
        shown: Callable[[Key], Any] = tuple,
    ) -> None:
        class Checked(ByKey):
            order = Order(make=make, key=key, asked=asked or {}, at_a_time=at_a_time, shown=shown)

        run_state_machine_as_test(Checked)

    return check
