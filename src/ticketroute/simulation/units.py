"""Spans as people write them: ``"30s"``, ``"8min"``, ``"1.5h"``, or a number of milliseconds."""

from __future__ import annotations

import re
from datetime import timedelta

from ticketroute.errors import InvalidValueError

Duration = float  # milliseconds, fractions allowed; text and timedelta are converted

UNITS = {
    "ms": 1,
    "s": 1_000,
    "sec": 1_000,
    "min": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
HOUR, DAY, WEEK = UNITS["h"], UNITS["d"], UNITS["w"]
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")
_ALLOWED = "milliseconds, or a text such as 30s, 8min, 1.5h, 2d"


def span_from(written: float | str | timedelta) -> Duration:
    """Return a span in milliseconds from a number of them, a text or a timedelta.

    Raises:
        InvalidValueError: if ``written`` is none of these.

    >>> span_from("8min"), span_from("1.5h"), span_from(250)
    (480000.0, 5400000.0, 250)
    """
    if isinstance(written, timedelta):
        return written / timedelta(milliseconds=1)
    if isinstance(written, str):
        found = _FORM.fullmatch(written)
        if found is None or found[2] not in UNITS:
            raise InvalidValueError("span", written, _ALLOWED)
        return float(found[1]) * UNITS[found[2]]
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise InvalidValueError("span", written, _ALLOWED)
    return written


def whole_span(written: float | str | timedelta) -> int:
    """Return a span in whole milliseconds, rounded."""
    span = span_from(written)
    if not 0 <= span < 2**53:
        raise InvalidValueError("span", written, _ALLOWED)
    return round(span)


_STEPS = ((UNITS["d"], "d"), (UNITS["h"], "h"), (UNITS["min"], "min"), (UNITS["s"], "s"))


def spoken(span: float) -> str:
    """Return a span as people read it, to three figures.

    >>> spoken(90_000), spoken(-250), spoken(0)
    ('1.5 min', '-250 ms', '0 s')
    """
    if span == 0:
        return "0 s"
    size = abs(span)
    for unit, name in _STEPS:
        if size >= unit:
            return f"{span / unit:.3g} {name}"
    return f"{span:.3g} ms"
