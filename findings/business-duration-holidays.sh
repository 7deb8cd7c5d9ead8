#!/usr/bin/env bash
# Finding: holidays that are given as text or as pandas' own instants are ignored in silence, and a
# "day" is 24 business hours.
#
# Package: business-duration 0.68, pandas 2.3.3.
# Input: Thursday 24 December 2026, 9:00, to Monday the 28th, 17:00, open 9 to 17; Friday is a holiday.
# Expected: 16 hours whatever type the holiday has (pandas takes all three in its own offsets), or
#   an error; in days 2, the days worked.
# Found: 16 with a datetime.date; 24, as without holidays, with "2026-12-25" and with
#   pandas.Timestamp("2026-12-25"). In unit "day" the sixteen hours are 0.67.
# What to do: hand over dates only; take hours and divide by the hours of your own working day.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "business-duration==0.68" "pandas==2.3.3" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import pandas
from business_duration import businessDuration


def between(holidays, unit="hour"):
    return businessDuration(
        startdate=pandas.Timestamp("2026-12-24 09:00"),
        enddate=pandas.Timestamp("2026-12-28 17:00"),
        starttime=datetime.time(9),
        endtime=datetime.time(17),
        holidaylist=holidays,
        unit=unit,
    )


as_date = between([datetime.date(2026, 12, 25)])
as_text = between(["2026-12-25"])
as_pandas = between([pandas.Timestamp("2026-12-25")])
days = between([datetime.date(2026, 12, 25)], unit="day")
print(f"business-duration 0.68: date {as_date} h, text {as_text} h, Timestamp {as_pandas} h")
print(f"in days: {days}")
if (as_date, as_text, as_pandas) != (16, 24, 24) or round(days, 2) != 0.67:
    sys.exit("changed: holidays or days count otherwise")
PYTHON
