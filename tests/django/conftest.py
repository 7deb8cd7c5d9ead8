"""The example in a virtual environment of its own, with django-helpdesk from the package index.

Run as a program, this makes the environment and does no more.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

collect_ignore = ["interleave.py"]  # a program of its own, with Django set up
ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "django_helpdesk"
WANTED = ("django-helpdesk==2.6.*", "django>=5.2,<5.3", "gunicorn>=23", "psycopg[binary]>=3.2")
OURS = ("attrs>=23.2", "cattrs>=23.2", "sortedcontainers>=2.4", "click>=8.1", "rich>=13")
INSTALL = 240  # seconds, at most
CI = os.environ.get("CI") == "true"


def environment() -> Path:
    """Return the folder of the environment for these versions."""
    key = hashlib.sha256(repr((WANTED, OURS, sys.version)).encode()).hexdigest()[:12]
    return ROOT / "build" / f"helpdesk-{key}"


def install(folder: Path) -> None:
    """Make the environment, unless another run has."""
    done = folder / "done"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        pip = [str(folder / "venv/bin/python"), "-m", "pip", "install", "-q", *WANTED, *OURS]
        subprocess.run(pip, check=True, timeout=INSTALL, capture_output=True)
        done.touch()


class Project:
    """The example with data of its own."""

    def __init__(self, python: Path, data: Path, **environment: str) -> None:
        self.python, self.data = python, data
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        self.environment = {
            **keep,
            "PYTHONPATH": str(ROOT / "src"),
            "HELPDESK_DATA": str(data),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }

    def manage(self, *words: str, check: bool = True, **environment: str) -> Any:
        """Run a command of manage.py; return what it printed and how it ended."""
        ran = subprocess.run(
            [self.python, "manage.py", *words],
            cwd=EXAMPLE,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or ran.returncode == 0, ran.stdout + ran.stderr
        return ran

    def migrate(self) -> None:
        """Make the tables; of SQLite they are made once in a run, and copied."""
        if "DATABASE_URL" in self.environment:
            self.manage("migrate", "-v", "0")
            return
        made = self.python.parents[2] / f"migrated-{os.getpid()}.sqlite3"
        if not made.exists():
            self.manage("migrate", "-v", "0")
            shutil.copy(self.data / "db.sqlite3", made)
        else:
            shutil.copy(made, self.data / "db.sqlite3")

    def shell(self, code: str) -> str:
        """Run code in the project; return what it printed."""
        return str(self.manage("shell", "-v", "0", "-c", code).stdout).strip()

    @contextmanager
    def served(self, *options: str, **environment: str) -> Iterator[str]:
        """Serve the project by gunicorn; yield its address."""
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        words = ["-m", "gunicorn", "site_of_helpdesk.wsgi", "-b", f"127.0.0.1:{port}", *options]
        with (self.data / "gunicorn.log").open("w") as log:
            process = subprocess.Popen(
                [self.python, *words],
                cwd=EXAMPLE,
                env={**self.environment, **environment},
                stdout=log,
                stderr=log,
            )
            try:
                wait_for(address)
                yield address
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)


def wait_for(address: str) -> None:
    end = monotonic() + 30
    while True:
        try:
            urlopen(f"{address}/login/", timeout=5).close()  # noqa: S310  a server of ours
        except (URLError, OSError):
            if monotonic() > end:
                raise
            sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def helpdesk_python() -> Iterator[Path]:
    """The interpreter of an environment with django-helpdesk; skips without a package index."""
    folder = environment()
    try:
        install(folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        why = f"django-helpdesk could not be installed: {fault}"
        if CI:
            pytest.fail(why)
        pytest.skip(why)
    yield folder / "venv/bin/python"
    (folder / f"migrated-{os.getpid()}.sqlite3").unlink(missing_ok=True)


@pytest.fixture
def make(helpdesk_python: Path, tmp_path: Path) -> Callable[..., Project]:
    """What makes the example with this environment; on SQLite if nothing else is said."""
    return partial(Project, helpdesk_python, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.external)])
def project(request: pytest.FixtureRequest, helpdesk_python: Path, tmp_path: Path) -> Project:
    """The example on an empty database of either kind."""
    environment = {}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres")
    return Project(helpdesk_python, tmp_path, **environment)


if __name__ == "__main__":
    install(environment())
