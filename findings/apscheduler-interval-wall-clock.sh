#!/usr/bin/env bash
# Finding: an interval of an hour is nothing in spring and two hours in autumn.
#
# Package: APScheduler 4.0.0a6.
# Input: IntervalTrigger(hours=1) and (hours=24) with a start in Europe/Berlin, over the nights in
#   which the clocks change.
# Expected: the number of hours to wait, as its docstring says: 1.0 each time, and 24.0.
# Found: the span is added to the wall clock. In spring 02:30+01:00, which no clock shows, and
#   03:30+02:00 are one instant, so that the job fires twice at once; in autumn two hours pass
#   between two runs, and "24 hours" are 23 in spring.
# What to do: give start_time in UTC.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apscheduler==4.0.0a6" "tzdata==2025.3" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.interval import IntervalTrigger

berlin = ZoneInfo("Europe/Berlin")


def spans(start: datetime, hours: int, count: int) -> list[float]:
    trigger = IntervalTrigger(hours=hours, start_time=start)
    times = [trigger.next() for _ in range(count)]
    print("  ", *times)
    return [(b.timestamp() - a.timestamp()) / 3600 for a, b in zip(times, times[1:])]


spring = spans(datetime(2026, 3, 29, 0, 30, tzinfo=berlin), 1, 5)
autumn = spans(datetime(2026, 10, 25, 0, 30, tzinfo=berlin), 1, 5)
daily = spans(datetime(2026, 3, 28, 9, tzinfo=berlin), 24, 2)
utc = spans(datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 1, 5)
print(f"APScheduler 4.0.0a6, hours between runs: spring {spring}, autumn {autumn}, 24 h {daily}, UTC {utc}")
if (spring, autumn, daily, utc) != ([1, 1, 0, 1], [1, 1, 2, 1], [23], [1, 1, 1, 1]):
    sys.exit("changed: intervals are other spans now")
PYTHON
