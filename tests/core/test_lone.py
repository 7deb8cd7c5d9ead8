"""Tickets that ring everyone are counted for each agent whom they leave out, whatever happens."""

from __future__ import annotations

import contextlib
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ticketroute import Agent, Dispatcher, OfferPolicy, Queue, Relaxation, RoutingState, Ticket
from ticketroute.errors import TicketRouteError
from ticketroute.testing import check

AGENTS = ("a", "b", "c", "d")
COMMANDS = (
    *["submit", "decline", "wait"] * 3,
    *["accept", "presence", "transfer", "release", "priority", "hold", "resume"],
)


def give(desk: Dispatcher, chance: Random, name: str, number: int, at: int) -> None:
    pick, tickets = chance.choice, desk.tickets()
    if name == "submit" or not tickets:
        skills = pick(({}, {}, {"x": 1}))
        desk.submit(Ticket(id=f"t{number}", queue=pick(("q", "r")), skills=skills), at=at)
        return
    ringing = [ticket for ticket in tickets if ticket.offered_to]
    ticket = pick(ringing or tickets)
    if name in ("decline", "accept") and ringing:
        getattr(desk, name)(ticket.id, pick(ticket.offered_to), at=at)
    elif name == "presence":
        desk.set_presence(pick(AGENTS), pick(("available", "available", "away")), at=at)
    elif name == "transfer":
        desk.transfer(ticket.id, to_queue=pick(("q", "r")), at=at)
    elif name == "priority":
        desk.change_priority(ticket.id, pick(("urgent", "low")), at=at)
    elif name in ("release", "hold", "resume"):
        getattr(desk, name)(pick(tickets).id, at=at)


def run(seed: int) -> int:
    """Give commands by chance; return how often several tickets rang at once."""
    chance = Random(seed)  # noqa: S311  seeded
    desk, at, together = Dispatcher(), 0, 0
    for agent_id in AGENTS:
        agent = Agent(id=agent_id, capacity=chance.choice((2, 5)), skills={"x": 1})
        desk.add_agent(agent, presence="available", at=0)
    for queue_id, overflow in (("r", None), ("q", "r")):
        desk.add_queue(
            Queue(
                id=queue_id,
                strategy=chance.choice(("ring_all", "priority(then=ring_all)")),
                delivery="offer",
                members=[each for each in AGENTS if chance.random() < 0.8],
                offer=OfferPolicy(timeout=7, retry_missed_after=2, retry_declined_after=5),
                relaxations=[Relaxation(after=5, add_queue=overflow)] if overflow else (),
            ),
            at=0,
        )
    for number in range(40):
        at += chance.choice((0, 1, 2))
        with contextlib.suppress(TicketRouteError):
            give(desk, chance, chance.choice(COMMANDS), number, at)
        desk.advance(at=at)
        check(desk)
        together += len(desk.tickets(state=RoutingState.OFFERED)) > 1
    return together


@given(st.integers(0, 2**32))
def test_the_counts_are_those_of_the_offers_and_answers(seed: int) -> None:
    run(seed)


def test_several_tickets_ring_at_once_in_these_histories() -> None:
    assert sum(run(seed) for seed in range(5)) > 50
