"""Every error of a desk that is kept: what went wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from ticketroute.errors import TicketRouteError, shown


class JournalError(TicketRouteError):
    """The base of the faults of journals."""


class JournalDamagedError(JournalError):
    """A row of a journal cannot be what was written.

    ``position`` is the first damaged one, or None if the file as a whole cannot be read;
    everything before it is intact.
    """

    def __init__(self, where: str, position: int | None, what: str) -> None:
        super().__init__(where, position, what)
        self.where, self.position, self.what = where, position, what

    def __str__(self) -> str:
        if self.position is None:
            return f"{self.where} is damaged: {self.what}; restore it from a backup"
        return (
            f"{self.where} is damaged at position {self.position}: {self.what}; "
            f"positions up to {self.position - 1} are intact; restore the journal from a backup"
        )


class NewerJournalError(JournalError):
    """A journal holds something that only a later release of ticketroute can read."""

    def __init__(self, what: str, position: int | None = None) -> None:
        super().__init__(what, position)
        self.what, self.position = what, position

    def __str__(self) -> str:
        where = "" if self.position is None else f" at position {self.position}"
        return (
            f"the journal holds {self.what}{where}, which this release does not know; "
            "upgrade ticketroute in this process, nothing has been changed"
        )


class DeskBusyError(JournalError):
    """Another process or transaction held the desk for longer than ``wait`` seconds."""

    def __init__(self, where: str, wait: float) -> None:
        super().__init__(where, wait)
        self.where, self.wait = where, wait

    def __str__(self) -> str:
        return (
            f"the desk in {self.where} was locked by somebody else for {self.wait:g} seconds; "
            "nothing was done: try again, end transactions that use the desk sooner, "
            "or open the desk with a longer wait="
        )


class JournalUnreachableError(JournalError):
    """The database cannot be reached; the command was certainly not done."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return f"{self.where} cannot be reached: {self.what}; nothing was done: try again later"


class OutcomeUnknownError(JournalError):
    """The connection was lost during a commit, and there was no other one to ask whether it held.

    A command that was given with a ``key`` can be repeated with the same key: it is done once.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return (
            f"the connection to {self.where} was lost during a commit: {self.what}; the command "
            "may have been done or not: repeat it with the same key=, and it is done once"
        )


class JournalUnwritableError(JournalError):
    """The database can be read and not written: no space, no permission, read-only."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where, self.what = where, what

    def __str__(self) -> str:
        return (
            f"{self.where} cannot be written: {self.what}; nothing was done: "
            "make room or give write permission, and try again"
        )


class NotAJournalError(JournalError):
    """What was to be opened is not a place where a desk can be kept."""

    def __init__(self, where: str, what: str, way_out: str) -> None:
        super().__init__(where, what, way_out)
        self.where, self.what, self.way_out = where, what, way_out

    def __str__(self) -> str:
        return f"{self.where} {self.what}; {self.way_out}"


class NoTablesError(NotAJournalError):
    """A database in which no desk was ever kept."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "has no tables of ticketroute", "check the address")

    def __reduce__(self) -> tuple[type[NoTablesError], tuple[str]]:
        return NoTablesError, (self.where,)


class NoSuchDeskError(JournalError):
    """The database keeps desks, and none of this name."""

    def __init__(self, desk: str, names: Iterable[str]) -> None:
        self.desk, self.names = desk, tuple(names)
        super().__init__(self.desk, self.names)

    def __str__(self) -> str:
        there = ", ".join(map(shown, self.names)) or "none"
        return f"there is no desk {shown(self.desk)}; the desks there are: {there}"


class JournalSetBackError(JournalError):
    """The journal is older than what was seen of it, or has other events at those positions.

    A database that was restored from a backup, or a replica that took over without the last
    commits, shows so. ``consumer`` names who had read further, or is None for the desk itself.
    """

    def __init__(self, desk: str, position: int, head: int, consumer: str | None = None) -> None:
        super().__init__(desk, position, head, consumer)
        self.desk, self.position, self.head, self.consumer = desk, position, head, consumer

    def __str__(self) -> str:
        who = "this process" if self.consumer is None else f"consumer {shown(self.consumer)}"
        after = (
            "the desk was opened anew from what there is: give the command again"
            if self.consumer is None
            else "check what it did after the last common event, then set its place by consume(at=)"
        )
        return (
            f"the journal of desk {shown(self.desk)} ends at {self.head} and does not hold the "
            f"event at {self.position} that {who} has seen; {after}"
        )


class HostTransactionError(JournalError):
    """A command cannot be part of the host's transaction as it is."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what, way_out)
        self.what, self.way_out = what, way_out

    def __str__(self) -> str:
        return f"{self.what}; {self.way_out}"


class KeyReusedError(JournalError):
    """A key was used before, for another command."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return (
            f"key {shown(self.key)} was used before, for another command; "
            "use one key for one command, and a new key for the next"
        )


class ClockError(JournalError):
    """The clock is far behind the last instant of the desk."""

    def __init__(self, at: int, now: int) -> None:
        super().__init__(at, now)
        self.at, self.now = at, now

    def __str__(self) -> str:
        return (
            f"the clock says {self.at}, which is {self.now - self.at} ms before the desk's last "
            f"instant {self.now}; set the clock right, nothing was done"
        )


class DeskClosedError(JournalError):
    """A desk was used after ``close``."""

    def __str__(self) -> str:
        return "the desk was closed; open it again with Desk.open()"
