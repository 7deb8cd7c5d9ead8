"""Holidays: single dates, dates of every year, and the public holidays of a country."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.sla.reading import MOST_DATES, bounded, day_of, read_date, read_yearly
from ticketroute.sla.zones import nearest

_LISTED = 20  # names in a message if none is similar to the value: most countries have fewer
_MISSING = "known from the holidays package, which is not installed: pip install 'ticketroute[sla]'"


@lru_cache(maxsize=1)
def _subdivisions() -> dict[str, list[str]]:
    """Return the subdivisions of each country that the holidays package knows.

    Raises:
        ModuleNotFoundError: if the package is not installed. A failed import is not cached.
    """
    from holidays.utils import list_supported_countries  # noqa: PLC0415  an extra, and slow to load

    return list_supported_countries(include_aliases=False)


@lru_cache(maxsize=4_096)
def _named(country: str, subdivision: str | None, year: int) -> dict[int, str]:
    from holidays import country_holidays  # noqa: PLC0415

    listed = country_holidays(country, subdiv=subdivision, years=year)
    return {day_of(day): name for day, name in listed.items()}


def _one_of(thing: str, value: object, known: Iterable[str]) -> None:
    names = sorted(known)
    if value not in names:
        near = nearest(value, names) if isinstance(value, str) else []
        listed = ", ".join(map(repr, near or names[:_LISTED]))
        raise InvalidValueError(thing, value, f"one of the {len(names)} known, such as {listed}")


@frozen
class PublicHolidays:
    """The public holidays of a country or of one subdivision of it, including days in lieu.

    ``country`` and ``subdivision`` are codes of ISO 3166, such as ``DE`` and ``BY``.
    The dates are those of the installed ``holidays`` package. It covers most countries up to 2100
    and no country before its independence; another release may have other dates.

    >>> PublicHolidays("DE", subdivision="BY")
    PublicHolidays(country='DE', subdivision='BY')
    """

    country: str = field()
    subdivision: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        thing = "PublicHolidays.country"
        try:
            known = _subdivisions()
        except ModuleNotFoundError as fault:
            raise InvalidValueError(thing, self.country, _MISSING) from fault
        _one_of(thing, self.country, known)
        if self.subdivision is not None:
            thing = f"PublicHolidays.subdivision of {self.country}"
            if not known[self.country]:
                raise InvalidValueError(thing, self.subdivision, "left out, because none is known")
            _one_of(thing, self.subdivision, known[self.country])

    def days(self, year: int) -> AbstractSet[int]:
        """Return the holidays of ``year`` as days since 1970-01-01."""
        return _named(self.country, self.subdivision, year).keys()

    def name_of(self, day: date) -> str | None:
        """Return the name of a holiday in the locale's language, or None if it is not a holiday."""
        return _named(self.country, self.subdivision, day.year).get(day_of(day))

    def plain(self) -> dict[str, Any]:
        """Return the country, and the subdivision if there is one, in the form of configuration."""
        if self.subdivision is None:
            return {"country": self.country}
        return {"country": self.country, "subdivision": self.subdivision}


Holiday: TypeAlias = date | str | PublicHolidays


def _read(thing: str, written: object) -> Holiday:
    if isinstance(written, PublicHolidays):
        return written
    if isinstance(written, Mapping):
        keys = ("country", "subdivision")
        for key in written:
            if key not in keys:
                raise InvalidValueError(f"a key of {thing}", key, "'country' or 'subdivision'")
        return PublicHolidays(written.get("country", ""), subdivision=written.get("subdivision"))
    if isinstance(written, str) and len(written) == len("12-25"):
        return read_yearly(thing, written)
    return read_date(thing, written)


def _order(holiday: Holiday) -> tuple[int, str]:
    if isinstance(holiday, PublicHolidays):
        return 2, f"{holiday.country} {holiday.subdivision or ''}"
    return (1, holiday) if isinstance(holiday, str) else (0, holiday.isoformat())


def read_holidays(holidays: Iterable[Holiday | Mapping[str, str]]) -> tuple[Holiday, ...]:
    """Return holidays in a fixed order without duplicates: dates, yearly dates, countries."""
    thing = "Calendar.holidays"
    listed = bounded(thing, holidays, MOST_DATES)
    return tuple(sorted({_read(f"one of {thing}", each) for each in listed}, key=_order))
