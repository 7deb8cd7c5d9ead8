"""The contract of every strategy, whatever its order: one test suite for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import getattr_static
from random import Random
from typing import Any, ClassVar

from hypothesis import given, settings
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
from ticketroute.strategies.contract import Member, Strategy
from ticketroute.strategies.registry import create

NAMES = [AgentId(name) for name in "abcdefgh"]
names = st.sampled_from(NAMES)
several = st.sets(names)


class StrategyContract:
    """Tests for a strategy: subclass it, name the strategy, and pytest collects them.

    ``strategy`` is a name as in ``Queue.strategy``, such as ``"nearest"`` or
    ``"priority(then=nearest)"``, or a class or function that makes a strategy. Set
    ``takes_turns = True`` if the order of joining matters, as it does for seats. Set
    ``logarithmic = False`` to skip the test of the cost.

    >>> class TestLongestIdle(StrategyContract):
    ...     strategy = "longest_idle"
    """

    strategy: ClassVar[str | Callable[..., Strategy]]
    takes_turns: ClassVar[bool] = False
    logarithmic: ClassVar[bool] = True

    # --- what a subclass may change ---------------------------------------------------------

    def make(self, source: RandomSource) -> Strategy:
        """Return a new strategy; ``source`` is for one that draws."""
        strategy: Any = getattr_static(self, "strategy")  # not bound if it is a function
        if isinstance(strategy, str):
            return create(strategy, source=source)
        draws = getattr(strategy, "draws", False) is True
        made: Strategy = strategy(source=source) if draws else strategy()
        return made

    def at_once(self, willing: Sequence[Member]) -> int:
        """Return how many are selected by default."""
        rings_all = bool(getattr(self.make(Random(0)), "rings_all", False))  # noqa: S311
        return len(willing) if rings_all else min(1, len(willing))

    # --- the contract -----------------------------------------------------------------------

    def test_it_keeps_the_contract(self) -> None:
        """It selects only members, never excluded ones, and the same ones at a second call."""
        contract = self

        class Told(ToldMachine):
            checked = contract

        run_state_machine_as_test(Told, settings=one_failure())

    def test_the_answer_does_not_depend_on_the_order_of_joining(self) -> None:
        """The same members, added in another order, are selected in the same order."""
        if self.takes_turns:
            return  # it takes turns, so the first to join has the first seat

        @given(
            seed=st.integers(0, 2**32),
            gone=st.sets(st.integers(0, 8)),
            out=st.sets(st.integers(0, 8)),
            order=st.permutations(range(9)),
        )
        def check(seed: int, gone: set[int], out: set[int], order: list[int]) -> None:
            members = [a_member(number, Random(seed + number)) for number in range(9)]  # noqa: S311
            excluding = {members[number].agent_id for number in out}
            answers = []
            for told in (members, [members[number] for number in order]):
                strategy = self.make(Random(seed)).sibling({"x": 2})  # noqa: S311
                for member in told:
                    strategy.join(member)
                for number in gone:
                    strategy.leave(members[number].agent_id)
                answers.append(strategy.select(excluding=excluding, most=4))
            assert answers[0] == answers[1]

        check()

    def test_no_agent_gets_two_turns_before_all_who_had_room_got_one(self) -> None:
        """The bound of fairness for a strategy that takes turns."""
        if not self.takes_turns:
            return  # takes_turns is not set
        contract = self

        class Turns(TurnsMachine):
            checked = contract

        run_state_machine_as_test(Turns, settings=one_failure())

    def test_it_works_for_any_number_of_agents(self) -> None:
        """Of one agent or of thousands all are found, and none who left."""
        for agents in (1, 2, 3, 100, 1_001, 2_000):
            drawn = Random(agents)  # noqa: S311  tests have to be repeatable
            strategy = self.make(drawn)
            members = [a_member(number, drawn) for number in range(agents)]
            for member in members:
                strategy.join(member)
            everyone = {member.agent_id for member in members}

            assert set(strategy.select(most=agents)) == everyone
            assert len(strategy.select(most=agents + 1)) == agents
            last = members[-1].agent_id
            assert strategy.select(excluding=everyone - {last}) == (last,)
            assert strategy.select(excluding=everyone) == ()
            for member in members:
                strategy.leave(member.agent_id)
            assert strategy.select() == strategy.select(most=3) == ()

    def test_a_sibling_is_empty_and_leaves_the_original_alone(self) -> None:
        """A sibling has its own members."""
        strategy = self.make(Random(1))  # noqa: S311  tests have to be repeatable
        ana, ben = (Member(agent_id=AgentId(name)) for name in ("ana", "ben"))
        strategy.join(ana)
        sibling = strategy.sibling({"x": 3})
        assert sibling.select() == ()

        strategy.join(ben)
        sibling.join(ben)

        assert sibling.select(most=2) == ("ben",)
        assert sorted(strategy.select(most=2)) == ["ana", "ben"]
        assert (sibling.window, sibling.reads_demand) == (strategy.window, strategy.reads_demand)
        strategy.leave(AgentId("ben"))
        assert sibling.select() == ("ben",)

    def test_turns_compare_equal_after_the_same_history(self) -> None:
        """The turns are a function of the calls so far."""

        def lived() -> Strategy:
            strategy = self.make(Random(3))  # noqa: S311  tests have to be repeatable
            for name in NAMES:
                strategy.join(Member(agent_id=name))
            for _ in range(5):
                strategy.offered(strategy.select()[0])
            strategy.leave(NAMES[2])
            strategy.forget(NAMES[2])
            return strategy

        assert lived().turns() == lived().turns()
        assert isinstance(lived().turns(), tuple)

    def test_a_call_compares_at_most_a_few_times_the_logarithm(self) -> None:
        """All keys tie, so that each comparison of two members compares their ids."""
        if not self.logarithmic:
            return  # logarithmic is set to False
        strategy = self.make(Random(5))  # noqa: S311  tests have to be repeatable
        members = [Member(agent_id=AgentId(Counted(f"{number:05}"))) for number in range(2**14)]
        for member in members:
            strategy.join(member)
        strategy.select(most=1)

        def cost(step: Callable[[], Any]) -> int:
            Counted.compared = 0
            step()
            return Counted.compared

        excluded = set(strategy.select(most=5))
        costs = [
            cost(lambda: strategy.select(most=1)),
            cost(lambda: strategy.select(most=2)),
            cost(lambda: strategy.select(most=1, excluding=excluded)) / 6,
            cost(lambda: strategy.offered(members[9].agent_id)),
            cost(lambda: strategy.leave(members[9].agent_id)),
            cost(lambda: strategy.join(members[9])),
            cost(lambda: strategy.changed(members[9])),
        ]

        assert max(costs) <= 14 * 10, dict(enumerate(costs))


def one_failure() -> settings:
    """Return the present settings, changed to show one failure at a time."""
    return settings(report_multiple_bugs=False)


class ToldMachine(RuleBasedStateMachine):
    """A strategy and its sibling, with members who come, change and go."""

    checked: ClassVar[StrategyContract]

    def __init__(self) -> None:
        super().__init__()
        self.source = Random(7)  # noqa: S311  tests have to be repeatable
        self.strategy = self.checked.make(self.source)
        self.index = {"original": self.strategy, "sibling": self.strategy.sibling({"x": 1})}
        self.inside: dict[str, set[AgentId]] = {"original": set(), "sibling": set()}
        self.members = {name: Member(agent_id=name, capacity=3) for name in NAMES}

    @initialize(coming=several.filter(bool))
    def open_desk(self, coming: set[AgentId]) -> None:
        """Add some members at once, at least one, so that a failure has one smallest form."""
        self.come_or_go(coming)

    @rule(names=several)
    def come_or_go(self, names: set[AgentId]) -> None:
        """Add or remove members; the sibling's are some of the original's, as on a desk."""
        for name in sorted(names):
            if name not in self.inside["original"]:
                self.tell("original", name)
                if len(self.inside["original"]) % 2:
                    self.tell("sibling", name)
            else:
                for which, inside in self.inside.items():
                    if name in inside:
                        self.index[which].leave(name)
                        inside.remove(name)

    def tell(self, which: str, name: AgentId) -> None:
        """Add a member."""
        self.index[which].join(self.members[name])
        self.inside[which].add(name)

    @rule(
        name=names,
        what=st.sampled_from(["priority", "load", "count", "weight", "last_assigned", "taken"]),
        value=st.integers(1, 4),
    )
    def change(self, name: AgentId, what: str, value: int) -> None:
        """Change a fact of a member, and pass the change."""
        setattr(self.members[name], what, value)
        for which, inside in self.inside.items():
            if name in inside:
                self.index[which].changed(self.members[name])

    @rule(
        which=st.sampled_from(["original", "sibling"]),
        excluding=several,
        most=st.none() | st.integers(0, 9),
        fewer=st.integers(0, 9),
        seed=st.integers(0, 9),
    )
    def select(
        self, which: str, excluding: set[AgentId], most: int | None, fewer: int, seed: int
    ) -> None:
        """Select, select again, and select fewer."""
        index, willing = self.index[which], self.inside[which] - excluding
        turns = self.strategy.turns()
        expected = (
            self.checked.at_once([self.members[name] for name in willing])
            if most is None
            else min(most, len(willing))
        )

        self.source.seed(seed)
        answer = index.select(excluding=excluding, most=most)
        self.source.seed(seed)
        again = index.select(excluding=frozenset(excluding), most=most)
        self.source.seed(seed)
        start = index.select(excluding=excluding, most=min(fewer, expected))

        assert willing.issuperset(answer), f"{answer}: willing were {sorted(willing)}"
        assert len(answer) == len(set(answer)) == expected
        assert again == answer
        assert start == answer[: min(fewer, expected)]
        assert self.strategy.turns() == turns

    @precondition(lambda self: self.inside["original"])
    @rule()
    def offer(self) -> None:
        """Offer to the first agent."""
        (name, *_) = self.strategy.select()
        self.strategy.offered(name)
        assert self.index["sibling"].turns() == self.strategy.turns()

    @rule(name=names)
    def forget(self, name: AgentId) -> None:
        """Forget an agent who is not in the index."""
        if name not in self.inside["original"]:
            self.strategy.forget(name)
            assert name not in self.strategy.select(most=9)

    @invariant()
    def shows_a_key_for_each_member(self) -> None:
        """Check that a key has as many whole numbers as names."""
        for which, index in self.index.items():
            for name in self.inside[which]:
                key = index.key_of(name)
                assert len(key) == len(index.key_names)
                assert all(type(number) is int for number in key)


class TurnsMachine(RuleBasedStateMachine):
    """No agent gets a second offer before every agent who had room all the time got one."""

    checked: ClassVar[StrategyContract]

    def __init__(self) -> None:
        super().__init__()
        self.strategy = self.checked.make(Random(7))  # noqa: S311  tests have to be repeatable
        self.offered_since: dict[AgentId, set[AgentId]] = {}  # agents offered since each one's turn

    @rule(name=names)
    def come_or_go(self, name: AgentId) -> None:
        """Add an agent who gained room, or remove one who has none."""
        if name in self.offered_since:
            self.strategy.leave(name)
            del self.offered_since[name]
        else:
            self.strategy.join(Member(agent_id=name))
            self.offered_since[name] = set()

    @rule(declined=several)
    def offer(self, declined: set[AgentId]) -> None:
        """Offer to the next agent who has not declined."""
        willing = self.offered_since.keys() - declined
        chosen = self.strategy.select(excluding=declined, most=1)
        assert len(chosen) == min(1, len(willing))
        for other in willing.difference(chosen):
            assert self.offered_since[other].isdisjoint(chosen)
            self.offered_since[other].update(chosen)
        for agent_id in chosen:
            self.strategy.offered(agent_id)
        for agent_id in self.offered_since.keys() & declined.union(chosen):
            self.offered_since[agent_id] = set()


class Counted(str):
    """An id that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __lt__(self, other: str) -> bool:
        Counted.compared += 1
        return str.__lt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def a_member(number: int, drawn: Random) -> Member:
    """Return a member with random facts, from few values so that ties are frequent."""
    return Member(
        agent_id=AgentId(f"agent-{number}"),
        priority=drawn.randint(1, 3),
        capacity=drawn.randint(1, 4),
        load=drawn.randint(0, 3),
        count=drawn.randint(0, 3),
        position=drawn.randint(0, 3),
        weight=drawn.randint(1, 100),
        skills={"x": drawn.randint(1, 10)},
        last_assigned=drawn.randint(0, 3),
        idle_since=drawn.randint(0, 3),
        available_since=drawn.randint(0, 3),
        taken=drawn.randint(0, 3),
        handle_time=drawn.randint(0, 3),
    )
