"""When a process that runs a desk is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as StopSignal
from typing import Any


@contextmanager
def until_stopped() -> Iterator[StopSignal]:
    """Yield what is set at SIGTERM and Ctrl-C; for the main thread alone, as signals are."""
    stop = StopSignal()

    def told(*_: Any) -> None:
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, told) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
