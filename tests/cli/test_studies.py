"""``compare`` and ``replay`` as people meet them."""

import csv
from pathlib import Path

import pytest

from ticketroute.cli import main

DESK = """
length = "60h"
[[agents]]
id = "fast"
capacity = 1
pace = 0.6
[[agents]]
id = "slow"
capacity = 1
pace = 2.0
[[queues]]
id = "mail"
[[tickets]]
name = "mail"
queue = "mail"
handling = { law = "exponential", mean = "1h" }
arrivals = { per_hour = 1.2 }
[compare]
strategies = ["random", "top_down"]
figure = "resolution"
"""
LOG = "id,opened,resolved,group,owner,made_sla\n" + "".join(
    f"{n},2026-03-02T{9 + n // 4:02}:{n % 4 * 15:02}Z,2026-03-02T{10 + n // 4:02}:{n % 4 * 15:02}Z,"
    f"mail,{'ab'[n % 2]},{'true' if n % 3 else 'false'}\n"
    for n in range(32)
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(DESK, encoding="utf-8")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_compare_answers_first_and_writes_report_and_figures(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, figures = tmp_path / "out.html", tmp_path / "figures.csv"
    code = main(
        ["compare", str(desk), "-n", "3", "-w", "1", "--report", str(report),
         "--figures", str(figures)]
    )  # fmt: skip
    out = capsys.readouterr().out

    assert code == 0
    assert out.splitlines()[0].startswith(("Take top_down", "No alternative"))
    assert "Mean time to" in out
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    rows = list(csv.DictReader(figures.read_text(encoding="utf-8").splitlines()))
    assert {row["scenario"] for row in rows} == {"random", "top_down"}
    assert {row["replication"] for row in rows} == {"0", "1", "2"}


def test_the_same_seed_prints_the_same(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("7", "7", "8"):
        main(["compare", str(desk), "-n", "2", "-w", "1", "--seed", seed])
        said.append(capsys.readouterr().out)

    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (("pace = 2.0", "pace = 0"), [], "agents[1]: Worker.pace is 0"),
        (("per_hour = 1.2", "per_hour = 12"), [], "has a load of 5.5"),
        (("", ""), ["-s", "astrology"], "astrology"),
        (("", ""), ["--figure", "speed"], "figure is 'speed'"),
        (("", ""), ["--report", "no/such/folder.html"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    desk: Path,
    change: tuple[str, str],
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk.write_text(DESK.replace(*change), encoding="utf-8")
    code = main(["compare", str(desk), "-n", "2", "-w", "1", *arguments])
    said = capsys.readouterr().err

    assert code != 0
    assert message in said
    assert "Traceback" not in said


def test_replay_compares_with_what_was_recorded(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "out.html"
    code = main(
        ["replay", str(log), "--map", "arrived=opened", "--map", "ended=resolved",
         "--map", "agent=owner", "-s", "random", "-n", "2", "-w", "1", "--allow-overload",
         "--report", str(report)]
    )  # fmt: skip
    out = capsys.readouterr().out

    assert code == 0
    assert "as recorded" in out
    assert "Assumed: 32 tickets from 2026-03-02 to 2026-03-02, 2 agents" in out
    assert "Assumed: fit, waits: " in out
    assert "From the log" in report.read_text(encoding="utf-8")


def test_replay_takes_a_window_and_a_service_level(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        ["replay", str(log), "--map", "arrived=opened", "--map", "ended=resolved",
         "--map", "agent=owner", "-s", "random", "-n", "2", "-w", "1", "--allow-overload",
         "--until", "2026-03-02T12:00", "--resolve-within", "normal=2h"]
    )  # fmt: skip
    out = capsys.readouterr().out

    assert code == 0
    assert "Assumed: 12 tickets" in out
    assert "service level, normal: resolved in 2 h" in out


def test_a_flag_that_is_none_is_said_with_its_row(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_text(LOG.replace("a,false", "a,perhaps", 1), encoding="utf-8")
    code = main(
        ["replay", str(log), "--map", "arrived=opened", "--map", "ended=resolved",
         "--map", "agent=owner"]
    )  # fmt: skip

    assert code == 2
    assert "row 2: column 'made_sla' is 'perhaps'" in capsys.readouterr().err


def test_staff_finds_the_fewest_agents(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(
        ["staff", str(desk), "--agents", "slow", "--figure", "waited", "--at-most", "0.3",
         "--most", "8", "-n", "3", "-w", "1"]
    )  # fmt: skip
    out = capsys.readouterr().out

    assert code == 0
    assert "agents of 'slow' are enough: had to wait is" in out
    assert int(out.split()[0]) in range(2, 8)


def test_staff_wants_one_target_and_a_known_entry(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["staff", str(desk), "--agents", "slow"]) == 2
    assert "either --at-least or --at-most" in capsys.readouterr().err
    assert main(["staff", str(desk), "--agents", "nobody", "--at-least", "1"]) == 2
    assert "--agents is 'nobody'; it must be one of fast, slow" in capsys.readouterr().err
