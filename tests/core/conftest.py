"""A desk on which every refusal can be had, as a fixture: tests cannot import one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Calendar,
    Defaults,
    Delivery,
    Escalation,
    Membership,
    Metric,
    OfferPolicy,
    Policy,
    Queue,
    RateLimit,
    Relaxation,
    Target,
    Ticket,
)
from ticketroute import errors as err
from ticketroute.errors import shown
from ticketroute.model import AgentId, PolicyId, QueueId, TicketId
from ticketroute.testing.beside import DeskBesideReference

HOURS = Calendar(hours={"thu": [("00:00", "12:00")]})  # 1970-01-01 was one
NIGHT = Calendar(hours={"fri": [("00:00", "12:00")]})


def policy(name: str = "gold", **facts: Any) -> Policy:
    """Return a policy with one target, of which ``hours`` and ``levels`` say more."""
    target = Target(
        within=60_000, calendar=facts.pop("hours", None), escalations=facts.pop("levels", ())
    )
    return Policy(id=PolicyId(name), targets={Metric.RESOLUTION: target}, **facts)


def moving(queue_id: str) -> Policy:
    return policy("moving", levels=[Escalation(offset=1, move_to=QueueId(queue_id))])


def agent(name: str, **facts: Any) -> Agent:
    return Agent(id=AgentId(name), **({"capacity": 1} | facts))


def queue(name: str, *members: str, **facts: Any) -> Queue:
    return Queue(id=QueueId(name), **({"members": members} | facts))


def ticket(name: str, queue: str | None = "mail", **facts: Any) -> Ticket:
    return Ticket(id=TicketId(name), queue=None if queue is None else QueueId(queue), **facts)


def overflow(to: str) -> list[Relaxation]:
    return [Relaxation(after=50_000, add_queue=QueueId(to))]


AGENTS = [
    agent("ana", shift="shift"),
    agent("cleo"),
    agent("dan", capacity=5),
    agent("eve", shift="night"),
    agent("fay"),
    agent("gil"),
    agent("hal"),
    agent("ida"),
    agent("jan", capacity=5, rate_limit=RateLimit(1, 1_000)),
    agent("kim", capacity=5),
    agent("lou"),
]
OFFER: Any = {"delivery": Delivery.OFFER}
QUEUES = [
    queue("mail", "ana", "ben", calendar="office", sla="gold"),
    queue("phone", "dan", **OFFER),
    queue("pull", "fay", "lou", delivery=Delivery.PULL),
    queue("night", "eve"),
    queue("wrap", "gil", wrap_up=1_000),
    queue("cool", "hal", offer=OfferPolicy(cool_down={"declined": 1_000}), **OFFER),
    queue("one", "ida"),
    queue("rate", "jan"),
    queue("few", members={"kim": Membership(limit=1)}),
    queue("back"),
    queue("sales", relaxations=overflow("back")),
    queue("default"),
]
LIMITED = ("w1:wrap", "c1:cool", "i1:one", "r1:rate", "f1:few")  # what their agents may not exceed


@pytest.fixture
def busy_desk() -> Any:
    """Return a desk at instant 10, as a host without a type checker has it.

    In mail ana works m1, m2 waits for her, m3 is on hold, m4 is resolved and m5 closed. In phone
    p1 is offered to dan, who has p3 and declined p2. In pull fay has opened o1, and o2 is
    there for lou. Whoever else is available may get nothing, each for another reason.
    """
    desk: Any = DeskBesideReference()
    for name in ("old", "always", "lunch", "office", "shift", "spare"):
        desk.set_calendar(name, HOURS, at=0)
    desk.set_calendar("night", NIGHT, at=0)
    for each in AGENTS:
        desk.add_agent(each, presence="available", at=0)
    desk.add_agent(agent("ben"), at=0)
    desk.set_policies([policy(calendar="old")], at=0)
    for line in QUEUES:
        desk.add_queue(line, at=0)
    for name in ("m5", "m4", "m3"):
        desk.submit(ticket(name), at=5)
        if name == "m3":
            desk.hold(name, at=5)
        else:
            desk.resolve(name, at=5)
    desk.close("m5", at=5)
    desk.add_queue(queue("moved"), at=5)
    desk.change_defaults(Defaults(queue=QueueId("default")), at=5)
    desk.set_policies([policy(calendar="always", hours="lunch"), moving("moved")], at=5)
    for name in ("m1", "m2", "p2:phone", "p3:phone", "p1:phone", "o1:pull", "o2:pull", *LIMITED):
        ticket_id, _, queue_id = name.partition(":")
        desk.submit(ticket(ticket_id, queue_id or "mail"), at=10)
    desk.decline("p2", "dan", at=10)
    desk.accept("p3", "dan", at=10)
    desk.take("o1", "fay", at=10)
    desk.resolve("w1", at=10)
    desk.decline("c1", "hal", at=10)
    return desk


@pytest.fixture
def says(busy_desk: Any) -> Callable[[type[Exception], str, Callable[[Any], object]], None]:
    """Return what holds a refusal of the desk against its class and every word of its text."""

    def check(kind: type[Exception], text: str, refused: Callable[[Any], object]) -> None:
        before = busy_desk.snapshot()
        with pytest.raises(kind) as caught:
            refused(busy_desk)
        fault = caught.value
        assert str(fault) == text
        assert type(fault) is kind
        if isinstance(fault, err.InvalidValueError):
            assert text == f"{fault.thing} is {shown(fault.value)}; it must be {fault.allowed}"
        else:
            assert all(str(each) in text for each in vars(fault).values() if type(each) is str)
        assert busy_desk.snapshot() == before

    return check
