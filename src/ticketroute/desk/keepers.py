"""Who keeps the events of a desk: this process alone, or a database.

Both settle orders. A keeper of a database holds one connection and lets one thread at a time talk
over it; what the others want meanwhile is done in one transaction when it is their turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Protocol

from ticketroute.commands import Advance
from ticketroute.desk.conversation import (
    Place,
    command,
    drive,
    entries,
    patiently,
    read,
    refresh,
    save_snapshot,
)
from ticketroute.desk.erasing import Erasure, erase, names, renamed
from ticketroute.desk.memory import BACKWARDS, REFUSALS, Memory
from ticketroute.desk.order import Order, new_token
from ticketroute.desk.session import Session
from ticketroute.errors import BrokenDeskError
from ticketroute.journal.contract import Entry, new_entry
from ticketroute.journal.faults import ClockError, KeyReusedError
from ticketroute.journal.lines import Line
from ticketroute.journal.statements import GIVE_UP, SLICE
from ticketroute.model.events import Events
from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant

MOST_TOGETHER = 64  # orders decided in one transaction


class Keeper(Protocol):
    """What a desk asks of who keeps its events."""

    def settle(self, order: Order) -> None:
        """Do one command; the order says what came of it."""
        ...

    def together(self) -> Iterator[Callable[[Order], None]]:
        """Yield what does commands of one transaction, which is committed at the end."""
        ...

    def events(self, after: int) -> Iterator[Entry]:
        """Yield the committed events after a position."""
        ...

    def refresh(self) -> None:
        """Take in what others committed."""
        ...

    def save_snapshot(self) -> int:
        """Save what is known; return the position of its last event."""
        ...

    def erase(self, erasure: Erasure) -> Events:
        """Erase a requester; return the events."""
        ...

    def close(self) -> None:
        """Close everything."""
        ...

    def forget(self) -> None:
        """Be as new in a child process."""
        ...


class Alone:
    """Keeps events in memory: gone with the process, and as quick as a dispatcher behind a lock."""

    def __init__(self, memory: Memory, clock: Callable[[], Instant]) -> None:
        self._memory, self._clock = memory, clock
        self._entries: list[Entry] = []
        self._known: dict[str, tuple[bytes, Events]] = {}
        self._forgotten: set[TicketId] = set()

    def settle(self, order: Order) -> None:
        """Do one command."""
        with self._memory.lock:
            self._do(order)
            self._tell()

    def together(self) -> Iterator[Callable[[Order], None]]:
        """Do several commands; if the block fails, none has happened."""
        memory = self._memory
        with memory.lock:
            start, known = len(self._entries), dict(self._known)
            forgotten = set(self._forgotten)
            try:
                yield self._do
            except BaseException:
                self._known, self._forgotten = known, forgotten
                self._back_to(start)
                raise
            self._tell()

    def events(self, after: int) -> Iterator[Entry]:
        """Yield events that there are at the call."""
        return iter(self._entries[after:])

    def refresh(self) -> None:
        """Nobody else writes."""

    def save_snapshot(self) -> int:
        """Nothing outlasts the process."""
        return 0

    def erase(self, erasure: Erasure) -> Events:
        """Name the alias in place of the requester, in every event."""
        requester, alias = erasure.requester, erasure.alias
        with self._memory.lock:
            named = [entry for entry in self._entries if names(entry.event, requester)]
            if not named:
                return Events()
            passing = Order(Advance())
            self._do(passing)
            dispatcher = self._memory.fold.dispatcher
            event = erasure.event(
                dispatcher.now, (entry.event for entry in named), dispatcher.save()
            )
            events = Events((*passing.answer(), event))
            entries = [
                new_entry(entry.position, renamed(entry.event, requester, alias), entry.token)
                for entry in self._entries
            ]
            entries.append(new_entry(len(entries) + 1, event, erasure.token))
            self._entries = entries
            self._known = {
                key: known
                for key, known in self._known.items()
                if not any(names(each, requester) for each in known[1])
            }
            self._back_to(len(entries))
            self._tell()
        return events

    def close(self) -> None:
        """Nothing is open."""

    def forget(self) -> None:
        """A child process goes on with a desk of its own."""

    def _back_to(self, head: int) -> None:
        """Drop the events after a head, and fold the memory again."""
        del self._entries[head:]
        fresh = self._memory.fresh()
        fresh.follow(entry.event for entry in self._entries)
        self._memory.fold.dispatcher, self._memory.fold.head = fresh, head

    def _tell(self) -> None:
        memory = self._memory
        memory.tell(self._entries[memory.told :])

    def _do(self, order: Order) -> None:
        if order.key is not None and order.key in self._known:
            digest, events = self._known[order.key]
            if digest == order.digest:
                order.settle(events)
            else:
                order.settle(refused=KeyReusedError(order.key))
            return
        dispatcher, clock = self._memory.fold.dispatcher, self._clock()
        now, head = dispatcher.now, len(self._entries)
        if clock < now - BACKWARDS:
            order.settle(refused=ClockError(clock, now))
            return
        try:
            try:
                events = order.give(dispatcher, max(clock, now), self._forgotten)
                order.settle(events)
            except BrokenDeskError:
                raise
            except REFUSALS as refused:
                events = dispatcher.advance(at=dispatcher.now)
                order.settle(refused=refused)
            token, position, entries = new_token(), head, self._entries
            for event in events:
                position += 1
                entries.append(new_entry(position, event, token))
            self._memory.fold.head = position
            self._forgotten.update(order.forgot)
            if order.key is not None and order.refused is None:
                self._known[order.key] = (order.digest, events)
        except BaseException:  # of the host's own code, or a signal
            self._back_to(head)
            self._forgotten.difference_update(order.forgot)
            raise


class Kept:
    """Keeps events in a database, by one connection."""

    def __init__(self, memory: Memory, place: Place, line: Line) -> None:
        self._memory, self._place, self.line = memory, place, line
        self._turn = Lock()  # whoever has it talks over the line
        self._waiting: deque[Order] = deque()

    def settle(self, order: Order) -> None:
        """Do one command, together with those that wait for the same turn."""
        try:
            self._waiting.append(order)
            while not order.settled:
                with self._turn:
                    if order.settled:
                        return
                    batch = self._batch()
                    if batch:
                        self._run(batch)
        except BaseException:  # a signal: nobody waits for this order any more
            with suppress(ValueError):
                self._waiting.remove(order)
            raise

    def together(self) -> Iterator[Callable[[Order], None]]:
        """Do several commands in one transaction of our own."""
        with self._talking(), self._recovering():
            session = Session(self._memory, self._place, self.line)
            with session:
                yield session.settle

    def events(self, after: int) -> Iterator[Entry]:
        """Yield the committed events after a position, read in slices. O(1) for each."""
        place = self._place
        while True:
            asked = place.statements.events(place.desk, after + 1)
            with self._talking():
                found = drive(patiently(place, lambda: read(asked)), self.line)  # noqa: B023
            for entry in entries(place, found):
                yield entry
                after = entry.position
            if len(found) < SLICE:
                return

    def refresh(self) -> None:
        """Take in what others committed."""
        with self._talking():
            self._refresh()

    def save_snapshot(self) -> int:
        """Save what is known and committed."""
        memory, place = self._memory, self._place
        with self._talking():
            return drive(patiently(place, lambda: save_snapshot(memory, place)), self.line)

    def erase(self, erasure: Erasure) -> Events:
        """Erase a requester, in a transaction of its own."""
        with self._turn, self._recovering():
            return drive(erase(self._memory, self._place, erasure), self.line)

    def close(self) -> None:
        """Close the connection."""
        with self._turn:
            self.line.close()

    def forget(self) -> None:
        """Use a connection of the child's own from now on."""
        self.line.forget()
        self._turn = Lock()
        self._waiting.clear()

    def _refresh(self) -> None:
        memory, place = self._memory, self._place
        drive(patiently(place, lambda: refresh(memory, place)), self.line)

    def _batch(self) -> list[Order]:
        batch: list[Order] = []
        while self._waiting and len(batch) < MOST_TOGETHER:
            batch.append(self._waiting.popleft())
        return batch

    def _run(self, batch: list[Order]) -> None:
        try:
            with self._recovering():
                drive(command(self._memory, self._place, list(batch)), self.line)
        except Exception as fault:  # noqa: BLE001  each of those who wait is told
            for order in batch:
                order.fail(fault)
        except BaseException as fault:
            self.line.run(GIVE_UP)
            for order in batch:
                order.fail(RuntimeError(f"interrupted by {type(fault).__name__}"))
            raise

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Have the line for oneself; leave no transaction open if a signal interrupts."""
        with self._turn:
            try:
                yield
            except Exception:
                raise
            except BaseException:
                self.line.run(GIVE_UP)
                raise

    @contextmanager
    def _recovering(self) -> Iterator[None]:
        """Bring the memory back to what is committed if a transaction failed."""
        try:
            yield
        except Exception:
            if self._memory.tentative:
                with suppress(Exception):
                    self._refresh()
            raise
