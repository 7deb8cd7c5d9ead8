#!/usr/bin/env bash
# Finding: a statement that was cancelled while it waited is carried out later.
#
# Package: aiosqlite 0.22.1, on SQLite.
# Input: an INSERT on a connection in autocommit waits for another connection's write lock; its task is
#   cancelled, as by asyncio.timeout() or a client that goes away; then the other connection commits.
# Expected: a statement that was cancelled before it could begin does nothing.
# Found: CancelledError is raised at once, and the thread of the connection goes on waiting: a second
#   later the row is there. Who tries again after a timeout has it twice.
# What to do: write inside a transaction; the rollback that is queued behind the statement undoes it.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "aiosqlite==0.22.1" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import sqlite3
import sys
from importlib.metadata import version

import aiosqlite

COUNT = "SELECT count(*) FROM ticket"


async def rows() -> tuple[str, int, int]:
    holder = sqlite3.connect("app.db", isolation_level=None)
    holder.execute("CREATE TABLE ticket (id)")
    holder.execute("BEGIN IMMEDIATE")
    async with aiosqlite.connect("app.db", isolation_level=None, timeout=20) as connection:
        try:
            async with asyncio.timeout(0.5):
                await connection.execute("INSERT INTO ticket VALUES (1)")
        except TimeoutError:
            said = "TimeoutError"
        else:
            said = "done"
        (before,) = holder.execute(COUNT).fetchone()
        holder.execute("COMMIT")
        await asyncio.sleep(2)
        (after,) = holder.execute(COUNT).fetchone()
    holder.close()
    return said, before, after


found = asyncio.run(rows())
print(f"aiosqlite {version('aiosqlite')}: {found[0]}, rows then {found[1]}, rows later {found[2]}")
if found != ("TimeoutError", 0, 1):
    sys.exit("changed: see above")
PYTHON
