"""Servers of others for one run: in a temporary folder, on a private socket, stopped afterwards."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from benchmarks.calendar_peers import found
from benchmarks.table import ABSENT

NO_REDIS, NO_POSTGRES = "no redis-server on PATH", "no PostgreSQL found"
NO_USER = "root, and no user postgres"  # as root, PostgreSQL refuses to run
NO_START = "the server did not start"
REASONS = (ABSENT, NO_REDIS, NO_POSTGRES, NO_USER, NO_START)
DEBIAN = Path("/usr/lib/postgresql")  # holds <version>/bin, which is not on the PATH
_START = 30.0  # seconds


class MissingError(Exception):
    """A server cannot be had here; the text says why."""


@contextmanager
def redis_client() -> Iterator[Any]:
    """Start Redis, which keeps everything in memory and writes nothing, and yield a client."""
    package, program = found("redis"), shutil.which("redis-server")
    if package is None:
        raise MissingError(ABSENT)
    if program is None:
        raise MissingError(NO_REDIS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        socket = f"{folder}/s"
        command = [program, "--port", "0", "--unixsocket", socket, "--dir", folder]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        client = package.Redis(unix_socket_path=socket, decode_responses=True)
        with _running(command, signal.SIGTERM):
            _until(client.ping, package.RedisError)
            try:
                yield client
            finally:
                client.close()


@contextmanager
def postgres_connection() -> Iterator[Any]:
    """Start PostgreSQL as it comes, so that a commit is on disk, and yield a connection."""
    package, programs = found("psycopg"), _postgres_programs()
    if package is None:
        raise MissingError(ABSENT)
    if programs is None:
        raise MissingError(NO_POSTGRES)
    user = _other_user()
    folder = tempfile.mkdtemp(prefix="bench-")
    try:
        if user:
            shutil.chown(folder, **user)
        data = f"{folder}/d"
        init = [f"{programs}/initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"]
        _call([*init, "--no-locale", "--no-sync"], folder, user)
        command = [f"{programs}/postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
        with _running(command, signal.SIGINT, folder, user):
            address = f"host={folder} user=bench dbname=postgres"
            connection = _until(
                lambda: package.connect(address, autocommit=True), package.OperationalError
            )
            try:
                yield connection
            finally:
                connection.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def versions() -> dict[str, str]:
    """Return the versions of the servers that can be had, for a figure needs them beside it."""
    folder = _postgres_programs()
    programs = {
        "redis-server": shutil.which("redis-server"),
        "postgres": None if folder is None else str(folder / "postgres"),
    }
    return {name: _version(path) for name, path in programs.items() if path is not None}


def _version(program: str) -> str:
    said = subprocess.run(  # noqa: S603  a program of the system's own
        [program, "--version"], capture_output=True, text=True, check=False
    ).stdout
    number = re.search(r"\d+(\.\d+)+", said)
    return "unknown" if number is None else number[0]


def _postgres_programs() -> Path | None:
    """Return the folder of ``initdb`` and ``postgres``, of the latest version there is."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = [each for each in DEBIAN.glob("*/bin") if (each / "initdb").exists()]
    return max(versions, key=lambda each: int(each.parent.name), default=None)


def _other_user() -> dict[str, Any]:
    """Return whom PostgreSQL runs as: us, unless we are root."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        raise MissingError(NO_USER) from None
    return {"user": account.pw_uid, "group": account.pw_gid}


def _call(command: Sequence[str], folder: str, user: dict[str, Any]) -> None:
    try:
        subprocess.run(  # noqa: S603  our own command
            command, cwd=folder, check=True, capture_output=True, **_rights(user)
        )
    except subprocess.CalledProcessError:
        raise MissingError(NO_START) from None


@contextmanager
def _running(
    command: Sequence[str],
    stop: signal.Signals,
    folder: str | None = None,
    user: dict[str, Any] | None = None,
) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603  our own command
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **_rights(user or {}),
    )
    try:
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(_START)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _rights(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "extra_groups": []} if user else {}


def _until(answers: Callable[[], Any], refusal: type[Exception]) -> Any:
    """Return the first answer of a server that has just been started."""
    end = monotonic() + _START
    while monotonic() < end:
        try:
            return answers()
        except refusal:
            sleep(0.02)
    raise MissingError(NO_START)
