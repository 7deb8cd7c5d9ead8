"""Dates and changes of the clocks, as one release of ``holidays`` or of the tz database has them.

They are the facts that a calendar takes from libraries. A calendar that has them asks no library,
and another release changes none of its answers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import Attribute, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import a_text
from ticketroute.model.instants import Instant, Span
from ticketroute.sla.reading import bounded, day_of, read_date, table
from ticketroute.sla.zones import (
    FIRST_YEAR,
    LAST_YEAR,
    SECOND,
    stretches,
    year_start,
    zone_release,
)

# The holidays package knows most countries up to 2100. All of these years are some 1,500 dates of
# a country, 8 kB of JSON, and take 20 to 100 ms to find out, once for each country.
FIRST_KNOWN, LAST_KNOWN = 1970, 2100
MOST_KNOWN = 20_000  # dates of one country: the most is 8,200, of Sweden with its Sundays
MOST_CHANGES = 2_000  # of one zone from 1970 to 2200: the most is 500
_LONGEST_OFFSET: Span = 26 * 3_600 * SECOND

_NONE: frozenset[int] = frozenset()

Change: TypeAlias = tuple[Instant, Span]  # from the instant on, wall clocks show instant + offset


def _dates(thing: str, dates: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted({read_date(thing, each) for each in bounded(thing, dates, MOST_KNOWN)}))


def _closed(dates: Iterable[date]) -> tuple[date, ...]:
    return _dates("KnownDates.closed", dates)


def _worked(dates: Iterable[date]) -> tuple[date, ...]:
    return _dates("KnownDates.worked", dates)


@frozen(kw_only=True, cache_hash=True)
class KnownDates:
    """The holidays of a country, and its worked weekend days, as one release knows them.

    ``release`` is that of the ``holidays`` package. ``closed`` and ``worked`` are dates from 1970
    to 2100; later years have none.
    """

    release: str = field(validator=a_text)
    closed: tuple[date, ...] = field(converter=_closed)
    worked: tuple[date, ...] = field(default=(), converter=_worked)
    _closed_in: dict[int, frozenset[int]] = field(init=False, eq=False, repr=False)
    _worked_in: dict[int, frozenset[int]] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_closed_in", _by_year(self.closed))
        object.__setattr__(self, "_worked_in", _by_year(self.worked))

    def closed_in(self, year: int) -> AbstractSet[int]:
        """Return the holidays of a year as days since 1970-01-01. O(1)."""
        return self._closed_in.get(year, _NONE)

    def worked_in(self, year: int) -> AbstractSet[int]:
        """Return the worked weekend days of a year as days since 1970-01-01. O(1)."""
        return self._worked_in.get(year, _NONE)

    def plain(self) -> dict[str, Any]:
        """Return the release, and the dates of each year as one text: ``{"2026": "01-01 12-25"}``.

        For JSON and TOML; about 8 kB for a country.
        """
        plain: dict[str, Any] = {"release": self.release, "closed": _written(self.closed)}
        if self.worked:
            plain["worked"] = _written(self.worked)
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> KnownDates:
        """Return the dates that plain() wrote; InvalidValueError for a key it does not write."""
        _check_keys("KnownDates", plain, ("release", "closed", "worked"))
        return cls(
            release=plain.get("release", ""),
            closed=_read("KnownDates.closed", plain.get("closed", {})),
            worked=_read("KnownDates.worked", plain.get("worked", {})),
        )


def _changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    listed = bounded("ZoneData.changes", changes, MOST_CHANGES)
    return tuple((at, offset) for at, offset in listed)


def _check_changes(_: object, __: Attribute[Any], changes: tuple[Change, ...]) -> None:
    starts = [at for at, _ in changes]
    if not starts or starts[0] != 0 or starts != sorted(set(starts)):
        raise InvalidValueError("ZoneData.changes", starts[:3], "in order, the first at 0")
    for _, offset in changes:
        if not -_LONGEST_OFFSET < offset < _LONGEST_OFFSET:
            raise InvalidValueError("an offset in ZoneData.changes", offset, "less than 26 hours")


@frozen(kw_only=True, cache_hash=True)
class ZoneData:
    """When the clocks of a zone change, as one release of the tz database has it.

    ``release`` is such as ``2026f``; ``changes`` are an instant and the offset from then on, in
    milliseconds, the first at 0, up to the end of 2200.
    """

    release: str = field(validator=a_text)
    changes: tuple[Change, ...] = field(converter=_changes, validator=_check_changes, repr=False)

    def offset_at(self, at: Instant) -> Span:
        """Return how far wall clocks are ahead of UTC at an instant since 1970. O(log changes)."""
        return self.changes[bisect_right(self.changes, at, key=_instant) - 1][1]

    def stretches(self, year: int) -> tuple[tuple[Instant, Instant, Span], ...]:
        """Return the stretches of a UTC year in which the offset stays the same. O(log changes)."""
        begin, end = year_start(year), year_start(year + 1)
        at = bisect_right(self.changes, begin, key=_instant) - 1
        found = []
        while at < len(self.changes) and self.changes[at][0] < end:
            since, offset = self.changes[at]
            at += 1
            until = self.changes[at][0] if at < len(self.changes) else end
            found.append((max(since, begin), min(until, end), offset))
        return tuple(found)

    def plain(self) -> dict[str, Any]:
        """Return the release and the changes in seconds, for JSON; about 8 kB for a zone."""
        changes = [[at // SECOND, offset // SECOND] for at, offset in self.changes]
        return {"release": self.release, "changes": changes}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ZoneData:
        """Return the changes that plain() wrote; InvalidValueError for a key it does not write."""
        _check_keys("ZoneData", plain, ("release", "changes"))
        changes = plain.get("changes", ())
        return cls(
            release=plain.get("release", ""),
            changes=((at * SECOND, offset * SECOND) for at, offset in changes),
        )


@lru_cache(maxsize=256)
def zone_data_of(zone: str) -> ZoneData:
    """Return the changes of a zone as the tz database in use has them.

    About 70 ms for the first time in a process, and O(1) after that.
    """
    changes: list[Change] = []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for start, _, offset in stretches(zone, year):
            if not changes or changes[-1][1] != offset:
                changes.append((start, offset))
    return ZoneData(release=zone_release(), changes=changes)


def _instant(change: Change) -> Instant:
    return change[0]


def _by_year(dates: Iterable[date]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for each in dates:
        found.setdefault(each.year, set()).add(day_of(each))
    return {year: frozenset(days) for year, days in found.items()}


def _written(dates: Iterable[date]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in dates:
        found.setdefault(str(each.year), []).append(f"{each:%m-%d}")
    return {year: " ".join(days) for year, days in found.items()}


def _read(thing: str, written: object) -> Iterable[date]:
    for year, days in table(thing, written).items():
        if not isinstance(days, str):
            raise InvalidValueError(f"{thing}[{year!r}]", days, "dates as 'MM-DD', with spaces")
        for day in days.split():
            yield read_date(thing, f"{year}-{day}")


def _check_keys(thing: str, plain: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in plain:
        if key not in keys:
            raise InvalidValueError(f"a key of {thing}", key, f"one of {', '.join(keys)}")
