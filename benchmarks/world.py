"""The same agents, demands and tickets for everyone who is compared; seeded, so always the same."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from random import Random

from ticketroute import Agent, Dispatcher, Presence, Queue, Ticket
from ticketroute.events import Event
from ticketroute.model import AgentId, QueueId, TicketId
from ticketroute.model.events import TicketAssigned

QUEUE = QueueId("q")
DEMANDS = 60
SKILLS = [f"skill-{number}" for number in range(20)]
SHARE = 0.15  # of the agents whom each demand fits at least
SEED = 13


def agents(n: int, *, skilled: bool, capacity: int | None = None) -> list[Agent]:
    """Return n agents of one capacity or of 1, 2, 3, 1, ... in turn.

    The skilled have four to eight of the twenty skills each, at any level.
    """
    chance = Random(SEED)
    return [
        Agent(
            id=AgentId(f"agent-{number:07}"),
            capacity=number % 3 + 1 if capacity is None else capacity,
            skills=_skills(chance) if skilled else {},
        )
        for number in range(n)
    ]


def capacity_of(agent: Agent) -> int:
    """Return the agent's capacity, which all of these agents have."""
    assert agent.capacity is not None
    return agent.capacity


def _skills(chance: Random) -> dict[str, int]:
    names = chance.sample(SKILLS, chance.randint(4, 8))
    return {name: chance.randint(1, 10) for name in names}


@cache
def demands() -> list[Mapping[str, int]]:
    """Return sixty demands of one or two skills, each of which fits a good share of the agents."""
    chance = Random(SEED)
    sample = agents(1_000, skilled=True)
    found: list[Mapping[str, int]] = []
    while len(found) < DEMANDS:
        names = chance.sample(SKILLS, chance.choice((1, 1, 1, 2)))
        asked = {name: chance.randint(1, 5) for name in names}
        fitting = sum(fits(agent.skills, asked) for agent in sample)
        if asked not in found and fitting >= SHARE * len(sample):
            found.append(asked)
    return found


def fits(have: Mapping[str, int], asked: Mapping[str, int]) -> bool:
    """Return whether an agent with these skills may get a ticket that asks for those."""
    return all(have.get(skill, 0) >= level for skill, level in asked.items())


class Work:
    """An endless row of tickets: all alike, or of sixty demands, the k-th as often as 1 / k.

    ``first`` numbers the first ticket: where others came before, after theirs.
    """

    def __init__(self, *, skilled: bool, first: int = 0) -> None:
        self._skilled = skilled
        self._chance = Random(SEED)
        self._made = first
        self._steps = list(accumulate(1 / (rank + 1) for rank in range(DEMANDS)))

    def tickets(self, count: int) -> list[Ticket]:
        """Return the next ``count`` tickets."""
        first = self._made
        self._made += count
        return [
            Ticket(id=TicketId(f"ticket-{number}"), queue=QUEUE, skills=self._asked())
            for number in range(first, first + count)
        ]

    def places(self, count: int, n: int) -> list[int]:
        """Return ``count`` numbers below n: which open ticket ends next."""
        return self._chance.choices(range(n), k=count)

    def _asked(self) -> Mapping[str, int]:
        if not self._skilled:
            return {}
        point = self._chance.random() * self._steps[-1]
        return demands()[bisect(self._steps, point)]


def desk_of(everyone: list[Agent], *, strategy: str) -> Dispatcher:
    """Return a desk with one queue, which everyone serves and is there for."""
    desk = Dispatcher(random=Random(SEED))
    for agent in everyone:
        desk.add_agent(agent, presence=Presence.AVAILABLE, at=0)
    members = [agent.id for agent in everyone]
    desk.add_queue(Queue(id=QUEUE, strategy=strategy, members=members), at=0)
    return desk


def assignment_in(events: tuple[Event, ...]) -> TicketAssigned | None:
    """Return the assignment among the events of one command, if there is one."""
    return next((event for event in events if isinstance(event, TicketAssigned)), None)
