"""What a command costs, in calls of functions: the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any

PYTHON = ("call",)
WITH_C = ("call", "c_call")


def calls_of(command: Callable[[], object], counted: Collection[str] = PYTHON) -> int:
    """Count the functions that a command calls, its own included: those of Python, or also of C."""
    calls = 0

    def count_call(_: FrameType, event: str, __: Any) -> None:
        nonlocal calls
        calls += event in counted

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        command()
    finally:
        sys.setprofile(before)
    return calls
