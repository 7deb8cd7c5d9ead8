#!/usr/bin/env bash
# Finding: asked for one year, `holidays` names worked weekend days of other years as well.
#
# Package: holidays 0.109 (the behaviour is the same from 0.90 on).
# Input: the holidays of China for the year 2026, and nothing else.
# Expected: `weekend_workdays`, the weekend days that are worked in return for days off, are of 2026.
# Found: twelve dates, of which six are of 2001, 2005, 2006 and 2011. For 2027, which is not
#   announced yet, the six of other years are all there is: "not empty" does not mean "announced".
# What to do: ask for all years once and keep the dates by their own year.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "holidays==0.109" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import holidays

for year in (2026, 2027):
    worked = sorted(holidays.country_holidays("CN", years=year).weekend_workdays)
    of_the_year = [day for day in worked if day.year == year]
    print(f"holidays {holidays.__version__}, China {year}: {len(worked)} worked weekend days, "
          f"of that year {len(of_the_year)}; years named: {sorted({day.year for day in worked})}")
    if {day.year for day in worked} <= {year}:
        sys.exit("changed: only days of the year that was asked for are named")
PYTHON
