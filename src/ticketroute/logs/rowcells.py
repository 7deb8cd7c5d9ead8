"""What the cells of one row mean, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from unicodedata import category

from attrs import frozen

from ticketroute.errors import InvalidValueError
from ticketroute.logs import cells
from ticketroute.logs.columns import Columns
from ticketroute.logs.dates import Dates
from ticketroute.logs.layouts import CHANNEL_OF, Layout
from ticketroute.logs.priorities import Scale
from ticketroute.logs.sheets import Row, Sheet
from ticketroute.logs.words import Blanks, plain
from ticketroute.model.checks import check_id
from ticketroute.model.frozen import EMPTY
from ticketroute.model.instants import Instant


@frozen(kw_only=True)
class RowCells:
    """Reads the fields of the rows of one sheet.

    What raises InvalidValueError names the column.
    """

    sheet: Sheet
    columns: Columns
    blanks: Blanks
    dates: Dates
    scale: Scale
    layout: Layout | None

    def first(self, row: Row, name: str) -> tuple[str, str]:
        """Return column and cell of the first column of a field that is not empty here."""
        place = -1
        for place in self.columns.places_of(name):
            cell = self.blanks.filled(row.cells[place])
            if cell:
                return self.sheet.header[place], cell
        return (self.sheet.header[place] if place >= 0 else ""), ""

    def name(self, row: Row, name: str) -> str:
        """Return a name, empty where the row has none."""
        _, cell = self.first(row, name)
        return cell if cell.isascii() and cell.isprintable() else tidy(cell)

    def needed_name(self, row: Row, name: str) -> str:
        """Return a name that every row needs."""
        column, cell = self.first(row, name)
        cell = tidy(cell)
        check_id(f"column {column!r}", cell)
        return cell

    def instant(self, row: Row, name: str) -> Instant | None:
        """Return an instant, None where the row has none."""
        column, cell = self.first(row, name)
        return self.dates.instant(f"column {column!r}", cell, row=row.number) if cell else None

    def needed_instant(self, row: Row, name: str) -> Instant:
        """Return an instant that every row needs."""
        found = self.instant(row, name)
        if found is None:
            column, cell = self.first(row, name)
            raise InvalidValueError(f"column {column!r}", cell, "a date: every row needs it")
        return found

    def priority(self, row: Row) -> str:
        """Return the word of the priority, which the scale meets."""
        _, cell = self.first(row, "priority")
        if cell:
            self.scale.meet(cell, row.number)
        return cell

    def channel(self, row: Row) -> str:
        """Return the channel, in our word for it where the layout is known."""
        if self.layout is not None and self.layout.channel is not None:
            return self.layout.channel
        cell = self.name(row, "channel")
        if cell and self.layout is not None:
            return CHANNEL_OF.get(plain(cell), cell)
        return cell

    def skills(self, row: Row) -> Mapping[str, int]:
        """Return the skills that the ticket asks for, of all columns."""
        asked: dict[str, int] = {}
        for place in self.columns.places_of("skills"):
            if cell := self.blanks.filled(row.cells[place]):
                asked.update(cells.skills(f"column {self.sheet.header[place]!r}", cell))
        return asked or EMPTY

    def weight(self, row: Row) -> int:
        """Return the weight of the ticket, 1 where none is written."""
        column, cell = self.first(row, "weight")
        return cells.whole_number(f"column {column!r}", cell) if cell else 1


def tidy(name: str) -> str:
    """Return a name without what exports carry from web pages: no-break blanks, marks of direction.

    >>> tidy("Ana\u00a0\u200bAgent\u200e")
    'Ana Agent'
    """
    if name.isprintable():
        return name
    return " ".join("".join(each for each in name if category(each) != "Cf").split())
