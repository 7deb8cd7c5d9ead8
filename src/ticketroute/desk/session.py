"""Several commands in one transaction of our own."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ticketroute.desk.conversation import (
    Decided,
    Locked,
    Place,
    Talk,
    asked,
    drive,
    heard,
    lock,
    patiently,
    ready,
    recall,
    repeat,
    writing,
)
from ticketroute.desk.memory import Memory, UnsoundError
from ticketroute.desk.order import Order
from ticketroute.journal.codec import Row
from ticketroute.journal.faults import JournalUnreachableError, OutcomeUnknownError
from ticketroute.journal.lines import Line, LostError
from ticketroute.journal.statements import GIVE_UP, Trip
from ticketroute.journal.statements import Memory as Known
from ticketroute.model.events import Events
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant


class Transaction:
    """The desk's row, locked: commands are decided one by one, and written at the end."""

    def __init__(self, memory: Memory, place: Place) -> None:
        self._memory, self._place = memory, place
        self._rows: list[Row] = []
        self._known: list[Known] = []
        self._remembered: dict[str, tuple[bytes, Events]] = {}
        self._forgotten: set[TicketId] = set()
        self._forgot: list[Order] = []
        self._first = 0
        self._due: Instant | None = None

    def begin(self) -> Talk[None]:
        """Lock the desk and bring the memory to its head."""
        with self._memory.lock:
            self._first = self._memory.fold.head
        self._locked: Locked = yield from lock(self._memory, self._place, ())
        try:
            yield from ready(self._memory, self._place, self._locked, lambda: None)
        except BaseException as fault:
            if not isinstance(fault, GeneratorExit):
                yield GIVE_UP
            raise

    def settle(self, order: Order) -> Talk[None]:
        """Decide one order."""
        place, memory = self._place, self._memory
        has_forgotten = memory.fold.dispatcher.count_forgotten() > 0
        new_key = order.key is not None and order.key not in self._remembered
        if new_key or (has_forgotten and order.brings):
            answer = yield Trip(asked(place, [order]))
            known, forgotten = heard([order], answer)
            self._forgotten |= forgotten
            if new_key:
                self._remembered |= yield from recall(place, [order], known)
        if order.key is not None and order.key in self._remembered:
            repeat(order, *self._remembered[order.key])
            return
        clock = place.clock() if place.own_clock else self._locked.clock
        with memory.lock:
            try:
                self._rows += memory.decide(order, clock, self._forgotten)
                if order.forgot:
                    self._forgot.append(order)
            except UnsoundError as unsound:
                raise unsound.fault from unsound.fault.__cause__
            self._due = memory.fold.dispatcher.next_deadline()
            if order.key is not None and order.refused is None:
                now = memory.fold.dispatcher.now
                known_as = Known(order.key, order.digest, order.first, order.last, now)
                self._known.append(known_as)
                self._remembered[order.key] = (order.digest, order.decided)
        order.settle(order.decided, order.refused)

    def commit(self) -> Talk[None]:
        """Write what was decided. A lost answer is looked for; a lost transaction is an error."""
        memory, place = self._memory, self._place
        if not self._rows and not self._known:
            yield GIVE_UP
            return
        ends = [
            *writing(place, Decided(self._rows, self._known, self._due), self._forgot),
            place.statements.commit(),
        ]
        try:
            yield Trip(ends, ends=True, wakes=place.wake)
        except LostError as lost:
            yield from self._look_for_it(lost)
        if self._rows:
            with memory.lock:
                memory.confirm_up_to(self._rows[-1].position, self._rows[-1].token)

    def _look_for_it(self, lost: LostError) -> Talk[None]:
        memory, place = self._memory, self._place
        try:
            locked = yield from lock(memory, place, (), self._first)
            yield from ready(memory, place, locked, lambda: None)
            yield GIVE_UP
        except LostError as again:
            raise OutcomeUnknownError(place.where, str(again)) from again
        tokens = {row.token for row in self._rows}
        if not tokens & {row.token for row in locked.rows}:
            raise JournalUnreachableError(place.where, str(lost)) from lost


class Session:
    """A transaction over a line, as a context: committed at its end, given up if it fails."""

    def __init__(self, memory: Memory, place: Place, line: Line) -> None:
        self._transaction, self._place, self._line = Transaction(memory, place), place, line

    def __enter__(self) -> Self:
        place, begin = self._place, self._transaction.begin
        drive(patiently(place, begin), self._line)
        return self

    def settle(self, order: Order) -> None:
        """Decide one order."""
        drive(self._transaction.settle(order), self._line)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if fault is None:
                drive(self._transaction.commit(), self._line)
        finally:
            self._line.run(GIVE_UP)
