"""``ticketroute report``, ``top`` and ``explain``: a made-up day on a configured desk."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Dispatcher
from ticketroute.cli.trial import Trial
from ticketroute.desk.config import Config
from ticketroute.model.events import TicketAssigned, TicketSubmitted
from ticketroute.testing import check

Run = Callable[..., Any]
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "desk" / "desk.toml")
SMALL = """
defaults.queue = "[mail]"
calendars.office = { zone = "America/New_York", hours = { mon = [["09:00", "17:00"]] } }
agents.ana = { capacity = 1 }
[queues.'[mail]']
members = ["ana"]
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("desk") / "small.toml"
    path.write_text(SMALL)
    return str(path)


def test_the_example_runs_a_whole_day() -> None:
    trial = Trial(Config.load(EXAMPLE), 1)
    events = list(trial.events())
    check(trial.desk)
    assert Dispatcher.replay(events).same_state(trial.desk)
    kinds = [type(event) for event in events]
    assert kinds.count(TicketSubmitted) == 480
    assert kinds.count(TicketAssigned) > 300
    tags = {
        tag for event in events if isinstance(event, TicketSubmitted) for tag in event.ticket.tags
    }
    assert {"sla:gold", "sla:silver", "refund", "outage", "premium"} <= tags


def test_the_same_seed_makes_the_same_day() -> None:
    config = Config.load(EXAMPLE)
    one, again, other = (list(Trial(config, seed).events()) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_report_fits_80_columns_and_names_the_best(run: Run) -> None:
    answer = run("report", "--config", EXAMPLE)
    assert answer.code == 0
    assert max(len(line.rstrip()) for line in answer.out.splitlines() if "Best" not in line) <= 80
    assert re.search(r"Best and worst queues by average speed of answer: \w+ with", answer.out)
    assert re.search(r"Jain 0\.\d\d, Gini 0\.\d\d", answer.out)


def test_rows_of_queues_add_up_to_those_of_priorities(run: Run) -> None:
    answer = run("report", "--config", EXAMPLE, "--csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert sum(int(row["offered"]) for row in rows) == 480
    assert {row["period"] for row in rows} == {"2026-03-02"}


def test_agents_can_be_had_as_json(run: Run) -> None:
    answer = run("report", "--config", EXAMPLE, "--json", "--agents")
    rows = json.loads(answer.out)
    assert len({row["agent"] for row in rows}) == 40
    assert all(0 <= row["occupancy"] <= 1 for row in rows if row["occupancy"] is not None)


def test_a_part_of_the_day_in_hours_of_the_calendars_zone(run: Run, small: str) -> None:
    whole = run("report", "--config", small, "--csv", "--period", "hour").out
    part = run(
        "report", "--config", small, "--csv", "--period", "hour",
        "--from", "2026-03-02T10:00", "--to", "2026-03-02T12:00-05:00",
    ).out  # fmt: skip
    periods = [row["period"] for row in csv.DictReader(io.StringIO(part))]
    assert set(periods) <= {"2026-03-02T10:00-0500", "2026-03-02T11:00-0500"}
    assert 0 < len(periods) < len(list(csv.DictReader(io.StringIO(whole))))


def test_a_page_is_written_and_nothing_is_printed(run: Run, small: str, tmp_path: Path) -> None:
    answer = run("report", "--config", small, "--html", str(tmp_path / "day.html"))
    assert (answer.code, answer.out) == (0, "")
    text = (tmp_path / "day.html").read_text(encoding="utf-8")
    assert '<th scope="row">[mail]</th>' in text
    assert text.endswith("</html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "20"], "--target is '20'; it must be a span with its units"),
        (["--from", "yesterday"], "--from is 'yesterday'; it must be a date or a time"),
        (["--from", "2026-03-03", "--to", "2026-03-02"], "--to is '2026-03-02'; it must not be"),
        (["--zone", "Berlin"], "zone is 'Berlin'"),
        (["--period", "year"], "is not one of"),
        (["--html", "/no/such/folder/x.html"], "cannot be written"),
    ],
)
def test_an_option_that_makes_no_sense_ends_with_2(
    run: Run, small: str, arguments: list[str], message: str
) -> None:
    answer = run("report", "--config", small, *arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert message in answer.err


@pytest.mark.parametrize("command", [["report"], ["top"], ["explain", "T0001"]])
def test_a_configuration_that_cannot_be_read_ends_with_2(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    path = tmp_path / "desk.toml"
    path.write_text("agents.ana.capcity = 3\n")
    answer = run(*command, "--config", str(path))
    assert answer.code == 2
    assert "did you mean 'capacity'?" in answer.err


def test_top_shows_the_desk_at_an_instant_in_80_columns(run: Run) -> None:
    answer = run("top", "--config", EXAMPLE, "--at", "14:30")
    assert answer.code == 0
    assert answer.out.startswith("2026-03-02 14:30:00 Europe/Berlin, ")
    assert max(len(line.rstrip()) for line in answer.out.splitlines()) <= 80
    for title in ("Queues", "Agents", "Offers that ring", "Nearest deadlines"):
        assert title in answer.out


def test_names_of_the_host_are_no_markup(run: Run, small: str) -> None:
    assert "[mail]" in run("report", "--config", small).out


def test_top_counts_what_waits(run: Run, small: str) -> None:
    trial = Trial(Config.load(small), 1)
    trial.play(1_772_476_200_000)  # 2026-03-02 13:30 in New York
    waiting, load = len(trial.desk.waiting("[mail]")), trial.desk.agent("ana").load
    assert waiting
    assert load
    answer = run("top", "--config", small, "--at", "13:30")
    row = next(line for line in answer.out.splitlines() if "[mail]" in line)
    assert int(row.split()[2]) == waiting
    assert "ana    available   1/1  ####################" in answer.out


def test_explain_tells_why(run: Run, small: str) -> None:
    answer = run("explain", "T0001", "--config", small, "--at", "18:00")
    assert answer.code == 0
    assert "ticket T0001 in queue [mail]" in answer.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "nobody"], "no ticket 'nobody' on this desk"),
        (["explain", "T0001", "--at", "25:00"], "--at is '25:00'; it must be a time of the day"),
        (["top", "--at", "noon"], "--at is 'noon'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    run: Run, small: str, arguments: list[str], message: str
) -> None:
    answer = run(*arguments, "--config", small)
    assert answer.code in (1, 2)
    assert message in answer.err
