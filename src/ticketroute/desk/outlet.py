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
        self._telling = Lock()

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
        outbox = self._memory.outbox
        while outbox and self._telling.acquire(blocking=False):
            try:
                while outbox:
                    self._tell(outbox.popleft())
            finally:
                self._telling.release()

    def _tell(self, entry: Entry) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(entry)
            except Exception:  # the command is done, and others want to be told as well
                log.exception("a subscriber failed at event %s", entry.id)

    def renew(self) -> None:
        """Use a new lock: the old one may be held by a thread of the parent process."""
        self._telling = Lock()
