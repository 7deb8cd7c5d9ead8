"""Points and lengths of time in whole milliseconds, and the one conversion from datetime.

They are integers, because subtracting two datetimes of one zone uses the wall clock and loses the
hour of a change to or from summer time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NewType

from ticketroute.errors import InvalidValueError

Instant = int  # milliseconds since 1970-01-01T00:00Z
Span = int  # milliseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)  # times whole numbers: half the time of making a timedelta
LAST_INSTANT: Instant = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z: the last of datetime
_DAY = 86_400_000  # in UTC, where every day has as many milliseconds

AssignmentStamp = NewType("AssignmentStamp", int)  # number of the desk's assignment; 0: never


def seconds(count: int) -> Span:
    """Return a span of ``count`` seconds.

    >>> seconds(30)
    30000
    """
    return count * 1_000


def minutes(count: int) -> Span:
    """Return a span of ``count`` minutes."""
    return count * 60_000


def hours(count: int) -> Span:
    """Return a span of ``count`` hours of 60 minutes."""
    return count * 3_600_000


def span_of(length: timedelta) -> Span:
    """Return a timedelta as a span in milliseconds, rounded down.

    Raises:
        InvalidValueError: if ``length`` is not a timedelta.

    >>> span_of(timedelta(minutes=1))
    60000
    """
    if not isinstance(length, timedelta):
        raise InvalidValueError("span", length, "a timedelta")
    return length.days * _DAY + length.seconds * 1_000 + length.microseconds // 1_000


def instant_of(moment: datetime) -> Instant:
    """Return an aware datetime as an instant, rounded down to a millisecond.

    Raises:
        InvalidValueError: if ``moment`` is not a datetime, is before 1970, or is naive: without
            its zone it does not name an instant.

    >>> instant_of(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000
    """
    if not isinstance(moment, datetime):
        raise InvalidValueError("moment", moment, "an aware datetime")
    try:
        since = moment - EPOCH
    except TypeError:  # faster than checking the offset of every moment first
        raise InvalidValueError(
            "moment", moment.isoformat(), "an aware datetime: give it a tzinfo, such as UTC"
        ) from None
    instant = since.days * _DAY + since.seconds * 1_000 + since.microseconds // 1_000
    if instant < 0:
        raise InvalidValueError("moment", moment.isoformat(), "1970-01-01T00:00Z or later")
    return instant


def as_instant(moment: Instant | datetime) -> Instant:
    """Return an instant as it is, and an aware datetime as ``instant_of`` does."""
    return instant_of(moment) if isinstance(moment, datetime) else moment


def datetime_of(instant: Instant) -> datetime:
    """Return an instant as a datetime in UTC.

    Raises:
        InvalidValueError: if ``instant`` is not an instant from 1970 to 9999.

    >>> datetime_of(60_000).isoformat()
    '1970-01-01T00:01:00+00:00'
    """
    if type(instant) is not int or not 0 <= instant <= LAST_INSTANT:
        raise InvalidValueError(
            "instant", instant, f"whole milliseconds from 0 to {LAST_INSTANT}, the end of 9999"
        )
    return EPOCH + instant * MILLISECOND
