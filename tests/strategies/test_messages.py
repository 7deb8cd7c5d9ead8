# ruff: noqa: S311  a seeded source is what a test needs
"""Every error message about strategies, word for word, and the bounds of their options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from random import Random as Source
from types import ModuleType
from typing import Any

import pytest

from ticketroute import errors as err
from ticketroute.errors import shown
from ticketroute.model.ids import AgentId
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.fewest_taken import FewestTaken
from ticketroute.strategies.least_handle_time import LeastHandleTime
from ticketroute.strategies.priority import Priority
from ticketroute.strategies.ranked import Ranked
from ticketroute.strategies.registry import BrokenStrategyError, create, describe
from ticketroute.strategies.ring_all import RingAll

TEN_YEARS = 3_660 * 86_400_000
A_SPAN = f"it must be a whole number from 1 to {TEN_YEARS}"
VALID = (
    "average_load, best_match, fewest_taken, headroom, least_handle_time, load_ratio, "
    "longest_available, longest_idle, max_load, power_of_two, priority, random, ring_all, "
    "round_robin, top_down, weighted_random, weighted_round_robin"
)
REGISTER = "register one of your own with ticketroute.strategies.register(name, factory)"
WAY_OUT = "repair or uninstall the plug-in, or choose another strategy"

# Called the way a host without a type checker would.
priority: Any = Priority
ring_all: Any = RingAll
fewest_taken: Any = FewestTaken
least_handle_time: Any = LeastHandleTime


def made(written: StrategySpec | str) -> object:
    return create(written, source=Source(1))


# --- plug-ins -------------------------------------------------------------------------------------


class Nearest(Ranked):
    """The nearest agent."""

    def __init__(self, reach: int = 5, *, home: str = "oslo") -> None:
        super().__init__()
        if reach > 100:
            raise ValueError("nobody goes that far")
        self.reach, self.home = reach, home

    def key(self, member: Member) -> Key:
        return (member.position,)


class Needy(Nearest):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)


class HalfDone:
    reads_demand = False

    def select(self) -> tuple[AgentId, ...]:
        return ()


class Half(HalfDone):
    def __repr__(self) -> str:
        return "a half"


PLUG_INS = {
    "gone": "no_such_package.at_all:Gone",
    "half": "desk_extras:HalfDone",
    "nearest": "desk_extras:Nearest",
    "needy": "desk_extras:Needy",
    "number": "desk_extras:number",
    "top_down": "desk_extras:Nearest",
}


@pytest.fixture
def plug_ins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Install plug-ins; one is in a named package, and one is there twice."""
    module = ModuleType("desk_extras")
    for each in (Nearest, Needy, HalfDone):
        setattr(module, each.__name__, each)
    monkeypatch.setattr(module, "number", 7, raising=False)
    monkeypatch.setitem(sys.modules, "desk_extras", module)
    group = registry.GROUP
    found = [EntryPoint(name, where, group) for name, where in PLUG_INS.items()]
    found += [EntryPoint("twice", f"desk_extras:{name}", group) for name in ("Nearest", "Needy")]
    packaged = tmp_path / "desk_tools-1.dist-info"
    packaged.mkdir()
    (packaged / "METADATA").write_text("Name: desk-tools\nVersion: 1\n", encoding="utf-8")
    (packaged / "entry_points.txt").write_text(
        f"[{group}]\nmoved = desk_extras:Moved\n", encoding="utf-8"
    )
    found += PathDistribution(packaged).entry_points
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: found)
    registry._plug_ins.cache_clear()
    yield
    registry._plug_ins.cache_clear()


# --- messages -------------------------------------------------------------------------------------

REFUSED: dict[type[Exception], list[tuple[str, Callable[[], object]]]] = {
    err.InvalidValueError: [
        (f"window is 0; it must be from 1 to {TEN_YEARS}", lambda: fewest_taken(0)),
        (f"window is 1.5; {A_SPAN}", lambda: least_handle_time(1.5)),
        (f"step is '5'; {A_SPAN}", lambda: ring_all("5")),
        (f"step is 0; it must be from 1 to {TEN_YEARS}", lambda: ring_all(0)),
        (
            "then is 5; it must be a strategy, its class or a function making one",
            lambda: priority(5),
        ),
        (
            (
                "then is a half; it must be the strategy's class, or a function "
                "making one, because it cannot be copied"
            ),
            lambda: priority(Half()),
        ),
        (
            "an option of strategy fewest_taken is 'windov'; it must be one of: window",
            lambda: made("fewest_taken(windov=1)"),
        ),
        (
            "an option of strategy nearest is 'range'; it must be one of: home, reach",
            lambda: made("nearest(range=7)"),
        ),
        (
            (
                "an option of strategy round_robin is 'step'; it must be left out, because it "
                "has no options"
            ),
            lambda: made("round_robin(step=5)"),
        ),
        (
            (
                "an option of strategy random is 'source'; it must be left out, because it "
                "has no options"
            ),
            lambda: made("random(source=5)"),
        ),
        (
            "limit of strategy needy is None; it must be given: needy(limit=...)",
            lambda: made("needy"),
        ),
        (
            "then of strategy priority is 5; it must be the name of a strategy",
            lambda: made("priority(then=5)"),
        ),
        (
            f"window of strategy fewest_taken is 'day'; {A_SPAN}",
            lambda: made("fewest_taken(window=day)"),
        ),
        (
            (
                "window of strategy least_handle_time of strategy priority is 0; it "
                "must be from 1 to "
                f"{TEN_YEARS}"
            ),
            lambda: made("priority(then=least_handle_time(window=0))"),
        ),
        (
            (
                "strategy nearest is 'nearest(reach=101)'; it must be with other "
                "options: nobody goes that far"
            ),
            lambda: made("nearest(reach=101)"),
        ),
        (
            (
                "strategy nearest is 'nearest(reach=far)'; it must be with other "
                "options: '>' not supported "
                "between instances of 'str' and 'int'"
            ),
            lambda: made("nearest(reach=far)"),
        ),
    ],
    err.UnknownStrategyError: [
        (
            (
                "no strategy 'headrom'; did you mean 'headroom'? valid names are: "
                "headroom, average_load, "
                "best_match, fewest_taken, gone, half, least_handle_time, "
                "load_ratio, longest_available, longest_idle, "
                "max_load, moved, nearest, needy, number, power_of_two, priority, "
                "random, ring_all, "
                "round_robin, top_down, twice, weighted_random, weighted_round_robin; "
                f"{REGISTER}"
            ),
            lambda: made("priority(then=headrom)"),
        ),
    ],
    BrokenStrategyError: [
        (
            (
                "strategy 'gone' of the plug-in no_such_package.at_all:Gone cannot be used: "
                f"ModuleNotFoundError: No module named 'no_such_package'; {WAY_OUT}"
            ),
            lambda: made("gone"),
        ),
        (
            (
                "strategy 'moved' of the plug-in desk-tools (desk_extras:Moved) cannot be used: "
                f"AttributeError: module 'desk_extras' has no attribute 'Moved'; {WAY_OUT}"
            ),
            lambda: describe("moved"),
        ),
        (
            (
                "strategy 'number' of the plug-in desk_extras:number cannot be used: "
                "it is neither a "
                f"class nor a function that makes a strategy; {WAY_OUT}"
            ),
            lambda: describe("number"),
        ),
        (
            (
                "strategy 'half' of the plug-in desk_extras:HalfDone cannot be used: it has no "
                "key_names, window, join, leave, changed, offered, forget, key_of, turns, sibling; "
                f"{WAY_OUT}"
            ),
            lambda: made("half"),
        ),
        (
            (
                "strategy 'top_down' of the plug-in desk_extras:Nearest cannot be used: a built-in "
                f"strategy has that name; {WAY_OUT}"
            ),
            lambda: made("top_down"),
        ),
        (
            (
                "strategy 'twice' of the plug-in desk_extras:Nearest and "
                "desk_extras:Needy cannot be "
                f"used: several plug-ins provide that name; {WAY_OUT}"
            ),
            lambda: describe("twice"),
        ),
    ],
}


@pytest.mark.parametrize(
    ("kind", "text", "wrong"),
    [(kind, *row) for kind, rows in REFUSED.items() for row in rows],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
def test_a_strategy_that_cannot_be_made_is_refused_with_this_message(
    plug_ins: None, kind: type[Exception], text: str, wrong: Callable[[], object]
) -> None:
    with pytest.raises(kind) as caught:
        wrong()
    fault = caught.value
    assert str(fault) == text
    if isinstance(fault, err.InvalidValueError):
        assert text == f"{fault.thing} is {shown(fault.value)}; it must be {fault.allowed}"
    elif isinstance(fault, BrokenStrategyError):
        assert text == (
            f"strategy {fault.name!r} of the plug-in {fault.where} cannot be used: {fault.why}; "
            f"{WAY_OUT}"
        )


def test_the_valid_names_are_listed_if_none_is_similar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_plug_ins", dict)
    with pytest.raises(err.UnknownStrategyError) as caught:
        made("xyz")
    assert str(caught.value) == f"no strategy 'xyz'; valid names are: {VALID}; {REGISTER}"


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "make"),
    [("window", fewest_taken), ("window", least_handle_time), ("step", ring_all)],
)
def test_a_span_is_accepted_up_to_its_bounds_and_not_beyond(
    option: str, make: Callable[[Any], object]
) -> None:
    for span in (1, TEN_YEARS):
        assert getattr(make(span), option) == span
    for span in (0, TEN_YEARS + 1):
        with pytest.raises(err.InvalidValueError) as caught:
            make(span)
        assert str(caught.value) == f"{option} is {span}; it must be from 1 to {TEN_YEARS}"
