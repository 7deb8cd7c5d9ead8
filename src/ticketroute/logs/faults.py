"""Errors of reading a log."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from ticketroute.errors import SHOWN, TicketRouteError


class LogError(TicketRouteError):
    """A log, or an option of reading it, that cannot be used; the message says the way out."""


class RowError(LogError):
    """A row that cannot be used.

    ``row`` counts as a spreadsheet does: the header is row 1.
    """

    def __init__(self, source: str, row: int, message: str) -> None:
        super().__init__(source, row, message)
        self.source, self.row, self.message = source, row, message

    def __str__(self) -> str:
        return f"{self.source}, row {self.row}: {self.message}"


def split_pair(pair: str, option: str, form: str, example: str, *, last: bool) -> tuple[str, str]:
    """Split an option written as ``form``, at its first or ``last`` equals sign.

    >>> split_pair("P0 = urgent", "--priority", "word=level", "P0=urgent", last=True)
    ('P0', 'urgent')

    Raises:
        LogError: if there is no equals sign, or nothing before it.
    """
    parts = pair.rpartition("=") if last else pair.partition("=")
    name, equals, value = (part.strip() for part in parts)
    if not equals or not name:
        raise LogError(
            f"{option} {pair!r} is not understood; write it as {form}, such as {option} {example}"
        )
    return name, value


def nearest_first(word: str, choices: Iterable[str]) -> list[str]:
    """Return ``choices`` with those most like ``word`` first, the others in their order.

    >>> nearest_first("agnet", ["id", "agent", "queue"])
    ['agent', 'id', 'queue']
    """
    names = list(choices)
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(word[:SHOWN].lower(), by_lower, n=len(names) or 1, cutoff=0.6)
    near = [by_lower[name] for name in close]
    return [*near, *(name for name in names if name not in near)]
