#!/usr/bin/env bash
# Finding: a HEAD request makes Starlette produce the whole body of a streaming response.
#
# Package: starlette 1.10.0.
# Input: HEAD for a route that answers GET with a StreamingResponse of five parts.
# Expected: the headers, and that nothing is produced, as HEAD has no body.
# Found: a route for GET answers HEAD as well, the generator runs to its end, and all five parts are
#   handed to the server, which drops them. For a stream of events that lasts 20 seconds, HEAD keeps
#   the connection for 20 seconds, and asks the database as often as a viewer would.
# What to do: answer HEAD for a stream by a response without a body.
#
# Exits with 0 while the behaviour is as described, with 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "starlette==1.10.0" 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import sys

import starlette
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

produced = 0


async def parts():
    global produced
    for _ in range(5):
        produced += 1
        yield b"data: part\n\n"
        await asyncio.sleep(0.01)


async def events(request):
    return StreamingResponse(parts(), media_type="text/event-stream")


async def head():
    sent = []

    async def receive():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(len(message.get("body", b"")))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "HEAD",
        "scheme": "http", "path": "/events", "raw_path": b"/events", "root_path": "",
        "query_string": b"", "headers": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }
    await Starlette(routes=[Route("/events", events)])(scope, receive, send)
    return sent


sent = asyncio.run(head())
print(f"starlette {starlette.__version__}: HEAD produced {produced} parts, {sum(sent)} bytes")
if (produced, sum(sent)) != (5, 60):
    sys.exit("changed")
PYTHON
