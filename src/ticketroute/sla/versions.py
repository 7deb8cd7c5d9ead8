"""The versions of one calendar over time, and when each takes effect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import an_instant, check_instant, one_of, several
from ticketroute.model.instants import Instant, Span
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.windows import Timetable, Window, merged
from ticketroute.sla.zones import HORIZON, year_start


@frozen
class Edition:
    """A calendar that is in force from ``effective_from``, in milliseconds since 1970."""

    effective_from: Instant = field(validator=an_instant)
    calendar: Calendar = field(validator=one_of(Calendar))


def _editions(written: Iterable[Edition]) -> tuple[Edition, ...]:
    return tuple(several("Versions.editions", written))


@frozen
class Versions:
    """The editions of one calendar in the order in which they take effect, the first from 0.

    Each edition is in force from its ``effective_from`` until the next one is, and only its
    openings within that stretch count. The methods are those of
    :class:`~ticketroute.sla.windows.Timetable` and have the same costs.
    """

    editions: tuple[Edition, ...] = field(converter=_editions)
    _timetable: Timetable = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for each in self.editions:
            if not isinstance(each, Edition):
                raise InvalidValueError("one of Versions.editions", each, "an Edition")
        starts = [each.effective_from for each in self.editions]
        if starts[:1] != [0] or any(later <= sooner for sooner, later in pairwise(starts)):
            raise InvalidValueError(
                "Versions.editions", starts, "in force one after the other, the first from 0 on"
            )
        newest = self.editions[-1].calendar
        timetable = newest.timetable
        if len(self.editions) > 1:
            timetable = Timetable(_Pieces(self.editions).year, name=newest.name)
        object.__setattr__(self, "_timetable", timetable)

    def __reduce__(self) -> tuple[Any, ...]:
        return Versions, (self.editions,)

    @classmethod
    def of(cls, calendar: Calendar) -> Versions:
        """Return versions of a calendar that has never changed."""
        return cls((Edition(0, calendar),))

    def adopt(self, calendar: Calendar, effective_from: Instant) -> Versions:
        """Return these versions with ``calendar`` in force from ``effective_from``.

        Editions that would have taken effect then or later are dropped.
        """
        check_instant("effective_from", effective_from)
        kept = (each for each in self.editions if each.effective_from < effective_from)
        return Versions((*kept, Edition(effective_from, calendar)))

    @property
    def timetable(self) -> Timetable:
        """A single timetable of all versions."""
        return self._timetable

    def add(self, start: Instant, span: Span) -> Instant:
        """Return the instant at which ``span`` of open time from ``start`` is used up."""
        return self._timetable.add(start, span)

    def subtract(self, start: Instant, span: Span) -> Instant:
        """Return the instant from which ``span`` of open time is used up at ``start``."""
        return self._timetable.subtract(start, span)

    def elapsed(self, start: Instant, end: Instant) -> Span:
        """Return the open time from ``start`` to ``end``; negative if reversed."""
        return self._timetable.elapsed(start, end)

    def is_open(self, at: Instant) -> bool:
        """Return whether ``at`` is in an opening of the edition in force then."""
        return self._timetable.is_open(at)

    def next_open(self, at: Instant) -> Instant | None:
        """Return ``at`` if it is open, else the start of the next opening, or None (after 2200)."""
        return self._timetable.next_open(at)

    def next_close(self, at: Instant) -> Instant | None:
        """Return when the opening at ``at``, or else the next one, closes; None means never."""
        return self._timetable.next_close(at)

    def windows(self, start: Instant, end: Instant) -> Iterator[Window]:
        """Return the openings of [start, end) in order, clipped to it."""
        return self._timetable.windows(start, end)


class _Pieces:
    """The openings of editions, each clipped to the stretch in which it is in force."""

    __slots__ = ("_stretches",)

    def __init__(self, editions: tuple[Edition, ...]) -> None:
        ends = [*(each.effective_from for each in editions[1:]), HORIZON]
        self._stretches = [
            (each.effective_from, end, each.calendar.timetable)
            for each, end in zip(editions, ends, strict=True)
        ]

    def year(self, year: int) -> list[Window]:
        first, last = year_start(year), year_start(year + 1)
        return merged(
            window
            for start, end, timetable in self._stretches
            if start < last and first < end
            for window in timetable.windows(max(start, first), min(end, last))
        )
