"""What happened to each ticket, as tables."""

import csv
from pathlib import Path
from typing import Any

import pytest

from ticketroute.simulation import Exponential, Run, records
from ticketroute.simulation.scenario import MONDAY


@pytest.fixture
def run(desk: Any) -> Run:
    return Run(desk(kind={"patience": Exponential("30min")}), seed="1").go()


def test_every_ticket_is_a_row_with_its_instants(run: Run) -> None:
    rows = list(run.records.rows())

    assert len(rows) == len(run.records) > 100
    assert {row["outcome"] for row in rows} == {"resolved", "abandoned"}
    for row in rows:
        assert row["arrived"] >= MONDAY
        if row["outcome"] == "resolved":
            assert row["arrived"] <= row["assigned"] <= row["started"] <= row["ended"]
            assert row["ended"] - row["started"] == row["handled"]
        else:
            assert (row["assigned"], row["started"], row["agent"]) == (None, None, None)


def test_csv_holds_the_same_rows(run: Run, tmp_path: Path) -> None:
    run.records.to_csv(tmp_path / "records.csv")
    lines = (tmp_path / "records.csv").read_text(encoding="utf-8").splitlines()
    expected = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in run.records.rows()
    ]

    assert list(csv.DictReader(lines)) == expected


def test_parquet_is_written_piece_by_piece(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr(records, "AT_ONCE", 64)
    run.records.to_parquet(tmp_path / "records.parquet")
    table = parquet.read_table(tmp_path / "records.parquet")

    assert table.to_pylist() == list(run.records.rows())
    pieces = parquet.ParquetFile(tmp_path / "records.parquet").num_row_groups
    assert pieces == -(-len(run.records) // 64)


def test_data_frames_where_they_are_installed(run: Run) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")

    assert len(run.records.to_pandas()) == len(run.records)
    assert run.records.to_arrow().num_rows == len(run.records)
