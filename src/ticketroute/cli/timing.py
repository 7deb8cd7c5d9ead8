"""``ticketroute run`` and ``ticketroute advance``: do what falls due on a kept desk."""

from __future__ import annotations

import click

from ticketroute.desk import Desk, due_desks, run_due
from ticketroute.desk.desk import LONGEST_WAIT
from ticketroute.desk.stopping import until_stopped

ADDRESS = click.argument("address")
ALL = click.option("--all", "every", is_flag=True, help="Every desk of the database.")


@click.command(name="run")
@ADDRESS
@click.option("--desk", default="main", show_default=True, help="Name of the desk.")
@ALL
@click.option(
    "--poll", default=1.0, show_default=True, type=click.FloatRange(0.02, LONGEST_WAIT),
    help="Seconds between two looks at what other processes did.",
)  # fmt: skip
def run_desk(*, address: str, desk: str, every: bool, poll: float) -> None:
    r"""Do what falls due on a kept desk, until SIGTERM or Ctrl-C.

    Offers expire, wrap-ups end and targets are breached when a process does it; any number of
    processes may. ADDRESS is a path of an SQLite file, or postgresql://...; the desk must exist.

    \b
    Example:
      ticketroute run postgresql://db/support
    """
    with until_stopped() as stop:
        if every:
            names = due_desks(address)  # a wrong address is told before it begins
            click.echo(f"running every desk, of which {len(names)} have something due")
            run_due(address, stop=stop, poll=poll)
        else:
            with Desk.open(address, desk, create=False) as opened:
                click.echo(f"running desk {desk}")
                opened.run(stop=stop, poll=poll)
    click.echo("stopped")


@click.command(name="advance")
@ADDRESS
@click.option("--desk", default="main", show_default=True, help="Name of the desk.")
@ALL
def advance(*, address: str, desk: str, every: bool) -> None:
    r"""Do what has fallen due on a kept desk, once; for cron.

    ADDRESS is a path of an SQLite file, or postgresql://...; the desk must exist.

    \b
    Example:
      ticketroute advance desk.db
    """
    done = 0
    for name in due_desks(address) if every else [desk]:
        with Desk.open(address, name, create=False, listen=False) as opened:
            done += len(opened.advance())
    click.echo(f"{done} events")
