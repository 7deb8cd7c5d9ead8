"""A desk that is only looked at: it sees what others commit, and writes nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ticketroute import Ticket
from ticketroute.cli.program import run
from ticketroute.desk import Desk, ReadOnlyDesk
from ticketroute.desk.config import Config
from ticketroute.desk.reading import Reader
from ticketroute.journal.faults import NoSuchDeskError, NoTablesError, NotAJournalError
from ticketroute.model.ids import TicketId

START = 1_790_000_000_000
DESK = Config.of("agents = { ana = {} }\nqueues.mail.members = ['ana']")
a_ticket: Any = Ticket


def test_it_sees_what_others_commit_at_the_next_refresh(address: str) -> None:
    with Desk.from_config(DESK, address, clock=lambda: START) as desk:
        with ReadOnlyDesk(address) as seen:
            assert (seen.head, seen.latest) == (desk.head, START)
            for number in range(30):
                desk.submit(a_ticket(id=f"t{number}", queue="mail"))
            assert seen.tickets() == ()
            seen.refresh()
            assert seen.tickets() == desk.tickets()
            assert seen.explain(TicketId("t3")) == desk.explain(TicketId("t3"))
            desk.save_snapshot()
            desk.resolve(TicketId("t3"))
            with ReadOnlyDesk(address) as later:
                seen.refresh()
                assert later.tickets() == seen.tickets() == desk.tickets()
        assert not hasattr(seen, "submit")


def test_what_a_transaction_has_not_committed_does_not_show(address: str) -> None:
    desk = Desk.from_config(DESK, address, clock=lambda: START)
    with desk, ReadOnlyDesk(address) as seen:
        with desk.together() as several:
            several.submit(a_ticket(id="t1", queue="mail"))
            seen.refresh()
            assert seen.tickets() == ()
        seen.refresh()
        assert [view.id for view in seen.tickets()] == ["t1"]


def test_many_look_while_others_write(address: str) -> None:
    """Looking takes no turn and no lock, so nobody waits for anybody."""
    faults: list[Exception] = []

    def write() -> None:
        try:
            with Desk.open(address, wait=60) as desk:
                for number in range(60):
                    desk.submit(a_ticket(id=f"w{number}", queue="mail"))
        except Exception as fault:  # noqa: BLE001  shown by the test
            faults.append(fault)

    Desk.from_config(DESK, address).close()
    writer = Thread(target=write)
    with ReadOnlyDesk(address) as one, ReadOnlyDesk(address) as other:
        writer.start()
        while writer.is_alive():
            for each in (one, other):
                before = each.head
                each.refresh()
                assert each.head >= before
        writer.join()
        one.refresh()
        assert len(one.tickets()) == 60
    assert faults == []


@pytest.mark.external
def test_postgres_needs_no_right_but_to_read(postgres: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with Desk.from_config(DESK, postgres, clock=lambda: START) as desk:
        with closing(psycopg.connect(postgres, autocommit=True)) as connection:
            connection.execute("DROP ROLE IF EXISTS looker")
            connection.execute("CREATE ROLE looker LOGIN")
            connection.execute("GRANT USAGE ON SCHEMA ticketroute TO looker")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA ticketroute TO looker")
        address = postgres.replace("desk@", "looker@")
        desk.submit(a_ticket(id="t1", queue="mail"))
        with ReadOnlyDesk(address) as seen, Reader(address, "main") as reader:
            assert seen.tickets() == desk.tickets()
            assert len(list(reader.entries())) == desk.head
        with closing(psycopg.connect(postgres, autocommit=True)) as connection:
            connection.execute("DROP OWNED BY looker")
            connection.execute("DROP ROLE looker")


def test_another_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name)")
    before = path.read_bytes()
    with pytest.raises(NoTablesError, match="has no tables"):
        ReadOnlyDesk(path)
    with pytest.raises(NoTablesError), Reader(path, "main"):
        pass
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other.db"]


def test_what_is_no_desk_is_refused(address: str, tmp_path: Path) -> None:
    Desk.open(address).close()
    with pytest.raises(NoSuchDeskError, match="'main'"):
        ReadOnlyDesk(address, "other")
    with pytest.raises(NotAJournalError, match="does not exist"):
        ReadOnlyDesk(tmp_path / "missing.db")
    text = tmp_path / "text.db"
    text.write_text("no database, and longer than a hundred bytes" * 10)
    with pytest.raises(NotAJournalError, match="not an SQLite database"):
        ReadOnlyDesk(text)


def test_a_line_that_only_reads_refuses_to_write(tmp_path: Path) -> None:
    from ticketroute.desk.addresses import line_to  # noqa: PLC0415
    from ticketroute.journal.faults import JournalUnwritableError  # noqa: PLC0415
    from ticketroute.journal.statements import Statement, Trip  # noqa: PLC0415

    path = tmp_path / "desk.db"
    Desk.open(path).close()
    line = line_to(path, wait=1, read_only=True)
    with pytest.raises(JournalUnwritableError):
        line.run(Trip([Statement("DELETE FROM ticketroute_desk")]))
    line.close()


def test_the_commands_that_look_take_either_address(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Desk.from_config(DESK, address, clock=lambda: START) as desk:
        desk.submit(a_ticket(id="t1", queue="mail"))
        head = desk.head
        for arguments, told in (
            (["top", address, "--once"], "1 tickets open"),
            (["report", address, "--csv", "--from", "2026-01-01"], "mail,2026-09-21,1,0,0"),
            (["explain", address, "t1"], "ticket t1 in queue mail: waiting"),
            (["explain", address, "t1", "--at", "2030-01-01T00:00Z"], "ticket t1 in queue mail"),
        ):
            assert run(arguments) == 0
            assert told in capsys.readouterr().out
        desk.refresh()
        assert desk.head == head
