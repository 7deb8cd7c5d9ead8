"""The board in a real browser: what is seen, by whom, on which screen, and with which keys."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ticketroute import Agent, Queue, Ticket

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "build" / "axe-core-4.14.1" / "package" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390), ("light", 320)]
MARKED = '<img src=x onerror="document.title=1">'
LONG = "x" * 200
FRENCH = "[data-key='qT-french']"


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and in CI the board is looked at")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        missing("no Chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Looked:
    """A page, with what its console said and what it asked for."""

    def __init__(self, browser: Any, address: str, scheme: str, width: int) -> None:
        self.context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda fault: self.said.append(str(fault)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"{address}/")
        self.page.wait_for_selector("#agents .card")
        self.page.wait_for_selector("#news:text-is('Live')")


@pytest.fixture
def look(browser: Any, served: Any) -> Iterator[Any]:
    opened: list[Looked] = []

    def at(scheme: str = "light", width: int = 1280) -> Looked:
        opened.append(Looked(browser, served.running.address, scheme, width))
        return opened[-1]

    yield at
    for each in opened:
        each.context.close()


def violations(page: Any) -> list[str]:
    if not AXE.exists():
        missing("axe-core is not there: bash .ci/run fetches it")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES
    )
    assert len(found["passes"]) > 15
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def test_the_board_is_accessible_on_every_screen(look: Any, served: Any) -> None:
    served.desk.add_queue(Queue(id="<b>returns</b>", members=[]))
    served.desk.submit(Ticket(id=MARKED, queue="<b>returns</b>"))
    served.desk.submit(Ticket(id=LONG, queue="mail"))
    served.desk.add_agent(Agent(id=f"a{LONG[1:]}"))
    for scheme, width in SCREENS:
        seen = look(scheme, width)
        page = seen.page
        page.wait_for_selector(f"text={MARKED}")
        assert violations(page) == []
        page.click(FRENCH)
        page.wait_for_selector("#text:not(:empty)")
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(
            "[...document.querySelectorAll('.card, table, ol')]"
            ".filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.outerHTML)"
        ) == []  # fmt: skip
        assert seen.said == []
        assert {each.split("/")[2] for each in seen.asked} == {f"127.0.0.1:{served.running.port}"}


def test_names_are_text(look: Any, served: Any) -> None:
    served.desk.add_queue(Queue(id="<b>returns</b>", members=[]))
    served.desk.submit(Ticket(id=MARKED, queue="<b>returns</b>"))
    served.desk.add_agent(Agent(id="zoe", name="\u202eeoz\x1b[2J <i>zoe</i>"))
    page = look().page
    page.wait_for_selector(f"text={MARKED}")
    assert page.locator("main img, main b, main i").count() == 0
    assert page.title() == "Support & <b>more</b>"
    assert page.locator("h3", has_text="<b>returns</b>").count() == 1
    assert page.locator("text=\\u202eeoz\\u001b[2J <i>zoe</i>").count() == 1


def test_the_board_says_that_somebody_is_free_and_why_it_does_not_help(look: Any) -> None:
    page = look().page
    note = page.locator(".note")
    assert note.count() == 1
    assert note.inner_text() == "Waiting although 2 agents have room: who fits is not there (2)"
    assert page.locator("text=8 late of 8 open").count() == 1
    assert page.locator("td >> text=away: lunch").count() == 1
    assert "a week ago by now" in page.locator(".card").first.inner_text()


def test_a_click_shows_what_explain_says(look: Any, served: Any) -> None:
    page = look().page
    page.click(FRENCH)
    page.wait_for_selector("#text:not(:empty)")
    assert page.locator("#text").inner_text() == str(served.desk.explain("T-french"))
    assert page.locator("#whose").inner_text() == "Ticket T-french"


def test_a_change_is_seen_and_the_focus_stays_where_it_was(look: Any, served: Any) -> None:
    page = look().page
    page.focus(FRENCH)
    for number in range(6):
        served.desk.submit(Ticket(id=f"new-{number}", queue="chat"))
        page.wait_for_selector(f"[data-key='anew-{number}'], [data-key='qnew-{number}']")
        assert page.evaluate("document.activeElement.dataset.key") == "qT-french"


def test_the_keyboard_is_enough(look: Any, served: Any) -> None:
    page = look().page
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.key") == "qT-french":
            break
    assert page.evaluate("document.activeElement.dataset.key") == "qT-french"
    page.keyboard.press("Enter")
    page.wait_for_selector("#why[open]")
    served.desk.submit(Ticket(id="meanwhile", queue="chat"))
    page.wait_for_selector("[data-key='ameanwhile']", state="attached")
    page.keyboard.press("Escape")
    page.wait_for_selector("#why:not([open])", state="attached")
    # The event that gives the focus back comes after the dialog has closed.
    page.wait_for_selector(f"{FRENCH}:focus")


def test_many_agents_are_turned_by_pages(look: Any, served: Any) -> None:
    for number in range(130):
        served.desk.add_agent(Agent(id=f"other-{number:03}"))
    page = look().page
    page.click("text=next page")
    page.wait_for_selector("th >> text=other-129")
    page.click("text=previous page")
    page.wait_for_selector("th >> text=ana")


def test_a_lost_server_is_told_and_found_again(look: Any, served: Any, tmp_path: Path) -> None:
    page = look().page
    served.running.stop()
    page.evaluate("heard = 0")
    page.wait_for_selector("#news:text('No connection')")
    assert page.locator("#queues .card").count() == 2
    assert page.locator("#news.bad").count() == 1


def test_without_streams_the_board_asks_by_itself(look: Any, served: Any) -> None:
    seen = look()
    page = seen.page
    page.route("**/events", lambda route: route.fulfill(status=404, body="no streams here"))
    page.reload()
    page.wait_for_selector("#queues .card")
    served.desk.submit(Ticket(id="polled", queue="chat"))
    page.wait_for_selector("[data-key='apolled']")


def test_a_hidden_board_lets_go_of_its_stream(look: Any, served: Any) -> None:
    page = look().page
    turn = (
        "hidden => {"
        " Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.evaluate(turn, True)
    assert page.evaluate("stream.readyState") == 2
    served.desk.submit(Ticket(id="meanwhile", queue="chat"))
    page.wait_for_timeout(1_500)
    assert page.locator("[data-key='ameanwhile']").count() == 0
    page.evaluate(turn, False)
    page.wait_for_selector("[data-key='ameanwhile']")
    assert page.locator("#news").inner_text() == "Live"
