"""``ticketroute route``: a history from a CSV file, routed anew."""

from __future__ import annotations

from collections.abc import Sequence

import click
from attrs import frozen

from ticketroute.cli import console, decisions, tables
from ticketroute.cli.cells import Dates, zone_named
from ticketroute.cli.columns import AGENT_FIELDS, TICKET_FIELDS, Columns, Field, chosen_columns
from ticketroute.cli.decisions import Decisions, Outcome
from ticketroute.cli.faults import InputError
from ticketroute.cli.figures import Figures
from ticketroute.cli.history import History, read_history
from ticketroute.cli.reading import STDIN, open_sheet, separator
from ticketroute.cli.replay import Replay, Service
from ticketroute.cli.roster import Roster, derived_roster, read_roster
from ticketroute.model.checks import LARGEST, check_id
from ticketroute.model.events import Event
from ticketroute.model.ids import QueueId
from ticketroute.model.strategy_spec import StrategySpec

_AGENT = next(field for field in TICKET_FIELDS if field.name == "agent")
_SHOWN_ROWS = 12  # of a table: two tables and the rest fit two screens


def _listed(fields: Sequence[Field]) -> str:
    lines = []
    for each in fields:
        lines.append(f"  {each.name:<11}{each.says}{' Needed.' if each.needed else ''}")
        lines.append(f"  {'':<11}({', '.join(each.usual)})")
    return "\n".join(lines)


HELP = f"""Route the tickets of a CSV file as if they came in now.

TICKETS.csv has a header and one row for each ticket; `-` is standard input,
gzip is recognised. Rows may be in any order. Tables go to standard output;
-o writes one row for each ticket: who got it, when, why.

\b
Fields, and the columns in which they are looked for:
{_listed(TICKET_FIELDS)}

Any other column: --map FIELD=COLUMN. With several, as in
ended=resolved_at,closed_at, the first that is not empty counts; of skills,
and of agents for the roster, all count. `--map FIELD=` leaves a field out.

Without --agents the roster is derived: every agent named in the file serves
the queues in which it names them. As many agent columns as queue columns go
in pairs: agent=first_agent,last_agent with queue=first_group,last_group.
Everyone is available all the time.

\b
Fields of AGENTS.csv (--agents), and their columns:
{_listed(AGENT_FIELDS)}

\b
Examples:
  ticketroute route tickets.csv
  ticketroute route tickets.csv --strategy round_robin -o decisions.csv
  ticketroute route export.csv.gz --map id=number --map arrived=opened_at \\
      --tz Europe/Berlin --capacity 3 -o decisions.jsonl.gz
"""


@frozen(kw_only=True)
class Sources:
    """What is read, and how it is written."""

    tickets: str
    agents: str | None
    delimiter: str
    encoding: str
    dates: Dates
    queue: QueueId
    capacity: int
    chosen: dict[str, str]
    chosen_of_agents: dict[str, str]

    def read(self) -> tuple[History, Roster]:
        """Read the files.

        Raises:
            InputError: if one of them cannot be used.
        """
        with open_sheet(self.tickets, delimiter=self.delimiter, encoding=self.encoding) as sheet:
            columns = Columns(sheet, fields=TICKET_FIELDS, chosen=self.chosen)
            if self.agents is None and "agent" not in columns:
                raise InputError(
                    f"{columns.lacking(_AGENT)}; or name a file of agents with --agents"
                )
            history = read_history(sheet, columns, dates=self.dates, queue=self.queue)
        if self.agents is None:
            return history, derived_roster(history, capacity=self.capacity)
        with open_sheet(self.agents, delimiter=self.delimiter, encoding=self.encoding) as sheet:
            columns = Columns(
                sheet, fields=AGENT_FIELDS, chosen=self.chosen_of_agents, option="--map-agents"
            )
            return history, read_roster(sheet, columns, history=history, capacity=self.capacity)


@click.command(help=HELP)
@click.argument("tickets", metavar="TICKETS.csv")
@click.option(
    "--strategy",
    "-s",
    default="average_load",
    show_default=True,
    metavar="NAME",
    help="How an agent is chosen; see `ticketroute strategies`.",
)
@click.option(
    "--map",
    "-m",
    "pairs",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Where a field is; may be repeated.",
)
@click.option("--agents", metavar="AGENTS.csv", help="Who serves which queue.")
@click.option(
    "--map-agents",
    "pairs_of_agents",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="The same as --map, for the file of agents.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write the decisions: .csv or .jsonl, also .gz; `-` is standard output.",
)
@click.option(
    "--capacity",
    metavar="N",
    type=click.IntRange(1, LARGEST),
    default=5,
    show_default=True,
    help="Units an agent holds at once, where nothing else says so.",
)
@click.option(
    "--service",
    type=click.Choice([each.value for each in Service]),
    default=Service.AS_LOGGED.value,
    show_default=True,
    help="When a ticket ends. as-logged: when the file says; if it still waits then, it "
    "is unserved. same-span: as long after its assignment as it was open in the file.",
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
    help="The zone of dates without an offset, such as Europe/Berlin.",
)
@click.option(
    "--date-format",
    metavar="FORMAT",
    help="How dates are written, as for strptime: '%d/%m/%Y %H:%M'. Without it: ISO "
    "8601 or Unix time.",
)
@click.option(
    "--delimiter",
    default=",",
    show_default=True,
    metavar="CHARACTER",
    help="Between cells; `tab` for tabs.",
)
@click.option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME", help="Of the files."
)
@click.option("--seed", type=int, default=1, show_default=True, help="For strategies that draw.")
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(0),
    default=_SHOWN_ROWS,
    show_default=True,
    help="Rows of a table; 0 shows all.",
)
def route(
    *,
    tickets: str,
    strategy: str,
    pairs: tuple[str, ...],
    agents: str | None,
    pairs_of_agents: tuple[str, ...],
    output: str | None,
    capacity: int,
    service: str,
    queue: str,
    zone: str,
    date_format: str | None,
    delimiter: str,
    encoding: str,
    seed: int,
    top: int,
) -> None:
    """Route the tickets of a CSV file as if they came in now."""
    check_id("--queue", queue)
    spec = StrategySpec.of(strategy)
    if tickets == agents == STDIN:
        raise InputError("tickets and agents cannot both come from standard input")
    if output is not None:
        decisions.check_writable(output, reads=[tickets, agents or STDIN])
    sources = Sources(
        tickets=tickets,
        agents=agents,
        delimiter=separator(delimiter),
        encoding=encoding,
        dates=Dates(zone_named(zone), date_format),
        queue=QueueId(queue),
        capacity=capacity,
        chosen=chosen_columns(pairs, fields=TICKET_FIELDS),
        chosen_of_agents=chosen_columns(
            pairs_of_agents, fields=AGENT_FIELDS, option="--map-agents"
        ),
    )
    history, roster = sources.read()
    made, figures = Decisions(), Figures()

    def see(event: Event) -> None:
        made.see(event)
        figures.see(event)

    replay = Replay(history, roster, spec, capacity, Service(service), seed, see)
    replay.open()
    with console.progress("Routing", len(history.tickets)) as done:
        replay.run(done=done)
    figures.close(replay.closed)
    if output is not None:
        decisions.write(
            output,
            decisions.rows(
                made,
                key_names=replay.key_names,
                capacity_of={each: figures.capacity_of(each) for each in figures.agents},
                closed=replay.closed,
            ),
        )
    _show(replay, made, figures, output=output, most=top or None)


def _show(
    replay: Replay, made: Decisions, figures: Figures, *, output: str | None, most: int | None
) -> None:
    out = console.out(to_stderr=output == decisions.STDOUT)
    roster, history = replay.roster, replay.history
    out.print(
        f"{len(made):,} tickets, {len(roster.members):,} queues, {len(roster.agents):,} agents "
        f"({roster.origin}), strategy {replay.strategy}",
        markup=False,
    )
    out.print()
    for each in (
        tables.queues_table(figures, gone="unserved", most=most),
        tables.priorities_table(figures, gone="unserved"),
        tables.agents_table(figures, most=most),
    ):
        out.print(each)
        if each.caption:
            out.print()
    for line in _accounts(replay, made, history):
        out.print(line, markup=False)
    if output not in (None, decisions.STDOUT):
        out.print(f"Decisions are in {output}.", markup=False, soft_wrap=True)


def _accounts(replay: Replay, made: Decisions, history: History) -> list[str]:
    assigned, unserved, waiting = (
        made.count(outcome) for outcome in (Outcome.ASSIGNED, Outcome.UNSERVED, Outcome.WAITING)
    )
    counts = (
        f"Of {len(made):,} tickets, {assigned:,} were assigned, {unserved:,} went unserved, "
        f"{waiting:,} still waited at the end."
    )
    lines = [counts]
    if replay.service is Service.AS_LOGGED:
        lines.append(
            "Tickets end when the log says (--service as-logged); "
            "unserved means that nobody had it by then."
        )
    else:
        lines.append(
            "Tickets end as long after their assignment as they were open in the log "
            "(--service same-span)."
        )
    lines.append("Median, 90% and longest are waits of tickets that got an agent.")
    if history.ended_before_arrival:
        lines.append(
            f"{history.ended_before_arrival:,} tickets end before they arrive; "
            "they count as ended on arrival."
        )
    return lines
