"""``ticketroute journal``: what a kept desk holds, and held."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from ticketroute.cli.kept import address_of, desk_of, instant_written
from ticketroute.desk.compacting import compact_journal
from ticketroute.desk.reading import Reader
from ticketroute.journal.statements import POSTGRES, SQLITE
from ticketroute.model.instants import LAST_INSTANT, datetime_of

KINDS = {"postgresql": POSTGRES, "sqlite": SQLITE}


@click.group(help="Look into the journal of a kept desk.")
def journal() -> None:
    """Hold the commands about journals."""


@journal.command(help="Print the events, one a line: position, instant, kind, payload.")
@address_of
@desk_of
@click.option("--after", default=0, type=click.IntRange(0), help="Leave out positions up to this.")
@click.option("--ticket", help="Only the events of this ticket.")
def show(address: str, desk: str, after: int, ticket: str | None) -> None:
    """Print rows as they are; a damaged payload is printed as well."""
    with Reader(address, desk) as reader:
        for row in reader.rows(after):
            if ticket is None or _ticket_of(row.payload) == ticket:
                at = datetime_of(row.at).isoformat(timespec="milliseconds")
                click.echo(f"{row.position} {at} {row.kind} {row.payload}")


@journal.command(help="Check every row and fold them; name the first that is damaged.")
@address_of
@desk_of
def verify(address: str, desk: str) -> None:
    """Print how many events are intact, or fail."""
    with Reader(address, desk) as reader:
        checked = reader.check()
    if checked.first is None or checked.last is None:
        click.echo("no events")
        return
    first, last = (datetime_of(each).isoformat() for each in (checked.first, checked.last))
    click.echo(f"{checked.events} events from {first} to {last} are intact")
    if checked.archived:
        click.echo(f"{checked.archived} events before them are in an archive")


@journal.command(help="Fold the events and print how the tickets stand.")
@address_of
@desk_of
@click.option("--at", "written", help="Up to this instant, such as 2026-03-02T09:00+01:00.")
def replay(address: str, desk: str, written: str | None) -> None:
    """Print how many tickets are in which state."""
    with Reader(address, desk) as reader:
        found = reader.desk_at(
            LAST_INSTANT if written is None else instant_written("--at", written)
        )
    states = Counter(ticket.state.value for ticket in found.tickets())
    agents, queues = len(list(found.agents())), len(list(found.queues()))
    click.echo(f"agents {agents}, queues {queues}, tickets {states.total()}")
    for state, count in sorted(states.items()):
        click.echo(f"  {state} {count}")


@journal.command(help="Move old events to an archive, behind a snapshot that stands for them.")
@address_of
@desk_of
@click.option(
    "--archive",
    required=True,
    type=click.Path(path_type=Path),
    help="A file that is not there yet; one that ends in .gz is compressed.",
)
@click.option("--before", "written", help="Only events before this instant.")
def compact(address: str, desk: str, archive: Path, written: str | None) -> None:
    """Print how many events were moved."""
    before = None if written is None else instant_written("--before", written)
    moved = compact_journal(address, desk, archive, before)
    if moved.count:
        click.echo(f"{moved.count} events, {moved.first} to {moved.last}, are now in {archive}")
    else:
        click.echo("no events to move")


@journal.command(help="Print the statements that create the tables.")
@click.option("--sql", is_flag=True, expose_value=False, help="As SQL, the only form there is.")
@click.option("--kind", type=click.Choice(list(KINDS)), default="postgresql", show_default=True)
def schema(kind: str) -> None:
    """Print what ``Desk.open`` runs where it may."""
    says = KINDS[kind]
    for statement in (*says.schema(), says.versioned().sql):
        click.echo(f"{statement};")


def _ticket_of(payload: str) -> str | None:
    try:
        found: str | None = json.loads(payload).get("ticket_id")
    except (ValueError, AttributeError):
        return None
    return found
