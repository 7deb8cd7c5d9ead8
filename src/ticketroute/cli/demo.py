"""``ticketroute demo``: a day of a help desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click
from attrs import define, evolve, field, frozen

from ticketroute.cli import console, decisions, tables
from ticketroute.cli.day import Day
from ticketroute.cli.decisions import Decisions
from ticketroute.cli.faults import InputError
from ticketroute.cli.figures import Figures, Waits
from ticketroute.cli.scenario import MIDNIGHT, a_day
from ticketroute.cli.trial import Trial
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.desk.config import Config
from ticketroute.errors import ConfigurationError
from ticketroute.logs.understood import counted
from ticketroute.model.events import Cause, Event, TicketAssigned
from ticketroute.model.instants import Instant, hours
from ticketroute.model.queue import Queue
from ticketroute.model.strategy_spec import StrategySpec

EXPLAINED_FROM: Instant = MIDNIGHT + hours(10)  # the busiest time: there is something to choose
_MOST_SEEDS = 10_000  # days of one run
_SEEDS = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)

HELP = """Route a day of a made-up help desk, and show what came of it.

Three departments, five channels, a dozen agents with skills, shifts and
breaks, some hundreds of tickets. Calls and chats ring until an agent answers.
Requesters give up, tickets rest, move to another department, come back.
The same seed makes the same day, so that two strategies can be compared on it.

\b
Examples:
  ticketroute demo
  ticketroute demo --strategy round_robin -o decisions.csv
  ticketroute demo --seed 7 --strategy 'priority(then=random)'
  ticketroute demo --seeds 1-20
  ticketroute demo --config desk.toml
"""


@define
class Explained:
    """Keeps the words for the first decision of the busy time that had most to choose from."""

    desk: Dispatcher | None = None
    words: str = ""
    _worth: int = -1

    def see(self, event: Event) -> None:
        """Take in the next event, right after it happened."""
        if (
            self.desk is None
            or not isinstance(event, TicketAssigned)
            or event.cause is not Cause.ROUTED
            or event.at < EXPLAINED_FROM
        ):
            return
        asks = bool(self.desk.ticket(event.ticket_id).ticket.skills)
        worth = (event.runner_up is not None) + asks
        if worth > self._worth:
            self._worth = worth
            self.words = str(self.desk.explain(event.ticket_id))


@frozen
class Lived:
    """A day that is over."""

    seed: int
    queues: tuple[Queue, ...]
    figures: Figures = field(factory=Figures)
    made: Decisions = field(factory=Decisions)
    explained: Explained = field(factory=Explained)


@click.command(help=HELP)
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Makes the day.")
@click.option(
    "--seeds",
    metavar="FROM-TO",
    help="Route a day for each seed, such as 1-20, and print a row for each.",
)
@click.option(
    "--strategy",
    "-s",
    metavar="NAME",
    help="For all departments, instead of one for each; see `ticketroute strategies`.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write the decisions: .csv or .jsonl, also .gz; `-` is standard output.",
)
@click.option(
    "--config",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Route the day on the desk of this configuration, by its rules.",
)
def demo(
    *, seed: int, seeds: str | None, strategy: str | None, output: str | None, path: Path | None
) -> None:
    """Route a day, or several, and print tables."""
    spec = None if strategy is None else StrategySpec.of(strategy)
    if output is not None:
        decisions.check_writable(output, reads=[])
    config = None if path is None else _config(path, spec)
    if seeds is None:
        _one_day(seed, spec, output, config)
        return
    if output is not None:
        raise InputError("-o writes the decisions of one day; use --seed instead of --seeds")
    _several_days(_seeds(seeds), spec, config)


def _config(path: Path, spec: StrategySpec | None) -> Config:
    try:
        config = Config.load(path)
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault
    if spec is None:
        return config
    queues = {name: evolve(queue, strategy=spec) for name, queue in config.queues.items()}
    return evolve(config, queues=queues)


def _one_day(
    seed: int, spec: StrategySpec | None, output: str | None, config: Config | None
) -> None:
    day = _lived(seed, spec, config, keep=output is not None)
    try:
        if output is not None:
            decisions.write(output, day.made.rows())
    finally:
        day.made.forget()
    _show(console.out(to_stderr=output == decisions.STDOUT), day)
    if output not in (None, decisions.STDOUT):
        console.out().tell(f"Decisions are in {output}.")


def _seeds(written: str) -> range:
    """Read a range of seeds, such as ``1-20``, both ends counted."""
    found = _SEEDS.fullmatch(written.strip())
    seeds = range(int(found[1]), int(found[2]) + 1) if found else range(0)
    if not 1 <= len(seeds) <= _MOST_SEEDS:
        raise InputError(
            f"--seeds is {written!r}; write the first and the last seed, such as 1-20, "
            f"for at most {_MOST_SEEDS:,} days"
        )
    return seeds


def _lived(seed: int, spec: StrategySpec | None, config: Config | None, *, keep: bool) -> Lived:
    figures = Figures()
    made = Decisions(capacity_of=figures.capacity_of)
    explained = Explained()

    def see(event: Event) -> None:
        figures.see(event)
        if keep:
            made.see(event)
        explained.see(event)

    if config is None:
        scenario = a_day(seed=seed, strategy=spec)
        queues = tuple(scenario.queues)
        with console.progress("Monday", len(scenario.tickets)) as done:
            day = Day(scenario, see, done, seed)
            explained.desk = day.desk
            day.open()
            closed = day.run()
    else:
        trial = Trial(config, seed)
        queues = tuple(config.queues.values())
        explained.desk = trial.desk
        for event in trial.events():
            see(event)
        closed = trial.desk.now
    figures.close(closed)
    made.close(closed)
    return Lived(seed, queues, figures, made, explained)


def _several_days(seeds: Sequence[int], spec: StrategySpec | None, config: Config | None) -> None:
    rows: list[tuple[tuple[str], Waits]] = []
    together = Waits()
    for seed in seeds:
        waits = _lived(seed, spec, config, keep=False).figures.all_waits()
        together.merge(waits)
        rows.append(((str(seed),), waits))
    rows.append((("all",), together))
    out = console.out()
    used = "one strategy for each department" if spec is None else f"strategy {spec}"
    out.say(f"{counted(len(seeds), 'day')}, {used}")
    out.tell()
    out.show(tables.waits_table("Days", ("seed",), rows, gone="gave up"))


def _show(out: console.QuietConsole, day: Lived) -> None:
    strategies = ", ".join(f"{queue.id}: {queue.strategy}" for queue in day.queues)
    tickets = counted(day.figures.all_waits().tickets, "ticket")
    out.say(f"A day of {tickets} (seed {day.seed}); {strategies}")
    out.tell()
    out.show(tables.queues_table(day.figures, gone="gave up"))
    out.show(tables.priorities_table(day.figures, gone="gave up"))
    out.show(tables.offers_table(day.figures))
    out.show(tables.agents_table(day.figures))
    out.say(tables.DEFINITIONS)
    if day.explained.words:
        out.tell()
        out.tell("One decision explained:", style="bold")
        out.say(day.explained.words)
