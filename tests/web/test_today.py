"""Today's figures against a ledger of all events that was told what counts."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Agent, Queue, Ticket
from ticketroute.desk import Desk
from ticketroute.errors import TicketRouteError
from ticketroute.model.instants import hours, instant_of, minutes
from ticketroute.reporting.figures import Facet
from ticketroute.reporting.ledger import Ledger
from ticketroute.reporting.periods import Period
from ticketroute.testing import FrozenClock
from ticketroute.web.today import Today, position_before, row_of

MARCH = 1_772_409_600_000  # Monday, 2026-03-02 00:00 UTC; clocks change in Europe on the 29th
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]


def plain(desk: Desk, zone: str, at: int) -> dict[str, Any]:
    """Count by the words of the page: tickets that arrived since midnight, as known at ``at``."""
    local = datetime.fromtimestamp(at / 1_000, UTC).astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    tomorrow = (midnight.replace(hour=12) + timedelta(days=1)).replace(hour=0)
    ledger = Ledger(
        zone=zone, period=Period.ALL, since=instant_of(midnight), until=instant_of(tomorrow)
    )
    ledger.see_all(entry.event for entry in desk.events() if entry.event.at <= at)
    return {queue: row_of(figures) for (queue,), figures in ledger.report().by(Facet.QUEUE).items()}


def shown(rows: dict[str, Any]) -> dict[str, Any]:
    return {queue: row for queue, row in rows.items() if row and any(row.values())}


@given(
    steps=st.lists(
        st.tuples(
            st.one_of(st.just(0), st.integers(0, minutes(90)), st.integers(0, hours(30))),
            st.sampled_from(["submit", "resolve", "abandon", "transfer", "look", "away"]),
            st.integers(0, 9),
        ),
        min_size=10,
        max_size=60,
    ),
    zone=st.sampled_from(ZONES),
    start=st.integers(MARCH, MARCH + hours(24 * 30)),
)
def test_today_and_a_week_before_are_those_of_a_ledger(
    steps: list[tuple[int, str, int]], zone: str, start: int
) -> None:
    clock = FrozenClock(MARCH)
    clock.now = start
    desk = Desk(clock=clock)
    for name in ("ana", "ben"):
        desk.add_agent(Agent(id=name, capacity=2), presence="available")
    for queue in ("q0", "q1"):
        desk.add_queue(Queue(id=queue, members=["ana", "ben"]))
    today = Today(desk, zone=zone, target=20_000)
    for number, (ahead, verb, which) in enumerate(steps):
        clock.now += ahead
        name = f"t{max(0, number - which)}"
        with suppress(TicketRouteError):
            match verb:
                case "submit":
                    desk.submit(Ticket(id=f"t{number}", queue=f"q{which % 2}"))
                case "transfer":
                    desk.transfer(name, to_queue=f"q{which % 2}")
                case "away":
                    desk.set_presence("ana", "away" if which % 2 else "available")
                case "resolve" | "abandon":
                    getattr(desk, verb)(name)
        if verb != "look":
            continue
        found = today.figures(clock.now)
        assert shown({queue: row for queue, (row, _) in found.items()}) == shown(
            plain(desk, zone, clock.now)
        )
        local = datetime.fromtimestamp(clock.now / 1_000, UTC).astimezone(ZoneInfo(zone))
        then = instant_of(local - timedelta(days=7))
        if then < start:
            assert all(before is None for _, before in found.values())
        else:
            assert shown({queue: row for queue, (_, row) in found.items() if row}) == shown(
                plain(desk, zone, then)
            )


@given(gaps=st.lists(st.integers(0, 3), max_size=30), asked=st.integers(-2, 40))
def test_the_place_of_an_instant_in_the_journal_is_found(gaps: list[int], asked: int) -> None:
    clock = FrozenClock(MARCH)
    desk = Desk(clock=clock)
    for number, gap in enumerate(gaps):
        clock.now += gap
        desk.add_queue(Queue(id=f"q{number}"))
    at = MARCH + asked
    before = [entry.position for entry in desk.events() if entry.event.at < at]
    assert position_before(desk, at) == max(before, default=0)


def test_a_look_reads_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FrozenClock(MARCH)
    desk = Desk(clock=clock)
    desk.add_queue(Queue(id="mail"))
    for number in range(50):
        clock.now += minutes(1)
        desk.submit(Ticket(id=f"t{number}", queue="mail"))
    today = Today(desk, zone="UTC", target=0)
    today.figures(clock.now)
    read: list[int] = []
    events = desk.events

    def noted(after: int = 0) -> Any:
        read.append(after)
        return events(after)

    monkeypatch.setattr(desk, "events", noted)
    today.figures(clock.now)
    assert read == []
    head = desk.head
    desk.submit(Ticket(id="new", queue="mail"))
    assert today.figures(clock.now)["mail"][0]["came"] == 51
    assert read == [head]
