"""Advice about calendar settings that are valid and rarely intended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from ticketroute.sla.holiday import Holiday, PublicHolidays
from ticketroute.sla.reading import WEEKDAYS, Windows, spans
from ticketroute.sla.zones import DAY

_NEARLY_MIDNIGHT = ("23:59", "23:59:59")


def advice(
    hours: Mapping[str, Windows],
    holidays: Iterable[Holiday],
    shifts: Mapping[date, Windows],
    breaks: Mapping[date, Windows],
) -> Iterator[str]:
    """Yield a line for each setting that the author should look at again."""
    yield from _nearly_midnight(hours, shifts, breaks)
    for day, windows in hours.items():
        following = WEEKDAYS[(WEEKDAYS.index(day) + 1) % len(WEEKDAYS)]
        yield from _overlaps(f"hours[{day!r}]", windows, hours.get(following, ()))
    for key, dated in (("shifts", shifts), ("breaks", breaks)):
        for date_, windows in dated.items():
            yield from _overlaps(f"{key}['{date_}']", windows, ())
    for holiday in holidays:
        if isinstance(holiday, PublicHolidays) and (parts := holiday.divided()):
            yield (
                f"PublicHolidays({holiday.country!r}) has only what all of its {len(parts)} "
                f"subdivisions share; name one, such as {', '.join(map(repr, parts[:3]))}, if "
                "there are more where the work is done"
            )
    closed = frozenset(holidays)
    for date_, windows in shifts.items():
        if windows and (date_ in closed or f"{date_:%m-%d}" in closed):
            yield f"shifts['{date_}'] is never open, because that date is a holiday"


def _nearly_midnight(
    hours: Mapping[str, Windows], shifts: Mapping[date, Windows], breaks: Mapping[date, Windows]
) -> Iterator[str]:
    named = [(f"hours[{day!r}]", windows) for day, windows in hours.items()]
    named += [(f"shifts['{day}']", windows) for day, windows in shifts.items()]
    named += [(f"breaks['{day}']", windows) for day, windows in breaks.items()]
    for name, windows in named:
        for _, end in windows:
            if end in _NEARLY_MIDNIGHT:
                lack = "a minute" if end == "23:59" else "a second"
                yield f"{name} ends at {end}, {lack} before midnight; write 24:00 if that is meant"


def _overlaps(name: str, windows: Windows, following: Windows) -> Iterator[str]:
    placed = [*zip(spans(windows), windows, strict=True)]
    after = [(start, window) for (start, _), window in placed]
    after += [
        (start + DAY, (f"next {window[0]}", window[1]))
        for (start, _), window in zip(spans(following), following, strict=True)
    ]
    for at, ((_, end), window) in enumerate(placed):
        for start, other in after[at + 1 :]:
            if start < end:
                first, second = "-".join(window), "-".join(other)
                yield f"{name} has openings that overlap, {first} and {second}; they count once"
