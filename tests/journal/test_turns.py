"""Turns at a file: who waits, who gives up waiting, and what a child process inherits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ticketroute.journal.turns import Turn

pytest.importorskip("fcntl")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "desk.db-turn")


@contextmanager
def living_child() -> Iterator[None]:
    """Fork a child that does nothing, and have it live as long as the block."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writes)
        os.read(reads, 1)  # ends when the parent closes its end
        os._exit(0)
    os.close(reads)
    try:
        yield
    finally:
        os.close(writes)
        os.waitpid(child, 0)


def open_files() -> set[str]:
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one by which the folder was listed
            found.add(str(each.readlink()))
    return found


def test_a_turn_is_one_holders_until_it_is_given(path: str) -> None:
    first, second = Turn(path), Turn(path)
    assert first.take(1)
    assert not second.take(0)
    first.give()
    assert second.take(0)
    second.give()
    second.give()


def test_who_waits_gets_the_turn(path: str) -> None:
    first, second = Turn(path), Turn(path)
    assert first.take(1)
    threading.Timer(0.05, first.give).start()
    assert second.take(30)
    assert not first.take(0)
    second.give()


def test_a_turn_that_comes_too_late_is_released(path: str) -> None:
    first, second, third = Turn(path), Turn(path), Turn(path)
    assert first.take(1)
    assert not second.take(0.02)  # its thread still waits
    first.give()
    assert third.take(30)
    third.give()


def test_a_child_forked_in_the_middle_of_a_turn_does_not_keep_it(path: str) -> None:
    parent, other = Turn(path), Turn(path)
    assert parent.take(1)
    with living_child():
        assert not other.take(0)  # the fork has not ended the parent's turn
        parent.give()
        assert other.take(10)  # as soon as the child runs
        other.give()


def test_a_child_forked_while_a_turn_is_waited_for_does_not_keep_it(path: str) -> None:
    first, waiting, other = Turn(path), Turn(path), Turn(path)
    assert first.take(1)
    took: list[bool] = []
    thread = threading.Thread(target=lambda: took.append(waiting.take(30)))
    thread.start()
    while not any(each.name == "ticketroute-turn" for each in threading.enumerate()):
        threading.Event().wait(0.001)
    with living_child():
        first.give()
        thread.join(30)
        assert took == [True]
        waiting.give()
        assert other.take(10)
        other.give()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_no_file_stays_open(path: str) -> None:
    first, second = Turn(path), Turn(path)
    for _ in range(3):
        assert first.take(1)
        assert not second.take(0)
        first.give()
    assert not {each for each in open_files() if path in each}


def test_a_folder_that_cannot_be_written_has_no_turns(tmp_path: Path) -> None:
    assert Turn(str(tmp_path / "missing" / "desk.db-turn")).take(0)
