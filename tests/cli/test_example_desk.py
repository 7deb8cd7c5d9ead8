"""The example desk: one configuration that drives every command."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketroute.cli.described import described
from ticketroute.desk.config import Config
from ticketroute.errors import InvalidValueError
from ticketroute.simulation import Run
from ticketroute.simulation.reading import plan_from, read_plan
from ticketroute.testing import check

FOLDER = Path(__file__).parents[2] / "examples" / "desk"
DESK, STUDY = FOLDER / "desk.toml", FOLDER.parent / "study.toml"
Answers = Callable[..., Any]


def test_it_is_as_large_as_a_real_one() -> None:
    config = Config.load(DESK)
    parts = (config.queues, config.agents, config.calendars, config.policies, config.rules.rules)
    assert [len(part) for part in parts] == [6, 40, 4, 3, 20]


def test_every_command_takes_it(run: Answers, tmp_path: Path) -> None:
    desk, kept = str(DESK), str(tmp_path / "desk.db")
    checked = run("check", desk)
    assert (checked.code, checked.out.endswith("nothing that can never work\n")) == (0, True)
    assert run("apply", desk, kept, "--create").out.count("add queue") == 6
    assert json.loads(run("top", kept, "--json").out)["open"] == 0
    rows = list(csv.DictReader(io.StringIO(run("report", "--config", desk, "--csv").out)))
    assert len(rows) == 6
    demo = run("demo", "--config", desk)
    assert "A day of 480 tickets (seed 1); billing: average_load" in demo.out
    assert "One decision explained:" in demo.out


def test_the_demo_takes_another_strategy_and_several_seeds(run: Answers, tmp_path: Path) -> None:
    desk = str(DESK)
    other = run("demo", "--config", desk, "-s", "round_robin", "-o", str(tmp_path / "made.csv"))
    assert "billing: round_robin" in other.out
    assert len((tmp_path / "made.csv").read_text().splitlines()) == 481
    several = run("demo", "--config", desk, "--seeds", "1-2").out
    assert "2 days, one strategy for each department" in several
    bad = tmp_path / "bad.toml"
    bad.write_text("agents.ana.capcity = 1")
    refused = run("demo", "--config", str(bad))
    assert (refused.code, "did you mean 'capacity'?" in refused.err) == (2, True)


def test_a_study_runs_on_the_desk_of_a_configuration() -> None:
    plan = read_plan(STUDY, describes=described)
    scenario = plan.scenarios["average_load"]
    config = Config.load(DESK)
    assert {queue.id for queue in scenario.queues} == set(config.queues)
    assert scenario.policies == config.policies
    assert scenario.defaults == config.defaults
    for worker in scenario.workers:
        shift = config.agents[worker.agent.id].shift
        assert worker.hours == (None if shift is None else config.calendars[shift])
        assert worker.agent.shift is None
    done = Run(scenario, seed="1").go()
    check(done.desk)
    assert {queue.sla for queue in done.desk.queues()} == {None, "standard"}
    assert len(done.records) > 300


def test_a_desk_whose_escalations_move_tickets_can_be_simulated(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text(
        """
        agents.ana = {}
        queues.mail = { members = ["ana"], sla = "p" }
        queues.late = { members = ["ana"] }
        [[policies]]
        id = "p"
        [policies.targets.resolution]
        within = "1m"
        escalations = [{ offset = "0s", move_to = "late" }]
        """
    )
    study = tmp_path / "study.toml"
    study.write_text(
        """
        desk = "desk.toml"
        length = "2h"
        [[tickets]]
        name = "mail"
        queue = "mail"
        handling = "30min"
        arrivals.per_hour = 20
        """
    )
    (scenario,) = read_plan(study, describes=described).scenarios.values()
    run = Run(scenario, seed="1").go()
    check(run.desk)
    assert any(view.queue_id == "late" for view in run.desk.tickets())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("desk = 7", "the path of a configuration"),
        ("desk = 'desk.toml'\nagents = [{ id = 'x' }]", "the file of the key desk has them"),
        ("desk = 'nowhere.toml'", "a file that can be read"),
    ],
)
def test_a_study_on_a_desk_that_cannot_be_read_is_refused(
    run: Answers, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "desk.toml").write_text("agents.ana = {}")
    (tmp_path / "study.toml").write_text(f"{text}\n")
    answer = run("compare", str(tmp_path / "study.toml"))
    assert answer.code == 2
    assert message in answer.err


def test_a_study_without_a_file_names_no_desk() -> None:
    with pytest.raises(InvalidValueError, match="desk"):
        plan_from({"desk": "desk.toml", "length": "1h"})
