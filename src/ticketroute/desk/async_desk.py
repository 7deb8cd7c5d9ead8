"""The same desk for asyncio: the same talks, carried by coroutines."""

from __future__ import annotations

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from threading import RLock
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from weakref import WeakSet

from ticketroute.commands import Advance, Command
from ticketroute.desk.addresses import Address, Clock, async_line_to, refuse_missing, ticking
from ticketroute.desk.commands import Commands
from ticketroute.desk.configured import (
    AsyncConfigured,
    ConfigSource,
    DeskOptions,
    OpenOptions,
    config_of,
)
from ticketroute.desk.consumers import Consumption, check_consuming, consuming_async
from ticketroute.desk.conversation import (
    Place,
    command,
    drive_async,
    entries,
    hosted,
    patiently,
    read,
    refresh,
    save_snapshot,
)
from ticketroute.desk.desk import LEAST, MAIN, POLL, WAIT, check_poll, checked_options, seconds_left
from ticketroute.desk.erasing import Erasure, erase
from ticketroute.desk.forks import tell_of_forks
from ticketroute.desk.hosts import async_host_line
from ticketroute.desk.keepers import MOST_TOGETHER
from ticketroute.desk.memory import Making, Memory
from ticketroute.desk.opening import opened
from ticketroute.desk.order import Order
from ticketroute.desk.outlet import Outlet, Subscriber
from ticketroute.desk.retention import Retention, as_span
from ticketroute.desk.session import Transaction
from ticketroute.desk.wakes import listened_address, listening
from ticketroute.events import Events
from ticketroute.journal.contract import Entry, Position, check_position
from ticketroute.journal.faults import DeskClosedError, JournalError
from ticketroute.journal.lines import AsyncLine
from ticketroute.journal.sqlite import Durability
from ticketroute.journal.statements import GIVE_UP, SLICE, channel_of
from ticketroute.model.instants import Instant, Span
from ticketroute.model.ports import Permits, RandomSource
from ticketroute.model.queue import Defaults

log = logging.getLogger("ticketroute.desk")

Reply = Coroutine[Any, Any, Events]
T = TypeVar("T")


class AsyncDesk(Commands[Reply], AsyncConfigured):
    """A :class:`~ticketroute.desk.Desk` for asyncio, on SQLite or PostgreSQL.

    One object serves all tasks of an event loop. A command goes on if its caller is cancelled. The
    questions are answered from memory and need no ``await``.
    """

    def __init__(
        self, memory: Memory, place: Place, line: AsyncLine, retain: Span | None = None
    ) -> None:
        self._retention = Retention(retain)
        self._memory, self._place, self._line = memory, place, line
        self._outlet = Outlet(memory)
        self._turn = asyncio.Lock()
        self._waiting: deque[Order] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listen: str | None = None  # where wake-ups are heard
        self._lines: Callable[[], AsyncLine] = lambda: line
        self._closed = False
        _OPEN.add(self)

    @classmethod
    async def open(
        cls,
        address: Address,
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
        """Open a desk that is kept; parameters and errors are those of ``Desk.open``."""
        checked_options(name, wait, durability, listen=listen)
        if create is False:
            refuse_missing(address)
        making = DeskOptions(
            clock=clock, defaults=defaults, random=random, permits=permits, retain=retain
        )

        def lines() -> AsyncLine:
            return async_line_to(address, wait=wait, durability=durability)

        return await cls.open_over(lines, name, create=create, wait=wait, listen=listen, **making)

    @classmethod
    async def open_over(
        cls,
        lines: Callable[[], AsyncLine],
        name: str = MAIN,
        *,
        create: bool | None = None,
        wait: float = WAIT,
        listen: bool | str = True,
        **making: Unpack[DeskOptions],
    ) -> Self:
        """Open a desk over connections of a host's, as ``Desk.open_over`` does."""
        checked_options(name, wait, "full", listen=listen)
        kept_for = as_span(making.get("retain"))
        clock, line = making.get("clock"), lines()
        made = Making(
            defaults=making.get("defaults"),
            random=making.get("random"),
            permits=making.get("permits"),
        )
        memory = Memory(made, line.where)
        place = Place(
            desk=name,
            statements=line.statements,
            where=line.where,
            wait=wait,
            clock=ticking(clock),
            own_clock=clock is not None,
            wake=line.statements.wake(name) if listen else None,
        )
        try:
            await drive_async(patiently(place, lambda: opened(memory, place, create=create)), line)
        except BaseException:
            await line.close()
            raise
        desk = cls(memory, place, line, kept_for)
        desk._lines = lines
        desk._listen = listened_address(line, listen=listen)
        return desk

    @classmethod
    async def from_config(
        cls,
        config: ConfigSource,
        address: Address,
        name: str = MAIN,
        *,
        by: str | None = None,
        **options: Unpack[OpenOptions],
    ) -> Self:
        """Open a desk and apply a configuration, as ``Desk.from_config`` does."""
        wanted = config_of(config)
        desk = await cls.open(address, name, **options)
        try:
            await desk.apply(wanted, by=by)
        except BaseException:
            await desk.close()
            raise
        return desk

    # --- commands ---------------------------------------------------------------------------

    async def do(
        self, command: Command, /, *, key: str | None = None, by: str | None = None
    ) -> Events:
        """Do a command now; parameters and errors are those of ``Desk.do``."""
        return await self._settled(self._order(command, key, by))

    async def _settled(self, order: Order) -> Events:
        self._waiting.append(order)
        await self._shielded(self._settle(order))
        return order.answer()

    async def advance(self) -> Events:
        """Do what has fallen due, as ``Desk.advance`` does."""
        return Events((*await self.do(Advance()), *await self._forget_if_due()))

    @asynccontextmanager
    async def together(self) -> AsyncIterator[AsyncInside]:
        """Do several commands in one transaction: all of them, or none if the block fails."""
        self._check_open()
        transaction, line = Transaction(self._memory, self._place), self._line

        async def settle(order: Order) -> None:
            await self._whole(drive_async(transaction.settle(order), line))

        async with self._turn:
            try:
                await self._whole(drive_async(patiently(self._place, transaction.begin), line))
                try:
                    yield AsyncInside(settle, self)
                except BaseException:
                    await self._whole(line.run(GIVE_UP))
                    raise
                await self._whole(drive_async(transaction.commit(), line))
            finally:
                await self._whole(self._recover())
        self._outlet.tell()

    @asynccontextmanager
    async def inside(self, connection: Any, *, late: bool = False) -> AsyncIterator[AsyncInside]:
        """Do commands inside a transaction of the host's, which commits or gives up both.

        ``connection`` is an AsyncConnection of psycopg, or an AsyncConnection or AsyncSession of
        SQLAlchemy with any driver. ``late`` is as for a ``Desk``.
        """
        self._check_open()
        line = async_host_line(connection, self._line, self._place.wait)

        orders: list[Order] = []

        async def settle(order: Order) -> None:
            if late:
                orders.append(order)
            else:
                await drive_async(hosted(self._memory, self._place, [order]), line)

        yield AsyncInside(settle, self)
        if orders:
            await drive_async(hosted(self._memory, self._place, orders), line)
        for order in orders:
            order.answer()
        self._outlet.tell()

    # --- what happened ----------------------------------------------------------------------

    async def refresh(self) -> None:
        """Take in what other processes committed."""
        self._check_open()

        async def refreshed() -> None:
            async with self._turn:
                await self._refreshed()
            self._outlet.tell()

        await self._shielded(refreshed())

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back with each committed event that this process learns of, in order, from now on.

        The callback is a plain function, called in the event loop; it must not wait.
        """
        return self._outlet.subscribe(callback)

    async def events(self, after: int = 0) -> AsyncIterator[Entry]:
        """Yield the committed events after a position, in order."""
        self._check_open()
        check_position("after", after)
        place = self._place
        while True:
            async with self._turn:
                asked = place.statements.events(place.desk, after + 1)
                talk = patiently(place, lambda: read(asked))  # noqa: B023
                found = await drive_async(talk, self._line)
            for entry in entries(place, found):
                yield entry
                after = entry.position
            if len(found) < SLICE:
                return

    @asynccontextmanager
    async def consume(
        self,
        name: str,
        *,
        connection: Any = None,
        most: int = 100,
        at: Position | None = None,
    ) -> AsyncIterator[Iterator[Entry]]:
        """Give a block the events that the consumer ``name`` has yet to handle, in order.

        Parameters and errors are those of ``Desk.consume``; ``connection`` is as for ``inside``.
        The events are read at the beginning, so that a plain ``for`` goes through them.
        """
        self._check_open()
        check_consuming(name, most, at)
        place, hosted = self._place, connection is not None
        line = async_host_line(connection, self._line, place.wait) if hosted else self._lines()
        path = getattr(self._line, "path", None)
        consumption = Consumption(place, name, path=path, hosted=hosted)
        async with consuming_async(consumption, line, most, at, owned=not hosted) as entries:
            yield entries

    async def save_snapshot(self) -> int:
        """Save what is known, so that opening begins there, as ``Desk.save_snapshot`` does."""
        self._check_open()
        memory, place = self._memory, self._place

        async def saved() -> int:
            async with self._turn:
                talk = patiently(place, lambda: save_snapshot(memory, place))
                return await drive_async(talk, self._line)

        return await self._shielded(saved())

    async def erase_requester(self, requester: str, *, by: str | None = None) -> Events:
        """Put an alias in place of a requester's id, as ``Desk.erase_requester`` does."""
        self._check_open()
        memory, place, erasure = self._memory, self._place, Erasure(requester, by)

        async def erased() -> Events:
            async with self._turn:
                try:
                    return await drive_async(erase(memory, place, erasure), self._line)
                finally:
                    await self._recover()

        events = await self._shielded(erased())
        self._outlet.tell()
        return events

    # --- time -------------------------------------------------------------------------------

    async def run(self, *, stop: asyncio.Event, poll: float = POLL) -> None:
        """Do what falls due, and take in what others do, until ``stop`` is set. For a task.

        It looks as often as ``Desk.run`` does, and listens as well.
        """
        check_poll(poll)
        heard = asyncio.Event()
        stopped = asyncio.ensure_future(stop.wait())
        tasks: list[asyncio.Future[Any]] = [stopped]
        if self._listen is not None:
            channel = channel_of(self._place.desk)
            tasks.append(asyncio.ensure_future(listening(self._listen, channel, heard)))
        try:
            while not stop.is_set() and await self._look():
                hearing = asyncio.ensure_future(heard.wait())
                pause = min(poll, max(LEAST, self._left()))
                await asyncio.wait((stopped, hearing), timeout=pause, return_when=FIRST_COMPLETED)
                hearing.cancel()
                heard.clear()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> bool:
        """Take in what others did, and do what is due; return whether the desk is still open."""
        try:
            await self.refresh()
            if self._left() <= 0:
                await self.advance()
            await self._forget_if_due()
            if self._memory.wants_snapshot():
                await self.save_snapshot()
        except DeskClosedError:
            return False
        except JournalError:
            log.exception("the desk could not do what falls due; trying again")
        return True

    async def _forget_if_due(self) -> Events:
        command = self._retention.command(self._memory, self._place.clock)
        return Events() if command is None else await self.do(command)

    def _left(self) -> float:
        return seconds_left(self._memory, self._place.clock)

    def _present(self) -> Instant:
        return self._place.clock()

    # --- the end ----------------------------------------------------------------------------

    async def close(self) -> None:
        """Close the database, after the commands that are under way."""
        if not self._closed:
            self._closed = True
            async with self._turn:
                await self._line.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # --- turns ------------------------------------------------------------------------------

    async def _settle(self, order: Order) -> None:
        """Settle an order, together with those that wait for the same turn."""
        while not order.settled:
            async with self._turn:
                if order.settled:
                    break
                batch: list[Order] = []
                while self._waiting and len(batch) < MOST_TOGETHER:
                    batch.append(self._waiting.popleft())
                await self._run(batch)
        self._outlet.tell()

    async def _run(self, batch: list[Order]) -> None:
        try:
            await drive_async(command(self._memory, self._place, list(batch)), self._line)
        except Exception as fault:  # noqa: BLE001  each of those who wait is told
            for order in batch:
                order.fail(fault)
            await self._recover()

    async def _recover(self) -> None:
        """Bring the memory back to what is committed, if it is ahead."""
        if self._memory.tentative:
            with suppress(JournalError):
                await self._refreshed()

    async def _refreshed(self) -> None:
        memory, place = self._memory, self._place
        await drive_async(patiently(place, lambda: refresh(memory, place)), self._line)

    async def _whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work to its end, and only then be cancelled."""
        task = asyncio.ensure_future(work)
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                await asyncio.wait([task])
                raise
            except Exception:  # noqa: BLE001  of the task, and raised by its result
                break
        return task.result()

    async def _shielded(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for work that goes on to its end even if whoever waits is cancelled."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def _check_open(self) -> None:
        if self._closed:
            raise DeskClosedError

    def _order(self, command: Command, key: str | None, by: str | None) -> Order:
        self._check_open()
        return Order(command, key, by)

    def after_fork(self) -> None:
        """Be as new in a child process: connections, tasks and locks are the parent's."""
        self._memory.sound = False
        self._memory.lock = RLock()
        self._outlet.renew()
        self._turn = asyncio.Lock()
        self._waiting.clear()
        self._tasks.clear()
        self._line.forget()


class AsyncInside(Commands[Reply]):
    """Commands inside a transaction that is ended elsewhere."""

    def __init__(
        self, settle: Callable[[Order], Coroutine[Any, Any, None]], desk: AsyncDesk
    ) -> None:
        self._settle, self.desk = settle, desk

    async def do(
        self, command: Command, /, *, key: str | None = None, by: str | None = None
    ) -> Events:
        """Do a command as part of the transaction."""
        order = self.desk._order(command, key, by)  # noqa: SLF001  of one making with the desk
        await self._settle(order)
        return order.answer()


_OPEN: WeakSet[AsyncDesk] = WeakSet()
tell_of_forks(_OPEN)
