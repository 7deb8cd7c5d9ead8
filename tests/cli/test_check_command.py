"""``ticketroute check``: what it says of a file, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
EXAMPLE = Path(__file__).parents[2] / "examples" / "desk" / "desk.toml"


def test_a_configuration_that_works_ends_with_0(run: Run) -> None:
    answer = run("check", str(EXAMPLE))
    assert answer.code == 0
    assert answer.out == (
        "6 queues, 40 agents, 4 calendars, 3 policies, 20 rules: nothing that can never work\n"
    )


def test_what_can_never_work_ends_with_1(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("queues.mail = {}\nrules = [{ name = 'r', then = { skills = ['[x]'] } }]\n")
    answer = run("check", str(path))
    assert answer.code == 1
    assert f"{path}: queues.mail.members: nobody serves this queue" in answer.out
    assert "nobody has the skill '[x]'" in answer.out
    assert answer.out.endswith("2 that can never work\n")


def test_a_calendar_that_ended_is_found_by_the_present(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(
        "calendars.x = { zone = 'UTC', shifts = { 2020-01-06 = [['09:00', '12:00']] } }\n"
        "policies = [{ id = 'p', calendar = 'x', targets.resolution.within = '1h' }]\n"
    )
    answer = run("check", str(path))
    assert answer.code == 1
    assert "closes for good" in answer.out


def test_all_that_is_wrong_is_told_and_ends_with_2(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("agents.ana.capcity = 3\nqueues.mail.members = ['anna']\n")
    answer = run("check", str(path))
    assert answer.code == 2
    assert answer.out == ""
    assert "the configuration has 2 problems:" in answer.err
    assert "did you mean 'capacity'?" in answer.err
    assert "did you mean 'ana'?" in answer.err


@pytest.mark.parametrize("arguments", [["check"], ["check", "no-such-file.toml"]])
def test_without_a_file_it_ends_with_2(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.code == 2
    assert answer.out == ""


def test_the_schema_is_json(run: Run) -> None:
    answer = run("check", "--schema")
    assert answer.code == 0
    assert "queues" in json.loads(answer.out)["properties"]
