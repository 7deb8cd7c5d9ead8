"""Drawn calendars and policies, and the plain hours that the reference desk uses."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ticketroute import Calendar, Dispatcher, Policy, Queue, Target
from ticketroute.errors import InvalidValueError
from ticketroute.model import QueueId
from ticketroute.sla import events as sla
from ticketroute.testing import History, World, calendars, escalations, histories, policies, targets
from ticketroute.testing.promised import (
    CALENDARS,
    CHANGES,
    agreements,
    change_instant,
    plain_calendars,
)
from ticketroute.testing.reference.calendar import DAY, Edition, Hours, PlainCalendar

Q0, Q1 = QueueId("q0"), QueueId("q1")
queues = st.sampled_from([Q0, Q1])
WEEK = 7 * DAY * 1_000
instants = st.integers(0, 3_000) | st.integers(0, WEEK)


def plain(calendar: Calendar) -> Hours:
    return Hours([Edition(0, calendar)])


@given(calendars(), instants, instants, st.integers(1, 3_000))
def test_plain_hours_agree_with_a_table(calendar: Calendar, at: int, span: int, short: int) -> None:
    hours, table = plain(calendar), calendar.timetable
    assert hours.is_open(at) is table.is_open(at)
    assert hours.elapsed(at, at + span) == table.elapsed(at, at + span)
    assert hours.add(at, short) == (
        table.add(at, short) if table.next_open(at) is not None else None
    )
    assert hours.next_open(at) == table.next_open(at)
    if table.is_open(at):
        assert hours.next_closed(at) == table.next_close(at)


@given(st.sampled_from(CHANGES).flatmap(lambda e: st.tuples(st.just(e), plain_calendars(*_at(e)))))
def test_plain_openings_of_a_day_agree_with_the_table(drawn: Any) -> None:
    (_, change), written = drawn
    try:
        calendar = Calendar.from_plain(written)
    except InvalidValueError:
        assume(False)  # never open
    slow = PlainCalendar(written)
    today = change_instant(change) // DAY
    for day in range(today - 2, today + 3):
        start, end = day * DAY * 1_000, (day + 1) * DAY * 1_000
        assert slow.windows_of(day) == list(calendar.timetable.windows(start, end))


def _at(change: tuple[str, str]) -> tuple[str, int]:
    return change[0], change_instant(change[1])


@pytest.mark.parametrize(
    ("shifts", "open_at"), [({"2024-03-01": [["09:00", "10:00"]]}, 1_709_283_600_000)]
)
def test_plain_hours_end_with_the_last_date_that_is_open(shifts: Any, open_at: int) -> None:
    hours = plain(Calendar(shifts=shifts))
    assert hours.next_open(0) == open_at
    assert hours.next_open(open_at + DAY * 1_000) is None
    assert hours.add(open_at, 3_600_001) is None


def test_plain_hours_change_with_their_editions() -> None:
    never_more = Calendar(hours={"fri": [("00:00", "01:00")]})
    hours = Hours(
        [Edition(0, Calendar(hours={"thu": [("00:00", "24:00")]})), Edition(5, never_more)]
    )
    assert [hours.is_open(at) for at in (4, 5)] == [True, False]
    assert (hours.elapsed(0, 9), hours.next_closed(0)) == (5, 5)
    assert hours.next_open(5) == DAY * 1_000


@given(agreements(queues=queues))
def test_drawn_policies_are_accepted_by_a_desk_with_their_calendars(
    several: tuple[Policy, ...],
) -> None:
    desk = Dispatcher()
    for queue_id in (Q0, Q1):
        desk.add_queue(Queue(id=queue_id), at=0)
    for calendar_id in CALENDARS:
        desk.set_calendar(calendar_id, Calendar(hours={"thu": [("00:00", "24:00")]}), at=0)
    desk.set_policies(several, at=0)
    assert desk.policies() == several


@given(targets(queues=queues), policies(queues=queues), escalations())
def test_drawn_targets_per_queue_move_no_ticket(target: Target, policy: Policy, level: Any) -> None:
    assert level.move_to is None
    for each in (target, *policy.targets.values()):
        assert not each.per_queue or all(step.move_to is None for step in each.escalations)


def test_histories_have_every_event_of_clocks_and_shifts() -> None:
    seen: Counter[type] = Counter()

    @settings(max_examples=250, derandomize=True, deadline=None)
    @given(histories(World(service_levels=True), max_size=60))
    def run(history: History) -> None:
        seen.update(type(event) for turn in history.run() for event in turn.events)

    run()
    kinds = [each for each in vars(sla).values() if isinstance(each, type)]
    wanted = {each for each in kinds if each.__module__ == sla.__name__} - {sla.ClockEvent}
    assert not wanted - seen.keys() - {sla.ClockRetargeted, sla.CalendarRemoved}


@given(histories())
def test_a_world_without_service_levels_has_no_clocks(history: History) -> None:
    told = [event for turn in history.run() for event in turn.events]
    assert not any(type(event).__module__ == sla.__name__ for event in told)
