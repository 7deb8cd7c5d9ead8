"""A process that works on a desk: run by the tests, several at once, and killed by them."""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from typing import Any

from ticketroute import Author, Ticket
from ticketroute.desk import Desk, outlet
from ticketroute.errors import TicketRouteError
from ticketroute.journal import postgres, sqlite, turns


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  a script of the tests


def submits(desk: Desk, name: str, many: str) -> None:
    """Submit tickets as long as wanted; say each that returned."""
    for number in range(int(many)) if int(many) else count():
        desk.submit(Ticket(id=f"{name}-{number}", queue="mail"))
        say("done", f"{name}-{number}")


def works(desk: Desk, name: str, seed: str) -> None:
    """Submit, and finish what agents have; say each command that returned. Until killed."""
    for number in count():
        ticket_id = f"{name}-{seed}-{number}"
        say("try", ticket_id)
        desk.submit(Ticket(id=ticket_id, queue="mail"))
        desk.reply(ticket_id, Author.REQUESTER, by=ticket_id, key=ticket_id)
        say("done", ticket_id)
        if number % 3 == 0:
            desk.submit(Ticket(id=f"ring-{ticket_id}", queue="ring"))
        held = [held for name in ("ana", "ben") for held in desk.agent(name).tickets]
        if len(held) > 2:
            try:
                desk.resolve(held[number % len(held)])
                say("resolved", held[number % len(held)])
            except TicketRouteError:
                pass  # another process was first


def takes(desk: Desk, name: str, many: str) -> None:
    """Take tickets for an agent of one's own, each when it is told; say which it got."""
    for number in range(int(many)):
        try:
            desk.take(f"t{number}", name)
            say("took", f"t{number}")
        except TicketRouteError:
            say("refused", f"t{number}")
        sys.stdin.readline()  # until all have tried


def stops_at(mark: str) -> None:
    """Kill this process at a mark of its third command."""
    passed = count(1)

    def die() -> None:
        if next(passed) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    for module, name in ((sqlite, "SqliteLine"), (postgres, "PostgresLine")):
        line: Any = getattr(module, name)
        run = line.run

        def watched(self: Any, trip: Any, run: Any = run) -> Any:
            commits = bool(trip.statements) and trip.statements[-1].sql == "COMMIT"
            writes = commits and any("INSERT" in each.sql for each in trip.statements)
            if writes and mark == "before commit":
                die()
            answer = run(self, trip)
            if writes and mark == "after commit":
                die()
            return answer

        line.run = watched
    if mark == "before publish":
        made: Any = outlet.Outlet
        made.tell = lambda _: die()


def main(what: str, address: str, *given: str) -> None:
    mark = os.environ.get("STOP_AT")
    if mark == "no turns":
        vars(turns)["fcntl"] = None
        mark = ""
    with Desk.open(address) as desk:
        say("open")
        sys.stdin.readline()  # until all are there
        if mark:
            stops_at(mark)
        {"submits": submits, "works": works, "takes": takes}[what](desk, *given)


if __name__ == "__main__":
    main(*sys.argv[1:])
