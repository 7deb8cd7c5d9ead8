#!/usr/bin/env bash
# Finding: handed to a calendar of another library, a country's holidays can be none at all.
#
# Packages: holidays 0.109, pandas 2.3.3, bizdays 1.0.19, businesstimedelta 1.0.1.
# Input: Germany's holidays without `years`, as in the README of holidays, given to four calendars;
#   24 December 2026, 16:00, and two business hours.
# Expected: the same answer from all: 25 December is a holiday.
# Found: pandas' CustomBusinessHour and bizdays see no holiday and say nothing, because they copy the
#   entries when they are made, and there are none until a year has been asked for.
#   businesstimedelta asks day by day, and is right.
# What to do: name the years, those of the last due date included, or turn them into a list first.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "holidays==0.109" "pandas==2.3.3" "bizdays==1.0.19" "businesstimedelta==1.0.1" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import bizdays
import businesstimedelta
import holidays
import pandas

START = pandas.Timestamp("2026-12-24 16:00")
unasked, asked = holidays.country_holidays("DE"), holidays.country_holidays("DE", years=2026)
lazy = START + pandas.offsets.CustomBusinessHour(2, holidays=unasked)
right = START + pandas.offsets.CustomBusinessHour(2, holidays=asked)
weekend = ["Saturday", "Sunday"]
calendar = bizdays.Calendar(holidays.country_holidays("DE"), weekend)
days = calendar.bizdays("2026-12-24", "2026-12-28")
rule = businesstimedelta.WorkDayRule(
    start_time=datetime.time(9), end_time=datetime.time(17), working_days=[0, 1, 2, 3, 4]
)
day_by_day = businesstimedelta.Rules(
    [rule, businesstimedelta.HolidayRule(holidays.country_holidays("DE"))]
)
hours = day_by_day.difference(
    datetime.datetime(2026, 12, 24, 9), datetime.datetime(2026, 12, 28, 17)
).hours
print(f"entries before a year is asked for: {len(holidays.country_holidays('DE'))}")
print(f"pandas: {lazy} without years, {right} with; bizdays: {days} days to Monday; "
      f"businesstimedelta: {hours} h to Monday's close")
if (str(lazy), str(right)) != ("2026-12-25 10:00:00", "2026-12-28 10:00:00"):
    sys.exit("changed: pandas takes them otherwise")
if (days, hours) != (2, 16):
    sys.exit("changed: bizdays or businesstimedelta takes them otherwise")
PYTHON
