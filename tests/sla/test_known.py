"""What a calendar takes from libraries: which dates, in which words, and how it keeps them."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from ticketroute.errors import InvalidValueError
from ticketroute.sla import holiday, known, zones
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.known import KnownDates, ZoneData, zone_data_of

OFFICE = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
CACHES = (
    holiday._known_now,
    holiday._names,
    known.zone_data_of,
    zones.zone_release,
    zones._package_is_newer,
    zones.tzinfo_of,
    zones.stretches,
)


@pytest.fixture
def other_release() -> Iterator[None]:
    """Forget, before and after, what this release of the libraries said."""
    for each in CACHES:
        each.cache_clear()
    yield
    for each in CACHES:
        each.cache_clear()


def office(*holidays: PublicHolidays, zone: str = "Europe/Berlin") -> Calendar:
    return Calendar(zone=zone, hours=OFFICE, holidays=holidays)


def is_worked(calendar: Calendar, day: str) -> bool:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    return bool(calendar.elapsed(noon, noon + timedelta(hours=1)))


# --- categories, worked weekends, names -----------------------------------------------------------


def test_the_assumption_is_a_holiday_of_bavaria_for_who_asks_for_catholic_ones() -> None:
    usual = PublicHolidays("DE", subdivision="BY")
    catholic = PublicHolidays("DE", subdivision="BY", categories=["catholic", "public"])
    assumption, new_year = "2025-08-15", "2025-01-01"
    assert is_worked(office(usual), assumption)
    assert not is_worked(office(catholic), assumption)
    assert not is_worked(office(catholic), new_year)


def test_the_eves_of_sweden_are_holidays_in_fact() -> None:
    eves = PublicHolidays("SE", categories=["public", "de_facto"])
    assert is_worked(office(PublicHolidays("SE")), "2026-06-19")
    assert not is_worked(office(eves), "2026-06-19")
    assert eves.name_of(date(2026, 6, 19)) == "Midsommarafton"


def test_a_category_that_a_country_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidValueError, match="of GB is 'bank'; it must be one of the 1 known"):
        PublicHolidays("GB", categories=["bank"])
    with pytest.raises(InvalidValueError, match="categories is"):
        PublicHolidays("GB", categories=[])


@pytest.mark.parametrize(
    ("country", "day"), [("HU", "2026-01-10"), ("CN", "2026-02-14"), ("CN", "2026-01-04")]
)
def test_a_weekend_day_worked_in_return_for_a_day_off_has_the_hours_of_the_weekday_before(
    country: str, day: str
) -> None:
    zone = "UTC"
    assert is_worked(office(PublicHolidays(country), zone=zone), day)
    assert not is_worked(office(PublicHolidays(country, worked_weekends=False), zone=zone), day)
    short_fridays = evolve(
        office(PublicHolidays(country), zone=zone), hours=OFFICE | {"fri": [("09:00", "12:00")]}
    )
    assert not is_worked(short_fridays, day)
    closes = short_fridays.next_close(datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=UTC))
    assert closes is not None
    assert closes.isoformat() == f"{day}T12:00:00+00:00"


def test_a_weekday_with_hours_of_its_own_keeps_them_and_a_shift_or_a_holiday_beats_both() -> None:
    day = date(2026, 1, 10)
    hungary = PublicHolidays("HU")
    saturdays = Calendar(hours=OFFICE | {"sat": [("08:00", "09:00")]}, holidays=[hungary])
    assert not is_worked(saturdays, "2026-01-10")
    assert not is_worked(Calendar(hours=OFFICE, holidays=[hungary, day]), "2026-01-10")
    free = Calendar(hours=OFFICE, holidays=[hungary], shifts={day: []})
    assert not is_worked(free, "2026-01-10")


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "th", "C", "nonsense"])
def test_names_are_in_the_language_of_the_country_whatever_the_locale(
    monkeypatch: pytest.MonkeyPatch, other_release: None, locale: str
) -> None:
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(variable, locale)
    new_year = date(2026, 1, 1)
    assert PublicHolidays("SE").name_of(new_year) == "Nyårsdagen"
    assert PublicHolidays("SE", language="en_US").name_of(new_year) == "New Year's Day"
    assert PublicHolidays("SE").name_of(date(2026, 1, 2)) is None


def test_a_language_that_the_package_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="language of SE is 'fi'; it must be one of"):
        PublicHolidays("SE", language="fi")
    with pytest.raises(InvalidValueError, match="left out: names have one language"):
        PublicHolidays("JM", language="en_US")


# --- codes that are not meant ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "retired", "successor"),
    [("IN", "OR", "'OD'"), ("NO", "30", "'31', '32' or '33'"), ("DE", "BYP", "'BY' with")],
)
def test_a_retired_subdivision_is_refused_and_its_successor_named(
    country: str, retired: str, successor: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        PublicHolidays(country, subdivision=retired)
    assert f"instead of this one: {successor}" in str(caught.value)


def test_every_retired_code_of_the_package_is_refused() -> None:
    pytest.importorskip("holidays")
    for country in holiday._subdivisions():
        for retired in getattr(holiday._class_of(country), "_deprecated_subdivisions", ()):
            with pytest.raises(InvalidValueError):
                PublicHolidays(country, subdivision=retired)


def test_every_named_successor_that_is_a_code_is_one_in_use() -> None:
    for country, successors in holiday._SUCCESSORS.items():
        in_use = holiday._subdivisions()[country]
        for instead in successors.values():
            if "left out" not in instead:
                assert any(f"'{code}'" in instead for code in in_use), instead


def test_a_country_with_subdivisions_of_which_none_is_named_is_advised_about() -> None:
    (line,) = office(PublicHolidays("GB")).check()
    assert line.startswith(
        "PublicHolidays('GB') has only the holidays that all its 4 subdivisions share"
    )
    assert "'ENG', 'NIR', 'SCT'" in line
    assert office(PublicHolidays("GB", subdivision="ENG"), PublicHolidays("SE")).check() == ()


# --- nothing of the libraries reaches the host ----------------------------------------------------


def test_all_countries_are_known_from_1970_to_2100_without_a_warning_or_an_error() -> None:
    """The lower bound of the package in pyproject.toml is the oldest release that passes this."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {
            country: len(holiday._known_now.__wrapped__(PublicHolidays(country)).closed)
            for country in sorted(holiday._subdivisions())
        }
    assert len([country for country, dates in found.items() if dates > 1_000]) > 100
    assert len([country for country, dates in found.items() if not dates]) < 6  # uninhabited


def test_a_calendar_of_a_country_known_for_some_years_only_warns_of_nothing(
    other_release: None,
) -> None:
    india = office(PublicHolidays("IN"), zone="Asia/Kolkata")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        start = datetime(2026, 11, 30, tzinfo=UTC)
        assert india.add(start, timedelta(hours=20_800)).year == 2037
        assert india.resolved().add(start, timedelta(hours=20_800)).year == 2037


def test_after_the_last_shift_a_country_is_asked_for_no_year_that_it_cannot_answer() -> None:
    shifts = {"2026-11-30": [("09:00", "17:00")]}
    japan = Calendar(zone="Asia/Tokyo", shifts=shifts, holidays=[PublicHolidays("JP")])
    assert japan.next_open(datetime(2026, 12, 1, tzinfo=UTC)) is None


# --- facts in place of libraries ------------------------------------------------------------------


def test_a_resolved_calendar_says_the_same_and_asks_no_library(
    monkeypatch: pytest.MonkeyPatch, other_release: None
) -> None:
    inner = office(PublicHolidays("CN"), zone="Asia/Shanghai")
    asks = evolve(office(PublicHolidays("DE", subdivision="BY")), within=[inner], name="desk")
    start = datetime(1999, 3, 1, tzinfo=UTC)
    expected = [asks.add(start, timedelta(hours=hours)) for hours in (1, 100, 10_000)]
    resolved = asks.resolved()

    def refuse(*_: object, **__: object) -> Any:
        raise AssertionError("a library was asked")

    for each in ("_listed", "_known_now", "_names", "_subdivisions"):
        monkeypatch.setattr(holiday, each, refuse)
    for module, name in ((zones, "tzinfo_of"), (known, "stretches")):
        monkeypatch.setattr(module, name, refuse)
    zones.stretches.cache_clear()
    for again in (
        resolved,
        evolve(resolved),
        Calendar.from_plain(json.loads(json.dumps(resolved.plain()))),
        pickle.loads(pickle.dumps(resolved)),  # noqa: S301  our own bytes
    ):
        assert again == resolved
        assert again.zone_data == resolved.zone_data
        assert [again.add(start, timedelta(hours=hours)) for hours in (1, 100, 10_000)] == expected
        assert again.resolved() is again
        assert again.add_days(date(1999, 3, 1), 200)


def test_what_is_added_can_be_taken_away_again() -> None:
    written = evolve(office(PublicHolidays("SE")), within=[office(PublicHolidays("FI"))])
    assert written.resolved() != written
    assert written.resolved().unresolved() == written
    assert written.resolved().unresolved().zone_data is None
    plain = Calendar(hours=OFFICE, holidays=["12-25"])
    assert plain.resolved() is plain


def test_each_year_of_a_zone_is_the_same_from_its_changes() -> None:
    for zone in ("Europe/Berlin", "Africa/Casablanca", "Pacific/Apia", "Australia/Lord_Howe"):
        data = zone_data_of(zone)
        for year in (1970, 1971, 1999, 2011, 2026, 2087, 2200):
            assert data.stretches(year) == zones.stretches(zone, year)


def test_dates_of_a_code_that_is_retired_since_stay_what_they_were() -> None:
    dates = KnownDates(release="0.1", closed=[date(2026, 3, 2)])
    old = PublicHolidays("IN", subdivision="OR", known=dates)
    assert not is_worked(office(old, zone="UTC"), "2026-03-02")
    assert PublicHolidays.from_plain(old.plain()) == old
    assert old.resolved() is old
    assert old.name_of(date(2026, 3, 2)) is None
    with pytest.raises(InvalidValueError, match="instead of this one: 'OD'"):
        old.unresolved()


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ({"release": "1", "closed": {"2026": "13-01"}}, "KnownDates.closed is '2026-13-01'"),
        ({"release": "1", "closed": {"2026": ["01-01"]}}, "it must be dates as 'MM-DD'"),
        ({"release": "1", "open": {}}, "a key of KnownDates is 'open'"),
        ({"release": 5}, "KnownDates.release is 5"),
    ],
)
def test_dates_that_make_no_sense_are_refused(plain: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        PublicHolidays("DE", known=KnownDates.from_plain(plain))
    assert text in str(caught.value)


@pytest.mark.parametrize("changes", [[], [(5, 0)], [(0, 0), (9, 1), (4, 2)], [(0, 10**9)]])
def test_changes_that_make_no_sense_are_refused(changes: list[tuple[int, int]]) -> None:
    with pytest.raises(InvalidValueError, match=r"ZoneData\.changes"):
        ZoneData(release="2026a", changes=changes)
    with pytest.raises(InvalidValueError, match="zone_data is 5"):
        Calendar.from_plain({"hours": OFFICE, "zone_data": 5})


# --- which tz database ----------------------------------------------------------------------------


def package(release: str) -> ModuleType:
    made = ModuleType("tzdata")
    made.IANA_VERSION = release  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize(
    ("system", "bundled", "used"),
    [
        ("2025b", "2026f", "2026f"),
        ("2026f", "2025b", "2026f"),
        ("2025b", None, "2025b"),
        ("", "2024a", "2024a"),
        ("2026a", "2026a", "2026a"),
        ("", None, ""),
    ],
)
def test_the_newer_of_two_databases_is_used_and_named(
    monkeypatch: pytest.MonkeyPatch,
    other_release: None,
    tmp_path: Path,
    system: str,
    bundled: str | None,
    used: str,
) -> None:
    if system:
        (tmp_path / "tzdata.zi").write_text(f"# version {system}\n# more\n", encoding="utf-8")
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))
    monkeypatch.setattr(zones, "_package", lambda: bundled and package(bundled))
    assert zones.zone_release() == used
    assert zones._package_is_newer() is (bundled is not None and used != system)


def test_a_zone_is_read_from_the_package_where_that_is_newer(
    monkeypatch: pytest.MonkeyPatch, other_release: None
) -> None:
    monkeypatch.setattr(zones, "release_of_system", lambda: "1999a")
    read = zones.tzinfo_of("Europe/Berlin")
    assert isinstance(read, ZoneInfo)
    assert read.key == "Europe/Berlin"
    assert read is not ZoneInfo("Europe/Berlin")
    monkeypatch.setattr(zones, "release_of_system", lambda: "2999a")
    zones._package_is_newer.cache_clear()
    zones.tzinfo_of.cache_clear()
    assert zones.tzinfo_of("Europe/Berlin") is ZoneInfo("Europe/Berlin")


def test_a_zone_that_the_newer_database_lacks_is_read_from_the_other(
    monkeypatch: pytest.MonkeyPatch, other_release: None
) -> None:
    monkeypatch.setattr(zones, "_package_is_newer", lambda: True)
    monkeypatch.setattr("importlib.resources.files", lambda _: Path("/nowhere"))
    assert zones.tzinfo_of("Europe/Berlin") is ZoneInfo("Europe/Berlin")
