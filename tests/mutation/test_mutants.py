"""A mutant changes the line it says, and takes the place of what is there."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve
from forks import HUNG, KILLED, SURVIVED, UNTESTED, Timing, Verdict, _Live
from mutants import Mutant, Mutated, mutate, refused_by_types
from mutate import _unexplained, known_of, plain
from reasons import Change, change_of, out_of_date, reasons

ROOT = Path(__file__).resolve().parents[2]
TEXT = '''"""A module to break."""

from functools import cache
from collections.abc import Callable


class Box:
    """Holds so many."""

    def __init__(self, most: int) -> None:
        self.most = most

    def fits(self, count: int) -> bool:
        return (
            count
            < self.most
        )


def at_least(limit: int) -> Callable[[int], bool]:
    def check(value: int) -> bool:
        return value >= limit

    return check


@cache
def known(value: int) -> bool:
    return at_least(3)(value)


adult = at_least(18)
'''


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Mutated, ModuleType]:
    monkeypatch.chdir(tmp_path)
    path = Path("src", "box.py")
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    module = ModuleType("box")
    exec(compile(TEXT, str(tmp_path / path), "exec"), module.__dict__)  # noqa: S102  our own text above
    return mutate(path), module


def test_a_mutant_says_which_line_it_changes(box: tuple[Mutated, ModuleType]) -> None:
    mutated, _ = box
    lines = TEXT.splitlines()
    assert {mutant.function for mutant in mutated.mutants} == {
        "Box.__init__",
        "Box.fits",
        "at_least",
    }
    for mutant in mutated.mutants:
        changed = mutated.source_with(mutant).splitlines()
        pairs = enumerate(zip_longest(lines, changed), start=1)
        assert next(number for number, (old, new) in pairs if old != new) == mutant.line
        assert lines[mutant.line - 1].strip() == mutant.was
        assert changed[mutant.line - 1].strip() == mutant.now


def test_a_mutant_takes_the_place_of_a_method_and_of_what_a_function_made_before(
    box: tuple[Mutated, ModuleType], tmp_path: Path
) -> None:
    mutated, module = box
    live = _Live.found()
    assert (module.Box(2).fits(2), module.adult(18), module.known(3)) == (False, True, True)
    fits = next(each for each in mutated.mutants if each.now == "count <= self.most")
    check = next(each for each in mutated.mutants if each.now == "return value > limit")
    for mutant in (fits, check):
        live.put_in_place(tmp_path / mutant.path, mutant.function, *mutated.code_of(mutant))
    assert (module.Box(2).fits(2), module.adult(18), module.known(3)) == (True, False, False)


def test_a_change_in_a_line_without_code_counts_for_the_line_above_that_has_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("src", "told.py")
    path.parent.mkdir()
    path.write_text('def told() -> str:\n    return (\n        "so"\n        "much"\n    )\n')
    assert {(each.line, each.was) for each in mutate(path).mutants} == {(3, '"so"'), (3, '"much"')}


def test_a_function_that_nobody_imported_cannot_be_replaced(
    box: tuple[Mutated, ModuleType],
) -> None:
    mutated, _ = box
    with pytest.raises(ValueError, match="nothing in memory has the code of"):
        _Live.found().put_in_place(
            Path("elsewhere.py"), "at_least", *mutated.code_of(mutated.mutants[-1])
        )


def test_only_what_the_types_let_pass_is_tried(
    box: tuple[Mutated, ModuleType], tmp_path: Path
) -> None:
    mutated, _ = box
    package = tmp_path / "src" / "ticketroute"
    package.mkdir()
    (package / "box.py").write_text(TEXT, encoding="utf-8")
    inside = mutate(Path("src", "ticketroute", "box.py"))
    refused = refused_by_types([inside], tmp_path)
    left = {each.now for each in inside.mutants if each.name not in refused}
    assert left == {"count <= self.most", "return value > limit"}
    assert len(inside.mutants) == len(mutated.mutants) > len(left)


def test_the_files_of_tests_take_turns_with_their_quickest_as_many_as_the_time_holds(
    box: tuple[Mutated, ModuleType],
) -> None:
    mutated, _ = box
    mutant = mutated.mutants[0]
    seconds = {"a::slow": 5.0, "a::quick": 0.1, "a::other": 0.1, "a::mid": 1.0, "b::long": 2.0}
    running = frozenset(seconds) - {"a::other"}
    timing = Timing(seconds, {(str(mutant.path), mutant.line): running})
    assert timing.order(mutant, 60) == ["a::quick", "b::long", "a::mid", "a::slow"]
    assert timing.order(mutant, 4) == ["a::quick", "b::long", "a::mid"]
    assert timing.order(mutant, 0) == ["a::quick"]
    assert timing.order(mutant, 4, last=["a::q", "a::s"]) == [
        *("a::mid", "b::long"),
        *("a::quick", "a::slow"),
    ]


def test_who_caught_a_mutant_nearby_comes_first_if_the_line_is_run(
    box: tuple[Mutated, ModuleType],
) -> None:
    mutated, _ = box
    mutant = mutated.mutants[0]
    seconds = {"a::quick": 0.1, "a::mid": 1.0, "b::long": 2.0, "a::slow": 5.0, "b::no": 0.1}
    running = frozenset(seconds) - {"b::no"}
    timing = Timing(seconds, {(str(mutant.path), mutant.line): running})
    first = ["a::slow", "b::no", "a::mid"]
    assert timing.order(mutant, 60, first=first) == ["a::slow", "a::mid", "a::quick", "b::long"]
    assert timing.order(mutant, 60, last=["a::slow"], first=first) == [
        *("a::mid", "a::quick", "b::long"),
        "a::slow",
    ]


def test_who_names_the_function_comes_before_who_does_not(
    box: tuple[Mutated, ModuleType],
) -> None:
    mutated, _ = box
    mutant = next(each for each in mutated.mutants if each.function == "Box.fits")
    seconds = {"a::quick": 0.1, "b::what_fits[2]": 3.0, "c::mid": 1.0}
    timing = Timing(seconds, {(str(mutant.path), mutant.line): frozenset(seconds)})
    assert timing.order(mutant, 60) == ["b::what_fits[2]", "a::quick", "c::mid"]
    assert timing.order(mutant, 60, first=["c::mid"])[0] == "c::mid"
    assert timing.order(mutant, 3, first=["b::what_fits[2]"]) == ["b::what_fits[2]"]
    assert timing.order(mutant, 6, first=["c::mid"]) == ["c::mid", "b::what_fits[2]", "a::quick"]


def test_what_became_of_a_mutant_holds_for_a_later_run_as_long_as_it_is_the_same_change(
    box: tuple[Mutated, ModuleType], tmp_path: Path
) -> None:
    mutated, _ = box
    path = Path("src", "ticketroute", "box.py")
    caught, changed, hung, lives, new = (
        evolve(mutated.mutants[0], name=f"ticketroute.box.x_fits__mutmut_{number}", path=path)
        for number in range(5)
    )
    verdicts = [
        *(Verdict(each, KILLED, "a::quick") for each in (caught, changed)),
        Verdict(hung, HUNG, "the process"),
        Verdict(lives, SURVIVED),
    ]
    fates = [plain(each) for each in verdicts]
    fates[1]["now"] = "return"
    told = tmp_path / "fates.json"
    told.write_text(json.dumps(fates), encoding="utf-8")
    known = known_of(told, [caught, changed, hung, lives, new])
    assert known == [verdicts[0], verdicts[2], verdicts[3]]


# --- who survives, and why ------------------------------------------------------------------------

GROUP = """
[[files]]
file = "core/box.py"
changes = [["Box.fits", "count < most", "count <= most", "{why}"]]
"""


def mutant(now: str) -> Mutant:
    path = Path("src", "ticketroute", "core", "box.py")
    return Mutant("x_1", path, "Box.fits", "x_1", 3, "count < most", now)


def test_who_survives_without_a_reason_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.toml"
    path.write_text(GROUP.format(why="no box is full"), encoding="utf-8")
    listed = reasons(path)
    known, other = mutant("count <= most"), mutant("count > most")
    assert listed == {change_of(known): "no box is full"}
    assert _unexplained([Verdict(known, SURVIVED), Verdict(other, KILLED)], listed) == 0
    assert _unexplained([Verdict(known, UNTESTED), Verdict(other, SURVIVED)], listed) == 1
    assert capsys.readouterr().out.splitlines() == [
        "1 survive, 1 for a reason in survivors.toml",
        "no reason: core/box.py  Box.fits",
        "    - count < most",
        "    + count > most",
        "2 survive, 1 for a reason in survivors.toml",
    ]


def test_what_is_listed_and_changes_nothing_any_more_is_named() -> None:
    listed = {
        Change("core/box.py", "Box.fits", "count < most", "count <= most"): "no box is full",
        Change("core/bag.py", "fits", "True", "False"): "no bag is looked at here",
    }
    assert out_of_date(listed, [mutant("count <= most")]) == []
    assert out_of_date(listed, [mutant("count > most")]) == [next(iter(listed))]


@pytest.mark.parametrize("text", [GROUP.format(why=" "), 2 * GROUP.format(why="no box is full")])
def test_a_change_listed_twice_or_without_a_reason_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="listed twice, or without a reason"):
        reasons(path)


def test_what_is_listed_is_in_the_source() -> None:
    texts: dict[str, str] = {}
    for change in reasons():
        if change.file not in texts:
            source = (ROOT / "src" / "ticketroute" / change.file).read_text(encoding="utf-8")
            texts[change.file] = " ".join(source.split())
        assert " ".join(change.was.split()) in texts[change.file], str(change)
        assert change.was != change.now
