#!/usr/bin/env bash
# Finding: leaving the loop over `notifies()` of psycopg loses notifications that had arrived.
#
# Package: psycopg 3.3.9 (psycopg[binary]) on PostgreSQL 15.
# Input: LISTEN on one connection; another one sends three notifications; the first connection
#   takes one from `connection.notifies(timeout=...)`, leaves the loop with `break`, and calls
#   `notifies()` again.
# Expected: the other two come from the second call, as do notifications that arrive during another
#   statement: those are kept, and the script shows that as well.
# Found: the second call yields nothing. What came in one packet was taken from the connection by
#   the first generator, and is gone with it; no error and no warning says so.
# What to do: go through all of `notifies(timeout=..., stop_after=1)`, which yields the whole packet
#   (more than one, in spite of its name), and treat a notification as a hint to look, not as news.
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
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "psycopg[binary]==3.3.9" 2>/dev/null
cd "$folder/s"
as "$bin/initdb" -D "$folder/s/d" -U me -A trust -E UTF8 --no-locale --no-sync >/dev/null
as "$bin/pg_ctl" -D "$folder/s/d" -l "$folder/s/log" -w -o "-k $folder/s -c listen_addresses= -c fsync=off" start >/dev/null
"$folder/venv/bin/python" - "$folder/s" <<'PYTHON'
import sys
import time

import psycopg

address = f"host={sys.argv[1]} user=me dbname=postgres"
listener = psycopg.connect(address, autocommit=True)
sender = psycopg.connect(address, autocommit=True)
listener.execute("LISTEN news")


def send(*texts):
    for text in texts:
        sender.execute("SELECT pg_notify('news', %s)", (text,))
    time.sleep(0.5)  # until all have arrived


send("a", "b", "c")
listener.execute("SELECT 1")
kept = [each.payload for each in listener.notifies(timeout=0.5)]
send("d", "e", "f")
for each in listener.notifies(timeout=5):
    first = each.payload
    break
rest = [each.payload for each in listener.notifies(timeout=0.5)]
send("g", "h", "i")
whole = [each.payload for each in listener.notifies(timeout=5, stop_after=1)]
print(f"psycopg {psycopg.__version__}: during another statement {kept}; "
      f"left at {first!r}, then {rest}; with stop_after=1 {whole}")
listener.close()
sender.close()
if (kept, first, rest, whole) != (["a", "b", "c"], "d", [], ["g", "h", "i"]):
    sys.exit("changed: see above")
PYTHON
