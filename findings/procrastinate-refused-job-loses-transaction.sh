#!/usr/bin/env bash
# Finding: catching AlreadyEnqueued in one's own transaction loses the transaction, without an error.
#
# Package: procrastinate 3.10.0 with psycopg 3.3.9, on PostgreSQL 15.
# Input: a job with a queueing_lock is waiting; a program inserts a row and defers that job once more on
#   the same connection, `configure(queueing_lock=..., connection=connection)`, which is there for
#   "atomic deferral within a user-managed transaction"; it catches AlreadyEnqueued, which says that
#   such a job is waiting already, and commits.
# Expected: the row is there, and one job.
# Found: the unique violation behind AlreadyEnqueued has failed the transaction; the commit is a rollback
#   and raises nothing, neither at the end of `with psycopg.connect()` nor of `connection.transaction()`.
# What to do: defer inside `with connection.transaction():` of its own, a savepoint, and catch outside.
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
import sys
from contextlib import nullcontext

import procrastinate
import psycopg

address = f"host={sys.argv[1]} user=me dbname=postgres"
app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=address))


@app.task(name="report")
def report():
    pass


def rows(*, savepoint):
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS ticket (id int)")
        connection.execute("DELETE FROM ticket")
    with psycopg.connect(address) as connection:
        connection.execute("INSERT INTO ticket VALUES (1)")
        try:
            with connection.transaction() if savepoint else nullcontext():
                report.configure(queueing_lock="one", connection=connection).defer()
        except procrastinate.exceptions.AlreadyEnqueued:
            pass
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT count(*) FROM ticket").fetchone()[0]


with app.open():
    app.schema_manager.apply_schema()
    report.configure(queueing_lock="one").defer()
    found = rows(savepoint=False), rows(savepoint=True)
print(f"procrastinate 3.10.0: rows after the commit {found[0]}, with a savepoint {found[1]}")
if found != (0, 1):
    sys.exit("changed: see above")
PYTHON
