"""Fair turns at a file, among all processes of a machine.

SQLite's own waiting can starve a process. A lock on one file would too: a process that waits is
woken when the lock is free, but the process that just released it may be quicker. So there are two
files. The next process holds the second one while it waits for the first, and a process that asks
again waits behind it. Only fairness depends on these locks.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from io import FileIO
from typing import Any
from weakref import WeakSet

try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]


class Turn:
    """The lock on one file. One holder at a time; not shared between threads without a lock."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._files: list[FileIO] = []  # opened for this turn, locked or not

    def take(self, wait: float) -> bool:
        """Wait at most ``wait`` seconds for the turn; return whether this process has it now."""
        if fcntl is None:
            return True
        try:
            return self._taken(wait)
        except BaseException:
            self.give()
            raise

    def _taken(self, wait: float) -> bool:
        try:
            following, file = self._opened(f"{self._path}-next"), self._opened(self._path)
        except OSError:  # a folder that cannot be written; the database reports it
            return True
        try:
            for each in (following, file):
                fcntl.flock(each, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if wait <= 0:
                self.give()
                return False
            self._files = []  # the waiter's, which closes them if it gets the lock too late
            if not _Waiter(following, file).wait(wait):
                return False
            self._files = [file]
        following.close()
        return True

    def _opened(self, path: str) -> FileIO:
        with _OPENING:
            file = FileIO(path, "r+", opener=_open)
            _FILES.add(file)
        self._files.append(file)
        return file

    def give(self) -> None:
        """End the turn, if this process has it."""
        for each in self._files:
            each.close()
        self._files = []


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)


_FILES: WeakSet[FileIO] = WeakSet()
_OPENING = threading.Lock()  # no fork between opening a file and knowing of it


def _close_inherited() -> None:
    """Close the parent's files in a child process.

    A lock by ``flock`` belongs to all processes that have the file open. A child that kept it open
    would keep the lock after the parent released it.
    """
    for each in list(_FILES):
        with suppress(OSError):
            each.close()
    _OPENING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_OPENING.acquire,
        after_in_parent=_OPENING.release,
        after_in_child=_close_inherited,
    )


class _Waiter:
    """Waits for both locks in a thread of its own, as the calls themselves know no time limit."""

    def __init__(self, following: FileIO, file: FileIO) -> None:
        self._following, self._file = following, file
        self._guard = threading.Lock()
        self._has = self._gone = False

    def wait(self, seconds: float) -> bool:
        """Return whether the lock came within so many seconds; later it is released at once."""
        thread = threading.Thread(target=self._lock, name="ticketroute-turn", daemon=True)
        try:
            thread.start()
            thread.join(seconds)
        finally:
            with self._guard:
                self._gone = not self._has
        return self._has

    def _lock(self) -> None:
        locking: Any = fcntl
        try:
            for each in (self._following, self._file):
                locking.flock(each, locking.LOCK_EX)
        except OSError:
            self._file.close()
            return
        finally:
            self._following.close()
        with self._guard:
            if self._gone:
                self._file.close()
            self._has = not self._gone
