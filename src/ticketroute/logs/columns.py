"""Which column of a log holds what: the usual names, those of a layout, and those of an option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ticketroute.logs.faults import LogError, nearest_first, split_pair
from ticketroute.logs.fields import Field
from ticketroute.logs.words import plain

_SHOWN_COLUMNS = 30  # more than a message can usefully name
_SHOWN_NAMES = 4


def chosen_columns(
    pairs: Sequence[str], *, fields: Sequence[Field], option: str = "--map"
) -> dict[str, str]:
    """Read ``field=column`` options.

    Raises:
        LogError: if one is not written so, names a field twice, or one that does not exist.
    """
    chosen: dict[str, str] = {}
    names = [each.name for each in fields]
    for pair in pairs:
        name, column = split_pair(pair, option, "field=column", f"{names[0]}=number", last=False)
        if name not in names:
            raise LogError(
                f"{option} {pair!r} does not name a field; fields are: "
                f"{', '.join(nearest_first(name, names))}"
            )
        if name in chosen:
            raise LogError(
                f"{option} gives the field {name!r} twice; "
                f"several columns go into one, such as {option} {name}=first,second"
            )
        chosen[name] = column
    return chosen


class Columns:
    """Where the fields are in the rows of one log.

    Args:
        source: the name of the log, for messages.
        header: the names of its columns.
        fields: what a row can hold.
        chosen: names of columns for a field, separated by commas; empty leaves the field out.
        layout: candidates for a field, which come before the usual names.
        all_of: fields of the layout for which every candidate is taken.
        needed: names of fields that are needed here, beside those that always are.
        option: what ``chosen`` comes from, for messages.

    Raises:
        LogError: if a column is missing or comes twice; all missing ones are named at once.
    """

    def __init__(
        self,
        source: str,
        header: Sequence[str],
        *,
        fields: Sequence[Field],
        chosen: Mapping[str, str],
        layout: Mapping[str, tuple[str, ...]] | None = None,
        all_of: frozenset[str] = frozenset(),
        needed: Mapping[str, str] | None = None,
        option: str = "--map",
    ) -> None:
        self._source, self._option = source, option
        self._header = tuple(header)
        self._plain = [plain(name) for name in header]
        self._at: dict[str, tuple[int, ...]] = {}
        missing: list[tuple[Field, str | None]] = []
        needed = needed or {}
        for each in fields:
            if each.name in chosen:
                places, lacking = self._chosen(each, chosen[each.name])
                missing += [(each, name) for name in lacking]
            else:
                places = self._usual(each, (layout or {}).get(each.name), every=each.name in all_of)
                lacking = []
            if not places and not lacking and (each.needed or each.name in needed):
                missing.append((each, None))
            self._at[each.name] = places
        if missing:
            lost = {each.name for each, _ in missing}
            raise LogError(
                self._missing(missing, [way for name, way in needed.items() if name in lost])
            )

    def __contains__(self, name: str) -> bool:
        return bool(self._at.get(name))

    def names_of(self, name: str) -> tuple[str, ...]:
        """Return the columns that hold a field; empty if the log has none."""
        return tuple(self._header[at] for at in self._at[name])

    def places_of(self, name: str) -> tuple[int, ...]:
        """Return the positions of the columns that hold a field."""
        return self._at.get(name, ())

    def unused(self) -> tuple[str, ...]:
        """Return the columns that hold no field."""
        used = {at for places in self._at.values() for at in places}
        return tuple(name for at, name in enumerate(self._header) if at not in used and name)

    def _usual(
        self, field: Field, layout: tuple[str, ...] | None, *, every: bool
    ) -> tuple[int, ...]:
        if layout is not None:
            found = self._of(map(plain, layout), field, every=every or field.all_count)
            if found:
                return found
        return self._of(field.plain_names, field, every=field.all_count)

    def _of(self, names: Iterable[str], field: Field, *, every: bool) -> tuple[int, ...]:
        found: dict[int, None] = {}
        for name in names:
            if name in self._plain:
                found[self._only(name, self._plain, field)] = None
                if not every:
                    break
        return tuple(found)

    def _chosen(self, field: Field, written: str) -> tuple[tuple[int, ...], list[str]]:
        if not written:
            return (), []
        whole = (
            [written] if written in self._header else [part.strip() for part in written.split(",")]
        )
        places: list[int] = []
        lacking: list[str] = []
        for name in whole:
            if name in self._header:
                places.append(self._only(name, self._header, field))
            elif plain(name) and plain(name) in self._plain:
                places.append(self._only(plain(name), self._plain, field))
            else:
                lacking.append(name)
        return tuple(places), lacking

    def _only(self, name: str, header: Sequence[str], field: Field) -> int:
        at = header.index(name)
        if header.count(name) > 1:
            raise LogError(
                f"{self._source} has {header.count(name)} columns called {self._header[at]!r}; "
                f"give them different names, or name another one with "
                f"{self._option} {field.name}=COLUMN"
            )
        return at

    def _missing(self, missing: Sequence[tuple[Field, str | None]], ways: Sequence[str]) -> str:
        wanted = missing[0][1] or missing[0][0].usual[0]
        names = nearest_first(wanted, [name for name in self._header if name])
        more = f", and {len(names) - _SHOWN_COLUMNS} more" if len(names) > _SHOWN_COLUMNS else ""
        lines = []
        for field, name in missing:
            usual = " or ".join(repr(each) for each in field.usual[:_SHOWN_NAMES])
            lines.append(f"{usual if name is None else repr(name)} for the field {field.name!r}")
        fields = dict.fromkeys(field.name for field, _ in missing)
        options = " ".join(f"{self._option} {name}=COLUMN" for name in fields)
        it = "it" if len(fields) == 1 else "them"
        return (
            f"{self._source} has no column {' and no column '.join(lines)}; "
            f"it has: {', '.join(names[:_SHOWN_COLUMNS])}{more}; name {it} with {options}"
            + "".join(f"; {way}" for way in ways)
        )
