"""The forms in which exports write a date, beside ISO 8601: what can be told from one cell."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum

from attrs import frozen

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH_OF = {
    name: number
    for number, month in enumerate(_MONTHS, start=1)
    for name in (month, month[:3], *(("sept",) if number == 9 else ()))
}
_TIME = (
    r"(?:(?:T|,?\s+(?:at\s+)?)"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp]\.?\s?[Mm]\.?))?"
    r"(?:\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?(?:\d{2})?)|\s+(?P<name>[A-Z]{2,5}))?)?"
)
_DAY_NAME = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_NUMBERS = re.compile(
    _DAY_NAME + r"(?P<first>\d{1,4})(?P<mark>[-/.])(?P<middle>\d{1,2})(?P=mark)(?P<last>\d{1,4})"
    + _TIME
)  # fmt: skip
_DAY_MONTH = re.compile(
    _DAY_NAME + r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?[\s/.-]*(?:de\s+)?(?P<month>[^\W\d_]{3,12})\.?"
    r"[\s/,.-]*(?:de\s+)?(?P<year>\d{4}|\d{2})" + _TIME
)
_MONTH_DAY = re.compile(
    _DAY_NAME
    + r"(?P<month>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})"
    + _TIME
)  # fmt: skip
_CENTURY = 70  # two digits below it are of the years from 2000 on, as for strptime


class Order(Enum):
    """Which comes first in a date of numbers whose year is last."""

    DAY = "%d{0}%m"
    MONTH = "%m{0}%d"


@frozen
class Written:
    """A moment as a cell writes it, naive without an offset; and the order that the cell proves."""

    moment: datetime
    order: Order | None = None


def parsed(cell: str, order: Order | None) -> Written | str | None:
    """Read a date that is not ISO 8601.

    Args:
        cell: without blanks at its ends.
        order: of day and month, where other cells of the log have told it.

    Returns:
        What the cell says; a text, what it would have to be, where it could be two dates or names
        a month or a zone in words that cannot be read; None if it is not a date at all.

    Raises:
        ValueError: if a part is out of range, such as month 13.
    """
    if found := _NUMBERS.fullmatch(cell):
        return _numbers(found, order)
    if found := (_DAY_MONTH.fullmatch(cell) or _MONTH_DAY.fullmatch(cell)):
        month = _MONTH_OF.get(found["month"].lower())
        if month is None:
            return (
                f"in English or in numbers: {found['month']!r} is not an English month name; "
                "export in English, or with the month as a number"
            )
        return _with_time(found, _full_year(found["year"]), month, int(found["day"]), None)
    return None


def _numbers(found: re.Match[str], order: Order | None) -> Written | str | None:
    first, middle, last = (int(found[name]) for name in ("first", "middle", "last"))
    digits = len(found["first"]), len(found["last"])
    if digits[0] == 4 and digits[1] <= 2:
        return _with_time(found, first, middle, last, None)
    if digits[0] > 2 or digits[1] not in (2, 4):
        return None
    proof = _proof(found["mark"], first, middle, last, short=digits[1] == 2)
    order = proof or order
    if order is None and first != middle:
        return _ambiguous(found, short=digits[1] == 2)
    day, month = (middle, first) if order is Order.MONTH else (first, middle)
    return _with_time(found, _full_year(found["last"]), month, day, proof)


def _proof(mark: str, first: int, middle: int, last: int, *, short: bool) -> Order | None:
    """Return the order of day and month that a date of numbers proves by itself."""
    if middle > 12:
        return Order.MONTH
    if mark == ".":  # nobody writes the month first between dots
        return Order.DAY
    # 26/03/02 is of March in 2002 or in 2026.
    return Order.DAY if first > 12 and not (short and 1 <= last <= 31) else None


def _ambiguous(found: re.Match[str], *, short: bool) -> str:
    mark = found["mark"]
    time = ""
    if found["hour"] is not None:
        time = " %I:%M" if found["half"] else " %H:%M"
        time += ":%S" if found["second"] else ""
        time += " %p" if found["half"] else ""
    year = "%y" if short else "%Y"
    forms = [f"{each.value.format(mark)}{mark}{year}" for each in Order]
    if short:
        forms.append(f"%y{mark}%m{mark}%d")
    options = " or ".join(f"--date-format '{form}{time}'" for form in forms)
    return (
        f"clear: no date of the log tells whether the day or the month comes first; add {options}"
    )


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < _CENTURY else 1900)


def _with_time(
    found: re.Match[str], year: int, month: int, day: int, proof: Order | None
) -> Written | str:
    if found["name"] is not None:
        return (
            f"written with an offset such as +01:00: {found['name']} names several zones; keep "
            f"the word in --date-format, as in '%Y-%m-%d %H:%M {found['name']}', and name the "
            "zone with --tz"
        )
    moment = datetime(year, month, day)  # noqa: DTZ001  the offset, if there is one, comes below
    if found["hour"] is None:
        return Written(moment, proof)
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(found["hour"])
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    moment = moment.replace(
        hour=hour,
        minute=int(found["minute"]),
        second=int(found["second"] or 0),
        microsecond=int(fraction),
        tzinfo=_offset(found["zone"]),
    )
    return Written(moment, proof)


def _offset(zone: str | None) -> tzinfo | None:
    if zone is None:
        return None
    digits = zone.removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ("", "Z"):
        return UTC
    length = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:] or 0))
    return timezone(-length if digits[0] == "-" else length)
