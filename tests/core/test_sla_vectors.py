"""Due times, pauses and breaches as other help desks assert them, through the whole desk."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Calendar,
    Dispatcher,
    Metric,
    Policy,
    Queue,
    Status,
    Target,
    Ticket,
    instant_of,
)
from ticketroute.events import HoldStatus
from ticketroute.model import AgentId, CalendarId, Instant, PolicyId, QueueId, TicketId
from ticketroute.sla import ClockState
from ticketroute.sla.explanation import Pause
from ticketroute.testing.beside import DeskBesideReference

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "sla_lifecycle.jsonl")
    .read_text()
    .splitlines()
]
T1, ANA, MAIL, OFFICE = TicketId("t1"), AgentId("ana"), QueueId("mail"), CalendarId("office")
STATUSES = {
    "pending": Status.PENDING,
    "on_hold": Status.POSTPONED,
    "replied": Status.ANSWERED,
}


def at(written: str) -> Instant:
    return instant_of(datetime.fromisoformat(written))


def policy_of(vector: dict[str, Any]) -> tuple[Policy, dict[str, Metric]]:
    """Return the vector's promises as a policy, and which metric its names stand for."""
    periodic = vector["next_response_rule"] == "periodic"
    metrics = {
        "first_response": Metric.FIRST_RESPONSE,
        "next_response": Metric.PERIODIC_UPDATE if periodic else Metric.NEXT_RESPONSE,
        "resolution": Metric.RESOLUTION,
    }
    pauses = {STATUSES[name] for name in vector["pause_statuses"]}
    targets = {
        metric: Target(
            within=vector["targets"][f"{name}_s"] * 1000,
            pauses=pauses if name in vector["pause_metrics"] else (),
            contacts=[Author.AGENT, Author.REQUESTER] if periodic else [Author.AGENT],
        )
        for name, metric in metrics.items()
        if vector["targets"][f"{name}_s"] is not None
    }
    return Policy(id=PolicyId("theirs"), targets=targets, calendar=OFFICE), metrics


def desk_of(vector: dict[str, Any]) -> tuple[Dispatcher, dict[str, Metric]]:
    policy, metrics = policy_of(vector)
    written = vector["calendar"]
    calendar = Calendar(
        zone=written["tz"], hours=written["hours"], holidays=written.get("holidays", [])
    )
    desk = DeskBesideReference()
    desk.set_calendar(OFFICE, calendar, at=0)
    desk.add_agent(Agent(id=ANA), presence="available", at=0)
    desk.add_queue(Queue(id=MAIL, members=[ANA]), at=0)
    desk.set_policies([policy], at=0)
    for event in vector["events"]:
        tell(desk, event, at=at(event["at"]))
    if "as_of" in vector:
        desk.advance(at=at(vector["as_of"]))
    return desk, metrics


def tell(desk: Dispatcher, event: dict[str, Any], *, at: Instant) -> None:
    """Tell the desk what happened, in its own commands."""
    match event["type"]:
        case "created":
            desk.submit(Ticket(id=T1, queue=MAIL), at=at)
        case "agent_reply":
            desk.reply(T1, Author.AGENT, agent_id=ANA, at=at)
        case "policy":
            assert not any(event["targets"].values())
            desk.set_policies([], at=at)
        case "customer_reply":
            desk.reply(T1, Author.REQUESTER, at=at)
        case _:
            assert event["type"] == "status"
    turn(desk, event.get("to", event.get("status")), at=at)


def turn(desk: Dispatcher, status: str | None, *, at: Instant) -> None:
    """Give the ticket a status that the vectors know, if it does not have it."""
    now = desk.ticket(T1).status
    if status == "pending":
        desk.hold(T1, HoldStatus.PENDING, at=at)
    elif status == "on_hold":
        desk.hold(T1, HoldStatus.POSTPONED, at=at)
    elif status == "open" and now in (Status.PENDING, Status.POSTPONED):
        desk.resume(T1, at=at)
    elif status == "open" and now is Status.ANSWERED:
        desk.reply(T1, Author.REQUESTER, at=at)  # whose turn it was
    elif status in ("resolved", "closed") and now is not Status.RESOLVED:
        desk.resolve(T1, at=at)
    elif status == "closed":
        desk.close(T1, at=at)


def state_of(desk: Dispatcher, metrics: dict[str, Metric]) -> str:
    """Return how an agreement as a whole stands, in the word of the vectors' source."""
    clocks = [desk.clock(T1, metrics[name]) for name in ("first_response", "resolution")]
    if any(clock.remaining < 0 or clock.state is ClockState.MISSED for clock in clocks):
        return "failed"
    if clocks[1].state is ClockState.MET:
        return "fulfilled"
    if clocks[1].state is ClockState.PAUSED:
        return "paused"
    return "first_response_due" if clocks[0].due is not None else "resolution_due"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_as_others_assert_it(vector: dict[str, Any]) -> None:
    desk, metrics = desk_of(vector)
    for claim, expected in vector["expected"].items():
        if claim == "state":
            assert state_of(desk, metrics) == expected
        elif claim == "paused_s":
            parts = desk.explain_clock(T1, Metric.RESOLUTION).parts
            pauses = [part.spared for part in parts if isinstance(part, Pause)]
            assert sum(pauses) == expected * 1000
        else:
            name = next(name for name in metrics if claim.startswith(name))
            if not desk.policies():
                assert expected is None
                assert all(clock.due is None for clock in desk.clocks(T1))
                continue
            clock = desk.clock(T1, metrics[name])
            figures = {
                "due": clock.due,
                "elapsed_min": clock.elapsed / 60_000,
                "elapsed_s": clock.elapsed / 1000,
                "margin_min": clock.remaining / 60_000,
                "overrun_s": -clock.remaining / 1000,
                "breached": clock.remaining < 0,
            }
            if claim.endswith("due") and expected is not None:
                expected = at(expected)
            assert figures[claim.removeprefix(f"{name}_")] == expected, claim


def test_every_vector_is_there() -> None:
    assert len(VECTORS) == 29
