"""django-helpdesk with automatic assignment: the example's own tests, and many workers at once."""

from __future__ import annotations

import http.cookiejar
import json
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest

from ticketroute.journal.statements import POSTGRES, SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.django.conftest import Project

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "django_helpdesk"

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
    project.migrate()
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


OTHER = """
DATABASES["other"] = {**DATABASES["default"], "NAME": DATA_DIR / "other"}
TICKETROUTE["default"]["DATABASE"] = "other"
"""
NOBODY_THERE = """
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["NAME"], DATABASES["default"]["HOST"] = "none", str(DATA_DIR)
DATABASES["default"]["OPTIONS"] = {}
"""
WRONG = {
    "ticketroute.E001": ('DATABASES["default"]["ATOMIC_REQUESTS"] = False', "ATOMIC_REQUESTS"),
    "ticketroute.E002": ('DATABASES["default"]["OPTIONS"] = {}', "IMMEDIATE"),
    "ticketroute.E003": (
        OTHER,
        "['DATABASE'] to 'default'",
    ),
    "ticketroute.E004": ('TICKETROUTE["default"]["BINDING"] = []', "allowed are DATABASE"),
    "ticketroute.E005": ('TICKETROUTE["default"]["DATABASE"] = "x"', "alias of DATABASES"),
    "ticketroute.E006": (
        'DATABASES["default"]["ENGINE"] = "django.db.backends.dummy"',
        "PostgreSQL or SQLite",
    ),
    "ticketroute.W001": ("", "manage.py migrate ticketroute"),
    "ticketroute.W004": (NOBODY_THERE, "whether the database runs"),
    "ticketroute.W003": (
        'EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"',
        "route_at = 'late'",
    ),
}
READING = {"ticketroute.W001", "ticketroute.W004"}  # they read the database, and only if asked to


def test_what_is_set_up_wrongly_is_told_with_its_way_out(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    for number, (check, (change, way_out)) in enumerate(WRONG.items()):
        (tmp_path / f"wrong_{number}.py").write_text(
            f"from site_of_helpdesk.settings import *\n{change}\n"
        )
        project = make()
        project.environment["PYTHONPATH"] += f":{tmp_path}"
        asked = ["check", "--database", "default"] if check in READING else ["check"]
        ran = project.manage(*asked, check=False, DJANGO_SETTINGS_MODULE=f"wrong_{number}")
        told = ran.stdout + ran.stderr
        assert f"({check})" in told, told
        assert way_out in told
        assert (ran.returncode != 0) == (".E" in check), told


def test_the_example_is_clean_also_for_production(make: Callable[..., Project]) -> None:
    project = make()
    project.migrate()
    words = ("check", "--deploy", "--database", "default", "--fail-level", "WARNING")
    ran = project.manage(*words, HTTPS="1", SECRET_KEY="x1y2z3" * 12)
    assert "no issues" in ran.stdout + ran.stderr
    assert "No changes" in project.manage("makemigrations", "--check", "--dry-run").stdout


def test_a_deadline_that_nobody_carries_out_is_told_and_then_done(
    make: Callable[..., Project],
) -> None:
    project = make()
    project.migrate()
    project.shell(OFFICE)
    project.shell(
        "from ticketroute.django import desks\n"
        "from ticketroute import OfferPolicy\n"
        "desk = desks['default']\n"
        "desk.change_queue('q1', delivery='offer', offer=OfferPolicy(timeout=1))\n"
        "from helpdesk.models import Ticket\n"
        "Ticket.objects.create(title='T', queue_id=1, priority=3)\n"
    )
    (project.data / "impatient.py").write_text(
        "from site_of_helpdesk.settings import *\nTICKETROUTE['default']['OVERDUE'] = 0.001\n"
    )
    project.environment["PYTHONPATH"] += f":{project.data}"
    project.environment["DJANGO_SETTINGS_MODULE"] = "impatient"
    words = ("check", "--database", "default")
    told = project.manage(*words, check=False)
    assert "(ticketroute.W002)" in told.stdout + told.stderr
    done = project.manage("ticketroute", "advance").stdout
    assert int(done.split()[0]) > 0


def test_the_commands_of_manage_py(make: Callable[..., Project]) -> None:
    project = make()
    project.migrate()
    project.shell(OFFICE)
    project.shell(JUDGE)
    assert project.manage("ticketroute", "sync").stdout == "in step\n"
    project.shell(
        "from helpdesk.models import Ticket\n"
        "Ticket.objects.filter(pk__in=[1, 2]).update(status=4)\n"
        "Ticket.objects.filter(pk=3).update(assigned_to=None)\n"
    )
    told = project.manage("ticketroute", "sync").stdout
    assert told.splitlines()[-1] == "3 differences"
    fixed = project.manage("ticketroute", "sync", "--fix").stdout
    assert fixed.count("mended") == 3
    assert project.manage("ticketroute", "sync").stdout == "in step\n"
    assert "are intact" in project.manage("ticketroute", "check").stdout
    assert "in queue q1" in project.manage("ticketroute", "explain", "4").stdout
    assert "q1" in project.manage("ticketroute", "top", "--once").stdout
    assert "q1" in project.manage("ticketroute", "report").stdout
    ran = project.manage("ticketroute", "--desk", "other", "advance", check=False)
    assert "TICKETROUTE has no desk 'other'; it has default" in ran.stderr


def test_the_runner_does_what_falls_due_and_stops_when_told(make: Callable[..., Project]) -> None:
    project = make()
    project.migrate()
    project.shell(OFFICE)
    project.shell(
        "from ticketroute.django import desks\n"
        "from ticketroute import OfferPolicy\n"
        "desks['default'].change_queue('q1', delivery='offer', offer=OfferPolicy(timeout=1))\n"
        "from helpdesk.models import Ticket\n"
        "Ticket.objects.create(title='T', queue_id=1, priority=3)\n"
    )
    words = [str(project.python), "manage.py", "ticketroute", "run", "--poll", "0.1"]
    with subprocess.Popen(
        words, cwd=EXAMPLE, env=project.environment, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert "running" in running.stdout.readline()
        expired = "from ticketroute.django.models import Event\n"
        expired += "print(Event.objects.filter(kind='OfferExpired').count())"
        for _ in range(30):
            if int(project.shell(expired)):
                break
        else:
            pytest.fail("no offer expired")
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == "stopped\n"
        assert running.wait(20) == 0


def test_the_board_is_for_the_staff_and_can_only_be_read(make: Callable[..., Project]) -> None:
    project = make()
    project.migrate()
    project.shell(OFFICE)
    told = project.shell(
        "from django.test import Client\n"
        "from django.contrib.auth import get_user_model\n"
        "client, board = Client(), '/routing/board/'\n"
        "print(client.get(board).status_code)\n"
        "client.force_login(get_user_model().objects.create_user('visitor'))\n"
        "print(client.get(board).status_code)\n"
        "client.force_login(get_user_model().objects.get(username='ana'))\n"
        "for path in ('', 'state.json', 'agents.json', 'tickets/1.json', 'agents.json?page=x'):\n"
        "    answer = client.get(board + path)\n"
        "    print(answer.status_code, answer.headers['x-content-type-options'])\n"
        "for path in ('', 'state.json'):\n"
        "    print(*[getattr(client, verb)(board + path).status_code\n"
        "        for verb in ('post', 'put', 'patch', 'delete')])\n"
    )
    assert told.split("\n") == [
        "302",
        "302",
        *["200 nosniff"] * 3,
        "404 nosniff",
        "400 nosniff",
        *["405 405 405 405"] * 2,
    ]


def test_the_tables_are_those_of_the_library_itself(project: Project) -> None:
    project.migrate()
    kind = "postgresql" if "DATABASE_URL" in project.environment else "sqlite"
    printed = project.manage("sqlmigrate", "ticketroute", "0001").stdout
    made = [line.rstrip(";") for line in printed.splitlines() if line.startswith("CREATE")]
    says = {"postgresql": POSTGRES, "sqlite": SQLITE}[kind]
    ours = [each.replace(says.prefix, "ticketroute_") for each in says.schema()]
    assert made == [each for each in ours if "CREATE SCHEMA" not in each]


MAIL_THAT_LOOKS = """
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections
from django.db.utils import OperationalError

HELD = []

class Looks(BaseEmailBackend):
    def send_messages(self, messages):
        other = connections.create_connection("default")
        try:
            with other.cursor() as cursor:
                cursor.execute("SELECT head FROM ticketroute_desk FOR UPDATE NOWAIT")
        except OperationalError:
            HELD.append(True)
        else:
            HELD.append(False)
        finally:
            other.close()
        return len(messages)
"""
SUBMIT = """
import json
from django.test import Client
import looks
form = {"queue": 1, "title": "T", "body": "Help", "priority": 3}
answer = Client().post("/tickets/submit/", {**form, "submitter_email": "r@example.org"})
print(json.dumps([answer.status_code, looks.HELD]))
"""


@pytest.mark.external
def test_mail_is_not_sent_while_the_desk_is_locked_if_it_decides_late(
    make: Callable[..., Project], tmp_path: Path, postgres: str
) -> None:
    (tmp_path / "looks.py").write_text(MAIL_THAT_LOOKS)
    project = make(DATABASE_URL=postgres, MAIL="looks.Looks")
    project.environment["PYTHONPATH"] += f":{tmp_path}"
    project.migrate()
    project.shell(OFFICE)
    held = {}
    for binding in ("HelpdeskBinding", "LateHelpdeskBinding"):
        project.environment["BINDING"] = f"routing.binding.{binding}"
        status, held[binding] = json.loads(project.shell(SUBMIT))
        assert status == 302
    assert held == {"HelpdeskBinding": [True] * 2, "LateHelpdeskBinding": [False] * 2}
