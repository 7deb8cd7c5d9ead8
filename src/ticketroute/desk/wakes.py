"""Wake-ups: a process hears at once, by LISTEN of PostgreSQL, that another one committed.

They only save time. Nothing depends on them: ``run`` looks at the journal every ``poll`` seconds as
well, since a pooler in transaction mode swallows them without an error, and a connection that is
lost hears nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import Any, Final, Self

from ticketroute.journal.lines import AsyncLine, Line
from ticketroute.journal.postgres import options, psycopg

log = logging.getLogger("ticketroute.desk")

TICK: Final = 0.2  # seconds, after which a listener looks whether it is to end
SILENCE: Final = 30.0  # seconds without a wake-up, after which the connection is tried
AGAIN: Final = 5.0  # seconds, until a connection that failed is tried again
CONNECT: Final = 10.0  # seconds


class Listener:
    """Listens to a channel in a thread of its own, and has the desk look after each wake-up.

    ``look`` is also called once after each connection, for what came before, and when ``pause``,
    which is given the longest, says that something fell due since the desk last looked.
    """

    def __init__(
        self,
        address: str,
        channel: str,
        look: Callable[[], object],
        pause: Callable[[float], float],
    ) -> None:
        self._address, self._channel, self._look, self._pause = address, channel, look, pause
        self._end = Event()
        self._thread = Thread(target=self._run, name="ticketroute-listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        driver = psycopg()
        while not self._end.is_set():
            try:
                with driver.connect(**options(self._address, CONNECT)) as connection:
                    self._listen(connection)
            except driver.Error as fault:
                log.warning("no wake-ups from PostgreSQL, trying again: %s", fault)
                self._end.wait(AGAIN)

    def _listen(self, connection: Any) -> None:
        connection.execute(f'LISTEN "{self._channel}"')
        self._look()
        heard = monotonic()
        while not self._end.is_set():
            pause = self._pause(TICK)
            if list(connection.notifies(timeout=pause, stop_after=1)):
                list(connection.notifies(timeout=0))  # the rest of the burst
                heard = monotonic()
                self._look()
            elif pause < TICK:
                self._look()
            if monotonic() - heard >= SILENCE:
                connection.execute("SELECT 1")
                heard = monotonic()


async def listening(address: str, channel: str, heard: asyncio.Event) -> None:
    """Listen to a channel and set ``heard`` at each wake-up, until cancelled."""
    driver = psycopg()
    while True:
        try:
            connecting = driver.AsyncConnection.connect(**options(address, CONNECT))
            async with await connecting as connection:
                await connection.execute(f'LISTEN "{channel}"')
                heard.set()
                while True:
                    async for _ in connection.notifies(timeout=SILENCE):
                        heard.set()
                    await connection.execute("SELECT 1")
        except driver.Error as fault:
            log.warning("no wake-ups from PostgreSQL, trying again: %s", fault)
            await asyncio.sleep(AGAIN)


def listened_address(line: Line | AsyncLine, *, listen: bool | str) -> str | None:
    """Return where to listen: ``listen`` itself, or the desk's own address; None for nowhere."""
    if not listen or line.statements.database != "postgresql":
        return None
    return listen if isinstance(listen, str) else getattr(line, "address", None)
