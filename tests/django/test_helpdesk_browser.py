"""django-helpdesk in a browser: the presence switch, a ticket with its owner, and why."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.django.conftest import Project

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu"]
PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the page looks like
PEOPLE = """
from django.contrib.auth import get_user_model
from helpdesk.models import Queue, Ticket
for name in ("ana", "ben"):
    get_user_model().objects.create_superuser(name, f"{name}@example.org", "secret")
queue = Queue.objects.create(title="Support", slug="support", allow_public_submission=True)
"""


@pytest.fixture
def browser() -> Any:
    """Chromium of the system."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium is not installed, and CI has to have it")
        pytest.skip("chromium is not installed")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


def log_in(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/login/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", "secret")
    page.locator("form:has([name=password]) [type=submit]").click()
    page.wait_for_selector("#routing-presence", timeout=10_000)


def submit(page: Any, address: str, title: str) -> None:
    page.goto(f"{address}/tickets/submit/")
    page.fill("[name=title]", title)
    page.fill("[name=body]", "It does not play.")
    page.locator("form:has([name=title]) [type=submit]").last.click()
    page.wait_for_url(re.compile(r"/tickets/\d+/$"))


@pytest.mark.external
def test_a_person_switches_presence_and_sees_why_a_ticket_is_theirs(
    make: Callable[..., Project], browser: Any
) -> None:
    project = make(DEBUG="1")
    project.migrate()
    project.shell(PEOPLE)
    with project.served("--threads", "4") as address:
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        log_in(page, address, "ana")
        assert page.inner_text("#routing-presence [role=status]") == "You are offline."
        submit(page, address, "No sound")
        assert "nobody_available" in page.inner_text("#routing-why")
        page.click("#routing-presence button")
        page.wait_for_selector("text=You are available.")
        page.goto(f"{address}/tickets/1/")
        told = page.inner_text("#routing-why")
        assert told.startswith("Why ana")
        assert "ben\toffline" in told
        picture(page, "helpdesk-ticket")
        for title in ("<b>Loud</b>", "No picture"):
            submit(page, address, title)
        page.goto(f"{address}/tickets/")
        page.wait_for_selector("text=No picture")
        picture(page, "helpdesk-list")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/routing/board/")
        page.wait_for_selector("text=ana")
        page.wait_for_selector("text=Support")
        page.locator("text=Loading").wait_for(state="detached", timeout=15_000)
        picture(page, "helpdesk-board")
        assert errors == []


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")
