"""Seeds the bugs of ``bugs.py`` one by one and expects the tests to fail.

    python tests/seeded/seed_bugs.py            all of them
    python tests/seeded/seed_bugs.py gate ring  those whose file or text has one of the words

Each is made in a copy of the tree, so that nothing is left behind. Exits with 1 if one survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bugs import BUGS, Bug

ROOT = Path(__file__).parents[2]
COPIED = ("src", "tests", "pyproject.toml", "README.md")
SECONDS = 600  # after which a run that hangs counts as red


def failure_of(bug: Bug, tree: Path) -> str | None:
    """Return the first test that fails with the bug in place, or None if all pass."""
    file = tree / "src" / "ticketroute" / bug.file
    right = file.read_text(encoding="utf-8")
    file.write_text(right.replace(bug.old, bug.new), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "HYPOTHESIS_PROFILE": "hunt"}
    options = ("-q", "-x", "-p", "no:cacheprovider", "--timeout=0")
    command = [sys.executable, "-m", "pytest", *options, *bug.tests]
    try:
        run = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "did not end"
    finally:
        file.write_text(right, encoding="utf-8")
    if run.returncode == 0:
        return None
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else f"exit {run.returncode}"


def main(words: list[str]) -> int:
    chosen = [bug for bug in BUGS if not words or any(w in bug.file + bug.wrong for w in words)]
    survived = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        for bug in chosen:
            start = perf_counter()
            failed = failure_of(bug, tree)
            survived += failed is None
            took = f"{perf_counter() - start:4.0f} s"
            print(f"{took}  {bug.file:28} {bug.wrong:60} {failed or 'SURVIVED'}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
