"""``ticketroute compare``: which strategy is right for a desk, by simulation."""

from __future__ import annotations

import click

from ticketroute.cli import study
from ticketroute.cli.described import described
from ticketroute.cli.faults import InputError

HELP = """Run a scenario with several strategies on the same tickets.

SCENARIO.toml describes agents, queues and tickets; the reference page
"Scenarios" has every key. The answer comes first, with its uncertainty.

\b
Examples:
  ticketroute compare study.toml
  ticketroute compare study.toml -s longest_idle -s random --report out.html
  ticketroute compare study.toml --figure abandoned --half-width 0.05
"""


@click.command(help=HELP)
@click.argument("scenario", metavar="SCENARIO.toml")
@click.option(
    "--strategy", "-s", "strategies", multiple=True, metavar="NAME",
    help="In place of the file's; may be repeated.",
)  # fmt: skip
@study.study_options
def compare(
    *,
    scenario: str,
    strategies: tuple[str, ...],
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
) -> None:
    """Run a scenario with several strategies on the same tickets."""
    study.check_extra()
    from ticketroute import simulation  # noqa: PLC0415  the extra `sim`
    from ticketroute.simulation.reading import read_plan  # noqa: PLC0415

    try:
        plan = read_plan(scenario, describes=described)
    except OSError as fault:
        raise InputError(f"{scenario} cannot be read: {fault.strerror or fault}") from fault
    named = dict(plan.scenarios)
    first = next(iter(named.values()))
    if strategies:
        named = {name: first.with_strategy(name) for name in strategies}
    usual = plan.baseline if plan.baseline in named else next(iter(named))
    with study.progress() as tell:
        comparison = simulation.compare(
            named,
            baseline=baseline or usual,
            figure=figure or plan.figure,
            replications=replications or plan.replications,
            half_width=half_width if half_width is not None else plan.half_width,
            most=most if most is not None else plan.most,
            seed=seed or plan.seed,
            workers=workers,
            allow_overload=allow_overload,
            progress=tell,
        )
    study.show(comparison, report=report, figures=figures)
