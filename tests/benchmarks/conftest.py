"""Benchmarks are a package of the repository, not of the installation."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


@pytest.fixture
def do_without() -> Callable[[str], NoReturn]:
    """Return what ends a test for want of a peer, with its reason.

    It skips at a desk, where not everything is installed, and fails in CI, where everything is:
    a skip there would pass for a comparison that nobody made.
    """

    def end(reason: str) -> NoReturn:
        if os.environ.get("CI") == "true":
            pytest.fail(f"in CI every peer is there: {reason}")
        pytest.skip(reason)

    return end
