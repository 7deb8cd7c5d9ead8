"""Programs of the README and the tutorials type-check as they stand, and wrong calls do not."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]
WRONG = Path(__file__).parent / "wrong_calls.txt"


def _mypy(folder: Path, *names: str) -> tuple[int, list[str]]:
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, (ran.stdout + ran.stderr).splitlines()


def program_of(page: Path) -> str:
    """Return what a page tells the interpreter, as one program."""
    parser = doctest.DocTestParser()
    examples = parser.get_examples(page.read_text(encoding="utf-8"), page.name)
    return "".join(example.source for example in examples)


def test_the_programs_of_the_readme_and_of_the_tutorials_type_check(tmp_path: Path) -> None:
    names = []
    for number, page in enumerate(PAGES):
        program = program_of(page)
        if program and "class " not in program:
            names.append(f"page_{number}_{page.stem.lower().replace('-', '_')}.py")
            (tmp_path / names[-1]).write_text(program, encoding="utf-8")
    assert names

    code, said = _mypy(tmp_path, *names)
    assert code == 0, "\n".join(said)


@pytest.mark.parametrize(
    "call",
    [line for line in WRONG.read_text(encoding="utf-8").splitlines() if line.strip()],
)
def test_a_wrong_call_does_not_type_check(call: str, wrong_calls: dict[str, bool]) -> None:
    assert wrong_calls[call], f"mypy accepts {call}"


@pytest.fixture(scope="module")
def wrong_calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Return for each wrong call whether mypy refuses it; all are checked in one run."""
    calls = [line for line in WRONG.read_text(encoding="utf-8").splitlines() if line.strip()]
    head = [
        "from ticketroute import Agent, Dispatcher, Queue, Ticket",
        "from ticketroute.commands import Accept, Submit",
        "from ticketroute.events import TicketAssigned",
        "desk = Dispatcher()",
    ]
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "wrong.py").write_text("\n".join([*head, *calls, ""]), encoding="utf-8")
    _, said = _mypy(folder, "wrong.py")
    refused = {int(line.split(":")[1]) for line in said if ": error:" in line}
    return {call: len(head) + number in refused for number, call in enumerate(calls, start=1)}
