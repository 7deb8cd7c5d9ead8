"""A proxy in front of PostgreSQL that counts, and cuts a conversation after a given byte."""

from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import suppress
from itertools import count
from typing import Literal

Way = Literal["up", "down"]  # to the server; to the client


class Proxy:
    """Forwards to a unix socket. Each connection takes the next plan: where it is cut, if at all.

    ``counted`` has, for each connection, the bytes of both ways, and how often the client asked for
    all answers so far, by a Sync or a simple query: the round trips. How the bytes are cut into
    packets does not matter. (PostgreSQL documentation, "Message Formats".)
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.counted: list[Counted] = []
        self._open: list[Counted] = []
        self._later: deque[tuple[Way, int]] = deque()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, *plans: tuple[Way, int]) -> None:
        """Cut the open connection, and the ones after it, after so many further bytes each."""
        (first, *later) = plans
        self._later = deque(later)
        live = self._open[-1]
        live.plan(first)

    def reset(self) -> None:
        """Plan nothing for further connections."""
        self._later = deque()

    def current(self) -> Counted:
        """Return the connection that was opened last."""
        return self._open[-1]

    def close(self) -> None:
        self._listener.close()
        for each in self._open:
            each.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._target)
            except OSError:
                client.close()
                continue
            connection = Counted(client, server)
            if self._later:
                connection.plan(self._later.popleft())
            self._open.append(connection)
            self.counted.append(connection)
            connection.start()


class Counted:
    """One connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._sockets = {"up": (client, server), "down": (server, client)}
        self.bytes: dict[str, int] = {"up": 0, "down": 0}
        self.trips = 0
        self._unread = b""  # of a message to the server
        self._aligned = False  # whether the next byte up begins a message
        self._plan: tuple[Way, int] | None = None
        self._guard = threading.Lock()

    def start(self) -> None:
        for way in ("up", "down"):
            threading.Thread(target=self._forward, args=(way,), daemon=True).start()

    def plan(self, plan: tuple[Way, int]) -> None:
        way, after = plan
        with self._guard:
            self._plan = (way, self.bytes[way] + after)

    def zero(self) -> None:
        """Count from here on."""
        with self._guard:
            self.bytes = {"up": 0, "down": 0}
            self.trips = 0
            self._unread, self._aligned = b"", True

    def cut(self) -> None:
        for each in self._sockets["up"]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _forward(self, way: str) -> None:
        source, sink = self._sockets[way]
        for _ in count():
            try:
                data = source.recv(65_536)
            except OSError:
                data = b""
            if not data:
                self.cut()
                return
            with self._guard:
                plan, so_far = self._plan, self.bytes[way]
                cut = plan is not None and plan[0] == way and so_far + len(data) >= plan[1]
                if cut and plan is not None:
                    data = data[: plan[1] - so_far]
                self.bytes[way] += len(data)
                if way == "up" and self._aligned:
                    self._count_trips(data)
            with suppress(OSError):
                sink.sendall(data)
            if cut:
                self.cut()
                return

    def _count_trips(self, data: bytes) -> None:
        """Count the messages that end a trip; each is a letter, and a length without it."""
        self._unread += data
        while len(self._unread) >= 5:
            size = 1 + int.from_bytes(self._unread[1:5], "big")
            if len(self._unread) < size:
                return
            self.trips += self._unread[:1] in (b"S", b"Q")
            self._unread = self._unread[size:]
