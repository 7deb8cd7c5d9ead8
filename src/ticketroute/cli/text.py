"""Text for people: tables as wide as they need, and no control character of a file in them."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from rich.cells import cell_len, set_cell_size

SHORTEST_NAME = 6  # columns that a name keeps, however narrow the terminal


def clean(text: str) -> str:
    r"""Return text without control characters, which could move a terminal's cursor.

    Ends of lines and tabs stay; whatever else cannot be printed is written as its number.

    >>> clean("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


@define
class Table:
    """Rows of words and figures under a title.

    The first ``words`` columns hold words, which give way where the table is wider than the
    terminal; the others hold figures, which are never cut.
    """

    title: str
    names: Sequence[str]
    words: int = 1
    caption: str | None = None
    rows: list[Sequence[str]] = field(factory=list)

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append([clean(cell) for cell in cells])

    def lines(self, width: int, *, encoding: str = "utf-8") -> list[str]:
        """Return the table as lines without blanks at their ends.

        What an encoding does not have is escaped before the columns are laid out.
        """
        rule = "─" if encoding.startswith("utf") else "-"
        rows = [[_in(encoding, cell) for cell in row] for row in (self.names, *self.rows)]
        widths = [max(cell_len(row[at]) for row in rows) for at in range(len(self.names))]
        over = sum(widths) + len(widths) - width
        for at in range(self.words):
            gives = max(0, min(over, widths[at] - max(SHORTEST_NAME, cell_len(self.names[at]))))
            widths[at] -= gives
            over -= gives
        found = [self._line(row, widths, encoding) for row in rows]
        found.insert(1, f" {rule * (sum(widths) + len(widths) - 1)}")
        return found

    def _line(self, row: Sequence[str], widths: Sequence[int], encoding: str) -> str:
        parts = []
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            if at < self.words:
                long = cell_len(cell) > width
                cut = set_cell_size(cell, width - 1) + _in(encoding, "…")[0]
                parts.append(cut if long else _padded(cell, width))
            else:
                parts.append(" " * (width - cell_len(cell)) + cell)
        return (" " + " ".join(parts)).rstrip()


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _in(encoding: str, text: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)
