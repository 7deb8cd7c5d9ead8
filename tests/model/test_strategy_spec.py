"""How a strategy is written down and read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import StrategySpec
from ticketroute.errors import InvalidValueError

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
numbers = st.integers(0, 10**15)


def _specs(depth: int) -> st.SearchStrategy[StrategySpec]:
    inside = numbers if depth == 1 else numbers | _specs(depth - 1)
    options = st.just({}) if depth == 0 else st.dictionaries(names, inside, max_size=2)
    return st.builds(StrategySpec, names, options)


@given(_specs(2))
def test_what_is_written_down_reads_back_the_same(spec: StrategySpec) -> None:
    written = str(spec)
    if len(written) <= 200:
        assert StrategySpec.of(written) == spec
        assert str(StrategySpec.of(written)) == written


@given(st.text(max_size=60) | st.text(alphabet="ab(),=1 _\t\n", max_size=60))
def test_whatever_is_written_reads_or_is_refused(written: str) -> None:
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
def test_whatever_is_made_holds_or_is_refused(name: Any, options: dict[str, Any]) -> None:
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
def test_garbage_is_refused_by_its_own_error(written: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        StrategySpec.of(written)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("written", [None, 5, True, 1.5, b"random", ["random"], object()])
def test_what_is_no_text_is_refused(written: Any) -> None:
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


def test_a_text_given_as_an_option_reads_back_as_it_was() -> None:
    spec = StrategySpec("nearest", {"by": "road"})
    assert StrategySpec.of(str(spec)) == spec


def test_what_is_made_too_deep_to_be_read_back_is_refused() -> None:
    spec = StrategySpec.of("a(then=b(then=c(then=d)))")
    with pytest.raises(InvalidValueError):
        StrategySpec("priority", {"then": spec})
