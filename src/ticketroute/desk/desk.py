"""What a host embeds: a dispatcher with a clock, a lock, a journal, subscribers and timers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from math import inf
from threading import Event as StopSignal
from threading import RLock
from types import TracebackType
from typing import Any, Self, Unpack
from weakref import WeakSet

from ticketroute.commands import Advance, Command
from ticketroute.desk.addresses import Address, Clock, is_postgres, line_to, refuse_missing, ticking
from ticketroute.desk.commands import Commands
from ticketroute.desk.configured import (
    ConfigSource,
    Configured,
    DeskOptions,
    OpenOptions,
    config_of,
)
from ticketroute.desk.consumers import Alone as Consumer
from ticketroute.desk.consumers import Consumption, check_consuming, consuming
from ticketroute.desk.conversation import Place, drive, hosted, patiently
from ticketroute.desk.erasing import Erasure
from ticketroute.desk.forks import tell_of_forks
from ticketroute.desk.hosts import host_line
from ticketroute.desk.keepers import Alone, Keeper, Kept
from ticketroute.desk.memory import Making, Memory
from ticketroute.desk.opening import opened
from ticketroute.desk.order import Order
from ticketroute.desk.outlet import Outlet, Subscriber
from ticketroute.desk.retention import Retention, as_span
from ticketroute.desk.wakes import Listener, listened_address
from ticketroute.errors import InvalidValueError
from ticketroute.events import Events
from ticketroute.journal.contract import Entry, Position, check_position
from ticketroute.journal.faults import DeskClosedError, JournalError, NotAJournalError
from ticketroute.journal.lines import Line
from ticketroute.journal.sqlite import Durability
from ticketroute.journal.statements import channel_of
from ticketroute.model.checks import check_id
from ticketroute.model.instants import Instant, Span
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults

log = logging.getLogger("ticketroute.desk")

LEAST = 0.02  # seconds between two looks, also if the database's clock is behind this machine's
POLL = 1.0  # seconds between looks at what other processes did
MAIN = "main"  # the name of a desk that is given none
WAIT = 10.0  # seconds
LONGEST_WAIT = 3_600


class Desk(Commands[Events], Configured):
    """A help desk's routing, kept: in memory, in an SQLite file, or in PostgreSQL.

    ``Desk()`` lasts as long as the process. ``Desk.open("desk.db")`` and
    ``Desk.open("postgresql://...")`` are shared by any number of processes. One desk object serves
    all threads of a process. Each command is done at the present instant, whole or not at all; what
    a command returned for survives the end of the process.

    ``clock`` gives the present, as an aware datetime or an instant, in place of the real one.
    ``defaults``, ``random`` and ``permits`` are as in a :class:`~ticketroute.Dispatcher`;
    ``retain`` is as in ``open``.

    >>> from ticketroute import Agent, Queue, Ticket
    >>> desk = Desk()
    >>> _ = desk.add_agent(Agent(id="ana"), presence="available")
    >>> _ = desk.add_queue(Queue(id="mail", members=["ana"]))
    >>> _ = desk.submit(Ticket(id="t1", queue="mail"))
    >>> desk.ticket("t1").agent_id
    'ana'
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
        retain: Span | timedelta | None = None,
    ) -> None:
        self._retention = Retention(as_span(retain))
        self._clock = ticking(clock)
        self._own_clock = clock is not None
        making = Making(defaults=defaults, random=random, permits=permits)
        self._memory = Memory(making, "the desk in memory")
        self._outlet = Outlet(self._memory)
        self._keeper: Keeper = Alone(self._memory, self._clock)
        self._place: Place | None = None
        self._line: Line | None = None
        self._lines: Callable[[], Line] | None = None
        self._listen: str | None = None  # where wake-ups are heard
        self._consumers: dict[str, Consumer] = {}  # of a desk in memory
        self._closed = False
        _OPEN.add(self)

    @classmethod
    def open(
        cls,
        address: Address | None = None,
        name: str = MAIN,
        *,
        create: bool | None = None,
        wait: float = WAIT,
        durability: Durability = "full",
        listen: bool | str = True,
        clock: Clock | None = None,
        defaults: Defaults | None = None,
        random: RandomSource | None = None,
        permits: Permits | None = None,
        retain: Span | timedelta | None = None,
    ) -> Self:
        """Open a desk that is kept, and create what is missing.

        Args:
            address: a path of an SQLite file, or ``postgresql://...``; None: in memory.
            name: which desk of the database.
            create: whether a desk of an unknown name is created. By default it is in a database
                that has no desk yet, and refused in one that has others.
            wait: how many seconds a lock of others is waited for.
            durability: "full" survives a loss of power; "normal", for SQLite alone, may lose the
                last commits with the power.
            listen: whether processes on PostgreSQL wake one another after a commit, so that ``run``
                need not wait for its next look. An address is that of a direct connection for
                listening, where ``address`` leads to a pooler in transaction mode.
            clock: the present, in place of the real clock or the database server's.
            defaults: what holds until a command changes it.
            random: where chance comes from.
            permits: the host's own word on who may get what.
            retain: how long done tickets are kept, as a timedelta or in milliseconds; ``run`` and
                ``advance`` forget them then. None: until ``forget``.

        Raises:
            NoSuchDeskError: if there are desks, and none of this name.
            NotAJournalError: if the address leads to something else.
            NewerJournalError: if a later release of ticketroute has written to it.
            JournalDamagedError: if a row is not what was written.
            JournalUnreachableError: if the database does not answer.

        Cost: 10 to 50 microseconds for each ticket of the latest snapshot, and 10 to 25 for each
        event since.
        """
        checked_options(name, wait, durability, listen=listen)
        making = DeskOptions(
            clock=clock, defaults=defaults, random=random, permits=permits, retain=retain
        )
        if address is None:
            return cls(**making)
        if create is False:
            refuse_missing(address)

        def lines() -> Line:
            return line_to(address, wait=wait, durability=durability)

        return cls.open_over(lines, name, create=create, wait=wait, listen=listen, **making)

    @classmethod
    def open_over(
        cls,
        lines: Callable[[], Line],
        name: str = MAIN,
        *,
        create: bool | None = None,
        wait: float = WAIT,
        listen: bool | str = True,
        **making: Unpack[DeskOptions],
    ) -> Self:
        """Open a desk over connections of a host's, for those who write an adapter.

        ``lines`` returns a new line at each call. All else is as in ``open``.
        """
        checked_options(name, wait, "full", listen=listen)
        desk = cls(**making)
        desk._lines = lines
        line = desk._lines()
        place = Place(
            desk=name,
            statements=line.statements,
            where=line.where,
            wait=wait,
            clock=desk._clock,
            own_clock=desk._own_clock,
            wake=line.statements.wake(name) if listen else None,
        )
        desk._memory.where = line.where
        try:
            drive(patiently(place, lambda: opened(desk._memory, place, create=create)), line)
        except BaseException:
            line.close()
            raise
        desk._line, desk._place = line, place
        desk._listen = listened_address(line, listen=listen)
        desk._keeper = Kept(desk._memory, place, line)
        return desk

    @classmethod
    def from_config(
        cls,
        config: ConfigSource,
        address: Address | None = None,
        name: str = MAIN,
        *,
        by: str | None = None,
        **options: Unpack[OpenOptions],
    ) -> Self:
        """Open a desk and apply a configuration: a TOML file's path, or one that was read.

        ``options`` are those of ``open``, and ``by`` is who applies it. A file with mistakes opens
        nothing and creates nothing.

        Raises:
            ConfigurationError: as ``apply``.
            JournalError: as ``open``.

        >>> desk = Desk.from_config("examples/desk/desk.toml")
        >>> [queue.id for queue in desk.queues()][:2]
        ['billing', 'network']
        """
        wanted = config_of(config)
        desk = cls.open(address, name, **options)
        try:
            desk.apply(wanted, by=by)
        except BaseException:
            desk.close()
            raise
        return desk

    # --- commands ---------------------------------------------------------------------------

    def do(self, command: Command, /, *, key: str | None = None, by: str | None = None) -> Events:
        """Do a command now.

        Args:
            command: one of :mod:`ticketroute.commands`; the methods are the typed face of it.
            key: the same command under the same key is done once, and returns what it did then.
            by: who gave it, for the events.

        Raises:
            TicketRouteError: if the desk refuses it; nothing has changed.
            KeyReusedError: if the key was used for another command.
            JournalError: if it could not be kept, as the page "What survives what" lists.
        """
        return self._settled(self._order(command, key, by))

    def _settled(self, order: Order) -> Events:
        try:
            self._keeper.settle(order)
        finally:
            self._outlet.tell()
        return order.answer()

    def advance(self) -> Events:
        """Do what has fallen due. Any process may call it; each timer fires once.

        With ``retain``, tickets that have been done for longer are forgotten, about once an hour.
        """
        return Events((*self.do(Advance()), *self._forget_if_due()))

    @contextmanager
    def together(self) -> Iterator[Together]:
        """Do several commands in one transaction: all of them, or none if the block fails.

        A command that is refused raises; if the block lets the error out, none has happened.
        """
        self._check_open()
        try:
            yield from _entered(Together, contextmanager(self._keeper.together)(), self)
        finally:
            self._outlet.tell()

    @contextmanager
    def inside(self, connection: Any, *, late: bool = False) -> Iterator[Inside]:
        """Do commands inside a transaction of the host's, which commits or gives up both.

        ``connection`` is of psycopg, sqlite3, SQLAlchemy (also a Session) or Django, in a
        transaction, and leads to the database of the desk. Subscribers are told after the commit.
        Other processes wait from the first command on until the transaction ends.

        With ``late`` the commands are collected, and decided one after the other at the end of the
        block, under one lock: each returns no events, and the first that is refused raises there.
        Others then wait only from the end of the block on. If the block fails, none is given.

        Raises:
            HostTransactionError: if it is in autocommit, or leads elsewhere.
        """
        self._check_open()
        if self._place is None or self._line is None:
            raise _no_transactions()
        line = host_line(connection, self._line, self._place.wait)
        memory, place = self._memory, self._place

        def settle(orders: list[Order]) -> None:
            drive(hosted(memory, place, orders), line)

        if late:
            yield from _collected(settle, self)
        else:
            yield Inside(lambda order: settle([order]), self)
        self._outlet.tell()

    # --- what happened ----------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what other processes committed. One statement, and O(log n) for each event."""
        self._check_open()
        try:
            self._keeper.refresh()
        finally:
            self._outlet.tell()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back with each committed event that this process learns of, in order, from now on.

        It is called outside of all locks, and may use the desk. What it raises is logged. Returns
        a function that ends the subscription. For effects that must not be lost, ``consume``.
        """
        return self._outlet.subscribe(callback)

    def events(self, after: int = 0) -> Iterator[Entry]:
        """Yield the committed events after a position, in order."""
        self._check_open()
        check_position("after", after)
        return self._keeper.events(after)

    def consume(
        self,
        name: str,
        *,
        connection: Any = None,
        most: int = 100,
        at: Position | None = None,
    ) -> AbstractContextManager[Iterator[Entry]]:
        """Return a context with the events that the consumer ``name`` has yet to handle.

        An event counts as handled when the next one is asked for, or the block ends without an
        error. A process that dies may leave handled events to be handled again: at least once. With
        the host's ``connection`` the place is written in its transaction: exactly once. While one
        process consumes, another one under the same name finds nothing. At most ``most`` events.
        ``at`` sets the consumer's place first: the events after that position are next.

        >>> from ticketroute import Queue
        >>> desk = Desk()
        >>> _ = desk.add_queue(Queue(id="mail"))
        >>> with desk.consume("mailer") as entries:
        ...     [type(entry.event).__name__ for entry in entries]
        ['DeskOpened', 'QueueAdded']
        >>> with desk.consume("mailer") as entries:
        ...     list(entries)
        []

        Raises:
            JournalSetBackError: if the journal no longer has the last event that was handled.
            HostTransactionError: if ``connection`` is in autocommit, or leads elsewhere.
            JournalUnreachableError: if the database does not answer.
        """
        self._check_open()
        check_consuming(name, most, at)
        place, line = self._place, self._line
        if place is None or line is None or self._lines is None:
            if connection is not None:
                raise _no_transactions()
            consumer = self._consumers.setdefault(name, Consumer())
            return consumer.consuming(self.events, self.head, most, at)
        hosted = connection is not None
        over = host_line(connection, line, place.wait) if hosted else self._lines()
        path = getattr(line, "path", None)
        consumption = Consumption(place, name, path=path, hosted=hosted)
        return consuming(consumption, over, most, at, owned=not hosted)

    def save_snapshot(self) -> int:
        """Save what is known, so that opening begins there; return the position of its last event.

        0 if there is nothing to save, or something is not committed yet. ``run`` and ``close`` do
        it by themselves after as many events as twice the tickets, at least 10,000. O(tickets).
        """
        self._check_open()
        return self._keeper.save_snapshot()

    def erase_requester(self, requester: str, *, by: str | None = None) -> Events:
        """Put an alias in place of a requester's id, in every event, snapshot and ticket.

        The alias is random and the same for all their tickets. Events keep their places and ids; a
        :class:`~ticketroute.events.RequesterErased` follows them, and the keys of the commands that
        they came of are dropped. Other processes make their memory anew as they learn of it. The
        answer is empty if nothing names the requester. O(events) for reading, once, while the desk
        is locked.

        Raises:
            InvalidValueError: if ``requester`` is not an id.
        """
        self._check_open()
        try:
            return self._keeper.erase(Erasure(requester, by))
        finally:
            self._outlet.tell()

    # --- time -------------------------------------------------------------------------------

    def run(self, *, stop: StopSignal, poll: float = POLL) -> None:
        """Do what falls due, and take in what others do, until ``stop`` is set.

        For a thread or a process of its own. It looks at the journal every ``poll`` seconds. On
        PostgreSQL it also listens, on a connection of its own, and looks as soon as another process
        has committed. Faults of the database are logged, and it goes on.
        """
        check_poll(poll)
        with self._listening():
            while not stop.is_set() and self._look():
                stop.wait(self._pause(poll))

    def _listening(self) -> AbstractContextManager[object]:
        if self._listen is None or self._place is None:
            return nullcontext()
        return Listener(self._listen, channel_of(self._place.desk), self._look, self._pause)

    def _look(self) -> bool:
        """Take in what others did, and do what is due; return whether the desk is still open."""
        try:
            self.refresh()
            if self._is_due():
                self.advance()
            self._forget_if_due()
            self._save_if_worth_it()
        except DeskClosedError:
            return False
        except JournalError:
            log.exception("the desk could not do what falls due; trying again")
        return True

    def _is_due(self) -> bool:
        return seconds_left(self._memory, self._clock) <= 0

    def _present(self) -> Instant:
        return self._clock()

    def _pause(self, most: float) -> float:
        return min(most, max(LEAST, seconds_left(self._memory, self._clock)))

    # --- the end ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close the database. Nothing is lost; a closed desk refuses commands."""
        if not self._closed:
            with suppress(JournalError):
                self._save_if_worth_it()
            self._closed = True
            self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _forget_if_due(self) -> Events:
        command = self._retention.command(self._memory, self._clock)
        return Events() if command is None else self.do(command)

    def _save_if_worth_it(self) -> None:
        with self._memory.lock:
            worth = self._place is not None and self._memory.wants_snapshot()
        if worth:
            self._keeper.save_snapshot()

    def _check_open(self) -> None:
        if self._closed:
            raise DeskClosedError

    def _order(self, command: Command, key: str | None, by: str | None) -> Order:
        self._check_open()
        return Order(command, key, by)

    def after_fork(self) -> None:
        """Be as new in a child process: connections and locks are the parent's."""
        memory = self._memory
        if not memory.lock.acquire(blocking=False):
            memory.sound = False  # another thread of the parent was changing it
        memory.lock = RLock()
        self._outlet.renew()
        self._keeper.forget()


class Inside(Commands[Events]):
    """Commands inside a transaction that is ended elsewhere."""

    def __init__(self, settle: Callable[[Order], None], desk: Desk) -> None:
        self._settle, self.desk = settle, desk

    def do(self, command: Command, /, *, key: str | None = None, by: str | None = None) -> Events:
        """Do a command as part of the transaction."""
        order = self.desk._order(command, key, by)  # noqa: SLF001  of one making with the desk
        self._settle(order)
        return order.answer()


class Together(Inside):
    """Commands of one transaction of our own."""


def _collected(settle: Callable[[list[Order]], None], desk: Desk) -> Iterator[Inside]:
    """Yield what collects commands, and settle them when the block has ended."""
    orders: list[Order] = []
    yield Inside(orders.append, desk)
    if orders:
        settle(orders)
    for order in orders:
        order.answer()


def _entered(
    kind: type[Together], context: AbstractContextManager[Callable[[Order], None]], desk: Desk
) -> Iterator[Together]:
    with context as settle:
        yield kind(settle, desk)


def _no_transactions() -> NotAJournalError:
    return NotAJournalError(
        "a desk in memory", "has no part in transactions", "open it on a database"
    )


_OPEN: WeakSet[Desk] = WeakSet()
tell_of_forks(_OPEN)


def checked_options(name: str, wait: float, durability: str, *, listen: bool | str) -> None:
    """Raise an error if ``open`` cannot use an argument."""
    check_id("name", name)
    if not isinstance(wait, int | float) or isinstance(wait, bool) or not 0 < wait <= LONGEST_WAIT:
        raise InvalidValueError("wait", wait, f"seconds, above 0 and at most {LONGEST_WAIT}")
    if durability not in ("full", "normal"):
        raise InvalidValueError("durability", durability, "'full' or 'normal'")
    if not isinstance(listen, bool) and not (isinstance(listen, str) and is_postgres(listen)):
        raise InvalidValueError("listen", listen, "True, False, or 'postgresql://host/database'")


def check_poll(poll: float) -> None:
    """Raise an error if ``run`` cannot use an argument."""
    if not isinstance(poll, int | float) or isinstance(poll, bool) or not 0 < poll <= LONGEST_WAIT:
        raise InvalidValueError("poll", poll, f"seconds, above 0 and at most {LONGEST_WAIT}")


def seconds_left(memory: Memory, clock: Callable[[], int]) -> float:
    """Return how many seconds there are until something falls due; infinite if nothing does."""
    with memory.lock:
        due = memory.fold.dispatcher.next_deadline()
    return inf if due is None else (due - clock()) / 1_000
