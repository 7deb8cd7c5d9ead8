"""``ticketroute top`` and ``explain``: a kept desk, or one instant of a made-up day."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.text import Text

from ticketroute.cli.console import out
from ticketroute.cli.faults import InputError
from ticketroute.cli.kept import (
    config_of,
    desk_of,
    instant_written,
    maybe_address_of,
    refuse_both,
    seed_of,
)
from ticketroute.cli.live import View, watch
from ticketroute.cli.picture import drawn, picture_of
from ticketroute.cli.text import clean
from ticketroute.cli.trial import DAY, Trial, zone_of
from ticketroute.desk import ReadOnlyDesk
from ticketroute.desk.addresses import now
from ticketroute.desk.config import Config
from ticketroute.desk.reading import Reader
from ticketroute.errors import ConfigurationError
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant, instant_of

NOON = "11:00"  # the busiest time of the made-up day


def _played(path: Path, seed: int, clock: str | None) -> tuple[Trial, Instant]:
    """Return a day that was played up to a time of its zone."""
    clock = clock or NOON
    try:
        config = Config.load(path)
        moment = datetime.combine(date(*DAY), time.fromisoformat(clock))
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault
    except ValueError as fault:
        raise InputError(f"--at is {clock!r}; it must be a time of the day, as 11:00") from fault
    until = instant_of(moment.replace(tzinfo=ZoneInfo(zone_of(config.calendars.values()))))
    trial = Trial(config, seed)
    trial.play(until)
    return trial, until


@click.command(name="top")
@maybe_address_of
@desk_of
@click.option("--once", is_flag=True, help="Print it once; so it is where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print it once, as JSON.")
@click.option("--zone", metavar="ZONE", help="Of the time that is shown; default: the calendars'.")
@config_of
@seed_of
@click.option("--at", "clock", metavar="HH:MM", help="With --config: time of the day. [11:00]")
def top(
    *,
    address: str | None,
    desk: str,
    once: bool,
    as_json: bool,
    zone: str | None,
    path: Path | None,
    seed: int,
    clock: str | None,
) -> None:
    r"""Show a kept desk live: queues, agents, offers that ring, nearest deadlines.

    It reads the journal once a second and writes nothing. `q` or Ctrl-C ends it.
    `/` shows only lines with a text in a name; up and down choose a ticket, Enter
    explains where it is.

    \b
    Examples:
      ticketroute top desk.db
      ticketroute top postgresql://localhost/support --desk main --once
      ticketroute top --config desk.toml --at 14:30   a made-up day
    """
    refuse_both(address, path)
    if address is None:
        assert path is not None
        trial, until = _played(path, seed, clock)
        _print(trial.desk, until, zone or zone_of(trial.config.calendars.values()), as_json=as_json)
        return
    if clock is not None:
        raise InputError("--at is for a made-up day; `ticketroute explain --at` looks back")
    with ReadOnlyDesk(address, desk) as seen:
        calendars = (each.editions[-1].calendar for each in seen.calendars().values())
        shown = zone or zone_of(calendars)
        if as_json or once or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _print(seen, max(now(), seen.latest), shown, as_json=as_json)
            return
        view = View(
            lambda: picture_of(_fresh(seen), max(now(), seen.latest)),
            lambda ticket: str(seen.explain(TicketId(ticket))),
            shown,
        )
        try:
            watch(view, out())
        except KeyboardInterrupt:
            return  # as `q`


def _fresh(seen: ReadOnlyDesk) -> ReadOnlyDesk:
    seen.refresh()
    return seen


def _print(desk: object, at: Instant, zone: str, *, as_json: bool) -> None:
    found = picture_of(desk, at)
    if as_json:
        click.echo(json.dumps(found.plain(), ensure_ascii=False))
    else:
        out().print(drawn(found, zone))


@click.command(name="explain")
@click.argument("names", metavar="[ADDRESS] TICKET", nargs=-1, required=True)
@desk_of
@click.option(
    "--at",
    "written",
    metavar="INSTANT",
    help="As it was then: 2026-03-02T09:00+01:00, or HH:MM with --config.",
)
@config_of
@seed_of
def explain(
    *, names: tuple[str, ...], desk: str, written: str | None, path: Path | None, seed: int
) -> None:
    r"""Explain why a ticket is where it is, and what keeps every other agent from it.

    With --at it tells how it was at that instant, by what the desk knew then: the
    journal is read from its first event up to there.

    \b
    Examples:
      ticketroute explain desk.db T0100
      ticketroute explain desk.db T0100 --at 2026-03-02T09:00+01:00
      ticketroute explain T0100 --config desk.toml --at 14:30   a made-up day
    """
    if len(names) > 2:
        raise click.UsageError(f"one address and one ticket are asked about, not {len(names)}")
    ticket, address = TicketId(names[-1]), names[0] if len(names) == 2 else None
    refuse_both(address, path)
    if address is None:
        assert path is not None
        trial, _ = _played(path, seed, written)
        words = str(trial.desk.explain(ticket))
    elif written is None:
        with ReadOnlyDesk(address, desk) as seen:
            words = str(seen.explain(ticket))
    else:
        until = instant_written("--at", written)
        with Reader(address, desk) as reader:
            words = str(reader.desk_at(until).explain(ticket))
    out().print(Text(clean(words)), soft_wrap=True)
