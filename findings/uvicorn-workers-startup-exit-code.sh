#!/usr/bin/env bash
# Finding: with several workers, an application that cannot start ends the server with success.
#
# Package: uvicorn 0.54.0 with Starlette 1.10.0.
# Input: an application whose lifespan raises at startup, as one does whose database is away; served
#   with --workers 1 and with --workers 2.
# Expected: an exit code that is not 0 both times, so that systemd's Restart=on-failure, a container's
#   restart policy or a script knows, as with gunicorn when a worker fails to boot.
# Found: 3 with one worker; with two, both say "Application startup failed. Exiting.", the server stops
#   by itself, and its exit code is 0.
# What to do: Restart=always (systemd) or restart: always (Compose); check that the server answers.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "uvicorn==0.54.0" "starlette==1.10.0" 2>/dev/null
cd "$folder"
cat >application.py <<'PYTHON'
from contextlib import asynccontextmanager

from starlette.applications import Starlette


@asynccontextmanager
async def lifespan(application):
    raise ConnectionError("the database is away")
    yield


app = Starlette(lifespan=lifespan)
PYTHON
found=""
for workers in 1 2; do
    code=0
    timeout 60 "$folder/venv/bin/uvicorn" application:app --port 0 --workers "$workers" >"out$workers" 2>&1 || code=$?
    found="$found--workers $workers: exit code $code, $(grep -c "Application startup failed" "out$workers") failed; "
done
echo "uvicorn 0.54.0: $found"
[ "$found" = "--workers 1: exit code 3, 1 failed; --workers 2: exit code 0, 2 failed; " ] || { echo "changed: see above"; exit 1; }
