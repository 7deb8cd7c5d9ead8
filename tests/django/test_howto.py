"""The how-to page of Django, done word for word by a new user in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django", "5.2")

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "django.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`([\w/]+\.py)`( add)?:\n\n$")


def pattern_of(expected: str) -> str:
    """Return what matches the output that a page shows, '...' standing for any lines."""
    return re.escape(expected.strip()).replace(r"\.\.\.", ".*")


def commands_of(block: str) -> list[tuple[str, str]]:
    """Return each command of a console with the output below it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def run(command: str, folder: Path) -> str:
    bin_folder = Path(sys.executable).parent
    environment = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "80",
    }
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}"
    return ran.stdout


def test_a_new_project_works_by_the_page_alone(tmp_path: Path) -> None:
    text, done = PAGE.read_text(), 0
    for found in BLOCK.finditer(text):
        kind, block = found.groups()
        if kind == "python":
            named = FILE.search(text[: found.start()])
            assert named is not None, f"no file is named before:\n{block}"
            path = tmp_path / named[1]
            before = path.read_text() if named[2] else ""
            path.write_text(before + "\n" + block)
            continue
        for command, expected in commands_of(block):
            if command.startswith("pip install"):
                continue  # what it installs is what is tested
            told = run(command, tmp_path)
            done += 1
            if expected.strip():
                matches = re.fullmatch(pattern_of(expected), told.strip(), re.DOTALL)
                assert matches, f"$ {command}\n{told}"
    assert done == 8
