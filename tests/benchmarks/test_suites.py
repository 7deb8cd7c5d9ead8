"""The whole run, at sizes at which it takes a moment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import filters, waiting, world
from benchmarks.__main__ import QUICK, SUITES, main, measure
from benchmarks.rounds import Effort
from benchmarks.servers import REASONS
from benchmarks.yardsticks import LinearScan, Sqlite

ROOT = Path(__file__).parents[2]
TINY = Effort(
    sizes=(20, 60),
    lines=(300, 400),
    timers=(10, 20),
    items=(50,),
    flood=(10, 40),
    rounds=2,
    seconds=1e-4,
)


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_measures_what_it_names(suite: str) -> None:
    rows = list(measure([suite], TINY))

    assert rows
    assert all(row.title.startswith(suite) for row in rows)
    assert all(row.value > 0 and row.skipped in ("", *REASONS) for row in rows)


def test_quick_measures_nothing_above_1e4() -> None:
    assert max(*QUICK.sizes, *QUICK.lines, *QUICK.timers, *QUICK.items, *QUICK.flood) == 10_000


def test_every_demand_fits_a_good_share_and_all_differ() -> None:
    everyone = world.agents(1_000, skilled=True)

    assert len({tuple(asked.items()) for asked in world.demands()}) == world.DEMANDS
    for asked in world.demands():
        assert sum(world.fits(agent.skills, asked) for agent in everyone) >= 150


def test_the_many_demands_differ_and_a_third_of_them_fit_an_agent() -> None:
    asked = waiting.many_demands()
    have = [agent.skills for agent in waiting.agents(waiting.twelve)]
    shares = [sum(world.fits(skills, each) for each in asked) / len(asked) for skills in have]

    assert len({tuple(each.items()) for each in asked}) == waiting.MANY
    assert 0.3 <= sum(shares) / len(shares) <= 0.4


def test_where_only_the_last_fits_all_others_of_the_line_go_before_it() -> None:
    tickets = waiting.ManyDemands(rare=200).tickets(300)
    last = [ticket for ticket in tickets if waiting.RARE in ticket.skills]

    assert len(last) == 200 // waiting.RARELY + 100
    assert tickets[200:] == last[-100:]
    assert min(ticket.priority for ticket in last) > max(
        ticket.priority for ticket in tickets if ticket not in last
    )


@pytest.mark.parametrize("peer", [LinearScan, Sqlite])
@pytest.mark.parametrize("skilled", [False, True])
def test_a_yardstick_assigns_to_whom_ticketroute_assigns(
    peer: type[LinearScan] | type[Sqlite], skilled: bool
) -> None:
    everyone = world.agents(40, skilled=skilled)
    desk = world.desk_of(everyone, strategy="average_load")
    other = peer(everyone, [], world.Work(skilled=skilled))

    for ticket in world.Work(skilled=skilled).tickets(30):
        assigned = world.assignment_in(desk.submit(ticket, at=0))
        other.submit(ticket)

        assert assigned is not None
        assert other.agent_of(ticket.id) == assigned.agent_id


def test_the_command_prints_the_table_and_writes_it_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    file = tmp_path / "figures.json"

    assert main(["--quick", "--suite", "timers,memory", "--rounds", "2", "--json", str(file)]) == 0

    printed = capsys.readouterr().out
    report = json.loads(file.read_text(encoding="utf-8"))
    assert "timers: set + move + cancel" in printed
    assert {row["title"].partition(":")[0] for row in report["rows"]} == {"timers", "memory"}
    assert {"machine", "python", "ticketroute"} <= report["facts"].keys()


def test_fail_exits_1_if_a_promise_falls_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.QUICK", TINY)
    monkeypatch.setattr("benchmarks.memory.TICKET", 1.0)

    assert main(["--quick", "--suite", "memory"]) == 0
    assert main(["--quick", "--suite", "memory", "--fail"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--suite", "cycel"],
            "no suite 'cycel'; there are cycle, peers, filters, waiting, timers",
        ),
        (["--strategy", "average"], "average_load"),
        (["--rounds", "0"], "give 1 or more"),
    ],
)
def test_a_slip_in_the_arguments_is_answered_with_what_is_allowed(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(arguments)

    assert exited.value.code == 2
    assert said in capsys.readouterr().err


def test_it_runs_from_the_root_of_the_repository() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "--quick" in result.stdout


@pytest.mark.parametrize("scenario", filters.scenarios(), ids=lambda scenario: scenario.name)
def test_a_masked_scan_assigns_to_whom_ticketroute_assigns(scenario: filters.Scenario) -> None:
    crowd = filters.Crowd(scenario, 40)
    desk, scan = filters.FilterDesk(crowd, strategy="average_load"), filters.MaskedScan(crowd)
    tickets = crowd.tickets()

    for _ in range(30):
        ticket = next(tickets)
        assert desk.decide(ticket) == scan.decide(ticket)
        desk.release(ticket)
