"""Where the command line speaks: tables to standard output, progress and errors to the other."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

REFRESH = 64  # steps between two updates of the bar: an update costs as much as many steps
NARROWEST = 80  # columns: what the tables are made for


class QuietConsole(Console):
    """A console that leaves a closed pipe to ``main``, which ends the program quietly."""

    def on_broken_pipe(self) -> None:
        """Say that the reader went away, instead of ending the program here."""
        raise BrokenPipeError


def out(*, to_stderr: bool = False) -> QuietConsole:
    """Return the console for results."""
    made = QuietConsole(file=sys.stderr if to_stderr else sys.stdout, highlight=False)
    if not made.is_terminal and made.width < NARROWEST:
        made.width = NARROWEST  # a file has no width; a table cut to fit one would lose figures
    return made


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
