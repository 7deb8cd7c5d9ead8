"""How many machine instructions a submit and a resolve take: a count, which no other load moves."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from typing import NoReturn

import pytest

from benchmarks.instructions import of_a_cycle

# At most, by version of CPython. Measured under 3.11.7: 121,132, the same in each run.
# The target is in docs/explanation/cost.md.
MOST = {(3, 11): 125_000}


@pytest.mark.external
def test_a_cycle_takes_no_more_instructions_than_it_did(
    do_without: Callable[[str], NoReturn],
) -> None:
    most = MOST.get(sys.version_info[:2])
    if most is None:
        pytest.skip("nobody has counted the instructions under this version of Python")
    if shutil.which("valgrind") is None:
        do_without("valgrind is not installed")

    counted = of_a_cycle()

    assert most / 2 < counted <= most
