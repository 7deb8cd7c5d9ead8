"""Ctrl-C at any line of ticketroute: the desk works on, and is the fold of its journal."""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import ticketroute
from ticketroute import Agent, Author, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.errors import UnknownTicketError
from ticketroute.testing import check

HERE = str(Path(ticketroute.__file__).parent)
LINES = int(os.environ.get("DESK_LINES", "19"))
"""Every how-manieth line is interrupted; 1 for all of them."""


def interrupted(call: Callable[[], object], line: int) -> bool:
    """Raise KeyboardInterrupt before the given line of our code; return whether it came to that.

    Lines that begin with ``with`` or ``try`` are left out: Python handles no signal between the end
    of a block and the release of its lock, nor between taking the lock and the block.
    """
    passed = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal passed
        name = frame.f_code.co_filename
        if not name.startswith(HERE):
            return None
        if event == "line":
            text = linecache.getline(name, frame.f_lineno).strip()
            passed += not text.startswith(("with ", "try:"))
            if passed == line:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def submit(desk: Desk, number: int) -> None:
    desk.submit(Ticket(id=f"t{number}", queue="mail"), key=f"k{number}")


def refuse(desk: Desk, _: int) -> None:
    with suppress(UnknownTicketError):
        desk.resolve("nobody")


def together(desk: Desk, number: int) -> None:
    with desk.together() as several:
        several.submit(Ticket(id=f"t{number}", queue="mail"))
        several.reply("first", Author.REQUESTER, by=f"t{number}")


def refresh(desk: Desk, _: int) -> None:
    desk.refresh()


def save(desk: Desk, _: int) -> None:
    desk.save_snapshot()


def consume(desk: Desk, _: int) -> None:
    with desk.consume("mailer", most=2) as entries:
        list(entries)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # closed unnamed
@pytest.mark.parametrize("do", [submit, refuse, together, refresh, save, consume])
@pytest.mark.parametrize("kind", ["memory", "kept"])
def test_an_interrupt_at_any_line_leaves_the_desk_whole(
    address: str, kind: str, do: Callable[[Desk, int], None]
) -> None:
    facts: dict[str, Any] = {"wait": 0.3, "durability": "normal"}
    with (
        Desk.open(None if kind == "memory" else address, **facts) as desk,
        Desk.open(address, **facts) as other,
    ):
        told: list[int] = []
        desk.subscribe(lambda entry: told.append(entry.position))
        desk.add_agent(Agent(id="ana", capacity=1_000), presence="available")
        desk.add_queue(Queue(id="mail", members=["ana"]))
        desk.submit(Ticket(id="first", queue="mail"))
        for line in count(1, LINES):
            if kind == "kept":  # something to take in
                other.reply("first", Author.REQUESTER)
            if not interrupted(lambda line=line: do(desk, line), line):  # type: ignore[misc]
                break
            desk.reply("first", Author.REQUESTER, by=f"line {line}")
        assert line > 3
        desk.refresh()
        entries = list(desk.events())
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        assert sorted(told) == told
        assert len(set(told)) == len(told)
        again = desk._memory.fresh()
        again.follow(entry.event for entry in entries)
        assert desk._memory.fold.dispatcher.same_state(again)
        check(desk._memory.fold.dispatcher)
        replies = [entry.event.by for entry in entries if entry.event.by]
        assert len(set(replies)) == len(replies), "a command was done twice"
        consume(desk, 0)
    assert [each for each in threading.enumerate() if "ticketroute-turn" in each.name] == []
