"""The short way of the hand-out decides as the long one does, for the tickets that take it.

A lone loose ticket, while nobody who waits may gain, is placed at once. Here every history is given
twice: to a desk as it is, and to one that always goes the long way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketroute.core.decide import hand_out
from ticketroute.core.dispatcher import Dispatcher
from ticketroute.errors import TicketRouteError
from ticketroute.model import events as ev
from ticketroute.model.agent import Agent, Membership
from ticketroute.model.lifecycle import RoutingState
from ticketroute.model.offer import OfferPolicy
from ticketroute.model.queue import Delivery, Queue
from ticketroute.model.ticket import Ticket

STRATEGIES = (
    "average_load",
    "round_robin",
    "longest_idle",
    "random",
    "power_of_two",
    "priority",
    "priority(then=ring_all)",
    "best_match",
    "ring_all",
    "ring_all(step=7)",
)
AGENTS = ("a", "b", "c", "d", "e")
SPANS = (2, 5, 7)


class Permits:
    """Some pairs are never allowed, by the letters of their names."""

    def allows(self, agent_id: str, ticket: Ticket) -> bool:
        return (ord(agent_id[0]) + len(ticket.id)) % 4 != 0


class History:
    """Commands by chance on a small desk that offers much and assigns some."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311  seeded
        permits = Permits() if self.chance.random() < 0.25 else None
        self.desk = Dispatcher(permits=permits, random=Random(seed))  # noqa: S311
        self.at, self.tickets, self.events = 0, 0, list[ev.Event]()

    def give(self, name: str, *args: Any, **kwargs: Any) -> None:
        try:
            self.events += getattr(self.desk, name)(*args, at=self.at, **kwargs)
        except TicketRouteError as error:
            self.events.append(ev.Event(at=self.at, by=repr(error)[:300]))

    def run(self) -> list[ev.Event]:
        self.open()
        for _ in range(60):
            self.at += self.chance.choice((0, 0, 1, 2, 5))
            self.chance.choice(
                (self.submit, self.submit, self.answer, self.answer, self.work, self.staff)
            )()
        self.at += 60
        self.give("advance")
        return self.events

    def open(self) -> None:
        pick = self.chance.choice
        for agent_id in AGENTS:
            agent = Agent(id=agent_id, capacity=pick((1, 2, 3)), skills={"x": pick((1, 5))})
            self.give("add_agent", agent, presence=pick(("available", "available", "away")))
        for queue_id in ("q", "r"):
            strategy = pick(STRATEGIES)
            rings = "ring_all" in strategy
            offer = OfferPolicy(
                timeout=pick(SPANS),
                parallel=1 if rings else pick((1, 1, 2, 3)),
                refill=pick((True, False)),
                retry_declined_after=pick((None, *SPANS)),
                retry_missed_after=pick(SPANS),
                cool_down=pick(({}, {"declined": 5}, {"missed": 5})),
                max_misses=pick((2, 50)),
            )
            members = {
                agent_id: Membership(priority=pick((1, 2)))
                for agent_id in AGENTS
                if self.chance.random() < 0.8
            }
            self.give(
                "add_queue",
                Queue(
                    id=queue_id,
                    strategy=strategy,
                    delivery=Delivery.OFFER if rings else pick((Delivery.OFFER, Delivery.ASSIGN)),
                    members=members,
                    offer=offer,
                    affinity_wait=pick((0, 0, 5)),
                    respond_within=pick((None, None, 5)),
                ),
            )

    def submit(self) -> None:
        pick = self.chance.choice
        self.tickets += 1
        self.give(
            "submit",
            Ticket(
                id="t" * pick((1, 2)) + str(self.tickets),
                queue=pick(("q", "r")),
                skills=pick(({}, {}, {"x": 3})),
                prefer=pick((None, None, *AGENTS)),
            ),
        )

    def answer(self) -> None:
        offered = [
            (ticket.id, agent_id)
            for ticket in self.desk.tickets(state=RoutingState.OFFERED)
            for agent_id in ticket.offered_to
        ]
        if offered:
            name = self.chance.choice(("decline", "decline", "decline", "accept"))
            self.give(name, *self.chance.choice(offered))

    def work(self) -> None:
        tickets = self.desk.tickets()
        if tickets:
            ticket, pick = self.chance.choice(tickets), self.chance.choice
            name = pick(("resolve", "release", "hold", "resume", "abandon", *["transfer"] * 3))
            more = {"to_queue": pick(("q", "r"))} if name == "transfer" else {}
            self.give(name, ticket.id, **more)

    def staff(self) -> None:
        pick = self.chance.choice
        self.give("set_presence", pick(AGENTS), pick(("available", "available", "away")))


@contextmanager
def patched(is_plain: Any) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(hand_out, "_is_plain", is_plain)
    try:
        yield
    finally:
        patch.undo()


@given(st.integers(0, 2**32))
def test_the_short_way_tells_what_the_long_one_tells(seed: int) -> None:
    short = History(seed).run()
    with patched(lambda _: False):
        long = History(seed).run()
    assert short == long


def test_who_missed_a_ticket_comes_last_also_where_it_is_assigned() -> None:
    desk = Dispatcher()
    for agent_id in ("a", "b"):
        desk.add_agent(Agent(id=agent_id, capacity=1), presence="available", at=0)
    offer = OfferPolicy(timeout=5, retry_missed_after=5)
    desk.add_queue(Queue(id="q", members=["a"], delivery=Delivery.OFFER, offer=offer), at=0)
    desk.add_queue(Queue(id="r", members=["a", "b"], strategy="top_down"), at=0)
    desk.submit(Ticket(id="t", queue="q"), at=0)
    desk.advance(at=10)
    assert desk.ticket("t").offered_to == ("a",)  # there is nobody else to ask
    desk.transfer("t", to_queue="r", at=11)
    assert desk.ticket("t").agent_id == "b"


def test_tickets_that_were_declined_or_missed_take_the_short_way_too() -> None:
    taken: list[bool] = []

    def noting(ticket: Any) -> bool:
        plain = is_plain(ticket)
        if plain and ticket.tried:
            taken.append(any(tried.lifted for tried in ticket.tried.values()))
        return plain

    is_plain = hand_out._is_plain
    with patched(noting):
        for seed in range(40):
            History(seed).run()
    assert len(taken) > 100
    assert sum(taken) > 10  # of which some may be asked again
