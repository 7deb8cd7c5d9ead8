"""The table of a calendar: UTC opens, closes and running sums, answered by bisection.

The table covers whole years and grows at both ends, towards whatever is asked.
Each growth makes a new table and swaps it in whole, so that threads may share one.
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

Window: TypeAlias = tuple[Instant, Instant]  # open from the first on, closed from the second on

_LONG_AGO = -(1 << 62)  # before any instant


def merged(windows: Iterable[Window]) -> list[Window]:
    """Join windows, given in order of their opening, that overlap or touch. O(n)."""
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
    """Return what lies in both of two lists of merged windows. O(n + m)."""
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
    """Return merged windows less merged cuts. O(n + m)."""
    edges = [_LONG_AGO, *(edge for cut in cuts for edge in cut), -_LONG_AGO]
    return common(windows, list(zip(edges[::2], edges[1::2], strict=True)))


def clipped(windows: Iterable[Window], start: Instant, end: Instant) -> list[Window]:
    """Return the parts of windows that lie in [start, end)."""
    return [
        (max(opens, start), min(closes, end))
        for opens, closes in windows
        if opens < end and closes > start
    ]


class _Table(NamedTuple):
    """Every window of [start, end), in order, none touching another.

    Window 0 is empty and lies before all time, so that every instant has a window that opened
    before it. ``sums[k]`` is the length of the windows before window k, counted from anywhere.
    What is searched is a list, which takes five times the room of an array and half the time: an
    array makes a new number for each comparison.
    """

    start: Instant
    end: Instant
    opens: list[int]
    closes: array[int]
    sums: list[int]  # one longer than the others: the last is the sum of all


def _empty_table(at: Instant) -> _Table:
    return _Table(at, at, [_LONG_AGO], array("q", [_LONG_AGO]), [0, 0])


def _later(table: _Table, windows: list[Window], end: Instant) -> _Table:
    """Return a table that holds ``windows`` after its own."""
    opens, closes, sums = table.opens[:], table.closes[:], table.sums[:]
    if windows and windows[0][0] == closes[-1]:  # one window over the border of two years
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
    """Return a table that holds ``windows`` before its own."""
    grown = _later(_empty_table(start), windows, table.start)
    opens, closes, sums = table.opens[1:], table.closes[1:], table.sums[1:]
    if opens and opens[0] == grown.closes[-1]:  # one window over the border of two years
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
    """When something is open, from 1970 to the end of 2200, in instants.

    ``year`` gives the merged windows of a UTC year, clipped to it; each year is asked for once.
    None stands for open all the time: one window, and nothing is ever built.
    ``name`` is what errors call it.

    Every method costs O(log n) for the n windows of the years met so far, whatever the distance;
    a year met for the first time takes about a millisecond. Instants past 2200 raise
    BeyondHorizonError, what is no instant InvalidValueError.
    """

    __slots__ = ("_name", "_table", "_year")

    def __init__(self, year: Callable[[int], list[Window]] | None, *, name: str) -> None:
        self._year, self._name = year, name
        self._table = _empty_table(HORIZON if year is None else 0)
        if year is None:
            self._table = _earlier(self._table, [(0, HORIZON)], 0)

    def add(self, start: Instant, span: Span) -> Instant:
        """Return when ``span`` milliseconds of open time from ``start`` on are used up.

        That is the closing instant if a window is used up exactly. A span of 0 gives ``start``
        if that is open, else the next opening.

        Raises:
            BeyondHorizonError: if that is not before the end of 2200.
            InvalidValueError: if ``span`` is negative: subtract() goes back.
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
        """Return from when on ``span`` milliseconds of open time are used up at ``start``.

        The mirror of add(): an opening instant if a window is used up exactly. A span of 0 gives
        ``start`` if it lies in a window or at its close, else the closing before.

        Raises:
            BeyondHorizonError: if that is before 1970.
            InvalidValueError: if ``span`` is negative: add() goes ahead.
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
        """Say whether ``at`` lies in a window; its opening does, its closing does not."""
        table = self._table
        if not table.start <= at < table.end:
            table = self._covering(at, table)
        return at < table.closes[bisect_right(table.opens, at) - 1]

    def next_open(self, at: Instant) -> Instant | None:
        """Return ``at`` if that is open, else the next opening; None: none before 2201."""
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
        """Return when the window closes that is open at ``at``, else the next that opens.

        None: it does not close before 2201, or none opens.
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
        """Return the windows of [start, end) in order, clipped to it, none touching another."""
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
            raise InvalidValueError("span", span, "0 or more milliseconds; subtract() goes back")
        found = self.next_open(start)
        if found is None:
            raise BeyondHorizonError(self._name, start, span)
        return found

    def _at_or_before(self, start: Instant, span: Span) -> Instant:
        if span != 0:
            raise InvalidValueError("span", span, "0 or more milliseconds; add() goes ahead")
        table = self._covering(start, self._table)
        while True:
            window = bisect_left(table.opens, start) - 1
            if window > 0:
                return min(start, table.closes[window])
            if table.start == 0:
                raise BeyondHorizonError(self._name, start, span)
            table = self._covering(table.start - 1, table)

    def _reaching(self, target: int, table: _Table, start: Instant, span: Span) -> _Table:
        """Return ``table``, grown until its sum is at least ``target``."""
        if span <= HORIZON - start:  # else in vain, and no year need be built to know
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
        """Return ``table``, grown if need be so that the year of ``at`` is in it.

        What grows is the table at hand and never a newer one, which another thread may have put
        there meanwhile: sums of two tables are not counted from the same instant.
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
