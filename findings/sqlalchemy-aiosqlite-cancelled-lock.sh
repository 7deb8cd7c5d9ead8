#!/usr/bin/env bash
# Finding: a query that is cancelled leaves the database locked, until Python collects garbage.
#
# Package: SQLAlchemy 2.1.9 with aiosqlite 0.22.1, on SQLite.
# Input: a transaction of an AsyncSession writes a row and then reads; its task is cancelled while the
#   SELECT looks for its first row, as asyncio.timeout() does. The session is in an `async with`.
# Expected: the transaction is rolled back, and others can write: the pool says that no connection is
#   checked out.
# Found: others get "database is locked". The connection is closed, but a statement of it is still at its
#   first row, so that SQLite keeps connection and lock until the statement is gone; a cycle of
#   references holds it, and it goes with the next gc.collect(), whenever that is.
# What to do: no timeout around a transaction on SQLite; or gc.collect() after one that was cancelled.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "sqlalchemy[asyncio]==2.1.9" "aiosqlite==0.22.1" 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import gc
import sqlite3
import sys

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

SLOW = sa.text(
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000000) "
    "SELECT count(*) FROM c UNION ALL SELECT 1"
)
gc.disable()  # so that the result does not hang on when it runs by itself


def writes() -> str:
    other = sqlite3.connect("app.db", isolation_level=None, timeout=2)
    try:
        other.execute("BEGIN IMMEDIATE")
        other.execute("COMMIT")
    except sqlite3.OperationalError as fault:
        return str(fault)
    finally:
        other.close()
    return "free"


async def found() -> list[str]:
    engine = create_async_engine("sqlite+aiosqlite:///app.db")
    async with engine.begin() as connection:
        await connection.execute(sa.text("CREATE TABLE ticket (id int)"))
    try:
        async with asyncio.timeout(0.2), AsyncSession(engine) as session, session.begin():
            await session.execute(sa.text("INSERT INTO ticket VALUES (1)"))
            await session.execute(SLOW)
    except TimeoutError:
        pass
    await asyncio.sleep(2)
    said = [f"{engine.pool.checkedout()} checked out", writes()]
    gc.collect()
    said.append(writes())
    await engine.dispose()
    return said


said = asyncio.run(found())
print(f"SQLAlchemy {sa.__version__}: after the timeout {said[:2]}, after gc.collect() {said[2]!r}")
if said != ["0 checked out", "database is locked", "free"]:
    sys.exit("changed: see above")
PYTHON
