"""Turns at a file, among all processes of a machine.

SQLite's own waiting lets one process starve. Who waits for a lock on a file beside the database is
woken when it is free. Where all cores are busy, the process that gave the turn may still take it
again before those it woke, so shares can differ much then. Nothing but fairness depends on it.
"""

from __future__ import annotations

import os
import threading
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]


class Turn:
    """The lock on one file. One holder at a time; not shared between threads without a lock."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, wait: float) -> bool:
        """Wait at most so many seconds for the turn; return whether it is ours."""
        if fcntl is None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:  # a folder that cannot be written: what follows says so
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if wait <= 0:
                os.close(file)
                return False
            if not _Waiter(file).wait(wait):
                return False
        self._file = file
        return True

    def give(self) -> None:
        """End the turn, if it is ours."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def forget(self) -> None:
        """Forget a turn that belongs to the parent process."""
        self._file = None


class _Waiter:
    """Waits for a lock in a thread of its own, as the call itself knows no time limit."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._has = self._gone = False

    def wait(self, seconds: float) -> bool:
        """Return whether the lock came within so many seconds; later it is let go of at once."""
        thread = threading.Thread(target=self._lock, name="ticketroute-turn", daemon=True)
        thread.start()
        thread.join(seconds)
        with self._guard:
            self._gone = not self._has
            return self._has

    def _lock(self) -> None:
        locking: Any = fcntl
        try:
            locking.flock(self._file, locking.LOCK_EX)
        except OSError:
            return
        with self._guard:
            if self._gone:
                os.close(self._file)
            self._has = not self._gone
