"""Time zones: their names, and the stretches of a year in which the offset stays the same."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ticketroute.errors import SHOWN, InvalidValueError
from ticketroute.model.instants import EPOCH, Instant, Span

FIRST_YEAR, LAST_YEAR = 1970, 2200  # instants begin with 1970; calendars end with 2200
SECOND: Span = 1_000
HOUR: Span = 3_600_000
DAY: Span = 24 * HOUR
EPOCH_DAY = EPOCH.toordinal()

# The shortest time between two changes of any zone since 1970 is a week minus the hour changed
# (tzdata 2025b: three zones of Brazil in October 2000), so that a look every two days finds all.
_LOOK_EVERY = 2 * 86_400  # seconds

# Names listed with the zones that differ from machine to machine, or count leap seconds.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


def year_start(year: int) -> Instant:
    """Return the instant at which ``year`` begins in UTC."""
    return (date(year, 1, 1).toordinal() - EPOCH_DAY) * DAY


HORIZON: Instant = year_start(LAST_YEAR + 1)  # 2201-01-01T00:00Z: calendars end here


def year_of(instant: Instant) -> int:
    """Return the year of ``instant`` in UTC."""
    return (EPOCH + timedelta(milliseconds=instant)).year


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three of ``known`` that are most similar to ``name``, the best first.

    Case is ignored. The last part of a path is compared as well, because people write "berlin".
    """
    readings: dict[str, str] = {}
    for each in sorted(known):
        readings.setdefault(each.lower(), each)
        readings.setdefault(each.lower().rpartition("/")[2], each)
    near = get_close_matches(name[:SHOWN].lower().replace(" ", "_"), readings, n=6, cutoff=0.6)
    return list(dict.fromkeys(readings[each] for each in near))[:3]


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Return every zone of the tz database on this machine. Reads its files once in about 10 ms."""
    return frozenset(available_timezones()) - _NO_ZONES


def check_zone(thing: str, name: object) -> None:
    """Raise unless ``name`` is a zone of the tz database; the error names similar zones."""
    if not isinstance(name, str):
        raise InvalidValueError(thing, name, "the name of a time zone, such as 'Europe/Berlin'")
    if name != "UTC" and name not in zone_names():
        near = nearest(name, zone_names()) or ["UTC", "Europe/Berlin"]
        raise InvalidValueError(
            thing, name, f"a zone of the tz database, such as {', '.join(map(repr, near))}"
        )


_RELEASE = re.compile(r"(\d{4})([a-z]*)", re.ASCII)
_WRITTEN_IN = (("tzdata.zi", "# version "), ("+VERSION", ""))  # files of a system's database


def release_of_system() -> str:
    """Return the release of the system's tz database, such as "2025b"; "" if it does not say."""
    for folder in zoneinfo.TZPATH:
        for file, before in _WRITTEN_IN:
            try:
                with Path(folder, file).open(encoding="utf-8") as written:
                    line = written.readline(40)
            except (OSError, ValueError):
                continue
            if line.startswith(before):
                return line.removeprefix(before).strip()
    return ""


def release_of_package() -> str:
    """Return the release that the ``tzdata`` package has; "" without the package."""
    package = _package()
    return "" if package is None else str(package.IANA_VERSION)


@lru_cache(maxsize=1)
def zone_release() -> str:
    """Return the release of the tz database in use, the newer of the two; "" if it is unknown.

    A system's database that does not say its release gives way to the package.
    """
    return release_of_package() if _package_is_newer() else release_of_system()


@lru_cache(maxsize=1)
def _package_is_newer() -> bool:
    return _age(release_of_package()) > _age(release_of_system())


def _age(release: str) -> tuple[int, str]:
    """Return what orders releases: 2026f after 2026b after 2025b after none."""
    match = _RELEASE.match(release)
    return (int(match[1]), match[2]) if match else (0, "")


def _package() -> ModuleType | None:
    try:
        return import_module("tzdata")  # an extra
    except ModuleNotFoundError:
        return None


@cache  # as many as there are zones, some 600
def tzinfo_of(name: str) -> tzinfo:
    """Return a zone of the newer tz database; ``check_zone`` has accepted its name.

    ``ZoneInfo(name)`` takes the system's database, however old. A zone that the newer database
    lacks comes from the other one.
    """
    if name == "UTC":
        return UTC  # needs no database
    if not _package_is_newer():
        return ZoneInfo(name)
    try:
        file = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
        with file.open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return ZoneInfo(name)


@lru_cache(maxsize=4_096)
def stretches(zone: str, year: int) -> tuple[tuple[Instant, Instant, Span], ...]:
    """Return the stretches of a UTC year in which the offset of ``zone`` stays the same.

    Each is (start, end, offset), and they cover the year without a gap. A wall clock shows
    ``instant + offset``. The first call for a zone and year takes about 0.3 ms.
    """
    begin, end = year_start(year) // SECOND, year_start(year + 1) // SECOND
    tz = tzinfo_of(zone)

    def offset_at(second: int) -> int:
        offset = datetime.fromtimestamp(second, tz).utcoffset()
        assert offset is not None, zone
        return offset // timedelta(seconds=1)

    found = []
    since, offset = begin, offset_at(begin)
    seen = begin  # the last second known to have ``offset``
    while seen < end - 1:
        look = min(seen + _LOOK_EVERY, end - 1)
        if offset_at(look) == offset:
            seen = look
            continue
        while look - seen > 1:
            middle = (seen + look) // 2
            if offset_at(middle) == offset:
                seen = middle
            else:
                look = middle
        found.append((since * SECOND, look * SECOND, offset * SECOND))
        since, seen, offset = look, look, offset_at(look)
    found.append((since * SECOND, end * SECOND, offset * SECOND))
    return tuple(found)
