# ruff: noqa: S311  a seeded source is what a test needs
import pickle
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from random import Random as Source
from types import ModuleType

import pytest

from ticketroute.errors import InvalidValueError, UnknownStrategyError
from ticketroute.model.ids import AgentId
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry
from ticketroute.strategies.contract import Key, Member, Strategy
from ticketroute.strategies.ranked import Ranked
from ticketroute.strategies.registry import BUILT_IN, BrokenStrategyError, create, describe, names
from ticketroute.strategies.ring_all import RingAll

NAMES = [
    "ring_all",
    "max_load",
    "average_load",
    "load_ratio",
    "headroom",
    "random",
    "weighted_random",
    "priority",
    "round_robin",
    "weighted_round_robin",
    "longest_idle",
    "longest_available",
    "fewest_taken",
    "least_handle_time",
    "top_down",
    "best_match",
    "power_of_two",
]
SOURCE = Source(1)


class Nearest(Ranked):
    """The nearest agent."""

    def __init__(self, reach: int = 5, *, home: str = "oslo") -> None:
        super().__init__()
        if reach > 100:
            raise ValueError("nobody goes that far")
        self.reach, self.home = reach, home

    def key(self, member: Member) -> Key:
        return (member.position,)


class Needy(Ranked):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def key(self, member: Member) -> Key:
        return ()


class HalfDone:
    def select(self) -> tuple[AgentId, ...]:
        return ()


class AllButOne(Nearest):
    """A strategy with every method of the contract except one."""

    def __getattribute__(self, name: str) -> object:
        if name == "forget":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Lottery(Nearest):
    draws = True

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source


Install = Callable[..., list[str]]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs plug-ins and returns the groups that are looked up."""
    module = ModuleType("desk_extras")
    for extra in (Nearest, Needy, HalfDone, AllButOne, Lottery):
        setattr(module, extra.__name__, extra)
    monkeypatch.setattr(module, "number", 7, raising=False)
    monkeypatch.setitem(sys.modules, "desk_extras", module)

    def patch(*plug_ins: tuple[str, str]) -> list[str]:
        asked: list[str] = []

        def entry_points(*, group: str) -> list[EntryPoint]:
            asked.append(group)
            return [EntryPoint(name, where, group) for name, where in plug_ins]

        monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
        registry._plug_ins.cache_clear()
        return asked

    patch()
    yield patch
    registry._plug_ins.cache_clear()


def test_the_built_in_names_are_those_of_the_documentation(install: Install) -> None:
    assert list(names()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_makes_a_strategy_and_has_a_line_for_the_listing(name: str) -> None:
    strategy = create(name, source=SOURCE)
    assert type(strategy) is BUILT_IN[name]
    assert strategy is not create(name, source=SOURCE)
    assert describe(name).endswith(".")
    assert len(describe(name)) < 90


def test_options_reach_the_strategy() -> None:
    assert create("fewest_taken(window=3600000)", source=SOURCE).window == 3_600_000
    ring = create(StrategySpec("ring_all", {"step": 5_000}), source=SOURCE)
    assert isinstance(ring, RingAll)
    assert ring.step == 5_000


def test_each_tier_gets_a_new_inner_strategy_with_its_options() -> None:
    strategy = create("priority(then=fewest_taken(window=9))", source=SOURCE)
    assert strategy.window == 9
    tiers = create("priority(then=round_robin)", source=SOURCE)
    for name, priority in (("a", 1), ("b", 1), ("c", 2), ("d", 2)):
        tiers.join(Member(agent_id=AgentId(name), priority=priority))
    tiers.offered(AgentId("a"))
    assert tiers.select(most=4) == ("b", "a", "c", "d")
    assert create(StrategySpec("priority", {"then": "headroom"}), source=SOURCE).key_names == (
        "agent priority",
        "minus free units",
    )


@pytest.mark.parametrize("written", ["random", "weighted_random", "priority(then=power_of_two)"])
def test_a_strategy_draws_from_the_source_it_is_given(written: str) -> None:
    def answers(seed: int) -> list[tuple[AgentId, ...]]:
        strategy = create(written, source=Source(seed))
        for name in "abcdefgh":
            strategy.join(Member(agent_id=AgentId(name)))
        return [strategy.select(most=3) for _ in range(9)]

    assert answers(5) == answers(5)
    assert answers(5) != answers(6)


def test_the_error_for_an_unknown_name_lists_the_most_similar_first(install: Install) -> None:
    install(("rounds", "desk_extras:Nearest"))
    with pytest.raises(UnknownStrategyError) as refusal:
        create("round_robbin", source=SOURCE)
    assert refusal.value.nearest == "round_robin"
    assert set(refusal.value.known) == {*NAMES, "rounds"}
    with pytest.raises(UnknownStrategyError, match="did you mean 'headroom'"):
        create("priority(then=headrom)", source=SOURCE)
    with pytest.raises(UnknownStrategyError, match="did you mean 'top_down'"):
        describe("topdown")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "fewest_taken(windov=1)",
            "an option of strategy fewest_taken is 'windov'; it must be one of: window",
        ),
        (
            "round_robin(step=5)",
            (
                "an option of strategy round_robin is 'step'; it must be left out, because it "
                "has no options"
            ),
        ),
        (
            "random(source=5)",
            (
                "an option of strategy random is 'source'; it must be left out, because it "
                "has no options"
            ),
        ),
        (
            "priority(first=random)",
            "an option of strategy priority is 'first'; it must be one of: then",
        ),
        ("priority(then=5)", "then of strategy priority is 5; it must be the name of a strategy"),
        (
            "fewest_taken(window=0)",
            "window of strategy fewest_taken is 0; it must be from 1 to 316224000000",
        ),
        (
            "fewest_taken(window=day)",
            "window of strategy fewest_taken is 'day'",
        ),
        ("ring_all(step=0)", "step of strategy ring_all is 0; it must be from 1 to 316224000000"),
        (
            "priority(then=least_handle_time(window=0))",
            "window of strategy least_handle_time of strategy priority is 0; it must be from 1",
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_strategy_and_what_is_allowed(
    written: str, message: str
) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        create(written, source=SOURCE)
    assert str(refusal.value).startswith(message)


def test_a_plug_in_is_created_listed_and_described_like_a_built_in(install: Install) -> None:
    asked = install(("nearest", "desk_extras:Nearest"), ("able", "desk_extras:Needy"))
    assert list(names()) == [*NAMES, "able", "nearest"]
    assert describe("nearest") == "The nearest agent."
    strategy: Strategy = create("nearest(reach=7)", source=SOURCE)
    assert isinstance(strategy, Nearest)
    assert (strategy.reach, strategy.home) == (7, "oslo")
    assert create("priority(then=nearest)", source=SOURCE).select() == ()
    assert asked == ["ticketroute.strategies"]  # once


def test_a_plug_in_that_draws_gets_the_source(install: Install) -> None:
    install(("lottery", "desk_extras:Lottery"))
    strategy = create("lottery", source=SOURCE)
    assert isinstance(strategy, Lottery)
    assert strategy.source is SOURCE


def test_options_of_plug_ins_are_checked_too(install: Install) -> None:
    install(("nearest", "desk_extras:Nearest"), ("needy", "desk_extras:Needy"))
    with pytest.raises(InvalidValueError, match="'range'; it must be one of: home, reach"):
        create("nearest(range=7)", source=SOURCE)
    with pytest.raises(
        InvalidValueError, match=r"limit of strategy needy .* needy\(limit=\.\.\.\)"
    ):
        create("needy", source=SOURCE)
    with pytest.raises(InvalidValueError, match=r"strategy nearest .*nobody goes that far"):
        create("nearest(reach=101)", source=SOURCE)
    with pytest.raises(InvalidValueError, match="strategy nearest"):
        create("nearest(reach=far)", source=SOURCE)


def test_a_broken_plug_in_is_an_error_only_when_it_is_used(install: Install) -> None:
    install(
        ("gone", "no_such_package.at_all:Gone"),
        ("moved", "desk_extras:Moved"),
        ("number", "desk_extras:number"),
        ("half", "desk_extras:HalfDone"),
    )
    assert list(names()) == [*NAMES, "gone", "half", "moved", "number"]
    assert create("random", source=SOURCE).select() == ()
    for name, why in (
        ("gone", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("moved", "AttributeError"),
        ("number", "it is neither a class nor a function"),
    ):
        for ask in (
            lambda name=name: create(name, source=SOURCE),
            lambda name=name: describe(name),
        ):
            with pytest.raises(BrokenStrategyError) as refusal:
                ask()
            assert f"strategy '{name}' of the plug-in" in str(refusal.value)
            assert why in str(refusal.value)
    with pytest.raises(BrokenStrategyError, match=r"it has no .*sibling"):
        create("half", source=SOURCE)


def test_a_plug_in_that_lacks_one_method_of_the_contract_is_refused(install: Install) -> None:
    install(("nearly", "desk_extras:AllButOne"))
    with pytest.raises(BrokenStrategyError, match="it has no forget;"):
        create("nearly", source=SOURCE)


def test_a_plug_in_may_not_take_a_built_in_name(install: Install) -> None:
    install(("random", "desk_extras:Nearest"))
    assert list(names()) == NAMES
    with pytest.raises(BrokenStrategyError, match=r"desk_extras:Nearest.*a built-in strategy has"):
        create("random", source=SOURCE)
    assert create("top_down", source=SOURCE).select() == ()


def test_two_plug_ins_of_one_name_are_refused_when_it_is_used(install: Install) -> None:
    install(("nearest", "desk_extras:Nearest"), ("nearest", "desk_extras:Needy"))
    assert list(names()) == [*NAMES, "nearest"]
    with pytest.raises(BrokenStrategyError, match=r"Nearest and desk_extras:Needy.*several"):
        create("nearest", source=SOURCE)


def test_a_package_found_twice_on_the_path_provides_one_strategy(install: Install) -> None:
    install(("nearest", "desk_extras:Nearest"), ("nearest", "desk_extras:Nearest"))
    assert isinstance(create("nearest", source=SOURCE), Nearest)


def test_an_error_of_a_plug_in_survives_a_pickle() -> None:
    error = registry.BrokenStrategyError("mine", "package:Object", "it is a module")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (again.name, again.where, again.why) == ("mine", "package:Object", "it is a module")
    assert again.args == ("mine", "package:Object", "it is a module")
    assert str(again) == str(error)
