from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketroute.cli.day import Day
from ticketroute.cli.figures import Figures
from ticketroute.cli.scenario import a_day
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.events import Event
from ticketroute.model.strategy_spec import StrategySpec
from ticketroute.strategies import registry

Run = Callable[..., Any]


def lived(seed: int, strategy: str | None = None) -> tuple[Day, Figures, list[Event]]:
    spec = None if strategy is None else StrategySpec.of(strategy)
    figures, events = Figures(), list[Event]()

    def see(event: Event) -> None:
        figures.see(event)
        events.append(event)

    day = Day(a_day(seed=seed, strategy=spec), see, lambda: None, seed)
    day.open()
    figures.close(day.run())
    return day, figures, events


def test_the_demo_prints_its_tables_in_80_columns(run: Run) -> None:
    started = time.perf_counter()
    answer = run("demo")

    assert (answer.code, answer.err) == (0, "")
    assert time.perf_counter() - started < 10
    assert max(len(line) for line in answer.out.splitlines()) <= 80
    for word in ("Queues", "Ticket priorities", "Agents", "billing", "urgent", "ana"):
        assert word in answer.out
    for word in ("Offers", "accepted", "declined", "missed", "median ring", "technical"):
        assert word in answer.out
    assert "One decision explained:\nticket T" in answer.out


def test_the_same_seed_gives_the_same_output_and_another_one_another(run: Run) -> None:
    first, again, other = run("demo"), run("demo", "--seed=1"), run("demo", "--seed=2")
    assert first.out == again.out != other.out


def test_the_output_does_not_hang_on_the_hashes_of_the_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "ticketroute.cli", "demo", "--strategy", "weighted_random"],
            capture_output=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


HAPPENS = """
    TicketSubmitted TicketQueued TicketAssigned TicketHeld TicketResumed TicketTransferred
    TicketResolved TicketReopened TicketAbandoned TicketRated TicketReleased GraceEnded WrapUpEnded
    TicketOffered OfferDeclined OfferExpired OfferWithdrawn CoolDownEnded
"""


def test_a_day_has_all_that_happens_on_a_day() -> None:
    _, figures, events = lived(seed=1)
    kinds = Counter(type(event).__name__ for event in events)

    assert len(figures.agents) == 12
    assert len(figures.by_queue()) == 3
    assert 300 <= kinds["TicketSubmitted"] <= 900
    assert [kind for kind in HAPPENS.split() if not kinds[kind]] == []


@pytest.mark.parametrize("strategy", [None, *registry.BUILT_IN])
@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_is_over_capacity_and_the_figures_agree_with_the_desk(
    seed: int, strategy: str | None
) -> None:
    day, figures, _ = lived(seed, strategy)

    for view in day.desk.agents():
        agent = figures.agents[view.id]
        assert agent.load == view.load == 0
        assert 0 < agent.most <= view.capacity == figures.capacity_of(view.id)
        assert 0 <= (agent.busy_share or 0) <= 1
    queues = figures.by_queue().values()
    assert sum(waits.tickets for waits in queues) == len(list(day.desk.tickets()))
    for waits in queues:
        assert waits.tickets == waits.at_once + waits.later + waits.abandoned + waits.waiting


def test_the_strategy_changes_nothing_about_the_day_itself() -> None:
    assert a_day(seed=5).tickets == a_day(seed=5, strategy=StrategySpec.of("random")).tickets


def test_the_events_of_the_day_replay_to_the_same_desk() -> None:
    day, _, events = lived(seed=3)
    opened = day.desk
    again = Dispatcher.replay(events)
    assert [view.state for view in again.tickets()] == [view.state for view in opened.tickets()]


def test_an_unknown_strategy_is_refused_with_the_nearest(run: Run) -> None:
    answer = run("demo", "--strategy", "longest_idel")
    assert (answer.code, answer.out) == (2, "")
    assert "did you mean 'longest_idle'?" in answer.message


def test_decisions_of_the_day_are_written(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "d.csv"
    answer = run("demo", "-o", out)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    outcomes = Counter(row["outcome"] for row in rows)

    assert answer.code == 0
    assert f"A day of {len(rows)} tickets" in answer.out
    assert answer.out.splitlines()[-1] == f"Decisions are in {out}."
    assert set(outcomes) == {"assigned", "unserved", "waiting"}
    assert [row["arrived"] for row in rows] == sorted(row["arrived"] for row in rows)


def test_several_seeds_are_a_row_each(run: Run) -> None:
    answer = run("demo", "--seeds", "4-6", "-s", "round_robin")
    rows = [line.split() for line in answer.out.splitlines()]
    found = {row[0]: int(row[1].replace(",", "")) for row in rows if row and row[0] in "456all"}

    assert answer.out.startswith("3 days, strategy round_robin")
    assert found["all"] == found["4"] + found["5"] + found["6"]
    assert found["4"] == len(a_day(seed=4).tickets)


@pytest.mark.parametrize("seeds", ["5", "6-5", "x", "1-99999999", ""])
def test_seeds_that_cannot_be_are_refused(run: Run, seeds: str) -> None:
    answer = run("demo", "--seeds", seeds)
    assert (answer.code, answer.out) == (2, "")
    assert "such as 1-20" in answer.message


def test_several_days_have_no_file_of_decisions(run: Run, tmp_path: Path) -> None:
    answer = run("demo", "--seeds=1-2", "-o", tmp_path / "d.csv")
    assert answer.code == 2
    assert "--seed instead of --seeds" in answer.message
