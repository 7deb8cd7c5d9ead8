"""Calendars: whether an answer costs the same near and far, and what others take for it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from benchmarks import clocks
from benchmarks.calendar_peers import Questions, additions, differences, office, worked_days
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import ABSENT, TOO_SLOW, Row, compared, size_word
from benchmarks.world import SEED
from ticketroute import Calendar, hours
from ticketroute.model.instants import instant_of
from ticketroute.sla.zones import stretches

NEAR, FAR, TEN_YEARS = 8, 400, 20_000  # open hours: a day, ten weeks, and about ten years
FLAT = 1.25
ONE_OF = {NEAR: 1 / 80, FAR: 1 / 2_500}  # of what businesstimedelta takes, at most
PROMISED = "businesstimedelta"
TWELVE_YEARS, TABLE = 12, 1_024.0  # years, and the KiB that a calendar may hold for them
STARTS = 500  # of a year, so that no start is special
DAYS = 50  # worked days: as far as 400 hours


def moments() -> list[datetime]:
    """Return moments of one year, open and closed ones, on whole hours as all peers know them."""
    chance = Random(SEED)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    return [first + timedelta(hours=chance.randrange(366 * 24)) for _ in range(STARTS)]


def rows(effort: Effort) -> Iterator[Row]:
    """Measure questions to one calendar, then its table, then the clocks of a desk."""
    calendar, starts = office(), moments()
    ends = {n: [calendar.add(each, timedelta(hours=n)) for each in starts] for n in _DISTANCES}
    yield from _added(effort, calendar, starts)
    yield from _elapsed(effort, calendar, starts, ends)
    yield from _in_instants(effort, calendar, starts, ends)
    yield from _days(effort, calendar, starts)
    yield Row(
        title="calendar: table of n years, KiB held",
        size=TWELVE_YEARS,
        value=_held() / 1_024,
        unit="KiB",
        at_most=TABLE,
    )
    yield from clocks.rows(effort)


_DISTANCES = (NEAR, FAR, TEN_YEARS)


def _added(effort: Effort, calendar: Calendar, starts: list[datetime]) -> Iterator[Row]:
    title = "calendar: add n open hours, from datetime to datetime"
    mine = {
        n: Questions([partial(calendar.add, each, timedelta(hours=n)) for each in starts])
        for n in _DISTANCES
    }
    for n in (NEAR, FAR):
        yield from _beside(title, n, mine[n], additions(starts, n), effort)
    yield from _flat(title, mine, effort)
    plain = office(holidays=())
    for n in (NEAR, FAR):
        asked = Questions([partial(plain.add, each, timedelta(hours=n)) for each in starts])
        yield from _beside(
            "calendar: the same without holidays, which cost the others much",
            n,
            asked,
            additions(starts, n, holidays=()),
            effort,
            promised=False,
        )


def _elapsed(
    effort: Effort,
    calendar: Calendar,
    starts: list[datetime],
    ends: Mapping[int, list[datetime]],
) -> Iterator[Row]:
    title = "calendar: elapsed over n open hours, between datetimes"
    pairs = {n: list(zip(starts, ends[n], strict=True)) for n in _DISTANCES}
    mine = {
        n: Questions([partial(calendar.elapsed, *each) for each in pairs[n]]) for n in _DISTANCES
    }
    for n in (NEAR, FAR):
        yield from _beside(title, n, mine[n], differences(pairs[n]), effort)
    yield from _flat(title, mine, effort)


def _in_instants(
    effort: Effort,
    calendar: Calendar,
    starts: list[datetime],
    ends: Mapping[int, list[datetime]],
) -> Iterator[Row]:
    """Measure the table itself, which is what a desk asks: no datetimes on the way."""
    table, at = calendar.timetable, [instant_of(each) for each in starts]
    until = {n: [instant_of(each) for each in ends[n]] for n in _DISTANCES}
    added = {n: Questions([partial(table.add, each, hours(n)) for each in at]) for n in _DISTANCES}
    spent = {
        n: Questions([partial(table.elapsed, *each) for each in zip(at, until[n], strict=True)])
        for n in _DISTANCES
    }
    title = "calendar: add n open hours, in instants as a desk counts"
    for n in (NEAR, FAR):
        peers = {PROMISED: additions(starts, n)[PROMISED]}
        yield from _beside(title, n, added[n], peers, effort)
    yield from _flat(title, added, effort)
    title = "calendar: elapsed over n open hours, in instants as a desk counts"
    for n in (NEAR, FAR):
        pairs = zip(starts, ends[n], strict=True)
        peers = {PROMISED: differences(pairs)[PROMISED]}
        yield from _beside(title, n, spent[n], peers, effort)
    yield from _flat(title, spent, effort)


def _days(effort: Effort, calendar: Calendar, starts: list[datetime]) -> Iterator[Row]:
    days = [each.date() for each in starts]
    mine = Questions([partial(calendar.add_days, each, DAYS) for each in days])
    title = "calendar: n worked days on; numpy counts dates only, no hours and no zone"
    yield from _beside(title, DAYS, mine, worked_days(days, DAYS), effort, promised=False)


def _beside(
    title: str,
    n: int,
    mine: Questions,
    others: Mapping[str, Questions | None],
    effort: Effort,
    *,
    promised: bool = True,
) -> Iterator[Row]:
    """Measure everyone who is installed in one go, and name the others."""
    contenders: dict[str, Contender] = {"ticketroute": mine}
    contenders.update({name: each for name, each in others.items() if each is not None})
    seconds = interleaved(contenders, effort)
    for name, other in others.items():
        yield compared(
            title,
            n,
            seconds["ticketroute"],
            name,
            seconds.get(name),
            at_most=ONE_OF[n] if promised and name == PROMISED else None,
            missing=ABSENT if other is None else TOO_SLOW,
        )


def _flat(title: str, mine: Mapping[int, Questions], effort: Effort) -> Iterator[Row]:
    """Compare far with near."""
    seconds = interleaved({size_word(n): each for n, each in mine.items()}, effort)
    near = size_word(NEAR)
    for n in (FAR, TEN_YEARS):
        yield compared(
            title, n, seconds[size_word(n)], f"itself at {near}", seconds[near], at_most=FLAT
        )


def _held() -> int:
    """Return the bytes that a calendar holds more once it was asked about twelve years."""
    year = timedelta(days=365)
    gc.collect()
    stretches.cache_clear()  # what is known of its zone counts, too
    calendar = office()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(TWELVE_YEARS):
            calendar.is_open(datetime(2024, 6, 1, tzinfo=UTC) + number * year)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before
