"""Results from the test suites of other libraries, each met to the millisecond."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ticketroute.sla.calendar import Calendar

VECTORS = Path(__file__).parents[1] / "data" / "business_time.jsonl"
CASES = [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def calendar_of(written: dict[str, Any]) -> Calendar:
    rest = dict(written)
    zone, yearly = rest.pop("tz"), rest.pop("holidays_annual", [])
    return Calendar.from_plain({**rest, "zone": zone, "holidays": [*rest["holidays"], *yearly]})


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def answer(calendar: Calendar, op: str, asked: dict[str, Any]) -> Any:
    if op in ("add", "subtract"):
        ask = calendar.add if op == "add" else calendar.subtract
        return ask(moment(asked["start"]), timedelta(seconds=asked["seconds"]))
    if op == "elapsed":
        return calendar.elapsed(moment(asked["start"]), moment(asked["end"])).total_seconds()
    if op == "in_hours":
        return calendar.is_open(moment(asked["at"]))
    if op == "next_close":
        return calendar.next_close(moment(asked["at"]))
    assert op == "add_days"
    return calendar.add_days(date.fromisoformat(asked["date"]), asked["days"])


def test_there_are_vectors() -> None:
    assert len(CASES) == 277


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_answer_equals_the_published_one(case: dict[str, Any]) -> None:
    expected = case["expected"]
    if case["op"] in ("add", "subtract", "next_close"):
        expected = moment(expected)
    elif case["op"] == "add_days":
        expected = date.fromisoformat(expected)
    assert answer(calendar_of(case["calendar"]), case["op"], case["input"]) == expected


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case["id"])
def test_a_published_calendar_survives_its_plain_form(case: dict[str, Any]) -> None:
    calendar = calendar_of(case["calendar"])
    assert Calendar.from_plain(json.loads(json.dumps(calendar.plain()))) == calendar
