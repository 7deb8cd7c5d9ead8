"""One worker for all desks of a database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event as StopSignal

from ticketroute.desk.addresses import Address
from ticketroute.desk.desk import POLL, Desk, check_poll
from ticketroute.desk.reading import due_desks
from ticketroute.journal.faults import JournalError

log = logging.getLogger("ticketroute.desk")


def run_due(
    address: Address,
    *,
    stop: StopSignal,
    poll: float = POLL,
    opened: Callable[[str], Desk] | None = None,
) -> None:
    """Do what falls due on every desk of a database, until ``stop`` is set.

    It asks for the due desks every ``poll`` seconds, with one statement, opens them one after the
    other, and closes each again. Several workers may do so at once. Faults of one desk are logged,
    and the others are served.

    Args:
        address: the database.
        stop: ends it.
        poll: seconds between two looks.
        opened: opens the desk of a name, where the desks have permits, a random source or other
            options; by default ``Desk.open(address, name)``.
    """
    check_poll(poll)

    def plain(name: str) -> Desk:
        return Desk.open(address, name, create=False, listen=False)

    while not stop.is_set():
        try:
            names = due_desks(address)
        except JournalError:
            log.exception("the due desks could not be asked for; trying again")
            names = ()
        for name in names:
            if stop.is_set():
                return
            try:
                with (opened or plain)(name) as desk:
                    desk.advance()
            except JournalError:
                log.exception("desk %r could not do what falls due; trying again", name)
        stop.wait(poll)
