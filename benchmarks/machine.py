"""Where and on what something was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from benchmarks import servers

LIBRARIES = ("attrs", "sortedcontainers")
PEERS = ("numpy", "pqdict", "redis", "psycopg")  # where installed


def facts() -> dict[str, str]:
    """Return what a figure needs beside it to mean anything."""
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "ticketroute": f"{version('ticketroute')} at {_revision()}",
        **{name: version(name) for name in LIBRARIES},
        "sqlite": sqlite3.sqlite_version,
        **servers.versions(),
        **{name: version(name) for name in PEERS if find_spec(name) is not None},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _revision() -> str:
    """Return the commit that was measured, and whether files differ from it."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607  git as found on the path
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
