"""Generators for service levels: calendars, targets, escalations and policies.

The small ones fit the histories of this kit, which begin on Thursday 1970-01-01 and move by
milliseconds. The others are in plain form, with openings around a real change of a zone's offset.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from ticketroute.model.events import Author
from ticketroute.model.ids import CalendarId, PolicyId, QueueId
from ticketroute.model.lifecycle import Status
from ticketroute.model.ticket import TicketPriority
from ticketroute.sla.calendar import Calendar
from ticketroute.sla.holiday import PublicHolidays
from ticketroute.sla.known import KnownDates
from ticketroute.sla.policy import (
    ChangeRule,
    Escalation,
    Metric,
    Policy,
    ReopenRule,
    Target,
)
from ticketroute.sla.zones import tzinfo_of
from ticketroute.testing.reference.calendar import DAYS, Plain

_BOTH = {Author.AGENT, Author.REQUESTER}
_OVER = ("resolved", "closed")
CALENDARS = tuple(CalendarId(name) for name in ("c0", "c1"))
POLICIES = tuple(PolicyId(name) for name in ("p0", "p1", "p2"))

calendar_ids = st.sampled_from(CALENDARS)
maybe_calendar_ids = st.sampled_from([None, None, *CALENDARS])

_WHOLE = {day: [("00:00", "24:00")] for day in DAYS}
_LONG = {day: [("00:00", "23:00")] for day in DAYS}
_SMALL = tuple(
    Calendar(name=name, hours=hours)
    for name, hours in {
        "open": _WHOLE,
        "open, but for a second": {
            "thu": [("00:00:00", "00:00:01"), ("00:00:02", "00:10:00")],
            "fri": [("00:00", "24:00")],
        },
        "open from the first second on": {"thu": [("00:00:01", "00:05:00")]},
        "closed until Friday": {"fri": [("00:00:00", "00:00:03")]},
    }.items()
)
# Dates of a release of holidays that does not exist: a refresh closes the first calendar on New
# Year 1970, and opens the other.
_STALE = tuple(
    Calendar(name=name, hours=_LONG, holidays=[PublicHolidays(country, known=known)])
    for name, country, known in [
        ("no New Year yet", "SE", KnownDates(release="0", closed=[])),
        ("New Year still", "IL", KnownDates(release="0", closed=[date(1970, 1, 1)])),
    ]
)


def calendars() -> st.SearchStrategy[Calendar]:
    """Generate calendars in UTC that open and close within seconds of 1970, or never close."""
    return st.sampled_from(_SMALL) | st.sampled_from(_SMALL) | st.sampled_from(_STALE)


def escalations(
    *, queues: st.SearchStrategy[QueueId | None] | None = None
) -> st.SearchStrategy[Escalation]:
    """Generate levels around a target; some move tickets to one of ``queues``."""
    return st.builds(
        Escalation,
        offset=st.sampled_from([-2, 0, 0, 2, 4]),
        notify=st.sampled_from(["", "zoe"]),
        priority=st.none() | st.sampled_from(TicketPriority),
        move_to=st.none() if queues is None else st.none() | queues,
        lower=st.sampled_from([{}, {"x": 1}]),
        drop=st.sampled_from([(), ("x",), ("x", "y")]),
        reassign=st.booleans(),
    )


_spans = st.sampled_from([2, 4, 8, 16, 16, 2_500])
_pauses = st.sampled_from([status for status in Status if status.value not in _OVER])


@st.composite
def targets(draw: st.DrawFn, *, queues: st.SearchStrategy[QueueId | None] | None = None) -> Target:
    """Generate targets of milliseconds, with warnings and levels.

    Targets with ``per_queue`` have no levels that move, or a ticket would move to and fro all day.
    """
    per_queue = draw(st.sampled_from([False, False, True]))
    levels = escalations(queues=None if per_queue else queues)
    return Target(
        within=draw(st.dictionaries(st.sampled_from(TicketPriority), _spans, min_size=1) | _spans),
        per_queue=per_queue,
        contacts=draw(st.sampled_from([{Author.AGENT}, {Author.REQUESTER}, _BOTH])),
        calendar=draw(maybe_calendar_ids),
        pauses=draw(st.none() | st.sets(_pauses, max_size=2)),
        warnings=draw(st.lists(st.sampled_from([1, 50, 75, 100]), max_size=2)),
        escalations=sorted(draw(st.lists(levels, max_size=2)), key=lambda level: level.offset),
        before_first_reply=draw(st.sampled_from([False, False, True])),
    )


def policies(
    ids: st.SearchStrategy[PolicyId] | None = None,
    *,
    queues: st.SearchStrategy[QueueId] | None = None,
    **facts: st.SearchStrategy[Any],
) -> st.SearchStrategy[Policy]:
    """Generate policies; ``facts`` replace the generators of single fields.

    Their targets name the calendars ``c0`` and ``c1``. ``queues`` are used in the conditions of
    policies and as the queues to which levels move tickets.
    """
    given: dict[str, st.SearchStrategy[Any]] = {
        "targets": st.dictionaries(
            st.sampled_from(Metric), targets(queues=queues), min_size=1, max_size=4
        ),
        "queues": st.just(()) if queues is None else st.just(()) | st.sets(queues, max_size=1),
        "channels": st.sampled_from([(), (), (), ("chat",)]),
        "calendar": maybe_calendar_ids,
        "changes": st.sampled_from(ChangeRule),
        "reopening": st.sampled_from(ReopenRule),
    }
    return st.builds(Policy, id=st.sampled_from(POLICIES) if ids is None else ids, **given | facts)


def agreements(
    *, queues: st.SearchStrategy[QueueId] | None = None
) -> st.SearchStrategy[tuple[Policy, ...]]:
    """Generate the policies of a desk, each with a different name."""
    several = st.lists(policies(queues=queues), max_size=3, unique_by=lambda policy: policy.id)
    return several.map(tuple)


def moving_within(policy: Policy, known: AbstractSet[QueueId]) -> Policy:
    """Return a policy whose levels move tickets only to known queues."""
    targets = {
        metric: evolve(
            target,
            escalations=[
                level if level.move_to in known else evolve(level, move_to=None)
                for level in target.escalations
            ],
        )
        for metric, target in policy.targets.items()
    }
    return evolve(policy, targets=targets)


#: Real changes of the offset: gaps, folds, half hours, two hours, quarters, and whole days.
CHANGES = [
    ("Australia/Lord_Howe", "2024-04-06T15:00:00"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00"),
    ("Asia/Tehran", "1977-10-20T19:30:00"),
    ("Asia/Tehran", "2022-03-21T20:30:00"),
    ("Asia/Tehran", "2022-09-21T19:30:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00"),
    ("America/Sao_Paulo", "2019-02-17T02:00:00"),
    ("Pacific/Apia", "2011-12-30T10:00:00"),
    ("Pacific/Apia", "2020-09-26T14:00:00"),
    ("Pacific/Apia", "2021-04-03T14:00:00"),
    ("Africa/Casablanca", "2024-03-10T02:00:00"),
    ("Africa/Casablanca", "2024-04-14T02:00:00"),
    ("Europe/Dublin", "2024-03-31T01:00:00"),
    ("Europe/Dublin", "2024-10-27T01:00:00"),
    ("America/Santiago", "2024-04-07T03:00:00"),
    ("America/Santiago", "2024-09-08T04:00:00"),
    ("America/New_York", "2024-03-10T07:00:00"),
    ("America/New_York", "2024-11-03T06:00:00"),
    ("Europe/Berlin", "2024-03-31T01:00:00"),
    ("Europe/Berlin", "2024-10-27T01:00:00"),
    ("America/St_Johns", "1988-04-03T03:31:00"),
    ("America/St_Johns", "1988-10-30T01:31:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30:00"),
    ("Africa/Cairo", "2024-10-31T21:00:00"),
    ("Asia/Gaza", "2024-10-25T23:00:00"),
    ("Pacific/Chatham", "2024-04-06T14:00:00"),
    ("Pacific/Chatham", "2024-09-28T14:00:00"),
    ("Antarctica/Troll", "2024-10-27T01:00:00"),
    ("America/Havana", "2024-11-03T05:00:00"),
    ("Asia/Pyongyang", "2015-08-14T15:00:00"),
    ("Asia/Pyongyang", "2018-05-04T15:00:00"),
    ("America/Caracas", "2007-12-09T07:00:00"),
    ("Asia/Amman", "2021-10-28T22:00:00"),
    ("Pacific/Kwajalein", "1993-08-21T12:00:00"),
    ("Asia/Kolkata", "2024-01-01T00:00:00"),  # no change, and the border of two years
    ("UTC", "2024-01-01T00:00:00"),
]


def change_instant(written: str) -> int:
    """Return the second of a change in the list above."""
    return int(datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp())


def _clock(second: int) -> str:
    second %= 86_400
    text = f"{second // 3_600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text


@st.composite
def windows(draw: st.DrawFn, near: int, tick: int, *, most: int = 4) -> list[list[str]]:
    """Draw openings of a day, many with an end near the ``near``-th second of the wall clock."""
    anywhere = st.integers(0, 86_400 // tick - 1).map(lambda each: each * tick)
    close = st.integers(-7_200 // tick, 7_200 // tick).map(lambda each: near + each * tick)
    bound = (anywhere | close).map(_clock)
    pairs = draw(st.lists(st.tuples(bound, bound), max_size=most))
    found = [[start, end] for start, end in pairs if start != end]
    if draw(st.integers(0, 9)) == 0:
        found.append(["00:00", "24:00"])
    return found


@st.composite
def plain_calendars(
    draw: st.DrawFn, zone: str, change: int, *, tick: int = 300, within: bool = True
) -> Plain:
    """Draw a calendar in plain form, with openings around the ``change``-th second."""
    wall = datetime.fromtimestamp(change, tzinfo_of(zone))
    near = (wall.hour * 3_600 + wall.minute * 60 + wall.second) // tick * tick
    day = windows(near, tick)
    dates = st.integers(-3, 3).map(lambda each: (wall.date() + timedelta(days=each)).isoformat())
    pattern = [
        [],
        *draw(st.tuples(day, day, day)),
    ]  # different openings for every day of the week would take long to draw
    kinds = draw(st.lists(st.sampled_from([1, 1, 1, 2, 3, 0]), min_size=7, max_size=7))
    plain: Plain = {
        "zone": zone,
        "hours": {each: pattern[kind] for each, kind in zip(DAYS, kinds, strict=True)},
        "holidays": draw(st.lists(dates | dates.map(lambda each: each[5:]), max_size=2)),
        "shifts": draw(st.dictionaries(dates, day, max_size=2)),
        "breaks": draw(st.dictionaries(dates, day, max_size=2)),
    }
    if within and draw(st.integers(0, 3)) == 0:
        inner = draw(st.sampled_from(["UTC", "Asia/Kolkata", zone]))
        plain["within"] = [draw(plain_calendars(inner, change, tick=tick, within=False))]
    return plain
