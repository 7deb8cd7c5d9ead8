"""How a log writes nothing, and how names of columns and words are compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_FILLER = re.compile(r"[\W_]+")

# Words that exports of help desks write where a cell holds nothing, in lower case. Not "NA": it
# is a region as often as it is nothing.
EMPTY_WORDS = frozenset(
    (
        "-",
        "--",
        "\u2013",  # en dash
        "\u2014",  # em dash
        "?",
        "null",
        "(null)",
        "<null>",
        "\\n",  # how MySQL and PostgreSQL write NULL
        "none",
        "(none)",
        "nan",
        "n/a",
        "#n/a",
        "unassigned",
        "(unassigned)",
        "not assigned",
        "no agent",
        "no group",
        "no assignee",
        "(empty)",
        "(blank)",
        "(not set)",
    )
)


def plain(name: str) -> str:
    """Return the name of a column as it is compared: without case, blanks and marks.

    >>> plain(" Ticket-ID "), plain("ticket_id"), plain("Queue.Name"), plain("Ticket #")
    ('ticketid', 'ticketid', 'queuename', 'ticketnumber')
    """
    return _FILLER.sub("", name.lower().replace("#", "number"))


class Blanks:
    """Recognises the words for nothing, and counts those it met, but for words of the layout."""

    def __init__(self, more: Iterable[str] = (), *, of_layout: Iterable[str] = ()) -> None:
        self._expected = frozenset(word.lower() for word in of_layout)
        self._words = EMPTY_WORDS | self._expected | {word.strip().lower() for word in more}
        self._longest = max(len(word) for word in self._words)
        self.met: Counter[str] = Counter()

    def filled(self, cell: str) -> str:
        """Return a cell without the blanks at its ends; empty if it is a word for nothing.

        >>> blanks = Blanks(["keine"])
        >>> blanks.filled(" ana "), blanks.filled("Unassigned"), blanks.filled("Keine")
        ('ana', '', '')
        >>> dict(blanks.met)
        {'Unassigned': 1, 'Keine': 1}
        """
        cell = cell.strip()
        if cell and len(cell) <= self._longest and cell.lower() in self._words:
            if cell.lower() not in self._expected:
                self.met[cell] += 1
            return ""
        return cell
