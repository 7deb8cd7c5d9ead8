from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ticketroute.cli import main

Run = Callable[..., "Answer"]


class Answer:
    """What a run of the program said, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def message(self) -> str:
        """What was said to standard error, on one line: the terminal's width does not matter."""
        return " ".join(self.err.split())


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program as the shell does, in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run_it(*arguments: str | Path) -> Answer:
        capfd.readouterr()
        code = main([str(each) for each in arguments])
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return run_it


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    """Write lines to a file and return its path."""

    def write(*lines: str, name: str = "tickets.csv") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write
