"""The arithmetic of the ratios, and that who is compared takes turns."""

import gc
from collections.abc import Iterator
from itertools import islice

import pytest

from benchmarks.rounds import LEAST, Effort, Ratio, interleaved, ratio
from benchmarks.table import Row, compared, lines, number, size_word

TINY = Effort(sizes=(), lines=(), timers=(), items=(), rounds=3, seconds=1e-4)


class Noted:
    """A contender that notes when it ran and what it was asked for."""

    most = 1_000

    def __init__(self, name: str, diary: list[tuple[str, int, bool]]) -> None:
        self.name = name
        self.diary = diary
        self.count = 0

    def prepare(self, count: int) -> None:
        self.count = count

    def run(self) -> None:
        self.diary.append((self.name, self.count, gc.isenabled()))


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians() -> None:
    subject, yardstick = [10.0, 40.0, 90.0], [1.0, 20.0, 10.0]

    assert ratio(subject, yardstick) == Ratio(9.0, 2.0, 10.0)


def test_rounds_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


def test_contenders_take_turns_and_no_garbage_is_collected_meanwhile() -> None:
    diary: list[tuple[str, int, bool]] = []
    contenders = {name: Noted(name, diary) for name in ("a", "b")}

    seconds = interleaved(contenders, TINY, count=7)

    assert [name for name, _, _ in diary] == ["a", "b", "b", "a", "a", "b"]
    assert {(count, collecting) for _, count, collecting in diary} == {(7, False)}
    assert [len(each) for each in seconds.values()] == [3, 3]
    assert gc.isenabled()


def test_a_contender_is_never_asked_for_more_than_the_most_it_allows() -> None:
    diary: list[tuple[str, int, bool]] = []
    only = Noted("a", diary)
    only.most = 4

    interleaved({"a": only}, TINY)

    assert max(count for _, count, _ in diary) == 4


def test_who_would_need_too_long_for_a_round_is_left_out() -> None:
    impatient = Effort(
        sizes=(), lines=(), timers=(), items=(), rounds=2, seconds=1e-4, patience=0.0
    )

    assert interleaved({"a": Noted("a", [])}, impatient) == {}
    assert LEAST > 1


@pytest.mark.parametrize(
    ("middle", "at_most", "verdict"), [(2.0, 2.0, "ok"), (2.1, 2.0, "short"), (9.0, None, "")]
)
def test_a_promise_is_judged_by_the_ratio(
    middle: float, at_most: float | None, verdict: str
) -> None:
    row = compared("title", 100, [middle] * 3, "bare", [1.0] * 3, at_most=at_most)

    assert row.verdict == verdict
    assert row.base == 1e6


def test_a_promise_without_a_yardstick_is_judged_by_the_value() -> None:
    row = Row(title="memory", size=10, value=701.0, unit="B", at_most=700.0)

    assert row.verdict == "short"


def test_a_yardstick_too_slow_is_named_and_judged_by_nobody() -> None:
    row = compared("title", 100, [1.0], "linear scan", None, at_most=1.0)

    assert row.verdict == ""
    assert "linear scan" in "\n".join(lines([row]))
    assert "skipped: too slow" in "\n".join(lines([row]))


def test_the_widest_row_fits_a_hundred_columns() -> None:
    row = compared(
        "title", 1_000_000, [0.0123] * 3, "sqlite in memory", [1.0, 0.01, 1e-6], at_most=2.5
    )

    assert max(len(line) for line in lines([row])) <= 100


def test_numbers_are_written_for_people() -> None:
    assert [size_word(n) for n in (100, 1_000_000, 250, 30)] == ["1e2", "1e6", "250", "30"]
    assert [number(value) for value in (12_345.6, 12.34, 1.234, 0.1234, 0.0123, 0.00001)] == [
        "12,346",
        "12.3",
        "1.23",
        "0.123",
        "0.0123",
        "0.000010",
    ]


def test_a_line_is_there_as_soon_as_its_row_and_a_title_stands_once() -> None:
    measured = []

    def rows() -> Iterator[Row]:
        for title, size in (("few", 10), ("few", 100), ("many", 10)):
            measured.append((title, size))
            yield Row(title=title, size=size, value=1.0)

    told = lines(rows())
    assert [line.split()[0] for line in islice(told, 3)] == ["few", "n", "10"]
    assert measured == [("few", 10)]
    assert [line.split()[:1] for line in told] == [["1e2"], [], ["many"], ["n"], ["10"]]
