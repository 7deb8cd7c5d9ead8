"""``ticketroute strategies``: a line on each strategy."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from ticketroute.cli import console
from ticketroute.strategies import registry

EXAMPLES = (
    "Options go in brackets: --strategy 'priority(then=round_robin)'. "
    "Every tie ends: longest since last assigned, then id."
)


@click.command(help="List the strategies, those of installed plug-ins included.")
def strategies() -> None:
    """Print each strategy and the agent it asks first."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column("strategy", no_wrap=True)
    made.add_column("who is asked first")
    for name in registry.names():
        try:
            says = registry.describe(name)
        except registry.BrokenStrategyError as fault:
            says = str(fault)  # one broken plug-in does not hide the others
        made.add_row(Text(name, style="bold"), Text(says))
    out = console.out()
    out.print(made)
    out.print()
    out.print(EXAMPLES, markup=False)
