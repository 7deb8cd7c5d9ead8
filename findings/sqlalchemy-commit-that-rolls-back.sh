#!/usr/bin/env bash
# Finding: a commit after an error that was caught loses the whole transaction, and says nothing.
#
# Package: SQLAlchemy 2.1.9 with psycopg 3.3.9 and asyncpg 0.32.0 on PostgreSQL 15, and with SQLite.
# Input: a transaction inserts a row, tries to insert one that is there already, catches the
#   IntegrityError, and ends normally: at the end of `with engine.begin()`, and by `session.commit()`.
# Expected: the first row is there, as on SQLite; or the commit raises, as that of a Session does with
#   PendingRollbackError after a flush that failed.
# Found: on PostgreSQL neither raises, with either driver, and nothing of the transaction is there. The
#   server answers the COMMIT of a failed transaction with ROLLBACK, and nobody looks at the answer.
# What to do: have what may fail in a savepoint, `with session.begin_nested():`, and catch outside it.
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
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "sqlalchemy[asyncio]==2.1.9" "psycopg[binary]==3.3.9" "asyncpg==0.32.0" 2>/dev/null
cd "$folder/s"
as "$bin/initdb" -D "$folder/s/d" -U me -A trust -E UTF8 --no-locale --no-sync >/dev/null
as "$bin/pg_ctl" -D "$folder/s/d" -l "$folder/s/log" -w -o "-k $folder/s -c listen_addresses= -c fsync=off" start >/dev/null
"$folder/venv/bin/python" - "$folder/s" <<'PYTHON'
import asyncio
import sys

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

INSERT = sa.text("INSERT INTO ticket VALUES (:id)")
ROWS = sa.text("SELECT id FROM ticket ORDER BY id")
place = f"me@/postgres?host={sys.argv[1]}"


def twice(connection, number):
    connection.execute(INSERT, {"id": number})
    try:
        connection.execute(INSERT, {"id": number})
    except sa.exc.IntegrityError:
        pass


def rows(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE ticket (id int PRIMARY KEY)"))
    with engine.begin() as connection:
        twice(connection, 1)
    with Session(engine) as session:
        twice(session, 2)
        session.commit()
    with engine.connect() as connection:
        return list(connection.scalars(ROWS))


async def rows_by_asyncpg():
    engine = create_async_engine(f"postgresql+asyncpg://{place}")
    async with engine.begin() as connection:
        await connection.run_sync(twice, 1)
    async with AsyncSession(engine) as session:
        await session.run_sync(twice, 2)
        await session.commit()
    async with engine.connect() as connection:
        found = list(await connection.scalars(ROWS))
    await engine.dispose()
    return found


found = {
    "sqlite": rows("sqlite://"),
    "psycopg": rows(f"postgresql+psycopg://{place}"),
    "asyncpg": asyncio.run(rows_by_asyncpg()),
}
print(f"SQLAlchemy {sa.__version__}: rows after two commits without an error: {found}")
if found != {"sqlite": [1, 2], "psycopg": [], "asyncpg": []}:
    sys.exit("changed: see above")
PYTHON
