"""Each version of a calendar counts for its own stretch, and no time is lost between them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from walk import Walk

from ticketroute.errors import BeyondHorizonError, InvalidValueError
from ticketroute.model.instants import instant_of
from ticketroute.sla.calendar import ALWAYS, Calendar
from ticketroute.sla.versions import Edition, Versions
from ticketroute.sla.zones import HORIZON
from ticketroute.testing.promised import CHANGES, change_instant, plain_calendars
from ticketroute.testing.reference.calendar import PlainCalendar

HOUR, DAY = 3_600_000, 86_400_000
MORNING = Calendar(hours={"mon": [("08:00", "12:00")]}, name="morning")
LATE = Calendar(hours={"mon": [("10:00", "18:00")]}, name="late")
MONDAY = instant_of(datetime(2024, 5, 6, tzinfo=UTC))


@st.composite
def histories(draw: st.DrawFn) -> Any:
    """Draw versions of up to three editions around a change, and a walk over the same clock."""
    zone, written = draw(st.sampled_from(CHANGES))
    change = change_instant(written)
    tick = 60 if change % 300 else 300
    start, end = change - 2 * 86_400, change + 2 * 86_400
    plains = draw(
        st.lists(plain_calendars(zone, change, within=False, tick=tick), min_size=2, max_size=3)
    )
    near = st.integers(-8_000 // tick, 8_000 // tick)
    froms = sorted(draw(st.sets(near, min_size=len(plains) - 1, max_size=len(plains) - 1)))
    starts = [0, *(change + each * tick for each in froms)]
    try:
        parts = [Calendar.from_plain(each) for each in plains]
    except InvalidValueError:
        assume(False)
        raise
    versions = Versions.of(parts[0])
    for since, part in zip(starts[1:], parts[1:], strict=True):
        versions = versions.adopt(part, since * 1_000)
    looks = [PlainCalendar(each).is_open for each in plains]

    def is_open(second: int) -> bool:
        counting = [look for since, look in zip(starts, looks, strict=True) if since <= second]
        return counting[-1](second)

    walk = Walk(is_open, start, end, tick=tick)
    instant = st.integers(walk.start, walk.end - 1)
    return versions, walk, draw(instant), draw(instant)


@given(histories(), st.integers(0, 20 * HOUR))
def test_every_edition_counts_only_in_its_own_stretch(history: Any, span: int) -> None:
    versions, walk, at, other = history
    assert versions.is_open(at) == walk.is_open(at)
    assert versions.elapsed(at, other) == walk.elapsed(at, other)
    low, high = sorted((at, other))
    assert list(versions.windows(low, high)) == walk.windows(low, high)
    for ask in (versions.add, versions.subtract):
        answer = getattr(walk, ask.__name__)(at, span)
        if answer is not None:
            assert ask(at, span) == answer
    for follow in (versions.next_open, versions.next_close):
        answer = getattr(walk, follow.__name__)(at)
        if answer is not None:
            assert follow(at) == answer


def test_an_opening_ends_when_the_next_edition_takes_effect() -> None:
    versions = Versions.of(LATE).adopt(MORNING, MONDAY + 11 * HOUR)
    assert list(versions.windows(MONDAY, MONDAY + DAY)) == [
        (MONDAY + 10 * HOUR, MONDAY + 12 * HOUR)
    ]
    assert versions.add(MONDAY, 3 * HOUR) == MONDAY + 7 * DAY + 9 * HOUR


def test_a_single_version_uses_the_table_of_its_calendar() -> None:
    assert Versions.of(ALWAYS).timetable is ALWAYS.timetable
    assert Versions.of(ALWAYS).adopt(LATE, 0) == Versions.of(LATE)


def test_adopting_drops_editions_that_would_take_effect_then_or_later() -> None:
    versions = Versions.of(MORNING).adopt(LATE, 100).adopt(ALWAYS, 200)
    assert [each.effective_from for each in versions.editions] == [0, 100, 200]
    assert versions.adopt(MORNING, 100).editions == (Edition(0, MORNING), Edition(100, MORNING))
    assert versions.adopt(LATE, 0).editions == (Edition(0, LATE),)
    assert len(versions.editions) == 3


def test_adopting_changes_nothing_before_it_takes_effect() -> None:
    before, after = Versions.of(MORNING), Versions.of(MORNING).adopt(LATE, MONDAY)
    start = MONDAY - 21 * DAY
    assert after.elapsed(start, MONDAY) == before.elapsed(start, MONDAY)
    assert after.add(start, 8 * HOUR) == before.add(start, 8 * HOUR)
    assert after.subtract(MONDAY, 8 * HOUR) == before.subtract(MONDAY, 8 * HOUR)


def test_errors_beyond_the_horizon_use_the_newest_name() -> None:
    versions = Versions.of(MORNING).adopt(LATE, MONDAY)
    with pytest.raises(BeyondHorizonError, match="late"):
        versions.add(HORIZON - DAY, 30 * HOUR)


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (Edition(5, LATE),),
        (Edition(0, LATE), Edition(0, LATE)),
        (Edition(0, LATE), Edition(9, LATE), Edition(7, LATE)),
        [LATE],
        "",
        5,
    ],
)
def test_editions_out_of_order_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"Versions\.editions"):
        Versions(wrong)


@pytest.mark.parametrize("wrong", [-1, 0.5, None, True])
def test_an_edition_needs_a_valid_instant(wrong: Any) -> None:
    with pytest.raises(InvalidValueError):
        Versions.of(LATE).adopt(LATE, wrong)
    with pytest.raises(InvalidValueError):
        Edition(wrong, LATE)
