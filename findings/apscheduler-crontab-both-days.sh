#!/usr/bin/env bash
# Finding: a crontab line with a day of the month and a weekday fires only when both are true.
#
# Package: APScheduler 4.0.0a6.
# Input: CronTrigger.from_crontab("0 9 1 * 1"), "a standard crontab expression" by its docstring.
# Expected: nine on every first of a month and on every Monday, as cron and the page on cron that
#   the docstring points to have it: one of both is enough where both are restricted.
# Found: only on Mondays that are the first of a month: one day of 2026, where cron has 63.
# What to do: two triggers, in an OrTrigger.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apscheduler==4.0.0a6" "tzdata==2025.3" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from datetime import UTC, date, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger

trigger = CronTrigger.from_crontab("0 9 1 * 1", start_time=datetime(2026, 1, 1, tzinfo=UTC), timezone=UTC)
days = []
while (at := trigger.next()).year == 2026:
    days.append(at.date().isoformat())
year = [date(2026, 1, 1) + timedelta(number) for number in range(365)]
either = sum(day.day == 1 or day.weekday() == 0 for day in year)
print(f"APScheduler 4.0.0a6: 0 9 1 * 1 fires on {days}; cron fires on {either} days of 2026")
if days != ["2026-06-01"]:
    sys.exit("changed: other days now")
PYTHON
