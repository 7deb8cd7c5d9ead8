from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ticketroute.logs import LogError, read_log
from ticketroute.logs.sheets import open_sheet, separator

SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(path: Path, **options: str) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    with open_sheet(str(path), **options) as sheet:
        return sheet.header, [(row.number, list(row.cells)) for row in sheet.rows]


@SHARED_FOLDER
@given(data=st.binary(max_size=300))
@example(data=b"\x1f\x8b")
@example(data=b"\xef\xbb\xbfid,arrived\n1,2016-01-01\n")
@example(data=b'id\n"open')
def test_any_bytes_are_rows_or_a_clear_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    try:
        header, rows = rows_of(path)
    except LogError as fault:
        message = str(fault)
    else:
        assert all(len(cells) == len(header) for _, cells in rows)
        return
    assert str(path) in message


@SHARED_FOLDER
@given(body=st.text(st.sampled_from('0123456789-T:,;"\n ax'), max_size=120))
def test_any_table_of_tickets_is_read_or_refused_with_its_row(tmp_path: Path, body: str) -> None:
    path = tmp_path / "any.csv"
    path.write_text("id,arrived,ended,agent\n" + body, encoding="utf-8")
    try:
        with read_log(str(path)) as log:
            tickets = list(log)
    except LogError as fault:
        message = str(fault)
    else:
        assert tickets
        return
    assert str(path) in message


@SHARED_FOLDER
@given(cells=st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2)))
def test_what_csv_writes_is_read_back(tmp_path: Path, cells: list[list[str]]) -> None:
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["a", "b"], *cells])
    _, rows = rows_of(path, delimiter=",")

    assert [row for _, row in rows] == [row for row in cells if any(map(str.strip, row))]


def test_gzip_is_recognised_by_its_bytes_and_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "tickets.bin"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfid;b\n1;2\n"))

    assert rows_of(path, delimiter=";") == (("id", "b"), [(2, ["1", "2"])])


def test_blank_lines_are_skipped_and_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\nid,b\n\n1,2\n,\n3,4\n", encoding="utf-8")

    assert rows_of(path) == (("id", "b"), [(4, ["1", "2"]), (6, ["3", "4"])])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"a,b\n1\n", "row 2: has 1 cell where the header has 2"),
        (b"a,b\n1,2,3\n", "row 2: has 3 cells"),
        (b'a,b\n"1,2\n', "row 2: is not valid CSV"),
        (gzip.compress(b"a,b\n" * 999, mtime=0)[:-9], "cut off gzip"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    with pytest.raises(LogError, match=says):
        rows_of(path)


def test_plain_text_called_gz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"a,b\n")
    with pytest.raises(LogError, match="not a gzip file"):
        rows_of(path)


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no such file"):
        rows_of(tmp_path / "none.csv")
    with pytest.raises(LogError, match="cannot be read"):
        rows_of(tmp_path)


@pytest.mark.parametrize("encoding", ["nonsense", "hex", "rot13", "\0"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n")
    with pytest.raises(LogError, match="--encoding"):
        rows_of(path, encoding=encoding)


def test_other_encodings_are_read_when_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("näme\nx\n".encode("utf-16"))
    assert rows_of(path, encoding="utf-16")[0] == ("näme",)


def test_a_delimiter_is_one_character_or_the_word_tab() -> None:
    assert separator("tab") == separator("\\t") == separator("\t") == "\t"
    assert separator(";") == ";"
    for wrong in ("", ";;", '"', "\n"):
        with pytest.raises(LogError, match="--delimiter"):
            separator(wrong)
