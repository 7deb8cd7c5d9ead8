#!/usr/bin/env bash
# Finding: an interval job in a persistent store never runs if the process restarts often enough.
#
# Package: APScheduler 3.11.3 with SQLAlchemyJobStore (SQLAlchemy 2.1.9) on SQLite.
# Input: a program that adds its interval job with an explicit id and replace_existing=True at each
#   start, as the user guide asks of jobs in a persistent store; the interval is 3 seconds, and the
#   program is started again every 2 seconds, as a daily job is by daily deployments.
# Expected: the store keeps when the job is to run next, so that it runs 3 seconds after it was added.
# Found: each start writes a new time, an interval from then: after 8 seconds it has never run. The job
#   that one leaves in the store without adding it again runs.
# What to do: a cron trigger, whose times do not hang on the start; or add it only if get_job(id) is None.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apscheduler==3.11.3" "sqlalchemy==2.1.9" 2>/dev/null
cd "$folder"
cat >program.py <<'PYTHON'
import sys
import time

from apscheduler.schedulers.background import BackgroundScheduler

RUNS = []


def job():
    RUNS.append(time.time())


def started(*, again):
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_jobstore("sqlalchemy", url=f"sqlite:///{again}.db")
    scheduler.start()
    if again or scheduler.get_job("report") is None:
        scheduler.add_job(job, "interval", seconds=3, id="report", replace_existing=True)
    return scheduler


def runs(*, again):
    RUNS.clear()
    for _ in range(4):
        scheduler = started(again=again)
        time.sleep(2)
        scheduler.shutdown()
    return len(RUNS)


if __name__ == "__main__":
    import program
    from apscheduler import version

    found = program.runs(again=True), program.runs(again=False)
    print(f"APScheduler {version}: runs in 8 seconds, added at each start {found[0]}, only once {found[1]}")
    if found[0] != 0 or found[1] == 0:
        sys.exit("changed: see above")
PYTHON
"$folder/venv/bin/python" program.py
