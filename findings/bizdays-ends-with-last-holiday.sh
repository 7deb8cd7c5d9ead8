#!/usr/bin/env bash
# Finding: a calendar of working days ends on its last holiday.
#
# Package: bizdays 1.0.19.
# Input: the two Christmas days of 2026 as holidays, Saturday and Sunday off; the next working day
#   after 27 December, and the working days of that week.
# Expected: Monday the 28th: weekends repeat for ever, and no later holiday is named.
# Found: DateOutOfRange. Without `enddate` the calendar reaches from the first to the last holiday that
#   it was given, so that a desk stops working in the last week of a year's list.
# What to do: always give `startdate` and `enddate`.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "bizdays==1.0.19" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import bizdays

weekend = ["Saturday", "Sunday"]
christmas = ["2026-12-25", "2026-12-26"]
short = bizdays.Calendar(christmas, weekend)
try:
    print(short.following("2026-12-27"))
except Exception as refused:
    print(f"bizdays 1.0.19: {type(refused).__name__}: {refused}; range {short.startdate} to {short.enddate}")
    if type(refused).__name__ != "DateOutOfRange":
        raise
else:
    sys.exit("changed: the calendar goes on after its last holiday")
wide = bizdays.Calendar(christmas, weekend, startdate="2026-01-01", enddate="2027-12-31")
print(f"with enddate: {wide.following('2026-12-27')}")
PYTHON
