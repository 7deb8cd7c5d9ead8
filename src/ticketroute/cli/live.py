"""The live view of a desk in a terminal: it reads, draws, and listens to keys."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from ticketroute.cli.faults import InputError
from ticketroute.cli.picture import Picture, drawn, rows_that_fit
from ticketroute.cli.text import clean
from ticketroute.errors import TicketRouteError
from ticketroute.journal.faults import JournalError

EVERY = 1.0  # seconds from one look to the next
LOOKING = 0.2  # of the time may be spent with looking, on a desk so large that it takes long
KEYS = "q quit  / filter  up, down choose a ticket  enter explain"
_KEY = re.compile(r"\x1b[\[O][0-9;]*[@-~]|.", re.DOTALL)
_NAMES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down",
    "\r": "enter", "\n": "enter", "\x7f": "back", "\x08": "back", "\x1b": "escape",
}  # fmt: skip


@define
class View:
    """What is shown, and what keys do to it. No terminal is needed to ask it.

    ``look`` gives the present picture, ``explain`` says why a ticket is where it is.
    """

    look: Callable[[], Picture]
    explain: Callable[[str], str]
    zone: str
    filter: str = ""
    typing: bool = False
    chosen: str | None = None
    explained: str | None = None
    scrolled: int = 0  # lines of it
    fault: str = ""
    over: bool = False
    _seen: Picture | None = field(default=None)

    def refresh(self) -> None:
        """Read the desk again; if the database does not answer, say so and try again later."""
        try:
            self._seen, self.fault = self.look(), ""
        except JournalError as fault:
            self.fault = str(fault)

    @property
    def picture(self) -> Picture | None:
        """The latest picture, filtered."""
        return None if self._seen is None else self._seen.only(self.filter)

    def press(self, key: str) -> None:
        """Do what a key is for."""
        if self.typing:
            self._type(key)
        elif self.explained is not None:
            if key in ("q", "escape", "enter", "back"):
                self.explained = None
            elif key in ("up", "down"):
                most = len(self.explained.splitlines()) - 1
                self.scrolled = max(0, min(most, self.scrolled + (1 if key == "down" else -1)))
        elif key == "q":
            self.over = True
        elif key == "/":
            self.typing = True
        elif key == "escape":
            self.filter, self.chosen = "", None
        elif key in ("up", "down"):
            self._choose(1 if key == "down" else -1)
        elif key == "enter" and self.chosen is not None:
            self._explain(self.chosen)

    def _type(self, key: str) -> None:
        if key == "enter":
            self.typing = False
        elif key == "escape":
            self.typing, self.filter = False, ""
        elif key == "back":
            self.filter = self.filter[:-1]
        elif len(key) == 1 and key.isprintable():
            self.filter += key

    def _choose(self, step: int) -> None:
        tickets = () if self.picture is None else self.picture.tickets
        if self.chosen in tickets:
            place = tickets.index(self.chosen) + step
            self.chosen = tickets[max(0, min(place, len(tickets) - 1))]
        elif tickets:
            self.chosen = tickets[0]

    def _explain(self, ticket: str) -> None:
        self.scrolled = 0
        try:
            self.explained = self.explain(ticket)
        except TicketRouteError as fault:
            self.explained = str(fault)

    def drawn(self, height: int) -> RenderableType:
        """Return what the screen shows in so many lines."""
        if self.explained is not None:
            lines = self.explained.splitlines()[self.scrolled : self.scrolled + height - 2]
            shown = Text("\n".join(map(clean, lines)), no_wrap=True, overflow="ellipsis")
            return Group(shown, Text("q back   up, down scroll", style="dim"))
        if self.picture is None:
            return Text(self.fault or "reading the journal ...")
        rows = rows_that_fit(self.picture, height)
        return Group(drawn(self.picture, self.zone, rows=rows, chosen=self.chosen), self._foot())

    def _foot(self) -> Text:
        if self.fault:
            return Text(clean(self.fault), style="red", no_wrap=True, overflow="ellipsis")
        if self.typing:
            return Text(f"filter: {clean(self.filter)}_   enter keeps it, escape ends it")
        told = f"  only {clean(self.filter)!r}" if self.filter else ""
        return Text(KEYS + told, style="dim", no_wrap=True, overflow="ellipsis")


def watch(view: View, screen: Console) -> None:
    """Show a view on the whole terminal until it is over.

    Raises:
        InputError: where keys of a terminal cannot be read.
    """
    with _keys() as keys, Live(console=screen, screen=True, auto_refresh=False) as live:
        due = 0.0
        while not view.over:
            started = _seconds()
            if started >= due:
                view.refresh()
                took = _seconds() - started
                due = started + max(EVERY, took / LOOKING)
            live.update(view.drawn(screen.height), refresh=True)
            for key in keys(max(0.0, due - _seconds())):
                view.press(key)


def _seconds() -> float:
    return time.monotonic()


Keys = Callable[[float], Iterator[str]]


@contextmanager
def _keys() -> Iterator[Keys]:
    """Take keys one by one, and give the terminal back as it was, also when it is told to stop."""
    try:
        import termios  # noqa: PLC0415  not on Windows
        import tty  # noqa: PLC0415
    except ImportError:
        raise InputError("keys cannot be read on this system; use --once or --json") from None
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    stopping = signal.signal(signal.SIGTERM, stop)
    try:
        tty.setcbreak(number)
        mode = termios.tcgetattr(number)
        mode[6][termios.VSUSP] = b"\x00"  # a stopped program would leave the screen as it is
        termios.tcsetattr(number, termios.TCSANOW, mode)
        yield lambda wait: read_keys(number, wait)
    finally:
        termios.tcsetattr(number, termios.TCSAFLUSH, before)
        signal.signal(signal.SIGTERM, stopping)


def read_keys(number: int, wait: float) -> Iterator[str]:
    """Yield the keys of a descriptor that are pressed within so many seconds, by name."""
    if not select.select([number], [], [], wait)[0]:
        return
    pressed = os.read(number, 1_024).decode("utf-8", "ignore")
    if not pressed:  # the terminal is gone
        raise KeyboardInterrupt
    for key in _KEY.findall(pressed):
        name = _NAMES.get(key, key)
        if len(name) == 1 or name in _NAMES.values():  # others have no use here
            yield name
