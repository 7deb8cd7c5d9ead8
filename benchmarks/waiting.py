"""An agent who is freed picks the next of the waiting tickets: whether a long line costs more."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import world
from benchmarks.rounds import Effort, interleaved
from benchmarks.table import Row, compared, size_word
from ticketroute import Ticket, TicketId

GROWTH = 3.0
SMALL, LARGE = 1_000, 1_000_000  # waiting tickets between which it is promised
AGENTS = 100


class FreedAgent:
    """Resolves tickets of agents who were full; refilling the line is not timed."""

    def __init__(self, waiting: int, *, skilled: bool, strategy: str) -> None:
        self._work = world.Work(skilled=skilled)
        everyone = world.agents(AGENTS, skilled=skilled, capacity=1)
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
        self._places = self._work.places(count, len(self._held))

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


def rows(effort: Effort) -> Iterator[Row]:
    """Measure one line for all, then sixty lines of different demands."""
    for skilled in (False, True):
        asking = f"{world.DEMANDS} demands" if skilled else "everyone fits"
        title = f"waiting: resolve, and its agent picks among n waiting tickets, {asking}"
        lines = {n: FreedAgent(n, skilled=skilled, strategy=effort.strategy) for n in effort.lines}
        seconds = interleaved({size_word(n): line for n, line in lines.items()}, effort)
        first = size_word(effort.lines[0])
        for n in effort.lines[1:]:
            promised = (effort.lines[0], n) == (SMALL, LARGE)
            yield compared(
                title,
                n,
                seconds[size_word(n)],
                f"itself at {first}",
                seconds[first],
                at_most=GROWTH if promised else None,
            )
