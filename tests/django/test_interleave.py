"""Transactions of Django that commit, die and roll back to savepoints, on two connections."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django", "5.2")

HERE = Path(__file__).parent
STEPS = 1_000


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.external)])
def test_rows_and_events_commit_and_vanish_together(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = str(tmp_path / "db.sqlite3")
    if kind == "postgres":
        address = request.getfixturevalue("postgres")
    steps = STEPS if kind == "sqlite" else STEPS // 4
    ran = subprocess.run(
        [sys.executable, str(HERE / "interleave.py"), address, "1", str(steps)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1] / "src")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(ran.stdout.split()[0]) > steps / 2
