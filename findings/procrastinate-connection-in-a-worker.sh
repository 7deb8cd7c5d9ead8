#!/usr/bin/env bash
# Finding: deferring on one's own connection works in a program, and is a TypeError in a worker.
#
# Package: procrastinate 3.10.0 with psycopg 3.3.9, on PostgreSQL 15.
# Input: a function opens a psycopg connection, inserts a row, and defers a job in that transaction by
#   `configure(connection=connection).defer()`. It is called as it is, and as a task, by a worker of the
#   same app with PsycopgConnector, the one that the guide recommends.
# Expected: the same both times: the documentation names PsycopgConnector as one that supports it, and
#   tasks that are plain functions as ones that may defer.
# Found: in the worker `defer()` ends with "'Cursor' object does not support the asynchronous context
#   manager protocol": the synchronous connection is used by the asynchronous connector.
# What to do: tasks that are coroutines, with psycopg.AsyncConnection and `defer_async()`.
#
# Needs initdb and postgres (Debian: postgresql), as root also a user `postgres`.
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
bin=$(dirname "$(command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)")
as() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
finish() {
    if [ -e "$folder/s/d/postmaster.pid" ]; then as "$bin/pg_ctl" -D "$folder/s/d" -m fast -w stop >/dev/null; fi
    cd /
    rm -rf "$folder"
}
trap finish EXIT
chmod 755 "$folder"
mkdir "$folder/s"
if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder/s"; fi
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "procrastinate==3.10.0" "psycopg[binary]==3.3.9" 2>/dev/null
cd "$folder/s"
as "$bin/initdb" -D "$folder/s/d" -U me -A trust -E UTF8 --no-locale --no-sync >/dev/null
as "$bin/pg_ctl" -D "$folder/s/d" -l "$folder/s/log" -w -o "-k $folder/s -c listen_addresses= -c fsync=off" start >/dev/null
"$folder/venv/bin/python" - "$folder/s" 2>/dev/null <<'PYTHON'
import asyncio
import sys

import procrastinate
import psycopg

address = f"host={sys.argv[1]} user=me dbname=postgres"
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=address))
said = []


@app.task(name="mail")
def mail():
    pass


@app.task(name="intake")
def intake():
    try:
        with psycopg.connect(address) as connection:
            connection.execute("INSERT INTO ticket VALUES (1)")
            mail.configure(connection=connection).defer()
    except TypeError as fault:
        said.append(str(fault))
    else:
        said.append("deferred")


async def work():
    async with app.open_async():
        await intake.defer_async()
        await app.run_worker_async(wait=False, install_signal_handlers=False)


with app.open():
    app.schema_manager.apply_schema()
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE ticket (id int)")
    intake()
asyncio.run(work())
print(f"procrastinate 3.10.0: called {said[0]!r}; by a worker {said[1]!r}")
if said[0] != "deferred" or "asynchronous context manager" not in said[1]:
    sys.exit("changed: see above")
PYTHON
