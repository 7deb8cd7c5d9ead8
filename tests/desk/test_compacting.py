"""Old events of a journal go to an archive, and the desk goes on from its snapshot."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Agent, Dispatcher, Queue, Ticket
from ticketroute.cli.program import run
from ticketroute.desk import Desk
from ticketroute.desk.compacting import Compacted, compact_journal, read_archive
from ticketroute.desk.reading import Reader, ReadOnlyDesk
from ticketroute.errors import InvalidValueError
from ticketroute.journal.codec import decode
from ticketroute.journal.faults import JournalDamagedError, JournalUnwritableError
from ticketroute.journal.statements import SLICE
from ticketroute.testing import FrozenClock

NOON = 1_790_000_000_000


@pytest.fixture
def time() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def kept(address: str, time: FrozenClock) -> Iterator[Callable[[], Desk]]:
    """Yield what opens one and the same desk again and again."""
    opened: list[Desk] = []

    def made() -> Desk:
        opened.append(Desk.open(address, clock=time))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


def served(desk: Desk, first: int, last: int) -> None:
    for number in range(first, last):
        desk.submit(Ticket(id=f"t{number}", queue="mail"))
        desk.resolve(f"t{number}")


def staffed(desk: Desk) -> Desk:
    desk.add_agent(Agent(id="ana", capacity=9), presence="available")
    desk.add_queue(Queue(id="mail", members=["ana"]))
    return desk


def state_of(desk: Desk) -> Dispatcher:
    return desk._memory.fold.dispatcher


def test_the_archive_and_the_journal_hold_every_event_once(
    kept: Any, address: str, tmp_path: Path
) -> None:
    desk = staffed(kept())
    served(desk, 0, 20)
    before = [entry.event for entry in desk.events()]
    head, archive = desk.head, tmp_path / "old.jsonl"

    moved = compact_journal(address, "main", archive)

    assert moved == Compacted(1, head - 1)
    old = [decode(row) for row in read_archive(archive)]
    assert [*old, *(entry.event for entry in desk.events())] == before
    assert state_of(kept()).same_state(state_of(desk))
    assert Dispatcher.replay(before).same_state(state_of(desk))


def test_desks_that_are_open_go_on(kept: Any, address: str, tmp_path: Path) -> None:
    here, behind = staffed(kept()), kept()
    here.submit(Ticket(id="key", queue="mail"), key="web-1")
    served(here, 0, 5)
    compact_journal(address, "main", tmp_path / "old.jsonl")
    served(behind, 5, 6)  # it knew nothing of the first five
    here.refresh()
    assert state_of(here).same_state(state_of(behind))
    assert here.submit(Ticket(id="key", queue="mail"), key="web-1") == ()  # done once, and before
    served(here, 6, 7)
    with ReadOnlyDesk(address) as seen:
        assert seen.ticket("t6").id == "t6"


def test_a_second_archive_follows_the_first(kept: Any, address: str, tmp_path: Path) -> None:
    desk = staffed(kept())
    first = compact_journal(address, "main", tmp_path / "a.jsonl.gz")
    assert compact_journal(address, "main", tmp_path / "none.jsonl") == Compacted(0, 0)
    assert not (tmp_path / "none.jsonl").exists()
    served(desk, 0, SLICE // 3 + 10)
    second = compact_journal(address, "main", tmp_path / "b.jsonl")
    assert second.first == first.last + 1
    rows = [*read_archive(tmp_path / "a.jsonl.gz"), *read_archive(tmp_path / "b.jsonl")]
    assert [row.position for row in rows] == list(range(1, second.last + 1))


def test_a_consumer_keeps_what_it_has_yet_to_handle(
    kept: Any, address: str, tmp_path: Path
) -> None:
    desk = staffed(kept())
    served(desk, 0, 5)
    with desk.consume("mailer", most=3) as entries:
        assert len(list(entries)) == 3
    assert compact_journal(address, "main", tmp_path / "old.jsonl") == Compacted(1, 2)
    with desk.consume("mailer") as entries:
        assert next(iter(entries)).position == 4


def test_only_events_before_an_instant(
    kept: Any, address: str, time: FrozenClock, tmp_path: Path
) -> None:
    desk = staffed(kept())
    head = desk.head
    time.now += 1_000
    served(desk, 0, 5)
    archive = tmp_path / "old.jsonl"
    assert compact_journal(address, "main", archive, NOON + 1_000) == Compacted(1, head)


def test_what_is_left_can_be_verified_and_asked(
    kept: Any, address: str, time: FrozenClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = staffed(kept())
    served(desk, 0, 5)
    archive = tmp_path / "old.jsonl"
    time.now += 1_000
    assert run(["journal", "compact", address, "--archive", str(archive)]) == 0
    moved = desk.head - 1
    assert capsys.readouterr().out == f"{moved} events, 1 to {moved}, are now in {archive}\n"
    time.now += 1_000
    served(desk, 5, 6)
    assert run(["journal", "verify", address]) == 0
    assert f"{moved} events before them are in an archive" in capsys.readouterr().out
    assert run(["journal", "replay", address]) == 0
    assert "tickets 6" in capsys.readouterr().out
    with Reader(address, "main") as reader:
        assert reader.desk_at(NOON + 1_500).count_tickets() == 5
        with pytest.raises(JournalDamagedError, match="in an archive"):
            reader.desk_at(NOON - 1)
    again = ["journal", "compact", address, "--archive", str(archive)]
    assert run(again) != 0
    assert "a file that is not there yet" in capsys.readouterr().err


# --- faults ---------------------------------------------------------------------------------------


def test_nothing_is_dropped_if_a_row_is_damaged_or_the_archive_cannot_be_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        served(staffed(desk), 0, 5)
        desk.save_snapshot()
        head = desk.head
    with pytest.raises(JournalUnwritableError):
        compact_journal(path, "main", tmp_path / "no folder" / "old.jsonl")
    with pytest.raises(InvalidValueError, match="archive"):
        compact_journal(path, "main", path)
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE ticketroute_event SET payload = '{}' WHERE position = 5")
        file.commit()
    with pytest.raises(JournalDamagedError, match="at position 5"):
        compact_journal(path, "main", tmp_path / "old.jsonl")
    with closing(sqlite3.connect(path)) as file:
        counted = file.execute("SELECT count(*) FROM ticketroute_event").fetchone()
    assert counted == (head,)


def test_a_desk_without_its_snapshot_says_that_the_events_are_in_an_archive(
    tmp_path: Path,
) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        served(staffed(desk), 0, 5)
    compact_journal(path, "main", tmp_path / "old.jsonl")
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE ticketroute_snapshot SET payload = 'x'")
        file.commit()
    with pytest.raises(JournalDamagedError, match="are in an archive"):
        Desk.open(path)
    with closing(sqlite3.connect(path)) as file:  # put back, and all is as it was
        rows = [("main", *row) for row in read_archive(tmp_path / "old.jsonl")]
        file.executemany("INSERT INTO ticketroute_event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        file.execute("DELETE FROM ticketroute_archived")
        file.commit()
    with Desk.open(path) as desk:
        assert state_of(desk).count_tickets() == 5


def test_events_that_are_missing_without_an_archive_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with Desk.open(path) as desk:
        served(staffed(desk), 0, 5)
    with closing(sqlite3.connect(path)) as file:
        file.execute("DELETE FROM ticketroute_event WHERE position < 4")
        file.commit()
    with Reader(path, "main") as reader, pytest.raises(JournalDamagedError, match="position 1"):
        reader.check()
