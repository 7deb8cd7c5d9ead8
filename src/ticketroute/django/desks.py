"""Desks by alias, kept on Django's own connections: ``desks["default"]``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Event as StopSignal
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary, finalize

from attrs import define, field, frozen
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.utils.module_loading import import_string

from ticketroute.commands import Advance, Command
from ticketroute.desk.addresses import ticking
from ticketroute.desk.commands import Commands
from ticketroute.desk.conversation import (
    Place,
    Talk,
    drive,
    entries,
    read,
    refresh,
    save_snapshot,
)
from ticketroute.desk.forks import tell_of_forks
from ticketroute.desk.hosting import Hosting
from ticketroute.desk.memory import Fold, Making, Memory
from ticketroute.desk.order import Order
from ticketroute.desk.outlet import Subscriber
from ticketroute.desk.views import Views
from ticketroute.django.actor import actor
from ticketroute.django.conf import SETTING, DeskSettings, desk_settings
from ticketroute.django.journal import AliasLine
from ticketroute.events import Events
from ticketroute.journal.codec import FOLD
from ticketroute.journal.contract import Entry
from ticketroute.journal.faults import JournalSetBackError, NoSuchDeskError
from ticketroute.journal.statements import SLICE, Trip

log = logging.getLogger("ticketroute.django")


@define(eq=False)
class Replica:
    """What one connection knows of a desk. It may be ahead: its transaction is open."""

    memory: Memory
    line: AliasLine
    place: Place


class _Shown(Views):
    """The desk as one replica knows it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory


class DjangoDesk(Commands[Events], Views):
    """A desk whose journal is in the project's database, on the connection of the present thread.

    A command is part of the transaction that is open on that connection, and one of its own where
    none is: it commits or is given up with everything else. Rows of bound models follow in the same
    transaction. Each connection has a memory of its own, so that a question sees what its own
    transaction did, and nothing that another has not committed.

    A question costs two short statements. For many of them at once there is ``shown``.
    """

    def __init__(self, given: DeskSettings) -> None:
        self.settings = given
        self.alias = given.database
        self._making = Making(defaults=given.defaults, random=given.random, permits=given.permits)
        self._clock = ticking(given.clock)
        self._lock = Lock()
        self._replicas: WeakKeyDictionary[Any, Replica] = WeakKeyDictionary()
        self._idle: list[Replica] = []  # of connections that are gone
        self._subscribers: tuple[Subscriber, ...] = ()
        self._bindings: list[Any] | None = None

    # --- commands ---------------------------------------------------------------------------

    def do(self, command: Command, /, *, key: str | None = None, by: str | None = None) -> Events:
        """Do a command in the transaction of this connection, or in one of its own.

        ``by`` is by default the user of the request, where ``ActorMiddleware`` is installed.

        Raises:
            TicketRouteError: if the desk refuses it; nothing has changed.
            JournalError: as the page "What survives what" lists; the transaction is then to be
                given up.
        """
        with self.deciding() as deciding:
            order = deciding.give(command, key=key, by=by)
        return order.answer()

    def advance(self) -> Events:
        """Do what has fallen due. Any process may call it; each timer fires once."""
        return self.do(Advance())

    @contextmanager
    def deciding(self) -> Iterator[Deciding]:
        """Lock the desk for a block: what it shows there holds until the block's next command.

        If the block fails, none of its commands has happened.
        """
        with transaction.atomic(using=self.alias, savepoint=False):
            replica = self._replica()
            hosting = Hosting(replica.memory, replica.place)
            self._begin(replica, hosting)
            deciding = Deciding(self, replica, hosting)
            yield deciding
            drive(hosting.end(), replica.line)
            done = deciding.entries()
            for binding in self.bindings:
                binding.follow(done, deciding.shown)
            if done:
                told = partial(self._tell, done)
                transaction.on_commit(told, using=self.alias, robust=True)

    def lock(self) -> None:
        """Lock the desk until the end of the transaction; has no effect outside of one.

        Who locks rows of their own as well locks the desk first, or two transactions may wait for
        each other.
        """
        if connections[self.alias].in_atomic_block:
            replica = self._replica()
            says = replica.place.statements
            replica.line.run(Trip(says.take(self.settings.name, hosted=True)[:1]))

    def _begin(self, replica: Replica, hosting: Hosting) -> None:
        place = replica.place
        try:
            self._drive(replica, hosting.begin)
        except NoSuchDeskError:
            made = place.statements.create(place.desk, FOLD)
            replica.line.run(Trip([place.statements.versioned(), made]))
            self._drive(replica, hosting.begin)
        replica.memory.claimed.clear()

    def _drive(self, replica: Replica, talk: Callable[[], Talk[Any]]) -> Any:
        """Have a talk; a journal that was set back is told once, and the memory follows it."""
        try:
            return drive(talk(), replica.line)
        except JournalSetBackError:
            log.exception("the desk goes on from the journal that there is")
            return drive(talk(), replica.line)

    # --- questions --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Bring this connection's memory to what it can see. Two short statements."""
        replica = self._replica()
        certain = not connections[self.alias].in_atomic_block
        try:
            self._drive(replica, partial(refresh, replica.memory, replica.place, certain=certain))
        except NoSuchDeskError:  # nothing was ever done, or all of it was given up
            memory = replica.memory
            memory.adopt(Fold(memory.fresh()), (), certain=False)
        replica.memory.claimed.clear()

    @contextmanager
    def shown(self) -> Iterator[Views]:
        """Yield the desk as it is now, for many questions: it is looked up once."""
        self.refresh()
        yield _Shown(self._replica().memory)

    @property
    def _memory(self) -> Memory:  # type: ignore[override]
        self.refresh()
        return self._replica().memory

    # --- what happened ----------------------------------------------------------------------

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call back with each event of this process's commands, after its commit.

        Events of one transaction come in order. What a callback raises is logged. Returns what
        ends the subscription.
        """
        self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not callback)

        return unsubscribe

    def events(self, after: int = 0) -> Iterator[Entry]:
        """Yield the events after a position that this connection can see, in order."""
        replica = self._replica()
        place = replica.place
        while True:
            asked = place.statements.events(place.desk, after + 1)
            found = drive(read(asked), replica.line)
            for entry in entries(place, found):
                yield entry
                after = entry.position
            if len(found) < SLICE:
                return

    def _tell(self, done: Sequence[Entry]) -> None:
        for binding in self.bindings:
            binding.committed(done)
        for entry in done:
            for subscriber in self._subscribers:
                try:
                    subscriber(entry)
                except Exception:  # the command is done, and others want to be told as well
                    log.exception("a subscriber failed at event %s", entry.id)

    # --- time -------------------------------------------------------------------------------

    def run(self, *, stop: StopSignal, poll: float = 1.0) -> None:
        """Do what falls due until ``stop`` is set, looking every ``poll`` seconds.

        For a process of its own: ``manage.py ticketroute run``. Faults are logged, and it goes on
        with a new connection.
        """
        while not stop.is_set():
            try:
                pause = self._turn(poll)
            except Exception:  # of the database, or of a binding's rows: the next turn tries again
                log.exception("the desk could not do what falls due; trying again")
                connections[self.alias].close()
                pause = poll
            stop.wait(max(0.001, pause))

    def _turn(self, poll: float) -> float:
        connections[self.alias].close_if_unusable_or_obsolete()
        self.refresh()
        memory = self._replica().memory
        if self._pause(memory, poll) <= 0:
            self.advance()
        if memory.wants_snapshot():
            self.save_snapshot()
        return self._pause(memory, poll)

    def _pause(self, memory: Memory, most: float) -> float:
        due = memory.fold.dispatcher.next_deadline()
        return most if due is None else min(most, (due - self._clock()) / 1_000)

    def save_snapshot(self) -> int:
        """Save what is known, so that opening begins there; return the position of its last event.

        Outside of a transaction only. O(tickets).
        """
        self.refresh()
        replica = self._replica()
        saved: int = drive(save_snapshot(replica.memory, replica.place), replica.line)
        return saved

    # --- bindings ---------------------------------------------------------------------------

    @property
    def bindings(self) -> list[Any]:
        """The bindings of this desk, made once."""
        if self._bindings is None:
            made = []
            for path in self.settings.bindings:
                kind = import_string(path) if isinstance(path, str) else path
                made.append(kind(self))
            self._bindings = made
        return self._bindings

    # --- a memory for each connection -----------------------------------------------------------

    def _replica(self) -> Replica:
        connection = connections[self.alias]
        with self._lock:
            replica = self._replicas.get(connection)
            if replica is None:
                replica = self._idle.pop() if self._idle else self._new_replica()
                self._replicas[connection] = replica
                finalize(connection, self._idle.append, replica)
        return replica

    def _new_replica(self) -> Replica:
        line = AliasLine(self.alias, self.settings.wait)
        place = Place(
            desk=self.settings.name,
            statements=line.statements,
            where=line.where,
            wait=self.settings.wait,
            clock=self._clock,
            own_clock=self.settings.clock is not None,
        )
        return Replica(Memory(self._making, line.where), line, place)

    def after_fork(self) -> None:
        """Begin anew in a child process, or with another journal: memory is folded at its use."""
        self._lock = Lock()
        self._replicas, self._idle = WeakKeyDictionary(), []


@frozen(eq=False)
class Deciding:
    """A desk that is locked: commands, each with what it led to, and the desk as it is then."""

    desk: DjangoDesk
    _replica: Replica
    _hosting: Hosting
    _tokens: set[int] = field(factory=set, init=False)

    @property
    def shown(self) -> Views:
        """The desk at this moment."""
        return _Shown(self._replica.memory)

    def give(self, command: Command, *, key: str | None = None, by: str | None = None) -> Order:
        """Give a command; ``answer()`` of what is returned is its events, or raises."""
        order = Order(command, key, by if by is not None else actor())
        drive(self._hosting.settle(order), self._replica.line)
        self._tokens.add(order.token)
        return order

    def entries(self) -> list[Entry]:
        """Return what happened so far, what time did before a refused command included."""
        return [each for each in self._replica.memory.claimed if each.token in self._tokens]


class Desks:
    """The desks of the project by alias, each made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[str, DjangoDesk] = {}

    def __getitem__(self, alias: str) -> DjangoDesk:
        """Return a desk.

        Raises:
            ImproperlyConfigured: if the setting has no such alias, or is wrong.
        """
        with self._lock:
            if alias not in self._made:
                known = desk_settings()
                if alias not in known:
                    raise ImproperlyConfigured(
                        f"{SETTING} has no desk {alias!r}; it has {', '.join(known) or 'none'}"
                    )
                self._made[alias] = DjangoDesk(known[alias])
            return self._made[alias]

    def __iter__(self) -> Iterator[str]:
        return iter(desk_settings())

    def connect(self) -> None:
        """Connect the bindings of all desks; a setting that is wrong is told by the checks."""
        try:
            for alias in self:
                for binding in self[alias].bindings:
                    binding.connect()
        except (ImproperlyConfigured, ImportError):
            log.exception("no desk is connected")

    def after_fork(self) -> None:
        """Begin anew in a child process."""
        self._lock = Lock()
        for desk in self._made.values():
            desk.after_fork()

    def reset(self) -> None:
        """Forget all desks and their memories, after a change of settings in a test."""
        for desk in self._made.values():
            for binding in desk._bindings or ():
                binding.disconnect()
        self._made.clear()


desks = Desks()
tell_of_forks([desks])
