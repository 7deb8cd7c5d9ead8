"""The program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ticketroute.cli.check import check
from ticketroute.cli.demo import demo
from ticketroute.cli.faults import INTERRUPTED, OTHER, USAGE_OR_INPUT
from ticketroute.cli.journal import journal
from ticketroute.cli.report import report
from ticketroute.cli.route import route
from ticketroute.cli.sla import sla
from ticketroute.cli.strategies import strategies
from ticketroute.cli.top import explain, top
from ticketroute.errors import InvalidValueError, TicketRouteError, UnknownStrategyError

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


HELP = """Decide who gets a ticket, in which order, and by when.

\b
Start here:
  ticketroute demo               a day of a help desk, routed
  ticketroute strategies         the ways to choose an agent
  ticketroute route tickets.csv  your own history, routed anew
  ticketroute route --help       what the file has to look like
  ticketroute sla --help         when something is due by a business calendar
  ticketroute journal --help     what a kept desk holds
"""


def _version() -> str:
    try:
        return version("ticketroute")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


class ReaderLeftError(Exception):
    """Whoever read our output went away: a closed pipe, out of reach of click's own handling."""


@contextmanager
def _noticing_who_left() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as fault:
        raise ReaderLeftError from fault


class Program(click.Group):
    """A group that lets a closed pipe be answered here, quietly, and not by click with 1."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the command line, which prints where it asks for help."""
        with _noticing_who_left():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _noticing_who_left():
            return super().invoke(ctx)


@click.group(name="ticketroute", cls=Program, context_settings=SETTINGS, help=HELP)
@click.version_option(_version(), prog_name="ticketroute")
def program() -> None:
    """Hold the commands."""


program.add_command(check)
program.add_command(demo)
program.add_command(explain)
program.add_command(journal)
program.add_command(report)
program.add_command(route)
program.add_command(sla)
program.add_command(strategies)
program.add_command(top)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error ends here as one message."""
    try:
        code = _answered(arguments)
        if sys.stdout is not None:  # None: whoever started us closed it
            sys.stdout.flush()
    except (ReaderLeftError, BrokenPipeError):
        _discard_output()
        return 0  # they have what they wanted
    except OSError as fault:  # a full disk behind a redirection
        _discard_output()
        _say(f"Error: standard output cannot be written: {fault.strerror or fault}")
        return OTHER
    return code


def _answered(arguments: Sequence[str] | None) -> int:
    try:
        found = program.main(args=arguments, prog_name="ticketroute", standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (InvalidValueError, UnknownStrategyError) as fault:
        _say(f"Error: {fault}")
        return USAGE_OR_INPUT
    except TicketRouteError as fault:
        _say(f"Error: {fault}")
        return OTHER
    except (click.Abort, KeyboardInterrupt):
        _say("Interrupted.")
        return INTERRUPTED
    return found if isinstance(found, int) else 0


def _discard_output() -> None:
    """Keep Python from failing once more when it flushes standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    click.echo(message, err=True)
