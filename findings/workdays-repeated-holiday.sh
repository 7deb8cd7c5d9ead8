#!/usr/bin/env bash
# Finding: a holiday that is listed twice is taken off twice.
#
# Package: workdays 1.4 (Excel's WORKDAY and NETWORKDAYS for Python).
# Input: two working days after Wednesday 23 December 2026, with Christmas Day once and twice in the
#   list, as it is when the lists of two countries or two years are put together.
# Expected: the same date, Monday the 28th, as the spreadsheet functions give.
# Found: the 29th with the repeated entry, and `networkdays` counts one day less.
# What to do: hand over a set of dates.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "workdays==1.4" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import workdays

start, end = datetime.date(2026, 12, 23), datetime.date(2026, 12, 31)
christmas = datetime.date(2026, 12, 25)
once = (workdays.workday(start, 2, [christmas]), workdays.networkdays(start, end, [christmas]))
twice = (
    workdays.workday(start, 2, [christmas] * 2),
    workdays.networkdays(start, end, [christmas] * 2),
)
print(f"workdays 1.4: once {once[0]}, {once[1]} days; twice {twice[0]}, {twice[1]} days")
day = datetime.date
if (once, twice) != ((day(2026, 12, 28), 6), (day(2026, 12, 29), 5)):
    sys.exit("changed: a repeated holiday counts otherwise")
PYTHON
