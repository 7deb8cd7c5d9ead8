"""Who else counts open hours: each with the same week, holidays and starts, in its own terms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib import import_module
from itertools import cycle, islice
from operator import add
from typing import Any
from zoneinfo import ZoneInfo

from ticketroute import Calendar

ZONE = "Europe/Berlin"
OPENS, CLOSES = time(9), time(17)
WORKED = ("mon", "tue", "wed", "thu", "fri")
HOLIDAYS = frozenset(
    date(year, month, day)
    for year in range(2020, 2061)
    for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))
)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

# Of a question, which is made ready before the clock runs, what it asks.
Asked = Callable[[], object]


def office(*, holidays: Collection[date] = HOLIDAYS, closes: time = CLOSES) -> Calendar:
    """Return the calendar that everybody counts in."""
    hours = {day: [(OPENS, closes)] for day in WORKED}
    return Calendar(name="office", zone=ZONE, hours=hours, holidays=sorted(holidays))


class Questions:
    """A contender that is asked one prepared question after another, from the first on again."""

    most = 1_000_000

    def __init__(self, questions: Sequence[Asked]) -> None:
        self._questions = questions
        self._todo: list[Asked] = []

    def prepare(self, count: int) -> None:
        """Make ready ``count`` questions."""
        self._todo = list(islice(cycle(self._questions), count))

    def run(self) -> None:
        """Ask them."""
        for ask in self._todo:
            ask()

    def answers(self, count: int) -> list[object]:
        """Return the first answers: that it is the same work is tested."""
        return [ask() for ask in self._questions[:count]]


class DayLoop:
    """The obvious way: one day after another, each cut out of the zone's wall clock."""

    def __init__(self, holidays: Collection[date]) -> None:
        self._tz, self._holidays = ZoneInfo(ZONE), holidays

    def add(self, start: datetime, span: timedelta) -> datetime:
        """Return when the span is used up."""
        day = start.astimezone(self._tz).date()
        while True:
            if (window := self._window(day)) is not None and window[1] > start:
                since = max(window[0], start)
                if window[1] - since >= span:
                    return since + span
                span -= window[1] - since
            day += _DAY

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time between two moments in order."""
        day, last = (each.astimezone(self._tz).date() for each in (start, end))
        spent = timedelta(0)
        while day <= last:
            if (window := self._window(day)) is not None:
                spent += max(min(window[1], end) - max(window[0], start), timedelta(0))
            day += _DAY
        return spent

    def _window(self, day: date) -> tuple[datetime, datetime] | None:
        if day.weekday() >= len(WORKED) or day in self._holidays:
            return None
        opens, closes = (
            datetime.combine(day, each, self._tz).astimezone(UTC) for each in (OPENS, CLOSES)
        )
        return opens, closes


def found(package: str) -> Any:
    """Return a package, or None if it is not installed; any, because most come without types."""
    try:
        return import_module(package)
    except ModuleNotFoundError:
        return None


def _business_time_delta(holidays: Collection[date]) -> tuple[Any, Any] | None:
    package, pytz = found("businesstimedelta"), found("pytz")
    if package is None or pytz is None:
        return None
    zone = pytz.timezone(ZONE)
    rules = [
        package.WorkDayRule(
            start_time=OPENS, end_time=CLOSES, working_days=list(range(len(WORKED))), tz=zone
        )
    ]
    if holidays:
        rules.append(package.HolidayRule(holidays, tz=zone))
    return package, package.Rules(rules)


def additions(
    starts: Iterable[datetime], hours: int, *, holidays: Collection[date] = HOLIDAYS
) -> dict[str, Questions | None]:
    """Return everyone who adds open hours; None stands for who is not installed."""
    starts = list(starts)
    loop = DayLoop(holidays)
    made: dict[str, Questions | None] = dict.fromkeys(("businesstimedelta", "pandas"))
    rule = _business_time_delta(holidays)
    if rule is not None:
        package, rules = rule
        span = package.BusinessTimeDelta(rules, hours=hours)
        made["businesstimedelta"] = Questions([partial(add, start, span) for start in starts])
    pandas = found("pandas")
    if pandas is not None:
        offset = pandas.offsets.CustomBusinessHour(
            n=hours, start=OPENS, end=CLOSES, holidays=sorted(holidays)
        )
        stamps = [pandas.Timestamp(start).tz_convert(ZONE) for start in starts]
        made["pandas"] = Questions([partial(add, stamp, offset) for stamp in stamps])
    made["plain day loop"] = Questions(
        [partial(loop.add, start, hours * _HOUR) for start in starts]
    )
    return made


def differences(
    pairs: Iterable[tuple[datetime, datetime]], *, holidays: Collection[date] = HOLIDAYS
) -> dict[str, Questions | None]:
    """Return everyone who says how much open time lies between two moments."""
    pairs = list(pairs)
    loop = DayLoop(holidays)
    made: dict[str, Questions | None] = dict.fromkeys(("businesstimedelta", "business-duration"))
    rule = _business_time_delta(holidays)
    if rule is not None:
        made["businesstimedelta"] = Questions(
            [partial(rule[1].difference, *each) for each in pairs]
        )
    package = found("business_duration")
    if package is not None and found("pandas") is not None:
        tz = ZoneInfo(ZONE)
        made["business-duration"] = Questions(
            [
                partial(
                    package.businessDuration,
                    *(each.astimezone(tz).replace(tzinfo=None) for each in pair),
                    OPENS,
                    CLOSES,
                    [5, 6],
                    holidays,
                    "sec",
                )
                for pair in pairs
            ]
        )
    made["plain day loop"] = Questions([partial(loop.elapsed, *each) for each in pairs])
    return made


def worked_days(days: Iterable[date], count: int) -> dict[str, Questions | None]:
    """Return who counts worked days: numpy knows dates only, no hours."""
    numpy = found("numpy")
    if numpy is None:
        return {"numpy busday": None}
    listed = numpy.busdaycalendar(holidays=[each.isoformat() for each in HOLIDAYS])
    return {
        "numpy busday": Questions(
            [
                partial(
                    numpy.busday_offset,
                    numpy.datetime64(day),
                    count,
                    roll="backward",  # from a day off, the next worked day is the first
                    busdaycal=listed,
                )
                for day in days
            ]
        )
    }
