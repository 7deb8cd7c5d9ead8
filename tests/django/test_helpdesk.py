"""django-helpdesk with automatic assignment: the example's own tests, and many workers at once."""

from __future__ import annotations

import http.cookiejar
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest

if TYPE_CHECKING:
    from tests.django.conftest import Project

OFFICE = """
from django.contrib.auth import get_user_model
from helpdesk.models import Queue
from ticketroute.django import desks
for name in ("ana", "ben", "cleo"):
    get_user_model().objects.create_superuser(name, f"{name}@example.org", "secret")
Queue.objects.create(title="Support", slug="support", allow_public_submission=True)
desk = desks["default"]
for agent in desk.agents():
    desk.set_presence(agent.id, "available")
"""
JUDGE = """
import json
from helpdesk.models import Ticket
from ticketroute.desk import RowState
from ticketroute.django import desks
from ticketroute.django.models import Event
desk = desks["default"]
(binding,) = desk.bindings
apart, _ = binding.sync(fix=False)
positions = list(Event.objects.order_by("position").values_list("position", flat=True))
agents = list(desk.agents())
print(json.dumps({
    "rows": Ticket.objects.count(),
    "open": Ticket.objects.filter(status=Ticket.OPEN_STATUS).count(),
    "tickets": len(desk.tickets()),
    "apart": [str(each) for each in apart],
    "over": [each.id for each in agents if each.load > each.capacity],
    "held": sum(each.load for each in agents),
    "capacity": sum(each.capacity for each in agents),
    "gapless": positions == list(range(1, len(positions) + 1)),
    "events": len(positions),
    "new": [Ticket.objects.create(title="T", queue_id=1, priority=3).pk for _ in range(20)],
}))
"""


class Here(HTTPRedirectHandler):
    """Follows no redirection: the page behind it is not what is measured."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


class Browser:
    """A session with the help desk."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies), Here)

    def get(self, path: str) -> str:
        with self.opener.open(self.address + path, timeout=60) as response:
            return str(response.read().decode())

    def post(self, path: str, form: dict[str, Any] | bytes) -> str:
        token = next(each.value for each in self.cookies if each.name == "csrftoken")
        data = form if isinstance(form, bytes) else urlencode(form).encode()
        request = Request(self.address + path, data=data)  # noqa: S310  a server of ours
        request.add_header("X-CSRFToken", token or "")
        with self.opener.open(request, timeout=60) as response:
            return str(response.read().decode())

    def log_in(self, name: str) -> None:
        self.get("/login/")
        self.post("/login/", {"username": name, "password": "secret", "next": "/"})

    def submit(self, title: str) -> None:
        form = {"queue": 1, "title": title, "body": "Help", "priority": 3}
        self.post("/tickets/submit/", {**form, "submitter_email": "r@example.org"})

    def close(self, pk: int) -> None:
        self.post(f"/tickets/{pk}/kanban-update/", json.dumps({"status": 4}).encode())


@pytest.mark.parametrize("binding", ["HelpdeskBinding", "LateHelpdeskBinding"])
def test_the_examples_own_tests_pass_in_two_processes(project: Project, binding: str) -> None:
    where = "sqlite" if "DATABASE_URL" not in project.environment else "postgresql"
    if (where, binding) == ("postgresql", "LateHelpdeskBinding"):
        pytest.skip("late on SQLite, and early on both, are what there is to tell apart")
    ran = project.manage("test", "routing", "--parallel", "2", BINDING=f"routing.binding.{binding}")
    assert re.search(r"Ran \d\d tests", ran.stderr), ran.stderr


def test_three_workers_at_once_keep_desk_and_rows_in_step(project: Project) -> None:
    """Give 40 submits and 20 closes at once, five times, to 3 workers of 2 threads."""
    project.manage("migrate", "-v", "0")
    project.shell(OFFICE)
    with project.served("--workers", "3", "--threads", "2") as address:
        browsers = [Browser(address) for _ in range(8)]
        for browser, name in zip(browsers, ("ana", "ben", "cleo") * 3, strict=False):
            browser.log_in(name)
        visitors = [Browser(address) for _ in range(8)]
        for visitor in visitors:
            visitor.get("/tickets/submit/")
        told = json.loads(project.shell(JUDGE))
        for turn in range(1, 6):
            with ThreadPoolExecutor(16) as pool:
                work = [
                    pool.submit(visitors[number % 8].submit, f"new {turn}-{number}")
                    for number in range(40)
                ]
                work += [pool.submit(browsers[pk % 8].close, pk) for pk in told["new"]]
                for each in work:
                    each.result()
            told = json.loads(project.shell(JUDGE))
            assert (told["apart"], told["over"], told["gapless"]) == ([], [], True), told
            assert told["rows"] == told["tickets"] == 60 * turn
            assert told["held"] == told["capacity"] == 9
            assert told["open"] == 40 * turn
