"""The program: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from ticketroute.cli import console
from ticketroute.cli.apply import apply
from ticketroute.cli.check import check
from ticketroute.cli.compare import compare
from ticketroute.cli.demo import demo
from ticketroute.cli.faults import INTERRUPTED, OTHER, USAGE_OR_INPUT
from ticketroute.cli.journal import journal
from ticketroute.cli.metrics import metrics
from ticketroute.cli.report import report
from ticketroute.cli.rerun import replay
from ticketroute.cli.route import route
from ticketroute.cli.serve import serve
from ticketroute.cli.sla import sla
from ticketroute.cli.staff import staff
from ticketroute.cli.strategies import strategies
from ticketroute.cli.text import clean
from ticketroute.cli.timing import advance, run_desk
from ticketroute.cli.top import explain, top
from ticketroute.errors import InvalidValueError, TicketRouteError, UnknownStrategyError
from ticketroute.logs import LogError

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


HELP = """Decide who gets a ticket, in which order, and by when.

\b
Start here:
  ticketroute demo               a day of a help desk, routed
  ticketroute strategies         the ways to choose an agent
  ticketroute route tickets.csv  an export of your own, routed again
  ticketroute route --help       which files can be read
  ticketroute sla --help         when something is due by a business calendar
  ticketroute compare --help     which strategy is right for your desk
  ticketroute replay --help      what would have happened to your own history
  ticketroute staff --help       how many agents a target needs
  ticketroute check desk.toml    what is wrong with a configuration
  ticketroute apply --help       make a kept desk the one of a configuration
  ticketroute top desk.db        a kept desk, live
  ticketroute report desk.db     its figures
  ticketroute explain desk.db T  why a ticket is where it is
  ticketroute journal --help     what a kept desk holds
  ticketroute serve desk.db      a board of it in the browser
  ticketroute run desk.db        do what falls due on it
"""


def _version() -> str:
    try:
        return version("ticketroute")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


class ReaderLeftError(Exception):
    """The reader of our output went away: a closed pipe, which click would answer with 1."""


@contextmanager
def _noticing_who_left() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as fault:
        raise ReaderLeftError from fault


class Program(click.Group):
    """A group that answers a closed pipe quietly, where click would end with 1."""

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
    """Carry the commands."""


COMMANDS = (
    advance,
    apply,
    check,
    compare,
    demo,
    explain,
    journal,
    metrics,
    replay,
    report,
    route,
    run_desk,
    serve,
    sla,
    staff,
    strategies,
    top,
)  # one file each
for command in COMMANDS:
    program.add_command(command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; every error ends here as one message."""
    try:
        console.escape_what_cannot_be_written()
        code = _answered(arguments)
        if sys.stdout is not None:  # None: the caller closed it
            sys.stdout.flush()
    except (ReaderLeftError, BrokenPipeError):
        _discard_output()
        return 0  # the reader has what it wanted
    except OSError as fault:  # a full disk behind a redirection
        _discard_output()
        _say(f"Error: standard output cannot be written: {fault.strerror or fault}")
        return OTHER
    except MemoryError:
        return _out_of_memory()
    except KeyboardInterrupt:
        return _interrupted()
    return code


def _answered(arguments: Sequence[str] | None) -> int:
    try:
        found = program.main(args=arguments, prog_name="ticketroute", standalone_mode=False)
    except click.UsageError as fault:
        if fault.ctx is not None:
            _say(fault.ctx.get_usage())
            _say(f"Try '{fault.ctx.command_path} --help' for help.\n")
        _say(f"Error: {fault.format_message()}")
        return fault.exit_code
    except click.ClickException as fault:
        _say(f"Error: {fault.format_message()}")
        return fault.exit_code
    except (InvalidValueError, UnknownStrategyError, LogError) as fault:
        _say(f"Error: {fault}")
        return USAGE_OR_INPUT
    except TicketRouteError as fault:
        _say(f"Error: {fault}")
        return OTHER
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    return found if isinstance(found, int) else 0


def _interrupted() -> int:
    if threading.current_thread() is threading.main_thread():
        # A second Ctrl-C must not turn the answer to the first into a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    _say("Interrupted.")
    return INTERRUPTED


def _out_of_memory() -> int:
    _say("Error: the memory is full; close other programs, or route a smaller part of the log")
    return OTHER


def _discard_output() -> None:
    """Keep Python from failing once more when it flushes standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    click.echo(clean(message), err=True)
