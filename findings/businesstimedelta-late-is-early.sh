#!/usr/bin/env bash
# Finding: the business time from a deadline back to now is as positive as the time to it.
#
# Packages: businesstimedelta 1.0.1, beside businesstime 0.3.0 and business-duration 0.68 (pandas
#   2.3.3), on Monday to Friday, 9 to 17.
# Input: a due instant of Monday 10:00 and a present of Tuesday 12:00 (ten hours late).
# Expected: from the present to the due instant it is minus ten hours.
# Found: businesstimedelta says 10 hours, the same as the other way round, so that a ticket that is
#   ten hours late looks as if it had ten hours left. businesstime says minus one day and two hours,
#   counting a day for eight hours, and business-duration nan.
# What to do: compare the instants first; take the business time between the earlier and the later.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "businesstimedelta==1.0.1" "businesstime==0.3.0" "business-duration==0.68" "pandas==2.3.3" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import businesstime
import businesstimedelta
import pandas
from business_duration import businessDuration

OPEN, CLOSE = datetime.time(9), datetime.time(17)
due, now = datetime.datetime(2026, 3, 2, 10), datetime.datetime(2026, 3, 3, 12)
day = businesstimedelta.WorkDayRule(start_time=OPEN, end_time=CLOSE, working_days=[0, 1, 2, 3, 4])
rules = businesstimedelta.Rules([day])
ahead, left = rules.difference(due, now), rules.difference(now, due)
other = businesstime.BusinessTime(business_hours=(OPEN, CLOSE)).businesstimedelta(now, due)
third = businessDuration(
    startdate=pandas.Timestamp(now),
    enddate=pandas.Timestamp(due),
    starttime=OPEN,
    endtime=CLOSE,
    unit="hour",
)
print(f"businesstimedelta 1.0.1: due to now {ahead.hours} h, now to due {left.hours} h")
print(f"businesstime 0.3.0: now to due {other!r}; business-duration 0.68: {third}")
if (ahead.hours, left.hours) != (10, 10):
    sys.exit("changed: businesstimedelta tells late from early")
if third == third or other >= datetime.timedelta(0):
    sys.exit("changed: one of the others answers otherwise")
PYTHON
