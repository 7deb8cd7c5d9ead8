"""What a connection to a database has to do for a journal."""

from __future__ import annotations

from typing import Protocol

from ticketroute.journal.statements import Answer, Statements, Trip


class LostError(Exception):
    """A connection is gone in the middle of a trip, or the database asks to try again."""


class Line(Protocol):
    """A connection of our own. One trip at a time.

    Every fault is a :class:`~ticketroute.journal.faults.JournalError`, or :class:`LostError`.
    After a fault no transaction is open.
    """

    statements: Statements
    where: str

    def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip; return the rows of each. Connects first if need be."""
        ...

    def close(self) -> None:
        """Close the connection; the next trip connects again."""
        ...

    def forget(self) -> None:
        """Forget a connection that belongs to the parent process, without closing it."""
        ...


class AsyncLine(Protocol):
    """The same for asyncio."""

    statements: Statements
    where: str

    async def run(self, trip: Trip) -> Answer:
        """Run the statements of a trip; return the rows of each. Connects first if need be."""
        ...

    async def close(self) -> None:
        """Close the connection; the next trip connects again."""
        ...

    def forget(self) -> None:
        """Forget a connection that belongs to the parent process, without closing it."""
        ...
