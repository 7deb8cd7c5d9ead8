"""``ticketroute route``: a log, routed as if its tickets came in now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click
from attrs import frozen

from ticketroute.cli import console, decisions, tables
from ticketroute.cli.decisions import Decisions
from ticketroute.cli.faults import InputError
from ticketroute.cli.figures import Figures
from ticketroute.cli.replay import Replay, Service
from ticketroute.cli.roster import Roster, derived_roster, read_roster
from ticketroute.cli.route_options import HELP, Chosen, route_options
from ticketroute.cli.sla import read_span, span_text
from ticketroute.logs import (
    AGENT_FIELDS,
    EVENT_FIELDS,
    TICKET_FIELDS,
    Log,
    Options,
    Step,
    chosen_columns,
    chosen_priorities,
    chosen_steps,
    read_log,
)
from ticketroute.logs.columns import Columns
from ticketroute.logs.dates import zone_named
from ticketroute.logs.sheets import STDIN, open_sheet, separator
from ticketroute.logs.understood import counted
from ticketroute.logs.words import Blanks
from ticketroute.model.events import Event
from ticketroute.model.strategy_spec import StrategySpec

USUAL_CAPACITY = 5
_NAMED_QUEUES = 5  # queues that a warning names one by one


@frozen
class Run:
    """One strategy's run over the log."""

    strategy: StrategySpec
    figures: Figures
    made: Decisions
    replay: Replay


@click.command(help=HELP)
@route_options
def route(**given: object) -> None:
    """Route the tickets of a log as if they came in now."""
    chosen = Chosen.of(given)
    specs = [StrategySpec.of(name) for name in chosen.strategies]
    within = read_span("--within", chosen.within)
    if chosen.tickets == chosen.agents == STDIN:
        raise InputError("tickets and agents cannot both come from standard input")
    if chosen.output is not None:
        decisions.check_writable(chosen.output, reads=[chosen.tickets, chosen.agents or STDIN])
    options = _options(chosen)
    with read_log(chosen.tickets, options) as log:
        roster = _roster(chosen, log)
        runs = [_run(chosen, log, roster, spec) for spec in specs]
        try:
            if chosen.output is not None:
                _write(chosen.output, runs)
        finally:
            for run in runs:
                run.made.forget()
        out = console.out(to_stderr=chosen.output == decisions.STDOUT)
        _say_what_was_understood(out, chosen, log, roster)
        if len(runs) == 1:
            _show_one(out, runs[0], log, roster, most=chosen.top or None)
        else:
            _show_several(out, runs, log, roster, within=within)
        for line in _account(chosen, runs):
            out.say(line)
        if chosen.output not in (None, decisions.STDOUT):
            out.tell(f"Decisions are in {chosen.output}.")


def _options(chosen: Chosen) -> Options:
    # Which of both the log has is known when its first bytes are read.
    known = {each.name: each for each in (*TICKET_FIELDS, *EVENT_FIELDS)}
    return Options(
        columns=chosen_columns(chosen.pairs, fields=tuple(known.values())),
        layout=chosen.layout,
        events=chosen.events,
        delimiter=None if chosen.delimiter is None else separator(chosen.delimiter),
        encoding=chosen.encoding,
        zone=chosen.zone,
        date_format=chosen.date_format,
        queue=chosen.queue,
        empty=chosen.empty,
        priorities=chosen_priorities(chosen.priorities),
        activities=chosen_steps(chosen.activities),
        needed={} if chosen.agents is not None else _NAME_AGENTS,
    )


_NAME_AGENTS = {
    "agent": "or name a file of agents with --agents",
    "resource": "or name a file of agents with --agents",
}


def _capacity(chosen: Chosen, log: Log) -> int:
    layout = log.understood.layout
    return chosen.capacity or (layout.capacity if layout else None) or USUAL_CAPACITY


def _roster(chosen: Chosen, log: Log) -> Roster:
    capacity = _capacity(chosen, log)
    if chosen.agents is None:
        return derived_roster(log, capacity=capacity)
    pairs = chosen_columns(chosen.pairs_of_agents, fields=AGENT_FIELDS, option="--map-agents")
    delimiter = None if chosen.delimiter is None else separator(chosen.delimiter)
    with open_sheet(chosen.agents, delimiter=delimiter, encoding=chosen.encoding) as sheet:
        columns = Columns(
            sheet.name, sheet.header, fields=AGENT_FIELDS, chosen=pairs, option="--map-agents"
        )
        blanks = Blanks(chosen.empty)
        return read_roster(sheet, columns, log=log, capacity=capacity, blanks=blanks)


def _run(chosen: Chosen, log: Log, roster: Roster, spec: StrategySpec) -> Run:
    figures = Figures()
    made = Decisions(
        capacity_of=figures.capacity_of,
        zone=zone_named(chosen.zone or "UTC") if chosen.local_times else zone_named("UTC"),
    )

    def see_both(event: Event) -> None:
        figures.see(event)
        made.see(event)

    see = figures.see if chosen.output is None else see_both
    capacity, service = _capacity(chosen, log), Service(chosen.service)
    replay = Replay(
        log, roster, spec, capacity, service, chosen.seed, see, holds_count=chosen.holds_count
    )
    made.key_names, made.comes_back = replay.key_names, replay.comes_back
    replay.open()
    with console.progress(f"Routing by {spec}", len(log)) as done:
        replay.run(done=done)
    figures.close(replay.closed)
    made.close(replay.closed)
    return Run(spec, figures, made, replay)


def _write(output: str, runs: Sequence[Run]) -> None:
    if len(runs) == 1:
        decisions.write(output, runs[0].made.rows())
        return

    def rows() -> Iterator[Mapping[str, decisions.Cell]]:
        for run in runs:
            for row in run.made.rows():
                yield {"strategy": str(run.strategy), **row}

    decisions.write(output, rows(), columns=("strategy", *decisions.COLUMNS))


def _say_what_was_understood(
    out: console.QuietConsole, chosen: Chosen, log: Log, roster: Roster
) -> None:
    for line in log.understood.lines():
        out.say(line)
    layout = log.understood.layout
    if chosen.capacity is None and chosen.agents is None and layout and layout.capacity:
        out.say(f"Capacity: {layout.capacity} for each agent, as for calls; see --capacity")
    for line in (*log.understood.warnings(), *_empty_queues(log, roster)):
        out.say(f"Warning: {line}")
    out.tell()


def _empty_queues(log: Log, roster: Roster) -> Iterator[str]:
    """Yield a warning where queues of the log have nobody who could take their tickets."""
    empty = [queue for queue, members in roster.members.items() if not members]
    tickets = sum(log.tickets_of.get(queue, 0) for queue in empty)
    if not tickets:
        return
    named = ", ".join(repr(str(queue)) for queue in empty[:_NAMED_QUEUES])
    more = f" and {len(empty) - _NAMED_QUEUES:,} more" if len(empty) > _NAMED_QUEUES else ""
    one = len(empty) == 1
    yield (
        f"{'queue' if one else 'queues'} {named}{more} {'has' if one else 'have'} no agents, so "
        f"that {counted(tickets, 'ticket')} can only wait; name agents with --agents"
    )


def _show_one(
    out: console.QuietConsole, run: Run, log: Log, roster: Roster, *, most: int | None
) -> None:
    out.say(f"{_sizes(log, roster)}, strategy {run.strategy}")
    out.tell()
    out.show(tables.queues_table(run.figures, gone="unserved", most=most))
    out.show(tables.priorities_table(run.figures, gone="unserved"))
    out.show(tables.agents_table(run.figures, most=most))


def _show_several(
    out: console.QuietConsole, runs: Sequence[Run], log: Log, roster: Roster, *, within: int
) -> None:
    out.say(_sizes(log, roster))
    out.tell()
    named = ((str(run.strategy), run.figures) for run in runs)
    out.show(tables.comparison_table(named, gone="unserved", limit=within))
    out.say(
        f"<={span_text(within)}: share of all tickets that got an agent within that time "
        "(--within). fairness: Jain's index of the tickets of each agent, 1 if all had as many."
    )


def _sizes(log: Log, roster: Roster) -> str:
    return (
        f"{counted(len(log), 'ticket')}, {counted(len(roster.members), 'queue')}, "
        f"{counted(len(roster.agents), 'agent')} ({roster.origin})"
    )


def _steps_followed(runs: Sequence[Run]) -> Iterator[str]:
    """Yield what was done because a log of events says so."""
    for run in runs:
        steps = run.replay.followed
        found = [
            counted(steps[step], word)
            for step, word in (
                (Step.HOLD, "hold"), (Step.TRANSFER, "transfer"), (Step.REOPEN, "reopening"),
            )
            if steps[step]
        ]  # fmt: skip
        nobody = run.replay.nobody_there
        if not found and not nobody:
            continue
        by = f" ({run.strategy})" if len(runs) > 1 else ""
        line = f"Steps of the log that were followed{by}: {', '.join(found) or 'none'}."
        if nobody:
            were = "was" if nobody == 1 else "were"
            line += f" {counted(nobody, 'transfer')} to queues without agents {were} left out."
        yield line


def _account(chosen: Chosen, runs: Sequence[Run]) -> Iterator[str]:
    if len(runs) == 1:
        waits = runs[0].figures.all_waits()
        were = "was" if waits.answered == 1 else "were"
        yield (
            f"Of {counted(waits.tickets, 'ticket')}, {waits.answered:,} {were} assigned, "
            f"{waits.abandoned:,} went unserved, {waits.waiting:,} still waited at the end."
        )
    yield from _steps_followed(runs)
    if Service(chosen.service) is Service.AS_LOGGED:
        yield (
            "Tickets end when the log says (--service as-logged); "
            "unserved: no agent had the ticket by then."
        )
    else:
        yield (
            "Tickets end as long after their assignment as they were open in the log "
            "(--service same-span)."
        )
    yield "Median, 90% and longest are waits of tickets that got an agent."
