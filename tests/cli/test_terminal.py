"""What reaches a terminal, however narrow, whatever its encoding, and whatever a file holds."""

from __future__ import annotations

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ticketroute.cli.text import Table, clean

Run = Callable[..., Any]
Write = Callable[..., Path]

PROGRAM = [sys.executable, "-m", "ticketroute.cli"]
HEADER = "id,arrived,ended,queue,agent,priority"


@given(st.text())
def test_nothing_that_moves_a_cursor_is_left_in_clean_text(text: str) -> None:
    assert all(each.isprintable() or each in "\n\t" for each in clean(text))
    assert clean(clean(text)) == clean(text)


@given(
    names=st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=5),
    figures=st.lists(st.integers(0, 10**12), min_size=5, max_size=5),
    width=st.integers(10, 120),
    encoding=st.sampled_from(["utf-8", "ascii", "cp1252"]),
)
def test_figures_are_never_cut_and_nothing_is_padded(
    names: list[str], figures: list[int], width: int, encoding: str
) -> None:
    table = Table("Title", ("name", "first", "second"))
    for name, figure in zip(names, figures, strict=False):
        table.add(name, f"{figure:,}", f"{figure}s")
    lines = table.lines(width, encoding=encoding)

    assert all(line == line.rstrip() for line in lines)
    for line, figure in zip(lines[2:], figures, strict=False):
        assert line.split()[-2:] == [f"{figure:,}", f"{figure}s"]
        assert line.encode(encoding)
    figures_need = max(len(line.split()[-1]) + len(line.split()[-2]) for line in lines[2:])
    if width >= figures_need + 20:
        assert max(map(cell_len, lines)) <= width


def on_a_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "50", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert running.wait(timeout=60) == 0, running.stderr
    if running.stderr is not None:
        running.stderr.close()
    return shown.decode("utf-8")


def test_names_give_way_in_a_narrow_terminal_and_figures_do_not(csv_file: Write) -> None:
    path = csv_file(HEADER, *(f"{n},2026-01-01,,a queue of a long name,ana,1" for n in range(1200)))
    shown = on_a_terminal(["route", str(path), "--capacity=2"], 70, NO_COLOR="1")
    row = next(line for line in shown.splitlines() if line.startswith(" a queue"))
    assert "…" in row
    assert "1,198" in row
    assert len(row.rstrip()) <= 70


def test_control_characters_of_a_file_never_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "id,arrived,agent,\x1b[31mred\x1b]0;title\x07\n1,2026-01-01,ana,x\n", encoding="utf-8"
    )
    shown = on_a_terminal(["route", str(path), "-o", "-"], 100, NO_COLOR="1")
    assert "\x1b" not in shown
    assert "\x07" not in shown

    shown = on_a_terminal(["route", str(path)], 100, NO_COLOR="1")
    assert "\\x1b[31mred" in shown
    assert "\x1b]0;" not in shown


def test_an_error_escapes_what_a_file_holds(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,\x1b[2Jopened\n1,2026-01-01\n", encoding="utf-8")
    answer = run("route", path)
    assert answer.code == 2
    assert "\x1b" not in answer.err
    assert "\\x1b[2Jopened" in answer.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_name_that_cannot_be_written_is_escaped(csv_file: Write, encoding: str) -> None:
    path = csv_file(HEADER, "1,2026-01-01,,日本,Jörg,1")
    found = subprocess.run(
        [*PROGRAM, "route", str(path)],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )
    assert (found.returncode, found.stderr) == (0, b"")
    shown = found.stdout.decode(encoding)
    assert "\\u65e5\\u672c" in shown
    assert ("J\\xf6rg" if encoding == "ascii" else "Jörg") in shown


def test_what_is_told_of_a_column_is_escaped_too(csv_file: Write) -> None:
    path = csv_file("id,arrived,担当", "1,2026-01-01,ana")
    found = subprocess.run(
        [*PROGRAM, "route", str(path), "--map", "agent=担当"],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
    )
    assert (found.returncode, found.stderr) == (0, b"")
    assert b"agent=\\u62c5\\u5f53" in found.stdout


def test_an_empty_cell_at_the_end_of_a_row_is_not_padded() -> None:
    table = Table("Title", ("name", "note"), words=2)
    table.add("ana", "")
    table.add("ben", "a note")
    assert table.lines(80)[2] == " ana"


def test_a_second_ctrl_c_does_not_spoil_the_answer_to_the_first() -> None:
    code = (
        "import os, signal, sys\n"
        "from ticketroute.cli import program\n"
        "said = program._say\n"
        "def say(message):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    said(message)\n"
        "def interrupted(**_):\n"
        "    raise KeyboardInterrupt\n"
        "program._say, program.program.main = say, interrupted\n"
        "sys.exit(program.run([]))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (found.returncode, found.stderr) == (130, "Interrupted.\n")


def test_a_closed_standard_input_is_one_message(csv_file: Write) -> None:
    found = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} route - <&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.splitlines() == [
        "Error: standard input is closed; name a file, or send one to standard input"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_full_memory_is_one_message(csv_file: Write) -> None:
    path = csv_file("id,arrived,agent,notes", f"1,2026-01-01,ana,{'x' * 200_000_000}")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (250_000_000, 250_000_000))

    found = subprocess.run(
        [*PROGRAM, "route", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert len(found.stderr.splitlines()) == 1
    assert found.stderr.startswith("Error: the memory is full")


def test_ctrl_c_while_tickets_are_routed_is_one_word_and_130(csv_file: Write) -> None:
    path = csv_file(HEADER, *(f"{n},2026-01-01,,mail,ana,1" for n in range(60_000)))
    running = subprocess.Popen(
        [*PROGRAM, "route", str(path), "-s", "average_load", "-s", "round_robin", "-s", "random"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    opened = Path(f"/proc/{running.pid}/fd")
    if opened.is_dir():  # until the file is read, so that the program has begun
        until = time.monotonic() + 60
        while time.monotonic() < until and str(path) not in _open_files(opened):
            time.sleep(0.01)
    else:
        time.sleep(2)
    for _ in range(2):  # impatient people press it twice
        running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err.split()) == (130, "", ["Interrupted."])


def _open_files(folder: Path) -> set[str]:
    found = set()
    for each in folder.iterdir():
        try:
            found.add(str(each.readlink()))
        except OSError:
            continue
    return found


def test_one_thing_is_not_called_many(run: Run, csv_file: Write) -> None:
    answer = run("route", csv_file(HEADER, "1,2026-01-01,2026-01-02,mail,ana,1"))
    assert "1 ticket, 1 queue, 1 agent (derived" in answer.out
    assert "1 of 1 ticket has an ending" in answer.out
    assert "Of 1 ticket, 1 was assigned" in answer.out


def test_decisions_cannot_go_to_a_closed_standard_output(csv_file: Write) -> None:
    path = csv_file(HEADER, "1,2026-01-01,,mail,ana,1")
    found = subprocess.run(
        ["bash", "-c", f"{' '.join(PROGRAM)} route {path} -o - >&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 2
    assert found.stderr == "Error: standard output is closed; name a file with -o\n"
