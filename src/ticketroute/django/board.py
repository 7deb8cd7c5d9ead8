"""The board of :mod:`ticketroute.web` as views of Django, for users of the staff.

In a project's ``urls.py``: ``path("board/", include("ticketroute.django.board"))``. It asks for its
picture every few seconds, as WSGI has no streams that last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import path
from django.views.decorators.http import require_safe

from ticketroute.desk.desk import Desk
from ticketroute.django.conf import DEFAULT
from ticketroute.django.desks import desks
from ticketroute.errors import UnknownAgentError, UnknownQueueError
from ticketroute.journal.faults import JournalError
from ticketroute.web.page import HEADERS, KEPT, Page
from ticketroute.web.source import Source

JSON = "application/json"
NOTHING_MORE: Mapping[str, str] = {}
PAGES = re.compile(r"[0-9]{1,6}")


class BoardViews:
    """The views of one desk's board; nothing in them can give a command."""

    def __init__(self, alias: str = DEFAULT) -> None:
        self._alias = alias
        self._lock = Lock()
        self._source: Source | None = None
        self._page = Page("Board")

    def source(self) -> Source:
        """Return what makes the pictures, opened at the first request."""
        with self._lock:
            if self._source is None:
                given = desks[self._alias].settings
                address = f"django://{given.database}"
                desk = Desk.open(address, given.name, create=False, listen=False)
                self._source = Source(desk, clock=given.clock, names=partial(_name, desk))
            return self._source

    def page(self, _: HttpRequest) -> HttpResponse:
        """Return the page."""
        return _answer(self._page.html, "text/html; charset=utf-8")

    def static(self, _: HttpRequest, name: str) -> HttpResponse:
        """Return a file that the page loads."""
        found = self._page.files.get(name)
        if found is None:
            return HttpResponseNotFound("there is no such file", content_type="text/plain")
        return _answer(found.body, found.kind, {"cache-control": KEPT})

    def state(self, request: HttpRequest) -> HttpResponse:
        """Return the present picture, or 304 if the browser has it."""
        seen = self.source().state()
        kept = {"etag": f'"{seen.etag}"', "cache-control": "private, no-cache"}
        if seen.etag in re.findall(r'"([^"]*)"', request.headers.get("if-none-match", "")):
            return _answer(b"", JSON, kept, status=304)
        return _answer(seen.body, JSON, kept)

    def agents(self, request: HttpRequest) -> HttpResponse:
        """Return a page of a hundred agents."""
        asked = request.GET.get("page", "0")
        if not PAGES.fullmatch(asked):
            told = f"page is {asked!r}; it must be a number from 0"
            return _answer(told.encode(), "text/plain", status=400)
        return _answer(self.source().agents(int(asked)), JSON)

    def ticket(self, _: HttpRequest, ticket_id: str) -> HttpResponse:
        """Return why a ticket is where it is."""
        source = self.source()
        source.state()
        found = source.explanation(ticket_id)
        if found is None:
            return HttpResponseNotFound("the desk has no such ticket", content_type="text/plain")
        return _answer(found, JSON)

    def urls(self) -> list[Any]:
        """Return the patterns, each behind the login of the staff and for GET and HEAD alone."""
        return [
            path("", self._guarded(self.page), name="ticketroute-board"),
            path("state.json", self._guarded(self.state)),
            path("agents.json", self._guarded(self.agents)),
            path("tickets/<path:ticket_id>.json", self._guarded(self.ticket)),
            path("static/<str:name>", self._guarded(self.static)),
        ]

    def _guarded(self, view: Callable[..., HttpResponse]) -> Any:
        def guarded(request: HttpRequest, **words: str) -> HttpResponse:
            try:
                return view(request, **words)
            except JournalError:
                connections[desks[self._alias].alias].close_if_unusable_or_obsolete()
                return _answer(b"the desk's database does not answer", "text/plain", status=503)

        # It only reads: a transaction of SQLite would keep everybody else from writing.
        return transaction.non_atomic_requests(require_safe(staff_member_required(guarded)))


def _name(desk: Desk, each: str) -> str:
    """Return the name that a queue or an agent has on the desk, or the id."""
    try:
        return desk.queue(each).name or each
    except UnknownQueueError:
        pass
    try:
        return desk.agent(each).agent.name or each
    except UnknownAgentError:
        return each


def _answer(
    body: bytes, kind: str, more: Mapping[str, str] = NOTHING_MORE, *, status: int = 200
) -> HttpResponse:
    return HttpResponse(body, content_type=kind, status=status, headers={**HEADERS, **more})


urlpatterns = BoardViews().urls()
