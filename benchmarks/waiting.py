"""An agent who is freed picks the next of the waiting tickets: whether a long line costs more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import combinations
from random import Random
from typing import Protocol

from benchmarks import world
from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared, size_word
from ticketroute import Agent, Ticket, TicketPriority
from ticketroute.model import AgentId, TicketId

GROWTH = 3.0
SMALL, LARGE = 1_000, 1_000_000  # waiting tickets between which it is promised
AGENTS = 100
MANY = 4_096  # demands
RARE = "rare"  # the skill of the least urgent tickets
RARELY = 10  # every so manieth ticket of the first ones asks for it


class Tickets(Protocol):
    """An endless row of tickets."""

    def tickets(self, count: int) -> list[Ticket]:
        """Return the next ``count`` tickets."""
        ...


class FreedAgent:
    """Resolves tickets of agents who were full; refilling the line is not timed."""

    def __init__(
        self, waiting: int, *, work: Tickets, everyone: list[Agent], strategy: str
    ) -> None:
        self._work = work
        self._chance = Random(world.SEED)
        self._desk = world.desk_of(everyone, strategy=strategy)
        self._at = 0
        self._held: list[TicketId] = []
        self._missing = 0
        self._places: list[int] = []
        self.most = max(1, waiting // 10)  # a line a tenth shorter is about the same line
        missing = waiting
        while missing:  # until every agent is full and so many wait
            missing -= sum(not self._submit(each) for each in self._work.tickets(missing))

    def prepare(self, count: int) -> None:
        """Make ready ``count`` operations."""
        self._at += 1
        while self._missing:
            for ticket in self._work.tickets(self._missing):
                self._missing -= not self._submit(ticket)
        self._missing = count
        self._places = self._chance.choices(range(len(self._held)), k=count)

    def run(self) -> None:
        """Resolve; each time the agent gets a ticket that waited."""
        desk, held, at = self._desk, self._held, self._at
        for place in self._places:
            events = desk.resolve(held[place], at=at)
            assigned = world.assignment_in(events)
            assert assigned is not None, "a freed agent found nothing to pick"
            held[place] = assigned.ticket_id

    def _submit(self, ticket: Ticket) -> bool:
        """Submit a ticket and say whether an agent got it at once."""
        assigned = world.assignment_in(self._desk.submit(ticket, at=self._at))
        if assigned is not None:
            self._held.append(ticket.id)
        return assigned is not None


@cache
def many_demands() -> list[Mapping[str, int]]:
    """Return 4,096 demands of two of the twenty skills each, at levels from 1 to 5."""
    chance = Random(world.SEED)
    levels = range(1, 6)
    pairs = list(combinations(world.SKILLS, 2))
    everything = [(pair, one, two) for pair in pairs for one in levels for two in levels]
    return [{pair[0]: one, pair[1]: two} for pair, one, two in chance.sample(everything, k=MANY)]


class ManyDemands:
    """An endless row of tickets, each of any of the 4,096 demands.

    With ``rare``, every tenth of the first so many asks for a skill that no other does, and is
    less urgent; of those after, who replace what was taken from the line, all do.
    """

    def __init__(self, rare: int | None = None) -> None:
        self._rare = rare
        self._chance = Random(world.SEED)
        self._made = 0

    def tickets(self, count: int) -> list[Ticket]:
        """Return the next ``count`` tickets."""
        first = self._made
        self._made += count
        return [self._ticket(number) for number in range(first, first + count)]

    def _ticket(self, number: int) -> Ticket:
        rare = self._rare is not None and (number >= self._rare or number % RARELY == 0)
        return Ticket(
            id=TicketId(f"ticket-{number}"),
            queue=world.QUEUE,
            skills={RARE: 1} if rare else self._chance.choice(many_demands()),
            priority=TicketPriority.LOW if rare else TicketPriority.NORMAL,
        )


def agents(skills: Callable[[Random], Mapping[str, int]]) -> list[Agent]:
    """Return a hundred agents who hold one ticket each."""
    chance = Random(world.SEED)
    return [
        Agent(id=AgentId(f"agent-{number:07}"), capacity=1, skills=skills(chance))
        for number in range(AGENTS)
    ]


def twelve(chance: Random) -> Mapping[str, int]:
    """Return skills that fit a third of the 4,096 demands."""
    return dict.fromkeys(chance.sample(world.SKILLS, 12), 5)


def _lines(strategy: str) -> Iterator[tuple[str, Callable[[int], FreedAgent]]]:
    """Yield what the tickets of a line ask, and how to make one of n tickets."""
    for skilled, asking in ((False, "everyone fits"), (True, f"{world.DEMANDS} demands")):
        everyone = world.agents(AGENTS, skilled=skilled, capacity=1)
        yield asking, partial(_usual, skilled=skilled, everyone=everyone, strategy=strategy)
    one = f"{MANY:,} demands"
    several = {
        f"{one}, a third fit": twelve,
        f"{one}, all fit": lambda _: dict.fromkeys(world.SKILLS, 5),
        f"{one}, only the last fits": lambda _: {RARE: 1},
    }
    for asking, skills in several.items():
        rare = "last" in asking
        yield asking, partial(_many, rare=rare, everyone=agents(skills), strategy=strategy)


def _usual(n: int, *, skilled: bool, everyone: list[Agent], strategy: str) -> FreedAgent:
    return FreedAgent(n, work=world.Work(skilled=skilled), everyone=everyone, strategy=strategy)


def _many(n: int, *, rare: bool, everyone: list[Agent], strategy: str) -> FreedAgent:
    work = ManyDemands(rare=n if rare else None)
    return FreedAgent(n, work=work, everyone=everyone, strategy=strategy)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure one line for all, sixty lines of different demands, and thousands of them."""
    first = effort.lines[0]
    for asking, line_of in _lines(effort.strategy):
        title = f"waiting: resolve, and its agent picks among n waiting tickets, {asking}"
        lines: dict[str, Contender] = {size_word(n): line_of(n) for n in effort.lines}
        seconds = interleaved(lines, effort)
        for n in effort.lines[1:]:
            yield compared(
                title,
                n,
                seconds[size_word(n)],
                f"itself at {size_word(first)}",
                seconds[size_word(first)],
                at_most=GROWTH if (first, n) == (SMALL, LARGE) else None,
            )
