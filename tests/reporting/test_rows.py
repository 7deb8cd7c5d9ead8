"""Reports as rows, CSV, JSON, a data frame and a page."""

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest

from ticketroute import Agent, Dispatcher, Queue, Ticket, minutes, seconds
from ticketroute.model import events as ev
from ticketroute.reporting.figures import Facet, Report
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.page import page
from ticketroute.reporting.rows import (
    agent_rows,
    backlog_rows,
    ticket_rows,
    to_csv,
    to_json,
    to_pandas,
)

an_agent: Any = Agent
a_queue: Any = Queue
a_ticket: Any = Ticket
EVIL = "=<script>alert(1)</script>"


@pytest.fixture
def report() -> Report:
    desk: Any = Dispatcher()
    events: list[ev.Event] = [*desk.add_agent(an_agent(id="ana"), presence="available", at=0)]
    events += desk.add_queue(a_queue(id=EVIL, members=["ana"]), at=0)
    events += desk.add_queue(a_queue(id="empty"), at=0)
    events += desk.submit(a_ticket(id="t1", queue=EVIL), at=0)
    events += desk.resolve("t1", at=minutes(5))
    events += desk.submit(a_ticket(id="t2", queue="empty"), at=minutes(5))
    events += desk.abandon("t2", at=minutes(6))
    return Ledger().see_all(events).report()


def test_rows_hold_the_figures_of_the_report(report: Report) -> None:
    rows = ticket_rows(report, Facet.QUEUE)
    assert [row["queue"] for row in rows] == [EVIL, "empty"]
    evil, empty = rows
    assert (evil["offered"], evil["asa_ms"], evil["resolution_p50_ms"]) == (1, 0.0, minutes(5))
    assert evil["service_level_of_offered"] == 1.0
    assert (empty["abandoned"], empty["abandonment"], empty["asa_ms"]) == (1, 1.0, None)
    (ana,) = agent_rows(report)
    assert (ana["agent"], ana["busy_ms"], ana["signed_in_ms"]) == ("ana", minutes(5), minutes(6))
    assert agent_rows(report, period=True)[0]["period"] == "1970-01-01"
    assert backlog_rows(report)[0] == {
        "queue": EVIL, "period": "1970-01-01", "open": 0, "waiting": 0,
    }  # fmt: skip


def test_csv_can_be_read_again_and_holds_no_formula(report: Report) -> None:
    rows = ticket_rows(report, Facet.QUEUE, Facet.PERIOD)
    again = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert [row["queue"] for row in again] == [f"'{EVIL}", "empty"]
    assert [row["offered"] for row in again] == ["1", "1"]
    assert again[1]["asa_ms"] == ""
    assert to_csv([]) == ""


def test_json_can_be_read_again(report: Report) -> None:
    rows = agent_rows(report)
    assert json.loads(to_json(rows)) == rows


def test_a_data_frame_has_the_same_columns(report: Report) -> None:
    pytest.importorskip("pandas", reason="needs pandas, which the extra `peers` brings")
    rows = ticket_rows(report, Facet.QUEUE)
    frame = to_pandas(rows)
    assert list(frame.columns) == list(rows[0])
    assert frame["offered"].tolist() == [1, 1]


class Tags(HTMLParser):
    """Counts tags that open and close, and gathers what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(report: Report) -> None:
    text = page(report, title=EVIL, target=seconds(20))
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert "script" not in tags.seen
    assert tags.fetched == ["data:,"]
    assert "url(" not in text
    assert "=&lt;script&gt;" in text
    assert "of all within 20s." in text
    assert "<td>100.0%</td>" in text
