"""Holidays: single dates, dates of every year, and the public holidays of a country."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeAlias

from attrs import Attribute, evolve, field, frozen

from ticketroute.errors import InvalidValueError
from ticketroute.model.checks import a_flag
from ticketroute.sla.known import FIRST_KNOWN, LAST_KNOWN, KnownDates
from ticketroute.sla.reading import MOST_DATES, bounded, day_of, read_date, read_yearly
from ticketroute.sla.zones import nearest

PUBLIC = "public"
_LISTED = 20  # names in a message if none is similar to the value: most countries have fewer
_MISSING = "known from the holidays package, which is not installed: pip install 'ticketroute[sla]'"

# Codes that ISO 3166 or the holidays package gave up, and what to write instead. The package takes
# them in silence, and then knows no holiday of a subdivision.
_SUCCESSORS: Mapping[str, Mapping[str, str]] = {
    "DE": {"BYP": "'BY' with categories=['public', 'catholic']"},
    "FR": {
        "Alsace-Moselle": "'57' or '6AE'",
        "GES": "'57' or '6AE' for the parts with holidays of their own",
        "Métropole": "left out",
        "Saint-Barthélémy": "'BL'",
    },
    "GB": {"UK": "left out, or one of 'ENG', 'NIR', 'SCT', 'WLS'"},
    "IN": {"DD": "'DH'", "DN": "'DH'", "OR": "'OD'", "CT": "'CG'", "TG": "'TS'", "UT": "'UK'"},
    "NO": {"30": "'31', '32' or '33'", "38": "'39' or '40'", "54": "'55' or '56'"},
    "NZ": {
        "New Plymouth": "'TKI'",
        "Westland": "'WTC'",
        "WTL": "'WTC'",
        "STC": "'South Canterbury'",
    },
    "PT": {"Ext": "left out, with categories=['public', 'optional']"},
    "US": {
        "FM": "left out: PublicHolidays('FM') is a country",
        "MH": "left out: PublicHolidays('MH') is a country",
        "PW": "left out: PublicHolidays('PW') is a country",
    },
}


@lru_cache(maxsize=1)
def _subdivisions() -> dict[str, list[str]]:
    """Return the subdivisions of each country that the holidays package knows.

    Raises:
        ModuleNotFoundError: if the package is not installed. A failed import is not cached.
    """
    from holidays.utils import list_supported_countries  # noqa: PLC0415  an extra, and slow to load

    return list_supported_countries(include_aliases=False)


def _listed(public: PublicHolidays, language: str | None) -> Any:
    """Return all holidays of a country that the package knows, with names in one language."""
    from holidays import country_holidays  # noqa: PLC0415

    with warnings.catch_warnings():  # of years that a country is not known for: no host's business
        warnings.simplefilter("ignore")
        return country_holidays(
            public.country,
            subdiv=public.subdivision,
            categories=public.categories,
            years=range(FIRST_KNOWN, LAST_KNOWN + 1),
            language=language,
        )


@lru_cache(maxsize=256)
def _known_now(public: PublicHolidays) -> KnownDates:
    """Return what the installed release knows. 20 to 100 ms, once for each country."""
    listed = _listed(public, _class_of(public.country).default_language)
    span = range(FIRST_KNOWN, LAST_KNOWN + 1)
    worked = listed.weekend_workdays if public.worked_weekends else ()
    return KnownDates(
        release=import_module("holidays").__version__,
        closed=(day for day in listed if day.year in span),
        worked=(day for day in worked if day.year in span),
    )


@lru_cache(maxsize=64)
def _names(public: PublicHolidays) -> dict[date, str]:
    language = public.language or _class_of(public.country).default_language
    return dict(_listed(public, language).items())


def _class_of(country: str) -> Any:
    return getattr(import_module("holidays"), country)


def _one_of(thing: str, value: object, known: Iterable[str]) -> None:
    names = sorted(known)
    if value not in names:
        near = nearest(value, names) if isinstance(value, str) else []
        listed = ", ".join(map(repr, near or names[:_LISTED]))
        raise InvalidValueError(thing, value, f"one of the {len(names)} known, such as {listed}")


def _categories(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(bounded("PublicHolidays.categories", names, _LISTED))))


def _check_dates(_: object, __: Attribute[Any], known: object) -> None:
    if known is not None and not isinstance(known, KnownDates):
        raise InvalidValueError("PublicHolidays.known", known, "KnownDates, or left out")


@frozen
class PublicHolidays:
    """The public holidays of a country or of one subdivision of it, including days in lieu.

    ``country`` and ``subdivision`` are codes of ISO 3166, such as ``DE`` and ``BY``.
    ``categories`` are categories of the ``holidays`` package; a day that is in one of them is a
    holiday. Most countries need only ``public``; Bavaria's 15 August is ``catholic``, and Sweden's
    eves are ``de_facto``.
    ``language`` is the language of the names, one that the package has for the country; None means
    the country's own, whatever the locale. Names have no effect on dates.
    ``worked_weekends`` honours weekend days on which a country works in return for a day off: if
    the calendar has no hours on that weekday, it has those of the last weekday before.
    ``known`` are the dates themselves, as one release of the package has them. Without it the
    dates are those of the installed release, from 1970 to 2100. resolved() fills it in; after that
    another release changes nothing.

    >>> PublicHolidays("DE", subdivision="BY").country
    'DE'
    """

    country: str = field()
    subdivision: str | None = field(default=None, kw_only=True)
    categories: tuple[str, ...] = field(default=(PUBLIC,), kw_only=True, converter=_categories)
    language: str | None = field(default=None, kw_only=True)
    worked_weekends: bool = field(default=True, kw_only=True, validator=a_flag)
    known: KnownDates | None = field(default=None, kw_only=True, repr=False, validator=_check_dates)

    def __attrs_post_init__(self) -> None:
        thing = "PublicHolidays.country"
        if self.known is not None:
            if not isinstance(self.country, str) or not self.country:
                raise InvalidValueError(thing, self.country, "a code of ISO 3166")
            return  # another release may have given up a code; the dates stay what they are
        try:
            known = _subdivisions()
        except ModuleNotFoundError as fault:
            raise InvalidValueError(thing, self.country, _MISSING) from fault
        _one_of(thing, self.country, known)
        if self.subdivision is not None:
            thing = f"PublicHolidays.subdivision of {self.country}"
            self._check_in_use(thing)
            if not known[self.country]:
                raise InvalidValueError(thing, self.subdivision, "left out, because none is known")
            _one_of(thing, self.subdivision, known[self.country])
        self._check_words()

    def _check_in_use(self, thing: str) -> None:
        assert self.subdivision is not None
        successors = _SUCCESSORS.get(self.country, {})
        in_use = _subdivisions()[self.country]
        if self.subdivision in successors and self.subdivision not in in_use:
            way_out = f"a code in use; instead of this one: {successors[self.subdivision]}"
            raise InvalidValueError(thing, self.subdivision, way_out)

    def _check_words(self) -> None:
        country = _class_of(self.country)
        if not self.categories:
            raise InvalidValueError("PublicHolidays.categories", (), "one category at least")
        for each in self.categories:
            thing = f"one of PublicHolidays.categories of {self.country}"
            _one_of(thing, each, country.supported_categories)
        if self.language is not None:
            thing = f"PublicHolidays.language of {self.country}"
            if not country.supported_languages:
                raise InvalidValueError(thing, self.language, "left out: names have one language")
            _one_of(thing, self.language, country.supported_languages)

    def resolved(self) -> PublicHolidays:
        """Return the same holidays with the dates that are known now; itself, if it has some.

        20 to 100 ms for the first time in a process, and O(1) after that.
        """
        return self if self.known is not None else evolve(self, known=_known_now(self))

    def unresolved(self) -> PublicHolidays:
        """Return the same holidays without dates.

        Raises:
            InvalidValueError: if the installed release does not know the country any more.
        """
        return self if self.known is None else evolve(self, known=None)

    @property
    def dates(self) -> KnownDates:
        """The dates it has, or those that the installed release knows."""
        return _known_now(self) if self.known is None else self.known

    def days(self, year: int) -> AbstractSet[int]:
        """Return the holidays of ``year`` as days since 1970-01-01."""
        return self.dates.closed_in(year)

    def worked(self, year: int) -> AbstractSet[int]:
        """Return the worked weekend days of ``year`` as days since 1970-01-01."""
        return self.dates.worked_in(year)

    def name_of(self, day: date) -> str | None:
        """Return the name of a holiday, or None if it is not a holiday.

        The name is that of the installed release in ``language``; None as well for a date that
        only another release knows.
        """
        if day_of(day) not in self.days(day.year):
            return None
        try:
            return _names(self.unresolved()).get(day)
        except InvalidValueError:
            return None

    def divided(self) -> tuple[str, ...]:
        """Return the subdivisions of the country, if none is named and ``known`` is None."""
        if self.subdivision is not None or self.known is not None:
            return ()
        return tuple(_subdivisions()[self.country])

    def plain(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, in the form of configuration."""
        plain: dict[str, Any] = {"country": self.country}
        if self.subdivision is not None:
            plain["subdivision"] = self.subdivision
        if self.categories != (PUBLIC,):
            plain["categories"] = list(self.categories)
        if self.language is not None:
            plain["language"] = self.language
        if not self.worked_weekends:
            plain["worked_weekends"] = False
        if self.known is not None:
            plain["known"] = self.known.plain()
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], thing: str = "PublicHolidays") -> PublicHolidays:
        """Return the holidays that configuration describes; InvalidValueError for another key."""
        keys = ("country", "subdivision", "categories", "language", "worked_weekends", "known")
        for key in plain:
            if key not in keys:
                allowed = f"{', '.join(map(repr, keys[:-1]))} or {keys[-1]!r}"
                raise InvalidValueError(f"a key of {thing}", key, allowed)
        given = {key: value for key, value in plain.items() if key != "country"}
        if isinstance(given.get("known"), Mapping):
            given["known"] = KnownDates.from_plain(given["known"])
        return cls(plain.get("country", ""), **given)


Holiday: TypeAlias = date | str | PublicHolidays


def _read(thing: str, written: object) -> Holiday:
    if isinstance(written, PublicHolidays):
        return written
    if isinstance(written, Mapping):
        return PublicHolidays.from_plain(written, thing)
    if isinstance(written, str) and len(written) == len("12-25"):
        return read_yearly(thing, written)
    return read_date(thing, written)


def _order(holiday: Holiday) -> tuple[int, str]:
    if isinstance(holiday, PublicHolidays):
        parts = (holiday.country, holiday.subdivision or "", *holiday.categories)
        return 2, " ".join((*parts, holiday.language or "", str(holiday.worked_weekends)))
    return (1, holiday) if isinstance(holiday, str) else (0, holiday.isoformat())


def read_holidays(holidays: Iterable[Holiday | Mapping[str, Any]]) -> tuple[Holiday, ...]:
    """Return holidays in a fixed order without duplicates: dates, yearly dates, countries."""
    thing = "Calendar.holidays"
    listed = bounded(thing, holidays, MOST_DATES)
    return tuple(sorted({_read(f"one of {thing}", each) for each in listed}, key=_order))
