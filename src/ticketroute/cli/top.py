"""``ticketroute top`` and ``explain``: a configured desk at one instant of a made-up day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ticketroute.cli.console import out
from ticketroute.cli.faults import InputError
from ticketroute.cli.panels import table
from ticketroute.cli.tables import span
from ticketroute.cli.trial import DAY, Trial, zone_of
from ticketroute.desk.config import Config
from ticketroute.errors import ConfigurationError
from ticketroute.model.agent import Presence
from ticketroute.model.instants import Instant, datetime_of, instant_of
from ticketroute.model.lifecycle import RoutingState

NO_AGENT = (RoutingState.WAITING, RoutingState.OFFERED)
MOST = 10  # rows of a table: four tables fit a screen
_SHARE = 20  # cells of a bar

_config = click.option(
    "--config", "path", metavar="FILE", required=True, type=click.Path(path_type=Path),
    help="The desk: a made-up day is routed on it.",
)  # fmt: skip
_seed = click.option(
    "--seed", metavar="N", type=int, default=1, show_default=True, help="Makes the day."
)
_at = click.option(
    "--at", "clock", metavar="HH:MM", default="11:00", show_default=True, help="Time of the day."
)


def _played(path: Path, seed: int, clock: str) -> tuple[Trial, Instant]:
    """Return a day that was played up to a time of its zone."""
    try:
        config = Config.load(path)
        moment = datetime.combine(date(*DAY), time.fromisoformat(clock))
    except ConfigurationError as fault:
        raise InputError(str(fault)) from fault
    except ValueError as fault:
        raise InputError(f"--at is {clock!r}; it must be a time of the day, as 11:00") from fault
    until = instant_of(moment.replace(tzinfo=ZoneInfo(zone_of(config))))
    trial = Trial(config, seed)
    trial.play(until)
    return trial, until


@click.command(name="top")
@_config
@_seed
@_at
def top(*, path: Path, seed: int, clock: str) -> None:
    r"""Show a configured desk at one instant of a made-up day.

    Queues with what waits and for how long, agents with presence and load, offers that ring,
    and the deadlines that are nearest.

    \b
    Example:
      ticketroute top --config desk.toml --at 14:30
    """
    trial, now = _played(path, seed, clock)
    out().print(picture(trial.desk, now, zone_of(trial.config)))


@click.command(name="explain")
@click.argument("ticket")
@_config
@_seed
@_at
def explain(*, ticket: str, path: Path, seed: int, clock: str) -> None:
    r"""Explain why a ticket of a made-up day is where it is, at one instant.

    \b
    Example:
      ticketroute explain T0100 --config desk.toml --at 14:30
    """
    trial, _ = _played(path, seed, clock)
    out().print(Text(str(trial.desk.explain(ticket))))


def picture(desk: Any, now: Instant, zone: str) -> Group:
    """Return the state of a desk as tables of 80 columns; ``desk`` answers as a dispatcher does.

    O(tickets + agents).
    """
    open_ones = [view for view in desk.tickets() if view.state is not RoutingState.DONE]
    local = datetime_of(now).astimezone(ZoneInfo(zone))
    heading = Text(f"{local:%Y-%m-%d %H:%M} {zone}, {len(open_ones)} tickets open", style="bold")
    return Group(
        heading,
        _queues(desk, open_ones, now),
        _agents(desk.agents()),
        _ringing(open_ones, now),
        _deadlines(desk, now),
    )


def _queues(desk: Any, open_ones: Iterable[Any], now: Instant) -> Table:
    made = table("Queues", ("queue", "open", "waiting", "ringing", "oldest"))
    listed = list(open_ones)
    for queue in desk.queues():
        mine = [view for view in listed if view.queue_id == queue.id]
        waits = [view for view in mine if view.state in NO_AGENT]
        ringing = sum(view.state is RoutingState.OFFERED for view in waits)
        oldest = max((now - view.arrived for view in waits), default=None)
        made.add_row(Text(queue.id), str(len(mine)), str(len(waits)), str(ringing), span(oldest))
    return made


def _agents(views: Iterable[Any]) -> Table:
    """Return the agents who are there or hold something, the busiest first."""
    there = [view for view in views if view.presence is not Presence.OFFLINE or view.load]
    there.sort(key=lambda view: (-view.load / view.capacity, view.id))
    made = table("Agents", ("agent", "presence", "load", ""), left=2)
    made.columns[3].justify = "left"
    for view in there[:MOST]:
        full = min(_SHARE, _SHARE * view.load // view.capacity)
        made.add_row(
            Text(view.id),
            view.presence.value,
            f"{view.load}/{view.capacity}",
            "#" * full + "." * (_SHARE - full),
        )
    return _rest(made, len(there))


def _ringing(open_ones: Iterable[Any], now: Instant) -> Table:
    offers = [view for view in open_ones if view.offered_to]
    made = table("Offers that ring", ("ticket", "queue", "asked", "since it came"), left=3)
    for view in offers[:MOST]:
        told = (view.id, view.queue_id, ", ".join(view.offered_to), span(now - view.arrived))
        made.add_row(*map(Text, told))
    return _rest(made, len(offers))


def _deadlines(desk: Any, now: Instant) -> Table:
    dues = [clock for clock in desk.time_left() if clock.due is not None]
    dues.sort(key=lambda clock: (clock.due, clock.ticket_id))
    made = table("Nearest deadlines", ("ticket", "metric", "left"), left=2)
    for clock in dues[:MOST]:
        left = clock.due - now
        made.add_row(
            Text(clock.ticket_id),
            clock.metric.value,
            span(left) if left >= 0 else f"{span(-left)} ago",
        )
    return _rest(made, len(dues))


def _rest(made: Table, count: int) -> Table:
    if count > MOST:
        made.caption = f"and {count - MOST} more"
    return made
