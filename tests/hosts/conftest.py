"""The files of a how-to page, written as a reader would, and servers that run them for real."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "how-to"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SOON = 30.0  # seconds, at most


class Page:
    """The files of a page in a folder, and programs that run there."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder, self.address = folder, ""
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{folder}",
        }
        self._running: list[subprocess.Popen[str]] = []
        self.add(name)

    def add(self, name: str) -> None:
        """Write the files of a page."""
        for file, text in FILE.findall((PAGES / f"{name}.md").read_text(encoding="utf-8")):
            (self.folder / file).write_text(text, encoding="utf-8")

    def run(self, *command: str) -> str:
        """Run a command to its end; return what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SOON,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command, of which the whole group is ended after the test."""
        started = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )
        self._running.append(started)
        return started

    def serve(self, *command: str) -> tuple[subprocess.Popen[str], Callable[..., Any]]:
        """Start a server at a free port, whose file number is ``{}``; return what asks it."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            number = listening.fileno()
            self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            started = self.start(*(each.format(number) for each in command), pass_fds=[number])

        def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json"}
            request = Request(  # noqa: S310  of http, on this machine
                f"{self.address}{path}", data, headers, method=method
            )
            try:
                with urlopen(request, timeout=SOON) as answer:  # noqa: S310  the same
                    text = answer.read()
                    return answer.status, json.loads(text) if text else None
            except HTTPError as fault:
                with fault:
                    return fault.code, fault.read().decode()

        end = monotonic() + SOON
        while True:
            try:
                ask("GET", "/")
            except (URLError, OSError):
                if started.poll() is not None or monotonic() > end:
                    pytest.fail(f"the server does not answer\n{self.stop(started)}")
                sleep(0.05)
            else:
                return started, ask

    def stop(self, started: subprocess.Popen[str], how: signal.Signals = signal.SIGTERM) -> str:
        """Stop a program as a service manager does; return what it printed."""
        if started.poll() is None:
            started.send_signal(how)
        said, _ = started.communicate(timeout=SOON)
        return str(said)

    def end(self) -> None:
        """Kill what is left, with its children."""
        while self._running:
            each = self._running.pop()
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.communicate(timeout=SOON)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """Write the files of a page."""
    made: list[Page] = []

    def make(name: str) -> Page:
        made.append(Page(name, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Call a function with each of several values, many at once."""

    def call(function: Callable[[Any], Any], values: Any, threads: int = 6) -> list[Any]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, values))

    return call
