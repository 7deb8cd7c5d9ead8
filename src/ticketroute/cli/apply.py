"""``ticketroute apply``: a kept desk becomes the one that a configuration describes."""

from __future__ import annotations

from pathlib import Path

import click

from ticketroute.cli.console import out
from ticketroute.cli.faults import InputError
from ticketroute.cli.kept import address_of, desk_of
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk import Desk, ReadOnlyDesk
from ticketroute.desk.addresses import is_postgres
from ticketroute.desk.config import Config
from ticketroute.desk.config_plan import plan
from ticketroute.errors import ConfigurationError
from ticketroute.journal.faults import NoSuchDeskError, NoTablesError


@click.command(name="apply")
@click.argument("path", metavar="DESK.toml", type=click.Path(path_type=Path))
@address_of
@desk_of
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--create", is_flag=True, help="Create the desk if there is none.")
@click.option("--by", metavar="NAME", help="Who does it, for the events.")
def apply(
    *, path: Path, address: str, desk: str, dry_run: bool, create: bool, by: str | None
) -> None:
    r"""Make a kept desk the one that a configuration describes.

    Each change is printed, and all of them happen in one transaction, or none.
    What is so already gives no event. Tickets stay where they are; a queue that
    goes has to be empty, unless [moved] names where its tickets go.

    \b
    Examples:
      ticketroute apply desk.toml desk.db --dry-run
      ticketroute apply desk.toml desk.db --by ops
      ticketroute apply desk.toml postgresql://localhost/support --create
    """
    try:
        config = Config.load(path)
        missing = not is_postgres(address) and not Path(address).exists()
        if missing and not create:
            raise InputError(f"{address} does not exist; check the path, or give --create")
        if dry_run:
            _show(config, None if missing else address, desk, create=create)
            return
        with Desk.open(address, desk, create=create) as opened:
            made = opened.plan(config)
            events = opened.apply(config, by=by)
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault
    screen = out()
    screen.tell(str(made))
    if events:
        screen.tell(f"applied: {len(events)} events, the last at position {opened.head}")


def _show(config: Config, address: str | None, desk: str, *, create: bool) -> None:
    made = plan(config, Dispatcher())
    if address is not None:
        try:
            with ReadOnlyDesk(address, desk) as seen:
                made = plan(config, seen)
        except (NoTablesError, NoSuchDeskError):
            if not create:
                raise
    screen = out()
    screen.tell(str(made))
    if made.steps:
        screen.tell("dry run: nothing was changed")
