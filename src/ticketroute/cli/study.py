"""What ``compare``, ``replay`` and ``staff`` share: options, progress, the answer in a terminal."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ticketroute.cli import console
from ticketroute.cli.faults import InputError

if TYPE_CHECKING:
    from ticketroute.simulation import Comparison

C = TypeVar("C", bound=Callable[..., object])
NEEDED = ("numpy", "scipy", "matplotlib", "jinja2")


def check_extra() -> None:
    """Raise InputError unless the packages of the extra ``sim`` are there."""
    for name in NEEDED:
        if find_spec(name) is None:
            raise InputError(
                f"this command needs the package {name!r}, which is not installed; "
                "install it with: pip install 'ticketroute[sim]'"
            )


def study_options(command: C) -> C:
    """Add the options that every study has."""
    for option in reversed(
        (
            click.option("--replications", "-n", type=click.IntRange(1), metavar="N",
                         help="How many runs of each; with --half-width, how many at a time."),
            click.option("--half-width", type=float, metavar="SHARE",
                         help="Run until intervals are within this share of the mean: 0.05."),
            click.option("--most", type=click.IntRange(1), metavar="N",
                         help="With --half-width: stop after so many."),
            click.option("--figure", "-f", metavar="NAME", help="What the answer goes by."),
            click.option("--baseline", metavar="NAME", help="What the others are compared with."),
            click.option("--seed", metavar="TEXT", help="The same one gives the same result."),
            click.option("--workers", "-w", type=click.IntRange(1), metavar="N",
                         help="Processes; default: one a core."),
            click.option("--allow-overload", is_flag=True,
                         help="Run although more work comes in than the agents can do."),
            click.option("--report", metavar="FILE.html", help="Write the report."),
            click.option("--figures", metavar="FILE.csv",
                         help="Write every figure of every replication."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how many replications are done, and the time left."""
    err = console.QuietConsole(file=sys.stderr)
    if not err.is_terminal:
        yield None
        return
    with Progress(
        TextColumn("Replications"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        task = bar.add_task("replications", total=None)

        def tell(done: int, planned: int) -> None:
            bar.update(task, completed=done, total=planned)

        yield tell


def show(
    comparison: Comparison, *, report: str | None, figures: str | None, title: str = ""
) -> None:
    """Print the answer and the table, and write the files that were asked for."""
    from ticketroute.simulation.answer import answer, cautions  # noqa: PLC0415  the extra `sim`
    from ticketroute.simulation.report import table, write_report  # noqa: PLC0415

    out = console.out()
    out.print(answer(comparison), markup=False, style="bold")
    for each in cautions(comparison):
        out.print(f"Note: {each}", markup=False)
    out.print()
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("Figure")
    for name in comparison.names:
        shown.add_column(name, justify="right")
    for row in table(comparison):
        cells = [_cell(cell["mean"], marked=bool(cell["difference"])) for cell in row["cells"]]
        shown.add_row(row["figure"].title, *cells)
    out.print(shown)
    if comparison.alternatives:
        out.print()
        out.print(
            f"* differs from {comparison.baseline} for sure, on the same tickets "
            f"({100 * comparison.confidence:g} %, Holm over the alternatives).",
            markup=False,
        )
    writers = ((report, partial(write_report, title=title)), (figures, _write_figures))
    for path, write in writers:
        if path is not None:
            try:
                write(comparison, path)
            except OSError as fault:
                raise InputError(f"{path} cannot be written: {fault.strerror or fault}") from fault
            out.print(f"Written to {path}.", markup=False, soft_wrap=True)


def _cell(mean: str, *, marked: bool) -> str:
    """Put the half-width below the mean: four scenarios fit a terminal of 80 columns."""
    return mean.replace(" \u00b1 ", " *\n\u00b1 " if marked else "\n\u00b1 ")


def _write_figures(comparison: Comparison, path: str) -> None:
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("replication", "scenario", "figure", "value"))
        writer.writeheader()
        writer.writerows(comparison.rows())
