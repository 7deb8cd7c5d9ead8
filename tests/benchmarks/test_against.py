"""Two revisions side by side: the turns they take, and what is said of one that cannot."""

import io
import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from benchmarks import against, worker
from benchmarks.__main__ import main
from benchmarks.against import ROOT, AgainstError, Build, built, rows, turns
from benchmarks.rounds import Effort, Ratio
from benchmarks.workloads import workloads

TINY = Effort(sizes=(20, 60), lines=(300,), timers=(), items=(), rounds=3, seconds=1e-4)
ME = sys.executable


class Noted:
    """A side that notes when it had its turn."""

    def __init__(self, name: str, diary: list[tuple[str, int]], *, fitting: int, each: float):
        self.name, self.diary, self.fitting, self.each = name, diary, fitting, each

    def seconds(self, count: int) -> float:
        self.diary.append((self.name, count))
        return self.each * count


def test_sides_take_turns_with_as_many_operations_as_fit_the_slowest() -> None:
    diary: list[tuple[str, int]] = []
    sides = [
        Noted("then", diary, fitting=7, each=2.0),
        Noted("now", diary, fitting=9, each=1.0),
        Noted("compiled", diary, fitting=30, each=0.5),
    ]

    assert turns(sides, 3) == [[2.0] * 3, [1.0] * 3, [0.5] * 3]
    assert [name for name, _ in diary] == [
        *("then", "now", "compiled"),
        *("now", "compiled", "then"),
        *("compiled", "then", "now"),
    ]
    assert {count for _, count in diary} == {7}


def test_nobody_is_timed_where_one_side_is_too_slow() -> None:
    diary: list[tuple[str, int]] = []
    sides = [Noted(name, diary, fitting=fits, each=1.0) for name, fits in (("a", 9), ("b", 0))]

    assert turns(sides, 3) is None
    assert diary == []


@pytest.mark.parametrize("number", range(len(list(workloads(TINY)))))
def test_a_worker_says_how_many_operations_fit_and_times_them(number: int) -> None:
    effort = {"sizes": [20], "lines": [300], "timers": [], "items": [], "seconds": 1e-4}
    orders = [{"effort": effort, "workload": number}, {"count": 2}, {"count": 1}]

    fitting, *timed = worker.answers(json.dumps(order) + "\n" for order in orders)

    assert fitting["fitting"] >= 1
    assert len(timed) == 2
    assert all(each["seconds"] > 0 for each in timed)


def test_each_build_is_shown_beside_those_before_it() -> None:
    builds = [Build("abc1234", ME), Build("now", ME), Build("compiled", ME)]

    measured = list(rows(builds, TINY, ["calendar"]))

    assert [(row.title, row.yardstick) for row in measured] == [
        (f"calendar: {what} n open hours: {name}", yardstick)
        for what in ("add", "elapsed over")
        for name, yardstick in (
            ("now", "abc1234"),
            ("compiled", "abc1234"),
            ("compiled", "now"),
        )
    ]
    assert all(isinstance(row.ratio, Ratio) and row.ratio.low > 0 for row in measured)


def test_the_time_of_a_history_is_divided_by_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(sides: Sequence[object], rounds: int) -> list[list[float]]:
        return [[300.0] * rounds for _ in sides]

    monkeypatch.setattr(against, "turns", given)
    builds = [Build("then", ME), Build("now", ME)]

    measured = list(rows(builds, TINY, ["replay"]))

    seconds = 300 / min(max(TINY.sizes), 300)
    assert [row.value for row in measured] == [seconds * 1e6] * 2


def test_a_build_without_what_a_workload_needs_is_named_with_the_reason() -> None:
    build = Build("abc1234", "false")

    with pytest.raises(AgainstError, match="abc1234 cannot run this workload: it said nothing"):
        next(rows([build, build], TINY, ["cycle"]))


def test_an_unknown_revision_is_refused_before_anything_is_built(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(["--quick", "--against", "no-such-revision"])

    assert exited.value.code == 2
    assert "no-such-revision is not a revision" in capsys.readouterr().err


def test_a_revision_is_built_apart_and_its_folder_goes_afterwards() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: there is no other revision")
    program = "import ticketroute; print(ticketroute.__file__)"
    with built("HEAD") as (then, now):
        places = [
            subprocess.run(
                [build.python, "-c", program], capture_output=True, text=True, check=True, cwd="/"
            ).stdout
            for build in (then, now)
        ]

    assert "/then/" in places[0]
    assert "/now/" in places[1]
    trees = subprocess.run(
        ["git", "worktree", "list"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "against-" not in trees


def test_a_worker_ends_when_its_input_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = {"effort": {"sizes": [20], "lines": [9], "timers": [], "items": []}, "workload": 0}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(order) + "\n"))

    worker.main()

    assert json.loads(capsys.readouterr().out)["fitting"] >= 1
