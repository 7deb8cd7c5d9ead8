from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from ticketroute.logs import LogError, Options, Understood, read_log

Write = Callable[..., Path]


def understood(path: Path, options: Options | None = None) -> Understood:
    with read_log(str(path), options) as log:
        return log.understood


def test_columns_zone_endings_and_words_are_told(csv_file: Write) -> None:
    path = csv_file(
        "Number,Opened,Resolved,Group,Owner,Prio,Priority",
        "1,2026-03-02 09:00,2026-03-02 10:00,mail,ana,x,P1",
        "2,2026-03-02 09:00,2026-03-02 10:00,chat,Unassigned,x,low",
    )
    columns, times, *more = understood(path, Options(zone="Europe/Berlin")).lines()
    assert columns == (
        "Columns: id=Number, arrived=Opened, ended=Resolved, queue=Group, agent=Owner, "
        "priority=Priority"
    )
    assert times == "Times: read in Europe/Berlin. 2 of 2 tickets have an ending."
    assert more == ["Priorities: P1 = urgent, low = low", "Read as empty: Unassigned (1)"]
    assert understood(path).lines()[1].startswith("Times: read in UTC, the default of --tz.")


def test_times_with_offsets_need_no_zone(csv_file: Write) -> None:
    path = csv_file("id,opened", "1,2026-03-02T09:00Z")
    assert understood(path).lines()[1].startswith("Times: each names its own offset.")
    path = csv_file("id,opened", "1,2026-03-02T09:00Z", "2,2026-03-02T09:00")
    assert "without an offset they are read in UTC" in understood(path).lines()[1]


def test_the_order_of_day_and_month_is_told_where_dates_told_it(csv_file: Write) -> None:
    path = csv_file("id,opened", "1,02/03/2026 09:00", "2,14/03/2026 09:00")
    assert "the default of --tz, day first. 0 of 2" in understood(path).lines()[1]
    path = csv_file("id,opened", "1,3/14/2026 09:00")
    assert "month first" in understood(path).lines()[1]
    path = csv_file("id,opened", "1,2026-03-14 09:00")
    assert "first" not in understood(path).lines()[1]


def test_a_log_without_endings_or_with_one_queue_is_warned_of(csv_file: Write) -> None:
    path = csv_file("id,opened,Done on", "1,2026-03-02,2026-03-03", "2,2026-03-02,")
    one, two = understood(path).warnings()
    assert "no ticket has an ending" in one
    assert "--map ended=COLUMN; unused columns are: Done on" in one
    assert "every ticket is in one queue, 'default'" in two

    mapped = Options(columns={"ended": "Done on", "queue": "Done on"})
    assert understood(path, mapped).warnings() == []


@pytest.mark.parametrize(
    "word",
    ["-", "?", "NULL", "N/A", "Unassigned", "No Agent", "(empty)", "none", "\\N", "–"],  # noqa: RUF001
)
def test_words_for_nothing_are_empty(csv_file: Write, word: str) -> None:
    path = csv_file("id,opened,closed,agent", f"1,2026-03-02,{word},{word}")
    with read_log(str(path)) as log:
        (logged,) = log
    assert (logged.ended, logged.named) == (None, ())
    assert log.understood.empty == {word: 2}


def test_more_words_for_nothing_can_be_named(csv_file: Write) -> None:
    path = csv_file("id,opened,agent", "1,2026-03-02,Nobody yet")
    with read_log(str(path), Options(empty=["nobody yet"])) as log:
        (logged,) = log
    assert logged.named == ()
    with read_log(str(path)) as log:
        assert list(log.skills) == ["Nobody yet"]


def test_an_unused_column_never_stops_a_run(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    body = b"x" * 300_000 + b"\xff\xfe\x00 \x1b[2J"
    path.write_bytes(b'notes,id,opened,notes\n"' + body + b'",1,2026-03-02,"a\nb"\n')
    with read_log(str(path)) as log:
        assert [logged.ticket.id for logged in log] == ["1"]


def test_a_used_cell_that_is_not_of_the_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("id,opened,agent\n1,2026-03-02,J\u00f6rg\n".encode("cp1252"))
    with pytest.raises(LogError, match=r"row 2: an agent is .*--encoding"):
        understood(path)
    with read_log(str(path), Options(encoding="cp1252")) as log:
        assert list(log.skills) == ["J\u00f6rg"]


def test_blanks_of_web_pages_are_no_part_of_a_name(csv_file: Write) -> None:
    path = csv_file(
        "id,opened,agent", "\u200b1,2026-03-02,Ana\u00a0Agent", "2,2026-03-02,Ana Agent"
    )
    with read_log(str(path)) as log:
        assert [logged.ticket.id for logged in log] == ["1", "2"]
        assert list(log.skills) == ["Ana Agent"]


def test_spreadsheets_may_add_empty_cells_and_name_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("sep=;\nid;opened\n1;2026-03-02;;\n", encoding="utf-8")
    with read_log(str(path)) as log:
        assert len(log) == 1


def test_a_spreadsheet_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04....")
    with pytest.raises(LogError, match="export it as CSV"):
        understood(path)


def test_a_field_of_the_other_sort_of_log_is_refused(csv_file: Write) -> None:
    path = csv_file("id,opened", "1,2026-03-02")
    with pytest.raises(LogError, match="a log of tickets does not have this field"):
        understood(path, Options(columns={"resource": "id"}))


def test_a_ticket_with_two_rows_far_apart_is_named_with_both(csv_file: Write) -> None:
    rows = [f"{number},2026-03-02" for number in range(3_000)]
    path = csv_file("id,opened", *rows, "7,2026-03-01", "5,2026-03-01")
    with pytest.raises(LogError) as caught:
        understood(path)
    assert "row 3002: ticket '7' is in row 9 already" in str(caught.value)
    assert "--events" in str(caught.value)


def test_memory_does_not_grow_with_rows(csv_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketroute.logs.spool.Spool.__init__.__kwdefaults__", {"chunk": 300})
    monkeypatch.setattr("ticketroute.logs.spool.BLOCK", 3)

    def peak(rows: int) -> int:
        path = csv_file(
            "id,opened,agent,queue",
            *(f"ticket {n},2026-03-02 09:{n % 60:02},agent {n % 7},q{n % 3}" for n in range(rows)),
        )
        tracemalloc.start()
        with read_log(str(path)) as log:
            assert sum(1 for _ in log) == rows
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1_000)  # what is made once
    small, large = peak(3_000), peak(9_000)
    assert large - small < 6_000 * 60  # bytes; a ticket in memory takes some 600
