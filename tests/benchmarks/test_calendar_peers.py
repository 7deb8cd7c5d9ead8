"""Whoever is compared over a calendar counts the same hours; who is not installed is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest

from benchmarks import calendar, calendar_peers
from benchmarks.calendar_peers import Questions, additions, differences, office, worked_days
from benchmarks.rounds import Effort
from benchmarks.table import ABSENT, lines

TINY = Effort(sizes=(20,), lines=(20,), timers=(20,), items=(20,), rounds=1, seconds=1e-4)
CALENDAR = office()
STARTS = [datetime(2024, 3, 25, tzinfo=UTC) + timedelta(hours=5) * step for step in range(60)]


DoWithout = Callable[[str], NoReturn]


def answers(peers: dict[str, Questions | None], name: str, do_without: DoWithout) -> list[Any]:
    peer = peers[name]
    if peer is None:
        do_without(f"{name} is not installed")
    return peer.answers(len(STARTS))


@pytest.mark.parametrize("hours", [calendar.NEAR, calendar.FAR])
@pytest.mark.parametrize("name", ["businesstimedelta", "pandas", "plain day loop"])
def test_who_adds_open_hours_finds_the_same_instant(
    name: str, hours: int, do_without: DoWithout
) -> None:
    everyone = additions(STARTS, hours)
    for start, found in zip(STARTS, answers(everyone, name, do_without), strict=True):
        due = CALENDAR.add(start, timedelta(hours=hours))
        # pandas takes a window that is used up exactly for the next one's opening.
        assert found == due or (name == "pandas" and found == CALENDAR.next_open(due))


@pytest.mark.parametrize("hours", [calendar.NEAR, calendar.FAR])
@pytest.mark.parametrize("name", ["businesstimedelta", "business-duration", "plain day loop"])
def test_who_says_how_much_time_went_by_says_the_same(
    name: str, hours: int, do_without: DoWithout
) -> None:
    seconds: dict[str, Callable[[Any], float]] = {
        "businesstimedelta": lambda found: found.hours * 3_600 + found.seconds,
        "business-duration": float,
        "plain day loop": timedelta.total_seconds,
    }
    span = timedelta(hours=hours)
    pairs = [(start, CALENDAR.add(start, span)) for start in STARTS]
    for found in answers(differences(pairs), name, do_without):
        assert seconds[name](found) == span.total_seconds()


def test_numpy_counts_the_same_worked_days(do_without: DoWithout) -> None:
    days = [start.date() for start in STARTS]
    counted = answers(worked_days(days, 50), "numpy busday", do_without)
    for day, found in zip(days, counted, strict=True):
        assert str(found) == CALENDAR.add_days(day, 50).isoformat()


def test_who_is_not_installed_is_named_as_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(calendar_peers, "import_module", import_module)
    rows = list(calendar.rows(TINY))

    absent = {row.yardstick for row in rows if row.skipped == ABSENT}
    assert absent == {"businesstimedelta", "pandas", "business-duration", "numpy busday"}
    assert all(row.value > 0 and row.verdict == "" for row in rows if row.skipped)
    assert any(row.yardstick == "plain day loop" and not row.skipped for row in rows)
    assert "skipped: not installed" in "\n".join(lines(rows))
    assert max(len(line) for line in lines(rows)) <= 100
