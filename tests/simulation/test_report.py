"""The report in a real browser: it renders, nothing overflows, everything can be read."""

import math
import os
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Agent, Metric, Policy, Target
from ticketroute.cli import main
from ticketroute.cli.trial import Trial
from ticketroute.desk.config import Config
from ticketroute.model import AgentId, PolicyId
from ticketroute.model.ids import QueueId
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.page import page
from ticketroute.reporting.periods import Period
from ticketroute.simulation import Holding, Interval, Scenario, Worker, compare
from ticketroute.simulation.answer import (
    FROM_A_LOG,
    FROM_EVENTS,
    answer,
    assumptions,
    cautions,
    span_of,
    value,
)
from ticketroute.simulation.compare import Comparison
from ticketroute.simulation.figures import CATALOGUE
from ticketroute.simulation.pictures import round_ticks
from ticketroute.simulation.report import report, table
from ticketroute.simulation.units import DAY, UNITS

CHROMIUM = shutil.which("chromium")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "servicenow_incident_cases.csv.gz"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Luminance contrast of WCAG 2.2, of every text against the page or card behind it.
CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = node => { for (let n = node; n; n = n.parentElement) {
    const c = parse(getComputedStyle(n).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  const worst = [];
  for (const node of document.querySelectorAll(
    "h1,h2,p,li,th,td,small,dt,dd,figcaption,b,svg text")) {
    if (!node.textContent.trim()) continue;
    const style = getComputedStyle(node);
    const front = parse(node.tagName === "text" ? style.fill : style.color);
    const [a, b] = [light(front), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) worst.push([node.textContent.trim().slice(0, 40), ratio]);
  }
  return worst;
}"""
OVERFLOW = """() => [...document.querySelectorAll("main > *, figure, dl, .answer")]
  .filter(node => node.getBoundingClientRect().right > innerWidth + 0.5
    || (node.scrollWidth > node.clientWidth + 1 && !node.matches(".scroll")))
  .map(node => node.className || node.tagName)"""


def made(desk: Any) -> Comparison:
    workers = [
        Worker(agent=Agent(id=AgentId(f"agent with a rather long name {n}"), capacity=1), pace=pace)
        for n, pace in enumerate((0.6, 1.0, 2.0))
    ]
    policy = Policy(id=PolicyId("p"), targets={Metric.RESOLUTION: Target(within=7_200_000)})
    scenario = evolve(
        desk(workers=workers, rate=1.6, length="150h"), policies=(policy,), name="A <desk> & more"
    )
    return compare(
        scenario, ["random", "top_down", "round_robin"], figure="resolution", replications=4,
        workers=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> dict[str, Any]:
    return {}


@pytest.fixture
def comparison(desk: Any, shared: dict[str, Any]) -> Comparison:
    found: Comparison = shared.setdefault("comparison", made(desk))
    return found


@pytest.fixture
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("in CI the report is looked at: install Chromium")
        pytest.skip("no Chromium is installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


def test_the_report_can_be_read_everywhere(
    comparison: Comparison, browser: Any, tmp_path: Path
) -> None:
    look_at(report(comparison), browser, tmp_path, figures=6)


def test_the_report_of_a_desk_can_be_read_everywhere(browser: Any, tmp_path: Path) -> None:
    config = Config.load(Path(__file__).parents[2] / "examples" / "desk" / "desk.toml")
    long = evolve(config.queues[QueueId("sales")], id="a department with a name of many words")
    config = evolve(config, queues={**config.queues, long.id: long})
    ledger = Ledger(zone="Europe/Berlin", period=Period.HOUR)
    made = ledger.see_all(Trial(config, 1).events()).report()
    look_at(page(made, title="A <desk> & more", target=20_000), browser, tmp_path, figures=0)


def test_tables_of_a_desk_are_read_without_scrolling_on_a_wide_screen(
    browser: Any, tmp_path: Path
) -> None:
    config = Config.load(Path(__file__).parents[2] / "examples" / "desk" / "desk.toml")
    made = Ledger(zone="Europe/Berlin").see_all(Trial(config, 1).events()).report()
    path = tmp_path / "report.html"
    path.write_text(page(made, target=20_000), encoding="utf-8")
    opened = browser.new_page(viewport={"width": 1100, "height": 800})
    opened.goto(path.as_uri())
    cut = """() => [...document.querySelectorAll(".scroll")]
      .filter(node => node.scrollWidth > node.clientWidth + 1).length"""
    assert opened.evaluate(cut) == 0


@pytest.mark.skipif(not SHARED.is_file(), reason="the ServiceNow log is not beside the repository")
def test_the_report_of_a_real_log_can_be_read_everywhere(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "replay.html"
    code = main(
        ["replay", str(SHARED), "--map", "id=case_id", "--map", "arrived=opened_at",
         "--map", "ended=resolved_at,closed_at", "--map", "agent=first_agent,last_agent",
         "--map", "queue=first_group,last_group", "--map", "met=made_sla",
         "--since", "2016-03-01", "--until", "2016-03-03", "-s", "longest_idle", "-s", "random",
         "-n", "2", "-w", "1", "--allow-overload", "--report", str(path)]
    )  # fmt: skip
    text = path.read_text(encoding="utf-8")

    assert code == 0
    assert "as recorded" in text
    assert "fit, hand-overs" in text
    look_at(text, browser, tmp_path, figures=6)


def look_at(text: str, browser: Any, tmp_path: Path, *, figures: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    for scheme, width, medium in (
        ("light", 1100, "screen"),
        ("dark", 1100, "screen"),
        ("light", 360, "screen"),
        ("dark", 360, "screen"),
        ("dark", 700, "print"),
    ):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        shown = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        shown.on("console", lambda message, said=said: said.append(message.text))
        shown.on("pageerror", lambda fault, said=said: said.append(str(fault)))
        shown.on("request", lambda request, asked=asked: asked.append(request.url))
        shown.emulate_media(media=medium)
        shown.goto(path.as_uri())

        assert shown.locator("figure svg").count() >= figures
        assert said == []
        assert asked == [path.as_uri()]
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        if medium == "screen":
            assert shown.evaluate(OVERFLOW) == []
        assert shown.evaluate(CONTRAST) == []
        context.close()


class Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href")
        ]


def test_the_report_is_one_file_and_escapes_names(comparison: Comparison) -> None:
    text = report(comparison)
    parser = Ids()
    parser.feed(text)

    assert all(source.startswith(("#", "data:")) for source in parser.sources)
    assert "url(http" not in text
    assert "A &lt;desk&gt; &amp; more" in text
    assert "<desk>" not in text
    assert not re.search(r"#0a0a\d\d", text)  # every colour is the page's


def test_the_same_comparison_gives_the_same_report(comparison: Comparison) -> None:
    assert report(comparison) == report(comparison)


def test_the_answer_names_the_best_and_its_uncertainty(comparison: Comparison) -> None:
    text = answer(comparison)
    difference = comparison.differences()["top_down"]

    assert difference.real
    assert text.startswith("Take top_down: mean time to resolve is ")
    assert value(CATALOGUE["resolution"], difference.interval.low, signed=True) in text
    assert "95 % for all comparisons together, 4 replications" in text
    assert list(cautions(comparison)) == [
        "4 replications are few; with fewer than 5, intervals are a rough guess."
    ]


def test_the_answer_says_when_the_baseline_is_best_and_when_nothing_is_known(
    comparison: Comparison,
) -> None:
    kept = answer(evolve(comparison, baseline="top_down"))
    alone = evolve(comparison, scenarios={"random": comparison.scenarios["random"]})
    once = evolve(comparison, replications=comparison.replications[:1])

    assert kept.startswith("Keep top_down: mean time to resolve is ")
    assert answer(alone).startswith("With random, mean time to resolve is ")
    assert answer(once).startswith("One replication says nothing about its uncertainty")
    assert answer(evolve(comparison, figure="left")).startswith("No alternative is better")


def test_the_table_says_better_and_worse_by_the_figure(comparison: Comparison) -> None:
    rows = {row["figure"].name: row["cells"] for row in table(comparison)}

    assert rows["resolution"][0]["difference"] == ""
    assert rows["resolution"][1]["verdict"] == "better"
    assert rows["fairness"][1]["verdict"] in ("worse", "")
    assert rows["occupancy"][1]["verdict"] == ""  # neither is


def test_a_stopped_run_and_a_load_above_one_are_cautioned(comparison: Comparison) -> None:
    stopped = evolve(comparison, interrupted=True, loads={"random": 1.5}, half_width=0.0001)
    said = list(cautions(stopped))

    assert said[0].startswith("The run was stopped after 4 replications")
    assert "Too few replications for the wanted half-width of 0.01 %" in said[1]
    assert any(line.startswith("The load of random is 1.50") for line in said)


@given(st.floats(-1e10, 1e10), st.floats(1, 1e9))
def test_ticks_of_spans_are_round_as_they_are_written(low: float, width: float) -> None:
    wait, high = CATALOGUE["wait"], low + width
    ticks = [at for at in round_ticks(wait, low, high) if low <= at <= high]
    most = max(abs(low), abs(high))
    unit = max(unit for unit in UNITS.values() if unit <= max(min(most, DAY), 1))

    assert 2 <= len(ticks) <= 7
    for at, after in pairwise(ticks):
        step = (after - at) / unit
        lead = step / 10 ** math.floor(math.log10(step) + 1e-9)
        assert min(abs(lead - each) for each in (1, 2, 2.5, 5, 10)) < 1e-3


def test_what_is_held_is_said_and_a_log_that_tells_it_is_trusted_more(
    comparison: Comparison,
) -> None:
    scenario = comparison.scenarios["random"]
    held = evolve(scenario.kinds[0], holding=Holding(share=0.25, span="1h"))
    log = evolve(scenario, kinds=[held], recorded={"x": (AgentId("a"),)})
    plain = evolve(log, kinds=scenario.kinds)

    def told(baseline: Scenario) -> Comparison:
        return evolve(comparison, scenarios={**comparison.scenarios, "random": baseline})

    assert FROM_EVENTS in list(cautions(told(log)))
    assert FROM_A_LOG in list(cautions(told(plain)))
    assert any("25 % are put on hold" in line for _, line in assumptions(told(log)))


def test_a_difference_of_shares_says_its_unit_once(comparison: Comparison) -> None:
    found = Interval(mean=0.1, half=0.05, count=3, confidence=0.95)

    assert span_of(CATALOGUE["waited"], found) == "+5.00 to +15.00 points"
    assert span_of(CATALOGUE["wait"], evolve(found, mean=-6e4, half=3e4)) == "-1.5 min to -30 s"
