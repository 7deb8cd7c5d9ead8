"""The options of ``ticketroute route``, and what its help says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeVar

import click
from attrs import fields, frozen

from ticketroute.cli.replay import Service
from ticketroute.logs import AGENT_FIELDS, EVENT_FIELDS, LAYOUT_NAMES, TICKET_FIELDS
from ticketroute.logs.fields import Field
from ticketroute.model.checks import LARGEST

C = TypeVar("C", bound=Callable[..., Any])

_SHOWN_ROWS = 12  # of a table: two tables and the rest fit two screens
_SHOWN_NAMES = 4  # usual columns of a field that the help lists


def _listed(listed: Sequence[Field]) -> str:
    lines = []
    for each in listed:
        more = ", ..." if len(each.usual) > _SHOWN_NAMES else ""
        lines.append(f"  {each.name:<11}{each.says}{' Needed.' if each.needed else ''}")
        lines.append(f"  {'':<11}({', '.join(each.usual[:_SHOWN_NAMES])}{more})")
    return "\n".join(lines)


HELP = f"""Route the tickets of a log as if they came in now.

TICKETS is an export in CSV with a header and one row for each ticket; `-` is
standard input, gzip is recognised. Rows may be in any order. With --events it
has one row for each event; the queue_log of Asterisk and XES are recognised.
Tables go to standard output, and above them what was understood of the file.
-o writes one row for each ticket: which agent got it, when, why.

\b
Layouts, recognised by their header or named with --layout:
  {", ".join(LAYOUT_NAMES[:6])},
  {", ".join(LAYOUT_NAMES[6:])}

\b
Fields, and some of the columns in which they are looked for:
{_listed(TICKET_FIELDS)}

\b
Fields of a log of events:
{_listed(EVENT_FIELDS)}

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
  ticketroute route tickets.csv -s average_load -s round_robin
  ticketroute route queue_log -o decisions.csv
  ticketroute route export.csv.gz --map id=number --map arrived=opened_at \\
      --tz Europe/Berlin --capacity 3 -o decisions.jsonl.gz
"""


@frozen(kw_only=True)
class Chosen:
    """What the command line says; names are those of the parameters of the options."""

    tickets: str
    strategies: tuple[str, ...]
    pairs: tuple[str, ...]
    layout: str | None
    events: bool
    activities: tuple[str, ...]
    priorities: tuple[str, ...]
    empty: tuple[str, ...]
    agents: str | None
    pairs_of_agents: tuple[str, ...]
    output: str | None
    capacity: int | None
    service: str
    holds_count: bool
    within: str
    queue: str
    zone: str | None
    local_times: bool
    date_format: str | None
    delimiter: str | None
    encoding: str | None
    seed: int
    top: int

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Chosen:
        """Take the parameters as click hands them over."""
        return cls(**{each.name: given[each.name] for each in fields(cls)})


_OPTIONS = (
    click.argument("tickets", metavar="TICKETS"),
    click.option(
        "--strategy",
        "-s",
        "strategies",
        multiple=True,
        default=("average_load",),
        show_default="average_load",
        metavar="NAME",
        help="How an agent is chosen; see `ticketroute strategies`. Several are shown side by "
        "side.",
    ),
    click.option(
        "--map",
        "-m",
        "pairs",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="Where a field is; may be repeated.",
    ),
    click.option("--layout", metavar="NAME", help="Read the file as an export of this product."),
    click.option("--events", is_flag=True, help="The file has one row for each event."),
    click.option(
        "--activity",
        "activities",
        multiple=True,
        metavar="WORD=STEP",
        help="What an activity of a log of events means: arrive, assign, hold, resume, "
        "transfer, resolve, reopen or ignore; may be repeated.",
    ),
    click.option(
        "--priority",
        "priorities",
        multiple=True,
        metavar="WORD=LEVEL",
        help="What a priority of the file means: urgent, high, normal or low; may be repeated.",
    ),
    click.option(
        "--empty",
        multiple=True,
        metavar="WORD",
        help="A word that means nothing, beside -, ?, NULL, N/A, Unassigned and the like; "
        "may be repeated.",
    ),
    click.option("--agents", metavar="AGENTS.csv", help="Which agent serves which queue."),
    click.option(
        "--map-agents",
        "pairs_of_agents",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="The same as --map, for the file of agents.",
    ),
    click.option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the decisions: .csv or .jsonl, also .gz; `-` is standard output.",
    ),
    click.option(
        "--capacity",
        metavar="N",
        type=click.IntRange(1, LARGEST),
        help="Units an agent holds at once, where nothing else says so.  [default: 5, or 1 in "
        "a log of calls]",
    ),
    click.option(
        "--service",
        type=click.Choice([each.value for each in Service]),
        default=Service.AS_LOGGED.value,
        show_default=True,
        help="When a ticket ends. as-logged: when the file says; if it still waits then, it "
        "is unserved. same-span: as long after its assignment as it was open in the file.",
    ),
    click.option(
        "--holds-count",
        is_flag=True,
        help="A ticket that a log of events has on hold uses its agent's capacity.",
    ),
    click.option(
        "--within",
        metavar="SPAN",
        default="1h",
        show_default=True,
        help="Of several strategies: the time within which a ticket should get an agent.",
    ),
    click.option(
        "--queue",
        default="default",
        show_default=True,
        metavar="NAME",
        help="The queue of tickets that name none.",
    ),
    click.option(
        "--tz",
        "zone",
        metavar="ZONE",
        help="The zone of times without an offset, such as Europe/Berlin.  [default: UTC]",
    ),
    click.option(
        "--local-times",
        is_flag=True,
        help="Write the times of the decisions in the zone of --tz.",
    ),
    click.option(
        "--date-format",
        metavar="FORMAT",
        help="How dates are written, as for strptime: '%d/%m/%Y %H:%M'; or `unix`. Without "
        "it each date says by itself what it is.",
    ),
    click.option(
        "--delimiter",
        metavar="CHARACTER",
        help="Between cells; `tab` for tabs. Without it the header tells.",
    ),
    click.option("--encoding", metavar="NAME", help="Of the files.  [default: utf-8]"),
    click.option(
        "--seed", type=int, default=1, show_default=True, help="For strategies that draw."
    ),
    click.option(
        "--top",
        metavar="N",
        type=click.IntRange(0),
        default=_SHOWN_ROWS,
        show_default=True,
        help="Rows of a table; 0 shows all.",
    ),
)


def route_options(command: C) -> C:
    """Add the options to a command, in the order in which its help lists them."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)
