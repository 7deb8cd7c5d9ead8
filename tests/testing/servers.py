"""Servers of the tests' own: PostgreSQL and pgbouncer, on private sockets, stopped afterwards.

``tests/conftest.py`` has the fixtures, so that all tests of a run share one PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

PROGRAMS = Path("/usr/lib/postgresql")
START = 30.0  # seconds
NAMES = count(1)
CI = os.environ.get("CI") == "true"


def psycopg() -> Any:
    """Return the driver, or skip."""
    return pytest.importorskip("psycopg")


def absent(what: str) -> None:
    """Skip for what is not installed; in CI that is a failure."""
    if CI:
        pytest.fail(f"{what} is not installed, and CI has to have it")
    pytest.skip(f"{what} is not installed")


def programs() -> Path | None:
    """Return the folder of initdb and postgres, of the latest version there is."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [each for each in PROGRAMS.glob("*/bin") if (each / "initdb").exists()]
    return max(found, key=lambda each: int(each.parent.name), default=None)


def rights(name: str = "postgres") -> dict[str, Any]:
    """Return as whom servers run: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    import pwd  # noqa: PLC0415  not on Windows

    account = pwd.getpwnam(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Server:
    """A running PostgreSQL."""

    def __init__(self, folder: str, bin_folder: Path) -> None:
        self.folder, self.bin = folder, bin_folder
        self.process: subprocess.Popen[bytes] | None = None

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://desk@/{database}?host={self.folder}"

    def start(self) -> None:
        command = [f"{self.bin}/postgres", "-D", f"{self.folder}/d", "-k", self.folder]
        command += ["-c", "listen_addresses=", "-c", "max_connections=60", "-c", "fsync=off"]
        self.process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **rights(),
        )
        wait_for(lambda: closing(self.connect()).__enter__().close())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START)
            self.process = None

    def connect(self, database: str = "postgres", **options: Any) -> Any:
        return psycopg().connect(self.address(database), autocommit=True, **options)

    def database(self) -> str:
        """Create a database and return its address."""
        name = f"d{next(NAMES)}"
        with closing(self.connect()) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)


def wait_for(works: Callable[[], object]) -> None:
    end = monotonic() + START
    while True:
        try:
            works()
        except Exception:
            if monotonic() > end:
                raise
            sleep(0.02)
        else:
            return


@contextmanager
def running_server() -> Iterator[Server]:
    """Make a cluster in a temporary folder and run it."""
    bin_folder = programs()
    if bin_folder is None:
        absent("PostgreSQL")
    assert bin_folder is not None
    folder = tempfile.mkdtemp(prefix="desk-")
    try:
        if rights():
            shutil.chown(folder, rights()["user"], rights()["group"])
        init = [f"{bin_folder}/initdb", "-D", f"{folder}/d", "-U", "desk", "-A", "trust"]
        init += ["-E", "UTF8", "--no-locale", "--no-sync"]
        subprocess.run(init, cwd=folder, check=True, capture_output=True, **rights())
        server = Server(folder, bin_folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL that all tests of a run share."""
    psycopg()
    with running_server() as running:
        yield running


@pytest.fixture
def postgres(server: Server) -> str:
    """The address of an empty database."""
    return server.database()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A PostgreSQL of one test's own, to be stopped and started."""
    psycopg()
    with running_server() as running:
        yield running


@pytest.fixture
def pgbouncer(server: Server) -> Iterator[str]:
    """The address of an empty database, through pgbouncer in transaction mode."""
    program = shutil.which("pgbouncer")
    if program is None:
        absent("pgbouncer")
    assert program is not None
    name = server.database().split("/")[3].split("?")[0]
    folder = tempfile.mkdtemp(prefix="pool-")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path(f"{folder}/users").write_text('"desk" ""\n')
    Path(f"{folder}/ini").write_text(
        f"[databases]\n{name} = host={server.folder} user=desk\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\nauth_file = {folder}/users\npool_mode = transaction\n"
        "default_pool_size = 3\nmax_client_conn = 50\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    if rights():
        for path in (folder, f"{folder}/users", f"{folder}/ini"):
            shutil.chown(path, rights()["user"], rights()["group"])
    process = subprocess.Popen(
        [program, f"{folder}/ini"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **rights(),
    )
    address = f"postgresql://desk@127.0.0.1:{port}/{name}"
    try:
        wait_for(lambda: psycopg().connect(address).close())
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START)
        shutil.rmtree(folder, ignore_errors=True)
