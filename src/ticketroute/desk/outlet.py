"""Subscribers: callbacks that are told every committed event, in order, outside of all locks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

from ticketroute.desk.memory import Memory
from ticketroute.journal.contract import Entry

log = logging.getLogger("ticketroute.desk")

Subscriber = Callable[[Entry], object]


class Outlet:
    """Empties the outbox of a memory into the subscribers."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._subscribers: tuple[Subscriber, ...] = ()
        self._guard = Lock()
        self._teller: object | None = None  # whoever tells at the moment

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Tell a callback every event from now on; return what ends that."""
        if not callable(callback):
            raise TypeError(f"subscribe() takes a callable, not {callback!r}")
        self._subscribers = (*self._subscribers, callback)

        def unsubscribe() -> None:
            self._subscribers = tuple(each for each in self._subscribers if each is not callback)

        return unsubscribe

    def tell(self) -> None:
        """Tell what is new. A thread that finds another one telling leaves its events to it."""
        outbox, me = self._memory.outbox, object()
        while outbox:
            try:
                with self._guard:
                    if self._teller is not None:
                        return
                    self._teller = me
                while outbox:
                    self._tell(outbox.popleft())
            finally:
                if self._teller is me:
                    self._teller = None

    def _tell(self, entry: Entry) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(entry)
            except Exception:  # the command is done, and others want to be told as well
                log.exception("a subscriber failed at event %s", entry.id)

    def renew(self) -> None:
        """Forget who tells: it may be a thread of the parent process."""
        self._guard, self._teller = Lock(), None
