"""``manage.py ticketroute``: run a desk's timers, bring it in step, and look at it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from ticketroute.cli import main
from ticketroute.desk.reading import Reader
from ticketroute.desk.stopping import until_stopped
from ticketroute.django.conf import DEFAULT, desk_settings
from ticketroute.django.desks import DjangoDesk, desks
from ticketroute.errors import TicketRouteError
from ticketroute.model.instants import datetime_of

LOOKS = ("explain", "top", "report")


class Command(BaseCommand):
    """The command."""

    help = "Run a desk's timers, bring desk and rows in step, and look at the desk."

    def run_from_argv(self, argv: list[str]) -> None:
        """Leave to the library's own command line what comes after its words."""
        for place, word in enumerate(argv[2:], 3):
            if word in LOOKS and argv[place - 2] != "--desk":
                argv = [*argv[:place], "--", *argv[place:]]
                break
        super().run_from_argv(argv)

    def add_arguments(self, parser: Any) -> None:
        """Add one parser for each word."""
        parser.add_argument(
            "--desk", default=DEFAULT, metavar="ALIAS", help="Alias of the desk in TICKETROUTE."
        )
        words = parser.add_subparsers(dest="word", required=True, metavar="COMMAND")
        run = words.add_parser("run", help="Do what falls due, until SIGTERM or Ctrl-C.")
        run.add_argument("--poll", type=float, default=1.0, help="Seconds between two looks.")
        words.add_parser("advance", help="Do what has fallen due, once; for cron.")
        sync = words.add_parser("sync", help="Find what differs between rows and desk.")
        sync.add_argument("--fix", action="store_true", help="Bring the desk to the rows.")
        sync.add_argument("--json", action="store_true", help="Print it as JSON.")
        words.add_parser("check", help="Check settings, tables, deadlines, and every event.")
        for word in LOOKS:
            look = words.add_parser(word, help=f"As 'ticketroute {word}' does.", add_help=False)
            look.add_argument("rest", nargs=argparse.REMAINDER)

    def handle(self, *_: Any, word: str, desk: str, **options: Any) -> None:
        """Do the word."""
        known = desk_settings()
        if desk not in known:
            raise CommandError(f"TICKETROUTE has no desk {desk!r}; it has {', '.join(known)}")
        try:
            self.words()[word](desks[desk], word=word, **options)
        except TicketRouteError as fault:
            raise CommandError(str(fault)) from fault

    def words(self) -> dict[str, Callable[..., None]]:
        """Return what each word does."""
        done: dict[str, Callable[..., None]]
        done = {"run": self.run, "advance": self.advance, "sync": self.sync, "check": self.verify}
        return {**done, **dict.fromkeys(LOOKS, self.look)}

    def run(self, desk: DjangoDesk, *, poll: float, **_: Any) -> None:
        """Do what falls due until the process is told to stop."""
        if not 0 < poll <= 3_600:
            raise CommandError(f"--poll is {poll}; it must be above 0 and at most 3600 seconds")
        with until_stopped() as stop:
            self.stdout.write(f"desk {desk.settings.alias}: running; SIGTERM or Ctrl-C ends it")
            desk.run(stop=stop, poll=poll)
        self.stdout.write("stopped")

    def advance(self, desk: DjangoDesk, **_: Any) -> None:
        """Do what has fallen due."""
        self.stdout.write(f"{len(desk.advance())} events")

    def sync(self, desk: DjangoDesk, *, fix: bool, **options: Any) -> None:
        """Print what differs, and mend it if asked to; what is left is an error."""
        if not desk.bindings:
            raise CommandError(f"the desk {desk.settings.alias!r} has no BINDINGS to compare with")
        rows: list[tuple[str, str, str]] = []
        remains = 0
        for binding in desk.bindings:
            found, left = binding.sync(fix=fix)
            remains += len(left)
            stuck = {each.ticket_id for each in left}
            for each in found:
                mended = "left" if each.ticket_id in stuck else "mended"
                rows.append((each.ticket_id, each.what, mended if fix else "differs"))
        if options["json"]:
            names = ("ticket", "what", "state")
            self.stdout.write(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        else:
            for row in rows:
                self.stdout.write("  ".join(row))
            self.stdout.write(f"{len(rows)} differences" if rows else "in step")
        if remains:
            raise CommandError(f"{remains} could not be mended; the log says why")

    def verify(self, desk: DjangoDesk, **_: Any) -> None:
        """Check the project, the tables and every event."""
        call_command("check", databases=[desk.alias], stdout=self.stdout, stderr=self.stderr)
        with Reader(f"django://{desk.alias}", desk.settings.name) as reader:
            checked = reader.check()
        if checked.last is None:
            self.stdout.write("no events")
        else:
            last = datetime_of(checked.last).isoformat()
            self.stdout.write(f"{checked.events} events up to {last} are intact")

    def look(self, desk: DjangoDesk, *, word: str, rest: list[str], **_: Any) -> None:
        """Do what the command line of the library does, on this desk."""
        address = [f"django://{desk.alias}", "--desk", desk.settings.name]
        given = rest[1:] if rest[:1] == ["--"] else rest
        ended = main([word, *address, *given])
        connections[desk.alias].close()
        if ended:
            raise SystemExit(ended)
