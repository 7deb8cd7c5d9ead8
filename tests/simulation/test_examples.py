"""The scripts in ``examples/`` run as they are, and say what they are for."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    result = subprocess.run(
        [sys.executable, str(path), str(report)],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )

    assert result.returncode == 0, result.stderr
    assert "seniors_first: wait" in result.stdout
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
