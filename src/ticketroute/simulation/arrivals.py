"""When tickets come in: by chance at a rate, by the hour of the week, or as they once did."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import check_instant, check_whole
from ticketroute.model.instants import Instant, datetime_of
from ticketroute.simulation.chance import Chance
from ticketroute.simulation.laws import Gamma, check_number, number
from ticketroute.simulation.units import DAY, HOUR
from ticketroute.sla.calendar import Calendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_OF_A_WEEK = 168
_MOST_PER_HOUR = 1e9
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday


class Arrivals(Protocol):
    """When the tickets of one kind come in."""

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield instants from ``start`` to before ``end``, in order; equal ones may follow."""
        ...

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the mean number of tickets an hour between two instants."""
        ...


@frozen
class Poisson:
    """Tickets that know nothing of each other, ``rate`` an hour in the mean; 0 means none.

    >>> arrivals = Poisson(rate=60)
    >>> len(list(arrivals.instants(Chance("1"), "mail", 0, 100 * 3_600_000)))
    6023
    """

    rate: float = field(validator=number(0, _MOST_PER_HOUR))

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield instants whose gaps are exponential."""
        if not self.rate:
            return
        mean, at, count = HOUR / self.rate, float(start), 0
        draw, log1p = chance.draw, math.log1p
        while True:
            count += 1
            at -= mean * log1p(-draw("arrival", f"{name}-{count}"))
            if at >= end:
                return
            yield int(at)

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the rate."""
        return self.rate


def _week(rates: object) -> tuple[float, ...]:
    if isinstance(rates, Mapping):
        for day in rates:
            if day not in WEEKDAYS:
                raise InvalidValueError("Weekly.rates", day, f"one of {', '.join(WEEKDAYS)}")
        flat: list[float] = []
        for day in WEEKDAYS:
            flat.extend(_day(day, rates.get(day, 0)))
        rates = flat
    if isinstance(rates, str | bytes) or not isinstance(rates, Sequence):
        raise InvalidValueError("Weekly.rates", rates, "168 rates, or days with 24 rates each")
    if len(rates) != HOURS_OF_A_WEEK:
        raise InvalidValueError("the number of Weekly.rates", len(rates), "168: Monday 0 h first")
    for rate in rates:
        check_number("a rate in Weekly.rates", rate, 0, _MOST_PER_HOUR)
    return tuple(rates)


def _day(day: str, rates: object) -> Sequence[float]:
    if isinstance(rates, int | float):
        return [rates] * 24
    if not isinstance(rates, Sequence) or len(rates) != 24:
        raise InvalidValueError(f"Weekly.rates[{day!r}]", rates, "one rate, or 24 of them")
    return rates


@frozen
class Weekly:
    """A rate for each hour of the week, on the wall clock of a zone.

    ``rates`` are tickets an hour: 168 of them, Monday midnight first, or a mapping of ``"mon"`` to
    ``"sun"`` to one rate or 24; a day left out has none.
    ``day_cv`` makes it doubly stochastic: each day's rates are multiplied with a number of mean 1
    and this coefficient of variation, from a gamma law. 0 means that all days are alike.

    Source: A. Avramidis, A. Deslauriers and P. L'Ecuyer, "Modeling daily arrivals to a telephone
        call center", Management Science 50 (2004).
    """

    rates: tuple[float, ...] = field(converter=_week)
    zone: str = "UTC"
    day_cv: float = field(default=0.0, validator=number(0, 10))

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield instants: exponential work at rate 1, used up at the rate of each hour."""
        at, count, left = float(start), 0, -1.0
        for until, rate, day in self._pieces(start, end):
            if rate and self.day_cv:
                share = chance.draw("day", f"{name}-{day}")
                rate *= Gamma(1.0, cv=self.day_cv).at(share)
            while rate:
                if left < 0:
                    count += 1
                    left = -math.log1p(-chance.draw("arrival", f"{name}-{count}"))
                ahead = (until - at) * rate
                if left >= ahead:
                    left -= ahead
                    break
                at += left / rate
                left = -1.0
                yield int(at)
            at = until

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the mean rate over the hours between two instants."""
        total, at = 0.0, start
        for until, rate, _ in self._pieces(start, end):
            total += rate * (until - at)
            at = until
        return total * HOUR / max(1, end - start)

    def _pieces(self, start: Instant, end: Instant) -> Iterator[tuple[Instant, float, str]]:
        """Yield the end of each hour, its rate for a millisecond, and its date."""
        zone, at = ZoneInfo(self.zone), start
        while at < end:
            local = datetime_of(at).astimezone(zone)
            into = (local.minute * 60 + local.second) * 1_000 + local.microsecond // 1_000
            until = min(end, at + HOUR - into)
            rate = self.rates[local.weekday() * 24 + local.hour] / HOUR
            yield until, rate, local.date().isoformat()
            at = until


def _in_order(instants: Iterable[Instant]) -> tuple[Instant, ...]:
    found = sorted(instants)
    if not found:
        raise InvalidValueError("the number of recorded arrivals", 0, "1 or more")
    for at in (found[0], found[-1]):
        check_instant("a recorded arrival", at)
    return tuple(found)


def _shown(instants: Sequence[Instant]) -> str:
    return f"<{len(instants)} instants>"


@frozen
class Recorded:
    """Tickets that come when they came in the past."""

    times: tuple[Instant, ...] = field(converter=_in_order, repr=_shown)

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield the recorded instants of that time."""
        first = bisect_left(self.times, start)
        yield from self.times[first : bisect_left(self.times, end)]

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the recorded number over the hours."""
        count = bisect_left(self.times, end) - bisect_left(self.times, start)
        return count * HOUR / max(1, end - start)


@frozen
class Resampled:
    """Whole days of the past, drawn anew: a Monday is one of the recorded Mondays.

    Days are those of UTC. A weekday without a record takes any recorded day.
    """

    times: tuple[Instant, ...] = field(converter=_in_order, repr=_shown)

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield the instants of the drawn days, shifted to where they are drawn for."""
        of_weekday: list[list[int]] = [[] for _ in WEEKDAYS]
        everyday = list(range(self.times[0] // DAY, self.times[-1] // DAY + 1))
        for day in everyday:
            of_weekday[(day + _EPOCH_WEEKDAY) % 7].append(day)
        for day in range(start // DAY, -(-end // DAY)):
            alike = of_weekday[(day + _EPOCH_WEEKDAY) % 7] or everyday
            drawn = alike[int(chance.draw("day", f"{name}-{day}") * len(alike))]
            first = bisect_left(self.times, drawn * DAY)
            last = bisect_left(self.times, (drawn + 1) * DAY)
            for at in self.times[first:last]:
                moved = at + (day - drawn) * DAY
                if start <= moved < end:
                    yield moved

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the recorded number over the hours of the recorded days."""
        days = self.times[-1] // DAY + 1 - self.times[0] // DAY
        return len(self.times) / (days * 24)


@frozen
class During:
    """Other arrivals, those outside of a calendar's hours left out."""

    of: Arrivals
    calendar: Calendar

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield the instants at which the calendar is open."""
        is_open = self.calendar.timetable.is_open
        return (at for at in self.of.instants(chance, name, start, end) if is_open(at))

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the mean rate of the others times the share of time that is open."""
        share = self.calendar.timetable.elapsed(start, end) / max(1, end - start)
        return self.of.per_hour(start, end) * share


@frozen
class Batches:
    """Several tickets at one instant; ``sizes`` are drawn, each with the same chance."""

    of: Arrivals
    sizes: tuple[int, ...] = field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        if not self.sizes:
            raise InvalidValueError("the number of Batches.sizes", 0, "1 or more")
        for size in self.sizes:
            check_whole("a size in Batches.sizes", size, 0, 1_000_000)

    def instants(self, chance: Chance, name: str, start: Instant, end: Instant) -> Iterator[int]:
        """Yield each instant as often as the size drawn for it."""
        for count, at in enumerate(self.of.instants(chance, name, start, end)):
            drawn = int(chance.draw("batch", f"{name}-{count}") * len(self.sizes))
            yield from (at for _ in range(self.sizes[drawn]))

    def per_hour(self, start: Instant, end: Instant) -> float:
        """Return the rate of batches times the mean size."""
        return self.of.per_hour(start, end) * sum(self.sizes) / len(self.sizes)
