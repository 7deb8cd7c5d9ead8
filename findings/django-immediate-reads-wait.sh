#!/usr/bin/env bash
# Finding: with transaction_mode IMMEDIATE and ATOMIC_REQUESTS, pages that only read lock each other out.
#
# Package: Django 5.2.19, SQLite in WAL mode.
# Input: two requests at once, each a view that does one SELECT and then takes 1.5 seconds, such as by
#   rendering; the database's timeout is 0.5 seconds. Nobody writes.
# Expected: readers of a WAL database wait for nobody, so that both answer 200; IMMEDIATE is there
#   for those who write.
# Found: ATOMIC_REQUESTS begins a transaction for every view, IMMEDIATE makes each the one writer, and
#   the second reader dies with "database is locked" (500). With DEFERRED both answer 200.
# What to do: mark views that only read, and take their time, with transaction.non_atomic_requests.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "django==5.2.19" 2>/dev/null
cat >"$folder/page.py" <<'PYTHON'
import sys
import threading
import time

import django
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path

mode, name = sys.argv[1:]
settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="__main__",
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "ATOMIC_REQUESTS": True,
            "OPTIONS": {
                "transaction_mode": mode,
                "timeout": 0.5,
                "init_command": "PRAGMA journal_mode=WAL",
            },
        }
    },
)
django.setup()


def view(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sqlite_master")
    time.sleep(1.5)
    return HttpResponse("read")


unmarked, urlpatterns = view, [path("", view), path("marked", transaction.non_atomic_requests(
    lambda request: unmarked(request)))]


def statuses(address):
    found = []

    def ask():
        found.append(Client(raise_request_exception=False).get(address).status_code)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


print(mode, "atomic", statuses("/"), "non_atomic_requests", statuses("/marked"))
PYTHON
found=$(for mode in IMMEDIATE DEFERRED; do
    "$folder/venv/bin/python" "$folder/page.py" "$mode" "$folder/$mode.sqlite3" 2>/dev/null
done)
echo "Django 5.2.19, two pages that only read, at once:"
echo "$found"
expected="IMMEDIATE atomic [200, 500] non_atomic_requests [200, 200]
DEFERRED atomic [200, 200] non_atomic_requests [200, 200]"
[ "$found" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
