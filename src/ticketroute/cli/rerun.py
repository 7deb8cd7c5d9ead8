"""``ticketroute replay``: one's own history, decided by strategies in place of people."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import evolve

from ticketroute.cli import study
from ticketroute.cli.faults import InputError
from ticketroute.logs import Options, chosen_columns, chosen_priorities, chosen_steps
from ticketroute.logs.dates import Dates, zone_named
from ticketroute.logs.sheets import separator
from ticketroute.model.checks import LARGEST, check_id
from ticketroute.model.ticket import TicketPriority

HELP = """Compare strategies with what a log says was done.

LOG.csv is what `ticketroute route` reads: one row for each ticket, with the
agents who had it (several columns: --map agent=first,last), or with --events
one row for each event, which also tells holds and reopenings. Arrivals, hours,
queues and handling times are fitted to it; how good the fit is, is said.
The baseline is "as recorded": every ticket goes to who had it.

\b
Examples:
  ticketroute replay tickets.csv -s longest_idle -s best_match
  ticketroute replay tickets.csv --map met=made_sla --report out.html
  ticketroute replay --events updates.csv --activity "In review=hold"
  ticketroute replay tickets.csv --handling-factor 0.5
"""
USUAL = ("average_load", "longest_idle", "random")


@click.command(help=HELP)
@click.argument("log", metavar="LOG.csv")
@click.option(
    "--strategy",
    "-s",
    "strategies",
    multiple=True,
    metavar="NAME",
    help=f"What to compare; default: {', '.join(USUAL)}.",
)
@click.option(
    "--map",
    "-m",
    "pairs",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Where a field is; may be repeated. `met` is whether its service level was met.",
)
@click.option("--layout", metavar="NAME", help="Read the file as an export of this product.")
@click.option("--events", is_flag=True, help="The file has one row for each event.")
@click.option(
    "--activity",
    "activities",
    multiple=True,
    metavar="WORD=STEP",
    help="What an activity of a log of events means, as for `route`; may be repeated.",
)
@click.option(
    "--holds-count",
    is_flag=True,
    help="A ticket on hold uses its agent's capacity.",
)
@click.option(
    "--priority",
    "priorities",
    multiple=True,
    metavar="WORD=LEVEL",
    help="What a priority of the file means: urgent, high, normal or low; may be repeated.",
)
@click.option(
    "--empty", multiple=True, metavar="WORD", help="A word that means nothing; may be repeated."
)
@click.option("--since", metavar="DATE", help="Leave out tickets that came before.")
@click.option("--until", metavar="DATE", help="Leave out tickets that came at or after.")
@click.option(
    "--capacity",
    type=click.IntRange(1, LARGEST),
    default=1,
    show_default=True,
    metavar="N",
    help="Tickets that an agent holds; they work on one of them.",
)
@click.option(
    "--handling-factor",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="Multiplies handling times, the weakest guess: try 0.5 and 2.",
)
@click.option(
    "--resample", is_flag=True, help="Draw whole days of arrivals; leaves out `as recorded`."
)
@click.option(
    "--resolve-within",
    "within",
    multiple=True,
    metavar="PRIORITY=SPAN",
    help="A service level, such as urgent=4h; default: fitted to `met`.",
)
@click.option(
    "--queue",
    default="default",
    show_default=True,
    metavar="NAME",
    help="The queue of tickets that name none.",
)
@click.option(
    "--tz",
    "zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="The zone of dates without an offset, and of working hours.",
)
@click.option("--date-format", metavar="FORMAT", help="How dates are written, as for strptime.")
@click.option(
    "--delimiter",
    metavar="CHARACTER",
    help="Between cells; `tab` for tabs. Default: what the header has.",
)
@click.option("--encoding", metavar="NAME", help="Of the file.  [default: utf-8]")
@study.study_options
def replay(
    *,
    log: str,
    strategies: tuple[str, ...],
    pairs: tuple[str, ...],
    layout: str | None,
    events: bool,
    activities: tuple[str, ...],
    holds_count: bool,
    priorities: tuple[str, ...],
    empty: tuple[str, ...],
    since: str | None,
    until: str | None,
    capacity: int,
    handling_factor: float,
    resample: bool,
    within: tuple[str, ...],
    queue: str,
    zone: str,
    date_format: str | None,
    delimiter: str | None,
    encoding: str | None,
    replications: int | None,
    half_width: float | None,
    most: int | None,
    figure: str | None,
    baseline: str | None,
    seed: str | None,
    workers: int | None,
    allow_overload: bool,
    report: str | None,
    figures: str | None,
) -> None:  # fmt: skip
    """Compare strategies with what a log says was done."""
    study.check_extra()
    from ticketroute import simulation  # noqa: PLC0415  the extra `sim`
    from ticketroute.cli.past import FIELDS, MET, read_past  # noqa: PLC0415
    from ticketroute.simulation.goodness import quality  # noqa: PLC0415
    from ticketroute.simulation.history import RECORDED, fit  # noqa: PLC0415

    check_id("--queue", queue)
    zone_named(zone)
    dates = Dates(zone_named(zone), date_format)
    options = Options(
        columns=chosen_columns(pairs, fields=FIELDS),
        layout=layout,
        events=events,
        delimiter=None if delimiter is None else separator(delimiter),
        encoding=encoding,
        zone=zone,
        date_format=date_format,
        queue=queue,
        empty=empty,
        priorities=chosen_priorities(priorities),
        activities=chosen_steps(activities),
        more=(MET,),
    )
    past = read_past(log, options)
    first = None if since is None else dates.instant("--since", since)
    last = None if until is None else dates.instant("--until", until)
    kept = [
        ticket
        for ticket in past
        if (first is None or ticket.arrived >= first) and (last is None or ticket.arrived < last)
    ]
    fitted = fit(
        kept,
        zone=zone,
        capacity=capacity,
        factor=handling_factor,
        targets=_targets(within) if within else None,
        resample=resample,
        holds_count=holds_count,
        name=log,
    )
    if not resample:
        lines = quality(fitted).lines()
        told = (*fitted.scenario.assumptions, *lines)
        recorded = evolve(fitted.recorded, assumptions=told)
        named = {RECORDED: recorded}
    else:
        named = {}
        told = fitted.scenario.assumptions
    scenario = evolve(fitted.scenario, assumptions=told)
    named |= {name: scenario.with_strategy(name) for name in strategies or USUAL}
    with study.progress() as tell:
        comparison = simulation.compare(
            named,
            baseline=baseline,
            figure=figure or "resolution",
            replications=replications or 5,
            half_width=half_width,
            most=most,
            seed=seed or "1",
            workers=workers,
            allow_overload=allow_overload,
            progress=tell,
        )
    study.show(comparison, report=report, figures=figures, title=f"Replay of {Path(log).name}")
    click.echo()
    for line in told:
        click.echo(f"Assumed: {line}")


def _targets(within: tuple[str, ...]) -> dict[TicketPriority, int]:
    from ticketroute.simulation.units import whole_span  # noqa: PLC0415  the extra `sim`

    names = {each.name.lower(): each for each in TicketPriority}
    found = {}
    for pair in within:
        name, _, span = pair.partition("=")
        if name not in names:
            raise InputError(
                f"--resolve-within {pair!r} names no priority; write one of {', '.join(names)}, "
                "such as urgent=4h"
            )
        found[names[name]] = whole_span(span)
    return found
