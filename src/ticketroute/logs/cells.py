"""What one cell of a log means: a whole number, names, skills."""

from __future__ import annotations

import re

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import HIGHEST_LEVEL, LOWEST_LEVEL

_DIGITS = 10  # of the longest whole number that is read; its range is checked where it is used
_LIST = re.compile(r"[;,|]")


def whole_number(thing: str, cell: str) -> int:
    """Read a whole number; its range is checked where it is used.

    Raises:
        InvalidValueError: if ``cell`` is not a whole number.
    """
    if not (cell.isascii() and cell.isdigit()) or len(cell) > _DIGITS:
        raise InvalidValueError(thing, cell, "a whole number")
    return int(cell)


def several(cell: str) -> tuple[str, ...]:
    """Split a cell that holds several names: ``billing; sales``.

    >>> several("billing; sales;")
    ('billing', 'sales')
    """
    return tuple(part for each in _LIST.split(cell) if (part := each.strip()))


def skills(thing: str, cell: str) -> dict[str, int]:
    """Read skills, with level 1 where no level is written: ``spanish:5; billing``.

    Raises:
        InvalidValueError: if a level is not a whole number from 1 to 10.

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
