"""Answers of the board as bytes, shared by everybody who looks."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any

from attrs import frozen

from ticketroute.core.show.explain import Names, naming
from ticketroute.desk.addresses import Clock, ticking
from ticketroute.desk.desk import Desk
from ticketroute.desk.watch import Watch
from ticketroute.errors import InvalidValueError, UnknownTicketError
from ticketroute.journal.faults import JournalError
from ticketroute.model.checks import LONGEST_SPAN, check_whole
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Span
from ticketroute.reporting.ledger import USUAL_TARGET
from ticketroute.sla.zones import check_zone
from ticketroute.web.picture import Rows, explained, picture
from ticketroute.web.today import Today

log = logging.getLogger("ticketroute.web")

SLOWEST = 3_600.0  # seconds between two looks


@frozen
class Seen:
    """A picture: ``body`` as JSON, and the ``etag`` of all in it but the time it was made at."""

    body: bytes
    etag: str


class Source:
    """Makes pictures of a desk, at most one every ``every`` seconds however many ask for one.

    It only asks questions of the desk. Its methods may be called by several threads, and wait for
    the database where the desk has one.

    Args:
        desk: a desk in memory, or one on SQLite or PostgreSQL that others may use as well.
        every: seconds from one look at the desk to the next, from 0 to 3,600.
        zone: in which "today" begins at midnight.
        target: the span within which an answer counts for the service level, in milliseconds.
        clock: the present, in place of the real clock: the one that was given to the desk.
        names: the host's names of agents and queues, as a mapping from ids or a function of the
            id; without it an agent's own ``name``, or else the id.

    Raises:
        TypeError: if ``desk`` is no :class:`~ticketroute.desk.Desk`.
        InvalidValueError: if ``every``, ``zone`` or ``target`` cannot be used.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        every: float = 1.0,
        zone: str = "UTC",
        target: Span = USUAL_TARGET,
        clock: Clock | None = None,
        names: Names | None = None,
    ) -> None:
        if not isinstance(desk, Desk):
            raise TypeError(
                f"a board takes a Desk, not {type(desk).__name__}; "
                "beside an AsyncDesk, open the same address once more with Desk.open"
            )
        if not isinstance(every, int | float) or not (
            math.isfinite(every) and 0 <= every <= SLOWEST
        ):
            raise InvalidValueError("every", every, f"seconds, from 0 to {SLOWEST:.0f}")
        check_zone("zone", zone)
        check_whole("target", target, 0, LONGEST_SPAN)
        self.every = float(every)
        self._desk, self._now = desk, ticking(clock)
        self._watch, self._today = Watch(desk), Today(desk, zone=zone, target=target)
        self._names, self._naming = names, naming(names)
        self._rows = Rows(self._naming)
        self._lock = Lock()
        self._seen: Seen | None = None
        self._picture: dict[str, Any] = {}
        self._looked = -math.inf
        self._fault: JournalError | None = None  # of a look before the first picture
        self.close: Callable[[], None] = self._watch.close  #: ends following the desk's events

    def state(self) -> Seen:
        """Return the present picture: the last one, unless it is older than ``every`` seconds.

        While the database does not answer, it is the last picture with ``stale`` true.

        Raises:
            JournalError: if the database has not answered even once.
        """
        with self._lock:
            recent = self.recent()
            if recent is not None:
                return recent
            if self._fault is not None and monotonic() - self._looked < self.every:
                raise self._fault  # those who asked meanwhile do not wait for the database again
            now = self._now()
            try:
                self._desk.refresh()
                self._watch.look()
                figures = self._today.figures(now)
                self._picture = picture(
                    self._desk, self._watch, figures, now, self._rows, self._naming
                )
                stale = False
            except JournalError as fault:
                if self._seen is None:
                    self._fault, self._looked = fault, monotonic()
                    raise
                log.exception("the board cannot look at the desk; it shows the last picture")
                stale = True
            self._fault = None
            shown = self._picture | {"stale": stale}
            body = _json(shown)
            etag = sha256(body).hexdigest()[:32]
            self._looked = monotonic()
            if self._seen is None or self._seen.etag != etag:
                self._seen = Seen(b'{"at":%d,%s' % (now, body[1:]), etag)
            return self._seen

    def recent(self) -> Seen | None:
        """Return the last picture if it is young enough; never waits."""
        return self._seen if monotonic() - self._looked < self.every else None

    def agents(self, page: int) -> bytes:
        """Return a page of a hundred agents as JSON; page 0 is in every picture."""
        self.state()
        with self._lock:
            return _json(self._rows.page(self._watch, page))

    def explanation(self, ticket_id: str) -> bytes | None:
        """Return why a ticket is where it is, as JSON; None if the desk has no such ticket."""
        try:
            return _json(explained(self._desk.explain(TicketId(ticket_id)), self._names))
        except (UnknownTicketError, InvalidValueError):
            return None


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
