#!/usr/bin/env bash
# Finding: asked who is on call at two in the morning, a reader of calendars finds a single shift, and
# not the same shift if it repeats.
#
# Packages: icalevents 0.3.1, beside recurring-ical-events 3.8.0 on the same calendar.
# Input: a shift of 22:00 to 06:00 in Berlin, once, and daily for a week; the hour from 02:00 to 03:00
#   in the first night.
# Expected: both calendars have somebody on call, since each event is listed that overlaps the span.
# Found: the single event is listed. Of the repeated one nothing is: an occurrence counts only if it
#   begins inside the span. recurring-ical-events lists it.
# What to do: ask from a shift's length before the instant, and pick what is still running.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "icalevents==0.3.1" "recurring-ical-events==3.8.0" "icalendar==6.3.2" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import icalendar
import recurring_ical_events
from icalevents.icalparser import parse_events

SHIFT = "\n".join((
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//desk//shifts//EN",
    "BEGIN:VEVENT",
    "UID:1",
    "DTSTART;TZID=Europe/Berlin:20260323T220000",
    "DTEND;TZID=Europe/Berlin:20260324T060000",
    "SUMMARY:ana",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
))
DAILY = SHIFT.replace("SUMMARY", "RRULE:FREQ=DAILY;COUNT=7\nSUMMARY")
start = datetime.datetime(2026, 3, 24, 1, tzinfo=datetime.timezone.utc)  # 02:00 in Berlin
end = start + datetime.timedelta(hours=1)
once = [event.summary for event in parse_events(SHIFT, start=start, end=end)]
daily = [event.summary for event in parse_events(DAILY, start=start, end=end)]
calendar = icalendar.Calendar.from_ical(DAILY)
other = [str(event["SUMMARY"]) for event in recurring_ical_events.of(calendar).between(start, end)]
print(f"icalevents 0.3.1: once {once}, daily {daily}; recurring-ical-events 3.8.0: daily {other}")
if (once, daily, other) != (["ana"], [], ["ana"]):
    sys.exit("changed: a running shift is found otherwise")
PYTHON
