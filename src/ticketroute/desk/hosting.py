"""Several decisions in one transaction of the host's: one lock, one catching up, one writing."""

from __future__ import annotations

from ticketroute.desk.conversation import (
    Decided,
    Locked,
    Place,
    Talk,
    asked,
    heard,
    lock,
    ready,
    recall,
    repeat,
    writing,
)
from ticketroute.desk.memory import Memory, UnsoundError
from ticketroute.desk.order import Order
from ticketroute.journal.codec import Row
from ticketroute.journal.statements import Memory as Known
from ticketroute.journal.statements import Trip
from ticketroute.model.ids import TicketId


class Hosting:
    """The desk's row, locked in a transaction that the host ends.

    Between ``begin`` and ``end`` the memory is at the head of the journal, so that what is asked
    of it holds until the next decision. What is not written by ``end`` has not happened: the next
    lock finds that out.
    """

    def __init__(self, memory: Memory, place: Place) -> None:
        self._memory, self._place = memory, place
        self._rows: list[Row] = []
        self._known: list[Known] = []
        self._done: list[Order] = []
        self._forgotten: set[TicketId] = set()

    def begin(self) -> Talk[None]:
        """Lock the desk and bring the memory to its head."""
        self._locked: Locked = yield from lock(self._memory, self._place, (), hosted=True)
        yield from ready(self._memory, self._place, self._locked, lambda: None, certain=False)

    def settle(self, order: Order) -> Talk[None]:
        """Decide one order; only a key, and a ticket that may be forgotten, ask the database."""
        place, memory = self._place, self._memory
        has_forgotten = memory.fold.dispatcher.count_forgotten() > 0
        if order.key is not None or (has_forgotten and order.brings):
            answer = yield Trip(asked(place, [order]))
            known, forgotten = heard([order], answer)
            self._forgotten |= forgotten
            found = yield from recall(place, [order], known)
            if order.key is not None and order.key in found:
                repeat(order, *found[order.key])
                return
        clock = place.clock() if place.own_clock else self._locked.clock
        with memory.lock:
            try:
                self._rows += memory.decide(order, clock, self._forgotten)
            except UnsoundError as unsound:
                raise unsound.fault from unsound.fault.__cause__
        self._done.append(order)
        if order.key is not None and order.refused is None:
            now = memory.fold.dispatcher.now
            known_as = Known(order.key, order.digest, order.first, order.last, now)
            yield Trip(writing(place, Decided(known=[known_as]), ()))
        order.settle(order.decided, order.refused)

    def end(self) -> Talk[None]:
        """Write what was decided."""
        if self._rows:
            due = self._memory.fold.dispatcher.next_deadline()
            yield Trip(writing(self._place, Decided(self._rows, due=due), self._done))
            self._rows, self._done = [], []
