"""What was understood of a log, in words."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from ticketroute.logs.layouts import Layout
from ticketroute.logs.sheets import Kind

_SHOWN = 6  # things that a line names one by one


@frozen(kw_only=True)
class Understood:
    """What a reader took a log for; every field is plain, :meth:`lines` are for people.

    ``columns`` maps fields to the names of their columns. ``with_offset`` and ``without_offset``
    count times. ``order`` is ``day first`` or ``month first`` where dates of numbers told it, else
    empty. ``empty`` counts the words that were read as nothing.
    """

    source: str
    layout: Layout | None
    events: bool
    columns: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]
    zone: str
    zone_chosen: bool
    order: str
    with_offset: int
    without_offset: int
    tickets: int
    rows: int
    ended: int
    ended_before_arrival: int
    priorities: str
    activities: str
    empty: Mapping[str, int]
    odd_times: tuple[str, ...]
    notes: tuple[str, ...]
    tickets_of: Mapping[str, int]

    def lines(self) -> list[str]:
        """Return what was understood: columns, times, endings, and how words were read.

        Columns are written as for ``--map``.
        """
        kind = f"layout {self.layout.name}, " if self.layout else ""
        columns = ", ".join(f"{name}={','.join(of)}" for name, of in self.columns.items())
        found = [
            f"Columns: {kind}{columns}",
            f"Times: {self._times()}{', ' if self.order else ''}{self.order}. {self._endings()}",
        ]
        if self.activities:
            found.append(f"Activities: {self.activities}")
        if self.priorities:
            found.append(f"Priorities: {self.priorities}")
        if self.empty:
            words = sorted(self.empty.items(), key=lambda each: (-each[1], each[0]))
            listed = ", ".join(f"{word} ({count:,})" for word, count in words[:_SHOWN])
            found.append(f"Read as empty: {listed}")
        return found

    def warnings(self) -> list[str]:
        """Return what is likely to be a misunderstanding."""
        found = [*self.notes, *self.odd_times]
        if not self.ended:
            found.append(
                "no ticket has an ending, so that no agent gets room again; "
                + self._way_to_endings()
            )
        if len(self.tickets_of) == 1 and self.tickets > 1:
            (queue,) = self.tickets_of
            found.append(f"every ticket is in one queue, {queue!r}{self._way_to_queues()}")
        if self.ended_before_arrival == 1:
            found.append("1 ticket ends before it arrives and counts as ended on arrival")
        elif self.ended_before_arrival:
            found.append(
                f"{self.ended_before_arrival:,} tickets end before they arrive and count as ended "
                "on arrival"
            )
        return found

    def _times(self) -> str:
        if not self.without_offset:
            return "each names its own offset"
        chosen = f"read in {self.zone}{'' if self.zone_chosen else ', the default of --tz'}"
        return f"without an offset they are {chosen}" if self.with_offset else chosen

    def _endings(self) -> str:
        has = "has" if 1 in (self.ended, self.tickets) else "have"
        return f"{self.ended:,} of {counted(self.tickets, 'ticket')} {has} an ending."

    def _way_to_endings(self) -> str:
        if self.events:
            return "name an activity that ends a ticket with --activity WORD=resolve"
        return f"name the column of endings with --map ended=COLUMN{self._unused()}"

    def _way_to_queues(self) -> str:
        if self.layout is not None and self.layout.kind is not Kind.CSV:
            return ""
        name = "group" if self.events else "queue"
        return f"; name the column of queues with --map {name}=COLUMN{self._unused()}"

    def _unused(self) -> str:
        if not self.unused:
            return ""
        more = ", ..." if len(self.unused) > _SHOWN * 2 else ""
        return f"; unused columns are: {', '.join(self.unused[: _SHOWN * 2])}{more}"


def counted(number: int, thing: str) -> str:
    """Return a number with its thing, in the plural where there is not one.

    >>> counted(1, "ticket"), counted(1_200, "ticket")
    ('1 ticket', '1,200 tickets')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
