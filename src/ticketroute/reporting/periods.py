"""Hours, days, weeks and months of a zone: stretches of time that figures are broken down by."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from ticketroute.errors import InvalidValueError
from ticketroute.model.instants import EPOCH, LAST_INSTANT, MILLISECOND, Instant, datetime_of
from ticketroute.sla.zones import HOUR, check_zone

_LAST_DAY = date(9999, 12, 1)  # from here on no next month can be named


class Period(Enum):
    """What a stretch of time is called by."""

    ALL = "all"  #: everything is one stretch
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  #: of ISO 8601, from Monday on
    MONTH = "month"


class Periods:
    """Finds the stretch an instant lies in: from its first instant up to that of the next.

    A day begins at midnight on the wall clock of the zone, or when the clock jumps over midnight.
    So the day of a change has 23 or 25 hours, and no instant belongs to two days.
    """

    def __init__(self, kind: Period, zone: str) -> None:
        if not isinstance(kind, Period):
            raise InvalidValueError("period", kind, f"one of {', '.join(map(str, Period))}")
        check_zone("zone", zone)
        self.kind, self.zone = kind, ZoneInfo(zone)
        self.start: Instant = 0  # of the stretch found last
        self.end: Instant = 0
        self._starts: list[Instant] = []  # of all that were found, in order
        self._ends: list[Instant] = []

    def beside(self) -> Periods:
        """Return another one of the same periods, for who asks about other instants in between.

        What one of them has found, the other knows.
        """
        other = Periods(self.kind, self.zone.key)
        other._starts, other._ends = self._starts, self._ends
        return other

    def around(self, at: Instant) -> Instant:
        """Return where the stretch of ``at`` begins; ``start`` and ``end`` tell it after that."""
        if not self.start <= at < self.end:
            place = bisect_right(self._starts, at)
            if not place or at >= self._ends[place - 1]:
                start, end = self._found(at)
                self._starts.insert(place, start)
                self._ends.insert(place, end)
                place += 1
            self.start, self.end = self._starts[place - 1], self._ends[place - 1]
        return self.start

    def label(self, start: Instant) -> str:
        """Return what people call the stretch that begins at ``start``.

        >>> Periods(Period.DAY, "Europe/Berlin").label(1_772_406_000_000)
        '2026-03-02'
        """
        if self.kind is Period.ALL:
            return "all"
        local = (EPOCH + start * MILLISECOND).astimezone(self.zone)  # may begin before 1970
        if self.kind is Period.HOUR:
            return f"{local:%Y-%m-%dT%H:%M%z}"
        return f"{local:%Y-%m}" if self.kind is Period.MONTH else f"{local:%Y-%m-%d}"

    def _found(self, at: Instant) -> tuple[Instant, Instant]:
        if self.kind is Period.ALL:
            return 0, LAST_INSTANT + 1
        local = datetime_of(at).astimezone(self.zone)
        if self.kind is Period.HOUR:
            offset = int((local.utcoffset() or timedelta()) / MILLISECOND)
            start = (at + offset) // HOUR * HOUR - offset
            return start, start + HOUR
        first = following = local.date()
        if first >= _LAST_DAY:
            return self._midnight(_LAST_DAY), LAST_INSTANT + 1
        if self.kind is Period.DAY:
            following = first + timedelta(days=1)
        elif self.kind is Period.WEEK:
            first -= timedelta(days=first.weekday())
            following = first + timedelta(days=7)
        else:
            first = first.replace(day=1)
            following = (first + timedelta(days=31)).replace(day=1)
        return self._midnight(first), self._midnight(following)

    def _midnight(self, day: date) -> Instant:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return int((midnight - EPOCH) / MILLISECOND)
