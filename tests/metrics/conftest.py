"""A desk on which one of everything has happened."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ticketroute import Agent, Delivery, Metric, OfferPolicy, Policy, Queue, Target, Ticket
from ticketroute.desk import Desk
from ticketroute.model.instants import minutes, seconds
from ticketroute.testing import FrozenClock

NINE = 1_772_442_000_000  # Monday, 2026-03-02 09:00 UTC


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NINE)


def hour(desk: Desk, clock: FrozenClock) -> Desk:
    """Play an hour: mail assigned, resolved and reopened; calls declined, missed and accepted."""
    for name in ("ana", "ben"):
        desk.add_agent(Agent(id=name, capacity=2), presence="available")
    desk.add_agent(Agent(id="cleo", capacity=4), presence="away")
    desk.add_queue(Queue(id="mail", members=["ana", "cleo"], strategy="round_robin"))
    policy = OfferPolicy(timeout=seconds(30))
    desk.add_queue(Queue(id="calls", members=["ben"], delivery=Delivery.OFFER, offer=policy))
    desk.set_policies([Policy(id="all", targets={Metric.RESOLUTION: Target(within=minutes(20))})])
    for number in range(4):
        clock.now += minutes(1)
        desk.submit(Ticket(id=f"m{number}", queue="mail", channel="email"))
    clock.now += minutes(10)
    desk.resolve("m0")
    clock.now += minutes(1)
    desk.resolve("m1")
    desk.reopen("m1")
    for number in range(3):
        desk.submit(Ticket(id=f"c{number}", queue="calls", channel="voice"))
    desk.decline("c0", "ben")
    clock.now += seconds(10)
    desk.accept("c1", "ben")
    desk.abandon("c0")
    clock.now += minutes(30)
    desk.advance()
    return desk


@pytest.fixture
def desk(clock: FrozenClock) -> Desk:
    return hour(Desk(clock=clock), clock)


@pytest.fixture
def play(clock: FrozenClock) -> Callable[[Desk], Desk]:
    """Return what plays the hour on another desk."""
    return lambda desk: hour(desk, clock)
