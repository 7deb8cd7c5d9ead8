"""A desk played for some hundreds of commands, as its indexes would stand with thousands of agents.

The machine draws short histories and makes them shorter; here one chance goes on for long, with
few indexes, short runs or short lines. Every command is compared with the reference desk.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from ticketroute import (
    Agent,
    Author,
    Delivery,
    OfferPolicy,
    Queue,
    Relaxation,
    RoutingState,
    Ticket,
    TicketPriority,
)
from ticketroute.core.decide import hand_out as handout
from ticketroute.core.index import by_age as ages
from ticketroute.core.index import choosing as demands
from ticketroute.core.index import filed_lines as heads
from ticketroute.errors import NotEligibleError, OfferGoneError, TransitionError
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.testing.beside import DeskBesideReference

AGENTS = [AgentId(name) for name in ("ana", "ben", "cleo", "dan", "eve", "fay", "gil", "hal")]
MAIL, CHAT = QueueId("mail"), QueueId("chat")
SKILLS = "vwxyz"
COMMANDS = 220
MOST_OPEN = 14
PRIORITIES = list(TicketPriority)

SMALL: dict[str, list[tuple[Any, str, Any]]] = {
    "many agents": [(demands, "SHARES", 60)],
    "few indexes": [
        (demands, "SHARES", 60),
        (demands, "WALKS", (2,)),
        (demands, "MOST_INDEXES", 2),
        (demands, "MOST_IDLE_DEMANDS", 3),
    ],
    "by age": [
        (demands, "FEW_INDEXES", 1),
        (demands, "WALKS", (2,)),
        (demands, "MOST_MISSES", 1),
        (ages, "YOUNGEST", 2),
        (ages, "LONGEST", 4),
    ],
    "long lines": [
        (demands, "SHARES", 60),
        (heads, "LONG", 1),
        (heads, "FEW", 1),
        (handout, "FEW", 1),
    ],
}
QUEUES: dict[str, dict[str, Any]] = {
    "assigned": {"strategy": "average_load"},
    "offered": {
        "strategy": "load_ratio",
        "delivery": Delivery.OFFER,
        "offer": OfferPolicy(timeout=40, parallel=2),
    },
    "the best": {"strategy": "best_match"},
    "in turn": {
        "strategy": "round_robin",
        "relaxations": [Relaxation(after=30, drop=set(SKILLS))],
    },
}


class Player:
    """Does what a help desk does in a day, by chance."""

    def __init__(self, chance: Random, **queue: Any) -> None:
        self.chance, self.at, self.tickets = chance, 0, 0
        self.desk = DeskBesideReference()
        for name in AGENTS:
            agent = Agent(id=name, capacity=chance.randint(1, 3), skills=self.skills(4))
            self.desk.add_agent(agent, presence="available", at=0)
        self.desk.add_queue(Queue(id=CHAT, members=AGENTS[4:]), at=0)
        self.desk.add_queue(Queue(id=MAIL, members=AGENTS, **queue), at=0)

    def skills(self, most: int) -> dict[str, int]:
        names = self.chance.sample(SKILLS, self.chance.randint(0, most))
        return {skill: self.chance.randint(1, 4) for skill in names}

    def one_in(self, *states: RoutingState) -> TicketId | None:
        ids = [ticket.id for ticket in self.desk.tickets() if ticket.state in states]
        return self.chance.choice(ids) if ids else None

    def play(self) -> None:
        self.at += self.chance.choice([0, 1, 1, 5, 20])
        verbs = (self.submits, self.works, self.answers, self.staffs)
        self.chance.choices(verbs, [5, 5, 4, 2])[0]()

    def submits(self) -> None:
        if self.one_in(RoutingState.WAITING) and len(self.open()) >= MOST_OPEN:
            return
        self.tickets += 1
        ticket = Ticket(
            id=TicketId(f"t{self.tickets}"),
            queue=self.chance.choice([MAIL, MAIL, MAIL, CHAT]),
            skills=self.skills(2),
            priority=self.chance.choice(PRIORITIES),
        )
        self.desk.submit(ticket, at=self.at, by=self.chance.choice([None, "host"]))

    def open(self) -> list[TicketId]:
        return [each.id for each in self.desk.tickets() if each.state is not RoutingState.DONE]

    def works(self) -> None:
        theirs = self.one_in(RoutingState.ASSIGNED)
        parked = self.one_in(RoutingState.PARKED)
        if parked is not None and self.chance.random() < 0.5:
            self.desk.resume(parked, at=self.at, by="ana")
        elif theirs is not None:
            verb = self.chance.choice(["resolve", "resolve", "hold", "release", "transfer"])
            facts = {"to_queue": self.chance.choice([MAIL, CHAT])} if verb == "transfer" else {}
            getattr(self.desk, verb)(theirs, at=self.at, by="ben", **facts)
        else:
            self.desk.advance(at=self.at)

    def answers(self) -> None:
        offered = self.one_in(RoutingState.OFFERED)
        waiting = self.one_in(RoutingState.WAITING)
        if offered is not None:
            who = self.chance.choice(self.desk.ticket(offered).offered_to)
            try:
                if self.chance.random() < 0.4:
                    self.desk.accept(offered, who, at=self.at)
                else:
                    self.desk.decline(offered, who, at=self.at)
            except OfferGoneError:
                return
        elif waiting is not None and self.chance.random() < 0.5:
            priority = self.chance.choice(PRIORITIES)
            self.desk.change_priority(waiting, priority, at=self.at, by="lead")
        elif waiting is not None:
            self.desk.reply(waiting, Author.REQUESTER, at=self.at)
        else:
            self.desk.advance(at=self.at)

    def staffs(self) -> None:
        who = self.chance.choice(AGENTS)
        match self.chance.randrange(4):
            case 0:
                presence = self.chance.choice(["available", "available", "away", "offline"])
                self.desk.set_presence(who, presence, at=self.at)
            case 1:
                self.desk.change_agent(who, skills=self.skills(4), at=self.at)
            case 2:
                self.desk.switch_channel(who, "email", on=self.chance.random() < 0.7, at=self.at)
            case _:
                try:
                    self.desk.take(None, who, at=self.at)
                except (NotEligibleError, TransitionError):
                    return


@pytest.fixture(params=SMALL)
def size(request: pytest.FixtureRequest) -> Iterator[str]:
    """How large the desk behaves as if it were."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in SMALL[request.param]:
            patch.setattr(module, name, value)
        yield request.param


@pytest.mark.parametrize("queue", QUEUES)
def test_a_long_day_goes_as_on_the_reference_desk(size: str, queue: str) -> None:
    player = Player(Random(f"{size} {queue}"), **QUEUES[queue])  # noqa: S311  the same each time
    for _ in range(COMMANDS):
        player.play()
    states = {ticket.state for ticket in player.desk.tickets()}
    assert states >= {RoutingState.DONE, RoutingState.WAITING}
    record = player.desk._state.roster.queues[MAIL]
    assert (record.index.ages is not None) == (
        size == "by age" and queue in ("assigned", "offered")
    )
