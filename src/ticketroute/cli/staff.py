"""``ticketroute staff``: the fewest agents that meet a target under a strategy."""

from __future__ import annotations

import click

from ticketroute.cli import study
from ticketroute.cli.faults import InputError

HELP = """Find how many agents of an entry meet a target, by simulation.

SCENARIO.toml is that of `ticketroute compare`; --agents names an entry of
[[agents]], whose count is varied. A count is enough if the whole interval of
the figure is on the right side of the target.

\b
Examples:
  ticketroute staff desk.toml --agents junior --at-least 0.8
  ticketroute staff desk.toml --agents junior --figure abandoned --at-most 0.05
"""


@click.command(help=HELP)
@click.argument("scenario", metavar="SCENARIO.toml")
@click.option("--agents", "entry", required=True, metavar="ID", help="The entry to vary.")
@click.option("--strategy", "-s", metavar="NAME", help="In place of the file's first one.")
@click.option(
    "--figure",
    "-f",
    default="service_level",
    show_default=True,
    metavar="NAME",
    help="What has to be met.",
)
@click.option("--at-least", type=float, metavar="X", help="The target, for a figure to be high.")
@click.option(
    "--at-most",
    type=float,
    metavar="X",
    help="The target, for a figure to be low; spans in milliseconds.",
)
@click.option(
    "--most",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    metavar="N",
    help="Try no more agents than that.",
)
@click.option(
    "--replications",
    "-n",
    type=click.IntRange(2),
    default=10,
    show_default=True,
    metavar="N",
    help="How many runs of each count.",
)
@click.option(
    "--workers", "-w", type=click.IntRange(1), metavar="N", help="Processes; default: one a core."
)
@click.option(
    "--seed",
    default="1",
    show_default=True,
    metavar="TEXT",
    help="The same one gives the same result.",
)
def staff(
    *,
    scenario: str,
    entry: str,
    strategy: str | None,
    figure: str,
    at_least: float | None,
    at_most: float | None,
    most: int,
    replications: int,
    workers: int | None,
    seed: str,
) -> None:  # fmt: skip
    """Find how many agents of an entry meet a target, by simulation."""
    study.check_extra()
    from ticketroute.simulation.answer import with_half  # noqa: PLC0415  the extra `sim`
    from ticketroute.simulation.figures import CATALOGUE  # noqa: PLC0415
    from ticketroute.simulation.reading import read_staffed  # noqa: PLC0415
    from ticketroute.simulation.staffing import smallest_staff  # noqa: PLC0415

    if (at_least is None) == (at_most is None):
        raise InputError("give the target: either --at-least or --at-most")
    try:
        scenario_of = read_staffed(scenario, entry, strategy)
    except OSError as fault:
        raise InputError(f"{scenario} cannot be read: {fault.strerror or fault}") from fault
    found = smallest_staff(
        scenario_of,
        figure=figure,
        at_least=at_least,
        at_most=at_most,
        most=most,
        replications=replications,
        workers=workers,
        seed=seed,
    )
    shown = CATALOGUE[figure]
    if found.count is None:
        click.echo(f"{most} agents of {entry!r} do not meet the target.")
    else:
        click.echo(
            f"{found.count} agents of {entry!r} are enough: {shown.title.lower()} is "
            f"{with_half(shown, found.tried[found.count])}."
        )
    for count, each in sorted(found.tried.items()):
        click.echo(f"  {count:>4}  {with_half(shown, each)}")
