"""Fair turns at a file, among all processes of a machine.

SQLite's own waiting lets one process starve. A lock on one file would too: whoever waits is woken
when it is free, but the process that let go of it may be quicker. So there are two: who is next
holds the second while it waits for the first, and one that asks again waits behind it. Nothing but
fairness depends on it.
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
            following, file = self._opened()
        except OSError:  # a folder that cannot be written: what follows says so
            return True
        try:
            for each in (following, file):
                fcntl.flock(each, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if wait <= 0:
                os.close(following)
                os.close(file)
                return False
            if not _Waiter(following, file).wait(wait):
                return False
        else:
            os.close(following)
        self._file = file
        return True

    def _opened(self) -> tuple[int, int]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        following = os.open(f"{self._path}-next", flags, 0o666)
        try:
            return following, os.open(self._path, flags, 0o666)
        except OSError:
            os.close(following)
            raise

    def give(self) -> None:
        """End the turn, if it is ours."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def forget(self) -> None:
        """Forget a turn that belongs to the parent process."""
        self._file = None


class _Waiter:
    """Waits for both locks in a thread of its own, as the calls themselves know no time limit."""

    def __init__(self, following: int, file: int) -> None:
        self._following = following
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
            for each in (self._following, self._file):
                locking.flock(each, locking.LOCK_EX)
        except OSError:
            return
        finally:
            os.close(self._following)
        with self._guard:
            if self._gone:
                os.close(self._file)
            self._has = not self._gone
