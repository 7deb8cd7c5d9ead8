"""What a newer release of ``holidays`` or of the tz database changes in a calendar."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeAlias

from attrs import field, fields, frozen

from ticketroute.model.ids import TicketId
from ticketroute.model.instants import Instant
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.known import ZoneData
from ticketroute.sla.policy import Metric
from ticketroute.sla.versions import Versions
from ticketroute.sla.zones import DAY, EPOCH_DAY


@frozen(kw_only=True)
class ZoneChange:
    """From ``since`` on, the clocks of a zone show another time than in the release before."""

    zone: str
    before: str
    after: str
    since: Instant


@frozen(kw_only=True)
class CalendarChanges:
    """What newer releases change in a calendar and in the calendars within it.

    ``added`` are dates that were not holidays before, ``dropped`` are dates that no longer are;
    ``worked_added`` and ``worked_dropped`` are the same for worked weekend days. ``zones`` are
    the zones whose clocks change. ``releases`` are those of ``holidays``, before and after.
    """

    added: tuple[date, ...] = ()
    dropped: tuple[date, ...] = ()
    worked_added: tuple[date, ...] = ()
    worked_dropped: tuple[date, ...] = ()
    zones: tuple[ZoneChange, ...] = ()
    releases: tuple[str, str] | None = None

    def __bool__(self) -> bool:
        """Whether anything changes."""
        dates = (self.added, self.dropped, self.worked_added, self.worked_dropped)
        return any(dates) or bool(self.zones)


@frozen(kw_only=True)
class MovedDue:
    """An open clock that is due at another instant; None means beyond the end of the calendar."""

    ticket_id: TicketId
    metric: Metric
    cycle: int
    before: Instant | None = field()
    after: Instant | None = field()


Dues: TypeAlias = Mapping[tuple[TicketId, Metric, int], Instant | None]  # of running clocks


def moved_dues(before: Dues, after: Dues) -> tuple[MovedDue, ...]:
    """Return the clocks whose due instant differs, by ticket, metric and cycle."""
    return tuple(
        MovedDue(ticket_id=name[0], metric=name[1], cycle=name[2], before=due, after=after[name])
        for name, due in before.items()
        if after[name] != due
    )


def refreshed(calendar: Calendar) -> Calendar:
    """Return the calendar with the facts of the installed releases.

    Raises:
        InvalidValueError: if the installed ``holidays`` does not know a country any more, or a
            subdivision; the message names the successor.
    """
    return calendar.unresolved().resolved()


def same_as_written(known: Calendar, calendar: Calendar) -> bool:
    """Return whether a calendar is the one that is known already.

    A calendar without facts is the known one if its author wrote the same. Other facts of a newer
    release make no difference here; refresh_calendars takes them. O(dates).
    """
    if known == calendar:
        return True
    bare = _bare(calendar.plain())
    return bare == calendar.plain() and bare == _bare(known.plain())


def editions_to_set(
    versions: Versions, *, since: Instant
) -> list[tuple[Instant, Calendar, CalendarChanges]]:
    """Return the editions to set, with their changes, to use newer releases from an instant on.

    These are the edition in force at ``since`` and all later ones, if any of them differs, because
    setting an edition drops the later ones. Empty if nothing differs.
    """
    found = []
    for edition in versions.editions[_counting(versions, since) :]:
        start = max(since, edition.effective_from)
        calendar = refreshed(edition.calendar)
        found.append((start, calendar, changes_of(edition.calendar, calendar, since=start)))
    return found if any(changes for _, _, changes in found) else []


def calendar_at(versions: Versions, at: Instant) -> Calendar:
    """Return the calendar in force at an instant; before the first, the first. O(log editions)."""
    return versions.editions[_counting(versions, at)].calendar


def _counting(versions: Versions, at: Instant) -> int:
    starts = [each.effective_from for each in versions.editions]
    return max(0, bisect_right(starts, at) - 1)


def _bare(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a calendar in plain form without the facts that resolved() adds."""
    bare = {key: value for key, value in plain.items() if key != "zone_data"}
    if "holidays" in bare:
        bare["holidays"] = [
            {key: value for key, value in each.items() if key != "known"}
            if isinstance(each, Mapping)
            else each
            for each in bare["holidays"]
        ]
    if "within" in bare:
        bare["within"] = [_bare(each) for each in bare["within"]]
    return bare


def changes_of(before: Calendar, after: Calendar, *, since: Instant) -> CalendarChanges:
    """Return how a calendar differs from its refreshed form, from an instant on.

    Earlier differences are left out, because they have no effect. O(dates + changes of the zone).
    """
    pairs = list(_pairs(before, after))
    countries = [
        pair for old, new in pairs for pair in zip(_public(old), _public(new), strict=True)
    ]
    return _changes(countries, pairs, since)


def newer_facts(before: Calendar, after: Calendar, *, since: Instant) -> CalendarChanges | None:
    """Return what newer releases change from an instant on in a calendar that is written anew.

    Only the countries and zones that are in both are compared, each as it is first named. None if
    nothing changes. O(dates + changes of the zones).
    """
    countries = [
        (old, new)
        for new in _all_public(after)
        for old in [each for each in _all_public(before) if _named(each) == _named(new)][:1]
    ]
    zones = [
        (old, new)
        for new in _nested(after)
        for old in [each for each in _nested(before) if each.zone == new.zone][:1]
    ]
    return _changes(countries, zones, since) or None


def _changes(
    countries: Iterable[tuple[PublicHolidays, PublicHolidays]],
    zoned: Iterable[tuple[Calendar, Calendar]],
    since: Instant,
) -> CalendarChanges:
    first = date.fromordinal(EPOCH_DAY + since // DAY - 1)  # the date before, in zones behind UTC
    added: set[date] = set()
    dropped: set[date] = set()
    worked_added: set[date] = set()
    worked_dropped: set[date] = set()
    zones: dict[str, ZoneChange] = {}
    releases = None
    for was, now in countries:
        (old_dates, new_dates) = (was.dates, now.dates)
        if old_dates.release != new_dates.release:
            releases = (old_dates.release, new_dates.release)
        added.update(set(new_dates.closed).difference(old_dates.closed))
        dropped.update(set(old_dates.closed).difference(new_dates.closed))
        worked_added.update(set(new_dates.worked).difference(old_dates.worked))
        worked_dropped.update(set(old_dates.worked).difference(new_dates.worked))
    for old, new in zoned:
        if old.zone_data is not None and new.zone_data is not None:
            differs = _first_difference(old.zone_data, new.zone_data, since)
            if differs is not None:
                zones[old.zone] = ZoneChange(
                    zone=old.zone,
                    before=old.zone_data.release,
                    after=new.zone_data.release,
                    since=differs,
                )
    return CalendarChanges(
        added=_from(added, first),
        dropped=_from(dropped, first),
        worked_added=_from(worked_added, first),
        worked_dropped=_from(worked_dropped, first),
        zones=tuple(zones[zone] for zone in sorted(zones)),
        releases=releases,
    )


def _pairs(before: Calendar, after: Calendar) -> Iterator[tuple[Calendar, Calendar]]:
    yield before, after
    for old, new in zip(before.within, after.within, strict=True):
        yield from _pairs(old, new)


def _public(calendar: Calendar) -> list[PublicHolidays]:
    return [each for each in calendar.holidays if isinstance(each, PublicHolidays)]


def _nested(calendar: Calendar) -> Iterator[Calendar]:
    yield calendar
    for each in calendar.within:
        yield from _nested(each)


def _all_public(calendar: Calendar) -> list[PublicHolidays]:
    return [each for part in _nested(calendar) for each in _public(part)]


def _named(public: PublicHolidays) -> list[Any]:
    """Return what its author wrote of a country, without the dates."""
    names = [each.name for each in fields(PublicHolidays) if each.name != "known"]
    return [getattr(public, name) for name in names]


def _from(dates: set[date], first: date) -> tuple[date, ...]:
    return tuple(sorted(each for each in dates if each >= first))


def _first_difference(old: ZoneData, new: ZoneData, since: Instant) -> Instant | None:
    """Return the first instant from ``since`` on at which the offsets differ."""
    instants = {at for data in (old, new) for at, _ in data.changes if at > since} | {since}
    for at in sorted(instants):
        if old.offset_at(at) != new.offset_at(at):
            return at
    return None
