import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ticketroute.model.ids import AgentId
from ticketroute.strategies.contract import Member
from ticketroute.strategies.round_robin import RoundRobin

NAMES = [AgentId(name) for name in "abcdef"]
names = st.sampled_from(NAMES)
several = st.sets(names)


class Promise(RuleBasedStateMachine):
    """No agent gets a second offer before every agent who had room all the time got one."""

    def __init__(self) -> None:
        super().__init__()
        self.strategy = RoundRobin()
        self.offered_since: dict[AgentId, set[AgentId]] = {}  # agents offered since each one's turn

    @rule(name=names, forgotten=st.booleans())
    def come_or_go(self, name: AgentId, forgotten: bool) -> None:
        if name in self.offered_since:
            self.strategy.leave(name)
            del self.offered_since[name]
            if forgotten:
                self.strategy.forget(name)
                for offered in self.offered_since.values():
                    offered.discard(name)  # an agent who joins with this name counts as new
        else:
            self.strategy.join(Member(agent_id=name))
            self.offered_since[name] = set()

    @rule(declined=several)
    def offer(self, declined: set[AgentId]) -> None:
        willing = self.offered_since.keys() - declined
        chosen = self.strategy.select(excluding=declined)

        assert len(chosen) == min(1, len(willing))
        assert willing.issuperset(chosen)
        for other in willing.difference(chosen):
            assert self.offered_since[other].isdisjoint(chosen)
            self.offered_since[other].update(chosen)

        for agent_id in chosen:
            self.strategy.offered(agent_id)
        for agent_id in self.offered_since.keys() & declined.union(chosen):
            self.offered_since[agent_id] = set()


TestPromise = Promise.TestCase


class RoundTable(RuleBasedStateMachine):
    """The answer equals a walk round a table of seats, for the original and two siblings."""

    def __init__(self) -> None:
        super().__init__()
        original = RoundRobin()
        self.indexes = [original, original.sibling({"x": 1}), original.sibling({})]
        self.inside: list[set[AgentId]] = [set(), set(), set()]
        self.table: list[AgentId | None] = []  # None for the seat of a forgotten agent
        self.last = -1

    @rule(which=st.integers(0, 2), coming=st.lists(names, unique=True))
    def join(self, which: int, coming: list[AgentId]) -> None:
        for name in coming:
            if name not in self.inside[which]:
                self.indexes[which].join(Member(agent_id=name))
                self.inside[which].add(name)
                if name not in self.table:
                    self.table.append(name)

    @rule(which=st.integers(0, 2), going=several)
    def leave(self, which: int, going: set[AgentId]) -> None:
        for name in sorted(going & self.inside[which]):
            self.indexes[which].leave(name)
            self.inside[which].remove(name)

    @rule(name=names)
    def dismiss(self, name: AgentId) -> None:
        for which in range(3):
            self.leave(which, {name})
        self.indexes[0].forget(name)
        if name in self.table:
            self.table[self.table.index(name)] = None

    @rule(which=st.integers(0, 2), excluding=several, most=st.none() | st.integers(0, 7))
    def select(self, which: int, excluding: set[AgentId], most: int | None) -> None:
        round_the_table = self.table[self.last + 1 :] + self.table[: self.last + 1]
        willing = [
            name
            for name in round_the_table
            if name is not None and name in self.inside[which] - excluding
        ]
        answer = self.indexes[which].select(excluding=excluding, most=most)
        assert answer == tuple(willing[: 1 if most is None else most])

    @precondition(lambda self: any(self.inside))
    @rule(data=st.data())
    def offer(self, data: st.DataObject) -> None:
        which = data.draw(st.sampled_from([n for n in range(3) if self.inside[n]]))
        name = data.draw(st.sampled_from(sorted(self.inside[which])))
        self.indexes[which].offered(name)
        self.last = self.table.index(name)
        keys = [self.indexes[which].key_of(other) for other in self.inside[which]]
        assert self.indexes[which].key_of(name) == max(keys)
        assert len({index.turns() for index in self.indexes}) == 1

    @rule(which=st.integers(0, 2))
    def the_keys_are_in_the_order_of_the_answer(self, which: int) -> None:
        answer = self.indexes[which].select(most=9)
        keys = [self.indexes[which].key_of(name) for name in answer]
        assert keys == sorted(set(keys))


TestRoundTable = RoundTable.TestCase


def take_turns(strategy: RoundRobin, times: int) -> list[AgentId]:
    got = []
    for _ in range(times):
        (name,) = strategy.select()
        strategy.offered(name)
        got.append(name)
    return got


@pytest.mark.parametrize("agents", [1, 2, 1_000, 1_001, 1_500, 2_000, 2_001])
def test_each_agent_gets_one_offer_a_round_in_the_order_of_seats(agents: int) -> None:
    strategy = RoundRobin()
    seated = [AgentId(f"{number * 7919 % 10_007}") for number in range(agents)]
    for name in seated:
        strategy.join(Member(agent_id=name))
    assert take_turns(strategy, 2 * agents + 1) == [*seated, *seated, seated[0]]


@pytest.mark.parametrize("agents", [1_001, 1_500])
def test_agents_who_leave_and_come_back_do_not_change_the_turns_of_others(agents: int) -> None:
    strategy = RoundRobin()
    seated = [AgentId(f"{number:04}") for number in range(agents)]
    for name in seated:
        strategy.join(Member(agent_id=name))
    assert take_turns(strategy, 500) == seated[:500]
    for name in seated[:700:2]:
        strategy.leave(name)
    assert take_turns(strategy, 100) == seated[501:701:2]
    for name in seated[:700:2]:
        strategy.join(Member(agent_id=name))
    assert take_turns(strategy, agents) == [*seated[700:], *seated[:700]]


def test_an_agent_who_left_before_their_turn_still_has_it_when_back() -> None:
    strategy = RoundRobin()
    for name in NAMES[:3]:
        strategy.join(Member(agent_id=name))
    strategy.offered(NAMES[0])
    strategy.leave(NAMES[1])
    strategy.join(Member(agent_id=NAMES[1]))
    assert strategy.select() == (NAMES[1],)


def test_no_two_agents_tie_whatever_their_facts() -> None:
    """Only the seat decides; the last assignment and the id have no effect."""
    strategy = RoundRobin()
    strategy.join(Member(agent_id=NAMES[1], last_assigned=9))
    strategy.join(Member(agent_id=NAMES[0], last_assigned=0))
    assert strategy.select(most=2) == (NAMES[1], NAMES[0])


def test_excluded_agents_are_skipped_only_once() -> None:
    strategy = RoundRobin()
    for name in NAMES[:3]:
        strategy.join(Member(agent_id=name))
    assert strategy.select(excluding={NAMES[0]}) == (NAMES[1],)
    strategy.offered(NAMES[1])
    assert take_turns(strategy, 2) == [NAMES[2], NAMES[0]]


def test_selecting_does_not_move_the_turn() -> None:
    strategy = RoundRobin()
    for name in NAMES[:3]:
        strategy.join(Member(agent_id=name))
    before = strategy.turns()
    assert [strategy.select() for _ in range(3)] == [(NAMES[0],)] * 3
    assert strategy.turns() == before


def test_an_offer_by_a_sibling_moves_the_turn_for_all() -> None:
    strategy = RoundRobin()
    for name in NAMES[:3]:
        strategy.join(Member(agent_id=name))
    german = strategy.sibling({"german": 1})
    german.join(Member(agent_id=NAMES[1]))
    assert german.select() == (NAMES[1],)
    german.offered(NAMES[1])
    assert strategy.select() == (NAMES[2],)


def test_a_fresh_copy_has_its_own_turn() -> None:
    strategy = RoundRobin()
    for name in NAMES[:2]:
        strategy.join(Member(agent_id=name))
    strategy.offered(NAMES[0])
    fresh = strategy.fresh()
    assert fresh.turns() == RoundRobin().turns()
    for name in NAMES[:2]:
        fresh.join(Member(agent_id=name))
    assert (fresh.select(), strategy.select()) == ((NAMES[0],), (NAMES[1],))


def test_a_forgotten_agent_leaves_only_an_empty_seat() -> None:
    strategy = RoundRobin()
    for number in range(5_000):
        name = AgentId(f"{number}")
        strategy.join(Member(agent_id=name))
        strategy.offered(name)
        strategy.leave(name)
        strategy.forget(name)
    assert strategy.turns() == (4_999, 5_000, ())
    assert not strategy._turns.seat_of
    assert not strategy._turns.agent_at
    strategy.forget(AgentId("nobody"))


def test_a_forgotten_agent_who_comes_back_gets_the_last_seat() -> None:
    strategy = RoundRobin()
    for name in NAMES[:3]:
        strategy.join(Member(agent_id=name))
    strategy.leave(NAMES[0])
    strategy.forget(NAMES[0])
    strategy.join(Member(agent_id=NAMES[0]))
    assert take_turns(strategy, 3) == [NAMES[1], NAMES[2], NAMES[0]]


def test_a_forgotten_agent_counts_as_new_and_may_be_offered_before_an_earlier_seat() -> None:
    """The state machine found it: by name b is offered twice before a, as a new agent only once."""
    strategy = RoundRobin()
    a, b, c = NAMES[:3]
    for name in (a, b, c):
        strategy.join(Member(agent_id=name))
    strategy.offered(b)
    strategy.leave(b)
    strategy.forget(b)
    strategy.join(Member(agent_id=b))
    assert take_turns(strategy, 3) == [c, b, a]


class Looked(dict[int, AgentId]):
    looks = 0

    def __getitem__(self, seat: int) -> AgentId:
        Looked.looks += 1
        return super().__getitem__(seat)


def test_a_selection_looks_only_at_the_seats_it_skips_and_returns() -> None:
    strategy = RoundRobin()
    seated = [AgentId(f"{number:05}") for number in range(10_000)]
    for name in seated:
        strategy.join(Member(agent_id=name))
    strategy._turns.agent_at = Looked(strategy._turns.agent_at)
    for last in (0, 5_000, 9_997):
        strategy.offered(seated[last])
        Looked.looks = 0
        strategy.select(excluding=set(seated[last + 1 : last + 6]), most=2)
        assert Looked.looks <= 2 * 7
