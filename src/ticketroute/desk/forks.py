"""What becomes of open desks in a child process that ``os.fork`` made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol


class Forked(Protocol):
    """Whatever has connections and locks that a child must not use."""

    def after_fork(self) -> None:
        """Use connections and locks of the child's own."""
        ...


def tell_of_forks(desks: Iterable[Forked]) -> None:
    """Tell these desks, and those that join them, when a child process begins."""

    def told() -> None:
        for desk in list(desks):
            desk.after_fork()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=told)
