"""The index by age gives what sorting everybody gives, however members come, go and change."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ticketroute.core.index import by_age as module
from ticketroute.core.index.by_age import Ages
from ticketroute.core.records import AgentRecord, MemberRecord, QueueRecord
from ticketroute.model.agent import Agent, Membership
from ticketroute.model.frozen import read_only
from ticketroute.model.ids import AgentId, QueueId
from ticketroute.model.queue import Queue
from ticketroute.strategies.average_load import AverageLoad

NAMES = "abcdefghijklmnop"
QUEUE = QueueRecord(Queue(id=QueueId("q")), AverageLoad())
names = st.sampled_from(NAMES)
skills = st.dictionaries(st.sampled_from("xy"), st.integers(1, 10), max_size=2).map(read_only)


@pytest.fixture(autouse=True, scope="module")
def short_runs() -> Iterator[None]:
    """Runs so short that they fill up, are packed and join within one example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "YOUNGEST", 3)
        patch.setattr(module, "LONGEST", 8)
        patch.setattr(module, "NEAR", 0b11)
        yield


def make_member(name: str) -> MemberRecord:
    agent = Agent(id=AgentId(name))
    return MemberRecord(
        agent_id=agent.id,
        record=AgentRecord(agent),
        queue=QUEUE,
        membership=Membership(),
        limit=1,
    )


class AgesMachine(RuleBasedStateMachine):
    """Members are told of in any order; the index may say that it has to be made anew."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, MemberRecord] = {}
        self.stamp = 0
        self.index = Ages(AverageLoad(), ())

    def tell(self, member: MemberRecord) -> None:
        self.index.put(member, (member.count,) if member.is_open else None)

    @rule(name=names, has=skills)
    def come(self, name: str, has: dict[str, int]) -> None:
        if name not in self.members:
            member = self.members[name] = make_member(name)
            member.skills, member.is_open = has, True
            self.tell(member)

    @rule(name=names)
    def go(self, name: str) -> None:
        member = self.members.pop(name, None)
        if member is not None:
            self.index.drop(member)

    @rule(name=names, count=st.integers(0, 3), is_open=st.booleans())
    def change(self, name: str, count: int, is_open: bool) -> None:
        member = self.members.get(name)
        if member is not None:
            member.count, member.is_open = count, is_open
            self.tell(member)

    @rule(name=names)
    def be_assigned(self, name: str) -> None:
        member = self.members.get(name)
        if member is not None:
            self.stamp += 1
            member.last_assigned = self.stamp
            member.count += 1
            self.tell(member)

    @rule(name=names, has=skills)
    def learn(self, name: str, has: dict[str, int]) -> None:
        member = self.members.get(name)
        if member is not None:
            member.skills = has
            self.tell(member)

    @invariant()
    def orders_as_a_sort_does(self) -> None:
        if self.index.stale:
            self.index = Ages(AverageLoad(), self.members.values())
        for asked in ({}, {"x": 1}, {"x": 5}, {"x": 3, "y": 7}, {"z": 1}):
            fit = [
                member
                for member in self.members.values()
                if all(member.skills.get(skill, 0) >= least for skill, least in asked.items())
            ]
            order = sorted(fit, key=lambda each: (each.last_assigned, each.agent_id))
            assert sorted(self.index.having(asked, 99), key=id) == sorted(fit, key=id)
            free = sorted((each for each in order if each.is_open), key=lambda each: each.count)
            assert self.index.free(asked, 99) == free
            assert self.index.free(asked, 2) == free[:2]

    @invariant()
    def keeps_few_slots(self) -> None:
        runs = self.index._runs
        assert all(len(run.members) <= 8 for run in runs)
        for run in runs[:-1]:
            assert run.living == sum(member is not None for member in run.members)
            assert 2 * run.living >= len(run.members)
        assert sum(run.living for run in runs) == len(self.members) or self.index.stale


TestAges = AgesMachine.TestCase


@pytest.mark.parametrize("seed", range(3))
def test_a_long_day_of_changes_by_chance_keeps_the_order(seed: int) -> None:
    chance = Random(seed)  # noqa: S311  the same each time
    index = AgesMachine()
    sets: tuple[dict[str, int], ...] = (
        *({}, {"x": 1}, {"x": 5, "y": 9}),
        *({"y": 3}, {"y": 8}, {"x": 10}),
    )
    abilities = [read_only(has) for has in sets]
    for _ in range(400):
        name = chance.choice(NAMES)
        match chance.randrange(8):
            case 0:
                index.come(name, chance.choice(abilities))
            case 1 if chance.random() < 0.5:
                index.go(name)
            case 2:
                index.learn(name, chance.choice(abilities))
            case 3 | 4:
                index.change(name, chance.randrange(3), chance.random() < 0.7)
            case _:
                index.come(name, chance.choice(abilities))
                index.be_assigned(name)
        index.orders_as_a_sort_does()
        index.keeps_few_slots()


def test_keys_that_come_and_go_are_not_too_many() -> None:
    index, member = Ages(AverageLoad(), ()), make_member("a")
    for number in range(4 * module.MOST_KEYS):
        index.put(member, (number,))
        assert index.free({}, 2) == [member]
    assert index.serves


def test_an_index_of_too_many_keys_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 1_000)
    index = Ages(AverageLoad(), ())
    for number in range(200):
        member = make_member(f"a{number:03}")
        member.is_open, member.count = True, number
        index.put(member, (number,))
        assert index.serves or number >= module.MOST_KEYS
    assert not index.serves


def test_who_never_came_may_go() -> None:
    index = Ages(AverageLoad(), ())
    index.drop(make_member("a"))
    assert index.having({}, 9) == []
