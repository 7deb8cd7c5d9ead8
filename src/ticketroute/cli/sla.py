"""``ticketroute sla``: questions to a calendar, without a desk."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ticketroute.cli import console
from ticketroute.cli.faults import InputError
from ticketroute.cli.text import clean
from ticketroute.cli.wallclock import here, read_moment
from ticketroute.cli.week import Week, monday_of, week_of
from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.logs.dates import written as written_in_utc
from ticketroute.logs.sheets import STDIN
from ticketroute.model.instants import Instant, Span, hours, instant_of, minutes, seconds
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.zones import HORIZON, tzinfo_of

_SPAN = re.compile(r"(?=.)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_DAYS = re.compile(r"\d+(?:\.\d+)?(?:d|w|days?|weeks?)\S*", re.ASCII)
_SPAN_FORM = "hours, minutes and seconds, such as 8h, 90m or 1h30m"

HELP = """Ask a business calendar when something is due, and how much time went by.

The calendar is a TOML file, or `-` for standard input:

\b
  zone = "Europe/Berlin"
  holidays = ["12-25", "2024-05-10", {country = "GB", subdivision = "ENG"}]
  [hours]
  mon = [["09:00", "12:30"], ["13:00", "17:00"]]
  tue = [["09:00", "17:00"]]
  [shifts]
  "2024-12-24" = [["09:00", "12:00"]]
  [breaks]
  "2024-03-25" = [["15:00", "15:30"]]

\b
Examples:
  ticketroute sla due --calendar desk.toml --start 2024-03-28T15:00 --span 8h
  ticketroute sla elapsed --calendar desk.toml --start 2024-03-28T15:00 \\
      --end 2024-04-02T09:30
  ticketroute sla show --calendar desk.toml --week 2024-W13

A time without an offset is read on the wall clock of the calendar's zone. One
that the clocks skip is refused; of one that comes twice the first is meant,
and a notice says so.
"""


@click.group(help=HELP)
def sla() -> None:
    """Carry the commands about calendars."""


_calendar = click.option(
    "--calendar", "path", required=True, metavar="FILE", help="The calendar, in TOML."
)
_start = click.option(
    "--start", required=True, metavar="TIME", help="When the span starts, such as 2024-03-28T15:00."
)


@sla.command(
    help="Print when a span of open time is used up.\n\nSpans are hours, minutes and seconds of "
    "open time: 8h, 90m, 1h30m. A day has no length, since days differ in their hours."
)
@_calendar
@_start
@click.option("--span", "written", required=True, metavar="SPAN", help="The length, such as 8h.")
def due(*, path: str, start: str, written: str) -> None:
    """Print the due instant in the calendar's zone and in UTC."""
    calendar, span = read_calendar(path), read_span("--span", written)
    begin = _read("--start", start, calendar)
    with _within_reach(path):
        end = calendar.timetable.add(begin, span)
    _print_lines(
        ("start", *_moment(begin, calendar.zone)),
        ("due", *_moment(end, calendar.zone)),
        ("", written_in_utc(end), f"{here(end, 'UTC'):%A}, UTC"),
    )


@sla.command(
    help="Print the open time between two instants.\n\nIt is negative if the end is earlier than "
    "the start."
)
@_calendar
@_start
@click.option("--end", required=True, metavar="TIME", help="When the span ends.")
def elapsed(*, path: str, start: str, end: str) -> None:
    """Print the open time between two instants."""
    calendar = read_calendar(path)
    begin, until = _read("--start", start, calendar), _read("--end", end, calendar)
    with _within_reach(path):
        spent = calendar.timetable.elapsed(begin, until)
    _print_lines(
        ("start", *_moment(begin, calendar.zone)),
        ("end", *_moment(until, calendar.zone)),
        ("elapsed", span_text(spent), "of open time"),
    )


@sla.command(
    help="Print a week of a calendar, day by day, with the exceptions of each day.\n\nThe next "
    "opening and closing follow: from now on, or, with --week, after that week."
)
@_calendar
@click.option(
    "--week",
    "named",
    metavar="WEEK",
    help="The week, as 2024-W13 or as one of its dates; without it, this week.",
)
def show(*, path: str, named: str | None) -> None:
    """Print a week."""
    calendar = read_calendar(path)
    now = None
    if named is None:
        now = _now()
        named = f"{now.astimezone(tzinfo_of(calendar.zone)):%G-W%V}"
    week = week_of(calendar, monday_of("--week", named))
    out = console.out()
    title = f"{calendar.name}, {calendar.zone}" if calendar.name else calendar.zone
    out.print(Text(clean(f"{title}, {week.name}"), style="bold"))
    out.print(_week_table(week))
    if now is None:
        out.print(_next_lines("after this week", calendar, week.end), markup=False)
    else:
        out.print(_next_lines("from now on", calendar, instant_of(now)), markup=False)
    advice = calendar.check()
    if advice:
        out.print()
        out.print("Have another look:")
        for line in advice:
            out.print(Padding(Text(clean(line)), (0, 0, 0, 2)))


def read_calendar(path: str) -> Calendar:
    """Read a calendar from a TOML file, or from standard input if it is ``-``.

    Raises:
        InputError: if there is no such file, or it does not hold a calendar.
    """
    name = "standard input" if path == STDIN else path
    try:
        data = _standard_input() if path == STDIN else Path(path).read_bytes()
    except FileNotFoundError as fault:
        raise InputError(f"{name}: no such file; check the path") from fault
    except (OSError, ValueError) as fault:
        raise InputError(f"{name} cannot be read: {getattr(fault, 'strerror', fault)}") from fault
    try:
        return Calendar.from_plain(tomllib.loads(data.decode("utf-8-sig")))
    except UnicodeDecodeError as fault:
        raise InputError(f"{name} is not UTF-8 text, as TOML has to be: {fault}") from fault
    except tomllib.TOMLDecodeError as fault:
        raise InputError(f"{name} is not valid TOML: {fault}") from fault
    except RecursionError as fault:
        raise InputError(f"{name} is nested too deeply for a calendar") from fault
    except InvalidValueError as fault:
        raise InputError(f"{name}: {fault}") from fault


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise InputError("standard input is closed; name a file, or send one to standard input")
    return sys.stdin.buffer.read()


def read_span(option: str, written: str) -> Span:
    """Read a span of open time: ``8h``, ``90m``, ``1h30m``.

    Raises:
        InvalidValueError: if it is not a span, or is given in days, which have no fixed length.

    >>> read_span("--span", "1h30m")
    5400000
    """
    plain = "".join(written.lower().split())
    found = _SPAN.fullmatch(plain)
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        return hours(hour) + minutes(minute) + seconds(second)
    if _DAYS.fullmatch(plain):
        raise InvalidValueError(
            option,
            written,
            f"{_SPAN_FORM}: a day has no fixed open length, so give open hours",
        )
    raise InvalidValueError(option, written, _SPAN_FORM)


def span_text(span: Span) -> str:
    """Return a span as ``read_span`` reads it, with milliseconds as a fraction of a second.

    >>> span_text(30_600_000), span_text(-1_500), span_text(0)
    ('8h30m', '-1.5s', '0h')
    """
    rest, milliseconds = divmod(abs(span), 1_000)
    rest, second = divmod(rest, 60)
    hour, minute = divmod(rest, 60)
    fraction = f".{milliseconds:03}".rstrip("0") if milliseconds else ""
    parts = (
        f"{hour}h" if hour else "",
        f"{minute}m" if minute else "",
        f"{second}{fraction}s" if second or fraction else "",
    )
    return ("-" if span < 0 else "") + "".join(parts) if span else "0h"


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  no decision depends on it: the reader asks for it


def _read(option: str, written: str, calendar: Calendar) -> Instant:
    instant, notice = read_moment(option, written, calendar.zone)
    if notice:
        click.echo(f"Note: {notice}", err=True)
    return instant


@contextmanager
def _within_reach(path: str) -> Iterator[None]:
    """Turn an answer beyond the reach of calendars into an error of the command line."""
    try:
        yield
    except BeyondHorizonError as fault:
        raise InputError(
            f"{path}: the answer lies before 1970 or after 2200, where calendars end; "
            "give an earlier start, a shorter span, or hours that recur"
        ) from fault


def _moment(instant: Instant, zone: str) -> tuple[str, str]:
    moment = here(instant, zone)
    kind = "milliseconds" if instant % 1_000 else "seconds"
    return moment.isoformat(timespec=kind), f"{moment:%A}, {zone}"


def _print_lines(*lines: tuple[str, str, str]) -> None:
    first, second = (max(len(line[place]) for line in lines) for place in (0, 1))
    out = console.out()
    for name, value, says in lines:
        out.tell(f"{name:<{first}}  {value:<{second}}  {says}".rstrip())


def _week_table(week: Week) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=True)
    made.add_column("day", footer="week", no_wrap=True)
    made.add_column("open", ratio=1)
    made.add_column("in all", footer=span_text(week.open), justify="right", no_wrap=True)
    made.add_column("special", ratio=1)
    for day in week.days:
        made.add_row(
            f"{day.date:%a} {day.date}",
            Text(", ".join(day.windows) or "closed"),
            span_text(day.open),
            Text(clean("; ".join(day.notes))),
        )
    return made


def _next_lines(since: str, calendar: Calendar, at: Instant) -> str:
    """Return the next opening and closing in words."""
    table, zone = calendar.timetable, calendar.zone
    opens = table.next_open(at) if at < HORIZON else None
    if opens is None:
        return f"Next, {since}: never open before 2201."
    closes = table.next_close(opens)
    until = "stays open until 2201" if closes is None else f"closes {_when(closes, zone)}"
    first = "open" if opens == at else f"opens {_when(opens, zone)}"
    return f"Next, {since}: {first}, {until}."


def _when(instant: Instant, zone: str) -> str:
    return f"{here(instant, zone):%a %Y-%m-%d %H:%M}"
