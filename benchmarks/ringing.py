"""Ringing: what a ring-all costs in those rung, and in nobody else; and a flood that expires."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.rounds import Contender, Effort, interleaved
from benchmarks.table import Row, compared, size_word
from ticketroute import Agent, Delivery, Dispatcher, OfferPolicy, Queue, Ticket, seconds
from ticketroute.model import AgentId, QueueId, TicketId

RUNG = 50  # agents rung by each ticket
FLAT = 1.5  # what "nothing in n beyond" and "linear" mean here: half as much again is noise
CALLS = QueueId("calls")


def _desk(rung: int, others: int, *, capacity: int) -> tuple[Dispatcher, list[AgentId]]:
    """Return a desk with agents who are there, and others in the same queue who are away."""
    desk = Dispatcher()
    there = [AgentId(f"there-{number}") for number in range(rung)]
    away = [AgentId(f"away-{number}") for number in range(others)]
    for agent_id in there:
        desk.add_agent(Agent(id=agent_id, capacity=capacity), presence="available", at=0)
    for agent_id in away:
        desk.add_agent(Agent(id=agent_id, capacity=capacity), at=0)
    offer = OfferPolicy(timeout=seconds(30), max_misses=1_000)
    desk.add_queue(
        Queue(
            id=CALLS,
            members=[*there, *away],
            strategy="ring_all",
            delivery=Delivery.OFFER,
            offer=offer,
        ),
        at=0,
    )
    return desk, there


class RingAndAccept:
    """Rings everyone who is there; one accepts, the rest is withdrawn, the ticket is resolved."""

    most = 1_000_000

    def __init__(self, rung: int, others: int) -> None:
        self._desk, self._there = _desk(rung, others, capacity=1)
        self._todo: list[Ticket] = []
        self._at = 0
        self._number = 0

    def prepare(self, count: int) -> None:
        """Make ready ``count`` tickets."""
        first, self._number = self._number, self._number + count
        self._todo = [
            Ticket(id=TicketId(f"call-{number}"), queue=CALLS)
            for number in range(first, self._number)
        ]

    def run(self) -> None:
        """Ring, accept, resolve."""
        desk, winner = self._desk, self._there[0]
        for ticket in self._todo:
            self._at += 1
            offers = desk.submit(ticket, at=self._at)
            assert len(offers) == len(self._there) + 1
            desk.accept(ticket.id, winner, at=self._at)
            desk.resolve(ticket.id, at=self._at)


class Flood:
    """Rings ``RUNG`` agents for each of many tickets at once, and lets every offer expire."""

    most = 1

    def __init__(self, tickets: int) -> None:
        self._tickets = tickets
        self.events = 0
        self._desk: Dispatcher | None = None

    def prepare(self, count: int) -> None:
        """Open a fresh desk: a flood leaves its tickets behind."""
        self._desk, _ = _desk(RUNG, 0, capacity=self._tickets)

    def run(self) -> None:
        """Submit all, then let a minute pass in which nobody answers once."""
        assert self._desk is not None
        self.events = 0
        for number in range(self._tickets):
            ticket = Ticket(id=TicketId(f"call-{number}"), queue=CALLS)
            self.events += len(self._desk.submit(ticket, at=number))
        self.events += len(self._desk.advance(at=seconds(30) + self._tickets))
        assert self.events > 2 * RUNG * min(self._tickets, 1_000)


def rows(effort: Effort) -> Iterator[Row]:
    """Measure one ring beside its size and its queue, then the flood for each event."""
    least, n = effort.sizes[1], effort.sizes[-1]
    rings: dict[str, Contender] = {
        "small": RingAndAccept(RUNG, least),
        "large": RingAndAccept(RUNG, min(n, 100_000)),
        "fewer": RingAndAccept(RUNG // 10, least),
    }
    spent = interleaved(rings, effort)
    yield compared(
        f"ringing: ring {RUNG} of n, accept, resolve",
        min(n, 100_000),
        spent["large"],
        f"of {size_word(least)}",
        spent["small"],
        at_most=FLAT,
    )
    yield compared(
        f"ringing: for each agent rung, {RUNG} against {RUNG // 10}",
        least,
        [second / RUNG for second in spent["small"]],
        f"of {RUNG // 10} rung",
        [second / (RUNG // 10) for second in spent["fewer"]],
        at_most=FLAT,
    )
    few, many = effort.flood  # between them it is to be linear
    floods = {"few": Flood(few), "many": Flood(many)}
    spent = interleaved(dict(floods), effort, count=1)
    yield compared(
        f"ringing: {RUNG} each and nobody answers, for each event",
        many,
        [second / floods["many"].events for second in spent["many"]],
        f"{size_word(few)} tickets",
        [second / floods["few"].events for second in spent["few"]],
        at_most=FLAT,
    )
