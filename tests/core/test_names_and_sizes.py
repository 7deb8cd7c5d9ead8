"""No name decides, and heavy work does not starve: two promises over drawn days."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from ticketroute import (
    Agent,
    Dispatcher,
    Membership,
    OfferPolicy,
    Queue,
    Relaxation,
    Ticket,
    TicketPriority,
)
from ticketroute import commands as do
from ticketroute.commands import Command
from ticketroute.errors import TicketRouteError
from ticketroute.events import Event

SPANS = st.sampled_from([0, 3, 6])  # so few that ends coincide
NAMES = "abc"

steps = st.lists(
    st.tuples(
        SPANS,
        st.sampled_from(
            [
                "submit",
                "submit",
                "submit",
                "resolve",
                "decline",
                "accept",
                "away",
                "back",
                "hold",
                "advance",
            ]
        ),
        st.integers(0, 9),
        st.sampled_from(list(TicketPriority)),
    ),
    min_size=10,
    max_size=40,
)


def _day(
    name: Any, queue: dict[str, Any], doings: list[tuple[int, str, int, TicketPriority]]
) -> list[Event]:
    """Return the events of a day in which agents and tickets have the names ``name`` gives."""
    desk = Dispatcher()
    for place, letter in enumerate(NAMES):
        agent = Agent(id=name(letter), capacity=1 + place % 2, priority=place + 1)
        desk.add_agent(agent, presence="available", at=0)
    members = {name(letter): Membership() for letter in NAMES}
    desk.add_queue(Queue(id="q", strategy="priority", members=members, **queue), at=0)
    told: list[Event] = []
    at, number = 0, 0
    for span, what, pick, urgency in doings:
        at += span
        ticket, agent_id = name(f"t{max(0, number - pick)}"), name(NAMES[pick % len(NAMES)])
        new = Ticket(id=name(f"t{number}"), queue="q", priority=urgency, weight=pick % 2 + 1)
        number += what == "submit"
        commands: dict[str, Command] = {
            "submit": do.Submit(new),
            "resolve": do.Resolve(ticket),
            "hold": do.Hold(ticket),
            "accept": do.Accept(ticket, agent_id),
            "decline": do.Decline(ticket, agent_id),
            "away": do.SetPresence(agent_id, "away"),
            "back": do.SetPresence(agent_id, "available"),
            "advance": do.Advance(),
        }
        try:
            told += desk.do(commands[what], at=at)
        except TicketRouteError:
            told += desk.advance(at=at)
    return told


def _mirror(word: str) -> str:
    """Return a name whose order among names is the opposite of the word's."""
    return "".join(
        chr(ord("a") + ord("z") - ord(each))
        if each.isalpha()
        else chr(ord("0") + ord("9") - ord(each))
        for each in word
    )


def _renamed(value: Any) -> Any:
    if isinstance(value, str):
        return _mirror(value)
    return value


def _by_instant(events: list[Event], *, rename: bool) -> dict[int, list[str]]:
    """Return what happened at each instant, in words that do not depend on the order of names."""
    found: dict[int, list[str]] = defaultdict(list)
    for event in events:
        facts = attrs.asdict(event, recurse=False)
        ids = {
            name: facts[name] for name in ("ticket_id", "agent_id", "runner_up") if facts.get(name)
        }
        told = {name: _renamed(each) if rename else each for name, each in ids.items()}
        found[event.at].append(f"{type(event).__name__} {sorted(told.items())}")
    return {at: sorted(each) for at, each in found.items()}


@given(
    doings=steps,
    queue=st.fixed_dictionaries(
        {
            "delivery": st.sampled_from(["assign", "offer"]),
            "wrap_up": SPANS,
            "offer": st.sampled_from([OfferPolicy(timeout=3), OfferPolicy(timeout=6, parallel=2)]),
            "relaxations": st.sampled_from([(), (Relaxation(after=3, priority="urgent"),)]),
        }
    ),
)
def test_the_order_of_names_decides_nothing(
    queue: dict[str, Any], doings: list[tuple[int, str, int, TicketPriority]]
) -> None:
    plain = _day(lambda name: name, queue, doings)
    mirrored = _day(_mirror, queue, doings)
    assert _by_instant(mirrored, rename=True) == _by_instant(plain, rename=False)


@given(
    capacity=st.integers(4, 8),
    agents=st.integers(1, 3),
    work=st.integers(1, 9),
    patience=st.integers(0, 30),
    lights=st.integers(20, 60),
)
def test_a_heavy_ticket_waits_no_longer_than_its_patience_and_one_ticket(
    capacity: int, agents: int, work: int, patience: int, lights: int
) -> None:
    """Each ticket is done ``work`` after its assignment, and a light one comes each time."""
    desk = Dispatcher()
    for number in range(agents):
        desk.add_agent(Agent(id=f"a{number}", capacity=capacity), presence="available", at=0)
    members = [f"a{number}" for number in range(agents)]
    desk.add_queue(Queue(id="q", members=members, hold_room_after=patience), at=0)
    ends: dict[int, list[str]] = defaultdict(list)
    assigned: dict[str, int] = {}
    waiting = [Ticket(id=f"l{number}", queue="q", weight=1) for number in range(lights)]

    def note(events: tuple[Event, ...]) -> None:
        for event in events:
            if type(event).__name__ == "TicketAssigned":
                assigned[event.ticket_id] = event.at  # type: ignore[attr-defined]  # an assignment
                ends[event.at + work].append(event.ticket_id)  # type: ignore[attr-defined]

    at = 0
    for ticket in waiting[: 3 * capacity]:
        note(desk.submit(ticket, at=at))
    heavy = Ticket(id="heavy", queue="q", weight=capacity, priority=TicketPriority.URGENT)
    note(desk.submit(heavy, at=at))
    rest = waiting[3 * capacity :]
    while "heavy" not in assigned and at <= patience + 3 * work + 1:
        at += 1
        note(desk.advance(at=at))
        for ended in ends.pop(at, []):
            note(desk.resolve(ended, at=at))
            if rest:
                note(desk.submit(rest.pop(), at=at))
    assert assigned["heavy"] <= patience + work
