"""Which column of a CSV file holds what: the usual names, and ``--map`` for all others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from ticketroute.cli.faults import InputError, nearest_first
from ticketroute.cli.reading import Row, Sheet

_SHOWN_COLUMNS = 30  # more than a message can usefully name
_FILLER = re.compile(r"[\W_]+")


@frozen
class Field:
    """Something a row can say, and the names its column usually has."""

    name: str
    usual: tuple[str, ...]
    says: str
    needed: bool = False


TICKET_FIELDS = (
    Field(
        "id",
        ("ticket_id", "id", "ticket", "number", "case_id", "key"),
        "Names the ticket, once in the file.",
        needed=True,
    ),
    Field(
        "arrived",
        ("arrived", "arrived_at", "opened_at", "created_at", "opened", "created"),
        "When the ticket came in.",
        needed=True,
    ),
    Field(
        "ended",
        ("ended", "ended_at", "resolved_at", "closed_at", "resolved", "closed"),
        "When it was resolved; empty: never.",
    ),
    Field("queue", ("queue", "department", "group", "team"), "Its queue; empty: see --queue."),
    Field(
        "agent",
        ("agent", "assignee", "assigned_to", "owner"),
        "Who worked it: the roster, without --agents.",
    ),
    Field("priority", ("priority",), "1 to 4, or urgent, high, normal, low."),
    Field("channel", ("channel",), "email, chat, call, or a word of yours."),
    Field("skills", ("skills", "skill"), "What it asks for: `spanish:5; billing`."),
    Field("requester", ("requester",), "Who opened it."),
    Field("weight", ("weight",), "Multiplies what it costs; default 1."),
)

AGENT_FIELDS = (
    Field("id", ("agent", "id", "agent_id"), "Names the agent, once in the file.", needed=True),
    Field("queues", ("queues", "queue", "group", "team"), "`mail; chat`; empty: every queue."),
    Field("capacity", ("capacity",), "Units held at once; empty: --capacity."),
    Field("skills", ("skills", "skill"), "`spanish:5; billing`."),
    Field("channels", ("channels", "channel"), "`chat; call`; empty: every channel."),
    Field("priority", ("priority", "tier"), "1 is asked first, 100 last; default 50."),
)


def plain(name: str) -> str:
    """Return a column's name as it is compared: ``Ticket ID`` is ``ticket_id``.

    >>> plain(" Ticket-ID ")
    'ticket_id'
    """
    return _FILLER.sub("_", name.strip().lower()).strip("_")


def chosen_columns(
    pairs: Sequence[str], *, fields: Sequence[Field], option: str = "--map"
) -> dict[str, str]:
    """Read ``field=column`` options.

    Raises:
        InputError: if one is not written so, names a field twice, or one that does not exist.
    """
    chosen: dict[str, str] = {}
    names = [each.name for each in fields]
    for pair in pairs:
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            raise InputError(
                f"{option} {pair!r} is not understood; write it as field=column, "
                f"such as {option} {names[0]}=number"
            )
        if name not in names:
            raise InputError(
                f"{option} {pair!r} names no field; fields are: "
                f"{', '.join(nearest_first(name, names))}"
            )
        if name in chosen:
            raise InputError(
                f"{option} gives the field {name!r} twice; "
                f"several columns go into one, such as {option} {name}=first,second"
            )
        chosen[name] = column
    return chosen


class Columns:
    """Where the fields are in the rows of one sheet."""

    def __init__(
        self,
        sheet: Sheet,
        *,
        fields: Sequence[Field],
        chosen: Mapping[str, str],
        option: str = "--map",
    ) -> None:
        self._sheet = sheet
        self._option = option
        self._at: dict[str, tuple[int, ...]] = {}
        for each in fields:
            found = (
                self._named(each, chosen[each.name]) if each.name in chosen else self._usual(each)
            )
            if each.needed and not found:
                raise InputError(self._missing(each, each.usual))
            self._at[each.name] = found

    def __contains__(self, name: str) -> bool:
        return bool(self._at[name])

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the columns that hold a field; empty if the file has none."""
        return tuple(self._sheet.header[at] for at in self._at[name])

    def cells(self, row: Row, name: str) -> Iterator[tuple[str, str]]:
        """Yield column and cell of each column of a field, empty cells included."""
        for at in self._at[name]:
            yield self._sheet.header[at], row.cells[at]

    def first(self, row: Row, name: str) -> tuple[str, str]:
        """Return column and cell of the first column of a field that is not empty here."""
        column = ""
        for column, cell in self.cells(row, name):
            if cell:
                return column, cell
        return column, ""

    def lacking(self, field: Field) -> str:
        """Return what to say when an optional field is needed after all."""
        return self._missing(field, field.usual)

    def _usual(self, field: Field) -> tuple[int, ...]:
        headers = [plain(name) for name in self._sheet.header]
        for usual in field.usual:
            if usual in headers:
                return (self._only(usual, headers, shown=usual),)
        return ()

    def _named(self, field: Field, written: str) -> tuple[int, ...]:
        if not written:
            return ()
        header = self._sheet.header
        whole = [written] if written in header else [part.strip() for part in written.split(",")]
        places = []
        for name in whole:
            if name in header:
                places.append(self._only(name, header, shown=name))
                continue
            alike = [plain(each) for each in header]
            if not plain(name) or plain(name) not in alike:
                raise InputError(self._missing(field, (name,)))
            places.append(self._only(plain(name), alike, shown=name))
        return tuple(places)

    def _only(self, name: str, header: Sequence[str], *, shown: str) -> int:
        if header.count(name) > 1:
            raise InputError(
                f"{self._sheet.name} has {header.count(name)} columns called {shown!r}; "
                "give them different names"
            )
        return header.index(name)

    def _missing(self, field: Field, wanted: Sequence[str]) -> str:
        sheet = self._sheet
        if sheet.likely_delimiter is not None:
            mark = "tab" if sheet.likely_delimiter == "\t" else sheet.likely_delimiter
            hint = f"its first row looks as if separated otherwise: try --delimiter '{mark}'"
        else:
            names = nearest_first(wanted[0], [name for name in sheet.header if name])
            more = (
                f", and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
            )
            hint = (
                f"it has: {', '.join(names[:_SHOWN_COLUMNS])}{more}; "
                f"say which one it is with {self._option} {field.name}=COLUMN"
            )
        looked_for = " or ".join(repr(name) for name in wanted)
        return f"{sheet.name} has no column {looked_for} for the field {field.name!r}; {hint}"
