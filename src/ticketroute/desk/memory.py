"""The desk in the memory of this process: the fold of a journal up to a head, with the proof."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum
from random import Random
from threading import RLock

from attrs import define

from ticketroute.core.dispatcher import Dispatcher
from ticketroute.core.show.saved import Saved
from ticketroute.desk.order import Order, new_token
from ticketroute.errors import BrokenDeskError, InvalidValueError, TicketRouteError
from ticketroute.journal.codec import Row, decode, encode
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import ClockError, JournalDamagedError
from ticketroute.model.events import Event, Events, RequesterErased
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant, hours
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults

log = logging.getLogger("ticketroute.desk")

LEAST_BETWEEN = 10_000  # events from one snapshot to the next
BACKWARDS = hours(1)  # what a clock may be behind the desk before commands are refused
ERASED = RequesterErased.__name__
REFUSALS = (TicketRouteError, InvalidValueError)  # of the core: nothing was changed


class Proof(Enum):
    """What rows of a journal say about the memory."""

    PROVEN = "proven"  #: the journal has what the memory is the fold of
    FORKED = "forked"  #: it has not: a rollback, a lost commit, an erasure, another database
    UNSEEN = "unseen"  #: the rows do not reach back to the head of the memory


class UnsoundError(Exception):
    """Deciding one order ended in a fault that is no refusal, so that the memory may be wrong."""

    def __init__(self, order: Order, fault: Exception) -> None:
        super().__init__(order, fault)
        self.order, self.fault = order, fault


@define(eq=False)
class Fold:
    """A dispatcher, and up to which event it is the fold of the journal."""

    dispatcher: Dispatcher
    head: int = 0
    token: int = 0  # of the event at the head

    def take_in(self, rows: Sequence[Row], where: str) -> list[Entry]:
        """Apply what others did; return it. O(log n) for each event.

        Raises:
            JournalDamagedError: for a position that is missing; what is before it is applied.
        """
        entries: list[Entry] = []
        self.dispatcher.follow(self._events(rows, where, entries))
        return entries

    def _events(self, rows: Sequence[Row], where: str, entries: list[Entry]) -> Iterator[Event]:
        """Yield the events of rows, each of which is applied before the next is asked for."""
        for row in rows:
            if row.position != self.head + 1:
                raise JournalDamagedError(where, self.head + 1, "it is missing")
            event = decode(row, where)
            yield event
            self.head, self.token = row.position, row.token
            entries.append(Entry(row.position, event, row.token))


class Making:
    """Makes the dispatchers of a desk, empty or restored, all with the same host's code."""

    def __init__(
        self,
        *,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
    ) -> None:
        self._defaults, self._permits = defaults, permits
        self._random = Random() if random is None else random  # noqa: S311  no secret hangs on it

    def fresh(self) -> Dispatcher:
        """Return an empty dispatcher."""
        return Dispatcher(defaults=self._defaults, random=self._random, permits=self._permits)

    def restored(self, saved: Saved) -> Dispatcher:
        """Return a dispatcher of what was saved."""
        return Dispatcher.restore(saved, random=self._random, permits=self._permits)


class Memory:
    """What this process knows of one desk. Hold ``lock`` for every method, and for no trip.

    ``fold`` may be ahead of what is committed: the next lock on the desk's row proves it, or finds
    that it has to be opened anew. What is proven goes to the ``outbox`` once, in order.
    """

    def __init__(self, making: Making, where: str) -> None:
        self.lock = RLock()
        self.making, self.where = making, where
        self.fold = Fold(making.fresh())
        self.snapshot = 0  # the head of the latest one that is known of
        self.sound = True  # False: the fold may be wrong, and has to be made anew
        self.proven = (0, 0)  # position and token that were surely committed
        self.told = 0  # up to where events have gone to the outbox
        self.claimed: deque[Entry] = deque()  # decided here, and not known to be committed
        self.outbox: deque[Entry] = deque()

    # --- proof ------------------------------------------------------------------------------

    def prove(self, rows: Sequence[Row]) -> Proof:
        """Return whether rows that follow one another contain the head of the memory."""
        fold = self.fold
        if not self.sound:
            return Proof.FORKED
        if fold.head == 0:
            return Proof.PROVEN if not rows or rows[0].position == 1 else Proof.UNSEEN
        if not rows:
            return Proof.FORKED
        place = fold.head - rows[0].position
        if place < 0:
            return Proof.UNSEEN
        if place >= len(rows):
            return Proof.FORKED
        if any(row.kind == ERASED for row in rows[place + 1 :]):
            return Proof.FORKED  # what the memory knows may be erased: it is made anew
        return Proof.PROVEN if rows[place].token == fold.token else Proof.FORKED

    def catch_up(self, rows: Sequence[Row], *, certain: bool = True) -> None:
        """Take in what follows the head; the memory has to be proven by the same rows.

        ``certain`` is whether they are committed: in a transaction of the host's, what it wrote
        itself shows, and may yet be given up.
        """
        if certain:
            self.confirm()
        new = rows[self.fold.head - rows[0].position + 1 :] if rows else ()
        try:
            entries = self.fold.take_in(new, self.where)
        except BaseException:
            self.sound = False
            raise
        if entries and certain:
            self.proven = (self.fold.head, self.fold.token)
            self.tell(entries)
        else:
            self.claimed.extend(entries)

    def confirm(self) -> None:
        """Note that everything up to the head is committed."""
        self.proven = (self.fold.head, self.fold.token)
        if self.claimed:
            self.tell(self.claimed)
            self.claimed.clear()

    def confirm_up_to(self, position: int, token: int) -> None:
        """Note that everything up to an event is committed.

        What follows it was decided since, in a transaction of a host's that is still open.
        """
        if position > self.proven[0]:
            self.proven = (position, token)
        while self.claimed and self.claimed[0].position <= position:
            self.tell([self.claimed.popleft()])

    def tell(self, entries: Sequence[Entry] | deque[Entry]) -> None:
        """Put events in the outbox, each once."""
        for entry in entries:
            if entry.position > self.told:
                self.told = entry.position  # first: a signal is handled after the call below
                self.outbox.append(entry)

    def adopt(self, fold: Fold, entries: Sequence[Entry], *, certain: bool = True) -> None:
        """Go on from a fold that was made anew from the journal."""
        self.fold, self.sound = fold, True
        self.claimed.clear()
        if certain:
            self.confirm()
            self.tell(entries)
        else:
            self.claimed.extend(entries)

    def set_back(self, head: int) -> None:
        """Note that the journal is not the one that was seen: what follows is told anew."""
        self.told = min(self.told, head)

    def fresh(self) -> Dispatcher:
        """Return an empty dispatcher of this desk."""
        return self.making.fresh()

    def saved(self) -> tuple[int, int, Saved] | None:
        """Return head, token and all that is known, if it is committed and there is any."""
        fold = self.fold
        if self.tentative or not fold.head:
            return None
        return fold.head, fold.token, fold.dispatcher.save()

    def wants_snapshot(self) -> bool:
        """Return whether so much happened since the latest snapshot that one more is worth it."""
        tickets = self.fold.dispatcher.count_tickets()
        return self.fold.head - self.snapshot >= max(LEAST_BETWEEN, 2 * tickets)

    @property
    def tentative(self) -> bool:
        """Whether something was decided that is not known to be committed."""
        return bool(self.claimed) or not self.sound

    # --- deciding ---------------------------------------------------------------------------

    def decide(self, order: Order, clock: Instant, forgotten: set[TicketId]) -> list[Row]:
        """Decide one order on the present state; return its events as rows.

        ``forgotten`` are the tickets of the orders at hand that only the journal knows; those that
        this order forgets are added. What time alone did before a refused command happened all the
        same, and is returned.

        Raises:
            UnsoundError: if anything but a refusal came of it.
        """
        dispatcher = self.fold.dispatcher
        order.refused = None
        if clock < dispatcher.now - BACKWARDS:
            order.refused, order.decided = ClockError(clock, dispatcher.now), Events()
            return []
        at = max(clock, dispatcher.now)
        try:
            try:
                order.decided = events = order.give(dispatcher, at, forgotten)
                forgotten.update(order.forgot)
            except BrokenDeskError:
                raise
            except REFUSALS as refused:
                events = dispatcher.advance(at=dispatcher.now)
                order.refused, order.decided = refused, Events()
            return self._claim(order, events)
        except Exception as fault:
            self.sound = False
            raise UnsoundError(order, fault) from fault
        except BaseException:
            self.sound = False
            raise

    def _claim(self, order: Order, events: Sequence[Event]) -> list[Row]:
        fold, order.token = self.fold, new_token()
        rows = [
            encode(event).row(position, order.token)
            for position, event in enumerate(events, fold.head + 1)
        ]
        order.first, order.last = fold.head + 1, fold.head + len(rows)
        if rows:
            fold.head, fold.token = rows[-1].position, order.token
            self.claimed.extend(
                Entry(row.position, event, row.token)
                for row, event in zip(rows, events, strict=True)
            )
        return rows
