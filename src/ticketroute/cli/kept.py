"""What the commands about a kept desk have in common: its address, its name, instants."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from ticketroute.cli.faults import InputError
from ticketroute.model.instants import Instant, instant_of

address_of = click.argument("address", metavar="ADDRESS")
maybe_address_of = click.argument("address", metavar="[ADDRESS]", required=False)
desk_of = click.option("--desk", default="main", show_default=True, help="Name of the desk.")

config_of = click.option(
    "--config",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="In place of ADDRESS: a made-up day is routed on this desk.",
)
seed_of = click.option(
    "--seed", metavar="N", type=int, default=1, show_default=True, help="Makes the made-up day."
)


def refuse_both(address: str | None, config: Path | None) -> None:
    """Refuse the address of a kept desk beside a configuration, and neither of them.

    Raises:
        UsageError: which says what to write.
    """
    if (address is None) == (config is None):
        raise click.UsageError(
            "name a kept desk, such as desk.db or postgresql://host/database, "
            "or a made-up day's desk with --config desk.toml, and not both"
        )
    if address is not None and address.endswith(".toml"):
        raise click.UsageError(
            f"{address} is a configuration: for a made-up day on it write --config {address}, or "
            "name the kept desk that it was applied to"
        )


def instant_written(option: str, written: str) -> Instant:
    """Read an instant with its offset.

    Raises:
        InputError: if it is something else.
    """
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(
            f"{option} {written!r} is not an instant with its offset; "
            "write it as 2026-03-02T09:00+01:00 or 2026-03-02T08:00Z"
        )
    return instant_of(moment)
