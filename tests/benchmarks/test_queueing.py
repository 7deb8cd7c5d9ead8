"""Short replications beside exact results; ``python -m benchmarks.queueing`` runs the long ones."""

import math
from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks import queueing
from ticketroute.simulation import interval

SHORT = {3: 2_000, 6: 3_000, 18: 2_000, 22: 3_000, 36: 3_000, 37: 3_000, 46: 2_000, 48: 2_000}
ROWS = queueing.rows()


@pytest.mark.parametrize("number", sorted(SHORT))
def test_an_exact_result_lies_inside_the_interval(number: int) -> None:
    values = [queueing.value_of(number, n, SHORT[number]) for n in range(12)]
    found = interval(values, confidence=0.999)

    assert found.contains(ROWS[number]["expected"])
    assert found.relative < 0.25


def test_a_batch_of_one_instant_is_worked_in_its_order() -> None:
    number = next(n for n, row in enumerate(ROWS) if row["model"].startswith("EDF"))

    assert queueing.value_of(number, 0) == ROWS[number]["expected"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["model"])
def test_every_row_is_expressed_or_has_a_reason(row: Mapping[str, Any]) -> None:
    case = queueing.case_of(row)
    if case is None:
        assert queueing.why_not(row)
    else:
        assert math.isfinite(case.scenario(100).length)
