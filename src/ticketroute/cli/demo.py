"""``ticketroute demo``: a day of a help desk."""

from __future__ import annotations

import click
from attrs import define

from ticketroute.cli import console, tables
from ticketroute.cli.day import Day
from ticketroute.cli.figures import Figures
from ticketroute.cli.scenario import MIDNIGHT, Scenario, a_day
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.model.events import Cause, Event, TicketAssigned
from ticketroute.model.instants import Instant, hours
from ticketroute.model.strategy_spec import StrategySpec

EXPLAINED_FROM: Instant = MIDNIGHT + hours(10)  # the busiest time: there is something to choose

HELP = """Route a day of a made-up help desk, and show what came of it.

Three departments, five channels, a dozen agents with skills, shifts and
breaks, some hundreds of tickets. Calls and chats ring until somebody answers.
Requesters give up, tickets rest, move to another department, come back.
The same seed makes the same day, so that two strategies can be compared on it.

\b
Examples:
  ticketroute demo
  ticketroute demo --strategy round_robin
  ticketroute demo --seed 7 --strategy 'priority(then=random)'
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


@click.command(help=HELP)
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Makes the day.")
@click.option(
    "--strategy",
    "-s",
    metavar="NAME",
    help="For all departments, instead of one for each; see `ticketroute strategies`.",
)
def demo(*, seed: int, strategy: str | None) -> None:
    """Route a day and print its tables."""
    scenario = a_day(seed=seed, strategy=None if strategy is None else StrategySpec.of(strategy))
    figures, explained = Figures(), Explained()

    def see(event: Event) -> None:
        figures.see(event)
        explained.see(event)

    with console.progress("Monday", len(scenario.tickets)) as done:
        day = Day(scenario, see, done, seed)
        explained.desk = day.desk
        day.open()
        closed = day.run()
    figures.close(closed)
    _show(scenario, figures, explained.words, seed=seed)


def _show(scenario: Scenario, figures: Figures, explained: str, *, seed: int) -> None:
    out = console.out()
    strategies = ", ".join(f"{queue.id}: {queue.strategy}" for queue in scenario.queues)
    out.print(f"A day of {len(figures.tickets)} tickets (seed {seed}); {strategies}", markup=False)
    out.print()
    out.print(tables.queues_table(figures, gone="gave up"))
    out.print(tables.priorities_table(figures, gone="gave up"))
    out.print(tables.offers_table(figures))
    out.print(tables.agents_table(figures))
    out.print(tables.DEFINITIONS, markup=False)
    if explained:
        out.print()
        out.print("One decision explained:", style="bold")
        out.print(explained, markup=False)
