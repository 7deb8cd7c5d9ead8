"""What a newer release of a library changes of a calendar, told before it is taken."""

from __future__ import annotations

from datetime import date

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.known import KnownDates, ZoneData
from ticketroute.sla.refresh import CalendarChanges, ZoneChange, changes_of, refreshed
from ticketroute.sla.zones import HOUR, year_start

OFFICE = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}
NEW_YEAR = year_start(2026)


def known(*closed: str, worked: tuple[str, ...] = (), release: str = "1") -> KnownDates:
    return KnownDates(
        release=release,
        closed=map(date.fromisoformat, closed),
        worked=map(date.fromisoformat, worked),
    )


def office(dates: KnownDates, *, zone: ZoneData | None = None, name: str = "UTC") -> Calendar:
    public = PublicHolidays("DE", known=dates)
    return Calendar(zone=name, hours=OFFICE, holidays=[public], zone_data=zone)


def test_dates_that_came_and_went_are_told_from_the_instant_on() -> None:
    before = office(known("2025-05-01", "2026-05-01", "2026-06-04", worked=("2026-08-08",)))
    after = office(known("2026-05-01", "2026-06-05", release="2", worked=("2026-08-15",)))
    assert changes_of(before, after, since=NEW_YEAR) == CalendarChanges(
        added=(date(2026, 6, 5),),
        dropped=(date(2026, 6, 4),),
        worked_added=(date(2026, 8, 15),),
        worked_dropped=(date(2026, 8, 8),),
        releases=("1", "2"),
    )


def test_a_newer_release_that_says_the_same_changes_nothing() -> None:
    before, after = office(known("2026-05-01")), office(known("2026-05-01", release="2"))
    assert not changes_of(before, after, since=NEW_YEAR)
    assert changes_of(before, after, since=NEW_YEAR).releases == ("1", "2")
    past = office(known("2024-05-01", "2026-05-01", release="2"))
    assert not changes_of(before, past, since=NEW_YEAR)
    assert changes_of(before, past, since=0)


def test_a_zone_changes_from_the_first_instant_at_which_its_clocks_differ() -> None:
    march, november = NEW_YEAR + 1_700 * HOUR, NEW_YEAR + 7_300 * HOUR
    old = ZoneData(
        release="2025b", changes=[(0, -8 * HOUR), (march, -7 * HOUR), (november, -8 * HOUR)]
    )
    new = ZoneData(release="2026f", changes=[(0, -8 * HOUR), (march, -7 * HOUR)])
    dates = known("2026-05-01")
    before, after = (office(dates, zone=data, name="America/Vancouver") for data in (old, new))
    outer = [Calendar(hours=OFFICE, within=[each]) for each in (before, after)]
    told = ZoneChange(zone="America/Vancouver", before="2025b", after="2026f", since=november)
    assert changes_of(*outer, since=NEW_YEAR).zones == (told,)
    later = november + 9 * HOUR
    assert changes_of(before, after, since=later).zones == (evolve(told, since=later),)
    assert not changes_of(before, before, since=0)


def test_a_refreshed_calendar_says_what_the_installed_releases_say() -> None:
    old = evolve(office(known("2026-05-02", release="0.1"), name="Europe/Berlin"), name="desk")
    again = refreshed(old)
    assert again == old.unresolved().resolved()
    assert again.name == "desk"
    changes = changes_of(old, again, since=NEW_YEAR)
    assert date(2026, 5, 2) in changes.dropped
    assert date(2026, 5, 1) in changes.added
    assert not changes_of(again, refreshed(again), since=0)


dates = st.sets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=6)


@given(dates, dates)
def test_what_came_added_and_what_went_taken_away_gives_the_new_dates(
    some: set[date], others: set[date]
) -> None:
    before = office(KnownDates(release="1", closed=some))
    after = office(KnownDates(release="2", closed=others))
    changes = changes_of(before, after, since=0)
    assert (some | set(changes.added)) - set(changes.dropped) == others
    assert bool(changes) is (some != others)
