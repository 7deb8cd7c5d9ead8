"""The board as an ASGI application."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from time import monotonic

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from ticketroute.core.show.explain import Names
from ticketroute.desk.addresses import Clock
from ticketroute.desk.desk import Desk
from ticketroute.errors import InvalidValueError
from ticketroute.journal.faults import JournalError
from ticketroute.model.instants import Span
from ticketroute.reporting.ledger import USUAL_TARGET
from ticketroute.web.access import Access, Allow
from ticketroute.web.page import HEADERS, KEPT, Page
from ticketroute.web.source import Seen, Source

JSON, EVENTS = "application/json", "text/event-stream"
RETRY = 500  # milliseconds until a browser asks for the next stream
QUIET = 15.0  # seconds without a word after which a comment shows that the stream is alive
LIVES = (1, 3_600)  # seconds


class Board:
    """An ASGI application that shows a desk, and changes nothing on it.

    It needs no lifespan, so that it can be mounted anywhere.
    """

    def __init__(self, source: Source, page: Page, access: Access, *, life: float) -> None:
        self._source, self._page, self._access, self._life = source, page, access, life
        self._looking = anyio.Lock()
        self._stopped = False
        self._router = Router(
            [
                Route("/", self._html),
                Route("/state.json", self._state),
                Route("/agents.json", self._agents),
                Route("/events", self._events),
                Route("/tickets/{ticket_id:path}.json", self._ticket),
                Route("/static/{name}", self._static),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, with the headers that every answer has."""
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] += [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                    if name.encode() not in given
                ]
            await send(message)

        refused = await self._access.refusal(Request(scope))
        if refused is None:
            await self._router(scope, receive, guarded)
        else:
            answer = PlainTextResponse(refused.text, refused.status, dict(refused.headers))
            await answer(scope, receive, guarded)

    def stop(self) -> None:
        """End every stream within ``every`` seconds, for a server that is about to stop."""
        self._stopped = True

    # --- routes -----------------------------------------------------------------------------

    async def _html(self, _: Request) -> Response:
        return Response(self._page.html, media_type="text/html")

    async def _static(self, request: Request) -> Response:
        found = self._page.files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("there is no such file", 404)
        return Response(found.body, media_type=found.kind, headers={"cache-control": KEPT})

    async def _state(self, request: Request) -> Response:
        try:
            seen = await self._seen()
        except JournalError:
            return PlainTextResponse("the desk's database does not answer", 503)
        headers = {"etag": f'"{seen.etag}"', "cache-control": "private, no-cache"}
        asked = re.findall(r'"([^"]*)"', request.headers.get("if-none-match", ""))
        if seen.etag in asked:
            return Response(status_code=304, headers=headers)
        return Response(seen.body, media_type=JSON, headers=headers)

    async def _agents(self, request: Request) -> Response:
        asked = request.query_params.get("page", "0")
        if not re.fullmatch(r"[0-9]{1,6}", asked):
            return PlainTextResponse(f"page is {asked!r}; it must be a number from 0", 400)
        return Response(await run_sync(self._source.agents, int(asked)), media_type=JSON)

    async def _ticket(self, request: Request) -> Response:
        ticket_id = request.path_params["ticket_id"]
        found = await run_sync(self._source.explanation, ticket_id)
        if found is None:
            return PlainTextResponse("the desk has no such ticket", 404)
        return Response(found, media_type=JSON)

    async def _events(self, request: Request) -> Response:
        if request.method == "HEAD":  # a stream would run its whole life for nobody
            return Response(media_type=EVENTS)
        shown = request.headers.get("last-event-id", "")
        return StreamingResponse(self._stream(shown), media_type=EVENTS)

    # --- streams ----------------------------------------------------------------------------

    async def _seen(self) -> Seen:
        """Return the present picture; of several who ask at once, one makes it."""
        recent = self._source.recent()
        if recent is not None:
            return recent
        async with self._looking:
            return await run_sync(self._source.state)

    async def _stream(self, shown: str) -> AsyncIterator[bytes]:
        """Yield a picture whenever there is a new one, until the stream has lived its life.

        A server waits for its open streams before it stops, so that a stream must end by itself.
        """
        yield b"retry: %d\n\n" % RETRY
        now = spoke = monotonic()
        end = now + self._life
        while True:
            try:
                seen = await self._seen()
            except JournalError:
                return  # the browser asks again
            if seen.etag != shown:
                shown, spoke = seen.etag, now
                yield b"id: %s\ndata: %s\n\n" % (seen.etag.encode(), seen.body)
            elif now - spoke >= QUIET:
                spoke = now
                yield b": nothing new\n\n"
            now = monotonic()
            if now >= end or self._stopped:
                return
            await anyio.sleep(min(max(self._source.every, 0.05), end - now))
            now = monotonic()


def board(
    desk: Desk,
    *,
    token: str | None = None,
    allow: Allow | None = None,
    title: str = "Board",
    every: float = 1.0,
    life: float = 20.0,
    zone: str = "UTC",
    target: Span = USUAL_TARGET,
    clock: Clock | None = None,
    names: Names | None = None,
) -> Board:
    """Return an ASGI application that shows a desk to supervisors; it cannot change the desk.

    Without ``token`` and ``allow`` it answers only to browsers of its own machine.

    Args:
        desk: a desk in memory, on SQLite or on PostgreSQL.
        token: whoever has it may look: 16 to 200 characters of a URL.
        allow: the host's own check, called with each request; only True lets it pass. It may be a
            coroutine. With a token as well, both must agree.
        title: the heading of the page.
        every: seconds from one look at the desk to the next, shared by all viewers.
        life: seconds after which a stream ends and the browser asks for the next one, from 1 to
            3,600. A server that stops waits at most so long.
        zone: the zone in which "today" begins at midnight.
        target: the span within which an answer counts for the service level, in milliseconds.
        clock: the present, in place of the real clock: the one that was given to the desk.
        names: the host's names of agents and queues, as a mapping from ids or a function of the
            id; without it an agent's own ``name``, or else the id.

    Raises:
        InvalidValueError: if a value cannot be used.
        TypeError: if ``desk`` is no :class:`~ticketroute.desk.Desk`.

    Cost: one look at the desk every ``every`` seconds while somebody looks, and nothing otherwise.

    >>> from ticketroute.desk import Desk
    >>> app = board(Desk(), title="Support")
    """
    if not isinstance(life, int | float) or not LIVES[0] <= life <= LIVES[1]:
        raise InvalidValueError("life", life, f"seconds, from {LIVES[0]} to {LIVES[1]}")
    source = Source(desk, every=every, zone=zone, target=target, clock=clock, names=names)
    return Board(source, Page(title), Access(token, allow), life=float(life))
