"""What a calendar takes from other packages: settled by its event, taken anew by a command."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from ticketroute import Calendar, Dispatcher, Metric, Presence, PublicHolidays, hours, instant_of
from ticketroute.errors import InvalidValueError
from ticketroute.model import AgentId, CalendarId, QueueId, TicketId
from ticketroute.sla import events as sla
from ticketroute.sla import holiday, known, refresh
from ticketroute.sla.known import KnownDates, ZoneData
from ticketroute.sla.refresh import CalendarChanges, MovedDue, ZoneChange

if TYPE_CHECKING:
    from tests.stories.conftest import Desk

OFFICE, MAIL, ANA, T1 = CalendarId("office"), QueueId("mail"), AgentId("ana"), TicketId("t1")
WEEK = {day: [("09:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


def instant(written: str) -> int:
    return instant_of(datetime.fromisoformat(written))


THURSDAY = instant("2026-06-04T15:00:00+02:00")


def dates(*closed: str, release: str = "1") -> KnownDates:
    return KnownDates(release=release, closed=map(date.fromisoformat, closed))


def sweden(found: KnownDates | None = None) -> Calendar:
    return Calendar(
        zone="Europe/Stockholm", hours=WEEK, holidays=[PublicHolidays("SE", known=found)]
    )


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that installs another release of ``holidays``, with these dates."""

    def install(found: KnownDates) -> None:
        monkeypatch.setattr(holiday, "_known_now", lambda _: found)

    return install


def _promised(desk: Desk, calendar: Calendar, *, at: int = THURSDAY) -> None:
    """Submit a ticket that is to be resolved within four open hours."""
    desk.set_calendar(OFFICE, calendar, at=0)
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=hours(4), calendar=OFFICE)
    desk.ask("t1", "mail", at=at)


def _due(desk: Dispatcher) -> int | None:
    return desk.clock(T1, Metric.RESOLUTION).due


# --- settled by the event -------------------------------------------------------------------------


def test_the_event_of_a_calendar_has_its_dates_and_changes_with_their_releases(desk: Desk) -> None:
    (event,) = desk.set_calendar(OFFICE, sweden(), at=1_000)[-1:]
    assert isinstance(event, sla.CalendarSet)
    (public,) = event.calendar.holidays
    assert isinstance(public, PublicHolidays)
    assert public.known is not None
    assert public.known.release == holiday._known_now(PublicHolidays("SE")).release
    assert date(2026, 6, 6) in public.known.closed
    assert event.calendar.zone_data == known.zone_data_of("Europe/Stockholm")
    assert event.calendar.unresolved() == sweden()


def test_a_replay_under_other_releases_gives_an_equal_desk(
    desk: Desk, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.set_calendar(OFFICE, sweden(), at=0)
    desk.staff("ana")
    desk.open_queue("mail", "ana")
    desk.promise(resolution=hours(400), calendar=OFFICE)
    desk.ask("t1", "mail", at=THURSDAY)
    events = desk.history
    say(dates("2026-06-08", "2026-06-09", release="0.1"))
    monkeypatch.setattr(known, "zone_data_of", None)
    monkeypatch.setattr("ticketroute.sla.calendar.stretches", None)
    again = Dispatcher.replay(events)
    assert again.same_state(desk)
    assert (_due(again), again.next_deadline()) == (_due(desk), desk.next_deadline())
    assert again.advance(at=THURSDAY + hours(9_000)) == desk.advance(at=THURSDAY + hours(9_000))


def test_the_same_calendar_set_again_is_no_event_whatever_is_installed_meanwhile(
    desk: Desk, say: Any
) -> None:
    _promised(desk, sweden())
    due = _due(desk)
    say(dates("2026-06-05", release="9"))
    assert desk.set_calendar(OFFICE, sweden(), at=THURSDAY) == ()
    assert _due(desk) == due
    other = evolve(sweden(), name="other")
    assert [type(event) for event in desk.set_calendar(OFFICE, other, at=THURSDAY)] == [
        sla.CalendarSet,
        sla.DuesMoved,
    ]


def test_dates_given_by_the_host_are_set_as_they_are(desk: Desk) -> None:
    given = sweden(dates("2026-06-05", release="of our own"))
    desk.set_calendar(OFFICE, sweden(), at=0)
    (event,) = desk.set_calendar(OFFICE, given, at=1)
    assert isinstance(event, sla.CalendarSet)
    assert event.calendar == given
    assert desk.set_calendar(OFFICE, given, at=2) == ()


def test_a_clock_that_runs_beyond_the_years_a_country_is_sure_of_warns_nobody(desk: Desk) -> None:
    india = Calendar(zone="Asia/Kolkata", hours=WEEK, holidays=[PublicHolidays("IN")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        desk.open_queue("q")
        desk.set_calendar(OFFICE, india, at=0)
        desk.promise(resolution=hours(20_800), calendar=OFFICE)
        desk.ask("t1", "q", at=1_796_000_000_000)
    assert desk.waiting(QueueId("q")) == (T1,)
    assert _due(desk) is not None


def test_a_country_that_cannot_be_asked_refuses_the_command_and_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_over(_: object) -> Any:
        raise OSError("no such file")

    before = desk.snapshot()
    monkeypatch.setattr(holiday, "_known_now", fall_over)
    with pytest.raises(OSError, match="no such file"):
        desk.set_calendar(OFFICE, sweden(), at=0)
    assert desk.snapshot() == before


# --- taken anew -----------------------------------------------------------------------------------


def test_a_refresh_says_which_dates_change_and_which_dues_move(desk: Desk, say: Any) -> None:
    _promised(desk, sweden(dates("2026-05-01", "2026-06-05")))
    friday, monday = (instant(f"2026-06-{day}T11:00:00+02:00") for day in ("05", "08"))
    assert _due(desk) == monday
    say(dates("2026-06-06", release="2"))
    told = desk.refresh_calendars(at=THURSDAY, by="eve")
    calendar, moved = told
    assert isinstance(calendar, sla.CalendarSet)
    assert calendar.changes == CalendarChanges(
        added=(date(2026, 6, 6),), dropped=(date(2026, 6, 5),), releases=("1", "2")
    )
    assert (calendar.effective_from, calendar.by) == (THURSDAY, "eve")
    due = MovedDue(ticket_id=T1, metric=Metric.RESOLUTION, cycle=1, before=monday, after=friday)
    assert moved == sla.DuesMoved(at=THURSDAY, by="eve", calendar_id=OFFICE, moved=(due,))
    assert _due(desk) == friday
    assert desk.refresh_calendars(at=THURSDAY) == ()


def test_a_calendar_that_is_written_anew_says_what_a_newer_release_changes_in_it(
    desk: Desk, say: Any
) -> None:
    _promised(desk, sweden(dates("2026-05-01", "2026-06-05")))
    friday, monday = (instant(f"2026-06-{day}T10:00:00+02:00") for day in ("05", "08"))
    assert _due(desk) == monday + hours(1)
    longer = evolve(
        sweden(dates("2026-06-06", release="2")), hours=WEEK | {"thu": [("09:00", "18:00")]}
    )
    told = desk.set_calendar(OFFICE, longer, at=THURSDAY)
    calendar, moved = told
    assert isinstance(calendar, sla.CalendarSet)
    assert calendar.changes == CalendarChanges(
        added=(date(2026, 6, 6),), dropped=(date(2026, 6, 5),), releases=("1", "2")
    )
    assert isinstance(moved, sla.DuesMoved)
    assert [(each.before, each.after) for each in moved.moved] == [(monday + hours(1), friday)]


def test_a_calendar_that_is_written_anew_tells_of_no_dues_while_no_release_differs(
    desk: Desk,
) -> None:
    _promised(desk, sweden(dates("2026-06-05")))
    told = desk.set_calendar(OFFICE, sweden(dates("2026-06-05")), at=THURSDAY)
    assert told == ()
    longer = evolve(sweden(dates("2026-06-05")), hours=WEEK | {"thu": [("09:00", "18:00")]})
    (event,) = desk.set_calendar(OFFICE, longer, at=THURSDAY)
    assert isinstance(event, sla.CalendarSet)
    assert event.changes is None


def test_newer_zone_data_in_a_calendar_that_is_written_anew_moves_dues_and_says_so(
    desk: Desk,
) -> None:
    before = Calendar(zone="Europe/Stockholm", hours=WEEK).resolved()
    assert before.zone_data is not None
    friday = instant("2026-06-05T00:00:00+02:00")
    kept = [each for each in before.zone_data.changes if each[0] < friday]
    off = evolve(before.zone_data, release="9999z", changes=[*kept, (friday, hours(3))])
    _promised(desk, before)
    due = _due(desk)
    assert due is not None
    newer = evolve(before, zone_data=off, hours=WEEK | {"sat": [("09:00", "10:00")]})
    told = desk.set_calendar(OFFICE, newer, at=THURSDAY)
    calendar, moved = told
    assert isinstance(calendar, sla.CalendarSet)
    assert calendar.changes is not None
    assert [(zone.zone, zone.after) for zone in calendar.changes.zones] == [
        ("Europe/Stockholm", "9999z")
    ]
    assert isinstance(moved, sla.DuesMoved)
    assert [(each.before, each.after) for each in moved.moved] == [(due, due - hours(1))]


def test_a_refresh_counts_from_its_instant_on_and_leaves_what_was_counted(
    desk: Desk, say: Any
) -> None:
    _promised(desk, sweden(dates("2026-06-05")))
    say(dates("2026-06-09", release="2"))
    tuesday = instant("2026-06-09T00:00:00+02:00")
    (event,) = desk.refresh_calendars(effective_from=tuesday, at=THURSDAY)
    assert isinstance(event, sla.CalendarSet)
    assert event.changes is not None
    assert (event.changes.added, event.changes.dropped) == ((date(2026, 6, 9),), ())
    assert _due(desk) == instant("2026-06-08T11:00:00+02:00")


def test_an_edition_of_the_future_is_refreshed_from_its_own_instant_on(
    desk: Desk, say: Any
) -> None:
    autumn = instant("2026-09-01T00:00:00+02:00")
    desk.set_calendar(OFFICE, sweden(dates("2026-06-05", "2026-09-09")), at=0)
    later = evolve(sweden(dates("2026-06-05", "2026-09-09")), name="later")
    desk.set_calendar(OFFICE, later, effective_from=autumn, at=THURSDAY)
    say(dates("2026-06-05", release="2"))
    told: Iterable[Any] = desk.refresh_calendars(at=THURSDAY)
    assert [(event.effective_from, event.calendar.name) for event in told] == [
        (THURSDAY, ""),
        (autumn, "later"),
    ]
    assert [each.effective_from for each in desk.calendar(OFFICE).editions] == [0, THURSDAY, autumn]


def test_newer_zone_data_is_taken_by_the_same_command(desk: Desk) -> None:
    data = known.zone_data_of("Europe/Stockholm")
    evening = THURSDAY + hours(5)
    standard = ZoneData(release="2025b", changes=[(0, hours(1))])
    _promised(desk, evolve(sweden(dates("2026-06-06")), zone_data=standard), at=evening)
    before = _due(desk)
    told: Iterable[Any] = desk.refresh_calendars(at=evening)
    (calendar, moved) = told
    change = ZoneChange(zone="Europe/Stockholm", before="2025b", after=data.release, since=evening)
    assert calendar.changes.zones == (change,)
    assert [each.before - each.after for each in moved.moved] == [hours(1)]
    assert before is not None
    assert _due(desk) == before - hours(1)


def test_a_shift_follows_a_refresh_at_once(desk: Desk, say: Any) -> None:
    friday = instant("2026-06-05T10:00:00+02:00")
    desk.set_calendar(OFFICE, sweden(dates("2026-06-06")), at=friday)
    desk.staff("ana", shift=OFFICE)
    desk.open_queue("mail", "ana")
    assert desk.agent(ANA).presence is Presence.AVAILABLE
    say(dates("2026-06-05", release="2"))
    desk.refresh_calendars(at=friday)
    desk.ask("t1", "mail", at=friday)
    assert desk.who("t1") is None
    assert "off_shift" in str(desk.explain(T1))


def test_a_country_that_is_not_known_any_more_refuses_the_refresh_and_changes_nothing(
    desk: Desk,
) -> None:
    old = PublicHolidays("IN", subdivision="OR", known=dates("2026-04-01"))
    desk.set_calendar(OFFICE, Calendar(hours=WEEK, holidays=[old]), at=0)
    before = desk.snapshot()
    with pytest.raises(InvalidValueError, match="instead of this one: 'OD'"):
        desk.refresh_calendars(at=0)
    assert desk.snapshot() == before
    assert refresh.same_as_written(desk.calendar(OFFICE).editions[0].calendar, sweden()) is False
