#!/usr/bin/env bash
# Finding: the scheduler for asyncio cancels what runs when it is told to wait for it.
#
# Package: APScheduler 3.11.3.
# Input: a job that takes a second is running when shutdown(wait=True) is called, on BackgroundScheduler
#   with a function and on AsyncIOScheduler with a coroutine function.
# Expected: by the docstring of shutdown, "wait: True to wait until all currently executing jobs have
#   finished", which is the default: both jobs come to their end.
# Found: AsyncIOScheduler cancels the job at once, wherever it is, also in the middle of a transaction.
# What to do: count the jobs that run, or keep their tasks, and await them before shutdown(); or have
#   what must not be torn in asyncio.shield().
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "apscheduler==3.11.3" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" 2>/dev/null - <<'PYTHON'
import asyncio
import sys
import time

from apscheduler import version
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler

said = {"function": "torn", "coroutine": "torn"}


def function():
    time.sleep(1)
    said["function"] = "done"


async def coroutine():
    await asyncio.sleep(1)
    said["coroutine"] = "done"


async def by_asyncio():
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.start()
    scheduler.add_job(coroutine)
    await asyncio.sleep(0.5)
    scheduler.shutdown(wait=True)
    await asyncio.sleep(2)


scheduler = BackgroundScheduler(timezone="UTC")
scheduler.start()
scheduler.add_job(function)
time.sleep(0.5)
scheduler.shutdown(wait=True)
asyncio.run(by_asyncio())
print(f"APScheduler {version}: after shutdown(wait=True) {said}")
if said != {"function": "done", "coroutine": "torn"}:
    sys.exit("changed: see above")
PYTHON
