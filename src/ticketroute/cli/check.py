"""``ticketroute check``: whether a configuration can be used, and what in it can never work."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from ticketroute.cli.console import out
from ticketroute.cli.faults import OTHER, USAGE_OR_INPUT
from ticketroute.desk.config import Config
from ticketroute.desk.config_check import check as advice_on
from ticketroute.desk.config_schema import schema
from ticketroute.errors import ConfigurationError
from ticketroute.model.instants import Instant, instant_of


def _present() -> Instant:
    return instant_of(datetime.now(UTC))  # noqa: TID251  the present is what a check asks about


@click.command(name="check")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--schema", "as_schema", is_flag=True, help="Print the JSON Schema for editors.")
def check(path: Path | None, as_schema: bool) -> int:
    r"""Read a configuration and say all that is wrong with it.

    Then find what is allowed and can never work: a skill that nobody has, a tier nobody is in,
    a rule that is never reached, a calendar that closes for good.

    \b
    Exit codes: 0 nothing to say, 1 something can never work,
    2 the configuration cannot be used.
    """
    if as_schema:
        click.echo(json.dumps(schema(), indent=2))
        return 0
    if path is None:
        raise click.UsageError("name the file to check, such as desk.toml, or give --schema")
    try:
        config = Config.load(path)
    except ConfigurationError as fault:
        click.echo(f"Error: {fault}", err=True)
        return USAGE_OR_INPUT
    found = advice_on(config, at=_present())
    screen = out()
    for line in found:
        screen.print(str(line), markup=False, soft_wrap=True)
    counts = (
        (len(config.queues), "queues"),
        (len(config.agents), "agents"),
        (len(config.calendars), "calendars"),
        (len(config.policies), "policies"),
        (len(config.rules.rules), "rules"),
    )
    told = ", ".join(f"{count} {what}" for count, what in counts)
    screen.print(f"{told}: {len(found) or 'nothing'} that can never work", soft_wrap=True)
    return OTHER if found else 0
