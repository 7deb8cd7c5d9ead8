"""What one cell of a CSV file means: an instant, a priority, skills, a whole number."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from ticketroute.cli.faults import InputError
from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import HIGHEST_LEVEL, LOWEST_LEVEL, check_instant
from ticketroute.model.instants import Instant, datetime_of, instant_of, seconds
from ticketroute.model.ticket import TicketPriority

SECONDS_OF_AN_EPOCH, MILLISECONDS_OF_AN_EPOCH = 10, 13  # digits: the years 2001 to 2286

_PRIORITY_WORDS = {
    TicketPriority.URGENT: "urgent critical highest emergency blocker",
    TicketPriority.HIGH: "high major",
    TicketPriority.NORMAL: "normal medium moderate standard default",
    TicketPriority.LOW: "low lowest minor trivial planning",
}
_PRIORITY_OF = {
    word: priority for priority, words in _PRIORITY_WORDS.items() for word in words.split()
}
_NUMBERED = re.compile(r"(?:p|prio|priority)?\s*([1-4])(?:\.0)?(?:\s*[-:].*)?", re.IGNORECASE)
_LIST = re.compile(r"[;,|]")


@frozen
class Dates:
    """How a file writes its dates: the zone of those without an offset, and their format."""

    zone: tzinfo = UTC
    written: str | None = None  # for strptime; None means ISO 8601 or Unix time

    def instant(self, thing: str, cell: str) -> Instant:
        """Return the instant that ``cell`` names.

        A wall-clock time that the zone has twice is the first of the two.

        Raises:
            InvalidValueError: if ``cell`` cannot be read, or lies before 1970.
        """
        moment = self._epoch(cell)
        if moment is None:
            moment = instant_of(self._moment(thing, cell))
        check_instant(thing, moment)
        return moment

    def _epoch(self, cell: str) -> Instant | None:
        if self.written is not None or not (cell.isascii() and cell.isdigit()):
            return None
        if len(cell) == SECONDS_OF_AN_EPOCH:
            return seconds(int(cell))
        return int(cell) if len(cell) == MILLISECONDS_OF_AN_EPOCH else None

    def _moment(self, thing: str, cell: str) -> datetime:
        try:
            if self.written is None:
                moment = datetime.fromisoformat(cell)
            else:
                # Naive only until the next line gives it the zone of the file.
                moment = datetime.strptime(cell, self.written)  # noqa: DTZ007
        except ValueError as fault:
            allowed = (
                "ISO 8601, such as 2026-03-02T09:30 or 2026-03-02 09:30:00+01:00, or Unix time in "
                "seconds or milliseconds; name another form with --date-format"
                if self.written is None
                else f"written as {self.written}, the --date-format"
            )
            raise InvalidValueError(thing, cell, allowed) from fault
        aware = moment if moment.utcoffset() is not None else moment.replace(tzinfo=self.zone)
        try:
            return aware.astimezone(UTC)
        except (OverflowError, ValueError) as fault:
            raise InvalidValueError(thing, cell, "within the years 1970 to 9999") from fault


def zone_named(name: str) -> tzinfo:
    """Return the time zone called ``name``.

    Raises:
        InputError: if there is none.
    """
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise InputError(
            f"--tz is {name!r}, which names no time zone; "
            "write it as the tz database does, such as Europe/Berlin or UTC"
        ) from fault


def written(instant: Instant) -> str:
    """Return an instant as ISO 8601 in UTC, milliseconds only where there are any.

    >>> written(60_000)
    '1970-01-01T00:01:00Z'
    """
    moment = datetime_of(instant)
    kind = "milliseconds" if instant % 1_000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=kind) + "Z"


def priority(thing: str, cell: str) -> TicketPriority:
    """Read a ticket priority: 1 to 4, ``P2``, ``1 - Critical``, or a word.

    Raises:
        InvalidValueError: if ``cell`` is none of these.
    """
    numbered = _NUMBERED.fullmatch(cell)
    if numbered:
        return TicketPriority(int(numbered[1]))
    found = _PRIORITY_OF.get(cell.lower())
    if found is None:
        raise InvalidValueError(
            thing,
            cell,
            "1 (urgent) to 4 (low), or a word such as urgent, high, normal, low; "
            "`--map priority=` leaves the column out",
        )
    return found


def whole_number(thing: str, cell: str) -> int:
    """Read a whole number; its range is checked where it is used.

    Raises:
        InvalidValueError: if ``cell`` is not one.
    """
    if not (cell.isascii() and cell.isdigit()) or len(cell) > SECONDS_OF_AN_EPOCH:
        raise InvalidValueError(thing, cell, "a whole number")
    return int(cell)


def several(cell: str) -> tuple[str, ...]:
    """Split a cell that holds several names: ``billing; sales``.

    >>> several("billing; sales;")
    ('billing', 'sales')
    """
    return tuple(part for each in _LIST.split(cell) if (part := each.strip()))


def skills(thing: str, cell: str) -> dict[str, int]:
    """Read skills, with the level 1 where none is written: ``spanish:5; billing``.

    Raises:
        InvalidValueError: if a level is no number from 1 to 10.

    >>> skills("skills", "spanish:5; billing")
    {'spanish': 5, 'billing': 1}
    """
    levels: dict[str, int] = {}
    for each in several(cell):
        skill, colon, level = (part.strip() for part in each.rpartition(":"))
        if not colon:
            skill, level = level, str(LOWEST_LEVEL)
        asked = whole_number(f"{thing}, level of {skill!r}", level)
        if not LOWEST_LEVEL <= asked <= HIGHEST_LEVEL:
            raise InvalidValueError(
                f"{thing}, level of {skill!r}", asked, f"{LOWEST_LEVEL} to {HIGHEST_LEVEL}"
            )
        levels[skill] = max(asked, levels.get(skill, LOWEST_LEVEL))
    return levels
