"""Fuzzes calendars: bytes become one, which answers as the wall clock does and obeys time's laws.

What the generators of the kit never say comes in besides: windows of any texts, dates that are
none, other types. It is read, or refused with an error that says why.
"""

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["ticketroute.sla"]):
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    from ticketroute.errors import BeyondHorizonError, InvalidValueError
    from ticketroute.sla.calendar import Calendar
    from ticketroute.sla.windows import Timetable
    from ticketroute.testing.promised import CHANGES, change_instant, plain_calendars
    from ticketroute.testing.reference.calendar import (
        DAY,
        DAYS,
        Edition,
        Hours,
        PlainCalendar,
        read,
    )

MILLISECONDS = DAY * 1_000  # of a day
HOUR = 3_600_000
WALK = 8 * MILLISECONDS  # how far the reference is sent

spans = st.integers(0, 60 * HOUR)
words = st.sampled_from(
    ["00:00", "24:00", "23:59:59", "9:5", "25:00", "12-25", "02-29", "2024-02-30", "DE", "BY", ""]
)
bits = words | st.text(max_size=9) | st.integers() | st.booleans() | st.none() | st.floats()
anything = st.recursive(
    bits,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(), inner),
    max_leaves=5,
)
fields = st.sampled_from(["zone", "hours", "holidays", "shifts", "breaks", "within", "name", "?"])
inner_keys = st.sampled_from([*DAYS, "2024-03-31", "2024-10-27", "country", "subdivision"])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[dict[str, Any], int]:
    """Draw a calendar in plain form, perhaps spoilt, and the instant of a change of its zone."""
    zone, written = draw(st.sampled_from(CHANGES))
    change = change_instant(written)
    plain: dict[str, Any] = draw(plain_calendars(zone, change, tick=60))
    if draw(st.booleans()):
        field, spoilt = draw(fields), draw(anything)
        inside = plain.get(field)
        if isinstance(inside, dict) and draw(st.booleans()):
            plain[field] = {**inside, draw(inner_keys): spoilt}
        else:
            plain[field] = spoilt
    return plain, change * 1_000


@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(scenes(), st.integers(-3 * MILLISECONDS, 3 * MILLISECONDS), spans, spans)
def calendars(scene: tuple[dict[str, Any], int], offset: int, span: int, more: int) -> None:
    """Ask a calendar; what its reference or a law denies is a finding."""
    plain, change = scene
    try:
        calendar = Calendar.from_plain(plain)
    except InvalidValueError:
        return
    assert Calendar.from_plain(calendar.plain()) == calendar
    calendar.check()
    table, at = calendar.timetable, change + offset
    try:
        compare(table, read(calendar), Hours([Edition(0, calendar)]), at, span)
        laws(table, at, span, more)
    except BeyondHorizonError:
        return
    except AssertionError as finding:
        asked = f"at={at}, span={span}, more={more}"
        raise AssertionError(f"Calendar.from_plain({plain}), {asked}") from finding


def compare(table: Timetable, plain: PlainCalendar, hours: Hours, at: int, span: int) -> None:
    """Hold the table against whoever looks at the wall clock."""
    assert table.is_open(at) == plain.is_open(at // 1_000)
    if not (opens_soon(table, at) and opens_soon(table, at + span)):
        return
    assert table.next_open(at) == hours.next_open(at)
    assert table.elapsed(at, at + span) == hours.elapsed(at, at + span)
    for length in {1, span, table.elapsed(at, at + span)} - {0}:
        due = table.add(at, length)
        if due - at < WALK and opens_soon(table, due):
            expected = hours.add(at, length)
            assert due == expected, f"{length} ms from {at} are due at {expected}, not {due}"


def opens_soon(table: Timetable, at: int) -> bool:
    """Return whether the reference, which walks day by day, gets to the next opening in time."""
    opens = table.next_open(at)
    return opens is not None and opens - at < WALK


def laws(table: Timetable, at: int, span: int, more: int) -> None:
    """Later starts and longer spans are never due earlier; elapsed takes back what add gave."""
    due, since = table.add(at, span), table.subtract(at, span)
    assert table.elapsed(at, due) == span == table.elapsed(since, at)
    if span:
        assert table.elapsed(at, due - 1) == span - 1 == table.elapsed(since + 1, at)
    if span and more:
        assert table.add(due, more) == table.add(at, span + more)
        assert table.subtract(since, more) == table.subtract(at, span + more)
    assert due <= table.add(at + more, span)
    assert since <= table.subtract(at + more, span)
    assert table.elapsed(at, at + more) == -table.elapsed(at + more, at) <= more
    assert table.is_open(at) == (table.next_open(at) == at) == (table.elapsed(at, at + 1) == 1)


def corpus() -> str:
    """Return a folder of random bytes, long enough for a whole calendar: short ones draw none."""
    folder, drawn = Path(tempfile.mkdtemp()), Random(0)
    for number in range(64):
        (folder / f"{number}").write_bytes(drawn.randbytes(4_096))
    return str(folder)


if __name__ == "__main__":
    options = [sys.argv[0], "-len_control=0", "-max_len=4096", *sys.argv[1:], corpus()]
    atheris.Setup(options, calendars.hypothesis.fuzz_one_input)
    atheris.Fuzz()
