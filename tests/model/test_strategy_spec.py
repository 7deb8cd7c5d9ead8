"""Strategies are written as text and parsed from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.errors import InvalidValueError
from ticketroute.model import StrategySpec

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
numbers = st.integers(0, 10**15)


def _specs(depth: int) -> st.SearchStrategy[StrategySpec]:
    inside = numbers if depth == 1 else numbers | _specs(depth - 1)
    options = st.just({}) if depth == 0 else st.dictionaries(names, inside, max_size=2)
    return st.builds(StrategySpec, names, options)


@given(_specs(2))
def test_a_strategy_written_as_text_parses_to_an_equal_one(spec: StrategySpec) -> None:
    written = str(spec)
    if len(written) <= 200:
        assert StrategySpec.of(written) == spec
        assert str(StrategySpec.of(written)) == written


@given(st.text(max_size=60) | st.text(alphabet="ab(),=1 _\t\n", max_size=60))
def test_every_text_parses_or_is_refused(written: str) -> None:
    try:
        spec = StrategySpec.of(written)
    except InvalidValueError:
        return
    assert StrategySpec.of(str(spec)) == spec


@given(
    st.text(max_size=6)
    | st.none()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(st.integers()),
    st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | st.none()),
)
def test_every_spec_is_valid_or_refused(name: Any, options: dict[str, Any]) -> None:
    try:
        spec = StrategySpec(name, options)
    except InvalidValueError:
        return
    assert (spec.name, spec.options) == (name, options)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "(",
        ")",
        "a(",
        "a)",
        "a(b",
        "a(b=",
        "a(b=1",
        "a(b=1))",
        "a(b=1 c=2)",
        "a(b=1, b=2)",
        "a(,)",
        "a(b==1)",
        "a b",
        "A",
        "Round_Robin",
        "1a",
        "_a",
        "a-b",
        "a.b",
        "a(b=-1)",
        "a(b=1.5)",
        "a(b=9999999999999999)",
        "a(b=\u0663)",
        "a\x00",
        "a(b=c(d=e(f=g(h=i))))",
        "a(" * 90,
        "a" * 201,
        "x" * 1_000_000,
        "a(b=" + "9" * 190 + ")",
    ],
    ids=lambda written: written[:20],
)
def test_a_malformed_strategy_is_refused(written: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        StrategySpec.of(written)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("written", [None, 5, True, 1.5, b"random", ["random"], object()])
def test_a_value_that_is_not_text_is_refused(written: Any) -> None:
    with pytest.raises(InvalidValueError, match="strategy"):
        StrategySpec.of(written)


@pytest.mark.parametrize(
    ("written", "spec"),
    [
        ("random", StrategySpec("random")),
        ("  random  ", StrategySpec("random")),
        ("random()", StrategySpec("random")),
        ("fewest_taken( window = 5 )", StrategySpec("fewest_taken", {"window": 5})),
        ("a(b=1,c=2)", StrategySpec("a", {"b": 1, "c": 2})),
        ("a(b=c(d=2))", StrategySpec("a", {"b": StrategySpec("c", {"d": 2})})),
    ],
)
def test_blanks_and_order_do_not_matter(written: str, spec: StrategySpec) -> None:
    assert StrategySpec.of(written) == spec
    assert StrategySpec.of(spec) is spec


def test_an_option_given_as_text_is_parsed() -> None:
    spec = StrategySpec("nearest", {"by": "road"})
    assert StrategySpec.of(str(spec)) == spec


def test_a_spec_nested_too_deep_is_refused() -> None:
    spec = StrategySpec.of("a(then=b(then=c(then=d)))")
    with pytest.raises(InvalidValueError):
        StrategySpec("priority", {"then": spec})
