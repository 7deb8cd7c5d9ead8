"""What was measured, and how it is shown: as a plain table of at most 100 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from attrs import frozen

from benchmarks.rounds import Ratio, ratio

TOO_SLOW, ABSENT = "too slow", "not installed"  # why a yardstick is skipped


@frozen(kw_only=True)
class Row:
    """One measured line of the table.

    ``value`` is the subject's, in ``unit``; ``base`` the yardstick's. ``at_most`` is the promise
    the project makes: about the ratio where there is one, else about the value. ``skipped`` says
    why the yardstick was not measured, if it was not.
    """

    title: str
    size: int
    value: float
    unit: str = "us"
    yardstick: str = ""
    base: float | None = None
    ratio: Ratio | None = None
    at_most: float | None = None
    skipped: str = ""

    @property
    def verdict(self) -> str:
        """``ok`` or ``short``; empty where nothing is promised."""
        if self.at_most is None or self.skipped:
            return ""
        judged = self.value if self.ratio is None else self.ratio.middle
        return "ok" if judged <= self.at_most else "short"


def compared(
    title: str,
    size: int,
    subject: Sequence[float],
    yardstick: str,
    base: Sequence[float] | None,
    *,
    at_most: float | None = None,
    missing: str = TOO_SLOW,
) -> Row:
    """Make the row of a subject and a yardstick, whose seconds are those of the same rounds.

    ``base`` None means that the yardstick could not be measured, and ``missing`` says why.
    """
    value = median(subject) * 1e6
    if base is None:
        return Row(title=title, size=size, value=value, yardstick=yardstick, skipped=missing)
    return Row(
        title=title,
        size=size,
        value=value,
        yardstick=yardstick,
        base=median(base) * 1e6,
        ratio=ratio(subject, base),
        at_most=at_most,
    )


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of the table, one block a title, each line as soon as its row is there."""
    title = ""
    for row in rows:
        if row.title != title:
            yield from ([""] if title else [])
            title = row.title
            yield title
            yield _HEADER
        yield _line(row)


def size_word(size: int) -> str:
    """Return a size as people say it.

    >>> size_word(100_000), size_word(250)
    ('1e5', '250')
    """
    digits = str(size)
    return (
        f"1e{len(digits) - 1}"
        if size >= 100 and not digits[1:].strip("0") and digits[0] == "1"
        else digits
    )


def _cells(*cells: str) -> str:
    n, value, yardstick, base, times, spread, promise, verdict = cells
    return (
        f"  {n:>5} {value:>11}  {yardstick:<17} {base:>11} {times:>10}  "
        f"{spread:<18} {promise:<11} {verdict}"
    ).rstrip()


_HEADER = _cells("n", "ticketroute", "yardstick", "", "ratio", "lowest..highest", "promise", "")


def _line(row: Row) -> str:
    promise = ""
    if row.at_most is not None:
        promise = f"<= {row.at_most:g} {row.unit if row.ratio is None else 'x'}"
    spread = f"skipped: {row.skipped}" if row.skipped else ""
    if row.ratio is not None:
        spread = f"{number(row.ratio.low)}..{number(row.ratio.high)}"
    return _cells(
        size_word(row.size),
        f"{number(row.value)} {row.unit}",
        row.yardstick,
        "" if row.base is None else f"{number(row.base)} {row.unit}",
        "" if row.ratio is None else f"{number(row.ratio.middle)} x",
        spread,
        promise,
        row.verdict,
    )


def number(value: float) -> str:
    """Return a number with three digits that count, and never an exponent.

    >>> [number(value) for value in (0.01234, 0.1234, 12.34, 1234.5)]
    ['0.0123', '0.123', '12.3', '1,234']
    """
    for least, places in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(value) >= least:
            return f"{value:,.{places}f}"
    return f"{value:.4f}" if abs(value) >= 0.001 else f"{value:.6f}"
