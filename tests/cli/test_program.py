from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ticketroute.cli.program import program
from ticketroute.strategies import registry

Run = Callable[..., Any]
Write = Callable[..., Path]

PROGRAM = [sys.executable, "-m", "ticketroute.cli"]


def in_shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "TICKETROUTE": " ".join(PROGRAM), **environment},
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["route", "-h"], ["demo", "-h"]])
def test_help_fits_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        answer = run(*arguments)
        text = answer.out + answer.err

        assert text.startswith("Usage: ticketroute")
        assert max(len(line) for line in text.splitlines()) <= 80


def test_commands_can_be_called_as_click_commands() -> None:
    found = CliRunner().invoke(program, ["strategies"])
    assert found.exit_code == 0
    assert "round_robin" in found.output


def test_the_version_is_that_of_the_package(run: Run) -> None:
    answer = run("--version")
    assert answer.code == 0
    assert answer.out.startswith("ticketroute, version ")


@pytest.mark.parametrize("arguments", [["rout"], ["--nonsense"], ["route"], ["demo", "--seed=x"]])
def test_what_the_command_line_has_wrong_is_said_to_standard_error(
    run: Run, arguments: list[str]
) -> None:
    answer = run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Error: " in answer.err


def test_every_strategy_is_listed_on_one_screen(run: Run) -> None:
    answer = run("strategies")
    lines = answer.out.splitlines()

    assert answer.code == 0
    assert len(lines) <= 24 + len(registry.names()) - len(registry.BUILT_IN)
    assert max(len(line) for line in lines) <= 80
    for name in registry.names():
        assert any(line.startswith(f"{name} ") for line in lines)


def test_a_broken_plug_in_does_not_hide_the_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(name: str) -> str:
        if name == "random":
            raise registry.BrokenStrategyError("random", "some package", "it fell over")
        return "Somebody."

    monkeypatch.setattr(registry, "describe", describe)
    answer = run("strategies")

    assert answer.code == 0
    assert "it fell over" in answer.out
    assert "round_robin" in answer.out


@pytest.mark.parametrize("command", ["strategies", "demo", "route --help", "route $FILE -o -"])
def test_a_closed_pipe_ends_the_program_quietly(csv_file: Write, command: str) -> None:
    lines = [f"{n},2026-01-01,mail,ana" for n in range(20_000)]  # more than a pipe holds
    path = csv_file("id,arrived,queue,agent", *lines)

    found = in_shell(
        f"$TICKETROUTE {command} 2>err.$$ | head -c 1; s=$?; grep -c Trace err.$$; "
        "rm err.$$; exit $s",
        FILE=str(path),
    )

    assert (found.returncode, found.stdout[1:].strip(), found.stderr) == (0, "0", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_message() -> None:
    found = in_shell("$TICKETROUTE strategies > /dev/full")
    assert found.returncode == 1
    assert found.stderr.startswith("Error: standard output cannot be written")
    assert len(found.stderr.splitlines()) == 1


def test_a_closed_standard_output_is_no_error() -> None:
    found = in_shell("$TICKETROUTE strategies >&-")
    assert (found.returncode, found.stderr) == (0, "")


def test_ctrl_c_is_one_word_and_130(csv_file: Write) -> None:
    fifo = csv_file("x").with_name("fifo")
    os.mkfifo(fifo)
    running = subprocess.Popen(
        [*PROGRAM, "route", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with fifo.open("w") as held_open:  # opens as soon as the program reads it
        held_open.write("id,arrived,agent\n")
        held_open.flush()
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)

    assert (running.returncode, out, err.split()) == (130, "", ["Interrupted."])


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_the_program_says_how_to_install_it(missing: str) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from ticketroute.cli import main; sys.exit(main([]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )

    assert (found.returncode, found.stdout) == (1, "")
    assert "pip install 'ticketroute[cli]'" in found.stderr
    assert missing in found.stderr
    assert "Traceback" not in found.stderr


def test_a_module_missing_for_another_reason_is_not_hidden() -> None:
    code = (
        "import sys; sys.modules['ticketroute.core.dispatcher'] = None\n"
        "from ticketroute.cli import main; main([])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "ticketroute.core.dispatcher" in found.stderr
    assert "ticketroute[cli]" not in found.stderr


def test_progress_is_shown_on_standard_error_when_that_is_a_terminal(csv_file: Write) -> None:
    path = csv_file("id,arrived,agent", *(f"{n},2026-01-01,ana" for n in range(200)))
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [*PROGRAM, "route", str(path)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        text=True,
    )
    out, _ = running.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode("utf-8", "replace")
    os.close(ours)

    assert "Routing" in shown
    assert "/200" in shown
    assert "Routing" not in out
    assert "Of 200 tickets" in out
