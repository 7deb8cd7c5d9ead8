"""The table of a calendar: its openings in UTC and their running sums, searched by bisection.

The table covers whole years and grows at both ends, towards the years asked about.
Each growth makes a new table and replaces the old one at once, so that threads may share it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.checks import check_instant
from ticketroute.model.instants import Instant, Span
from ticketroute.sla.zones import HORIZON, LAST_YEAR, year_of, year_start

Window: TypeAlias = tuple[Instant, Instant]  # an opening: includes the first, not the second

_LONG_AGO = -(1 << 62)  # before any instant


def merged(windows: Iterable[Window]) -> list[Window]:
    """Join openings that overlap or touch; they are given in the order of their starts. O(n)."""
    joined: list[Window] = []
    last_opens = last_closes = _LONG_AGO
    for opens, closes in windows:
        if opens > last_closes:
            if last_closes > last_opens:
                joined.append((last_opens, last_closes))
            last_opens, last_closes = opens, closes
        elif closes > last_closes:
            last_closes = closes
    if last_closes > last_opens:
        joined.append((last_opens, last_closes))
    return joined


def common(some: list[Window], others: list[Window]) -> list[Window]:
    """Return the time that is in both of two lists of merged openings. O(n + m)."""
    shared = []
    i = j = 0
    while i < len(some) and j < len(others):
        opens = max(some[i][0], others[j][0])
        closes = min(some[i][1], others[j][1])
        if opens < closes:
            shared.append((opens, closes))
        if some[i][1] <= others[j][1]:
            i += 1
        else:
            j += 1
    return shared


def without(windows: list[Window], cuts: list[Window]) -> list[Window]:
    """Return merged openings without the time of merged cuts. O(n + m)."""
    edges = [_LONG_AGO, *(edge for cut in cuts for edge in cut), -_LONG_AGO]
    return common(windows, list(zip(edges[::2], edges[1::2], strict=True)))


def clipped(windows: Iterable[Window], start: Instant, end: Instant) -> list[Window]:
    """Return the parts of openings that are in [start, end)."""
    return [
        (max(opens, start), min(closes, end))
        for opens, closes in windows
        if opens < end and closes > start
    ]


class _Table(NamedTuple):
    """Every opening of [start, end), in order; none touches another.

    Opening 0 is empty and before all time, so that every instant has an opening that started
    before it. ``sums[k]`` is the total length of the openings before opening k, from any fixed
    point. The search uses lists, which need five times the memory of arrays and half the time,
    because an array makes a new number for each comparison.
    """

    start: Instant
    end: Instant
    opens: list[int]
    closes: array[int]
    sums: list[int]  # one item longer than the others: the last is the sum of all


def _empty_table(at: Instant) -> _Table:
    return _Table(at, at, [_LONG_AGO], array("q", [_LONG_AGO]), [0, 0])


def _later(table: _Table, windows: list[Window], end: Instant) -> _Table:
    """Return the table with ``windows`` added at its end."""
    opens, closes, sums = table.opens[:], table.closes[:], table.sums[:]
    if windows and windows[0][0] == closes[-1]:  # one opening across the border of two years
        _, until = windows[0]
        sums[-1] += until - closes[-1]
        closes[-1] = until
        windows = windows[1:]
    opens.extend(window[0] for window in windows)
    closes.extend(window[1] for window in windows)
    lengths = (window[1] - window[0] for window in windows)
    base = sums.pop()
    sums.extend(accumulate(lengths, initial=base))
    return _Table(table.start, end, opens, closes, sums)


def _earlier(table: _Table, windows: list[Window], start: Instant) -> _Table:
    """Return the table with ``windows`` added at its start."""
    grown = _later(_empty_table(start), windows, table.start)
    opens, closes, sums = table.opens[1:], table.closes[1:], table.sums[1:]
    if opens and opens[0] == grown.closes[-1]:  # one opening across the border of two years
        opens[0] = grown.opens.pop()
        sums[0] -= grown.closes.pop() - opens[0]
        grown.sums.pop()
    before = sums[0] - grown.sums[-1]
    grown.sums.pop()
    return _Table(
        start,
        table.end,
        grown.opens + opens,
        grown.closes + closes,
        [each + before for each in grown.sums] + sums,
    )


class Timetable:
    """The openings of a calendar from 1970 to the end of 2200, in instants.

    ``year`` returns the merged openings of a UTC year, clipped to it; it is called once per year.
    None means open all the time: one opening, and no table is built.
    ``name`` is how errors refer to it.

    Every method costs O(log n) for the n openings of the years asked about so far, whatever the
    distance; the first question about a year takes about a millisecond. Instants after 2200 raise
    BeyondHorizonError, and a value that is not an instant raises InvalidValueError.
    """

    __slots__ = ("_name", "_table", "_year")

    def __init__(self, year: Callable[[int], list[Window]] | None, *, name: str) -> None:
        self._year, self._name = year, name
        self._table = _empty_table(HORIZON if year is None else 0)
        if year is None:
            self._table = _earlier(self._table, [(0, HORIZON)], 0)

    def add(self, start: Instant, span: Span) -> Instant:
        """Return the instant at which ``span`` ms of open time from ``start`` are used up.

        If an opening is used up exactly, that is the instant at which it closes. For a span of 0
        it is ``start`` if that is open, otherwise the start of the next opening.

        Raises:
            BeyondHorizonError: unless the answer is before the end of 2200.
            InvalidValueError: if ``span`` is negative; use subtract() to count backwards.
        """
        first, last, opens, closes, sums = table = self._table
        if not first <= start < last:
            _, _, opens, closes, sums = table = self._covering(start, table)
        if not span > 0:
            return self._at_or_after(start, span)
        window = bisect_right(opens, start)
        target = sums[window] + span
        rest = closes[window - 1] - start
        if rest > 0:
            target -= rest
        window = bisect_left(sums, target, window)
        if window == len(sums):
            _, _, opens, _, sums = self._reaching(target, table, start, span)
            window = bisect_left(sums, target)
        return opens[window - 1] + target - sums[window - 1]

    def subtract(self, start: Instant, span: Span) -> Instant:
        """Return the instant from which ``span`` ms of open time are used up at ``start``.

        It mirrors add(): if an opening is used up exactly, the answer is the instant at which it
        opens. For a span of 0 it is ``start`` if that is in an opening or at its end, otherwise
        the end of the opening before.

        Raises:
            BeyondHorizonError: if the answer is before 1970.
            InvalidValueError: if ``span`` is negative; use add() to count forwards.
        """
        first, last, opens, closes, sums = table = self._table
        if not first <= start < last:
            _, _, opens, closes, sums = table = self._covering(start, table)
        if not span > 0:
            return self._at_or_before(start, span)
        window = bisect_right(opens, start)
        target = sums[window] - span
        rest = closes[window - 1] - start
        if rest > 0:
            target -= rest
        window = bisect_right(sums, target, 0, window)
        if window == 0:
            _, _, opens, _, sums = self._reaching_back(target, table, start, span)
            window = bisect_right(sums, target)
        return opens[window - 1] + target - sums[window - 1]

    def elapsed(self, start: Instant, end: Instant) -> Span:
        """Return the open time from ``start`` to ``end``, in milliseconds; negative if reversed."""
        first, last, opens, closes, sums = table = self._table
        if not (first <= start < last and first <= end < last):
            table = self._covering(end, self._covering(start, table))
            _, _, opens, closes, sums = table
        window = bisect_right(opens, start)
        before = sums[window]
        rest = closes[window - 1] - start
        if rest > 0:
            before -= rest
        window = bisect_right(opens, end)
        rest = closes[window - 1] - end
        if rest > 0:
            before += rest
        return sums[window] - before

    def is_open(self, at: Instant) -> bool:
        """Return whether ``at`` is in an opening, which includes its start and excludes its end."""
        table = self._table
        if not table.start <= at < table.end:
            table = self._covering(at, table)
        return at < table.closes[bisect_right(table.opens, at) - 1]

    def next_open(self, at: Instant) -> Instant | None:
        """Return ``at`` if it is open, else the start of the next opening, or None (after 2200)."""
        table = self._covering(at, self._table)
        while True:
            window = bisect_right(table.opens, at)
            if at < table.closes[window - 1]:
                return at
            if window < len(table.opens):
                return table.opens[window]
            if table.end == HORIZON:
                return None
            table = self._covering(table.end, table)

    def next_close(self, at: Instant) -> Instant | None:
        """Return when the opening at ``at``, or else the next one, closes.

        None means that it does not close before 2201, or that there is no next one.
        """
        table = self._covering(at, self._table)
        while True:
            window = bisect_right(table.closes, at)
            if window < len(table.closes) and table.closes[window] < table.end:
                return table.closes[window]
            if table.end == HORIZON:
                return None
            table = self._covering(table.end, table)

    def windows(self, start: Instant, end: Instant) -> Iterator[Window]:
        """Return the openings of [start, end) in order, clipped to it; none touches another."""
        table = self._covering(start, self._table)
        if end > HORIZON:
            raise BeyondHorizonError(self._name, end)
        if end <= start:
            return iter(())
        table = self._covering(end - 1, table)
        first = bisect_right(table.closes, start)
        beyond = bisect_left(table.opens, end)
        return (
            (max(table.opens[each], start), min(table.closes[each], end))
            for each in range(first, beyond)
        )

    def _at_or_after(self, start: Instant, span: Span) -> Instant:
        if span != 0:
            raise InvalidValueError("span", span, "0 or more milliseconds; subtract() counts back")
        found = self.next_open(start)
        if found is None:
            raise BeyondHorizonError(self._name, start, span)
        return found

    def _at_or_before(self, start: Instant, span: Span) -> Instant:
        if span != 0:
            raise InvalidValueError("span", span, "0 or more milliseconds; add() counts forwards")
        table = self._covering(start, self._table)
        while True:
            window = bisect_left(table.opens, start) - 1
            if window > 0:
                return min(start, table.closes[window])
            if table.start == 0:
                raise BeyondHorizonError(self._name, start, span)
            table = self._covering(table.start - 1, table)

    def _reaching(self, target: int, table: _Table, start: Instant, span: Span) -> _Table:
        """Return ``table``, grown until its last sum is at least ``target``."""
        if span <= HORIZON - start:  # otherwise it cannot succeed, and no year is built
            while table.end < HORIZON:
                table = self._covering(table.end, table)
                if table.sums[-1] >= target:
                    return table
        raise BeyondHorizonError(self._name, start, span)

    def _reaching_back(self, target: int, table: _Table, start: Instant, span: Span) -> _Table:
        """Return ``table``, grown until its first sum is at most ``target``."""
        if span <= start:
            while table.start > 0:
                table = self._covering(table.start - 1, table)
                if table.sums[0] <= target:
                    return table
        raise BeyondHorizonError(self._name, start, -span)

    def _covering(self, at: Instant, table: _Table) -> _Table:
        """Return ``table``, grown if necessary to include the year of ``at``.

        It grows this table and never a newer one that another thread may have stored meanwhile,
        because the sums of two tables do not count from the same instant.
        """
        if table.start <= at < table.end:
            return table
        check_instant("instant", at)
        if at > HORIZON:
            raise BeyondHorizonError(self._name, at)
        if self._year is None:
            return table
        year = min(year_of(at), LAST_YEAR)
        if table.start == table.end:
            table = _empty_table(year_start(year))
        while table.end < year_start(year + 1):
            missing = year_of(table.end)
            table = _later(table, self._year(missing), year_start(missing + 1))
        while table.start > year_start(year):
            missing = year_of(table.start - 1)
            table = _earlier(table, self._year(missing), year_start(missing))
        self._table = table
        return table
