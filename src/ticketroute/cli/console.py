"""Where the command line speaks: results to standard output, progress and errors to the other."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import TextWrapper

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ticketroute.cli.text import Table, clean

REFRESH = 64  # steps between two updates of the bar: an update costs as much as many steps
NARROWEST = 80  # columns of a file, which has no width


class QuietConsole(Console):
    """A console that leaves a closed pipe to ``main``, which ends the program quietly."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, instead of ending the program here."""
        raise BrokenPipeError

    def tell(self, line: str = "", *, style: str = "") -> None:
        """Print a line as it is, however long; control characters of a file are escaped."""
        self.print(Text(clean(line), style=style), soft_wrap=True)

    def say(self, sentences: str) -> None:
        """Print sentences, broken between words where they are wider than the terminal."""
        wrapper = TextWrapper(
            self.width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        for each in clean(sentences).splitlines():
            for line in wrapper.wrap(each):
                self.tell(line)

    def show(self, table: Table) -> None:
        """Print a table and its caption, and an empty line after them."""
        self.tell(table.title, style="bold")
        self.tell()
        for line in table.lines(self.width, encoding=self.encoding):
            self.tell(line)
        self.tell()
        if table.caption:
            self.tell(table.caption)
            self.tell()


def out(*, to_stderr: bool = False) -> QuietConsole:
    """Return the console for results."""
    made = QuietConsole(file=sys.stderr if to_stderr else sys.stdout, highlight=False)
    if not made.is_terminal and made.width < NARROWEST:
        made.width = NARROWEST  # a file has no width; a table cut to fit one would lose names
    return made


def escape_what_cannot_be_written() -> None:
    """Have standard output and error escape characters that their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None where it is closed; a host may replace it
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on standard error if it is a terminal, and yield what moves it."""
    console = QuietConsole(file=sys.stderr)
    if not console.is_terminal:
        yield lambda: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    steps = 0
    with bar:
        task = bar.add_task(what, total=total)

        def step() -> None:
            nonlocal steps
            steps += 1
            if steps % REFRESH == 0 or steps == total:
                bar.update(task, completed=steps)

        yield step


def stream(seed: int, purpose: str) -> random.Random:
    """Return the random numbers for one purpose: other purposes do not move them."""
    # Not for secrets: a draw has to be repeatable from its seed.
    return random.Random(f"{seed}/{purpose}")  # noqa: S311
