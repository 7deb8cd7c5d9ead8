"""What the command line says when it cannot go on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import click

from ticketroute.errors import SHOWN

USAGE_OR_INPUT = 2  # exit code: the command line or a file has to be mended
OTHER = 1  # exit code: anything else went wrong
INTERRUPTED = 130  # exit code: 128 + SIGINT, as shells report Ctrl-C


class InputError(click.ClickException):
    """A file, or a value in it, that cannot be used; the message names it and the way out."""

    exit_code = USAGE_OR_INPUT


class RowError(InputError):
    """A row that cannot be used.

    ``row`` counts as a spreadsheet does: the header is row 1.
    """

    def __init__(self, source: str, row: int, message: str) -> None:
        super().__init__(f"{source}, row {row}: {message}")
        self.source, self.row = source, row


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
