"""Comparisons: the same numbers wherever they run, and what is said when something is wrong."""

import math
import os
import pickle
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from ticketroute import Agent
from ticketroute.errors import InvalidValueError, UnknownStrategyError
from ticketroute.model import AgentId
from ticketroute.model.strategy_spec import REGISTERED
from ticketroute.simulation import (
    AllFailedError,
    Exponential,
    Failure,
    OverloadError,
    Worker,
    compare,
    load_of,
)
from ticketroute.simulation.executors import Team
from ticketroute.simulation.replication import Task
from ticketroute.simulation.units import HOUR
from ticketroute.strategies import registry
from ticketroute.strategies.contract import Key, Member
from ticketroute.strategies.ranked import Ranked

STRATEGIES = ["top_down", "random"]


def unequal(desk: Any, **more: Any) -> Any:
    workers = [
        Worker(agent=Agent(id=AgentId(f"a{n}"), capacity=1), pace=pace)
        for n, pace in enumerate((0.7, 2.0))
    ]
    return desk(workers=workers, rate=1.0, length="300h", **more)


def told(comparison: Any) -> Any:
    return [
        (each.number, each.seed, each.warm_up, {n: dict(f) for n, f in each.figures.items()})
        for each in comparison.replications
    ]


def test_threads_processes_and_this_thread_give_the_same_numbers(desk: Any) -> None:
    scenario = unequal(desk, warm_up=None)
    here = repr(told(compare(scenario, STRATEGIES, replications=4, workers=1)))
    with ThreadPoolExecutor(2) as threads:
        assert repr(told(compare(scenario, STRATEGIES, replications=4, executor=threads))) == here
    processes = compare(scenario, STRATEGIES, replications=4, workers=2)
    assert repr(told(processes)) == here
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as spawned:
        assert repr(told(compare(scenario, STRATEGIES, replications=4, executor=spawned))) == here


def test_fast_agents_first_is_better_and_the_pairs_say_so(desk: Any) -> None:
    comparison = compare(
        unequal(desk), ["random", "top_down"], figure="resolution", replications=20, workers=1
    )
    difference = comparison.differences()["top_down"]

    assert difference.real
    assert difference.interval.high < 0
    pair = comparison.interval("random").half + comparison.interval("top_down").half
    assert difference.interval.half < pair / 2  # what common random numbers are for


def test_alike_agents_make_no_difference_to_the_mean_wait(desk: Any) -> None:
    comparison = compare(desk(), ["random", "longest_idle"], replications=3, workers=1)

    assert comparison.differences()["longest_idle"].interval.mean == 0


def test_replications_go_on_until_the_interval_is_narrow_enough(desk: Any) -> None:
    comparison = compare(desk(), replications=4, half_width=0.2, workers=1)

    assert comparison.interval("scenario").relative <= 0.2
    assert len(comparison.replications) % 4 == 0
    assert not comparison.more_needed()


def test_too_few_replications_are_said(desk: Any) -> None:
    comparison = compare(desk(), replications=2, most=2, half_width=0.01, workers=1)

    assert comparison.more_needed() > 2


def test_a_load_above_capacity_is_said_before_the_run(desk: Any) -> None:
    scenario = desk(rate=4.0, length="20h")

    with pytest.raises(OverloadError) as caught:
        compare(scenario, workers=1)
    assert caught.value.load == pytest.approx(2.0)
    assert "'scenario' has a load of 2.00" in str(caught.value)
    allowed = compare(scenario, replications=2, workers=1, allow_overload=True)
    assert allowed.loads["scenario"] == pytest.approx(2.0)


def test_the_load_divides_work_in_the_best_way(desk: Any) -> None:
    assert load_of(desk()) == pytest.approx(0.8)
    assert load_of(desk(rate=0.0)) == 0.0
    assert load_of(unequal(desk)) == pytest.approx(1 / (1 / 0.7 + 1 / 2.0))


def fails_at_one(name: str) -> Any:
    raise RuntimeError(name)


class OnlySometimes(Exponential):
    def at(self, share: float) -> float:
        if share > 0.999:
            raise OddError("a share", share)
        return HOUR


class OddError(Exception):
    """One that does not survive the way back from a process."""

    def __init__(self, what: str, share: float) -> None:
        super().__init__(f"{what} is {share}")


def test_a_replication_that_fails_is_named_and_the_others_are_kept(desk: Any) -> None:
    scenario = desk(kind={"handling": OnlySometimes(HOUR)})
    for workers in (1, 2):
        comparison = compare(scenario, replications=8, workers=workers)

        assert 0 < len(comparison.failures) < 8
        assert len(comparison.failures) + len(comparison.replications) == 8
        failure = comparison.failures[0]
        assert f"replication {failure.number} (seed '1/{failure.number}')" in str(failure)
        assert "OddError: a share is 0.999" in failure.error
        assert "in at" in failure.trace


def test_nothing_but_failures_is_an_error(desk: Any) -> None:
    with pytest.raises(AllFailedError, match=r"none of 2 replications could be run; .*seed '1/0'"):
        compare(
            desk(kind={"handling": OnlySometimes(HOUR)}, length="9000h"), replications=2, workers=1
        )


class DiesOnce(Exponential):
    """Kills its process the first time that it is asked anywhere."""

    def at(self, share: float) -> float:
        mark = Path(os.environ["DIES_ONCE"])
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().at(share)


def test_the_replications_of_a_worker_that_dies_run_again(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIES_ONCE", str(tmp_path / "mark"))
    calm = compare(desk(), STRATEGIES, replications=6, workers=1)
    shot = compare(desk(kind={"handling": DiesOnce(HOUR)}), STRATEGIES, replications=6, workers=2)

    assert (tmp_path / "mark").exists()
    assert repr(told(shot)) == repr(told(calm))


class DiesAlways(Exponential):
    def at(self, share: float) -> float:
        os.kill(os.getpid(), signal.SIGKILL)
        return share


def test_a_replication_that_kills_every_worker_is_given_up(desk: Any) -> None:
    with pytest.raises(AllFailedError, match="its worker died 4 times"):
        compare(desk(kind={"handling": DiesAlways(HOUR)}), replications=1, workers=2)


def test_an_executor_of_ones_own_stays_open(desk: Any) -> None:
    with ThreadPoolExecutor(1) as threads:
        compare(desk(), replications=2, executor=threads)
        assert threads.submit(int, "7").result() == 7


def test_an_interrupt_gives_what_is_there(desk: Any) -> None:
    def stop(done: int, planned: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    comparison = compare(desk(), replications=10, workers=1, progress=stop)

    assert comparison.interrupted
    assert len(comparison.replications) == 3
    assert comparison.interval("scenario").half > 0


class MostSeats(Ranked):
    """Everybody alike."""

    key_names = ("none",)

    def key(self, member: Member) -> Key:
        return (0,)


@pytest.fixture
def nothing_registered() -> Iterator[None]:
    """Take back afterwards what a test registers in this process."""
    before = dict(REGISTERED)
    yield
    REGISTERED.clear()
    REGISTERED.update(before)


@pytest.mark.usefixtures("nothing_registered")
def test_a_strategy_of_ones_own_runs_beside_the_built_in_ones(desk: Any) -> None:
    comparison = compare(
        unequal(desk),
        ["longest_idle", "most_seats"],
        own={"most_seats": MostSeats},
        replications=2,
        workers=2,
    )

    assert comparison.names == ("longest_idle", "most_seats")
    assert "most_seats" in registry.names()
    with pytest.raises(InvalidValueError, match="one that no other strategy has"):
        registry.register("random", MostSeats)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"replications": 0}, "replications is 0"),
        ({"half_width": 0}, "half_width is 0"),
        ({"half_width": math.nan}, "half_width is nan"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"figure": "speed"}, "figure is 'speed'"),
        ({"baseline": "lifo"}, "baseline is 'lifo'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    desk: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        compare(desk(), workers=1, **arguments)
    assert message in str(caught.value)


def test_a_strategy_that_nobody_has_is_said_before_the_run(desk: Any) -> None:
    with pytest.raises(UnknownStrategyError):
        compare(desk(), ["astrology"], workers=1)


def test_what_travels_survives_pickling(desk: Any) -> None:
    failure = Failure(number=1, seed="1/1", error="e", trace="t")
    task = Task(number=0, seed="1/0", scenarios={"a": desk()}, own={})

    for each in (failure, task, OverloadError("a", 2.0), AllFailedError((failure,))):
        again = pickle.loads(pickle.dumps(each))  # noqa: S301  our own values
        assert str(again) == str(each)


def test_a_team_of_one_needs_no_process() -> None:
    team = Team(None, 1)
    try:
        assert type(team._executor).__name__ == "Here"
    finally:
        team.close()


def test_scenarios_by_name_are_compared_as_they_are(desk: Any) -> None:
    few = desk(agents=3, rate=1.6)
    more = evolve(desk(agents=4, rate=1.6), name="more")
    comparison = compare({"three": few, "four": more}, replications=3, workers=1)

    assert comparison.differences()["four"].interval.mean < 0
    rows = list(comparison.rows())
    assert {row["scenario"] for row in rows} == {"three", "four"}
    assert comparison.profile("four").tickets == sum(
        row["value"] for row in rows if row["scenario"] == "four" and row["figure"] == "tickets"
    )
