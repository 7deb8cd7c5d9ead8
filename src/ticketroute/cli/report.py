"""``ticketroute report``: the figures of a desk, as tables, HTML, CSV or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ticketroute.cli.console import out
from ticketroute.cli.faults import InputError
from ticketroute.cli.kept import config_of, desk_of, maybe_address_of, refuse_both, seed_of
from ticketroute.cli.panels import table
from ticketroute.cli.tables import span
from ticketroute.cli.trial import Trial, zone_of
from ticketroute.desk.config import Config
from ticketroute.desk.config_kinds import BAD, Length, Place, Problems
from ticketroute.desk.reading import Reader
from ticketroute.errors import ConfigurationError, InvalidValueError
from ticketroute.journal.codec import decode
from ticketroute.model.events import Event
from ticketroute.model.instants import LAST_INSTANT, Instant, Span, instant_of
from ticketroute.reporting.figures import (
    Facet,
    Ranked,
    Report,
    ServiceLevel,
    TicketFigures,
)
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.page import page
from ticketroute.reporting.periods import Period
from ticketroute.reporting.rows import Row, agent_rows, ticket_rows, to_csv, to_json
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.events import CalendarSet

NOTHING = "-"
FORMS: dict[str, Callable[[Iterable[Row]], str]] = {"csv": to_csv, "json": to_json}


@click.command(name="report")
@maybe_address_of
@desk_of
@config_of
@seed_of
@click.option("--from", "since", metavar="TIME", help="Only what arrived from then on.")
@click.option("--to", "until", metavar="TIME", help="Only what arrived before.")
@click.option("--zone", metavar="ZONE", help="Of days and times; default: the calendars'.")
@click.option(
    "--period",
    type=click.Choice([each.value for each in Period]),
    default="day",
    show_default=True,
    help="Of which rows of a table or file are.",
)
@click.option(
    "--target",
    metavar="SPAN",
    default="20s",
    show_default=True,
    help="Within which an answer counts for the service level.",
)
@click.option(
    "--short",
    metavar="SPAN",
    default="0s",
    show_default=True,
    help="Abandoned before that is a mistake of the requester's.",
)
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path), help="Write a page.")
@click.option("--csv", "form", flag_value="csv", help="Print queues by period as CSV.")
@click.option("--json", "form", flag_value="json", help="Print queues by period as JSON.")
@click.option("--agents", is_flag=True, help="With --csv or --json: agents instead of queues.")
def report(
    *,
    address: str | None,
    desk: str,
    path: Path | None,
    seed: int,
    since: str | None,
    until: str | None,
    zone: str | None,
    period: str,
    target: str,
    short: str,
    html: Path | None,
    form: str | None,
    agents: bool,
) -> None:
    r"""Show the figures of a kept desk, or of a made-up day on a configured one.

    The journal of a kept desk is read from its first event on, and nothing is
    written. A made-up day runs the rules over each ticket first; the same seed
    makes the same tickets, so that two configurations can be compared on them.

    \b
    Examples:
      ticketroute report desk.db --from 2026-03-01 --to 2026-04-01
      ticketroute report postgresql://localhost/support --html march.html
      ticketroute report desk.db --csv --agents --period month
      ticketroute report --config desk.toml --period hour   a made-up day
    """
    refuse_both(address, path)

    def ledger(calendars: Iterable[Calendar]) -> Ledger:
        name = zone or zone_of(calendars)
        first = 0 if since is None else _instant("--from", since, name)
        last = LAST_INSTANT if until is None else _instant("--to", until, name)
        if last < first:
            raise InputError(f"--to is {until!r}; it must not be before --from, {since!r}")
        return Ledger(
            zone=name,
            period=Period(period),
            target=_span("--target", target),
            short=_span("--short", short),
            since=first,
            until=last,
        )

    if path is not None:
        config, named = _config(path), path.name
        counts = ledger(config.calendars.values())
        made = figures_of(Trial(config, seed).events(), counts)
    else:
        assert address is not None
        with Reader(address, desk) as reader:
            named = f"{desk} in {reader.where}"
            counts = ledger(() if zone else _calendars(reader))
            made = figures_of((entry.event for entry in reader.entries()), counts)
    if html is not None:
        _write(html, page(made, title=f"Report on {named}", target=counts.target))
    if form is not None:
        rows = (
            agent_rows(made, period=True)
            if agents
            else ticket_rows(made, Facet.QUEUE, Facet.PERIOD)
        )
        click.echo(FORMS[form](rows), nl=form == "json")
    elif html is None:
        show(out(), made, Period(period))


def _config(path: Path) -> Config:
    try:
        return Config.load(path)
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault


def _calendars(reader: Reader) -> list[Calendar]:
    """Return the calendars that a journal sets, each as it was set last. O(events)."""
    found: dict[str, Calendar] = {}
    for row in reader.rows():
        if row.kind == CalendarSet.__name__:
            event = decode(row, reader.where)
            assert isinstance(event, CalendarSet)
            found[event.calendar_id] = event.calendar
    return list(found.values())


def figures_of(events: Iterable[Event], ledger: Ledger) -> Report:
    """Return the report of a stream of events."""
    return ledger.see_all(events).report()


def show(screen: Console, report: Report, period: Period) -> None:
    """Print a report as tables of 80 columns."""
    screen.print(_tickets("Queues", "queue", report, Facet.QUEUE))
    screen.print(_tickets("Priorities", "priority", report, Facet.PRIORITY))
    if period is not Period.ALL:
        screen.print(_tickets("Periods", period.value, report, Facet.PERIOD))
    screen.print(_agents(report))
    jain, gini = report.fairness()
    fairness = f"Jain {_number(jain)}, Gini {_number(gini)}"
    screen.print(f"Assignments are shared out with {fairness} (1 and 0: all the same).")
    _extremes(screen, "queues by average speed of answer", report.ranked_queues("asa"), span)
    _extremes(screen, "agents by handle time", report.ranked_agents("handle"), span)
    _extremes(
        screen, "agents by satisfaction", report.ranked_agents("satisfaction", least=3), _score
    )


def _extremes(
    screen: Console, what: str, ranked: Sequence[Ranked], told: Callable[[float], str]
) -> None:
    if len(ranked) > 1:
        best, worst = (
            f"{each.name} with {told(each.value)} ({each.count} tickets)"
            for each in (ranked[0], ranked[-1])
        )
        screen.print(f"Best and worst {what}: {best}, {worst}.", markup=False)


def _score(value: float) -> str:
    return f"{value:.0f}"


def _tickets(title: str, first: str, report: Report, facet: Facet) -> Table:
    heads = (first, "offered", "answered", "gave up", "level", "asa", "90%", "handle", "solved")
    made = table(title, heads)
    for key, each in report.by(facet).items():
        made.add_row(Text(key[0]), *_ticket_row(each))
    return made


def _ticket_row(each: TicketFigures) -> Sequence[str]:
    return (
        f"{each.offered:,}",
        f"{each.answered:,}",
        f"{each.abandoned:,}",
        _percent(each.service_level(ServiceLevel.OF_OFFERED)),
        span(each.asa),
        span(each.wait.percentile(90)),
        span(each.handle.mean),
        span(each.resolution.percentile(50)),
    )


def _agents(report: Report) -> Table:
    heads = ("agent", "got", "solved", "missed", "said no", "busy", "used", "handle", "score")
    made = table("Agents", heads)
    for (name,), each in report.agent().items():
        made.add_row(
            Text(name),
            f"{each.assigned:,}",
            f"{each.resolved:,}",
            f"{each.missed:,}",
            f"{each.declined:,}",
            _percent(each.occupancy),
            _percent(each.utilisation),
            span(each.handle.mean),
            NOTHING if each.satisfaction is None else f"{each.satisfaction:.0f}",
        )
    return made


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _span(option: str, written: str) -> Span:
    problems = Problems()
    read: Any = Length().read(written, Place(problems, "", option))
    if read is BAD:
        raise InputError(f"{option} is {written!r}; it must be {problems.found[0].allowed}")
    length: Span = read
    return length


def _instant(option: str, written: str, zone: str) -> Instant:
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
        return instant_of(moment)
    except (ValueError, InvalidValueError, KeyError) as fault:
        raise InputError(
            f"{option} is {written!r}; it must be a date or a time, such as 2026-03-02T09:00"
        ) from fault


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise InputError(f"{path} cannot be written: {fault.strerror or fault}") from fault
